// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {
namespace {

constexpr int64_t kConstantAlignment = 64;
constexpr int64_t kGroupAlignment = 16;

bool HaloCovers(const View& view, const std::vector<int64_t>& low,
                const std::vector<int64_t>& high) {
  for (size_t i = 0; i < low.size(); ++i) {
    if (view.halo_low[i] < low[i] || view.halo_high[i] < high[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

Planner::Planner(const LayerGraph& graph, const isa::Config& config, ncx::PackageData& package)
    : graph_(graph), config_(config), package_(package), memory_(config.sbuf_bytes) {}

int64_t Planner::TileColumns(int64_t positions) const {
  const int64_t limit = PositionLimit(config_, positions);
  return tile_columns_ > 0 ? std::min(limit, tile_columns_) : limit;
}

Status Planner::Error(StatusCode code, const std::string& text) const {
  const std::string where =
      layer_ == nullptr ? std::string("graph") : "layer '" + layer_->name + "'";
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

int64_t Planner::AddConstant(const void* data, size_t bytes) {
  std::vector<std::byte>& image = package_.image;
  const size_t offset =
      (image.size() + kConstantAlignment - 1) / kConstantAlignment * kConstantAlignment;
  image.resize(offset + bytes);
  std::memcpy(image.data() + offset, data, bytes);
  return static_cast<int64_t>(offset);
}

void Planner::AddOp(std::vector<BufferId> uses, EmitFunction emit) {
  PlannedOp op;
  op.node = node_;
  op.uses = std::move(uses);
  op.emit = std::move(emit);
  ops_.push_back(std::move(op));
}

void Planner::AddStreamedLoad(BufferId buffer, int64_t image_offset, int64_t rows,
                              int64_t row_bytes) {
  AddOp({buffer}, [=](ProgramBuilder& program, const MemoryPlan& memory) {
    isa::DmaInstruction dma = DmaCopy(isa::Space::kDram, kImageSegment, isa::Space::kSbuf, 0, 4);
    dma.src_base = static_cast<uint32_t>(image_offset);
    dma.dst_base = static_cast<uint32_t>(memory.buffer(buffer).offset);
    SetDmaDims(dma, {row_bytes / 4, rows, 1, 1}, {4, row_bytes, 0, 0},
               {4, int64_t{1} << isa::kSbufPartitionShift, 0, 0});
    return program.Append(isa::Queue::kDma0, dma);
  });
  ops_.back().streamed = true;
}

void Planner::AddCopy(const View& src, const View& dst) {
  std::vector<BufferId> uses;
  for (const View* view : {&src, &dst}) {
    if (view->buffer != kNoBuffer) {
      uses.push_back(view->buffer);
    }
  }
  AddOp(std::move(uses),
        [src, dst, p = partitions()](ProgramBuilder& program, const MemoryPlan& memory) -> Status {
          auto origin = [&](const View& view) {
            return view.buffer == kNoBuffer ? int64_t{0} : memory.buffer(view.buffer).offset;
          };
          for (const CopyPiece& piece : CopyPieces(src, dst, p)) {
            isa::DmaInstruction dma =
                DmaCopy(src.space, src.segment, dst.space, dst.segment, src.element_bytes());
            dma.src_base = static_cast<uint32_t>(piece.src_base + origin(src));
            dma.dst_base = static_cast<uint32_t>(piece.dst_base + origin(dst));
            SetDmaDims(dma, piece.sizes, piece.src_strides, piece.dst_strides);
            NEURON_RETURN_IF_ERROR(program.Append(isa::Queue::kDma1, dma));
          }
          return OkStatus();
        });
}

void Planner::AddFill(const View& view, float value) {
  AddOp(
      {view.buffer},
      [view, value, p = partitions()](ProgramBuilder& program, const MemoryPlan& memory) -> Status {
        const View* operands[] = {&view};
        for (const Tile& tile : TilesOf(operands, p, 3, 0)) {
          isa::VectorInstruction fill = VectorOp(isa::Opcode::kFill, tile);
          SetOut(fill, view, tile, 0, memory);
          fill.scalar0 = std::bit_cast<uint32_t>(value);
          NEURON_RETURN_IF_ERROR(program.Append(fill));
        }
        return OkStatus();
      });
}

BufferId Planner::PartitionWords(const std::string& name, const std::vector<uint32_t>& words) {
  const auto p = static_cast<size_t>(partitions());
  const size_t groups = (words.size() + p - 1) / p;
  const size_t rows = std::min(words.size(), p);
  std::vector<uint32_t> table(rows * groups, 0);
  for (size_t i = 0; i < words.size(); ++i) {
    table[(i % p) * groups + i / p] = words[i];
  }
  const int64_t offset = AddConstant(table.data(), table.size() * sizeof(uint32_t));
  const BufferId buffer = NewBuffer(name, static_cast<int64_t>(groups * sizeof(uint32_t)));
  AddStreamedLoad(buffer, offset, static_cast<int64_t>(rows),
                  static_cast<int64_t>(groups * sizeof(uint32_t)));
  return buffer;
}

View Planner::NewView(const std::string& name, isa::Dtype dtype, const Shape& shape, int part_axis,
                      std::vector<int64_t> halo_low, std::vector<int64_t> halo_high) {
  View view;
  view.dtype = dtype;
  view.shape = shape;
  view.part_axis = part_axis;
  halo_low.resize(shape.size(), 0);
  halo_high.resize(shape.size(), 0);
  view.halo_low = std::move(halo_low);
  view.halo_high = std::move(halo_high);
  view.strides.assign(shape.size(), 0);
  int64_t step = view.element_bytes();
  for (size_t i = shape.size(); i-- > 0;) {
    if (static_cast<int>(i) == part_axis) {
      continue;
    }
    view.strides[i] = step;
    view.offset += view.halo_low[i] * step;
    step *= shape[i] + view.halo_low[i] + view.halo_high[i];
  }
  const int64_t groups = (view.parts() + partitions() - 1) / partitions();
  view.group_stride =
      groups > 1 ? (step + kGroupAlignment - 1) / kGroupAlignment * kGroupAlignment : step;
  view.buffer = NewBuffer(name, view.group_stride * groups);
  return view;
}

std::pair<std::vector<int64_t>, std::vector<int64_t>> Planner::WantedHalo(ValueId value) const {
  const size_t rank = graph_.value(value).shape.size();
  std::vector<int64_t> low(rank, 0);
  std::vector<int64_t> high(rank, 0);
  for (const Layer& layer : graph_.layers) {
    const auto* matrix = std::get_if<MatrixLayer>(&layer.body);
    if (matrix == nullptr || !matrix->is_conv || layer.inputs[0] != value) {
      continue;
    }
    const size_t spatial = rank - 2;
    for (size_t i = 0; i < spatial; ++i) {
      const size_t pad_axis = 2 - spatial + i;
      low[2 + i] = std::max(low[2 + i], matrix->pads[pad_axis]);
      high[2 + i] = std::max(high[2 + i], matrix->pads[2 + pad_axis]);
    }
  }
  return {low, high};
}

void Planner::FillHalo(const View& view) {
  for (size_t axis = 0; axis < view.shape.size(); ++axis) {
    for (const bool high : {false, true}) {
      const int64_t count = high ? view.halo_high[axis] : view.halo_low[axis];
      if (count == 0) {
        continue;
      }
      // Axes before this one keep their halo out of the strip, later ones include it.
      View strip = view;
      strip.shape[axis] = count;
      strip.offset += (high ? view.shape[axis] : -count) * view.strides[axis];
      for (size_t later = axis + 1; later < view.shape.size(); ++later) {
        if (static_cast<int>(later) == view.part_axis) {
          continue;
        }
        strip.shape[later] += view.halo_low[later] + view.halo_high[later];
        strip.offset -= view.halo_low[later] * view.strides[later];
      }
      AddFill(strip, 0.0F);
    }
  }
}

Result<View> Planner::NewValueView(ValueId id, int part_axis) {
  const Value& value = graph_.value(id);
  NEURON_ASSIGN_OR_RETURN(const isa::Dtype dtype, TypeOf(value));
  auto [low, high] =
      part_axis == 1 ? WantedHalo(id) : std::pair<std::vector<int64_t>, std::vector<int64_t>>{};
  View view = NewView(value.name, dtype, value.shape, part_axis, low, high);
  view.zero_point = ZeroPoint(value);
  FillHalo(view);
  AddHome(id, view);
  return view;
}

Result<View> Planner::DramHome(ValueId id) {
  for (const View& view : homes_[id]) {
    if (view.space == isa::Space::kDram) {
      return view;
    }
  }
  const Value& value = graph_.value(id);
  if (!value.constant.has_value()) {
    return Error(StatusCode::kNotFound, "tensor '" + value.name + "' is not in DRAM");
  }
  NEURON_RETURN_IF_ERROR(TypeOf(value).status());
  View view = DramView(value, kImageSegment,
                       AddConstant(value.constant->data.data(), value.constant->data.size()));
  AddHome(id, view);
  return view;
}

View Planner::DramView(const Value& value, uint32_t segment, int64_t offset) const {
  View view;
  view.space = isa::Space::kDram;
  view.dtype = EngineType(value.type).value_or(isa::Dtype::kInt32);
  view.zero_point = ZeroPoint(value);
  view.shape = value.shape;
  view.strides = RowMajorStrides(value.shape, static_cast<int64_t>(ElementBytes(value.type)));
  view.segment = segment;
  view.offset = offset;
  view.halo_low.assign(value.shape.size(), 0);
  view.halo_high = view.halo_low;
  return view;
}

View Planner::NewScratch(const Value& value) {
  ncx::Segment& scratch = package_.segments[kScratchSegment];
  const auto offset = static_cast<int64_t>(scratch.bytes);
  const auto bytes = static_cast<uint64_t>(ElementCount(value.shape)) * ElementBytes(value.type);
  scratch.bytes += (bytes + kConstantAlignment - 1) / kConstantAlignment * kConstantAlignment;
  return DramView(value, kScratchSegment, offset);
}

Result<View> Planner::InDram(ValueId id, bool row_major) {
  const Value& value = graph_.value(id);
  auto plain = [&](const View& view) {
    return view.strides == RowMajorStrides(value.shape, view.element_bytes());
  };
  for (const View& view : homes_[id]) {
    if (view.space == isa::Space::kDram && (!row_major || plain(view))) {
      return view;
    }
  }
  if (value.constant.has_value()) {
    return DramHome(id);
  }
  NEURON_ASSIGN_OR_RETURN(const View from, AnyView(id));
  View scratch = NewScratch(value);
  AddCopy(from, scratch);
  AddHome(id, scratch);
  return scratch;
}

Result<View> Planner::AnyView(ValueId id) {
  for (const View& view : homes_[id]) {
    if (view.space == isa::Space::kSbuf) {
      return view;
    }
  }
  return DramHome(id);
}

int Planner::PreferredAxis(ValueId id) {
  for (const View& view : homes_[id]) {
    if (view.space == isa::Space::kSbuf && view.part_axis >= 0) {
      return view.part_axis;
    }
  }
  const Shape& shape = graph_.value(id).shape;
  if (shape.empty()) {
    return -1;
  }
  // Channels of feature maps; features of token lists.
  return shape.size() >= 3 && shape.size() <= 4 && shape[1] > 1
             ? 1
             : static_cast<int>(shape.size()) - 1;
}

Result<View> Planner::InSbuf(ValueId id, int part_axis, const std::vector<int64_t>& halo_low,
                             const std::vector<int64_t>& halo_high) {
  for (const View& view : homes_[id]) {
    const bool axis_fits =
        part_axis == kAnyAxis || view.part_axis == part_axis ||
        (view.parts() == 1 && (part_axis < 0 || view.shape[static_cast<size_t>(part_axis)] == 1));
    if (view.space == isa::Space::kSbuf && axis_fits && HaloCovers(view, halo_low, halo_high)) {
      View result = view;
      if (part_axis != kAnyAxis && view.part_axis != part_axis) {
        if (result.part_axis >= 0) {
          result.strides[static_cast<size_t>(result.part_axis)] = 0;
        }
        result.part_axis = part_axis;
      }
      return result;
    }
  }
  if (part_axis == kAnyAxis) {
    part_axis = PreferredAxis(id);
  }
  const Value& value = graph_.value(id);
  NEURON_ASSIGN_OR_RETURN(const View from, AnyView(id));
  // A graph input's consumers may differ in what they want; one padded copy serves all.
  auto [low, high] =
      part_axis == 1 ? WantedHalo(id) : std::pair<std::vector<int64_t>, std::vector<int64_t>>{};
  low.resize(value.shape.size(), 0);
  high.resize(value.shape.size(), 0);
  for (size_t i = 0; i < halo_low.size(); ++i) {
    low[i] = std::max(low[i], halo_low[i]);
    high[i] = std::max(high[i], halo_high[i]);
  }
  View view = NewView(value.name, from.dtype, value.shape, part_axis, low, high);
  view.zero_point = from.zero_point;
  FillHalo(view);
  AddCopy(from, view);
  AddHome(id, view);
  return view;
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
    const BufferId buffer = NewBuffer("function table", row_bytes);
    AddStreamedLoad(buffer, offset, kCoefficients, row_bytes);
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
    AddHome(id, NewScratch(graph_.value(id)));
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
    Status operator()(const ReshapeLayer&) const { return LowerReshape(planner, layer); }
    Status operator()(const TransposeLayer& x) const { return LowerTranspose(planner, layer, x); }
    Status operator()(const ConcatLayer& x) const { return LowerConcat(planner, layer, x); }
    Status operator()(const SliceLayer& x) const { return LowerSlice(planner, layer, x); }
    Status operator()(const PadLayer& x) const { return LowerPad(planner, layer, x); }
    Status operator()(const HostLayer& x) const { return planner.PlanHost(layer, x); }
  };
  return std::visit(Lower{*this, layer}, layer.body);
}

Status Planner::Plan() {
  package_.segments.resize(kFirstTensorSegment);
  NEURON_ASSIGN_OR_RETURN(const IoPlan io, PlanIo(graph_, package_));
  for (const IoTensor& load : io.loads) {
    AddHome(load.value,
            DramView(graph_.value(load.value), load.segment, static_cast<int64_t>(load.offset)));
    tensor_index_[load.value] = load.tensor;
  }
  for (const Layer& layer : graph_.layers) {
    layer_ = &layer;
    node_ = static_cast<uint32_t>(package_.nodes.size());
    const bool host = std::holds_alternative<HostLayer>(layer.body);
    package_.nodes.push_back(
        {layer.name, host ? std::get<HostLayer>(layer.body).node.op_type : LayerKind(layer)});
    NEURON_RETURN_IF_ERROR(PlanLayer(layer));
  }
  return StoreOutputs(io.stores);
}

Status Planner::StoreOutputs(const std::vector<IoTensor>& stores) {
  layer_ = nullptr;
  for (const IoTensor& store : stores) {
    NEURON_ASSIGN_OR_RETURN(const View from, AnyView(store.value));
    View to =
        DramView(graph_.value(store.value), store.segment, static_cast<int64_t>(store.offset));
    to.dtype = from.dtype;
    AddCopy(from, to);
  }
  return OkStatus();
}

}  // namespace neuron::compiler
