// SPDX-License-Identifier: Apache-2.0
//
// Assertion macros. They are on in every simulation and vanish in synthesis (Yosys defines
// SYNTHESIS).
//
//   NC_ASSERT(name, expr, clk, rst_n)           expr holds at rising edges of clk with rst_n high
//   NC_ASSERT_TEMPORAL(name, prop, clk, rst_n)  prop is a property such as `a && !b |=> a`
//                                               (checked by Verilator alone)
//
// The name appears in the failure message and in the wave hierarchy. Both macros end in a semicolon
// of their own: write none after them.

`ifndef NC_ASSERT_SVH
`define NC_ASSERT_SVH

`ifdef SYNTHESIS
`define NC_ASSERT(name, expr, clk, rst_n)
`define NC_ASSERT_TEMPORAL(name, prop, clk, rst_n)
`else
`define NC_ASSERT(name, expr, clk, rst_n) \
  always_ff @(posedge clk) begin : name \
    if (rst_n && !(expr)) begin \
      $error("assertion failed: %m"); \
    end \
  end
`ifdef VERILATOR
`define NC_ASSERT_TEMPORAL(name, prop, clk, rst_n) \
  name : assert property (@(posedge clk) disable iff (!rst_n) prop);
`else
`define NC_ASSERT_TEMPORAL(name, prop, clk, rst_n)
`endif
`endif

`endif
