// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/triangular.hpp>
#include <hessolve/least_squares/basis_pursuit.hpp>

#include "kernel/gram.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace hessolve {
namespace {

/// min ||x||_1 subject to Q^T x = c, Q n x r with orthonormal columns, as min 1^T (u + v), x = u - v, u, v >= 0. The
/// slacks of the dual are s = 1 - Q y and t = 1 + Q y.
class InteriorPoint {
 public:
  InteriorPoint(InColMajor<double> Q, const double* c)
      : Q_(Q),
        n_(Q.rows),
        r_(Q.cols),
        c_(c),
        x_(n_),
        y_(r_),
        u_(n_),
        v_(n_),
        q_(n_),
        du_(n_),
        dv_(n_),
        dq_(n_),
        M_(r_, r_) {
    std::fill_n(y_.data(), r_, 0.0);
    std::fill_n(q_.data(), n_, 0.0);
    std::fill_n(x_.data(), n_, 0.0);
    add_range(c, x_.data());  // Q c, the x of least 2-norm
    double largest = 0;
    for (Index i = 0; i < n_; ++i) {
      largest = std::max(largest, std::abs(x_[i]));
    }
    for (Index i = 0; i < n_; ++i) {
      u_[i] = std::max(x_[i], 0.0) + largest;
      v_[i] = std::max(-x_[i], 0.0) + largest;
    }
  }

  [[nodiscard]] double* x() const { return x_.data(); }
  [[nodiscard]] double* y() const { return y_.data(); }

  /// x = u - v moved onto Q^T x = c, y scaled to ||Q y||_inf <= 1. @return the gap ||x||_1 - c^T y.
  double finish() {
    for (Index i = 0; i < n_; ++i) {
      x_[i] = u_[i] - v_[i];
    }
    Buffer<double> left(r_);
    for (int pass = 0; pass < 2; ++pass) {
      for (Index k = 0; k < r_; ++k) {
        left[k] = c_[k] - dot<false, double>(Q_.col(k), x_.data(), n_);
      }
      add_range(left.data(), x_.data());
    }
    double largest = 1;
    double gap = 0;
    for (Index i = 0; i < n_; ++i) {
      largest = std::max(largest, std::abs(q_[i]));
    }
    norm_ = 0;
    for (Index i = 0; i < n_; ++i) {
      norm_ += std::abs(x_[i]);
      gap += std::abs(x_[i]) - x_[i] * q_[i] / largest;  // c^T y = x^T Q y; no term is negative
    }
    scale_ = 1 / largest;
    return gap;
  }
  [[nodiscard]] double norm() const { return norm_; }
  [[nodiscard]] double scale() const { return scale_; }

  /// One predictor and corrector. False where the matrix can no longer be factored.
  bool step() {
    Buffer<double> weight(n_);
    Buffer<double> ru(n_);
    Buffer<double> rv(n_);
    double mu = 0;
    for (Index i = 0; i < n_; ++i) {
      const double s = 1 - q_[i];
      const double t = 1 + q_[i];
      weight[i] = u_[i] / s + v_[i] / t;
      ru[i] = -u_[i] * s;
      rv[i] = -v_[i] * t;
      mu -= ru[i] + rv[i];
    }
    mu /= 2 * static_cast<double>(n_);
    gram<double>(Source<double>{Q_}, {weight.data(), nullptr, nullptr}, In<double>{}, M_.view(),
                 ColMajor<double>{nullptr, r_, 0, r_});
    if (!cholesky_in_place<double>(M_.view()).ok()) {
      return false;
    }
    direction(ru.data(), rv.data());
    const auto [primal, dual] = longest();
    double ahead = 0;
    for (Index i = 0; i < n_; ++i) {
      ahead += (u_[i] + primal * du_[i]) * (1 - q_[i] - dual * dq_[i]);
      ahead += (v_[i] + primal * dv_[i]) * (1 + q_[i] + dual * dq_[i]);
    }
    ahead /= 2 * static_cast<double>(n_);
    const double ratio = std::max(ahead, 0.0) / mu;
    const double centre = ratio * ratio * ratio * mu;
    for (Index i = 0; i < n_; ++i) {
      ru[i] += centre + du_[i] * dq_[i];  // the predictor's du ds, ds = -dq
      rv[i] += centre - dv_[i] * dq_[i];
    }
    direction(ru.data(), rv.data());
    const auto [up, along] = longest();
    constexpr double within = 0.9995;
    const double a = std::min(1.0, within * up);
    const double b = std::min(1.0, within * along);
    for (Index i = 0; i < n_; ++i) {
      u_[i] += a * du_[i];
      v_[i] += a * dv_[i];
      q_[i] += b * dq_[i];
    }
    for (Index k = 0; k < r_; ++k) {
      y_[k] += b * dy_[k];
    }
    return true;
  }

 private:
  /// out += Q a
  void add_range(const double* a, double* out) const {
    for (Index k = 0; k < r_; ++k) {
      subtract_multiple<double>(n_, -a[k], Q_.col(k), out);
    }
  }

  /// Newton's step: s du - u Q dy = ru, t dv + v Q dy = rv and Q^T (du - dv) = c - Q^T (u - v), by
  /// Q^T diag(u / s + v / t) Q dy = c - Q^T (u - v + ru / s - rv / t).
  void direction(const double* ru, const double* rv) {
    Matrix<double> right(r_, 1);
    for (Index i = 0; i < n_; ++i) {
      dq_[i] = u_[i] - v_[i] + ru[i] / (1 - q_[i]) - rv[i] / (1 + q_[i]);
    }
    for (Index k = 0; k < r_; ++k) {
      right(k, 0) = c_[k] - dot<false, double>(Q_.col(k), dq_.data(), n_);
    }
    cholesky_solve<double>(M_.view(), right.view());
    dy_ = std::move(right);
    std::fill_n(dq_.data(), n_, 0.0);
    add_range(dy_.view().col(0), dq_.data());
    for (Index i = 0; i < n_; ++i) {
      du_[i] = (ru[i] + u_[i] * dq_[i]) / (1 - q_[i]);
      dv_[i] = (rv[i] - v_[i] * dq_[i]) / (1 + q_[i]);
    }
  }

  /// The longest steps, at most 1, that keep (u, v) and (s, t) nonnegative.
  [[nodiscard]] std::pair<double, double> longest() const {
    double primal = 1;
    double dual = 1;
    const auto limit = [](double value, double change, double& length) {
      if (change < 0) {
        length = std::min(length, -value / change);
      }
    };
    for (Index i = 0; i < n_; ++i) {
      limit(u_[i], du_[i], primal);
      limit(v_[i], dv_[i], primal);
      limit(1 - q_[i], -dq_[i], dual);
      limit(1 + q_[i], dq_[i], dual);
    }
    return {primal, dual};
  }

  struct Step {
    Matrix<double> value{};
    [[nodiscard]] double operator[](Index k) const { return value(k, 0); }
    [[nodiscard]] ColMajor<double> view() const { return value.view(); }
    Step& operator=(Matrix<double>&& other) {
      value = std::move(other);
      return *this;
    }
  };

  ColMajor<const double> Q_;
  Index n_;
  Index r_;
  const double* c_;
  Buffer<double> x_;
  Buffer<double> y_;
  Buffer<double> u_;
  Buffer<double> v_;
  Buffer<double> q_;  // Q y
  Buffer<double> du_;
  Buffer<double> dv_;
  Buffer<double> dq_;
  Step dy_;
  Matrix<double> M_;
  double norm_ = 0;
  double scale_ = 1;
};

}  // namespace

template <class T>
Outcome basis_pursuit(In<T> A, In<T> b, MatrixView<T> x, MatrixView<T> y, const BasisPursuitOptions& options,
                      BasisPursuitReport* report) {
  const Index m = A.rows;
  const Index n = A.cols;
  if (b.rows != m || b.cols != 1 || x.rows != n || x.cols != 1 || y.rows != m || y.cols != 1) {
    throw std::invalid_argument("b and y must be m x 1, x n x 1");
  }
  for (const In<T>& M : {A, b}) {
    if (const auto [i, j] = check_finite<T>(Source<T>{M}); i >= 0) {
      return {Reason::non_finite, i};
    }
  }
  BasisPursuitReport own;
  BasisPursuitReport& said = report != nullptr ? *report : own;
  said = {};
  for (Index j = 0; j < n; ++j) {
    x(j, 0) = T(0);
  }
  double size = 0;  // of b
  for (Index i = 0; i < m; ++i) {
    y(i, 0) = T(0);
    size = std::max(size, std::abs(static_cast<double>(b(i, 0))));
  }
  if (size == 0) {
    return {Reason::converged};
  }
  // A^T P = Q R; of rank r. The rows of A that come first under P say Q^T x = R^-T P^T b =: c.
  Matrix<double> W(n, m);
  double largest = 0;
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      W(j, i) = static_cast<double>(A(i, j));
      largest = std::max(largest, std::abs(W(j, i)));
    }
  }
  for (Index i = 0; i < m && largest > 0; ++i) {
    for (Index j = 0; j < n; ++j) {
      W(j, i) /= largest;
    }
  }
  const Index most = std::min(m, n);
  Buffer<double> tau(most);
  Buffer<Index> order(m);
  qr_pivoted_in_place<double>(W.view(), tau.data(), order.data());
  const double noise = 10 * static_cast<double>(std::max(m, n)) * static_cast<double>(epsilon<T>);
  Index r = 0;
  while (r < most && std::abs(W(r, r)) > noise * std::abs(W(0, 0)) && W(0, 0) != 0) {
    ++r;
  }
  Matrix<double> c(std::max<Index>(r, 1), 1);
  for (Index k = 0; k < r; ++k) {
    c(k, 0) = static_cast<double>(b(order[k], 0)) / size;
  }
  const ColMajor<double> R = W.view().block(0, 0, r, r);
  const ColMajor<double> c_view = c.view().block(0, 0, r, 1);
  triangular_solve<double>(R, Triangle::upper, Diagonal::general, Trans::adjoint, c_view);
  double c_norm = 0;
  for (Index k = 0; k < r; ++k) {
    c_norm = std::max(c_norm, std::abs(c(k, 0)));
  }
  for (Index k = r; k < m; ++k) {  // the rows left out must say the same
    double value = -static_cast<double>(b(order[k], 0)) / size;
    for (Index i = 0; i < r; ++i) {
      value += W(i, k) * c(i, 0);
    }
    if (!(std::abs(value) <= noise * (1 + static_cast<double>(r) * c_norm))) {
      return {Reason::singular, order[k]};
    }
  }
  Matrix<double> Q(n, r);
  for (Index k = 0; k < r; ++k) {
    std::fill_n(Q.view().col(k), n, 0.0);
    Q(k, k) = 1;
  }
  apply_q<double>(W.view(), tau.data(), r, Trans::none, Q.view());

  InteriorPoint problem(Q.view(), c.view().data);
  double gap = problem.finish();
  const double tolerance = std::max(options.tol, 16 * std::numeric_limits<double>::epsilon());
  while (!(gap <= tolerance * problem.norm()) && said.iterations < options.max_iterations && problem.step()) {
    ++said.iterations;
    gap = problem.finish();
    if (options.stop.requested()) {
      return {Reason::stopped};
    }
  }
  Matrix<double> dual(std::max<Index>(r, 1), 1);
  for (Index k = 0; k < r; ++k) {
    dual(k, 0) = problem.y()[k] * problem.scale();
  }
  triangular_solve<double>(R, Triangle::upper, Diagonal::general, Trans::none, dual.view().block(0, 0, r, 1));
  for (Index k = 0; k < r; ++k) {
    y(order[k], 0) = static_cast<T>(dual(k, 0) / largest);
  }
  for (Index j = 0; j < n; ++j) {
    x(j, 0) = static_cast<T>(problem.x()[j] * size / largest);
  }
  said.gap = 0;  // of what was stored
  for (Index j = 0; j < n; ++j) {
    said.gap += std::abs(static_cast<double>(x(j, 0)));
  }
  for (Index i = 0; i < m; ++i) {
    said.gap -= static_cast<double>(b(i, 0)) * static_cast<double>(y(i, 0));
  }
  said.gap = std::max(said.gap, 0.0);
  return {gap <= tolerance * problem.norm() ? Reason::converged : Reason::max_iterations};
}

#define INSTANTIATE(T)                                                                                      \
  template Outcome basis_pursuit<T>(In<T>, In<T>, MatrixView<T>, MatrixView<T>, const BasisPursuitOptions&, \
                                    BasisPursuitReport*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve
