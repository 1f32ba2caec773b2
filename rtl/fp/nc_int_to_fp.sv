// SPDX-License-Identifier: Apache-2.0
//
// Signed integer times a power of two to FP32 with one rounding, combinational:
// fp_o = value_i * 2^exponent_i by docs/numerics.md section 1; a zero gives +0.

`default_nettype none

module nc_int_to_fp #(
  parameter int unsigned Width = 32  // bits of the integer, 2 to 64
) (
  input  logic signed [Width-1:0] value_i,
  input  logic signed [10:0]      exponent_i,
  output logic        [31:0]      fp_o
);

  logic [Width-1:0] magnitude;
  logic [63:0] justified;

  always_comb begin
    magnitude = value_i[Width-1] ? -value_i : value_i;
    justified = 64'(magnitude) << (64 - Width);
    // The top bit of the magnitude weighs 2^(Width - 1).
    fp_o = nc_fp_pkg::int_round(value_i[Width-1], 12'(exponent_i) + 12'sd126 + 12'(Width),
                                nc_fp_pkg::int_normalize(justified));
  end

endmodule

`default_nettype wire
