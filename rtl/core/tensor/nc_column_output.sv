// SPDX-License-Identifier: Apache-2.0
//
// The foot of one column (docs/numerics.md section 4): the exact dot product becomes a slice
// result, INT32 or FP32, and is added to a PSUM word. Six pipeline stages, one vector per cycle:
//   0 magnitude   sign and magnitude, exponent of the product
//   1 normalize   count and remove leading zeros
//   2 round       FP32 slice result (the PSUM read is requested in this cycle)
//   3 align       PSUM word and slice result; the integer addition
//   4 sum
//   5 round       result_o, to be written in the following cycle

`default_nettype none

module nc_column_output #(
  parameter int unsigned MantissaWidth = nc_pkg::MantissaWidth,
  parameter int unsigned SumWidth      = 2 * MantissaWidth + 8
) (
  input  logic clk_i,

  // stationary vector of this column: load_i stores a new exponent, swap_i makes it active
  input  logic       load_i,
  input  logic [7:0] load_emax_i,
  input  logic       load_poisoned_i,
  input  logic       swap_i,

  // stage controls, common to all columns: stage s works when valid_i[s], on floats if float_i[s]
  input  logic [5:0] valid_i,
  input  logic [5:0] float_i,

  // stage 0: the dot product and its moving vector
  input  logic signed [SumWidth-1:0] sum_i,
  input  logic [7:0]                 emax_i,
  input  logic                       poisoned_i,

  // stage 3: the PSUM word, used with accumulate_i
  input  logic        accumulate_i,
  input  logic [31:0] psum_i,

  // one cycle after stage 5, and one cycle after stage 3 for overflow_o
  output logic [31:0] result_o,
  output logic        overflow_o
);

  // Biased exponent of a sum whose leading one is the top bit of SumWidth bits, less both emax.
  localparam logic signed [11:0] ExponentBias = 12'(SumWidth + 4096 - 2 * MantissaWidth - 124);

  logic [7:0] shadow_emax_q;
  logic [7:0] active_emax_q;
  logic shadow_poisoned_q;
  logic active_poisoned_q;

  always_ff @(posedge clk_i) begin
    if (swap_i) begin
      active_emax_q <= shadow_emax_q;
      active_poisoned_q <= shadow_poisoned_q;
    end
    if (load_i) begin
      shadow_emax_q <= load_emax_i;
      shadow_poisoned_q <= load_poisoned_i;
    end
  end

  // Stages 0 to 2. Integers pass in the low bits of the same registers.
  logic [SumWidth-1:0] magnitude_q;
  logic [nc_fp_pkg::IntNormalWidth-1:0] normal_q;
  logic [31:0] slice_q;
  logic signed [11:0] exponent0_q;
  logic signed [11:0] exponent1_q;
  logic sign0_q;
  logic sign1_q;
  logic poisoned0_q;
  logic poisoned1_q;

  always_ff @(posedge clk_i) begin
    if (valid_i[0]) begin
      magnitude_q <= (float_i[0] && sum_i[SumWidth-1]) ? -sum_i : sum_i;
      sign0_q <= sum_i[SumWidth-1];
      exponent0_q <= $signed({4'b0, emax_i}) + $signed({4'b0, active_emax_q}) + ExponentBias;
      poisoned0_q <= poisoned_i | active_poisoned_q;
    end
    if (valid_i[1]) begin
      normal_q <= float_i[1] ? nc_fp_pkg::int_normalize({magnitude_q, {(64 - SumWidth){1'b0}}})
                             : 32'($signed(magnitude_q[((SumWidth < 32) ? SumWidth : 32)-1:0]));
      sign1_q <= sign0_q;
      exponent1_q <= exponent0_q;
      poisoned1_q <= poisoned0_q;
    end
    if (valid_i[2]) begin
      if (!float_i[2]) begin
        slice_q <= normal_q;
      end else if (poisoned1_q) begin
        slice_q <= nc_fp_pkg::CanonicalNan;
      end else begin
        slice_q <= nc_fp_pkg::int_round(sign1_q, exponent1_q, normal_q);
      end
    end
  end

  // Stages 3 to 5. To overwrite is to add the neutral element: 0, or -0 in floating point.
  logic [31:0] operand;
  logic [31:0] int_sum;
  logic [nc_fp_pkg::AddAlignedWidth-1:0] aligned_q;
  logic [nc_fp_pkg::AddSumWidth-1:0] sum_q;

  assign operand = accumulate_i ? psum_i : {float_i[3], 31'b0};
  assign int_sum = operand + slice_q;

  always_ff @(posedge clk_i) begin
    if (valid_i[3]) begin
      aligned_q <= float_i[3] ? nc_fp_pkg::add_align(operand, slice_q)
                              : nc_fp_pkg::AddAlignedWidth'(int_sum);
      overflow_o <= !float_i[3] && (operand[31] == slice_q[31]) && (int_sum[31] != slice_q[31]);
    end
    if (valid_i[4]) begin
      sum_q <= float_i[4] ? nc_fp_pkg::add_sum(aligned_q)
                          : nc_fp_pkg::AddSumWidth'(aligned_q[31:0]);
    end
    if (valid_i[5]) begin
      result_o <= float_i[5] ? nc_fp_pkg::add_round(sum_q) : sum_q[31:0];
    end
  end

endmodule

`default_nettype wire
