// SPDX-License-Identifier: Apache-2.0
`include "nc_assert.svh"
`default_nettype none

// SBUF: the operand memory of all partitions (docs/rtl.md, seam 2). Words of 32 bits times P
// partitions interleave over NumBanks banks (bank = low address bits); a bank does one read and one
// write per cycle.
//
// Column ports (rd_*, wr_*) move one word of every partition. The first NumEngineRead read ports
// and NumEngineWrite write ports belong to engines; those behind them are the DMA queues' and share
// one data path, so that at most one of them is granted in a cycle. Row ports (row_*) move AxiBytes
// consecutive bytes of one partition: one word of each of AxiBytes/4 banks.
//
// Priority: TensorE's reads (ports 0 and 1) go first, all other ports rotate (nc_bank_arbiter).
// Grants come in the same cycle, read data one cycle after the grant.
module nc_sbuf #(
  parameter int unsigned P              = nc_pkg::P,
  parameter int unsigned SbufBytes      = nc_pkg::SbufBytes,
  parameter int unsigned NumBanks       = nc_pkg::SbufBanks,
  parameter int unsigned AxiBytes       = nc_pkg::AxiBytes,
  parameter int unsigned NumEngineRead  = 5,
  parameter int unsigned NumEngineWrite = 2,
  parameter int unsigned NumRowPorts    = nc_pkg::NumDmaQueues,

  localparam int unsigned NumRead  = NumEngineRead + NumRowPorts,
  localparam int unsigned NumWrite = NumEngineWrite + NumRowPorts,
  localparam int unsigned AW       = $clog2(SbufBytes / 4),
  localparam int unsigned PW       = $clog2(P),
  localparam int unsigned RowBits  = AxiBytes * 8
) (
  input  logic                            clk_i,
  input  logic                            rst_ni,

  // Column reads: req and gnt in one cycle, data in the next.
  input  logic [NumRead-1:0]              rd_req_i,
  input  logic [NumRead*AW-1:0]           rd_addr_i,      // word address
  output logic [NumRead-1:0]              rd_gnt_o,
  output logic [NumRead*P*32-1:0]         rd_data_o,

  // Column writes.
  input  logic [NumWrite-1:0]             wr_req_i,
  input  logic [NumWrite*AW-1:0]          wr_addr_i,
  input  logic [NumWrite*4-1:0]           wr_strb_i,      // bytes of the word, in all partitions
  input  logic [NumWrite*P-1:0]           wr_mask_i,      // partitions
  input  logic [NumWrite*P*32-1:0]        wr_data_i,
  output logic [NumWrite-1:0]             wr_gnt_o,

  // Row reads and writes; the word address is a multiple of AxiBytes/4.
  input  logic [NumRowPorts-1:0]          row_rd_req_i,
  input  logic [NumRowPorts*PW-1:0]       row_rd_partition_i,
  input  logic [NumRowPorts*AW-1:0]       row_rd_addr_i,
  output logic [NumRowPorts-1:0]          row_rd_gnt_o,
  output logic [NumRowPorts*RowBits-1:0]  row_rd_data_o,

  input  logic [NumRowPorts-1:0]          row_wr_req_i,
  input  logic [NumRowPorts*PW-1:0]       row_wr_partition_i,
  input  logic [NumRowPorts*AW-1:0]       row_wr_addr_i,
  input  logic [NumRowPorts*AxiBytes-1:0] row_wr_strb_i,
  input  logic [NumRowPorts*RowBits-1:0]  row_wr_data_i,
  output logic [NumRowPorts-1:0]          row_wr_gnt_o
);

  localparam int unsigned W         = P * 32;
  localparam int unsigned BankW     = NumBanks > 1 ? $clog2(NumBanks) : 1;
  localparam int unsigned BankShift = $clog2(NumBanks);
  localparam int unsigned BankDepth = SbufBytes / 4 / NumBanks;
  localparam int unsigned BAW       = $clog2(BankDepth);
  localparam int unsigned RowWords  = AxiBytes / 4;
  localparam int unsigned RowShift  = $clog2(RowWords);
  localparam int unsigned NumGroups = NumBanks / RowWords;  // row = group of RowWords banks
  // Arbitrated ports: the columns, then the rows. One more "bank" stands for the data path that
  // the DMA column ports share.
  localparam int unsigned NumRdArb  = NumRead + NumRowPorts;
  localparam int unsigned NumWrArb  = NumWrite + NumRowPorts;
  localparam int unsigned NumNeed   = NumBanks + 1;

  // Arbitration -------------------------------------------------------------------------------

  logic [NumRdArb*NumNeed-1:0] rd_need;
  logic [NumWrArb*NumNeed-1:0] wr_need;
  logic [NumRdArb-1:0]         rd_gnt;
  logic [NumWrArb-1:0]         wr_gnt;

  always_comb begin
    rd_need = '0;
    if (|rd_req_i || |row_rd_req_i) begin
      for (int unsigned p = 0; p < NumRead; p++) begin
        for (int unsigned b = 0; b < NumBanks; b++) begin
          rd_need[p*NumNeed+b] = NumBanks == 1 || rd_addr_i[p*AW+:BankW] == BankW'(b);
        end
        rd_need[p*NumNeed+NumBanks] = p >= NumEngineRead;
      end
      for (int unsigned p = 0; p < NumRowPorts; p++) begin
        for (int unsigned b = 0; b < NumBanks; b++) begin
          rd_need[(NumRead+p)*NumNeed+b] =
              NumGroups == 1 || row_rd_addr_i[p*AW+:BankW] >> RowShift == BankW'(b / RowWords);
        end
      end
    end
    wr_need = '0;
    if (|wr_req_i || |row_wr_req_i) begin
      for (int unsigned p = 0; p < NumWrite; p++) begin
        for (int unsigned b = 0; b < NumBanks; b++) begin
          wr_need[p*NumNeed+b] = NumBanks == 1 || wr_addr_i[p*AW+:BankW] == BankW'(b);
        end
        wr_need[p*NumNeed+NumBanks] = p >= NumEngineWrite;
      end
      for (int unsigned p = 0; p < NumRowPorts; p++) begin
        for (int unsigned b = 0; b < NumBanks; b++) begin
          wr_need[(NumWrite+p)*NumNeed+b] =
              NumGroups == 1 || row_wr_addr_i[p*AW+:BankW] >> RowShift == BankW'(b / RowWords);
        end
      end
    end
  end

  nc_bank_arbiter #(
    .NumPorts (NumRdArb),
    .NumBanks (NumNeed),
    .Fixed    (NumRdArb'(3))
  ) u_read_arbiter (
    .clk_i,
    .rst_ni,
    .req_i  ({row_rd_req_i, rd_req_i}),
    .need_i (rd_need),
    .gnt_o  (rd_gnt)
  );

  nc_bank_arbiter #(
    .NumPorts (NumWrArb),
    .NumBanks (NumNeed),
    .Fixed    ('0)
  ) u_write_arbiter (
    .clk_i,
    .rst_ni,
    .req_i  ({row_wr_req_i, wr_req_i}),
    .need_i (wr_need),
    .gnt_o  (wr_gnt)
  );

  assign {row_rd_gnt_o, rd_gnt_o} = rd_gnt;
  assign {row_wr_gnt_o, wr_gnt_o} = wr_gnt;

  // Banks -------------------------------------------------------------------------------------

  logic [NumBanks*W-1:0]    bank_rdata;
  logic [NumWrite*P*4-1:0]  column_wmask;   // bytes that a granted column writes
  logic [W-1:0]             shared_wdata;   // of the DMA queue whose column is granted

  always_comb begin
    column_wmask = '0;
    shared_wdata = '0;
    for (int unsigned p = 0; p < NumWrite; p++) begin
      if (wr_gnt_o[p]) begin
        for (int unsigned k = 0; k < P; k++) begin
          column_wmask[(p*P+k)*4+:4] = wr_strb_i[p*4+:4] & {4{wr_mask_i[p*P+k]}};
        end
        if (p >= NumEngineWrite) shared_wdata |= wr_data_i[p*W+:W];
      end
    end
  end

  // At most one port is granted in a bank, so that what each of them would do can be ORed: half the
  // LUTs of a priority.
  for (genvar b = 0; b < NumBanks; b++) begin : gen_bank
    logic           re, we, shared;
    logic [BAW-1:0] raddr, waddr;
    logic [P*4-1:0] wmask;
    logic [W-1:0]   wdata;
    logic [31:0]    row_wdata;

    always_comb begin
      re    = 1'b0;
      raddr = '0;
      for (int unsigned p = 0; p < NumRead; p++) begin
        if (rd_gnt_o[p] && rd_need[p*NumNeed+b]) begin
          re    = 1'b1;
          raddr |= rd_addr_i[p*AW+BankShift+:BAW];
        end
      end
      for (int unsigned p = 0; p < NumRowPorts; p++) begin
        if (row_rd_gnt_o[p] && rd_need[(NumRead+p)*NumNeed+b]) begin
          re    = 1'b1;
          raddr |= row_rd_addr_i[p*AW+BankShift+:BAW];
        end
      end
    end

    always_comb begin
      we        = 1'b0;
      shared    = 1'b0;
      waddr     = '0;
      wmask     = '0;
      wdata     = '0;
      row_wdata = '0;
      if (|wr_gnt) begin
        for (int unsigned p = 0; p < NumWrite; p++) begin
          if (wr_gnt_o[p] && wr_need[p*NumNeed+b]) begin
            we    = 1'b1;
            waddr |= wr_addr_i[p*AW+BankShift+:BAW];
            wmask |= column_wmask[p*P*4+:P*4];
            if (p < NumEngineWrite) wdata |= wr_data_i[p*W+:W];
            else                    shared = 1'b1;
          end
        end
        if (shared) wdata |= shared_wdata;
        for (int unsigned p = 0; p < NumRowPorts; p++) begin
          if (row_wr_gnt_o[p] && wr_need[(NumWrite+p)*NumNeed+b]) begin
            we    = 1'b1;
            waddr |= row_wr_addr_i[p*AW+BankShift+:BAW];
            wmask |= (P*4)'(row_wr_strb_i[p*AxiBytes+(b%RowWords)*4+:4])
                     << {row_wr_partition_i[p*PW+:PW], 2'd0};
            row_wdata |= row_wr_data_i[p*RowBits+(b%RowWords)*32+:32];
          end
        end
        if (|row_wr_gnt_o) wdata |= {P{row_wdata}};
      end
    end

    nc_ram_1r1w #(
      .Width      (W),
      .Depth      (BankDepth),
      .GroupWidth (8)
    ) u_ram (
      .clk_i,
      .we_i    (we),
      .waddr_i (waddr),
      .wdata_i (wdata),
      .wmask_i (wmask),
      .re_i    (re),
      .raddr_i (raddr),
      .rdata_o (bank_rdata[b*W+:W])
    );
  end

  // Read data ---------------------------------------------------------------------------------

  // The gates cost little in the multiplexers and let a simulator skip them. Banks are compared one
  // by one: a select at a computed place in so wide a vector takes synthesis tools minutes.
  for (genvar p = 0; p < NumEngineRead; p++) begin : gen_read
    logic             valid_q;
    logic [BankW-1:0] bank_q;
    logic [W-1:0]     data;

    always_ff @(posedge clk_i) begin
      valid_q <= rd_gnt_o[p];
      if (rd_gnt_o[p]) bank_q <= NumBanks == 1 ? '0 : rd_addr_i[p*AW+:BankW];
    end

    always_comb begin
      data = '0;
      if (valid_q) begin
        for (int unsigned b = 0; b < NumBanks; b++) begin
          if (bank_q == BankW'(b)) data |= bank_rdata[b*W+:W];
        end
      end
    end

    assign rd_data_o[p*W+:W] = data;
  end

  logic             shared_gnt, shared_valid_q;
  logic [BankW-1:0] shared_bank, shared_bank_q;
  logic [W-1:0]     shared_data;

  assign shared_gnt = |rd_gnt_o[NumRead-1:NumEngineRead];

  always_comb begin
    shared_bank = '0;
    for (int unsigned p = NumEngineRead; p < NumRead; p++) begin
      if (rd_gnt_o[p]) shared_bank = NumBanks == 1 ? '0 : rd_addr_i[p*AW+:BankW];
    end
  end

  always_ff @(posedge clk_i) begin
    shared_valid_q <= shared_gnt;
    if (shared_gnt) shared_bank_q <= shared_bank;
  end

  always_comb begin
    shared_data = '0;
    if (shared_valid_q) begin
      for (int unsigned b = 0; b < NumBanks; b++) begin
        if (shared_bank_q == BankW'(b)) shared_data |= bank_rdata[b*W+:W];
      end
    end
  end

  assign rd_data_o[NumRead*W-1:NumEngineRead*W] = {NumRowPorts{shared_data}};

  for (genvar p = 0; p < NumRowPorts; p++) begin : gen_row_read
    logic               valid_q;
    logic [BankW-1:0]   bank_q;       // first bank of the group
    logic [PW-1:0]      partition_q;
    logic [W-1:0]       column;       // the word of every partition in one of the banks
    logic [RowBits-1:0] data;

    always_ff @(posedge clk_i) begin
      valid_q <= row_rd_gnt_o[p];
      if (row_rd_gnt_o[p]) begin
        bank_q      <= NumGroups == 1 ? '0 : row_rd_addr_i[p*AW+:BankW] >> RowShift << RowShift;
        partition_q <= row_rd_partition_i[p*PW+:PW];
      end
    end

    always_comb begin
      data   = '0;
      column = '0;
      if (valid_q) begin
        for (int unsigned k = 0; k < RowWords; k++) begin
          column = '0;
          for (int unsigned b = k; b < NumBanks; b += RowWords) begin
            if (bank_q == BankW'(b - k)) column |= bank_rdata[b*W+:W];
          end
          data[k*32+:32] = column[{partition_q, 5'd0}+:32];
        end
      end
    end

    assign row_rd_data_o[p*RowBits+:RowBits] = data;
  end

  for (genvar p = 0; p < NumRowPorts; p++) begin : gen_assert
    `NC_ASSERT(RowReadAligned,
               !row_rd_req_i[p] || 32'(row_rd_addr_i[p*AW+:AW]) % RowWords == 0, clk_i, rst_ni)
    `NC_ASSERT(RowWriteAligned,
               !row_wr_req_i[p] || 32'(row_wr_addr_i[p*AW+:AW]) % RowWords == 0, clk_i, rst_ni)
    `NC_ASSERT(RowReadPartition,
               !row_rd_req_i[p] || 32'(row_rd_partition_i[p*PW+:PW]) < P, clk_i, rst_ni)
    `NC_ASSERT(RowWritePartition,
               !row_wr_req_i[p] || 32'(row_wr_partition_i[p*PW+:PW]) < P, clk_i, rst_ni)
  end

endmodule

`default_nettype wire
