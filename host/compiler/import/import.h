// SPDX-License-Identifier: Apache-2.0
// The compiler's front half: an ONNX model in, a LayerGraph out.
#ifndef NEURON_HOST_COMPILER_IMPORT_IMPORT_H_
#define NEURON_HOST_COMPILER_IMPORT_IMPORT_H_

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "host/compiler/layer_graph.h"

namespace neuron::compiler {

struct ImportOptions {
  std::string path;              // the .onnx file; used when `bytes` is empty
  std::vector<std::byte> bytes;  // the file's content
  std::string model_name;  // default: the path's file name without extension, else the graph's
  // Sizes of named free dimensions: {"batch", 1}.
  std::map<std::string, int64_t> dimensions;
  // Whole shapes of inputs: {"input", {1, 1760}}; wins over `dimensions`.
  std::map<std::string, Shape> input_shapes;
  // How float weights and activations are stored: kFloat32 (as they are), kBfloat16 or kFloat16.
  ElementType float_storage = ElementType::kFloat32;
  PrecisionChoice precision;
  // Elements of a row that one softmax, reduction or (a third as many) normalisation may work on;
  // longer rows take several layers. Compile sets it to what the configuration has room for.
  int64_t longest_row = 6144;
  // Values of inputs that are fixed when compiling; such an input is no input of the compiled
  // model. One number fills the input's whole shape: {"sr", {16000}}.
  std::map<std::string, std::vector<double>> constants;
  // Called after each pass with its name and the printable graph; see PassNames().
  std::function<void(const std::string& pass, const std::string& text)> dump;
};

// Adds one binding in the form of the command line's --bind: "NAME=SIZE" for a named dimension or
// "INPUT:SIZE,SIZE,..." for an input's whole shape (the last colon counts, so that input names
// may hold colons). kInvalidArgument shows both forms.
Status AddBinding(std::string_view text, ImportOptions& options);

// Fixes one input in the form of the command line's --constant: "INPUT=NUMBER,NUMBER,...".
Status AddConstantInput(std::string_view text, ImportOptions& options);

// The passes in order, as `dump` names them.
const std::vector<std::string>& PassNames();

// Reads, folds, lowers, quantises and fuses. Every error names the node, tensor or dimension at
// fault and what would work: kNotFound (no such file, no such input or dimension to bind, no such
// product to make accurate),
// kDataCorrupt (not a valid model), kInvalidArgument (unbound or contradictory dimensions, operands
// that do not fit), kUnsupported (an operator that neither an engine nor the host can run).
// Operators without an engine become HostLayers with the reason.
Result<LayerGraph> ImportModel(const ImportOptions& options);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_IMPORT_IMPORT_H_
