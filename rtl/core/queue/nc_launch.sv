// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Runs a launch: start, halt on the first error, drain, report. Errors that appear in the same
// cycle are ordered by queue. An engine that does not finish after an error within DrainLimit
// cycles (or the watchdog's limit, when that is longer) is reset.
module nc_launch #(
  parameter int unsigned NumQueues  = nc_pkg::NumQueues,
  parameter int unsigned DrainLimit = 65536,

  localparam int unsigned QW = nc_pkg::QueueWidth,
  localparam int unsigned EW = nc_pkg::ErrorWidth
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,

  // Host.
  input  logic                     start_i,        // pulse; ignored while running
  input  logic                     abort_i,        // pulse; ignored when not running
  input  logic                     soft_reset_i,   // pulse; at any time
  input  logic [31:0]              watchdog_i,     // cycles without a retired instruction; 0: never
  output logic [nc_pkg::StatusWidth-1:0] status_o,
  output logic [EW-1:0]            error_code_o,
  output logic [QW-1:0]            error_queue_o,
  output logic [31:0]              error_index_o,
  output logic [63:0]              error_address_o,
  output logic [63:0]              cycles_o,
  output logic                     busy_o,         // a launch or a reset is going on
  output logic                     ended_o,        // pulse: status_o has become done or error

  // Core.
  output logic                     core_rst_no,    // reset of everything that a launch runs on
  output logic                     start_o,        // pulse: clear and begin
  output logic                     running_o,
  output logic                     halt_o,         // no instruction starts
  input  logic [NumQueues-1:0]     queue_done_i,   // all instructions finished
  input  logic [NumQueues-1:0]     queue_idle_i,   // nothing in flight
  input  logic                     trace_idle_i,
  input  logic                     memory_idle_i,  // no memory transaction of this core is open
  input  logic                     retire_i,       // an instruction of any queue is finished
  input  logic [NumQueues*32-1:0]  queue_index_i,  // instruction that each front end holds

  // Errors. Those of queues and engines may stay up; the first counts.
  input  logic [NumQueues-1:0]     error_valid_i,
  input  logic [NumQueues*EW-1:0]  error_code_i,
  input  logic [NumQueues*32-1:0]  error_index_i,
  input  logic [NumQueues*38-1:0]  error_address_i
);

  localparam int Last = NumQueues - 1;

  typedef enum logic [2:0] {StReset, StIdle, StRun, StDrain, StFlush} state_e;

  state_e        state_q;
  logic [31:0]   quiet_q;       // cycles since the last retired instruction, or since the error
  logic [63:0]   cycles_q;
  logic [3:0]    reset_q;       // cycles that a reset still lasts at least
  logic          timed_out, reset_reports_q;

  logic [QW-1:0] first_error, first_undone;
  logic [EW-1:0] error_code;     // of the queue first_error
  logic [37:0]   error_address;
  logic          hung;

  always_comb begin
    first_error   = '0;
    first_undone  = '0;
    error_code    = '0;
    error_address = '0;
    for (int q = Last; q >= 0; q--) begin
      if (error_valid_i[q]) begin
        first_error   = QW'(q);
        error_code    = error_code_i[q*EW+:EW];
        error_address = error_address_i[q*38+:38];
      end
      if (!queue_done_i[q]) first_undone = QW'(q);
    end
  end

  assign hung      = watchdog_i != '0 && quiet_q >= watchdog_i;
  assign timed_out = quiet_q >= 32'(DrainLimit) && quiet_q >= watchdog_i;

  assign busy_o      = state_q != StIdle || start_o;
  assign running_o   = state_q == StRun || state_q == StDrain || state_q == StFlush;
  assign halt_o      = state_q != StRun;
  assign core_rst_no = rst_ni && state_q != StReset;
  assign cycles_o    = cycles_q;

  always_ff @(posedge clk_i) begin
    start_o <= 1'b0;
    ended_o <= 1'b0;
    if (running_o) cycles_q <= cycles_q + 64'd1;

    unique case (state_q)
      // Holds the core in reset until no memory transaction is open.
      StReset: begin
        if (reset_q != '0) reset_q <= reset_q - 4'd1;
        else if (memory_idle_i) state_q <= reset_reports_q ? StFlush : StIdle;
      end

      StIdle: begin
        if (start_i) begin
          start_o         <= 1'b1;
          status_o        <= nc_pkg::STATUS_RUNNING;
          error_code_o    <= nc_pkg::ERROR_NONE;
          error_queue_o   <= '0;
          error_index_o   <= '0;
          error_address_o <= '0;
          cycles_q        <= '0;
          quiet_q         <= '0;
          state_q         <= StRun;
        end
      end

      StRun: begin
        quiet_q <= retire_i ? '0 : quiet_q + 32'd1;
        if (start_o) begin
          // The queues begin in this cycle; what they say is about the launch before.
        end else if (error_valid_i != '0) begin
          error_code_o    <= error_code;
          error_queue_o   <= first_error;
          error_index_o   <= error_index_i[{first_error, 5'd0}+:32];
          error_address_o <= {26'd0, error_address};
          quiet_q         <= '0;
          state_q         <= StDrain;
        end else if (&queue_done_i) begin
          state_q <= StFlush;
        end else if (abort_i || hung) begin
          error_code_o  <= abort_i ? nc_pkg::ERROR_ABORTED : nc_pkg::ERROR_WATCHDOG;
          error_queue_o <= first_undone;
          error_index_o <= queue_index_i[{first_undone, 5'd0}+:32];
          quiet_q       <= '0;
          state_q       <= StDrain;
        end
      end

      // What runs finishes.
      StDrain: begin
        quiet_q <= quiet_q + 32'd1;
        if (&queue_idle_i) begin
          state_q <= StFlush;
        end else if (timed_out) begin
          reset_q         <= '1;
          reset_reports_q <= 1'b1;
          state_q         <= StReset;
        end
      end

      default: begin
        if (trace_idle_i && &queue_idle_i) begin
          status_o <= error_code_o == nc_pkg::ERROR_NONE ? nc_pkg::STATUS_DONE
                                                         : nc_pkg::STATUS_ERROR;
          ended_o  <= 1'b1;
          state_q  <= StIdle;
        end
      end
    endcase

    if (!rst_ni || soft_reset_i) begin
      state_q         <= StReset;
      reset_q         <= '1;
      reset_reports_q <= 1'b0;
      status_o        <= nc_pkg::STATUS_IDLE;
      error_code_o    <= nc_pkg::ERROR_NONE;
      error_queue_o   <= '0;
      error_index_o   <= '0;
      error_address_o <= '0;
      cycles_q        <= '0;
      ended_o         <= 1'b0;
      start_o         <= 1'b0;
    end
  end

endmodule

`default_nettype wire
