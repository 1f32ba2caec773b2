// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Collects beat writes into AXI write bursts: writes of one beat merge, writes of consecutive beats
// share a burst of up to MaxBurst beats. A burst goes out when the next write does not continue it
// or the instruction ends; so the address always leaves with its full length known.
module nc_dma_axi_write #(
  parameter int unsigned AxiBytes       = nc_pkg::AxiBytes,
  parameter int unsigned MaxBurst       = 16,   // beats, at most half of the data queue
  parameter int unsigned MaxOutstanding = 16,

  localparam int unsigned LB = $clog2(AxiBytes),
  localparam int unsigned DW = AxiBytes * 8
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  // Beat writes; without strobes only op_last_i counts.
  input  logic                op_valid_i,
  output logic                op_ready_o,
  input  logic [31:LB]        op_beat_i,
  input  logic [AxiBytes-1:0] op_strb_i,
  input  logic [DW-1:0]       op_data_i,
  input  logic                op_last_i,      // ends the burst
  input  logic                op_report_i,    // with op_last_i: pulse done_o after its response

  // Write client of the memory port.
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
  input  logic                b_error_i,

  output logic                done_o,
  output logic                idle_o,         // nothing collected, nothing on its way
  output logic                error_o,        // this response was an error
  output logic [31:0]         error_address_o // start of its burst
);

  localparam int unsigned DataDepth  = 2 * MaxBurst;
  localparam int unsigned BurstDepth = 4;
  localparam int unsigned CW         = $clog2(DataDepth + 1);

  // The beat being merged and the burst it belongs to --------------------------------------------

  logic                valid_q, last_q, report_q;
  logic [31:LB]        beat_q, start_q;
  logic [AxiBytes-1:0] strb_q;
  logic [DW-1:0]       data_q;
  logic [7:0]          len_q;       // beats of the burst already queued
  logic                same, follows, push, close, take, data_ready, burst_ready;

  assign same    = op_strb_i == '0 || op_beat_i == beat_q;
  assign follows = op_beat_i == beat_q + 1'b1 && op_beat_i[11:LB] != '0 &&
                   len_q != 8'(MaxBurst - 1);
  assign close   = last_q || !follows;
  assign push    = valid_q && (last_q || (op_valid_i && !same)) && data_ready &&
                   (!close || burst_ready);
  assign op_ready_o = !valid_q || (same && !last_q) || push;
  assign take       = op_valid_i && op_ready_o && (op_strb_i != '0 || (valid_q && !last_q));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      len_q   <= '0;
    end else begin
      if (take) valid_q <= 1'b1;
      else if (push) valid_q <= 1'b0;
      if (push) len_q <= close ? '0 : len_q + 8'd1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      last_q   <= op_last_i;
      report_q <= op_last_i && op_report_i;
      if (op_strb_i != '0) beat_q <= op_beat_i;
      if (!valid_q || (push && close)) start_q <= op_beat_i;
      strb_q <= op_strb_i | (valid_q && !push ? strb_q : '0);
      for (int unsigned k = 0; k < AxiBytes; k++) begin
        if (op_strb_i[k]) data_q[k*8+:8] <= op_data_i[k*8+:8];
      end
    end
  end

  // Queues: beats, bursts that are complete, bursts that wait for their response ------------------

  logic          data_valid, burst_valid, burst_report, track_ready, track_valid, track_report;
  logic          aw_fire, w_fire;
  logic [31:LB]  burst_beat, track_beat;
  logic [7:0]    burst_len;
  logic [CW-1:0] complete_q;  // complete bursts whose data is not all out

  logic [CW-1:0]                       unused_data_count;
  logic [$clog2(BurstDepth+1)-1:0]     unused_bursts_count;
  logic [$clog2(MaxOutstanding+1)-1:0] unused_track_count;

  nc_fifo #(
    .Width (1 + AxiBytes + DW),
    .Depth (DataDepth)
  ) u_data (
    .clk_i,
    .rst_ni,
    .valid_i (push),
    .ready_o (data_ready),
    .data_i  ({close, strb_q, data_q}),
    .valid_o (data_valid),
    .ready_i (w_fire),
    .data_o  ({w_last_o, w_strb_o, w_data_o}),
    .count_o (unused_data_count)
  );

  nc_fifo #(
    .Width (1 + 8 + 32 - LB),
    .Depth (BurstDepth)
  ) u_bursts (
    .clk_i,
    .rst_ni,
    .valid_i (push && close),
    .ready_o (burst_ready),
    .data_i  ({report_q && last_q, len_q, start_q}),
    .valid_o (burst_valid),
    .ready_i (aw_fire),
    .data_o  ({burst_report, burst_len, burst_beat}),
    .count_o (unused_bursts_count)
  );

  nc_fifo #(
    .Width (1 + 32 - LB),
    .Depth (MaxOutstanding)
  ) u_track (
    .clk_i,
    .rst_ni,
    .valid_i (aw_fire),
    .ready_o (track_ready),
    .data_i  ({burst_report, burst_beat}),
    .valid_o (track_valid),
    .ready_i (b_valid_i),
    .data_o  ({track_report, track_beat}),
    .count_o (unused_track_count)
  );

  assign aw_valid_o = burst_valid && track_ready;
  assign aw_addr_o  = {burst_beat, LB'(0)};
  assign aw_len_o   = burst_len;
  assign aw_fire    = aw_valid_o && aw_ready_i;
  assign w_valid_o  = data_valid && complete_q != '0;
  assign w_fire     = w_valid_o && w_ready_i;
  assign b_ready_o  = 1'b1;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      complete_q <= '0;
    end else if ((push && close) != (w_fire && w_last_o)) begin
      complete_q <= push && close ? complete_q + 1'b1 : complete_q - 1'b1;
    end
  end

  assign done_o          = b_valid_i && track_report;
  assign error_o         = b_valid_i && b_error_i;
  assign error_address_o = {track_beat, LB'(0)};
  assign idle_o          = !valid_q && !burst_valid && !track_valid && !data_valid;

endmodule

`default_nettype wire
