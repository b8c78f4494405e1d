// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>

#include <algorithm>
#include <cmath>

namespace hessolve {

/// A lower bound of ||M||_1, usually within a factor of three, from products with M and M^H only: at most five of each.
/// `apply(X)` overwrites the columns of X (ColMajor) by M X, `apply_adjoint(X)` by M^H X. `peak`, where not null,
/// receives the x = M e_j found (size n). [Hager 1984, doi 10.1137/0905023; Higham 1988, doi 10.1145/50063.214386;
/// Golub & Van Loan, 3.5.4]
template <class T, class Apply, class ApplyAdjoint>
Real<T> estimate_one_norm(Index n, Apply&& apply, ApplyAdjoint&& apply_adjoint, T* peak = nullptr) {
  using R = Real<T>;
  const auto one_norm = [n](const T* x) {
    R sum = 0;
    for (Index i = 0; i < n; ++i) {
      sum += std::abs(x[i]);
    }
    return sum;
  };
  Scratch<T, 128> memory(2 * n);
  T* x = memory.data();
  const ColMajor<T> one{x, n, 1, n};
  T* alternative =
      x + n;  // a vector that foils the cancellation the iteration may fall for; it shares the first product
  for (Index i = 0; i < n; ++i) {
    const R value = n > 1 ? 1 + static_cast<R>(i) / static_cast<R>(n - 1) : R(1);
    alternative[i] = T(i % 2 == 0 ? value : -value);
  }
  Scratch<T, 64> sign(n);
  std::fill_n(x, n, T(R(1) / static_cast<R>(n)));
  apply(ColMajor<T>{x, n, 2, n});
  R best = one_norm(x);
  const auto keep = [&] {
    if (peak != nullptr) {
      std::copy_n(x, n, peak);
    }
  };
  keep();
  if (n == 1) {
    return best;
  }
  const auto signs_of_x = [&](const T& value) { return value == T(0) ? T(1) : T(value / std::abs(value)); };
  for (Index i = 0; i < n; ++i) {
    sign[i] = signs_of_x(x[i]);
  }
  Index last = -1;
  for (int iteration = 0; iteration < 4; ++iteration) {
    std::copy_n(sign.data(), n, x);
    apply_adjoint(one);
    Index j = 0;
    for (Index i = 1; i < n; ++i) {
      j = cheap_abs(x[i]) > cheap_abs(x[j]) ? i : j;
    }
    if (j == last) {
      break;
    }
    last = j;
    std::fill_n(x, n, T(0));
    x[j] = T(1);
    apply(one);
    const R now = one_norm(x);
    bool same_signs = !is_complex<T>;
    for (Index i = 0; i < n; ++i) {
      const T s = signs_of_x(x[i]);
      same_signs = same_signs && s == sign[i];
      sign[i] = s;
    }
    if (!(now > best)) {
      break;
    }
    best = now;
    keep();
    if (same_signs) {
      break;
    }
  }
  if (const R other = 2 * one_norm(alternative) / (3 * static_cast<R>(n)); other > best) {
    best = other;
    if (peak != nullptr) {
      std::copy_n(alternative, n, peak);
    }
  }
  return best;
}

}  // namespace hessolve
