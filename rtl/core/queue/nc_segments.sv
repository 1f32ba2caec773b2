// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// The segment table of a launch. Each reader has its own copy in RAM and gets an entry one cycle
// after it names it; entry 0, which all instruction fetches use, is also held in registers.
module nc_segments #(
  parameter int unsigned NumReaders = 3,

  localparam int unsigned IW = $clog2(nc_pkg::NumSegments)
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,

  // Host: writes one column of one entry.
  input  logic                     write_base_i,
  input  logic                     write_limit_i,
  input  logic                     write_permission_i,
  input  logic [IW-1:0]            write_index_i,
  input  logic [31:0]              write_data_i,

  input  logic [NumReaders*IW-1:0] index_i,
  output logic [NumReaders*32-1:0] base_o,
  output logic [NumReaders*32-1:0] limit_o,
  output logic [NumReaders*2-1:0]  permission_o,

  output logic [31:0]              base0_o,
  output logic [31:0]              limit0_o,
  output logic [1:0]               permission0_o
);

  localparam int unsigned Depth = nc_pkg::NumSegments;

  for (genvar r = 0; r < NumReaders; r++) begin : gen_reader
    nc_ram_1r1w #(.Width(32), .Depth(Depth)) u_base (
      .clk_i, .we_i(write_base_i), .waddr_i(write_index_i), .wdata_i(write_data_i), .wmask_i(1'b1),
      .re_i(1'b1), .raddr_i(index_i[r*IW+:IW]), .rdata_o(base_o[r*32+:32])
    );
    nc_ram_1r1w #(.Width(32), .Depth(Depth)) u_limit (
      .clk_i, .we_i(write_limit_i), .waddr_i(write_index_i), .wdata_i(write_data_i), .wmask_i(1'b1),
      .re_i(1'b1), .raddr_i(index_i[r*IW+:IW]), .rdata_o(limit_o[r*32+:32])
    );
    nc_ram_1r1w #(.Width(2), .Depth(Depth)) u_permission (
      .clk_i, .we_i(write_permission_i), .waddr_i(write_index_i), .wdata_i(write_data_i[1:0]),
      .wmask_i(1'b1),
      .re_i(1'b1), .raddr_i(index_i[r*IW+:IW]), .rdata_o(permission_o[r*2+:2])
    );
  end

  always_ff @(posedge clk_i) begin
    if (write_index_i == '0) begin
      if (write_base_i)       base0_o       <= write_data_i;
      if (write_limit_i)      limit0_o      <= write_data_i;
      if (write_permission_i) permission0_o <= write_data_i[1:0];
    end
    if (!rst_ni) permission0_o <= 2'd0;
  end

endmodule

`default_nettype wire
