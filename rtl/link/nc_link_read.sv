// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Reads a run of bytes from memory in bursts, ahead of their use, and hands them out one by one.
module nc_link_read #(
  parameter int unsigned AxiBytes   = nc_pkg::AxiBytes,
  parameter int unsigned BurstBeats = 16,
  parameter int unsigned Bursts     = 2    // on their way or buffered
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,

  input  logic                  start_i,     // pulse while idle_o
  input  logic [31:0]           address_i,
  input  logic [31:0]           length_i,    // bytes, at least 1
  input  logic                  cancel_i,    // drop what is left
  output logic                  idle_o,

  output logic                  valid_o,
  input  logic                  ready_i,
  output logic [7:0]            data_o,
  output logic                  error_o,     // the beat of this byte is bad

  // Memory read client.
  output logic                  ar_valid_o,
  input  logic                  ar_ready_i,
  output logic [31:0]           ar_addr_o,
  output logic [7:0]            ar_len_o,
  input  logic                  r_valid_i,
  output logic                  r_ready_o,
  input  logic [8*AxiBytes-1:0] r_data_i,
  input  logic                  r_error_i
);

  localparam int unsigned LW    = $clog2(AxiBytes);
  localparam int unsigned BW    = $clog2(BurstBeats);
  localparam int unsigned Depth = Bursts * BurstBeats;
  localparam int unsigned CW    = $clog2(Depth + 1);

  logic [32-LW:0] request_q;    // beat address of the next burst
  logic [32-LW:0] end_q;        // beat address behind the last beat
  /* verilator lint_off UNUSEDSIGNAL */  // the place inside a beat does not matter
  logic [32:0]    end_byte;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [31:0]    address_q;    // of the next byte to hand out
  logic [31:0]    left_q;       // bytes to hand out
  logic [CW-1:0]  room_q;       // beats neither buffered nor on their way
  logic [CW-1:0]  in_flight_q;
  logic           cancelled_q;

  // A burst runs to the end of its aligned block, so none crosses 4 KiB.
  logic [32-LW:0] block_end;
  logic [BW:0]    beats;
  logic           ar_done;

  assign end_byte   = {1'b0, address_i} + {1'b0, length_i} + 33'(AxiBytes - 1);
  assign block_end  = {request_q[32-LW:BW] + 1'b1, {BW{1'b0}}};
  assign beats      = (BW + 1)'((block_end < end_q ? block_end : end_q) - request_q);
  assign ar_valid_o = request_q != end_q && room_q >= CW'(BurstBeats) && !cancelled_q;
  assign ar_addr_o  = {request_q[31-LW:0], {LW{1'b0}}};
  assign ar_len_o   = 8'(beats) - 8'd1;
  assign ar_done    = ar_valid_o && ar_ready_i;
  assign r_ready_o  = 1'b1;

  logic                  head_valid, pop;
  logic [8*AxiBytes:0]   head;
  logic                  take;

  nc_fifo #(
    .Width(8 * AxiBytes + 1),
    .Depth(Depth)
  ) u_beats (
    .clk_i, .rst_ni,
    .valid_i(r_valid_i),
    /* verilator lint_off PINCONNECTEMPTY */
    .ready_o(),
    /* verilator lint_on PINCONNECTEMPTY */
    .data_i ({r_error_i, r_data_i}),
    .valid_o(head_valid),
    .ready_i(pop),
    .data_o (head),
    /* verilator lint_off PINCONNECTEMPTY */
    .count_o()
    /* verilator lint_on PINCONNECTEMPTY */
  );

  assign valid_o = head_valid && !cancelled_q && left_q != '0;
  assign data_o  = head[8*32'(address_q[LW-1:0])+:8];
  assign error_o = head[8*AxiBytes];
  assign take    = valid_o && ready_i;
  assign pop     = head_valid && (cancelled_q || (take && (&address_q[LW-1:0] || left_q == 32'd1)));
  assign idle_o  = in_flight_q == '0 && !head_valid && (cancelled_q || left_q == '0);

  always_ff @(posedge clk_i) begin
    if (ar_done) request_q <= request_q + (33 - LW)'(beats);
    if (ar_done || pop) room_q <= room_q - (ar_done ? CW'(beats) : '0) + CW'(pop);
    if (ar_done || r_valid_i) begin
      in_flight_q <= in_flight_q + (ar_done ? CW'(beats) : '0) - CW'(r_valid_i);
    end
    if (take) begin
      address_q <= address_q + 32'd1;
      left_q    <= left_q - 32'd1;
    end
    if (cancel_i) cancelled_q <= 1'b1;
    if (start_i) begin
      address_q   <= address_i;
      left_q      <= length_i;
      request_q   <= {1'b0, address_i[31:LW]};
      end_q       <= end_byte[32:LW];
      cancelled_q <= 1'b0;
    end
    if (!rst_ni) begin
      room_q      <= CW'(Depth);
      in_flight_q <= '0;
      left_q      <= '0;
      request_q   <= '0;
      end_q       <= '0;
      cancelled_q <= 1'b0;
    end
  end

endmodule

`default_nettype wire
