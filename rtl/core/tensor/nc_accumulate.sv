// SPDX-License-Identifier: Apache-2.0
//
// The feet of all columns and their PSUM ports: reads the PSUM word of a vector, lets each column
// add its slice result, writes the word back. The read is granted two cycles after the vector's
// sums leave the array, the write four cycles after the read; a vector may therefore read the same
// word five cycles after this one did (HazardDistance of nc_matmul_stream).

`default_nettype none
`include "nc_assert.svh"

module nc_accumulate #(
  parameter int unsigned P             = nc_pkg::P,
  parameter int unsigned MantissaWidth = nc_pkg::MantissaWidth,
  parameter int unsigned SumWidth      = 2 * MantissaWidth + 8,
  parameter int unsigned PsumWidth     = $clog2(nc_pkg::PsumBytes / 4)
) (
  input  logic clk_i,
  input  logic rst_ni,

  // stationary vector at the foot of the columns
  input  logic                 load_valid_i,
  input  logic [$clog2(P)-1:0] load_column_i,
  input  logic [7:0]           load_emax_i,
  input  logic                 load_poisoned_i,
  input  logic                 swap_i,

  // moving vector at the foot of the columns, with its sums
  input  logic                  valid_i,
  input  logic                  last_i,  // last of its instruction
  input  logic                  float_i,
  input  logic                  accumulate_i,
  input  logic [$clog2(P)-1:0]  column_first_i,
  input  logic [$clog2(P)-1:0]  column_last_i,
  input  logic [PsumWidth-1:0]  psum_i,
  input  logic [7:0]            emax_i,
  input  logic                  poisoned_i,
  input  logic [P*SumWidth-1:0] sum_i,

  // PSUM read and write ports (seam 2), never refused
  output logic                 rd_req_o,
  output logic [PsumWidth-1:0] rd_addr_o,
  input  logic                 rd_gnt_i,
  input  logic [P*32-1:0]      rd_data_i,
  output logic                 wr_req_o,
  output logic [PsumWidth-1:0] wr_addr_o,
  output logic [3:0]           wr_strb_o,
  output logic [P-1:0]         wr_mask_o,
  output logic [P*32-1:0]      wr_data_o,
  input  logic                 wr_gnt_i,

  // pulses: an instruction's last word is in PSUM; an INT32 accumulation has wrapped
  output logic done_o,
  output logic int_overflow_o
);

  localparam int unsigned ColumnWidth = $clog2(P);
  localparam int unsigned Stages = 6;
  localparam int unsigned ReadStage = 2;

  // Stage s of the columns works on the vector at position s; position 6 writes.
  logic [Stages-1:0] valid_q;
  logic [Stages-2:0] float_q;
  logic [ReadStage:0] accumulate_q;
  logic [Stages-1:0] last_q;
  logic [Stages:0] valid;
  logic [Stages-1:0] is_float;
  logic [P-1:0] overflow;

  assign valid = {valid_q, valid_i};
  assign is_float = {float_q, float_i};

  always_ff @(posedge clk_i) begin
    valid_q <= rst_ni ? valid[Stages-1:0] : '0;
    float_q <= is_float[Stages-2:0];
    accumulate_q <= {accumulate_q[ReadStage-1:0], accumulate_i};
    last_q <= {last_q[Stages-2:0], last_i};
    done_o <= rst_ni && valid_q[Stages-1] && last_q[Stages-1];
  end

  for (genvar s = 0; s <= Stages; s++) begin : g_stage
    logic [PsumWidth-1:0] psum;
    logic [ColumnWidth-1:0] column_first;
    logic [ColumnWidth-1:0] column_last;

    if (s == 0) begin : g_in
      assign psum = psum_i;
      assign column_first = column_first_i;
      assign column_last = column_last_i;
    end else begin : g_register
      always_ff @(posedge clk_i) begin
        if (valid[s-1]) begin
          psum <= g_stage[s-1].psum;
          column_first <= g_stage[s-1].column_first;
          column_last <= g_stage[s-1].column_last;
        end
      end
    end
  end

  for (genvar c = 0; c < P; c++) begin : g_column
    nc_column_output #(
      .MantissaWidth(MantissaWidth),
      .SumWidth     (SumWidth)
    ) u_output (
      .clk_i,
      .load_i         (load_valid_i && (load_column_i == ColumnWidth'(c))),
      .load_emax_i,
      .load_poisoned_i,
      .swap_i,
      .valid_i        (valid[Stages-1:0]),
      .float_i        (is_float),
      .sum_i          ($signed(sum_i[c*SumWidth +: SumWidth])),
      .emax_i,
      .poisoned_i,
      .accumulate_i   (accumulate_q[ReadStage]),
      .psum_i         (rd_data_i[c*32 +: 32]),
      .result_o       (wr_data_o[c*32 +: 32]),
      .overflow_o     (overflow[c])
    );
  end

  // The columns that the vector at position s concerns.
  function automatic logic [P-1:0] window(input logic [ColumnWidth-1:0] from,
                                          input logic [ColumnWidth-1:0] to);
    window = ({P{1'b1}} << from) & ({P{1'b1}} >> (ColumnWidth'(P - 1) - to));
  endfunction

  assign rd_req_o = valid[ReadStage] && accumulate_q[ReadStage-1];
  assign rd_addr_o = g_stage[ReadStage].psum;
  assign wr_req_o = valid[Stages];
  assign wr_addr_o = g_stage[Stages].psum;
  assign wr_strb_o = 4'hF;
  assign wr_mask_o = window(g_stage[Stages].column_first, g_stage[Stages].column_last);
  assign int_overflow_o = valid[ReadStage+2] &&
      ((overflow & window(g_stage[ReadStage+2].column_first,
                          g_stage[ReadStage+2].column_last)) != '0);

  `NC_ASSERT(PsumReadIsGranted, !rd_req_o || rd_gnt_i, clk_i, rst_ni)
  `NC_ASSERT(PsumWriteIsGranted, !wr_req_o || wr_gnt_i, clk_i, rst_ni)

endmodule

`default_nettype wire
