// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>

namespace hessolve {

/// A = U diag(s) V^H, thin: U is m x r, V is n x r, s has r = min(m, n) elements in descending order.
template <class T>
struct Svd {
  Matrix<T> U;
  Matrix<T> V;
  Buffer<Real<T>> s;
  Outcome outcome;  ///< ok, stagnated or stopped
};

/// QR where A is not square, bidiagonal form, divide and conquer; about 4 m n^2 + 10 n^3 flops for m >= n. NaN where A
/// is not finite, the iteration did not converge, or `stop` ended it. [Gu & Eisenstat 1995,
/// doi 10.1137/S0895479892242232]
template <class T>
[[nodiscard]] Svd<T> svd(InColMajor<T> A, const Stop& stop = {});

/// The singular values alone, descending; 8 n^3 / 3 flops for a square matrix. @return as the outcome of svd.
template <class T>
Outcome singular_values(InColMajor<T> A, Real<T>* s, const Stop& stop = {});

}  // namespace hessolve
