// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "solve/slices.hpp"
#include "solve/square.hpp"

#include <functional>

/// The functions of one matrix over the slices of a stack. Small slices of a stack are worked on across SIMD lanes, and
/// what does not come out clean one by one, as all others are. The bits of a slice depend neither on its place in the
/// stack, nor on the size of the stack, nor on the number of threads. Shapes are the caller's to check.
namespace hessolve {

/// ok, or non_finite with the row of the first NaN or infinity in A, which the diagnosis then names.
template <class T>
[[nodiscard]] Outcome refuse_non_finite(const Source<T>& A, Diagnosis& diagnosis) {
  const auto [row, col] = check_finite<T>(A);
  if (row < 0) {
    return {};
  }
  diagnosis.argument = "A";
  diagnosis.row = row;
  diagnosis.col = col;
  return {Reason::non_finite, row};
}

/// What a solve may destroy.
template <class T>
struct Overwrite {
  const Slices<T>* a = nullptr;  ///< A's own memory
  bool b = false;                ///< X is B's memory, and gets B back where A or B is refused
};

/// X := op(A)^-1 B as solve_square does. Where A or B is refused and X is not B's memory, X is NaN.
template <class T>
[[nodiscard]] SliceReport solve_slices(const Slices<const T>& A, const Slices<const T>& B, const Slices<T>& X,
                                       const SolveOptions& options, bool certify, const Overwrite<T>& overwrite = {});

/// X := A^-1; `in_place`: X is A's memory, which a refused A keeps.
template <class T>
[[nodiscard]] SliceReport invert_slices(const Slices<const T>& A, const Slices<T>& X, const SolveOptions& options,
                                        bool in_place);

/// The answer for any shape and rank, with the full certificate.
template <class T>
[[nodiscard]] SliceReport backslash_slices(const Slices<const T>& A, const Slices<const T>& B, const Slices<T>& X,
                                           const SolveOptions& options);

/// What a least squares problem tells besides x, in memory of the caller's; null where it is not wanted.
struct LeastSquaresExtras {
  double* residual_squares = nullptr;  ///< B.cols() a slice
  double* singular_values = nullptr;   ///< min(m, n) a slice, of use only where by_svd
  bool by_svd = false;                 ///< every slice was answered by the SVD
};

template <class T>
[[nodiscard]] SliceReport lstsq_slices(const Slices<const T>& A, const Slices<const T>& B, const Slices<T>& X,
                                       const LeastSquaresOptions& options, LeastSquaresExtras& extras);

/// A = L L^H; check_finite: NaN and infinities in the lower triangle of A are refused.
template <class T>
[[nodiscard]] SliceReport cholesky_slices(const Slices<const T>& A, const Slices<T>& L, bool check_finite,
                                          const Stop& stop);

/// A = V diag(w) V^H; w has A.rows() values a slice; no vectors where V is null.
template <class T>
[[nodiscard]] SliceReport eigh_slices(const Slices<const T>& A, Real<T>* w, const Slices<T>* V, const Stop& stop);

/// write(i, det A[i]) for every slice, from any thread.
template <class T>
[[nodiscard]] SliceReport determinant_slices(const Slices<const T>& A,
                                             const std::function<void(Index, const Determinant<T>&)>& write,
                                             const Stop& stop);

}  // namespace hessolve
