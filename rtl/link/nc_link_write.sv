// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Writes a run of bytes to memory: gathers them into beats and sends each as a burst of one, many
// on their way at a time. start_i sets the address; the byte with last_i ends the run.
module nc_link_write #(
  parameter int unsigned AxiBytes       = nc_pkg::AxiBytes,
  parameter int unsigned MaxOutstanding = 15
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,

  input  logic                  start_i,
  input  logic [31:0]           address_i,
  output logic                  idle_o,     // everything is in memory
  output logic                  error_o,    // a write since start_i was refused

  input  logic                  valid_i,
  output logic                  ready_o,
  input  logic [7:0]            data_i,
  input  logic                  last_i,

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

  localparam int unsigned LW = $clog2(AxiBytes);

  logic [31:0]           address_q;   // of the next byte
  logic [8*AxiBytes-1:0] gather_q;
  logic [AxiBytes-1:0]   gather_strb_q;
  logic                  complete_q;  // the gathered beat waits to be sent
  logic [31:LW]          gather_address_q;
  logic [3:0]            outstanding_q;
  logic                  take, send;

  assign ready_o   = !complete_q;
  assign take      = valid_i && ready_o;
  assign send      = complete_q && !aw_valid_o && !w_valid_o && outstanding_q != 4'(MaxOutstanding);
  assign idle_o    = !complete_q && outstanding_q == '0;
  assign aw_len_o  = 8'd0;
  assign w_last_o  = 1'b1;
  assign b_ready_o = 1'b1;

  always_ff @(posedge clk_i) begin
    if (take) begin
      gather_q[8*32'(address_q[LW-1:0])+:8] <= data_i;
      gather_strb_q[address_q[LW-1:0]]      <= 1'b1;
      gather_address_q                      <= address_q[31:LW];
      address_q                             <= address_q + 32'd1;
      complete_q                            <= last_i || &address_q[LW-1:0];
    end
    if (aw_valid_o && aw_ready_i) aw_valid_o <= 1'b0;
    if (w_valid_o && w_ready_i) w_valid_o <= 1'b0;
    if (send) begin
      aw_valid_o    <= 1'b1;
      aw_addr_o     <= {gather_address_q, {LW{1'b0}}};
      w_valid_o     <= 1'b1;
      w_data_o      <= gather_q;
      w_strb_o      <= gather_strb_q;
      gather_strb_q <= '0;
      complete_q    <= 1'b0;
    end
    if (send != b_valid_i) outstanding_q <= send ? outstanding_q + 4'd1 : outstanding_q - 4'd1;
    if (b_valid_i && b_error_i) error_o <= 1'b1;
    if (start_i) begin
      address_q     <= address_i;
      gather_strb_q <= '0;
      error_o       <= 1'b0;
    end
    if (!rst_ni) begin
      complete_q    <= 1'b0;
      aw_valid_o    <= 1'b0;
      w_valid_o     <= 1'b0;
      outstanding_q <= '0;
    end
  end

endmodule

`default_nettype wire
