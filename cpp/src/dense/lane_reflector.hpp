// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "dense/lane_rows.hpp"

/// Householder reflections across lanes, one of each matrix.
namespace hessolve {

/// H = I - tau v v^H.
template <class T>
struct LaneReflector {
  Lanes<T> tau;
  Size<T> beta;
};

/// x, `length` Lanes `stride` apart, := v with v_0 = 1 such that H^H x = beta e_1, beta real. H = I in lanes where x is
/// real and nothing follows its first element, and where x is so small that its squares lose digits: beside numbers
/// near 1 that is nothing.  [Golub & Van Loan, 5.1.4]
template <class T>
HESSOLVE_INLINE LaneReflector<T> make_reflector(Lanes<T>* x, Index stride, Index length) {
  using R = Real<T>;
  Size<T> rest = none<T>();
  for (Index i = 1; i < length; ++i) {
    rest = add_square<T>(x[i * stride], rest);
  }
  const Lanes<T> alpha = x[0];
  if constexpr (is_complex<T>) {
    rest = simd::multiply_add(alpha.im, alpha.im, rest);
  }
  const Size<T> one = simd::broadcast<R>(R(1));
  const Size<T> total = simd::multiply_add(alpha.re, alpha.re, rest);
  const Size<T> least = simd::broadcast<R>(std::numeric_limits<R>::min() / epsilon<T>);
  const simd::Mask<R> needed =
      simd::greater<R>(simd::select(simd::greater<R>(total, least), rest, none<T>()), none<T>());
  const Size<T> root = simd::square_root(total);
  const Size<T> away = simd::select(simd::greater<R>(none<T>(), alpha.re), root, simd::subtract(none<T>(), root));
  LaneReflector<T> H;
  H.beta = simd::select(needed, away, alpha.re);
  const Size<T> inverse = simd::divide(one, simd::select(needed, away, one));
  H.tau.re = simd::select(needed, simd::multiply(simd::subtract(away, alpha.re), inverse), none<T>());
  Lanes<T> pivot = alpha;
  pivot.re = simd::select(needed, simd::subtract(alpha.re, away), one);
  if constexpr (is_complex<T>) {
    H.tau.im = simd::select(needed, simd::multiply(simd::subtract(none<T>(), alpha.im), inverse), none<T>());
  }
  const Lanes<T> factor = reciprocal<T>(pivot);
  for (Index i = 1; i < length; ++i) {
    x[i * stride] = multiply<T>(x[i * stride], factor);
  }
  x[0] = all_lanes<T>(R(1));
  return H;
}

/// y := y - factor v (v^H y), for vectors of `length` Lanes. factor is tau for H and its conjugate for H^H.
template <class T>
HESSOLVE_INLINE void reflect(const Lanes<T>& factor, const Lanes<T>* v, Index v_stride, Lanes<T>* y, Index y_stride,
                             Index length) {
  Lanes<T> product = all_lanes<T>(Real<T>(0));
  for (Index i = 0; i < length; ++i) {
    product = add_conjugate_product<T>(v[i * v_stride], y[i * y_stride], product);
  }
  product = multiply<T>(factor, product);
  for (Index i = 0; i < length; ++i) {
    y[i * y_stride] = subtract_product<T>(product, v[i * v_stride], y[i * y_stride]);
  }
}

/// Whether squares of numbers of this size, and sums of some thousands of them, stay within the range.
template <class T>
[[nodiscard]] inline bool squares_in_range(Real<T> size) {
  using R = Real<T>;
  const R low = std::sqrt(std::numeric_limits<R>::min()) / epsilon<T>;
  const R high = std::sqrt(std::numeric_limits<R>::max()) / R(1e4);
  return size >= low && size <= high;
}

}  // namespace hessolve
