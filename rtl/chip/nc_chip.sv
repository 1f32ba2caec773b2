// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// The chip: cores, their registers, the host link, and the one memory port they all share.
//
//     host bytes <-> link <-> registers <-> core 0 .. NumCores-1
//                      |                        |
//                      +------ memory mux ------+--> AXI4 --> DRAM
//
// Memory clients, and so AXI IDs: core c has 8*c .. 8*c+7 (five fetches, two DMA queues, trace),
// the link has 8*NumCores.
module nc_chip #(
  parameter int unsigned NumCores = nc_pkg::NumCores,
  parameter int unsigned AxiBytes = nc_pkg::AxiBytes,

  localparam int unsigned NumClients = 8 * NumCores + 1,
  localparam int unsigned IW         = $clog2(NumClients)
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,

  // Host link: a byte stream each way, valid/ready.
  input  logic                  link_rx_valid_i,
  output logic                  link_rx_ready_o,
  input  logic [7:0]            link_rx_data_i,
  output logic                  link_tx_valid_o,
  input  logic                  link_tx_ready_i,
  output logic [7:0]            link_tx_data_o,

  output logic [NumCores-1:0]   running_o,      // a launch is executing

  // Memory: AXI4 master, INCR bursts of full-width beats.
  output logic                  m_axi_arvalid,
  input  logic                  m_axi_arready,
  output logic [IW-1:0]         m_axi_arid,
  output logic [31:0]           m_axi_araddr,
  output logic [7:0]            m_axi_arlen,
  input  logic                  m_axi_rvalid,
  output logic                  m_axi_rready,
  input  logic [IW-1:0]         m_axi_rid,
  input  logic [8*AxiBytes-1:0] m_axi_rdata,
  input  logic [1:0]            m_axi_rresp,
  input  logic                  m_axi_rlast,
  output logic                  m_axi_awvalid,
  input  logic                  m_axi_awready,
  output logic [IW-1:0]         m_axi_awid,
  output logic [31:0]           m_axi_awaddr,
  output logic [7:0]            m_axi_awlen,
  output logic                  m_axi_wvalid,
  input  logic                  m_axi_wready,
  output logic [8*AxiBytes-1:0] m_axi_wdata,
  output logic [AxiBytes-1:0]   m_axi_wstrb,
  output logic                  m_axi_wlast,
  input  logic                  m_axi_bvalid,
  output logic                  m_axi_bready,
  input  logic [IW-1:0]         m_axi_bid,
  input  logic [1:0]            m_axi_bresp
);

  localparam int          Last       = NumCores - 1;
  localparam int unsigned DW         = 8 * AxiBytes;
  localparam int unsigned LinkClient = 8 * NumCores;
  localparam int unsigned NumReads   = 7;   // read clients of a core, from its first ID on
  localparam int unsigned NumWrites  = 3;   // write clients of a core: the last three of its IDs
  localparam int unsigned FirstWrite = 5;
  localparam int unsigned BlockShift = $clog2(nc_pkg::RegisterBlockBytes);
  localparam int unsigned SW         = nc_pkg::LinkStatusWidth;

  // Memory clients.
  /* verilator lint_off UNUSEDSIGNAL */  // nobody resets the link
  logic [NumClients-1:0]          rd_idle, wr_idle;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [NumClients-1:0]          rd_flush, ar_valid, ar_ready, r_valid, r_ready;
  logic [NumClients*32-1:0]       ar_addr, aw_addr;
  logic [NumClients*8-1:0]        ar_len, aw_len;
  logic [DW-1:0]                  r_data;
  logic                           r_last, r_error, b_error;
  logic [NumClients-1:0]          wr_flush, aw_valid, aw_ready, w_valid, w_ready, w_last;
  logic [NumClients-1:0]          b_valid, b_ready;
  logic [NumClients*DW-1:0]       w_data;
  logic [NumClients*AxiBytes-1:0] w_strb;

  nc_axi_mux #(
    .N       (NumClients),
    .AxiBytes(AxiBytes)
  ) u_mux (
    .clk_i, .rst_ni,
    .rd_flush_i(rd_flush), .rd_idle_o(rd_idle),
    .ar_valid_i(ar_valid), .ar_ready_o(ar_ready), .ar_addr_i(ar_addr), .ar_len_i(ar_len),
    .r_valid_o(r_valid), .r_ready_i(r_ready), .r_data_o(r_data), .r_last_o(r_last),
    .r_error_o(r_error),
    .wr_flush_i(wr_flush), .wr_idle_o(wr_idle),
    .aw_valid_i(aw_valid), .aw_ready_o(aw_ready), .aw_addr_i(aw_addr), .aw_len_i(aw_len),
    .w_valid_i(w_valid), .w_ready_o(w_ready), .w_data_i(w_data), .w_strb_i(w_strb),
    .w_last_i(w_last),
    .b_valid_o(b_valid), .b_ready_i(b_ready), .b_error_o(b_error),
    .m_axi_arvalid, .m_axi_arready, .m_axi_arid, .m_axi_araddr, .m_axi_arlen,
    .m_axi_rvalid, .m_axi_rready, .m_axi_rid, .m_axi_rdata, .m_axi_rresp, .m_axi_rlast,
    .m_axi_awvalid, .m_axi_awready, .m_axi_awid, .m_axi_awaddr, .m_axi_awlen,
    .m_axi_wvalid, .m_axi_wready, .m_axi_wdata, .m_axi_wstrb, .m_axi_wlast,
    .m_axi_bvalid, .m_axi_bready, .m_axi_bid, .m_axi_bresp
  );

  // Host link.
  logic                   reg_valid, reg_write, reg_done;
  logic [31:0]            reg_addr, reg_wdata, reg_rdata, link_errors;
  logic [SW-1:0]          reg_status;
  logic                   event_valid, event_ready;
  logic [63:0]            event_data;

  nc_link_host #(
    .AxiBytes(AxiBytes)
  ) u_link (
    .clk_i, .rst_ni,
    .rx_valid_i(link_rx_valid_i), .rx_ready_o(link_rx_ready_o), .rx_data_i(link_rx_data_i),
    .tx_valid_o(link_tx_valid_o), .tx_ready_i(link_tx_ready_i), .tx_data_o(link_tx_data_o),
    .reg_valid_o(reg_valid), .reg_write_o(reg_write), .reg_addr_o(reg_addr),
    .reg_wdata_o(reg_wdata), .reg_done_i(reg_done), .reg_rdata_i(reg_rdata),
    .reg_status_i(reg_status),
    .event_valid_i(event_valid), .event_ready_o(event_ready), .event_data_i(event_data),
    .errors_o  (link_errors),
    .ar_valid_o(ar_valid[LinkClient]), .ar_ready_i(ar_ready[LinkClient]),
    .ar_addr_o(ar_addr[LinkClient*32+:32]), .ar_len_o(ar_len[LinkClient*8+:8]),
    .r_valid_i(r_valid[LinkClient]), .r_ready_o(r_ready[LinkClient]), .r_data_i(r_data),
    .r_error_i(r_error),
    .aw_valid_o(aw_valid[LinkClient]), .aw_ready_i(aw_ready[LinkClient]),
    .aw_addr_o(aw_addr[LinkClient*32+:32]), .aw_len_o(aw_len[LinkClient*8+:8]),
    .w_valid_o(w_valid[LinkClient]), .w_ready_i(w_ready[LinkClient]),
    .w_data_o(w_data[LinkClient*DW+:DW]), .w_strb_o(w_strb[LinkClient*AxiBytes+:AxiBytes]),
    .w_last_o(w_last[LinkClient]),
    .b_valid_i(b_valid[LinkClient]), .b_ready_o(b_ready[LinkClient]), .b_error_i(b_error)
  );

  assign rd_flush[LinkClient] = 1'b0;
  assign wr_flush[LinkClient] = 1'b0;

  // Register accesses go to the core that the address names; beyond the last one nothing answers
  // but this register.
  logic [NumCores-1:0]    core_done;
  logic [NumCores*32-1:0] core_rdata;
  logic [NumCores*SW-1:0] core_status;
  logic                   no_core_q;

  always_ff @(posedge clk_i) begin
    no_core_q <= reg_valid && (reg_addr >> BlockShift) >= 32'(NumCores);
    if (!rst_ni) no_core_q <= 1'b0;
  end

  always_comb begin
    reg_done   = no_core_q;
    reg_rdata  = '0;
    reg_status = SW'(nc_pkg::LINK_STATUS_BAD_ADDRESS);
    for (int unsigned c = 0; c < NumCores; c++) begin
      if (core_done[c]) begin
        reg_done   = 1'b1;
        reg_rdata  = core_rdata[c*32+:32];
        reg_status = core_status[c*SW+:SW];
      end
    end
  end

  // Events of ended launches wait here for the link, one for each core.
  logic [NumCores-1:0]    ended, event_valid_q;
  logic [NumCores*64-1:0] ended_data, event_data_q;

  always_comb begin
    event_valid = event_valid_q != '0;
    event_data  = '0;
    for (int c = Last; c >= 0; c--) begin
      if (event_valid_q[c]) event_data = event_data_q[c*64+:64];
    end
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned c = 0; c < NumCores; c++) begin
      if (event_ready && event_data[7:0] == 8'(c)) event_valid_q[c] <= 1'b0;
      if (ended[c]) begin
        event_valid_q[c]         <= 1'b1;
        event_data_q[c*64+:64] <= ended_data[c*64+:64];
      end
    end
    if (!rst_ni) event_valid_q <= '0;
  end

  for (genvar c = 0; c < NumCores; c++) begin : gen_core
    localparam int unsigned First = 8 * c;

    logic        start, abort, soft_reset, busy, in_reset;
    logic [31:0] watchdog, launch_id, trace_base, trace_size;
    logic [nc_pkg::NumQueues*32-1:0] queue_offset, queue_count, queue_index, queue_state;
    logic        segment_write_base, segment_write_limit, segment_write_permission;
    logic [5:0]  segment_index;
    logic [31:0] segment_wdata, segment_base, segment_limit;
    logic [1:0]  segment_permission;
    logic [nc_pkg::StatusWidth-1:0] status;
    logic [1:0]  sticky;
    logic [nc_pkg::ErrorWidth-1:0]  error_code;
    logic [nc_pkg::QueueWidth-1:0]  error_queue;
    logic [31:0] error_index, trace_count, trace_dropped;
    logic [63:0] error_address, cycles, counter_value;
    logic [nc_pkg::NumSemaphores*32-1:0] semaphores;
    logic [2:0]  counter_queue, counter_select;

    assign running_o[c]          = status == nc_pkg::STATUS_RUNNING;
    assign ended_data[c*64+:64]  = {launch_id, 8'd0, 8'(error_code), 8'(status), 8'(c)};

    nc_regs u_regs (
      .clk_i, .rst_ni,
      .valid_i(reg_valid && (reg_addr >> BlockShift) == 32'(c)),
      .write_i(reg_write), .addr_i(16'(reg_addr[BlockShift-1:0])), .wdata_i(reg_wdata),
      .done_o(core_done[c]), .rdata_o(core_rdata[c*32+:32]), .status_o(core_status[c*SW+:SW]),
      .start_o(start), .abort_o(abort), .soft_reset_o(soft_reset),
      .watchdog_o(watchdog), .launch_id_o(launch_id),
      .trace_base_o(trace_base), .trace_size_o(trace_size),
      .queue_offset_o(queue_offset), .queue_count_o(queue_count),
      .segment_write_base_o(segment_write_base), .segment_write_limit_o(segment_write_limit),
      .segment_write_permission_o(segment_write_permission),
      .segment_index_o(segment_index), .segment_wdata_o(segment_wdata),
      .segment_base_i(segment_base), .segment_limit_i(segment_limit),
      .segment_permission_i(segment_permission),
      .busy_i(busy), .core_status_i(status), .sticky_i(sticky),
      .error_code_i(error_code), .error_queue_i(error_queue), .error_index_i(error_index),
      .error_address_i(error_address), .cycles_i(cycles),
      .trace_count_i(trace_count), .trace_dropped_i(trace_dropped), .link_errors_i(link_errors),
      .queue_index_i(queue_index), .queue_state_i(queue_state), .semaphores_i(semaphores),
      .counter_queue_o(counter_queue), .counter_select_o(counter_select),
      .counter_value_i(counter_value)
    );

    nc_core #(
      .AxiBytes(AxiBytes)
    ) u_core (
      .clk_i, .rst_ni,
      .start_i(start), .abort_i(abort), .soft_reset_i(soft_reset), .watchdog_i(watchdog),
      .trace_base_i(trace_base), .trace_size_i(trace_size),
      .queue_offset_i(queue_offset), .queue_count_i(queue_count),
      .segment_write_base_i(segment_write_base), .segment_write_limit_i(segment_write_limit),
      .segment_write_permission_i(segment_write_permission),
      .segment_index_i(segment_index), .segment_wdata_i(segment_wdata),
      .segment_base_o(segment_base), .segment_limit_o(segment_limit),
      .segment_permission_o(segment_permission),
      .busy_o(busy), .ended_o(ended[c]), .status_o(status), .sticky_o(sticky),
      .error_code_o(error_code), .error_queue_o(error_queue), .error_index_o(error_index),
      .error_address_o(error_address), .cycles_o(cycles),
      .trace_count_o(trace_count), .trace_dropped_o(trace_dropped),
      .queue_index_o(queue_index), .queue_state_o(queue_state), .semaphores_o(semaphores),
      .counter_queue_i(counter_queue), .counter_select_i(counter_select),
      .counter_value_o(counter_value),
      .in_reset_o(in_reset),
      .memory_idle_i(&rd_idle[First+:8] && &wr_idle[First+:8]),
      .ar_valid_o(ar_valid[First+:NumReads]), .ar_ready_i(ar_ready[First+:NumReads]),
      .ar_addr_o(ar_addr[First*32+:NumReads*32]), .ar_len_o(ar_len[First*8+:NumReads*8]),
      .r_valid_i(r_valid[First+:NumReads]), .r_ready_o(r_ready[First+:NumReads]),
      .r_data_i(r_data), .r_last_i(r_last), .r_error_i(r_error),
      .aw_valid_o(aw_valid[First+FirstWrite+:NumWrites]),
      .aw_ready_i(aw_ready[First+FirstWrite+:NumWrites]),
      .aw_addr_o(aw_addr[(First+FirstWrite)*32+:NumWrites*32]),
      .aw_len_o(aw_len[(First+FirstWrite)*8+:NumWrites*8]),
      .w_valid_o(w_valid[First+FirstWrite+:NumWrites]),
      .w_ready_i(w_ready[First+FirstWrite+:NumWrites]),
      .w_data_o(w_data[(First+FirstWrite)*DW+:NumWrites*DW]),
      .w_strb_o(w_strb[(First+FirstWrite)*AxiBytes+:NumWrites*AxiBytes]),
      .w_last_o(w_last[First+FirstWrite+:NumWrites]),
      .b_valid_i(b_valid[First+FirstWrite+:NumWrites]),
      .b_ready_o(b_ready[First+FirstWrite+:NumWrites]), .b_error_i(b_error)
    );

    assign rd_flush[First+:8] = {8{in_reset}};
    assign wr_flush[First+:8] = {8{in_reset}};

    // IDs without a client in one direction: read of the trace, write of the fetches.
    assign ar_valid[First+NumReads]       = 1'b0;
    assign ar_addr[(First+NumReads)*32+:32] = '0;
    assign ar_len[(First+NumReads)*8+:8]  = '0;
    assign r_ready[First+NumReads]        = 1'b0;
    assign aw_valid[First+:FirstWrite]    = '0;
    assign aw_addr[First*32+:FirstWrite*32] = '0;
    assign aw_len[First*8+:FirstWrite*8]  = '0;
    assign w_valid[First+:FirstWrite]     = '0;
    assign w_data[First*DW+:FirstWrite*DW] = '0;
    assign w_strb[First*AxiBytes+:FirstWrite*AxiBytes] = '0;
    assign w_last[First+:FirstWrite]      = '0;
    assign b_ready[First+:FirstWrite]     = '0;
  end

endmodule

`default_nettype wire
