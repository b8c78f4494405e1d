// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>
#include <hessolve/solve/options.hpp>

#include "kernel/source.hpp"

#include <vector>

namespace hessolve {

/// What can be said about a matrix that was refused.
struct Diagnosis {
  std::vector<Index>
      dependent;  ///< columns: the last is a combination of the others; one alone is zero; empty: unknown
  const char* argument = nullptr;  ///< "A" or "b" where an element is not finite
  Index row = -1;                  ///< of that element
  Index col = -1;
};

struct LeastSquaresOptions {
  Method method = Method::none;  ///< none, qr, qr_pivoted or svd
  double rcond = -1;             ///< cutoff for singular values relative to the largest; negative: the default
  Precision precision = Precision::working;
  bool rank_is_lost = false;  ///< a factorisation has said so: do not try QR without pivoting
  bool certify = true;
  bool check_finite = true;
  Stop stop = {};
};

/// min ||x|| over the minimisers of ||b - A x||, for any shape and rank: QR where A has full rank, else pivoted QR, and
/// the SVD where pivoting shows no gap. Columns are equilibrated for the rank decision; a constant column is taken out
/// by centring the others; one step of refinement with a compensated residual. residual_squares (k) receives ||b - A
/// x||^2 where not null, singular_values min(m, n) values if the SVD was used.
template <class T>
[[nodiscard]] Outcome least_squares(const Source<T>& A, In<T> B, MatrixView<T> X, const LeastSquaresOptions& options,
                                    Certificate& certificate, Diagnosis& diagnosis, double* residual_squares = nullptr,
                                    Buffer<Real<T>>* singular_values = nullptr);

}  // namespace hessolve
