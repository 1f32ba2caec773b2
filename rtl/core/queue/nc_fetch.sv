// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Fetches the instructions of one queue from segment 0, ahead of their use: up to Prefetch of them
// are on their way or buffered while another is handed out. Reads are bursts of 64 bytes, so that
// none crosses 4 KiB. An instruction outside segment 0, or one whose read failed, is handed out
// with a fault instead of its content.
module nc_fetch #(
  parameter int unsigned AxiBytes = nc_pkg::AxiBytes,
  parameter int unsigned Prefetch = 4  // instructions, a power of two
) (
  input  logic                               clk_i,
  input  logic                               rst_ni,

  // Launch: start_i is a pulse while idle_o; the other inputs hold from then on.
  input  logic                               start_i,
  input  logic [31:0]                        count_i,     // instructions
  input  logic [31:0]                        offset_i,    // of the first one in segment 0
  input  logic [31:0]                        base_i,      // segment 0: address, bytes, permission
  input  logic [31:0]                        limit_i,
  input  logic                               readable_i,
  input  logic                               halt_i,      // no more requests
  output logic                               idle_o,      // no read is on its way

  // Memory read client.
  output logic                               ar_valid_o,
  input  logic                               ar_ready_i,
  output logic [31:0]                        ar_addr_o,
  output logic [7:0]                         ar_len_o,
  input  logic                               r_valid_i,
  output logic                               r_ready_o,
  input  logic [8*AxiBytes-1:0]              r_data_i,
  input  logic                               r_error_i,

  // Instructions in order: valid/ready.
  output logic                               valid_o,
  input  logic                               ready_i,
  output logic [nc_pkg::InstructionBits-1:0] instr_o,
  output logic [nc_pkg::ErrorWidth-1:0]      fault_o,     // ERROR_NONE: instr_o is good
  output logic [37:0]                        fault_address_o
);

  localparam int unsigned BurstBytes = 64;
  localparam int unsigned BurstBeats = BurstBytes / AxiBytes;
  localparam int unsigned InstrBeats = nc_pkg::InstructionBytes / AxiBytes;
  localparam int unsigned Depth      = Prefetch * InstrBeats;
  localparam int unsigned AW         = $clog2(Depth);
  localparam int unsigned BW         = $clog2(InstrBeats + 1);
  localparam int unsigned CW         = $clog2(2 * Prefetch + 1);
  localparam int unsigned Width      = 8 * AxiBytes + 1;

  // Requests.
  logic [31:0]   requested_q;  // instructions requested in full
  logic          half_q;       // the second burst of an instruction is next
  logic [32:0]   offset_q;     // of the instruction to request
  logic [CW-1:0] credit_q;     // bursts that the buffer has room for
  logic          active_q;     // a launch has begun since reset
  logic          outside, ar_done;
  logic [AW:0]   pending_q;    // beats on their way

  assign outside    = !readable_i || offset_q + 33'(nc_pkg::InstructionBytes - 1) >= {1'b0, limit_i};
  assign ar_valid_o = active_q && !start_i && !halt_i && requested_q != count_i && credit_q != '0 &&
                      !outside;
  assign ar_addr_o  = base_i + offset_q[31:0] + (half_q ? 32'(BurstBytes) : 32'd0);
  assign ar_len_o   = 8'(BurstBeats - 1);
  assign ar_done    = ar_valid_o && ar_ready_i;
  assign r_ready_o  = 1'b1;
  assign idle_o     = pending_q == '0;

  // Buffer of beats.
  logic [AW-1:0]    waddr_q, raddr_q;
  logic [AW:0]      stored_q;
  logic [BW-1:0]    issued_q, loaded_q;  // beats of the next instruction: read, arrived
  logic             read, arrived_q, release_burst;
  logic [Width-1:0] beat;
  logic             bad_q;
  logic [31:0]      handed_q;  // instructions handed out

  assign read          = stored_q != '0 && issued_q != BW'(InstrBeats);
  assign release_burst = read && (raddr_q & AW'(BurstBeats - 1)) == AW'(BurstBeats - 1);

  nc_ram_1r1w #(
    .Width(Width),
    .Depth(Depth)
  ) u_buffer (
    .clk_i  (clk_i),
    .we_i   (r_valid_i),
    .waddr_i(waddr_q),
    .wdata_i({r_error_i, r_data_i}),
    .wmask_i(1'b1),
    .re_i   (read),
    .raddr_i(raddr_q),
    .rdata_o(beat)
  );

  logic blocked;  // the next instruction cannot be requested: hand out the fault
  assign blocked = active_q && requested_q == handed_q && requested_q != count_i && outside && !half_q;
  assign valid_o = loaded_q == BW'(InstrBeats) || blocked;

  always_comb begin
    fault_o         = nc_pkg::ERROR_NONE;
    fault_address_o = '0;
    if (blocked) begin
      fault_o         = nc_pkg::ERROR_SEGMENT_VIOLATION;
      fault_address_o = {6'd0, offset_q[31:0] + 32'(nc_pkg::InstructionBytes - 1)};
    end else if (bad_q) begin
      fault_o         = nc_pkg::ERROR_BUS_ERROR;
      fault_address_o = {6'd0, base_i + offset_i + {handed_q[24:0], 7'd0}};
    end
  end

  for (genvar b = 0; b < InstrBeats; b++) begin : gen_beat
    always_ff @(posedge clk_i) begin
      if (arrived_q && loaded_q == BW'(b)) instr_o[b*8*AxiBytes+:8*AxiBytes] <= beat[8*AxiBytes-1:0];
    end
  end

  always_ff @(posedge clk_i) begin
    if (ar_done) begin
      half_q <= !half_q;
      if (half_q) begin
        requested_q <= requested_q + 32'd1;
        offset_q    <= offset_q + 33'(nc_pkg::InstructionBytes);
      end
    end
    if (ar_done != release_burst) credit_q <= ar_done ? credit_q - 1'b1 : credit_q + 1'b1;
    if (ar_done || r_valid_i) begin
      pending_q <= pending_q + (ar_done ? (AW + 1)'(BurstBeats) : '0) - (AW + 1)'(r_valid_i);
    end

    if (r_valid_i) waddr_q <= waddr_q + 1'b1;
    if (read) raddr_q <= raddr_q + 1'b1;
    if (r_valid_i != read) stored_q <= r_valid_i ? stored_q + 1'b1 : stored_q - 1'b1;

    arrived_q <= read;
    if (read) issued_q <= issued_q + 1'b1;
    if (arrived_q) begin
      loaded_q <= loaded_q + 1'b1;
      bad_q    <= bad_q || beat[Width-1];
    end
    if (valid_o && ready_i) begin
      issued_q <= '0;
      loaded_q <= '0;
      bad_q    <= 1'b0;
      handed_q <= handed_q + 32'd1;
    end

    if (!rst_ni || start_i) begin
      requested_q <= '0;
      half_q      <= 1'b0;
      offset_q    <= {1'b0, offset_i};
      credit_q    <= CW'(2 * Prefetch);
      waddr_q     <= '0;
      raddr_q     <= '0;
      stored_q    <= '0;
      issued_q    <= '0;
      loaded_q    <= '0;
      bad_q       <= 1'b0;
      arrived_q   <= 1'b0;
      handed_q    <= '0;
    end
    if (!rst_ni) begin
      pending_q <= '0;
      active_q  <= 1'b0;
    end else if (start_i) begin
      active_q <= 1'b1;
    end
  end

endmodule

`default_nettype wire
