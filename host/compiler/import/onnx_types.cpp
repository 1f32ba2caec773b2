// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/import/onnx_types.h"

#include <onnx/onnx_pb.h>

#include <algorithm>

#include "host/ops/evaluate.h"

namespace neuron::compiler {
namespace {

using onnx::AttributeProto;
using onnx::TensorProto;

// Copies a typed repeated field, narrowing each element to T.
template <typename T, typename Field>
bool CopyField(const Field& field, HostTensor& tensor) {
  if (field.size() != tensor.elements()) {
    return false;
  }
  auto* target = reinterpret_cast<T*>(tensor.data.data());
  for (const auto value : field) {
    *target++ = static_cast<T>(value);
  }
  return true;
}

bool CopyTyped(const TensorProto& proto, HostTensor& tensor) {
  switch (tensor.type) {
    case ElementType::kFloat32:
      return CopyField<float>(proto.float_data(), tensor);
    case ElementType::kFloat64:
      return CopyField<double>(proto.double_data(), tensor);
    case ElementType::kInt64:
      return CopyField<int64_t>(proto.int64_data(), tensor);
    case ElementType::kInt32:
      return CopyField<int32_t>(proto.int32_data(), tensor);
    case ElementType::kInt16:
      return CopyField<int16_t>(proto.int32_data(), tensor);
    case ElementType::kFloat16:
    case ElementType::kBfloat16:
      return CopyField<uint16_t>(proto.int32_data(), tensor);
    case ElementType::kInt8:
      return CopyField<int8_t>(proto.int32_data(), tensor);
    case ElementType::kUint8:
      return CopyField<uint8_t>(proto.int32_data(), tensor);
    case ElementType::kBool:
      return CopyField<bool>(proto.int32_data(), tensor);
    case ElementType::kUndefined:
      return false;
  }
  return false;
}

Result<AttributeValue> AttributeFromProto(const AttributeProto& proto, const std::string& what) {
  switch (proto.type()) {
    case AttributeProto::FLOAT:
      return AttributeValue(proto.f());
    case AttributeProto::INT:
      return AttributeValue(static_cast<int64_t>(proto.i()));
    case AttributeProto::STRING:
      return AttributeValue(proto.s());
    case AttributeProto::FLOATS:
      return AttributeValue(std::vector<float>(proto.floats().begin(), proto.floats().end()));
    case AttributeProto::INTS:
      return AttributeValue(std::vector<int64_t>(proto.ints().begin(), proto.ints().end()));
    case AttributeProto::STRINGS:
      return AttributeValue(
          std::vector<std::string>(proto.strings().begin(), proto.strings().end()));
    case AttributeProto::TENSOR: {
      NEURON_ASSIGN_OR_RETURN(HostTensor tensor, TensorFromProto(proto.t(), what));
      return AttributeValue(std::move(tensor));
    }
    case AttributeProto::GRAPH:
    case AttributeProto::GRAPHS:
      return Status(StatusCode::kUnsupported,
                    what +
                        " is a graph: loops (Loop, Scan) are not supported; export the model with "
                        "the loop unrolled");
    default:
      return Status(StatusCode::kUnsupported, what + " has a type that is not supported");
  }
}

}  // namespace

Result<ElementType> ElementTypeFromOnnx(int data_type, const std::string& what) {
  switch (data_type) {
    case TensorProto::FLOAT:
    case TensorProto::UINT8:
    case TensorProto::INT8:
    case TensorProto::INT16:
    case TensorProto::INT32:
    case TensorProto::INT64:
    case TensorProto::BOOL:
    case TensorProto::FLOAT16:
    case TensorProto::DOUBLE:
    case TensorProto::BFLOAT16:
      return static_cast<ElementType>(data_type);
    default:
      break;
  }
  const std::string name =
      onnx::TensorProto_DataType_IsValid(data_type)
          ? onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(data_type))
          : std::to_string(data_type);
  return Status(StatusCode::kUnsupported,
                what + " has the element type " + name + ", which is not supported");
}

Result<HostTensor> TensorFromProto(const TensorProto& proto, const std::string& what) {
  if (proto.data_location() == TensorProto::EXTERNAL || proto.external_data_size() > 0) {
    return Status(StatusCode::kUnsupported,
                  what +
                      " is stored in another file; save the model with all data inside "
                      "(onnx.save_model(..., save_as_external_data=False))");
  }
  if (proto.has_segment()) {
    return Status(StatusCode::kUnsupported, what + " is stored in segments");
  }
  NEURON_ASSIGN_OR_RETURN(const ElementType type, ElementTypeFromOnnx(proto.data_type(), what));
  const Shape shape(proto.dims().begin(), proto.dims().end());
  const bool negative = std::any_of(shape.begin(), shape.end(), [](int64_t d) { return d < 0; });
  const int64_t limit = kMaxTensorBytes / static_cast<int64_t>(ElementBytes(type));
  if (negative || ElementCount(shape) > limit) {
    return Status(StatusCode::kDataCorrupt, what + " declares the shape " + ShapeToString(shape) +
                                                ", which no tensor here can have");
  }
  const auto bytes = static_cast<size_t>(ElementCount(shape)) * ElementBytes(type);
  const bool raw = proto.has_raw_data();
  if (raw && proto.raw_data().size() != bytes) {
    return Status(StatusCode::kDataCorrupt, what + " of shape " + ShapeToString(shape) + " needs " +
                                                std::to_string(bytes) + " bytes but holds " +
                                                std::to_string(proto.raw_data().size()));
  }
  // A typed field spends at least one byte of the file on each element: checked before allocating.
  if (!raw && bytes > 0 &&
      static_cast<size_t>(proto.ByteSizeLong()) < static_cast<size_t>(ElementCount(shape))) {
    return Status(StatusCode::kDataCorrupt,
                  what + " holds fewer elements than its shape " + ShapeToString(shape));
  }
  HostTensor tensor(type, shape);
  if (raw && bytes > 0) {
    std::memcpy(tensor.data.data(), proto.raw_data().data(), bytes);
  } else if (bytes > 0 && !CopyTyped(proto, tensor)) {
    return Status(StatusCode::kDataCorrupt,
                  what + " does not hold as many elements as its shape " + ShapeToString(shape));
  }
  return tensor;
}

void TensorToProto(const HostTensor& tensor, TensorProto* proto) {
  proto->set_data_type(static_cast<int>(tensor.type));
  for (const int64_t dim : tensor.shape) {
    proto->add_dims(dim);
  }
  proto->set_raw_data(tensor.data.data(), tensor.data.size());
}

Result<HostNode> NodeFromProto(const onnx::NodeProto& proto, int opset) {
  HostNode node;
  node.op_type = proto.op_type();
  node.domain = proto.domain() == "ai.onnx" ? "" : proto.domain();
  node.opset = opset;
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  node.name = proto.name();
  if (node.name.empty()) {
    node.name = node.op_type + "_" + (node.outputs.empty() ? "" : node.outputs[0]);
  }
  const bool branches = node.op_type == "If" && node.domain.empty();
  for (const AttributeProto& attribute : proto.attribute()) {
    if (branches && attribute.type() == AttributeProto::GRAPH) {
      continue;  // the reader keeps them beside the node
    }
    NEURON_ASSIGN_OR_RETURN(
        AttributeValue value,
        AttributeFromProto(attribute, "node '" + node.name + "' (" + node.op_type +
                                          "): attribute '" + attribute.name() + "'"));
    node.attributes.emplace(attribute.name(), std::move(value));
  }
  return node;
}

namespace {

void SetAttribute(const AttributeValue& value, AttributeProto* proto) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    proto->set_type(AttributeProto::INT);
    proto->set_i(*number);
  } else if (const auto* real = std::get_if<float>(&value)) {
    proto->set_type(AttributeProto::FLOAT);
    proto->set_f(*real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    proto->set_type(AttributeProto::STRING);
    proto->set_s(*text);
  } else if (const auto* ints = std::get_if<std::vector<int64_t>>(&value)) {
    proto->set_type(AttributeProto::INTS);
    proto->mutable_ints()->Add(ints->begin(), ints->end());
  } else if (const auto* floats = std::get_if<std::vector<float>>(&value)) {
    proto->set_type(AttributeProto::FLOATS);
    proto->mutable_floats()->Add(floats->begin(), floats->end());
  } else if (const auto* strings = std::get_if<std::vector<std::string>>(&value)) {
    proto->set_type(AttributeProto::STRINGS);
    for (const std::string& entry : *strings) {
      proto->add_strings(entry);
    }
  } else {
    proto->set_type(AttributeProto::TENSOR);
    TensorToProto(std::get<HostTensor>(value), proto->mutable_t());
  }
}

}  // namespace

void NodeToProto(const HostNode& node, onnx::NodeProto* proto) {
  proto->set_name(node.name);
  proto->set_op_type(node.op_type);
  proto->set_domain(node.domain);
  for (const std::string& input : node.inputs) {
    proto->add_input(input);
  }
  for (const std::string& output : node.outputs) {
    proto->add_output(output);
  }
  for (const auto& [name, value] : node.attributes) {
    AttributeProto* attribute = proto->add_attribute();
    attribute->set_name(name);
    SetAttribute(value, attribute);
  }
}

}  // namespace neuron::compiler
