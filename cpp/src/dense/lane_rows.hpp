// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>

#include "kernel/lanes.hpp"

/// What the kernels across lanes share: storage, and loops whose length is a constant for the smallest matrices.
namespace hessolve {

template <class T>
using Size = simd::Packet<Real<T>>;

/// Rows of `stride` Lanes, stack memory for what is small.
template <class T>
class Rows {
 public:
  Rows(Index rows, Index stride)
      : stride_(stride),
        heap_(rows * stride > inline_size ? rows * stride * packets : 0),
        data_(heap_.empty() ? inline_ : reinterpret_cast<Lanes<T>*>(heap_.data())) {}  // NOLINT: aligned to 64
  Rows(const Rows&) = delete;  // data_ may point into the object itself
  Rows& operator=(const Rows&) = delete;
  [[nodiscard]] Lanes<T>* operator[](Index i) const { return data_ + i * stride_; }
  [[nodiscard]] Index stride() const { return stride_; }

 private:
  static constexpr Index inline_size = 68'000 / sizeof(Lanes<T>);
  static constexpr Index packets = sizeof(Lanes<T>) / sizeof(Real<T>);
  Index stride_;
  Lanes<T> inline_[inline_size];
  Buffer<Real<T>> heap_;
  Lanes<T>* data_;
};

template <class T>
HESSOLVE_INLINE Size<T> none() {
  return simd::zero<Real<T>>();
}

/// call(size) with the matrix size as a constant up to `Most`, 0 beyond.
template <int Most, int N = 1, class Call>
void with_size(Index n, Call&& call) {
  if constexpr (N > Most) {
    call(std::integral_constant<int, 0>{});
  } else if (n == N) {
    call(std::integral_constant<int, N>{});
  } else {
    with_size<Most, N + 1>(n, call);
  }
}

}  // namespace hessolve
