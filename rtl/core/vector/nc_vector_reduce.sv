// SPDX-License-Identifier: Apache-2.0
//
// Reduces windows of FP32 elements on a vector of lanes (docs/numerics.md section 5): the running
// maximum or minimum, one element a cycle; the sum in four partial sums, which the two stages of
// the adder need, joined after the last element; or the index of the first maximum.

`default_nettype none
`include "nc_assert.svh"

module nc_vector_reduce #(
  parameter int unsigned Lanes = nc_pkg::VectorLanes
) (
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic [nc_pkg::AluWidth-1:0] op_i,      // add, max or min
  input  logic                        argmax_i,  // instead: index of the first maximum

  // elements; after the last one of a sum none may come for 7 cycles
  input  logic                valid_i,
  input  logic                first_i,
  input  logic                last_i,
  input  logic [Lanes*32-1:0] value_i,

  // one result for each window
  output logic                valid_o,
  output logic [Lanes*32-1:0] result_o
);

  localparam int unsigned Ways = nc_pkg::ReduceWays;
  localparam int unsigned W    = Lanes * 32;

  logic is_sum;
  logic is_min;

  assign is_sum = !argmax_i && (op_i == nc_pkg::ALU_ADD);
  assign is_min = op_i == nc_pkg::ALU_MIN;

  // ---- Maximum, minimum, index: one register ----------------------------------------------------
  logic [W-1:0] best_q;
  logic [W-1:0] index_q;
  logic [31:0] position_q;
  logic extreme_valid_q;

  always_ff @(posedge clk_i) begin
    extreme_valid_q <= rst_ni && valid_i && last_i && !is_sum;
    if (valid_i && !is_sum) begin
      position_q <= first_i ? 32'd1 : (position_q + 32'd1);
      if (first_i) begin
        best_q <= value_i;
        index_q <= '0;
      end else if (argmax_i) begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          if (nc_fp_compare_pkg::less(best_q[l*32 +: 32], value_i[l*32 +: 32])) begin
            best_q[l*32 +: 32] <= value_i[l*32 +: 32];
            index_q[l*32 +: 32] <= position_q;
          end
        end
      end else begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          best_q[l*32 +: 32] <= nc_fp_compare_pkg::extreme(is_min, best_q[l*32 +: 32],
                                                           value_i[l*32 +: 32]);
        end
      end
    end
  end

  // ---- Sum --------------------------------------------------------------------------------------
  // Element i goes to partial sum i mod 4. Steps after the last element count down; partial sums
  // are complete two cycles after it entered the adder.
  localparam logic [3:0] JoinSteps = 4'd8;

  logic [Ways*W-1:0] sums_q;
  logic [1:0] way_q;
  logic [1:0] way;
  logic [3:0] join_q;     // JoinSteps .. 1 while joining
  logic [1:0] adding_q;   // stages of the adder that hold something
  logic [1:0] target_q;   // way of stage 0's result, then of stage 1's
  logic [1:0] target_qq;
  logic add;
  logic [1:0] target;
  logic [W-1:0] left;
  logic [W-1:0] right;
  logic [W-1:0] sum;

  assign way = first_i ? 2'd0 : way_q;

  // Joining: at 6 s0 + s1 into way 0, at 5 s2 + s3 into way 1, at 2 their sum into way 0.
  always_comb begin
    add = 1'b0;
    target = way;
    left = '0;
    right = '0;
    if (is_sum && valid_i) begin
      add = 1'b1;
      if (!first_i) begin  // the others were cleared with it
        for (int unsigned w = 0; w < Ways; w++) begin
          if (way == 2'(w)) left = sums_q[w*W +: W];
        end
      end
      right = value_i;
    end else if (join_q == 4'd6) begin
      add = 1'b1;
      target = 2'd0;
      left = sums_q[0*W +: W];
      right = sums_q[1*W +: W];
    end else if (join_q == 4'd5) begin
      add = 1'b1;
      target = 2'd1;
      left = sums_q[2*W +: W];
      right = sums_q[3*W +: W];
    end else if (join_q == 4'd2) begin
      add = 1'b1;
      target = 2'd0;
      left = sums_q[0*W +: W];
      right = sums_q[1*W +: W];
    end
  end

  nc_fp_add_lanes #(.Lanes(Lanes)) u_add (
    .clk_i,
    .en_i      ({adding_q[0], add}),
    .negate_a_i(1'b0),
    .negate_b_i(1'b0),
    .a_i       (left),
    .b_i       (right),
    .sum_o     (sum)
  );

  logic joined_q;
  logic joined_qq;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      join_q <= 4'd0;
      adding_q <= 2'b00;
      joined_q <= 1'b0;
      joined_qq <= 1'b0;
    end else begin
      adding_q <= {adding_q[0], add};
      joined_q <= join_q == 4'd2;
      joined_qq <= joined_q;
      if (is_sum && valid_i && last_i) begin
        join_q <= JoinSteps;
      end else if (join_q != 4'd0) begin
        join_q <= join_q - 4'd1;
      end
    end
    target_q <= target;
    target_qq <= target_q;
    if (is_sum && valid_i) begin
      way_q <= way + 2'd1;
      if (first_i) begin
        sums_q <= '0;
      end
    end
    if (adding_q[1] && !joined_qq) begin
      for (int unsigned w = 0; w < Ways; w++) begin
        if (target_qq == 2'(w)) sums_q[w*W +: W] <= sum;
      end
    end
  end

  always_comb begin
    valid_o = extreme_valid_q || joined_qq;
    result_o = '0;
    if (joined_qq) begin
      result_o = sum;
    end else if (extreme_valid_q) begin
      if (argmax_i) begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          result_o[l*32 +: 32] = nc_fp_pkg::int_round(
              1'b0, 12'sd158, nc_fp_pkg::int_normalize({index_q[l*32 +: 32], 32'd0}));
        end
      end else begin
        result_o = best_q;
      end
    end
  end

  `NC_ASSERT(NoElementWhileJoining, !(is_sum && valid_i) || (join_q < 4'd2), clk_i, rst_ni)

endmodule

`default_nettype wire
