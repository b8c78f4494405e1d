// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>

#include "dense/row_strips.hpp"
#include "dense/tridiagonal.hpp"
#include "kernel/fill.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hessolve {
namespace {

/// Sweeps in all, a multiple of the order: two an eigenvalue are usual.
constexpr Index most_sweeps = 40;

/// Whether an element, given by its square, beside diagonal elements a and b is more than their rounding.
template <class R>
bool coupled(R square, R a, R b) {
  return square > epsilon<R> * epsilon<R> / 4 * std::abs(a * b) && square > std::numeric_limits<R>::min();
}

/// Columns l ... m of Z turned by the rotations of a sweep, the last pair first: each column is read and written once.
template <class R>
void rotate(Index l, Index m, const R* c, const R* s, ColMajor<R> Z) {
  constexpr Index W = simd::width<R>;
  in_row_strips<R>(Z.rows, [&](auto count, Index i, auto&& get, auto&& put) {
    simd::Packet<R> carry[count];
    for (int k = 0; k < count; ++k) {
      carry[k] = get(Z.col(m) + i + k * W);
    }
    for (Index j = m - 1; j >= l; --j) {
      const simd::Packet<R> C = simd::broadcast<R>(c[j]);
      const simd::Packet<R> S = simd::broadcast<R>(s[j]);
      R* z = Z.col(j) + i;
      for (int k = 0; k < count; ++k) {
        const simd::Packet<R> a = get(z + k * W);
        put(z + Z.stride + k * W, simd::multiply_add(S, a, simd::multiply(C, carry[k])));
        carry[k] = simd::negative_multiply_add(S, carry[k], simd::multiply(C, a));
      }
    }
    for (int k = 0; k < count; ++k) {
      put(Z.col(l) + i + k * W, carry[k]);
    }
  });
}

/// One sweep on rows l ... m of a block that does not split, shifted by the eigenvalue of its first 2 x 2 corner that
/// is nearer to d[l].
template <class R>
void sweep(Index l, Index m, R* d, R* e, R* cosines, R* sines, ColMajor<R> Z) {
  const R half = (d[l + 1] - d[l]) / (2 * e[l]);
  R g = d[m] - d[l] + e[l] / (half + std::copysign(std::hypot(half, R(1)), half));
  R s = 1;
  R c = 1;
  R p = 0;
  for (Index i = m - 1; i >= l; --i) {
    const R f = s * e[i];
    const R b = c * e[i];
    R r = std::sqrt(f * f + g * g);
    if (!(r > std::sqrt(std::numeric_limits<R>::min()) / epsilon<R>)) {  // squares have lost digits
      r = std::hypot(f, g);
    }
    if (i + 1 < m) {
      e[i + 1] = r;
    }
    if (r == 0) {  // the block has split on the way
      d[i + 1] -= p;
      rotate<R>(i + 1, m, cosines, sines, Z);
      return;
    }
    s = f / r;
    c = g / r;
    cosines[i] = c;
    sines[i] = s;
    const R q = d[i + 1] - p;
    const R t = (d[i] - q) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = q + p;
    g = c * t - b;
  }
  d[l] -= p;
  e[l] = g;
  rotate<R>(l, m, cosines, sines, Z);
}

/// One sweep on the squares of e, without square roots.  [Golub & Van Loan, 8.3; Parlett 1980, 8.15]
template <class R>
void sweep_squares(Index l, Index m, R* d, R* e2) {
  const R root = std::sqrt(e2[l]);
  const R half = (d[l + 1] - d[l]) / (2 * root);
  const R shift = d[l] - root / (half + std::copysign(std::hypot(half, R(1)), half));
  R c = 1;
  R s = 0;
  R gamma = d[m] - shift;
  R p = gamma * gamma;
  for (Index i = m - 1; i >= l; --i) {
    const R b = e2[i];
    const R r = p + b;
    if (i != m - 1) {
      e2[i + 1] = s * r;
    }
    const R before = c;
    const R inverse = 1 / r;
    const R ratio = r / p;  // 1 / c
    c = p * inverse;
    s = b * inverse;
    const R old = gamma;
    gamma = c * (d[i] - shift) - s * old;
    d[i + 1] = old + (d[i] - gamma);
    p = c != 0 ? gamma * gamma * ratio : before * b;
  }
  e2[l] = s * p;
  d[l] = shift + gamma;
}

}  // namespace

template <class R>
Outcome tridiagonal_ql(Index n, R* d, R* e, ColMajor<R> Z) {
  set_identity<R>(Z);
  const Scratch<R, 128> turns(2 * n);
  Index left = most_sweeps * n;
  for (Index l = 0; l < n; ++l) {
    for (;;) {
      Index m = l;
      while (m + 1 < n && coupled<R>(e[m] * e[m], d[m], d[m + 1])) {
        ++m;
      }
      if (m == l) {
        break;
      }
      if (left-- == 0) {
        return {Reason::stagnated};
      }
      sweep<R>(l, m, d, e, turns.data(), turns.data() + n, Z);
    }
  }
  for (Index i = 0; i + 1 < n; ++i) {
    const Index smallest = std::min_element(d + i, d + n) - d;
    if (smallest != i) {
      std::swap(d[i], d[smallest]);
      std::swap_ranges(Z.col(i), Z.col(i) + n, Z.col(smallest));
    }
  }
  return {};
}

template <class R>
Outcome tridiagonal_eigvalsh(Index n, R* d, R* e) {
  for (Index i = 0; i + 1 < n; ++i) {
    e[i] *= e[i];
  }
  Index left = most_sweeps * n;
  for (Index l = 0; l < n; ++l) {
    for (;;) {
      Index m = l;
      while (m + 1 < n && coupled<R>(e[m], d[m], d[m + 1])) {
        ++m;
      }
      if (m == l) {
        break;
      }
      if (m == l + 1) {
        const R mean = (d[l] + d[m]) / 2;
        const R radius = std::hypot((d[l] - d[m]) / 2, std::sqrt(e[l]));
        const R away = mean >= 0 ? mean + radius : mean - radius;  // the other one: what is left of the determinant
        const R near = mean >= 0 ? mean - radius : mean + radius;
        d[l] = away;
        d[m] = near;
        e[l] = 0;
        continue;
      }
      if (left-- == 0) {
        return {Reason::stagnated};
      }
      sweep_squares<R>(l, m, d, e);
    }
  }
  std::sort(d, d + n);
  return {};
}

#define INSTANTIATE(R)                                            \
  template Outcome tridiagonal_ql<R>(Index, R*, R*, ColMajor<R>); \
  template Outcome tridiagonal_eigvalsh<R>(Index, R*, R*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve
