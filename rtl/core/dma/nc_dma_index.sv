// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Reads the index list of an indirect DMA from SBUF, one row ahead of the walker, checks each index
// and multiplies it with the row stride, four bits per cycle (4 to 11 cycles for an index). An
// index outside [0, limit) becomes a row with error_o, and the list ends there.
module nc_dma_index #(
  parameter int unsigned P         = nc_pkg::P,
  parameter int unsigned SbufBytes = nc_pkg::SbufBytes,
  parameter int unsigned AxiBytes  = nc_pkg::AxiBytes,

  localparam int unsigned AW = $clog2(SbufBytes / 4),
  localparam int unsigned PW = $clog2(P),
  localparam int unsigned LB = $clog2(AxiBytes)
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,

  input  logic                  start_i,      // only when the list before it has ended
  input  logic [27:0]           base_i,       // SBUF DMA address of the list
  input  logic [23:0]           count_i,      // at least 1
  input  logic [31:0]           stride_i,     // bytes between rows
  input  logic [31:0]           limit_i,

  // SBUF row read port.
  output logic                  rd_req_o,
  output logic [PW-1:0]         rd_partition_o,
  output logic [AW-1:0]         rd_addr_o,
  input  logic                  rd_gnt_i,
  input  logic [AxiBytes*8-1:0] rd_data_i,

  output logic                  row_valid_o,
  input  logic                  row_ready_i,
  output logic [31:0]           row_offset_o, // index * stride
  output logic                  row_error_o,
  output logic [31:0]           row_index_o
);

  localparam logic [2:0] StateIdle     = 3'd0;
  localparam logic [2:0] StateRequest  = 3'd1;
  localparam logic [2:0] StateData     = 3'd2;
  localparam logic [2:0] StateMultiply = 3'd3;
  localparam logic [2:0] StateHold     = 3'd4;

  logic [2:0]  state_q;
  logic [27:0] addr_q;
  logic [23:0] left_q;
  logic [31:0] stride_q, limit_q, index_q;
  logic [31:0] rest_q, shifted_q, product_q;  // bits of the index still to multiply
  logic        error_q;
  logic [31:0] word;

  assign rd_req_o       = state_q == StateRequest;
  assign rd_partition_o = addr_q[20+:PW];
  assign rd_addr_o      = AW'({addr_q[AW+1:LB], LB'(0)} >> 2);
  assign row_valid_o    = state_q == StateHold;
  assign row_offset_o   = product_q;
  assign row_error_o    = error_q;
  assign row_index_o    = index_q;

  if (AxiBytes > 4) begin : gen_select
    assign word = rd_data_i[{addr_q[LB-1:2], 5'd0}+:32];
  end else begin : gen_word
    assign word = rd_data_i;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StateIdle;
    end else begin
      unique case (state_q)
        StateIdle: if (start_i) state_q <= StateRequest;
        StateRequest: if (rd_gnt_i) state_q <= StateData;
        StateData: state_q <= StateMultiply;
        StateMultiply: if (error_q || rest_q == '0) state_q <= StateHold;
        default:
          if (row_ready_i) state_q <= error_q || left_q == 24'd1 ? StateIdle : StateRequest;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == StateIdle && start_i) begin
      addr_q   <= base_i;
      left_q   <= count_i;
      stride_q <= stride_i;
      limit_q  <= limit_i;
    end
    if (state_q == StateData) begin
      index_q   <= word;
      error_q   <= word >= limit_q || word[31];
      rest_q    <= word;
      shifted_q <= stride_q;
      product_q <= '0;
    end
    if (state_q == StateMultiply) begin
      rest_q    <= rest_q >> 4;
      shifted_q <= shifted_q << 4;
      product_q <= product_q + shifted_q * {28'd0, rest_q[3:0]};
    end
    if (state_q == StateHold && row_ready_i) begin
      addr_q <= addr_q + 28'd4;
      left_q <= left_q - 24'd1;
    end
  end

endmodule

`default_nettype wire
