// SPDX-License-Identifier: Apache-2.0
// The testbench of nc_vector_engine.
#ifndef NEURON_TESTS_RTL_VECTOR_VECTOR_BENCH_H_
#define NEURON_TESTS_RTL_VECTOR_VECTOR_BENCH_H_

#include "tests/rtl/lanes/lane_bench.h"

namespace neuron::vector_test {

struct ReadPorts {
  static constexpr size_t kCount = 4;
  template <typename Model, typename Visitor>
  static void Visit(Model& m, Visitor visit) {
    visit(isa::Space::kSbuf, m.in0_sbuf_req_o, m.in0_sbuf_addr_o, m.in0_sbuf_gnt_i,
          m.in0_sbuf_rdata_i);
    visit(isa::Space::kSbuf, m.in1_sbuf_req_o, m.in1_sbuf_addr_o, m.in1_sbuf_gnt_i,
          m.in1_sbuf_rdata_i);
    visit(isa::Space::kPsum, m.in0_psum_req_o, m.in0_psum_addr_o, m.in0_psum_gnt_i,
          m.in0_psum_rdata_i);
    visit(isa::Space::kPsum, m.in1_psum_req_o, m.in1_psum_addr_o, m.in1_psum_gnt_i,
          m.in1_psum_rdata_i);
  }
};

template <typename Model>
using VectorBench = lane_test::LaneBench<Model, isa::VectorInstruction, ReadPorts>;

}  // namespace neuron::vector_test

#endif  // NEURON_TESTS_RTL_VECTOR_VECTOR_BENCH_H_
