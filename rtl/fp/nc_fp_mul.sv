// SPDX-License-Identifier: Apache-2.0
//
// FP32 multiplication on a vector of lanes, two stages: the 24 x 24 bit product, then rounding
// (docs/numerics.md section 1). Stage s takes its input in a cycle with en_i[s].

`default_nettype none

module nc_fp_mul #(
  parameter int unsigned Lanes  = 1,
  parameter int unsigned AWidth = 24   // bits of a's significand, from the top; zeros below
) (
  input  logic                clk_i,
  input  logic [1:0]          en_i,
  input  logic [Lanes*32-1:0] a_i,
  input  logic [Lanes*32-1:0] b_i,
  output logic [Lanes*32-1:0] product_o
);

  // {0, nan, infinite, zero, sign, exponent[10:0], product[47:0]}, exponent biased and signed.
  logic [Lanes*64-1:0] product_q;

  function automatic logic [63:0] multiply(input logic [31:0] a, input logic [31:0] b);
    logic a_top;
    logic b_top;
    logic a_zero;
    logic b_zero;
    logic nan;
    logic [10:0] exponent;
    logic [AWidth-1:0] significand;  // of a
    logic [47:0] product;
    a_top = a[30:23] == 8'hFF;
    b_top = b[30:23] == 8'hFF;
    a_zero = a[30:23] == 8'd0;
    b_zero = b[30:23] == 8'd0;
    nan = (a_top && ((a[22:0] != 23'd0) || b_zero)) || (b_top && ((b[22:0] != 23'd0) || a_zero));
    exponent = {3'b0, a[30:23]} + {3'b0, b[30:23]} - 11'd127;
    significand = AWidth'({1'b1, a[22:0]} >> (24 - AWidth));
    product = (48'(significand) * {24'd0, 1'b1, b[22:0]}) << (24 - AWidth);
    multiply = {1'b0, nan, a_top | b_top, a_zero | b_zero, a[31] ^ b[31], exponent, product};
  endfunction

  function automatic logic [31:0] round(input logic [62:0] p);
    logic signed [11:0] exponent;
    exponent = $signed({p[58], p[58:48]});
    if (p[62]) begin
      round = nc_fp_pkg::CanonicalNan;
    end else if (p[61]) begin
      round = {p[59], 8'hFF, 23'd0};
    end else if (p[60]) begin
      round = {p[59], 31'd0};
    end else if (p[47]) begin
      round = nc_fp_pkg::round_pack(p[59], exponent + 12'sd1, p[46:24], p[23], |p[22:0]);
    end else begin
      round = nc_fp_pkg::round_pack(p[59], exponent, p[45:23], p[22], |p[21:0]);
    end
  endfunction

  always_ff @(posedge clk_i) begin
    if (en_i[0]) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        product_q[l*64 +: 64] <= multiply(a_i[l*32 +: 32], b_i[l*32 +: 32]);
      end
    end
    if (en_i[1]) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        product_o[l*32 +: 32] <= round(product_q[l*64 +: 63]);
      end
    end
  end

endmodule

`default_nettype wire
