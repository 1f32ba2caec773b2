// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Performance counters of one queue (isa/neuron.json, "counters"), cleared at launch.
module nc_counters #(
  parameter int unsigned Width = 48
) (
  input  logic                           clk_i,
  input  logic                           rst_ni,
  input  logic                           clear_i,
  input  logic                           running_i,       // a launch is executing

  input  logic [nc_pkg::WaitStateWidth-1:0] state_i,      // of the queue's front end
  input  logic                           engine_busy_i,
  input  logic                           stall_bank_i,
  input  logic                           stall_memory_i,
  input  logic                           retire_i,
  input  logic [7:0]                     bytes_read_i,    // in this cycle
  input  logic [7:0]                     bytes_written_i,

  input  logic [2:0]                     select_i,        // nc_pkg::COUNTER_*
  output logic [63:0]                    value_o
);

  logic [Width-1:0] busy_q, semaphore_q, bank_q, fetch_q, memory_q, instructions_q, read_q, written_q;

  always_ff @(posedge clk_i) begin
    if (running_i) begin
      if (engine_busy_i) begin
        busy_q <= busy_q + 1'b1;
        if (stall_bank_i)   bank_q   <= bank_q + 1'b1;
        if (stall_memory_i) memory_q <= memory_q + 1'b1;
      end else begin
        if (state_i == nc_pkg::WAIT_STATE_SEMAPHORE) semaphore_q <= semaphore_q + 1'b1;
        if (state_i == nc_pkg::WAIT_STATE_FETCH)     fetch_q     <= fetch_q + 1'b1;
      end
      if (retire_i) instructions_q <= instructions_q + 1'b1;
      if (bytes_read_i != '0) read_q <= read_q + Width'(bytes_read_i);
      if (bytes_written_i != '0) written_q <= written_q + Width'(bytes_written_i);
    end
    if (!rst_ni || clear_i) begin
      busy_q         <= '0;
      semaphore_q    <= '0;
      bank_q         <= '0;
      fetch_q        <= '0;
      memory_q       <= '0;
      instructions_q <= '0;
      read_q         <= '0;
      written_q      <= '0;
    end
  end

  always_comb begin
    unique case (select_i)
      nc_pkg::COUNTER_BUSY:            value_o = 64'(busy_q);
      nc_pkg::COUNTER_STALL_SEMAPHORE: value_o = 64'(semaphore_q);
      nc_pkg::COUNTER_STALL_BANK:      value_o = 64'(bank_q);
      nc_pkg::COUNTER_STALL_FETCH:     value_o = 64'(fetch_q);
      nc_pkg::COUNTER_STALL_MEMORY:    value_o = 64'(memory_q);
      nc_pkg::COUNTER_INSTRUCTIONS:    value_o = 64'(instructions_q);
      nc_pkg::COUNTER_BYTES_READ:      value_o = 64'(read_q);
      default:                         value_o = 64'(written_q);
    endcase
  end

endmodule

`default_nettype wire
