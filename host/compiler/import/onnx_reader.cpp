// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/import/onnx_reader.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <set>

#include "host/compiler/import/onnx_types.h"

namespace neuron::compiler {
namespace {

constexpr int kMaxNesting = 64;  // of messages; a model without control flow needs about ten

Status Parse(std::span<const std::byte> bytes, onnx::ModelProto& model) {
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return Status(StatusCode::kUnsupported, "the model is larger than 2 GiB");
  }
  google::protobuf::io::ArrayInputStream array(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream stream(&array);
  stream.SetRecursionLimit(kMaxNesting);
  if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    return Status(StatusCode::kDataCorrupt,
                  "not an ONNX model, or truncated: the protocol buffer does not parse");
  }
  if (!model.has_graph() || model.graph().output_size() == 0) {
    return Status(StatusCode::kDataCorrupt, "the file holds no graph with outputs");
  }
  return OkStatus();
}

Result<DeclaredInput> ReadInput(const onnx::ValueInfoProto& proto) {
  DeclaredInput input;
  input.name = proto.name();
  const std::string what = "graph input '" + input.name + "'";
  if (input.name.empty()) {
    return Status(StatusCode::kDataCorrupt, "a graph input has no name");
  }
  if (!proto.type().has_tensor_type()) {
    return Status(StatusCode::kUnsupported, what + " is not a tensor");
  }
  const auto& type = proto.type().tensor_type();
  NEURON_ASSIGN_OR_RETURN(input.type, ElementTypeFromOnnx(type.elem_type(), what));
  input.has_rank = type.has_shape();
  for (const auto& dim : type.shape().dim()) {
    DeclaredDimension declared;
    if (dim.has_dim_value()) {
      declared.size = dim.dim_value();
      // Exporters write 0 or -1 for a dimension that is free.
      declared.size = declared.size <= 0 && declared.size >= -1 ? -1 : declared.size;
      if (declared.size < -1) {
        return Status(StatusCode::kDataCorrupt,
                      what + " declares a dimension of size " + std::to_string(dim.dim_value()));
      }
    } else {
      declared.name = dim.dim_param();
    }
    input.dimensions.push_back(std::move(declared));
  }
  return input;
}

Status ReadInitializers(const onnx::GraphProto& proto, Graph& graph) {
  if (proto.sparse_initializer_size() > 0) {
    return Status(StatusCode::kUnsupported, "sparse initialisers are not supported");
  }
  for (const auto& initializer : proto.initializer()) {
    NEURON_ASSIGN_OR_RETURN(
        HostTensor tensor,
        TensorFromProto(initializer, "initialiser '" + initializer.name() + "'"));
    TensorInfo info{tensor.type, tensor.shape,
                    std::make_shared<const HostTensor>(std::move(tensor))};
    if (initializer.name().empty() ||
        !graph.tensors.emplace(initializer.name(), std::move(info)).second) {
      return Status(StatusCode::kDataCorrupt,
                    "initialiser '" + initializer.name() + "' is defined twice or has no name");
    }
  }
  return OkStatus();
}

using OperatorSets = std::map<std::string, int>;

Result<OperatorSets> ReadOperatorSets(const onnx::ModelProto& model) {
  OperatorSets opsets;
  for (const auto& import : model.opset_import()) {
    const std::string domain = import.domain() == "ai.onnx" ? "" : import.domain();
    if (import.version() < 1 || import.version() > 1000000) {
      return Status(StatusCode::kDataCorrupt, "the model imports version " +
                                                  std::to_string(import.version()) +
                                                  " of operator set '" + domain + "'");
    }
    opsets[domain] = static_cast<int>(import.version());
  }
  return opsets;
}

Result<Graph> ReadBranch(const onnx::NodeProto& proto, const std::string& attribute,
                         const OperatorSets& opsets);

// Keeps both bodies of an If node, and makes what they read inputs of the node.
Status ReadBranches(const onnx::NodeProto& proto, const OperatorSets& opsets, HostNode& node,
                    Graph& graph) {
  Branches branches;
  for (const bool taken : {true, false}) {
    NEURON_ASSIGN_OR_RETURN(Graph branch,
                            ReadBranch(proto, taken ? "then_branch" : "else_branch", opsets));
    if (branch.outputs.size() != node.outputs.size()) {
      return Status(StatusCode::kDataCorrupt,
                    Describe(node) + ": a branch has " + std::to_string(branch.outputs.size()) +
                        " outputs, the node has " + std::to_string(node.outputs.size()));
    }
    for (const DeclaredInput& input : branch.inputs) {
      node.inputs.push_back(input.name);
    }
    (taken ? branches.then_branch : branches.else_branch) =
        std::make_shared<const Graph>(std::move(branch));
  }
  graph.branches[node.outputs[0]] = std::move(branches);
  return OkStatus();
}

Status ReadNodes(const onnx::GraphProto& graph_proto, const OperatorSets& opsets, Graph& graph) {
  for (const auto& proto : graph_proto.node()) {
    const std::string domain = proto.domain() == "ai.onnx" ? "" : proto.domain();
    const auto opset = opsets.find(domain);
    NEURON_ASSIGN_OR_RETURN(HostNode node,
                            NodeFromProto(proto, opset == opsets.end() ? 1 : opset->second));
    if (opset == opsets.end()) {
      return Status(StatusCode::kDataCorrupt,
                    Describe(node) + ": the model does not import operator set '" + domain + "'");
    }
    if (node.outputs.empty()) {
      return Status(StatusCode::kDataCorrupt, Describe(node) + " has no output");
    }
    if (domain.empty() && node.op_type == "If") {
      NEURON_RETURN_IF_ERROR(ReadBranches(proto, opsets, node, graph));
    }
    graph.nodes.push_back(std::move(node));
  }
  return OkStatus();
}

// What a branch reads but does not define, each once.
std::vector<DeclaredInput> CapturedInputs(const Graph& branch) {
  std::set<std::string> defined;
  for (const HostNode& node : branch.nodes) {
    defined.insert(node.outputs.begin(), node.outputs.end());
  }
  std::vector<DeclaredInput> captured;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && !branch.tensors.contains(name) && defined.insert(name).second) {
      captured.emplace_back().name = name;
    }
  };
  for (const HostNode& node : branch.nodes) {
    std::for_each(node.inputs.begin(), node.inputs.end(), add);
  }
  std::for_each(branch.outputs.begin(), branch.outputs.end(), add);
  return captured;
}

Result<Graph> ReadBranch(const onnx::NodeProto& proto, const std::string& attribute,
                         const OperatorSets& opsets) {
  for (const auto& candidate : proto.attribute()) {
    if (candidate.name() != attribute || !candidate.has_g()) {
      continue;
    }
    Graph branch;
    branch.name = attribute;
    NEURON_RETURN_IF_ERROR(ReadInitializers(candidate.g(), branch));
    for (const auto& output : candidate.g().output()) {
      branch.outputs.push_back(output.name());
    }
    NEURON_RETURN_IF_ERROR(ReadNodes(candidate.g(), opsets, branch));
    branch.inputs = CapturedInputs(branch);
    NEURON_RETURN_IF_ERROR(SortTopologically(branch));
    return branch;
  }
  return Status(StatusCode::kDataCorrupt,
                "node '" + proto.name() + "' (If) has no attribute '" + attribute + "'");
}

Result<Graph> ReadChecked(std::span<const std::byte> bytes) {
  onnx::ModelProto model;
  NEURON_RETURN_IF_ERROR(Parse(bytes, model));
  Graph graph;
  graph.name = model.graph().name();
  NEURON_RETURN_IF_ERROR(ReadInitializers(model.graph(), graph));
  for (const auto& proto : model.graph().input()) {
    if (!graph.tensors.contains(proto.name())) {
      NEURON_ASSIGN_OR_RETURN(DeclaredInput input, ReadInput(proto));
      graph.inputs.push_back(std::move(input));
    }
  }
  for (const auto& proto : model.graph().output()) {
    graph.outputs.push_back(proto.name());
  }
  NEURON_ASSIGN_OR_RETURN(const OperatorSets opsets, ReadOperatorSets(model));
  NEURON_RETURN_IF_ERROR(ReadNodes(model.graph(), opsets, graph));
  NEURON_RETURN_IF_ERROR(SortTopologically(graph));
  return graph;
}

}  // namespace

Result<Graph> ReadOnnx(std::span<const std::byte> bytes) {
  try {
    return ReadChecked(bytes);
  } catch (const std::exception& error) {
    return Status(StatusCode::kDataCorrupt,
                  std::string("the ONNX library refused the model: ") + error.what());
  }
}

}  // namespace neuron::compiler
