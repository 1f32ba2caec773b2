// SPDX-License-Identifier: Apache-2.0
//
// FP32 addition on a vector of lanes, two stages: align and add, then normalize and round
// (docs/numerics.md section 1). Stage s takes its input in a cycle with en_i[s].

`default_nettype none

module nc_fp_add_lanes #(
  parameter int unsigned Lanes = 1
) (
  input  logic                clk_i,
  input  logic [1:0]          en_i,
  input  logic                negate_a_i,
  input  logic                negate_b_i,
  input  logic [Lanes*32-1:0] a_i,
  input  logic [Lanes*32-1:0] b_i,
  output logic [Lanes*32-1:0] sum_o
);

  localparam int unsigned Pad = 64 - nc_fp_pkg::AddSumWidth;

  // One word of 64 bits for each lane; the upper bits are zero.
  logic [Lanes*64-1:0] sum_q;
  logic [31:0] flip_a;
  logic [31:0] flip_b;

  assign flip_a = {negate_a_i, 31'd0};
  assign flip_b = {negate_b_i, 31'd0};

  always_ff @(posedge clk_i) begin
    if (en_i[0]) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        sum_q[l*64 +: 64] <= {{Pad{1'b0}}, nc_fp_pkg::add_sum(nc_fp_pkg::add_align(
            a_i[l*32 +: 32] ^ flip_a, b_i[l*32 +: 32] ^ flip_b))};
      end
    end
    if (en_i[1]) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        sum_o[l*32 +: 32] <= nc_fp_pkg::add_round(sum_q[l*64 +: nc_fp_pkg::AddSumWidth]);
      end
    end
  end

endmodule

`default_nettype wire
