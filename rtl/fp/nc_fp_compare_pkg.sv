// SPDX-License-Identifier: Apache-2.0
//
// FP32 comparisons as functions (docs/numerics.md section 1): subnormals are zeros, the two zeros
// are equal, comparisons with a NaN are false.

`default_nettype none

package nc_fp_compare_pkg;

  localparam logic [31:0] One = 32'h3F800000;

  /* verilator lint_off UNUSEDSIGNAL */  // a NaN has no sign
  function automatic logic is_nan(input logic [31:0] x);
    is_nan = (x[30:23] == 8'hFF) && (x[22:0] != 23'd0);
  endfunction
  /* verilator lint_on UNUSEDSIGNAL */

  // x as an element is read: a subnormal becomes a zero of its sign, a NaN the canonical one.
  function automatic logic [31:0] canonical(input logic [31:0] x);
    if (x[30:23] == 8'd0) begin
      canonical = {x[31], 31'd0};
    end else if ((x[30:23] == 8'hFF) && (x[22:0] != 23'd0)) begin
      canonical = 32'h7FC00000;
    end else begin
      canonical = x;
    end
  endfunction

  // A signed integer that orders as the numbers do (NaNs apart).
  function automatic logic signed [31:0] key(input logic [31:0] x);
    logic [31:0] magnitude;
    magnitude = (x[30:23] == 8'd0) ? 32'd0 : {1'b0, x[30:0]};
    key = x[31] ? $signed(-magnitude) : $signed(magnitude);
  endfunction

  function automatic logic less(input logic [31:0] a, input logic [31:0] b);
    less = !nc_fp_compare_pkg::is_nan(a) && !nc_fp_compare_pkg::is_nan(b) &&
           (nc_fp_compare_pkg::key(a) < nc_fp_compare_pkg::key(b));
  endfunction

  function automatic logic equal(input logic [31:0] a, input logic [31:0] b);
    equal = !nc_fp_compare_pkg::is_nan(a) && !nc_fp_compare_pkg::is_nan(b) &&
            (nc_fp_compare_pkg::key(a) == nc_fp_compare_pkg::key(b));
  endfunction

  // want_min = 0: a < b ? b : a; want_min = 1: b < a ? b : a; NaN if either is.
  function automatic logic [31:0] extreme(input logic want_min, input logic [31:0] a,
                                          input logic [31:0] b);
    logic take_b;
    take_b = want_min ? (nc_fp_compare_pkg::key(b) < nc_fp_compare_pkg::key(a))
                      : (nc_fp_compare_pkg::key(a) < nc_fp_compare_pkg::key(b));
    if (nc_fp_compare_pkg::is_nan(a) || nc_fp_compare_pkg::is_nan(b)) begin
      extreme = 32'h7FC00000;
    end else begin
      extreme = nc_fp_compare_pkg::canonical(take_b ? b : a);
    end
  endfunction

endpackage

`default_nettype wire
