// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/dot.hpp"
#include "kernel/team.hpp"

#include <hessolve/core/buffer.hpp>

#include <algorithm>
#include <cmath>

/// Passes over long vectors, in blocks of fixed length: sums have the same bits on any number of threads.
namespace hessolve::vectors {

inline constexpr Index block = 8192;
inline constexpr Index worth_threads = Index(1) << 16;

/// body(begin, end) for every block of 0 ... n - 1; `work` is the cost in elements, where it is not n.
template <class Body>
void for_blocks(Index n, Body&& body, Index work = 0) {
  parallel_for((n + block - 1) / block, std::max(n, work) >= worth_threads, [&](Index c) {
    const Index begin = c * block;
    body(begin, std::min(n, begin + block));
  });
}

/// The sum of body(begin, end) over all blocks, added up in their order.
template <class S, class Body>
S sum_blocks(Index n, Body&& body, Index work = 0) {
  const Index count = (n + block - 1) / block;
  if (count <= 1) {
    return n > 0 ? body(Index(0), n) : S(0);
  }
  Scratch<S, 256> parts(count);
  for_blocks(n, [&](Index begin, Index end) { parts[begin / block] = body(begin, end); }, work);
  S sum(0);
  for (Index c = 0; c < count; ++c) {
    sum += parts[c];
  }
  return sum;
}

/// x^H y
template <class T>
T dot(Index n, const T* x, const T* y) {
  return sum_blocks<T>(n, [&](Index i, Index end) { return hessolve::dot<true>(x + i, y + i, end - i); });
}

/// Sum of squared moduli of one block.
template <class T>
Real<T> squares(const T* x, Index n) {
  if constexpr (is_complex<T>) {
    const auto* parts = reinterpret_cast<const Real<T>*>(x);  // a complex number is an array of two
    return hessolve::dot<false>(parts, parts, 2 * n);
  } else {
    return hessolve::dot<false>(x, x, n);
  }
}

template <class T>
Real<T> squared_norm(Index n, const T* x) {
  return sum_blocks<Real<T>>(n, [&](Index i, Index end) { return squares(x + i, end - i); });
}

/// |x_0| + ... + |x_n-1|
template <class T>
Real<T> sum_of_moduli(const T* x, Index n) {
  if constexpr (is_complex<T>) {
    Real<T> sum = 0;
    for (Index i = 0; i < n; ++i) {
      sum += std::abs(x[i]);
    }
    return sum;
  } else {
    constexpr Index W = simd::width<T>;
    simd::Packet<T> sums[4] = {simd::zero<T>(), simd::zero<T>(), simd::zero<T>(), simd::zero<T>()};
    for (Index i = 0; i < n;) {
      for (auto& sum : sums) {
        if (i < n) {
          sum = simd::add(sum, simd::absolute(simd::load_upto<T>(x + i, n - i)));
        }
        i += W;
      }
    }
    return Eigen::internal::predux(simd::add(simd::add(sums[0], sums[1]), simd::add(sums[2], sums[3])));
  }
}

/// max |x_i| (cheap modulus); NaN where there is one.
template <class T>
Real<T> largest(Index n, const T* x) {
  using R = Real<T>;
  R most = 0;
  for (Index i = 0; i < n; ++i) {
    const R size = cheap_abs(x[i]);
    most = size <= most ? most : size;
    if (size != size) {
      return size;
    }
  }
  return most;
}

/// e where 2^e <= size < 2^(e+1) and the squares of such numbers come near the ends of the range of R; 0 where they do
/// not, for 0, and for what is not finite.
template <class R>
[[nodiscard]] int extreme_exponent(double size) {
  constexpr int comfortable = std::numeric_limits<R>::max_exponent / 5;
  const int exponent = size > 0 && std::isfinite(size) ? std::ilogb(size) : 0;
  return std::abs(exponent) > comfortable ? exponent : 0;
}

/// ||x||_2, without overflow or underflow of the squares.
template <class T>
Real<T> norm(Index n, const T* x) {
  using R = Real<T>;
  const R s = squared_norm(n, x);
  if (s > std::numeric_limits<R>::min() / epsilon<T> && s < std::numeric_limits<R>::max()) {
    return std::sqrt(s);
  }
  const R most = largest(n, x);
  if (!(most > 0) || !(most <= std::numeric_limits<R>::max())) {
    return most;
  }
  int exponent = 0;
  (void)std::frexp(most, &exponent);
  const R half = std::ldexp(R(1), -exponent / 2);  // in two steps: 2^-exponent may itself overflow
  const R rest = std::ldexp(R(1), -exponent - (-exponent / 2));
  R sum = 0;
  for (Index i = 0; i < n; ++i) {
    const T scaled = x[i] * half * rest;
    sum += std::norm(scaled);
  }
  return std::sqrt(sum) / half / rest;
}

/// y := y + a x
template <class T>
void add_multiple(Index n, T a, const T* x, T* y) {
  for_blocks(n, [&](Index i, Index end) { subtract_multiple(end - i, T(-a), x + i, y + i); });
}

/// y := x + a y
template <class T>
void scale_and_add(Index n, const T* x, T a, T* y) {
  for_blocks(n, [&](Index i, Index end) {
    for (; i < end; ++i) {
      y[i] = x[i] + a * y[i];
    }
  });
}

/// y := a x; x may be y.
template <class T, class S>
void scaled(Index n, S a, const T* x, T* y) {
  for_blocks(n, [&](Index i, Index end) {
    for (; i < end; ++i) {
      y[i] = a * x[i];
    }
  });
}

template <class T>
void copy(Index n, const T* x, T* y) {
  for_blocks(n, [&](Index i, Index end) { std::copy(x + i, x + end, y + i); });
}

template <class T>
bool all_finite(Index n, const T* x) {
  return sum_blocks<int>(n, [&](Index i, Index end) {
           int bad = 0;
           for (; i < end; ++i) {
             bad |= static_cast<int>(!(cheap_abs(x[i]) <= std::numeric_limits<Real<T>>::max()));
           }
           return bad;
         }) == 0;
}

}  // namespace hessolve::vectors
