// SPDX-License-Identifier: Apache-2.0
//
// The systolic array: P rows by P columns of nc_pe. A moving operand is broadcast along its row;
// partial sums flow down the columns, one row per cycle. All row inputs are skewed: row k works on
// a vector k cycles after row 0, so the sums of one vector leave all columns in the same cycle.

`default_nettype none

module nc_array #(
  parameter int unsigned P             = nc_pkg::P,
  parameter int unsigned MantissaWidth = nc_pkg::MantissaWidth,
  parameter int unsigned SumWidth      = 2 * MantissaWidth + 8
) (
  input  logic clk_i,

  // moving: row k at bit k and at [k*MantissaWidth +: MantissaWidth]
  input  logic [P-1:0]               moving_valid_i,
  input  logic [P*MantissaWidth-1:0] moving_i,

  // stationary: row k stores the operand of column load_column_i[k*ColumnWidth +: ColumnWidth];
  // swap_i[k] makes row k's stored operands the active ones; both may come in one cycle
  input  logic [P-1:0]               load_valid_i,
  input  logic [P*$clog2(P)-1:0]     load_column_i,
  input  logic [P*MantissaWidth-1:0] stationary_i,
  input  logic [P-1:0]               swap_i,

  // sums of column m at [m*SumWidth +: SumWidth], P cycles after the vector is at row 0
  output logic [P*SumWidth-1:0]      sum_o
);

  localparam int unsigned ColumnWidth = $clog2(P);

  for (genvar r = 0; r < P; r++) begin : g_row
    logic signed [MantissaWidth-1:0] moving;
    logic [P*MantissaWidth-1:0] shadow_q;

    assign moving = $signed(moving_i[r*MantissaWidth +: MantissaWidth]);

    // The next pass's operands gather here while the present ones multiply.
    always_ff @(posedge clk_i) begin
      if (load_valid_i[r]) begin
        for (int unsigned c = 0; c < P; c++) begin
          if (load_column_i[r*ColumnWidth +: ColumnWidth] == ColumnWidth'(c)) begin
            shadow_q[c*MantissaWidth +: MantissaWidth] <=
                stationary_i[r*MantissaWidth +: MantissaWidth];
          end
        end
      end
    end

    for (genvar c = 0; c < P; c++) begin : g_column
      logic signed [SumWidth-1:0] above;
      logic signed [SumWidth-1:0] sum;

      if (r == 0) begin : g_top
        assign above = '0;
      end else begin : g_below
        assign above = g_row[r-1].g_column[c].sum;
      end

      nc_pe #(
        .MantissaWidth(MantissaWidth),
        .SumWidth     (SumWidth)
      ) u_pe (
        .clk_i,
        .swap_i      (swap_i[r]),
        .stationary_i($signed(shadow_q[c*MantissaWidth +: MantissaWidth])),
        .valid_i     (moving_valid_i[r]),
        .moving_i    (moving),
        .sum_i       (above),
        .sum_o       (sum)
      );

      if (r == P - 1) begin : g_bottom
        assign sum_o[c*SumWidth +: SumWidth] = sum;
      end
    end
  end

endmodule

`default_nettype wire
