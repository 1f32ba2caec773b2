// SPDX-License-Identifier: Apache-2.0
//
// Fetches one operand of VectorE or ScalarE: walks the free dimensions and, inside each element,
// the window, reads the words of all partitions and queues those of the present lane group. An
// element in the word that was read last, such as the next byte, is not read again.
// Requests may be refused; the queue lets two operands that meet in a bank settle one cycle apart.

`default_nettype none

module nc_lane_operand #(
  parameter int unsigned P            = nc_pkg::P,
  parameter int unsigned Lanes        = nc_pkg::VectorLanes,
  parameter int unsigned AddressWidth = 16,  // bytes of a partition
  parameter int unsigned SbufWidth    = 14,  // word addresses
  parameter int unsigned PsumWidth    = 12,
  parameter int unsigned GroupWidth   = 1
) (
  input  logic clk_i,
  input  logic rst_ni,

  // start_i: begin with these fields; they hold while the operand is active
  input  logic                    start_i,
  input  logic                    psum_i,     // the operand lies in PSUM
  input  logic [GroupWidth-1:0]   group_i,    // lane group
  input  logic [AddressWidth-1:0] base_i,
  input  logic [47:0]             sizes_i,    // three free dimensions, innermost lowest
  input  logic [47:0]             windows_i,  // three window dimensions
  input  logic [3*AddressWidth-1:0] strides_i,
  input  logic [3*AddressWidth-1:0] window_strides_i,

  // read ports (seam 2)
  output logic                 sbuf_req_o,
  output logic [SbufWidth-1:0] sbuf_addr_o,
  input  logic                 sbuf_gnt_i,
  input  logic [P*32-1:0]      sbuf_rdata_i,
  output logic                 psum_req_o,
  output logic [PsumWidth-1:0] psum_addr_o,
  input  logic                 psum_gnt_i,
  input  logic [P*32-1:0]      psum_rdata_i,

  // elements in order
  output logic                valid_o,
  input  logic                ready_i,
  output logic [Lanes*32-1:0] word_o,
  output logic [1:0]          offset_o,  // byte of the word at which the element begins
  output logic                first_o,   // first element of its window
  output logic                last_o     // last element of its window
);

  localparam int unsigned Depth  = 4;
  localparam int unsigned CountW = $clog2(Depth + 1);

  logic active_q;
  logic room;
  logic same;   // the element lies in the word that was read last
  logic req;
  logic grant;
  logic step;   // the element is granted or needs no grant
  logic window_end;
  logic window_first_q;
  logic free_end;
  logic [AddressWidth-1:0] element;
  logic [AddressWidth-1:0] tap;
  logic [AddressWidth-1:0] address;

  nc_affine_walker #(.AddressWidth(AddressWidth)) u_free (
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
    .step_i        (step && window_end),
    .address_o     (element),
    /* verilator lint_off PINCONNECTEMPTY */
    .next_address_o(),
    /* verilator lint_on PINCONNECTEMPTY */
    .last_o        (free_end)
  );

  nc_affine_walker #(.AddressWidth(AddressWidth)) u_window (
    .clk_i,
    .configure_i   (start_i),
    .restart_i     (step && window_end),
    .base_i        ('0),
    .size0_i       (windows_i[15:0]),
    .size1_i       (windows_i[31:16]),
    .size2_i       (windows_i[47:32]),
    .stride0_i     (window_strides_i[0 +: AddressWidth]),
    .stride1_i     (window_strides_i[AddressWidth +: AddressWidth]),
    .stride2_i     (window_strides_i[2*AddressWidth +: AddressWidth]),
    .step_i        (step),
    .address_o     (tap),
    /* verilator lint_off PINCONNECTEMPTY */
    .next_address_o(),
    /* verilator lint_on PINCONNECTEMPTY */
    .last_o        (window_end)
  );

  logic [CountW-1:0] held;
  logic pending_q;
  logic read_q;                        // a word was read since the start
  logic [AddressWidth-1:2] word_address_q;

  assign address     = element + tap;
  assign room        = active_q && (held + CountW'(pending_q) < CountW'(Depth));
  assign same        = read_q && address[AddressWidth-1:2] == word_address_q;
  assign req         = room && !same;
  assign sbuf_req_o  = req && !psum_i;
  assign psum_req_o  = req && psum_i;
  assign sbuf_addr_o = address[2 +: SbufWidth];
  assign psum_addr_o = address[2 +: PsumWidth];
  assign grant       = (sbuf_req_o && sbuf_gnt_i) || (psum_req_o && psum_gnt_i);
  assign step        = grant || (room && same);

  // What the word is, one cycle later when its data is there.
  logic again_q;
  logic [1:0] offset_q;
  logic first_q;
  logic last_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      pending_q <= 1'b0;
    end else begin
      pending_q <= step;
      if (start_i) begin
        active_q <= 1'b1;
      end else if (step && window_end && free_end) begin
        active_q <= 1'b0;
      end
    end
    if (start_i) begin
      window_first_q <= 1'b1;
      read_q <= 1'b0;
    end else if (step) begin
      window_first_q <= window_end;
      read_q <= 1'b1;
    end
    if (grant) word_address_q <= address[AddressWidth-1:2];
    if (step) begin
      again_q <= same;
      offset_q <= address[1:0];
      first_q <= window_first_q;
      last_q <= window_end;
    end
  end

  logic [Lanes*32-1:0] lanes, lanes_q;

  always_comb begin
    lanes = '0;
    if (pending_q) begin
      if (again_q)     lanes = lanes_q;
      else if (psum_i) lanes = psum_rdata_i[32'(group_i)*Lanes*32 +: Lanes*32];
      else             lanes = sbuf_rdata_i[32'(group_i)*Lanes*32 +: Lanes*32];
    end
  end

  always_ff @(posedge clk_i) begin
    if (pending_q && !again_q) lanes_q <= lanes;
  end

  nc_fifo #(
    .Width(Lanes * 32 + 4),
    .Depth(Depth)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .valid_i(pending_q),
    /* verilator lint_off PINCONNECTEMPTY */
    .ready_o(),  // there is room for all that is requested
    /* verilator lint_on PINCONNECTEMPTY */
    .data_i ({last_q, first_q, offset_q, lanes}),
    .valid_o,
    .ready_i,
    .data_o ({last_o, first_o, offset_o, word_o}),
    .count_o(held)
  );

endmodule

`default_nettype wire
