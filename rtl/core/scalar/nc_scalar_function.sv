// SPDX-License-Identifier: Apache-2.0
//
// Table functions of ScalarE on a vector of lanes (docs/numerics.md section 6):
//
//   t -> argument -> table -> ((c3 * d + c2) * d + c1) * d + c0 -> scale by 2^n, or add n * ln 2 -> y
//
// A value enters with valid_i and leaves Latency cycles later. Each lane has its own copy of the table.

`default_nettype none

module nc_scalar_function #(
  parameter int unsigned Lanes        = nc_pkg::ScalarLanes,
  parameter int unsigned TableEntries = nc_pkg::TableEntries,
  parameter int unsigned IndexWidth   = $clog2(TableEntries)
) (
  input  logic clk_i,
  input  logic rst_ni,

  // fields of the instruction, constant while values are inside
  input  logic [nc_pkg::FuncWidth-1:0] func_i,
  input  logic [3:0]                   index_bits_i,
  input  logic [7:0]                   exp_min_i,
  input  logic [7:0]                   exp_max_i,
  input  logic [15:0]                  base_i,
  input  logic [15:0]                  negative_base_i,

  // table load: the entry goes to all lanes, {c3, c2, c1, c0}
  input  logic                  load_i,
  input  logic [IndexWidth-1:0] load_index_i,
  input  logic [127:0]          load_entry_i,

  input  logic                valid_i,
  input  logic [Lanes*32-1:0] t_i,
  output logic                valid_o,
  output logic [Lanes*32-1:0] y_o
);

  localparam int unsigned FateWidth = 13;
  localparam int unsigned W         = Lanes * 32;
  localparam int unsigned Latency   = 18;
  localparam logic [31:0] Ln2       = 32'h3F317218;

  // valid[s]: the input of stage s is there.
  logic [Latency:0] valid;
  logic [Latency:1] valid_q;

  assign valid   = {valid_q, valid_i};
  assign valid_o = valid[Latency];

  always_ff @(posedge clk_i) valid_q <= rst_ni ? valid[Latency-1:0] : '0;

  // ---- Stages 0 to 3: argument, table -----------------------------------------------------------
  logic [Lanes*IndexWidth-1:0] index;
  logic [W-1:0] d;
  logic [Lanes*FateWidth-1:0] fate;
  logic [Lanes*128-1:0] entry;

  nc_scalar_argument #(
    .Lanes     (Lanes),
    .IndexWidth(IndexWidth),
    .FateWidth (FateWidth)
  ) u_argument (
    .clk_i,
    .en_i   (valid[3:0]),
    .func_i, .index_bits_i, .exp_min_i, .exp_max_i, .base_i, .negative_base_i,
    .t_i,
    .index_o(index),
    .d_o    (d),
    .fate_o (fate)
  );

  for (genvar l = 0; l < Lanes; l++) begin : gen_table
    nc_ram_1r1w #(
      .Width     (128),
      .Depth     (TableEntries),
      .GroupWidth(128)
    ) u_table (
      .clk_i,
      .we_i   (load_i),
      .waddr_i(load_index_i),
      .wdata_i(load_entry_i),
      .wmask_i(1'b1),
      .re_i   (valid[3]),
      .raddr_i(index[l*IndexWidth +: IndexWidth]),
      .rdata_o(entry[l*128 +: 128])
    );
  end

  logic [W-1:0] c0;
  logic [W-1:0] c1;
  logic [W-1:0] c2;
  logic [W-1:0] c3;

  always_comb begin
    for (int unsigned l = 0; l < Lanes; l++) begin
      c0[l*32 +: 32] = entry[l*128 +: 32];
      c1[l*32 +: 32] = entry[l*128+32 +: 32];
      c2[l*32 +: 32] = entry[l*128+64 +: 32];
      c3[l*32 +: 32] = entry[l*128+96 +: 32];
    end
  end

  // ---- Stages 4 to 15: polynomial -----------------------------------------------------------------
  // What later stages need waits in delay lines that move while anything is inside.
  logic [W-1:0] d_square;   // of stage 8
  logic [W-1:0] d_linear;   // of stage 12
  logic [W-1:0] c2_cubic;   // of stage 6
  logic [W-1:0] c1_square;  // of stage 10
  logic [W-1:0] c0_linear;  // of stage 14
  logic [Lanes*FateWidth-1:0] fate_octaves;  // of stage 14
  logic [Lanes*FateWidth-1:0] fate_result;   // of stage 16

  nc_delay_line #(.Width(W), .Delay(4)) u_d_square (
    .clk_i, .rst_ni, .en_i(|valid[7:4]), .data_i(d), .data_o(d_square)
  );
  nc_delay_line #(.Width(W), .Delay(4)) u_d_linear (
    .clk_i, .rst_ni, .en_i(|valid[11:8]), .data_i(d_square), .data_o(d_linear)
  );
  nc_delay_line #(.Width(W), .Delay(2)) u_c2 (
    .clk_i, .rst_ni, .en_i(|valid[5:4]), .data_i(c2), .data_o(c2_cubic)
  );
  nc_delay_line #(.Width(W), .Delay(6)) u_c1 (
    .clk_i, .rst_ni, .en_i(|valid[9:4]), .data_i(c1), .data_o(c1_square)
  );
  nc_delay_line #(.Width(W), .Delay(10)) u_c0 (
    .clk_i, .rst_ni, .en_i(|valid[13:4]), .data_i(c0), .data_o(c0_linear)
  );
  nc_delay_line #(.Width(Lanes * FateWidth), .Delay(10)) u_fate_octaves (
    .clk_i, .rst_ni, .en_i(|valid[13:4]), .data_i(fate), .data_o(fate_octaves)
  );
  nc_delay_line #(.Width(Lanes * FateWidth), .Delay(2)) u_fate_result (
    .clk_i, .rst_ni, .en_i(|valid[15:14]), .data_i(fate_octaves), .data_o(fate_result)
  );

  logic [W-1:0] cubic;
  logic [W-1:0] cubic_sum;
  logic [W-1:0] square;
  logic [W-1:0] square_sum;
  logic [W-1:0] linear;
  logic [W-1:0] polynomial;

  nc_fp_mul #(.Lanes(Lanes)) u_cubic (
    .clk_i, .en_i(valid[5:4]), .a_i(c3), .b_i(d), .product_o(cubic)
  );
  nc_fp_add_lanes #(.Lanes(Lanes)) u_cubic_sum (
    .clk_i, .en_i(valid[7:6]), .negate_a_i(1'b0), .negate_b_i(1'b0),
    .a_i(cubic), .b_i(c2_cubic), .sum_o(cubic_sum)
  );
  nc_fp_mul #(.Lanes(Lanes)) u_square (
    .clk_i, .en_i(valid[9:8]), .a_i(cubic_sum), .b_i(d_square), .product_o(square)
  );
  nc_fp_add_lanes #(.Lanes(Lanes)) u_square_sum (
    .clk_i, .en_i(valid[11:10]), .negate_a_i(1'b0), .negate_b_i(1'b0),
    .a_i(square), .b_i(c1_square), .sum_o(square_sum)
  );
  nc_fp_mul #(.Lanes(Lanes)) u_linear (
    .clk_i, .en_i(valid[13:12]), .a_i(square_sum), .b_i(d_linear), .product_o(linear)
  );
  nc_fp_add_lanes #(.Lanes(Lanes)) u_polynomial (
    .clk_i, .en_i(valid[15:14]), .negate_a_i(1'b0), .negate_b_i(1'b0),
    .a_i(linear), .b_i(c0_linear), .sum_o(polynomial)
  );

  // ---- Logarithm: n * ln 2, ready with the polynomial -----------------------------------------------
  logic is_log;
  logic [W-1:0] octaves;
  logic [W-1:0] octave_part;

  assign is_log = func_i == nc_pkg::FUNC_LOG;

  function automatic logic [31:0] small_int(input logic [9:0] n);
    logic [9:0] magnitude;
    magnitude = n[9] ? -n : n;
    small_int = nc_fp_pkg::int_round(n[9], 12'sd136,
                                     nc_fp_pkg::int_normalize({magnitude, 54'd0}));
  endfunction

  always_comb begin
    octaves = '0;
    if (is_log && valid[14]) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        octaves[l*32 +: 32] = small_int(fate_octaves[l*FateWidth +: 10]);
      end
    end
  end

  nc_fp_mul #(.Lanes(Lanes), .AWidth(10)) u_octaves (
    .clk_i, .en_i(valid[15:14] & {2{is_log}}), .a_i(octaves), .b_i({Lanes{Ln2}}),
    .product_o(octave_part)
  );

  // ---- Stages 16, 17: scale by 2^n and sign, or add; special results ---------------------------------
  function automatic logic [31:0] scale(input logic [31:0] y, input logic [FateWidth-1:0] how,
                                        input logic keep);
    logic signed [10:0] exponent;
    exponent = $signed({3'b000, y[30:23]}) + $signed({how[9], how[9:0]});
    if (how[12:11] != 2'd0) begin
      unique case (how[12:11])
        2'd1: scale = nc_fp_pkg::CanonicalNan;
        2'd2: scale = {how[10], 8'hFF, 23'd0};
        default: scale = {how[10], 31'd0};
      endcase
    end else if (keep || nc_fp_compare_pkg::is_nan(y)) begin
      scale = y;
    end else if ((y[30:23] == 8'd0) || (exponent <= 11'sd0)) begin
      scale = {y[31] ^ how[10], 31'd0};
    end else if ((y[30:23] == 8'hFF) || (exponent >= 11'sd255)) begin
      scale = {y[31] ^ how[10], 8'hFF, 23'd0};
    end else begin
      scale = {y[31] ^ how[10], exponent[7:0], y[22:0]};
    end
  endfunction

  // A special logarithm must not meet n * ln 2 (which is finite): infinities and NaNs absorb it.
  logic [W-1:0] scaled;

  always_comb begin
    scaled = '0;
    if (valid[16]) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        scaled[l*32 +: 32] = scale(polynomial[l*32 +: 32],
                                   fate_result[l*FateWidth +: FateWidth], is_log);
      end
    end
  end

  nc_fp_alu #(.Lanes(Lanes), .SumsOnly(1'b1)) u_result (
    .clk_i,
    .en_i    (valid[17:16]),
    .op_i    (is_log ? nc_pkg::ALU_ADD : nc_pkg::ALU_BYPASS),
    .a_i     (scaled),
    .b_i     (octave_part),
    .result_o(y_o)
  );

endmodule

`default_nettype wire
