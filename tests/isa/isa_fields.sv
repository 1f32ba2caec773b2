// SPDX-License-Identifier: Apache-2.0
// Shows a few fields of each format as the hardware sees them.
`default_nettype none
module isa_fields (
  input  logic [nc_pkg::InstructionBits-1:0] instr_i,
  output logic [7:0]                         opcode_o,
  output logic [1:0]                         update1_op_o,
  output logic signed [31:0]                 moving_stride2_o,
  output logic [7:0]                         stationary_zero_point_o,
  output logic signed [31:0]                 out_stride2_o,
  output logic [3:0]                         alu1_o,
  output logic [15:0]                        table_negative_base_o,
  output logic signed [31:0]                 dst_stride3_o,
  output logic [31:0]                        index_limit_o,
  output logic [31:0]                        capability_o [16]
);
  nc_pkg::instr_t        header;
  nc_pkg::tensor_instr_t tensor;
  nc_pkg::vector_instr_t vector;
  nc_pkg::scalar_instr_t scalar;
  nc_pkg::dma_instr_t    dma;

  assign header = instr_i;
  assign tensor = instr_i;
  assign vector = instr_i;
  assign scalar = instr_i;
  assign dma    = instr_i;

  assign opcode_o                = header.opcode;
  assign update1_op_o            = header.update1_op;
  assign moving_stride2_o        = 32'(tensor.moving_stride2);
  assign stationary_zero_point_o = tensor.stationary_zero_point;
  assign out_stride2_o           = 32'(vector.out_stride2);
  assign alu1_o                  = vector.alu1;
  assign table_negative_base_o   = scalar.table_negative_base;
  assign dst_stride3_o           = dma.dst_stride3;
  assign index_limit_o           = dma.index_limit;

  for (genvar i = 0; i < 16; i++) begin : gen_capability
    assign capability_o[i] = nc_pkg::CapabilityRom[i*32 +: 32];
  end

  // One output would not use every bit of each structure.
  logic unused;
  assign unused = ^{header, tensor, vector, scalar, dma};
endmodule
