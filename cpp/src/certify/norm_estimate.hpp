// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>

#include <cmath>

namespace hessolve {

/// A lower bound of ||M||_1, usually within a factor of three, from products with M and M^H only: at most five of each.
/// `apply(x)` overwrites x by M x, `apply_adjoint(x)` by M^H x. `peak`, where not null, receives the x = M e_j found
/// (size n). [Hager 1984, doi 10.1137/0905023; Higham 1988, doi 10.1145/50063.214386; Golub & Van Loan, 3.5.4]
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
  Scratch<T, 64> x(n);
  Scratch<T, 64> sign(n);
  std::fill_n(x.data(), n, T(R(1) / static_cast<R>(n)));
  apply(x.data());
  R best = one_norm(x.data());
  const auto keep = [&] {
    if (peak != nullptr) {
      std::copy_n(x.data(), n, peak);
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
    std::copy_n(sign.data(), n, x.data());
    apply_adjoint(x.data());
    Index j = 0;
    for (Index i = 1; i < n; ++i) {
      j = cheap_abs(x[i]) > cheap_abs(x[j]) ? i : j;
    }
    if (j == last) {
      break;
    }
    last = j;
    std::fill_n(x.data(), n, T(0));
    x[j] = T(1);
    apply(x.data());
    const R now = one_norm(x.data());
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
  for (Index i = 0; i < n; ++i) {  // a vector that foils the cancellation the iteration may have fallen for
    const R value = 1 + static_cast<R>(i) / static_cast<R>(n - 1);
    x[i] = T(i % 2 == 0 ? value : -value);
  }
  apply(x.data());
  const R alternative = 2 * one_norm(x.data()) / (3 * static_cast<R>(n));
  if (alternative > best) {
    best = alternative;
    keep();
  }
  return best;
}

}  // namespace hessolve
