// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/view.hpp>

#include <cstddef>
#include <utility>

namespace hessolve {

namespace detail {

/// `bytes` of memory aligned to 64; where they are many, on huge pages if the system has them: touching fresh memory
/// page by page otherwise costs as much as a fifth of a factorisation.
[[nodiscard]] void* allocate(std::size_t bytes);
void release(void* memory, std::size_t bytes) noexcept;

}  // namespace detail

/// Owning, 64-byte aligned, uninitialised memory for trivially destructible T; moves, never copies by accident.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(Index size) : size_(size) {
    if (size > 0) {
      data_ = static_cast<T*>(detail::allocate(static_cast<std::size_t>(size) * sizeof(T)));
    }
  }
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { detail::release(data_, static_cast<std::size_t>(size_) * sizeof(T)); }

  [[nodiscard]] T* data() const { return data_; }
  [[nodiscard]] Index size() const { return size_; }
  T& operator[](Index i) const { return data_[i]; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  T* data_ = nullptr;
  Index size_ = 0;
};

/// `size` elements on the stack where at most Inline are needed, else on the heap: small systems allocate nothing.
template <class T, Index Inline>
class Scratch {
 public:
  explicit Scratch(Index size) : heap_(size > Inline ? size : 0) {
    data_ = size > Inline ? heap_.data() : reinterpret_cast<T*>(inline_);  // NOLINT: raw, aligned storage
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] T* data() const { return data_; }
  T& operator[](Index i) const { return data_[i]; }

 private:
  alignas(64) unsigned char inline_[static_cast<std::size_t>(Inline) * sizeof(T)];  // deliberately uninitialised
  Buffer<T> heap_;
  T* data_;
};

/// Column stride for n rows of T: whole cache lines, and never a multiple of 4096 bytes, which would put the elements
/// of a row into the same few cache sets.
template <class T>
[[nodiscard]] constexpr Index padded_stride(Index rows) {
  const Index line = 64 / static_cast<Index>(sizeof(T));
  const Index lines = (rows + line - 1) / line;
  return (lines % 16 == 0 && lines > 0 ? lines + 1 : lines) * line;
}

/// A column-major matrix that owns its memory.
template <class T>
class Matrix {
 public:
  Matrix() = default;
  Matrix(Index rows, Index cols) : rows_(rows), cols_(cols), stride_(padded_stride<T>(rows)), buffer_(stride_ * cols) {}
  [[nodiscard]] ColMajor<T> view() const { return {buffer_.data(), rows_, cols_, stride_}; }
  T& operator()(Index i, Index j) const { return buffer_[i + j * stride_]; }

 private:
  Index rows_ = 0;
  Index cols_ = 0;
  Index stride_ = 0;
  Buffer<T> buffer_;
};

}  // namespace hessolve
