// SPDX-License-Identifier: Apache-2.0
//
// Memory words to FP32 on a vector of lanes, two stages (docs/numerics.md section 2). Stage s takes
// its input in a cycle with en_i[s]. The element of each lane's word begins at byte offset_i.

`default_nettype none

module nc_cvt_in #(
  parameter int unsigned Lanes = 1
) (
  input  logic                          clk_i,
  input  logic [1:0]                    en_i,
  input  logic [nc_pkg::DtypeWidth-1:0] dtype_i,
  input  logic [7:0]                    zero_point_i,
  input  logic [Lanes*32-1:0]           int_bias_i,    // added to INT32 elements, modulo 2^32
  input  logic [Lanes*32-1:0]           word_i,
  input  logic [1:0]                    offset_i,
  output logic [Lanes*32-1:0]           value_o
);

  logic is_integer;
  // FP32 for the float types, else the integer.
  logic [Lanes*32-1:0] element_q;

  assign is_integer = (dtype_i == nc_pkg::DTYPE_INT8) || (dtype_i == nc_pkg::DTYPE_UINT8) ||
                      (dtype_i == nc_pkg::DTYPE_INT32);

  function automatic logic [31:0] half_to_fp32(input logic [15:0] h);
    if (h[14:10] == 5'd0) begin
      half_to_fp32 = {h[15], 31'd0};
    end else if (h[14:10] == 5'd31) begin
      half_to_fp32 = (h[9:0] == 10'd0) ? {h[15], 8'hFF, 23'd0} : nc_fp_pkg::CanonicalNan;
    end else begin
      half_to_fp32 = {h[15], {3'd0, h[14:10]} + 8'd112, h[9:0], 13'd0};
    end
  endfunction

  function automatic logic [31:0] extract(input logic [nc_pkg::DtypeWidth-1:0] dtype,
                                          input logic [7:0] zero_point, input logic [31:0] bias,
                                          input logic [31:0] word, input logic [1:0] offset);
    logic [15:0] half;
    logic [7:0] low;
    half = offset[1] ? word[31:16] : word[15:0];
    low = offset[0] ? half[15:8] : half[7:0];
    case (dtype)
      nc_pkg::DTYPE_BF16: extract = nc_fp_compare_pkg::canonical({half, 16'd0});
      nc_pkg::DTYPE_FP16: extract = half_to_fp32(half);
      nc_pkg::DTYPE_INT8: extract = {{24{low[7]}}, low} - {{24{zero_point[7]}}, zero_point};
      nc_pkg::DTYPE_UINT8: extract = {24'd0, low} - {24'd0, zero_point};
      nc_pkg::DTYPE_INT32: extract = word + bias;
      default: extract = nc_fp_compare_pkg::canonical(word);
    endcase
  endfunction

  function automatic logic [31:0] int_to_fp32(input logic [31:0] value);
    logic [31:0] magnitude;
    magnitude = value[31] ? -value : value;
    int_to_fp32 = nc_fp_pkg::int_round(value[31], 12'sd158,
                                       nc_fp_pkg::int_normalize({magnitude, 32'd0}));
  endfunction

  always_ff @(posedge clk_i) begin
    if (en_i[0]) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        element_q[l*32 +: 32] <= extract(dtype_i, zero_point_i, int_bias_i[l*32 +: 32],
                                         word_i[l*32 +: 32], offset_i);
      end
    end
    if (en_i[1]) begin
      if (is_integer) begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          value_o[l*32 +: 32] <= int_to_fp32(element_q[l*32 +: 32]);
        end
      end else begin
        value_o <= element_q;
      end
    end
  end

endmodule

`default_nettype wire
