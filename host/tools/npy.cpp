// SPDX-License-Identifier: Apache-2.0
#include "host/tools/npy.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

#include "host/ncx/package.h"

namespace neuron::tools {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr size_t kHeaderAlignment = 64;

struct TypeName {
  ElementType type;
  std::string_view descr;
};
constexpr std::array<TypeName, 9> kTypes = {{{ElementType::kFloat32, "<f4"},
                                             {ElementType::kFloat64, "<f8"},
                                             {ElementType::kFloat16, "<f2"},
                                             {ElementType::kInt8, "|i1"},
                                             {ElementType::kUint8, "|u1"},
                                             {ElementType::kInt16, "<i2"},
                                             {ElementType::kInt32, "<i4"},
                                             {ElementType::kInt64, "<i8"},
                                             {ElementType::kBool, "|b1"}}};

Status Corrupt(const std::string& what) {
  return Status(StatusCode::kDataCorrupt, "not a readable .npy file: " + what);
}

// What follows "'key':" in the header's dictionary.
std::string_view Field(std::string_view header, std::string_view key) {
  const size_t at = header.find(fmt::format("'{}':", key));
  if (at == std::string_view::npos) {
    return {};
  }
  std::string_view rest = header.substr(at + key.size() + 3);
  const size_t start = rest.find_first_not_of(' ');
  return start == std::string_view::npos ? std::string_view() : rest.substr(start);
}

Result<ElementType> ParseType(std::string_view header) {
  const std::string_view field = Field(header, "descr");
  const size_t end = field.size() > 1 ? field.find('\'', 1) : std::string_view::npos;
  if (field.empty() || field[0] != '\'' || end == std::string_view::npos) {
    return Corrupt("its header has no simple 'descr'");
  }
  const std::string_view descr = field.substr(1, end - 1);
  for (const TypeName& candidate : kTypes) {
    // The byte-order mark of one-byte types may be either.
    const bool one_byte = candidate.descr[0] == '|' && descr.substr(1) == candidate.descr.substr(1);
    if (descr == candidate.descr || one_byte) {
      return candidate.type;
    }
  }
  return Status(StatusCode::kUnsupported,
                fmt::format("element type '{}' is not supported; use float32, float16, float64, "
                            "int8, uint8, int16, int32, int64 or bool, little-endian",
                            descr));
}

Result<Shape> ParseShape(std::string_view header) {
  std::string_view field = Field(header, "shape");
  const size_t end = field.find(')');
  if (field.empty() || field[0] != '(' || end == std::string_view::npos) {
    return Corrupt("its header has no 'shape'");
  }
  field = field.substr(1, end - 1);
  Shape shape;
  while (true) {
    const size_t start = field.find_first_of("0123456789");
    if (start == std::string_view::npos) {
      return shape;
    }
    field.remove_prefix(start);
    int64_t size = 0;
    const auto [next, error] = std::from_chars(field.data(), field.data() + field.size(), size);
    if (error != std::errc()) {
      return Corrupt("a size in its 'shape' is too large");
    }
    shape.push_back(size);
    field.remove_prefix(static_cast<size_t>(next - field.data()));
  }
}

uint32_t LittleEndian(std::span<const std::byte> bytes) {
  uint32_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<uint32_t>(bytes[i]);
  }
  return value;
}

std::string HeaderText(const HostTensor& tensor) {
  std::string_view descr;
  for (const TypeName& candidate : kTypes) {
    if (candidate.type == tensor.type) {
      descr = candidate.descr;
    }
  }
  std::string shape;
  for (const int64_t size : tensor.shape) {
    shape += fmt::format("{}, ", size);
  }
  if (tensor.shape.size() > 1) {
    shape.resize(shape.size() - 2);
  } else if (tensor.shape.size() == 1) {
    shape.resize(shape.size() - 1);
  }
  return fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, shape);
}

}  // namespace

Result<HostTensor> ParseNpy(std::span<const std::byte> file) {
  constexpr size_t kVersionAt = 6;
  constexpr size_t kLengthAt = 8;
  if (file.size() < kLengthAt + 2 || std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0) {
    return Corrupt("the magic bytes are missing");
  }
  const auto version = static_cast<int>(file[kVersionAt]);
  const size_t length_bytes = version == 1 ? 2 : 4;
  if (version < 1 || version > 3 || file.size() < kLengthAt + length_bytes) {
    return Corrupt(fmt::format("version {} is unknown", version));
  }
  const size_t header_at = kLengthAt + length_bytes;
  const size_t header_bytes = LittleEndian(file.subspan(kLengthAt, length_bytes));
  if (header_bytes > file.size() - header_at) {
    return Corrupt("its header is cut short");
  }
  const std::string_view header(reinterpret_cast<const char*>(file.data()) + header_at,
                                header_bytes);
  NEURON_ASSIGN_OR_RETURN(const ElementType type, ParseType(header));
  NEURON_ASSIGN_OR_RETURN(const Shape shape, ParseShape(header));
  if (!Field(header, "fortran_order").starts_with("False")) {
    return Status(StatusCode::kUnsupported,
                  "the array is in Fortran order; save numpy.ascontiguousarray(array)");
  }
  NEURON_ASSIGN_OR_RETURN(const uint64_t bytes, ncx::TensorBytes(type, shape));
  const std::span<const std::byte> data = file.subspan(header_at + header_bytes);
  if (data.size() < bytes) {
    return Corrupt(fmt::format("an array of shape {} needs {} bytes, the file has {}",
                               ShapeToString(shape), bytes, data.size()));
  }
  HostTensor tensor(type, shape);
  std::copy_n(data.begin(), bytes, tensor.data.begin());
  return tensor;
}

Result<HostTensor> ReadNpy(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return Status(StatusCode::kNotFound, fmt::format("no file '{}'", path.string()));
  }
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = stream.tellg();
  std::vector<std::byte> bytes(size > 0 ? static_cast<size_t>(size) : 0);
  stream.seekg(0);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!stream) {
    return Status(StatusCode::kIoError, fmt::format("cannot read '{}'", path.string()));
  }
  Result<HostTensor> tensor = ParseNpy(bytes);
  if (!tensor.ok()) {
    return Status(tensor.status().code(),
                  fmt::format("{}: {}", path.string(), tensor.status().message()));
  }
  return tensor;
}

Status WriteNpy(const std::filesystem::path& path, const HostTensor& tensor) {
  if (tensor.type == ElementType::kBfloat16) {
    const std::vector<float> values = tensor.ToFloats();
    return WriteNpy(path, MakeTensor<float>(ElementType::kFloat32, tensor.shape, values));
  }
  std::string header = HeaderText(tensor);
  const size_t prefix = kMagic.size() + 4;  // magic, version, length of the header
  const size_t unpadded = prefix + header.size() + 1;
  const size_t padded = (unpadded + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment;
  header.append(padded - unpadded, ' ');
  header += '\n';
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  const char version_and_length[] = {1, 0, static_cast<char>(header.size() & 0xFFU),
                                     static_cast<char>(header.size() >> 8)};
  file.write(kMagic.data(), static_cast<std::streamsize>(kMagic.size()));
  file.write(version_and_length, sizeof(version_and_length));
  file.write(header.data(), static_cast<std::streamsize>(header.size()));
  file.write(reinterpret_cast<const char*>(tensor.data.data()),
             static_cast<std::streamsize>(tensor.data.size()));
  if (!file.flush()) {
    return Status(StatusCode::kIoError, fmt::format("cannot write '{}'", path.string()));
  }
  return OkStatus();
}

}  // namespace neuron::tools
