// SPDX-License-Identifier: Apache-2.0
//
// FP32 to a memory type on a vector of lanes, two stages (docs/numerics.md section 2). Stage s
// takes its input in a cycle with en_i[s]. The element is in the low bits of each lane's bits_o,
// the rest is 0.

`default_nettype none

module nc_cvt_out #(
  parameter int unsigned Lanes = 1
) (
  input  logic                          clk_i,
  input  logic [1:0]                    en_i,
  input  logic [nc_pkg::DtypeWidth-1:0] dtype_i,
  input  logic [7:0]                    zero_point_i,
  input  logic [Lanes*32-1:0]           value_i,
  output logic [Lanes*32-1:0]           bits_o
);

  // Float types: the element. Integers: {0, saturate, negative, guard, sticky, magnitude[30:0]}.
  logic [Lanes*64-1:0] partial_q;
  logic is_integer;
  logic signed [32:0] zero_point;
  logic signed [32:0] low;
  logic signed [32:0] high;

  assign is_integer = (dtype_i == nc_pkg::DTYPE_INT8) || (dtype_i == nc_pkg::DTYPE_UINT8) ||
                      (dtype_i == nc_pkg::DTYPE_INT32);

  // What is added to the rounded integer, and the range of the type.
  always_comb begin
    case (dtype_i)
      nc_pkg::DTYPE_INT8: begin
        zero_point = {{25{zero_point_i[7]}}, zero_point_i};
        low = -33'sd128;
        high = 33'sd127;
      end
      nc_pkg::DTYPE_UINT8: begin
        zero_point = {25'd0, zero_point_i};
        low = 33'sd0;
        high = 33'sd255;
      end
      default: begin
        zero_point = 33'sd0;
        low = {2'b11, 31'd0};
        high = {2'b00, {31{1'b1}}};
      end
    endcase
  end

  // The upper half of y rounded to nearest even; a carry moves on into the exponent.
  function automatic logic [15:0] to_bf16(input logic [31:0] y);
    if (nc_fp_compare_pkg::is_nan(y)) begin
      to_bf16 = 16'h7FC0;
    end else if (y[30:23] == 8'd0) begin
      to_bf16 = {y[31], 15'd0};
    end else begin
      to_bf16 = y[31:16] + {15'd0, y[15] & (y[16] | (|y[14:0]))};
    end
  endfunction

  function automatic logic [15:0] to_fp16(input logic [31:0] y);
    logic [17:0] rounded;  // exponent biased by 127, 10 bits of fraction
    rounded = y[30:13] + {17'd0, y[12] & (y[13] | (|y[11:0]))};
    if (nc_fp_compare_pkg::is_nan(y)) begin
      to_fp16 = 16'h7E00;
    end else if (rounded[17:10] > 8'd142) begin
      to_fp16 = {y[31], 15'h7C00};
    end else if (rounded[17:10] < 8'd113) begin
      to_fp16 = {y[31], 15'd0};
    end else begin
      to_fp16 = {y[31], rounded[14:10] - 5'd16, rounded[9:0]};  // 127 - 15 modulo 32
    end
  endfunction

  function automatic logic [63:0] to_fixed(input logic [31:0] y);
    logic [54:0] shifted;
    logic [4:0] distance;
    distance = 5'd29 - y[27:23];  // 157 - exponent, which is 0 to 31 where it counts
    shifted = {1'b1, y[22:0], 31'd0} >> distance;
    if (nc_fp_compare_pkg::is_nan(y) || (y[30:23] < 8'd126)) begin
      to_fixed = 64'd0;
    end else if (y[30:23] > 8'd157) begin
      to_fixed = {29'd0, 1'b1, y[31], 33'd0};
    end else begin
      to_fixed = {29'd0, 1'b0, y[31], shifted[23], |shifted[22:0], shifted[54:24]};
    end
  endfunction

  function automatic logic [31:0] round(input logic [34:0] partial,
                                        input logic signed [32:0] offset,
                                        input logic signed [32:0] minimum,
                                        input logic signed [32:0] maximum);
    logic signed [32:0] magnitude;
    logic signed [32:0] sum;
    magnitude = $signed({2'b00, partial[30:0]}) +
                $signed({32'd0, partial[32] & (partial[31] | partial[0])});
    sum = (partial[33] ? -magnitude : magnitude) + offset;
    if (partial[34]) begin
      round = partial[33] ? minimum[31:0] : maximum[31:0];
    end else if (sum < minimum) begin
      round = minimum[31:0];
    end else if (sum > maximum) begin
      round = maximum[31:0];
    end else begin
      round = sum[31:0];
    end
  endfunction

  // An 8-bit element fills the low byte only.
  logic [31:0] element_mask;
  assign element_mask = (dtype_i == nc_pkg::DTYPE_INT32) ? 32'hFFFFFFFF : 32'h000000FF;

  always_ff @(posedge clk_i) begin
    if (en_i[0]) begin
      if (is_integer) begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          partial_q[l*64 +: 64] <= to_fixed(value_i[l*32 +: 32]);
        end
      end else if (dtype_i == nc_pkg::DTYPE_BF16) begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          partial_q[l*64 +: 64] <= {48'd0, to_bf16(value_i[l*32 +: 32])};
        end
      end else if (dtype_i == nc_pkg::DTYPE_FP16) begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          partial_q[l*64 +: 64] <= {48'd0, to_fp16(value_i[l*32 +: 32])};
        end
      end else begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          partial_q[l*64 +: 64] <= {32'd0, nc_fp_compare_pkg::canonical(value_i[l*32 +: 32])};
        end
      end
    end
    if (en_i[1]) begin
      if (is_integer) begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          bits_o[l*32 +: 32] <= element_mask & round(partial_q[l*64 +: 35], zero_point, low, high);
        end
      end else begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          bits_o[l*32 +: 32] <= partial_q[l*64 +: 32];
        end
      end
    end
  end

endmodule

`default_nettype wire
