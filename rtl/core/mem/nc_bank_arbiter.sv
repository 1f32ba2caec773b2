// SPDX-License-Identifier: Apache-2.0
`default_nettype none

// Grants requests for memory banks in the same cycle. A request names the set of banks it needs and
// gets all of them or nothing. The fixed ports go first, in order of their numbers; of the others
// the "favoured" one goes first and the rest follow in order. Whoever is refused becomes the
// favoured one in turn, so that no request waits for ever on anything but the fixed ones.
module nc_bank_arbiter #(
  parameter int unsigned         NumPorts = 4,
  parameter int unsigned         NumBanks = 8,
  parameter logic [NumPorts-1:0] Fixed    = NumPorts'(1)
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,

  input  logic [NumPorts-1:0]          req_i,
  input  logic [NumPorts*NumBanks-1:0] need_i,  // banks of port p at [p*NumBanks +: NumBanks]
  output logic [NumPorts-1:0]          gnt_o
);

  logic [NumPorts-1:0] favoured_q;  // one-hot or zero
  logic [NumPorts-1:0] refused, waiting, above, next;
  logic [NumBanks-1:0] used, need;

  always_comb begin
    gnt_o = '0;
    used  = '0;
    need  = '0;
    if (|req_i) begin
      for (int unsigned p = 0; p < NumPorts; p++) begin
        need = need_i[p*NumBanks+:NumBanks];
        if (Fixed[p] && req_i[p] && (used & need) == '0) begin
          gnt_o[p] = 1'b1;
          used     = used | need;
        end
      end
      for (int unsigned p = 0; p < NumPorts; p++) begin
        need = need_i[p*NumBanks+:NumBanks];
        if (favoured_q[p] && req_i[p] && (used & need) == '0) begin
          gnt_o[p] = 1'b1;
          used     = used | need;
        end
      end
      for (int unsigned p = 0; p < NumPorts; p++) begin
        need = need_i[p*NumBanks+:NumBanks];
        if (!Fixed[p] && !favoured_q[p] && req_i[p] && (used & need) == '0) begin
          gnt_o[p] = 1'b1;
          used     = used | need;
        end
      end
    end
  end

  // The next favoured port: the lowest refused one above the present one, cyclically.
  assign refused = req_i & ~gnt_o & ~Fixed;
  assign above   = ~(favoured_q | (favoured_q - 1'b1));
  assign waiting = |(refused & above) ? refused & above : refused;
  assign next    = waiting & (~waiting + 1'b1);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) favoured_q <= '0;
    else if (|refused && (favoured_q & refused) == '0) favoured_q <= next;
  end

endmodule

`default_nettype wire
