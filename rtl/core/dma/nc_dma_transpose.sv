// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// dma_transpose (docs/isa.md, section 5): blocks of part_count x size0 elements, SBUF to SBUF.
// Columns of a block (one word of every partition) are read into a skewed buffer, element (f, q) in
// RAM (q + f) mod P at address f, so that both a column in and a column out touch every RAM once.
// Two blocks fit: one is read while the one before it is written, a column per cycle each.
module nc_dma_transpose #(
  parameter int unsigned P         = nc_pkg::P,
  parameter int unsigned SbufBytes = nc_pkg::SbufBytes,

  localparam int unsigned AW = $clog2(SbufBytes / 4),
  localparam int unsigned PW = $clog2(P),
  localparam int unsigned CW = $clog2(P + 1)
) (
  input  logic            clk_i,
  input  logic            rst_ni,

  input  logic            start_i,          // only when not busy
  input  logic [1:0]      element_log2_i,
  input  logic [CW-1:0]   part_count_i,     // q: source partitions, 1 to P
  input  logic [CW-1:0]   size0_i,          // f: elements of a source partition, 1 to P
  input  logic [23:0]     size1_i,          // blocks, at least 1
  input  logic [27:0]     src_base_i,       // SBUF DMA addresses and strides
  input  logic [27:0]     src_stride0_i,
  input  logic [27:0]     src_stride1_i,
  input  logic [27:0]     dst_base_i,
  input  logic [27:0]     dst_stride0_i,
  input  logic [27:0]     dst_stride1_i,
  output logic            busy_o,
  output logic            done_o,           // pulses after the last write

  // SBUF column ports.
  output logic            rd_req_o,
  output logic [AW-1:0]   rd_addr_o,
  input  logic            rd_gnt_i,
  input  logic [P*32-1:0] rd_data_i,
  output logic            wr_req_o,
  output logic [AW-1:0]   wr_addr_o,
  output logic [3:0]      wr_strb_o,
  output logic [P-1:0]    wr_mask_o,
  output logic [P*32-1:0] wr_data_o,
  input  logic            wr_gnt_i
);

  localparam int unsigned W = P * 32;

  // a - b modulo P, for a and b below P.
  function automatic logic [PW-1:0] sub_mod(input logic [PW-1:0] a, input logic [PW-1:0] b);
    sub_mod = a >= b ? a - b : PW'({1'b0, a} + (PW + 1)'(P) - {1'b0, b});
  endfunction

  logic          busy_q;
  logic [1:0]    element_log2_q;
  logic [CW-1:0] part_count_q, size0_q;
  logic [27:0]   src_stride0_q, src_stride1_q, dst_stride0_q, dst_stride1_q;
  logic [1:0]    full_q;             // buffer halves that hold a whole block

  assign busy_o = busy_q;

  // Columns in ----------------------------------------------------------------------------------

  logic          load_q, load_half_q;
  logic [23:0]   load_left_q;        // blocks
  logic [CW-1:0] f_q;
  logic [27:0]   src_block_q, src_q; // first and present column of the block
  logic          load_fire, load_block_end;

  assign rd_req_o       = load_q && !full_q[load_half_q];
  assign rd_addr_o      = src_q[AW+1:2];
  assign load_fire      = rd_req_o && rd_gnt_i;
  assign load_block_end = load_fire && f_q == size0_q - 1'b1;

  // The column arrives: partition src + q goes to RAM q + f, a rotation.
  logic          in_q, in_half_q, in_end_q;
  logic [PW-1:0] in_f_q, in_turn_q;
  logic [1:0]    in_byte_q;
  logic [W-1:0]  in_words, in_rotated;

  always_comb begin
    in_words   = '0;
    in_rotated = '0;
    if (in_q) begin
      for (int unsigned k = 0; k < P; k++) begin
        in_words[k*32+:32] = rd_data_i[k*32+:32] >> {in_byte_q, 3'd0};
      end
      in_rotated = W'({in_words, in_words} >> {in_turn_q, 5'd0});
    end
  end

  always_ff @(posedge clk_i) begin
    if (load_fire) begin
      in_half_q <= load_half_q;
      in_f_q    <= f_q[PW-1:0];
      in_turn_q <= sub_mod(src_q[20+:PW], f_q[PW-1:0]);
      in_byte_q <= src_q[1:0];
    end
    if (start_i) begin
      load_left_q <= size1_i;
      f_q         <= '0;
      src_block_q <= src_base_i;
      src_q       <= src_base_i;
    end else if (load_block_end) begin
      load_left_q <= load_left_q - 24'd1;
      f_q         <= '0;
      src_block_q <= src_block_q + src_stride1_q;
      src_q       <= src_block_q + src_stride1_q;
    end else if (load_fire) begin
      f_q         <= f_q + 1'b1;
      src_q       <= src_q + src_stride0_q;
    end
  end

  // Columns out ---------------------------------------------------------------------------------

  logic          store_half_q;
  logic [23:0]   store_left_q;
  logic [CW-1:0] q_q;
  logic [27:0]   dst_block_q, dst_q;
  logic          fetch, fetch_block_end, out_q;
  logic [PW-1:0] out_turn_q, out_part_q;
  logic [AW+1:0] out_addr_q;
  logic [P*PW-1:0] out_row;          // RAM address of each lane
  logic [W-1:0]  out_rotated, ram_rdata;

  assign fetch           = busy_q && full_q[store_half_q] && (!out_q || wr_gnt_i);
  assign fetch_block_end = fetch && q_q == part_count_q - 1'b1;

  always_comb begin
    out_row = '0;
    if (fetch) begin
      for (int unsigned r = 0; r < P; r++) out_row[r*PW+:PW] = sub_mod(PW'(r), q_q[PW-1:0]);
    end
  end

  // RAM q + f holds the element for partition dst + f.
  always_comb begin
    out_rotated = '0;
    wr_data_o   = '0;
    wr_mask_o   = '0;
    if (out_q) begin
      out_rotated = W'({ram_rdata, ram_rdata} >> {out_turn_q, 5'd0});
      for (int unsigned k = 0; k < P; k++) begin
        unique case (element_log2_q)
          2'd0:    wr_data_o[k*32+:32] = {4{out_rotated[k*32+:8]}};
          2'd1:    wr_data_o[k*32+:32] = {2{out_rotated[k*32+:16]}};
          default: wr_data_o[k*32+:32] = out_rotated[k*32+:32];
        endcase
        wr_mask_o[k] = k >= 32'(out_part_q) && k < 32'(out_part_q) + 32'(size0_q);
      end
    end
    unique case (element_log2_q)
      2'd0:    wr_strb_o = 4'b0001 << out_addr_q[1:0];
      2'd1:    wr_strb_o = 4'b0011 << out_addr_q[1:0];
      default: wr_strb_o = 4'b1111;
    endcase
  end

  assign wr_req_o  = out_q;
  assign wr_addr_o = out_addr_q[AW+1:2];

  always_ff @(posedge clk_i) begin
    if (fetch) begin
      out_turn_q <= sub_mod(q_q[PW-1:0], dst_q[20+:PW]);
      out_part_q <= dst_q[20+:PW];
      out_addr_q <= dst_q[AW+1:0];
    end
    if (start_i) begin
      store_left_q <= size1_i;
      q_q          <= '0;
      dst_block_q  <= dst_base_i;
      dst_q        <= dst_base_i;
    end else if (fetch_block_end) begin
      store_left_q <= store_left_q - 24'd1;
      q_q          <= '0;
      dst_block_q  <= dst_block_q + dst_stride1_q;
      dst_q        <= dst_block_q + dst_stride1_q;
    end else if (fetch) begin
      q_q          <= q_q + 1'b1;
      dst_q        <= dst_q + dst_stride0_q;
    end
  end

  // Control and buffer --------------------------------------------------------------------------

  assign done_o = busy_q && store_left_q == '0 && (!out_q || wr_gnt_i);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q       <= 1'b0;
      load_q       <= 1'b0;
      load_half_q  <= 1'b0;
      store_half_q <= 1'b0;
      full_q       <= '0;
      in_q         <= 1'b0;
      in_end_q     <= 1'b0;
      out_q        <= 1'b0;
    end else if (busy_q || start_i) begin
      if (start_i) busy_q <= 1'b1;
      else if (done_o) busy_q <= 1'b0;
      if (start_i) load_q <= 1'b1;
      else if (load_block_end && load_left_q == 24'd1) load_q <= 1'b0;
      if (load_block_end) load_half_q <= !load_half_q;
      if (fetch_block_end) store_half_q <= !store_half_q;
      in_q     <= load_fire;
      in_end_q <= load_block_end;
      // Full from the cycle after its last column went into the RAMs until its last one is fetched.
      for (int unsigned h = 0; h < 2; h++) begin
        if (in_end_q && in_half_q == 1'(h)) full_q[h] <= 1'b1;
        else if (fetch_block_end && store_half_q == 1'(h)) full_q[h] <= 1'b0;
      end
      if (fetch) out_q <= 1'b1;
      else if (wr_gnt_i) out_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      element_log2_q <= element_log2_i;
      part_count_q   <= part_count_i;
      size0_q        <= size0_i;
      src_stride0_q  <= src_stride0_i;
      src_stride1_q  <= src_stride1_i;
      dst_stride0_q  <= dst_stride0_i;
      dst_stride1_q  <= dst_stride1_i;
    end
  end

  for (genvar r = 0; r < P; r++) begin : gen_ram
    nc_ram_1r1w #(
      .Width (32),
      .Depth (2 ** (PW + 1))
    ) u_ram (
      .clk_i,
      .we_i    (in_q),
      .waddr_i ({in_half_q, in_f_q}),
      .wdata_i (in_rotated[r*32+:32]),
      .wmask_i (1'b1),
      .re_i    (fetch),
      .raddr_i ({store_half_q, out_row[r*PW+:PW]}),
      .rdata_o (ram_rdata[r*32+:32])
    );
  end

endmodule

`default_nettype wire
