// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/import/inference.h"

#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/defs/shape_inference.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <exception>

#include "host/compiler/import/branches.h"
#include "host/compiler/import/onnx_types.h"
#include "host/ops/einsum.h"
#include "host/ops/evaluate.h"

namespace neuron::compiler {
namespace {

constexpr int kNewestLibraryOpset = 17;
constexpr int64_t kMaxElements = int64_t{1} << 31;
// Constants above this many elements are not offered to the library: no rule reads so long a list.
constexpr int64_t kMaxShapeConstant = 4096;

// What the library's rules see of one node.
class NodeContext : public onnx::InferenceContext {
 public:
  NodeContext(const HostNode& node, const Graph& graph) {
    NodeToProto(node, &proto_);
    input_types_.resize(node.inputs.size());
    input_data_.resize(node.inputs.size());
    output_types_.resize(node.outputs.size());
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const auto it = graph.tensors.find(node.inputs[i]);
      if (it == graph.tensors.end()) {
        continue;
      }
      const TensorInfo& info = it->second;
      auto* type = input_types_[i].mutable_tensor_type();
      type->set_elem_type(static_cast<int>(info.type));
      for (const int64_t dim : info.shape) {
        type->mutable_shape()->add_dim()->set_dim_value(dim);
      }
      type->mutable_shape();
      if (info.constant && info.constant->elements() <= kMaxShapeConstant) {
        TensorToProto(*info.constant, &input_data_[i]);
      }
    }
  }

  const onnx::NodeProto& proto() const { return proto_; }

  const onnx::AttributeProto* getAttribute(const std::string& name) const override {
    for (const auto& attribute : proto_.attribute()) {
      if (attribute.name() == name) {
        return &attribute;
      }
    }
    return nullptr;
  }
  size_t getNumInputs() const override { return input_types_.size(); }
  const onnx::TypeProto* getInputType(size_t index) const override {
    return index < input_types_.size() && input_types_[index].has_tensor_type()
               ? &input_types_[index]
               : nullptr;
  }
  const onnx::TensorProto* getInputData(size_t index) const override {
    return index < input_data_.size() && input_data_[index].has_data_type() ? &input_data_[index]
                                                                            : nullptr;
  }
  size_t getNumOutputs() const override { return output_types_.size(); }
  onnx::TypeProto* getOutputType(size_t index) override { return &output_types_.at(index); }
  onnx::GraphInferencer* getGraphAttributeInferencer(const std::string&) override {
    return nullptr;
  }
  const onnx::SparseTensorProto* getInputSparseData(size_t) const override { return nullptr; }
  const onnx::TensorShapeProto* getSymbolicInput(size_t) const override { return nullptr; }

 private:
  onnx::NodeProto proto_;
  std::vector<onnx::TypeProto> input_types_;
  std::vector<onnx::TensorProto> input_data_;
  std::vector<onnx::TypeProto> output_types_;
};

Status CheckShape(const HostNode& node, const std::string& output, const Shape& shape) {
  const bool bad = std::any_of(shape.begin(), shape.end(), [](int64_t dim) { return dim < 0; });
  if (bad || ElementCount(shape) > kMaxElements) {
    return Status(StatusCode::kInvalidArgument,
                  Describe(node) + ": output '" + output + "' would have the shape " +
                      ShapeToString(shape) + "; a tensor has at most 2^31 elements in all");
  }
  return OkStatus();
}

// Required operands are there, and each has a type that the operator allows.
Status CheckOperands(const HostNode& node, const onnx::OpSchema& schema,
                     const NodeContext& context) {
  const auto& formal = schema.inputs();
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const auto& parameter = formal.at(std::min(i, formal.size() - 1));
    const std::string what =
        Describe(node) + ": input " + std::to_string(i) + " ('" + parameter.GetName() + "') ";
    const onnx::TypeProto* type = context.getInputType(i);
    if (type == nullptr) {
      if (parameter.GetOption() == onnx::OpSchema::Single) {
        return Status(StatusCode::kInvalidArgument, what + "is missing");
      }
      continue;
    }
    if (!parameter.GetTypes().contains(onnx::Utils::DataTypeUtils::ToType(*type))) {
      return Status(StatusCode::kInvalidArgument,
                    what + "cannot be " +
                        ElementTypeName(static_cast<ElementType>(type->tensor_type().elem_type())));
    }
  }
  return OkStatus();
}

// The library's rules divide by strides and block sizes and multiply kernels by dilations
// unchecked.
Status CheckNumbers(const HostNode& node) {
  constexpr int64_t kLimit = int64_t{1} << 30;
  struct Range {
    const char* attribute;
    int64_t minimum;
  };
  for (const Range range : {Range{"strides", 1}, Range{"dilations", 1}, Range{"kernel_shape", 1},
                            Range{"blocksize", 1}, Range{"group", 1}, Range{"pads", -kLimit},
                            Range{"output_padding", 0}, Range{"output_shape", 0}}) {
    const auto it = node.attributes.find(range.attribute);
    if (it == node.attributes.end()) {
      continue;
    }
    std::vector<int64_t> values = node.Ints(range.attribute);
    if (const auto* number = std::get_if<int64_t>(&it->second)) {
      values.push_back(*number);
    }
    for (const int64_t value : values) {
      if (value < range.minimum || value > kLimit) {
        return Status(StatusCode::kInvalidArgument, Describe(node) + ": attribute '" +
                                                        range.attribute + "' holds " +
                                                        std::to_string(value));
      }
    }
  }
  return OkStatus();
}

// With ceil_mode the library counts a last window that would start in the padding behind the input;
// the operator does not.
void DropWindowsInPadding(const HostNode& node, const Graph& graph, Shape& shape) {
  if (!node.op_type.ends_with("Pool") || node.Int("ceil_mode", 0) == 0) {
    return;
  }
  const Shape& input = graph.tensors.at(node.inputs[0]).shape;
  const size_t spatial = shape.size() - 2;
  const std::vector<int64_t> strides = node.Ints("strides", std::vector<int64_t>(spatial, 1));
  const std::vector<int64_t> pads = node.Ints("pads", std::vector<int64_t>(2 * spatial, 0));
  for (size_t i = 0; i < spatial && strides.size() == spatial && pads.size() == 2 * spatial; ++i) {
    if ((shape[i + 2] - 1) * strides[i] >= input[i + 2] + pads[i]) {
      --shape[i + 2];
    }
  }
}

// What the library says of a node it refuses, and the operands that it saw.
std::string Explain(const HostNode& node, const Graph& graph, std::string reason) {
  constexpr std::string_view kPrefix = "[ShapeInferenceError] ";
  if (reason.starts_with(kPrefix)) {
    reason.erase(0, kPrefix.size());
  }
  reason.erase(reason.find_last_not_of(". ") + 1);
  std::string operands;
  for (const std::string& name : node.inputs) {
    const auto it = graph.tensors.find(name);
    if (it != graph.tensors.end()) {
      operands += (operands.empty() ? "" : ", ") + ("'" + name + "' ") +
                  ElementTypeName(it->second.type) + ShapeToString(it->second.shape);
    }
  }
  return Describe(node) + ": " + reason + "; its operands are " + operands;
}

const onnx::OpSchema* SchemaOf(const HostNode& node) {
  return onnx::OpSchemaRegistry::Schema(node.op_type, std::min(node.opset, kNewestLibraryOpset),
                                        node.domain);
}

// Whether the library can say what an operator makes: by a rule of its own, or because it knows the
// operator as a function of others.
bool HasRule(const onnx::OpSchema* schema) {
  return schema != nullptr &&
         (schema->has_type_and_shape_inference_function() || schema->HasFunction());
}

// Throws when the operands do not fit; a function's body leaves its outputs without shapes instead.
void ApplyRule(const onnx::OpSchema& schema, NodeContext& context) {
  if (schema.has_type_and_shape_inference_function()) {
    schema.GetTypeAndShapeInferenceFunction()(context);
  } else {
    onnx::shape_inference::InferShapeForFunctionNode(*schema.GetFunction(),
                                                     onnx::OpSchemaRegistry::Instance(), context);
  }
}

// Whether the library's rule is for the node's version of the operator.
bool LibraryHasRule(const HostNode& node) {
  return node.opset <= kNewestLibraryOpset && HasRule(SchemaOf(node));
}

// Types and shapes from the library. kUnsupported when it has no rule for this node.
Status InferWithLibrary(const HostNode& node, Graph& graph) {
  NEURON_RETURN_IF_ERROR(CheckNumbers(node));
  NodeContext context(node, graph);
  const onnx::OpSchema* schema = SchemaOf(node);
  if (!HasRule(schema)) {
    return Status(StatusCode::kUnsupported, Describe(node) + ": version " +
                                                std::to_string(node.opset) + " of operator set '" +
                                                (node.domain.empty() ? "ai.onnx" : node.domain) +
                                                "' has no operator of this name");
  }
  try {
    schema->Verify(context.proto());
    NEURON_RETURN_IF_ERROR(CheckOperands(node, *schema, context));
    ApplyRule(*schema, context);
  } catch (const std::exception& error) {
    return Status(
        node.opset > kNewestLibraryOpset ? StatusCode::kUnsupported : StatusCode::kInvalidArgument,
        Explain(node, graph, error.what()));
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) {
      continue;
    }
    const std::string what = Describe(node) + ": output '" + node.outputs[i] + "'";
    const onnx::TypeProto& type = *context.getOutputType(i);
    if (!type.has_tensor_type()) {
      return Status(StatusCode::kUnsupported, what + " is not a tensor");
    }
    TensorInfo info;
    NEURON_ASSIGN_OR_RETURN(info.type, ElementTypeFromOnnx(type.tensor_type().elem_type(), what));
    bool known = type.tensor_type().has_shape();
    for (const auto& dim : type.tensor_type().shape().dim()) {
      known = known && dim.has_dim_value();
      info.shape.push_back(dim.dim_value());
    }
    if (!known && !schema->has_type_and_shape_inference_function()) {
      return Status(StatusCode::kInvalidArgument,
                    Explain(node, graph, "its operands do not fit it"));
    }
    if (!known) {
      return Status(StatusCode::kUnsupported,
                    what + " has a shape that depends on data or could not be derived");
    }
    DropWindowsInPadding(node, graph, info.shape);
    NEURON_RETURN_IF_ERROR(CheckShape(node, node.outputs[i], info.shape));
    graph.tensors[node.outputs[i]] = std::move(info);
  }
  return OkStatus();
}

// The library knows only the rank of an Einsum.
Status InferEinsum(const HostNode& node, Graph& graph) {
  std::vector<Shape> shapes;
  for (const std::string& name : node.inputs) {
    shapes.push_back(graph.tensors.at(name).shape);
  }
  const auto equation = ParseEinsum(node.String("equation", ""), shapes);
  if (!equation) {
    return Status(StatusCode::kInvalidArgument, Explain(node, graph,
                                                        "equation '" + node.String("equation", "") +
                                                            "' does not fit its operands"));
  }
  const Shape shape = equation->ResultShape();
  NEURON_RETURN_IF_ERROR(CheckShape(node, node.outputs[0], shape));
  graph.tensors[node.outputs[0]] = {graph.tensors.at(node.inputs[0]).type, shape, nullptr};
  return OkStatus();
}

// For operators that the library has no rule for: runs them once on zeros, when everything that can
// decide a shape is constant.
Status InferByEvaluation(const HostNode& node, Graph& graph) {
  std::vector<HostTensor> zeros(node.inputs.size());
  std::vector<const HostTensor*> operands(node.inputs.size(), nullptr);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i].empty()) {
      continue;
    }
    const TensorInfo& info = graph.tensors.at(node.inputs[i]);
    if (info.constant) {
      operands[i] = info.constant.get();
      continue;
    }
    if (i > 0 && info.type == ElementType::kInt64) {
      return Status(StatusCode::kUnsupported, Describe(node) +
                                                  ": its result's shape may depend on '" +
                                                  node.inputs[i] + "', which is not a constant");
    }
    if (ElementCount(info.shape) > kMaxTensorBytes / 8) {
      return Status(StatusCode::kResourceExhausted, Describe(node) + ": operands are too large");
    }
    zeros[i] = HostTensor(info.type, info.shape);
    operands[i] = &zeros[i];
  }
  NEURON_ASSIGN_OR_RETURN(const auto results, Evaluate(node, operands));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (!node.outputs[i].empty()) {
      NEURON_RETURN_IF_ERROR(CheckShape(node, node.outputs[i], results[i].shape));
      graph.tensors[node.outputs[i]] = {results[i].type, results[i].shape, nullptr};
    }
  }
  return OkStatus();
}

bool IsRandom(const HostNode& node) {
  return node.op_type.starts_with("Random") || node.op_type == "Multinomial" ||
         node.op_type == "Bernoulli";
}

// Shape and Size need their operand's shape only.
bool FoldsFromShape(const HostNode& node) {
  return node.domain.empty() && (node.op_type == "Shape" || node.op_type == "Size");
}

bool IsFoldable(const HostNode& node, const Graph& graph) {
  if (node.op_type == "DequantizeLinear" || IsRandom(node) ||
      !CanEvaluate(node.domain, node.op_type)) {
    return false;
  }
  return std::all_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& name) {
    return name.empty() || graph.tensors.at(name).constant != nullptr;
  });
}

void SetConstant(Graph& graph, const std::string& name, HostTensor tensor) {
  TensorInfo info{tensor.type, tensor.shape, nullptr};
  info.constant = std::make_shared<const HostTensor>(std::move(tensor));
  graph.tensors[name] = std::move(info);
}

HostTensor ShapeResult(const HostNode& node, const Shape& shape) {
  if (node.op_type == "Size") {
    const int64_t count = ElementCount(shape);
    return MakeTensor<int64_t>(ElementType::kInt64, {}, std::span(&count, 1));
  }
  const auto rank = static_cast<int64_t>(shape.size());
  const auto bound = [rank](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const int64_t start = bound(node.Int("start", 0));
  const int64_t end = std::max(start, bound(node.Int("end", rank)));
  const Shape part(shape.begin() + start, shape.begin() + end);
  return MakeTensor<int64_t>(ElementType::kInt64, {end - start}, std::span<const int64_t>(part));
}

Status Fold(const HostNode& node, Graph& graph) {
  std::vector<const HostTensor*> operands;
  for (const std::string& name : node.inputs) {
    operands.push_back(name.empty() ? nullptr : graph.tensors.at(name).constant.get());
  }
  NEURON_ASSIGN_OR_RETURN(auto results, Evaluate(node, operands));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (!node.outputs[i].empty()) {
      SetConstant(graph, node.outputs[i], std::move(results[i]));
    }
  }
  return OkStatus();
}

bool IsEmpty(const Graph& graph, const std::string& name) {
  return !name.empty() && ElementCount(graph.tensors.at(name).shape) == 0;
}

// Makes the outputs without elements constants; true when that is all that the node makes.
bool FoldEmptyOutputs(const HostNode& node, Graph& graph) {
  bool all = true;
  for (const std::string& name : node.outputs) {
    if (IsEmpty(graph, name)) {
      const TensorInfo info = graph.tensors.at(name);
      SetConstant(graph, name, HostTensor(info.type, info.shape));
    } else {
      all = all && name.empty();
    }
  }
  return all;
}

// True for a node with an operand without elements that makes nothing but such tensors, so that
// nobody has to compute it.
bool FoldsToNothing(const HostNode& node, Graph& graph) {
  return std::ranges::any_of(node.inputs,
                             [&](const std::string& name) { return IsEmpty(graph, name); }) &&
         InferWithLibrary(node, graph).ok() && FoldEmptyOutputs(node, graph);
}

// Pieces without elements add nothing to a concatenation.
void DropEmptyPieces(HostNode& node, const Graph& graph) {
  if (node.domain.empty() && node.op_type == "Concat") {
    std::erase_if(node.inputs, [&](const std::string& name) { return IsEmpty(graph, name); });
  }
}

}  // namespace

Status InferAndFold(Graph& graph) {
  std::vector<HostNode> kept;
  std::vector<HostNode> pending(graph.nodes.rbegin(), graph.nodes.rend());  // the next one last
  while (!pending.empty()) {
    HostNode node = std::move(pending.back());
    pending.pop_back();
    if (IsIf(node)) {
      NEURON_ASSIGN_OR_RETURN(const auto taken, TakeBranch(node, graph));
      pending.insert(pending.end(), taken.rbegin(), taken.rend());
      continue;
    }
    if (FoldsFromShape(node) && node.inputs.size() == 1 && !node.inputs[0].empty()) {
      SetConstant(graph, node.outputs[0],
                  ShapeResult(node, graph.tensors.at(node.inputs[0]).shape));
      continue;
    }
    if (FoldsToNothing(node, graph)) {
      continue;
    }
    if (IsFoldable(node, graph)) {
      NEURON_RETURN_IF_ERROR(Fold(node, graph));
      continue;
    }
    const bool einsum = node.domain.empty() && node.op_type == "Einsum";
    Status status = einsum ? InferEinsum(node, graph) : InferWithLibrary(node, graph);
    if (status.code() == StatusCode::kUnsupported && CanEvaluate(node.domain, node.op_type) &&
        !LibraryHasRule(node)) {
      status = InferByEvaluation(node, graph);
    }
    NEURON_RETURN_IF_ERROR(status);
    if (!FoldEmptyOutputs(node, graph)) {
      DropEmptyPieces(node, graph);
      kept.push_back(std::move(node));
    }
  }
  graph.nodes = std::move(kept);
  return OkStatus();
}

}  // namespace neuron::compiler
