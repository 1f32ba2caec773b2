// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of ScalarE on one lane group (docs/numerics.md section 6):
//
//   word -> convert -> * scale -> + bias -> clamp -+-> identity, leaky -+-> convert -> element
//                                                  +-> table function --+
//                                                                       +-> sum
//
// No stalls: whoever feeds it has room for what comes out. All elements of an instruction take the same path.

`default_nettype none

module nc_scalar_lanes #(
  parameter int unsigned Lanes        = nc_pkg::ScalarLanes,
  parameter int unsigned TableEntries = nc_pkg::TableEntries,
  parameter int unsigned IndexWidth   = $clog2(TableEntries)
) (
  input  logic clk_i,
  input  logic rst_ni,

  // the instruction, constant while elements are inside
  /* verilator lint_off UNUSEDSIGNAL */  // addresses, sizes and semaphores are the engine's
  input  nc_pkg::scalar_instr_t instr_i,
  /* verilator lint_on UNUSEDSIGNAL */
  input  logic [Lanes*32-1:0]   scale_i,
  input  logic [Lanes*32-1:0]   bias_i,

  input  logic                  load_i,
  input  logic [IndexWidth-1:0] load_index_i,
  input  logic [127:0]          load_entry_i,

  input  logic                valid_i,
  input  logic                first_i,   // of the lane group
  input  logic                last_i,
  input  logic [Lanes*32-1:0] word_i,
  input  logic [1:0]          offset_i,

  output logic                valid_o,
  output logic [Lanes*32-1:0] bits_o,
  output logic                sum_valid_o,  // with sum_enable, after the group's last element
  output logic [Lanes*32-1:0] sum_o
);

  localparam int unsigned W = Lanes * 32;

  logic is_int;
  logic is_leaky;
  logic is_table;

  assign is_int   = instr_i.in_dtype == nc_pkg::DTYPE_INT32;
  assign is_leaky = instr_i.func == nc_pkg::FUNC_LEAKY;
  assign is_table = !is_leaky && (instr_i.func != nc_pkg::FUNC_IDENTITY);

  // valid[s]: the input of stage s is there.
  logic [9:0] valid;
  logic [9:1] valid_q;

  assign valid = {valid_q, valid_i};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= '0;
    end else begin
      valid_q <= {valid[8] && !is_table, valid[7] && !is_table, valid[6:0]};
    end
  end

  // ---- Stages 0 to 6: convert, scale, bias, clamp -------------------------------------------------
  logic [W-1:0] x;
  logic [W-1:0] product;
  logic [W-1:0] t;
  logic [W-1:0] clamped_q;

  nc_cvt_in #(.Lanes(Lanes)) u_convert (
    .clk_i,
    .en_i        (valid[1:0]),
    .dtype_i     (instr_i.in_dtype),
    .zero_point_i(instr_i.in_zero_point),
    .int_bias_i  (bias_i),
    .word_i,
    .offset_i,
    .value_o     (x)
  );

  nc_fp_mul #(.Lanes(Lanes)) u_scale (
    .clk_i, .en_i(valid[3:2]), .a_i(x), .b_i(scale_i), .product_o(product)
  );

  // An integer has its bias already.
  nc_fp_alu #(.Lanes(Lanes), .SumsOnly(1'b1)) u_bias (
    .clk_i, .en_i(valid[5:4]), .op_i(is_int ? nc_pkg::ALU_BYPASS : nc_pkg::ALU_ADD),
    .a_i(product), .b_i(bias_i), .result_o(t)
  );

  always_ff @(posedge clk_i) begin
    if (valid[6]) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        clamped_q[l*32 +: 32] <= nc_fp_compare_pkg::extreme(
            1'b1, nc_fp_compare_pkg::extreme(1'b0, t[l*32 +: 32], instr_i.clamp_low),
            instr_i.clamp_high);
      end
    end
  end

  // ---- Stages 7, 8: identity and leaky --------------------------------------------------------------
  logic [W-1:0] sloped;
  logic [W-1:0] straight_q;
  logic [W-1:0] straight_qq;
  logic [W-1:0] simple;

  nc_fp_mul #(.Lanes(Lanes)) u_leaky (
    .clk_i, .en_i({valid[8], valid[7] && !is_table} & {2{is_leaky}}), .a_i(clamped_q),
    .b_i({Lanes{instr_i.alpha}}), .product_o(sloped)
  );

  always_ff @(posedge clk_i) begin
    if (valid[7] && !is_table) straight_q <= clamped_q;
    if (valid[8]) straight_qq <= straight_q;
  end

  always_comb begin
    simple = straight_qq;
    if (is_leaky && valid[9]) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        if (nc_fp_compare_pkg::less(straight_qq[l*32 +: 32], 32'd0)) begin
          simple[l*32 +: 32] = sloped[l*32 +: 32];
        end
      end
    end
  end

  // ---- Table functions ------------------------------------------------------------------------------
  logic function_valid;
  logic [W-1:0] function_value;

  nc_scalar_function #(
    .Lanes       (Lanes),
    .TableEntries(TableEntries)
  ) u_function (
    .clk_i, .rst_ni,
    .func_i         (instr_i.func),
    .index_bits_i   (instr_i.table_index_bits),
    .exp_min_i      (instr_i.table_exp_min),
    .exp_max_i      (instr_i.table_exp_max),
    .base_i         (instr_i.table_base),
    .negative_base_i(instr_i.table_negative_base),
    .load_i, .load_index_i, .load_entry_i,
    .valid_i        (valid[7] && is_table),
    .t_i            (clamped_q),
    .valid_o        (function_valid),
    .y_o            (function_value)
  );

  // ---- Convert back -----------------------------------------------------------------------------------
  logic y_valid;
  logic [W-1:0] y;
  logic [2:1] out_valid_q;

  assign y_valid = is_table ? function_valid : valid[9];
  assign y       = is_table ? function_value : simple;
  assign valid_o = out_valid_q[2];

  always_ff @(posedge clk_i) out_valid_q <= rst_ni ? {out_valid_q[1], y_valid} : 2'b00;

  nc_cvt_out #(.Lanes(Lanes)) u_convert_out (
    .clk_i,
    .en_i        ({out_valid_q[1], y_valid}),
    .dtype_i     (instr_i.out_dtype),
    .zero_point_i(instr_i.out_zero_point),
    .value_i     (y),
    .bits_o
  );

  // ---- Sum --------------------------------------------------------------------------------------------
  // The elements keep their order, so the group's first and last are found by counting.
  logic [5:0] inside_q;       // entered and not summed
  logic last_entered_q;
  logic fresh_q;              // the next element is the group's first
  logic sum_last;

  assign sum_last = last_entered_q && (inside_q == 6'd1);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      inside_q <= '0;
      last_entered_q <= 1'b0;
      fresh_q <= 1'b1;
    end else begin
      if (valid_i != y_valid) begin
        inside_q <= valid_i ? (inside_q + 6'd1) : (inside_q - 6'd1);
      end
      if (valid_i) begin
        last_entered_q <= last_i;
      end
      if (valid_i && first_i) begin
        fresh_q <= 1'b1;
      end else if (y_valid) begin
        fresh_q <= 1'b0;
      end
    end
  end

  nc_vector_reduce #(.Lanes(Lanes)) u_sum (
    .clk_i, .rst_ni,
    .op_i    (nc_pkg::ALU_ADD),
    .argmax_i(1'b0),
    .valid_i (y_valid && instr_i.sum_enable),
    .first_i (fresh_q),
    .last_i  (sum_last),
    .value_i (y),
    .valid_o (sum_valid_o),
    .result_o(sum_o)
  );

endmodule

`default_nettype wire
