// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/layer_work.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {

Planner::Planner(const LayerGraph& graph, const isa::Config& config, const PlanOptions& options,
                 ncx::PackageData& package)
    : graph_(graph),
      config_(config),
      options_(options),
      package_(package),
      memory_(config.sbuf_bytes),
      readers_(graph.values.size()) {
  for (const Layer& layer : graph.layers) {
    for (const ValueId id : layer.inputs) {
      if (id != kNoValue) {
        readers_[static_cast<size_t>(id)].push_back(&layer);
      }
    }
  }
}

int64_t Planner::TileColumns(int64_t positions) const {
  const int64_t limit = PositionLimit(config_, positions);
  return tile_columns_ > 0 ? std::min(limit, tile_columns_) : limit;
}

Status Planner::Error(StatusCode code, const std::string& text) const {
  const std::string where = layer_ == nullptr ? std::string("graph") : Describe(*layer_);
  return Status(code, where + ": " + text);
}

Result<isa::Dtype> Planner::TypeOf(const Value& value) const {
  if (const auto type = EngineType(value.type)) {
    return *type;
  }
  return Error(
      StatusCode::kUnsupported,
      fmt::format("tensor '{}' has type {}, which no engine holds; cast it to float32, int8, "
                  "uint8 or int32",
                  value.name, ElementTypeName(value.type)));
}

int32_t Planner::ZeroPoint(const Value& value) const {
  return value.quantization.has_value() && !value.quantization->zero_point.empty()
             ? value.quantization->zero_point[0]
             : 0;
}

float Planner::ScaleOf(const Value& value) const {
  return value.quantization.has_value() ? value.quantization->scale[0] : 1.0F;
}

Result<FunctionFields> Planner::Fields(const Activation& activation) {
  FunctionFields fields;
  fields.alpha = activation.alpha;
  fields.clamp_low = activation.clamp_low;
  fields.clamp_high = activation.clamp_high;
  if (activation.function == Function::kIdentity) {
    return fields;
  }
  if (activation.function == Function::kLeaky) {
    fields.func = isa::Func::kLeaky;
    return fields;
  }
  auto known = tables_.find(activation.function);
  if (known == tables_.end()) {
    const FunctionTable& table = TableFor(activation.function);
    const auto entries = static_cast<uint32_t>(table.entries.size());
    if (next_table_entry_ + entries > config_.table_entries) {
      return Error(
          StatusCode::kResourceExhausted,
          fmt::format("the model's functions need {} table entries and the configuration has "
                      "{}; use a configuration with a larger function table",
                      next_table_entry_ + entries, config_.table_entries));
    }
    FunctionFields made;
    made.func = table.func;
    made.index_bits = table.index_bits;
    made.exp_min = table.exp_min;
    made.exp_max = table.exp_max;
    made.table_base = next_table_entry_;
    made.negative_base = next_table_entry_ + table.negative_offset;
    made.clamp_low = table.clamp_low;
    made.clamp_high = table.clamp_high;
    next_table_entry_ += entries;
    constexpr size_t kCoefficients = 4;
    std::vector<float> rows(kCoefficients * entries);
    for (size_t c = 0; c < kCoefficients; ++c) {
      for (size_t i = 0; i < entries; ++i) {
        rows[c * entries + i] = table.entries[i][c];
      }
    }
    const int64_t row_bytes = int64_t{entries} * 4;
    const int64_t offset = AddConstant(rows.data(), rows.size() * sizeof(float));
    const BufferId buffer = LoadRows("function table", offset, kCoefficients, row_bytes, row_bytes);
    AddOp({buffer}, [=](ProgramBuilder& program, const MemoryPlan& memory) {
      isa::ScalarInstruction load;
      load.opcode = static_cast<uint32_t>(isa::Opcode::kLoadTable);
      load.part_count = kCoefficients;
      load.in_base = static_cast<uint32_t>(memory.buffer(buffer).offset);
      load.table_base = made.table_base;
      load.size0 = entries;
      load.size1 = 1;
      load.size2 = 1;
      return program.Append(load);
    });
    ops_.back().table = true;
    known = tables_.emplace(activation.function, made).first;
  }
  FunctionFields result = known->second;
  result.alpha = activation.alpha;
  result.clamp_low = std::max(result.clamp_low, activation.clamp_low);
  result.clamp_high = std::min(result.clamp_high, activation.clamp_high);
  return result;
}

int32_t Planner::TensorIndex(ValueId id) {
  const auto known = tensor_index_.find(id);
  if (known != tensor_index_.end()) {
    return known->second;
  }
  const Value& value = graph_.value(id);
  for (const View& view : homes_[id]) {
    if (view.space != isa::Space::kDram ||
        view.strides !=
            RowMajorStrides(value.shape, static_cast<int64_t>(ElementBytes(value.type)))) {
      continue;
    }
    ncx::Tensor tensor;
    tensor.name = value.name;
    tensor.type = value.type;
    tensor.shape = value.shape;
    tensor.segment = view.segment;
    tensor.offset = static_cast<uint64_t>(view.offset);
    package_.tensors.push_back(std::move(tensor));
    break;
  }
  const auto index = static_cast<int32_t>(package_.tensors.size()) - 1;
  tensor_index_[id] = index;
  return index;
}

Status Planner::PlanHost(const Layer& layer, const HostLayer& host) {
  ncx::HostOp op;
  op.node_index = node_;
  op.node = host.node;
  op.reason = host.reason;
  op.operations = OperationsOf(graph_, layer);
  for (const ValueId id : layer.inputs) {
    if (id == kNoValue) {
      op.inputs.push_back(-1);
      continue;
    }
    const Value& value = graph_.value(id);
    if (!homes_[id].empty() || EngineType(value.type).has_value()) {
      NEURON_RETURN_IF_ERROR(InDram(id, true).status());
    } else {
      AddHome(id, DramView(value, kImageSegment,
                           AddConstant(value.constant->data.data(), value.constant->data.size())));
    }
    op.inputs.push_back(TensorIndex(id));
  }
  for (const ValueId id : layer.outputs) {
    if (id == kNoValue) {
      op.outputs.push_back(-1);
      continue;
    }
    const View made = NewScratch(graph_.value(id));
    dram_writes_.push_back({made, static_cast<int>(ops_.size())});
    AddHome(id, made);
    op.outputs.push_back(TensorIndex(id));
  }
  package_.host_ops.push_back(std::move(op));
  PlannedOp planned;
  planned.node = node_;
  planned.host_op = static_cast<int>(package_.host_ops.size()) - 1;
  ops_.push_back(std::move(planned));
  return OkStatus();
}

Status Planner::PlanLayer(const Layer& layer) {
  struct Lower {
    Planner& planner;
    const Layer& layer;
    Status operator()(const MatrixLayer& x) const { return LowerMatrix(planner, layer, x); }
    Status operator()(const BatchMatmulLayer& x) const {
      return LowerBatchMatmul(planner, layer, x);
    }
    Status operator()(const BinaryLayer& x) const { return LowerBinary(planner, layer, x); }
    Status operator()(const UnaryLayer& x) const { return LowerUnary(planner, layer, x); }
    Status operator()(const PoolLayer& x) const { return LowerPool(planner, layer, x); }
    Status operator()(const ReduceLayer& x) const { return LowerReduce(planner, layer, x); }
    Status operator()(const SoftmaxLayer& x) const { return LowerSoftmax(planner, layer, x); }
    Status operator()(const NormalizeLayer& x) const { return LowerNormalize(planner, layer, x); }
    Status operator()(const ReshapeLayer&) const { return LowerReshape(planner, layer); }
    Status operator()(const TransposeLayer& x) const { return LowerTranspose(planner, layer, x); }
    Status operator()(const ConcatLayer& x) const { return LowerConcat(planner, layer, x); }
    Status operator()(const SliceLayer& x) const { return LowerSlice(planner, layer, x); }
    Status operator()(const PadLayer& x) const { return LowerPad(planner, layer, x); }
    Status operator()(const StoreLayer& x) const { return LowerStore(planner, layer, x); }
    Status operator()(const TakeLayer& x) const { return LowerTake(planner, layer, x); }
    Status operator()(const ExpandLayer&) const { return LowerExpand(planner, layer); }
    Status operator()(const GatherLayer&) const { return LowerGather(planner, layer); }
    Status operator()(const SelectLayer&) const { return LowerSelect(planner, layer); }
    Status operator()(const ArgLayer& x) const { return LowerArg(planner, layer, x); }
    Status operator()(const HostLayer& x) const { return planner.PlanHost(layer, x); }
  };
  return std::visit(Lower{*this, layer}, layer.body);
}

// The package's node for a layer; pieces of one layer share it.
uint32_t Planner::NodeOf(const Layer& layer) {
  const auto next = static_cast<uint32_t>(package_.nodes.size());
  if (layer.origin >= 0) {
    const auto [known, is_new] = node_of_origin_.emplace(layer.origin, next);
    if (!is_new) {
      return known->second;
    }
  }
  const bool host = std::holds_alternative<HostLayer>(layer.body);
  const std::string op_type = OpTypeOf(layer);
  package_.nodes.push_back({layer.name, op_type.empty() ? LayerKind(layer) : op_type,
                            host ? std::string() : LayerKind(layer), layer.nodes});
  return next;
}

Status Planner::Plan() {
  package_.segments.resize(kFirstTensorSegment);
  NEURON_ASSIGN_OR_RETURN(IoPlan io, PlanIo(graph_, package_));
  stores_ = std::move(io.stores);
  for (const IoTensor& load : io.loads) {
    AddHome(load.value,
            DramView(graph_.value(load.value), load.segment, static_cast<int64_t>(load.offset)));
    tensor_index_[load.value] = load.tensor;
  }
  for (const Layer& layer : graph_.layers) {
    layer_ = &layer;
    layer_index_ = static_cast<size_t>(&layer - graph_.layers.data());
    const auto* host = std::get_if<HostLayer>(&layer.body);
    node_ = NodeOf(layer);
    node_work_.resize(package_.nodes.size());
    if (host == nullptr) {
      node_work_[node_].macs += static_cast<uint64_t>(layer.macs);
      node_work_[node_].operations += OperationsOf(graph_, layer);
    }
    NEURON_RETURN_IF_ERROR(PlanLayer(layer));
  }
  return StoreOutputs();
}

Status Planner::StoreOutputs() {
  layer_ = nullptr;
  for (const IoTensor& store : stores_) {
    const Value& value = graph_.value(store.value);
    const View to = DramView(value, store.segment, static_cast<int64_t>(store.offset));
    const bool stored = std::ranges::any_of(homes_[store.value], [&](const View& home) {
      return home.space == isa::Space::kDram && home.segment == to.segment &&
             home.offset == to.offset;
    });
    if (!stored && ElementCount(value.shape) > 0) {
      NEURON_ASSIGN_OR_RETURN(const View from, AnyView(store.value));
      PlanStore(*this, from, to, value.type);
    }
  }
  return OkStatus();
}

}  // namespace neuron::compiler
