// SPDX-License-Identifier: Apache-2.0
//
// FP32 arithmetic as functions (docs/numerics.md section 1). A pipeline calls them inside the
// `if (valid)` of its `always_ff`, so that an empty stage computes nothing in simulation; the
// modules nc_fp_add and nc_int_to_fp are the same arithmetic as combinational blocks.
//
// The sum of a and b is add_round(add_sum(add_align(a, b))); a register may stand between any two.

`default_nettype none

package nc_fp_pkg;

  localparam int unsigned AddAlignedWidth = 62;
  localparam int unsigned AddSumWidth = 38;
  localparam int unsigned IntNormalWidth = 32;

  localparam logic [31:0] CanonicalNan = 32'h7FC00000;

  // Rounds to nearest even and packs. The value is 1.fraction * 2^(exponent - 127); guard is the
  // first bit below the fraction and sticky the OR of those below guard.
  function automatic logic [31:0] round_pack(
      input logic sign, input logic signed [11:0] exponent, input logic [22:0] fraction,
      input logic guard, input logic sticky);
    // A carry out of the fraction leaves zeros there and moves on into the exponent.
    logic [34:0] rounded;
    logic signed [11:0] e;
    rounded = {exponent, fraction} + {34'b0, guard & (sticky | fraction[0])};
    e = $signed(rounded[34:23]);
    if (e >= 12'sd255) begin
      round_pack = {sign, 8'hFF, 23'b0};
    end else if (e <= 12'sd0) begin
      round_pack = {sign, 31'b0};
    end else begin
      round_pack = {sign, rounded[30:0]};
    end
  endfunction

  // First third of an addition: order by magnitude and align.
  // Result: {nan, sign, subtract, exponent[7:0], larger[23:0], smaller[26:0]}; smaller carries
  // guard, round and sticky bits.
  function automatic logic [AddAlignedWidth-1:0] add_align(input logic [31:0] a,
                                                           input logic [31:0] b);
    logic [31:0] x;
    logic [31:0] y;
    logic [23:0] mx;
    logic [23:0] my;
    logic [7:0] distance;
    logic [49:0] shifted;
    logic nan;
    logic sign;
    x = (a[30:0] < b[30:0]) ? b : a;
    y = (a[30:0] < b[30:0]) ? a : b;
    mx = (x[30:23] == 8'd0) ? 24'd0 : {1'b1, x[22:0]};
    my = (y[30:23] == 8'd0) ? 24'd0 : {1'b1, y[22:0]};
    distance = x[30:23] - y[30:23];
    shifted = {my, 26'b0} >> ((distance > 8'd26) ? 8'd26 : distance);
    // x has the larger magnitude, so a NaN is always in x.
    nan = (x[30:23] == 8'hFF) && ((x[22:0] != 23'd0) || ((y[30:23] == 8'hFF) && (x[31] != y[31])));
    // Two zeros give a negative zero only when both are negative.
    sign = x[31] & ((x[30:23] != 8'd0) | y[31]);
    add_align = {nan, sign, x[31] ^ y[31], x[30:23], mx, shifted[49:24], |shifted[23:0]};
  endfunction

  // Second third: add or subtract the magnitudes. Result: {nan, sign, exponent[7:0], sum[27:0]}.
  function automatic logic [AddSumWidth-1:0] add_sum(input logic [AddAlignedWidth-1:0] aligned);
    logic [27:0] sum;
    if (aligned[59]) begin
      sum = {1'b0, aligned[50:27], 3'b0} - {1'b0, aligned[26:0]};
    end else begin
      sum = {1'b0, aligned[50:27], 3'b0} + {1'b0, aligned[26:0]};
    end
    // Exact cancellation gives a positive zero.
    add_sum = {aligned[61], aligned[60] & ~(aligned[59] & (sum == 28'd0)), aligned[58:51], sum};
  endfunction

  // Last third: normalize, round, pack.
  function automatic logic [31:0] add_round(input logic [AddSumWidth-1:0] s);
    logic [27:0] norm;
    logic [4:0] zeros;
    norm = s[27:0];
    zeros = 5'd0;
    if (norm[27:12] == 16'd0) begin
      norm = {norm[11:0], 16'b0};
      zeros[4] = 1'b1;
    end
    if (norm[27:20] == 8'd0) begin
      norm = {norm[19:0], 8'b0};
      zeros[3] = 1'b1;
    end
    if (norm[27:24] == 4'd0) begin
      norm = {norm[23:0], 4'b0};
      zeros[2] = 1'b1;
    end
    if (norm[27:26] == 2'd0) begin
      norm = {norm[25:0], 2'b0};
      zeros[1] = 1'b1;
    end
    if (!norm[27]) begin
      norm = {norm[26:0], 1'b0};
      zeros[0] = 1'b1;
    end
    if (s[37]) begin
      add_round = nc_fp_pkg::CanonicalNan;
    end else if (s[35:28] == 8'hFF) begin
      add_round = {s[36], 8'hFF, 23'b0};
    end else if (!norm[27]) begin
      add_round = {s[36], 31'b0};
    end else begin
      add_round = nc_fp_pkg::round_pack(
          s[36], $signed({4'b0, s[35:28]}) + 12'sd1 - $signed({7'b0, zeros}), norm[26:4],
          norm[3], |norm[2:0]);
    end
  endfunction

  // Normalizes a left-justified magnitude. Result: {zeros[5:0], m[23:0], guard, sticky}, zeros
  // being the leading zeros of the magnitude; m[23] is 0 only for a zero magnitude.
  function automatic logic [IntNormalWidth-1:0] int_normalize(input logic [63:0] magnitude);
    logic [63:0] norm;
    logic [5:0] zeros;
    norm = magnitude;
    zeros = 6'd0;
    if (norm[63:32] == 32'd0) begin
      norm = {norm[31:0], 32'b0};
      zeros[5] = 1'b1;
    end
    if (norm[63:48] == 16'd0) begin
      norm = {norm[47:0], 16'b0};
      zeros[4] = 1'b1;
    end
    if (norm[63:56] == 8'd0) begin
      norm = {norm[55:0], 8'b0};
      zeros[3] = 1'b1;
    end
    if (norm[63:60] == 4'd0) begin
      norm = {norm[59:0], 4'b0};
      zeros[2] = 1'b1;
    end
    if (norm[63:62] == 2'd0) begin
      norm = {norm[61:0], 2'b0};
      zeros[1] = 1'b1;
    end
    if (!norm[63]) begin
      norm = {norm[62:0], 1'b0};
      zeros[0] = 1'b1;
    end
    int_normalize = {zeros, norm[63:40], norm[39], |norm[38:0]};
  endfunction

  // Rounds a normalized integer. exponent is the biased exponent that the value would have
  // with zeros = 0.
  function automatic logic [31:0] int_round(input logic sign, input logic signed [11:0] exponent,
                                            input logic [IntNormalWidth-1:0] normal);
    if (!normal[25]) begin
      int_round = 32'd0;
    end else begin
      int_round = nc_fp_pkg::round_pack(sign, exponent - $signed({6'b0, normal[31:26]}),
                                        normal[24:2], normal[1], normal[0]);
    end
  endfunction

endpackage

`default_nettype wire
