// SPDX-License-Identifier: Apache-2.0
// The testbench of nc_scalar_engine.
#ifndef NEURON_TESTS_RTL_SCALAR_SCALAR_BENCH_H_
#define NEURON_TESTS_RTL_SCALAR_SCALAR_BENCH_H_

#include "tests/rtl/lanes/lane_bench.h"

namespace neuron::scalar_test {

struct ReadPorts {
  static constexpr size_t kCount = 2;
  template <typename Model, typename Visitor>
  static void Visit(Model& m, Visitor visit) {
    visit(isa::Space::kSbuf, m.in_sbuf_req_o, m.in_sbuf_addr_o, m.in_sbuf_gnt_i, m.in_sbuf_rdata_i);
    visit(isa::Space::kPsum, m.in_psum_req_o, m.in_psum_addr_o, m.in_psum_gnt_i, m.in_psum_rdata_i);
  }
};

template <typename Model>
using ScalarBench = lane_test::LaneBench<Model, isa::ScalarInstruction, ReadPorts>;

}  // namespace neuron::scalar_test

#endif  // NEURON_TESTS_RTL_SCALAR_SCALAR_BENCH_H_
