// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/io_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/compiler/codegen/view.h"
#include "neuron/isa.h"

namespace neuron::compiler {
namespace {

constexpr uint64_t kTensorAlignment = 64;

class IoPlanner {
 public:
  IoPlanner(const LayerGraph& graph, ncx::PackageData& package)
      : graph_(graph), package_(package), feeds_state_(graph.outputs.size(), false) {
    for (const StatePair& state : graph.states) {
      feeds_state_[state.output] = true;
    }
    const auto outputs = static_cast<size_t>(std::ranges::count(feeds_state_, false));
    const size_t states = graph.states.empty() ? 0 : 2;
    shared_ =
        package.segments.size() + states + graph.inputs.size() - graph.states.size() + outputs >
        isa::kNumSegments;
  }

  Result<IoPlan> Plan() {
    if (!graph_.states.empty()) {
      state_segment_ = AddSegment(ncx::SegmentKind::kState);
      AddSegment(ncx::SegmentKind::kNextState);
    }
    for (size_t i = 0; i < graph_.inputs.size(); ++i) {
      plan_.loads.push_back(AddInput(i));
    }
    for (size_t i = 0; i < graph_.outputs.size(); ++i) {
      if (!feeds_state_[i]) {
        const uint32_t segment = SegmentOf(ncx::SegmentKind::kOutput);
        plan_.stores.push_back(Place(graph_.outputs[i], ncx::TensorRole::kOutput, segment));
      }
    }
    for (const StatePair& state : graph_.states) {
      IoTensor next = plan_.loads[state.input];
      next.value = graph_.outputs[state.output];
      next.segment = state_segment_ + 1;
      next.tensor = -1;
      plan_.stores.push_back(next);
    }
    if (!graph_.states.empty()) {
      package_.segments[state_segment_ + 1].bytes = package_.segments[state_segment_].bytes;
    }
    return std::move(plan_);
  }

 private:
  uint32_t AddSegment(ncx::SegmentKind kind) {
    ncx::Segment segment;
    segment.kind = kind;
    segment.readable = true;  // also outputs: a layer may go on from what lies there
    segment.writable = kind == ncx::SegmentKind::kNextState || kind == ncx::SegmentKind::kOutput;
    package_.segments.push_back(segment);
    return static_cast<uint32_t>(package_.segments.size()) - 1;
  }

  // For one more tensor of this kind.
  uint32_t SegmentOf(ncx::SegmentKind kind) {
    return shared_ && package_.segments.back().kind == kind
               ? static_cast<uint32_t>(package_.segments.size()) - 1
               : AddSegment(kind);
  }

  IoTensor AddInput(size_t input) {
    for (const StatePair& state : graph_.states) {
      if (state.input == input) {
        const IoTensor placed =
            Place(graph_.inputs[input], ncx::TensorRole::kState, state_segment_);
        package_.tensors.back().updated_by = graph_.value(graph_.outputs[state.output]).name;
        return placed;
      }
    }
    return Place(graph_.inputs[input], ncx::TensorRole::kInput,
                 SegmentOf(ncx::SegmentKind::kInput));
  }

  // Adds the tensor behind those that the segment has.
  IoTensor Place(ValueId id, ncx::TensorRole role, uint32_t segment_index) {
    const Value& value = graph_.value(id);
    ncx::Segment& segment = package_.segments[segment_index];
    ncx::Tensor tensor;
    tensor.name = value.name;
    tensor.role = role;
    tensor.type = value.type;
    tensor.shape = value.shape;
    tensor.segment = segment_index;
    tensor.offset = (segment.bytes + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
    if (value.quantization.has_value()) {
      tensor.scale = value.quantization->scale;
      tensor.zero_point = value.quantization->zero_point;
      tensor.quantized_axis = value.quantization->axis;
    }
    segment.bytes =
        tensor.offset + static_cast<uint64_t>(ElementCount(value.shape)) * ElementBytes(value.type);
    const IoTensor placed = {id, segment_index, tensor.offset,
                             static_cast<int32_t>(package_.tensors.size())};
    package_.tensors.push_back(std::move(tensor));
    return placed;
  }

  const LayerGraph& graph_;
  ncx::PackageData& package_;
  std::vector<bool> feeds_state_;  // by position of the output
  bool shared_ = false;            // inputs share a segment, and so do outputs
  uint32_t state_segment_ = 0;
  IoPlan plan_;
};

}  // namespace

Result<IoPlan> PlanIo(const LayerGraph& graph, ncx::PackageData& package) {
  return IoPlanner(graph, package).Plan();
}

}  // namespace neuron::compiler
