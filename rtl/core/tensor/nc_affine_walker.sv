// SPDX-License-Identifier: Apache-2.0
//
// Addresses of a three-dimensional loop nest, dimension 0 innermost: one per step. Addresses are
// modulo 2^AddressWidth, which is exact because the queue has checked the whole pattern.

`default_nettype none

module nc_affine_walker #(
  parameter int unsigned AddressWidth = 16
) (
  input  logic clk_i,

  // configure_i: store sizes (at least 1) and strides, then begin at base_i.
  // restart_i: begin again at base_i with the stored ones.
  input  logic                    configure_i,
  input  logic                    restart_i,
  input  logic [AddressWidth-1:0] base_i,
  input  logic [15:0]             size0_i,
  input  logic [15:0]             size1_i,
  input  logic [15:0]             size2_i,
  input  logic [AddressWidth-1:0] stride0_i,
  input  logic [AddressWidth-1:0] stride1_i,
  input  logic [AddressWidth-1:0] stride2_i,

  // step_i: go on to the next element (not after the last)
  input  logic                    step_i,
  output logic [AddressWidth-1:0] address_o,
  output logic [AddressWidth-1:0] next_address_o,  // the address after a step
  output logic                    last_o
);

  logic [15:0] limit0_q;
  logic [15:0] limit1_q;
  logic [15:0] limit2_q;
  logic [15:0] left0_q;
  logic [15:0] left1_q;
  logic [15:0] left2_q;
  logic [AddressWidth-1:0] stride0_q;
  logic [AddressWidth-1:0] stride1_q;
  logic [AddressWidth-1:0] stride2_q;
  // Address of the present element, and of the first one in its row and in its plane.
  logic [AddressWidth-1:0] element_q;
  logic [AddressWidth-1:0] row_q;
  logic [AddressWidth-1:0] plane_q;

  logic row_end;
  logic plane_end;

  assign row_end = (left0_q == 16'd0);
  assign plane_end = row_end && (left1_q == 16'd0);
  assign last_o = plane_end && (left2_q == 16'd0);
  assign address_o = element_q;

  always_comb begin
    if (!row_end) begin
      next_address_o = element_q + stride0_q;
    end else if (!plane_end) begin
      next_address_o = row_q + stride1_q;
    end else begin
      next_address_o = plane_q + stride2_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (configure_i) begin
      limit0_q <= size0_i - 16'd1;
      limit1_q <= size1_i - 16'd1;
      limit2_q <= size2_i - 16'd1;
      stride0_q <= stride0_i;
      stride1_q <= stride1_i;
      stride2_q <= stride2_i;
    end
    if (configure_i || restart_i) begin
      left0_q <= configure_i ? (size0_i - 16'd1) : limit0_q;
      left1_q <= configure_i ? (size1_i - 16'd1) : limit1_q;
      left2_q <= configure_i ? (size2_i - 16'd1) : limit2_q;
      element_q <= base_i;
      row_q <= base_i;
      plane_q <= base_i;
    end else if (step_i) begin
      element_q <= next_address_o;
      left0_q <= row_end ? limit0_q : (left0_q - 16'd1);
      if (row_end) begin
        row_q <= next_address_o;
        left1_q <= plane_end ? limit1_q : (left1_q - 16'd1);
      end
      if (plane_end) begin
        plane_q <= next_address_o;
        left2_q <= left2_q - 16'd1;
      end
    end
  end

endmodule

`default_nettype wire
