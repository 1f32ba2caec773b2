// SPDX-License-Identifier: Apache-2.0
//
// The VectorE operations on a vector of lanes, two stages: result_o = a_i op_i b_i
// (docs/numerics.md section 1). Stage s takes its input in a cycle with en_i[s]; op_i
// is the same for all elements in flight.

`default_nettype none

module nc_fp_alu #(
  parameter int unsigned Lanes    = 1,
  parameter bit          SumsOnly = 1'b0  // op_i is never anything but add or bypass
) (
  input  logic                           clk_i,
  input  logic [1:0]                     en_i,
  input  logic [nc_pkg::AluWidth-1:0]    op_i,
  input  logic [Lanes*32-1:0]            a_i,
  input  logic [Lanes*32-1:0]            b_i,
  output logic [Lanes*32-1:0]            result_o
);

  logic is_add;
  logic is_mul;
  logic is_simple;
  logic [Lanes*32-1:0] sum;
  logic [Lanes*32-1:0] product;
  logic [Lanes*32-1:0] simple_q;
  logic [Lanes*32-1:0] simple_qq;

  assign is_add = (op_i == nc_pkg::ALU_ADD) ||
                  (!SumsOnly && ((op_i == nc_pkg::ALU_SUB) || (op_i == nc_pkg::ALU_RSUB)));
  assign is_mul = !SumsOnly && (op_i == nc_pkg::ALU_MUL);
  assign is_simple = !is_add && !is_mul;

  nc_fp_add_lanes #(.Lanes(Lanes)) u_add (
    .clk_i, .en_i(en_i & {2{is_add}}),
    .negate_a_i(!SumsOnly && (op_i == nc_pkg::ALU_RSUB)),
    .negate_b_i(!SumsOnly && (op_i == nc_pkg::ALU_SUB)),
    .a_i, .b_i, .sum_o(sum)
  );

  if (SumsOnly) begin : gen_no_product
    assign product = '0;
  end else begin : gen_product
    nc_fp_mul #(.Lanes(Lanes)) u_mul (
      .clk_i, .en_i(en_i & {2{is_mul}}), .a_i, .b_i, .product_o(product)
    );
  end

  function automatic logic [31:0] simple(input logic [nc_pkg::AluWidth-1:0] op,
                                         input logic [31:0] a, input logic [31:0] b);
    logic less;
    logic more;
    logic equal;
    logic holds;
    less = nc_fp_compare_pkg::less(a, b);
    more = nc_fp_compare_pkg::less(b, a);
    equal = nc_fp_compare_pkg::equal(a, b);
    holds = 1'b0;
    case (op)
      nc_pkg::ALU_EQ: holds = equal;
      nc_pkg::ALU_NE: holds = !equal;
      nc_pkg::ALU_GT: holds = more;
      nc_pkg::ALU_GE: holds = more | equal;
      nc_pkg::ALU_LT: holds = less;
      nc_pkg::ALU_LE: holds = less | equal;
      default: holds = 1'b0;
    endcase
    case (op)
      nc_pkg::ALU_BYPASS: simple = nc_fp_compare_pkg::canonical(a);
      nc_pkg::ALU_ABS: simple = {1'b0, 31'h7FFFFFFF} & nc_fp_compare_pkg::canonical(a);
      nc_pkg::ALU_MAX: simple = nc_fp_compare_pkg::extreme(1'b0, a, b);
      nc_pkg::ALU_MIN: simple = nc_fp_compare_pkg::extreme(1'b1, a, b);
      default: simple = holds ? nc_fp_compare_pkg::One : 32'd0;
    endcase
  endfunction

  always_ff @(posedge clk_i) begin
    if (en_i[0] && is_simple) begin
      // The commonest operation by far is worth its own, cheap, path in simulation.
      if (SumsOnly || (op_i == nc_pkg::ALU_BYPASS)) begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          simple_q[l*32 +: 32] <= nc_fp_compare_pkg::canonical(a_i[l*32 +: 32]);
        end
      end else begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          simple_q[l*32 +: 32] <= simple(op_i, a_i[l*32 +: 32], b_i[l*32 +: 32]);
        end
      end
    end
    if (en_i[1] && is_simple) begin
      simple_qq <= simple_q;
    end
  end

  always_comb begin
    if (is_add) begin
      result_o = sum;
    end else if (is_mul) begin
      result_o = product;
    end else begin
      result_o = simple_qq;
    end
  end

endmodule

`default_nettype wire
