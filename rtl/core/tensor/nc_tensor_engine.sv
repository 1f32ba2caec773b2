// SPDX-License-Identifier: Apache-2.0
//
// TensorE: PSUM[m, n] (=|+=) sum_k W[k, m] * X[k, n] (docs/isa.md section 3, docs/rtl.md).
//
//   stream walker -> SBUF -> aligner -> row skew --> +----------------+
//                                                    | P x P array    | -> column outputs <-> PSUM
//   load walker   -> SBUF -> aligner -> row skew --> +----------------+
//
// Nothing behind an SBUF grant ever waits. The stationary path is one cycle shorter than the moving
// path, so a pass may stream from the cycle after its last column was granted.

`default_nettype none
`include "nc_assert.svh"

module nc_tensor_engine #(
  parameter int unsigned P             = nc_pkg::P,
  parameter int unsigned MantissaWidth = nc_pkg::MantissaWidth,
  parameter int unsigned SbufBytes     = nc_pkg::SbufBytes,
  parameter int unsigned PsumBytes     = nc_pkg::PsumBytes,
  parameter int unsigned SbufWidth     = $clog2(SbufBytes / 4),
  parameter int unsigned PsumWidth     = $clog2(PsumBytes / 4)
) (
  input  logic clk_i,
  input  logic rst_ni,

  // queue (seam 1)
  input  logic          instr_valid_i,
  output logic          instr_ready_o,
  input  logic [nc_pkg::InstructionBits-1:0] instr_i,
  output logic          done_o,
  output logic          busy_o,
  output logic          stall_bank_o,
  output logic          sticky_nan_operand_o,   // pulse: set the flag
  output logic          sticky_int_overflow_o,  // pulse: set the flag

  // SBUF read port, moving operands (seam 2)
  output logic                 moving_req_o,
  output logic [SbufWidth-1:0] moving_addr_o,
  input  logic                 moving_gnt_i,
  input  logic [P*32-1:0]      moving_rdata_i,

  // SBUF read port, stationary operands (seam 2)
  output logic                 stationary_req_o,
  output logic [SbufWidth-1:0] stationary_addr_o,
  input  logic                 stationary_gnt_i,
  input  logic [P*32-1:0]      stationary_rdata_i,

  // PSUM read port and write port (seam 2), never refused
  output logic                 psum_rd_req_o,
  output logic [PsumWidth-1:0] psum_rd_addr_o,
  input  logic                 psum_rd_gnt_i,
  input  logic [P*32-1:0]      psum_rd_data_i,
  output logic                 psum_wr_req_o,
  output logic [PsumWidth-1:0] psum_wr_addr_o,
  output logic [3:0]           psum_wr_strb_o,
  output logic [P-1:0]         psum_wr_mask_o,
  output logic [P*32-1:0]      psum_wr_data_o,
  input  logic                 psum_wr_gnt_i
);

  localparam int unsigned ColumnWidth = $clog2(P);
  localparam int unsigned SumWidth = 2 * MantissaWidth + 8;
  // Instructions accepted and not done: two wait and one streams, others drain.
  localparam int unsigned CountWidth = 8;

  // ---- Instructions: both walkers take each one -----------------------------------------------
  logic load_ready;
  logic stream_ready;
  logic accept;
  logic [CountWidth-1:0] outstanding_q;

  assign instr_ready_o = load_ready && stream_ready && !outstanding_q[CountWidth-1];
  assign accept = instr_valid_i && instr_ready_o;
  assign busy_o = (outstanding_q != '0);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      outstanding_q <= '0;
    end else if (accept != done_o) begin
      outstanding_q <= accept ? (outstanding_q + 1'b1) : (outstanding_q - 1'b1);
    end
  end

  // ---- Stationary side ------------------------------------------------------------------------
  logic loaded;
  logic first_request;
  logic first_issue;
  logic load_valid;
  logic [nc_pkg::DtypeWidth-1:0] load_dtype;
  logic [7:0] load_zero_point;
  logic [1:0] load_lane;
  logic [P-1:0] load_mask;
  logic [ColumnWidth-1:0] load_column;

  nc_matmul_load #(
    .P        (P),
    .SbufBytes(SbufBytes)
  ) u_load (
    .clk_i,
    .rst_ni,
    .instr_valid_i    (accept),
    .instr_ready_o    (load_ready),
    .instr_i,
    .loaded_o         (loaded),
    .first_request_i  (first_request),
    .first_issue_i    (first_issue),
    .req_o            (stationary_req_o),
    .addr_o           (stationary_addr_o),
    .gnt_i            (stationary_gnt_i),
    .read_valid_o     (load_valid),
    .read_dtype_o     (load_dtype),
    .read_zero_point_o(load_zero_point),
    .read_lane_o      (load_lane),
    .read_mask_o      (load_mask),
    .read_column_o    (load_column)
  );

  logic stationary_valid;
  logic [P*MantissaWidth-1:0] stationary_q;
  logic [7:0] stationary_emax;
  logic stationary_poisoned;
  logic [ColumnWidth-1:0] stationary_column;

  nc_aligner #(
    .P            (P),
    .MantissaWidth(MantissaWidth),
    .TagWidth     (ColumnWidth)
  ) u_stationary_aligner (
    .clk_i,
    .rst_ni,
    .valid_i     (load_valid),
    .dtype_i     (load_dtype),
    .zero_point_i(load_zero_point),
    .lane_i      (load_lane),
    .mask_i      (load_mask),
    .data_i      (stationary_rdata_i),
    .tag_i       (load_column),
    .valid_o     (stationary_valid),
    .q_o         (stationary_q),
    .emax_o      (stationary_emax),
    .poisoned_o  (stationary_poisoned),
    .tag_o       (stationary_column)
  );

  logic [P:0] row_load_valid;
  logic [P*MantissaWidth-1:0] row_stationary;
  logic [P*ColumnWidth-1:0] row_load_column;
  logic [ColumnWidth-1:0] foot_load_column;
  logic [7:0] foot_load_emax;
  logic foot_load_poisoned;

  nc_row_skew #(
    .P          (P),
    .Width      (MantissaWidth),
    .TagWidth   (9 + ColumnWidth),
    .RowTagWidth(ColumnWidth),
    .Delay      (0)
  ) u_stationary_skew (
    .clk_i,
    .rst_ni,
    .valid_i  (stationary_valid),
    .data_i   (stationary_q),
    .tag_i    ({stationary_poisoned, stationary_emax, stationary_column}),
    .valid_o  (row_load_valid),
    .data_o   (row_stationary),
    .row_tag_o(row_load_column),
    .tag_o    ({foot_load_poisoned, foot_load_emax, foot_load_column})
  );

  // ---- Moving side ----------------------------------------------------------------------------
  logic stream_valid;
  logic stream_kept;
  logic [nc_pkg::DtypeWidth-1:0] stream_dtype;
  logic [7:0] stream_zero_point;
  logic [1:0] stream_lane;
  logic [P-1:0] stream_mask;
  logic stream_first;
  logic stream_last;
  logic stream_float;
  logic stream_accumulate;
  logic [ColumnWidth-1:0] stream_column_first;
  logic [ColumnWidth-1:0] stream_column_last;
  logic [PsumWidth-1:0] stream_psum;

  nc_matmul_stream #(
    .P        (P),
    .SbufBytes(SbufBytes),
    .PsumBytes(PsumBytes)
  ) u_stream (
    .clk_i,
    .rst_ni,
    .instr_valid_i        (accept),
    .instr_ready_o        (stream_ready),
    .instr_i,
    .loaded_i             (loaded),
    .first_request_o      (first_request),
    .first_issue_o        (first_issue),
    .req_o                (moving_req_o),
    .addr_o               (moving_addr_o),
    .gnt_i                (moving_gnt_i),
    .read_valid_o         (stream_valid),
    .read_kept_o          (stream_kept),
    .read_dtype_o         (stream_dtype),
    .read_zero_point_o    (stream_zero_point),
    .read_lane_o          (stream_lane),
    .read_mask_o          (stream_mask),
    .vector_first_o       (stream_first),
    .vector_last_o        (stream_last),
    .vector_float_o       (stream_float),
    .vector_accumulate_o  (stream_accumulate),
    .vector_column_first_o(stream_column_first),
    .vector_column_last_o (stream_column_last),
    .vector_psum_o        (stream_psum)
  );

  // What becomes of a vector's results travels with it to the foot of the columns.
  localparam int unsigned FateWidth = 3 + 2 * ColumnWidth + PsumWidth;

  // The word that vectors of narrow elements share.
  logic [P*32-1:0] kept_word_q;
  logic [P*32-1:0] moving_word;

  assign moving_word = stream_kept ? kept_word_q : moving_rdata_i;
  always_ff @(posedge clk_i) begin
    if (stream_valid && !stream_kept) kept_word_q <= moving_rdata_i;
  end

  logic moving_valid;
  logic [P*MantissaWidth-1:0] moving_q;
  logic [7:0] moving_emax;
  logic moving_poisoned;
  logic moving_first;
  logic [FateWidth-1:0] moving_fate;

  nc_aligner #(
    .P            (P),
    .MantissaWidth(MantissaWidth),
    .TagWidth     (1 + FateWidth)
  ) u_moving_aligner (
    .clk_i,
    .rst_ni,
    .valid_i     (stream_valid),
    .dtype_i     (stream_dtype),
    .zero_point_i(stream_zero_point),
    .lane_i      (stream_lane),
    .mask_i      (stream_mask),
    .data_i      (moving_word),
    .tag_i       ({stream_first, stream_last, stream_float, stream_accumulate,
                   stream_column_first, stream_column_last, stream_psum}),
    .valid_o     (moving_valid),
    .q_o         (moving_q),
    .emax_o      (moving_emax),
    .poisoned_o  (moving_poisoned),
    .tag_o       ({moving_first, moving_fate})
  );

  logic [P:0] row_valid;
  logic [P*MantissaWidth-1:0] row_moving;
  logic [7:0] foot_emax;
  logic foot_poisoned;
  logic foot_last;
  logic foot_float;
  logic foot_accumulate;
  logic [ColumnWidth-1:0] foot_column_first;
  logic [ColumnWidth-1:0] foot_column_last;
  logic [PsumWidth-1:0] foot_psum;

  // The rows need nothing of a moving vector but its operand.
  /* verilator lint_off PINCONNECTEMPTY */
  nc_row_skew #(
    .P       (P),
    .Width   (MantissaWidth),
    .TagWidth(9 + FateWidth),
    .Delay   (1)
  ) u_moving_skew (
    .clk_i,
    .rst_ni,
    .valid_i  (moving_valid),
    .data_i   (moving_q),
    .tag_i    ({moving_poisoned, moving_emax, moving_fate}),
    .valid_o  (row_valid),
    .data_o   (row_moving),
    .row_tag_o(),
    .tag_o    ({foot_poisoned, foot_emax, foot_last, foot_float, foot_accumulate,
                foot_column_first, foot_column_last, foot_psum})
  );
  /* verilator lint_on PINCONNECTEMPTY */

  // The swap goes down the rows one cycle before the first vector of a pass.
  logic [P:0] row_swap;
  logic [P-1:0] row_swap_q;

  assign row_swap = {row_swap_q, moving_valid && moving_first};
  always_ff @(posedge clk_i) row_swap_q <= rst_ni ? row_swap[P-1:0] : '0;

  // ---- Array and results ----------------------------------------------------------------------
  logic [P*SumWidth-1:0] sums;

  nc_array #(
    .P            (P),
    .MantissaWidth(MantissaWidth),
    .SumWidth     (SumWidth)
  ) u_array (
    .clk_i,
    .moving_valid_i(row_valid[P-1:0]),
    .moving_i      (row_moving),
    .load_valid_i  (row_load_valid[P-1:0]),
    .load_column_i (row_load_column),
    .stationary_i  (row_stationary),
    .swap_i        (row_swap[P-1:0]),
    .sum_o         (sums)
  );

  nc_accumulate #(
    .P            (P),
    .MantissaWidth(MantissaWidth),
    .SumWidth     (SumWidth),
    .PsumWidth    (PsumWidth)
  ) u_accumulate (
    .clk_i,
    .rst_ni,
    .load_valid_i   (row_load_valid[P]),
    .load_column_i  (foot_load_column),
    .load_emax_i    (foot_load_emax),
    .load_poisoned_i(foot_load_poisoned),
    .swap_i         (row_swap[P]),
    .valid_i        (row_valid[P]),
    .last_i         (foot_last),
    .float_i        (foot_float),
    .accumulate_i   (foot_accumulate),
    .column_first_i (foot_column_first),
    .column_last_i  (foot_column_last),
    .psum_i         (foot_psum),
    .emax_i         (foot_emax),
    .poisoned_i     (foot_poisoned),
    .sum_i          (sums),
    .rd_req_o       (psum_rd_req_o),
    .rd_addr_o      (psum_rd_addr_o),
    .rd_gnt_i       (psum_rd_gnt_i),
    .rd_data_i      (psum_rd_data_i),
    .wr_req_o       (psum_wr_req_o),
    .wr_addr_o      (psum_wr_addr_o),
    .wr_strb_o      (psum_wr_strb_o),
    .wr_mask_o      (psum_wr_mask_o),
    .wr_data_o      (psum_wr_data_o),
    .wr_gnt_i       (psum_wr_gnt_i),
    .done_o,
    .int_overflow_o (sticky_int_overflow_o)
  );

  assign sticky_nan_operand_o = (moving_valid && moving_poisoned) ||
                                (stationary_valid && stationary_poisoned);
  assign stall_bank_o = (moving_req_o && !moving_gnt_i) ||
                        (stationary_req_o && !stationary_gnt_i);

  `NC_ASSERT(DoneNeedsAnInstruction, !done_o || busy_o, clk_i, rst_ni)
  // A queue that is halted by an error withdraws what it offers.
  `NC_ASSERT_TEMPORAL(InstrStays, instr_valid_i && !instr_ready_o |=>
                      !instr_valid_i || $stable(instr_i), clk_i, rst_ni)

endmodule

`default_nettype wire
