// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// The chip's end of the host link (docs/link.md): one byte stream each way. Requests are executed
// one after the other; each gets one response. Events are sent between responses.
module nc_link_host #(
  parameter int unsigned AxiBytes = nc_pkg::AxiBytes
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,

  // Byte streams.
  input  logic                  rx_valid_i,
  output logic                  rx_ready_o,
  input  logic [7:0]            rx_data_i,
  output logic                  tx_valid_o,
  input  logic                  tx_ready_i,
  output logic [7:0]            tx_data_o,

  // Register bus: a request pulse, answered by one done pulse some cycles later.
  output logic                  reg_valid_o,
  output logic                  reg_write_o,
  output logic [31:0]           reg_addr_o,
  output logic [31:0]           reg_wdata_o,
  input  logic                  reg_done_i,
  input  logic [31:0]           reg_rdata_i,
  input  logic [nc_pkg::LinkStatusWidth-1:0] reg_status_i,

  // Event: 8 bytes of payload; valid/ready.
  input  logic                  event_valid_i,
  output logic                  event_ready_o,
  input  logic [63:0]           event_data_i,

  output logic [31:0]           errors_o,     // headers dropped since reset

  // Memory read client.
  output logic                  ar_valid_o,
  input  logic                  ar_ready_i,
  output logic [31:0]           ar_addr_o,
  output logic [7:0]            ar_len_o,
  input  logic                  r_valid_i,
  output logic                  r_ready_o,
  input  logic [8*AxiBytes-1:0] r_data_i,
  input  logic                  r_error_i,

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
  output logic                  b_ready_o,
  input  logic                  b_error_i
);

  localparam int unsigned SW               = nc_pkg::LinkStatusWidth;
  localparam int unsigned MaxMemoryBytes   = 65536;
  localparam int unsigned MaxRegisterBytes = 1024;
  localparam int unsigned BufferWords      = MaxRegisterBytes / 4;
  localparam int unsigned BW               = $clog2(BufferWords);
  localparam int unsigned BlockShift       = $clog2(nc_pkg::RegisterBlockBytes);
  localparam logic [7:0]  Sync             = 8'h4E;

  typedef enum logic [3:0] {
    StIdle, StDecode, StPayload, StPayloadCheck, StMemoryWait, StRegister, StRegisterWait, StReadWait,
    StHeader, StHeaderCheck, StData, StDataCheck
  } state_e;

  state_e         state_q;
  logic           is_event_q;     // the frame being sent is an event
  logic [SW-1:0]  status_q;
  logic [31:0]    count_q;        // bytes of payload received or sent
  logic [BW:0]    word_q;         // registers done
  logic [4:0]     byte_q;         // byte of the header or check value being sent or received
  logic [31:0]    rx_crc_q, rx_crc_next, tx_crc_q, tx_crc_next, received_crc_q;
  logic           read_error_q;   // memory answered with an error after the header was sent
  logic [63:0]    event_q;

  // Requests.
  logic           request_valid, request_ready, rx_idle, rx_ready;
  logic [7:0]     op;
  logic [15:0]    tag;
  logic [31:0]    length;
  logic [63:0]    address;

  assign rx_idle = state_q == StIdle && !event_valid_i;

  nc_link_rx u_rx (
    .clk_i, .rst_ni,
    .enable_i  (rx_idle),
    .rx_valid_i, .rx_data_i,
    .rx_ready_o(rx_ready),
    .valid_o   (request_valid),
    .ready_i   (request_ready),
    .op_o      (op),
    .tag_o     (tag),
    .length_o  (length),
    .address_o (address),
    .errors_o
  );

  // What a request may ask.
  logic           memory_op, register_op, write_op;
  logic [SW-1:0]  decoded;  // status when it cannot be executed

  assign memory_op   = op == nc_pkg::LINK_OP_READ_MEMORY || op == nc_pkg::LINK_OP_WRITE_MEMORY;
  assign register_op = op == nc_pkg::LINK_OP_READ_REGISTER || op == nc_pkg::LINK_OP_WRITE_REGISTER;
  assign write_op    = op == nc_pkg::LINK_OP_WRITE_MEMORY || op == nc_pkg::LINK_OP_WRITE_REGISTER;

  always_comb begin
    decoded = SW'(nc_pkg::LINK_STATUS_OK);
    if (memory_op) begin
      if (length == '0 || length > 32'(MaxMemoryBytes)) begin
        decoded = SW'(nc_pkg::LINK_STATUS_BAD_LENGTH);
      end else if (address[63:32] != '0 || {1'b0, address[31:0]} + {1'b0, length} > 33'h1_0000_0000) begin
        decoded = SW'(nc_pkg::LINK_STATUS_BAD_ADDRESS);
      end
    end else if (register_op) begin
      if (length == '0 || length > 32'(MaxRegisterBytes) || length[1:0] != 2'd0) begin
        decoded = SW'(nc_pkg::LINK_STATUS_BAD_LENGTH);
      end else if (address[63:32] != '0 || address[1:0] != 2'd0) begin
        decoded = SW'(nc_pkg::LINK_STATUS_BAD_ADDRESS);
      end
    end else if (op == nc_pkg::LINK_OP_DOORBELL) begin
      if (length != '0) decoded = SW'(nc_pkg::LINK_STATUS_BAD_LENGTH);
      else if (address >= 64'(nc_pkg::NumCores)) decoded = SW'(nc_pkg::LINK_STATUS_BAD_ADDRESS);
    end else begin
      decoded = SW'(nc_pkg::LINK_STATUS_BAD_OP);
    end
  end

  // Payload from the host.
  logic rx_take, rx_last, writer_valid, writer_ready, writer_idle, writer_error, writing;

  nc_crc32 u_rx_crc (
    .state_i(rx_crc_q),
    .data_i (rx_data_i),
    .state_o(rx_crc_next)
  );

  assign writing      = op == nc_pkg::LINK_OP_WRITE_MEMORY && status_q == SW'(nc_pkg::LINK_STATUS_OK);
  assign rx_last      = count_q + 32'd1 == length;
  assign writer_valid = state_q == StPayload && writing && rx_valid_i;
  assign rx_ready_o   = state_q == StPayloadCheck || (state_q == StPayload && (!writing || writer_ready))
                        || rx_ready;
  assign rx_take      = rx_valid_i && rx_ready_o;

  nc_link_write #(
    .AxiBytes(AxiBytes)
  ) u_write (
    .clk_i, .rst_ni,
    .start_i  (state_q == StDecode),
    .address_i(address[31:0]),
    .idle_o   (writer_idle),
    .error_o  (writer_error),
    .valid_i  (writer_valid),
    .ready_o  (writer_ready),
    .data_i   (rx_data_i),
    .last_i   (rx_last),
    .aw_valid_o, .aw_ready_i, .aw_addr_o, .aw_len_o,
    .w_valid_o, .w_ready_i, .w_data_o, .w_strb_o, .w_last_o,
    .b_valid_i, .b_ready_o, .b_error_i
  );

  // Memory to the host.
  logic       read_start, read_cancel, read_idle, read_valid, read_ready, read_error;
  logic [7:0] read_data;

  assign read_start  = state_q == StDecode && op == nc_pkg::LINK_OP_READ_MEMORY &&
                       decoded == SW'(nc_pkg::LINK_STATUS_OK);
  assign read_cancel = state_q == StReadWait && read_valid && read_error;

  nc_link_read #(
    .AxiBytes(AxiBytes)
  ) u_read (
    .clk_i, .rst_ni,
    .start_i  (read_start),
    .address_i(address[31:0]),
    .length_i (length),
    .cancel_i (read_cancel),
    .idle_o   (read_idle),
    .valid_o  (read_valid),
    .ready_i  (read_ready),
    .data_o   (read_data),
    .error_o  (read_error),
    .ar_valid_o, .ar_ready_i, .ar_addr_o, .ar_len_o,
    .r_valid_i, .r_ready_o, .r_data_i, .r_error_i
  );

  // Registers go through a buffer: to write, until the check value is good; to read, until it is
  // known that all of them exist.
  logic        buffer_we, buffer_re;
  logic [3:0]  buffer_mask;
  logic [31:0] buffer_wdata, buffer_rdata;
  logic [BW-1:0] buffer_waddr, buffer_raddr;

  nc_ram_1r1w #(
    .Width     (32),
    .Depth     (BufferWords),
    .GroupWidth(8)
  ) u_buffer (
    .clk_i,
    .we_i   (buffer_we),
    .waddr_i(buffer_waddr),
    .wdata_i(buffer_wdata),
    .wmask_i(buffer_mask),
    .re_i   (buffer_re),
    .raddr_i(buffer_raddr),
    .rdata_o(buffer_rdata)
  );

  always_comb begin
    if (state_q == StPayload) begin
      buffer_we    = rx_take && op == nc_pkg::LINK_OP_WRITE_REGISTER;
      buffer_waddr = count_q[BW+1:2];
      buffer_wdata = {4{rx_data_i}};
      buffer_mask  = 4'd1 << count_q[1:0];
    end else begin
      buffer_we    = state_q == StRegisterWait && reg_done_i && op == nc_pkg::LINK_OP_READ_REGISTER;
      buffer_waddr = word_q[BW-1:0];
      buffer_wdata = reg_rdata_i;
      buffer_mask  = '1;
    end
    // The word that the next cycle needs, for sending or for writing.
    buffer_re    = 1'b1;
    buffer_raddr = word_q[BW-1:0];
    if (state_q == StData) begin
      buffer_raddr = tx_ready_i && count_q[1:0] == 2'd3 ? count_q[BW+1:2] + 1'b1 : count_q[BW+1:2];
    end else if (state_q == StHeaderCheck) begin
      buffer_raddr = '0;
    end
  end

  assign reg_write_o = op != nc_pkg::LINK_OP_READ_REGISTER;
  assign reg_addr_o  = op == nc_pkg::LINK_OP_DOORBELL
                       ? (address[31:0] << BlockShift) + 32'(nc_pkg::REG_CONTROL)
                       : address[31:0] + 32'({word_q, 2'd0});
  assign reg_wdata_o = op == nc_pkg::LINK_OP_DOORBELL ? 32'd1 : buffer_rdata;

  // Frames to the host.
  logic [31:0]  tx_length;
  logic [127:0] header;
  logic [31:0]  tx_check;
  logic         tx_take;

  assign tx_length = is_event_q ? 32'd8
                   : (op == nc_pkg::LINK_OP_READ_MEMORY || op == nc_pkg::LINK_OP_READ_REGISTER) &&
                     status_q == SW'(nc_pkg::LINK_STATUS_OK) ? length : 32'd0;
  assign header = {32'd0, tx_length, 24'd0, is_event_q ? 8'd0 : 8'(status_q),
                   is_event_q ? 16'd0 : tag,
                   is_event_q ? nc_pkg::LINK_OP_EVENT : nc_pkg::LINK_OP_RESPONSE, Sync};
  // A payload that memory did not deliver in full gets a check value that cannot be right.
  assign tx_check = (state_q == StDataCheck && read_error_q) ? tx_crc_q : ~tx_crc_q;

  always_comb begin
    tx_valid_o = 1'b1;
    read_ready = 1'b0;
    tx_data_o  = '0;
    unique case (state_q)
      StHeader:                   tx_data_o = header[8*32'(byte_q)+:8];
      StHeaderCheck, StDataCheck: tx_data_o = tx_check[8*32'(byte_q[1:0])+:8];
      StData: begin
        if (is_event_q) begin
          tx_data_o = event_q[8*32'(count_q[2:0])+:8];
        end else if (op == nc_pkg::LINK_OP_READ_REGISTER) begin
          tx_data_o = buffer_rdata[8*32'(count_q[1:0])+:8];
        end else begin
          tx_data_o  = read_data;
          tx_valid_o = read_valid;
          read_ready = tx_ready_i;
        end
      end
      default: tx_valid_o = 1'b0;
    endcase
  end

  assign tx_take = tx_valid_o && tx_ready_i;

  nc_crc32 u_tx_crc (
    .state_i(tx_crc_q),
    .data_i (tx_data_o),
    .state_o(tx_crc_next)
  );

  logic frame_done;
  assign frame_done = tx_take && ((state_q == StHeaderCheck && byte_q == 5'd3 && tx_length == '0) ||
                                  (state_q == StDataCheck && byte_q == 5'd3));
  assign request_ready = frame_done && !is_event_q;
  assign event_ready_o = state_q == StIdle && event_valid_i && !request_valid;

  always_ff @(posedge clk_i) begin
    reg_valid_o <= 1'b0;

    unique case (state_q)
      StIdle: begin
        is_event_q   <= 1'b0;
        read_error_q <= 1'b0;
        byte_q       <= '0;
        tx_crc_q     <= '1;
        count_q      <= '0;
        word_q       <= '0;
        if (request_valid) begin
          state_q <= StDecode;
        end else if (event_valid_i) begin
          is_event_q <= 1'b1;
          event_q    <= event_data_i;
          state_q    <= StHeader;
        end
      end

      StDecode: begin
        status_q <= decoded;
        rx_crc_q <= '1;
        if (write_op) state_q <= length == '0 ? StPayloadCheck : StPayload;
        else if (decoded != SW'(nc_pkg::LINK_STATUS_OK)) state_q <= StHeader;
        else if (op == nc_pkg::LINK_OP_READ_MEMORY) state_q <= StReadWait;
        else state_q <= StRegister;
      end

      StPayload: begin
        if (rx_take) begin
          count_q  <= count_q + 32'd1;
          rx_crc_q <= rx_crc_next;
          if (rx_last) state_q <= StPayloadCheck;
        end
      end

      StPayloadCheck: begin
        if (rx_take) begin
          byte_q         <= byte_q + 5'd1;
          received_crc_q <= {rx_data_i, received_crc_q[31:8]};
          if (byte_q == 5'd3) begin
            byte_q  <= '0;
            count_q <= '0;
            state_q <= StMemoryWait;
          end
        end
      end

      // The check value decides; writes to memory are done in any case.
      StMemoryWait: begin
        if (writer_idle) begin
          state_q <= StHeader;
          if (received_crc_q != ~rx_crc_q) begin
            status_q <= SW'(nc_pkg::LINK_STATUS_BAD_CRC);
          end else if (status_q == SW'(nc_pkg::LINK_STATUS_OK)) begin
            if (op == nc_pkg::LINK_OP_WRITE_REGISTER) state_q <= StRegister;
            else if (writer_error) status_q <= SW'(nc_pkg::LINK_STATUS_BAD_ADDRESS);
          end
        end
      end

      // One register: its word is at the buffer's output in the second of these cycles.
      StRegister: begin
        reg_valid_o <= 1'b1;
        state_q     <= StRegisterWait;
      end

      StRegisterWait: begin
        if (reg_done_i) begin
          word_q <= word_q + 1'b1;
          if (reg_status_i != SW'(nc_pkg::LINK_STATUS_OK)) begin
            status_q <= reg_status_i;
            state_q  <= StHeader;
          end else if (op == nc_pkg::LINK_OP_DOORBELL || 32'(word_q) + 32'd1 == length >> 2) begin
            state_q <= StHeader;
          end else begin
            state_q <= StRegister;
          end
        end
      end

      StReadWait: begin
        if (read_idle && status_q != SW'(nc_pkg::LINK_STATUS_OK)) begin
          state_q <= StHeader;
        end else if (read_valid) begin
          if (read_error) status_q <= SW'(nc_pkg::LINK_STATUS_BAD_ADDRESS);
          else state_q <= StHeader;
        end
      end

      StHeader: begin
        if (tx_take) begin
          byte_q   <= byte_q + 5'd1;
          tx_crc_q <= tx_crc_next;
          if (byte_q == 5'd11) begin
            byte_q  <= '0;
            state_q <= StHeaderCheck;
          end
        end
      end

      StHeaderCheck: begin
        if (tx_take) begin
          byte_q <= byte_q + 5'd1;
          if (byte_q == 5'd3) begin
            byte_q   <= '0;
            tx_crc_q <= '1;
            state_q  <= tx_length == '0 ? StIdle : StData;
          end
        end
      end

      StData: begin
        if (tx_take) begin
          count_q      <= count_q + 32'd1;
          tx_crc_q     <= tx_crc_next;
          read_error_q <= read_error_q || (read_ready && read_error);
          if (count_q + 32'd1 == tx_length) state_q <= StDataCheck;
        end
      end

      default: begin  // StDataCheck
        if (tx_take) begin
          byte_q <= byte_q + 5'd1;
          if (byte_q == 5'd3) state_q <= StIdle;
        end
      end
    endcase

    if (!rst_ni) begin
      state_q     <= StIdle;
      reg_valid_o <= 1'b0;
    end
  end

endmodule

`default_nettype wire
