// SPDX-License-Identifier: Apache-2.0
//
// Turns a vector of P memory words into signed integers with one shared exponent
// (docs/numerics.md section 3). Three pipeline stages, one vector per cycle:
//   1 unpack   pick the element out of the word, widen it to FP32 or subtract the zero-point
//   2 maximum  the largest exponent of the vector
//   3 shift    align every significand to it, round, saturate

`default_nettype none

module nc_aligner #(
  parameter int unsigned P             = nc_pkg::P,
  parameter int unsigned MantissaWidth = nc_pkg::MantissaWidth,
  parameter int unsigned TagWidth      = 1
) (
  input  logic clk_i,
  input  logic rst_ni,

  // in: a vector in each cycle with valid_i; elements start at byte lane_i of their words,
  // partitions outside mask_i count as zeros
  input  logic                       valid_i,
  input  logic [nc_pkg::DtypeWidth-1:0] dtype_i,
  input  logic [7:0]                 zero_point_i,
  input  logic [1:0]                 lane_i,
  input  logic [P-1:0]               mask_i,
  input  logic [P*32-1:0]            data_i,
  input  logic [TagWidth-1:0]        tag_i,

  // out: three cycles later; tag_o is the vector's tag_i
  output logic                       valid_o,
  output logic [P*MantissaWidth-1:0] q_o,
  output logic [7:0]                 emax_o,
  output logic                       poisoned_o,
  output logic [TagWidth-1:0]        tag_o
);

  localparam int unsigned Leaves = 1 << $clog2(P);
  localparam int unsigned ShiftWidth = 24 + MantissaWidth;

  // One element as FP32 bits, or as a signed integer in the low 9 bits. Subnormals keep their
  // fraction: an exponent field of 0 marks a zero.
  function automatic logic [31:0] unpack(input logic [31:0] word, input logic [1:0] lane,
                                         input logic [nc_pkg::DtypeWidth-1:0] dtype,
                                         input logic [7:0] zero_point);
    logic [15:0] half;
    logic [7:0] octet;
    logic signed [8:0] difference;
    half = lane[1] ? word[31:16] : word[15:0];
    octet = lane[0] ? half[15:8] : half[7:0];
    difference = $signed({octet[7] & (dtype == nc_pkg::DTYPE_INT8), octet}) -
                 $signed({zero_point[7] & (dtype == nc_pkg::DTYPE_INT8), zero_point});
    unique case (dtype)
      nc_pkg::DTYPE_FP32: unpack = word;
      nc_pkg::DTYPE_BF16: unpack = {half, 16'b0};
      nc_pkg::DTYPE_FP16: begin
        unique case (half[14:10])
          5'd0:    unpack = {half[15], 31'b0};
          5'd31:   unpack = {half[15], 8'hFF, half[9:0], 13'b0};
          default: unpack = {half[15], {3'b0, half[14:10]} + 8'd112, half[9:0], 13'b0};
        endcase
      end
      default: unpack = {23'b0, difference};
    endcase
  endfunction

  // The largest of P exponents, as a balanced tree: node i is the larger of nodes 2i and 2i + 1.
  function automatic logic [7:0] maximum(input logic [P*8-1:0] exponents);
    logic [2*Leaves*8-1:0] node;
    node = '0;
    node[Leaves*8 +: P*8] = exponents;
    for (int unsigned i = Leaves - 1; i >= 1; i--) begin
      node[i*8 +: 8] = (node[2*i*8 +: 8] > node[(2*i+1)*8 +: 8]) ? node[2*i*8 +: 8]
                                                                  : node[(2*i+1)*8 +: 8];
    end
    maximum = node[8 +: 8];
  endfunction

  // A significand moved distance places below the largest exponent.
  function automatic logic [MantissaWidth-1:0] align(input logic [31:0] value,
                                                     input logic [7:0] emax);
    logic [7:0] distance;
    logic [ShiftWidth-1:0] shifted;
    logic [MantissaWidth-1:0] rounded;
    logic up;
    distance = emax - value[30:23];
    if (value[30:23] == 8'd0 || distance >= 8'(MantissaWidth)) begin
      align = '0;
    end else begin
      shifted = {1'b1, value[22:0], {MantissaWidth{1'b0}}} >> distance;
      up = shifted[24] & ((|shifted[23:0]) | shifted[25]);
      rounded = {1'b0, shifted[ShiftWidth-1:25]} + {{(MantissaWidth - 1){1'b0}}, up};
      if (rounded[MantissaWidth-1]) rounded = {1'b0, {(MantissaWidth - 1){1'b1}}};
      align = value[31] ? -rounded : rounded;
    end
  endfunction

  logic valid1_q;
  logic valid2_q;
  logic float1_q;
  logic float2_q;
  logic [P*8-1:0] exponents;
  logic [7:0] emax2_q;
  logic poisoned2_q;
  logic [TagWidth-1:0] tag1_q;
  logic [TagWidth-1:0] tag2_q;

  for (genvar i = 0; i < P; i++) begin : g_operand
    logic [31:0] value1_q;
    logic [31:0] value2_q;
    logic [MantissaWidth-1:0] q_q;

    always_ff @(posedge clk_i) begin
      if (valid_i) begin
        value1_q <= mask_i[i] ? unpack(data_i[i*32 +: 32], lane_i, dtype_i, zero_point_i) : '0;
      end
      if (valid1_q) value2_q <= value1_q;
      if (valid2_q) begin
        if (!float2_q) begin
          q_q <= MantissaWidth'($signed(value2_q[8:0]));
        end else if (poisoned2_q) begin
          q_q <= '0;
        end else begin
          q_q <= align(value2_q, emax2_q);
        end
      end
    end

    assign exponents[i*8 +: 8] = float1_q ? value1_q[30:23] : 8'd0;
    assign q_o[i*MantissaWidth +: MantissaWidth] = q_q;
  end

  always_ff @(posedge clk_i) begin
    valid1_q <= valid_i & rst_ni;
    valid2_q <= valid1_q & rst_ni;
    valid_o <= valid2_q & rst_ni;
    if (valid_i) begin
      float1_q <= (dtype_i != nc_pkg::DTYPE_INT8) && (dtype_i != nc_pkg::DTYPE_UINT8);
      tag1_q <= tag_i;
    end
    if (valid1_q) begin
      float2_q <= float1_q;
      tag2_q <= tag1_q;
      emax2_q <= maximum(exponents);
      poisoned2_q <= (maximum(exponents) == 8'hFF);
    end
    if (valid2_q) begin
      tag_o <= tag2_q;
      emax_o <= emax2_q;
      poisoned_o <= poisoned2_q;
    end
  end

endmodule

`default_nettype wire
