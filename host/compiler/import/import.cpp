// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/import/import.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <filesystem>
#include <fstream>

#include "host/compiler/import/inference.h"
#include "host/compiler/import/onnx_reader.h"
#include "host/compiler/passes/passes.h"
#include "host/ops/evaluate.h"

namespace neuron::compiler {
namespace {

constexpr int64_t kMaxDimension = int64_t{1} << 31;

Result<std::vector<std::byte>> ReadFile(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return Status(StatusCode::kNotFound, "no file '" + path + "'");
  }
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto size = file ? static_cast<std::streamoff>(file.tellg()) : -1;
  if (size < 0) {
    return Status(StatusCode::kIoError, "cannot read '" + path + "'");
  }
  std::vector<std::byte> bytes(static_cast<size_t>(size));
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), size)) {
    return Status(StatusCode::kIoError, "cannot read '" + path + "'");
  }
  return bytes;
}

Result<int64_t> ParseSize(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 ||
      value > kMaxDimension) {
    return Status(StatusCode::kInvalidArgument,
                  "'" + std::string(text) + "' is not a dimension's size");
  }
  return value;
}

std::string DimensionName(const DeclaredDimension& dimension) {
  return dimension.name.empty() ? "?" : dimension.name;
}

std::string DeclaredShapeText(const DeclaredInput& input) {
  std::string text = "[";
  for (size_t i = 0; i < input.dimensions.size(); ++i) {
    const DeclaredDimension& dimension = input.dimensions[i];
    text += (i == 0 ? "" : ", ") +
            (dimension.size >= 0 ? std::to_string(dimension.size) : DimensionName(dimension));
  }
  return text + "]";
}

// "input:1,1760" with the free dimensions as N.
std::string ShapeExample(const DeclaredInput& input) {
  std::string text = input.name + ":";
  for (size_t i = 0; i < input.dimensions.size(); ++i) {
    const int64_t size = input.dimensions[i].size;
    text += (i == 0 ? "" : ",") + (size >= 0 ? std::to_string(size) : std::string("N"));
  }
  return text;
}

Result<Shape> BoundShape(const DeclaredInput& input, const ImportOptions& options) {
  const std::string what = "graph input '" + input.name + "'";
  const auto given = options.input_shapes.find(input.name);
  if (given != options.input_shapes.end()) {
    const Shape& shape = given->second;
    bool fits = !input.has_rank || shape.size() == input.dimensions.size();
    for (size_t i = 0; fits && i < input.dimensions.size(); ++i) {
      fits = input.dimensions[i].size < 0 || input.dimensions[i].size == shape[i];
    }
    if (!fits) {
      return Status(StatusCode::kInvalidArgument, what + " is " + DeclaredShapeText(input) +
                                                      " in the model and cannot be bound to " +
                                                      ShapeToString(shape) +
                                                      "; bind its free dimensions only");
    }
    return shape;
  }
  if (!input.has_rank) {
    return Status(
        StatusCode::kInvalidArgument,
        what + " has no shape in the model; bind it with --bind " + input.name + ":SIZE,SIZE,...");
  }
  Shape shape;
  for (size_t i = 0; i < input.dimensions.size(); ++i) {
    const DeclaredDimension& dimension = input.dimensions[i];
    const auto bound = options.dimensions.find(dimension.name);
    if (dimension.size >= 0) {
      shape.push_back(dimension.size);
    } else if (!dimension.name.empty() && bound != options.dimensions.end()) {
      shape.push_back(bound->second);
    } else {
      std::string message = what + ": dimension " + std::to_string(i) + " ('" +
                            DimensionName(dimension) + "') of " + DeclaredShapeText(input) +
                            " is free; bind it with ";
      if (!dimension.name.empty()) {
        message += "--bind " + dimension.name + "=N or ";
      }
      return Status(StatusCode::kInvalidArgument,
                    message + "the whole shape with --bind " + ShapeExample(input));
    }
  }
  return shape;
}

// Bindings that name nothing in the model are mistakes.
Status UnknownInput(const std::string& name, const char* intent, const std::string& inputs) {
  return Status(StatusCode::kNotFound,
                "the model has no input '" + name + "' to " + intent + "; it has " + inputs);
}

Status CheckBindings(const Graph& graph, const ImportOptions& options) {
  std::string inputs;
  std::map<std::string, bool> dimensions;
  for (const DeclaredInput& input : graph.inputs) {
    inputs += (inputs.empty() ? "'" : ", '") + input.name + "'";
    for (const DeclaredDimension& dimension : input.dimensions) {
      dimensions[dimension.name] = true;
    }
  }
  const auto has = [&](const std::string& name) {
    return std::ranges::find(graph.inputs, name, &DeclaredInput::name) != graph.inputs.end();
  };
  for (const auto& [name, shape] : options.input_shapes) {
    if (!has(name)) {
      return UnknownInput(name, "bind", inputs);
    }
  }
  for (const auto& [name, values] : options.constants) {
    if (!has(name)) {
      return UnknownInput(name, "fix", inputs);
    }
  }
  for (const auto& [name, size] : options.dimensions) {
    if (name.empty() || !dimensions.contains(name)) {
      std::string names;
      for (const auto& [known, unused] : dimensions) {
        names += known.empty() ? "" : (names.empty() ? "'" : ", '") + known + "'";
      }
      return Status(StatusCode::kNotFound,
                    "the model has no dimension '" + name + "' to bind; it has " +
                        (names.empty() ? "no named free dimensions" : names));
    }
  }
  return OkStatus();
}

// The tensor that an input fixed with --constant holds.
Result<HostTensor> FixedInput(const DeclaredInput& input, const Shape& shape,
                              const std::vector<double>& values) {
  const auto count = static_cast<size_t>(ElementCount(shape));
  if (values.size() != 1 && values.size() != count) {
    return Status(StatusCode::kInvalidArgument, "graph input '" + input.name + "' of shape " +
                                                    ShapeToString(shape) + " cannot be fixed to " +
                                                    std::to_string(values.size()) + " numbers");
  }
  std::vector<double> all = values;
  all.resize(count, values.empty() ? 0.0 : values[0]);
  const HostTensor numbers =
      MakeTensor<double>(ElementType::kFloat64, shape, std::span<const double>(all));
  HostNode cast;
  cast.name = "--constant " + input.name;
  cast.op_type = "Cast";
  cast.inputs = {input.name};
  cast.outputs = {input.name};
  cast.attributes["to"] = static_cast<int64_t>(input.type);
  const HostTensor* operands[] = {&numbers};
  NEURON_ASSIGN_OR_RETURN(auto results, Evaluate(cast, operands));
  return std::move(results.front());
}

Status BindInputs(Graph& graph, const ImportOptions& options) {
  NEURON_RETURN_IF_ERROR(CheckBindings(graph, options));
  for (const DeclaredInput& input : graph.inputs) {
    NEURON_ASSIGN_OR_RETURN(const Shape shape, BoundShape(input, options));
    for (const int64_t size : shape) {
      if (size < 0 || size > kMaxDimension || ElementCount(shape) > kMaxDimension) {
        return Status(StatusCode::kInvalidArgument,
                      "graph input '" + input.name + "' would have the shape " +
                          ShapeToString(shape) + "; a tensor has at most 2^31 elements in all");
      }
    }
    graph.tensors[input.name] = {input.type, shape, nullptr};
    if (ElementCount(shape) == 0) {  // nothing that the caller could give changes it
      graph.tensors[input.name].constant =
          std::make_shared<const HostTensor>(HostTensor(input.type, shape));
    }
    if (const auto fixed = options.constants.find(input.name); fixed != options.constants.end()) {
      NEURON_ASSIGN_OR_RETURN(HostTensor tensor, FixedInput(input, shape, fixed->second));
      graph.tensors[input.name].constant = std::make_shared<const HostTensor>(std::move(tensor));
    }
  }
  std::erase_if(graph.inputs,
                [&](const DeclaredInput& input) { return options.constants.contains(input.name); });
  return OkStatus();
}

Result<LayerGraph> RunPasses(const ImportOptions& options, std::span<const std::byte> bytes) {
  const auto dump = [&](const std::string& pass, const std::string& text) {
    if (options.dump) {
      options.dump(pass, text);
    }
  };
  NEURON_ASSIGN_OR_RETURN(Graph graph, ReadOnnx(bytes));
  if (!options.model_name.empty()) {
    graph.name = options.model_name;
  } else if (!options.path.empty()) {
    graph.name = std::filesystem::path(options.path).stem().string();
  }
  dump("read", ToText(graph));
  NEURON_RETURN_IF_ERROR(BindInputs(graph, options));
  NEURON_RETURN_IF_ERROR(InferAndFold(graph));
  dump("infer", ToText(graph));
  NEURON_ASSIGN_OR_RETURN(Module module, LowerToLayers(graph, options.longest_row));
  dump("lower", ToText(module.graph));
  for (const LayerPass& pass : LayerPasses()) {
    NEURON_RETURN_IF_ERROR(pass.run(module));
    dump(pass.name, ToText(module.graph));
  }
  if (options.float_storage != ElementType::kFloat32) {
    NEURON_RETURN_IF_ERROR(AutoCast(module.graph, options.float_storage));
  }
  dump("auto-cast", ToText(module.graph));
  NEURON_RETURN_IF_ERROR(SetPrecision(module.graph, options.precision));
  dump("precision", ToText(module.graph));
  return std::move(module.graph);
}

}  // namespace

Status AddBinding(std::string_view text, ImportOptions& options) {
  Status malformed(StatusCode::kInvalidArgument,
                   "binding '" + std::string(text) +
                       "' is neither NAME=SIZE (a named dimension, as batch=1) nor "
                       "INPUT:SIZE,SIZE,... (an input's shape, as input:1,1760)");
  const size_t equals = text.rfind('=');
  if (equals != std::string_view::npos && equals > 0) {
    const auto size = ParseSize(text.substr(equals + 1));
    if (size.ok()) {
      options.dimensions[std::string(text.substr(0, equals))] = *size;
    }
    return size.ok() ? OkStatus() : malformed;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return malformed;
  }
  Shape shape;
  std::string_view rest = text.substr(colon + 1);
  while (true) {
    const size_t comma = rest.find(',');
    const auto size = ParseSize(rest.substr(0, comma));
    if (!size.ok()) {
      return malformed;
    }
    shape.push_back(*size);
    if (comma == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(comma + 1);
  }
  options.input_shapes[std::string(text.substr(0, colon))] = std::move(shape);
  return OkStatus();
}

Status AddConstantInput(std::string_view text, ImportOptions& options) {
  Status malformed(StatusCode::kInvalidArgument,
                   "'" + std::string(text) +
                       "' is not INPUT=NUMBER,NUMBER,... (an input's fixed value, as "
                       "sr=16000)");
  const size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0) {
    return malformed;
  }
  std::vector<double> values;
  std::string_view rest = text.substr(equals + 1);
  while (true) {
    const size_t comma = rest.find(',');
    const std::string_view number = rest.substr(0, comma);
    double value = 0.0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || end != number.data() + number.size()) {
      return malformed;
    }
    values.push_back(value);
    if (comma == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(comma + 1);
  }
  options.constants[std::string(text.substr(0, equals))] = std::move(values);
  return OkStatus();
}

const std::vector<std::string>& PassNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result = {"read", "infer", "lower"};
    for (const LayerPass& pass : LayerPasses()) {
      result.emplace_back(pass.name);
    }
    result.emplace_back("auto-cast");
    result.emplace_back("precision");
    return result;
  }();
  return names;
}

Result<LayerGraph> ImportModel(const ImportOptions& options) {
  try {
    if (!options.bytes.empty()) {
      return RunPasses(options, options.bytes);
    }
    NEURON_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, ReadFile(options.path));
    return RunPasses(options, bytes);
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, std::string("import failed: ") + error.what());
  }
}

}  // namespace neuron::compiler
