// SPDX-License-Identifier: Apache-2.0
//
// ScalarE: func(in * scale + bias), requantisation and function tables (docs/isa.md section 4,
// docs/numerics.md section 6).
//
//   in walker -> SBUF or PSUM -> queue -> lanes -> queue -> SBUF or PSUM <- out walker
//                                          |
//                                          +-> sum -> SBUF
//
// One instruction at a time; the whole pattern runs for one lane group after the other. An element
// enters the lanes only when the write queue has room for its result.

`default_nettype none
`include "nc_assert.svh"

module nc_scalar_engine #(
  parameter int unsigned P            = nc_pkg::P,
  parameter int unsigned Lanes        = nc_pkg::ScalarLanes,
  parameter int unsigned TableEntries = nc_pkg::TableEntries,
  parameter int unsigned SbufBytes    = nc_pkg::SbufBytes,
  parameter int unsigned PsumBytes    = nc_pkg::PsumBytes,
  parameter int unsigned SbufWidth    = $clog2(SbufBytes / 4),
  parameter int unsigned PsumWidth    = $clog2(PsumBytes / 4)
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

  // operand, scalar operands and table entries (seam 2)
  output logic                 in_sbuf_req_o,
  output logic [SbufWidth-1:0] in_sbuf_addr_o,
  input  logic                 in_sbuf_gnt_i,
  input  logic [P*32-1:0]      in_sbuf_rdata_i,
  output logic                 in_psum_req_o,
  output logic [PsumWidth-1:0] in_psum_addr_o,
  input  logic                 in_psum_gnt_i,
  input  logic [P*32-1:0]      in_psum_rdata_i,

  // result and sum
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
  localparam int unsigned IndexWidth   = $clog2(TableEntries);
  localparam int unsigned OutDepth     = 32;  // at least the stages between issue and write queue
  localparam int unsigned CreditWidth  = $clog2(OutDepth + 1);

  typedef enum logic [2:0] {
    StIdle, StScalar, StScalarData, StStart, StRun, StSum, StTable, StDone
  } state_e;

  // ---- Instruction --------------------------------------------------------------------------------
  state_e state_q;
  /* verilator lint_off UNUSEDSIGNAL */  // semaphores, and more address bits than the memories have
  nc_pkg::scalar_instr_t instr_q;
  nc_pkg::scalar_instr_t instr;
  /* verilator lint_on UNUSEDSIGNAL */
  logic accept;
  logic is_load;
  logic need_scale;
  logic need_bias;
  logic need_bias_q;
  logic second_scalar_q;
  logic [GroupWidth-1:0] group_q;
  logic [P-1:0] window_mask_q;
  logic [P*32-1:0] scale_q;
  logic [P*32-1:0] bias_q;

  assign instr         = instr_i;
  assign instr_ready_o = state_q == StIdle;
  assign busy_o        = state_q != StIdle;
  assign done_o        = state_q == StDone;
  assign accept        = instr_valid_i && instr_ready_o;
  assign is_load       = instr.opcode == nc_pkg::OP_LOAD_TABLE;
  assign need_scale    = instr.scale_operand == nc_pkg::OPERAND_PARTITION;
  assign need_bias     = instr.bias_operand == nc_pkg::OPERAND_PARTITION;

  // ---- Control --------------------------------------------------------------------------------------
  logic [P-1:0] group_mask;
  logic start;
  logic last_group;
  logic last_write;
  logic group_done;
  logic sum_written;
  logic table_done;

  always_comb begin
    group_mask = '0;
    for (int unsigned p = 0; p < P; p++) begin
      group_mask[p] = (Groups == 1) || (GroupWidth'(p / Lanes) == group_q);
    end
    group_mask = group_mask & window_mask_q;
  end

  assign start      = (state_q == StStart) && (group_mask != '0);
  assign last_group = group_q == GroupWidth'(Groups - 1);
  assign group_done = ((state_q == StStart) && !start) ||
                      ((state_q == StRun) && last_write && !instr_q.sum_enable) ||
                      ((state_q == StSum) && sum_written);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
    end else begin
      unique case (state_q)
        StIdle: begin
          if (accept) begin
            state_q <= is_load                   ? StTable
                     : (need_scale || need_bias) ? StScalar
                                                 : StStart;
          end
        end
        StScalar: begin
          if (in_sbuf_gnt_i) state_q <= StScalarData;
        end
        StScalarData: state_q <= (!second_scalar_q && need_bias_q) ? StScalar : StStart;
        StTable: begin
          if (table_done) state_q <= StDone;
        end
        StDone: state_q <= StIdle;
        default: begin
          if (group_done) begin
            state_q <= last_group ? StDone : StStart;
          end else if (start) begin
            state_q <= StRun;
          end else if ((state_q == StRun) && last_write) begin
            state_q <= StSum;
          end
        end
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      instr_q <= instr;
      group_q <= '0;
      second_scalar_q <= !need_scale;
      need_bias_q <= need_bias;
      scale_q <= {P{instr.scale}};
      bias_q <= {P{instr.bias}};
      for (int unsigned p = 0; p < P; p++) begin
        window_mask_q[p] <= (9'(p) >= {1'b0, instr.part_start}) &&
                            (9'(p) < {1'b0, instr.part_start} + {1'b0, instr.part_count});
      end
    end
    if (state_q == StScalarData) begin
      second_scalar_q <= 1'b1;
      if (second_scalar_q) begin
        bias_q <= in_sbuf_rdata_i;
      end else begin
        scale_q <= in_sbuf_rdata_i;
      end
    end
    if (group_done && !last_group) begin
      group_q <= group_q + 1'b1;
    end
  end

  // ---- Table load: a word of four partitions is one entry ---------------------------------------------
  logic from_psum;              // where the operand lies
  logic table_req;
  logic table_grant;
  logic table_word_q;           // a granted word is there
  logic [15:0] table_asked_q;   // words granted
  logic [15:0] table_loaded_q;  // entries written
  logic [SbufWidth-1:0] table_addr_q;
  logic [127:0] table_entry;

  assign from_psum   = instr_q.in_space == nc_pkg::SPACE_PSUM;
  assign table_req   = (state_q == StTable) && (table_asked_q != instr_q.size0);
  assign table_grant = table_req && (from_psum ? in_psum_gnt_i : in_sbuf_gnt_i);
  assign table_done  = table_loaded_q == instr_q.size0;

  always_comb begin
    table_entry = '0;
    if (table_word_q) begin
      table_entry = 128'((from_psum ? in_psum_rdata_i : in_sbuf_rdata_i)
                         >> {instr_q.part_start[$clog2(P)-1:0], 5'd0});
    end
  end

  always_ff @(posedge clk_i) begin
    table_word_q <= rst_ni && table_grant;
    if (accept) begin
      table_asked_q <= '0;
      table_loaded_q <= '0;
      table_addr_q <= instr.in_base[2 +: SbufWidth];
    end else begin
      if (table_grant) begin
        table_asked_q <= table_asked_q + 16'd1;
        table_addr_q <= table_addr_q + 1'b1;
      end
      if (table_word_q) begin
        table_loaded_q <= table_loaded_q + 16'd1;
      end
    end
  end

  // ---- Operand ----------------------------------------------------------------------------------------
  logic valid;
  logic issue;
  logic [Lanes*32-1:0] word;
  logic [1:0] offset;
  logic operand_req;
  logic [SbufWidth-1:0] operand_addr;
  logic operand_psum_req;
  logic [PsumWidth-1:0] operand_psum_addr;
  logic scalar_req;
  /* verilator lint_off UNUSEDSIGNAL */  // there are no windows here
  logic window_first;
  logic window_last;
  /* verilator lint_on UNUSEDSIGNAL */

  nc_lane_operand #(
    .P(P), .Lanes(Lanes), .AddressWidth(AddressWidth), .SbufWidth(SbufWidth),
    .PsumWidth(PsumWidth), .GroupWidth(GroupWidth)
  ) u_in (
    .clk_i, .rst_ni,
    .start_i         (start),
    .psum_i          (from_psum),
    .group_i         (group_q),
    .base_i          (instr_q.in_base[AddressWidth-1:0]),
    .sizes_i         ({instr_q.size2, instr_q.size1, instr_q.size0}),
    .windows_i       ({16'd1, 16'd1, 16'd1}),
    .strides_i       ({instr_q.in_stride2[AddressWidth-1:0], instr_q.in_stride1[AddressWidth-1:0],
                       instr_q.in_stride0[AddressWidth-1:0]}),
    .window_strides_i('0),
    .sbuf_req_o      (operand_req),
    .sbuf_addr_o     (operand_addr),
    .sbuf_gnt_i      (in_sbuf_gnt_i),
    .sbuf_rdata_i    (in_sbuf_rdata_i),
    .psum_req_o      (operand_psum_req),
    .psum_addr_o     (operand_psum_addr),
    .psum_gnt_i      (in_psum_gnt_i),
    .psum_rdata_i    (in_psum_rdata_i),
    .valid_o         (valid),
    .ready_i         (issue),
    .word_o          (word),
    .offset_o        (offset),
    .first_o         (window_first),
    .last_o          (window_last)
  );

  assign scalar_req    = state_q == StScalar;
  assign in_sbuf_req_o = operand_req || scalar_req || (table_req && !from_psum);
  assign in_psum_req_o = operand_psum_req || (table_req && from_psum);
  // PSUM is not larger than SBUF, so its address is the low part of the table's.
  assign in_psum_addr_o = table_req ? table_addr_q[PsumWidth-1:0] : operand_psum_addr;

  always_comb begin
    in_sbuf_addr_o = operand_addr;
    if (table_req) begin
      in_sbuf_addr_o = table_addr_q;
    end else if (scalar_req) begin
      in_sbuf_addr_o = second_scalar_q ? instr_q.bias[2 +: SbufWidth]
                                       : instr_q.scale[2 +: SbufWidth];
    end
  end

  // ---- Issue ------------------------------------------------------------------------------------------
  logic first_q;        // nothing of this group has been issued
  logic pattern_end;    // the present element is the group's last
  logic [CreditWidth-1:0] open_q;
  logic write;

  assign issue = valid && (open_q != CreditWidth'(OutDepth));

  nc_affine_walker #(.AddressWidth(AddressWidth)) u_elements (
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
    .step_i        (issue),
    /* verilator lint_off PINCONNECTEMPTY */
    .address_o     (),
    .next_address_o(),
    /* verilator lint_on PINCONNECTEMPTY */
    .last_o        (pattern_end)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      open_q <= '0;
    end else if (issue != write) begin
      open_q <= write ? (open_q - 1'b1) : (open_q + 1'b1);
    end
    if (start) begin
      first_q <= 1'b1;
    end else if (issue) begin
      first_q <= 1'b0;
    end
  end

  // ---- Lanes ------------------------------------------------------------------------------------------
  logic out_valid;
  logic [Lanes*32-1:0] out_bits;
  logic sum_valid;
  logic [Lanes*32-1:0] sum;

  nc_scalar_lanes #(
    .Lanes       (Lanes),
    .TableEntries(TableEntries)
  ) u_lanes (
    .clk_i, .rst_ni,
    .instr_i     (instr_q),
    .scale_i     (scale_q[32'(group_q)*Lanes*32 +: Lanes*32]),
    .bias_i      (bias_q[32'(group_q)*Lanes*32 +: Lanes*32]),
    .load_i      (table_word_q),
    .load_index_i(instr_q.table_base[IndexWidth-1:0] + table_loaded_q[IndexWidth-1:0]),
    .load_entry_i(table_entry),
    .valid_i     (issue),
    .first_i     (first_q),
    .last_i      (pattern_end),
    .word_i      (word),
    .offset_i    (offset),
    .valid_o     (out_valid),
    .bits_o      (out_bits),
    .sum_valid_o (sum_valid),
    .sum_o       (sum)
  );

  // ---- Write back ---------------------------------------------------------------------------------------
  logic data_req;
  logic [SbufWidth-1:0] data_addr;
  logic [3:0] data_strb;
  logic [P-1:0] data_mask;
  logic [P*32-1:0] data;

  nc_lane_write #(
    .P(P), .Lanes(Lanes), .AddressWidth(AddressWidth), .SbufWidth(SbufWidth),
    .PsumWidth(PsumWidth), .Depth(OutDepth)
  ) u_write (
    .clk_i, .rst_ni,
    .start_i       (start),
    .psum_i        (instr_q.out_space == nc_pkg::SPACE_PSUM),
    .dtype_i       (instr_q.out_dtype),
    .base_i        (instr_q.out_base[AddressWidth-1:0]),
    .sizes_i       ({instr_q.size2, instr_q.size1, instr_q.size0}),
    .strides_i     ({instr_q.out_stride2[AddressWidth-1:0], instr_q.out_stride1[AddressWidth-1:0],
                     instr_q.out_stride0[AddressWidth-1:0]}),
    .group_mask_i  (group_mask),
    .valid_i       (out_valid),
    .mask_i        ('1),
    .bits_i        (out_bits),
    .write_o       (write),
    .last_o        (last_write),
    .sbuf_wr_req_o (data_req),
    .sbuf_wr_addr_o(data_addr),
    .sbuf_wr_strb_o(data_strb),
    .sbuf_wr_mask_o(data_mask),
    .sbuf_wr_data_o(data),
    .sbuf_wr_gnt_i,
    .psum_wr_req_o, .psum_wr_addr_o, .psum_wr_strb_o, .psum_wr_mask_o, .psum_wr_data_o,
    .psum_wr_gnt_i
  );

  // The sum is written when all elements are.
  logic sum_held_q;
  logic [Lanes*32-1:0] sum_q;
  logic sum_req;

  assign sum_req     = (state_q == StSum) && sum_held_q;
  assign sum_written = sum_req && sbuf_wr_gnt_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      sum_held_q <= 1'b0;
    end else if (sum_valid) begin
      sum_held_q <= 1'b1;
    end else if (sum_written) begin
      sum_held_q <= 1'b0;
    end
    if (sum_valid) begin
      sum_q <= sum;
    end
  end

  always_comb begin
    sbuf_wr_req_o  = data_req || sum_req;
    sbuf_wr_addr_o = data_addr;
    sbuf_wr_strb_o = data_strb;
    sbuf_wr_mask_o = data_mask;
    sbuf_wr_data_o = data;
    if (sum_req) begin
      sbuf_wr_addr_o = instr_q.sum_base[2 +: SbufWidth];
      sbuf_wr_strb_o = 4'b1111;
      sbuf_wr_mask_o = group_mask;
      sbuf_wr_data_o = {Groups{sum_q}};
    end
  end

  assign stall_bank_o = (in_sbuf_req_o && !in_sbuf_gnt_i) || (in_psum_req_o && !in_psum_gnt_i) ||
                        (sbuf_wr_req_o && !sbuf_wr_gnt_i) || (psum_wr_req_o && !psum_wr_gnt_i);

  `NC_ASSERT(ResultsHaveRoom, open_q <= CreditWidth'(OutDepth), clk_i, rst_ni)
  `NC_ASSERT(NoWriteWithoutResult, !write || (open_q != '0), clk_i, rst_ni)

endmodule

`default_nettype wire
