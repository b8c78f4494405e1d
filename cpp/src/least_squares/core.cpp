// SPDX-License-Identifier: BSD-3-Clause
#include "least_squares/core.hpp"
#include "kernel/fill.hpp"

#include "certify/least_squares_error.hpp"
#include "certify/norm_estimate.hpp"
#include "certify/refinement.hpp"
#include "certify/residual.hpp"
#include "kernel/dot.hpp"
#include "kernel/scaling.hpp"
#include "least_squares/augmented.hpp"
#include "least_squares/named_methods.hpp"
#include "least_squares/normal.hpp"
#include "least_squares/orthogonal.hpp"

#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/svd.hpp>
#include <hessolve/dense/triangular.hpp>

#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>

namespace hessolve {
namespace {

template <class T>
class LeastSquares {
 public:
  using R = Real<T>;

  LeastSquares(const Source<T>& A, In<T> B, const LeastSquaresOptions& options, Certificate& certificate)
      : A_(A),
        B_(B),
        options_(options),
        certificate_(certificate),
        m_(A.rows()),
        n_(A.cols()),
        k_(B.cols),
        X_(n_, k_) {}

  /// The ladder: full rank, pivoted, SVD.
  Outcome run() {
    const Method wish = options_.method;
    const bool svd_only = wish == Method::svd || (wish == Method::none && options_.rcond >= 0);
    if (!svd_only) {
      if (by_named_method()) {
        certificate_.rank = n_;
        certificate_.regime = wish == Method::sketch ? 7 : m_ > n_ ? 2 : 1;
        return {};
      }
      if (wish != Method::qr_pivoted && !options_.rank_is_lost && full_rank()) {
        certificate_.method = Method::qr;
        certificate_.rank = std::min(m_, n_);
        certificate_.regime = m_ > n_ ? 2 : m_ < n_ ? 3 : 1;
        return {};
      }
      if (options_.stop.requested()) {
        return {Reason::stopped};
      }
      if (pivoted() || wish == Method::qr || wish == Method::qr_pivoted) {
        return {};
      }
    }
    if (options_.stop.requested()) {
      return {Reason::stopped};
    }
    return by_svd();
  }

  [[nodiscard]] ColMajor<T> x() const { return X_.view(); }
  Buffer<R>& singular_values() { return s_; }
  [[nodiscard]] const FullRank<T>* factor() const { return factor_.get(); }
  /// What the error of x is multiplied by: scaling alone does not count.
  [[nodiscard]] double scaled_condition() const { return scaled_condition_; }
  [[nodiscard]] const Refinement& refined() const { return refined_; }

 private:
  /// What a rank decision takes for zero, relative to the largest.
  [[nodiscard]] double tolerance(bool pivoting) const {
    if (options_.rcond >= 0) {
      return options_.rcond;
    }
    if (options_.method == Method::qr && !pivoting) {
      return static_cast<double>(epsilon<T>);  // unpivoted by order: only what cannot be solved at all is refused
    }
    return static_cast<double>(rank_tolerance<T>(n_));
  }

  /// Gram-Schmidt, Cholesky QR or a sketch, where asked for. False where they cannot be trusted: the ladder then
  /// answers.
  bool by_named_method() {
    const Method wish = options_.method;
    const bool named = wish == Method::cholesky_qr || wish == Method::mgs || wish == Method::sketch;
    if (!named || m_ < n_ || options_.rank_is_lost || options_.rcond >= 0 ||
        !solve_by_name<T>(wish, A_, B_, X_.view(), scaled_condition_, certificate_.refinements)) {
      return false;
    }
    certificate_.method = wish;
    certificate_.rcond = 1 / scaled_condition_;
    if (options_.precision == Precision::extended) {
      take(refine_augmented<T>(A_, B_, X_.view()));
    }
    return true;
  }

  bool full_rank() {
    if (options_.precision == Precision::mixed && m_ > n_ && !options_.certify &&
        solve_augmented_mixed<T>(A_, B_, X_.view(), certificate_.rcond, certificate_.refinements)) {
      scaled_condition_ = 1 / certificate_.rcond;
      return true;
    }
    certificate_.refinements = 0;
    auto factor = std::make_unique<FullRank<T>>(A_);
    certificate_.rcond = static_cast<double>(factor->rcond());
    scaled_condition_ = 1 / certificate_.rcond;
    if (!(certificate_.rcond > tolerance(false))) {
      return false;
    }
    factor_ = std::move(factor);
    const ColMajor<T> X = X_.view();
    factor_->solve(B_, X);
    Matrix<T> residual(m_, k_);
    Matrix<T> correction(n_, k_);
    compensated_residual<T>(A_, X, B_, residual.view());
    factor_->solve(residual.view(), correction.view());
    for (Index j = 0; j < k_; ++j) {
      for (Index i = 0; i < n_; ++i) {
        X(i, j) += correction(i, j);
      }
    }
    certificate_.refinements = 1;
    if (options_.precision == Precision::extended && m_ < n_) {
      take(refine_extended<T>(A_, X, B_, [this](ColMajor<T> r, ColMajor<T> dx) { factor_->solve(r, dx); }));
    } else if (options_.precision == Precision::extended) {
      take(refine_augmented<T>(A_, B_, X));
    }
    return true;
  }

  void take(const Refinement& refinement) {
    certificate_.refinements += refinement.steps;
    refined_ = refinement;
  }

  /// Rank from pivoted QR on equilibrated columns, then the minimum norm on the columns as they are. False where the
  /// diagonal of R shows no gap at the rank.
  bool pivoted() {
    const Index r = std::min(m_, n_);
    Matrix<T> W(m_, n_);
    Magnitudes<R> size(m_, n_);
    absorb<T>(A_, W.view(), size);
    Buffer<R> scale(n_);
    equilibrate_columns<T>(W.view(), scale.data());
    Buffer<T> tau(r);
    Buffer<Index> permutation(n_);
    qr_pivoted_in_place<T>(W.view(), tau.data(), permutation.data());
    const R largest = r > 0 ? std::abs(W(0, 0)) : R(0);
    Index rank = 0;
    while (rank < r && std::abs(W(rank, rank)) > static_cast<R>(tolerance(true)) * largest) {
      ++rank;
    }
    const bool gap = rank == 0 || rank == r || std::abs(W(rank, rank)) < R(1e-2) * std::abs(W(rank - 1, rank - 1));
    Matrix<T> C(m_, k_);
    copy_into(MatrixView<const T>(B_), C.view());
    apply_q<T>(W.view(), tau.data(), r, Trans::adjoint, C.view());
    Matrix<T> S(n_, rank);  // (R_1 P^T D^-1)^H: n x rank
    for (Index i = 0; i < rank; ++i) {
      for (Index j = 0; j < n_; ++j) {
        S(j, i) = j < i ? T(0) : conjugate(W(i, j)) / scale[permutation[j]];
      }
    }
    certificate_.method = Method::qr_pivoted;
    certificate_.rank = rank;
    certificate_.regime = rank < r ? 4 : m_ > n_ ? 2 : m_ < n_ ? 3 : 1;
    certificate_.effective_condition = 1;
    if (rank == 0) {  // A = 0, up to rounding
      clear<T>(X_.view());
      return true;
    }
    R largest_element = 0;
    for (Index i = 0; i < rank; ++i) {
      for (Index j = 0; j < n_; ++j) {
        largest_element = std::max(largest_element, cheap_abs(S(j, i)));
      }
    }
    const int common = exponent_of(largest_element);  // near 1: squares inside the factorisation stay in range
    for (Index i = 0; i < rank; ++i) {
      for (Index j = 0; j < n_; ++j) {
        S(j, i) = shift(S(j, i), -common);
      }
    }
    Buffer<T> beta(rank);
    qr_in_place<T>(S.view(), beta.data());
    Matrix<T> Z(n_, k_);
    for (Index j = 0; j < k_; ++j) {
      std::copy_n(C.view().col(j), rank, Z.view().col(j));
      std::fill(Z.view().col(j) + rank, Z.view().col(j) + n_, T(0));
    }
    const ColMajor<T> top = S.view().block(0, 0, rank, rank);
    triangular_solve<T>(top, Triangle::upper, Diagonal::general, Trans::adjoint, Z.view().block(0, 0, rank, k_));
    apply_q<T>(S.view(), beta.data(), rank, Trans::none, Z.view());
    for (Index j = 0; j < k_; ++j) {
      for (Index i = 0; i < n_; ++i) {
        X_(permutation[i], j) = shift(Z(i, j), -common);
      }
    }
    if (options_.certify) {
      certificate_.effective_condition = condition_of_triangle<T>(top);
      scaled_condition_ = condition_of_triangle<T>(W.view().block(0, 0, rank, rank));
    }
    return gap;
  }

  Outcome by_svd() {
    const Index r = std::min(m_, n_);
    Matrix<T> W(m_, n_);
    Magnitudes<R> size(m_, n_);
    absorb<T>(A_, W.view(), size);
    Svd<T> d = svd<T>(W.view(), options_.stop);
    if (!d.outcome.ok()) {
      fill<T>(MatrixView<T>(X_.view()), T(std::numeric_limits<R>::quiet_NaN()));
      return d.outcome;
    }
    const double cut =
        options_.rcond >= 0 ? options_.rcond : static_cast<double>(std::max(m_, n_)) * static_cast<double>(epsilon<T>);
    Index rank = 0;
    while (rank<r&& static_cast<double>(d.s[rank])> cut * static_cast<double>(d.s[0])) {
      ++rank;
    }
    clear<T>(X_.view());
    for (Index j = 0; j < k_; ++j) {
      for (Index i = 0; i < rank; ++i) {  // x += v_i (u_i^H b) / s_i
        T product(0);
        for (Index l = 0; l < m_; ++l) {
          product += conjugate(d.U(l, i)) * B_(l, j);
        }
        subtract_multiple<T>(n_, -product / d.s[i], d.V.view().col(i), X_.view().col(j));
      }
    }
    certificate_.method = Method::svd;
    certificate_.rank = rank;
    certificate_.regime = 0;
    certificate_.effective_condition =
        rank > 0 ? static_cast<double>(d.s[0]) / static_cast<double>(d.s[rank - 1]) : 1.0;
    scaled_condition_ = certificate_.effective_condition;
    certificate_.rcond = r > 0 && d.s[0] > 0 ? static_cast<double>(d.s[r - 1]) / static_cast<double>(d.s[0]) : 0.0;
    s_ = std::move(d.s);
    return {};
  }

  const Source<T>& A_;
  In<T> B_;
  const LeastSquaresOptions& options_;
  Certificate& certificate_;
  Index m_;
  Index n_;
  Index k_;
  Matrix<T> X_;
  Buffer<R> s_;
  double scaled_condition_ = 1;
  Refinement refined_;
  std::unique_ptr<FullRank<T>> factor_;
};

/// Backward and forward error of the answer; the largest over the right-hand sides.
template <class T>
void certify(const Source<T>& A, ColMajor<const T> X, ColMajor<const T> residual, const FullRank<T>* factor,
             double kappa, Certificate& certificate) {
  using R = Real<T>;
  const Index m = A.rows();
  const Index n = A.cols();
  Buffer<R> column_norm(n);
  std::fill_n(column_norm.data(), n, R(0));
  visit_tiles<T>(A, 0, m, [&](Index, Index j, ColMajor<const T> tile) {
    for (Index c = 0; c < tile.cols; ++c) {
      column_norm[j + c] = std::hypot(column_norm[j + c], norm2(tile.col(c), tile.rows));
    }
  });
  double frobenius = 0;
  for (Index j = 0; j < n; ++j) {
    frobenius = std::hypot(frobenius, static_cast<double>(column_norm[j]));
  }
  certificate.backward_error = 0;
  certificate.forward_error = 0;
  for (Index j = 0; j < X.cols; ++j) {
    const double x2 = norm2(X.col(j), n);
    const double r2 = norm2(residual.col(j), m);
    if (x2 == 0) {  // right where b is orthogonal to the range of A; else x has underflowed
      const bool exact = r2 == 0 || gradient_over_residual<T>(A, residual.col(j), r2) <= 1e-2 * frobenius;
      certificate.forward_error = exact ? certificate.forward_error : std::numeric_limits<double>::infinity();
      continue;
    }
    double backward = r2 / x2 / frobenius;  // the perturbation r x^H / (x^H x) makes x exact
    double forward = 0;
    const auto eps = static_cast<double>(epsilon<T>);
    if (factor != nullptr && m >= n) {
      backward = std::min(backward, factor->karlson_walden(residual.col(j), x2) / x2 / frobenius);
      forward =
          factor->forward_estimate(X.col(j), static_cast<R>(r2), column_norm.data(), 4 * std::max(backward, eps / 8));
    } else {
      forward = least_squares_forward_error(backward, eps, static_cast<double>(n), kappa, r2, x2, frobenius);
      if (m >= n || certificate.regime == 4 || certificate.regime == 0) {
        backward = std::min(
            backward, std::isnan(backward) ? backward : gradient_over_residual<T>(A, residual.col(j), r2) / frobenius);
      }
    }
    certificate.backward_error = max_or_nan(certificate.backward_error, backward);
    certificate.forward_error =
        max_or_nan(certificate.forward_error, std::isnan(forward) ? std::numeric_limits<double>::infinity() : forward);
  }
}

}  // namespace

namespace {

/// The evidence for an answer of a method that leaves no orthogonal factors behind: they are made for it.
template <class T>
void certify_full_rank(const Source<T>& A, ColMajor<const T> X, ColMajor<const T> residual, Certificate& certificate) {
  const FullRank<T> factor(A);
  certificate.rcond = static_cast<double>(factor.rcond());
  certify<T>(A, X, residual, &factor, 1 / certificate.rcond, certificate);
}

/// A tall, well-conditioned A by the normal equations on equilibrated columns, with refinement. False, and nothing
/// written, where their square of the condition number could cost digits, or anything is not finite.
template <class T>
bool by_normal_equations(const Source<T>& A, In<T> B, MatrixView<T> X, Certificate& certificate,
                         double* residual_squares) {
  const NormalEquations<T> normal(A, B);
  if (!normal.safe()) {
    return false;
  }
  Matrix<T> solution(A.cols(), B.cols);
  Buffer<Real<T>> squares(B.cols);
  certificate.refinements = normal.solve(solution.view(), squares.data());
  for (Index j = 0; j < B.cols; ++j) {
    for (Index i = 0; i < A.cols(); ++i) {
      if (!std::isfinite(cheap_abs(solution(i, j)))) {
        return false;
      }
    }
  }
  copy_out<T>(solution.view(), X);
  certificate.method = Method::normal;
  certificate.rank = A.cols();
  certificate.regime = 2;
  certificate.rcond = 1 / normal.condition();
  certificate.residual_norm = 0;
  for (Index j = 0; j < B.cols; ++j) {
    const auto square = static_cast<double>(squares[j]);
    certificate.residual_norm = std::max(certificate.residual_norm, std::sqrt(square));
    if (residual_squares != nullptr) {
      residual_squares[j] = square;
    }
  }
  return true;
}

/// Where products with A^H are worth their while: not for small data, whose QR is quick and takes out constant columns.
template <class T>
bool worth_normal_equations(const Source<T>& A, In<T> B, const LeastSquaresOptions& options) {
  constexpr Index enough = 20'000;
  const bool wanted = options.method == Method::normal ||
                      (options.method == Method::none && A.rows() >= 4 * A.cols() && A.rows() * A.cols() >= enough);
  return wanted && A.rows() > A.cols() && A.cols() > 0 && B.cols > 0 && options.rcond < 0 && !options.rank_is_lost &&
         (!options.certify || options.method == Method::normal) && options.precision == Precision::working;
}

}  // namespace

template <class T>
Outcome least_squares(const Source<T>& A, In<T> B, MatrixView<T> X, const LeastSquaresOptions& options,
                      Certificate& certificate, Diagnosis& diagnosis, double* residual_squares,
                      Buffer<Real<T>>* singular_values) {
  if (worth_normal_equations<T>(A, B, options) && by_normal_equations<T>(A, B, X, certificate, residual_squares)) {
    if (options.certify) {
      Matrix<T> solution(A.cols(), B.cols);
      Matrix<T> residual(A.rows(), B.cols);
      copy_into<T>(X, solution.view());
      compensated_residual<T>(A, solution.view(), B, residual.view());
      certify_full_rank<T>(A, solution.view(), residual.view(), certificate);
    }
    return {};
  }
  if (options.check_finite) {
    if (const auto [i, j] = check_finite<T>(A); i >= 0) {
      diagnosis.argument = "A";
      diagnosis.row = i;
      diagnosis.col = j;
      return {Reason::non_finite, i};
    }
    if (const auto [i, j] = check_finite<T>(Source<T>{B}); i >= 0) {
      diagnosis.argument = "b";
      diagnosis.row = i;
      diagnosis.col = j;
      return {Reason::non_finite, i};
    }
  }
  switch (options.method) {
    case Method::none:
    case Method::qr:
    case Method::qr_pivoted:
    case Method::svd:
    case Method::normal:
    case Method::cholesky_qr:
    case Method::mgs:
    case Method::sketch: break;
    default: throw std::invalid_argument("not a method for least squares");
  }
  LeastSquares<T> problem(A, B, options, certificate);
  if (A.rows() == 0 || A.cols() == 0) {
    certificate.rank = 0;
    certificate.regime = A.rows() > A.cols() ? 2 : 3;
    certificate.rcond = 1;
    for (Index j = 0; j < B.cols; ++j) {
      for (Index i = 0; i < A.cols(); ++i) {
        X(i, j) = T(0);
      }
      if (residual_squares != nullptr) {
        residual_squares[j] = 0;
        for (Index i = 0; i < A.rows(); ++i) {
          residual_squares[j] += static_cast<double>(std::norm(B(i, j)));
        }
      }
    }
    certificate.backward_error = certificate.forward_error = certificate.residual_norm = 0;
    return {};
  }
  if (const Outcome outcome = problem.run(); !outcome.ok()) {
    copy_out<T>(problem.x(), X);
    return outcome;
  }
  bool finite = true;
  for (Index j = 0; j < B.cols; ++j) {
    for (Index i = 0; i < A.cols(); ++i) {
      X(i, j) = problem.x()(i, j);
      finite = finite && std::isfinite(cheap_abs(X(i, j)));
    }
  }
  Matrix<T> residual(A.rows(), B.cols);
  compensated_residual<T>(A, problem.x(), B, residual.view());
  certificate.residual_norm = 0;
  for (Index j = 0; j < B.cols; ++j) {
    const double r2 = norm2(residual.view().col(j), A.rows());
    certificate.residual_norm = max_or_nan(certificate.residual_norm, r2);
    if (residual_squares != nullptr) {
      residual_squares[j] = r2 * r2;
    }
  }
  const bool by_name = certificate.method == Method::cholesky_qr || certificate.method == Method::mgs ||
                       certificate.method == Method::sketch;
  if (options.certify && by_name) {
    certify_full_rank<T>(A, problem.x(), residual.view(), certificate);
  } else if (options.certify) {
    certify<T>(A, problem.x(), residual.view(), problem.factor(), problem.scaled_condition(), certificate);
  }
  tighten(problem.refined(), certificate);
  if (singular_values != nullptr) {
    *singular_values = std::move(problem.singular_values());
  }
  return finite ? Outcome{} : Outcome{Reason::non_finite};  // x overflowed
}

#define INSTANTIATE(T)                                                                                                \
  template Outcome least_squares<T>(const Source<T>&, In<T>, MatrixView<T>, const LeastSquaresOptions&, Certificate&, \
                                    Diagnosis&, double*, Buffer<Real<T>>*);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
