// SPDX-License-Identifier: Apache-2.0
// Numbers and texts out of a FlatBuffers file.
#ifndef NEURON_HOST_NCX_FIELDS_H_
#define NEURON_HOST_NCX_FIELDS_H_

#include <flatbuffers/flatbuffers.h>

#include <cstring>
#include <string>
#include <vector>

namespace neuron::ncx {

// The numbers of `values`, which may be null. The FlatBuffers verifier checks that they are inside
// the file but not that they are aligned, so they are copied as bytes.
template <typename T>
std::vector<T> ToVector(const flatbuffers::Vector<T>* values) {
  std::vector<T> result(values == nullptr ? 0 : values->size());
  if (!result.empty()) {
    std::memcpy(result.data(), values->Data(), result.size() * sizeof(T));
  }
  for (T& value : result) {
    value = flatbuffers::EndianScalar(value);
  }
  return result;
}

// Empty for none.
inline std::string ToString(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}

}  // namespace neuron::ncx

#endif  // NEURON_HOST_NCX_FIELDS_H_
