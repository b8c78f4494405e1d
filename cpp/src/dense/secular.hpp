// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/simd.hpp"

#include <algorithm>
#include <cmath>

/// The eigenvalues of diag(p) + rho z z^T: the roots of f(x) = 1 / rho + sum z_i^2 / (p_i - x), one to the right of
/// each p_i.  [Golub & Van Loan, 8.4.3]
namespace hessolve {

/// Where the poles are: at d_i or, for singular values, at their squares, whose differences are formed from factors.
enum class Poles { plain, squared };

/// p_i - p_j
template <Poles P, class R>
HESSOLVE_INLINE R pole_difference(R di, R dj) {
  return P == Poles::plain ? di - dj : (di - dj) * (di + dj);
}

/// One secular equation: k poles, ascending and distinct, the squares of z, none of them zero, and rho > 0. z has
/// length 1.
template <class R, Poles P = Poles::plain>
class SecularEquation {
 public:
  SecularEquation(Index k, const R* d, const R* z2, R rho) : k_(k), d_(d), z2_(z2), rho_(rho), constant_(1 / rho) {}

  /// Root j (or, of squared poles, its root), and delta[i] = p_i - root j, of full relative accuracy: it is found as a
  /// distance from the nearer pole. Steps interpolate the sums on both sides by one pole each, within a bracket. [Li
  /// 1993, LAPACK working note 89; Gu and Eisenstat 1994, doi 10.1137/S089547989223924X]
  R root(Index j, R* delta) const {
    if (k_ == 1) {
      delta[0] = -rho_ * z2_[0];
      return value(0, -delta[0]);
    }
    const bool last = j == k_ - 1;
    const Index left = last ? k_ - 2 : j;  // this pole and the next are interpolated
    const R gap = pole_difference<P>(d_[left + 1], d_[left]);
    const R middle = (last ? rho_ : gap) / 2;  // says which pole is nearer
    Index origin = j;
    set_origin(origin, delta);
    const Sums at = sums(left + 1, delta, middle);
    const R rest = constant_ + at.below + at.above - z2_[left] / (delta[left] - middle) -
                   z2_[left + 1] / (delta[left + 1] - middle);
    R low = 0;
    R high = last ? rho_ * (1 + 32 * epsilon<R>) : middle;
    if (constant_ + at.below + at.above < 0) {
      if (last) {
        low = middle;
      } else {
        origin = j + 1;
        set_origin(origin, delta);
        low = -middle;
        high = 0;
      }
    } else if (last) {
      high = middle;
    }
    const R a = rest * (delta[left] + delta[left + 1]) + z2_[left] + z2_[left + 1];
    const R b = z2_[left] * delta[left + 1] + z2_[left + 1] * delta[left];
    R tau = last ? far_root(rest, a, b) : near_root(rest, a, b);
    if (!(tau > low && tau < high)) {
      tau = low + (high - low) / 2;
    }
    tau = iterate(left, origin == left, last, delta, tau, low, high);
    for (Index i = 0; i < k_; ++i) {
      delta[i] -= tau;
    }
    return value(origin, tau);
  }

 private:
  [[nodiscard]] R value(Index origin, R tau) const {
    if constexpr (P == Poles::plain) {
      return d_[origin] + tau;
    } else {
      return std::sqrt(d_[origin] * d_[origin] + tau);
    }
  }

  /// f without its constant, and its slope: poles before a split, poles after it.
  struct Sums {
    R below = 0;
    R below_slope = 0;
    R above = 0;
    R above_slope = 0;
  };

  void set_origin(Index origin, R* delta) const {
    const R d = d_[origin];
    for (Index i = 0; i < k_; ++i) {
      delta[i] = pole_difference<P>(d_[i], d);
    }
  }

  R iterate(Index left, bool from_left, bool last, const R* delta, R tau, R low, R high) const {
    constexpr int most = 120;  // bisection alone would have ended
    bool fixed_weight = !last;
    R previous = 0;
    for (int iteration = 0; iteration < most; ++iteration) {
      const Sums s = sums(left + 1, delta, tau);
      const R f = constant_ + s.below + s.above;
      const R slope = s.below_slope + s.above_slope;
      const R rounding = 8 * (std::abs(s.above) + std::abs(s.below)) + constant_ + std::abs(tau) * slope;
      if (std::abs(f) <= epsilon<R> * rounding) {
        break;
      }
      (f < 0 ? low : high) = tau;
      if (iteration > 0 && !last && std::abs(f) > std::abs(previous) / 10) {
        fixed_weight = !fixed_weight;
      }
      previous = f;
      const R to_left = delta[left] - tau;
      const R to_right = delta[left + 1] - tau;
      R c = f - to_left * s.below_slope - to_right * s.above_slope;
      if (fixed_weight) {  // the nearer pole keeps its own weight
        const R gap = delta[left + 1] - delta[left];
        const Index near = from_left ? left : left + 1;
        const R distance = from_left ? to_left : to_right;
        const R pull = gap * (z2_[near] / distance / distance);
        c = from_left ? f - to_right * slope + pull : f - to_left * slope - pull;
      }
      const R a = (to_left + to_right) * f - to_left * to_right * slope;
      const R b = to_left * to_right * f;
      R step = last ? far_root(std::abs(c), a, b) : near_root(c, a, b);
      if (!(f * step < 0)) {  // NaN as well
        step = -f / slope;
      }
      R next = tau + step;
      if (!(next > low && next < high)) {
        next = low + (high - low) / 2;
      }
      if (next == tau || next == low || next == high) {
        break;
      }
      tau = next;
    }
    return tau;
  }

  Sums sums(Index split, const R* delta, R tau) const {
    Sums s;
    add(0, split, delta, tau, s.below, s.below_slope);
    add(split, k_, delta, tau, s.above, s.above_slope);
    return s;
  }

  void add(Index i, Index end, const R* delta, R tau, R& sum, R& slope) const {
    constexpr Index W = simd::width<R>;
    const simd::Packet<R> t = simd::broadcast<R>(tau);
    simd::Packet<R> total = simd::zero<R>();
    simd::Packet<R> slopes = simd::zero<R>();
    for (; i + W <= end; i += W) {
      const simd::Packet<R> distance = simd::subtract(simd::load<R>(delta + i), t);
      const simd::Packet<R> term = simd::divide(simd::load<R>(z2_ + i), distance);
      total = simd::add(total, term);
      slopes = simd::add(slopes, simd::divide(term, distance));
    }
    sum = Eigen::internal::predux(total);
    slope = Eigen::internal::predux(slopes);
    for (; i < end; ++i) {
      const R distance = delta[i] - tau;
      const R term = z2_[i] / distance;
      sum += term;
      slope += term / distance;
    }
  }

  /// The root of c x^2 - a x + b that lies between the poles: no digits cancel.
  static R near_root(R c, R a, R b) {
    const R under = std::sqrt(std::abs(a * a - 4 * b * c));
    return a > 0 ? 2 * b / (a + under) : c != 0 ? (a - under) / (2 * c) : b / a;
  }
  /// The one beyond the last pole.
  static R far_root(R c, R a, R b) {
    const R under = std::sqrt(std::abs(a * a - 4 * b * c));
    return a >= 0 ? (a + under) / (2 * c) : 2 * b / (a - under);
  }

  Index k_;
  const R* d_;
  const R* z2_;
  R rho_;
  R constant_;
};

/// The z for which the computed roots are exact, sign apart: z_i^2 = prod over j of (p_i - root_j) / prod over j != i
/// of (p_i - p_j), for rows first ... end - 1 from the differences S(i, j) = p_i - root_j. Vectors made from it are
/// orthogonal to rounding.  [Gu and Eisenstat 1994, doi 10.1137/S089547989223924X]
template <Poles P, class R>
void exact_z(Index first, Index end, const R* d, InColMajor<R> S, R* z) {
  std::fill(z + first, z + end, R(1));
  for (Index j = 0; j < S.cols; ++j) {
    const R* delta = S.col(j);
    const R dj = d[j];
    for (Index i = first; i < std::min(j, end); ++i) {
      z[i] *= delta[i] / pole_difference<P>(d[i], dj);
    }
    for (Index i = std::max(first, j + 1); i < end; ++i) {
      z[i] *= delta[i] / pole_difference<P>(d[i], dj);
    }
    if (j >= first && j < end) {
      z[j] *= -delta[j];
    }
  }
  for (Index i = first; i < end; ++i) {
    z[i] = std::sqrt(std::max(R(0), z[i]));
  }
}

}  // namespace hessolve
