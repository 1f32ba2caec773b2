// SPDX-License-Identifier: Apache-2.0
`include "nc_assert.svh"
`default_nettype none

// One DMA queue (docs/isa.md section 5, docs/rtl.md seams 1 to 4).
//
//   instruction -> source half: walker, split, reads, align -> words -> destination half -> writes
//               \> transposer, when nothing else runs
//
// The source half runs up to MaxInstr instructions ahead of the destination half. Errors while
// running (index out of range, bus error) are reported together with the done pulse of their
// instruction.
module nc_dma #(
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

  // From the queue: a checked instruction with the bases of its segments (0 for SBUF).
  input  logic                instr_valid_i,
  output logic                instr_ready_o,
  input  logic [nc_pkg::InstructionBits-1:0] instr_i,
  input  logic [31:0]         src_segment_base_i,
  input  logic [31:0]         dst_segment_base_i,
  output logic                done_o,
  output logic                busy_o,
  output logic                stall_bank_o,
  output logic                error_valid_o,      // with done_o
  output logic [3:0]          error_code_o,
  output logic [31:0]         error_address_o,

  // Counters.
  output logic                stall_memory_o,
  output logic [LB:0]         bytes_read_o,       // element bytes asked from DRAM this cycle
  output logic [LB:0]         bytes_written_o,    // element bytes for DRAM this cycle

  // SBUF row ports.
  output logic                row_rd_req_o,
  output logic [PW-1:0]       row_rd_partition_o,
  output logic [AW-1:0]       row_rd_addr_o,
  input  logic                row_rd_gnt_i,
  input  logic [DW-1:0]       row_rd_data_i,
  output logic                row_wr_req_o,
  output logic [PW-1:0]       row_wr_partition_o,
  output logic [AW-1:0]       row_wr_addr_o,
  output logic [AxiBytes-1:0] row_wr_strb_o,
  output logic [DW-1:0]       row_wr_data_o,
  input  logic                row_wr_gnt_i,

  // SBUF column ports, for the transposer.
  output logic                col_rd_req_o,
  output logic [AW-1:0]       col_rd_addr_o,
  input  logic                col_rd_gnt_i,
  input  logic [P*32-1:0]     col_rd_data_i,
  output logic                col_wr_req_o,
  output logic [AW-1:0]       col_wr_addr_o,
  output logic [3:0]          col_wr_strb_o,
  output logic [P-1:0]        col_wr_mask_o,
  output logic [P*32-1:0]     col_wr_data_o,
  input  logic                col_wr_gnt_i,

  // Read and write client of the memory port.
  output logic                ar_valid_o,
  input  logic                ar_ready_i,
  output logic [31:0]         ar_addr_o,
  output logic [7:0]          ar_len_o,
  input  logic                r_valid_i,
  output logic                r_ready_o,
  input  logic [DW-1:0]       r_data_i,
  input  logic                r_last_i,
  input  logic                r_error_i,
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
  input  logic                b_error_i
);

  localparam int unsigned MaxInstr  = 8;
  localparam int unsigned SinkDepth = 8;
  localparam int unsigned CW        = $clog2(P + 1);

  // Decode --------------------------------------------------------------------------------------

  /* verilator lint_off UNUSEDSIGNAL */ // the queue has used the other fields
  nc_pkg::dma_instr_t instr;
  /* verilator lint_on UNUSEDSIGNAL */
  logic        is_copy, is_transpose, src_dram, dst_dram;
  logic [31:0] src_base, dst_base, fill_pattern;

  assign instr        = instr_i;
  assign is_transpose = instr.opcode == nc_pkg::OP_DMA_TRANSPOSE;
  assign is_copy      = instr.opcode == nc_pkg::OP_DMA_COPY;
  assign src_dram     = instr.src_space == nc_pkg::SPACE_DRAM;
  assign dst_dram     = instr.dst_space == nc_pkg::SPACE_DRAM;
  assign src_base     = instr.src_base + (src_dram ? src_segment_base_i : '0);
  assign dst_base     = instr.dst_base + (dst_dram ? dst_segment_base_i : '0);

  always_comb begin
    unique case (instr.element_log2)
      2'd0:    fill_pattern = {4{instr.fill_value[7:0]}};
      2'd1:    fill_pattern = {2{instr.fill_value[15:0]}};
      default: fill_pattern = instr.fill_value;
    endcase
  end

  // Dispatch ------------------------------------------------------------------------------------

  logic [3:0] instr_count_q;   // accepted and not done
  logic accept, source_ready, source_busy, sink_queue_ready, transpose_busy, transpose_done;

  always_comb begin
    instr_ready_o = instr_count_q != 4'(MaxInstr) && !transpose_busy && sink_queue_ready;
    if (is_transpose) instr_ready_o = instr_count_q == '0;
    else if (is_copy) instr_ready_o = instr_ready_o && source_ready;
  end
  assign accept = instr_valid_i && instr_ready_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) instr_count_q <= '0;
    else if (accept && !done_o) instr_count_q <= instr_count_q + 4'd1;
    else if (done_o && !accept) instr_count_q <= instr_count_q - 4'd1;
  end

  // Source half ---------------------------------------------------------------------------------

  logic          word_valid, word_ready, word_last, word_error, source_clear, source_wait;
  logic [DW-1:0] word_data;
  logic [LB:0]   word_bytes;
  logic [3:0]    source_code;
  logic [31:0]   source_address;

  nc_dma_source #(
    .P         (P),
    .SbufBytes (SbufBytes),
    .AxiBytes  (AxiBytes)
  ) u_source (
    .clk_i,
    .rst_ni,
    .start_valid_i   (accept && is_copy),
    .start_ready_o   (source_ready),
    .dram_i          (src_dram),
    .element_log2_i  (instr.element_log2),
    .fill_i          (fill_pattern),
    .base_i          (src_base),
    .size_i          ({instr.src_size3, instr.src_size2, instr.src_size1, instr.src_size0}),
    .stride_i        ({instr.src_stride3, instr.src_stride2, instr.src_stride1, instr.src_stride0}),
    .pad_low0_i      (instr.pad_low0),
    .pad_low1_i      (instr.pad_low1),
    .valid0_i        (instr.valid0),
    .valid1_i        (instr.valid1),
    .indirect_i      (instr.indirect),
    .index_base_i    (instr.index_base[27:0]),
    .index_limit_i   (instr.index_limit),
    .ar_valid_o,
    .ar_ready_i,
    .ar_addr_o,
    .ar_len_o,
    .r_valid_i,
    .r_ready_o,
    .r_data_i,
    .r_last_i,
    .r_error_i,
    .rd_req_o        (row_rd_req_o),
    .rd_partition_o  (row_rd_partition_o),
    .rd_addr_o       (row_rd_addr_o),
    .rd_gnt_i        (row_rd_gnt_i),
    .rd_data_i       (row_rd_data_i),
    .word_valid_o    (word_valid),
    .word_ready_i    (word_ready),
    .word_data_o     (word_data),
    .word_bytes_o    (word_bytes),
    .word_last_o     (word_last),
    .word_error_o    (word_error),
    .error_clear_i   (source_clear),
    .error_code_o    (source_code),
    .error_address_o (source_address),
    .busy_o          (source_busy),
    .wait_memory_o   (source_wait),
    .bytes_read_o
  );

  // Destination half: instructions wait in a queue ------------------------------------------------

  localparam int unsigned SinkWidth = 1 + 1 + 2 + 32 + 32 + 96 + 128;

  logic                           sink_valid, sink_ready, sink_dram, sink_use_fill;
  logic [1:0]                     sink_log2;
  logic [31:0]                    sink_fill, sink_base;
  logic [95:0]                    sink_size;
  logic [127:0]                   sink_stride;
  logic [$clog2(SinkDepth+1)-1:0] unused_sink_count;

  nc_fifo #(
    .Width (SinkWidth),
    .Depth (SinkDepth)
  ) u_sink_queue (
    .clk_i,
    .rst_ni,
    .valid_i (accept && !is_transpose),
    .ready_o (sink_queue_ready),
    .data_i  ({dst_dram, !is_copy, instr.element_log2, fill_pattern, dst_base,
               instr.dst_size3, instr.dst_size2, instr.dst_size1, instr.dst_size0,
               instr.dst_stride3, instr.dst_stride2, instr.dst_stride1, instr.dst_stride0}),
    .valid_o (sink_valid),
    .ready_i (sink_ready),
    .data_o  ({sink_dram, sink_use_fill, sink_log2, sink_fill, sink_base, sink_size, sink_stride}),
    .count_o (unused_sink_count)
  );

  logic        sink_done, source_error, write_error, sink_wait;
  logic [31:0] write_address;

  nc_dma_sink #(
    .P         (P),
    .SbufBytes (SbufBytes),
    .AxiBytes  (AxiBytes)
  ) u_sink (
    .clk_i,
    .rst_ni,
    .start_valid_i   (sink_valid),
    .start_ready_o   (sink_ready),
    .dram_i          (sink_dram),
    .use_fill_i      (sink_use_fill),
    .element_log2_i  (sink_log2),
    .fill_i          (sink_fill),
    .base_i          (sink_base),
    .size_i          (sink_size),
    .stride_i        (sink_stride),
    .word_valid_i    (word_valid),
    .word_ready_o    (word_ready),
    .word_data_i     (word_data),
    .word_bytes_i    (word_bytes),
    .word_last_i     (word_last),
    .word_error_i    (word_error),
    .wr_req_o        (row_wr_req_o),
    .wr_partition_o  (row_wr_partition_o),
    .wr_addr_o       (row_wr_addr_o),
    .wr_strb_o       (row_wr_strb_o),
    .wr_data_o       (row_wr_data_o),
    .wr_gnt_i        (row_wr_gnt_i),
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
    .done_o          (sink_done),
    .source_error_o  (source_error),
    .bus_error_o     (write_error),
    .bus_address_o   (write_address),
    .wait_memory_o   (sink_wait),
    .bytes_written_o
  );

  // Transposer ----------------------------------------------------------------------------------

  nc_dma_transpose #(
    .P         (P),
    .SbufBytes (SbufBytes)
  ) u_transpose (
    .clk_i,
    .rst_ni,
    .start_i        (accept && is_transpose),
    .element_log2_i (instr.element_log2),
    .part_count_i   (instr.part_count[CW-1:0]),
    .size0_i        (instr.src_size0[CW-1:0]),
    .size1_i        (instr.src_size1),
    .src_base_i     (instr.src_base[27:0]),
    .src_stride0_i  (instr.src_stride0[27:0]),
    .src_stride1_i  (instr.src_stride1[27:0]),
    .dst_base_i     (instr.dst_base[27:0]),
    .dst_stride0_i  (instr.dst_stride0[27:0]),
    .dst_stride1_i  (instr.dst_stride1[27:0]),
    .busy_o         (transpose_busy),
    .done_o         (transpose_done),
    .rd_req_o       (col_rd_req_o),
    .rd_addr_o      (col_rd_addr_o),
    .rd_gnt_i       (col_rd_gnt_i),
    .rd_data_i      (col_rd_data_i),
    .wr_req_o       (col_wr_req_o),
    .wr_addr_o      (col_wr_addr_o),
    .wr_strb_o      (col_wr_strb_o),
    .wr_mask_o      (col_wr_mask_o),
    .wr_data_o      (col_wr_data_o),
    .wr_gnt_i       (col_wr_gnt_i)
  );

  // Completion and counters ---------------------------------------------------------------------

  assign done_o          = sink_done || transpose_done;
  assign busy_o          = instr_count_q != '0;
  assign error_valid_o   = sink_done && (source_error || write_error);
  assign error_code_o    = source_error ? source_code : nc_pkg::ERROR_BUS_ERROR;
  assign error_address_o = source_error ? source_address : write_address;
  assign source_clear    = sink_done && source_error;
  assign stall_memory_o  = busy_o && (source_wait || sink_wait);
  assign stall_bank_o    = (row_rd_req_o && !row_rd_gnt_i) || (row_wr_req_o && !row_wr_gnt_i) ||
                           (col_rd_req_o && !col_rd_gnt_i) || (col_wr_req_o && !col_wr_gnt_i);

  `NC_ASSERT(DoneOfAccepted, !done_o || busy_o, clk_i, rst_ni)
  `NC_ASSERT(SourceIdleWhenDone, busy_o || !source_busy, clk_i, rst_ni)
  `NC_ASSERT(OneDone, !(sink_done && transpose_done), clk_i, rst_ni)

endmodule

`default_nettype wire
