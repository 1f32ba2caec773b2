// SPDX-License-Identifier: Apache-2.0
// Small ONNX models, built in place for tests.
#ifndef NEURON_TESTS_UNIT_IMPORT_MODELS_H_
#define NEURON_TESTS_UNIT_IMPORT_MODELS_H_

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "host/compiler/import/import.h"

namespace neuron::compiler {

class ModelBuilder {
 public:
  explicit ModelBuilder(int opset = 13) {
    model_.set_ir_version(8);
    model_.add_opset_import()->set_version(opset);
    model_.mutable_graph()->set_name("test");
  }

  onnx::ModelProto& proto() { return model_; }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  // A dimension of -1 is free and named "n".
  ModelBuilder& Input(const std::string& name, const Shape& shape,
                      int type = onnx::TensorProto::FLOAT) {
    Declare(graph().add_input(), name, shape, type);
    return *this;
  }
  ModelBuilder& Output(const std::string& name) {
    auto* value = graph().add_output();
    value->set_name(name);
    value->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
    return *this;
  }
  template <typename T>
  ModelBuilder& Constant(const std::string& name, int type, const Shape& shape,
                         const std::vector<T>& values) {
    auto* tensor = graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(type);
    for (const int64_t dim : shape) {
      tensor->add_dims(dim);
    }
    tensor->set_raw_data(values.data(), values.size() * sizeof(T));
    return *this;
  }
  ModelBuilder& Floats(const std::string& name, const Shape& shape,
                       const std::vector<float>& values) {
    return Constant<float>(name, onnx::TensorProto::FLOAT, shape, values);
  }
  ModelBuilder& Ints(const std::string& name, const std::vector<int64_t>& values) {
    return Constant<int64_t>(name, onnx::TensorProto::INT64, {static_cast<int64_t>(values.size())},
                             values);
  }
  // A scale and an int8 zero-point "NAME_scale" and "NAME_zero".
  ModelBuilder& Quantization(const std::string& name, float scale, int8_t zero) {
    Floats(name + "_scale", {}, {scale});
    return Constant<int8_t>(name + "_zero", onnx::TensorProto::INT8, {}, {zero});
  }
  onnx::NodeProto* Node(const std::string& op, const std::vector<std::string>& inputs,
                        const std::string& output) {
    auto* node = graph().add_node();
    node->set_name(op + "_" + output);
    node->set_op_type(op);
    for (const std::string& input : inputs) {
      node->add_input(input);
    }
    node->add_output(output);
    return node;
  }
  // "DequantizeLinear" or "QuantizeLinear" with the parameters named after `parameters`.
  void Convert(const std::string& op, const std::string& input, const std::string& parameters,
               const std::string& output) {
    Node(op, {input, parameters + "_scale", parameters + "_zero"}, output);
  }

  std::vector<std::byte> Bytes() const {
    const std::string text = model_.SerializeAsString();
    std::vector<std::byte> bytes(text.size());
    std::memcpy(bytes.data(), text.data(), text.size());
    return bytes;
  }
  Result<LayerGraph> Import(int64_t longest_row = ImportOptions().longest_row) const {
    ImportOptions options;
    options.longest_row = longest_row;
    options.bytes = Bytes();
    return ImportModel(options);
  }

 private:
  static void Declare(onnx::ValueInfoProto* value, const std::string& name, const Shape& shape,
                      int type) {
    value->set_name(name);
    auto* tensor = value->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    tensor->mutable_shape();
    for (const int64_t dim : shape) {
      auto* declared = tensor->mutable_shape()->add_dim();
      if (dim >= 0) {
        declared->set_dim_value(dim);
      } else {
        declared->set_dim_param("n");
      }
    }
  }

  onnx::ModelProto model_;
};

// The model's layers, or a failure and none.
inline LayerGraph ImportOrFail(const ModelBuilder& model,
                               int64_t longest_row = ImportOptions().longest_row) {
  auto graph = model.Import(longest_row);
  EXPECT_TRUE(graph.ok()) << graph.status().ToString();
  return graph.ok() ? std::move(*graph) : LayerGraph{};
}

inline void SetInt(onnx::NodeProto* node, const std::string& name, int64_t value) {
  auto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
}

inline void SetFloat(onnx::NodeProto* node, const std::string& name, float value) {
  auto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::FLOAT);
  attribute->set_f(value);
}

inline void SetInts(onnx::NodeProto* node, const std::string& name,
                    const std::vector<int64_t>& values) {
  auto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INTS);
  attribute->mutable_ints()->Add(values.begin(), values.end());
}

// Gives an If node of one output the branches Relu(x) and Neg(x), x of the enclosing graph.
inline void AddBranches(onnx::NodeProto* node) {
  for (const bool taken : {true, false}) {
    auto* attribute = node->add_attribute();
    attribute->set_name(taken ? "then_branch" : "else_branch");
    attribute->set_type(onnx::AttributeProto::GRAPH);
    auto* branch = attribute->mutable_g();
    branch->set_name(attribute->name());
    auto* inner = branch->add_node();
    inner->set_op_type(taken ? "Relu" : "Neg");
    inner->add_input("x");
    inner->add_output("inner");
    branch->add_output()->set_name("inner");
  }
}

}  // namespace neuron::compiler

#endif  // NEURON_TESTS_UNIT_IMPORT_MODELS_H_
