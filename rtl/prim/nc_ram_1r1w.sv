// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Synchronous memory with one read and one write port. Read data is registered and stays until the
// next read; a read of the address that is being written returns the old word. A word is written
// in groups of GroupWidth bits. This is the only memory that an FPGA or ASIC flow has to replace.
module nc_ram_1r1w #(
  parameter int unsigned Width      = 32,
  parameter int unsigned Depth      = 512,  // words, at least 2
  parameter int unsigned GroupWidth = Width,

  localparam int unsigned NumGroups = Width / GroupWidth,
  localparam int unsigned AW        = $clog2(Depth)
) (
  input  logic                 clk_i,

  input  logic                 we_i,
  input  logic [AW-1:0]        waddr_i,
  input  logic [Width-1:0]     wdata_i,
  input  logic [NumGroups-1:0] wmask_i,   // groups to write

  input  logic                 re_i,
  input  logic [AW-1:0]        raddr_i,
  output logic [Width-1:0]     rdata_o    // one cycle after re_i
);

`ifdef SYNTHESIS
  // The form that synthesis tools infer as block RAM with write enables: one memory for each word of
  // 32 bits, since a memory with many groups takes them minutes.
  localparam int unsigned SliceWidth  = (GroupWidth < 32 && Width % 32 == 0) ? 32 : Width;
  localparam int unsigned SliceGroups = SliceWidth / GroupWidth;

  for (genvar s = 0; s < Width / SliceWidth; s++) begin : gen_slice
    logic [SliceWidth-1:0]  mem[Depth];
    logic [SliceWidth-1:0]  wdata, rdata_q;
    logic [SliceGroups-1:0] wmask;

    assign wdata = wdata_i[s*SliceWidth+:SliceWidth];
    assign wmask = wmask_i[s*SliceGroups+:SliceGroups];
    assign rdata_o[s*SliceWidth+:SliceWidth] = rdata_q;

    always_ff @(posedge clk_i) begin
      if (we_i) begin
        for (int unsigned g = 0; g < SliceGroups; g++) begin
          if (wmask[g]) mem[waddr_i][g*GroupWidth+:GroupWidth] <= wdata[g*GroupWidth+:GroupWidth];
        end
      end
      if (re_i) rdata_q <= mem[raddr_i];
    end
  end
`else
  logic [Width-1:0] mem[Depth];

  // The same for a simulator. Only this process touches the array, so the write may be blocking
  // after the read; that spares a copy of every group on every cycle.
  /* verilator lint_off BLKSEQ */
  always @(posedge clk_i) begin
    if (re_i) rdata_o <= mem[raddr_i];
    if (we_i) begin
      if (&wmask_i) begin
        mem[waddr_i] = wdata_i;
      end else begin
        for (int unsigned g = 0; g < NumGroups; g++) begin
          if (wmask_i[g]) begin
            mem[waddr_i][g*GroupWidth+:GroupWidth] = wdata_i[g*GroupWidth+:GroupWidth];
          end
        end
      end
    end
  end
  /* verilator lint_on BLKSEQ */
`endif

endmodule

`default_nettype wire
