// SPDX-License-Identifier: Apache-2.0
//
// Delays words by Delay enabled cycles: a ring in registers or LUT RAM, of which one word moves in a
// cycle, where a shift register would move all.

`default_nettype none

module nc_delay_line #(
  parameter int unsigned Width = 32,
  parameter int unsigned Delay = 4  // at least 2
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             en_i,    // take data_i, move on
  input  logic [Width-1:0] data_i,
  output logic [Width-1:0] data_o   // data_i of Delay enabled cycles ago
);

  localparam int unsigned AW = $clog2(Delay);

  logic [Width-1:0] mem[Delay];
  logic [AW-1:0] place_q;

  assign data_o = mem[place_q];

  always_ff @(posedge clk_i) begin
    if (en_i) mem[place_q] <= data_i;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      place_q <= '0;
    end else if (en_i) begin
      place_q <= (place_q == AW'(Delay - 1)) ? '0 : (place_q + 1'b1);
    end
  end

endmodule

`default_nettype wire
