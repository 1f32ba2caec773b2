// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// The register block of one core (isa/neuron.json, "registers"). An access takes two cycles and is
// answered by done_o. The launch's registers cannot be written while the core is busy (link status busy).
module nc_regs #(
  parameter int unsigned NumQueues = nc_pkg::NumQueues,

  localparam int unsigned NumSemaphores = nc_pkg::NumSemaphores,
  localparam int unsigned WW            = $clog2(NumSemaphores),   // of a word in a block
  localparam int unsigned SW            = nc_pkg::LinkStatusWidth
) (
  input  logic                          clk_i,
  input  logic                          rst_ni,

  // Bus.
  input  logic                          valid_i,
  input  logic                          write_i,
  input  logic [15:0]                   addr_i,
  input  logic [31:0]                   wdata_i,
  output logic                          done_o,
  output logic [31:0]                   rdata_o,
  output logic [SW-1:0]                 status_o,

  // What the host sets.
  output logic                          start_o,          // pulses
  output logic                          abort_o,
  output logic                          soft_reset_o,
  output logic [31:0]                   watchdog_o,
  output logic [31:0]                   launch_id_o,
  output logic [31:0]                   trace_base_o,
  output logic [31:0]                   trace_size_o,
  output logic [NumQueues*32-1:0]       queue_offset_o,
  output logic [NumQueues*32-1:0]       queue_count_o,

  // Segment table; the entry of segment_index_o is there one cycle later.
  output logic                          segment_write_base_o,
  output logic                          segment_write_limit_o,
  output logic                          segment_write_permission_o,
  output logic [5:0]                    segment_index_o,
  output logic [31:0]                   segment_wdata_o,
  input  logic [31:0]                   segment_base_i,
  input  logic [31:0]                   segment_limit_i,
  input  logic [1:0]                    segment_permission_i,

  // What the core reports.
  input  logic                          busy_i,           // a launch or a reset is going on
  input  logic [nc_pkg::StatusWidth-1:0] core_status_i,
  input  logic [1:0]                    sticky_i,
  input  logic [nc_pkg::ErrorWidth-1:0] error_code_i,
  input  logic [nc_pkg::QueueWidth-1:0] error_queue_i,
  input  logic [31:0]                   error_index_i,
  input  logic [63:0]                   error_address_i,
  input  logic [63:0]                   cycles_i,
  input  logic [31:0]                   trace_count_i,
  input  logic [31:0]                   trace_dropped_i,
  input  logic [31:0]                   link_errors_i,
  input  logic [NumQueues*32-1:0]       queue_index_i,
  input  logic [NumQueues*32-1:0]       queue_state_i,
  input  logic [NumSemaphores*32-1:0]   semaphores_i,
  output logic [2:0]                    counter_queue_o,
  output logic [2:0]                    counter_select_o,
  input  logic [63:0]                   counter_value_i
);

  localparam int unsigned CapabilityWords = nc_pkg::REG_CAPABILITY_COUNT;
  localparam int unsigned QW              = nc_pkg::QueueWidth;

  logic        valid_q, write_q;
  logic [15:0] addr_q;
  logic [31:0] wdata_q;

  // A register of a block at `base` with `count` words.
  function automatic logic in_block(input logic [15:0] addr, input logic [15:0] base,
                                    input int unsigned count);
    in_block = addr >= base && 32'(addr) < 32'(base) + count * 4;
  endfunction

  function automatic logic [31:0] block_word(input logic [15:0] addr, input logic [15:0] base);
    logic [15:0] offset;
    offset     = addr - base;
    block_word = {16'd0, offset} >> 2;
  endfunction

  logic [WW-1:0] word;      // index in the block
  logic        control;     // the control register
  logic        writable;    // another register that may be written
  logic        readable;
  logic [31:0] rdata;

  assign segment_index_o  = valid_q ? addr_q[7:2] : addr_i[7:2];

  /* verilator lint_off UNUSEDSIGNAL */  // queue, counter and half are all there is
  logic [31:0] counter_word;
  /* verilator lint_on UNUSEDSIGNAL */
  assign counter_word     = block_word(addr_q, nc_pkg::REG_COUNTER);
  assign counter_queue_o  = counter_word[6:4];
  assign counter_select_o = counter_word[3:1];

  always_comb begin
    word     = '0;
    control  = 1'b0;
    writable = 1'b0;
    readable = 1'b0;
    rdata    = '0;
    if (valid_q) begin
      readable = 1'b1;
      if (in_block(addr_q, nc_pkg::REG_CAPABILITY, CapabilityWords)) begin
        rdata = nc_pkg::CapabilityRom[{addr_q[5:2], 5'd0}+:32];
      end else if (in_block(addr_q, nc_pkg::REG_QUEUE_OFFSET, NumQueues)) begin
        word     = WW'(block_word(addr_q, nc_pkg::REG_QUEUE_OFFSET));
        writable = 1'b1;
        rdata    = queue_offset_o[{word[QW-1:0], 5'd0}+:32];
      end else if (in_block(addr_q, nc_pkg::REG_QUEUE_COUNT, NumQueues)) begin
        word     = WW'(block_word(addr_q, nc_pkg::REG_QUEUE_COUNT));
        writable = 1'b1;
        rdata    = queue_count_o[{word[QW-1:0], 5'd0}+:32];
      end else if (in_block(addr_q, nc_pkg::REG_QUEUE_INDEX, NumQueues)) begin
        word  = WW'(block_word(addr_q, nc_pkg::REG_QUEUE_INDEX));
        rdata = queue_index_i[{word[QW-1:0], 5'd0}+:32];
      end else if (in_block(addr_q, nc_pkg::REG_QUEUE_STATE, NumQueues)) begin
        word  = WW'(block_word(addr_q, nc_pkg::REG_QUEUE_STATE));
        rdata = queue_state_i[{word[QW-1:0], 5'd0}+:32];
      end else if (in_block(addr_q, nc_pkg::REG_SEMAPHORE, NumSemaphores)) begin
        word  = WW'(block_word(addr_q, nc_pkg::REG_SEMAPHORE));
        rdata = semaphores_i[{word, 5'd0}+:32];
      end else if (in_block(addr_q, nc_pkg::REG_SEGMENT_BASE, nc_pkg::NumSegments)) begin
        writable = 1'b1;
        rdata    = segment_base_i;
      end else if (in_block(addr_q, nc_pkg::REG_SEGMENT_LIMIT, nc_pkg::NumSegments)) begin
        writable = 1'b1;
        rdata    = segment_limit_i;
      end else if (in_block(addr_q, nc_pkg::REG_SEGMENT_PERMISSION, nc_pkg::NumSegments)) begin
        writable = 1'b1;
        rdata    = {30'd0, segment_permission_i};
      end else if (in_block(addr_q, nc_pkg::REG_COUNTER, NumQueues * nc_pkg::NumCounters * 2)) begin
        rdata = counter_word[0] ? counter_value_i[63:32] : counter_value_i[31:0];
      end else begin
        unique case (addr_q)
          nc_pkg::REG_CONTROL:               control = 1'b1;
          nc_pkg::REG_STATUS:                rdata = 32'(core_status_i);
          nc_pkg::REG_STICKY:                rdata = 32'(sticky_i);
          nc_pkg::REG_ERROR_CODE:            rdata = 32'(error_code_i);
          nc_pkg::REG_ERROR_QUEUE:           rdata = 32'(error_queue_i);
          nc_pkg::REG_ERROR_INDEX:           rdata = error_index_i;
          nc_pkg::REG_ERROR_ADDRESS:         rdata = error_address_i[31:0];
          nc_pkg::REG_ERROR_ADDRESS + 16'd4: rdata = error_address_i[63:32];
          nc_pkg::REG_CYCLES:                rdata = cycles_i[31:0];
          nc_pkg::REG_CYCLES + 16'd4:        rdata = cycles_i[63:32];
          nc_pkg::REG_TRACE_COUNT:           rdata = trace_count_i;
          nc_pkg::REG_TRACE_DROPPED:         rdata = trace_dropped_i;
          nc_pkg::REG_LINK_ERRORS:           rdata = link_errors_i;
          nc_pkg::REG_WATCHDOG: begin
            writable = 1'b1;
            rdata    = watchdog_o;
          end
          nc_pkg::REG_LAUNCH_ID: begin
            writable = 1'b1;
            rdata    = launch_id_o;
          end
          nc_pkg::REG_TRACE_BASE: begin
            writable = 1'b1;
            rdata    = trace_base_o;
          end
          nc_pkg::REG_TRACE_SIZE: begin
            writable = 1'b1;
            rdata    = trace_size_o;
          end
          default: readable = 1'b0;
        endcase
      end
    end
  end

  logic write;  // a register other than control is written in this cycle
  assign write = valid_q && write_q && writable && !busy_i;

  assign segment_write_base_o  = write && in_block(addr_q, nc_pkg::REG_SEGMENT_BASE, nc_pkg::NumSegments);
  assign segment_write_limit_o = write && in_block(addr_q, nc_pkg::REG_SEGMENT_LIMIT, nc_pkg::NumSegments);
  assign segment_write_permission_o =
      write && in_block(addr_q, nc_pkg::REG_SEGMENT_PERMISSION, nc_pkg::NumSegments);
  assign segment_wdata_o = wdata_q;

  always_ff @(posedge clk_i) begin
    valid_q      <= valid_i;
    done_o       <= valid_q;
    start_o      <= 1'b0;
    abort_o      <= 1'b0;
    soft_reset_o <= 1'b0;
    if (valid_i) begin
      write_q <= write_i;
      addr_q  <= addr_i;
      wdata_q <= wdata_i;
    end
    if (valid_q) begin
      rdata_o  <= rdata;
      status_o <= SW'(nc_pkg::LINK_STATUS_OK);
      if (!readable || (write_q && !control && !writable)) begin
        status_o <= SW'(nc_pkg::LINK_STATUS_BAD_ADDRESS);
      end else if (write_q && busy_i && (writable || (control && wdata_q[0] && !wdata_q[2]))) begin
        status_o <= SW'(nc_pkg::LINK_STATUS_BUSY);
      end
      if (write_q && control) begin
        start_o      <= wdata_q[0] && !wdata_q[2] && !busy_i;
        abort_o      <= wdata_q[1];
        soft_reset_o <= wdata_q[2];
      end
    end
    if (write) begin
      if (addr_q == nc_pkg::REG_WATCHDOG)   watchdog_o   <= wdata_q;
      if (addr_q == nc_pkg::REG_LAUNCH_ID)  launch_id_o  <= wdata_q;
      if (addr_q == nc_pkg::REG_TRACE_BASE) trace_base_o <= wdata_q;
      if (addr_q == nc_pkg::REG_TRACE_SIZE) trace_size_o <= wdata_q;
      for (int unsigned q = 0; q < NumQueues; q++) begin
        if (word == WW'(q)) begin
          if (in_block(addr_q, nc_pkg::REG_QUEUE_OFFSET, NumQueues)) queue_offset_o[q*32+:32] <= wdata_q;
          if (in_block(addr_q, nc_pkg::REG_QUEUE_COUNT, NumQueues))  queue_count_o[q*32+:32]  <= wdata_q;
        end
      end
    end
    if (!rst_ni) begin
      valid_q        <= 1'b0;
      done_o         <= 1'b0;
      start_o        <= 1'b0;
      abort_o        <= 1'b0;
      soft_reset_o   <= 1'b0;
      watchdog_o     <= '0;
      launch_id_o    <= '0;
      trace_base_o   <= '0;
      trace_size_o   <= '0;
      queue_offset_o <= '0;
      queue_count_o  <= '0;
    end
  end

endmodule

`default_nettype wire
