// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/banded.hpp>
#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/ldlt.hpp>
#include <hessolve/dense/triangular.hpp>
#include <hessolve/solve/factors.hpp>
#include <hessolve/solve/plan.hpp>

#include "kernel/archive.hpp"
#include "kernel/source.hpp"

namespace hessolve {

/// Systems up to this size live on the stack, and have their inverse formed for the certificate.
inline constexpr Index small_size = 64;

/// A square matrix as one of the direct methods sees it: R A C factored, R and C powers of two that equilibrate it
/// where its rows or columns differ badly in size (identity otherwise).
template <class T>
class SquareFactor {
 public:
  using R = Real<T>;

  /// `storage`: null, or the caller's own n x n memory, holding A and about to be overwritten.
  SquareFactor(Index n, Kind kind, ColMajor<T> storage);

  /// Read A. False where an element is not finite.
  [[nodiscard]] bool load(const Source<T>& A, const Structure& structure);
  /// Choose R and C for the matrix just loaded and apply them; `always`: also where the rows differ little.
  /// Returns whether anything was scaled.
  bool equilibrate(bool always);
  /// Factor with one method; after a failed Cholesky the matrix is put back for the next one.
  [[nodiscard]] Outcome factor(Method method, const Stop& stop);

  /// B := op(A)^-1 B
  void solve(ColMajor<T> B, Trans trans) const;
  /// X := A^-1 where the method has a cheaper way to it than by solving for unit vectors; else false, and X untouched.
  [[nodiscard]] bool inverse(ColMajor<T> X) const;
  /// B := op(R A C)^-1 B, the factored matrix itself
  void solve_scaled(ColMajor<T> B, Trans trans) const;

  [[nodiscard]] Index size() const { return n_; }
  [[nodiscard]] Method method() const { return method_; }
  [[nodiscard]] R one_norm() const { return one_norm_; }       ///< of R A C
  [[nodiscard]] double inf_norm() const { return inf_norm_; }  ///< of A; infinite where it overflows
  [[nodiscard]] bool scaled() const { return scaled_; }
  [[nodiscard]] bool worth_scaling() const { return worth_scaling_; }
  /// R and C as exponents of two.
  [[nodiscard]] int row_exponent(Index i) const { return scaled_ ? row_exponent_[i] : 0; }
  [[nodiscard]] int col_exponent(Index j) const { return scaled_ ? col_exponent_[j] : 0; }

  /// The reciprocal 1-norm condition number of R A C; 0 where it overflows. Up to small_size the inverse is formed, in
  /// `inverse` (n x n, column-major, valid on return if `keep`); beyond it its norm is estimated.
  [[nodiscard]] R rcond(T* inverse, bool keep = false) const;

  /// B := op(A) B, from the factors.
  void multiply(ColMajor<T> B, Trans trans) const;
  /// Sign (or phase) and log |det A|.
  [[nodiscard]] Determinant<T> determinant() const;
  /// A := A + U U^H, or A - U U^H, in place (Cholesky and LDL^T only; U is destroyed).
  /// @return ok; not_positive_definite or singular, the factors then being as they were; or stagnated where an LDL^T
  /// without new pivots would lose digits, the factors again being as they were.
  [[nodiscard]] Outcome update(ColMajor<T> U, bool downdate);
  /// B := L^-1 B or B := L B of a Cholesky factor.
  void apply_lower(ColMajor<T> B, bool inverse) const;
  /// Keep what multiply() needs beside the factors; to be called between equilibrate and factor.
  void prepare_to_multiply();
  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const Band& band() const { return band_; }
  void save(Writer& out) const;
  void restore(Reader& in);

  /// A vector z with A z = 0 up to rounding, after a zero pivot at column `where` (-1: after a tiny rcond), z(j) in
  /// units of 1 / (size of column j). False where the method cannot tell.
  [[nodiscard]] bool null_vector(Index where, T* z) const;

 private:
  [[nodiscard]] static Index stride_for(Index n);
  [[nodiscard]] Symmetry symmetry() const {
    return kind_ == Kind::symmetric ? Symmetry::symmetric : Symmetry::hermitian;
  }
  [[nodiscard]] bool is_banded() const {
    return kind_ == Kind::banded || kind_ == Kind::tridiagonal || kind_ == Kind::diagonal;
  }
  template <class Visit>
  void visit_column(Index j, Visit&& visit);
  void symmetric_exponents();
  void load_band(const Source<T>& A, const Structure& structure);
  [[nodiscard]] Outcome check_diagonal() const;
  void solve_ordered(ColMajor<T> B, Trans trans) const;
  void multiply_scaled(ColMajor<T> B, Trans trans) const;
  void multiply_ordered(ColMajor<T> B, Trans trans) const;
  template <class Archive>
  void visit_state(Archive& archive);
  R invert(T* inverse, bool keep) const;

  Index n_;
  Kind kind_;
  Method method_ = Method::none;
  Scratch<T, small_size * small_size> own_;
  ColMajor<T> W_;
  Scratch<Index, small_size> pivots_;
  Scratch<T, small_size> subdiagonal_;  // of LDL^T; the saved diagonal during a Cholesky trial
  Magnitudes<R> size_;
  Scratch<int, small_size> row_exponent_;
  Scratch<int, small_size> col_exponent_;
  R one_norm_ = 0;
  double inf_norm_ = 0;
  bool scaled_ = false;
  bool badly_scaled_ = false;
  bool worth_scaling_ = false;
  Band band_;
  Matrix<T> banded_storage_;
  Matrix<T> band_of_matrix_;  // the band as it was before it was factored
  Buffer<Index> order_;       // of a permuted triangular matrix: rows, then columns
};

}  // namespace hessolve
