// SPDX-License-Identifier: Apache-2.0
//
// The moving walker: issues one moving vector per cycle, pass after pass, each with the PSUM word
// its results go to.
//
//   for o2, o1, o0:
//     n = 0;  for i2, i1, i0:  X = SBUF[base + o*stride + i*stride] -> PSUM[base + 4 * n++]
//
// It waits when the pass's weights are not loaded, and when an accumulating vector would read a
// PSUM word that a vector HazardDistance - 1 or fewer cycles before it has not written yet.
//
// Narrow elements share a word: it is read once for as many vectors of an instruction as follow
// each other in it, and kept by whoever takes the read data.

`default_nettype none
`include "nc_assert.svh"

module nc_matmul_stream #(
  parameter int unsigned P              = nc_pkg::P,
  parameter int unsigned SbufBytes      = nc_pkg::SbufBytes,
  parameter int unsigned PsumBytes      = nc_pkg::PsumBytes,
  parameter int unsigned HazardDistance = 5,
  parameter int unsigned ReadWidth      = $clog2(SbufBytes / 4),
  parameter int unsigned PsumWidth      = $clog2(PsumBytes / 4)
) (
  input  logic clk_i,
  input  logic rst_ni,

  // instruction, valid only when ready; ready does not depend on this cycle's grant
  input  logic          instr_valid_i,
  output logic          instr_ready_o,
  input  logic [nc_pkg::InstructionBits-1:0] instr_i,

  // load walker: the weights of the next pass are there; the first vector of a pass is requested,
  // is issued
  input  logic loaded_i,
  output logic first_request_o,
  output logic first_issue_o,

  // SBUF moving read port (seam 2)
  output logic                 req_o,
  output logic [ReadWidth-1:0] addr_o,
  input  logic                 gnt_i,

  // to the aligner, in the cycle of the read data
  output logic                          read_valid_o,
  output logic                          read_kept_o,  // the word is that of the vector before
  output logic [nc_pkg::DtypeWidth-1:0] read_dtype_o,
  output logic [7:0]                    read_zero_point_o,
  output logic [1:0]                    read_lane_o,
  output logic [P-1:0]                  read_mask_o,

  // with it: what becomes of the vector
  output logic                 vector_first_o,         // first of its pass: swap the weights
  output logic                 vector_last_o,          // last of its instruction
  output logic                 vector_float_o,
  output logic                 vector_accumulate_o,
  output logic [$clog2(P)-1:0] vector_column_first_o,  // PSUM partitions to write
  output logic [$clog2(P)-1:0] vector_column_last_o,
  output logic [PsumWidth-1:0] vector_psum_o           // word address
);

  localparam int unsigned AddressWidth = $clog2(SbufBytes);
  localparam int unsigned ColumnWidth = $clog2(P);
  localparam int unsigned InstrWidth =
      nc_pkg::DtypeWidth + 41 + 7 * AddressWidth + PsumWidth + 96;

  // The walker reads its own fields only; addresses have been checked, so their high bits are 0.
  /* verilator lint_off UNUSEDSIGNAL */
  nc_pkg::tensor_instr_t instr;
  /* verilator lint_on UNUSEDSIGNAL */
  assign instr = instr_i;

  // ---- Instructions wait here for the one that streams ----------------------------------------
  logic next_valid;
  logic [nc_pkg::DtypeWidth-1:0] next_dtype;
  logic next_accumulate;
  logic [7:0] next_zero_point;
  logic [7:0] next_part_start;
  logic [7:0] next_part_count;
  logic [7:0] next_column_start;
  logic [7:0] next_column_count;
  logic [AddressWidth-1:0] next_base;
  logic [PsumWidth-1:0] next_psum;
  logic [15:0] next_outer_size0;
  logic [15:0] next_outer_size1;
  logic [15:0] next_outer_size2;
  logic [AddressWidth-1:0] next_outer_stride0;
  logic [AddressWidth-1:0] next_outer_stride1;
  logic [AddressWidth-1:0] next_outer_stride2;
  logic [15:0] next_size0;
  logic [15:0] next_size1;
  logic [15:0] next_size2;
  logic [AddressWidth-1:0] next_stride0;
  logic [AddressWidth-1:0] next_stride1;
  logic [AddressWidth-1:0] next_stride2;
  logic start;

  // Outputs that this user does not need are left open.
  /* verilator lint_off PINCONNECTEMPTY */
  nc_fifo #(
    .Width(InstrWidth),
    .Depth(2)
  ) u_instrs (
    .clk_i,
    .rst_ni,
    .valid_i(instr_valid_i),
    .ready_o(instr_ready_o),
    .data_i ({instr.moving_dtype, instr.accumulate, instr.moving_zero_point, instr.part_start,
              instr.part_count, instr.column_start, instr.column_count,
              instr.moving_base[AddressWidth-1:0], instr.psum_base[PsumWidth+1:2],
              instr.outer_size0, instr.outer_size1, instr.outer_size2,
              instr.moving_outer_stride0[AddressWidth-1:0],
              instr.moving_outer_stride1[AddressWidth-1:0],
              instr.moving_outer_stride2[AddressWidth-1:0],
              instr.inner_size0, instr.inner_size1, instr.inner_size2,
              instr.moving_stride0[AddressWidth-1:0], instr.moving_stride1[AddressWidth-1:0],
              instr.moving_stride2[AddressWidth-1:0]}),
    .valid_o(next_valid),
    .ready_i(start),
    .data_o ({next_dtype, next_accumulate, next_zero_point, next_part_start, next_part_count,
              next_column_start, next_column_count, next_base, next_psum,
              next_outer_size0, next_outer_size1, next_outer_size2,
              next_outer_stride0, next_outer_stride1, next_outer_stride2,
              next_size0, next_size1, next_size2, next_stride0, next_stride1, next_stride2}),
    .count_o()
  );
  /* verilator lint_on PINCONNECTEMPTY */

  // ---- The instruction that streams -----------------------------------------------------------
  logic active_q;
  logic first_q;       // the next vector is the first of its pass
  logic accumulate_q;  // the present pass accumulates
  logic [nc_pkg::DtypeWidth-1:0] dtype_q;
  logic [7:0] zero_point_q;
  logic [P-1:0] mask_q;
  logic [ColumnWidth-1:0] column_first_q;
  logic [ColumnWidth-1:0] column_last_q;
  logic [PsumWidth-1:0] psum_base_q;
  logic [PsumWidth-1:0] psum_q;

  logic hazard;
  logic issue;
  logic pass_end;
  logic instr_end;
  logic last_vector;
  logic last_pass;
  logic [AddressWidth-1:0] address;
  logic [AddressWidth-1:0] next_pass_address;

  // The word of the vector before, of this instruction.
  logic word_valid_q;
  logic [ReadWidth-1:0] word_q;
  logic kept;
  logic wanted;

  assign kept = word_valid_q && (word_q == addr_o);
  assign wanted = active_q && (!first_q || loaded_i) && !hazard;
  assign req_o = wanted && !kept;
  assign addr_o = address[AddressWidth-1:2];
  assign issue = wanted && (kept || gnt_i);
  assign first_request_o = wanted && first_q;
  assign first_issue_o = issue && first_q;
  assign pass_end = issue && last_vector;
  assign instr_end = pass_end && last_pass;
  assign start = next_valid && (!active_q || instr_end);

  /* verilator lint_off PINCONNECTEMPTY */
  nc_affine_walker #(
    .AddressWidth(AddressWidth)
  ) u_passes (
    .clk_i,
    .configure_i   (start),
    .restart_i     (1'b0),
    .base_i        (next_base),
    .size0_i       (next_outer_size0),
    .size1_i       (next_outer_size1),
    .size2_i       (next_outer_size2),
    .stride0_i     (next_outer_stride0),
    .stride1_i     (next_outer_stride1),
    .stride2_i     (next_outer_stride2),
    .step_i        (pass_end && !last_pass),
    .address_o     (),
    .next_address_o(next_pass_address),
    .last_o        (last_pass)
  );

  nc_affine_walker #(
    .AddressWidth(AddressWidth)
  ) u_vectors (
    .clk_i,
    .configure_i   (start),
    .restart_i     (pass_end),
    .base_i        (start ? next_base : next_pass_address),
    .size0_i       (next_size0),
    .size1_i       (next_size1),
    .size2_i       (next_size2),
    .stride0_i     (next_stride0),
    .stride1_i     (next_stride1),
    .stride2_i     (next_stride2),
    .step_i        (issue && !last_vector),
    .address_o     (address),
    .next_address_o(),
    .last_o        (last_vector)
  );
  /* verilator lint_on PINCONNECTEMPTY */

  always_ff @(posedge clk_i) begin
    active_q <= rst_ni && (start || (active_q && !instr_end));
    word_valid_q <= rst_ni && !start && (word_valid_q || issue);
    if (issue) word_q <= addr_o;
    if (start) begin
      first_q <= 1'b1;
      accumulate_q <= next_accumulate;
      dtype_q <= next_dtype;
      zero_point_q <= next_zero_point;
      column_first_q <= next_column_start[ColumnWidth-1:0];
      column_last_q <= ColumnWidth'(next_column_start + next_column_count - 8'd1);
      psum_base_q <= next_psum;
      psum_q <= next_psum;
      for (int unsigned i = 0; i < P; i++) begin
        mask_q[i] <= (i >= 32'(next_part_start)) &&
                     (i < 32'(next_part_start) + 32'(next_part_count));
      end
    end else if (issue) begin
      first_q <= last_vector;
      if (last_vector) accumulate_q <= 1'b1;
      psum_q <= last_vector ? psum_base_q : (psum_q + 1'b1);
    end
  end

  // ---- PSUM words that have been issued and not yet written -----------------------------------
  localparam int unsigned InFlight = HazardDistance - 1;

  logic [InFlight-1:0] flight_valid_q;
  logic [InFlight*PsumWidth-1:0] flight_psum_q;

  always_comb begin
    hazard = 1'b0;
    for (int unsigned i = 0; i < InFlight; i++) begin
      hazard = hazard | (accumulate_q && flight_valid_q[i] &&
                         (flight_psum_q[i*PsumWidth +: PsumWidth] == psum_q));
    end
  end

  always_ff @(posedge clk_i) begin
    flight_valid_q <= rst_ni ? {flight_valid_q[InFlight-2:0], issue} : '0;
    flight_psum_q <= {flight_psum_q[(InFlight-1)*PsumWidth-1:0], psum_q};
  end

  // ---- With the read data, one cycle after the grant ------------------------------------------
  always_ff @(posedge clk_i) begin
    read_valid_o <= issue && rst_ni;
    if (issue) begin
      read_kept_o <= kept;
      read_dtype_o <= dtype_q;
      read_zero_point_o <= zero_point_q;
      read_lane_o <= address[1:0];
      read_mask_o <= mask_q;
      vector_first_o <= first_q;
      vector_last_o <= last_vector && last_pass;
      vector_float_o <= (dtype_q != nc_pkg::DTYPE_INT8) && (dtype_q != nc_pkg::DTYPE_UINT8);
      vector_accumulate_o <= accumulate_q;
      vector_column_first_o <= column_first_q;
      vector_column_last_o <= column_last_q;
      vector_psum_o <= psum_q;
    end
  end

  `NC_ASSERT(InstrIsTaken, !instr_valid_i || instr_ready_o, clk_i, rst_ni)
  `NC_ASSERT_TEMPORAL(RefusedRequestStays, req_o && !gnt_i |=> req_o && $stable(addr_o), clk_i,
                      rst_ni)

endmodule

`default_nettype wire
