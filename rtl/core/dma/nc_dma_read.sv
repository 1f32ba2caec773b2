// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Fetches the beats that source pieces need: AXI bursts from DRAM or row reads from SBUF. Pieces
// leave in order, each with a flag that says whether it starts a new beat of the beat stream.
//
// Pieces of one beat share it, and pieces of consecutive beats share a burst of up to MaxBurst
// beats, whatever runs they come from. A burst goes out when the next beat does not continue it,
// when no piece is there, when a quarter of the piece queue belongs to it (so that small pieces
// cover the latency too), or when the piece queue is full and nothing else is in flight (which
// keeps bursts long while the queue runs full). MaxOutstanding bursts may be on their way.
module nc_dma_read #(
  parameter int unsigned P              = nc_pkg::P,
  parameter int unsigned SbufBytes      = nc_pkg::SbufBytes,
  parameter int unsigned AxiBytes       = nc_pkg::AxiBytes,
  parameter int unsigned MaxBurst       = 16,
  parameter int unsigned MaxOutstanding = 16,
  parameter int unsigned PieceDepth     = 128,

  localparam int unsigned AW = $clog2(SbufBytes / 4),
  localparam int unsigned PW = $clog2(P),
  localparam int unsigned LB = $clog2(AxiBytes),
  localparam int unsigned DW = AxiBytes * 8
) (
  input  logic          clk_i,
  input  logic          rst_ni,

  // Pieces of the source; dram_i holds for all pieces of an instruction.
  input  logic          dram_i,
  input  logic          piece_valid_i,
  output logic          piece_ready_o,
  input  logic          piece_fill_i,
  input  logic [31:LB]  piece_beat_i,
  input  logic [LB-1:0] piece_offset_i,
  input  logic [LB:0]   piece_bytes_i,
  input  logic          piece_last_i,
  input  logic          piece_abort_i,

  // Read client of the memory port.
  output logic          ar_valid_o,
  input  logic          ar_ready_i,
  output logic [31:0]   ar_addr_o,
  output logic [7:0]    ar_len_o,
  input  logic          r_valid_i,
  output logic          r_ready_o,
  input  logic [DW-1:0] r_data_i,
  input  logic          r_last_i,
  input  logic          r_error_i,

  // SBUF row read port.
  output logic          rd_req_o,
  output logic [PW-1:0] rd_partition_o,
  output logic [AW-1:0] rd_addr_o,
  input  logic          rd_gnt_i,
  input  logic [DW-1:0] rd_data_i,

  // Pieces and beats for the aligner. The data of a beat with an error is its address.
  output logic          out_valid_o,
  input  logic          out_ready_i,
  output logic          out_fill_o,
  output logic [LB-1:0] out_offset_o,
  output logic [LB:0]   out_bytes_o,
  output logic          out_new_beat_o,
  output logic          out_last_o,
  output logic          out_abort_o,
  output logic          beat_valid_o,
  input  logic          beat_ready_i,
  output logic [DW-1:0] beat_data_o,
  output logic          beat_error_o,

  output logic          in_flight_o,      // bursts on their way
  output logic [LB:0]   bytes_read_o      // element bytes asked from DRAM this cycle
);

  localparam int unsigned BeatDepth = 4;
  localparam int unsigned OW        = $clog2(MaxOutstanding + 1);
  localparam int unsigned MaxShare  = PieceDepth / 4;
  localparam int unsigned SW        = $clog2(MaxShare + 1);

  // Which beat the piece lies in ----------------------------------------------------------------

  logic         beat_known_q;     // beat_q is the newest beat of the present instruction
  logic [31:LB] beat_q;
  logic         open_q;           // a burst is being collected: start_q .. beat_q
  logic [31:LB] start_q;
  logic [7:0]    len_q;           // its beats - 1
  logic [SW-1:0] share_q;         // its pieces - 1, up to MaxShare
  logic         ar_valid_q;
  logic [31:LB] ar_beat_q;
  logic [7:0]   ar_len_q;

  logic fifo_ready, new_beat, continues, slot_free, axi_idle, accept, row_ok;
  logic open_burst, close_burst;

  assign new_beat = !piece_fill_i && piece_bytes_i != '0 &&
                    !(beat_known_q && beat_q == piece_beat_i);
  // beat_known_q is low at the start of an instruction, so bursts do not span instructions.
  assign continues = open_q && beat_known_q && piece_beat_i == beat_q + 1'b1 &&
                     len_q != 8'(MaxBurst - 1) && share_q != SW'(MaxShare) &&
                     piece_beat_i[11:LB] != '0;
  assign slot_free = !ar_valid_q || (ar_valid_o && ar_ready_i);

  always_comb begin
    piece_ready_o = fifo_ready;
    if (new_beat) begin
      if (dram_i) piece_ready_o = fifo_ready && (continues || !open_q || slot_free);
      else        piece_ready_o = fifo_ready && row_ok && rd_gnt_i;
    end
  end
  assign accept      = piece_valid_i && piece_ready_o;
  assign open_burst  = accept && new_beat && dram_i && !continues;
  assign close_burst = open_q && slot_free &&
                       (!piece_valid_i || (new_beat && !(dram_i && continues)) ||
                        (!fifo_ready && !in_flight_o));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat_known_q <= 1'b0;
      open_q       <= 1'b0;
      ar_valid_q   <= 1'b0;
    end else begin
      if (accept) beat_known_q <= !piece_last_i && (new_beat || beat_known_q);
      if (open_burst) open_q <= 1'b1;
      else if (close_burst) open_q <= 1'b0;
      if (close_burst) ar_valid_q <= 1'b1;
      else if (ar_valid_o && ar_ready_i) ar_valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (close_burst) begin
      ar_beat_q <= start_q;
      ar_len_q  <= len_q;
    end
    if (accept && new_beat) begin
      beat_q <= piece_beat_i;
      if (!continues) start_q <= piece_beat_i;
      len_q  <= continues ? len_q + 8'd1 : '0;
    end
    if (open_burst) share_q <= '0;
    else if (accept && share_q != SW'(MaxShare)) share_q <= share_q + 1'b1;
  end

  // DRAM ----------------------------------------------------------------------------------------

  logic [OW-1:0] unused_outstanding;
  logic          track_ready, track_valid, r_fire;
  logic [31:LB]  track_beat;
  logic [7:0]    r_count_q;
  logic [31:LB]  r_beat;

  assign ar_valid_o  = ar_valid_q && track_ready;
  assign ar_addr_o   = {ar_beat_q, LB'(0)};
  assign ar_len_o    = ar_len_q;
  assign in_flight_o = ar_valid_q || track_valid;
  assign axi_idle    = !open_q && !in_flight_o;
  assign r_fire      = r_valid_i && r_ready_o;
  assign r_beat      = track_beat + (32 - LB)'(r_count_q);

  // Where each burst on its way starts, for error reports.
  nc_fifo #(
    .Width (32 - LB),
    .Depth (MaxOutstanding)
  ) u_track (
    .clk_i,
    .rst_ni,
    .valid_i (ar_valid_o && ar_ready_i),
    .ready_o (track_ready),
    .data_i  (ar_beat_q),
    .valid_o (track_valid),
    .ready_i (r_fire && r_last_i),
    .data_o  (track_beat),
    .count_o (unused_outstanding)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) r_count_q <= '0;
    else if (r_fire) r_count_q <= r_last_i ? '0 : r_count_q + 8'd1;
  end

  // SBUF ----------------------------------------------------------------------------------------

  logic       row_data_q;     // row data arrives this cycle
  logic [2:0] beat_count;

  // Beats keep their order: rows are read when no burst is on its way and the beat has a place.
  assign row_ok         = axi_idle && beat_count + 3'(row_data_q) < 3'(BeatDepth);
  assign rd_req_o       = piece_valid_i && new_beat && !dram_i && fifo_ready && row_ok;
  assign rd_partition_o = piece_beat_i[20+:PW];
  assign rd_addr_o      = AW'({piece_beat_i[AW+1:LB], LB'(0)} >> 2);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) row_data_q <= 1'b0;
    else row_data_q <= rd_req_o && rd_gnt_i;
  end

  // Queues --------------------------------------------------------------------------------------

  logic          beat_fifo_ready;
  logic [DW-1:0] beat_in;

  always_comb begin
    beat_in = row_data_q ? rd_data_i : r_data_i;
    if (!row_data_q && r_error_i) beat_in = DW'({r_beat, LB'(0)});
  end
  assign r_ready_o = beat_fifo_ready && !row_data_q;

  nc_fifo #(
    .Width (DW + 1),
    .Depth (BeatDepth)
  ) u_beats (
    .clk_i,
    .rst_ni,
    .valid_i (row_data_q || r_valid_i),
    .ready_o (beat_fifo_ready),
    .data_i  ({!row_data_q && r_error_i, beat_in}),
    .valid_o (beat_valid_o),
    .ready_i (beat_ready_i),
    .data_o  ({beat_error_o, beat_data_o}),
    .count_o (beat_count)
  );

  logic [$clog2(PieceDepth+1)-1:0] unused_piece_count;

  nc_fifo #(
    .Width (2 * LB + 5),
    .Depth (PieceDepth)
  ) u_pieces (
    .clk_i,
    .rst_ni,
    .valid_i (accept),
    .ready_o (fifo_ready),
    .data_i  ({piece_fill_i, piece_offset_i, piece_bytes_i, new_beat, piece_last_i, piece_abort_i}),
    .valid_o (out_valid_o),
    .ready_i (out_ready_i),
    .data_o  ({out_fill_o, out_offset_o, out_bytes_o, out_new_beat_o, out_last_o, out_abort_o}),
    .count_o (unused_piece_count)
  );

  assign bytes_read_o = accept && dram_i && !piece_fill_i ? piece_bytes_i : '0;

endmodule

`default_nettype wire
