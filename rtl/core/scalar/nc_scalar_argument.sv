// SPDX-License-Identifier: Apache-2.0
//
// Reduces the argument of a table function on a vector of lanes (docs/numerics.md section 6): which
// table entry, the offset d inside its segment, and what is to be done with the polynomial's value. Four stages;
// stage s takes its input in a cycle with en_i[s]. The entry's address leaves one stage earlier than the rest, so that the
// table's word and d arrive together.

`default_nettype none

module nc_scalar_argument #(
  parameter int unsigned Lanes      = nc_pkg::ScalarLanes,
  parameter int unsigned IndexWidth = $clog2(nc_pkg::TableEntries),
  // Of one lane: {special[1:0], sign, n[9:0]}. special: 0 none, 1 NaN, 2 infinity, 3 zero.
  parameter int unsigned FateWidth  = 13
) (
  input  logic       clk_i,
  input  logic [3:0] en_i,

  input  logic [nc_pkg::FuncWidth-1:0] func_i,
  input  logic [3:0]                   index_bits_i,
  input  logic [7:0]                   exp_min_i,
  input  logic [7:0]                   exp_max_i,
  input  logic [15:0]                  base_i,
  input  logic [15:0]                  negative_base_i,

  input  logic [Lanes*32-1:0]         t_i,
  output logic [Lanes*IndexWidth-1:0] index_o,  // after stage 2
  output logic [Lanes*32-1:0]         d_o,      // after stage 3
  output logic [Lanes*FateWidth-1:0]  fate_o    // after stage 3
);

  // log2(e) * 2^30 and 2^33 / (2 pi), rounded.
  localparam logic signed [31:0] Log2E      = 32'sd1549082005;
  localparam logic signed [31:0] Inverse2Pi = 32'sd1367130551;

  localparam logic [1:0] SpecialNan      = 2'd1;
  localparam logic [1:0] SpecialInfinity = 2'd2;
  localparam logic [1:0] SpecialZero     = 2'd3;

  logic fixed;  // exp and sin go by way of a fixed-point number
  logic sine;

  assign sine  = func_i == nc_pkg::FUNC_SIN;
  assign fixed = sine || (func_i == nc_pkg::FUNC_EXP);

  /* verilator lint_off UNUSEDSIGNAL */  // functions name whole words of which they use parts
  // t * 2^24, rounded to an integer and saturated.
  function automatic logic [31:0] to_fixed(input logic [31:0] t);
    logic [55:0] shifted;
    logic [7:0] right;
    logic [31:0] magnitude;
    right = 8'd126 - t[30:23];
    shifted = {1'b1, t[22:0], 32'd0} >> right[4:0];
    if (t[30:23] >= 8'd134) begin
      to_fixed = t[31] ? 32'h80000000 : 32'h7FFFFFFF;
    end else if (t[30:23] >= 8'd126) begin
      magnitude = {8'd0, 1'b1, t[22:0]} << (t[30:23] - 8'd126);
      to_fixed = t[31] ? -magnitude : magnitude;
    end else if (t[30:23] < 8'd101) begin
      to_fixed = 32'd0;
    end else begin
      magnitude = {8'd0, shifted[55:32]} +
                  {31'd0, shifted[31] & ((|shifted[30:0]) | shifted[32])};
      to_fixed = t[31] ? -magnitude : magnitude;
    end
  endfunction

  /* verilator lint_on UNUSEDSIGNAL */

  // ---- Stage 0: fixed point ---------------------------------------------------------------------
  logic [Lanes*32-1:0] t_q;
  logic [Lanes*32-1:0] z_q;

  always_ff @(posedge clk_i) begin
    if (en_i[0]) begin
      t_q <= t_i;
      if (fixed) begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          z_q[l*32 +: 32] <= to_fixed(t_i[l*32 +: 32]);
        end
      end
    end
  end

  // ---- Stage 1: times the constant ----------------------------------------------------------------
  logic [Lanes*32-1:0] t_qq;
  logic [Lanes*64-1:0] product_q;
  logic signed [31:0] factor;

  assign factor = sine ? Inverse2Pi : Log2E;

  always_ff @(posedge clk_i) begin
    if (en_i[1]) begin
      t_qq <= t_q;
      if (fixed) begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          product_q[l*64 +: 64] <= 64'($signed(z_q[l*32 +: 32])) * 64'(factor);
        end
      end
    end
  end

  // ---- Stage 2: segment -----------------------------------------------------------------------------
  // One lane's segment: {index[15:0], whole, sign, exponent[9:0], m[27:0]}. The offset is t itself
  // (whole) or m * 2^31 scaled so that m's bit 31 would have the biased exponent.
  localparam int unsigned SegmentWidth = 56;

  /* verilator lint_off UNUSEDSIGNAL */  // as above
  function automatic logic [SegmentWidth-1:0] segment(
      input logic [nc_pkg::FuncWidth-1:0] func, input logic [3:0] k, input logic [7:0] exp_min,
      input logic [7:0] exp_max, input logic [15:0] base, input logic [15:0] negative_base,
      input logic [31:0] t, input logic [63:0] product);
    logic [27:0] fraction;
    logic [15:0] range_base;
    logic [15:0] index;
    logic [22:0] top;
    logic [22:0] rest;
    logic odd;
    fraction = (func == nc_pkg::FUNC_SIN) ? product[56:29] : product[53:26];
    top = t[22:0] >> (5'd23 - {1'b0, k});
    rest = t[22:0] & ~(23'h7FFFFF << (5'd23 - {1'b0, k}));
    odd = !t[23];  // of e - 127
    range_base = t[31] ? negative_base : base;
    index = 16'd0;
    case (func)
      nc_pkg::FUNC_EXP, nc_pkg::FUNC_SIN: begin
        index = base + 16'(fraction >> (5'd28 - {1'b0, k}));
        segment = {index, 1'b0, 1'b0, 10'd130,
                   fraction & ~(28'hFFFFFFF << (5'd28 - {1'b0, k}))};
      end
      nc_pkg::FUNC_LOG, nc_pkg::FUNC_RECIP: begin
        index = base + top[15:0];
        segment = {index, 1'b0, 1'b0, 10'd135, 5'd0, rest};
      end
      nc_pkg::FUNC_SQRT, nc_pkg::FUNC_RSQRT: begin
        index = base + (odd ? (16'd1 << k) : 16'd0) + top[15:0];
        segment = {index, 1'b0, 1'b0, odd ? 10'd136 : 10'd135, 5'd0, rest};
      end
      default: begin
        if ((t[30:23] == 8'd0) || (t[30:23] < exp_min)) begin
          index = range_base;
          segment = {index, 1'b1, 39'd0};
        end else if (t[30:23] > exp_max) begin
          index = range_base + 16'd1 + (({8'd0, exp_max} - {8'd0, exp_min} + 16'd1) << k);
          segment = {index, 1'b1, 39'd0};
        end else begin
          index = range_base + 16'd1 + (({8'd0, t[30:23]} - {8'd0, exp_min}) << k) + top[15:0];
          segment = {index, 1'b0, t[31], {2'd0, t[30:23]} + 10'd8, 5'd0, rest};
        end
      end
    endcase
  endfunction

  // What becomes of the polynomial's value.
  function automatic logic [FateWidth-1:0] fate(input logic [nc_pkg::FuncWidth-1:0] func,
                                                input logic [31:0] t, input logic [63:0] product);
    logic signed [9:0] exponent;
    logic zero;
    logic infinite;
    logic [1:0] special;
    logic sign;
    logic [9:0] n;
    exponent = $signed({2'b00, t[30:23]}) - 10'sd127;
    zero = t[30:23] == 8'd0;
    infinite = t[30:23] == 8'hFF;
    special = 2'd0;
    sign = 1'b0;
    n = 10'd0;
    case (func)
      nc_pkg::FUNC_EXP: n = product[63:54];
      nc_pkg::FUNC_LOG: begin
        n = exponent;
        sign = zero;
        special = zero ? SpecialInfinity : t[31] ? SpecialNan : infinite ? SpecialInfinity : 2'd0;
      end
      nc_pkg::FUNC_RECIP: begin
        n = -exponent;
        sign = t[31];
        special = zero ? SpecialInfinity : infinite ? SpecialZero : 2'd0;
      end
      nc_pkg::FUNC_SQRT: begin
        n = exponent >>> 1;
        sign = zero && t[31];
        special = zero ? SpecialZero : t[31] ? SpecialNan : infinite ? SpecialInfinity : 2'd0;
      end
      nc_pkg::FUNC_RSQRT: begin
        n = -(exponent >>> 1);
        sign = zero && t[31];
        special = zero ? SpecialInfinity : t[31] ? SpecialNan : infinite ? SpecialZero : 2'd0;
      end
      default: n = 10'd0;
    endcase
    if (nc_fp_compare_pkg::is_nan(t)) special = SpecialNan;
    fate = {special, sign, n};
  endfunction

  /* verilator lint_on UNUSEDSIGNAL */

  logic [Lanes*32-1:0] t_qqq;
  logic [Lanes*SegmentWidth-1:0] segment_q;
  logic [Lanes*FateWidth-1:0] fate_q;

  always_ff @(posedge clk_i) begin
    if (en_i[2]) begin
      t_qqq <= t_qq;
      for (int unsigned l = 0; l < Lanes; l++) begin
        segment_q[l*SegmentWidth +: SegmentWidth] <= segment(
            func_i, index_bits_i, exp_min_i, exp_max_i, base_i, negative_base_i,
            t_qq[l*32 +: 32], product_q[l*64 +: 64]);
        fate_q[l*FateWidth +: FateWidth] <= fate(func_i, t_qq[l*32 +: 32],
                                                 product_q[l*64 +: 64]);
      end
    end
  end

  always_comb begin
    for (int unsigned l = 0; l < Lanes; l++) begin
      index_o[l*IndexWidth +: IndexWidth] = segment_q[l*SegmentWidth+40 +: IndexWidth];
    end
  end

  // ---- Stage 3: offset ------------------------------------------------------------------------------
  function automatic logic [31:0] offset(input logic [39:0] seg, input logic [31:0] t);
    if (seg[39]) begin
      offset = nc_fp_compare_pkg::canonical(t);
    end else begin
      offset = nc_fp_pkg::int_round(seg[38], $signed({2'b00, seg[37:28]}),
                                    nc_fp_pkg::int_normalize({4'd0, seg[27:0], 32'd0}));
    end
  endfunction

  always_ff @(posedge clk_i) begin
    if (en_i[3]) begin
      fate_o <= fate_q;
      for (int unsigned l = 0; l < Lanes; l++) begin
        d_o[l*32 +: 32] <= offset(segment_q[l*SegmentWidth +: 40], t_qqq[l*32 +: 32]);
      end
    end
  end

endmodule

`default_nettype wire
