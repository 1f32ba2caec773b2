// SPDX-License-Identifier: Apache-2.0
// Operators that make or relabel tensors without moving elements.
#include <algorithm>
#include <cmath>

#include "host/ops/op_support.h"

namespace neuron::ops {
namespace {

Result<Tensors> WithShape(const Call& call, Shape shape) {
  const HostTensor& x = call.in(0);
  for (const int64_t dim : shape) {
    if (dim < 0) {
      return call.Error("the result would have the shape " + ShapeToString(shape));
    }
  }
  if (ElementCount(shape) != x.elements()) {
    return call.Error("cannot reshape " + ShapeToString(x.shape) + " to " + ShapeToString(shape));
  }
  HostTensor y = x;
  y.shape = std::move(shape);
  return One(std::move(y));
}

HostTensor Vector(const std::vector<int64_t>& values) {
  return MakeTensor<int64_t>(ElementType::kInt64, {static_cast<int64_t>(values.size())}, values);
}

Result<Tensors> ShapeOf(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const Shape& shape = call.in(0).shape;
  const auto rank = static_cast<int64_t>(shape.size());
  const auto bound = [rank](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const int64_t start = bound(call.node.Int("start", 0));
  const int64_t end = std::max(start, bound(call.node.Int("end", rank)));
  return One(Vector({shape.begin() + start, shape.begin() + end}));
}

Result<Tensors> Size(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const int64_t count = call.in(0).elements();
  return One(MakeTensor<int64_t>(ElementType::kInt64, {}, std::span(&count, 1)));
}

Result<Tensors> Constant(const Call& call) {
  const auto& attributes = call.node.attributes;
  for (const auto& [key, value] : attributes) {
    if (const auto* tensor = std::get_if<HostTensor>(&value)) {
      return One(*tensor);
    }
    if (const auto* number = std::get_if<int64_t>(&value)) {
      return One(MakeTensor<int64_t>(ElementType::kInt64, {}, std::span(number, 1)));
    }
    if (const auto* number = std::get_if<float>(&value)) {
      return One(MakeTensor<float>(ElementType::kFloat32, {}, std::span(number, 1)));
    }
    if (const auto* list = std::get_if<std::vector<int64_t>>(&value)) {
      return One(Vector(*list));
    }
    if (const auto* list = std::get_if<std::vector<float>>(&value)) {
      return One(MakeTensor<float>(ElementType::kFloat32, {static_cast<int64_t>(list->size())},
                                   std::span<const float>(*list)));
    }
  }
  return call.Error("has no numeric value attribute", StatusCode::kUnsupported);
}

Result<Tensors> ConstantOfShape(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  HostTensor fill(ElementType::kFloat32, {1});
  if (const auto it = call.node.attributes.find("value"); it != call.node.attributes.end()) {
    if (const auto* tensor = std::get_if<HostTensor>(&it->second)) {
      fill = *tensor;
    }
  }
  const size_t bytes = ElementBytes(fill.type);
  if (fill.data.size() != bytes || bytes == 0) {
    return call.Error("attribute 'value' must hold one element");
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, fill.type, call.in(0).ToInts()));
  for (size_t at = 0; at < y.data.size(); at += bytes) {
    std::copy(fill.data.begin(), fill.data.end(), y.data.begin() + static_cast<ptrdiff_t>(at));
  }
  return One(std::move(y));
}

Result<Tensors> Range(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(3));
  for (size_t i = 0; i < 3; ++i) {
    if (call.in(i).elements() != 1) {
      return call.Error("start, limit and delta must be scalars");
    }
  }
  const double start = call.in(0).ValueAt(0);
  const double limit = call.in(1).ValueAt(0);
  const double delta = call.in(2).ValueAt(0);
  const double count = std::ceil((limit - start) / delta);
  if (delta == 0.0 || !(count < 1e9)) {
    return call.Error("the range is not finite or too long");
  }
  const auto length = static_cast<int64_t>(std::max(count, 0.0));
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, call.in(0).type, {length}));
  for (int64_t i = 0; i < length; ++i) {
    StoreDouble(y, i, start + static_cast<double>(i) * delta);
  }
  return One(std::move(y));
}

Result<Tensors> Reshape(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const Shape& from = call.in(0).shape;
  const auto wanted = AttributeOrInput(call, "shape", 1);
  if (!wanted) {
    return call.Error("the new shape is missing");
  }
  Shape shape = *wanted;
  const bool allow_zero = call.node.Int("allowzero", 0) != 0;
  int64_t known = 1;
  int64_t* free = nullptr;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !allow_zero) {
      if (i >= from.size()) {
        return call.Error("dimension " + std::to_string(i) + " copies one that the input lacks");
      }
      shape[i] = from[i];
    }
    if (shape[i] == -1) {
      if (free != nullptr) {
        return call.Error("more than one dimension is -1");
      }
      free = &shape[i];
    } else if (shape[i] < 0 || (shape[i] > 0 && known > INT64_MAX / shape[i])) {
      return call.Error("the new shape " + ShapeToString(shape) + " is not valid");
    } else {
      known *= shape[i];
    }
  }
  if (free != nullptr) {
    if (known == 0) {
      return call.Error("-1 beside a dimension of 0 is ambiguous");
    }
    *free = call.in(0).elements() / known;
  }
  return WithShape(call, std::move(shape));
}

Result<Tensors> Flatten(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const Shape& from = call.in(0).shape;
  const auto rank = static_cast<int64_t>(from.size());
  int64_t axis = call.node.Int("axis", 1);
  axis += axis < 0 ? rank : 0;
  if (axis < 0 || axis > rank) {
    return call.Error("axis is outside the tensor");
  }
  const std::span<const int64_t> dims(from);
  return WithShape(call, {ElementCount(dims.first(static_cast<size_t>(axis))),
                          ElementCount(dims.subspan(static_cast<size_t>(axis)))});
}

Result<Tensors> Squeeze(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const Shape& from = call.in(0).shape;
  const auto given = AttributeOrInput(call, "axes", 1);
  std::vector<int64_t> axes;
  if (given) {
    NEURON_ASSIGN_OR_RETURN(axes, NormalizeAxes(call, *given, from.size()));
  }
  Shape shape;
  for (size_t i = 0; i < from.size(); ++i) {
    const bool listed = given
                            ? std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(i))
                            : from[i] == 1;
    if (listed && from[i] != 1) {
      return call.Error("axis " + std::to_string(i) + " has size " + std::to_string(from[i]));
    }
    if (!listed) {
      shape.push_back(from[i]);
    }
  }
  return WithShape(call, std::move(shape));
}

Result<Tensors> Unsqueeze(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const auto given = AttributeOrInput(call, "axes", 1);
  if (!given) {
    return call.Error("axes are missing");
  }
  const Shape& from = call.in(0).shape;
  const size_t rank = from.size() + given->size();
  NEURON_ASSIGN_OR_RETURN(const std::vector<int64_t> axes, NormalizeAxes(call, *given, rank));
  Shape shape;
  auto next = from.begin();
  for (size_t i = 0; i < rank; ++i) {
    const bool inserted = std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(i));
    shape.push_back(inserted ? 1 : *next++);
  }
  return WithShape(call, std::move(shape));
}

}  // namespace

std::span<const Operator> ShapeOperators() {
  static constexpr Operator kOperators[] = {
      {"Shape", ShapeOf},       {"Size", Size},
      {"Constant", Constant},   {"ConstantOfShape", ConstantOfShape},
      {"Range", Range},         {"Reshape", Reshape},
      {"Flatten", Flatten},     {"Squeeze", Squeeze},
      {"Unsqueeze", Unsqueeze},
  };
  return kOperators;
}

}  // namespace neuron::ops
