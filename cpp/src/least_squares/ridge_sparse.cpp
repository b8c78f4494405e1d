// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/triangular.hpp>
#include <hessolve/least_squares/ridge_sparse.hpp>

#include "kernel/dot.hpp"
#include "kernel/fill.hpp"
#include "kernel/source.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace hessolve {

const char* name(SparseRidgeMethod method) {
  switch (method) {
    case SparseRidgeMethod::none: return "auto";
    case SparseRidgeMethod::cholesky: return "cholesky";
    case SparseRidgeMethod::cg: return "cg";
  }
  return "unknown";
}

namespace {

constexpr Index most_dense_columns = 2000;

/// sqrt(W) (X - 1 mean^T) and sqrt(W) (Y - 1 mean^T), of which X is never formed.
template <class T, class I>
class SparseDesign {
 public:
  SparseDesign(CsrView<T, I> X, In<T> Y, const RidgeOptions<T>& options)
      : X_(X),
        Y_(Y),
        root_(X.rows),
        mean_(X.cols),
        y_mean_(Y.cols),
        centred_(options.intercept) {
    double total = 0;
    for (Index i = 0; i < X.rows; ++i) {
      const double weight = options.weights.data != nullptr ? static_cast<double>(options.weights[i]) : 1.0;
      root_[i] = std::sqrt(weight);
      total += weight;
    }
    std::fill_n(mean_.data(), X.cols, 0.0);
    std::fill_n(y_mean_.data(), Y.cols, 0.0);
    for (Index i = 0; i < X.rows && centred_; ++i) {
      const double share = root_[i] * root_[i] / total;
      visit(i, [&](Index j, double value) { mean_[j] += share * value; });
      for (Index c = 0; c < Y.cols; ++c) {
        y_mean_[c] += share * static_cast<double>(Y(i, c));
      }
    }
    total_ = total;
  }

  [[nodiscard]] Index rows() const { return X_.rows; }
  [[nodiscard]] Index cols() const { return X_.cols; }
  [[nodiscard]] bool centred() const { return centred_; }
  [[nodiscard]] double y(Index i, Index c) const { return root_[i] * (static_cast<double>(Y_(i, c)) - y_mean_[c]); }

  /// out := sqrt(W) (X - 1 mean^T) w
  void times(const double* w, double* out) const {
    const double shift = centred_ ? dot<false, double>(mean_.data(), w, cols()) : 0.0;
    parallel_for((rows() + strip - 1) / strip, X_.nonzeros() > 100'000, [&](Index s) {
      for (Index i = s * strip; i < std::min(rows(), (s + 1) * strip); ++i) {
        double sum = -shift;
        visit(i, [&](Index j, double value) { sum += value * w[j]; });
        out[i] = root_[i] * sum;
      }
    });
  }

  /// out := (X - 1 mean^T)^T sqrt(W) r
  void transposed_times(const double* r, double* out) const {
    std::fill_n(out, cols(), 0.0);
    double sum = 0;
    for (Index i = 0; i < rows(); ++i) {
      const double value = root_[i] * r[i];
      sum += value;
      visit(i, [&](Index j, double x) { out[j] += x * value; });
    }
    for (Index j = 0; j < cols() && centred_; ++j) {
      out[j] -= mean_[j] * sum;
    }
  }

  /// G := the Gram matrix of the columns, lower triangle.
  void gram_matrix(ColMajor<double> G) const {
    clear<double>(G);
    for (Index i = 0; i < rows(); ++i) {
      const double weight = root_[i] * root_[i];
      visit(i, [&](Index j, double a) { visit(i, [&](Index k, double b) { G(k, j) += weight * a * b; }); });
    }
    for (Index j = 0; j < cols() && centred_; ++j) {
      for (Index k = j; k < cols(); ++k) {
        G(k, j) -= total_ * mean_[j] * mean_[k];
      }
    }
  }

  /// The Frobenius norm, before centring.
  [[nodiscard]] double norm() const {
    double square = 0;
    for (Index i = 0; i < rows(); ++i) {
      const double weight = root_[i] * root_[i];
      visit(i, [&](Index, double value) { square += weight * value * value; });
    }
    return std::sqrt(square);
  }

  [[nodiscard]] double intercept(const double* w, Index c) const {
    return centred_ ? y_mean_[c] - dot<false, double>(mean_.data(), w, cols()) : 0.0;
  }

 private:
  static constexpr Index strip = 1024;

  template <class Visit>
  void visit(Index i, Visit&& each) const {
    for (auto p = X_.indptr[i]; p < X_.indptr[i + 1]; ++p) {
      each(static_cast<Index>(X_.indices[p]), static_cast<double>(X_.values[p]));
    }
  }

  CsrView<T, I> X_;
  In<T> Y_;
  Buffer<double> root_;
  Buffer<double> mean_;
  Buffer<double> y_mean_;
  double total_ = 0;
  bool centred_;
};

double square_of(const Buffer<double>& a) { return dot<false, double>(a.data(), a.data(), a.size()); }

/// Conjugate gradients on (X^T X + alpha I) w = X^T y with the residuals y - X w kept: CGLS.
template <class T, class I>
Outcome by_cg(const SparseDesign<T, I>& X, Index target, double alpha, const Stop& stop, double* w, Index& steps) {
  const Index m = X.rows();
  const Index n = X.cols();
  Buffer<double> r(m);
  Buffer<double> q(m);
  Buffer<double> g(n);
  Buffer<double> p(n);
  for (Index i = 0; i < m; ++i) {
    r[i] = X.y(i, target);
  }
  std::fill_n(w, n, 0.0);
  X.transposed_times(r.data(), g.data());
  std::copy_n(g.data(), n, p.data());
  double now = square_of(g);
  const double tolerance = static_cast<double>(epsilon<T>) / 8;
  const double rounding =
      4 * epsilon<double> * X.norm() * std::sqrt(square_of(r));  // of a gradient, however it is small
  const double enough = std::max(now * tolerance * tolerance, rounding * rounding);
  const Index most = 20 * std::max<Index>(n, 50);
  for (steps = 0; now > enough && steps < most; ++steps) {
    X.times(p.data(), q.data());
    const double length = now / (square_of(q) + alpha * square_of(p));
    if (!std::isfinite(length)) {
      return {Reason::breakdown};
    }
    subtract_multiple<double>(n, -length, p.data(), w);
    subtract_multiple<double>(m, length, q.data(), r.data());
    X.transposed_times(r.data(), g.data());
    subtract_multiple<double>(n, alpha, w, g.data());
    const double before = std::exchange(now, square_of(g));
    for (Index j = 0; j < n; ++j) {
      p[j] = g[j] + now / before * p[j];
    }
    if (stop.requested()) {
      return {Reason::stopped};
    }
  }
  return now > enough ? Outcome{Reason::max_iterations} : Outcome{};
}

/// (G + alpha I) w = X^T y. False where it is not safely definite.
bool by_cholesky(InColMajor<double> G, double alpha, ColMajor<double> W, double& dof) {
  const Index n = G.rows;
  Matrix<double> L(n, n);
  double largest = 0;
  double smallest = std::numeric_limits<double>::infinity();
  for (Index j = 0; j < n; ++j) {
    std::copy_n(G.col(j) + j, n - j, L.view().col(j) + j);
    L(j, j) += alpha;
    largest = std::max(largest, L(j, j));
  }
  if (!cholesky_in_place<double>(L.view()).ok()) {
    return false;
  }
  for (Index j = 0; j < n; ++j) {
    smallest = std::min(smallest, L(j, j) * L(j, j));
  }
  if (n > 0 && !(smallest > std::sqrt(epsilon<double>) * largest)) {  // half of the digits
    return false;
  }
  cholesky_solve<double>(L.view(), W);
  Matrix<double> inverse(n, n);
  double trace = 0;  // of (L L^T)^-1: the squares of L^-1
  set_identity<double>(inverse.view());
  triangular_solve<double>(L.view(), Triangle::lower, Diagonal::general, Trans::none, inverse.view());
  for (Index j = 0; j < n; ++j) {
    trace += dot<false, double>(inverse.view().col(j), inverse.view().col(j), n);
  }
  dof = static_cast<double>(n) - alpha * trace;
  return true;
}

}  // namespace

template <class T, class I>
Outcome ridge_sparse(CsrView<T, I> X, In<T> Y, const double* alpha, MatrixView<T> coef, T* intercepts, double* dof,
                     const RidgeOptions<T>& options, SparseRidgeMethod method, SparseRidgeMethod* answered,
                     Index* iterations) {
  const Index n = X.cols;
  const Index t = Y.cols;
  if (Y.rows != X.rows || coef.rows != n || coef.cols != t ||
      (options.weights.data != nullptr && options.weights.size != X.rows)) {
    throw std::invalid_argument("X, Y, the weights and coef do not fit");
  }
  for (Index i = 0; i < X.rows; ++i) {
    for (auto p = X.indptr[i]; p < X.indptr[i + 1]; ++p) {
      if (!std::isfinite(X.values[p])) {
        return {Reason::non_finite, i};
      }
    }
  }
  if (const auto [i, j] = check_finite<T>(Source<T>{Y}); i >= 0) {
    return {Reason::non_finite, i};
  }
  const SparseDesign<T, I> design(X, Y, options);
  bool direct = method == SparseRidgeMethod::cholesky || (method == SparseRidgeMethod::none && n <= most_dense_columns);
  Matrix<double> G(direct ? n : 0, direct ? n : 0);
  if (direct) {
    design.gram_matrix(G.view());
  }
  Outcome result;
  SparseRidgeMethod used = direct ? SparseRidgeMethod::cholesky : SparseRidgeMethod::cg;
  Index most_steps = 0;
  for (Index c = 0; c < t; ++c) {
    Matrix<double> w(n, 1);
    bool done = false;
    if (direct) {
      Buffer<double> r(X.rows);
      for (Index i = 0; i < X.rows; ++i) {
        r[i] = design.y(i, c);
      }
      design.transposed_times(r.data(), w.view().data);
      done = by_cholesky(G.view(), alpha[c], w.view(), dof[c]);
      dof[c] += design.centred() ? 1.0 : 0.0;
    }
    if (!done) {
      used = SparseRidgeMethod::cg;
      dof[c] = std::numeric_limits<double>::quiet_NaN();
      Index steps = 0;
      const Outcome outcome = by_cg(design, c, alpha[c], options.stop, w.view().data, steps);
      most_steps = std::max(most_steps, steps);
      if (outcome.reason == Reason::stopped) {
        return outcome;
      }
      result = outcome.ok() ? result : outcome;
    }
    for (Index j = 0; j < n; ++j) {
      coef(j, c) = static_cast<T>(w(j, 0));
    }
    intercepts[c] = static_cast<T>(design.intercept(w.view().data, c));
  }
  if (answered != nullptr) {
    *answered = used;
  }
  if (iterations != nullptr) {
    *iterations = most_steps;
  }
  return result;
}

#define INSTANTIATE(T, I)                                                                              \
  template Outcome ridge_sparse<T, I>(CsrView<T, I>, In<T>, const double*, MatrixView<T>, T*, double*, \
                                      const RidgeOptions<T>&, SparseRidgeMethod, SparseRidgeMethod*, Index*);
HESSOLVE_FOR_EACH_INDEX(INSTANTIATE, float)
HESSOLVE_FOR_EACH_INDEX(INSTANTIATE, double)
#undef INSTANTIATE

}  // namespace hessolve
