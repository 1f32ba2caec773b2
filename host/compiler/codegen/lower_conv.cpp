// SPDX-License-Identifier: Apache-2.0
// Convolutions as products: padding is the input's halo, few channels are packed with their taps,
// long one-dimensional windows are gathered.
#include <algorithm>
#include <cstring>
#include <initializer_list>

#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/matrix_product.h"
#include "host/compiler/codegen/split_operands.h"
#include "host/compiler/codegen/taps.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {
namespace {

// Geometry of a convolution over [N, C, H, W], with 1-D ones as H = 1.
struct Window {
  int64_t batch, channels, height, width, out_height, out_width, kernel_height, kernel_width;
  size_t axis_y, axis_x;
  bool flat;  // no H axis
};

Window WindowOf(const Shape& in, const Shape& out, const HostTensor& weight) {
  Window w{};
  w.flat = in.size() == 3;
  w.batch = in[0];
  w.channels = in[1];
  w.height = w.flat ? 1 : in[2];
  w.width = in.back();
  w.out_height = w.flat ? 1 : out[2];
  w.out_width = out.back();
  w.kernel_height = w.flat ? 1 : weight.shape[2];
  w.kernel_width = weight.shape.back();
  w.axis_y = 2;
  w.axis_x = in.size() - 1;
  return w;
}

std::vector<int64_t> HaloOf(size_t rank, int64_t y, int64_t x) {
  std::vector<int64_t> halo(rank, 0);
  halo[rank - 1] = x;
  if (rank == 4) {
    halo[2] = y;
  }
  return halo;
}

// The lowest and the highest sum of some of `steps`, negative ones where the input is a view that
// runs backwards.
struct Reach {
  int64_t low = 0;
  int64_t high = 0;
};
Reach ReachOf(std::initializer_list<int64_t> steps) {
  Reach reach;
  for (const int64_t step : steps) {
    (step < 0 ? reach.low : reach.high) += step;
  }
  return reach;
}

// Packs taps into partitions: virtual channel (tap, c) is the whole padded plane of channel c
// shifted by the tap, one long DMA each; the convolution becomes 1x1 on channels * taps channels.
View PackPlanes(Planner& planner, const View& in, const MatrixLayer& matrix, const Window& w) {
  const int64_t bytes = in.element_bytes();
  const int64_t row = w.flat ? 0 : in.strides[w.axis_y];
  const int64_t column = in.strides[w.axis_x];
  const Reach reach = ReachOf({(w.out_height - 1) * matrix.strides[0] * row,
                               (w.out_width - 1) * matrix.strides[1] * column});
  const int64_t span = reach.high - reach.low + bytes;
  const int64_t virtual_channels = w.channels * w.kernel_height * w.kernel_width;
  View packed = planner.NewView("taps of " + planner.layer().name, in.dtype,
                                {virtual_channels, span / bytes}, 0);
  packed.zero_point = in.zero_point;
  packed.offset -= reach.low;  // of the first position
  const int64_t start = in.offset - matrix.pads[0] * row - matrix.pads[1] * column + reach.low;
  const int64_t partitions = planner.partitions();
  planner.AddOp(
      {in.buffer, packed.buffer}, [=](ProgramBuilder& program, const MemoryPlan& memory) -> Status {
        int64_t channel = 0;
        for (int64_t y = 0; y < w.kernel_height; ++y) {
          for (int64_t x = 0; x < w.kernel_width; ++x) {
            const int64_t shift = y * matrix.dilations[0] * row + x * matrix.dilations[1] * column;
            for (int64_t c = 0; c < w.channels;) {
              const int64_t partition = channel % partitions;
              const int64_t count = std::min(w.channels - c, partitions - partition);
              isa::DmaInstruction dma = DmaCopy(isa::Space::kSbuf, 0, isa::Space::kSbuf, 0, bytes);
              dma.src_base = static_cast<uint32_t>(memory.buffer(in.buffer).offset + start + shift +
                                                   c * kPartitionStep);
              dma.dst_base = static_cast<uint32_t>(memory.buffer(packed.buffer).offset +
                                                   partition * kPartitionStep +
                                                   channel / partitions * packed.group_stride);
              SetDmaDims(dma, {span / bytes, count, 1, 1}, {bytes, kPartitionStep, 0, 0},
                         {bytes, kPartitionStep, 0, 0});
              NEURON_RETURN_IF_ERROR(program.Append(isa::Queue::kDma1, dma));
              channel += count;
              c += count;
            }
          }
        }
        return OkStatus();
      });
  return packed;
}

// The weights of a packed convolution: [M, taps * C, 1, 1].
MatrixLayer PackedWeights(const MatrixLayer& matrix, const Window& w) {
  MatrixLayer packed = matrix;
  const int64_t taps = w.kernel_height * w.kernel_width;
  const auto bytes = ElementBytes(matrix.weight.type);
  const int64_t outputs = matrix.weight.shape[0];
  packed.weight = HostTensor(matrix.weight.type, {outputs, taps * w.channels, 1, 1});
  for (int64_t m = 0; m < outputs; ++m) {
    for (int64_t c = 0; c < w.channels; ++c) {
      for (int64_t tap = 0; tap < taps; ++tap) {
        const auto from = static_cast<size_t>((m * w.channels + c) * taps + tap) * bytes;
        const auto to = static_cast<size_t>(m * taps * w.channels + tap * w.channels + c) * bytes;
        std::memcpy(packed.weight.data.data() + to, matrix.weight.data.data() + from, bytes);
      }
    }
  }
  return packed;
}

// A one-channel signal with long strided windows (a short-time Fourier transform): gathers the
// windows themselves, tap k of window t = x[t * stride + k * dilation].
bool GathersWindows(const MatrixLayer& matrix, const Window& w) {
  const bool unpadded = std::ranges::all_of(matrix.pads, [](int64_t pad) { return pad == 0; });
  return unpadded && w.flat && w.batch == 1 && w.channels == 1 && matrix.group == 1 &&
         w.kernel_width >= w.out_width && w.kernel_width > 4;
}

Result<View> GatherWindows(Planner& planner, ValueId value, const MatrixLayer& matrix,
                           const Window& w) {
  NEURON_ASSIGN_OR_RETURN(View any, planner.AnyView(value));
  if (any.part_axis == static_cast<int>(w.axis_x)) {
    NEURON_ASSIGN_OR_RETURN(any, planner.InSbuf(value, 1));
  }
  View from = any;
  const int64_t step = any.strides[w.axis_x];
  from.shape = {w.kernel_width, w.out_width};
  from.strides = {step * matrix.dilations[1], step * matrix.strides[1]};
  from.part_axis = -1;
  from.halo_low.assign(2, 0);
  from.halo_high.assign(2, 0);
  View windows = planner.NewView("windows of " + planner.layer().name, any.dtype,
                                 {w.kernel_width, w.out_width}, 0);
  windows.zero_point = any.zero_point;
  planner.AddLoad(from, windows);
  return windows;
}

// Lets taps of a row share passes, where channels leave room for that.
void UseSharedTaps(Planner& planner, const MatrixLayer& matrix, const Shape& in, const Window& w,
                   Product& p) {
  const int64_t shared = SharedTaps(planner.config(), matrix, in);
  const Reach reach =
      ReachOf({(w.out_height - 1) * p.free[1].in_stride, (w.out_width - 1) * p.free[0].in_stride,
               (w.kernel_height - 1) * p.tap_stride_y, (w.kernel_width - 1) * p.tap_stride_x});
  const TapRange range = {p.in_base + reach.low, reach.high - reach.low + p.in.element_bytes(),
                          p.tap_stride_x};
  if (shared == 1 || WindowOfWeights(matrix, planner.partitions()) != planner.partitions() ||
      !ShareTaps(planner, p.in, w.channels, shared, range)) {
    return;
  }
  p.matrix = std::make_shared<const MatrixLayer>(SharedWeights(matrix, shared));
  p.channels_in = shared * w.channels;
  p.tap_width = CeilDiv(w.kernel_width, shared);
  p.tap_stride_x *= shared;
  p.last_tap_rows = w.kernel_width % shared * w.channels;
}

// The product over gathered windows: taps are channels.
Product ProductOfWindows(const Factors& factors, const Window& w) {
  Product p;
  p.in = factors.in;
  p.matrix = factors.matrix;
  p.in_base = p.in.offset;
  p.channels_in = w.kernel_width;
  p.free = {{w.out_width, p.in.strides[1], 0}};
  return p;
}

// The product over a feature map; `packs`: of copies of it, one for each tap.
Product ProductOfMap(Planner& planner, const Factors& factors, const MatrixLayer& matrix,
                     const Shape& in, const Window& w, bool packs) {
  Product p;
  p.in = factors.in;
  p.matrix = factors.matrix;
  const int64_t column = p.in.strides[w.axis_x];
  const int64_t row = w.flat ? 0 : p.in.strides[w.axis_y];
  p.free = {{w.out_width, matrix.strides[1] * column, 0},
            {w.out_height, matrix.strides[0] * row, 0},
            {w.batch, p.in.strides[0], 0}};
  if (packs) {
    p.in = PackPlanes(planner, p.in, matrix, w);
    p.in_base = p.in.offset;
    p.channels_in = w.channels * w.kernel_height * w.kernel_width;
    return p;
  }
  p.in_base = p.in.offset - matrix.pads[0] * row - matrix.pads[1] * column;
  p.channels_in = w.channels;
  p.tap_height = w.kernel_height;
  p.tap_width = w.kernel_width;
  p.tap_stride_y = matrix.dilations[0] * row;
  p.tap_stride_x = matrix.dilations[1] * column;
  UseSharedTaps(planner, matrix, in, w, p);
  return p;
}

}  // namespace

Status LowerConv(Planner& planner, const Layer& layer, const MatrixLayer& matrix) {
  const Value& in_value = planner.graph().value(layer.inputs[0]);
  const Value& out_value = planner.graph().value(layer.outputs[0]);
  const Window w = WindowOf(in_value.shape, out_value.shape, matrix.weight);
  const bool gathers = GathersWindows(matrix, w);
  View in;
  if (gathers) {
    NEURON_ASSIGN_OR_RETURN(in, GatherWindows(planner, layer.inputs[0], matrix, w));
  } else {
    const auto low = HaloOf(in_value.shape.size(), matrix.pads[0], matrix.pads[1]);
    const auto high = HaloOf(in_value.shape.size(), matrix.pads[2], matrix.pads[3]);
    NEURON_ASSIGN_OR_RETURN(in, planner.InSbuf(layer.inputs[0], 1, low, high));
  }
  const bool packs =
      !gathers && FitsPacked(planner.config(), PackedTapBytes(planner.config(), matrix,
                                                              in_value.shape, out_value.shape));
  NEURON_ASSIGN_OR_RETURN(
      const std::vector<Factors> parts,
      SplitOperands(planner, in,
                    gathers || packs ? std::make_shared<const MatrixLayer>(PackedWeights(matrix, w))
                                     : Borrow(matrix)));
  std::vector<Product> products;
  products.reserve(parts.size());
  for (const Factors& factors : parts) {
    products.push_back(gathers ? ProductOfWindows(factors, w)
                               : ProductOfMap(planner, factors, matrix, in_value.shape, w, packs));
  }
  NEURON_ASSIGN_OR_RETURN(const View out, planner.NewValueView(layer.outputs[0], 1));
  for (Product& p : products) {
    p.layer = &layer;
    p.window = WindowOfWeights(*p.matrix, planner.partitions());
    p.channels_out = matrix.weight.shape[0];
    p.out = out;
    p.out_base = out.offset;
    p.free[0].out_stride = out.strides[w.axis_x];
    if (p.free.size() > 1) {
      p.free[1].out_stride = w.flat ? 0 : out.strides[w.axis_y];
      p.free[2].out_stride = out.strides[0];
    }
  }
  NEURON_RETURN_IF_ERROR(CheckTypes(planner, matrix, in_value));
  return PlanProducts(planner, std::move(products));
}

}  // namespace neuron::compiler
