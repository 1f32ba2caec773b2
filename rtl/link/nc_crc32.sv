// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// One byte of a CRC-32 (IEEE 802.3, reflected). Start from all ones; the check value is the
// complement of the state after the last byte. Combinational.
module nc_crc32 (
  input  logic [31:0] state_i,
  input  logic [7:0]  data_i,
  output logic [31:0] state_o
);

  localparam logic [31:0] Polynomial = 32'hEDB88320;

  always_comb begin
    state_o = state_i ^ {24'd0, data_i};
    for (int i = 0; i < 8; i++) begin
      state_o = (state_o >> 1) ^ (state_o[0] ? Polynomial : 32'd0);
    end
  end

endmodule

`default_nettype wire
