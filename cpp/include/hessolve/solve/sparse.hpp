// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/csr.hpp>
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>
#include <hessolve/dense/lu.hpp>
#include <hessolve/solve/options.hpp>

#include <limits>
#include <memory>

namespace hessolve {

enum class SparseKind : signed char {
  automatic,  ///< square: cholesky where A is Hermitian with a positive diagonal, lu where it fails and else; qr
  cholesky,   ///< L L^H, Hermitian positive definite A
  ldlt,       ///< L D L^H without pivoting: definite A only, positive or negative
  lu,         ///< P A Q = L U with threshold pivoting
  qr,         ///< A D P = Q R for any shape, with the rank; D scales the columns (of A^H, where A is wide)
};

/// "auto", "cholesky", "ldlt", "lu", "qr".
[[nodiscard]] const char* name(SparseKind kind);

/// log |det A| and det A / |det A|.
template <class T>
struct LogDeterminant {
  T sign = T(1);
  double log = 0;
};

/// A factored sparse matrix, columns ordered for little fill (AMD, COLAMD). Owns its factors; made by factor_sparse.
/// [Davis, Direct Methods for Sparse Linear Systems]
template <class T>
class SparseFactor {
 public:
  SparseFactor(Index rows, Index cols) : rows_(rows), cols_(cols) {}
  SparseFactor(const SparseFactor&) = delete;
  SparseFactor& operator=(const SparseFactor&) = delete;
  virtual ~SparseFactor() = default;

  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] Index cols() const { return cols_; }
  [[nodiscard]] SparseKind kind() const { return kind_; }
  /// ok, singular (a column of A no pivot is left in, or -1) or not_positive_definite (the column whose pivot, in the
  /// order of elimination, was the first that is not positive): ask before solving.
  [[nodiscard]] Outcome outcome() const { return outcome_; }
  [[nodiscard]] Index rank() const { return rank_; }

  /// X := op(A)^-1 B; with qr and trans none the least squares solution for tall A and that of minimum norm for wide A,
  /// both of full rank. B is rows x k, X cols x k (exchanged for transposes).
  /// @throws std::invalid_argument for transposes with qr.
  virtual void solve(InColMajor<T> B, ColMajor<T> X, Trans trans = Trans::none) const = 0;
  /// Factor a matrix with the same pattern and these values, in the order given first. Unless ok, the factors before
  /// are gone.
  virtual Outcome refactor(const T* values) = 0;
  /// Of a square matrix; -infinity where it is singular.
  [[nodiscard]] virtual LogDeterminant<T> log_determinant() const = 0;
  /// With qr: an estimate of the reciprocal 1-norm condition number of R; 0 where A has not full rank.
  [[nodiscard]] virtual double triangle_rcond() const = 0;

 protected:
  SparseKind kind_ = SparseKind::automatic;
  Outcome outcome_;
  Index rank_ = 0;

 private:
  Index rows_;
  Index cols_;
};

/// Factor A, which must outlive the factor only where it is refactored. Lines must be sorted without repetitions.
/// @return null where that would be by Cholesky and cost more than `most`: multiply-adds, and 240 for each entry of L,
/// which take about as long.
/// @throws std::invalid_argument for a kind that needs a square or Hermitian matrix and does not get one.
template <class T, class I>
[[nodiscard]] std::unique_ptr<SparseFactor<T>> factor_sparse(CsrView<T, I> A, SparseKind kind = SparseKind::automatic,
                                                             double most = std::numeric_limits<double>::infinity());
template <class T, class I>
[[nodiscard]] std::unique_ptr<SparseFactor<T>> factor_sparse(CscView<T, I> A, SparseKind kind = SparseKind::automatic,
                                                             double most = std::numeric_limits<double>::infinity());

template <class T>
class Entries;

/// X := op(A)^-1 B with the factor of A, refined where the backward error exceeds n eps, and the evidence: compensated
/// residuals, rcond after scaling rows and columns to 1, an estimate of the forward error. Least squares with qr, whose
/// backward error is min(||r|| / ||x||, ||A^H r|| / ||r||) / ||A||_F (the first of them for a wide A), and whose rcond
/// is that of R.
/// @return ok, ill_conditioned, stagnated, non_finite, or the outcome of the factor, X being NaN then.
template <class T>
[[nodiscard]] Outcome solve(const Entries<T>& A, const SparseFactor<T>& factor, In<T> B, MatrixView<T> X,
                            Trans trans = Trans::none, Certificate* certificate = nullptr);

/// The reciprocal condition number of a factored square matrix in the 1-norm, its rows and columns scaled to 1; of R
/// with qr.
template <class T>
[[nodiscard]] double rcond(const Entries<T>& A, const SparseFactor<T>& factor);

}  // namespace hessolve
