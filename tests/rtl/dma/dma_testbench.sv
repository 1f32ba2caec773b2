// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// One DMA queue on an SBUF. The bench reaches the SBUF through TensorE's read port and VectorE's
// write port; the other engine ports make noise (reads, and writes to no partition).
module dma_testbench (
  input  logic                            clk_i,
  input  logic                            rst_ni,
  input  logic                            instr_valid_i,
  output logic                            instr_ready_o,
  input  logic [1023:0]                   instr_i,
  input  logic [31:0]                     src_segment_base_i,
  input  logic [31:0]                     dst_segment_base_i,
  output logic                            done_o,
  output logic                            busy_o,
  output logic                            stall_bank_o,
  output logic                            error_valid_o,
  output logic [3:0]                      error_code_o,
  output logic [31:0]                     error_address_o,
  output logic                            stall_memory_o,
  output logic [7:0]                      bytes_read_o,
  output logic [7:0]                      bytes_written_o,

  input  logic                            bench_read_i,
  input  logic                            bench_write_i,
  /* verilator lint_off UNUSEDSIGNAL */ // wider than the SBUF needs
  input  logic [31:0]                     bench_addr_i,     // word address
  input  logic [nc_pkg::P*32-1:0]         bench_wdata_i,
  output logic [nc_pkg::P*32-1:0]         bench_rdata_o,
  input  logic [3:0]                      noise_read_i,
  input  logic                            noise_write_i,
  input  logic [63:0]                     noise_addr_i,
  /* verilator lint_on UNUSEDSIGNAL */

  output logic                            ar_valid_o,
  input  logic                            ar_ready_i,
  output logic [31:0]                     ar_addr_o,
  output logic [7:0]                      ar_len_o,
  input  logic                            r_valid_i,
  output logic                            r_ready_o,
  input  logic [nc_pkg::AxiBytes*8-1:0]   r_data_i,
  input  logic                            r_last_i,
  input  logic                            r_error_i,
  output logic                            aw_valid_o,
  input  logic                            aw_ready_i,
  output logic [31:0]                     aw_addr_o,
  output logic [7:0]                      aw_len_o,
  output logic                            w_valid_o,
  input  logic                            w_ready_i,
  output logic [nc_pkg::AxiBytes*8-1:0]   w_data_o,
  output logic [nc_pkg::AxiBytes-1:0]     w_strb_o,
  output logic                            w_last_o,
  input  logic                            b_valid_i,
  output logic                            b_ready_o,
  input  logic                            b_error_i
);

  localparam int unsigned P  = nc_pkg::P;
  localparam int unsigned AW = $clog2(nc_pkg::SbufBytes / 4);
  localparam int unsigned PW = $clog2(P);
  localparam int unsigned B  = nc_pkg::AxiBytes;
  localparam int unsigned LB = $clog2(B);

  logic            row_rd_req, row_rd_gnt, row_wr_req, row_wr_gnt;
  logic [PW-1:0]   row_rd_partition, row_wr_partition;
  logic [AW-1:0]   row_rd_addr, row_wr_addr;
  logic [B*8-1:0]  row_rd_data, row_wr_data;
  logic [B-1:0]    row_wr_strb;
  logic            col_rd_req, col_rd_gnt, col_wr_req, col_wr_gnt;
  logic [AW-1:0]   col_rd_addr, col_wr_addr;
  logic [P*32-1:0] col_wr_data;
  logic [3:0]      col_wr_strb;
  logic [P-1:0]    col_wr_mask;
  logic [LB:0]     bytes_read, bytes_written;

  assign bytes_read_o    = 8'(bytes_read);
  assign bytes_written_o = 8'(bytes_written);

  nc_dma u_dma (
    .clk_i, .rst_ni, .instr_valid_i, .instr_ready_o, .instr_i, .src_segment_base_i,
    .dst_segment_base_i, .done_o, .busy_o, .stall_bank_o, .error_valid_o, .error_code_o,
    .error_address_o, .stall_memory_o,
    .bytes_read_o       (bytes_read),
    .bytes_written_o    (bytes_written),
    .row_rd_req_o       (row_rd_req),
    .row_rd_partition_o (row_rd_partition),
    .row_rd_addr_o      (row_rd_addr),
    .row_rd_gnt_i       (row_rd_gnt),
    .row_rd_data_i      (row_rd_data),
    .row_wr_req_o       (row_wr_req),
    .row_wr_partition_o (row_wr_partition),
    .row_wr_addr_o      (row_wr_addr),
    .row_wr_strb_o      (row_wr_strb),
    .row_wr_data_o      (row_wr_data),
    .row_wr_gnt_i       (row_wr_gnt),
    .col_rd_req_o       (col_rd_req),
    .col_rd_addr_o      (col_rd_addr),
    .col_rd_gnt_i       (col_rd_gnt),
    .col_rd_data_i      (rd_data[5*P*32+:P*32]),
    .col_wr_req_o       (col_wr_req),
    .col_wr_addr_o      (col_wr_addr),
    .col_wr_strb_o      (col_wr_strb),
    .col_wr_mask_o      (col_wr_mask),
    .col_wr_data_o      (col_wr_data),
    .col_wr_gnt_i       (col_wr_gnt),
    .ar_valid_o, .ar_ready_i, .ar_addr_o, .ar_len_o, .r_valid_i, .r_ready_o, .r_data_i, .r_last_i,
    .r_error_i, .aw_valid_o, .aw_ready_i, .aw_addr_o, .aw_len_o, .w_valid_o, .w_ready_i, .w_data_o,
    .w_strb_o, .w_last_o, .b_valid_i, .b_ready_o, .b_error_i
  );

  /* verilator lint_off UNUSEDSIGNAL */ // noise ports ignore their answers
  logic [6*P*32-1:0] rd_data;
  logic [5:0]        rd_gnt;
  logic [2:0]        wr_gnt;
  /* verilator lint_on UNUSEDSIGNAL */

  assign col_rd_gnt    = rd_gnt[5];
  assign col_wr_gnt    = wr_gnt[2];
  assign bench_rdata_o = rd_data[P*32-1:0];

  nc_sbuf #(
    .NumRowPorts (1)
  ) u_sbuf (
    .clk_i,
    .rst_ni,
    .rd_req_i           ({col_rd_req, noise_read_i, bench_read_i}),
    .rd_addr_i          ({col_rd_addr, noise_addr_i[48+:AW], noise_addr_i[32+:AW],
                          noise_addr_i[16+:AW], noise_addr_i[0+:AW], bench_addr_i[AW-1:0]}),
    .rd_gnt_o           (rd_gnt),
    .rd_data_o          (rd_data),
    .wr_req_i           ({col_wr_req, noise_write_i, bench_write_i}),
    .wr_addr_i          ({col_wr_addr, noise_addr_i[0+:AW], bench_addr_i[AW-1:0]}),
    .wr_strb_i          ({col_wr_strb, 8'hff}),
    .wr_mask_i          ({col_wr_mask, P'(0), {P{1'b1}}}),
    .wr_data_i          ({col_wr_data, {P{32'hdeadbeef}}, bench_wdata_i}),
    .wr_gnt_o           (wr_gnt),
    .row_rd_req_i       (row_rd_req),
    .row_rd_partition_i (row_rd_partition),
    .row_rd_addr_i      (row_rd_addr),
    .row_rd_gnt_o       (row_rd_gnt),
    .row_rd_data_o      (row_rd_data),
    .row_wr_req_i       (row_wr_req),
    .row_wr_partition_i (row_wr_partition),
    .row_wr_addr_i      (row_wr_addr),
    .row_wr_strb_i      (row_wr_strb),
    .row_wr_data_i      (row_wr_data),
    .row_wr_gnt_o       (row_wr_gnt)
  );

endmodule

`default_nettype wire
