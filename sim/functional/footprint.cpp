// SPDX-License-Identifier: Apache-2.0
#include "sim/functional/footprint.h"

#include <algorithm>

namespace neuron::sim {
namespace {

// Sorts and joins runs that touch or overlap.
void Normalise(std::vector<ByteRun>& runs) {
  const auto before = [](const ByteRun& a, const ByteRun& b) { return a.begin < b.begin; };
  if (!std::is_sorted(runs.begin(), runs.end(), before)) {
    std::sort(runs.begin(), runs.end(), before);
  }
  size_t last = 0;
  for (size_t i = 1; i < runs.size(); ++i) {
    if (runs[i].begin <= runs[last].end) {
      runs[last].end = std::max(runs[last].end, runs[i].end);
    } else {
      runs[++last] = runs[i];
    }
  }
  if (!runs.empty()) runs.resize(last + 1);
}

// All starts of runs of `length` bytes: base plus every combination of the dimensions.
std::vector<ByteRun> Expand(int64_t base, int64_t length, std::vector<isa::AccessDim> dims) {
  for (isa::AccessDim& dim : dims) {
    if (dim.stride >= 0) continue;
    base += dim.stride * (dim.count - 1);
    dim.stride = -dim.stride;
  }
  std::erase_if(dims, [](const isa::AccessDim& d) { return d.count <= 1 || d.stride == 0; });
  std::sort(dims.begin(), dims.end(),
            [](const isa::AccessDim& a, const isa::AccessDim& b) { return a.stride < b.stride; });
  size_t joined = 0;
  for (; joined < dims.size() && dims[joined].stride <= length; ++joined) {
    length += dims[joined].stride * (dims[joined].count - 1);
  }
  std::vector<ByteRun> runs = {{base, base + length}};
  for (size_t d = joined; d < dims.size(); ++d) {
    const size_t present = runs.size();
    runs.reserve(present * static_cast<size_t>(dims[d].count));
    for (int64_t i = 1; i < dims[d].count; ++i) {
      const int64_t shift = i * dims[d].stride;
      for (size_t r = 0; r < present; ++r) {
        runs.push_back({runs[r].begin + shift, runs[r].end + shift});
      }
    }
    // Overlapping dimensions would otherwise multiply the same bytes.
    Normalise(runs);
  }
  return runs;
}

}  // namespace

std::vector<ByteRun> Footprint(const isa::Access& access, uint32_t partition_bytes) {
  std::vector<isa::AccessDim> dims(access.dims.begin(), access.dims.begin() + access.dim_count);
  if (access.space == isa::Space::kDram) return Expand(access.base, access.element_bytes, dims);
  if (!access.dma) {
    dims.push_back({access.part_count, partition_bytes});
    const int64_t base = int64_t{access.part_start} * partition_bytes + access.base;
    return Expand(base, access.element_bytes, dims);
  }
  for (isa::AccessDim& dim : dims) {
    const isa::DmaStride stride = isa::SplitDmaStride(dim.stride);
    dim.stride = stride.partitions * partition_bytes + stride.bytes;
  }
  const int64_t base = (access.base >> isa::kSbufPartitionShift) * partition_bytes +
                       (access.base & ((int64_t{1} << isa::kSbufPartitionShift) - 1));
  return Expand(base, access.element_bytes, dims);
}

int64_t FirstCommonByte(const std::vector<ByteRun>& a, const std::vector<ByteRun>& b) {
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (a[i].end <= b[j].begin) {
      ++i;
    } else if (b[j].end <= a[i].begin) {
      ++j;
    } else {
      return std::max(a[i].begin, b[j].begin);
    }
  }
  return -1;
}

}  // namespace neuron::sim
