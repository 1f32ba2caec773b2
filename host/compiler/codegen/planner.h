// SPDX-License-Identifier: Apache-2.0
// Turns a layer graph into a sequence of planned operations on buffers. The lowerings (lower_*.cpp)
// say what to do with views; the planner keeps where each value lies, makes copies where a layer
// needs another layout, and remembers which buffers an operation touches, so that memory can be
// planned before the first instruction is encoded.
#ifndef NEURON_HOST_COMPILER_CODEGEN_PLANNER_H_
#define NEURON_HOST_COMPILER_CODEGEN_PLANNER_H_

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "host/compiler/codegen/codegen.h"
#include "host/compiler/codegen/io_plan.h"
#include "host/compiler/codegen/memory_plan.h"
#include "host/compiler/codegen/program.h"
#include "host/compiler/codegen/view.h"
#include "host/compiler/function_tables.h"
#include "host/compiler/layer_graph.h"
#include "host/ncx/package.h"

namespace neuron::compiler {

// Segments before those of the graph's inputs, outputs and states.
inline constexpr uint32_t kImageSegment = 0;
inline constexpr uint32_t kScratchSegment = 1;
inline constexpr uint32_t kFirstTensorSegment = 2;

// Encodes one planned operation; buffer addresses are known by then.
using EmitFunction = std::function<Status(ProgramBuilder&, const MemoryPlan&)>;

// What the layers of a node compute in one execution.
struct NodeWork {
  uint64_t macs = 0;
  uint64_t operations = 0;  // layer_work.h
};

// A constant laid out in the image as it will lie in a buffer.
struct RowsInImage {
  int64_t offset = -1;  // -1: none
  int64_t row_bytes = 0;
  auto operator<=>(const RowsInImage&) const = default;
};

struct PlannedOp {
  uint32_t node = 0;
  std::vector<BufferId> uses;
  EmitFunction emit;
  bool streamed = false;  // fills its only buffer from DRAM: may be moved to right behind `after`
  // Streamed: bytes from the image, the same in every execution; 0: not a constant.
  int64_t constant_bytes = 0;
  RowsInImage rows = {};  // of a constant that is loaded as rows
  bool table = false;     // fills a part of ScalarE's function table and does nothing else
  int after = -1;         // position of the last operation that wrote what it reads; -1: none
  int host_op = -1;       // a host operator instead of instructions
};

// How ScalarE's fields are to be filled for a function.
struct FunctionFields {
  isa::Func func = isa::Func::kIdentity;
  float alpha = 0.0F;
  float clamp_low = 0.0F;
  float clamp_high = 0.0F;
  uint32_t index_bits = 0;
  uint32_t exp_min = 0;
  uint32_t exp_max = 0;
  uint32_t table_base = 0;
  uint32_t negative_base = 0;
};

// What rows of the image are made of.
struct RowSource {
  std::vector<SharedBytes> weights;
  std::vector<float> bias;
  std::vector<int32_t> bias_int;
  std::vector<float> scale;
  std::vector<int64_t> layout;

  // Weights are compared by where they lie: equal ones elsewhere count as others.
  bool operator==(const RowSource& other) const;
};

class Planner {
 public:
  Planner(const LayerGraph& graph, const isa::Config& config, const PlanOptions& options,
          ncx::PackageData& package);

  // Plans the whole graph.
  Status Plan();

  const LayerGraph& graph() const { return graph_; }
  const isa::Config& config() const { return config_; }
  int64_t partitions() const { return config_.p; }
  // At most so many output positions in one tile of a product; 0: as many as are good.
  void LimitTiles(int64_t columns) { tile_columns_ = columns; }
  // Output positions of one tile of a product with this many.
  int64_t TileColumns(int64_t positions) const;
  std::vector<PlannedOp>& ops() { return ops_; }
  MemoryPlan& memory() { return memory_; }
  // Multiply-accumulates of each node of the package.
  const std::vector<NodeWork>& node_work() const { return node_work_; }

  // --- values ---------------------------------------------------------------------------------
  // The value in SBUF with `part_axis` on partitions (any axis when kAnyAxis) and at least this
  // much initialised halo; loads or copies it when it is not there yet.
  static constexpr int kAnyAxis = -2;
  Result<View> InSbuf(ValueId value, int part_axis, const std::vector<int64_t>& halo_low = {},
                      const std::vector<int64_t>& halo_high = {});
  // The value in DRAM, stored there when it is not yet. `row_major` asks for the plain layout.
  Result<View> InDram(ValueId value, bool row_major);
  // Any view at hand, SBUF first.
  Result<View> AnyView(ValueId value);
  // The axis on which the value's SBUF view, if any, lies on partitions; else the default choice.
  int PreferredAxis(ValueId value);
  // A new SBUF buffer for a value that a layer is about to write, with the halo its consumers want,
  // and the halo filled. Becomes one of the value's homes.
  Result<View> NewValueView(ValueId value, int part_axis);
  // The same over `operand`, which the layer reads element by element as it writes: in its bytes
  // where no other layer needs them, else in a buffer of its own.
  Result<View> NewValueViewOver(ValueId operand, ValueId value, int part_axis);
  // The same in DRAM, for what no partition layout can take piece by piece.
  View NewScratchView(ValueId value);
  void AddHome(ValueId value, View view) { homes_[value].push_back(std::move(view)); }
  const std::vector<View>& HomesOf(ValueId value) { return homes_[value]; }
  // The partitions that values in an SBUF buffer take at most.
  int64_t MostPartitions(BufferId buffer) const;
  // A fresh row-major place for the value in the scratch segment.
  View NewScratch(const Value& value);
  // The padding that convolutions which read the value want around it, for every axis.
  std::pair<std::vector<int64_t>, std::vector<int64_t>> WantedHalo(ValueId value) const;

  // --- buffers and operations --------------------------------------------------------------------
  // An SBUF view of a fresh buffer without halo.
  View NewView(const std::string& name, isa::Dtype dtype, const Shape& shape, int part_axis,
               std::vector<int64_t> halo_low = {}, std::vector<int64_t> halo_high = {});
  BufferId NewBuffer(std::string name, int64_t bytes) {
    return memory_.Add(std::move(name), bytes, layer_ == nullptr ? "" : Describe(*layer_));
  }
  void AddOp(std::vector<BufferId> uses, EmitFunction emit);
  // `rows` partitions of `row_bytes` each from the image, in a buffer of their own, or in that of a
  // recent layer that loaded the same. `layer_bytes`: what the layer loads in all, a partition.
  BufferId LoadRows(const std::string& name, int64_t image_offset, int64_t rows, int64_t row_bytes,
                    int64_t layer_bytes);
  // Copies between two views of one shape by DMA; rows of DRAM that lie across partitions by way of
  // a buffer (RowsBetween).
  void AddCopy(const View& src, const View& dst);
  // Fills the halo of `view`, the whole of a new buffer, and copies `src` into it; ahead of time
  // where `src` lies in DRAM.
  void AddLoad(const View& src, const View& view);
  // VectorE fill of a view with a real value.
  void AddFill(const View& view, float value);
  // Bytes in the image, 64-byte aligned; equal bytes are stored once. Returns their offset.
  int64_t AddConstant(const void* data, size_t bytes);
  // The same for what `make` makes of `source`, made just once for equal sources.
  int64_t AddRows(RowSource source, const std::function<std::vector<std::byte>()>& make);
  // Writes a piece of a value that is made in pieces.
  Status Store(const View& piece, ValueId whole, const StoreLayer& store);
  // One FP32 (or INT32) word per index of a partition axis: word g of a partition belongs to group
  // g.
  BufferId PartitionWords(const std::string& name, const std::vector<uint32_t>& words);
  // The ScalarE fields of an activation; loads its table when it is the first to use it.
  Result<FunctionFields> Fields(const Activation& activation);

  // Zero-point that a value's bytes use on an engine; 0 for floats.
  int32_t ZeroPoint(const Value& value) const;
  // Real units per stored step; 1 for floats.
  float ScaleOf(const Value& value) const;
  Result<isa::Dtype> TypeOf(const Value& value) const;
  // For errors: "layer 'name': ..." with this code.
  Status Error(StatusCode code, const std::string& text) const;
  const Layer& layer() const { return *layer_; }

 private:
  Status PlanLayer(const Layer& layer);
  Status PlanHost(const Layer& layer, const HostLayer& host);
  Status StoreOutputs();
  Result<View> DramHome(ValueId value);
  bool AnyOrderInDram(ValueId value) const;
  View PiecewiseHome(ValueId value, int part_axis);
  Result<View> NewWhole(ValueId value, int part_axis);
  bool ReadHereOnly(ValueId value, BufferId buffer) const;
  Result<std::optional<View>> PlaceInWhole(ValueId piece, int part_axis);
  int LastWriter(const View& source) const;
  uint32_t NodeOf(const Layer& layer);
  View DramView(const Value& value, uint32_t segment, int64_t offset) const;
  void FillHalo(const View& view);
  std::pair<View, int64_t> LayOut(isa::Dtype dtype, const Shape& shape, int part_axis,
                                  std::vector<int64_t> halo_low,
                                  std::vector<int64_t> halo_high) const;
  std::optional<View> RowsBetween(const View& dram, const View& sbuf);
  int32_t TensorIndex(ValueId value);

  const LayerGraph& graph_;
  const isa::Config& config_;
  const PlanOptions options_;
  ncx::PackageData& package_;
  MemoryPlan memory_;
  std::vector<PlannedOp> ops_;
  std::vector<std::vector<const Layer*>> readers_;  // of each value
  // Where an operation wrote DRAM, in order.
  struct DramWrite {
    View view;
    int op = -1;
  };
  std::vector<DramWrite> dram_writes_;
  std::unordered_multimap<size_t, std::pair<int64_t, size_t>> constants_;  // hash: offset, bytes
  std::unordered_multimap<const std::byte*, std::pair<RowSource, int64_t>> rows_;  // and offset
  struct LoadedRows {
    BufferId buffer = kNoBuffer;
    size_t layer = 0;  // that used it last
  };
  std::map<RowsInImage, LoadedRows> loaded_rows_;
  std::set<BufferId> constants_in_sbuf_;
  struct StoredPiece {
    ValueId whole = kNoValue;
    BufferId buffer = kNoBuffer;
  };
  StoredPiece stored_last_;
  std::vector<IoTensor> stores_;  // of the graph's outputs and states
  std::map<int, uint32_t> node_of_origin_;
  std::vector<NodeWork> node_work_;
  size_t layer_index_ = 0;
  std::map<ValueId, std::vector<View>> homes_;
  std::map<ValueId, int32_t> tensor_index_;
  std::map<Function, FunctionFields> tables_;
  int64_t tile_columns_ = 0;
  uint32_t next_table_entry_ = 0;
  const Layer* layer_ = nullptr;
  uint32_t node_ = 0;
};

// Lowerings, one for each kind of layer.
Status LowerMatrix(Planner& planner, const Layer& layer, const MatrixLayer& matrix);
Status LowerBatchMatmul(Planner& planner, const Layer& layer, const BatchMatmulLayer& matmul);
Status LowerBinary(Planner& planner, const Layer& layer, const BinaryLayer& binary);
Status LowerUnary(Planner& planner, const Layer& layer, const UnaryLayer& unary);
Status LowerPool(Planner& planner, const Layer& layer, const PoolLayer& pool);
Status LowerReduce(Planner& planner, const Layer& layer, const ReduceLayer& reduce);
Status LowerSoftmax(Planner& planner, const Layer& layer, const SoftmaxLayer& softmax);
Status LowerNormalize(Planner& planner, const Layer& layer, const NormalizeLayer& normalize);
Status LowerReshape(Planner& planner, const Layer& layer);
Status LowerTranspose(Planner& planner, const Layer& layer, const TransposeLayer& transpose);
Status LowerConcat(Planner& planner, const Layer& layer, const ConcatLayer& concat);
Status LowerSlice(Planner& planner, const Layer& layer, const SliceLayer& slice);
Status LowerPad(Planner& planner, const Layer& layer, const PadLayer& pad);
Status LowerStore(Planner& planner, const Layer& layer, const StoreLayer& store);
Status LowerTake(Planner& planner, const Layer& layer, const TakeLayer& take);
Status LowerExpand(Planner& planner, const Layer& layer);
Status LowerGather(Planner& planner, const Layer& layer);
Status LowerSelect(Planner& planner, const Layer& layer);
Status LowerArg(Planner& planner, const Layer& layer, const ArgLayer& arg);

// Where an output that only feeds a concatenation is written: a part of the concatenation's own
// buffer, so that joining it costs nothing (placement.cpp). Nothing when it needs a buffer of its
// own.
std::optional<View> PlacedView(Planner& planner, ValueId value, int part_axis);
// Input `index` of a concatenation as a part of `out`, the concatenation's view.
View ConcatPart(const Planner& planner, const Layer& layer, const ConcatLayer& concat, size_t index,
                const View& out);

// Copies a value to its row-major place in DRAM. Integers of 64 bits, which engines keep as 32, are
// extended by their sign (store.cpp).
void PlanStore(Planner& planner, const View& from, const View& to, ElementType type);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_PLANNER_H_
