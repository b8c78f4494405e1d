// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>

#include <cstdint>

namespace hessolve {

/// Ways to an orthonormal basis of the range of A, and what each loses, kappa being the condition number of A on
/// equilibrated columns. Sources: Golub & Van Loan, 5.2.7-5.2.9; Giraud, Langou, Rozloznik & van den Eshof 2005, doi
/// 10.1007/s00211-005-0615-4 (cgs, cgs2); Bjorck 1967 (mgs); Yamamoto, Nakatsukasa, Yanagisawa & Fukaya 2015
/// (cholesky_qr2); Fukaya, Kannan, Nakatsukasa, Yamamoto & Yanagisawa 2020, doi 10.1137/18M1218212 (cholesky_qr3); Fan,
/// Guo & Lin 2021, arXiv 2111.11148 (randomized).
enum class GramSchmidt : signed char {
  cgs,           ///< classical: kappa^2 eps
  mgs,           ///< modified: kappa eps
  cgs2,          ///< classical, twice: eps
  householder,   ///< reflections: eps
  cholesky_qr2,  ///< Cholesky of A^H A, twice: eps while kappa^2 (m n + n^2) eps < 1/64, refused beyond
  cholesky_qr3,  ///< with a shifted first step: eps while kappa is below 1 / eps
  randomized,    ///< preconditioned by the QR of a sketch, then cholesky_qr2: eps while kappa is below 1 / eps
};

struct GramSchmidtOptions {
  GramSchmidt method = GramSchmidt::cgs2;
  /// Choose the column of which, relative to its norm, most is left. cgs and cgs2 then keep all columns up to date.
  bool pivoting = false;
  double rtol = -1;  ///< a column whose remainder is at most rtol times its norm depends on the others; negative: n eps
  bool measure = true;     ///< compute `loss`
  std::uint64_t seed = 0;  ///< of the sketch
};

struct GramSchmidtReport {
  Index rank = 0;        ///< columns of Q that are set
  double loss = 0;       ///< ||Q^H Q - I||_2, measured (NaN where it was not)
  double bound = 0;      ///< what theory lets expect of it
  double condition = 1;  ///< kappa, estimated from R
};

/// A(:, permutation) = Q R: Q m x r with r = min(m, n), R r x n; the first report.rank columns of Q and rows of R are
/// set, the rest is zero. Without pivoting R is a staircase where columns depend on those before them (cgs, mgs, cgs2),
/// and the other methods keep all columns. permutation (n), may be null without pivoting.
/// @return ok; not_positive_definite where cholesky_qr2 or cholesky_qr3 cannot orthogonalise (kappa too large);
/// non_finite with the row. @throws std::invalid_argument where shapes disagree, or Cholesky QR is asked for a wide A.
/// 2 m n^2 flops (cgs, mgs), 4 m n^2 (cgs2, cholesky_qr2, householder), 6 m n^2 (cholesky_qr3, randomized).
template <class T>
[[nodiscard]] Outcome orthonormalize(In<T> A, MatrixView<T> Q, MatrixView<T> R, Index* permutation,
                                     const GramSchmidtOptions& options, GramSchmidtReport* report = nullptr);

}  // namespace hessolve
