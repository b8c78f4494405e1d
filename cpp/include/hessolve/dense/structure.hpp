// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/view.hpp>

namespace hessolve {

/// What a look at the zeros and the symmetry of a matrix shows, from the most special to the most general.
enum class Kind : signed char {
  zero,
  diagonal,
  tridiagonal,
  banded,
  upper_triangular,
  lower_triangular,
  permuted_triangular,          ///< rows and columns can be ordered so that it is triangular
  symmetric,                    ///< complex A = A^T, which is not Hermitian
  hermitian,                    ///< A = A^H (real: symmetric), a diagonal entry not positive
  positive_definite_candidate,  ///< A = A^H with a positive diagonal: worth a Cholesky trial
  general,
};

/// "zero", "diagonal", ..., "positive definite candidate", "general".
[[nodiscard]] const char* name(Kind kind);

struct Structure {
  Kind kind = Kind::general;
  Index rows = 0;
  Index cols = 0;
  Index lower_bandwidth = 0;  ///< largest i - j with a nonzero element; exact where the kind rests on it
  Index upper_bandwidth = 0;
};

/// Look at A. Every test stops at the first element that decides it, so a dense matrix costs a few columns, and a
/// symmetric one a full comparison. NaN counts as nonzero and as unsymmetric. Allocates n integers at most.
template <class T>
[[nodiscard]] Structure inspect(In<T> A);

/// The order in which a permuted triangular matrix is solved: unknown cols[k] from row rows[k]. Returns false where A
/// cannot be ordered so. n^2 reads.
template <class T>
[[nodiscard]] bool triangular_order(In<T> A, Index* rows, Index* cols);

}  // namespace hessolve
