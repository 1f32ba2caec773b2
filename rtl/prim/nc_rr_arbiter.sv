// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Round-robin arbiter: grants one of the requests in the same cycle, first the lowest above the one
// granted last. The turn moves on only in a cycle with advance_i (the granted transfer happened),
// so that a grant stays put while a valid/ready handshake waits.
module nc_rr_arbiter #(
  parameter int unsigned N = 2
) (
  input  logic         clk_i,
  input  logic         rst_ni,

  input  logic [N-1:0] req_i,
  input  logic         advance_i,
  output logic [N-1:0] gnt_o       // one-hot, or zero when nothing is requested
);

  logic [N-1:0] above_q;  // requesters above the one granted last
  logic [N-1:0] first, candidates;

  // Isolates the lowest set bit: x & -x.
  assign candidates = |(req_i & above_q) ? req_i & above_q : req_i;
  assign first      = candidates & (~candidates + 1'b1);
  assign gnt_o      = first;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) above_q <= '0;
    else if (advance_i && |req_i) above_q <= ~(first | (first - 1'b1));
  end

endmodule

`default_nettype wire
