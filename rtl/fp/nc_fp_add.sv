// SPDX-License-Identifier: Apache-2.0
//
// FP32 addition, combinational: sum_o = a_i + b_i by docs/numerics.md section 1. Users that need
// a pipeline register between its steps call the three functions of nc_fp_pkg themselves.

`default_nettype none

module nc_fp_add (
  input  logic [31:0] a_i,
  input  logic [31:0] b_i,
  output logic [31:0] sum_o
);

  always_comb begin
    sum_o = nc_fp_pkg::add_round(nc_fp_pkg::add_sum(nc_fp_pkg::add_align(a_i, b_i)));
  end

endmodule

`default_nettype wire
