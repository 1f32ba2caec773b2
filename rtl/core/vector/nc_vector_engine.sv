// SPDX-License-Identifier: Apache-2.0
//
// VectorE: FP32 arithmetic on lanes (docs/isa.md section 4, docs/numerics.md section 5).
//
//   in0 walker -> SBUF or PSUM -> queue -+
//                                        +-> lanes -> queue -> SBUF or PSUM <- out walker
//   in1 walker -> SBUF or PSUM -> queue -+
//
// One instruction at a time; the whole pattern runs for one lane group after the other. An element
// enters the lanes only when the write queue has room for its result.

`default_nettype none
`include "nc_assert.svh"

module nc_vector_engine #(
  parameter int unsigned P         = nc_pkg::P,
  parameter int unsigned Lanes     = nc_pkg::VectorLanes,
  parameter int unsigned SbufBytes = nc_pkg::SbufBytes,
  parameter int unsigned PsumBytes = nc_pkg::PsumBytes,
  parameter int unsigned SbufWidth = $clog2(SbufBytes / 4),
  parameter int unsigned PsumWidth = $clog2(PsumBytes / 4)
) (
  input  logic clk_i,
  input  logic rst_ni,

  // queue (seam 1)
  input  logic                               instr_valid_i,
  output logic                               instr_ready_o,
  input  logic [nc_pkg::InstructionBits-1:0] instr_i,
  output logic                               done_o,
  output logic                               busy_o,
  output logic                               stall_bank_o,

  // first operand and scalar operands (seam 2)
  output logic                 in0_sbuf_req_o,
  output logic [SbufWidth-1:0] in0_sbuf_addr_o,
  input  logic                 in0_sbuf_gnt_i,
  input  logic [P*32-1:0]      in0_sbuf_rdata_i,
  output logic                 in0_psum_req_o,
  output logic [PsumWidth-1:0] in0_psum_addr_o,
  input  logic                 in0_psum_gnt_i,
  input  logic [P*32-1:0]      in0_psum_rdata_i,

  // second operand
  output logic                 in1_sbuf_req_o,
  output logic [SbufWidth-1:0] in1_sbuf_addr_o,
  input  logic                 in1_sbuf_gnt_i,
  input  logic [P*32-1:0]      in1_sbuf_rdata_i,
  output logic                 in1_psum_req_o,
  output logic [PsumWidth-1:0] in1_psum_addr_o,
  input  logic                 in1_psum_gnt_i,
  input  logic [P*32-1:0]      in1_psum_rdata_i,

  // result
  output logic                 sbuf_wr_req_o,
  output logic [SbufWidth-1:0] sbuf_wr_addr_o,
  output logic [3:0]           sbuf_wr_strb_o,
  output logic [P-1:0]         sbuf_wr_mask_o,
  output logic [P*32-1:0]      sbuf_wr_data_o,
  input  logic                 sbuf_wr_gnt_i,
  output logic                 psum_wr_req_o,
  output logic [PsumWidth-1:0] psum_wr_addr_o,
  output logic [3:0]           psum_wr_strb_o,
  output logic [P-1:0]         psum_wr_mask_o,
  output logic [P*32-1:0]      psum_wr_data_o,
  input  logic                 psum_wr_gnt_i
);

  localparam int unsigned AddressWidth = SbufWidth + 2;
  localparam int unsigned Groups       = P / Lanes;
  localparam int unsigned GroupWidth   = Groups > 1 ? $clog2(Groups) : 1;
  localparam int unsigned OutDepth     = 16;  // at least the stages between issue and write queue
  localparam int unsigned CreditWidth  = $clog2(OutDepth + 1);
  // nc_vector_reduce: cycles between the last element of a sum and the first of the next.
  localparam logic [2:0] JoinCycles    = 3'd7;

  typedef enum logic [2:0] {
    StIdle, StScalar, StScalarData, StStart, StRun, StDone
  } state_e;

  // ---- Instruction ------------------------------------------------------------------------------
  state_e state_q;
  /* verilator lint_off UNUSEDSIGNAL */  // semaphores, and more address bits than the memories have
  nc_pkg::vector_instr_t instr_q;
  nc_pkg::vector_instr_t instr;
  /* verilator lint_on UNUSEDSIGNAL */
  logic accept;
  logic second_scalar_q;
  logic [GroupWidth-1:0] group_q;
  logic [P-1:0] window_mask_q;
  logic [P*32-1:0] scalar0_q;
  logic [P*32-1:0] scalar1_q;

  assign instr         = instr_i;
  assign instr_ready_o = state_q == StIdle;
  assign busy_o        = state_q != StIdle;
  assign accept        = instr_valid_i && instr_ready_o;

  logic generates;  // no operand in memory
  logic uses_in1;
  logic windowed;
  logic need_scalar0;
  logic need_scalar1;

  always_comb begin
    generates = (instr_q.opcode == nc_pkg::OP_IOTA) || (instr_q.opcode == nc_pkg::OP_FILL);
    windowed  = (instr_q.opcode == nc_pkg::OP_REDUCE) || (instr_q.opcode == nc_pkg::OP_ARGMAX);
    uses_in1  = (instr_q.opcode == nc_pkg::OP_TENSOR_TENSOR) ||
                (instr_q.opcode == nc_pkg::OP_SCALAR_TENSOR_TENSOR) ||
                (instr_q.opcode == nc_pkg::OP_SELECT);
  end

  // Which scalar operands lie in SBUF, of the instruction that is being accepted.
  always_comb begin
    need_scalar0 = (instr.scalar0_operand == nc_pkg::OPERAND_PARTITION) &&
                   ((instr.opcode == nc_pkg::OP_TENSOR_SCALAR) ||
                    (instr.opcode == nc_pkg::OP_SCALAR_TENSOR_TENSOR) ||
                    (instr.opcode == nc_pkg::OP_SELECT) || (instr.opcode == nc_pkg::OP_IOTA) ||
                    (instr.opcode == nc_pkg::OP_FILL));
    need_scalar1 = (instr.scalar1_operand == nc_pkg::OPERAND_PARTITION) &&
                   ((instr.opcode == nc_pkg::OP_TENSOR_SCALAR) ||
                    (instr.opcode == nc_pkg::OP_REDUCE) || (instr.opcode == nc_pkg::OP_IOTA));
  end

  // ---- Control ----------------------------------------------------------------------------------
  logic [P-1:0] group_mask;
  logic start;
  logic last_write;
  logic last_group;
  logic scalar_req;
  logic need_scalar1_q;

  always_comb begin
    group_mask = '0;
    for (int unsigned p = 0; p < P; p++) begin
      group_mask[p] = (Groups == 1) || (GroupWidth'(p / Lanes) == group_q);
    end
    group_mask = group_mask & window_mask_q;
  end

  assign scalar_req = state_q == StScalar;
  assign start      = (state_q == StStart) && (group_mask != '0);
  assign last_group = group_q == GroupWidth'(Groups - 1);
  assign done_o     = state_q == StDone;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
    end else begin
      unique case (state_q)
        StIdle: begin
          if (accept) state_q <= (need_scalar0 || need_scalar1) ? StScalar : StStart;
        end
        StScalar: begin
          if (in0_sbuf_gnt_i) state_q <= StScalarData;
        end
        StScalarData: state_q <= (!second_scalar_q && need_scalar1_q) ? StScalar : StStart;
        StStart: begin
          if (start) begin
            state_q <= StRun;
          end else if (last_group) begin
            state_q <= StDone;
          end
        end
        StRun: begin
          if (last_write) state_q <= last_group ? StDone : StStart;
        end
        default: state_q <= StIdle;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      instr_q <= instr;
      group_q <= '0;
      second_scalar_q <= !need_scalar0;
      need_scalar1_q <= need_scalar1;
      scalar0_q <= {P{instr.scalar0}};
      scalar1_q <= {P{instr.scalar1}};
      for (int unsigned p = 0; p < P; p++) begin
        window_mask_q[p] <= (9'(p) >= {1'b0, instr.part_start}) &&
                            (9'(p) < {1'b0, instr.part_start} + {1'b0, instr.part_count});
      end
    end
    if (state_q == StScalarData) begin
      second_scalar_q <= 1'b1;
      if (second_scalar_q) begin
        scalar1_q <= in0_sbuf_rdata_i;
      end else begin
        scalar0_q <= in0_sbuf_rdata_i;
      end
    end
    if (((state_q == StStart) && !start && !last_group) ||
        ((state_q == StRun) && last_write && !last_group)) begin
      group_q <= group_q + 1'b1;
    end
  end

  // ---- Operands ---------------------------------------------------------------------------------
  logic a_valid;
  logic b_valid;
  logic issue;
  logic [Lanes*32-1:0] a_word;
  logic [Lanes*32-1:0] b_word;
  logic [1:0] a_offset;
  logic [1:0] b_offset;
  logic a_first;
  logic a_last;
  logic in0_req;
  logic [SbufWidth-1:0] in0_addr;

  nc_lane_operand #(
    .P(P), .Lanes(Lanes), .AddressWidth(AddressWidth), .SbufWidth(SbufWidth),
    .PsumWidth(PsumWidth), .GroupWidth(GroupWidth)
  ) u_in0 (
    .clk_i, .rst_ni,
    .start_i         (start && !generates),
    .psum_i          (instr_q.in0_space == nc_pkg::SPACE_PSUM),
    .group_i         (group_q),
    .base_i          (instr_q.in0_base[AddressWidth-1:0]),
    .sizes_i         ({instr_q.size2, instr_q.size1, instr_q.size0}),
    .windows_i       (windowed ? {instr_q.window_size2, instr_q.window_size1, instr_q.window_size0}
                               : {16'd1, 16'd1, 16'd1}),
    .strides_i       ({instr_q.in0_stride2[AddressWidth-1:0], instr_q.in0_stride1[AddressWidth-1:0],
                       instr_q.in0_stride0[AddressWidth-1:0]}),
    .window_strides_i({instr_q.in0_window_stride2[AddressWidth-1:0],
                       instr_q.in0_window_stride1[AddressWidth-1:0],
                       instr_q.in0_window_stride0[AddressWidth-1:0]}),
    .sbuf_req_o      (in0_req),
    .sbuf_addr_o     (in0_addr),
    .sbuf_gnt_i      (in0_sbuf_gnt_i),
    .sbuf_rdata_i    (in0_sbuf_rdata_i),
    .psum_req_o      (in0_psum_req_o),
    .psum_addr_o     (in0_psum_addr_o),
    .psum_gnt_i      (in0_psum_gnt_i),
    .psum_rdata_i    (in0_psum_rdata_i),
    .valid_o         (a_valid),
    .ready_i         (issue),
    .word_o          (a_word),
    .offset_o        (a_offset),
    .first_o         (a_first),
    .last_o          (a_last)
  );

  // Scalar operands are read through the first operand's port before it starts.
  assign in0_sbuf_req_o  = in0_req || scalar_req;
  assign in0_sbuf_addr_o = !scalar_req      ? in0_addr
                         : second_scalar_q  ? instr_q.scalar1[2 +: SbufWidth]
                                            : instr_q.scalar0[2 +: SbufWidth];

  /* verilator lint_off UNUSEDSIGNAL */  // the second operand has no window
  logic b_first;
  logic b_last;
  /* verilator lint_on UNUSEDSIGNAL */

  nc_lane_operand #(
    .P(P), .Lanes(Lanes), .AddressWidth(AddressWidth), .SbufWidth(SbufWidth),
    .PsumWidth(PsumWidth), .GroupWidth(GroupWidth)
  ) u_in1 (
    .clk_i, .rst_ni,
    .start_i         (start && uses_in1),
    .psum_i          (instr_q.in1_space == nc_pkg::SPACE_PSUM),
    .group_i         (group_q),
    .base_i          (instr_q.in1_base[AddressWidth-1:0]),
    .sizes_i         ({instr_q.size2, instr_q.size1, instr_q.size0}),
    .windows_i       ({16'd1, 16'd1, 16'd1}),
    .strides_i       ({instr_q.in1_stride2[AddressWidth-1:0], instr_q.in1_stride1[AddressWidth-1:0],
                       instr_q.in1_stride0[AddressWidth-1:0]}),
    .window_strides_i('0),
    .sbuf_req_o      (in1_sbuf_req_o),
    .sbuf_addr_o     (in1_sbuf_addr_o),
    .sbuf_gnt_i      (in1_sbuf_gnt_i),
    .sbuf_rdata_i    (in1_sbuf_rdata_i),
    .psum_req_o      (in1_psum_req_o),
    .psum_addr_o     (in1_psum_addr_o),
    .psum_gnt_i      (in1_psum_gnt_i),
    .psum_rdata_i    (in1_psum_rdata_i),
    .valid_o         (b_valid),
    .ready_i         (issue && uses_in1),
    .word_o          (b_word),
    .offset_o        (b_offset),
    .first_o         (b_first),
    .last_o          (b_last)
  );

  // ---- Issue ------------------------------------------------------------------------------------
  logic issuing_q;        // not all results of this group are begun
  logic [2:0] joining_q;  // cycles for which the lanes take nothing: a sum is being joined
  logic begins;           // this element begins a result
  logic ends;             // this element completes one
  logic results_end;      // the present result is the group's last
  logic [31:0] index_q;
  logic [CreditWidth-1:0] open_q;  // results begun and not written
  logic out_valid;
  logic write;

  assign begins = generates || a_first;
  assign ends   = generates || a_last;
  assign issue  = issuing_q && (joining_q == 3'd0) && (generates || a_valid) &&
                  (!uses_in1 || b_valid) &&
                  (!begins || (open_q != CreditWidth'(OutDepth)));

  logic is_sum;

  assign is_sum = (instr_q.opcode == nc_pkg::OP_REDUCE) && (instr_q.alu0 == nc_pkg::ALU_ADD);

  // Counts results as they are completed by the operands.
  nc_affine_walker #(.AddressWidth(AddressWidth)) u_results (
    .clk_i,
    .configure_i   (start),
    .restart_i     (1'b0),
    .base_i        ('0),
    .size0_i       (instr_q.size0),
    .size1_i       (instr_q.size1),
    .size2_i       (instr_q.size2),
    .stride0_i     ('0),
    .stride1_i     ('0),
    .stride2_i     ('0),
    .step_i        (issue && ends),
    /* verilator lint_off PINCONNECTEMPTY */
    .address_o     (),
    .next_address_o(),
    /* verilator lint_on PINCONNECTEMPTY */
    .last_o        (results_end)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      issuing_q <= 1'b0;
      joining_q <= 3'd0;
      open_q <= '0;
    end else begin
      if (start) begin
        issuing_q <= 1'b1;
      end else if (issue && ends && results_end) begin
        issuing_q <= 1'b0;
      end
      if (issue && ends && is_sum) begin
        joining_q <= JoinCycles;
      end else if (joining_q != 3'd0) begin
        joining_q <= joining_q - 3'd1;
      end
      if ((issue && begins) != write) begin
        open_q <= write ? (open_q - 1'b1) : (open_q + 1'b1);
      end
    end
    if (start) begin
      index_q <= '0;
    end else if (issue) begin
      index_q <= index_q + 32'd1;
    end
  end

  // ---- Lanes ------------------------------------------------------------------------------------
  logic [Lanes*32-1:0] scalar0;
  logic [Lanes*32-1:0] scalar1;
  logic [Lanes*32-1:0] generated;
  logic [Lanes-1:0] out_mask;
  logic [Lanes*32-1:0] out_bits;
  logic iota;

  assign scalar0   = scalar0_q[32'(group_q)*Lanes*32 +: Lanes*32];
  assign scalar1   = scalar1_q[32'(group_q)*Lanes*32 +: Lanes*32];
  assign iota      = instr_q.opcode == nc_pkg::OP_IOTA;
  assign generated = iota ? {Lanes{index_q}} : scalar0;

  nc_vector_lanes #(.Lanes(Lanes)) u_lanes (
    .clk_i, .rst_ni,
    .opcode_i        (instr_q.opcode),
    .a_dtype_i       (iota      ? nc_pkg::DTYPE_INT32
                      : generates ? nc_pkg::DTYPE_FP32 : instr_q.in0_dtype),
    .b_dtype_i       (instr_q.in1_dtype),
    .out_dtype_i     (instr_q.out_dtype),
    .a_zero_point_i  (instr_q.in0_zero_point),
    .b_zero_point_i  (instr_q.in1_zero_point),
    .out_zero_point_i(instr_q.out_zero_point),
    .alu0_i          (instr_q.alu0),
    .alu1_i          (instr_q.alu1),
    .predicate_i     (instr_q.predicate),
    .scalar0_i       (scalar0),
    .scalar1_i       (scalar1),
    .valid_i         (issue),
    .first_i         (begins),
    .last_i          (ends),
    .a_word_i        (generates ? generated : a_word),
    .a_offset_i      (generates ? 2'd0 : a_offset),
    .b_word_i        (b_word),
    .b_offset_i      (b_offset),
    .valid_o         (out_valid),
    .mask_o          (out_mask),
    .bits_o          (out_bits)
  );

  // ---- Write back -------------------------------------------------------------------------------
  nc_lane_write #(
    .P(P), .Lanes(Lanes), .AddressWidth(AddressWidth), .SbufWidth(SbufWidth),
    .PsumWidth(PsumWidth), .Depth(OutDepth)
  ) u_write (
    .clk_i, .rst_ni,
    .start_i  (start),
    .psum_i   (instr_q.out_space == nc_pkg::SPACE_PSUM),
    .dtype_i  (instr_q.out_dtype),
    .base_i   (instr_q.out_base[AddressWidth-1:0]),
    .sizes_i  ({instr_q.size2, instr_q.size1, instr_q.size0}),
    .strides_i({instr_q.out_stride2[AddressWidth-1:0], instr_q.out_stride1[AddressWidth-1:0],
                instr_q.out_stride0[AddressWidth-1:0]}),
    .group_mask_i(group_mask),
    .valid_i  (out_valid),
    .mask_i   (out_mask),
    .bits_i   (out_bits),
    .write_o  (write),
    .last_o   (last_write),
    .sbuf_wr_req_o, .sbuf_wr_addr_o, .sbuf_wr_strb_o, .sbuf_wr_mask_o, .sbuf_wr_data_o,
    .sbuf_wr_gnt_i,
    .psum_wr_req_o, .psum_wr_addr_o, .psum_wr_strb_o, .psum_wr_mask_o, .psum_wr_data_o,
    .psum_wr_gnt_i
  );

  assign stall_bank_o =
      (in0_sbuf_req_o && !in0_sbuf_gnt_i) || (in0_psum_req_o && !in0_psum_gnt_i) ||
      (in1_sbuf_req_o && !in1_sbuf_gnt_i) || (in1_psum_req_o && !in1_psum_gnt_i) ||
      (sbuf_wr_req_o && !sbuf_wr_gnt_i) || (psum_wr_req_o && !psum_wr_gnt_i);

  `NC_ASSERT(ResultsHaveRoom, open_q <= CreditWidth'(OutDepth), clk_i, rst_ni)
  `NC_ASSERT(NoWriteWithoutResult, !write || (open_q != '0), clk_i, rst_ni)

endmodule

`default_nettype wire
