// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>
#include <hessolve/dense/lu.hpp>

#include <memory>

namespace hessolve {

namespace detail {
template <class T>
class FactorState;
}

/// P A = L U of a square matrix, kept for many right-hand sides. Owns its factors; the matrix given is only read.
/// Equilibrated by powers of two where rows or columns differ badly in size.
template <class T>
class LU {
 public:
  explicit LU(MatrixView<const T> A, const Stop& stop = {});
  explicit LU(MatrixView<T> A, const Stop& stop = {}) : LU(MatrixView<const T>(A), stop) {}
  LU(LU&&) noexcept;
  LU& operator=(LU&&) noexcept;
  ~LU();

  [[nodiscard]] Outcome outcome() const;  ///< ok, singular (with the column) or non_finite; ask before solving
  [[nodiscard]] Index size() const;
  /// X := op(A)^-1 B; X may be B itself. @return outcome(), X being untouched unless it is ok.
  Outcome solve(In<T> B, MatrixView<T> X, Trans trans = Trans::none) const;
  [[nodiscard]] double rcond()
      const;  ///< reciprocal 1-norm condition number; computed at each call, estimated above n = 64

 private:
  std::unique_ptr<detail::FactorState<T>> state_;
};

/// A = L L^H of a Hermitian positive definite matrix; the lower triangle is read.
template <class T>
class Cholesky {
 public:
  explicit Cholesky(MatrixView<const T> A, const Stop& stop = {});
  explicit Cholesky(MatrixView<T> A, const Stop& stop = {}) : Cholesky(MatrixView<const T>(A), stop) {}
  Cholesky(Cholesky&&) noexcept;
  Cholesky& operator=(Cholesky&&) noexcept;
  ~Cholesky();

  [[nodiscard]] Outcome outcome() const;  ///< ok, not_positive_definite (with the column) or non_finite
  [[nodiscard]] Index size() const;
  Outcome solve(In<T> B, MatrixView<T> X, Trans trans = Trans::none) const;
  [[nodiscard]] double rcond() const;

 private:
  std::unique_ptr<detail::FactorState<T>> state_;
};

}  // namespace hessolve
