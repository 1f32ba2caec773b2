// SPDX-License-Identifier: Apache-2.0
// Convolutions and matrix products over any number type that Eigen multiplies: the shapes and loops
// that the operators on floats and those on integers share. Internal to host/ops.
#ifndef NEURON_HOST_OPS_PRODUCTS_H_
#define NEURON_HOST_OPS_PRODUCTS_H_

#include <Eigen/Core>
#include <vector>

#include "host/ops/windows.h"

namespace neuron::ops {

template <typename T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <typename T>
using View = Eigen::Map<const Matrix<T>>;
template <typename T>
using MutableView = Eigen::Map<Matrix<T>>;

// A convolution of operand 0, [N, C, spatial...], with weights [M, C / group, spatial...].
struct Convolution {
  Window window;
  Shape input;
  Shape output;
  int64_t group = 1;
  int64_t filters = 1;
  int64_t channels = 1;  // of one group of the input

  int64_t depth() const { return channels * window.kernel_size(); }
};

// Reads the node's attributes; its weights are operand `weights`. An error when the operands do not
// fit or the result or the scratch memory is larger than kMaxTensorBytes.
Result<Convolution> ConvolutionOf(const Call& call, size_t weights);

// A product of operands 0 and `right` as numpy.matmul has it; vectors are seen as matrices.
struct MatrixProduct {
  int64_t rows = 1;
  int64_t depth = 1;
  int64_t width = 1;
  Shape left;   // [batch..., rows, depth]
  Shape right;  // [batch..., depth, width]
  Shape batch;
  std::vector<int64_t> left_strides;  // in matrices, for each axis of `batch`
  std::vector<int64_t> right_strides;
  Shape full;    // [batch..., rows, width]
  Shape output;  // without the axes that vectors do not have
};

Result<MatrixProduct> MatrixProductOf(const Call& call, size_t right);

// Rows: channel and tap; columns: output positions. Positions in the padding are 0.
template <typename T>
void Unfold(const T* plane, int64_t channels, const Window& window, Matrix<T>& columns) {
  for (int64_t tap = 0; tap < window.kernel_size(); ++tap) {
    const std::vector<int64_t> offsets = window.InputOffsets(tap);
    for (int64_t channel = 0; channel < channels; ++channel) {
      const T* source = plane + channel * window.input_size();
      T* target = columns.row(channel * window.kernel_size() + tap).data();
      for (const int64_t offset : offsets) {
        *target++ = offset >= 0 ? source[offset] : T{};
      }
    }
  }
}

// The sums of a convolution, in the order of its output.
template <typename T>
std::vector<T> Convolve(const Convolution& conv, const std::vector<T>& x,
                        const std::vector<T>& weights) {
  const Window& window = conv.window;
  const int64_t depth = conv.depth();
  const int64_t each = conv.filters / conv.group;
  std::vector<T> y(static_cast<size_t>(ElementCount(conv.output)));
  Matrix<T> columns(depth, window.output_size());
  for (int64_t n = 0; n < conv.input[0] && !y.empty(); ++n) {
    for (int64_t g = 0; g < conv.group; ++g) {
      Unfold(x.data() + (n * conv.group + g) * conv.channels * window.input_size(), conv.channels,
             window, columns);
      MutableView<T>(y.data() + (n * conv.filters + g * each) * window.output_size(), each,
                     window.output_size())
          .noalias() = View<T>(weights.data() + g * each * depth, each, depth) * columns;
    }
  }
  return y;
}

// The products of all pairs of matrices.
template <typename T>
std::vector<T> Multiply(const MatrixProduct& p, const std::vector<T>& x, const std::vector<T>& w) {
  std::vector<T> y(static_cast<size_t>(ElementCount(p.full)));
  ForEachIndex<2>(p.batch, {p.left_strides, p.right_strides},
                  [&](int64_t i, const std::array<int64_t, 2>& at) {
                    MutableView<T>(y.data() + i * p.rows * p.width, p.rows, p.width).noalias() =
                        View<T>(x.data() + at[0] * p.rows * p.depth, p.rows, p.depth) *
                        View<T>(w.data() + at[1] * p.depth * p.width, p.depth, p.width);
                  });
  return y;
}

}  // namespace neuron::ops

#endif  // NEURON_HOST_OPS_PRODUCTS_H_
