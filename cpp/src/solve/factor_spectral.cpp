// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/eigen_setup.hpp"
#include "solve/factor_backend.hpp"

#include <hessolve/dense/eigh.hpp>
#include <hessolve/dense/lu.hpp>
#include <hessolve/dense/svd.hpp>

#include <cmath>

namespace hessolve {
namespace {

/// A = U diag(s) V^H by the SVD, or U = V with eigenvalues s for a Hermitian A. Values at or below max(m, n) eps times
/// the largest modulus count as zero.
template <class T>
class SpectralBackend final : public FactorBackend<T> {
 public:
  using R = Real<T>;

  SpectralBackend(Index rows, Index cols, Method kind)
      : rows_(rows),
        cols_(cols),
        kind_(kind),
        r_(std::min(rows, cols)),
        V_(cols, r_),
        s_(r_) {}

  Outcome run(In<T> A, const Stop& stop) {
    const bool by_eigenvalues = kind_ == Method::eigh;
    Matrix<T> W(rows_, cols_);
    Magnitudes<R> size(rows_, cols_);
    absorb<T>(Source<T>{A, by_eigenvalues ? Part::hermitian_lower : Part::full}, W.view(), size);
    if (by_eigenvalues) {
      if (const Outcome outcome = eigh_in_place<T>(W.view(), s_.data(), stop); !outcome.ok()) {
        return outcome;
      }
      V_ = std::move(W);
    } else {
      Svd<T> d = svd<T>(W.view(), stop);
      U_ = std::move(d.U);
      V_ = std::move(d.V);
      s_ = std::move(d.s);
      if (!d.outcome.ok()) {
        return d.outcome;
      }
    }
    R largest = 0;
    for (Index i = 0; i < r_; ++i) {
      largest = std::max(largest, R(std::abs(s_[i])));
    }
    cut_ = static_cast<R>(std::max(rows_, cols_)) * epsilon<T> * largest;
    rank_ = 0;
    R smallest = largest;
    for (Index i = 0; i < r_; ++i) {
      rank_ += counts(i) ? 1 : 0;
      smallest = std::min(smallest, R(std::abs(s_[i])));
    }
    rcond_ = r_ == 0 ? 1.0 : largest > 0 ? static_cast<double>(smallest) / static_cast<double>(largest) : 0.0;
    return {};
  }

  [[nodiscard]] Method kind() const override { return kind_; }
  [[nodiscard]] bool hermitian() const override { return kind_ == Method::eigh; }
  [[nodiscard]] Index rank() const override { return rank_; }
  [[nodiscard]] double rcond() const override { return rcond_; }
  void solve(ColMajor<T> X, Trans trans) const override {
    apply(X, trans == Trans::none, trans == Trans::transpose, [&](Index i) { return counts(i) ? R(1) / s_[i] : R(0); });
  }
  void multiply(ColMajor<T> X, Trans trans) const override {
    apply(X, trans != Trans::none, trans == Trans::transpose, [&](Index i) { return s_[i]; });
  }
  [[nodiscard]] Determinant<T> determinant() const override {
    Determinant<T> result;
    for (Index i = 0; i < r_; ++i) {
      result.multiply(T(s_[i]));
    }
    if (kind_ == Method::svd) {  // det U conj(det V), of modulus 1
      result.mantissa *= phase(U_) * conjugate(phase(V_));
    }
    return result;
  }
  void save(Writer& out) const override { const_cast<SpectralBackend*>(this)->visit_state(out); }  // NOLINT
  void restore(Reader& in) {
    if (kind_ == Method::svd) {
      U_ = Matrix<T>(rows_, r_);
    }
    visit_state(in);
  }

 private:
  [[nodiscard]] bool counts(Index i) const { return std::abs(s_[i]) > cut_; }
  [[nodiscard]] const Matrix<T>& left() const { return kind_ == Method::svd ? U_ : V_; }

  static T phase(const Matrix<T>& Q) {
    const Index n = Q.view().rows;
    Matrix<T> W(n, n);
    Buffer<Index> pivots(n);
    as_eigen(W.view()) = as_eigen(Q.view());
    (void)lu_in_place<T>(W.view(), pivots.data());
    T result(1);
    for (Index k = 0; k < n; ++k) {
      result *= (pivots[k] == k ? W(k, k) : -W(k, k)) / R(std::abs(W(k, k)));
    }
    return result;
  }

  /// X := V f(s) U^H X if `from_left`, else U f(s) V^H X; conjugated on both sides for a transpose.
  template <class F>
  void apply(ColMajor<T> X, bool from_left, bool turned, const F& f) const {
    const Matrix<T>& in = from_left ? left() : V_;
    const Matrix<T>& out = from_left ? V_ : left();
    turned = turned && is_complex<T>;
    auto x = as_eigen(X);
    if (turned) {
      x = x.conjugate().eval();
    }
    EigenMatrix<T> middle = as_eigen(in.view()).adjoint() * x.topRows(in.view().rows);
    for (Index i = 0; i < r_; ++i) {
      middle.row(i) *= f(i);
    }
    x.topRows(out.view().rows).noalias() = as_eigen(out.view()) * middle;
    if (turned) {
      x = x.conjugate().eval();
    }
  }

  template <class Archive>
  void visit_state(Archive& archive) {
    archive(rank_);
    archive(rcond_);
    archive(cut_);
    archive(s_.data(), r_);
    archive(V_.view().data, V_.view().stride * r_);
    archive(U_.view().data, U_.view().stride * U_.view().cols);
  }

  Index rows_;
  Index cols_;
  Method kind_;
  Index r_;
  Index rank_ = 0;
  double rcond_ = 0;
  R cut_ = 0;
  Matrix<T> U_;
  Matrix<T> V_;
  Buffer<R> s_;
};

}  // namespace

template <class T>
std::unique_ptr<FactorBackend<T>> make_spectral(In<T> A, Method kind, const Stop& stop, Outcome& outcome) {
  if (kind == Method::eigh && A.rows != A.cols) {
    throw std::invalid_argument("A must be square for eigh; svd takes any shape");
  }
  auto backend = std::make_unique<SpectralBackend<T>>(A.rows, A.cols, kind);
  outcome = backend->run(A, stop);
  return outcome.ok() ? std::move(backend) : nullptr;
}

template <class T>
std::unique_ptr<FactorBackend<T>> restore_spectral(Reader& in, Method kind, Index rows, Index cols) {
  auto backend = std::make_unique<SpectralBackend<T>>(rows, cols, kind);
  backend->restore(in);
  return backend;
}

#define INSTANTIATE(T)                                                                               \
  template std::unique_ptr<FactorBackend<T>> make_spectral<T>(In<T>, Method, const Stop&, Outcome&); \
  template std::unique_ptr<FactorBackend<T>> restore_spectral<T>(Reader&, Method, Index, Index);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
