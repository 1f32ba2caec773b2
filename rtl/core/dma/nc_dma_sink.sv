// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Destination half of a DMA queue: walker -> pieces -> writes to SBUF rows or AXI bursts. One
// instruction at a time; a DRAM instruction ends when its last write was handed over, its done
// pulse comes with its last response. An SBUF instruction, or one with an error, waits at its
// end until all earlier responses are in, so done pulses keep their order.
module nc_dma_sink #(
  parameter int unsigned P         = nc_pkg::P,
  parameter int unsigned SbufBytes = nc_pkg::SbufBytes,
  parameter int unsigned AxiBytes  = nc_pkg::AxiBytes,

  localparam int unsigned AW = $clog2(SbufBytes / 4),
  localparam int unsigned PW = $clog2(P),
  localparam int unsigned LB = $clog2(AxiBytes),
  localparam int unsigned DW = AxiBytes * 8
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  // Start of an instruction; base_i is an absolute address.
  input  logic                start_valid_i,
  output logic                start_ready_o,
  input  logic                dram_i,
  input  logic                use_fill_i,        // dma_fill: the fill pattern is the source
  input  logic [1:0]          element_log2_i,
  input  logic [31:0]         fill_i,
  input  logic [31:0]         base_i,
  input  logic [95:0]         size_i,
  input  logic [127:0]        stride_i,

  // Words from the source half.
  input  logic                word_valid_i,
  output logic                word_ready_o,
  input  logic [DW-1:0]       word_data_i,
  input  logic [LB:0]         word_bytes_i,
  input  logic                word_last_i,
  input  logic                word_error_i,

  // SBUF row write port.
  output logic                wr_req_o,
  output logic [PW-1:0]       wr_partition_o,
  output logic [AW-1:0]       wr_addr_o,
  output logic [AxiBytes-1:0] wr_strb_o,
  output logic [DW-1:0]       wr_data_o,
  input  logic                wr_gnt_i,

  // Write client of the memory port.
  output logic                aw_valid_o,
  input  logic                aw_ready_i,
  output logic [31:0]         aw_addr_o,
  output logic [7:0]          aw_len_o,
  output logic                w_valid_o,
  input  logic                w_ready_i,
  output logic [DW-1:0]       w_data_o,
  output logic [AxiBytes-1:0] w_strb_o,
  output logic                w_last_o,
  input  logic                b_valid_i,
  output logic                b_ready_o,
  input  logic                b_error_i,

  output logic                done_o,
  output logic                source_error_o,    // with done_o: the source half had an error
  output logic                bus_error_o,       // with done_o: a write had a bus error, at
  output logic [31:0]         bus_address_o,     //   this burst
  output logic                wait_memory_o,     // refused by, or waits for, external memory
  output logic [LB:0]         bytes_written_o
);

  logic active_q, finish_q, finish_error_q, dram_q, use_fill_q;
  logic [31:0] fill_q;
  logic start, walker_ready, cut;

  assign start_ready_o = !active_q && !finish_q && walker_ready;
  assign start         = start_valid_i && start_ready_o;

  logic        run_valid, run_ready, run_last;
  logic        unused_row_ready, unused_run_fill, unused_run_abort;
  logic [31:0] run_addr;
  logic [26:0] run_bytes;

  nc_dma_walker u_walker (
    .clk_i,
    .rst_ni,
    .clear_i        (cut),
    .start_valid_i  (start),
    .start_ready_o  (walker_ready),
    .element_log2_i,
    .base_i,
    .size_i,
    .stride_i,
    .pad_low0_i     (16'd0),
    .pad_low1_i     (16'd0),
    .valid0_i       (size_i[23:0]),
    .valid1_i       (size_i[47:24]),
    .indirect_i     (1'b0),
    .row_valid_i    (1'b0),
    .row_ready_o    (unused_row_ready),
    .row_offset_i   (32'd0),
    .row_error_i    (1'b0),
    .run_valid_o    (run_valid),
    .run_ready_i    (run_ready),
    .run_fill_o     (unused_run_fill),
    .run_addr_o     (run_addr),
    .run_bytes_o    (run_bytes),
    .run_last_o     (run_last),
    .run_abort_o    (unused_run_abort)
  );

  logic          piece_valid, piece_ready, piece_last;
  logic          unused_piece_fill, unused_piece_abort;
  logic [31:LB]  piece_beat;
  logic [LB-1:0] piece_offset;
  logic [LB:0]   piece_bytes;

  nc_dma_split #(
    .AxiBytes (AxiBytes)
  ) u_split (
    .clk_i,
    .rst_ni,
    .clear_i        (cut),
    .run_valid_i    (run_valid),
    .run_ready_o    (run_ready),
    .run_fill_i     (1'b0),
    .run_addr_i     (run_addr),
    .run_bytes_i    (run_bytes),
    .run_last_i     (run_last),
    .run_abort_i    (1'b0),
    .piece_valid_o  (piece_valid),
    .piece_ready_i  (piece_ready),
    .piece_fill_o   (unused_piece_fill),
    .piece_beat_o   (piece_beat),
    .piece_offset_o (piece_offset),
    .piece_bytes_o  (piece_bytes),
    .piece_last_o   (piece_last),
    .piece_abort_o  (unused_piece_abort)
  );

  logic                op_valid, op_ready, op_last, op_error;
  logic [31:LB]        op_beat;
  logic [AxiBytes-1:0] op_strb;
  logic [DW-1:0]       op_data;
  logic [LB:0]         op_bytes;

  nc_dma_write #(
    .AxiBytes (AxiBytes)
  ) u_write (
    .clk_i,
    .rst_ni,
    .use_fill_i     (use_fill_q),
    .fill_i         (fill_q),
    .piece_valid_i  (piece_valid),
    .piece_ready_o  (piece_ready),
    .piece_beat_i   (piece_beat),
    .piece_offset_i (piece_offset),
    .piece_bytes_i  (piece_bytes),
    .piece_last_i   (piece_last),
    .cut_o          (cut),
    .word_valid_i,
    .word_ready_o,
    .word_data_i,
    .word_bytes_i,
    .word_last_i,
    .word_error_i,
    .op_valid_o     (op_valid),
    .op_ready_i     (op_ready),
    .op_beat_o      (op_beat),
    .op_strb_o      (op_strb),
    .op_data_o      (op_data),
    .op_bytes_o     (op_bytes),
    .op_last_o      (op_last),
    .op_error_o     (op_error)
  );

  logic axi_ready, axi_done, axi_idle, axi_error;
  logic [31:0] axi_error_address;

  assign wr_req_o       = op_valid && !dram_q && op_strb != '0;
  assign wr_partition_o = op_beat[20+:PW];
  assign wr_addr_o      = AW'({op_beat[AW+1:LB], LB'(0)} >> 2);
  assign wr_strb_o      = op_strb;
  assign wr_data_o      = op_data;
  assign op_ready       = dram_q ? axi_ready : op_strb == '0 || wr_gnt_i;

  nc_dma_axi_write #(
    .AxiBytes (AxiBytes)
  ) u_axi_write (
    .clk_i,
    .rst_ni,
    .op_valid_i      (op_valid && dram_q),
    .op_ready_o      (axi_ready),
    .op_beat_i       (op_beat),
    .op_strb_i       (op_strb),
    .op_data_i       (op_data),
    .op_last_i       (op_last),
    .op_report_i     (!op_error),
    .aw_valid_o,
    .aw_ready_i,
    .aw_addr_o,
    .aw_len_o,
    .w_valid_o,
    .w_ready_i,
    .w_data_o,
    .w_strb_o,
    .w_last_o,
    .b_valid_i,
    .b_ready_o,
    .b_error_i,
    .done_o          (axi_done),
    .idle_o          (axi_idle),
    .error_o         (axi_error),
    .error_address_o (axi_error_address)
  );

  // Completion ----------------------------------------------------------------------------------

  logic        op_end, finish_done, bus_error_q;
  logic [31:0] bus_address_q;

  assign op_end          = op_valid && op_ready && op_last;
  assign finish_done     = finish_q && axi_idle;
  assign done_o          = finish_done || axi_done;
  assign source_error_o  = finish_done && finish_error_q;
  assign bus_error_o     = bus_error_q || axi_error;
  assign bus_address_o   = bus_error_q ? bus_address_q : axi_error_address;
  assign wait_memory_o   = (op_valid && dram_q && !axi_ready) ||
                           (!axi_idle && (finish_q || !active_q));
  assign bytes_written_o = op_valid && dram_q && axi_ready ? op_bytes : '0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      active_q    <= 1'b0;
      finish_q    <= 1'b0;
      bus_error_q <= 1'b0;
    end else begin
      if (start) active_q <= 1'b1;
      else if (op_end) active_q <= 1'b0;
      if (op_end && (!dram_q || op_error)) finish_q <= 1'b1;
      else if (finish_done) finish_q <= 1'b0;
      if (done_o) bus_error_q <= 1'b0;
      else if (axi_error) bus_error_q <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) begin
      dram_q     <= dram_i;
      use_fill_q <= use_fill_i;
      fill_q     <= fill_i;
    end
    if (op_end) finish_error_q <= op_error;
    if (axi_error && !bus_error_q) bus_address_q <= axi_error_address;
  end

endmodule

`default_nettype wire
