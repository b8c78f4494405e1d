// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/simd.hpp"

#include <hessolve/core/view.hpp>

#include <algorithm>
#include <cmath>
#include <type_traits>

/// Products of contiguous vectors, whose order of summation depends on the length alone.
namespace hessolve {

/// sum of op(a_i) b_i, op the conjugate if Conjugate.
template <bool Conjugate, class T>
[[nodiscard]] T dot(const T* a, const T* b, Index n) {
  constexpr Index W = simd::width<T>;
  simd::Packet<T> sum[2] = {simd::zero<T>(), simd::zero<T>()};
  const auto factor = [](const simd::Packet<T>& v) {
    if constexpr (Conjugate) {
      return Eigen::internal::pconj(v);
    } else {
      return v;
    }
  };
  Index i = 0;
  for (; i + 2 * W <= n; i += 2 * W) {
    sum[0] = simd::multiply_add(factor(simd::load<T>(a + i)), simd::load<T>(b + i), sum[0]);
    sum[1] = simd::multiply_add(factor(simd::load<T>(a + i + W)), simd::load<T>(b + i + W), sum[1]);
  }
  for (; i < n; i += W) {
    const Index r = n - i;
    sum[0] = simd::multiply_add(factor(simd::load_upto<T>(a + i, r)), simd::load_upto<T>(b + i, r), sum[0]);
  }
  return Eigen::internal::predux(simd::add(sum[0], sum[1]));
}

/// Elements of columns of length n to be taken first, so that all others are read in packets that touch one cache line
/// each, which takes half the time; 0 where the columns do not begin alike or are too short for that. One column has
/// stride 0.
template <class T>
[[nodiscard]] HESSOLVE_INLINE Index elements_apart(const T* A, Index stride, Index n) {
  constexpr Index W = simd::width<T>;
  return n >= 8 * W && stride % W == 0 ? simd::elements_to_alignment<T>(A) : 0;
}

/// result[c] = sum of op(a_i) b_i for N columns a = A(:, c) at once: several streams from memory, and b read once.
/// Wherever A lies, each element goes into the lane of its sum: the bits do not depend on it.
template <bool Conjugate, int N, class T>
void dots(const T* A, Index stride, const T* b, Index n, T* result) {
  constexpr Index W = simd::width<T>;
  constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  simd::Packet<T> sum[N];
  for (int c = 0; c < N; ++c) {
    sum[c] = simd::zero<T>();
  }
  const auto step = [&](auto&& get, auto&& prepare) {
    const simd::Packet<T> v = get(b);
    for (int c = 0; c < N; ++c) {
      const simd::Packet<T> a = get(A + c * stride);
      prepare(A + c * stride);
      if constexpr (Conjugate) {
        sum[c] = simd::multiply_add(Eigen::internal::pconj(a), v, sum[c]);
      } else {
        sum[c] = simd::multiply_add(a, v, sum[c]);
      }
    }
  };
  const auto nothing = [](const T*) {};
  const Index between = N == 1 ? 0 : stride;
  const bool alike = between % W == 0;
  const Index head = elements_apart<T>(A, between, n);
  Index i = head;
  if (head > 0) {
    step([head](const T* p) { return simd::load_last<T>(p, head); }, nothing);
  }
  if (alike) {
    for (; i + W <= n; i += W) {
      step([i](const T* p) { return simd::load<T>(p + i); }, nothing);
    }
  } else {
    for (; i + W <= n; i += W) {
      step([i](const T* p) { return simd::load<T>(p + i); },
           [i](const T* p) {
             if (W >= line || i % line == 0) {
               Eigen::internal::prefetch(p + i + 4 * line);
             }
           });
    }
  }
  if (const Index r = n - i; r > 0) {
    step([i, r](const T* p) { return simd::load_partial<T>(p + i, r); }, nothing);
  }
  for (int c = 0; c < N; ++c) {
    result[c] = Eigen::internal::predux(head > 0 ? simd::rotate<T>(sum[c], head) : sum[c]);
  }
}

/// A sum of many parts: as if in twice the precision, then rounded once.  [Neumaier 1974]
template <class T>
class CompensatedSum {
 public:
  void add(T value) {
    if constexpr (is_complex<T>) {
      re_.add(value.real());
      im_.add(value.imag());
    } else {
      const T next = sum_ + value;
      error_ += std::abs(sum_) >= std::abs(value) ? (sum_ - next) + value : (value - next) + sum_;
      sum_ = next;
    }
  }
  [[nodiscard]] T value() const {
    if constexpr (is_complex<T>) {
      return {re_.value(), im_.value()};
    } else {
      return std::isfinite(sum_) ? sum_ + error_ : sum_;
    }
  }

 private:
  struct Nothing {};
  using Part = std::conditional_t<is_complex<T>, CompensatedSum<Real<T>>, Nothing>;
  T sum_{};
  T error_{};
  Part re_;
  Part im_;
};

/// Elements that are summed plainly; sums of more are put together from such parts. A plain sum over a long column of
/// equal numbers is off by as many eps as it has elements in a lane.
inline constexpr Index plain_sum = 512;

/// dot for long vectors.
template <bool Conjugate, class T>
[[nodiscard]] T long_dot(const T* a, const T* b, Index n) {
  if (n <= plain_sum) {
    return dot<Conjugate, T>(a, b, n);
  }
  CompensatedSum<T> sum;
  for (Index i = 0; i < n; i += plain_sum) {
    sum.add(dot<Conjugate, T>(a + i, b + i, std::min(plain_sum, n - i)));
  }
  return sum.value();
}

/// y -= a x
template <class T>
HESSOLVE_INLINE void subtract_multiple(Index n, T a, const T* x, T* y) {
  constexpr Index W = simd::width<T>;
  const simd::Packet<T> factor = simd::broadcast<T>(a);
  const auto few = [&](Index i, Index r) {
    const simd::Packet<T> v = simd::load_partial<T>(y + i, r);
    simd::store_partial<T>(y + i, simd::negative_multiply_add(simd::load_partial<T>(x + i, r), factor, v), r);
  };
  Index i = elements_apart<T>(y, 0, n);
  if (i > 0) {
    few(0, i);
  }
  for (; i + W <= n; i += W) {
    simd::store<T>(y + i, simd::negative_multiply_add(simd::load<T>(x + i), factor, simd::load<T>(y + i)));
  }
  if (i < n) {
    few(i, n - i);
  }
}

/// y -= A x for N columns of A at once: each element is the same chain of fused operations as N times
/// subtract_multiple.
template <int N, class T>
HESSOLVE_INLINE void subtract_multiples(Index n, const T* x, const T* A, Index stride, T* y) {
  constexpr Index W = simd::width<T>;
  simd::Packet<T> factor[N];
  for (int c = 0; c < N; ++c) {
    factor[c] = simd::broadcast<T>(x[c]);
  }
  const auto few = [&](Index i, Index r) {
    simd::Packet<T> v = simd::load_partial<T>(y + i, r);
    for (int c = 0; c < N; ++c) {
      v = simd::negative_multiply_add(simd::load_partial<T>(A + i + c * stride, r), factor[c], v);
    }
    simd::store_partial<T>(y + i, v, r);
  };
  Index i = elements_apart<T>(A, stride, n);
  if (i > 0) {
    few(0, i);
  }
  for (; i + W <= n; i += W) {
    simd::Packet<T> v = simd::load<T>(y + i);
    for (int c = 0; c < N; ++c) {
      v = simd::negative_multiply_add(simd::load<T>(A + i + c * stride), factor[c], v);
    }
    simd::store<T>(y + i, v);
  }
  if (i < n) {
    few(i, n - i);
  }
}

/// y -= A x
template <class T>
void subtract_product(InColMajor<T> A, const T* x, T* y) {
  Index c = 0;
  for (; c + 8 <= A.cols; c += 8) {
    subtract_multiples<8, T>(A.rows, x + c, A.col(c), A.stride, y);
  }
  if (c + 4 <= A.cols) {
    subtract_multiples<4, T>(A.rows, x + c, A.col(c), A.stride, y);
    c += 4;
  }
  for (; c < A.cols; ++c) {
    subtract_multiple<T>(A.rows, x[c], A.col(c), y);
  }
}

}  // namespace hessolve
