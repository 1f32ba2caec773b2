// SPDX-License-Identifier: Apache-2.0
// A kernel package in plain values: what the compiler writes and the runtime loads. ncx.fbs is the
// same in the file. All values own their memory.
#ifndef NEURON_HOST_NCX_PACKAGE_H_
#define NEURON_HOST_NCX_PACKAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/ops/host_tensor.h"
#include "neuron/isa.h"

namespace neuron::ncx {

// kNextState follows the kState segment whose tensors it replaces (same size, same layout): the
// program reads the one and writes the other, and the runtime exchanges them after an execution. A
// kState segment without one is updated in place.
enum class SegmentKind : uint8_t {
  kImage = 0,
  kScratch = 1,
  kInput = 2,
  kOutput = 3,
  kState = 4,
  kNextState = 5
};

// A DRAM segment of every launch; its number is its position in PackageData::segments.
struct Segment {
  SegmentKind kind = SegmentKind::kScratch;
  uint64_t bytes = 0;
  bool readable = true;
  bool writable = false;
};

enum class TensorRole : uint8_t { kInput = 0, kOutput = 1, kState = 2, kIntermediate = 3 };

// A named tensor in DRAM, row-major at `offset` of `segment`. kIntermediate tensors are what host
// operators read and write (in scratch, or constants in the image).
struct Tensor {
  std::string name;
  TensorRole role = TensorRole::kIntermediate;
  ElementType type = ElementType::kFloat32;
  Shape shape;
  uint32_t segment = 0;
  uint64_t offset = 0;
  std::vector<float> scale = {};         // empty: not quantised
  std::vector<int32_t> zero_point = {};  // as many as scale
  int32_t quantized_axis = -1;
  std::string updated_by = {};  // kState: the model's output that becomes its next value
};

// The instructions of one queue: `count` of them from byte `offset` of the image.
struct QueueProgram {
  uint32_t queue = 0;
  uint64_t offset = 0;
  uint32_t count = 0;
};

// Instructions [first, first + count) of `queue` come from PackageData::nodes[node].
struct SourceRange {
  uint32_t queue = 0;
  uint32_t first = 0;
  uint32_t count = 0;
  uint32_t node = 0;
};

// What the compiler knows of one layer, for reports. Cycles are those of its schedule estimate.
struct LayerInfo {
  uint32_t node = 0;
  uint64_t macs = 0;
  uint64_t dram_bytes = 0;
  uint64_t estimated_cycles = 0;  // by which the layer makes the launch longer
  uint64_t operations = 0;        // arithmetic operations; a multiply-accumulate is two
  // By queue: cycles in which its engine works on the layer, and in which an engine that could work
  // waits for the queue to check the next instruction.
  std::array<uint64_t, isa::kNumQueues> busy{};
  std::array<uint64_t, isa::kNumQueues> issue{};
  uint64_t read_cycles = 0;  // for which its traffic holds the memory
  uint64_t write_cycles = 0;
};

// One launch of the core. A queue that is not listed is empty.
struct Launch {
  std::vector<QueueProgram> queues;
  uint64_t estimated_cycles = 0;
  uint64_t macs = 0;  // useful multiply-accumulates
  std::vector<SourceRange> source;
  std::vector<LayerInfo> layers;
};

struct Node {
  std::string name;
  std::string op_type;
  std::string kind = {};  // what the compiler made of it: "Conv", "Binary", ...; "" on the host
  std::vector<std::string> parts = {};  // all ONNX nodes that the layer computes, "name (Op)"
};

// An ONNX operator that runs on the host between launches. `node.inputs` and `node.outputs` are
// filled by Load from the names of the tensors; the writer takes them from the indices.
struct HostOp {
  uint32_t node_index = 0;  // of PackageData::nodes: name and op_type
  HostNode node = {};
  std::vector<int32_t> inputs = {};   // of PackageData::tensors; -1: absent
  std::vector<int32_t> outputs = {};  // likewise
  std::string reason = {};            // why no engine runs it
  uint64_t operations = 0;            // as of LayerInfo
};

enum class StepKind : uint8_t { kLaunch = 0, kHost = 1 };

struct Step {
  StepKind kind = StepKind::kLaunch;
  uint32_t index = 0;  // of launches or host_ops
};

// Bytes of each partition of SBUF.
struct SbufRange {
  uint32_t offset = 0;
  uint32_t bytes = 0;
};

// One buffer of the on-chip memory plan.
struct BufferPlan {
  std::string name;
  uint32_t space = 0;   // isa::Space: SBUF or PSUM
  uint32_t offset = 0;  // bytes, in each partition
  uint32_t bytes = 0;
  uint32_t first = 0;  // lifetime: first and last position in PackageData::timeline
  uint32_t last = 0;
  bool streamed = false;  // constants, loaded ahead of the layer that uses them
  bool resident = false;  // constants that stay for the next execution
};

// Segment 0 is the image, segment 1 scratch (may have 0 bytes), then those of inputs, states and
// outputs. Tensors of one role may share a segment; the runtime binds a caller's memory directly to
// an input or output that has a segment of its own, and copies to and from a shared one.
struct PackageData {
  uint32_t isa_version = 0;
  uint32_t isa_hash = 0;
  std::string configuration;
  std::string model_name;
  std::string producer;
  std::vector<Segment> segments;
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;
  std::vector<Launch> launches;
  std::vector<HostOp> host_ops;
  std::vector<Step> steps;
  std::vector<BufferPlan> buffers;
  std::vector<std::byte> image;
  // Nodes in the order in which they are worked on; one that is worked on in pieces comes often.
  std::vector<uint32_t> timeline;
  // Of the memory that estimates are for, reads and writes together; 0: as fast as the port, which
  // does both beside each other.
  uint32_t memory_bytes_per_cycle = 0;
  // What takes the place of `launches`, one for one, in an execution right behind another of this
  // package on the same core: programs that find the constants in `resident`, and the function
  // tables, where `launches` has put them. A launch that did nothing but load has no queue here.
  // Empty: every execution runs `launches`.
  std::vector<Launch> repeat_launches;
  std::vector<SbufRange> resident;  // ascending, apart; only loads from the image write there
};

// Cycles that the compiler's schedule gives `launches`.
uint64_t EstimatedCycles(std::span<const Launch> launches);

// Those of an execution that finds its constants in SBUF; of every execution when none stay there.
uint64_t RepeatedCycles(const PackageData& package);

// Bytes of all partitions that stay in SBUF between executions.
uint64_t ResidentBytes(const PackageData& package);

// Bytes of a tensor's elements; kInvalidArgument for a negative or overflowing size or an unknown
// element type.
Result<uint64_t> TensorBytes(ElementType type, std::span<const int64_t> shape);

// The package as the bytes of a .ncx file. Does not verify: Load does.
std::vector<std::byte> Serialize(const PackageData& package);

// Reads and verifies a package: FlatBuffers structure, image CRC, then Verify (verify.h).
// kDataCorrupt for a file that is damaged or not a package, kUnsupported for another ISA version,
// kInvalidArgument for a well-formed package that breaks a rule. Messages name what and where.
Result<PackageData> Load(std::span<const std::byte> file);

// Load of a file's content; kNotFound or kIoError when it cannot be read.
Result<PackageData> LoadFile(const std::filesystem::path& path);

// Writes Serialize's bytes to a temporary file beside `path` and renames it.
Status SaveFile(const PackageData& package, const std::filesystem::path& path);

}  // namespace neuron::ncx

#endif  // NEURON_HOST_NCX_PACKAGE_H_
