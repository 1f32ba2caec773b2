// SPDX-License-Identifier: Apache-2.0
//
// The stationary walker: reads the P x column_count weights of one pass after the other, one
// column per cycle, and says for each which array column takes it.
//
//   for o2, o1, o0:
//     for m < column_count:  W[., column_start + m] = SBUF[base + o*stride + m*stride]
//
// The array has one set of shadow registers. Loading of a pass may begin in the cycle in which
// the first moving vector of the pass before it is issued, not earlier (docs/rtl.md).

`default_nettype none
`include "nc_assert.svh"

module nc_matmul_load #(
  parameter int unsigned P         = nc_pkg::P,
  parameter int unsigned SbufBytes = nc_pkg::SbufBytes,
  parameter int unsigned ReadWidth = $clog2(SbufBytes / 4)
) (
  input  logic clk_i,
  input  logic rst_ni,

  // instruction, valid only when ready; ready does not depend on this cycle's grant
  input  logic          instr_valid_i,
  output logic          instr_ready_o,
  input  logic [nc_pkg::InstructionBits-1:0] instr_i,

  // stream walker: it may / does issue the first vector of the pass that is loaded;
  // loaded_o: such a pass is there
  output logic loaded_o,
  input  logic first_request_i,
  input  logic first_issue_i,

  // SBUF stationary read port (seam 2)
  output logic                 req_o,
  output logic [ReadWidth-1:0] addr_o,
  input  logic                 gnt_i,

  // to the aligner, in the cycle of the read data
  output logic                          read_valid_o,
  output logic [nc_pkg::DtypeWidth-1:0] read_dtype_o,
  output logic [7:0]                    read_zero_point_o,
  output logic [1:0]                    read_lane_o,
  output logic [P-1:0]                  read_mask_o,
  output logic [$clog2(P)-1:0]          read_column_o
);

  localparam int unsigned AddressWidth = $clog2(SbufBytes);
  localparam int unsigned ColumnWidth = $clog2(P);

  localparam int unsigned InstrWidth =
      nc_pkg::DtypeWidth + 32 + ColumnWidth + 5 * AddressWidth + 48;

  // The walker reads its own fields only; addresses have been checked, so their high bits are 0.
  /* verilator lint_off UNUSEDSIGNAL */
  nc_pkg::tensor_instr_t instr;
  /* verilator lint_on UNUSEDSIGNAL */
  assign instr = instr_i;

  // ---- Instructions wait here for the one that is being loaded --------------------------------
  logic next_valid;
  logic [nc_pkg::DtypeWidth-1:0] next_dtype;
  logic [7:0] next_zero_point;
  logic [7:0] next_part_start;
  logic [7:0] next_part_count;
  logic [ColumnWidth-1:0] next_column_start;
  logic [7:0] next_column_count;
  logic [AddressWidth-1:0] next_base;
  logic [AddressWidth-1:0] next_stride;
  logic [15:0] next_size0;
  logic [15:0] next_size1;
  logic [15:0] next_size2;
  logic [AddressWidth-1:0] next_outer_stride0;
  logic [AddressWidth-1:0] next_outer_stride1;
  logic [AddressWidth-1:0] next_outer_stride2;
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
    .data_i ({instr.stationary_dtype, instr.stationary_zero_point, instr.part_start,
              instr.part_count, instr.column_start[ColumnWidth-1:0], instr.column_count,
              instr.stationary_base[AddressWidth-1:0], instr.stationary_stride[AddressWidth-1:0],
              instr.outer_size0, instr.outer_size1, instr.outer_size2,
              instr.stationary_outer_stride0[AddressWidth-1:0],
              instr.stationary_outer_stride1[AddressWidth-1:0],
              instr.stationary_outer_stride2[AddressWidth-1:0]}),
    .valid_o(next_valid),
    .ready_i(start),
    .data_o ({next_dtype, next_zero_point, next_part_start, next_part_count, next_column_start,
              next_column_count, next_base, next_stride, next_size0, next_size1, next_size2,
              next_outer_stride0, next_outer_stride1, next_outer_stride2}),
    .count_o()
  );
  /* verilator lint_on PINCONNECTEMPTY */

  // ---- The instruction that is being loaded ---------------------------------------------------
  logic active_q;
  logic begun_q;        // the present pass has issued its first column
  logic shadow_free_q;  // the next pass may be loaded
  logic loaded_q;
  logic [nc_pkg::DtypeWidth-1:0] dtype_q;
  logic [7:0] zero_point_q;
  logic [P-1:0] mask_q;
  logic [ColumnWidth-1:0] column_start_q;
  logic [ColumnWidth-1:0] column_q;

  logic issue;
  logic pass_end;
  logic instr_end;
  logic last_column;
  logic last_pass;
  logic [AddressWidth-1:0] address;
  logic [AddressWidth-1:0] next_pass_address;

  // A request may be made for the very cycle in which the shadow becomes free; its data counts
  // only when the stream's vector is really issued.
  assign req_o = active_q && (begun_q || shadow_free_q || first_request_i);
  assign addr_o = address[AddressWidth-1:2];
  assign issue = req_o && gnt_i && (begun_q || shadow_free_q || first_issue_i);
  assign pass_end = issue && last_column;
  assign instr_end = pass_end && last_pass;
  assign start = next_valid && (!active_q || instr_end);
  assign loaded_o = loaded_q;

  /* verilator lint_off PINCONNECTEMPTY */
  nc_affine_walker #(
    .AddressWidth(AddressWidth)
  ) u_passes (
    .clk_i,
    .configure_i   (start),
    .restart_i     (1'b0),
    .base_i        (next_base),
    .size0_i       (next_size0),
    .size1_i       (next_size1),
    .size2_i       (next_size2),
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
  ) u_columns (
    .clk_i,
    .configure_i   (start),
    .restart_i     (pass_end),
    .base_i        (start ? next_base : next_pass_address),
    .size0_i       (16'(next_column_count)),
    .size1_i       (16'd1),
    .size2_i       (16'd1),
    .stride0_i     (next_stride),
    .stride1_i     ('0),
    .stride2_i     ('0),
    .step_i        (issue && !last_column),
    .address_o     (address),
    .next_address_o(),
    .last_o        (last_column)
  );
  /* verilator lint_on PINCONNECTEMPTY */

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      begun_q <= 1'b0;
      shadow_free_q <= 1'b1;
      loaded_q <= 1'b0;
    end else begin
      active_q <= start || (active_q && !instr_end);
      if (issue) begun_q <= !last_column;
      if (issue && !begun_q) begin
        // Uses the place that is free already or becomes free in this cycle.
        shadow_free_q <= shadow_free_q && first_issue_i;
      end else if (first_issue_i) begin
        shadow_free_q <= 1'b1;
      end
      if (pass_end) begin
        loaded_q <= 1'b1;
      end else if (first_issue_i) begin
        loaded_q <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) begin
      dtype_q <= next_dtype;
      zero_point_q <= next_zero_point;
      column_start_q <= next_column_start;
      for (int unsigned i = 0; i < P; i++) begin
        mask_q[i] <= (i >= 32'(next_part_start)) &&
                     (i < 32'(next_part_start) + 32'(next_part_count));
      end
    end
    if (start || pass_end) begin
      column_q <= start ? next_column_start : column_start_q;
    end else if (issue) begin
      column_q <= column_q + 1'b1;
    end
  end

  // ---- With the read data, one cycle after the grant ------------------------------------------
  always_ff @(posedge clk_i) begin
    read_valid_o <= issue && rst_ni;
    if (issue) begin
      read_dtype_o <= dtype_q;
      read_zero_point_o <= zero_point_q;
      read_lane_o <= address[1:0];
      read_mask_o <= mask_q;
      read_column_o <= column_q;
    end
  end

  `NC_ASSERT(FirstIssueNeedsLoadedPass, !first_issue_i || loaded_q, clk_i, rst_ni)
  `NC_ASSERT(LoadedPassIsNotOverwritten, !issue || begun_q || !loaded_q || first_issue_i, clk_i,
             rst_ni)
  `NC_ASSERT(InstrIsTaken, !instr_valid_i || instr_ready_o, clk_i, rst_ni)
  `NC_ASSERT_TEMPORAL(RefusedRequestStays, req_o && !gnt_i |=> req_o && $stable(addr_o), clk_i,
                      rst_ni)

endmodule

`default_nettype wire
