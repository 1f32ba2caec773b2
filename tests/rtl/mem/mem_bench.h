// SPDX-License-Identifier: Apache-2.0
// What the SBUF and PSUM tests share: bit fields of flat port vectors and the rules of a grant.
#ifndef NEURON_TESTS_RTL_MEM_MEM_BENCH_H_
#define NEURON_TESTS_RTL_MEM_MEM_BENCH_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace neuron::mem_test {

// Writes `bits` bits (at most 32) of a Verilator port at bit position `at`.
template <class T>
void SetBits(T& port, size_t at, int bits, uint32_t value) {
  auto* bytes = reinterpret_cast<uint8_t*>(&port);
  for (int k = 0; k < bits; ++k) {
    const size_t bit = at + k;
    const uint8_t mask = uint8_t(1u << (bit % 8));
    bytes[bit / 8] = (bytes[bit / 8] & ~mask) | ((value >> k & 1) ? mask : 0);
  }
}

// The bytes of a flat port from a byte position on.
template <class T>
uint8_t* Bytes(T& port, size_t at) {
  return reinterpret_cast<uint8_t*>(&port) + at;
}

// A request at a port and how long it has waited.
struct Request {
  bool active = false;
  uint32_t address = 0;    // word address
  uint32_t partition = 0;  // of a row port
  uint32_t strb = 0;
  uint32_t mask = 0;  // partitions of a column write
  std::vector<uint8_t> data;
  uint64_t banks = 0;  // bit b: bank b is needed
  int waited = 0;
};

// The rules of nc_bank_arbiter for one cycle: no bank twice, a port is refused only for a bank that
// a granted port took, fixed ports go in order, and nobody else waits longer than one cycle for
// each other port, not counting cycles in which a fixed port is served.
inline void CheckGrants(std::vector<Request>& ports, size_t fixed, uint64_t granted) {
  uint64_t used = 0, used_by_fixed = 0;
  for (size_t p = 0; p < ports.size(); ++p) {
    if (!(granted >> p & 1)) continue;
    EXPECT_TRUE(ports[p].active) << "a grant without a request at port " << p;
    EXPECT_EQ(used & ports[p].banks, 0u) << "two ports in one bank, port " << p;
    used |= ports[p].banks;
  }
  for (size_t p = 0; p < ports.size(); ++p) {
    if (!ports[p].active) continue;
    if (p < fixed) {
      EXPECT_EQ(granted >> p & 1, (used_by_fixed & ports[p].banks) == 0) << "fixed port " << p;
      if (granted >> p & 1) used_by_fixed |= ports[p].banks;
    } else if (!(granted >> p & 1)) {
      EXPECT_NE(used & ports[p].banks, 0u) << "port " << p << " was refused for nothing";
      if (used_by_fixed == 0) ++ports[p].waited;
      EXPECT_LE(ports[p].waited, static_cast<int>(ports.size())) << "port " << p << " starves";
    }
  }
}

}  // namespace neuron::mem_test

#endif  // NEURON_TESTS_RTL_MEM_MEM_BENCH_H_
