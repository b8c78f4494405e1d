// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/triangular.hpp>
#include <hessolve/least_squares/constrained.hpp>

#include "certify/residual.hpp"
#include "kernel/products.hpp"
#include "kernel/scaling.hpp"
#include "least_squares/core.hpp"

#include <cmath>
#include <stdexcept>

namespace hessolve {
namespace {

/// C^H P = Q R with rows of C scaled to like size, its rank, and the solution of least norm of C x = d.
template <class T>
class Constraints {
 public:
  using R = Real<T>;

  explicit Constraints(In<T> C) : p_(C.rows), n_(C.cols), W_(n_, p_), tau_(std::min(n_, p_)), scale_(p_), order_(p_) {
    for (Index i = 0; i < p_; ++i) {
      for (Index j = 0; j < n_; ++j) {
        W_(j, i) = conjugate(C(i, j));
      }
    }
    equilibrate_columns<T>(W_.view(), scale_.data());
    qr_pivoted_in_place<T>(W_.view(), tau_.data(), order_.data());
    const Index r = std::min(n_, p_);
    const R largest = r > 0 ? R(std::abs(W_(0, 0))) : R(0);
    while (rank_ < r && std::abs(W_(rank_, rank_)) > R(10) * static_cast<R>(std::max(n_, p_)) * epsilon<T> * largest) {
      ++rank_;
    }
  }

  [[nodiscard]] Index rank() const { return rank_; }

  /// X := the solution of least norm of the independent rows.
  void particular(In<T> D, ColMajor<T> X) const {
    for (Index c = 0; c < X.cols; ++c) {
      std::fill_n(X.col(c), n_, T(0));
      for (Index i = 0; i < rank_; ++i) {
        X(i, c) = D(order_[i], c) * scale_[order_[i]];
      }
    }
    triangular_solve<T>(W_.view().block(0, 0, rank_, rank_), Triangle::upper, Diagonal::general, Trans::adjoint,
                        X.block(0, 0, rank_, X.cols));
    apply_q<T>(W_.view(), tau_.data(), rank_, Trans::none, X);
  }

  /// The first of the dependent rows that X does not satisfy up to rounding, or -1.
  [[nodiscard]] Index contradiction(In<T> C, In<T> D, InColMajor<T> X) const {
    for (Index q = rank_; q < p_; ++q) {
      const Index i = order_[q];
      for (Index c = 0; c < X.cols; ++c) {
        T sum(0);
        R size = cheap_abs(D(i, c));
        for (Index j = 0; j < n_; ++j) {
          sum += C(i, j) * X(j, c);
          size += cheap_abs(C(i, j)) * cheap_abs(X(j, c));
        }
        if (!(cheap_abs(sum - D(i, c)) <= R(100) * static_cast<R>(n_ + p_) * epsilon<T> * size)) {
          return i;
        }
      }
    }
    return -1;
  }

  /// Columns of an orthonormal basis of the null space of C.
  [[nodiscard]] Matrix<T> null_space() const {
    Matrix<T> Z(n_, n_ - rank_);
    for (Index j = 0; j < n_ - rank_; ++j) {
      std::fill_n(Z.view().col(j), n_, T(0));
      Z(rank_ + j, j) = T(1);
    }
    apply_q<T>(W_.view(), tau_.data(), rank_, Trans::none, Z.view());
    return Z;
  }

 private:
  Index p_;
  Index n_;
  Matrix<T> W_;
  Buffer<T> tau_;
  Buffer<R> scale_;
  Buffer<Index> order_;
  Index rank_ = 0;
};

template <class T>
void need_finite(In<T> A, Outcome& outcome) {
  if (const auto [i, j] = check_finite<T>(Source<T>{A}); i >= 0 && outcome.ok()) {
    outcome = {Reason::non_finite, i};
  }
}

}  // namespace

template <class T>
Outcome lstsq_constrained(In<T> A, In<T> B, In<T> C, In<T> D, MatrixView<T> X, const SolveOptions& options,
                          Certificate* certificate, double* residual_squares, double rcond) {
  const Index n = A.cols;
  const Index k = B.cols;
  if (B.rows != A.rows || C.cols != n || D.rows != C.rows || D.cols != k || X.rows != n || X.cols != k) {
    throw std::invalid_argument("shapes disagree: A is m x n, B must be m x k, C p x n, D p x k and X n x k");
  }
  Outcome outcome;
  for (const In<T>& M : {A, B, C, D}) {
    need_finite<T>(M, outcome);
  }
  if (!outcome.ok()) {
    return outcome;
  }
  const Constraints<T> constraints(C);
  Matrix<T> x(n, k);
  constraints.particular(D, x.view());
  if (const Index row = constraints.contradiction(C, D, x.view()); row >= 0) {
    return {Reason::singular, row};
  }
  const Source<T> source{A};
  const Matrix<T> Z = constraints.null_space();
  const Index free = Z.view().cols;
  Matrix<T> AZ(A.rows, free);
  Matrix<T> rest(A.rows, k);
  product<T>(source, Z.view(), AZ.view());
  compensated_residual<T>(source, x.view(), B, rest.view());
  LeastSquaresOptions inner;
  inner.method = options.method;
  inner.precision = options.precision;
  inner.rcond = rcond;
  inner.certify = certificate != nullptr;
  inner.check_finite = false;
  inner.stop = options.stop;
  Certificate own;
  Certificate& evidence = certificate != nullptr ? *certificate : own;
  Diagnosis diagnosis;
  Matrix<T> y(free, k);
  outcome = least_squares<T>(Source<T>{AZ.view()}, rest.view(), y.view(), inner, evidence, diagnosis);
  if (!outcome.ok()) {
    return outcome;
  }
  Matrix<T> step(n, k);
  product<T>(Source<T>{Z.view()}, y.view(), step.view());
  for (Index c = 0; c < k; ++c) {
    for (Index i = 0; i < n; ++i) {
      x(i, c) += step(i, c);
    }
  }
  compensated_residual<T>(source, x.view(), B, rest.view());
  evidence.residual_norm = 0;
  for (Index c = 0; c < k; ++c) {
    const double norm = norm2(rest.view().col(c), A.rows);
    evidence.residual_norm = max_or_nan(evidence.residual_norm, norm);
    if (residual_squares != nullptr) {
      residual_squares[c] = norm * norm;
    }
  }
  evidence.rank = evidence.rank < 0 ? -1 : evidence.rank + constraints.rank();
  copy_out<T>(x.view(), X);
  return outcome;
}

#define INSTANTIATE(T)                                                                                                \
  template Outcome lstsq_constrained<T>(In<T>, In<T>, In<T>, In<T>, MatrixView<T>, const SolveOptions&, Certificate*, \
                                        double*, double);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
