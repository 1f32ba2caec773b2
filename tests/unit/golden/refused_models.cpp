// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/golden/refused_models.h"

#include "tests/unit/import/models.h"

namespace neuron::compiler {
namespace {

using onnx::TensorProto;

ModelBuilder OneRelu(const Shape& shape) {
  ModelBuilder model;
  model.Input("x", shape).Output("y").Node("Relu", {"x"}, "y");
  return model;
}

ModelBuilder OneNode(const std::string& op, const std::vector<std::string>& inputs) {
  ModelBuilder model;
  model.Input("x", {1, 4, 8, 8}).Output("y").Node(op, inputs, "y");
  return model;
}

RefusedModel Refused(const std::string& name, const ModelBuilder& model) {
  RefusedModel refused;
  refused.name = name;
  refused.options.import.bytes = model.Bytes();
  return refused;
}

RefusedModel FreeDimension() { return Refused("free_dimension", OneRelu({-1, 4})); }

RefusedModel UnknownDimension() {
  RefusedModel refused = Refused("unknown_dimension", OneRelu({-1, 4}));
  refused.options.import.dimensions["batch"] = 1;
  return refused;
}

RefusedModel ContradictoryShape() {
  RefusedModel refused = Refused("contradictory_shape", OneRelu({-1, 4}));
  refused.options.import.input_shapes["x"] = {1, 5};
  return refused;
}

RefusedModel UnknownConfiguration() {
  RefusedModel refused = Refused("unknown_configuration", OneRelu({1, 4}));
  refused.options.configuration = "huge";
  return refused;
}

RefusedModel MissingFile() {
  RefusedModel refused;
  refused.name = "missing_file";
  refused.options.import.path = "no/such/model.onnx";
  return refused;
}

RefusedModel NoModel() {
  RefusedModel refused;
  refused.name = "no_model";
  refused.options.import.bytes.assign(40, std::byte{0x5a});
  return refused;
}

RefusedModel Cycle() {
  ModelBuilder model;
  model.Input("x", {4}).Output("b");
  model.Node("Add", {"x", "b"}, "a");
  model.Node("Relu", {"a"}, "b");
  return Refused("cycle", model);
}

RefusedModel UndefinedTensor() { return Refused("undefined_tensor", OneNode("Add", {"x", "w"})); }

RefusedModel UnknownOperator() { return Refused("unknown_operator", OneNode("Frobnicate", {"x"})); }

RefusedModel OperatorWithoutImplementation() {
  return Refused("operator_without_implementation", OneNode("Det", {"x"}));
}

RefusedModel DataDependentShape() {
  return Refused("data_dependent_shape", OneNode("NonZero", {"x"}));
}

RefusedModel Loop() {
  ModelBuilder model = OneNode("Loop", {"", "", "x"});
  auto* body = model.graph().mutable_node(0)->add_attribute();
  body->set_name("body");
  body->set_type(onnx::AttributeProto::GRAPH);
  body->mutable_g()->set_name("body");
  return Refused("loop", model);
}

RefusedModel StringInput() {
  ModelBuilder model;
  model.Input("x", {1}, TensorProto::STRING).Output("y").Node("Identity", {"x"}, "y");
  return Refused("string_input", model);
}

RefusedModel ExternalData() {
  ModelBuilder model = OneNode("Add", {"x", "w"});
  auto* weight = model.graph().add_initializer();
  weight->set_name("w");
  weight->set_data_type(TensorProto::FLOAT);
  weight->add_dims(8);
  weight->set_data_location(TensorProto::EXTERNAL);
  return Refused("external_data", model);
}

RefusedModel MissingAttribute() { return Refused("missing_attribute", OneNode("MaxPool", {"x"})); }

RefusedModel WeightsThatDoNotFit() {
  ModelBuilder model = OneNode("Conv", {"x", "w"});
  model.Floats("w", {4, 2, 3, 3}, std::vector<float>(72, 0.5F));
  return Refused("weights_that_do_not_fit", model);
}

RefusedModel ProductThatIsTooDeep() {
  ModelBuilder model;
  model.Input("a", {4, 70000}).Input("b", {70000, 20}).Output("y");
  model.Node("MatMul", {"a", "b"}, "y");
  return Refused("product_that_is_too_deep", model);
}

RefusedModel ShapesThatDoNotBroadcast() {
  ModelBuilder model = OneNode("Mul", {"x", "w"});
  model.Floats("w", {3}, {1, 2, 3});
  return Refused("shapes_that_do_not_broadcast", model);
}

}  // namespace

std::vector<RefusedModel> RefusedModels() {
  return {FreeDimension(),
          UnknownDimension(),
          ContradictoryShape(),
          MissingFile(),
          UnknownConfiguration(),
          NoModel(),
          Cycle(),
          UndefinedTensor(),
          UnknownOperator(),
          OperatorWithoutImplementation(),
          DataDependentShape(),
          Loop(),
          StringInput(),
          ExternalData(),
          MissingAttribute(),
          ProductThatIsTooDeep(),
          WeightsThatDoNotFit(),
          ShapesThatDoNotBroadcast()};
}

}  // namespace neuron::compiler
