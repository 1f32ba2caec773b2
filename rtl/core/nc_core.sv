// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// One NeuronCore:
//
//            instruction queues (one per engine, prefetched from DRAM), semaphores, launch
//     TensorE        VectorE         ScalarE        DMA x 2
//       |  \           |  \            |  \            |
//       |   PSUM <-----+---+-----------+   |           |
//       +---- SBUF <---+---------------+---+-----------+---- memory clients
//
// Everything but the registers, the segment table and the launch control is reset when a launch
// has to be ended by force.
module nc_core #(
  parameter int unsigned P         = nc_pkg::P,
  parameter int unsigned SbufBytes = nc_pkg::SbufBytes,
  parameter int unsigned PsumBytes = nc_pkg::PsumBytes,
  parameter int unsigned AxiBytes  = nc_pkg::AxiBytes,

  localparam int unsigned NumQueues     = nc_pkg::NumQueues,
  localparam int unsigned NumSemaphores = nc_pkg::NumSemaphores,
  localparam int unsigned NumReads      = NumQueues + nc_pkg::NumDmaQueues,  // read clients
  localparam int unsigned NumWrites     = nc_pkg::NumDmaQueues + 1,          // write clients
  localparam int unsigned DW            = 8 * AxiBytes
) (
  input  logic                          clk_i,
  input  logic                          rst_ni,

  // Launch: pulses, and values that hold while a launch runs.
  input  logic                          start_i,
  input  logic                          abort_i,
  input  logic                          soft_reset_i,
  input  logic [31:0]                   watchdog_i,
  input  logic [31:0]                   trace_base_i,
  input  logic [31:0]                   trace_size_i,
  input  logic [NumQueues*32-1:0]       queue_offset_i,
  input  logic [NumQueues*32-1:0]       queue_count_i,

  // Segment table, host side; the entry of segment_index_i is there one cycle later.
  input  logic                          segment_write_base_i,
  input  logic                          segment_write_limit_i,
  input  logic                          segment_write_permission_i,
  input  logic [5:0]                    segment_index_i,
  input  logic [31:0]                   segment_wdata_i,
  output logic [31:0]                   segment_base_o,
  output logic [31:0]                   segment_limit_o,
  output logic [1:0]                    segment_permission_o,

  // Report.
  output logic                          busy_o,
  output logic                          ended_o,
  output logic [nc_pkg::StatusWidth-1:0] status_o,
  output logic [1:0]                    sticky_o,
  output logic [nc_pkg::ErrorWidth-1:0] error_code_o,
  output logic [nc_pkg::QueueWidth-1:0] error_queue_o,
  output logic [31:0]                   error_index_o,
  output logic [63:0]                   error_address_o,
  output logic [63:0]                   cycles_o,
  output logic [31:0]                   trace_count_o,
  output logic [31:0]                   trace_dropped_o,
  output logic [NumQueues*32-1:0]       queue_index_o,
  output logic [NumQueues*32-1:0]       queue_state_o,
  output logic [NumSemaphores*32-1:0]   semaphores_o,
  input  logic [2:0]                    counter_queue_i,
  input  logic [2:0]                    counter_select_i,
  output logic [63:0]                   counter_value_o,

  // Memory: read clients (a fetch for each queue, then the DMA queues) and write clients (the DMA
  // queues, then trace). While in_reset_o whoever owns the port ends what is open.
  output logic                          in_reset_o,
  input  logic                          memory_idle_i,
  output logic [NumReads-1:0]           ar_valid_o,
  input  logic [NumReads-1:0]           ar_ready_i,
  output logic [NumReads*32-1:0]        ar_addr_o,
  output logic [NumReads*8-1:0]         ar_len_o,
  input  logic [NumReads-1:0]           r_valid_i,
  output logic [NumReads-1:0]           r_ready_o,
  input  logic [DW-1:0]                 r_data_i,
  input  logic                          r_last_i,
  input  logic                          r_error_i,
  output logic [NumWrites-1:0]          aw_valid_o,
  input  logic [NumWrites-1:0]          aw_ready_i,
  output logic [NumWrites*32-1:0]       aw_addr_o,
  output logic [NumWrites*8-1:0]        aw_len_o,
  output logic [NumWrites-1:0]          w_valid_o,
  input  logic [NumWrites-1:0]          w_ready_i,
  output logic [NumWrites*DW-1:0]       w_data_o,
  output logic [NumWrites*AxiBytes-1:0] w_strb_o,
  output logic [NumWrites-1:0]          w_last_o,
  input  logic [NumWrites-1:0]          b_valid_i,
  output logic [NumWrites-1:0]          b_ready_o,
  input  logic                          b_error_i
);

  localparam int unsigned Tensor  = 32'(nc_pkg::QUEUE_TENSOR);
  localparam int unsigned Vector  = 32'(nc_pkg::QUEUE_VECTOR);
  localparam int unsigned Scalar  = 32'(nc_pkg::QUEUE_SCALAR);
  localparam int unsigned Dma0    = 32'(nc_pkg::QUEUE_DMA0);
  localparam int unsigned NumDma  = nc_pkg::NumDmaQueues;
  localparam int unsigned Bits    = nc_pkg::InstructionBits;
  localparam int unsigned EW      = nc_pkg::ErrorWidth;
  localparam int unsigned QW      = nc_pkg::QueueWidth;
  localparam int unsigned StateW  = nc_pkg::WaitStateWidth;
  localparam int unsigned SemIW   = $clog2(NumSemaphores);
  localparam int unsigned TW      = nc_pkg::SemaphoreWidth + SemIW + 2;  // one wait or update
  localparam int unsigned PW      = $clog2(P);
  localparam int unsigned SAW     = $clog2(SbufBytes / 4);
  localparam int unsigned PAW     = $clog2(PsumBytes / 4);
  localparam int unsigned W       = 32 * P;

  // Launch ------------------------------------------------------------------------------------

  logic                     core_rst_n, start, running, halt;
  logic [NumQueues-1:0]     queue_done, queue_idle;
  logic                     trace_idle, retire_any;
  logic [NumQueues-1:0]     error_valid;
  logic [NumQueues*EW-1:0]  error_code;
  logic [NumQueues*32-1:0]  error_index;
  logic [NumQueues*38-1:0]  error_address;

  assign in_reset_o = !core_rst_n;

  nc_launch u_launch (
    .clk_i, .rst_ni,
    .start_i, .abort_i, .soft_reset_i, .watchdog_i,
    .status_o, .error_code_o, .error_queue_o, .error_index_o, .error_address_o, .cycles_o,
    .busy_o, .ended_o,
    .core_rst_no    (core_rst_n),
    .start_o        (start),
    .running_o      (running),
    .halt_o         (halt),
    .queue_done_i   (queue_done),
    .queue_idle_i   (queue_idle),
    .trace_idle_i   (trace_idle),
    .memory_idle_i,
    .retire_i       (retire_any),
    .queue_index_i  (queue_index_o),
    .error_valid_i  (error_valid),
    .error_code_i   (error_code),
    .error_index_i  (error_index),
    .error_address_i(error_address)
  );

  // Segments: one reader for each DMA queue's check, the last for the host ------------------------

  localparam int unsigned NumReaders = NumDma + 1;

  logic [NumReaders*6-1:0]  segment_index;
  logic [NumReaders*32-1:0] segment_base, segment_limit;
  logic [NumReaders*2-1:0]  segment_permission;
  logic [31:0]              fetch_base, fetch_limit;
  /* verilator lint_off UNUSEDSIGNAL */  // fetching only reads
  logic [1:0]               fetch_permission;
  /* verilator lint_on UNUSEDSIGNAL */

  nc_segments #(
    .NumReaders(NumReaders)
  ) u_segments (
    .clk_i, .rst_ni,
    .write_base_i      (segment_write_base_i),
    .write_limit_i     (segment_write_limit_i),
    .write_permission_i(segment_write_permission_i),
    .write_index_i     (segment_index_i),
    .write_data_i      (segment_wdata_i),
    .index_i           (segment_index),
    .base_o            (segment_base),
    .limit_o           (segment_limit),
    .permission_o      (segment_permission),
    .base0_o           (fetch_base),
    .limit0_o          (fetch_limit),
    .permission0_o     (fetch_permission)
  );

  assign segment_index[NumDma*6+:6] = segment_index_i;
  assign segment_base_o             = segment_base[NumDma*32+:32];
  assign segment_limit_o            = segment_limit[NumDma*32+:32];
  assign segment_permission_o       = segment_permission[NumDma*2+:2];

  // Semaphores ----------------------------------------------------------------------------------

  logic [NumQueues-1:0]       wait_valid, wait_pass, retire_valid, retire_ready, retire;
  logic [NumQueues*4*TW-1:0]  waits;
  logic [NumQueues*2*TW-1:0]  updates;
  logic [NumQueues*SemIW-1:0] blocking;
  logic                       semaphore_fault, semaphore_fault_acquire;
  logic [QW-1:0]              semaphore_fault_queue;
  logic [SemIW-1:0]           semaphore_fault_number;

  assign retire     = retire_valid & retire_ready;
  assign retire_any = retire != '0;

  nc_semaphores u_semaphores (
    .clk_i,
    .rst_ni           (core_rst_n),
    .clear_i          (start),
    .wait_valid_i     (wait_valid),
    .waits_i          (waits),
    .wait_pass_o      (wait_pass),
    .wait_blocking_o  (blocking),
    .retire_valid_i   (retire_valid),
    .updates_i        (updates),
    .retire_ready_o   (retire_ready),
    .fault_valid_o    (semaphore_fault),
    .fault_acquire_o  (semaphore_fault_acquire),
    .fault_queue_o    (semaphore_fault_queue),
    .fault_semaphore_o(semaphore_fault_number),
    .values_o         (semaphores_o)
  );

  // Queues --------------------------------------------------------------------------------------

  logic [NumQueues-1:0]        instr_valid, instr_ready, engine_done, engine_busy;
  logic [NumQueues-1:0]        stall_bank, stall_memory;
  logic [NumQueues*Bits-1:0]   instr;
  logic [NumQueues*32-1:0]     running_index, retire_index, retire_start;
  /* verilator lint_off UNUSEDSIGNAL */  // only DMA instructions have segments
  logic [NumQueues*32-1:0]     src_base, dst_base;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [NumQueues*8-1:0]      bytes_read, bytes_written;
  logic [NumQueues-1:0]        engine_error_valid;
  logic [NumQueues*EW-1:0]     engine_error_code;
  logic [NumQueues*32-1:0]     engine_error_address;
  logic [NumQueues*64-1:0]     counter_value;

  for (genvar q = 0; q < NumQueues; q++) begin : gen_queue
    logic [5:0]        index;
    logic [31:0]       base, limit;
    logic [1:0]        permission;
    logic              fault_valid;
    logic [EW-1:0]     fault_code;
    logic [37:0]       fault_address;
    logic [StateW-1:0] state;
    logic [3:0]        outstanding;

    if (q >= Dma0) begin : gen_segment
      assign segment_index[(q-Dma0)*6+:6] = index;
      assign base       = segment_base[(q-Dma0)*32+:32];
      assign limit      = segment_limit[(q-Dma0)*32+:32];
      assign permission = segment_permission[(q-Dma0)*2+:2];
    end else begin : gen_no_segment
      /* verilator lint_off UNUSEDSIGNAL */  // only DMA addresses segments
      logic [5:0] unused_index;
      /* verilator lint_on UNUSEDSIGNAL */
      assign unused_index = index;
      assign base         = '0;
      assign limit        = '0;
      assign permission   = '0;
    end

    nc_queue #(
      .Queue    (q),
      .P        (P),
      .SbufBytes(SbufBytes),
      .PsumBytes(PsumBytes),
      .AxiBytes (AxiBytes)
    ) u_queue (
      .clk_i,
      .rst_ni              (core_rst_n),
      .start_i             (start),
      .offset_i            (queue_offset_i[q*32+:32]),
      .count_i             (queue_count_i[q*32+:32]),
      .halt_i              (halt),
      .cycle_i             (cycles_o[31:0]),
      .done_o              (queue_done[q]),
      .idle_o              (queue_idle[q]),
      .fetch_base_i        (fetch_base),
      .fetch_limit_i       (fetch_limit),
      .fetch_readable_i    (fetch_permission[0]),
      .segment_o           (index),
      .segment_base_i      (base),
      .segment_limit_i     (limit),
      .segment_permission_i(permission),
      .ar_valid_o          (ar_valid_o[q]),
      .ar_ready_i          (ar_ready_i[q]),
      .ar_addr_o           (ar_addr_o[q*32+:32]),
      .ar_len_o            (ar_len_o[q*8+:8]),
      .r_valid_i           (r_valid_i[q]),
      .r_ready_o           (r_ready_o[q]),
      .r_data_i, .r_error_i,
      .wait_valid_o        (wait_valid[q]),
      .waits_o             (waits[q*4*TW+:4*TW]),
      .wait_pass_i         (wait_pass[q]),
      .retire_valid_o      (retire_valid[q]),
      .updates_o           (updates[q*2*TW+:2*TW]),
      .retire_ready_i      (retire_ready[q]),
      .instr_valid_o       (instr_valid[q]),
      .instr_ready_i       (instr_ready[q]),
      .instr_o             (instr[q*Bits+:Bits]),
      .src_segment_base_o  (src_base[q*32+:32]),
      .dst_segment_base_o  (dst_base[q*32+:32]),
      .engine_done_i       (engine_done[q]),
      .engine_fault_i      (engine_error_valid[q]),
      .fault_valid_o       (fault_valid),
      .fault_code_o        (fault_code),
      .fault_address_o     (fault_address),
      .state_o             (state),
      .index_o             (queue_index_o[q*32+:32]),
      .running_index_o     (running_index[q*32+:32]),
      .retire_index_o      (retire_index[q*32+:32]),
      .retire_start_o      (retire_start[q*32+:32]),
      .outstanding_o       (outstanding)
    );

    // An engine's fault concerns the oldest instruction that it has not done, a semaphore's fault
    // the one that retires or, on an acquire, the one that is held.
    always_comb begin
      error_valid[q]            = 1'b0;
      error_code[q*EW+:EW]      = fault_code;
      error_index[q*32+:32]     = queue_index_o[q*32+:32];
      error_address[q*38+:38]   = fault_address;
      if (engine_error_valid[q]) begin
        error_valid[q]          = 1'b1;
        error_code[q*EW+:EW]    = engine_error_code[q*EW+:EW];
        error_index[q*32+:32]   = running_index[q*32+:32];
        error_address[q*38+:38] = {6'd0, engine_error_address[q*32+:32]};
      end else if (semaphore_fault && semaphore_fault_queue == QW'(q)) begin
        error_valid[q]          = 1'b1;
        error_code[q*EW+:EW]    = nc_pkg::ERROR_SEMAPHORE_FAULT;
        error_address[q*38+:38] = 38'(semaphore_fault_number);
        if (!semaphore_fault_acquire) error_index[q*32+:32] = retire_index[q*32+:32];
      end else if (fault_valid) begin
        error_valid[q]          = 1'b1;
      end
    end

    nc_counters u_counters (
      .clk_i,
      .rst_ni         (core_rst_n),
      .clear_i        (start),
      .running_i      (running),
      .state_i        (state),
      .engine_busy_i  (engine_busy[q]),
      .stall_bank_i   (stall_bank[q]),
      .stall_memory_i (stall_memory[q]),
      .retire_i       (retire[q]),
      .bytes_read_i   (bytes_read[q*8+:8]),
      .bytes_written_i(bytes_written[q*8+:8]),
      .select_i       (counter_select_i),
      .value_o        (counter_value[q*64+:64])
    );

    assign queue_state_o[q*32+:32] =
        {12'd0, outstanding, 3'd0,
         state == nc_pkg::WAIT_STATE_SEMAPHORE ? blocking[q*SemIW+:SemIW] : {SemIW{1'b0}},
         5'd0, state};
  end

  always_comb begin
    counter_value_o = '0;
    for (int unsigned q = 0; q < NumQueues; q++) begin
      if (counter_queue_i == 3'(q)) counter_value_o = counter_value[q*64+:64];
    end
  end

  // Trace ---------------------------------------------------------------------------------------

  logic [QW-1:0] retire_queue;

  always_comb begin
    retire_queue = '0;
    for (int unsigned q = 0; q < NumQueues; q++) begin
      if (retire[q]) retire_queue = QW'(q);
    end
  end

  nc_trace #(
    .AxiBytes(AxiBytes)
  ) u_trace (
    .clk_i,
    .rst_ni        (core_rst_n),
    .start_i       (start),
    .base_i        (trace_base_i),
    .size_i        (trace_size_i),
    .idle_o        (trace_idle),
    .count_o       (trace_count_o),
    .dropped_o     (trace_dropped_o),
    .record_valid_i(retire_any),
    .record_queue_i(8'(retire_queue)),
    .record_index_i(retire_index[32'(retire_queue)*32+:24]),
    .record_start_i(retire_start[32'(retire_queue)*32+:32]),
    .record_end_i  (cycles_o[31:0]),
    .aw_valid_o    (aw_valid_o[NumDma]),
    .aw_ready_i    (aw_ready_i[NumDma]),
    .aw_addr_o     (aw_addr_o[NumDma*32+:32]),
    .aw_len_o      (aw_len_o[NumDma*8+:8]),
    .w_valid_o     (w_valid_o[NumDma]),
    .w_ready_i     (w_ready_i[NumDma]),
    .w_data_o      (w_data_o[NumDma*DW+:DW]),
    .w_strb_o      (w_strb_o[NumDma*AxiBytes+:AxiBytes]),
    .w_last_o      (w_last_o[NumDma]),
    .b_valid_i     (b_valid_i[NumDma]),
    .b_ready_o     (b_ready_o[NumDma])
  );

  // Memories ------------------------------------------------------------------------------------

  localparam int unsigned SbufReads  = 5 + NumDma;  // moving, stationary, V in0, V in1, S in, DMA
  localparam int unsigned SbufWrites = 2 + NumDma;  // V, S, DMA
  localparam int unsigned PsumReads  = 4;           // T, V in0, V in1, S
  localparam int unsigned PsumWrites = 3;           // T, V, S

  logic [SbufReads-1:0]      sbuf_rd_req, sbuf_rd_gnt;
  logic [SbufReads*SAW-1:0]  sbuf_rd_addr;
  logic [SbufReads*W-1:0]    sbuf_rd_data;
  logic [SbufWrites-1:0]     sbuf_wr_req, sbuf_wr_gnt;
  logic [SbufWrites*SAW-1:0] sbuf_wr_addr;
  logic [SbufWrites*4-1:0]   sbuf_wr_strb;
  logic [SbufWrites*P-1:0]   sbuf_wr_mask;
  logic [SbufWrites*W-1:0]   sbuf_wr_data;
  logic [NumDma-1:0]          row_rd_req, row_rd_gnt, row_wr_req, row_wr_gnt;
  logic [NumDma*PW-1:0]       row_rd_partition, row_wr_partition;
  logic [NumDma*SAW-1:0]      row_rd_addr, row_wr_addr;
  logic [NumDma*DW-1:0]       row_rd_data, row_wr_data;
  logic [NumDma*AxiBytes-1:0] row_wr_strb;

  nc_sbuf #(
    .P        (P),
    .SbufBytes(SbufBytes),
    .AxiBytes (AxiBytes)
  ) u_sbuf (
    .clk_i,
    .rst_ni  (core_rst_n),
    .rd_req_i(sbuf_rd_req), .rd_addr_i(sbuf_rd_addr), .rd_gnt_o(sbuf_rd_gnt),
    .rd_data_o(sbuf_rd_data),
    .wr_req_i(sbuf_wr_req), .wr_addr_i(sbuf_wr_addr), .wr_strb_i(sbuf_wr_strb),
    .wr_mask_i(sbuf_wr_mask), .wr_data_i(sbuf_wr_data), .wr_gnt_o(sbuf_wr_gnt),
    .row_rd_req_i(row_rd_req), .row_rd_partition_i(row_rd_partition), .row_rd_addr_i(row_rd_addr),
    .row_rd_gnt_o(row_rd_gnt), .row_rd_data_o(row_rd_data),
    .row_wr_req_i(row_wr_req), .row_wr_partition_i(row_wr_partition), .row_wr_addr_i(row_wr_addr),
    .row_wr_strb_i(row_wr_strb), .row_wr_data_i(row_wr_data), .row_wr_gnt_o(row_wr_gnt)
  );

  logic [PsumReads-1:0]      psum_rd_req, psum_rd_gnt;
  logic [PsumReads*PAW-1:0]  psum_rd_addr;
  logic [PsumReads*W-1:0]    psum_rd_data;
  logic [PsumWrites-1:0]     psum_wr_req, psum_wr_gnt;
  logic [PsumWrites*PAW-1:0] psum_wr_addr;
  logic [PsumWrites*4-1:0]   psum_wr_strb;
  logic [PsumWrites*P-1:0]   psum_wr_mask;
  logic [PsumWrites*W-1:0]   psum_wr_data;

  nc_psum #(
    .P        (P),
    .PsumBytes(PsumBytes)
  ) u_psum (
    .clk_i,
    .rst_ni  (core_rst_n),
    .rd_req_i(psum_rd_req), .rd_addr_i(psum_rd_addr), .rd_gnt_o(psum_rd_gnt),
    .rd_data_o(psum_rd_data),
    .wr_req_i(psum_wr_req), .wr_addr_i(psum_wr_addr), .wr_strb_i(psum_wr_strb),
    .wr_mask_i(psum_wr_mask), .wr_data_i(psum_wr_data), .wr_gnt_o(psum_wr_gnt)
  );

  // TensorE -------------------------------------------------------------------------------------

  logic nan_operand, int_overflow;

  nc_tensor_engine #(
    .P        (P),
    .SbufBytes(SbufBytes),
    .PsumBytes(PsumBytes)
  ) u_tensor (
    .clk_i,
    .rst_ni                (core_rst_n),
    .instr_valid_i         (instr_valid[Tensor]),
    .instr_ready_o         (instr_ready[Tensor]),
    .instr_i               (instr[Tensor*Bits+:Bits]),
    .done_o                (engine_done[Tensor]),
    .busy_o                (engine_busy[Tensor]),
    .stall_bank_o          (stall_bank[Tensor]),
    .sticky_nan_operand_o  (nan_operand),
    .sticky_int_overflow_o (int_overflow),
    .moving_req_o          (sbuf_rd_req[0]),
    .moving_addr_o         (sbuf_rd_addr[0*SAW+:SAW]),
    .moving_gnt_i          (sbuf_rd_gnt[0]),
    .moving_rdata_i        (sbuf_rd_data[0*W+:W]),
    .stationary_req_o      (sbuf_rd_req[1]),
    .stationary_addr_o     (sbuf_rd_addr[1*SAW+:SAW]),
    .stationary_gnt_i      (sbuf_rd_gnt[1]),
    .stationary_rdata_i    (sbuf_rd_data[1*W+:W]),
    .psum_rd_req_o         (psum_rd_req[0]),
    .psum_rd_addr_o        (psum_rd_addr[0*PAW+:PAW]),
    .psum_rd_gnt_i         (psum_rd_gnt[0]),
    .psum_rd_data_i        (psum_rd_data[0*W+:W]),
    .psum_wr_req_o         (psum_wr_req[0]),
    .psum_wr_addr_o        (psum_wr_addr[0*PAW+:PAW]),
    .psum_wr_strb_o        (psum_wr_strb[0*4+:4]),
    .psum_wr_mask_o        (psum_wr_mask[0*P+:P]),
    .psum_wr_data_o        (psum_wr_data[0*W+:W]),
    .psum_wr_gnt_i         (psum_wr_gnt[0])
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni || start) begin
      sticky_o <= '0;
    end else if (nan_operand || int_overflow) begin
      sticky_o <= sticky_o | (2'(nan_operand) << nc_pkg::STICKY_NAN_OPERAND) |
                  (2'(int_overflow) << nc_pkg::STICKY_INT_OVERFLOW);
    end
  end

  // VectorE -------------------------------------------------------------------------------------

  nc_vector_engine #(
    .P        (P),
    .SbufBytes(SbufBytes),
    .PsumBytes(PsumBytes)
  ) u_vector (
    .clk_i,
    .rst_ni          (core_rst_n),
    .instr_valid_i   (instr_valid[Vector]),
    .instr_ready_o   (instr_ready[Vector]),
    .instr_i         (instr[Vector*Bits+:Bits]),
    .done_o          (engine_done[Vector]),
    .busy_o          (engine_busy[Vector]),
    .stall_bank_o    (stall_bank[Vector]),
    .in0_sbuf_req_o  (sbuf_rd_req[2]),
    .in0_sbuf_addr_o (sbuf_rd_addr[2*SAW+:SAW]),
    .in0_sbuf_gnt_i  (sbuf_rd_gnt[2]),
    .in0_sbuf_rdata_i(sbuf_rd_data[2*W+:W]),
    .in0_psum_req_o  (psum_rd_req[1]),
    .in0_psum_addr_o (psum_rd_addr[1*PAW+:PAW]),
    .in0_psum_gnt_i  (psum_rd_gnt[1]),
    .in0_psum_rdata_i(psum_rd_data[1*W+:W]),
    .in1_sbuf_req_o  (sbuf_rd_req[3]),
    .in1_sbuf_addr_o (sbuf_rd_addr[3*SAW+:SAW]),
    .in1_sbuf_gnt_i  (sbuf_rd_gnt[3]),
    .in1_sbuf_rdata_i(sbuf_rd_data[3*W+:W]),
    .in1_psum_req_o  (psum_rd_req[2]),
    .in1_psum_addr_o (psum_rd_addr[2*PAW+:PAW]),
    .in1_psum_gnt_i  (psum_rd_gnt[2]),
    .in1_psum_rdata_i(psum_rd_data[2*W+:W]),
    .sbuf_wr_req_o   (sbuf_wr_req[0]),
    .sbuf_wr_addr_o  (sbuf_wr_addr[0*SAW+:SAW]),
    .sbuf_wr_strb_o  (sbuf_wr_strb[0*4+:4]),
    .sbuf_wr_mask_o  (sbuf_wr_mask[0*P+:P]),
    .sbuf_wr_data_o  (sbuf_wr_data[0*W+:W]),
    .sbuf_wr_gnt_i   (sbuf_wr_gnt[0]),
    .psum_wr_req_o   (psum_wr_req[1]),
    .psum_wr_addr_o  (psum_wr_addr[1*PAW+:PAW]),
    .psum_wr_strb_o  (psum_wr_strb[1*4+:4]),
    .psum_wr_mask_o  (psum_wr_mask[1*P+:P]),
    .psum_wr_data_o  (psum_wr_data[1*W+:W]),
    .psum_wr_gnt_i   (psum_wr_gnt[1])
  );

  // ScalarE -------------------------------------------------------------------------------------

  nc_scalar_engine #(
    .P        (P),
    .SbufBytes(SbufBytes),
    .PsumBytes(PsumBytes)
  ) u_scalar (
    .clk_i,
    .rst_ni         (core_rst_n),
    .instr_valid_i  (instr_valid[Scalar]),
    .instr_ready_o  (instr_ready[Scalar]),
    .instr_i        (instr[Scalar*Bits+:Bits]),
    .done_o         (engine_done[Scalar]),
    .busy_o         (engine_busy[Scalar]),
    .stall_bank_o   (stall_bank[Scalar]),
    .in_sbuf_req_o  (sbuf_rd_req[4]),
    .in_sbuf_addr_o (sbuf_rd_addr[4*SAW+:SAW]),
    .in_sbuf_gnt_i  (sbuf_rd_gnt[4]),
    .in_sbuf_rdata_i(sbuf_rd_data[4*W+:W]),
    .in_psum_req_o  (psum_rd_req[3]),
    .in_psum_addr_o (psum_rd_addr[3*PAW+:PAW]),
    .in_psum_gnt_i  (psum_rd_gnt[3]),
    .in_psum_rdata_i(psum_rd_data[3*W+:W]),
    .sbuf_wr_req_o  (sbuf_wr_req[1]),
    .sbuf_wr_addr_o (sbuf_wr_addr[1*SAW+:SAW]),
    .sbuf_wr_strb_o (sbuf_wr_strb[1*4+:4]),
    .sbuf_wr_mask_o (sbuf_wr_mask[1*P+:P]),
    .sbuf_wr_data_o (sbuf_wr_data[1*W+:W]),
    .sbuf_wr_gnt_i  (sbuf_wr_gnt[1]),
    .psum_wr_req_o  (psum_wr_req[2]),
    .psum_wr_addr_o (psum_wr_addr[2*PAW+:PAW]),
    .psum_wr_strb_o (psum_wr_strb[2*4+:4]),
    .psum_wr_mask_o (psum_wr_mask[2*P+:P]),
    .psum_wr_data_o (psum_wr_data[2*W+:W]),
    .psum_wr_gnt_i  (psum_wr_gnt[2])
  );

  // DMA -----------------------------------------------------------------------------------------

  for (genvar d = 0; d < NumDma; d++) begin : gen_dma
    localparam int unsigned Q      = Dma0 + d;
    localparam int unsigned Client = NumQueues + d;
    localparam int unsigned ColRd  = 5 + d;
    localparam int unsigned ColWr  = 2 + d;
    localparam int unsigned CountW = $clog2(AxiBytes) + 1;

    logic [CountW-1:0] read_now, written_now;
    assign bytes_read[Q*8+:8]    = 8'(read_now);
    assign bytes_written[Q*8+:8] = 8'(written_now);

    nc_dma #(
      .P        (P),
      .SbufBytes(SbufBytes),
      .AxiBytes (AxiBytes)
    ) u_dma (
      .clk_i,
      .rst_ni            (core_rst_n),
      .instr_valid_i     (instr_valid[Q]),
      .instr_ready_o     (instr_ready[Q]),
      .instr_i           (instr[Q*Bits+:Bits]),
      .src_segment_base_i(src_base[Q*32+:32]),
      .dst_segment_base_i(dst_base[Q*32+:32]),
      .done_o            (engine_done[Q]),
      .busy_o            (engine_busy[Q]),
      .stall_bank_o      (stall_bank[Q]),
      .error_valid_o     (engine_error_valid[Q]),
      .error_code_o      (engine_error_code[Q*EW+:EW]),
      .error_address_o   (engine_error_address[Q*32+:32]),
      .stall_memory_o    (stall_memory[Q]),
      .bytes_read_o      (read_now),
      .bytes_written_o   (written_now),
      .row_rd_req_o      (row_rd_req[d]),
      .row_rd_partition_o(row_rd_partition[d*PW+:PW]),
      .row_rd_addr_o     (row_rd_addr[d*SAW+:SAW]),
      .row_rd_gnt_i      (row_rd_gnt[d]),
      .row_rd_data_i     (row_rd_data[d*DW+:DW]),
      .row_wr_req_o      (row_wr_req[d]),
      .row_wr_partition_o(row_wr_partition[d*PW+:PW]),
      .row_wr_addr_o     (row_wr_addr[d*SAW+:SAW]),
      .row_wr_strb_o     (row_wr_strb[d*AxiBytes+:AxiBytes]),
      .row_wr_data_o     (row_wr_data[d*DW+:DW]),
      .row_wr_gnt_i      (row_wr_gnt[d]),
      .col_rd_req_o      (sbuf_rd_req[ColRd]),
      .col_rd_addr_o     (sbuf_rd_addr[ColRd*SAW+:SAW]),
      .col_rd_gnt_i      (sbuf_rd_gnt[ColRd]),
      .col_rd_data_i     (sbuf_rd_data[ColRd*W+:W]),
      .col_wr_req_o      (sbuf_wr_req[ColWr]),
      .col_wr_addr_o     (sbuf_wr_addr[ColWr*SAW+:SAW]),
      .col_wr_strb_o     (sbuf_wr_strb[ColWr*4+:4]),
      .col_wr_mask_o     (sbuf_wr_mask[ColWr*P+:P]),
      .col_wr_data_o     (sbuf_wr_data[ColWr*W+:W]),
      .col_wr_gnt_i      (sbuf_wr_gnt[ColWr]),
      .ar_valid_o        (ar_valid_o[Client]),
      .ar_ready_i        (ar_ready_i[Client]),
      .ar_addr_o         (ar_addr_o[Client*32+:32]),
      .ar_len_o          (ar_len_o[Client*8+:8]),
      .r_valid_i         (r_valid_i[Client]),
      .r_ready_o         (r_ready_o[Client]),
      .r_data_i, .r_last_i, .r_error_i,
      .aw_valid_o        (aw_valid_o[d]),
      .aw_ready_i        (aw_ready_i[d]),
      .aw_addr_o         (aw_addr_o[d*32+:32]),
      .aw_len_o          (aw_len_o[d*8+:8]),
      .w_valid_o         (w_valid_o[d]),
      .w_ready_i         (w_ready_i[d]),
      .w_data_o          (w_data_o[d*DW+:DW]),
      .w_strb_o          (w_strb_o[d*AxiBytes+:AxiBytes]),
      .w_last_o          (w_last_o[d]),
      .b_valid_i         (b_valid_i[d]),
      .b_ready_o         (b_ready_o[d]),
      .b_error_i
    );
  end

  // Engines without a memory port have no faults of their own.
  assign stall_memory[Dma0-1:0]            = '0;
  assign bytes_read[Dma0*8-1:0]            = '0;
  assign bytes_written[Dma0*8-1:0]         = '0;
  assign engine_error_valid[Dma0-1:0]      = '0;
  assign engine_error_code[Dma0*EW-1:0]    = '0;
  assign engine_error_address[Dma0*32-1:0] = '0;

endmodule

`default_nettype wire
