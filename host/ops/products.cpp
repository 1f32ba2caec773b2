// SPDX-License-Identifier: Apache-2.0
#include "host/ops/products.h"

namespace neuron::ops {

Result<Convolution> ConvolutionOf(const Call& call, size_t weights) {
  const Shape& in = call.in(0).shape;
  const Shape& w = call.in(weights).shape;
  if (w.size() < 3 || in.size() != w.size()) {
    return call.Error("operands of shapes " + ShapeToString(in) + " and " + ShapeToString(w));
  }
  Convolution conv;
  NEURON_ASSIGN_OR_RETURN(conv.window, WindowOf(call, {w.begin() + 2, w.end()}));
  conv.group = call.node.Int("group", 1);
  conv.filters = w[0];
  conv.channels = w[1];
  if (conv.group < 1 || conv.filters % conv.group != 0 || in[1] % conv.group != 0 ||
      conv.channels != in[1] / conv.group) {
    return call.Error("weights " + ShapeToString(w) + " in " + std::to_string(conv.group) +
                      " groups do not fit the input " + ShapeToString(in));
  }
  conv.input = in;
  conv.output = WindowOutputShape(in, conv.filters, conv.window);
  NEURON_RETURN_IF_ERROR(Allocate(call, ElementType::kFloat32, conv.output).status());
  NEURON_RETURN_IF_ERROR(
      Allocate(call, ElementType::kFloat32, {conv.depth(), conv.window.output_size()}).status());
  return conv;
}

Result<MatrixProduct> MatrixProductOf(const Call& call, size_t right) {
  Shape a = call.in(0).shape;
  Shape b = call.in(right).shape;
  if (a.empty() || b.empty()) {
    return call.Error("a scalar cannot be multiplied as a matrix");
  }
  const bool row = a.size() == 1;
  const bool column = b.size() == 1;
  if (row) {
    a.insert(a.begin(), 1);
  }
  if (column) {
    b.push_back(1);
  }
  MatrixProduct product;
  product.rows = a[a.size() - 2];
  product.depth = a.back();
  product.width = b.back();
  const Shape batch_a(a.begin(), a.end() - 2);
  const Shape batch_b(b.begin(), b.end() - 2);
  const auto batch = BroadcastShapes(batch_a, batch_b);
  if (!batch || b[b.size() - 2] != product.depth) {
    return call.Error("shapes " + ShapeToString(call.in(0).shape) + " and " +
                      ShapeToString(call.in(right).shape) + " do not multiply");
  }
  product.batch = *batch;
  product.left_strides = BroadcastStrides(batch_a, *batch);
  product.right_strides = BroadcastStrides(batch_b, *batch);
  product.full = *batch;
  product.full.insert(product.full.end(), {product.rows, product.width});
  product.output = product.full;
  if (row) {
    product.output.erase(product.output.end() - 2);
  }
  if (column) {
    product.output.pop_back();
  }
  NEURON_RETURN_IF_ERROR(Allocate(call, ElementType::kFloat32, product.full).status());
  product.left = std::move(a);
  product.right = std::move(b);
  return product;
}

}  // namespace neuron::ops
