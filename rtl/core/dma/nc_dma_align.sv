// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Packs the bytes of source pieces into a stream of full words. Each instruction's stream starts a
// new word; its last word may be partial and says whether the instruction met an error. After
// an error nothing of the next instruction passes until error_clear_i, so that the report is exact.
module nc_dma_align #(
  parameter int unsigned AxiBytes = nc_pkg::AxiBytes,

  localparam int unsigned LB = $clog2(AxiBytes),
  localparam int unsigned DW = AxiBytes * 8
) (
  input  logic          clk_i,
  input  logic          rst_ni,

  input  logic [31:0]   fill_i,            // fill pattern of the instruction at the head
  output logic          instr_done_o,      // its last piece was taken

  input  logic          piece_valid_i,
  output logic          piece_ready_o,
  input  logic          piece_fill_i,
  input  logic [LB-1:0] piece_offset_i,
  input  logic [LB:0]   piece_bytes_i,
  input  logic          piece_new_beat_i,
  input  logic          piece_last_i,
  input  logic          piece_abort_i,
  input  logic          beat_valid_i,
  output logic          beat_ready_o,
  input  logic [DW-1:0] beat_data_i,       // with an error: the address of the beat
  input  logic          beat_error_i,

  output logic          word_valid_o,
  input  logic          word_ready_i,
  output logic [DW-1:0] word_data_o,
  output logic [LB:0]   word_bytes_o,      // AxiBytes but for the last
  output logic          word_last_o,
  output logic          word_error_o,

  // The error of the instruction whose last word had word_error_o: a bus error, else an abort.
  input  logic          error_clear_i,
  output logic          error_bus_o,
  output logic [31:0]   error_address_o,
  output logic          wait_beat_o        // the piece at the head lacks its beat
);

  logic [DW-1:0] held_q;                   // the newest beat
  logic [DW-1:0] partial_q;                // bytes packed so far, count_q of them
  logic [LB-1:0] count_q;
  logic          flush_q;                  // the rest of an instruction goes out by itself
  logic          bus_error_q, abort_q, blocked_q;
  logic [31:0]   address_q;

  logic          fire, full, emit, error, need_beat, bus_error, beat_ok;
  logic [LB:0]   total;
  logic [LB+1:0] sum;
  logic [DW-1:0] beat, rotated, merged;
  logic [LB-1:0] turn;

  assign need_beat   = piece_new_beat_i && !piece_fill_i;
  assign beat_ok     = !need_beat || beat_valid_i;
  assign wait_beat_o = piece_valid_i && !beat_ok && !blocked_q;
  assign bus_error   = need_beat && beat_error_i;

  // Byte `offset` of the beat goes to byte `count` of the word: a rotation; what goes beyond the
  // word comes out at its bottom, ready for the next one.
  always_comb begin
    beat    = '0;
    turn    = '0;
    rotated = '0;
    merged  = partial_q;
    sum     = {2'd0, count_q};
    if (piece_valid_i && !flush_q) begin
      beat    = piece_fill_i ? {AxiBytes / 4{fill_i}} : piece_new_beat_i ? beat_data_i : held_q;
      turn    = piece_offset_i - count_q;
      rotated = DW'({beat, beat} >> {turn, 3'd0});
      sum     = {2'd0, count_q} + {1'b0, piece_bytes_i};
      for (int unsigned k = 0; k < AxiBytes; k++) begin
        if (LB'(k) >= count_q) merged[k*8+:8] = rotated[k*8+:8];
      end
    end
    full  = sum >= (LB + 2)'(AxiBytes);
    total = full ? (LB + 1)'(AxiBytes) : sum[LB:0];
  end

  assign error         = bus_error_q || abort_q || bus_error || piece_abort_i;
  assign emit          = full || piece_last_i;
  assign word_valid_o  = flush_q || (piece_valid_i && beat_ok && !blocked_q && emit);
  assign word_data_o   = merged;
  assign word_bytes_o  = total;
  assign word_last_o   = flush_q || (piece_last_i && sum <= (LB + 2)'(AxiBytes));
  assign word_error_o  = word_last_o && (flush_q ? bus_error_q || abort_q : error);
  assign piece_ready_o = !flush_q && !blocked_q && beat_ok && (!emit || word_ready_i);
  assign fire          = piece_valid_i && piece_ready_o;
  assign beat_ready_o  = fire && need_beat;
  assign instr_done_o  = fire && piece_last_i;
  assign error_bus_o     = bus_error_q;
  assign error_address_o = address_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      count_q     <= '0;
      flush_q     <= 1'b0;
      bus_error_q <= 1'b0;
      abort_q     <= 1'b0;
      blocked_q   <= 1'b0;
    end else begin
      if (error_clear_i) begin
        bus_error_q <= 1'b0;
        abort_q     <= 1'b0;
        blocked_q   <= 1'b0;
      end
      if (fire) begin
        count_q <= word_last_o ? '0 : sum[LB-1:0];
        flush_q <= piece_last_i && !word_last_o;
        if (bus_error) bus_error_q <= 1'b1;
        if (piece_abort_i) abort_q <= 1'b1;
        if (piece_last_i && error) blocked_q <= 1'b1;
      end else if (flush_q && word_ready_i) begin
        count_q <= '0;
        flush_q <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (fire) begin
      partial_q <= full ? rotated : merged;
      if (need_beat) held_q <= beat_data_i;
      if (bus_error && !bus_error_q) address_q <= beat_data_i[31:0];
    end
  end

endmodule

`default_nettype wire
