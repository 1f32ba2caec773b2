// SPDX-License-Identifier: Apache-2.0
// Legality of an instruction (docs/isa.md section 6, check 1), all words at once. Combinational.
// The products of sizes are computed by the sequencer in nc_instr_check and handed in.
`default_nettype none

// Each queue's variant looks at the fields of its own format only.
/* verilator lint_off UNUSEDSIGNAL */
module nc_instr_legal #(
  parameter int unsigned Queue = 0,  // nc_pkg::QUEUE_*: decides which opcodes exist
  parameter int unsigned P     = nc_pkg::P
) (
  input  logic [nc_pkg::InstructionBits-1:0] instr_i,
  input  logic                               moving_too_long_i,  // matmul: n > MaxMoving
  input  logic                               counts_differ_i,    // dma_copy: the two sides differ

  output logic                               illegal_o,
  output logic [4:0]                         word_o              // lowest word at fault
);

  localparam logic [8:0] Partitions = 9'(P);

  nc_pkg::instr_t header;
  logic [31:0]    bad;
  logic           known;
  logic           bad_window;  // the partition window leaves the array

  assign header     = instr_i;
  assign bad_window = header.part_count == 8'd0 ||
                      {1'b0, header.part_start} + {1'b0, header.part_count} > Partitions;

  // A type that may stand in a memory: PSUM holds words of 32 bits only, DRAM is for DMA only.
  function automatic logic bad_element(input logic [nc_pkg::DtypeWidth-1:0] dtype,
                                       input logic [nc_pkg::SpaceWidth-1:0] space);
    unique case (space)
      nc_pkg::SPACE_SBUF: bad_element = dtype > nc_pkg::DTYPE_INT32;
      nc_pkg::SPACE_PSUM: bad_element = dtype != nc_pkg::DTYPE_FP32 && dtype != nc_pkg::DTYPE_INT32;
      default:            bad_element = 1'b1;
    endcase
  endfunction

  function automatic logic is_float(input logic [nc_pkg::DtypeWidth-1:0] dtype);
    is_float = dtype == nc_pkg::DTYPE_FP32 || dtype == nc_pkg::DTYPE_BF16 ||
               dtype == nc_pkg::DTYPE_FP16;
  endfunction

  function automatic logic is_byte(input logic [nc_pkg::DtypeWidth-1:0] dtype);
    is_byte = dtype == nc_pkg::DTYPE_INT8 || dtype == nc_pkg::DTYPE_UINT8;
  endfunction

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
    assign known = header.opcode == nc_pkg::OP_MATMUL;

    always_comb begin
      bad     = '0;
      bad[0]  = bad_window;
      bad[7]  = !((is_float(t.moving_dtype) && is_float(t.stationary_dtype)) ||
                  (is_byte(t.moving_dtype) && is_byte(t.stationary_dtype)));
      bad[8]  = t.column_count == 8'd0 ||
                {1'b0, t.column_start} + {1'b0, t.column_count} > Partitions;
      bad[13] = t.outer_size0 == 16'd0 || t.outer_size1 == 16'd0;
      bad[14] = t.outer_size2 == 16'd0;
      bad[21] = t.inner_size0 == 16'd0 || t.inner_size1 == 16'd0 || moving_too_long_i;
      bad[22] = t.inner_size2 == 16'd0;
    end
  end else if (Queue == 32'(nc_pkg::QUEUE_VECTOR)) begin : gen_vector
    logic uses_in0, uses_in1, uses_alu0, uses_alu1, windowed;

    always_comb begin
      known     = 1'b1;
      uses_in0  = 1'b1;
      uses_in1  = 1'b0;
      uses_alu0 = 1'b0;
      uses_alu1 = 1'b0;
      windowed  = 1'b0;
      unique case (header.opcode)
        nc_pkg::OP_TENSOR_TENSOR: begin
          uses_in1  = 1'b1;
          uses_alu0 = 1'b1;
        end
        nc_pkg::OP_TENSOR_SCALAR: begin
          uses_alu0 = 1'b1;
          uses_alu1 = 1'b1;
        end
        nc_pkg::OP_SCALAR_TENSOR_TENSOR: begin
          uses_in1  = 1'b1;
          uses_alu0 = 1'b1;
          uses_alu1 = 1'b1;
        end
        nc_pkg::OP_REDUCE: begin
          uses_alu1 = 1'b1;
          windowed  = 1'b1;
        end
        nc_pkg::OP_ARGMAX: windowed = 1'b1;
        nc_pkg::OP_SELECT: uses_in1 = 1'b1;
        nc_pkg::OP_IOTA, nc_pkg::OP_FILL: uses_in0 = 1'b0;
        default: known = 1'b0;
      endcase
    end

    always_comb begin
      bad     = '0;
      bad[0]  = bad_window;
      bad[7]  = (uses_in0 && bad_element(v.in0_dtype, v.in0_space)) ||
                (uses_in1 && bad_element(v.in1_dtype, v.in1_space)) ||
                bad_element(v.out_dtype, v.out_space) ||
                (uses_alu0 && v.alu0 > nc_pkg::ALU_ABS) ||
                (uses_alu1 && v.alu1 > nc_pkg::ALU_ABS) ||
                (header.opcode == nc_pkg::OP_REDUCE && v.alu0 != nc_pkg::ALU_ADD &&
                 v.alu0 != nc_pkg::ALU_MAX && v.alu0 != nc_pkg::ALU_MIN);
      bad[14] = v.size0 == 16'd0 || v.size1 == 16'd0;
      bad[15] = v.size2 == 16'd0 || (windowed && v.window_size0 == 16'd0);
      bad[16] = windowed && (v.window_size1 == 16'd0 || v.window_size2 == 16'd0);
    end
  end else if (Queue == 32'(nc_pkg::QUEUE_SCALAR)) begin : gen_scalar
    logic load_table;
    logic bad_segments;
    assign load_table = header.opcode == nc_pkg::OP_LOAD_TABLE;
    assign known      = load_table || header.opcode == nc_pkg::OP_ACTIVATE;

    always_comb begin
      unique case (s.func)
        nc_pkg::FUNC_IDENTITY, nc_pkg::FUNC_LEAKY: bad_segments = 1'b0;
        nc_pkg::FUNC_EXP, nc_pkg::FUNC_SIN:
          bad_segments = s.table_index_bits < 4'd4 || s.table_index_bits > 4'd10;
        default: bad_segments = s.table_index_bits > 4'd10;
      endcase
    end

    always_comb begin
      bad    = '0;
      bad[0] = bad_window || (load_table && header.part_count != 8'd4);
      if (load_table) begin
        bad[7]  = s.in_space != nc_pkg::SPACE_SBUF && s.in_space != nc_pkg::SPACE_PSUM;
        bad[19] = s.size0 == 16'd0;
      end else begin
        bad[7]  = bad_element(s.in_dtype, s.in_space) || bad_element(s.out_dtype, s.out_space) ||
                  s.func > nc_pkg::FUNC_SIN;
        bad[17] = bad_segments;
        bad[19] = s.size0 == 16'd0 || s.size1 == 16'd0;
        bad[20] = s.size2 == 16'd0;
      end
    end
  end else begin : gen_dma
    logic copy, transpose, bad_src_space, bad_dst_space;
    assign copy          = header.opcode == nc_pkg::OP_DMA_COPY;
    assign transpose     = header.opcode == nc_pkg::OP_DMA_TRANSPOSE;
    assign known         = copy || transpose || header.opcode == nc_pkg::OP_DMA_FILL;
    assign bad_src_space = d.src_space != nc_pkg::SPACE_SBUF &&
                           (d.src_space != nc_pkg::SPACE_DRAM || transpose);
    assign bad_dst_space = d.dst_space != nc_pkg::SPACE_SBUF &&
                           (d.dst_space != nc_pkg::SPACE_DRAM || transpose);

    always_comb begin
      bad    = '0;
      bad[7] = bad_dst_space || d.element_log2 == 2'd3 || ((copy || transpose) && bad_src_space);
      if (transpose) begin
        bad[0]  = header.part_count == 8'd0 || {1'b0, header.part_count} > Partitions;
        bad[10] = d.src_size0 == 24'd0 || d.src_size0 > 24'(Partitions);
        bad[11] = d.src_size1 == 24'd0;
      end else begin
        bad[18] = d.dst_size0 == 24'd0 || (copy && counts_differ_i);
        bad[19] = d.dst_size1 == 24'd0;
        bad[20] = d.dst_size2 == 24'd0;
        bad[21] = d.dst_size3 == 24'd0;
        if (copy) begin
          bad[10] = d.src_size0 == 24'd0;
          bad[11] = d.src_size1 == 24'd0;
          bad[12] = d.src_size2 == 24'd0;
          bad[13] = d.src_size3 == 24'd0;
          bad[27] = {9'b0, d.pad_low0} + {1'b0, d.valid0} > {1'b0, d.src_size0} ||
                    {9'b0, d.pad_low1} + {1'b0, d.valid1} > {1'b0, d.src_size1};
        end
      end
    end
  end

  always_comb begin
    illegal_o = !known || bad != '0;
    word_o    = 5'd0;
    if (known) begin
      for (int i = 31; i >= 0; i--) begin
        if (bad[i]) word_o = 5'(i);
      end
    end
  end

endmodule
/* verilator lint_on UNUSEDSIGNAL */

`default_nettype wire
