// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// PSUM: the accumulation memory of all partitions (docs/rtl.md, seam 2). Banks are consecutive
// blocks of PsumBankBytes (bank = high address bits); a bank does one read and one write per cycle.
// Port 0 on each side is TensorE's and is never refused; the others rotate (nc_bank_arbiter).
// Grants come in the same cycle, read data one cycle after the grant.
module nc_psum #(
  parameter int unsigned P         = nc_pkg::P,
  parameter int unsigned PsumBytes = nc_pkg::PsumBytes,
  parameter int unsigned BankBytes = nc_pkg::PsumBankBytes,
  parameter int unsigned NumRead   = 4,
  parameter int unsigned NumWrite  = 3,

  localparam int unsigned AW = $clog2(PsumBytes / 4)
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,

  // Reads: req and gnt in one cycle, data in the next.
  input  logic [NumRead-1:0]       rd_req_i,
  input  logic [NumRead*AW-1:0]    rd_addr_i,   // word address
  output logic [NumRead-1:0]       rd_gnt_o,
  output logic [NumRead*P*32-1:0]  rd_data_o,

  // Writes.
  input  logic [NumWrite-1:0]      wr_req_i,
  input  logic [NumWrite*AW-1:0]   wr_addr_i,
  input  logic [NumWrite*4-1:0]    wr_strb_i,   // bytes of the word, in all partitions
  input  logic [NumWrite*P-1:0]    wr_mask_i,   // partitions
  input  logic [NumWrite*P*32-1:0] wr_data_i,
  output logic [NumWrite-1:0]      wr_gnt_o
);

  localparam int unsigned W         = P * 32;
  localparam int unsigned BankDepth = BankBytes / 4;
  localparam int unsigned BAW       = $clog2(BankDepth);
  localparam int unsigned NumBanks  = PsumBytes / BankBytes;
  localparam int unsigned BankW     = NumBanks > 1 ? $clog2(NumBanks) : 1;

  logic [NumRead*BankW-1:0]     rd_bank;
  logic [NumWrite*BankW-1:0]    wr_bank;
  logic [NumRead*NumBanks-1:0]  rd_need;
  logic [NumWrite*NumBanks-1:0] wr_need;

  for (genvar p = 0; p < NumRead; p++) begin : gen_rd_need
    if (NumBanks > 1) begin : gen_bank_bits
      assign rd_bank[p*BankW+:BankW] = rd_addr_i[p*AW+BAW+:BankW];
    end else begin : gen_one_bank
      assign rd_bank[p*BankW+:BankW] = '0;
    end
    assign rd_need[p*NumBanks+:NumBanks] = NumBanks'(1) << rd_bank[p*BankW+:BankW];
  end
  for (genvar p = 0; p < NumWrite; p++) begin : gen_wr_need
    if (NumBanks > 1) begin : gen_bank_bits
      assign wr_bank[p*BankW+:BankW] = wr_addr_i[p*AW+BAW+:BankW];
    end else begin : gen_one_bank
      assign wr_bank[p*BankW+:BankW] = '0;
    end
    assign wr_need[p*NumBanks+:NumBanks] = NumBanks'(1) << wr_bank[p*BankW+:BankW];
  end

  nc_bank_arbiter #(
    .NumPorts (NumRead),
    .NumBanks (NumBanks)
  ) u_read_arbiter (
    .clk_i,
    .rst_ni,
    .req_i  (rd_req_i),
    .need_i (rd_need),
    .gnt_o  (rd_gnt_o)
  );

  nc_bank_arbiter #(
    .NumPorts (NumWrite),
    .NumBanks (NumBanks)
  ) u_write_arbiter (
    .clk_i,
    .rst_ni,
    .req_i  (wr_req_i),
    .need_i (wr_need),
    .gnt_o  (wr_gnt_o)
  );

  logic [NumBanks*W-1:0] bank_rdata;

  // At most one port is granted in a bank, so that what each of them would do can be ORed: half the
  // LUTs of a priority.
  for (genvar b = 0; b < NumBanks; b++) begin : gen_bank
    logic           re, we;
    logic [BAW-1:0] raddr, waddr;
    logic [P*4-1:0] wmask;
    logic [W-1:0]   wdata;

    always_comb begin
      re    = 1'b0;
      raddr = '0;
      for (int unsigned p = 0; p < NumRead; p++) begin
        if (rd_gnt_o[p] && rd_need[p*NumBanks+b]) begin
          re    = 1'b1;
          raddr |= rd_addr_i[p*AW+:BAW];
        end
      end
    end

    always_comb begin
      we    = 1'b0;
      waddr = '0;
      wmask = '0;
      wdata = '0;
      if (|wr_gnt_o) begin
        for (int unsigned p = 0; p < NumWrite; p++) begin
          if (wr_gnt_o[p] && wr_need[p*NumBanks+b]) begin
            we    = 1'b1;
            waddr |= wr_addr_i[p*AW+:BAW];
            wdata |= wr_data_i[p*W+:W];
            for (int unsigned k = 0; k < P; k++) begin
              wmask[k*4+:4] |= wr_strb_i[p*4+:4] & {4{wr_mask_i[p*P+k]}};
            end
          end
        end
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

  for (genvar p = 0; p < NumRead; p++) begin : gen_read
    logic             valid_q;
    logic [BankW-1:0] bank_q;
    logic [W-1:0]     data;

    always_ff @(posedge clk_i) begin
      valid_q <= rd_gnt_o[p];
      if (rd_gnt_o[p]) bank_q <= rd_bank[p*BankW+:BankW];
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

endmodule

`default_nettype wire
