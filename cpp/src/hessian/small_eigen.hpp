// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/simd.hpp"

#include <hessolve/hessian/image.hpp>

#include <cstdint>
#include <limits>

/// Eigenvalues of symmetric 2 x 2 and 3 x 3 matrices, one in each lane. Lanes do not see each other: the bits of one do
/// not depend on its neighbours.
namespace hessolve::image::inner {

template <class T>
using Lane = simd::Packet<T>;

/// The power of two below |v|; the smallest normal one for zero and for what is subnormal.
template <class T>
HESSOLVE_INLINE Lane<T> power_of_two(const Lane<T>& v) {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  const Lane<T> exponent = Eigen::internal::pset1frombits<Lane<T>>(
      static_cast<Bits>(sizeof(T) == 8 ? 0x7FF0000000000000ULL : 0x7F800000ULL));
  const Lane<T> power = Eigen::internal::pand(v, exponent);
  return simd::maximum(power, simd::broadcast<T>(std::numeric_limits<T>::min()));
}

/// exp(v) for v <= 0.
template <class T>
HESSOLVE_INLINE Lane<T> exponential(const Lane<T>& v) {
  return Eigen::internal::pexp(v);
}

/// values[0] >= values[1] of [a b; b c]: mean +- hypot((a - c) / 2, b), halves first so that nothing overflows.
template <class T>
HESSOLVE_INLINE void eigenvalues_2(const Lane<T>* h, Lane<T>* values) {
  using namespace simd;
  const Lane<T> half = broadcast<T>(T(0.5));
  const Lane<T> a = multiply(half, h[0]);
  const Lane<T> c = multiply(half, h[2]);
  const Lane<T> mean = add(a, c);
  const Lane<T> x = subtract(a, c);
  const Lane<T> scale = power_of_two<T>(maximum(absolute(x), absolute(h[1])));
  const Lane<T> inverse = divide(broadcast<T>(T(1)), scale);
  const Lane<T> p = multiply(x, inverse);
  const Lane<T> q = multiply(h[1], inverse);
  const Lane<T> radius = multiply(scale, square_root(multiply_add(p, p, multiply(q, q))));
  values[0] = add(mean, radius);
  values[1] = subtract(mean, radius);
}

/// Descending, h = (00, 01, 02, 11, 12, 22), V row by row. The matrix, scaled near 1, is q I + p B with tr B = 0 and
/// ||B||_F^2 = 6, whose eigenvalues are the roots of x^3 - 3 x = det B. The root of the sign of det B is at least
/// sqrt(3) away from the other two, hence well-conditioned: three steps of Newton from a quadratic approximation of it
/// reach rounding, and its eigenvector is the longest column of the adjugate of B - x I. The other two come from B on
/// the complement of that vector, a 2 x 2 problem without cancellation, however close they are. [Smith 1961,
/// doi:10.1145/355578.366316, for the roots; Duff et al. 2017, JCGT 6(1), for the basis of the complement]
template <class T, bool vectors>
HESSOLVE_INLINE void eigen_3(const Lane<T>* h, Lane<T>* values, Lane<T>* V) {
  using namespace simd;
  using P = Lane<T>;
  const P zero_ = zero<T>();
  const P one = broadcast<T>(T(1));
  const P half = broadcast<T>(T(0.5));
  const auto fma = [](const P& x, const P& y, const P& z) { return multiply_add(x, y, z); };
  const auto fnma = [](const P& x, const P& y, const P& z) { return negative_multiply_add(x, y, z); };
  P largest = absolute(h[0]);
  for (int k = 1; k < 6; ++k) {
    largest = maximum(largest, absolute(h[k]));
  }
  const P scale = power_of_two<T>(largest);
  const P shrink = divide(one, scale);
  P b[6];
  for (int k = 0; k < 6; ++k) {
    b[k] = multiply(h[k], shrink);
  }
  const P third_ = broadcast<T>(T(1) / T(3));
  P q = multiply(add(add(b[0], b[3]), b[5]), third_);
  for (int pass = 0; pass < 2; ++pass) {  // a second time for what rounding left, which may be all where B is small
    const P rest = pass == 0 ? q : multiply(add(add(b[0], b[3]), b[5]), third_);
    b[0] = subtract(b[0], rest);
    b[3] = subtract(b[3], rest);
    b[5] = subtract(b[5], rest);
    q = pass == 0 ? q : add(q, rest);
  }
  const P off = fma(b[1], b[1], fma(b[2], b[2], multiply(b[4], b[4])));
  const P diagonal = fma(b[0], b[0], fma(b[3], b[3], multiply(b[5], b[5])));
  const P square = multiply(fma(broadcast<T>(T(2)), off, diagonal), broadcast<T>(T(1) / T(6)));
  const P least = broadcast<T>(std::numeric_limits<T>::min() / epsilon<T>);
  const Mask<T> differ = greater<T>(square, least);  // else a multiple of I
  const P p = square_root(square);
  const P inverse = select(differ, divide(one, select(differ, p, one)), zero_);
  for (int k = 0; k < 6; ++k) {
    b[k] = multiply(b[k], inverse);
  }
  const P m0 = fnma(b[4], b[4], multiply(b[3], b[5]));
  const P m1 = fnma(b[4], b[2], multiply(b[1], b[5]));
  const P m2 = fnma(b[3], b[2], multiply(b[1], b[4]));
  const P r = multiply(half, fma(b[2], m2, fnma(b[1], m1, multiply(b[0], m0))));
  const Mask<T> falls = greater<T>(zero_, r);
  const P sign = select(falls, subtract(zero_, one), one);
  const P s = minimum(absolute(r), one);
  for (int k = 0; k < 6; ++k) {
    b[k] = multiply(b[k], sign);  // now the root to find is the largest
  }
  P x = fma(s, fma(s, broadcast<T>(T(-0.0653841408)), broadcast<T>(T(1) / T(3))), broadcast<T>(T(1.7320508075688772)));
  for (int step = 0; step < 3; ++step) {  // x := x - (x^3 - 3 x - 2 s) / (3 x^2 - 3)
    const P xx = multiply(x, x);
    x = divide(multiply(broadcast<T>(T(2) / T(3)), fma(xx, x, s)), subtract(xx, one));
  }
  const P c0 = subtract(b[0], x);
  const P c1 = subtract(b[3], x);
  const P c2 = subtract(b[5], x);
  const P a00 = fnma(b[4], b[4], multiply(c1, c2));
  const P a11 = fnma(b[2], b[2], multiply(c0, c2));
  const P a22 = fnma(b[1], b[1], multiply(c0, c1));
  const P a01 = fnma(b[1], c2, multiply(b[2], b[4]));
  const P a02 = fnma(b[2], c1, multiply(b[1], b[4]));
  const P a12 = fnma(c0, b[4], multiply(b[1], b[2]));
  const Mask<T> second = greater<T>(a11, a00);
  const P best = maximum(a00, a11);
  const Mask<T> third = greater<T>(a22, best);
  P v0 = select(third, a02, select(second, a01, a00));
  P v1 = select(third, a12, select(second, a11, a01));
  P v2 = select(third, a22, select(second, a12, a02));
  const P length = divide(one, square_root(fma(v0, v0, fma(v1, v1, multiply(v2, v2)))));
  v0 = multiply(v0, length);
  v1 = multiply(v1, length);
  v2 = multiply(v2, length);
  const P turn = select(greater<T>(zero_, v2), subtract(zero_, one), one);  // u, w: orthonormal, and normal to v
  const P f = divide(subtract(zero_, one), add(turn, v2));
  const P g = multiply(multiply(v0, v1), f);
  const P u0 = fma(multiply(turn, v0), multiply(v0, f), one);
  const P u1 = multiply(turn, g);
  const P u2 = subtract(zero_, multiply(turn, v0));
  const P w1 = fma(multiply(v1, v1), f, turn);
  const P w2 = subtract(zero_, v1);
  const P y0 = fma(b[0], u0, fma(b[1], u1, multiply(b[2], u2)));  // y = B u, z = B w
  const P y1 = fma(b[1], u0, fma(b[3], u1, multiply(b[4], u2)));
  const P y2 = fma(b[2], u0, fma(b[4], u1, multiply(b[5], u2)));
  const P z0 = fma(b[0], g, fma(b[1], w1, multiply(b[2], w2)));
  const P z1 = fma(b[1], g, fma(b[3], w1, multiply(b[4], w2)));
  const P z2 = fma(b[2], g, fma(b[4], w1, multiply(b[5], w2)));
  const P uu = fma(u0, y0, fma(u1, y1, multiply(u2, y2)));
  const P uw = fma(g, y0, fma(w1, y1, multiply(w2, y2)));
  const P ww = fma(g, z0, fma(w1, z1, multiply(w2, z2)));
  const P mean = multiply(half, add(uu, ww));
  const P away = multiply(half, subtract(uu, ww));
  const P radius = square_root(fma(away, away, multiply(uw, uw)));
  const P high = add(mean, radius);
  const P low = subtract(mean, radius);
  const P unit = multiply(p, scale);
  const P centre = multiply(q, scale);
  values[0] = fma(unit, select(falls, subtract(zero_, low), x), centre);
  values[1] = fma(unit, multiply(sign, high), centre);
  values[2] = fma(unit, select(falls, subtract(zero_, x), low), centre);
  if constexpr (vectors) {
    const Mask<T> splits = greater<T>(radius, zero_);
    const Mask<T> left = greater<T>(zero_, away);
    const P long_side = add(absolute(away), radius);
    P cu = select(splits, select(left, uw, long_side), one);  // of `high`: cu u + cw w
    P cw = select(splits, select(left, long_side, uw), zero_);
    const P norm = divide(one, square_root(fma(cu, cu, multiply(cw, cw))));
    cu = multiply(cu, norm);
    cw = multiply(cw, norm);
    const P t[3] = {fma(cu, u0, multiply(cw, g)), fma(cu, u1, multiply(cw, w1)), fma(cu, u2, multiply(cw, w2))};
    const P l[3] = {fnma(cw, u0, multiply(cu, g)), fnma(cw, u1, multiply(cu, w1)), fnma(cw, u2, multiply(cu, w2))};
    const P v[3] = {v0, v1, v2};
    for (int i = 0; i < 3; ++i) {
      V[3 * i] = select(differ, select(falls, l[i], v[i]), i == 0 ? one : zero_);
      V[3 * i + 1] = select(differ, t[i], i == 1 ? one : zero_);
      V[3 * i + 2] = select(differ, select(falls, v[i], l[i]), i == 2 ? one : zero_);
    }
  }
}

/// d = 1, 2, 3; descending.
template <class T, int d>
HESSOLVE_INLINE void eigenvalues_of(const Lane<T>* h, Lane<T>* values) {
  if constexpr (d == 1) {
    values[0] = h[0];
  } else if constexpr (d == 2) {
    eigenvalues_2<T>(h, values);
  } else {
    eigen_3<T, false>(h, values, nullptr);
  }
}

/// Ascending by modulus; of equal moduli the larger value comes first.
template <class T, int d>
HESSOLVE_INLINE void order_by_magnitude(Lane<T>* values) {
  const auto pair = [&](int i, int j) {
    const simd::Mask<T> wrong = simd::greater<T>(simd::absolute(values[i]), simd::absolute(values[j]));
    const Lane<T> high = simd::select(wrong, values[i], values[j]);
    values[i] = simd::select(wrong, values[j], values[i]);
    values[j] = high;
  };
  if constexpr (d >= 2) {
    pair(0, 1);
  }
  if constexpr (d == 3) {
    pair(1, 2);
    pair(0, 1);
  }
}

/// h[c] := component c of the matrices i ... i + width - 1, of which n exist.
template <class T, int d>
HESSOLVE_INLINE void load_components(const T* const* H, Index i, Index n, Lane<T>* h) {
  for (int c = 0; c < d * (d + 1) / 2; ++c) {
    h[c] = simd::load_upto<T>(H[c] + i, n);
  }
}

/// ||H||_F^2
template <class T, int d>
HESSOLVE_INLINE Lane<T> squared_norm(const Lane<T>* h) {
  Lane<T> diagonal = simd::zero<T>();
  Lane<T> off = simd::zero<T>();
  int c = 0;
  for (int i = 0; i < d; ++i) {
    for (int j = i; j < d; ++j, ++c) {
      Lane<T>& sum = i == j ? diagonal : off;
      sum = simd::multiply_add(h[c], h[c], sum);
    }
  }
  return simd::add(diagonal, simd::add(off, off));
}

template <class T, int d>
HESSOLVE_INLINE Lane<T> determinant_of(const Lane<T>* h) {
  using namespace simd;
  if constexpr (d == 1) {
    return h[0];
  } else if constexpr (d == 2) {
    return negative_multiply_add(h[1], h[1], multiply(h[0], h[2]));
  } else {
    const Lane<T> m0 = negative_multiply_add(h[4], h[4], multiply(h[3], h[5]));
    const Lane<T> m1 = negative_multiply_add(h[4], h[2], multiply(h[1], h[5]));
    const Lane<T> m2 = negative_multiply_add(h[3], h[2], multiply(h[1], h[4]));
    return multiply_add(h[2], m2, negative_multiply_add(h[1], m1, multiply(h[0], m0)));
  }
}

/// body(integral constant d) for d = 1, 2, 3.
template <class Body>
void with_axes(Index d, Body&& body) {
  if (d == 1) {
    body(std::integral_constant<int, 1>{});
  } else if (d == 2) {
    body(std::integral_constant<int, 2>{});
  } else {
    body(std::integral_constant<int, 3>{});
  }
}

}  // namespace hessolve::image::inner
