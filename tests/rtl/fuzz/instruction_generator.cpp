// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/fuzz/instruction_generator.h"

#include <algorithm>
#include <bit>

namespace neuron::test {
namespace {

using isa::Queue;
using isa::Space;

constexpr uint32_t kMaxElements = 600;  // of one partition of an engine, or of a DMA instruction
constexpr uint32_t kMaxTries = 400;
constexpr uint32_t kSbuf = static_cast<uint32_t>(Space::kSbuf);
constexpr uint32_t kPsum = static_cast<uint32_t>(Space::kPsum);
constexpr uint32_t kDram = static_cast<uint32_t>(Space::kDram);

uint32_t ElementBytes(uint32_t dtype) {
  switch (static_cast<isa::Dtype>(dtype)) {
    case isa::Dtype::kInt8:
    case isa::Dtype::kUint8:
      return 1;
    case isa::Dtype::kBf16:
    case isa::Dtype::kFp16:
      return 2;
    default:
      return 4;
  }
}

template <typename Instruction>
Words Encode(const Instruction& instruction) {
  Words words{};
  instruction.Encode(words);
  return words;
}

}  // namespace

std::vector<uint64_t> TouchedElements(const isa::Access& access, bool distinct) {
  std::vector<uint64_t> keys = {0};
  for (uint32_t d = 0; d < access.dim_count; ++d) {
    const isa::AccessDim& dim = access.dims[d];
    std::vector<uint64_t> next;
    next.reserve(keys.size() * static_cast<size_t>(dim.count));
    for (int64_t i = 0; i < dim.count; ++i) {
      for (uint64_t key : keys) next.push_back(key + static_cast<uint64_t>(i * dim.stride));
    }
    keys = std::move(next);
    if (keys.size() > 16 * kMaxElements) return {};
  }
  std::vector<uint64_t> bytes;
  for (uint64_t key : keys) {
    for (uint32_t b = 0; b < access.element_bytes; ++b) {
      bytes.push_back((uint64_t{static_cast<uint32_t>(access.space)} << 60) +
                      (uint64_t{access.space == Space::kDram ? access.segment : 0} << 50) +
                      static_cast<uint64_t>(access.base) + key + b);
    }
  }
  std::sort(bytes.begin(), bytes.end());
  const auto end = std::unique(bytes.begin(), bytes.end());
  if (distinct && end != bytes.end()) return {};
  bytes.erase(end, bytes.end());
  return bytes;
}

// Legal, and its result does not depend on the order in which elements are moved.
bool InstructionGenerator::Acceptable(Queue queue, const Words& words) const {
  if (isa::CheckInstruction(config_, queue, words, segments_)) return false;
  const std::vector<isa::Access> accesses = isa::AccessesOf(words);
  std::vector<std::vector<uint64_t>> touched;
  for (const isa::Access& access : accesses) {
    // TensorE accumulates into PSUM in order; its pattern is one row of words.
    touched.push_back(TouchedElements(access, access.write));
    if (touched.back().empty()) return false;
  }
  for (size_t w = 0; w < accesses.size(); ++w) {
    if (!accesses[w].write) continue;
    for (size_t r = 0; r < accesses.size(); ++r) {
      if (r == w || accesses[r].space != accesses[w].space) continue;
      std::vector<uint64_t> both;
      std::set_intersection(touched[w].begin(), touched[w].end(), touched[r].begin(),
                            touched[r].end(), std::back_inserter(both));
      if (both.empty()) continue;
      // In place: the same elements in the same order.
      bool same = !accesses[r].write && accesses[r].base == accesses[w].base &&
                  accesses[r].element_bytes == accesses[w].element_bytes &&
                  accesses[r].dim_count == accesses[w].dim_count && !accesses[w].dma;
      for (uint32_t d = 0; same && d < accesses[w].dim_count; ++d) {
        same = accesses[r].dims[d].count == accesses[w].dims[d].count &&
               accesses[r].dims[d].stride == accesses[w].dims[d].stride;
      }
      if (!same) return false;
    }
  }
  return true;
}

Words InstructionGenerator::Next(Queue queue) {
  for (uint32_t attempt = 0; attempt < kMaxTries; ++attempt) {
    Words words;
    switch (queue) {
      case Queue::kTensor:
        words = Matmul();
        break;
      case Queue::kVector:
        words = Vector();
        break;
      case Queue::kScalar:
        words = Chance(10) ? LoadTable() : Scalar();
        break;
      default: {
        const uint32_t kind = Below(10);
        words = kind < 7 ? Copy() : kind < 8 ? Fill() : Transpose();
        break;
      }
    }
    if (Acceptable(queue, words)) return words;
  }
  // Nothing random fits: something that always does.
  if (queue == Queue::kTensor) {
    isa::TensorInstruction i;
    i.opcode = static_cast<uint32_t>(isa::Opcode::kMatmul);
    i.part_count = i.column_count = 1;
    i.outer_size0 = i.outer_size1 = i.outer_size2 = 1;
    i.inner_size0 = i.inner_size1 = i.inner_size2 = 1;
    return Encode(i);
  }
  if (queue == Queue::kVector) {
    isa::VectorInstruction i;
    i.opcode = static_cast<uint32_t>(isa::Opcode::kFill);
    i.part_count = i.size0 = i.size1 = i.size2 = 1;
    return Encode(i);
  }
  if (queue == Queue::kScalar) {
    isa::ScalarInstruction i;
    i.opcode = static_cast<uint32_t>(isa::Opcode::kActivate);
    i.part_count = i.size0 = i.size1 = i.size2 = 1;
    return Encode(i);
  }
  isa::DmaInstruction i;
  i.opcode = static_cast<uint32_t>(isa::Opcode::kDmaFill);
  i.dst_size0 = i.dst_size1 = i.dst_size2 = i.dst_size3 = 1;
  return Encode(i);
}

template <typename Instruction>
void InstructionGenerator::Window(Instruction& instruction) {
  instruction.part_start = Chance(40) ? 0 : Below(config_.p);
  const uint32_t most = config_.p - instruction.part_start;
  instruction.part_count = Chance(40) ? most : 1 + Below(most);
}

std::array<uint32_t, 3> InstructionGenerator::Sizes(uint32_t limit) {
  std::array<uint32_t, 3> sizes = {1, 1, 1};
  uint32_t left = Chance(5) ? limit : 1 + Below(std::min(limit, Chance(30) ? limit : 40));
  for (uint32_t& size : sizes) {
    if (Chance(30)) continue;
    size = 1 + Below(Chance(50) ? left : std::min(left, 6u));
    left /= size;
  }
  if (sizes[0] == 1 && Chance(70)) sizes[0] = std::max(left, 1u);
  return sizes;
}

int32_t InstructionGenerator::Stride(uint32_t element_bytes) {
  const int32_t element = static_cast<int32_t>(element_bytes);
  switch (Below(8)) {
    case 0:
      return 0;
    case 1:
      return -element * static_cast<int32_t>(1 + Below(4));
    case 2:
    case 3:
      return element * static_cast<int32_t>(1 + Below(12));
    default:
      return element;
  }
}

std::array<int32_t, 3> InstructionGenerator::SpreadStrides(const std::array<uint32_t, 3>& sizes,
                                                           uint32_t element_bytes) {
  std::array<uint32_t, 3> order = {0, 1, 2};
  if (Chance(30)) std::shuffle(order.begin(), order.end(), random_);
  std::array<int32_t, 3> strides{};
  uint32_t reach = element_bytes;
  for (uint32_t d : order) {
    uint32_t step = reach;
    if (Chance(25)) step += element_bytes * Below(4);
    strides[d] = static_cast<int32_t>(step) * (Chance(15) ? -1 : 1);
    reach = step * sizes[d];
  }
  return strides;
}

uint32_t InstructionGenerator::Base(std::initializer_list<std::pair<uint32_t, int32_t>> dims,
                                    uint32_t element_bytes, uint32_t bytes) {
  int64_t low = 0, high = element_bytes;
  for (const auto& [size, stride] : dims) {
    const int64_t span = int64_t{stride} * (int64_t{size} - 1);
    (span < 0 ? low : high) += span;
  }
  const int64_t room = int64_t{bytes} - (high - low);
  if (room < 0) return bytes;  // the check refuses it
  const int64_t step = Below(static_cast<uint32_t>(room / element_bytes) + 1);
  return static_cast<uint32_t>(-low + step * element_bytes);
}

uint32_t InstructionGenerator::SpaceBytes(uint32_t space) const {
  return space == kPsum ? config_.psum_bytes : config_.sbuf_bytes;
}

uint32_t InstructionGenerator::RandomDtype(uint32_t space) {
  if (space == kPsum) {
    return static_cast<uint32_t>(Chance(60) ? isa::Dtype::kFp32 : isa::Dtype::kInt32);
  }
  return Below(6);
}

uint32_t InstructionGenerator::RandomFloat() {
  switch (Below(8)) {
    case 0:
      return static_cast<uint32_t>(random_());
    case 1:
      return Pick({0, 0x80000000, 0x3F800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0x00000001});
    default:
      return std::bit_cast<uint32_t>((static_cast<float>(Below(4000)) - 2000.0f) / 256.0f);
  }
}

Words InstructionGenerator::Matmul() {
  isa::TensorInstruction i;
  i.opcode = static_cast<uint32_t>(isa::Opcode::kMatmul);
  Window(i);
  const bool integer = Chance(40);
  i.moving_dtype = integer ? 3 + Below(2) : Below(3);
  i.stationary_dtype = integer ? 3 + Below(2) : Below(3);
  i.accumulate = Chance(50);
  i.moving_zero_point = Below(256);
  i.stationary_zero_point = Below(256);
  i.column_start = Chance(50) ? 0 : Below(config_.p);
  i.column_count = 1 + Below(config_.p - i.column_start);
  const uint32_t moving = ElementBytes(i.moving_dtype);
  const uint32_t stationary = ElementBytes(i.stationary_dtype);

  const auto inner = Sizes(std::min<uint32_t>(isa::kMaxMoving, config_.psum_bytes / 4));
  i.inner_size0 = inner[0];
  i.inner_size1 = inner[1];
  i.inner_size2 = inner[2];
  const uint32_t n = inner[0] * inner[1] * inner[2];
  const auto outer = Sizes(n > 64 ? 3 : 12);
  i.outer_size0 = outer[0];
  i.outer_size1 = outer[1];
  i.outer_size2 = outer[2];
  i.stationary_stride = Stride(stationary);
  i.stationary_outer_stride0 = Stride(stationary) * 3;
  i.stationary_outer_stride1 = Stride(stationary) * 7;
  i.stationary_outer_stride2 = Stride(stationary);
  i.moving_outer_stride0 = Stride(moving);
  i.moving_outer_stride1 = Stride(moving) * 5;
  i.moving_outer_stride2 = Stride(moving);
  i.moving_stride0 = Stride(moving);
  i.moving_stride1 = Stride(moving) * 2;
  i.moving_stride2 = Stride(moving);
  i.stationary_base = Base({{i.column_count, i.stationary_stride},
                            {outer[0], i.stationary_outer_stride0},
                            {outer[1], i.stationary_outer_stride1},
                            {outer[2], i.stationary_outer_stride2}},
                           stationary, config_.sbuf_bytes);
  i.moving_base = Base({{inner[0], i.moving_stride0},
                        {inner[1], i.moving_stride1},
                        {inner[2], i.moving_stride2},
                        {outer[0], i.moving_outer_stride0},
                        {outer[1], i.moving_outer_stride1},
                        {outer[2], i.moving_outer_stride2}},
                       moving, config_.sbuf_bytes);
  i.psum_base = Base({{n, 4}}, 4, config_.psum_bytes);
  return Encode(i);
}

Words InstructionGenerator::Vector() {
  isa::VectorInstruction i;
  const isa::Opcode opcodes[] = {
      isa::Opcode::kTensorTensor, isa::Opcode::kTensorScalar, isa::Opcode::kScalarTensorTensor,
      isa::Opcode::kReduce,       isa::Opcode::kArgmax,       isa::Opcode::kSelect,
      isa::Opcode::kIota,         isa::Opcode::kFill};
  const isa::Opcode opcode = opcodes[Below(std::size(opcodes))];
  const bool windowed = opcode == isa::Opcode::kReduce || opcode == isa::Opcode::kArgmax;
  i.opcode = static_cast<uint32_t>(opcode);
  Window(i);
  i.in0_space = RandomSpace();
  i.in1_space = RandomSpace();
  i.out_space = RandomSpace();
  i.in0_dtype = RandomDtype(i.in0_space);
  i.in1_dtype = RandomDtype(i.in1_space);
  i.out_dtype = RandomDtype(i.out_space);
  i.alu0 = opcode == isa::Opcode::kReduce ? Pick({1, 5, 6}) : Below(14);
  i.alu1 = Below(14);
  i.scalar0_operand = Chance(30);
  i.scalar1_operand = Chance(30);
  i.predicate = Chance(50);
  i.in0_zero_point = Below(256);
  i.in1_zero_point = Below(256);
  i.out_zero_point = Below(256);
  i.scalar0 = i.scalar0_operand ? 4 * Below(config_.sbuf_bytes / 4) : RandomFloat();
  i.scalar1 = i.scalar1_operand ? 4 * Below(config_.sbuf_bytes / 4) : RandomFloat();

  const auto sizes = Sizes(windowed ? 40 : kMaxElements / 4);
  i.size0 = sizes[0];
  i.size1 = sizes[1];
  i.size2 = sizes[2];
  const auto window = Sizes(12);
  i.window_size0 = window[0];
  i.window_size1 = window[1];
  i.window_size2 = window[2];
  const uint32_t in0 = ElementBytes(i.in0_dtype);
  const uint32_t in1 = ElementBytes(i.in1_dtype);
  const uint32_t out = ElementBytes(i.out_dtype);
  i.in0_stride0 = Stride(in0);
  i.in0_stride1 = Stride(in0) * 2;
  i.in0_stride2 = Stride(in0) * 5;
  i.in0_window_stride0 = Stride(in0);
  i.in0_window_stride1 = Stride(in0) * 3;
  i.in0_window_stride2 = Stride(in0);
  i.in1_stride0 = Stride(in1);
  i.in1_stride1 = Stride(in1) * 2;
  i.in1_stride2 = Stride(in1) * 5;
  const auto spread = SpreadStrides(sizes, out);
  i.out_stride0 = spread[0];
  i.out_stride1 = spread[1];
  i.out_stride2 = spread[2];
  i.out_base = Base({{sizes[0], spread[0]}, {sizes[1], spread[1]}, {sizes[2], spread[2]}}, out,
                    SpaceBytes(i.out_space));
  if (windowed) {
    i.in0_base = Base({{sizes[0], i.in0_stride0},
                       {sizes[1], i.in0_stride1},
                       {sizes[2], i.in0_stride2},
                       {window[0], i.in0_window_stride0},
                       {window[1], i.in0_window_stride1},
                       {window[2], i.in0_window_stride2}},
                      in0, SpaceBytes(i.in0_space));
  } else {
    i.in0_base =
        Base({{sizes[0], i.in0_stride0}, {sizes[1], i.in0_stride1}, {sizes[2], i.in0_stride2}}, in0,
             SpaceBytes(i.in0_space));
  }
  i.in1_base =
      Base({{sizes[0], i.in1_stride0}, {sizes[1], i.in1_stride1}, {sizes[2], i.in1_stride2}}, in1,
           SpaceBytes(i.in1_space));
  if (!windowed && Chance(20)) {  // in place
    i.in0_space = i.out_space;
    i.in0_dtype = i.out_dtype;
    i.in0_base = i.out_base;
    i.in0_stride0 = spread[0];
    i.in0_stride1 = spread[1];
    i.in0_stride2 = spread[2];
  }
  return Encode(i);
}

Words InstructionGenerator::Scalar() {
  isa::ScalarInstruction i;
  i.opcode = static_cast<uint32_t>(isa::Opcode::kActivate);
  Window(i);
  i.in_space = RandomSpace();
  i.out_space = RandomSpace();
  i.in_dtype = RandomDtype(i.in_space);
  i.out_dtype = RandomDtype(i.out_space);
  i.func = Below(9);
  i.scale_operand = Chance(30);
  i.bias_operand = Chance(30);
  i.sum_enable = Chance(25);
  i.in_zero_point = Below(256);
  i.out_zero_point = Below(256);
  i.scale = i.scale_operand ? 4 * Below(config_.sbuf_bytes / 4) : RandomFloat();
  i.bias = i.bias_operand ? 4 * Below(config_.sbuf_bytes / 4) : RandomFloat();
  i.alpha = RandomFloat();
  i.clamp_low = Chance(60) ? 0xFF800000 : RandomFloat();
  i.clamp_high = Chance(60) ? 0x7F800000 : RandomFloat();
  i.table_index_bits = 4 + Below(Chance(70) ? 2 : 7);
  const uint32_t exponent = 110 + Below(30);
  i.table_exp_min = exponent;
  i.table_exp_max = exponent + Below(12);
  i.table_base = Below(config_.table_entries);
  i.table_negative_base = Below(config_.table_entries);
  const auto sizes = Sizes(kMaxElements / 4);
  i.size0 = sizes[0];
  i.size1 = sizes[1];
  i.size2 = sizes[2];
  const uint32_t in = ElementBytes(i.in_dtype);
  const uint32_t out = ElementBytes(i.out_dtype);
  i.in_stride0 = Stride(in);
  i.in_stride1 = Stride(in) * 2;
  i.in_stride2 = Stride(in) * 5;
  const auto spread = SpreadStrides(sizes, out);
  i.out_stride0 = spread[0];
  i.out_stride1 = spread[1];
  i.out_stride2 = spread[2];
  i.in_base = Base({{sizes[0], i.in_stride0}, {sizes[1], i.in_stride1}, {sizes[2], i.in_stride2}},
                   in, SpaceBytes(i.in_space));
  i.out_base = Base({{sizes[0], spread[0]}, {sizes[1], spread[1]}, {sizes[2], spread[2]}}, out,
                    SpaceBytes(i.out_space));
  i.sum_base = 4 * Below(config_.sbuf_bytes / 4);
  if (Chance(20)) {  // in place
    i.in_space = i.out_space;
    i.in_dtype = i.out_dtype;
    i.in_base = i.out_base;
    i.in_stride0 = spread[0];
    i.in_stride1 = spread[1];
    i.in_stride2 = spread[2];
  }
  return Encode(i);
}

Words InstructionGenerator::LoadTable() {
  isa::ScalarInstruction i;
  i.opcode = static_cast<uint32_t>(isa::Opcode::kLoadTable);
  i.part_start = Below(config_.p - 3);
  i.part_count = 4;
  i.in_space = RandomSpace();
  i.size0 = 1 + Below(32);
  i.table_base = Below(config_.table_entries);
  i.in_base = Base({{i.size0, 4}}, 4, SpaceBytes(i.in_space));
  return Encode(i);
}

Words InstructionGenerator::LoadWholeTable() {
  isa::ScalarInstruction i;
  i.opcode = static_cast<uint32_t>(isa::Opcode::kLoadTable);
  i.part_start = Below(config_.p - 3);
  i.part_count = 4;
  i.size0 = config_.table_entries;
  i.in_base = Base({{i.size0, 4}}, 4, config_.sbuf_bytes);
  return Encode(i);
}

// Four sizes whose product is `count`.
std::array<uint32_t, 4> InstructionGenerator::SplitCount(uint32_t count) {
  std::array<uint32_t, 4> sizes = {1, 1, 1, 1};
  for (uint32_t divisor = 2; count > 1;) {
    if (count % divisor != 0) {
      divisor = divisor * divisor > count ? count : divisor + 1;
      continue;
    }
    sizes[Chance(60) ? 0 : Below(4)] *= divisor;
    count /= divisor;
  }
  return sizes;
}

InstructionGenerator::Side InstructionGenerator::DmaSide(const std::array<uint32_t, 4>& sizes,
                                                         bool sbuf, uint32_t element_bytes,
                                                         uint32_t segment, bool spread) {
  Side side{sizes, {}, 0};
  const int32_t element = static_cast<int32_t>(element_bytes);
  // In DRAM an element may lie at any byte.
  const uint32_t grain = !sbuf && Chance(40) ? 1 : element_bytes;
  uint32_t reach = element_bytes;
  uint32_t partitions = 1;
  int64_t low = 0, high = element;
  for (uint32_t d = 0; d < 4; ++d) {
    int32_t bytes;
    if (spread) {
      const uint32_t step = reach + (Chance(25) ? grain * Below(5 * element_bytes / grain) : 0);
      bytes = static_cast<int32_t>(step) * (Chance(12) ? -1 : 1);
    } else {
      bytes = d == 0 && Chance(60) ? element
                                   : Stride(element_bytes) * static_cast<int32_t>(1 + Below(6)) +
                                         static_cast<int32_t>(grain * Below(element_bytes / grain));
    }
    const bool across = sbuf && sizes[d] > 1 && partitions * sizes[d] <= config_.p && Chance(40);
    if (across) {
      side.strides[d] = static_cast<int32_t>(partitions) << isa::kSbufPartitionShift;
      partitions *= sizes[d];
      if (Chance(10)) side.strides[d] += element;
    } else {
      side.strides[d] = bytes;
      reach = static_cast<uint32_t>(std::abs(bytes)) * sizes[d];
    }
    const int64_t walk = across ? side.strides[d] & 0xFF : bytes;
    const int64_t span = walk * (int64_t{sizes[d]} - 1);
    (span < 0 ? low : high) += span;
  }
  const int64_t bytes = sbuf ? config_.sbuf_bytes : static_cast<int64_t>(segments_[segment].limit);
  const int64_t room = bytes - (high - low);
  if (room < 0) {
    side.base = ~0u;  // the check refuses it
    return side;
  }
  side.base = static_cast<uint32_t>(-low) + Below(static_cast<uint32_t>(room) / grain + 1) * grain;
  if (sbuf) side.base += Below(config_.p - partitions + 1) << isa::kSbufPartitionShift;
  return side;
}

Words InstructionGenerator::Copy() {
  isa::DmaInstruction i;
  i.opcode = static_cast<uint32_t>(isa::Opcode::kDmaCopy);
  i.element_log2 = Below(3);
  i.src_space = Chance(50) ? kSbuf : kDram;
  i.dst_space = Chance(60) ? kSbuf : kDram;
  i.src_segment = Chance(50) ? kDataSegment : kConstSegment;
  i.dst_segment = kDataSegment;
  i.fill_value = static_cast<uint32_t>(random_());
  const uint32_t element_bytes = 1u << i.element_log2;
  const uint32_t count = 1 + Below(Chance(20) ? kMaxElements : 80);
  std::array<uint32_t, 4> sizes = SplitCount(count);
  const auto dst_sizes = Chance(50) ? sizes : SplitCount(count);
  i.src_size0 = sizes[0];
  i.src_size1 = sizes[1];
  i.src_size2 = sizes[2];
  i.src_size3 = sizes[3];
  i.valid0 = sizes[0];
  i.valid1 = sizes[1];
  if (Chance(25)) {
    i.pad_low0 = Below(std::min(sizes[0], 4u) + 1);
    i.valid0 = Below(sizes[0] - i.pad_low0 + 1);
    i.pad_low1 = Below(std::min(sizes[1], 4u) + 1);
    i.valid1 = Below(sizes[1] - i.pad_low1 + 1);
  }
  sizes[0] = std::max(i.valid0, 1u);
  sizes[1] = std::max(i.valid1, 1u);
  const Side src = DmaSide(sizes, i.src_space == kSbuf, element_bytes, i.src_segment, Chance(50));
  i.src_base = src.base;
  i.src_stride0 = src.strides[0];
  i.src_stride1 = src.strides[1];
  i.src_stride2 = src.strides[2];
  i.src_stride3 = src.strides[3];
  const Side dst = DmaSide(dst_sizes, i.dst_space == kSbuf, element_bytes, kDataSegment, true);
  i.dst_base = dst.base;
  i.dst_size0 = dst_sizes[0];
  i.dst_size1 = dst_sizes[1];
  i.dst_size2 = dst_sizes[2];
  i.dst_size3 = dst_sizes[3];
  i.dst_stride0 = dst.strides[0];
  i.dst_stride1 = dst.strides[1];
  i.dst_stride2 = dst.strides[2];
  i.dst_stride3 = dst.strides[3];
  return Encode(i);
}

Words InstructionGenerator::Fill() {
  auto i = isa::DmaInstruction::Decode(Copy());
  i.opcode = static_cast<uint32_t>(isa::Opcode::kDmaFill);
  return Encode(i);
}

Words InstructionGenerator::Transpose() {
  isa::DmaInstruction i;
  i.opcode = static_cast<uint32_t>(isa::Opcode::kDmaTranspose);
  i.element_log2 = Below(3);
  i.part_count = 1 + Below(config_.p);
  i.src_size0 = 1 + Below(config_.p);
  i.src_size1 = 1 + Below(3);
  const uint32_t element = 1u << i.element_log2;
  const auto blocks = [&](uint32_t columns, int32_t& stride, int32_t& block) {
    stride = static_cast<int32_t>(element * (1 + Below(3)));
    block = stride * static_cast<int32_t>(columns) + static_cast<int32_t>(element * Below(4));
  };
  blocks(i.src_size0, i.src_stride0, i.src_stride1);
  blocks(i.part_count, i.dst_stride0, i.dst_stride1);
  i.src_base = Base({{i.src_size0, i.src_stride0}, {i.src_size1, i.src_stride1}}, element,
                    config_.sbuf_bytes) |
               Below(config_.p - i.part_count + 1) << isa::kSbufPartitionShift;
  i.dst_base = Base({{i.part_count, i.dst_stride0}, {i.src_size1, i.dst_stride1}}, element,
                    config_.sbuf_bytes) |
               Below(config_.p - i.src_size0 + 1) << isa::kSbufPartitionShift;
  return Encode(i);
}

Words InstructionGenerator::LoadIndices(uint32_t address, uint32_t partition, uint32_t count,
                                        uint32_t bad) {
  isa::DmaInstruction i;
  i.opcode = static_cast<uint32_t>(isa::Opcode::kDmaCopy);
  i.element_log2 = 2;
  i.src_space = kDram;
  i.src_segment = kConstSegment;
  i.src_base = 4 * (bad < count ? kIndexCount - bad : Below(kIndexCount - count + 1));
  i.dst_base = partition << isa::kSbufPartitionShift | address;
  i.src_size0 = i.valid0 = i.dst_size0 = count;
  i.src_size1 = i.src_size2 = i.src_size3 = i.valid1 = 1;
  i.dst_size1 = i.dst_size2 = i.dst_size3 = 1;
  i.src_stride0 = i.dst_stride0 = 4;
  return Encode(i);
}

Words InstructionGenerator::Gather(uint32_t address, uint32_t partition, uint32_t count,
                                   uint32_t limit) {
  for (uint32_t attempt = 0; attempt < kMaxTries; ++attempt) {
    auto i = isa::DmaInstruction::Decode(Copy());
    i.indirect = 1;
    i.index_base = partition << isa::kSbufPartitionShift | address;
    i.index_limit = limit;
    i.src_size3 = count;
    const uint32_t total = i.src_size0 * i.src_size1 * i.src_size2 * count;
    const auto sizes = Chance(50) ? SplitCount(total) : std::array<uint32_t, 4>{total, 1, 1, 1};
    const Side dst = DmaSide(sizes, i.dst_space == kSbuf, 1u << i.element_log2, kDataSegment, true);
    i.dst_base = dst.base;
    i.dst_size0 = sizes[0];
    i.dst_size1 = sizes[1];
    i.dst_size2 = sizes[2];
    i.dst_size3 = sizes[3];
    i.dst_stride0 = dst.strides[0];
    i.dst_stride1 = dst.strides[1];
    i.dst_stride2 = dst.strides[2];
    i.dst_stride3 = dst.strides[3];
    if (Acceptable(Queue::kDma0, Encode(i))) return Encode(i);
  }
  return LoadIndices(address, partition, count, count);
}

}  // namespace neuron::test
