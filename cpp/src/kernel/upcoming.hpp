// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/simd.hpp"

namespace hessolve {

/// Elements in a line of the cache.
template <class T>
inline constexpr Index cache_line = 64 / static_cast<Index>(sizeof(T));

/// Memory that will be read, `runs` of `length` contiguous elements, handed out in pieces to those who ask for it
/// early.
template <class T>
class Upcoming {
 public:
  Upcoming() = default;
  Upcoming(const T* data, Index length) : Upcoming(data, length, length > 0 ? 1 : 0, 0) {}
  Upcoming(const T* data, Index length, Index runs, Index stride)
      : data_(data),
        length_(length),
        runs_(runs),
        stride_(stride) {}

  [[nodiscard]] Index size() const { return length_ * runs_; }
  /// Of one run.
  [[nodiscard]] Index length() const { return length_; }

  /// The first of the next `piece` elements of a run; null where all have been handed out.
  const T* take(Index piece) {
    if (run_ == runs_) {
      return nullptr;
    }
    const T* p = data_ + run_ * stride_ + at_;
    at_ += piece;
    if (at_ >= length_) {
      at_ = 0;
      ++run_;
    }
    return p;
  }

  /// Ask for the next line, if there is one.
  void ask() {
    if (const T* line = take(cache_line<T>); line != nullptr) {
      simd::prefetch_to_second_level(line);
    }
  }

 private:
  const T* data_ = nullptr;
  Index length_ = 0;
  Index runs_ = 0;
  Index stride_ = 0;
  Index run_ = 0;
  Index at_ = 0;
};

}  // namespace hessolve
