// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// First-in first-out queue with valid/ready on both sides and its head on the output (read in the
// same cycle, so storage is registers or LUT RAM). No path from an input to an output: a word that
// enters is seen one cycle later, and a full queue does not accept in the cycle that empties it.
module nc_fifo #(
  parameter int unsigned Width = 32,
  parameter int unsigned Depth = 4,    // words, at least 1

  localparam int unsigned AW = Depth > 1 ? $clog2(Depth) : 1,
  localparam int unsigned CW = $clog2(Depth + 1)
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic             valid_i,
  output logic             ready_o,
  input  logic [Width-1:0] data_i,

  output logic             valid_o,
  input  logic             ready_i,
  output logic [Width-1:0] data_o,

  output logic [CW-1:0]    count_o   // words held
);

  localparam logic [AW-1:0] LastAddr = AW'(Depth - 1);

  logic [Width-1:0] mem[Depth];
  logic [AW-1:0]    head_q, tail_q;
  logic [CW-1:0]    count_q;
  logic             push, pop;

  assign valid_o = count_q != '0;
  assign ready_o = count_q != CW'(Depth);
  assign count_o = count_q;
  assign push    = valid_i && ready_o;
  assign pop     = valid_o && ready_i;
  assign data_o  = mem[head_q];

  always_ff @(posedge clk_i) begin
    if (push) mem[tail_q] <= data_i;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      head_q  <= '0;
      tail_q  <= '0;
      count_q <= '0;
    end else if (push || pop) begin
      if (push) tail_q <= tail_q == LastAddr ? '0 : tail_q + 1'b1;
      if (pop)  head_q <= head_q == LastAddr ? '0 : head_q + 1'b1;
      if (push && !pop)      count_q <= count_q + 1'b1;
      else if (pop && !push) count_q <= count_q - 1'b1;
    end
  end

endmodule

`default_nettype wire
