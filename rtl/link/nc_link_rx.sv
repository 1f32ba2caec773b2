// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Finds request headers in the byte stream from the host (docs/link.md). A header whose check fails
// is counted and searched for the next sync byte, so that a lost or damaged byte costs the frames
// it hits and no others. Bytes between frames that are no sync byte are dropped.
module nc_link_rx (
  input  logic        clk_i,
  input  logic        rst_ni,

  // Byte stream. Taken only while enable_i.
  input  logic        enable_i,
  input  logic        rx_valid_i,
  output logic        rx_ready_o,
  input  logic [7:0]  rx_data_i,

  // A header with a good check; held until taken.
  output logic        valid_o,
  input  logic        ready_i,
  output logic [7:0]  op_o,
  output logic [15:0] tag_o,
  output logic [31:0] length_o,
  output logic [63:0] address_o,

  output logic [31:0] errors_o   // headers dropped since reset
);

  localparam logic [7:0]  Sync        = 8'h4E;
  localparam int unsigned HeaderBytes = 20;
  localparam int unsigned CheckBytes  = 16;  // what the CRC covers

  typedef enum logic [1:0] {StFill, StCheck, StGood, StResync} state_e;

  state_e                   state_q;
  logic [8*HeaderBytes-1:0] header_q;  // first byte lowest
  logic [4:0]               count_q;   // bytes held; while checking: bytes covered
  logic [31:0]              crc_q, crc_next;
  logic                     take;

  nc_crc32 u_crc (
    .state_i(crc_q),
    .data_i (header_q[8*32'(count_q[3:0])+:8]),
    .state_o(crc_next)
  );

  assign rx_ready_o = enable_i && state_q == StFill;
  assign take       = rx_valid_i && rx_ready_o;
  assign valid_o    = state_q == StGood;
  assign op_o       = header_q[8+:8];
  assign tag_o      = header_q[16+:16];
  assign length_o   = header_q[32+:32];
  assign address_o  = header_q[64+:64];

  always_ff @(posedge clk_i) begin
    unique case (state_q)
      StFill: begin
        if (take && (count_q != '0 || rx_data_i == Sync)) begin
          header_q[8*32'(count_q)+:8] <= rx_data_i;
          count_q                     <= count_q + 5'd1;
          if (count_q == 5'(HeaderBytes - 1)) begin
            count_q <= '0;
            crc_q   <= '1;
            state_q <= StCheck;
          end
        end
      end

      StCheck: begin
        count_q <= count_q + 5'd1;
        crc_q   <= crc_next;
        if (count_q == 5'(CheckBytes)) begin
          if (header_q[8*CheckBytes+:32] == ~crc_q) begin
            state_q <= StGood;
          end else begin
            errors_o <= errors_o + 32'd1;
            count_q  <= 5'(HeaderBytes);
            state_q  <= StResync;
          end
        end
      end

      StGood: begin
        if (ready_i) begin
          count_q <= '0;
          state_q <= StFill;
        end
      end

      // Drops the first byte, and more until another sync byte comes first or nothing is left.
      default: begin
        header_q <= header_q >> 8;
        count_q  <= count_q - 5'd1;
        if (count_q == 5'd1 || header_q[15:8] == Sync) state_q <= StFill;
      end
    endcase

    if (!rst_ni) begin
      state_q  <= StFill;
      count_q  <= '0;
      errors_o <= '0;
    end
  end

endmodule

`default_nettype wire
