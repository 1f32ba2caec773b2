// SPDX-License-Identifier: Apache-2.0
//
// Delays lane k of a vector by Delay + k cycles, for row k of the systolic array. Valid bit and
// tag travel with it and go one row further, to the foot of the columns.

`default_nettype none

module nc_row_skew #(
  parameter int unsigned P           = nc_pkg::P,
  parameter int unsigned Width       = nc_pkg::MantissaWidth,
  parameter int unsigned TagWidth    = 1,
  parameter int unsigned RowTagWidth = 1,  // low bits of the tag that the rows use
  parameter int unsigned Delay       = 0   // 0 or 1
) (
  input  logic clk_i,
  input  logic rst_ni,

  input  logic                     valid_i,
  input  logic [P*Width-1:0]       data_i,
  input  logic [TagWidth-1:0]      tag_i,

  // row k at valid_o[k], data_o[k*Width +: Width] and row_tag_o[k*RowTagWidth +: RowTagWidth];
  // the foot of the columns at valid_o[P] and tag_o
  output logic [P:0]               valid_o,
  output logic [P*Width-1:0]       data_o,
  output logic [P*RowTagWidth-1:0] row_tag_o,
  output logic [TagWidth-1:0]      tag_o
);

  // Position s has passed s registers; row k takes position Delay + k.
  localparam int unsigned Depth = P + Delay;

  logic [Depth-1:0] valid_q;
  logic [Depth:0] valid;

  assign valid = {valid_q, valid_i};
  assign valid_o = valid[Depth:Delay];

  always_ff @(posedge clk_i) begin
    valid_q <= rst_ni ? valid[Depth-1:0] : '0;
  end

  for (genvar s = 0; s <= Depth; s++) begin : g_position
    // The lanes that have left are still copied here, for the speed of simulation; synthesis
    // removes them.
    /* verilator lint_off UNUSEDSIGNAL */
    logic [P*Width-1:0] data;
    /* verilator lint_on UNUSEDSIGNAL */
    logic [TagWidth-1:0] tag;

    if (s == 0) begin : g_in
      assign data = data_i;
      assign tag = tag_i;
    end else begin : g_register
      always_ff @(posedge clk_i) begin
        if (valid[s-1]) begin
          data <= g_position[s-1].data;
          tag <= g_position[s-1].tag;
        end
      end
    end

    if (s == Depth) begin : g_foot
      assign tag_o = tag;
    end else if (s >= Delay) begin : g_row
      assign data_o[(s-Delay)*Width +: Width] = data[(s-Delay)*Width +: Width];
      assign row_tag_o[(s-Delay)*RowTagWidth +: RowTagWidth] = tag[RowTagWidth-1:0];
    end
  end

endmodule

`default_nettype wire
