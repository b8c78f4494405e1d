// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/eigen_setup.hpp"
#include "kernel/scaling.hpp"
#include "least_squares/orthogonal.hpp"
#include "solve/factor_backend.hpp"

#include <hessolve/dense/lu.hpp>
#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/triangular.hpp>

#include <cmath>

namespace hessolve {
namespace {

/// M P = Q R for M = A, or M = A^H where A is wide, on columns scaled by powers of two: M = Q R P^T D^-1. Where
/// pivoting finds the rank r deficient, the r rows of R P^T D^-1 that count are factored again, R_1 P^T D^-1 = S^H Z^H:
/// a complete orthogonal decomposition, which gives minimum norms.  [Golub & Van Loan, 5.5.4]
template <class T>
class OrthogonalBackend final : public FactorBackend<T> {
 public:
  using R = Real<T>;

  OrthogonalBackend(Index rows, Index cols, bool pivoting)
      : rows_(rows),
        cols_(cols),
        adjoint_(rows < cols),
        pivoting_(pivoting),
        m_(std::max(rows, cols)),
        n_(std::min(rows, cols)),
        rank_(n_),
        W_(m_, n_),
        tau_(n_),
        scale_(n_),
        permutation_(n_) {}

  Outcome run(In<T> A) {
    Source<T> source{adjoint_ ? A.transposed() : A};
    source.conjugated = adjoint_;
    Magnitudes<R> size(m_, n_);
    absorb<T>(source, W_.view(), size);
    equilibrate_columns<T>(W_.view(), scale_.data());
    for (Index j = 0; j < n_; ++j) {
      permutation_[j] = j;
    }
    if (pivoting_) {
      qr_pivoted_in_place<T>(W_.view(), tau_.data(), permutation_.data());
      return decide_rank();
    }
    qr_in_place<T>(W_.view(), tau_.data());
    for (Index j = 0; j < n_; ++j) {
      if (W_(j, j) == T(0)) {
        rank_ = -1;
        return {Reason::singular, j};
      }
    }
    rcond_ = n_ == 0 ? 1.0 : 1 / condition_of_triangle<T>(W_.view().block(0, 0, n_, n_));
    rcond_ = std::isfinite(rcond_) ? rcond_ : 0.0;
    rank_ = rcond_ >= static_cast<double>(epsilon<T>) ? n_ : -1;
    return rank_ < 0 ? Outcome{Reason::ill_conditioned} : Outcome{};
  }

  [[nodiscard]] Method kind() const override { return pivoting_ ? Method::qr_pivoted : Method::qr; }
  [[nodiscard]] bool hermitian() const override { return false; }
  [[nodiscard]] Index rank() const override { return rank_; }
  [[nodiscard]] double rcond() const override { return rcond_; }

  void solve(ColMajor<T> X, Trans trans) const override {
    const bool turned = is_complex<T> && trans == Trans::transpose;  // A^T = conj(A^H)
    if (turned) {
      as_eigen(X) = as_eigen(X).conjugate().eval();
    }
    if ((trans != Trans::none) != adjoint_) {
      solve_adjoint(X);
    } else {
      solve_plain(X);
    }
    if (turned) {
      as_eigen(X) = as_eigen(X).conjugate().eval();
    }
  }

  void multiply(ColMajor<T> X, Trans trans) const override {
    const bool turned = is_complex<T> && trans == Trans::transpose;
    if (turned) {
      as_eigen(X) = as_eigen(X).conjugate().eval();
    }
    const auto R_ = as_eigen(ColMajor<const T>(W_.view().block(0, 0, n_, n_))).template triangularView<Eigen::Upper>();
    const ColMajor<T> top = X.block(0, 0, n_, X.cols);
    if ((trans != Trans::none) != adjoint_) {  // D^-1 P R^H Q^H X
      apply_q<T>(W_.view(), tau_.data(), n_, Trans::adjoint, X);
      as_eigen(top) = (R_.adjoint() * as_eigen(top)).eval();
      permute(top, false);
      unscale(top);
    } else {  // Q R P^T D^-1 X
      unscale(top);
      permute(top, true);
      as_eigen(top) = (R_ * as_eigen(top)).eval();
      for (Index j = 0; j < X.cols; ++j) {
        std::fill(X.col(j) + n_, X.col(j) + m_, T(0));
      }
      apply_q<T>(W_.view(), tau_.data(), n_, Trans::none, X);
    }
    if (turned) {
      as_eigen(X) = as_eigen(X).conjugate().eval();
    }
  }

  [[nodiscard]] Determinant<T> determinant() const override {
    Determinant<T> result;
    for (Index k = 0; k < n_; ++k) {
      const T t = tau_[k];
      if (t != T(0)) {  // det (I - conj(t) v v^H), which is unitary
        result.mantissa *= is_complex<T> ? T(-conjugate(t) / t) : T(-1);
      }
      result.multiply(W_(k, k) / scale_[k]);
    }
    Buffer<Index> p(n_);
    std::copy_n(permutation_.data(), n_, p.data());
    for (Index k = 0; k < n_; ++k) {
      while (p[k] != k) {
        std::swap(p[k], p[p[k]]);
        result.negate();
      }
    }
    return result;
  }

  void save(Writer& out) const override { const_cast<OrthogonalBackend*>(this)->visit_state(out); }  // NOLINT
  void restore(Reader& in) {
    visit_state(in);
    if (rank_ < -1 || rank_ > n_) {
      throw std::invalid_argument("the saved state is damaged");
    }
    if (deficient()) {
      S_ = Matrix<T>(n_, rank_);
      beta_ = Buffer<T>(rank_);
      in(S_.view().data, S_.view().stride * rank_);
      in(beta_.data(), rank_);
    }
  }

 private:
  [[nodiscard]] bool deficient() const { return rank_ >= 0 && rank_ < n_; }

  Outcome decide_rank() {
    const R largest = n_ > 0 ? R(std::abs(W_(0, 0))) : R(0);
    const R cut = rank_tolerance<T>(n_) * largest;
    rank_ = 0;
    while (rank_ < n_ && std::abs(W_(rank_, rank_)) > cut) {
      ++rank_;
    }
    const double condition = rank_ == 0 ? 1.0 : condition_of_triangle<T>(W_.view().block(0, 0, rank_, rank_));
    rcond_ = rank_ < n_ ? 0.0 : 1 / condition;
    if (!deficient()) {
      return {};
    }
    S_ = Matrix<T>(n_, rank_);  // (R_1 P^T D^-1)^H
    beta_ = Buffer<T>(rank_);
    for (Index i = 0; i < rank_; ++i) {
      for (Index j = 0; j < n_; ++j) {
        S_(permutation_[j], i) = j < i ? T(0) : T(conjugate(W_(i, j)) / scale_[permutation_[j]]);
      }
    }
    qr_in_place<T>(S_.view(), beta_.data());
    return {};
  }

  /// top := P^T top (forward: entry j comes from permutation[j]) or its inverse.
  void permute(ColMajor<T> top, bool forward) const {
    Buffer<T> copy(n_);
    for (Index c = 0; c < top.cols; ++c) {
      std::copy_n(top.col(c), n_, copy.data());
      for (Index j = 0; j < n_; ++j) {
        (forward ? top(j, c) : top(permutation_[j], c)) = forward ? copy[permutation_[j]] : copy[j];
      }
    }
  }
  void unscale(ColMajor<T> top) const {
    for (Index c = 0; c < top.cols; ++c) {
      for (Index j = 0; j < n_; ++j) {
        top(j, c) /= scale_[j];
      }
    }
  }
  void rescale(ColMajor<T> top) const {
    for (Index c = 0; c < top.cols; ++c) {
      for (Index j = 0; j < n_; ++j) {
        top(j, c) *= scale_[j];
      }
    }
  }
  static void clear_from(ColMajor<T> X, Index first, Index last) {
    for (Index c = 0; c < X.cols; ++c) {
      std::fill(X.col(c) + first, X.col(c) + last, T(0));
    }
  }

  void solve_plain(ColMajor<T> X) const {  // M^+
    apply_q<T>(W_.view(), tau_.data(), n_, Trans::adjoint, X);
    const ColMajor<T> top = X.block(0, 0, n_, X.cols);
    if (deficient()) {
      clear_from(top, rank_, n_);
      triangular_solve<T>(S_.view().block(0, 0, rank_, rank_), Triangle::upper, Diagonal::general, Trans::adjoint,
                          X.block(0, 0, rank_, X.cols));
      apply_q<T>(S_.view(), beta_.data(), rank_, Trans::none, top);
      return;
    }
    triangular_solve<T>(W_.view().block(0, 0, n_, n_), Triangle::upper, Diagonal::general, Trans::none, top);
    permute(top, false);
    rescale(top);
  }

  void solve_adjoint(ColMajor<T> X) const {  // (M^H)^+
    const ColMajor<T> top = X.block(0, 0, n_, X.cols);
    clear_from(X, n_, m_);
    if (deficient()) {
      apply_q<T>(S_.view(), beta_.data(), rank_, Trans::adjoint, top);
      triangular_solve<T>(S_.view().block(0, 0, rank_, rank_), Triangle::upper, Diagonal::general, Trans::none,
                          X.block(0, 0, rank_, X.cols));
      clear_from(top, rank_, n_);
    } else {
      rescale(top);
      permute(top, true);
      triangular_solve<T>(W_.view().block(0, 0, n_, n_), Triangle::upper, Diagonal::general, Trans::adjoint, top);
    }
    apply_q<T>(W_.view(), tau_.data(), n_, Trans::none, X);
  }

  template <class Archive>
  void visit_state(Archive& archive) {
    archive(rank_);
    archive(rcond_);
    archive(W_.view().data, W_.view().stride * n_);
    archive(tau_.data(), n_);
    archive(scale_.data(), n_);
    archive(permutation_.data(), n_);
    if constexpr (std::is_same_v<Archive, Writer>) {
      if (deficient()) {
        archive(S_.view().data, S_.view().stride * rank_);
        archive(beta_.data(), rank_);
      }
    }
  }

  Index rows_;
  Index cols_;
  bool adjoint_;  // A is wide: M = A^H
  bool pivoting_;
  Index m_;
  Index n_;
  Index rank_;
  double rcond_ = 0;
  Matrix<T> W_;
  Buffer<T> tau_;
  Buffer<R> scale_;  // of M's columns
  Buffer<Index> permutation_;
  Matrix<T> S_;
  Buffer<T> beta_;
};

}  // namespace

template <class T>
std::unique_ptr<FactorBackend<T>> make_orthogonal(In<T> A, bool pivoting, Outcome& outcome) {
  auto backend = std::make_unique<OrthogonalBackend<T>>(A.rows, A.cols, pivoting);
  outcome = backend->run(A);
  return outcome.reason == Reason::singular ? nullptr : std::move(backend);
}

template <class T>
std::unique_ptr<FactorBackend<T>> restore_orthogonal(Reader& in, Method kind, Index rows, Index cols) {
  auto backend = std::make_unique<OrthogonalBackend<T>>(rows, cols, kind == Method::qr_pivoted);
  backend->restore(in);
  return backend;
}

#define INSTANTIATE(T)                                                                  \
  template std::unique_ptr<FactorBackend<T>> make_orthogonal<T>(In<T>, bool, Outcome&); \
  template std::unique_ptr<FactorBackend<T>> restore_orthogonal<T>(Reader&, Method, Index, Index);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
