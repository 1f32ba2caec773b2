// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of VectorE on one lane group:
//
//   word a -> convert -+-> select -> alu 0 -+-> alu 1 -> convert -> element
//   word b -> convert -+      reduce -------+
//
// Two stages each, no stalls: whoever feeds it has room for what comes out.

`default_nettype none

module nc_vector_lanes #(
  parameter int unsigned Lanes = nc_pkg::VectorLanes
) (
  input  logic clk_i,
  input  logic rst_ni,

  // the instruction, constant while elements are inside
  input  logic [7:0]                    opcode_i,
  input  logic [nc_pkg::DtypeWidth-1:0] a_dtype_i,
  input  logic [nc_pkg::DtypeWidth-1:0] b_dtype_i,
  input  logic [nc_pkg::DtypeWidth-1:0] out_dtype_i,
  input  logic [7:0]                    a_zero_point_i,
  input  logic [7:0]                    b_zero_point_i,
  input  logic [7:0]                    out_zero_point_i,
  input  logic [nc_pkg::AluWidth-1:0]   alu0_i,
  input  logic [nc_pkg::AluWidth-1:0]   alu1_i,
  input  logic                          predicate_i,
  input  logic [Lanes*32-1:0]           scalar0_i,
  input  logic [Lanes*32-1:0]           scalar1_i,

  input  logic                valid_i,
  input  logic                first_i,  // of a window
  input  logic                last_i,
  input  logic [Lanes*32-1:0] a_word_i,
  input  logic [1:0]          a_offset_i,
  input  logic [Lanes*32-1:0] b_word_i,
  input  logic [1:0]          b_offset_i,

  output logic                valid_o,
  output logic [Lanes-1:0]    mask_o,   // lanes to write
  output logic [Lanes*32-1:0] bits_o
);

  logic reduces;
  logic argmax;
  logic selects;
  logic iota;
  logic uses_b0;  // in1 goes to alu 0
  logic uses_b1;  // in1 goes to alu 1

  assign argmax  = opcode_i == nc_pkg::OP_ARGMAX;
  assign reduces = argmax || (opcode_i == nc_pkg::OP_REDUCE);
  assign selects = opcode_i == nc_pkg::OP_SELECT;
  assign iota    = opcode_i == nc_pkg::OP_IOTA;
  assign uses_b0 = opcode_i == nc_pkg::OP_TENSOR_TENSOR;
  assign uses_b1 = opcode_i == nc_pkg::OP_SCALAR_TENSOR_TENSOR;

  // valid[s]: the input of stage s is there.
  logic [8:1] valid_q;
  logic [1:0] first_q;
  logic [1:0] last_q;
  logic reduced;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= '0;
    end else begin
      valid_q[1] <= valid_i;
      valid_q[2] <= valid_q[1];
      valid_q[3] <= valid_q[2] && !reduces;
      valid_q[4] <= valid_q[3];
      valid_q[5] <= reduces ? reduced : valid_q[4];
      valid_q[6] <= valid_q[5];
      valid_q[7] <= valid_q[6];
      valid_q[8] <= valid_q[7];
    end
    first_q <= {first_q[0], first_i};
    last_q <= {last_q[0], last_i};
  end

  // ---- Convert ----------------------------------------------------------------------------------
  logic [Lanes*32-1:0] a;
  logic [Lanes*32-1:0] b;

  nc_cvt_in #(.Lanes(Lanes)) u_convert_a (
    .clk_i,
    .en_i        ({valid_q[1], valid_i}),
    .dtype_i     (a_dtype_i),
    .zero_point_i(a_zero_point_i),
    .int_bias_i  ('0),
    .word_i      (a_word_i),
    .offset_i    (a_offset_i),
    .value_o     (a)
  );

  logic b_used;
  assign b_used = uses_b0 || uses_b1 || selects;

  nc_cvt_in #(.Lanes(Lanes)) u_convert_b (
    .clk_i,
    .en_i        ({valid_q[1] && b_used, valid_i && b_used}),
    .dtype_i     (b_dtype_i),
    .zero_point_i(b_zero_point_i),
    .int_bias_i  ('0),
    .word_i      (b_word_i),
    .offset_i    (b_offset_i),
    .value_o     (b)
  );

  // ---- Select, alu 0 ----------------------------------------------------------------------------
  // What is not zero; subnormals have become zeros.
  logic [Lanes-1:0] holds;
  logic [Lanes*32-1:0] alu0_a;
  logic [Lanes*32-1:0] alu0_b;
  logic [nc_pkg::AluWidth-1:0] alu0_op;
  logic [Lanes*32-1:0] alu0_result;

  always_comb begin
    holds = '1;
    alu0_a = a;
    alu0_b = uses_b0 ? b : (iota ? scalar1_i : scalar0_i);
    if (selects) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        holds[l] = a[l*32+23 +: 8] != 8'd0;
        alu0_a[l*32 +: 32] = holds[l] ? b[l*32 +: 32] : scalar0_i[l*32 +: 32];
      end
    end
    unique case (opcode_i)
      nc_pkg::OP_TENSOR_TENSOR, nc_pkg::OP_TENSOR_SCALAR, nc_pkg::OP_SCALAR_TENSOR_TENSOR:
        alu0_op = alu0_i;
      nc_pkg::OP_IOTA: alu0_op = nc_pkg::ALU_MUL;
      default: alu0_op = nc_pkg::ALU_BYPASS;
    endcase
  end

  nc_fp_alu #(.Lanes(Lanes)) u_alu0 (
    .clk_i,
    .en_i    ({valid_q[3], valid_q[2] && !reduces}),
    .op_i    (alu0_op),
    .a_i     (alu0_a),
    .b_i     (alu0_b),
    .result_o(alu0_result)
  );

  logic [Lanes*32-1:0] result;

  nc_vector_reduce #(.Lanes(Lanes)) u_reduce (
    .clk_i,
    .rst_ni,
    .op_i    (alu0_i),
    .argmax_i(argmax),
    .valid_i (valid_q[2] && reduces),
    .first_i (first_q[1]),
    .last_i  (last_q[1]),
    .value_i (a),
    .valid_o (reduced),
    .result_o(result)
  );

  // ---- Alu 1 ------------------------------------------------------------------------------------
  logic [Lanes*32-1:0] b_q;
  logic [Lanes*32-1:0] b_qq;
  logic [nc_pkg::AluWidth-1:0] alu1_op;
  logic [Lanes*32-1:0] alu1_result;
  logic alu1_valid;

  always_ff @(posedge clk_i) begin
    if (valid_q[2] && uses_b1) b_q <= b;
    if (valid_q[3] && uses_b1) b_qq <= b_q;
  end

  always_comb begin
    unique case (opcode_i)
      nc_pkg::OP_TENSOR_SCALAR, nc_pkg::OP_SCALAR_TENSOR_TENSOR, nc_pkg::OP_REDUCE:
        alu1_op = alu1_i;
      nc_pkg::OP_IOTA: alu1_op = nc_pkg::ALU_ADD;
      default: alu1_op = nc_pkg::ALU_BYPASS;
    endcase
  end

  assign alu1_valid = reduces ? reduced : valid_q[4];

  nc_fp_alu #(.Lanes(Lanes)) u_alu1 (
    .clk_i,
    .en_i    ({valid_q[5], alu1_valid}),
    .op_i    (alu1_op),
    .a_i     (reduces ? result : alu0_result),
    .b_i     (uses_b1 ? b_qq : (iota ? scalar0_i : scalar1_i)),
    .result_o(alu1_result)
  );

  // ---- Convert back -----------------------------------------------------------------------------
  nc_cvt_out #(.Lanes(Lanes)) u_convert_out (
    .clk_i,
    .en_i        ({valid_q[7], valid_q[6]}),
    .dtype_i     (out_dtype_i),
    .zero_point_i(out_zero_point_i),
    .value_i     (alu1_result),
    .bits_o
  );

  // Predicated elements carry their mask along.
  logic [6*Lanes-1:0] mask_q;

  always_ff @(posedge clk_i) begin
    if (selects && predicate_i) begin
      mask_q <= {mask_q[5*Lanes-1:0], holds};
    end
  end

  assign valid_o = valid_q[8];
  assign mask_o  = (selects && predicate_i) ? mask_q[6*Lanes-1 -: Lanes] : '1;

endmodule

`default_nettype wire
