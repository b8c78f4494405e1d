// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/iterative/operator.hpp>

namespace hessolve {

/// Operators close to A^-1 for square A.
enum class PreconditionerKind : signed char {
  jacobi,        ///< D^-1
  ssor,          ///< one symmetric Gauss-Seidel sweep from zero: ((L + D) D^-1 (D + U))^-1
  block_jacobi,  ///< the diagonal blocks of 8 rows, inverted
  ic0,           ///< (L L^H)^-1, L with the pattern of A's lower triangle
  chebyshev,     ///< four Chebyshev steps from zero on D^-1 A, over the upper 29/30 of its spectrum
};

struct PreconditionerReport {
  double shift = 0;  ///< ic0: A + shift diag(A) was factored, since A itself broke down at row `broke_down`
  Index broke_down = -1;
  double highest = 0;  ///< chebyshev: the largest eigenvalue of D^-1 A, estimated
};

/// Make a preconditioner of A, which must outlive it (ssor and chebyshev go on reading A). Null where it does not
/// exist, with `outcome` zero_diagonal (row), singular (a row of the block) or not_positive_definite (row).
/// @throws std::invalid_argument for A that is not square, and for ic0 and chebyshev of A that is not Hermitian.
/// ic0: flops of the order of the entries times the entries of a row; where a pivot is not positive, the diagonal is
/// raised by 1e-3, 2e-3, ... of itself until all are.  [Meijerink & van der Vorst 1977; Manteuffel 1980, doi
/// 10.1090/S0025-5718-1980-0559197-0]
template <class T>
[[nodiscard]] std::unique_ptr<Operator<T>> preconditioner(const Entries<T>& A, PreconditionerKind kind,
                                                          Outcome& outcome, PreconditionerReport* report = nullptr);

}  // namespace hessolve
