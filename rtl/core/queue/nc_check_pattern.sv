// SPDX-License-Identifier: Apache-2.0
// The access patterns of an instruction, one dimension of one pattern at a time, in the order in
// which docs/isa.md section 6 checks them. Combinational.
`default_nettype none

// Each queue's variant looks at the fields of its own format only.
/* verilator lint_off UNUSEDSIGNAL */
module nc_check_pattern #(
  parameter int unsigned Queue = 0  // nc_pkg::QUEUE_*
) (
  input  logic [nc_pkg::InstructionBits-1:0] instr_i,
  input  logic [15:0]                        moving_count_i,  // matmul: n
  input  logic [2:0]                         pattern_i,
  input  logic [2:0]                         dim_i,

  output logic                               used_o,          // the pattern is accessed
  output logic                               last_o,          // no pattern after this one
  output logic [nc_pkg::SpaceWidth-1:0]      space_o,
  output logic                               write_o,         // DRAM: needs write permission
  output logic [31:0]                        base_o,
  output logic [1:0]                         element_log2_o,
  output logic [5:0]                         dims_o,          // dimensions of more than one position
  output logic [31:0]                        size_o,
  output logic signed [31:0]                 stride_o
);

  function automatic logic [1:0] element_log2(input logic [nc_pkg::DtypeWidth-1:0] dtype);
    unique case (dtype)
      nc_pkg::DTYPE_FP32, nc_pkg::DTYPE_INT32: element_log2 = 2'd2;
      nc_pkg::DTYPE_BF16, nc_pkg::DTYPE_FP16:  element_log2 = 2'd1;
      default:                                 element_log2 = 2'd0;
    endcase
  endfunction

  function automatic logic walked(input logic [31:0] size);
    walked = |size[31:1];
  endfunction

  always_comb write_o = pattern_i == 3'd1;  // of the DMA patterns, 1 is the destination

  // The instruction as each format reads it. Declared here, not in the generate blocks below, because
  // Yosys 0.23 cannot cast a member of a struct that is local to one.
  nc_pkg::tensor_instr_t t;
  nc_pkg::vector_instr_t v;
  nc_pkg::scalar_instr_t s;
  nc_pkg::dma_instr_t    d;
  assign t = instr_i;
  assign v = instr_i;
  assign s = instr_i;
  assign d = instr_i;

  if (Queue == 32'(nc_pkg::QUEUE_TENSOR)) begin : gen_tensor
    logic [2:0] outer;
    assign outer = {walked({16'b0, t.outer_size2}), walked({16'b0, t.outer_size1}),
                    walked({16'b0, t.outer_size0})};

    always_comb begin
      used_o         = 1'b1;
      last_o         = pattern_i == 3'd2;
      space_o        = nc_pkg::SPACE_SBUF;
      base_o         = {8'b0, t.stationary_base};
      element_log2_o = element_log2(t.stationary_dtype);
      dims_o         = {2'b0, outer, walked({24'b0, t.column_count})};
      size_o         = {24'b0, t.column_count};
      stride_o       = 32'(t.stationary_stride);
      unique case (pattern_i)
        3'd0: begin
          unique case (dim_i)
            3'd1: begin size_o = {16'b0, t.outer_size0}; stride_o = 32'(t.stationary_outer_stride0); end
            3'd2: begin size_o = {16'b0, t.outer_size1}; stride_o = 32'(t.stationary_outer_stride1); end
            3'd3: begin size_o = {16'b0, t.outer_size2}; stride_o = 32'(t.stationary_outer_stride2); end
            default: ;
          endcase
        end
        3'd1: begin
          base_o         = {8'b0, t.moving_base};
          element_log2_o = element_log2(t.moving_dtype);
          dims_o         = {outer, walked({16'b0, t.inner_size2}), walked({16'b0, t.inner_size1}),
                            walked({16'b0, t.inner_size0})};
          unique case (dim_i)
            3'd0: begin size_o = {16'b0, t.inner_size0}; stride_o = 32'(t.moving_stride0); end
            3'd1: begin size_o = {16'b0, t.inner_size1}; stride_o = 32'(t.moving_stride1); end
            3'd2: begin size_o = {16'b0, t.inner_size2}; stride_o = 32'(t.moving_stride2); end
            3'd3: begin size_o = {16'b0, t.outer_size0}; stride_o = 32'(t.moving_outer_stride0); end
            3'd4: begin size_o = {16'b0, t.outer_size1}; stride_o = 32'(t.moving_outer_stride1); end
            default: begin size_o = {16'b0, t.outer_size2}; stride_o = 32'(t.moving_outer_stride2); end
          endcase
        end
        default: begin
          space_o        = nc_pkg::SPACE_PSUM;
          base_o         = {8'b0, t.psum_base};
          element_log2_o = 2'd2;
          dims_o         = {5'b0, walked({16'b0, moving_count_i})};
          size_o         = {16'b0, moving_count_i};
          stride_o       = 32'sd4;
        end
      endcase
    end
  end else if (Queue == 32'(nc_pkg::QUEUE_VECTOR)) begin : gen_vector
    logic uses_in0, uses_in1, uses_scalar0, uses_scalar1, windowed;
    assign uses_in0     = v.opcode != nc_pkg::OP_IOTA && v.opcode != nc_pkg::OP_FILL;
    assign uses_in1     = v.opcode == nc_pkg::OP_TENSOR_TENSOR || v.opcode == nc_pkg::OP_SELECT ||
                          v.opcode == nc_pkg::OP_SCALAR_TENSOR_TENSOR;
    assign uses_scalar0 = v.opcode != nc_pkg::OP_TENSOR_TENSOR && v.opcode != nc_pkg::OP_REDUCE &&
                          v.opcode != nc_pkg::OP_ARGMAX;
    assign uses_scalar1 = v.opcode == nc_pkg::OP_TENSOR_SCALAR || v.opcode == nc_pkg::OP_REDUCE ||
                          v.opcode == nc_pkg::OP_IOTA;
    assign windowed     = v.opcode == nc_pkg::OP_REDUCE || v.opcode == nc_pkg::OP_ARGMAX;

    logic [2:0] sizes, windows;
    assign sizes   = {walked({16'b0, v.size2}), walked({16'b0, v.size1}), walked({16'b0, v.size0})};
    assign windows = {walked({16'b0, v.window_size2}), walked({16'b0, v.window_size1}),
                      walked({16'b0, v.window_size0})};

    always_comb begin
      last_o = pattern_i == 3'd4;
      dims_o = {3'b0, sizes};
      unique case (dim_i)
        3'd0:    size_o = {16'b0, v.size0};
        3'd1:    size_o = {16'b0, v.size1};
        3'd2:    size_o = {16'b0, v.size2};
        3'd3:    size_o = {16'b0, v.window_size0};
        3'd4:    size_o = {16'b0, v.window_size1};
        default: size_o = {16'b0, v.window_size2};
      endcase
      unique case (pattern_i)
        3'd0: begin
          used_o         = uses_in0;
          space_o        = v.in0_space;
          base_o         = {8'b0, v.in0_base};
          element_log2_o = element_log2(v.in0_dtype);
          dims_o         = {windowed ? windows : 3'b0, sizes};
          unique case (dim_i)
            3'd0:    stride_o = 32'(v.in0_stride0);
            3'd1:    stride_o = 32'(v.in0_stride1);
            3'd2:    stride_o = 32'(v.in0_stride2);
            3'd3:    stride_o = 32'(v.in0_window_stride0);
            3'd4:    stride_o = 32'(v.in0_window_stride1);
            default: stride_o = 32'(v.in0_window_stride2);
          endcase
        end
        3'd1: begin
          used_o         = uses_in1;
          space_o        = v.in1_space;
          base_o         = {8'b0, v.in1_base};
          element_log2_o = element_log2(v.in1_dtype);
          unique case (dim_i)
            3'd0:    stride_o = 32'(v.in1_stride0);
            3'd1:    stride_o = 32'(v.in1_stride1);
            default: stride_o = 32'(v.in1_stride2);
          endcase
        end
        3'd2: begin
          used_o         = 1'b1;
          space_o        = v.out_space;
          base_o         = {8'b0, v.out_base};
          element_log2_o = element_log2(v.out_dtype);
          unique case (dim_i)
            3'd0:    stride_o = 32'(v.out_stride0);
            3'd1:    stride_o = 32'(v.out_stride1);
            default: stride_o = 32'(v.out_stride2);
          endcase
        end
        default: begin
          used_o         = pattern_i == 3'd3 ? uses_scalar0 && v.scalar0_operand
                                             : uses_scalar1 && v.scalar1_operand;
          space_o        = nc_pkg::SPACE_SBUF;
          base_o         = pattern_i == 3'd3 ? v.scalar0 : v.scalar1;
          element_log2_o = 2'd2;
          dims_o         = '0;
          size_o         = 32'd1;
          stride_o       = 32'sd0;
        end
      endcase
    end
  end else if (Queue == 32'(nc_pkg::QUEUE_SCALAR)) begin : gen_scalar
    logic activate;
    assign activate = s.opcode == nc_pkg::OP_ACTIVATE;

    logic [2:0] sizes;
    assign sizes = {walked({16'b0, s.size2}), walked({16'b0, s.size1}), walked({16'b0, s.size0})};

    always_comb begin
      last_o         = pattern_i == 3'd4 || !activate;
      dims_o         = '0;
      space_o        = nc_pkg::SPACE_SBUF;
      element_log2_o = 2'd2;
      size_o         = 32'd1;
      stride_o       = 32'sd0;
      unique case (pattern_i)
        3'd0: begin
          used_o         = 1'b1;
          space_o        = s.in_space;
          base_o         = {8'b0, s.in_base};
          element_log2_o = activate ? element_log2(s.in_dtype) : 2'd2;
          dims_o         = {3'b0, activate ? sizes : {2'b0, sizes[0]}};
          unique case (dim_i)
            3'd0: begin
              size_o   = {16'b0, s.size0};
              stride_o = activate ? 32'(s.in_stride0) : 32'sd4;
            end
            3'd1: begin size_o = {16'b0, s.size1}; stride_o = 32'(s.in_stride1); end
            default: begin size_o = {16'b0, s.size2}; stride_o = 32'(s.in_stride2); end
          endcase
        end
        3'd1: begin
          used_o         = 1'b1;
          space_o        = s.out_space;
          base_o         = {8'b0, s.out_base};
          element_log2_o = element_log2(s.out_dtype);
          dims_o         = {3'b0, sizes};
          unique case (dim_i)
            3'd0: begin size_o = {16'b0, s.size0}; stride_o = 32'(s.out_stride0); end
            3'd1: begin size_o = {16'b0, s.size1}; stride_o = 32'(s.out_stride1); end
            default: begin size_o = {16'b0, s.size2}; stride_o = 32'(s.out_stride2); end
          endcase
        end
        3'd2: begin
          used_o = s.sum_enable;
          base_o = {8'b0, s.sum_base};
        end
        3'd3: begin
          used_o = s.scale_operand;
          base_o = s.scale;
        end
        default: begin
          used_o = s.bias_operand;
          base_o = s.bias;
        end
      endcase
    end
  end else begin : gen_dma
    localparam logic signed [31:0] PartitionStride = 32'sd1 <<< nc_pkg::SbufPartitionShift;
    logic copy, transpose;
    assign copy      = d.opcode == nc_pkg::OP_DMA_COPY;
    assign transpose = d.opcode == nc_pkg::OP_DMA_TRANSPOSE;

    logic [2:0]  transposed;
    logic [3:0]  source, destination;
    logic [31:0] source_rows;
    assign source_rows = d.indirect ? d.index_limit : {8'b0, d.src_size3};
    assign transposed  = {walked({8'b0, d.src_size1}), walked({8'b0, d.src_size0}),
                          walked({24'b0, d.part_count})};
    assign source      = {walked(source_rows), walked({8'b0, d.src_size2}),
                          walked({8'b0, d.valid1}), walked({8'b0, d.valid0})};
    assign destination = {walked({8'b0, d.dst_size3}), walked({8'b0, d.dst_size2}),
                          walked({8'b0, d.dst_size1}), walked({8'b0, d.dst_size0})};

    always_comb begin
      last_o         = pattern_i == 3'd2;
      element_log2_o = d.element_log2;
      unique case (pattern_i)
        3'd0: begin
          used_o  = transpose || (copy && d.valid0 != 24'd0 && d.valid1 != 24'd0 &&
                                  !(d.indirect && d.index_limit == 32'd0));
          space_o = d.src_space;
          base_o  = d.src_base;
          dims_o  = {2'b0, source};
          if (transpose) begin
            dims_o = {3'b0, transposed};
            unique case (dim_i)
              3'd0: begin size_o = {24'b0, d.part_count}; stride_o = PartitionStride; end
              3'd1: begin size_o = {8'b0, d.src_size0}; stride_o = d.src_stride0; end
              default: begin size_o = {8'b0, d.src_size1}; stride_o = d.src_stride1; end
            endcase
          end else begin
            unique case (dim_i)
              3'd0: begin size_o = {8'b0, d.valid0}; stride_o = d.src_stride0; end
              3'd1: begin size_o = {8'b0, d.valid1}; stride_o = d.src_stride1; end
              3'd2: begin size_o = {8'b0, d.src_size2}; stride_o = d.src_stride2; end
              default: begin
                size_o   = source_rows;
                stride_o = d.src_stride3;
              end
            endcase
          end
        end
        3'd1: begin
          used_o  = 1'b1;
          space_o = d.dst_space;
          base_o  = d.dst_base;
          dims_o  = {2'b0, destination};
          if (transpose) begin
            dims_o = {3'b0, transposed[2], transposed[0], transposed[1]};
            unique case (dim_i)
              3'd0: begin size_o = {8'b0, d.src_size0}; stride_o = PartitionStride; end
              3'd1: begin size_o = {24'b0, d.part_count}; stride_o = d.dst_stride0; end
              default: begin size_o = {8'b0, d.src_size1}; stride_o = d.dst_stride1; end
            endcase
          end else begin
            unique case (dim_i)
              3'd0: begin size_o = {8'b0, d.dst_size0}; stride_o = d.dst_stride0; end
              3'd1: begin size_o = {8'b0, d.dst_size1}; stride_o = d.dst_stride1; end
              3'd2: begin size_o = {8'b0, d.dst_size2}; stride_o = d.dst_stride2; end
              default: begin size_o = {8'b0, d.dst_size3}; stride_o = d.dst_stride3; end
            endcase
          end
        end
        default: begin
          used_o         = copy && d.indirect;
          space_o        = nc_pkg::SPACE_SBUF;
          base_o         = d.index_base;
          element_log2_o = 2'd2;
          dims_o         = {5'b0, walked({8'b0, d.src_size3})};
          size_o         = {8'b0, d.src_size3};
          stride_o       = 32'sd4;
        end
      endcase
    end
  end

endmodule
/* verilator lint_on UNUSEDSIGNAL */

`default_nettype wire
