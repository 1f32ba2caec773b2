// SPDX-License-Identifier: Apache-2.0
#include "host/ncx/attributes.h"

#include <fmt/core.h>

#include <cstring>

#include "host/ncx/fields.h"
#include "host/ncx/package.h"

namespace neuron::ncx {
namespace {

// Attribute.kind: the index of the alternative of AttributeValue.
enum class Kind : uint8_t { kInt, kFloat, kString, kInts, kFloats, kStrings, kTensor };

std::vector<std::string> ToStrings(
    const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* values) {
  std::vector<std::string> strings;
  if (values != nullptr) {
    for (const flatbuffers::String* text : *values) {
      strings.push_back(ToString(text));
    }
  }
  return strings;
}

Result<AttributeValue> ReadTensor(const fb::Attribute& attribute) {
  const auto type = static_cast<ElementType>(attribute.tensor_type());
  const Shape shape = ToVector(attribute.tensor_shape());
  NEURON_ASSIGN_OR_RETURN(const uint64_t bytes, TensorBytes(type, shape));
  const auto* data = attribute.tensor_data();
  const uint64_t size = data == nullptr ? 0 : data->size();
  if (size != bytes) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("the tensor of shape {} has {} bytes of data, not {}",
                              ShapeToString(shape), size, bytes));
  }
  HostTensor tensor(type, shape);
  if (bytes != 0) {
    std::memcpy(tensor.data.data(), data->data(), bytes);
  }
  return AttributeValue(std::move(tensor));
}

Result<AttributeValue> ReadValue(const fb::Attribute& attribute) {
  switch (static_cast<Kind>(attribute.kind())) {
    case Kind::kInt:
      return AttributeValue(int64_t{attribute.i()});
    case Kind::kFloat:
      return AttributeValue(attribute.f());
    case Kind::kString:
      return AttributeValue(ToString(attribute.s()));
    case Kind::kInts:
      return AttributeValue(ToVector(attribute.ints()));
    case Kind::kFloats:
      return AttributeValue(ToVector(attribute.floats()));
    case Kind::kStrings:
      return AttributeValue(ToStrings(attribute.strings()));
    case Kind::kTensor:
      return ReadTensor(attribute);
  }
  return Status(StatusCode::kInvalidArgument,
                fmt::format("its kind {} is unknown", attribute.kind()));
}

// Writes one value; the tables it refers to are made before its own.
struct ValueWriter {
  flatbuffers::FlatBufferBuilder& builder;
  flatbuffers::Offset<flatbuffers::String> name;

  AttributeOffset operator()(int64_t value) const {
    return Finish(Kind::kInt, [&](fb::AttributeBuilder& table) { table.add_i(value); });
  }
  AttributeOffset operator()(float value) const {
    return Finish(Kind::kFloat, [&](fb::AttributeBuilder& table) { table.add_f(value); });
  }
  AttributeOffset operator()(const std::string& value) const {
    const auto text = builder.CreateString(value);
    return Finish(Kind::kString, [&](fb::AttributeBuilder& table) { table.add_s(text); });
  }
  AttributeOffset operator()(const std::vector<int64_t>& values) const {
    const auto ints = builder.CreateVector(values);
    return Finish(Kind::kInts, [&](fb::AttributeBuilder& table) { table.add_ints(ints); });
  }
  AttributeOffset operator()(const std::vector<float>& values) const {
    const auto floats = builder.CreateVector(values);
    return Finish(Kind::kFloats, [&](fb::AttributeBuilder& table) { table.add_floats(floats); });
  }
  AttributeOffset operator()(const std::vector<std::string>& values) const {
    const auto strings = builder.CreateVectorOfStrings(values);
    return Finish(Kind::kStrings, [&](fb::AttributeBuilder& table) { table.add_strings(strings); });
  }
  AttributeOffset operator()(const HostTensor& tensor) const {
    const auto shape = builder.CreateVector(tensor.shape);
    const auto data = builder.CreateVector(reinterpret_cast<const uint8_t*>(tensor.data.data()),
                                           tensor.data.size());
    return Finish(Kind::kTensor, [&](fb::AttributeBuilder& table) {
      table.add_tensor_type(static_cast<uint8_t>(tensor.type));
      table.add_tensor_shape(shape);
      table.add_tensor_data(data);
    });
  }

  template <typename Fill>
  AttributeOffset Finish(Kind kind, Fill fill) const {
    fb::AttributeBuilder table(builder);
    table.add_name(name);
    table.add_kind(static_cast<uint8_t>(kind));
    fill(table);
    return table.Finish();
  }
};

}  // namespace

flatbuffers::Offset<flatbuffers::Vector<AttributeOffset>> WriteAttributes(
    flatbuffers::FlatBufferBuilder& builder, const AttributeMap& attributes) {
  std::vector<AttributeOffset> offsets;
  for (const auto& [name, value] : attributes) {
    offsets.push_back(std::visit(ValueWriter{builder, builder.CreateString(name)}, value));
  }
  return builder.CreateVector(offsets);
}

Result<AttributeMap> ReadAttributes(const flatbuffers::Vector<AttributeOffset>* attributes) {
  AttributeMap map;
  if (attributes == nullptr) {
    return map;
  }
  for (const fb::Attribute* attribute : *attributes) {
    Result<AttributeValue> value = ReadValue(*attribute);
    if (!value.ok()) {
      return Status(
          value.status().code(),
          fmt::format("attribute '{}': {}", attribute->name()->str(), value.status().message()));
    }
    map[attribute->name()->str()] = std::move(value).value();
  }
  return map;
}

}  // namespace neuron::ncx
