// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Writes a 16-byte record for each retired instruction into a ring in DRAM:
// {reserved[31:0] = 0, queue[7:0], index[23:0], end[31:0], start[31:0]}, start in the lowest word.
// At most one instruction retires in a cycle. Records that find the buffer full are counted and lost.
module nc_trace #(
  parameter int unsigned AxiBytes = nc_pkg::AxiBytes,
  parameter int unsigned Depth    = 16  // records buffered
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,

  // Launch: start_i is a pulse while idle_o; the ring holds from then on.
  input  logic                  start_i,
  input  logic [31:0]           base_i,
  input  logic [31:0]           size_i,     // records; 0: off
  output logic                  idle_o,     // all records are in memory
  output logic [31:0]           count_o,    // records written
  output logic [31:0]           dropped_o,

  input  logic                  record_valid_i,
  input  logic [7:0]            record_queue_i,
  input  logic [23:0]           record_index_i,
  input  logic [31:0]           record_start_i,
  input  logic [31:0]           record_end_i,

  // Memory write client.
  output logic                  aw_valid_o,
  input  logic                  aw_ready_i,
  output logic [31:0]           aw_addr_o,
  output logic [7:0]            aw_len_o,
  output logic                  w_valid_o,
  input  logic                  w_ready_i,
  output logic [8*AxiBytes-1:0] w_data_o,
  output logic [AxiBytes-1:0]   w_strb_o,
  output logic                  w_last_o,
  input  logic                  b_valid_i,
  output logic                  b_ready_o
);

  localparam int unsigned RecordBytes = 16;
  localparam int unsigned Beats       = RecordBytes / AxiBytes;

  logic         push, full_n, head_valid, pop;
  logic [127:0] head;

  assign push = record_valid_i && size_i != '0;

  nc_fifo #(
    .Width(128),
    .Depth(Depth)
  ) u_buffer (
    .clk_i, .rst_ni,
    .valid_i(push),
    .ready_o(full_n),
    .data_i ({32'd0, record_queue_i, record_index_i, record_end_i, record_start_i}),
    .valid_o(head_valid),
    .ready_i(pop),
    .data_o (head),
    /* verilator lint_off PINCONNECTEMPTY */
    .count_o()
    /* verilator lint_on PINCONNECTEMPTY */
  );

  logic        addressed_q;  // the head's address is accepted
  logic [2:0]  beat_q;
  logic [31:0] slot_q;       // next record in the ring
  logic [31:0] acknowledged_q;
  logic        w_done;

  assign aw_valid_o = head_valid && !addressed_q;
  assign aw_addr_o  = base_i + {slot_q[27:0], 4'd0};
  assign aw_len_o   = 8'(Beats - 1);
  assign w_valid_o  = addressed_q;
  assign w_data_o   = head[32'(beat_q)*8*AxiBytes+:8*AxiBytes];
  assign w_strb_o   = '1;
  assign w_last_o   = beat_q == 3'(Beats - 1);
  assign w_done     = w_valid_o && w_ready_i && w_last_o;
  assign pop        = w_done;
  assign b_ready_o  = 1'b1;
  assign idle_o     = !head_valid && acknowledged_q == count_o;

  always_ff @(posedge clk_i) begin
    if (aw_valid_o && aw_ready_i) addressed_q <= 1'b1;
    if (w_valid_o && w_ready_i) beat_q <= w_last_o ? 3'd0 : beat_q + 3'd1;
    if (w_done) begin
      addressed_q <= 1'b0;
      count_o     <= count_o + 32'd1;
      slot_q      <= slot_q + 32'd1 == size_i ? '0 : slot_q + 32'd1;
    end
    if (b_valid_i) acknowledged_q <= acknowledged_q + 32'd1;
    if (push && !full_n) dropped_o <= dropped_o + 32'd1;
    if (!rst_ni || start_i) begin
      addressed_q    <= 1'b0;
      beat_q         <= '0;
      slot_q         <= '0;
      count_o        <= '0;
      acknowledged_q <= '0;
      dropped_o      <= '0;
    end
  end

endmodule

`default_nettype wire
