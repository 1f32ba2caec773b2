// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Walks one side of a DMA instruction (docs/isa.md, section 5): four dimensions, the two inner ones
// with padding, the outermost optionally through an index list. It emits one run per cycle: a run
// of fill bytes, a run of consecutive bytes at an address (a whole row where dimension 0 is
// contiguous) or one element. Addresses are sums; there is no multiplier here.
//
//   row = LOW fill (pad_low0), DATA (valid0), HIGH fill (the rest); a padded row is one HIGH run.
module nc_dma_walker (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         clear_i,         // forget the walk

  // Start: accepted when idle.
  input  logic         start_valid_i,
  output logic         start_ready_o,
  input  logic [1:0]   element_log2_i,
  input  logic [31:0]  base_i,          // absolute address of the first valid element
  input  logic [95:0]  size_i,          // elements of dimension d at [24*d +: 24]
  input  logic [127:0] stride_i,        // bytes, signed, of dimension d at [32*d +: 32]
  input  logic [15:0]  pad_low0_i,
  input  logic [15:0]  pad_low1_i,
  input  logic [23:0]  valid0_i,
  input  logic [23:0]  valid1_i,
  input  logic         indirect_i,

  // Indirect rows: the offset of each row of dimension 3, or an error that ends the walk.
  input  logic         row_valid_i,
  output logic         row_ready_o,
  input  logic [31:0]  row_offset_i,
  input  logic         row_error_i,

  // Runs. An abort run has no bytes and is the last.
  output logic         run_valid_o,
  input  logic         run_ready_i,
  output logic         run_fill_o,
  output logic [31:0]  run_addr_o,
  output logic [26:0]  run_bytes_o,
  output logic         run_last_o,
  output logic         run_abort_o
);

  localparam logic [1:0] PhaseLow  = 2'd0;
  localparam logic [1:0] PhaseData = 2'd1;
  localparam logic [1:0] PhaseHigh = 2'd2;

  // The instruction.
  logic [1:0]   element_log2_q;
  logic [95:0]  size_q;
  logic [127:0] stride_q;
  logic [31:0]  base_q;
  logic [15:0]  pad_low0_q, pad_low1_q;
  logic [23:0]  valid0_q, high0_q;
  logic [24:0]  end1_q;       // first row behind the valid ones
  logic         indirect_q, contiguous_q;

  // The position. addr[d] is the address where the loop over dimension d stands.
  logic         busy_q, row_wait_q, abort_q;
  logic [1:0]   phase_q;
  logic         padded_row_q;
  logic [23:0]  i0_q, i1_q, i2_q, i3_q;
  logic [31:0]  addr0_q, addr1_q, addr2_q, addr3_q;

  logic start, fire, take_row;
  assign start_ready_o = !busy_q;
  assign start         = start_valid_i && !busy_q;
  assign row_ready_o   = busy_q && row_wait_q;
  assign take_row      = row_ready_o && row_valid_i;
  assign run_valid_o   = busy_q && !row_wait_q;
  assign fire          = run_valid_o && run_ready_i;

  // The present run.
  logic [23:0] elements;
  logic        last0, last1, last2, last3, row_end;
  always_comb begin
    unique case (phase_q)
      PhaseLow:  elements = {8'd0, pad_low0_q};
      PhaseData: elements = contiguous_q ? valid0_q : 24'd1;
      default:   elements = padded_row_q ? size_q[23:0] : high0_q;
    endcase
    last0   = contiguous_q || i0_q == valid0_q - 24'd1;
    last1   = i1_q == size_q[47:24] - 24'd1;
    last2   = i2_q == size_q[71:48] - 24'd1;
    last3   = i3_q == size_q[95:72] - 24'd1;
    row_end = phase_q == PhaseHigh || (phase_q == PhaseData && last0 && high0_q == '0);
  end

  assign run_fill_o  = phase_q != PhaseData;
  assign run_addr_o  = addr0_q;
  assign run_bytes_o = abort_q ? '0 : {3'd0, elements} << element_log2_q;
  assign run_last_o  = abort_q || (row_end && last1 && last2 && last3);
  assign run_abort_o = abort_q;

  // The row that follows.
  logic [23:0] next_i1;
  logic [31:0] next_addr1, next_addr2, next_addr3;
  logic        next_padded;
  always_comb begin
    next_i1     = last1 ? '0 : i1_q + 24'd1;
    next_addr3  = addr3_q + stride_q[127:96];
    next_addr2  = last2 ? next_addr3 : addr2_q + stride_q[95:64];
    next_addr1  = last1 ? next_addr2 : (padded_row_q ? addr1_q : addr1_q + stride_q[63:32]);
    next_padded = next_i1 < {8'd0, pad_low1_q} || {1'b0, next_i1} >= end1_q || valid0_q == '0;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      busy_q     <= 1'b0;
      row_wait_q <= 1'b0;
    end else if (start) begin
      busy_q     <= 1'b1;
      row_wait_q <= indirect_i;
    end else if (take_row) begin
      row_wait_q <= 1'b0;
    end else if (fire) begin
      if (run_last_o) busy_q <= 1'b0;
      row_wait_q <= indirect_q && row_end && last1 && last2 && !run_last_o;
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) begin
      element_log2_q <= element_log2_i;
      size_q         <= size_i;
      stride_q       <= stride_i;
      base_q         <= base_i;
      pad_low0_q     <= pad_low0_i;
      pad_low1_q     <= pad_low1_i;
      valid0_q       <= valid0_i;
      high0_q        <= size_i[23:0] - {8'd0, pad_low0_i} - valid0_i;
      end1_q         <= {9'd0, pad_low1_i} + {1'b0, valid1_i};
      indirect_q     <= indirect_i;
      contiguous_q   <= stride_i[31:0] == 32'd1 << element_log2_i;
      abort_q        <= 1'b0;
      padded_row_q   <= pad_low1_i != '0 || valid1_i == '0 || valid0_i == '0;
      phase_q        <= pad_low1_i != '0 || valid1_i == '0 || valid0_i == '0 ? PhaseHigh :
                        pad_low0_i != '0 ? PhaseLow : PhaseData;
      i0_q           <= '0;
      i1_q           <= '0;
      i2_q           <= '0;
      i3_q           <= '0;
      addr0_q        <= base_i;
      addr1_q        <= base_i;
      addr2_q        <= base_i;
      addr3_q        <= base_i;
    end else if (take_row) begin
      abort_q        <= row_error_i;
      addr0_q        <= base_q + row_offset_i;
      addr1_q        <= base_q + row_offset_i;
      addr2_q        <= base_q + row_offset_i;
    end else if (fire) begin
      if (row_end) begin
        i0_q         <= '0;
        i1_q         <= next_i1;
        addr0_q      <= next_addr1;
        addr1_q      <= next_addr1;
        padded_row_q <= next_padded;
        phase_q      <= next_padded ? PhaseHigh : pad_low0_q != '0 ? PhaseLow : PhaseData;
        if (last1) begin
          i2_q    <= last2 ? '0 : i2_q + 24'd1;
          addr2_q <= next_addr2;
          if (last2) begin
            i3_q    <= i3_q + 24'd1;
            addr3_q <= next_addr3;
          end
        end
      end else if (phase_q == PhaseData && !last0) begin
        i0_q    <= i0_q + 24'd1;
        addr0_q <= addr0_q + stride_q[31:0];
      end else begin
        phase_q <= phase_q == PhaseLow ? PhaseData : PhaseHigh;
      end
    end
  end

endmodule

`default_nettype wire
