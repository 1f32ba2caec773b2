// SPDX-License-Identifier: Apache-2.0
//
// One processing element: a signed multiplier and an adder, and the stationary operand.

`default_nettype none

module nc_pe #(
  parameter int unsigned MantissaWidth = 18,
  parameter int unsigned SumWidth      = 2 * MantissaWidth + 8
) (
  input  logic clk_i,

  // stationary: swap_i makes stationary_i the operand from the next cycle on
  input  logic                            swap_i,
  input  logic signed [MantissaWidth-1:0] stationary_i,

  // moving: with valid_i the register sum_o becomes sum_i plus the product
  input  logic                            valid_i,
  input  logic signed [MantissaWidth-1:0] moving_i,
  input  logic signed [SumWidth-1:0]      sum_i,
  output logic signed [SumWidth-1:0]      sum_o
);

  // 256 of these behind calls would halve the simulation speed.
  /* verilator inline_module */

  logic signed [MantissaWidth-1:0] active_q;

  always_ff @(posedge clk_i) begin
    if (valid_i) sum_o <= sum_i + SumWidth'(moving_i) * SumWidth'(active_q);
    if (swap_i) active_q <= stationary_i;
  end

endmodule

`default_nettype wire
