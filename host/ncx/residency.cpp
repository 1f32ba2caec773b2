// SPDX-License-Identifier: Apache-2.0
// What stays in SBUF between executions is written by nothing but its loads.
#include <fmt/core.h>
#include <neuron/isa.h>

#include <algorithm>

#include "host/ncx/instructions.h"
#include "host/ncx/verify.h"
#include "isa/check/access.h"

namespace neuron::ncx {
namespace {

constexpr uint32_t kImageSegment = 0;

Status VerifyRanges(const PackageData& package) {
  const uint64_t limit = isa::FindConfig(package.configuration)->sbuf_bytes;
  uint64_t end = 0;
  for (const SbufRange& range : package.resident) {
    const uint64_t high = uint64_t{range.offset} + range.bytes;
    if (range.bytes == 0 || range.offset < end || high > limit) {
      return Invalid(
          "resident bytes {} to {} of each partition are not above the ones before, or not in SBUF "
          "of {} bytes",
          range.offset, high, limit);
    }
    end = high;
  }
  return OkStatus();
}

// Lowest and highest byte of a partition that an access to SBUF touches.
isa::AccessExtent PartitionExtent(const isa::Access& access) {
  return access.dma ? isa::DmaSbufExtentOf(access).offset : isa::ExtentOf(access);
}

// The first resident range between the lowest and the highest byte of an access; null when none is.
const SbufRange* FirstTouched(const PackageData& package, const isa::Access& access) {
  const isa::AccessExtent extent = PartitionExtent(access);
  const auto found = std::ranges::find_if(package.resident, [&](const SbufRange& range) {
    return extent.low < isa::WideInt{range.offset} + range.bytes && extent.high >= range.offset;
  });
  return found == package.resident.end() ? nullptr : &*found;
}

bool LoadsFromImage(const std::vector<isa::Access>& accesses) {
  return std::ranges::any_of(accesses, [](const isa::Access& access) {
    return !access.write && access.space == isa::Space::kDram && access.segment == kImageSegment;
  });
}

Status VerifyWrites(const PackageData& package, const Launch& launch, bool may_load) {
  for (const QueueProgram& program : launch.queues) {
    for (uint32_t i = 0; i < program.count; ++i) {
      const std::vector<isa::Access> accesses =
          isa::AccessesOf(InstructionWords(package.image, program.offset, i));
      if (may_load && LoadsFromImage(accesses)) {
        continue;
      }
      for (const isa::Access& access : accesses) {
        if (!access.write || access.space != isa::Space::kSbuf) {
          continue;
        }
        if (const SbufRange* range = FirstTouched(package, access)) {
          return Invalid("{} writes where {} bytes from {} on are to stay for the next execution",
                         DescribeInstruction(package, launch, program.queue, i), range->bytes,
                         range->offset);
        }
      }
    }
  }
  return OkStatus();
}

}  // namespace

Status VerifyResident(const PackageData& package) {
  const size_t repeated = package.repeat_launches.size();
  if (repeated != 0 && repeated != package.launches.size()) {
    return Invalid("{} repeated launches stand beside {} launches", repeated,
                   package.launches.size());
  }
  if (repeated == 0 && !package.resident.empty()) {
    return Invalid("{} ranges of SBUF are resident and no launch is repeated",
                   package.resident.size());
  }
  if (package.resident.empty()) {
    return OkStatus();
  }
  NEURON_RETURN_IF_ERROR(VerifyRanges(package));
  for (const Launch& launch : package.launches) {
    NEURON_RETURN_IF_ERROR(VerifyWrites(package, launch, true));
  }
  for (const Launch& launch : package.repeat_launches) {
    NEURON_RETURN_IF_ERROR(VerifyWrites(package, launch, false));
  }
  return OkStatus();
}

}  // namespace neuron::ncx
