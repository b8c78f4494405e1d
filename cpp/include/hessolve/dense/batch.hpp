// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>

namespace hessolve {

/// Matrices up to this size are worked on across SIMD lanes, several at once.
inline constexpr Index lane_limit = 32;

/// `count` matrices of the shape and strides of the first, `step` elements apart.
template <class T>
struct Batch {
  MatrixView<T> first;
  Index count = 1;
  Index step = 0;

  MatrixView<T> operator[](Index k) const {
    MatrixView<T> view = first;
    view.data += k * step;
    return view;
  }
  template <class U, class = std::enable_if_t<std::is_convertible_v<T*, U*>>>
  operator Batch<U>() const {  // NOLINT: meant to be implicit
    return {first, count, step};
  }
};
template <class T>
using InBatch = Batch<const typename detail::Identity<T>::type>;

/// Contiguous memory that is read after a call, and fetched meanwhile.
template <class T>
struct Following {
  const T* data = nullptr;
  Index size = 0;
};

/// How many matrices one call of the functions below takes at most: the lanes of a SIMD register.
template <class T>
[[nodiscard]] Index lanes();

/// The functions below work on A[0], ..., A[count - 1], count <= lanes(), which share shape and strides, with at most
/// lane_limit columns. clean[k] tells whether matrix k was answered: regular with a margin, finite, its backward error
/// at most n eps. What is written for the others is of no use, and they deserve the careful function for one matrix. X
/// must not overlap A. `next` changes nothing but the time until the next call.

/// X[k] := A[k]^-1 B[k] by LU with partial pivoting. The condition number is bounded, not estimated: |A^-1| e <=
/// M(U)^-1 M(L)^-1 e with comparison matrices.  [Higham, Accuracy and Stability, 8.3]
template <class T>
void solve_lanes(const MatrixView<const T>* A, const MatrixView<const T>* B, const MatrixView<T>* X, Index count,
                 bool* clean, Following<T> next = {});

/// X[k] := A[k]^-1, clean where rcond >= eps in the 1-norm.
template <class T>
void inv_lanes(const MatrixView<const T>* A, const MatrixView<T>* X, Index count, bool* clean, Following<T> next = {});

/// A[k] = L[k] L[k]^H, the lower triangle read, zeros written above; clean where positive definite.
template <class T>
void cholesky_lanes(const MatrixView<const T>* A, const MatrixView<T>* L, Index count, bool* clean,
                    Following<T> next = {});

/// A[k] = V[k] diag(w[k]) V[k]^H, the lower triangle read, w[k][0] <= ... <= w[k][n - 1]; no vectors where V is null.
/// Householder reflections and the implicit QL iteration, 4/3 n^3 flops and about 4 n^3 more for vectors. Clean where
/// A is finite and the iteration converged.  [Golub & Van Loan, 8.3]
template <class T>
void eigh_lanes(const MatrixView<const T>* A, Real<T>* const* w, const MatrixView<T>* V, Index count, bool* clean);

/// X[k] minimises ||B[k] - A[k] X[k]|| for m >= n by Householder QR; residual_squares[k][j] receives the squared length
/// of the residual of column j. 2 m n^2 flops. Clean where the columns, scaled to equal lengths, are certainly
/// independent: a bound of their condition number is below 1 / sqrt(eps).  [Golub & Van Loan, 5.3.2]
template <class T>
void lstsq_lanes(const MatrixView<const T>* A, const MatrixView<const T>* B, const MatrixView<T>* X, Index count,
                 double* const* residual_squares, bool* clean);

/// mantissa[k] 2^exponent[k] := det A[k]; clean where A is finite and no pivot is zero.
template <class T>
void det_lanes(const MatrixView<const T>* A, Index count, T* mantissa, Index* exponent, bool* clean,
               Following<T> next = {});

}  // namespace hessolve
