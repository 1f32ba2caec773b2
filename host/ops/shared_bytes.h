// SPDX-License-Identifier: Apache-2.0
// Bytes of a tensor: a copy costs nothing until it, or what it was copied from, is written.
#ifndef NEURON_HOST_OPS_SHARED_BYTES_H_
#define NEURON_HOST_OPS_SHARED_BYTES_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace neuron {

// A vector of bytes of fixed length, or a part of one. Access that may write gives this object
// bytes of its own first, so pointers and iterators that may write are good until the object is
// copied. Different objects may be used by different threads.
class SharedBytes {
 public:
  SharedBytes() = default;
  // Zero-filled.
  explicit SharedBytes(size_t size) : SharedBytes(std::vector<std::byte>(size)) {}
  explicit SharedBytes(std::vector<std::byte> bytes)
      : bytes_(std::make_shared<std::vector<std::byte>>(std::move(bytes))), size_(bytes_->size()) {}

  // Bytes [first, first + size) of these. Pre: they exist.
  SharedBytes Part(size_t first, size_t size) const {
    SharedBytes part = *this;
    part.first_ += first;
    part.size_ = size;
    return part;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  const std::byte* data() const { return bytes_ == nullptr ? nullptr : bytes_->data() + first_; }
  const std::byte* begin() const { return data(); }
  const std::byte* end() const { return data() + size_; }

  std::byte* data() {
    if (bytes_ == nullptr) {
      return nullptr;
    }
    if (bytes_.use_count() > 1) {
      const std::byte* from = std::as_const(*this).data();
      bytes_ = std::make_shared<std::vector<std::byte>>(from, from + size_);
      first_ = 0;
    }
    return bytes_->data() + first_;
  }
  std::byte* begin() { return data(); }
  std::byte* end() { return data() + size_; }

  const std::byte& operator[](size_t i) const { return data()[i]; }
  std::byte& operator[](size_t i) { return data()[i]; }

  friend bool operator==(const SharedBytes& a, const SharedBytes& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::shared_ptr<std::vector<std::byte>> bytes_;
  size_t first_ = 0;
  size_t size_ = 0;
};

}  // namespace neuron

#endif  // NEURON_HOST_OPS_SHARED_BYTES_H_
