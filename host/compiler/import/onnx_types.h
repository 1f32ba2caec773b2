// SPDX-License-Identifier: Apache-2.0
// Between ONNX's protocol buffers and plain values. The message types are only declared here, so
// that nothing outside the .cpp files includes ONNX's headers.
#ifndef NEURON_HOST_COMPILER_IMPORT_ONNX_TYPES_H_
#define NEURON_HOST_COMPILER_IMPORT_ONNX_TYPES_H_

#include "base/status.h"
#include "host/ops/host_tensor.h"

namespace onnx {
class NodeProto;
class TensorProto;
}  // namespace onnx

namespace neuron::compiler {

// The element type with ONNX's number `data_type`; an error that names the type for those that
// no operator here handles (strings, complex numbers, uint16/32/64).
Result<ElementType> ElementTypeFromOnnx(int data_type, const std::string& what);

// `what` names the tensor in errors: "initialiser 'w'". External data, negative or inconsistent
// sizes and unsupported types are errors.
Result<HostTensor> TensorFromProto(const onnx::TensorProto& proto, const std::string& what);
void TensorToProto(const HostTensor& tensor, onnx::TensorProto* proto);

// `opset` is the version of the node's domain.
Result<HostNode> NodeFromProto(const onnx::NodeProto& proto, int opset);
void NodeToProto(const HostNode& node, onnx::NodeProto* proto);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_IMPORT_ONNX_TYPES_H_
