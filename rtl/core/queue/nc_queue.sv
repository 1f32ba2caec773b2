// SPDX-License-Identifier: Apache-2.0
`include "nc_assert.svh"
`default_nettype none

// The front end of one engine: fetch -> check -> wait -> issue -> outstanding -> done -> updates.
// While one instruction waits or runs, the next is checked and more are fetched. A fault that the
// check finds is raised when all earlier instructions of the queue are done; then nothing starts.
module nc_queue #(
  parameter int unsigned Queue     = 0,  // nc_pkg::QUEUE_*
  parameter int unsigned P         = nc_pkg::P,
  parameter int unsigned SbufBytes = nc_pkg::SbufBytes,
  parameter int unsigned PsumBytes = nc_pkg::PsumBytes,
  parameter int unsigned AxiBytes  = nc_pkg::AxiBytes,

  localparam int unsigned TW = nc_pkg::SemaphoreWidth + $clog2(nc_pkg::NumSemaphores) + 2
) (
  input  logic                               clk_i,
  input  logic                               rst_ni,

  // Launch: start_i is a pulse while done_o and idle_o.
  input  logic                               start_i,
  input  logic [31:0]                        offset_i,
  input  logic [31:0]                        count_i,
  input  logic                               halt_i,      // nothing more starts
  input  logic [31:0]                        cycle_i,     // time stamp
  output logic                               done_o,      // all instructions are finished
  output logic                               idle_o,      // nothing runs, nothing is on its way

  // Segments: entry 0 for fetch, and the table for the check (answer one cycle later).
  input  logic [31:0]                        fetch_base_i,
  input  logic [31:0]                        fetch_limit_i,
  input  logic                               fetch_readable_i,
  output logic [5:0]                         segment_o,
  input  logic [31:0]                        segment_base_i,
  input  logic [31:0]                        segment_limit_i,
  input  logic [1:0]                         segment_permission_i,

  // Memory read client.
  output logic                               ar_valid_o,
  input  logic                               ar_ready_i,
  output logic [31:0]                        ar_addr_o,
  output logic [7:0]                         ar_len_o,
  input  logic                               r_valid_i,
  output logic                               r_ready_o,
  input  logic [8*AxiBytes-1:0]              r_data_i,
  input  logic                               r_error_i,

  // Semaphores.
  output logic                               wait_valid_o,
  output logic [4*TW-1:0]                    waits_o,
  input  logic                               wait_pass_i,
  output logic                               retire_valid_o,
  output logic [2*TW-1:0]                    updates_o,
  input  logic                               retire_ready_i,

  // Engine.
  output logic                               instr_valid_o,
  input  logic                               instr_ready_i,
  output logic [nc_pkg::InstructionBits-1:0] instr_o,
  output logic [31:0]                        src_segment_base_o,
  output logic [31:0]                        dst_segment_base_o,
  input  logic                               engine_done_i,
  input  logic                               engine_fault_i,    // with done: its updates are void

  // Fault found by fetch or check, held until the next start.
  output logic                               fault_valid_o,
  output logic [nc_pkg::ErrorWidth-1:0]      fault_code_o,
  output logic [37:0]                        fault_address_o,

  // For errors, trace and the host.
  output logic [nc_pkg::WaitStateWidth-1:0]  state_o,
  output logic [31:0]                        index_o,           // instruction that the front end holds
  output logic [31:0]                        running_index_o,   // oldest that the engine has not done
  output logic [31:0]                        retire_index_o,
  output logic [31:0]                        retire_start_o,    // its start time
  output logic [3:0]                         outstanding_o
);

  localparam int unsigned MaxOutstanding = 8;
  localparam int unsigned OW = $clog2(MaxOutstanding + 1);

  // Fetch.
  logic                               fetch_valid, fetch_ready, fetch_idle;
  logic [nc_pkg::InstructionBits-1:0] fetch_instr;
  logic [nc_pkg::ErrorWidth-1:0]      fetch_fault;
  logic [37:0]                        fetch_fault_address;

  nc_fetch #(
    .AxiBytes(AxiBytes)
  ) u_fetch (
    .clk_i, .rst_ni, .start_i, .count_i, .offset_i,
    .base_i         (fetch_base_i),
    .limit_i        (fetch_limit_i),
    .readable_i     (fetch_readable_i),
    .halt_i,
    .idle_o         (fetch_idle),
    .ar_valid_o, .ar_ready_i, .ar_addr_o, .ar_len_o,
    .r_valid_i, .r_ready_o, .r_data_i, .r_error_i,
    .valid_o        (fetch_valid),
    .ready_i        (fetch_ready),
    .instr_o        (fetch_instr),
    .fault_o        (fetch_fault),
    .fault_address_o(fetch_fault_address)
  );

  // Check of the fetched instruction.
  typedef enum logic [1:0] {CheckIdle, CheckBusy, CheckDone} check_e;
  check_e                        check_q;
  logic                          check_start, check_done, check_fault;
  logic [nc_pkg::ErrorWidth-1:0] check_code;
  logic [37:0]                   check_address;
  logic [31:0]                   src_base, dst_base;

  assign check_start = fetch_valid && check_q == CheckIdle && !halt_i;

  nc_instr_check #(
    .Queue    (Queue),
    .P        (P),
    .SbufBytes(SbufBytes),
    .PsumBytes(PsumBytes)
  ) u_check (
    .clk_i, .rst_ni,
    .start_i             (check_start && fetch_fault == nc_pkg::ERROR_NONE),
    .instr_i             (fetch_instr),
    .done_o              (check_done),
    .fault_o             (check_fault),
    .code_o              (check_code),
    .address_o           (check_address),
    .segment_o,
    .segment_base_i, .segment_limit_i, .segment_permission_i,
    .src_segment_base_o  (src_base),
    .dst_segment_base_o  (dst_base)
  );

  // The instruction that is held: checked, it waits for semaphores, then for its engine.
  logic                               hold_valid_q;    // an instruction is held
  logic                               hold_fault_q;    // it is at fault and never starts
  logic                               hold_passed_q;   // its waits have held
  logic [nc_pkg::InstructionBits-1:0] hold_q;
  logic [31:0]                        src_base_q, dst_base_q;
  /* verilator lint_off UNUSEDSIGNAL */  // only waits and updates matter here
  nc_pkg::instr_t                     hold, next;
  /* verilator lint_on UNUSEDSIGNAL */
  logic                               load, issue;
  logic [31:0]                        issued_q;        // instructions handed to the engine

  assign hold = hold_q;
  assign next = fetch_instr;

  // Outstanding instructions, oldest first.
  logic          fifo_ready, fifo_valid;
  logic [OW-1:0] outstanding;
  logic [OW-1:0] finished_q;   // done by the engine, updates to be applied
  logic          retire;
  logic [31:0]   head_index;
  logic [2*TW-1:0] head_updates;

  // Which of the finished ones ended with a fault, the oldest at bit 0.
  logic [MaxOutstanding-1:0] faulted_q, faulted;

  nc_fifo #(
    .Width(64 + 2 * TW),
    .Depth(MaxOutstanding)
  ) u_outstanding (
    .clk_i, .rst_ni,
    .valid_i(issue),
    .ready_o(fifo_ready),
    .data_i ({issued_q, cycle_i,
              hold.update1_op, hold.update1_sem, hold.update1_value,
              hold.update0_op, hold.update0_sem, hold.update0_value}),
    .valid_o(fifo_valid),
    .ready_i(retire),
    .data_o ({head_index, retire_start_o, head_updates}),
    .count_o(outstanding)
  );

  assign wait_valid_o   = hold_valid_q && !hold_passed_q && !hold_fault_q && !halt_i;
  assign waits_o        = {hold.wait3_op, hold.wait3_sem, hold.wait3_value,
                           hold.wait2_op, hold.wait2_sem, hold.wait2_value,
                           hold.wait1_op, hold.wait1_sem, hold.wait1_value,
                           hold.wait0_op, hold.wait0_sem, hold.wait0_value};
  assign instr_valid_o  = hold_valid_q && hold_passed_q && fifo_ready && !halt_i;
  assign instr_o        = hold_q;
  assign issue          = instr_valid_o && instr_ready_i;
  assign load           = check_q == CheckDone && (!hold_valid_q || issue) && !halt_i;
  assign fetch_ready    = load;

  assign retire_valid_o  = finished_q != '0;
  assign retire          = retire_valid_o && retire_ready_i;
  assign retire_index_o  = head_index;
  assign updates_o       = faulted_q[0] ? '0 : head_updates;
  assign running_index_o = head_index + 32'(finished_q);

  assign src_segment_base_o = src_base_q;
  assign dst_segment_base_o = dst_base_q;

  always_comb begin
    faulted = faulted_q;
    if (engine_done_i && engine_fault_i) faulted |= MaxOutstanding'(1) << finished_q;
    if (retire) faulted >>= 1;
  end

  always_ff @(posedge clk_i) begin
    if (load) begin
      hold_q     <= fetch_instr;
      src_base_q <= src_base;
      dst_base_q <= dst_base;
    end
  end

  always_ff @(posedge clk_i) begin
    unique case (check_q)
      CheckIdle: if (check_start) check_q <= fetch_fault == nc_pkg::ERROR_NONE ? CheckBusy : CheckDone;
      CheckBusy: if (check_done) check_q <= CheckDone;
      default:   if (load) check_q <= CheckIdle;
    endcase

    if (issue) begin
      hold_valid_q <= 1'b0;
      issued_q     <= issued_q + 32'd1;
    end
    if (wait_valid_o && wait_pass_i) hold_passed_q <= 1'b1;
    if (load) begin
      hold_valid_q    <= 1'b1;
      hold_fault_q    <= fetch_fault != nc_pkg::ERROR_NONE || check_fault;
      hold_passed_q   <= fetch_fault == nc_pkg::ERROR_NONE && !check_fault &&
                         {next.wait0_op, next.wait1_op, next.wait2_op, next.wait3_op} == '0;
      fault_code_o    <= fetch_fault != nc_pkg::ERROR_NONE ? fetch_fault : check_code;
      fault_address_o <= fetch_fault != nc_pkg::ERROR_NONE ? fetch_fault_address : check_address;
    end
    if (engine_done_i != retire) finished_q <= engine_done_i ? finished_q + 1'b1 : finished_q - 1'b1;

    if (!rst_ni || start_i) begin
      check_q       <= CheckIdle;
      hold_valid_q  <= 1'b0;
      hold_fault_q  <= 1'b0;
      hold_passed_q <= 1'b0;
      issued_q      <= '0;
    end
    if (faulted != faulted_q) faulted_q <= faulted;
    if (!rst_ni) begin
      finished_q <= '0;
      faulted_q  <= '0;
    end
  end

  assign fault_valid_o = hold_valid_q && hold_fault_q && !fifo_valid;
  assign done_o        = issued_q == count_i && !fifo_valid;
  assign idle_o        = !fifo_valid && fetch_idle && check_q != CheckBusy;
  assign outstanding_o = 4'(outstanding);

  always_comb begin
    index_o = issued_q;
    if (done_o)                                     state_o = nc_pkg::WAIT_STATE_DONE;
    else if (halt_i)                                state_o = nc_pkg::WAIT_STATE_HALTED;
    else if (issued_q == count_i) begin
      state_o = nc_pkg::WAIT_STATE_DRAIN;
      index_o = head_index;
    end
    else if (!hold_valid_q || hold_fault_q)         state_o = nc_pkg::WAIT_STATE_FETCH;
    else if (!hold_passed_q)                        state_o = nc_pkg::WAIT_STATE_SEMAPHORE;
    else                                            state_o = nc_pkg::WAIT_STATE_ENGINE;
  end

  `NC_ASSERT(done_belongs_to_an_instruction, !engine_done_i || outstanding > finished_q, clk_i, rst_ni)
  `NC_ASSERT(fault_belongs_to_a_done, !engine_fault_i || engine_done_i, clk_i, rst_ni)
  `NC_ASSERT(start_when_idle, !start_i || idle_o, clk_i, rst_ni)

endmodule

`default_nettype wire
