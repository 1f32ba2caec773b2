// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Takes the bytes that destination pieces need from the word stream, or from a fill pattern, and
// turns each piece into one write of a beat with byte strobes. Ends an instruction early when
// the stream ends early (an error at the source): what came before the error is written.
module nc_dma_write #(
  parameter int unsigned AxiBytes = nc_pkg::AxiBytes,

  localparam int unsigned LB = $clog2(AxiBytes),
  localparam int unsigned DW = AxiBytes * 8
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                use_fill_i,   // the instruction is a dma_fill
  input  logic [31:0]         fill_i,

  // Pieces of the destination.
  input  logic                piece_valid_i,
  output logic                piece_ready_o,
  input  logic [31:LB]        piece_beat_i,
  input  logic [LB-1:0]       piece_offset_i,
  input  logic [LB:0]         piece_bytes_i,
  input  logic                piece_last_i,
  output logic                cut_o,        // the stream ended early: drop the other pieces

  // The word stream.
  input  logic                word_valid_i,
  output logic                word_ready_o,
  input  logic [DW-1:0]       word_data_i,
  input  logic [LB:0]         word_bytes_i,
  input  logic                word_last_i,
  input  logic                word_error_i,

  // Writes, registered. The last write of an instruction may have no strobes.
  output logic                op_valid_o,
  input  logic                op_ready_i,
  output logic [31:LB]        op_beat_o,
  output logic [AxiBytes-1:0] op_strb_o,
  output logic [DW-1:0]       op_data_o,
  output logic [LB:0]         op_bytes_o,
  output logic                op_last_o,
  output logic                op_error_o    // with op_last_o: the source met an error
);

  // The word being consumed: its bytes from next_q up to end_q.
  logic [DW-1:0] held_q;
  logic [LB:0]   next_q, end_q;
  logic          held_last_q, held_error_q;

  logic          in_valid, in_last, in_error;
  logic [DW-1:0] in_data;
  logic [LB:0]   in_bytes;
  assign in_valid = use_fill_i || word_valid_i;
  assign in_data  = use_fill_i ? {AxiBytes / 4{fill_i}} : word_data_i;
  assign in_bytes = use_fill_i ? (LB + 1)'(AxiBytes) : word_bytes_i;
  assign in_last  = !use_fill_i && word_last_i;
  assign in_error = !use_fill_i && word_error_i;

  logic [LB:0]   left, bytes;         // bytes left in the held word; bytes of this write
  logic [LB+1:0] available;
  logic          need_word, short, can_go, fire, finish;

  always_comb begin
    left      = end_q - next_q;
    need_word = piece_bytes_i > left && !held_last_q;
    available = {1'b0, left} + (need_word ? {1'b0, in_bytes} : '0);
    // Too few bytes and no more to come.
    short     = {1'b0, piece_bytes_i} > available && (need_word ? in_last : held_last_q);
    bytes     = short ? available[LB:0] : piece_bytes_i;
    can_go    = !need_word || in_valid;
    finish    = piece_last_i || short;
  end

  assign piece_ready_o = can_go && (!op_valid_o || op_ready_i);
  assign fire          = piece_valid_i && piece_ready_o;
  assign word_ready_o  = fire && need_word && !use_fill_i;
  assign cut_o         = fire && short;

  // Byte next_q of the held word goes to byte `offset` of the beat; where the held word has
  // no byte any more the new word's follow, at the same rotation.
  logic [DW-1:0]       joined, rotated;
  logic [LB-1:0]       turn;
  logic [AxiBytes-1:0] strb;

  always_comb begin
    joined  = in_data;
    turn    = '0;
    rotated = '0;
    strb    = '0;
    if (piece_valid_i) begin
      for (int unsigned k = 0; k < AxiBytes; k++) begin
        if ((LB + 1)'(k) >= next_q) joined[k*8+:8] = held_q[k*8+:8];
      end
      turn    = next_q[LB-1:0] - piece_offset_i;
      rotated = DW'({joined, joined} >> {turn, 3'd0});
      for (int unsigned k = 0; k < AxiBytes; k++) begin
        strb[k] = (LB + 2)'(k) >= {2'd0, piece_offset_i} &&
                  (LB + 2)'(k) < {2'd0, piece_offset_i} + {1'b0, bytes};
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      op_valid_o  <= 1'b0;
      next_q      <= (LB + 1)'(AxiBytes);
      end_q       <= (LB + 1)'(AxiBytes);
      held_last_q <= 1'b0;
    end else begin
      if (!op_valid_o || op_ready_i) op_valid_o <= fire;
      if (fire) begin
        if (finish) begin
          next_q      <= (LB + 1)'(AxiBytes);
          end_q       <= (LB + 1)'(AxiBytes);
          held_last_q <= 1'b0;
        end else if (need_word) begin
          next_q      <= piece_bytes_i - left;
          end_q       <= in_bytes;
          held_last_q <= in_last;
        end else begin
          next_q      <= next_q + piece_bytes_i;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (fire) begin
      if (need_word) begin
        held_q       <= in_data;
        held_error_q <= in_error;
      end
      op_beat_o  <= piece_beat_i;
      op_strb_o  <= strb;
      op_data_o  <= rotated;
      op_bytes_o <= bytes;
      op_last_o  <= finish;
      op_error_o <= finish && (need_word ? in_error : held_last_q && held_error_q);
    end
  end

endmodule

`default_nettype wire
