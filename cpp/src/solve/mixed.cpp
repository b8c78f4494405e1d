// SPDX-License-Identifier: BSD-3-Clause
#include "solve/mixed.hpp"

#include "certify/bounds.hpp"
#include "certify/refinement.hpp"
#include "kernel/scaling.hpp"

#include <cmath>

namespace hessolve {
namespace {

/// R A C rounded to F, R and C powers of two where A's rows or columns differ badly in size or leave F's range.
template <class T, class F>
class Rounded {
 public:
  Rounded(const Source<T>& A, bool symmetric) : n_(A.rows()), storage_(n_, n_), row_(n_), col_(n_) {
    Magnitudes<Real<T>> size(n_, n_);
    absorb<T>(A, ColMajor<T>{nullptr, n_, n_, n_}, size);
    finite_ = size.finite;
    inf_norm_ = static_cast<double>(size.inf_norm);
    if (!finite_) {
      return;
    }
    for (Index i = 0; i < n_; ++i) {
      const int e = symmetric ? exponent_of(cheap_abs(A(i, i))) : exponent_of(size.row_max[i]);
      row_[i] = e == no_exponent ? 0 : symmetric ? -e / 2 : -e;
    }
    for (Index j = 0; j < n_; ++j) {
      col_[j] = symmetric ? row_[j] : 0;
    }
    const auto [low, high] = std::minmax_element(row_.data(), row_.data() + n_);
    constexpr int usual = 10;
    if (*high - *low <= usual && std::abs(*low) < 60) {
      std::fill_n(row_.data(), n_, 0);
      std::fill_n(col_.data(), n_, 0);
    }
    parallel_for((n_ + source_tile - 1) / source_tile, n_ * n_ > 100'000, [&](Index s) {
      const Index j = s * source_tile;
      const Index w = std::min(source_tile, n_ - j);
      alignas(64) T tile[source_tile * source_tile];
      for (Index i = 0; i < n_; i += source_tile) {
        const Index h = std::min(source_tile, n_ - i);
        read_tile<T>(A, i, j, h, w, tile, source_tile);
        for (Index c = 0; c < w; ++c) {
          for (Index r = 0; r < h; ++r) {
            storage_(i + r, j + c) = static_cast<F>(scaled(tile[r + c * source_tile], row_[i + r] + col_[j + c]));
          }
        }
      }
    });
  }

  [[nodiscard]] bool finite() const { return finite_; }
  [[nodiscard]] double inf_norm() const { return inf_norm_; }
  [[nodiscard]] ColMajor<F> view() const { return storage_.view(); }
  [[nodiscard]] int row(Index i) const { return row_[i]; }
  [[nodiscard]] int col(Index j) const { return col_[j]; }

 private:
  static T scaled(T value, int exponent) { return exponent == 0 ? value : shift(value, exponent); }

  Index n_;
  Matrix<F> storage_;
  Buffer<int> row_;
  Buffer<int> col_;
  bool finite_ = true;
  double inf_norm_ = 0;
};

template <class T>
class MixedSolve {
 public:
  using F = Half<T>;

  MixedSolve(const Source<T>& A, Kind kind)
      : A_(A),
        n_(A.rows()),
        kind_(kind),
        rounded_(A, kind != Kind::general),
        factor_(n_, kind, rounded_.view()) {}

  /// Factor; false where there is nothing to refine with.
  bool factor(const Stop& stop) {
    if (!rounded_.finite()) {
      return false;
    }
    Structure structure;
    structure.rows = structure.cols = n_;
    structure.kind = kind_;
    if (!factor_.load(Source<F>{rounded_.view()}, structure)) {
      return false;
    }
    const bool cholesky = kind_ == Kind::positive_definite_candidate;
    if (!factor_.factor(cholesky ? Method::cholesky : Method::lu, stop).ok()) {
      return false;
    }
    rcond_ = static_cast<double>(factor_.rcond(nullptr));
    return rcond_ >= 8 * static_cast<double>(epsilon<F>);
  }

  /// X := op(A)^-1 X in the precision of the factors.
  void apply(ColMajor<T> X, Trans trans) const {
    const bool plain = trans == Trans::none;
    Matrix<F> low(n_, X.cols);
    Buffer<int> common(X.cols);
    for (Index j = 0; j < X.cols; ++j) {
      int most = no_exponent;
      for (Index i = 0; i < n_; ++i) {
        const int e = exponent_of(cheap_abs(X(i, j)));
        most = e == no_exponent ? most : std::max(most, e + (plain ? rounded_.row(i) : rounded_.col(i)));
      }
      common[j] = most == no_exponent ? 0 : most;
      for (Index i = 0; i < n_; ++i) {
        low(i, j) = static_cast<F>(shift(X(i, j), (plain ? rounded_.row(i) : rounded_.col(i)) - common[j]));
      }
    }
    factor_.solve_scaled(low.view(), trans);
    for (Index j = 0; j < X.cols; ++j) {
      for (Index i = 0; i < n_; ++i) {
        X(i, j) = shift(static_cast<T>(low(i, j)), (plain ? rounded_.col(i) : rounded_.row(i)) + common[j]);
      }
    }
  }

  /// Solve and refine to a backward error of 2 eps, or as far as each step halves it; false where that is above n eps.
  bool solve(In<T> B, ColMajor<T> X, Certificate& certificate) const {
    constexpr int most = 30;
    const double bar = static_cast<double>(n_) * static_cast<double>(epsilon<T>);
    const double least = 2 * static_cast<double>(epsilon<T>);
    Matrix<T> R(n_, B.cols);
    copy_into<T>(B, X);
    apply(X, Trans::none);
    double error = std::numeric_limits<double>::infinity();
    for (certificate.refinements = 0; certificate.refinements < most; ++certificate.refinements) {
      residual<T>(A_, X, B, R.view());
      const double now = backward_error_of<T>(rounded_.inf_norm(), X, B, R.view());
      certificate.backward_error = now;
      if (now <= least || !(now <= error / 2)) {
        return now <= bar;
      }
      error = now;
      apply(R.view(), Trans::none);
      for (Index j = 0; j < B.cols; ++j) {
        for (Index i = 0; i < n_; ++i) {
          X(i, j) += R(i, j);
        }
      }
    }
    return false;
  }

  [[nodiscard]] double rcond() const { return rcond_; }
  [[nodiscard]] double inf_norm() const { return rounded_.inf_norm(); }
  [[nodiscard]] Method method() const {
    return kind_ == Kind::positive_definite_candidate ? Method::cholesky_mixed : Method::lu_mixed;
  }

 private:
  const Source<T>& A_;
  Index n_;
  Kind kind_;
  Rounded<T, F> rounded_;
  SquareFactor<F> factor_;
  double rcond_ = 0;
};

}  // namespace

template <class T>
bool solve_mixed(const Source<T>& A, Kind kind, In<T> B, ColMajor<T> X, const SolveOptions& options, bool certify,
                 Certificate& certificate, Outcome& outcome) {
  if constexpr (std::is_same_v<Real<T>, float>) {
    return false;
  } else {
    const bool direct = kind == Kind::general || kind == Kind::positive_definite_candidate;
    if (A.rows() <= small_size || !direct) {
      return false;
    }
    MixedSolve<T> mixed(A, kind);
    if (!mixed.factor(options.stop) || !mixed.solve(B, X, certificate)) {
      certificate.refinements = 0;
      return false;
    }
    certificate.method = mixed.method();
    certificate.rank = A.rows();
    certificate.regime = 1;
    certificate.rcond = mixed.rcond();
    outcome = {};
    if (certify) {
      certify_large<T>(
          A, mixed.inf_norm(), [&](ColMajor<T> V, Trans trans) { mixed.apply(V, trans); }, X, B, certificate);
    }
    return true;
  }
}

#define INSTANTIATE(T)                                                                                              \
  template bool solve_mixed<T>(const Source<T>&, Kind, In<T>, ColMajor<T>, const SolveOptions&, bool, Certificate&, \
                               Outcome&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
