// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/scaling.hpp"

/// One Householder reflection.
namespace hessolve {

/// (I - tau v v^H) x = beta e_1 with v = x / pivot beyond its first element.
template <class T>
struct Reflector {
  T tau{};
  Real<T> beta{};
  T pivot = T(1);
};

/// The reflection for x = (alpha, y), ||y||^2 = tail; tau = 0 where y is zero and alpha real. Where squares leave the
/// range the norm is taken from y itself.  [Golub & Van Loan, 5.1.3]
template <class T>
[[nodiscard]] Reflector<T> reflector_for(T alpha, Real<T> tail, const T* y, Index n) {
  using R = Real<T>;
  constexpr R low = std::numeric_limits<R>::min() / (epsilon<T> * epsilon<T>);
  R length = std::sqrt(std::norm(alpha) + tail);
  if (const R square = length * length; !(square > low && square < std::numeric_limits<R>::max())) {
    tail = norm2(y, n);
    length = std::hypot(std::abs(alpha), tail);
  }
  Reflector<T> H;
  const bool real = !is_complex<T> || alpha == conjugate(alpha);
  if (tail == R(0) && real) {
    H.beta = real_part(alpha);
    return H;
  }
  H.beta = real_part(alpha) >= 0 ? -length : length;
  H.tau = conjugate((H.beta - alpha) / H.beta);
  H.pivot = alpha - H.beta;
  return H;
}

/// x := x / pivot
template <class T>
void divide(Index n, T pivot, T* x) {
  const T factor = T(1) / pivot;
  if (std::isfinite(cheap_abs(factor))) {
    for (Index i = 0; i < n; ++i) {
      x[i] *= factor;
    }
    return;
  }
  for (Index i = 0; i < n; ++i) {  // the pivot is next to nothing
    x[i] /= pivot;
  }
}

}  // namespace hessolve
