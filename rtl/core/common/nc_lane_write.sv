// SPDX-License-Identifier: Apache-2.0
//
// Writes results of a lane group back: queues them, walks the output pattern, replicates an element
// over its word and strobes its bytes. Shared by VectorE and ScalarE.

`default_nettype none

module nc_lane_write #(
  parameter int unsigned P            = nc_pkg::P,
  parameter int unsigned Lanes        = nc_pkg::VectorLanes,
  parameter int unsigned AddressWidth = 16,  // bytes of a partition
  parameter int unsigned SbufWidth    = 14,  // word addresses
  parameter int unsigned PsumWidth    = 12,
  parameter int unsigned Depth        = 16
) (
  input  logic clk_i,
  input  logic rst_ni,

  // start_i: begin with these fields; they hold until the last write
  input  logic                          start_i,
  input  logic                          psum_i,
  input  logic [nc_pkg::DtypeWidth-1:0] dtype_i,
  input  logic [AddressWidth-1:0]       base_i,
  input  logic [47:0]                   sizes_i,
  input  logic [3*AddressWidth-1:0]     strides_i,
  input  logic [P-1:0]                  group_mask_i,  // partitions of the group and the window

  // results in order; the sender keeps count of the room
  input  logic                valid_i,
  input  logic [Lanes-1:0]    mask_i,
  input  logic [Lanes*32-1:0] bits_i,
  output logic                write_o,  // a result was written
  output logic                last_o,   // and it was the last

  // write ports (seam 2)
  output logic                 sbuf_wr_req_o,
  output logic [SbufWidth-1:0] sbuf_wr_addr_o,
  output logic [3:0]           sbuf_wr_strb_o,
  output logic [P-1:0]         sbuf_wr_mask_o,
  output logic [P*32-1:0]      sbuf_wr_data_o,
  input  logic                 sbuf_wr_gnt_i,
  output logic                 psum_wr_req_o,
  output logic [PsumWidth-1:0] psum_wr_addr_o,
  output logic [3:0]           psum_wr_strb_o,
  output logic [P-1:0]         psum_wr_mask_o,
  output logic [P*32-1:0]      psum_wr_data_o,
  input  logic                 psum_wr_gnt_i
);

  localparam int unsigned Groups = P / Lanes;

  logic valid;
  logic [Lanes-1:0] mask;
  logic [Lanes*32-1:0] bits;
  logic [AddressWidth-1:0] address;
  logic end_of_pattern;

  nc_affine_walker #(.AddressWidth(AddressWidth)) u_walker (
    .clk_i,
    .configure_i   (start_i),
    .restart_i     (1'b0),
    .base_i,
    .size0_i       (sizes_i[15:0]),
    .size1_i       (sizes_i[31:16]),
    .size2_i       (sizes_i[47:32]),
    .stride0_i     (strides_i[0 +: AddressWidth]),
    .stride1_i     (strides_i[AddressWidth +: AddressWidth]),
    .stride2_i     (strides_i[2*AddressWidth +: AddressWidth]),
    .step_i        (write_o),
    .address_o     (address),
    /* verilator lint_off PINCONNECTEMPTY */
    .next_address_o(),
    /* verilator lint_on PINCONNECTEMPTY */
    .last_o        (end_of_pattern)
  );

  nc_fifo #(
    .Width(Lanes * 33),
    .Depth(Depth)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .valid_i,
    /* verilator lint_off PINCONNECTEMPTY */
    .ready_o(),
    /* verilator lint_on PINCONNECTEMPTY */
    .data_i ({mask_i, bits_i}),
    .valid_o(valid),
    .ready_i(write_o),
    .data_o ({mask, bits}),
    /* verilator lint_off PINCONNECTEMPTY */
    .count_o()
    /* verilator lint_on PINCONNECTEMPTY */
  );

  // An element fills every place of its size in the word; the strobes pick its own.
  logic [3:0] strobe;
  logic [P*32-1:0] data;
  logic [P-1:0] partitions;

  always_comb begin
    strobe = 4'b0000;
    data = '0;
    partitions = '0;
    if (valid) begin
      unique case (dtype_i)
        nc_pkg::DTYPE_INT8, nc_pkg::DTYPE_UINT8: strobe = 4'b0001 << address[1:0];
        nc_pkg::DTYPE_BF16, nc_pkg::DTYPE_FP16: strobe = address[1] ? 4'b1100 : 4'b0011;
        default: strobe = 4'b1111;
      endcase
      for (int unsigned g = 0; g < Groups; g++) begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          unique case (dtype_i)
            nc_pkg::DTYPE_INT8, nc_pkg::DTYPE_UINT8:
              data[(g*Lanes+l)*32 +: 32] = {4{bits[l*32 +: 8]}};
            nc_pkg::DTYPE_BF16, nc_pkg::DTYPE_FP16:
              data[(g*Lanes+l)*32 +: 32] = {2{bits[l*32 +: 16]}};
            default: data[(g*Lanes+l)*32 +: 32] = bits[l*32 +: 32];
          endcase
        end
      end
      partitions = group_mask_i & {Groups{mask}};
    end
  end

  assign sbuf_wr_req_o  = valid && !psum_i;
  assign sbuf_wr_addr_o = address[2 +: SbufWidth];
  assign sbuf_wr_strb_o = strobe;
  assign sbuf_wr_mask_o = partitions;
  assign sbuf_wr_data_o = data;
  assign psum_wr_req_o  = valid && psum_i;
  assign psum_wr_addr_o = address[2 +: PsumWidth];
  assign psum_wr_strb_o = strobe;
  assign psum_wr_mask_o = partitions;
  assign psum_wr_data_o = data;
  assign write_o        = (sbuf_wr_req_o && sbuf_wr_gnt_i) || (psum_wr_req_o && psum_wr_gnt_i);
  assign last_o         = write_o && end_of_pattern;

endmodule

`default_nettype wire
