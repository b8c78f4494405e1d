// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/hessian/modify.hpp>

#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/eigh.hpp>

#include "hessian/modified_cholesky.hpp"
#include "kernel/fill.hpp"
#include "kernel/gemm.hpp"
#include "kernel/need.hpp"
#include "kernel/scaling.hpp"

#include <limits>

namespace hessolve {

const char* name(Modification method) {
  switch (method) {
    case Modification::automatic: return "auto";
    case Modification::max_element: return "max-element";
    case Modification::shift: return "shift";
    case Modification::eigenvalue: return "eigenvalue";
    case Modification::gmw: return "gmw";
    case Modification::se99: return "se99";
    case Modification::cheng_higham: return "cheng-higham";
  }
  return "";
}

namespace {

/// Order up to which eigenvectors are found where nobody chose a method.
constexpr Index few_variables = 512;

/// A Hessian on its way to become positive definite. Everything is done on 2^-exponent H, whose elements are near 1.
template <class R>
class Modify {
 public:
  Modify(MatrixView<const R> H, MatrixView<R> G, const ModifyOptions& options, ModifyReport<R>& report)
      : n_(H.rows),
        out_(G),
        options_(options),
        report_(report),
        A_(n_, n_),
        w_(n_) {
    R largest = 0;
    for (Index j = 0; j < n_; ++j) {
      for (Index i = j; i < n_; ++i) {
        largest = max_or_nan(largest, std::abs(H(i, j)));
        if (!std::isfinite(H(i, j)) && bad_ < 0) {
          bad_ = i;
        }
      }
    }
    exponent_ = exponent_of(largest) == no_exponent ? 0 : exponent_of(largest);
    for (Index j = 0; j < n_; ++j) {
      for (Index i = j; i < n_; ++i) {
        A_(i, j) = A_(j, i) = shift(H(i, j), -exponent_);
      }
    }
  }

  Outcome run() {
    report_ = {};
    report_.lowest = report_.highest = std::numeric_limits<R>::quiet_NaN();
    if (bad_ >= 0) {
      return {Reason::non_finite, bad_};
    }
    report_.method = options_.method;
    if (n_ == 0) {
      report_.definite = report_.inertia_known = true;
      return {};
    }
    if (options_.method == Modification::automatic) {
      if (is_definite(A_.view())) {
        report_.definite = report_.inertia_known = true;
        report_.before.positive = n_;
        write(A_.view());
        return {};
      }
      report_.method = n_ <= few_variables ? Modification::eigenvalue : Modification::se99;
    }
    const Outcome outcome = change();
    if (!outcome.ok()) {
      return outcome;
    }
    write(A_.view());
    report_.E_norm = shift(report_.E_norm, exponent_);
    report_.shift = shift(report_.shift, exponent_);
    report_.lowest = shift(report_.lowest, exponent_);
    report_.highest = shift(report_.highest, exponent_);
    Matrix<R> L = copy();
    report_.definite = cholesky_in_place<R>(L.view()).ok();
    return report_.definite ? Outcome{} : Outcome{Reason::not_positive_definite};
  }

 private:
  Outcome change() {
    const Modification method = report_.method;
    const bool by_values = method == Modification::shift || method == Modification::eigenvalue;
    Matrix<R> V;
    if (by_values || options_.inertia) {
      V = copy();
      const Outcome outcome = method == Modification::eigenvalue ? eigh_in_place<R>(V.view(), w_.data())
                                                                 : eigvalsh_in_place<R>(V.view(), w_.data());
      if (!outcome.ok()) {
        return outcome;
      }
      count();
    }
    switch (method) {
      case Modification::max_element: return by_largest_element();
      case Modification::shift: by_shift(); return {};
      case Modification::eigenvalue: by_eigenvalues(V.view()); return {};
      case Modification::cheng_higham: return by_blocks();
      default: by_diagonal(method); return {};
    }
  }

  /// What eigenvalues must at least be.
  [[nodiscard]] R least() const {
    const R size = std::max(std::abs(report_.lowest), std::abs(report_.highest));
    return size > 0 ? std::sqrt(epsilon<R>) * size : R(1);
  }

  void count() {
    report_.lowest = w_[0];
    report_.highest = w_[n_ - 1];
    report_.inertia_known = true;
    const R zero = static_cast<R>(n_) * epsilon<R> * std::max(std::abs(w_[0]), std::abs(w_[n_ - 1]));
    for (Index i = 0; i < n_; ++i) {
      (w_[i] > zero ? report_.before.positive : w_[i] < -zero ? report_.before.negative : report_.before.zero) += 1;
    }
  }

  Outcome by_largest_element() {
    R largest = -std::numeric_limits<R>::infinity();
    for (Index j = 0; j < n_; ++j) {
      largest = std::max(largest, *std::max_element(A_.view().col(j), A_.view().col(j) + n_));
    }
    if (!(largest > 0)) {
      return {Reason::breakdown};
    }
    add(shift(R(1) / largest, -2 * exponent_));  // 2^e A + I / (2^e a) = 2^e (A + I / (4^e a))
    return {};
  }

  void by_shift() { add(std::max(R(0), least() - report_.lowest)); }

  void add(R tau) {
    report_.shift = report_.E_norm = tau;
    for (Index i = 0; i < n_; ++i) {
      A_(i, i) += tau;
    }
  }

  /// E = sum of (new - old) v v^T over the eigenvalues that change.
  void by_eigenvalues(ColMajor<R> V) {
    Index changed = 0;
    const Matrix<R> scaled(n_, n_);
    const R floor = least();
    for (Index k = 0; k < n_; ++k) {
      const R wanted = std::max(options_.negative == NegativeCurvature::reflect ? std::abs(w_[k]) : w_[k], floor);
      const R more = wanted - w_[k];
      if (more > 0) {
        report_.E_norm = std::max(report_.E_norm, more);
        for (Index i = 0; i < n_; ++i) {
          scaled(i, changed) = -more * V(i, k);
          V(i, changed) = V(i, k);
        }
        ++changed;
      }
    }
    Matrix<R> E(n_, n_);
    clear<R>(E.view());
    for (Index first = 0; first < changed; first += 256) {
      const Index count = std::min<Index>(256, changed - first);
      gemm_minus<Right::transposed, R>(E.view(), scaled.view().block(0, first, n_, count),
                                       V.block(0, first, n_, count));
    }
    add_lower(E.view());
  }

  void by_diagonal(Modification method) {
    const Matrix<R> work = copy();
    const Buffer<R> e(n_);
    if (method == Modification::gmw) {
      gill_murray_wright<R>(work.view(), e.data());
    } else {
      schnabel_eskow<R>(work.view(), e.data());
    }
    for (Index i = 0; i < n_; ++i) {
      A_(i, i) += e[i];
      report_.E_norm = std::max(report_.E_norm, std::abs(e[i]));
      report_.shift = std::max(report_.shift, e[i]);
    }
  }

  Outcome by_blocks() {
    const Matrix<R> E = copy();
    R norm = 0;
    for (Index j = 0; j < n_; ++j) {
      R sum = 0;
      for (Index i = 0; i < n_; ++i) {
        sum += std::abs(A_(i, j));
      }
      norm = std::max(norm, sum);
    }
    cheng_higham<R>(E.view(), norm > 0 ? std::sqrt(epsilon<R> / 2) * norm : R(1));
    add_lower(E.view());
    const Buffer<R> values(n_);
    const Outcome outcome = eigvalsh_in_place<R>(E.view(), values.data());
    report_.E_norm = std::max(std::abs(values[0]), std::abs(values[n_ - 1]));
    return outcome;
  }

  /// A := A + E from the lower triangle of E, which stays symmetric.
  void add_lower(InColMajor<R> E) {
    for (Index j = 0; j < n_; ++j) {
      for (Index i = j; i < n_; ++i) {
        A_(i, j) = A_(j, i) = A_(i, j) + E(i, j);
        report_.shift = i == j ? std::max(report_.shift, E(i, j)) : report_.shift;
      }
    }
  }

  /// A Cholesky factorisation exists whose pivots are more than rounding.
  [[nodiscard]] bool is_definite(InColMajor<R> A) const {
    const Matrix<R> L = copy();
    if (!cholesky_in_place<R>(L.view()).ok()) {
      return false;
    }
    R largest = 0;
    R smallest = std::numeric_limits<R>::infinity();
    for (Index i = 0; i < n_; ++i) {
      largest = std::max(largest, A(i, i));
      smallest = std::min(smallest, L(i, i) * L(i, i));
    }
    return smallest > static_cast<R>(n_) * epsilon<R> * largest;
  }

  [[nodiscard]] Matrix<R> copy() const {
    Matrix<R> B(n_, n_);
    for (Index j = 0; j < n_; ++j) {
      std::copy_n(A_.view().col(j), n_, B.view().col(j));
    }
    return B;
  }

  void write(InColMajor<R> A) const {
    for (Index j = 0; j < n_; ++j) {
      for (Index i = 0; i < n_; ++i) {
        out_(i, j) = shift(A(i, j), exponent_);
      }
    }
  }

  Index n_;
  MatrixView<R> out_;
  const ModifyOptions& options_;
  ModifyReport<R>& report_;
  Matrix<R> A_;
  Buffer<R> w_;
  int exponent_ = 0;
  Index bad_ = -1;
};

}  // namespace

template <class R>
Outcome modify_hessian(MatrixView<const R> H, MatrixView<R> G, const ModifyOptions& options, ModifyReport<R>& report) {
  need(H.rows == H.cols && G.rows == H.rows && G.cols == H.cols, "H must be square, and G of its shape");
  return Modify<R>(H, G, options, report).run();
}

#define INSTANTIATE(R) \
  template Outcome modify_hessian<R>(MatrixView<const R>, MatrixView<R>, const ModifyOptions&, ModifyReport<R>&);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve
