// SPDX-License-Identifier: Apache-2.0
// ONNX attributes of host operators, to and from the schema.
#ifndef NEURON_HOST_NCX_ATTRIBUTES_H_
#define NEURON_HOST_NCX_ATTRIBUTES_H_

#include <flatbuffers/flatbuffers.h>

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/ops/host_tensor.h"
#include "ncx_generated.h"

namespace neuron::ncx {

using AttributeMap = std::map<std::string, AttributeValue>;
using AttributeOffset = flatbuffers::Offset<fb::Attribute>;

flatbuffers::Offset<flatbuffers::Vector<AttributeOffset>> WriteAttributes(
    flatbuffers::FlatBufferBuilder& builder, const AttributeMap& attributes);

// `attributes` may be null. kInvalidArgument for an unknown kind or a tensor whose data does not
// fit its shape.
Result<AttributeMap> ReadAttributes(const flatbuffers::Vector<AttributeOffset>* attributes);

}  // namespace neuron::ncx

#endif  // NEURON_HOST_NCX_ATTRIBUTES_H_
