// SPDX-License-Identifier: Apache-2.0
`include "nc_assert.svh"
`default_nettype none

// The semaphores of a core. Waits of all queues are evaluated in every cycle; those without an
// acquire may pass together. Everything that changes a semaphore (acquires, updates) goes through
// one adder, one change a cycle, the lowest queue first: an instruction is retired when its
// updates are applied. While the acquires of an instruction are subtracted no wait passes, so
// that they are one step for everybody else.
//
// A semaphore's value has a slot of 32 bits, so that to select one is to multiplex and not to
// multiply and shift. A wait or an update is {op, semaphore, value}, 31 bits. An acquire that would
// go below zero (the same semaphore acquired twice) is a fault; after it no wait passes until the
// next launch.
module nc_semaphores #(
  parameter int unsigned NumQueues = nc_pkg::NumQueues,

  localparam int unsigned N  = nc_pkg::NumSemaphores,
  localparam int unsigned W  = nc_pkg::SemaphoreWidth,
  localparam int unsigned IW = $clog2(N),
  localparam int unsigned TW = W + IW + 2,               // one wait or update
  localparam int unsigned Slot = 32
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic                      clear_i,          // launch: all zero

  // Waits of the instruction that each queue holds; pass_o ends the wait, valid_i then drops.
  input  logic [NumQueues-1:0]      wait_valid_i,
  input  logic [NumQueues*4*TW-1:0] waits_i,
  output logic [NumQueues-1:0]      wait_pass_o,
  output logic [NumQueues*IW-1:0]   wait_blocking_o,  // first semaphore that does not satisfy

  // Updates of the oldest finished instruction of each queue.
  input  logic [NumQueues-1:0]      retire_valid_i,
  input  logic [NumQueues*2*TW-1:0] updates_i,
  output logic [NumQueues-1:0]      retire_ready_o,

  // In this cycle a change would leave the range of a semaphore, which keeps its value.
  output logic                      fault_valid_o,
  output logic                      fault_acquire_o,  // by an acquire: the instruction still waits
  output logic [nc_pkg::QueueWidth-1:0] fault_queue_o,
  output logic [IW-1:0]             fault_semaphore_o,

  output logic [N*Slot-1:0]         values_o          // above each value zeros
);

  logic [N*Slot-1:0] value_q;
  assign values_o = value_q;

  // Waits.
  logic [NumQueues-1:0] holds;     // all waits hold
  logic [NumQueues-1:0] acquires;  // one of them subtracts

  always_comb begin
    holds           = '0;
    acquires        = '0;
    wait_blocking_o = '0;
    if (wait_valid_i != '0) begin
      for (int unsigned q = 0; q < NumQueues; q++) begin
        if (wait_valid_i[q]) begin
          holds[q] = 1'b1;
          for (int k = 3; k >= 0; k--) begin
            unique case (waits_i[(q*4+32'(k))*TW+W+IW+:2])
              nc_pkg::WAIT_OP_NONE: ;
              nc_pkg::WAIT_OP_EQ: begin
                if (value_q[{waits_i[(q*4+32'(k))*TW+W+:IW], 5'd0}+:W] !=
                    waits_i[(q*4+32'(k))*TW+:W]) begin
                  holds[q]                  = 1'b0;
                  wait_blocking_o[q*IW+:IW] = waits_i[(q*4+32'(k))*TW+W+:IW];
                end
              end
              default: begin
                if (value_q[{waits_i[(q*4+32'(k))*TW+W+:IW], 5'd0}+:W] <
                    waits_i[(q*4+32'(k))*TW+:W]) begin
                  holds[q]                  = 1'b0;
                  wait_blocking_o[q*IW+:IW] = waits_i[(q*4+32'(k))*TW+W+:IW];
                end
                if (waits_i[(q*4+32'(k))*TW+W+IW+:2] == nc_pkg::WAIT_OP_ACQUIRE) acquires[q] = 1'b1;
              end
            endcase
          end
        end
      end
    end
  end

  // One sequence of changes at a time: the four acquires or the two updates of one instruction.
  localparam int unsigned QW   = nc_pkg::QueueWidth;
  localparam int          Last = NumQueues - 1;

  logic [QW-1:0]        pick;          // queue whose sequence starts in this cycle
  logic                 pick_acquire, pick_retire;
  logic                 active_q;      // a sequence goes on
  logic                 acquiring_q;
  logic [QW-1:0]        queue_q;
  logic [1:0]           step_q;
  logic                 locked_q;      // an acquire was refused

  always_comb begin
    pick         = '0;
    pick_retire  = 1'b0;
    pick_acquire = 1'b0;
    if (!active_q) begin
      for (int q = Last; q >= 0; q--) begin
        if (retire_valid_i[q]) begin
          pick        = QW'(q);
          pick_retire = 1'b1;
        end
      end
      if (!pick_retire) begin
        for (int q = Last; q >= 0; q--) begin
          if (holds[q] && acquires[q] && !locked_q) begin
            pick         = QW'(q);
            pick_acquire = 1'b1;
          end
        end
      end
    end
  end

  logic            change;       // one wait or update is applied in this cycle
  logic            by_acquire;
  logic [QW-1:0]   queue;
  logic [1:0]      step;
  logic [4*TW-1:0] waits;        // of that queue
  logic [2*TW-1:0] updates;
  logic [TW-1:0]   item;
  logic            last;
  logic [W:0]      old_value, new_value;
  logic            refuse, write;

  always_comb begin
    change     = active_q || pick_retire || pick_acquire;
    by_acquire = active_q ? acquiring_q : pick_acquire;
    queue      = active_q ? queue_q : pick;
    step       = active_q ? step_q : 2'd0;
    item       = '0;
    last       = 1'b0;
    old_value  = '0;
    new_value  = '0;
    write      = 1'b0;
    refuse     = 1'b0;
    waits      = '0;
    updates    = '0;
    if (change) begin
      for (int unsigned q = 0; q < NumQueues; q++) begin
        if (queue == QW'(q)) begin
          waits   = waits_i[q*4*TW+:4*TW];
          updates = updates_i[q*2*TW+:2*TW];
        end
      end
      if (by_acquire) begin
        for (int unsigned k = 0; k < 4; k++) begin
          if (step == 2'(k)) item = waits[k*TW+:TW];
        end
        last = step == 2'd3;
      end else begin
        item = step[0] ? updates[TW+:TW] : updates[0+:TW];
        // The second update is mostly absent and then takes no cycle.
        last = step == 2'd1 || updates[TW+W+IW+:2] == nc_pkg::UPDATE_OP_NONE;
      end
      old_value = {1'b0, value_q[{item[W+:IW], 5'd0}+:W]};
      if (by_acquire) begin
        write     = item[W+IW+:2] == nc_pkg::WAIT_OP_ACQUIRE;
        new_value = old_value - {1'b0, item[W-1:0]};
      end else begin
        write = item[W+IW+:2] != nc_pkg::UPDATE_OP_NONE;
        unique case (item[W+IW+:2])
          nc_pkg::UPDATE_OP_ADD: new_value = old_value + {1'b0, item[W-1:0]};
          nc_pkg::UPDATE_OP_SUB: new_value = old_value - {1'b0, item[W-1:0]};
          default:               new_value = {1'b0, item[W-1:0]};
        endcase
      end
      refuse = write && new_value[W];
    end
  end

  // A wait without acquire passes when no acquire is in progress; one with acquires passes with
  // the last of them, unless one was refused.
  always_comb begin
    retire_ready_o = '0;
    wait_pass_o    = '0;
    if (!(active_q && acquiring_q) && !locked_q) wait_pass_o = holds & ~acquires;
    if (change && last) begin
      if (by_acquire) wait_pass_o[queue] = !locked_q && !refuse;
      else            retire_ready_o[queue] = 1'b1;
    end
  end

  assign fault_valid_o     = refuse;
  assign fault_acquire_o   = by_acquire;
  assign fault_queue_o     = queue;
  assign fault_semaphore_o = item[W+:IW];

  always_ff @(posedge clk_i) begin
    if (change) begin
      active_q    <= !last;
      acquiring_q <= by_acquire;
      queue_q     <= queue;
      step_q      <= step + 2'd1;
      if (refuse && by_acquire) locked_q <= 1'b1;
      if (write && !refuse) begin
        for (int unsigned s = 0; s < N; s++) begin
          if (item[W+:IW] == IW'(s)) value_q[s*Slot+:W] <= new_value[W-1:0];
        end
      end
    end
    if (!rst_ni || clear_i) begin
      value_q  <= '0;
      active_q <= 1'b0;
      locked_q <= 1'b0;
    end
  end

  `NC_ASSERT(retire_is_steady, !active_q || acquiring_q || retire_valid_i[queue_q], clk_i, rst_ni)

endmodule

`default_nettype wire
