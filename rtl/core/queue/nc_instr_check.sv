// SPDX-License-Identifier: Apache-2.0
// Checks one instruction before it may start (docs/isa.md section 6): legality, then the extents of
// all on-chip access patterns, then DRAM patterns against their segments; the first fault wins.
//
// A small sequential multiplier walks over the dimensions (a few cycles each, none for a size of
// 1), so a check takes some tens of cycles (CheckCycles in isa/cost), while the engine runs the
// instruction before.
// instr_i is held stable from start_i until done_o; the results hold until the next start.
`default_nettype none

module nc_instr_check #(
  parameter int unsigned Queue     = 0,  // nc_pkg::QUEUE_*
  parameter int unsigned P         = nc_pkg::P,
  parameter int unsigned SbufBytes = nc_pkg::SbufBytes,
  parameter int unsigned PsumBytes = nc_pkg::PsumBytes
) (
  input  logic                               clk_i,
  input  logic                               rst_ni,

  input  logic                               start_i,
  input  logic [nc_pkg::InstructionBits-1:0] instr_i,
  output logic                               done_o,         // pulse
  output logic                               fault_o,
  output logic [nc_pkg::ErrorWidth-1:0]      code_o,
  output logic [37:0]                        address_o,      // segment and 32-bit address

  // Segment table: the entry of segment_o is there in the next cycle.
  output logic [5:0]                         segment_o,
  input  logic [31:0]                        segment_base_i,
  input  logic [31:0]                        segment_limit_i,
  input  logic [1:0]                         segment_permission_i,
  output logic [31:0]                        src_segment_base_o,
  output logic [31:0]                        dst_segment_base_o
);

  localparam bit          IsTensor  = Queue == 32'(nc_pkg::QUEUE_TENSOR);
  localparam bit          IsDma     = Queue >= 32'(nc_pkg::QUEUE_DMA0);
  localparam int unsigned SumWidth  = 68;  // exact: four products of 32 by 32 bits, with sign
  localparam int unsigned ChunkBits = 4;   // bits of a size that are multiplied in one cycle
  localparam int unsigned Shift     = nc_pkg::SbufPartitionShift;

  typedef enum logic [3:0] {
    StIdle, StCount, StCountMultiply, StLegal, StPattern, StDimension, StMultiply, StRange, StSegment
  } state_e;

  state_e                        state_q;
  logic                          dram_q;        // second walk: DRAM patterns
  logic                          partition_q;   // DMA on SBUF: walks the partition part
  logic [2:0]                    pattern_q;
  logic [2:0]                    dim_q;         // also the index of a size while counting
  logic [7:0]                    left_q;        // dimensions, or sizes to count, still to come
  logic                          counting_dst_q;
  logic signed [SumWidth-1:0]    multiplicand_q;
  logic [31:0]                   multiplier_q;
  logic                          misaligned_q;
  logic signed [SumWidth-1:0]    low_q, high_q;
  logic [31:0]                   offset_low_q;  // DMA on SBUF: kept while the partitions are walked
  logic [31:0]                   offset_high_q;
  logic                          offset_high_bad_q, offset_low_bad_q;
  logic [47:0]                   count_q;       // running product of sizes
  logic [47:0]                   src_count_q;   // the complete product of the source side

  // The dimension at hand.
  logic                          used, last_pattern, write;
  logic [nc_pkg::SpaceWidth-1:0] space;
  logic [31:0]                   base, size;
  logic [1:0]                    element_log2;
  logic [5:0]                    dims;
  logic signed [31:0]            stride;
  logic [2:0]                    element_mask;

  nc_check_pattern #(
    .Queue(Queue)
  ) u_pattern (
    .instr_i       (instr_i),
    .moving_count_i(count_q[15:0]),
    .pattern_i     (pattern_q),
    .dim_i         (dim_q),
    .used_o        (used),
    .last_o        (last_pattern),
    .space_o       (space),
    .write_o       (write),
    .base_o        (base),
    .element_log2_o(element_log2),
    .dims_o        (dims),
    .size_o        (size),
    .stride_o      (stride)
  );

  assign element_mask = (3'd1 << element_log2) - 3'd1;

  logic       counting;  // this instruction has products to compute
  logic       illegal;
  logic [4:0] illegal_word;

  nc_instr_legal #(
    .Queue(Queue),
    .P    (P)
  ) u_legal (
    .instr_i          (instr_i),
    .moving_too_long_i(count_q > 48'(nc_pkg::MaxMoving)),
    .counts_differ_i  (counting && count_q != src_count_q),
    .illegal_o        (illegal),
    .word_o           (illegal_word)
  );

  // Sizes whose products are needed: matmul's n, and dma_copy's elements where it changes shape.
  logic [23:0] count_size;
  logic [7:0]  count_dims;  // sizes other than 1: of the source, and behind them of the destination

  /* verilator lint_off UNUSEDSIGNAL */  // only sizes and segments matter here
  nc_pkg::tensor_instr_t t;
  nc_pkg::dma_instr_t    d;
  /* verilator lint_on UNUSEDSIGNAL */
  assign t = instr_i;
  assign d = instr_i;

  if (IsTensor) begin : gen_count_tensor
    assign counting   = 1'b1;
    assign count_dims = {5'b0, t.inner_size2 != 16'd1, t.inner_size1 != 16'd1, t.inner_size0 != 16'd1};
    always_comb begin
      unique case (dim_q)
        3'd0:    count_size = {8'b0, t.inner_size0};
        3'd1:    count_size = {8'b0, t.inner_size1};
        default: count_size = {8'b0, t.inner_size2};
      endcase
    end
  end else if (IsDma) begin : gen_count_dma
    // Equal sizes have equal products.
    assign counting   = d.opcode == nc_pkg::OP_DMA_COPY &&
                        {d.src_size3, d.src_size2, d.src_size1, d.src_size0} !=
                        {d.dst_size3, d.dst_size2, d.dst_size1, d.dst_size0};
    assign count_dims = {d.dst_size3 != 24'd1, d.dst_size2 != 24'd1, d.dst_size1 != 24'd1,
                         d.dst_size0 != 24'd1, d.src_size3 != 24'd1, d.src_size2 != 24'd1,
                         d.src_size1 != 24'd1, d.src_size0 != 24'd1};
    always_comb begin
      unique case (dim_q)
        3'd0:    count_size = d.src_size0;
        3'd1:    count_size = d.src_size1;
        3'd2:    count_size = d.src_size2;
        3'd3:    count_size = d.src_size3;
        3'd4:    count_size = d.dst_size0;
        3'd5:    count_size = d.dst_size1;
        3'd6:    count_size = d.dst_size2;
        default: count_size = d.dst_size3;
      endcase
    end
  end else begin : gen_count_none
    assign counting   = 1'b0;
    assign count_size = 24'd1;
    assign count_dims = '0;
  end

  if (IsDma) begin : gen_segment
    assign segment_o = write ? d.dst_segment : d.src_segment;
  end else begin : gen_no_segment
    assign segment_o = 6'd0;
  end

  // The part of base and stride that is walked.
  logic                       split;  // a DMA address on SBUF: partition and offset apart
  logic signed [SumWidth-1:0] part_base, part_stride;

  always_comb begin
    split       = IsDma && space == nc_pkg::SPACE_SBUF;
    part_base   = SumWidth'({1'b0, base});
    part_stride = SumWidth'(stride);
    if (split && partition_q) begin
      part_base   = SumWidth'(base[31:Shift]);
      part_stride = SumWidth'($signed(stride[31:Shift])) + SumWidth'(stride[Shift-1]);
    end else if (split) begin
      part_base   = SumWidth'(base[Shift-1:0]);
      part_stride = SumWidth'($signed(stride[Shift-1:0]));
    end
  end

  logic signed [SumWidth-1:0] product;
  assign product = multiplicand_q * SumWidth'(multiplier_q[ChunkBits-1:0]);

  // Range of the walked part, when all its dimensions are in.
  logic signed [SumWidth-1:0] last_byte, limit;
  logic                       low_bad, high_bad;

  always_comb begin
    last_byte = partition_q ? high_q : high_q + SumWidth'(element_mask);
    if (partition_q)                       limit = SumWidth'(P);
    else if (dram_q)                       limit = SumWidth'({1'b0, segment_limit_i});
    else if (space == nc_pkg::SPACE_PSUM)  limit = SumWidth'(PsumBytes);
    else                                   limit = SumWidth'(SbufBytes);
    low_bad  = low_q < 0;
    high_bad = last_byte >= limit;
  end

  // The first dimension that is still to come.
  function automatic logic [2:0] first_of(input logic [7:0] left);
    first_of = 3'd0;
    for (int unsigned i = 8; i > 0; i--) begin
      if (left[i-1]) first_of = 3'(i - 1);
    end
  endfunction

  logic [7:0] count_left;  // of the half that is being counted
  logic [2:0] count_next;
  assign count_left = left_q & (counting_dst_q ? 8'hF0 : 8'h0F);
  assign count_next = first_of(count_left);

  logic visit;  // the pattern belongs to the present walk
  assign visit = used && (space == nc_pkg::SPACE_DRAM) == dram_q;

  always_ff @(posedge clk_i) begin
    done_o <= 1'b0;

    unique case (state_q)
      StIdle: begin
        dram_q      <= 1'b0;
        partition_q <= 1'b0;
        pattern_q   <= 3'd0;
        count_q     <= 48'd1;
        left_q      <= count_dims;
        dim_q       <= first_of({4'b0, count_dims[3:0]});
        counting_dst_q <= 1'b0;
        if (start_i) begin
          fault_o   <= 1'b0;
          code_o    <= nc_pkg::ERROR_NONE;
          address_o <= '0;
          state_q   <= counting ? StCount : StLegal;
        end
      end

      StCount: begin
        if (left_q[dim_q]) begin
          multiplicand_q <= SumWidth'(count_q);
          multiplier_q   <= {8'b0, count_size};
          count_q        <= '0;
          left_q[dim_q]  <= 1'b0;
          state_q        <= StCountMultiply;
        end else if (IsDma && !counting_dst_q) begin
          src_count_q    <= count_q;
          count_q        <= 48'd1;
          counting_dst_q <= 1'b1;
          dim_q          <= first_of(left_q);
        end else begin
          state_q <= StLegal;
        end
      end

      StCountMultiply: begin
        count_q        <= count_q + product[47:0];
        multiplicand_q <= multiplicand_q <<< ChunkBits;
        multiplier_q   <= multiplier_q >> ChunkBits;
        if (multiplier_q[31:ChunkBits] == '0) begin
          dim_q   <= count_next;
          state_q <= StCount;
        end
      end

      StLegal: begin
        if (illegal) begin
          fault_o   <= 1'b1;
          code_o    <= nc_pkg::ERROR_ILLEGAL_INSTRUCTION;
          address_o <= 38'(illegal_word);
          done_o    <= 1'b1;
          state_q   <= StIdle;
        end else begin
          state_q <= StPattern;
        end
      end

      StPattern: begin
        low_q  <= part_base;
        high_q <= part_base;
        left_q <= {2'b0, dims};
        dim_q  <= first_of({2'b0, dims});
        if (!partition_q) misaligned_q <= (base[2:0] & element_mask) != 3'd0;
        if (visit) begin
          state_q <= dims != '0 ? StDimension : dram_q ? StSegment : StRange;
        end else if (!last_pattern) begin
          pattern_q <= pattern_q + 3'd1;
        end else if (IsDma && !dram_q) begin
          pattern_q <= 3'd0;
          dram_q    <= 1'b1;
        end else begin
          done_o  <= 1'b1;
          state_q <= StIdle;
        end
      end

      StDimension: begin
        multiplicand_q <= part_stride;
        multiplier_q   <= size - 32'd1;
        left_q[dim_q]  <= 1'b0;
        state_q        <= StMultiply;
        if ((stride[2:0] & element_mask) != 3'd0) misaligned_q <= 1'b1;
      end

      StMultiply: begin
        if (multiplicand_q < 0) low_q <= low_q + product;
        else                    high_q <= high_q + product;
        multiplicand_q <= multiplicand_q <<< ChunkBits;
        multiplier_q   <= multiplier_q >> ChunkBits;
        if (multiplier_q[31:ChunkBits] == '0) begin
          dim_q <= first_of(left_q);
          if (left_q != '0) state_q <= StDimension;
          else state_q <= dram_q ? StSegment : StRange;
        end
      end

      StRange: begin
        state_q <= StPattern;
        if (split && !partition_q) begin
          partition_q       <= 1'b1;
          offset_low_q      <= low_q[31:0];
          offset_high_q     <= last_byte[31:0];
          offset_low_bad_q  <= low_bad || misaligned_q;
          offset_high_bad_q <= high_bad;
        end else begin
          partition_q <= 1'b0;
          if (last_pattern) begin
            pattern_q <= 3'd0;
            dram_q    <= IsDma;
            if (!IsDma) begin
              done_o  <= 1'b1;
              state_q <= StIdle;
            end
          end else begin
            pattern_q <= pattern_q + 3'd1;
          end
          if (split) begin
            if (low_bad || high_bad || offset_low_bad_q || offset_high_bad_q) begin
              fault_o   <= 1'b1;
              code_o    <= nc_pkg::ERROR_ACCESS_RANGE;
              address_o <= (low_bad || offset_low_bad_q)
                           ? {6'b0, {low_q[31-Shift:0], {Shift{1'b0}}} + offset_low_q}
                           : {6'b0, {high_q[31-Shift:0], {Shift{1'b0}}} + offset_high_q};
              done_o    <= 1'b1;
              state_q   <= StIdle;
            end
          end else if (low_bad || misaligned_q || high_bad) begin
            fault_o   <= 1'b1;
            code_o    <= nc_pkg::ERROR_ACCESS_RANGE;
            address_o <= (low_bad || misaligned_q) ? {6'b0, low_q[31:0]} : {6'b0, last_byte[31:0]};
            done_o    <= 1'b1;
            state_q   <= StIdle;
          end
        end
      end

      StSegment: begin
        state_q   <= StPattern;
        pattern_q <= pattern_q + 3'd1;
        if (write) dst_segment_base_o <= segment_base_i;
        else       src_segment_base_o <= segment_base_i;
        if (low_bad || high_bad || !segment_permission_i[write]) begin
          fault_o   <= 1'b1;
          code_o    <= nc_pkg::ERROR_SEGMENT_VIOLATION;
          address_o <= {segment_o, low_bad ? low_q[31:0] : last_byte[31:0]};
          done_o    <= 1'b1;
          state_q   <= StIdle;
        end
      end

      default: state_q <= StIdle;
    endcase

    if (!rst_ni) begin
      state_q <= StIdle;
      done_o  <= 1'b0;
    end
  end

endmodule

`default_nettype wire
