// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>
#include <hessolve/dense/lu.hpp>

namespace hessolve {

/// The shape of a band matrix and of its LU storage: column j of A holds A(i, j) at band(i - j + lower + upper, j), the
/// `lower` rows above being room for the fill that row exchanges cause.
struct Band {
  Index n = 0;
  Index lower = 0;
  Index upper = 0;

  [[nodiscard]] Index height() const { return 2 * lower + upper + 1; }
  [[nodiscard]] Index diagonal() const { return lower + upper; }  ///< the row of storage that holds A(j, j)
};

/// Factor P A = L U in band storage, partial pivoting; band is height() x n, the fill zero on entry.
/// @return ok, or singular with the first column whose pivot is exactly zero.
/// 2 n lower (lower + upper) flops, no allocation. A tridiagonal matrix is the case lower = upper = 1.
/// [Golub & Van Loan, 4.3.3]
template <class T>
[[nodiscard]] Outcome banded_lu_in_place(const Band& shape, ColMajor<T> band, Index* pivots);

/// B := op(A)^-1 B from the factors.
template <class T>
void banded_lu_solve(const Band& shape, InColMajor<T> band, const Index* pivots, ColMajor<T> B,
                     Trans trans = Trans::none);

}  // namespace hessolve
