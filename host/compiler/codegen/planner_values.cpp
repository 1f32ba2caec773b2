// SPDX-License-Identifier: Apache-2.0
// Where values lie: homes in SBUF and DRAM, and the copies between them.
#include <algorithm>
#include <bit>
#include <cstring>

#include "host/compiler/codegen/copies.h"
#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/planner.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {
namespace {

constexpr int64_t kConstantAlignment = 64;
// Weights in SBUF are kept for another layer that comes no later than this many layers.
constexpr size_t kSharedWithinLayers = 64;

bool HaloCovers(const View& view, const std::vector<int64_t>& low,
                const std::vector<int64_t>& high) {
  for (size_t i = 0; i < low.size(); ++i) {
    if (view.halo_low[i] < low[i] || view.halo_high[i] < high[i]) {
      return false;
    }
  }
  return true;
}

// Strides in bytes of a tensor stored with `axis` outermost and the others in their order. Axes of
// one index step over the whole tensor, so that offsets say where a part starts (MayOverlap).
std::vector<int64_t> StridesWithOutermost(const Shape& shape, int axis, int64_t element_bytes) {
  std::vector<int64_t> strides(shape.size(), ElementCount(shape) * element_bytes);
  int64_t step = element_bytes;
  for (size_t i = shape.size(); i-- > 0;) {
    if (static_cast<int>(i) != axis && shape[i] > 1) {
      strides[i] = step;
      step *= shape[i];
    }
  }
  if (shape[static_cast<size_t>(axis)] > 1) {
    strides[static_cast<size_t>(axis)] = step;
  }
  return strides;
}

}  // namespace

int64_t Planner::AddConstant(const void* data, size_t bytes) {
  std::vector<std::byte>& image = package_.image;
  const size_t hash = std::hash<std::string_view>{}({static_cast<const char*>(data), bytes});
  const auto [first, last] = constants_.equal_range(hash);
  for (auto known = first; known != last; ++known) {
    const auto [offset, size] = known->second;
    if (size == bytes && std::memcmp(image.data() + offset, data, bytes) == 0) {
      return offset;
    }
  }
  const size_t offset =
      (image.size() + kConstantAlignment - 1) / kConstantAlignment * kConstantAlignment;
  image.resize(offset + bytes);
  std::memcpy(image.data() + offset, data, bytes);
  constants_.emplace(hash, std::pair(static_cast<int64_t>(offset), bytes));
  return static_cast<int64_t>(offset);
}

bool RowSource::operator==(const RowSource& other) const {
  const auto same = [](const SharedBytes& a, const SharedBytes& b) {
    return a.data() == b.data() && a.size() == b.size();
  };
  return std::ranges::equal(weights, other.weights, same) && bias == other.bias &&
         bias_int == other.bias_int && scale == other.scale && layout == other.layout;
}

int64_t Planner::AddRows(RowSource source, const std::function<std::vector<std::byte>()>& make) {
  const std::byte* key = std::as_const(source.weights[0]).data();
  const auto [first, last] = rows_.equal_range(key);
  for (auto known = first; known != last; ++known) {
    if (known->second.first == source) {
      return known->second.second;
    }
  }
  const std::vector<std::byte> table = make();
  const int64_t offset = AddConstant(table.data(), table.size());
  rows_.emplace(key, std::pair(std::move(source), offset));
  return offset;
}

void Planner::AddOp(std::vector<BufferId> uses, EmitFunction emit) {
  PlannedOp op;
  op.node = node_;
  op.uses = std::move(uses);
  op.emit = std::move(emit);
  ops_.push_back(std::move(op));
}

BufferId Planner::LoadRows(const std::string& name, int64_t image_offset, int64_t rows,
                           int64_t row_bytes, int64_t layer_bytes) {
  const RowsInImage in_image{image_offset, row_bytes};
  LoadedRows& loaded = loaded_rows_[in_image];
  const bool recent =
      loaded.buffer != kNoBuffer && layer_index_ - loaded.layer <= kSharedWithinLayers;
  loaded.layer = layer_index_;
  if (recent && layer_bytes <= options_.shared_weights && !layer().loads_weights_again) {
    return loaded.buffer;
  }
  const BufferId buffer = NewBuffer(name, row_bytes);
  AddOp({buffer}, [=](ProgramBuilder& program, const MemoryPlan& memory) {
    isa::DmaInstruction dma = DmaCopy(isa::Space::kDram, kImageSegment, isa::Space::kSbuf, 0, 4);
    dma.src_base = static_cast<uint32_t>(image_offset);
    dma.dst_base = static_cast<uint32_t>(memory.buffer(buffer).offset);
    SetDmaDims(dma, {row_bytes / 4, rows, 1, 1}, {4, row_bytes, 0, 0}, {4, kPartitionStep, 0, 0});
    return program.Append(isa::Queue::kDma0, dma);
  });
  ops_.back().streamed = true;
  ops_.back().constant_bytes = rows * row_bytes;
  ops_.back().rows = in_image;
  loaded.buffer = buffer;
  return buffer;
}

int Planner::LastWriter(const View& source) const {
  for (size_t i = dram_writes_.size(); i-- > 0;) {
    if (MayOverlap(dram_writes_[i].view, source)) {
      return dram_writes_[i].op;
    }
  }
  return -1;
}

// What DRAM has in rows and SBUF across partitions would move element by element. In fewer cycles
// whole rows move between DRAM and a buffer, and blocks are transposed between that and `sbuf`. The
// buffer's view; nothing where it takes more cycles, or too much of SBUF.
std::optional<View> Planner::RowsBetween(const View& dram, const View& sbuf) {
  if (dram.space != isa::Space::kDram || sbuf.space != isa::Space::kSbuf || sbuf.part_axis < 0 ||
      dram.segment == kImageSegment ||
      dram.strides[static_cast<size_t>(sbuf.part_axis)] != dram.element_bytes()) {
    return std::nullopt;
  }
  int axis = -1;
  for (int i = 0; i < dram.rank(); ++i) {
    if (i != sbuf.part_axis &&
        (axis < 0 || dram.shape[static_cast<size_t>(i)] > dram.shape[static_cast<size_t>(axis)])) {
      axis = i;
    }
  }
  if (axis < 0) {
    return std::nullopt;
  }
  auto [rows, bytes] = LayOut(sbuf.dtype, sbuf.shape, axis, {}, {});
  constexpr int64_t kShareOfSbuf = 16;
  if (bytes > config_.sbuf_bytes / kShareOfSbuf ||
      CopyCycles(dram, rows, config_) + CopyCycles(rows, sbuf, config_) >=
          CopyCycles(dram, sbuf, config_)) {
    return std::nullopt;
  }
  rows.zero_point = sbuf.zero_point;
  rows.buffer = NewBuffer("rows", bytes);
  return rows;
}

void Planner::AddLoad(const View& src, const View& view) {
  if (const std::optional<View> rows = RowsBetween(src, view)) {
    AddLoad(src, *rows);
    FillHalo(view);
    AddCopy(*rows, view);
    return;
  }
  const size_t first = ops_.size();
  FillHalo(view);
  AddCopy(src, view);
  if (src.space != isa::Space::kDram) {
    return;
  }
  const int writer = LastWriter(src);
  for (size_t i = first; i < ops_.size(); ++i) {
    ops_[i].streamed = true;
    ops_[i].after = writer;
  }
  if (src.segment == kImageSegment && ops_.size() == first + 1) {
    ops_.back().constant_bytes = ElementCount(view.shape) * view.element_bytes();
    constants_in_sbuf_.insert(view.buffer);
  }
}

void Planner::AddCopy(const View& src, const View& dst) {
  if (const std::optional<View> rows = RowsBetween(dst, src)) {
    AddCopy(src, *rows);
    AddCopy(*rows, dst);
    return;
  }
  std::vector<BufferId> uses;
  for (const View* view : {&src, &dst}) {
    if (view->buffer != kNoBuffer) {
      uses.push_back(view->buffer);
    }
  }
  if (dst.space == isa::Space::kDram) {
    dram_writes_.push_back({dst, static_cast<int>(ops_.size())});
  }
  // Loads never wait behind stores.
  const isa::Queue queue = src.space == isa::Space::kDram ? isa::Queue::kDma0 : isa::Queue::kDma1;
  AddOp(std::move(uses),
        [src, dst, queue, config = &config_](ProgramBuilder& program,
                                             const MemoryPlan& memory) -> Status {
          const auto origin = [&](const View& view) {
            return static_cast<uint32_t>(
                view.buffer == kNoBuffer ? 0 : memory.buffer(view.buffer).offset);
          };
          for (isa::DmaInstruction dma : CopyInstructions(src, dst, *config)) {
            dma.src_base += origin(src);
            dma.dst_base += origin(dst);
            NEURON_RETURN_IF_ERROR(program.Append(queue, dma));
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
  const auto row_bytes = static_cast<int64_t>(groups * sizeof(uint32_t));
  return LoadRows(name, offset, static_cast<int64_t>(rows), row_bytes, row_bytes);
}

// A view without a buffer, and the bytes of one for it.
std::pair<View, int64_t> Planner::LayOut(isa::Dtype dtype, const Shape& shape, int part_axis,
                                         std::vector<int64_t> halo_low,
                                         std::vector<int64_t> halo_high) const {
  View view;
  view.dtype = dtype;
  view.shape = shape;
  view.part_axis = part_axis;
  halo_low.resize(shape.size(), 0);
  halo_high.resize(shape.size(), 0);
  view.halo_low = std::move(halo_low);
  view.halo_high = std::move(halo_high);
  view.strides.assign(shape.size(), 0);
  const int64_t groups = (view.parts() + partitions() - 1) / partitions();
  int64_t step = view.element_bytes();
  const auto place_groups = [&] {
    view.group_stride =
        groups > 1 ? (step + kGroupAlignment - 1) / kGroupAlignment * kGroupAlignment : step;
    step = view.group_stride * groups;
  };
  // Groups lie outermost; but of matrices with the last axis on partitions each is one piece, so
  // that heads of attention split and join without a copy.
  constexpr int kMatrices = 4;
  const bool groups_inside = view.rank() >= kMatrices && part_axis == view.rank() - 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (static_cast<int>(i) == part_axis) {
      continue;
    }
    view.strides[i] = step;
    view.offset += view.halo_low[i] * step;
    step *= shape[i] + view.halo_low[i] + view.halo_high[i];
    if (groups_inside && i + 2 == shape.size()) {
      place_groups();
    }
  }
  if (!groups_inside) {
    place_groups();
  }
  return {view, step};
}

View Planner::NewView(const std::string& name, isa::Dtype dtype, const Shape& shape, int part_axis,
                      std::vector<int64_t> halo_low, std::vector<int64_t> halo_high) {
  auto [view, bytes] = LayOut(dtype, shape, part_axis, std::move(halo_low), std::move(halo_high));
  view.buffer = NewBuffer(name, bytes);
  return view;
}

std::pair<std::vector<int64_t>, std::vector<int64_t>> Planner::WantedHalo(ValueId value) const {
  const Shape& shape = graph_.value(value).shape;
  const size_t rank = shape.size();
  std::vector<int64_t> low(rank, 0);
  std::vector<int64_t> high(rank, 0);
  for (const Layer* layer : readers_[static_cast<size_t>(value)]) {
    if (const auto* slice = std::get_if<SliceLayer>(&layer->body)) {
      // A part that reaches the edge may be read with the padding there.
      const Shape& part = graph_.value(layer->outputs[0]).shape;
      const auto [part_low, part_high] = WantedHalo(layer->outputs[0]);
      for (size_t i = 0; i < rank; ++i) {
        const bool plain = slice->steps[i] == 1;
        const bool at_end = slice->starts[i] + part[i] == shape[i];
        low[i] = std::max(low[i], plain && slice->starts[i] == 0 ? part_low[i] : 0);
        high[i] = std::max(high[i], plain && at_end ? part_high[i] : 0);
      }
      continue;
    }
    const auto* matrix = std::get_if<MatrixLayer>(&layer->body);
    if (matrix == nullptr || !matrix->is_conv || layer->inputs[0] != value) {
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
  NEURON_ASSIGN_OR_RETURN(const std::optional<View> part, PlaceInWhole(id, part_axis));
  if (part.has_value()) {
    AddHome(id, *part);
    return *part;
  }
  if (const auto placed = PlacedView(*this, id, part_axis)) {
    AddHome(id, *placed);
    return *placed;
  }
  return NewWhole(id, part_axis);
}

int64_t Planner::MostPartitions(BufferId buffer) const {
  int64_t most = 0;
  for (const auto& [id, views] : homes_) {
    for (const View& view : views) {
      if (view.space == isa::Space::kSbuf && view.buffer == buffer) {
        most = std::max(most, std::min(view.parts(), partitions()));
      }
    }
  }
  return most;
}

// No layer but the present one, and no output or state, needs the value or another in its buffer.
bool Planner::ReadHereOnly(ValueId value, BufferId buffer) const {
  if (options_.resident != ResidentConstants::kNone && constants_in_sbuf_.contains(buffer)) {
    return false;  // the next execution reads it too
  }
  const auto needed = [&](ValueId id) {
    const auto& readers = readers_[static_cast<size_t>(id)];
    return std::ranges::any_of(readers, [&](const Layer* reader) { return reader > layer_; }) ||
           std::ranges::count(readers, layer_) > (id == value ? 1 : 0) ||
           std::ranges::any_of(stores_, [&](const IoTensor& store) { return store.value == id; });
  };
  return std::ranges::none_of(homes_, [&](const auto& entry) {
    return std::ranges::any_of(entry.second,
                               [&](const View& home) {
                                 return home.space == isa::Space::kSbuf && home.buffer == buffer;
                               }) &&
           needed(entry.first);
  });
}

Result<View> Planner::NewValueViewOver(ValueId operand, ValueId id, int part_axis) {
  NEURON_ASSIGN_OR_RETURN(const std::optional<View> part, PlaceInWhole(id, part_axis));
  const Value& value = graph_.value(id);
  const auto [low, high] = WantedHalo(id);
  const auto pads = [](const std::vector<int64_t>& halo) {
    return std::ranges::any_of(halo, [](int64_t elements) { return elements > 0; });
  };
  if (!part.has_value() && !PlacedView(*this, id, part_axis).has_value() &&
      !(part_axis == 1 && (pads(low) || pads(high)))) {
    NEURON_ASSIGN_OR_RETURN(const isa::Dtype dtype, TypeOf(value));
    for (const View& home : homes_[operand]) {
      if (home.space == isa::Space::kSbuf && home.part_axis == part_axis &&
          home.shape == value.shape && DtypeBytes(home.dtype) == DtypeBytes(dtype) &&
          ReadHereOnly(operand, home.buffer)) {
        View view = home;
        view.dtype = dtype;
        view.zero_point = ZeroPoint(value);
        view.halo_low.assign(value.shape.size(), 0);
        view.halo_high.assign(value.shape.size(), 0);
        AddHome(id, view);
        return view;
      }
    }
  }
  return NewValueView(id, part_axis);
}

Result<View> Planner::NewWhole(ValueId id, int part_axis) {
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

// The place of a value inside the SBUF tensor that it is stored to next, where its layout allows.
Result<std::optional<View>> Planner::PlaceInWhole(ValueId piece, int part_axis) {
  for (const Layer* reader : readers_[static_cast<size_t>(piece)]) {
    const auto* store = std::get_if<StoreLayer>(&reader->body);
    if (store == nullptr || graph_.value(reader->outputs[0]).in_dram) {
      continue;
    }
    const ValueId whole = reader->outputs[0];
    if (homes_[whole].empty()) {
      NEURON_RETURN_IF_ERROR(NewWhole(whole, part_axis).status());
    }
    const View& home = homes_[whole].front();
    if (home.part_axis != part_axis ||
        (part_axis >= 0 && store->starts[static_cast<size_t>(part_axis)] % partitions() != 0)) {
      continue;
    }
    return std::optional<View>(
        Sliced(home, store->starts, graph_.value(piece).shape, partitions()));
  }
  return std::optional<View>();
}

// True where no reader needs the rows of a value in DRAM in their order.
bool Planner::AnyOrderInDram(ValueId id) const {
  const Value& value = graph_.value(id);
  const auto type = EngineType(value.type);
  return type.has_value() && DtypeBytes(*type) == static_cast<int64_t>(ElementBytes(value.type)) &&
         std::ranges::none_of(readers_[static_cast<size_t>(id)], [](const Layer* reader) {
           return std::holds_alternative<ReshapeLayer>(reader->body) ||
                  std::holds_alternative<GatherLayer>(reader->body) ||
                  std::holds_alternative<HostLayer>(reader->body);
         });
}

// Where in DRAM a value that is made in pieces lies: its output segment, or scratch. In scratch
// `part_axis`, which pieces have on partitions, is the outermost, so that partitions are stored and
// loaded in runs.
View Planner::PiecewiseHome(ValueId id, int part_axis) {
  for (const View& view : homes_[id]) {
    if (view.space == isa::Space::kDram) {
      return view;
    }
  }
  // The output's own segment, unless the program may not read there and needs to.
  const auto store = std::ranges::find_if(stores_, [&](const IoTensor& stored) {
    return stored.value == id && (package_.segments[stored.segment].readable ||
                                  readers_[static_cast<size_t>(id)].empty());
  });
  View home;
  if (store != stores_.end()) {
    home = DramView(graph_.value(id), store->segment, static_cast<int64_t>(store->offset));
  } else {
    home = NewScratch(graph_.value(id));
    if (part_axis >= 0 && AnyOrderInDram(id)) {
      home.strides = StridesWithOutermost(home.shape, part_axis, home.element_bytes());
    }
  }
  AddHome(id, home);
  return home;
}

Status Planner::Store(const View& piece, ValueId whole, const StoreLayer& store) {
  const std::vector<int64_t>& starts = store.starts;
  if (graph_.value(whole).in_dram) {
    const View home = PiecewiseHome(whole, piece.space == isa::Space::kSbuf ? piece.part_axis : -1);
    AddCopy(piece, Sliced(home, starts, piece.shape, partitions()));
    if (store.overlaps && stored_last_.whole == whole) {
      ops_.back().uses.push_back(stored_last_.buffer);
    }
    if (piece.buffer != kNoBuffer) {
      stored_last_ = {whole, piece.buffer};
    }
    return OkStatus();
  }
  if (homes_[whole].empty()) {
    NEURON_RETURN_IF_ERROR(
        NewWhole(whole, piece.space == isa::Space::kSbuf ? piece.part_axis : PreferredAxis(whole))
            .status());
  }
  const View home = homes_[whole].front();
  if (home.part_axis >= 0 && starts[static_cast<size_t>(home.part_axis)] % partitions() != 0) {
    return Error(StatusCode::kInternal, "a piece does not start in partition 0");
  }
  if (piece.buffer != home.buffer) {
    AddCopy(piece, Sliced(home, starts, piece.shape, partitions()));
  }
  return OkStatus();
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
  view.origin = offset;
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

View Planner::NewScratchView(ValueId id) {
  View view = NewScratch(graph_.value(id));
  AddHome(id, view);
  return view;
}

Result<View> Planner::InDram(ValueId id, bool row_major) {
  const Value& value = graph_.value(id);
  auto plain = [&](const View& view) {
    return view.strides ==
           RowMajorStrides(value.shape, static_cast<int64_t>(ElementBytes(value.type)));
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
  PlanStore(*this, from, scratch, value.type);
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
  AddLoad(from, view);
  AddHome(id, view);
  return view;
}

}  // namespace neuron::compiler
