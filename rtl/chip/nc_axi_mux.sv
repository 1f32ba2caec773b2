// SPDX-License-Identifier: Apache-2.0
`include "nc_assert.svh"
`default_nettype none

// Shares one AXI4 master among read clients and write clients. A client's ID is its number, so
// data finds its way back; clients take turns. Write data follows in the order of the addresses.
//
// A client in flush_* (its owner is in reset) gets no new transaction; what it has open is ended
// here: read data and responses are dropped, missing write data is made up with no byte enabled.
module nc_axi_mux #(
  parameter int unsigned N              = 9,   // clients of each kind
  parameter int unsigned AxiBytes       = nc_pkg::AxiBytes,
  parameter int unsigned MaxOutstanding = 16,  // bursts of one client in each direction

  localparam int unsigned IW = $clog2(N),
  localparam int unsigned DW = 8 * AxiBytes
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,

  // Read clients.
  input  logic [N-1:0]          rd_flush_i,
  output logic [N-1:0]          rd_idle_o,     // nothing open
  input  logic [N-1:0]          ar_valid_i,
  output logic [N-1:0]          ar_ready_o,
  input  logic [N*32-1:0]       ar_addr_i,
  input  logic [N*8-1:0]        ar_len_i,
  output logic [N-1:0]          r_valid_o,
  input  logic [N-1:0]          r_ready_i,
  output logic [DW-1:0]         r_data_o,      // for the client with r_valid_o
  output logic                  r_last_o,
  output logic                  r_error_o,

  // Write clients.
  input  logic [N-1:0]          wr_flush_i,
  output logic [N-1:0]          wr_idle_o,
  input  logic [N-1:0]          aw_valid_i,
  output logic [N-1:0]          aw_ready_o,
  input  logic [N*32-1:0]       aw_addr_i,
  input  logic [N*8-1:0]        aw_len_i,
  input  logic [N-1:0]          w_valid_i,
  output logic [N-1:0]          w_ready_o,
  input  logic [N*DW-1:0]       w_data_i,
  input  logic [N*AxiBytes-1:0] w_strb_i,
  input  logic [N-1:0]          w_last_i,
  output logic [N-1:0]          b_valid_o,
  input  logic [N-1:0]          b_ready_i,
  output logic                  b_error_o,

  // AXI4 master; bursts are INCR with full-width beats.
  output logic                  m_axi_arvalid,
  input  logic                  m_axi_arready,
  output logic [IW-1:0]         m_axi_arid,
  output logic [31:0]           m_axi_araddr,
  output logic [7:0]            m_axi_arlen,
  input  logic                  m_axi_rvalid,
  output logic                  m_axi_rready,
  input  logic [IW-1:0]         m_axi_rid,
  input  logic [DW-1:0]         m_axi_rdata,
  input  logic [1:0]            m_axi_rresp,
  input  logic                  m_axi_rlast,
  output logic                  m_axi_awvalid,
  input  logic                  m_axi_awready,
  output logic [IW-1:0]         m_axi_awid,
  output logic [31:0]           m_axi_awaddr,
  output logic [7:0]            m_axi_awlen,
  output logic                  m_axi_wvalid,
  input  logic                  m_axi_wready,
  output logic [DW-1:0]         m_axi_wdata,
  output logic [AxiBytes-1:0]   m_axi_wstrb,
  output logic                  m_axi_wlast,
  input  logic                  m_axi_bvalid,
  output logic                  m_axi_bready,
  input  logic [IW-1:0]         m_axi_bid,
  input  logic [1:0]            m_axi_bresp
);

  localparam int unsigned CW       = $clog2(MaxOutstanding + 1);
  localparam int unsigned MaxOrder = 16;  // write bursts whose data is to follow

  // Open transactions of each client.
  logic [N*CW-1:0] rd_open_q, wr_open_q;
  logic [N-1:0]    rd_full, wr_full;
  for (genvar c = 0; c < N; c++) begin : gen_open
    assign rd_idle_o[c] = rd_open_q[c*CW+:CW] == '0;
    assign wr_idle_o[c] = wr_open_q[c*CW+:CW] == '0;
    assign rd_full[c]   = rd_open_q[c*CW+:CW] == CW'(MaxOutstanding);
    assign wr_full[c]   = wr_open_q[c*CW+:CW] == CW'(MaxOutstanding);
  end

  // Read addresses: one register stage, so that a request on the bus never changes.
  logic [N-1:0] ar_gnt;
  logic         ar_room, ar_take;

  assign ar_room = !m_axi_arvalid || m_axi_arready;
  assign ar_take = ar_room && ar_gnt != '0;

  nc_rr_arbiter #(.N(N)) u_ar (
    .clk_i, .rst_ni,
    .req_i    (ar_valid_i & ~rd_full & ~rd_flush_i),
    .advance_i(ar_take),
    .gnt_o    (ar_gnt)
  );

  assign ar_ready_o = ar_room ? ar_gnt : '0;

  logic [IW-1:0] ar_pick;
  always_comb begin
    ar_pick = '0;
    if (ar_take) begin
      for (int unsigned c = 0; c < N; c++) if (ar_gnt[c]) ar_pick = IW'(c);
    end
  end

  always_ff @(posedge clk_i) begin
    if (m_axi_arready) m_axi_arvalid <= 1'b0;
    if (ar_take) begin
      m_axi_arvalid <= 1'b1;
      m_axi_arid    <= ar_pick;
      m_axi_araddr  <= ar_addr_i[32'(ar_pick)*32+:32];
      m_axi_arlen   <= ar_len_i[32'(ar_pick)*8+:8];
    end
    if (!rst_ni) m_axi_arvalid <= 1'b0;
  end

  // Read data.
  logic r_done;
  always_comb begin
    r_valid_o    = '0;
    m_axi_rready = 1'b0;
    if (m_axi_rvalid) begin
      r_valid_o[m_axi_rid] = !rd_flush_i[m_axi_rid];
      m_axi_rready         = rd_flush_i[m_axi_rid] || r_ready_i[m_axi_rid];
    end
  end
  assign r_data_o  = m_axi_rdata;
  assign r_last_o  = m_axi_rlast;
  assign r_error_o = m_axi_rresp != 2'b00;
  assign r_done    = m_axi_rvalid && m_axi_rready && m_axi_rlast;

  // Write addresses.
  logic [N-1:0] aw_gnt;
  logic         aw_room, aw_take, order_ready;

  assign aw_room = (!m_axi_awvalid || m_axi_awready) && order_ready;
  assign aw_take = aw_room && aw_gnt != '0;

  nc_rr_arbiter #(.N(N)) u_aw (
    .clk_i, .rst_ni,
    .req_i    (aw_valid_i & ~wr_full & ~wr_flush_i),
    .advance_i(aw_take),
    .gnt_o    (aw_gnt)
  );

  assign aw_ready_o = aw_room ? aw_gnt : '0;

  logic [IW-1:0] aw_pick;
  always_comb begin
    aw_pick = '0;
    if (aw_take) begin
      for (int unsigned c = 0; c < N; c++) if (aw_gnt[c]) aw_pick = IW'(c);
    end
  end

  always_ff @(posedge clk_i) begin
    if (m_axi_awready) m_axi_awvalid <= 1'b0;
    if (aw_take) begin
      m_axi_awvalid <= 1'b1;
      m_axi_awid    <= aw_pick;
      m_axi_awaddr  <= aw_addr_i[32'(aw_pick)*32+:32];
      m_axi_awlen   <= aw_len_i[32'(aw_pick)*8+:8];
    end
    if (!rst_ni) m_axi_awvalid <= 1'b0;
  end

  // Write data, burst after burst in the order of the addresses.
  logic          order_valid, w_done;
  logic [IW-1:0] w_client;
  logic [7:0]    w_len, w_beat_q;

  nc_fifo #(
    .Width(IW + 8),
    .Depth(MaxOrder)
  ) u_order (
    .clk_i, .rst_ni,
    .valid_i(aw_take),
    .ready_o(order_ready),
    .data_i ({aw_pick, aw_len_i[32'(aw_pick)*8+:8]}),
    .valid_o(order_valid),
    .ready_i(w_done),
    .data_o ({w_client, w_len}),
    /* verilator lint_off PINCONNECTEMPTY */
    .count_o()
    /* verilator lint_on PINCONNECTEMPTY */
  );

  always_comb begin
    m_axi_wvalid = 1'b0;
    m_axi_wdata  = '0;
    m_axi_wstrb  = '0;
    w_ready_o    = '0;
    if (order_valid) begin
      m_axi_wvalid = wr_flush_i[w_client] || w_valid_i[w_client];
      m_axi_wdata  = w_data_i[32'(w_client)*DW+:DW];
      m_axi_wstrb  = wr_flush_i[w_client] ? '0 : w_strb_i[32'(w_client)*AxiBytes+:AxiBytes];
      w_ready_o[w_client] = m_axi_wready && !wr_flush_i[w_client];
    end
  end
  assign m_axi_wlast = w_beat_q == w_len;
  assign w_done      = m_axi_wvalid && m_axi_wready && m_axi_wlast;

  always_ff @(posedge clk_i) begin
    if (m_axi_wvalid && m_axi_wready) w_beat_q <= m_axi_wlast ? '0 : w_beat_q + 8'd1;
    if (!rst_ni) w_beat_q <= '0;
  end

  // Write responses.
  logic b_done;
  always_comb begin
    b_valid_o    = '0;
    m_axi_bready = 1'b0;
    if (m_axi_bvalid) begin
      b_valid_o[m_axi_bid] = !wr_flush_i[m_axi_bid];
      m_axi_bready         = wr_flush_i[m_axi_bid] || b_ready_i[m_axi_bid];
    end
  end
  assign b_error_o = m_axi_bresp != 2'b00;
  assign b_done    = m_axi_bvalid && m_axi_bready;

  always_ff @(posedge clk_i) begin
    if (ar_take || r_done) begin
      for (int unsigned c = 0; c < N; c++) begin
        rd_open_q[c*CW+:CW] <= rd_open_q[c*CW+:CW] + CW'(ar_take && ar_gnt[c]) -
                               CW'(r_done && m_axi_rid == IW'(c));
      end
    end
    if (aw_take || b_done) begin
      for (int unsigned c = 0; c < N; c++) begin
        wr_open_q[c*CW+:CW] <= wr_open_q[c*CW+:CW] + CW'(aw_take && aw_gnt[c]) -
                               CW'(b_done && m_axi_bid == IW'(c));
      end
    end
    if (!rst_ni) begin
      rd_open_q <= '0;
      wr_open_q <= '0;
    end
  end

  `NC_ASSERT(client_ends_burst, !(m_axi_wvalid && !wr_flush_i[w_client]) ||
             w_last_i[w_client] == m_axi_wlast, clk_i, rst_ni)
  `NC_ASSERT(read_data_expected, !m_axi_rvalid || !rd_idle_o[m_axi_rid], clk_i, rst_ni)
  `NC_ASSERT(write_response_expected, !m_axi_bvalid || !wr_idle_o[m_axi_bid], clk_i, rst_ni)

endmodule

`default_nettype wire
