// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Splits runs of bytes into pieces that lie in one beat (AxiBytes aligned bytes), one piece per
// cycle and none lost between runs. Fill runs have no address: their pieces start at offset 0.
module nc_dma_split #(
  parameter int unsigned AxiBytes = nc_pkg::AxiBytes,

  localparam int unsigned LB = $clog2(AxiBytes)
) (
  input  logic          clk_i,
  input  logic          rst_ni,
  input  logic          clear_i,         // forget the present run

  input  logic          run_valid_i,
  output logic          run_ready_o,
  input  logic          run_fill_i,
  input  logic [31:0]   run_addr_i,
  input  logic [26:0]   run_bytes_i,     // 0 gives one empty piece
  input  logic          run_last_i,
  input  logic          run_abort_i,

  output logic          piece_valid_o,
  input  logic          piece_ready_i,
  output logic          piece_fill_o,
  output logic [31:LB]  piece_beat_o,    // byte address / AxiBytes
  output logic [LB-1:0] piece_offset_o,  // first byte in the beat
  output logic [LB:0]   piece_bytes_o,   // up to AxiBytes
  output logic          piece_last_o,    // last piece of the instruction
  output logic          piece_abort_o
);

  logic        valid_q, fill_q, last_q, abort_q;
  logic [31:0] addr_q;
  logic [26:0] bytes_q;

  logic [LB:0] room;
  logic        final_piece, load;

  assign piece_valid_o  = valid_q;
  assign piece_fill_o   = fill_q;
  assign piece_beat_o   = addr_q[31:LB];
  assign piece_offset_o = addr_q[LB-1:0];
  assign room           = (LB + 1)'(AxiBytes) - {1'b0, addr_q[LB-1:0]};
  assign final_piece    = bytes_q <= 27'(room);
  assign piece_bytes_o  = final_piece ? bytes_q[LB:0] : room;
  assign piece_last_o   = last_q && final_piece;
  assign piece_abort_o  = abort_q;
  assign run_ready_o    = !valid_q || (piece_ready_i && final_piece);
  assign load           = run_valid_i && run_ready_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) valid_q <= 1'b0;
    else if (run_ready_o) valid_q <= run_valid_i;
  end

  always_ff @(posedge clk_i) begin
    if (load) begin
      fill_q  <= run_fill_i;
      addr_q  <= run_fill_i ? '0 : run_addr_i;
      bytes_q <= run_bytes_i;
      last_q  <= run_last_i;
      abort_q <= run_abort_i;
    end else if (valid_q && piece_ready_i) begin
      addr_q  <= fill_q ? '0 : {addr_q[31:LB] + 1'b1, LB'(0)};
      bytes_q <= bytes_q - 27'(room);
    end
  end

endmodule

`default_nettype wire
