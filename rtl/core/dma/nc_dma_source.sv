// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Source half of a DMA queue: walker -> pieces -> reads -> packed words. It runs ahead of the
// destination half by as many instructions as the caller allows.
module nc_dma_source #(
  parameter int unsigned P         = nc_pkg::P,
  parameter int unsigned SbufBytes = nc_pkg::SbufBytes,
  parameter int unsigned AxiBytes  = nc_pkg::AxiBytes,

  localparam int unsigned AW = $clog2(SbufBytes / 4),
  localparam int unsigned PW = $clog2(P),
  localparam int unsigned LB = $clog2(AxiBytes),
  localparam int unsigned DW = AxiBytes * 8
) (
  input  logic          clk_i,
  input  logic          rst_ni,

  // Start of an instruction; base_i is an absolute address.
  input  logic          start_valid_i,
  output logic          start_ready_o,
  input  logic          dram_i,
  input  logic [1:0]    element_log2_i,
  input  logic [31:0]   fill_i,           // fill pattern, four bytes of elements
  input  logic [31:0]   base_i,
  input  logic [95:0]   size_i,
  input  logic [127:0]  stride_i,
  input  logic [15:0]   pad_low0_i,
  input  logic [15:0]   pad_low1_i,
  input  logic [23:0]   valid0_i,
  input  logic [23:0]   valid1_i,
  input  logic          indirect_i,
  input  logic [27:0]   index_base_i,
  input  logic [31:0]   index_limit_i,

  // Read client of the memory port.
  output logic          ar_valid_o,
  input  logic          ar_ready_i,
  output logic [31:0]   ar_addr_o,
  output logic [7:0]    ar_len_o,
  input  logic          r_valid_i,
  output logic          r_ready_o,
  input  logic [DW-1:0] r_data_i,
  input  logic          r_last_i,
  input  logic          r_error_i,

  // SBUF row read port.
  output logic          rd_req_o,
  output logic [PW-1:0] rd_partition_o,
  output logic [AW-1:0] rd_addr_o,
  input  logic          rd_gnt_i,
  input  logic [DW-1:0] rd_data_i,

  // Words for the destination half.
  output logic          word_valid_o,
  input  logic          word_ready_i,
  output logic [DW-1:0] word_data_o,
  output logic [LB:0]   word_bytes_o,
  output logic          word_last_o,
  output logic          word_error_o,

  // What went wrong in the instruction whose last word had word_error_o.
  input  logic          error_clear_i,
  output logic [3:0]    error_code_o,
  output logic [31:0]   error_address_o,

  output logic          busy_o,
  output logic          wait_memory_o,    // the next bytes are on their way from DRAM
  output logic [LB:0]   bytes_read_o
);

  localparam int unsigned FillDepth = 8;
  localparam int unsigned WordDepth = 8;

  // The present instruction of the walker. After an abort none starts until the error is reported.
  logic active_q, aborted_q, dram_q;
  logic start, walker_ready, fill_ready, piece_fire, abort_taken;
  logic [31:0] abort_index_q;

  assign start_ready_o = !active_q && !aborted_q && walker_ready && fill_ready;
  assign start         = start_valid_i && start_ready_o;

  logic          row_valid, row_ready, row_error;
  logic [31:0]   row_offset, row_index;
  logic          index_req, index_gnt;
  logic [PW-1:0] index_partition;
  logic [AW-1:0] index_addr;

  nc_dma_index #(
    .P         (P),
    .SbufBytes (SbufBytes),
    .AxiBytes  (AxiBytes)
  ) u_index (
    .clk_i,
    .rst_ni,
    .start_i        (start && indirect_i),
    .base_i         (index_base_i),
    .count_i        (size_i[95:72]),
    .stride_i       (stride_i[127:96]),
    .limit_i        (index_limit_i),
    .rd_req_o       (index_req),
    .rd_partition_o (index_partition),
    .rd_addr_o      (index_addr),
    .rd_gnt_i       (index_gnt),
    .rd_data_i      (rd_data_i),
    .row_valid_o    (row_valid),
    .row_ready_i    (row_ready),
    .row_offset_o   (row_offset),
    .row_error_o    (row_error),
    .row_index_o    (row_index)
  );

  logic        run_valid, run_ready, run_fill, run_last, run_abort;
  logic [31:0] run_addr;
  logic [26:0] run_bytes;

  nc_dma_walker u_walker (
    .clk_i,
    .rst_ni,
    .clear_i        (1'b0),
    .start_valid_i  (start),
    .start_ready_o  (walker_ready),
    .element_log2_i,
    .base_i,
    .size_i,
    .stride_i,
    .pad_low0_i,
    .pad_low1_i,
    .valid0_i,
    .valid1_i,
    .indirect_i,
    .row_valid_i    (row_valid),
    .row_ready_o    (row_ready),
    .row_offset_i   (row_offset),
    .row_error_i    (row_error),
    .run_valid_o    (run_valid),
    .run_ready_i    (run_ready),
    .run_fill_o     (run_fill),
    .run_addr_o     (run_addr),
    .run_bytes_o    (run_bytes),
    .run_last_o     (run_last),
    .run_abort_o    (run_abort)
  );

  logic          piece_valid, piece_ready, piece_fill, piece_last, piece_abort;
  logic [31:LB]  piece_beat;
  logic [LB-1:0] piece_offset;
  logic [LB:0]   piece_bytes;

  nc_dma_split #(
    .AxiBytes (AxiBytes)
  ) u_split (
    .clk_i,
    .rst_ni,
    .clear_i        (1'b0),
    .run_valid_i    (run_valid),
    .run_ready_o    (run_ready),
    .run_fill_i     (run_fill),
    .run_addr_i     (run_addr),
    .run_bytes_i    (run_bytes),
    .run_last_i     (run_last),
    .run_abort_i    (run_abort),
    .piece_valid_o  (piece_valid),
    .piece_ready_i  (piece_ready),
    .piece_fill_o   (piece_fill),
    .piece_beat_o   (piece_beat),
    .piece_offset_o (piece_offset),
    .piece_bytes_o  (piece_bytes),
    .piece_last_o   (piece_last),
    .piece_abort_o  (piece_abort)
  );

  assign piece_fire  = piece_valid && piece_ready;
  assign abort_taken = row_valid && row_ready && row_error;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      active_q  <= 1'b0;
      aborted_q <= 1'b0;
    end else begin
      if (start) active_q <= 1'b1;
      else if (piece_fire && piece_last) active_q <= 1'b0;
      if (abort_taken) aborted_q <= 1'b1;
      else if (error_clear_i && !active_q && !busy_o) aborted_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) dram_q <= dram_i;
    if (abort_taken) abort_index_q <= row_index;
  end

  // The row port serves the index list first.
  logic          data_req;
  logic [PW-1:0] data_partition;
  logic [AW-1:0] data_addr;

  assign rd_req_o       = index_req || data_req;
  assign rd_partition_o = index_req ? index_partition : data_partition;
  assign rd_addr_o      = index_req ? index_addr : data_addr;
  assign index_gnt      = rd_gnt_i && index_req;

  logic          out_valid, out_ready, out_fill, out_new_beat, out_last, out_abort;
  logic [LB-1:0] out_offset;
  logic [LB:0]   out_bytes;
  logic          beat_valid, beat_ready, beat_error, in_flight, wait_beat;
  logic [DW-1:0] beat_data;

  nc_dma_read #(
    .P         (P),
    .SbufBytes (SbufBytes),
    .AxiBytes  (AxiBytes)
  ) u_read (
    .clk_i,
    .rst_ni,
    .dram_i         (dram_q),
    .piece_valid_i  (piece_valid),
    .piece_ready_o  (piece_ready),
    .piece_fill_i   (piece_fill),
    .piece_beat_i   (piece_beat),
    .piece_offset_i (piece_offset),
    .piece_bytes_i  (piece_bytes),
    .piece_last_i   (piece_last),
    .piece_abort_i  (piece_abort),
    .ar_valid_o,
    .ar_ready_i,
    .ar_addr_o,
    .ar_len_o,
    .r_valid_i,
    .r_ready_o,
    .r_data_i,
    .r_last_i,
    .r_error_i,
    .rd_req_o       (data_req),
    .rd_partition_o (data_partition),
    .rd_addr_o      (data_addr),
    .rd_gnt_i       (rd_gnt_i && !index_req),
    .rd_data_i,
    .out_valid_o    (out_valid),
    .out_ready_i    (out_ready),
    .out_fill_o     (out_fill),
    .out_offset_o   (out_offset),
    .out_bytes_o    (out_bytes),
    .out_new_beat_o (out_new_beat),
    .out_last_o     (out_last),
    .out_abort_o    (out_abort),
    .beat_valid_o   (beat_valid),
    .beat_ready_i   (beat_ready),
    .beat_data_o    (beat_data),
    .beat_error_o   (beat_error),
    .in_flight_o    (in_flight),
    .bytes_read_o
  );

  // Fill patterns of the instructions between the walker and the aligner.
  logic        fill_valid, instr_done;
  logic [31:0] fill_pattern;
  logic [$clog2(FillDepth+1)-1:0] unused_fill_count;

  nc_fifo #(
    .Width (32),
    .Depth (FillDepth)
  ) u_fill (
    .clk_i,
    .rst_ni,
    .valid_i (start),
    .ready_o (fill_ready),
    .data_i  (fill_i),
    .valid_o (fill_valid),
    .ready_i (instr_done),
    .data_o  (fill_pattern),
    .count_o (unused_fill_count)
  );

  logic          packed_valid, packed_ready, packed_last, packed_error, error_bus;
  logic [DW-1:0] packed_data;
  logic [LB:0]   packed_bytes;
  logic [31:0]   bus_address;
  logic [$clog2(WordDepth+1)-1:0] unused_word_count;

  nc_dma_align #(
    .AxiBytes (AxiBytes)
  ) u_align (
    .clk_i,
    .rst_ni,
    .fill_i           (fill_pattern),
    .instr_done_o     (instr_done),
    .piece_valid_i    (out_valid),
    .piece_ready_o    (out_ready),
    .piece_fill_i     (out_fill),
    .piece_offset_i   (out_offset),
    .piece_bytes_i    (out_bytes),
    .piece_new_beat_i (out_new_beat),
    .piece_last_i     (out_last),
    .piece_abort_i    (out_abort),
    .beat_valid_i     (beat_valid),
    .beat_ready_o     (beat_ready),
    .beat_data_i      (beat_data),
    .beat_error_i     (beat_error),
    .word_valid_o     (packed_valid),
    .word_ready_i     (packed_ready),
    .word_data_o      (packed_data),
    .word_bytes_o     (packed_bytes),
    .word_last_o      (packed_last),
    .word_error_o     (packed_error),
    .error_clear_i,
    .error_bus_o      (error_bus),
    .error_address_o  (bus_address),
    .wait_beat_o      (wait_beat)
  );

  nc_fifo #(
    .Width (DW + LB + 3),
    .Depth (WordDepth)
  ) u_words (
    .clk_i,
    .rst_ni,
    .valid_i (packed_valid),
    .ready_o (packed_ready),
    .data_i  ({packed_error, packed_last, packed_bytes, packed_data}),
    .valid_o (word_valid_o),
    .ready_i (word_ready_i),
    .data_o  ({word_error_o, word_last_o, word_bytes_o, word_data_o}),
    .count_o (unused_word_count)
  );

  assign error_code_o    = error_bus ? nc_pkg::ERROR_BUS_ERROR : nc_pkg::ERROR_ACCESS_RANGE;
  assign error_address_o = error_bus ? bus_address : abort_index_q;
  assign busy_o          = active_q || fill_valid;
  assign wait_memory_o   = wait_beat && in_flight;

endmodule

`default_nettype wire
