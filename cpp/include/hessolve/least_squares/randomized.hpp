// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>

#include <cstdint>

namespace hessolve {

struct RandomizedOptions {
  Index oversampling = 10;  ///< columns sampled beyond the rank
  int power_iterations =
      -1;  ///< products with A A^H before the basis is taken; negative: 7 where rank < min(m, n) / 10, else 4
  std::uint64_t seed = 0;
  bool measure = false;  ///< compute error_bound, at the cost of ten more columns
};

struct RandomizedReport {
  Index rank = 0;          ///< columns found
  double error_bound = 0;  ///< ||A - Q Q^H A||_2 is below it with probability 1 - 1e-10
};

/// A nearly = U diag(s) V^H: U m x k, s k values in descending order, V^H k x n. 4 m n (k + oversampling) flops for
/// each power iteration and for the rest; passes over A: 2 for each iteration, and 2. The same seed gives the same
/// bits.
/// @return ok, or non_finite with the row. @throws std::invalid_argument where shapes disagree or k > min(m, n).
/// [Halko, Martinsson & Tropp 2011, doi 10.1137/090771806]
template <class T>
[[nodiscard]] Outcome randomized_svd(In<T> A, MatrixView<T> U, Real<T>* s, MatrixView<T> Vh,
                                     const RandomizedOptions& options = {}, RandomizedReport* report = nullptr);

/// Orthonormal columns in Q (m x most, most <= min(m, n)) that hold the range of A up to ||A - Q Q^H A|| <= tolerance,
/// grown block by block until the a-posteriori bound says so. report.rank columns are set.
/// @return converged, or max_iterations where `most` columns do not reach the tolerance; non_finite.
/// [Halko, Martinsson & Tropp 2011, algorithm 4.2, by blocks]
template <class T>
[[nodiscard]] Outcome range_finder(In<T> A, double tolerance, MatrixView<T> Q, const RandomizedOptions& options,
                                   RandomizedReport& report);

/// chosen[0 ... k - 1]: rows of A drawn with replacement, row i with probability ||a_i||^2 / ||A||_F^2, and
/// probability[i] of each drawn row; S(j, :) := A(chosen[j], :) / sqrt(k probability[j]), so that E[S^H S] = A^H A.
/// @return ok; breakdown where A is zero; non_finite with the row. Two passes over A.
/// [Frieze, Kannan & Vempala 2004, doi 10.1145/1039488.1039494]
template <class T>
[[nodiscard]] Outcome sample_rows(In<T> A, MatrixView<T> S, Index* chosen, double* probability, std::uint64_t seed);

/// The same for columns: S(:, j) := A(:, chosen[j]) / sqrt(k probability[j]), so that E[S S^H] = A A^H.
template <class T>
[[nodiscard]] Outcome sample_columns(In<T> A, MatrixView<T> S, Index* chosen, double* probability, std::uint64_t seed);

}  // namespace hessolve
