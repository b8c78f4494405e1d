// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/scalars.hpp>

#include <cstring>
#include <stdexcept>
#include <type_traits>
#include <vector>

/// Objects as bytes of this machine, for the pickle of one process to be read by another.
namespace hessolve {

class Writer {
 public:
  template <class V>
  void operator()(const V& value) {
    (*this)(&value, 1);
  }
  template <class V>
  void operator()(const V* values, Index count) {
    static_assert(std::is_trivially_copyable_v<V>);
    if (count > 0) {
      const auto* first = reinterpret_cast<const unsigned char*>(values);  // NOLINT: bytes are what is wanted
      bytes_.insert(bytes_.end(), first, first + static_cast<std::size_t>(count) * sizeof(V));
    }
  }
  [[nodiscard]] const std::vector<unsigned char>& bytes() const { return bytes_; }

 private:
  std::vector<unsigned char> bytes_;
};

class Reader {
 public:
  Reader(const unsigned char* bytes, std::size_t size) : bytes_(bytes), left_(size) {}
  template <class V>
  void operator()(V& value) {
    (*this)(&value, 1);
  }
  template <class V>
  void operator()(V* values, Index count) {
    static_assert(std::is_trivially_copyable_v<V>);
    const std::size_t size = static_cast<std::size_t>(count) * sizeof(V);
    if (count < 0 || size > left_) {
      throw std::invalid_argument("the saved state is cut short");
    }
    if (size > 0) {
      std::memcpy(values, bytes_, size);
      bytes_ += size;
      left_ -= size;
    }
  }
  [[nodiscard]] std::size_t left() const { return left_; }

 private:
  const unsigned char* bytes_;
  std::size_t left_;
};

}  // namespace hessolve
