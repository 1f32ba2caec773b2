// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// The primitives side by side, for one test program.
module prim_testbench (
  input  logic        clk_i,
  input  logic        rst_ni,

  input  logic        we_i,
  input  logic [4:0]  waddr_i,
  input  logic [31:0] wdata_i,
  input  logic [3:0]  wmask_i,
  input  logic        re_i,
  input  logic [4:0]  raddr_i,
  output logic [31:0] rdata_o,

  input  logic        push_i,
  input  logic        pop_i,
  input  logic [15:0] data_i,
  output logic        ready1_o,    // of the queue of depth 1, and so on
  output logic        valid1_o,
  output logic [15:0] data1_o,
  output logic        count1_o,
  output logic        ready5_o,
  output logic        valid5_o,
  output logic [15:0] data5_o,
  output logic [2:0]  count5_o,

  input  logic [4:0]  req_i,
  input  logic        advance_i,
  output logic [4:0]  gnt_o
);

  nc_ram_1r1w #(
    .Width      (32),
    .Depth      (32),
    .GroupWidth (8)
  ) u_ram (
    .clk_i, .we_i, .waddr_i, .wdata_i, .wmask_i, .re_i, .raddr_i, .rdata_o
  );

  nc_fifo #(
    .Width (16),
    .Depth (1)
  ) u_fifo1 (
    .clk_i, .rst_ni, .valid_i (push_i), .ready_o (ready1_o), .data_i, .valid_o (valid1_o),
    .ready_i (pop_i), .data_o (data1_o), .count_o (count1_o)
  );

  nc_fifo #(
    .Width (16),
    .Depth (5)
  ) u_fifo5 (
    .clk_i, .rst_ni, .valid_i (push_i), .ready_o (ready5_o), .data_i, .valid_o (valid5_o),
    .ready_i (pop_i), .data_o (data5_o), .count_o (count5_o)
  );

  nc_rr_arbiter #(
    .N (5)
  ) u_arbiter (
    .clk_i, .rst_ni, .req_i, .advance_i, .gnt_o
  );

endmodule

`default_nettype wire
