// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>
#include <hessolve/dense/lu.hpp>
#include <hessolve/solve/options.hpp>

#include <cmath>
#include <memory>
#include <vector>

namespace hessolve {

/// A determinant as mantissa 2^exponent, which neither over- nor underflows.
template <class T>
struct Determinant {
  T mantissa = T(1);
  Index exponent = 0;

  void multiply(T factor) {
    absorb_exponent(factor);
    mantissa *= factor;
    absorb_exponent(mantissa);
  }
  void negate() { mantissa = -mantissa; }
  /// -1, 0 or 1; where T is complex a phase or 0.
  [[nodiscard]] T sign() const {
    const Real<T> size = std::abs(mantissa);
    return size > 0 ? T(mantissa / size) : mantissa;
  }
  /// log |det A|, -infinity for 0.
  [[nodiscard]] Real<T> log_modulus() const {
    constexpr auto log_two = static_cast<Real<T>>(0.693147180559945309417232121458L);
    return std::log(std::abs(mantissa)) + static_cast<Real<T>>(exponent) * log_two;
  }
  /// The determinant itself, infinite or 0 where it is out of range.
  [[nodiscard]] T value() const {
    const auto e = static_cast<int>(exponent > 100'000 ? 100'000 : exponent < -100'000 ? -100'000 : exponent);
    if constexpr (is_complex<T>) {
      return {std::ldexp(mantissa.real(), e), std::ldexp(mantissa.imag(), e)};
    } else {
      return std::ldexp(mantissa, e);
    }
  }

 private:
  void absorb_exponent(T& number) {
    const Real<T> size = cheap_abs(number);
    if (size > 0 && std::isfinite(size)) {
      const int e = std::ilogb(size);
      if constexpr (is_complex<T>) {
        number = {std::ldexp(number.real(), -e), std::ldexp(number.imag(), -e)};
      } else {
        number = std::ldexp(number, -e);
      }
      exponent += e;
    }
  }
};

struct FactorOptions {
  /// none: chosen by structure (rectangular: qr where the rank is full, else qr_pivoted). cholesky, ldlt and eigh read
  /// the lower triangle.
  Method kind = Method::none;
  bool keep_matrix = false;  ///< keep a copy of A as well: solves are then refined and can be certified
  Stop stop = {};
};

namespace detail {
template <class T>
class FactorState;
}

/// A matrix factored once, for many right-hand sides. Owns its factors (and A, if asked to keep it); the matrix given
/// is only read. Square matrices are equilibrated by powers of two where rows or columns differ badly in size.
template <class T>
class Factor {
 public:
  using Scalar = T;

  explicit Factor(MatrixView<const T> A, const FactorOptions& options = {});
  explicit Factor(MatrixView<T> A, const FactorOptions& options = {}) : Factor(MatrixView<const T>(A), options) {}
  Factor(Factor&&) noexcept;
  Factor& operator=(Factor&&) noexcept;
  ~Factor();

  /// ok; ill_conditioned (rcond < eps, solves answer all the same); singular or not_positive_definite (with the
  /// column), non_finite (with the row) or stopped: there is then nothing to solve with.
  [[nodiscard]] Outcome outcome() const;
  [[nodiscard]] bool usable() const { return outcome().ok() || outcome().reason == Reason::ill_conditioned; }
  [[nodiscard]] Method kind() const;
  [[nodiscard]] Index rows() const;
  [[nodiscard]] Index cols() const;
  [[nodiscard]] Index size() const { return rows(); }
  [[nodiscard]] Index rank() const;    ///< decided by qr_pivoted, svd and eigh; -1 where it is unknown
  [[nodiscard]] double rcond() const;  ///< reciprocal condition number; 1-norm and equilibrated for the square kinds
  [[nodiscard]] bool hermitian() const;
  [[nodiscard]] bool keeps_matrix() const;

  /// X := op(A)^-1 B, or the least squares solution of minimum norm from the orthogonal kinds; X may be B itself where
  /// A is square. With a kept matrix one residual is computed, and refined where the backward error exceeds n eps.
  /// @return outcome(); stagnated; non_finite with the row of B, or -1 where X overflowed. X is untouched where there
  /// is nothing to solve with, or B is not finite. 2 n^2 flops a column.
  Outcome solve(In<T> B, MatrixView<T> X, Trans trans = Trans::none, Certificate* certificate = nullptr) const;
  /// X := A^-1, A square.
  Outcome inv(MatrixView<T> X) const;
  [[nodiscard]] Determinant<T> determinant() const;
  /// Factor another matrix of the same shape in the same way. Where that fails the old factors stay.
  Outcome refactor(In<T> A, const Stop& stop = {});
  /// A := A + U V^H or A - U V^H, U m x k and V n x k. In place for Cholesky and LDL^T with V = U (4 n^2 k flops), in
  /// product form (Woodbury) for other square matrices, with a new factorisation where that would lose digits or has
  /// grown long, and always where A is rectangular.
  /// @return ok or ill_conditioned; not_positive_definite, singular or non_finite: the factors are then as they were.
  /// @throws std::invalid_argument where shapes disagree, or for a Cholesky factor where V is not U.
  Outcome update(In<T> U, In<T> V);
  Outcome downdate(In<T> U, In<T> V);
  /// values[j] := w_j^H A^-1 w_j for the columns of W.
  Outcome inverse_quadratic(In<T> W, T* values) const;
  /// The diagonal of A^-1. n^3 / 3 to 2 n^3 flops, without forming the inverse for Cholesky.
  Outcome inverse_diagonal(T* values) const;
  /// X := L^-1 B of a Cholesky factor: unit covariance from covariance A.
  Outcome whiten(In<T> B, MatrixView<T> X) const;
  /// X := L Z of a Cholesky factor: covariance A from unit covariance.
  Outcome color(In<T> Z, MatrixView<T> X) const;

  /// The whole object as bytes, for the same build on the same kind of machine.
  [[nodiscard]] std::vector<unsigned char> save() const;
  [[nodiscard]] static Factor load(const unsigned char* bytes, std::size_t size);

 protected:
  explicit Factor(std::unique_ptr<detail::FactorState<T>> state);
  std::unique_ptr<detail::FactorState<T>> state_;
};

/// P A = L U of a square matrix.
template <class T>
class LU : public Factor<T> {
 public:
  explicit LU(MatrixView<const T> A, const Stop& stop = {}) : Factor<T>(A, {Method::lu, false, stop}) {}
  explicit LU(MatrixView<T> A, const Stop& stop = {}) : LU(MatrixView<const T>(A), stop) {}
};

/// A = L L^H of a Hermitian positive definite matrix; the lower triangle is read.
template <class T>
class Cholesky : public Factor<T> {
 public:
  explicit Cholesky(MatrixView<const T> A, const Stop& stop = {}) : Factor<T>(A, {Method::cholesky, false, stop}) {}
  explicit Cholesky(MatrixView<T> A, const Stop& stop = {}) : Cholesky(MatrixView<const T>(A), stop) {}
};

}  // namespace hessolve
