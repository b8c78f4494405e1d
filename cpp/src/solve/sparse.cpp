// SPDX-License-Identifier: BSD-3-Clause
// Solving with a sparse factor: residuals, refinement, certificates.
#include <hessolve/solve/sparse.hpp>

#include "certify/least_squares_error.hpp"
#include "certify/norm_estimate.hpp"
#include "iterative/gradient.hpp"
#include "kernel/scaling.hpp"

#include <stdexcept>
#include <tuple>

namespace hessolve {
namespace {

/// A number as the unevaluated sum of two.
template <class R>
struct Pair {
  R high = 0;
  R low = 0;
  /// add a b with its rounding errors  [Ogita, Rump & Oishi 2005, doi 10.1137/030601818]
  void add_product(R a, R b) {
    const R product = a * b;
    low += std::fma(a, b, -product);
    add(product);
  }
  void add(R value) {
    const R sum = high + value;
    const R part = sum - high;
    low += (high - (sum - part)) + (value - part);
    high = sum;
  }
};

/// Rows of op(A), sorted, in C++ memory: what residuals and norms are computed from.
template <class T>
class Residuals {
  using R = Real<T>;

 public:
  Residuals(const Entries<T>& A, Trans trans) : rows_(A.by_rows()), m_(A.rows()), n_(A.cols()), trans_(trans) {}
  [[nodiscard]] Index rows() const { return trans_ == Trans::none ? m_ : n_; }
  [[nodiscard]] Index cols() const { return trans_ == Trans::none ? n_ : m_; }

  /// visit(i, j, value) for every entry of op(A)
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (Index i = 0; i < m_; ++i) {
      for (auto k = static_cast<std::size_t>(rows_.indptr[static_cast<std::size_t>(i)]);
           k < static_cast<std::size_t>(rows_.indptr[static_cast<std::size_t>(i + 1)]); ++k) {
        const Index j = rows_.indices[k];
        const T value = trans_ == Trans::adjoint ? conjugate(rows_.values[k]) : rows_.values[k];
        trans_ == Trans::none ? visit(i, j, value) : visit(j, i, value);
      }
    }
  }
  /// r := b - op(A) x as if in twice the working precision, size := |op(A)| |x| + |b|.
  void operator()(const T* b, const T* x, T* r, R* size) const {
    constexpr int parts = is_complex<T> ? 2 : 1;
    std::vector<Pair<R>> sums(static_cast<std::size_t>(rows() * parts));
    const R* right = reinterpret_cast<const R*>(b);  // a complex number is an array of two
    for (Index i = 0; i < rows(); ++i) {
      size[i] = std::abs(b[i]);
      for (int p = 0; p < parts; ++p) {
        sums[static_cast<std::size_t>(i * parts + p)].add(right[i * parts + p]);
      }
    }
    for_each([&](Index i, Index j, T value) {
      size[i] += std::abs(value) * std::abs(x[j]);
      Pair<R>* sum = sums.data() + i * parts;
      if constexpr (is_complex<T>) {
        sum[0].add_product(-value.real(), x[j].real());
        sum[0].add_product(value.imag(), x[j].imag());
        sum[1].add_product(-value.real(), x[j].imag());
        sum[1].add_product(-value.imag(), x[j].real());
      } else {
        sum[0].add_product(-value, x[j]);
      }
    });
    R* out = reinterpret_cast<R*>(r);
    for (Index i = 0; i < rows() * parts; ++i) {
      out[i] = sums[static_cast<std::size_t>(i)].high + sums[static_cast<std::size_t>(i)].low;
    }
  }
  [[nodiscard]] double infinity_norm() const {
    std::vector<double> sums(static_cast<std::size_t>(rows()), 0.0);
    for_each(
        [&](Index i, Index, T value) { sums[static_cast<std::size_t>(i)] += static_cast<double>(std::abs(value)); });
    return sums.empty() ? 0 : *std::max_element(sums.begin(), sums.end());
  }

 private:
  typename Entries<T>::Rows rows_;
  Index m_;
  Index n_;
  Trans trans_;
};

/// 2^-e for the largest modulus of each line, 1 for an empty one: scaling without rounding.
void to_powers(std::vector<double>& largest) {
  for (double& value : largest) {
    int exponent = 0;
    (void)std::frexp(value, &exponent);
    value = value > 0 && value <= std::numeric_limits<double>::max() ? std::ldexp(1.0, -exponent) : 1.0;
  }
}

template <class T>
double condition(const Residuals<T>& A, const SparseFactor<T>& factor) {
  const Index n = A.rows();
  if (n == 0) {
    return 1;
  }
  std::vector<double> rows(static_cast<std::size_t>(n), 0.0);
  std::vector<double> cols(static_cast<std::size_t>(n), 0.0);
  std::vector<double> sums(static_cast<std::size_t>(n), 0.0);
  const auto at = [](Index i) { return static_cast<std::size_t>(i); };
  A.for_each([&](Index i, Index, T v) { rows[at(i)] = std::max(rows[at(i)], static_cast<double>(std::abs(v))); });
  to_powers(rows);
  A.for_each([&](Index i, Index j, T v) {
    cols[at(j)] = std::max(cols[at(j)], rows[at(i)] * static_cast<double>(std::abs(v)));
  });
  to_powers(cols);
  A.for_each(
      [&](Index i, Index j, T v) { sums[at(j)] += rows[at(i)] * cols[at(j)] * static_cast<double>(std::abs(v)); });
  const double norm = *std::max_element(sums.begin(), sums.end());
  const auto scaled = [&](ColMajor<T> X, const std::vector<double>& by) {  // X := diag(by)^-1 X
    for (Index c = 0; c < X.cols; ++c) {
      for (Index i = 0; i < n; ++i) {
        X(i, c) *= static_cast<Real<T>>(1 / by[at(i)]);
      }
    }
  };
  Matrix<T> copy(n, 2);
  const auto solved = [&](ColMajor<T> X, Trans trans) {
    const ColMajor<T> right = copy.view().block(0, 0, n, X.cols);
    for (Index c = 0; c < X.cols; ++c) {
      std::copy_n(X.col(c), n, right.col(c));
    }
    factor.solve(right, X, trans);
  };
  // (R A C)^-1 = C^-1 A^-1 R^-1
  const Real<T> inverse = estimate_one_norm<T>(
      n,
      [&](ColMajor<T> X) {
        scaled(X, rows);
        solved(X, Trans::none);
        scaled(X, cols);
      },
      [&](ColMajor<T> X) {
        scaled(X, cols);
        solved(X, Trans::adjoint);
        scaled(X, rows);
      });
  const double product = norm * static_cast<double>(inverse);
  return product >= 1 ? 1 / product : product > 0 ? 1 : 0;
}

/// ||A^-1 diag(g)||_inf = ||diag(g) A^-H||_1, which bounds the error that residuals of size g leave in x.
template <class T>
double error_of(const SparseFactor<T>& factor, Index n, const Real<T>* g, Trans trans) {
  Matrix<T> copy(n, 2);
  const Trans adjoint = trans == Trans::none ? Trans::adjoint : Trans::none;
  const bool conjugated = trans == Trans::transpose;  // (A^T)^-H = conj(A^-1)
  const auto solved = [&](ColMajor<T> X, Trans how, bool conj_) {
    const ColMajor<T> right = copy.view().block(0, 0, n, X.cols);
    for (Index c = 0; c < X.cols; ++c) {
      for (Index i = 0; i < n; ++i) {
        right(i, c) = conj_ ? conjugate(X(i, c)) : X(i, c);
      }
    }
    factor.solve(right, X, how);
    for (Index c = 0; c < X.cols && conj_; ++c) {
      for (Index i = 0; i < n; ++i) {
        X(i, c) = conjugate(X(i, c));
      }
    }
  };
  const auto times = [&](ColMajor<T> X) {
    for (Index c = 0; c < X.cols; ++c) {
      for (Index i = 0; i < n; ++i) {
        X(i, c) *= g[i];
      }
    }
  };
  return static_cast<double>(estimate_one_norm<T>(
      n,
      [&](ColMajor<T> X) {
        solved(X, adjoint, conjugated);
        times(X);
      },
      [&](ColMajor<T> X) {
        times(X);
        solved(X, trans, false);
      }));
}

/// Vectors of one right-hand side.
template <class T>
struct Workspace {
  Workspace(Index m, Index n) : memory(2 * m + 2 * n), size(m) {
    b = memory.data();
    r = b + m;
    x = r + m;
    d = x + n;
  }
  Buffer<T> memory;
  Buffer<Real<T>> size;  // |op(A)| |x| + |b|
  T* b;
  T* r;  // b - op(A) x
  T* x;
  T* d;
  double norm = 0;  // of A: the infinity norm for a square system, Frobenius' for least squares
};

/// x := op(A)^-1 b, refined at most three times. @return whether the backward error is at most n eps.
template <class T>
bool solve_square_column(const Residuals<T>& residuals, const SparseFactor<T>& factor, Trans trans, Workspace<T>& work,
                         Certificate& certificate) {
  using R = Real<T>;
  const Index n = residuals.rows();
  const auto [b, r, x, d] = std::tuple(work.b, work.r, work.x, work.d);
  const double bar = static_cast<double>(n) * static_cast<double>(epsilon<T>);
  factor.solve({b, n, 1, n}, {x, n, 1, n}, trans);
  double error = 0;
  for (int step = 0;; ++step) {
    residuals(b, x, r, work.size.data());
    const auto top = static_cast<double>(vectors::largest(n, r));
    const double now = top == 0 ? 0
                                : relative_residual(top, work.norm, static_cast<double>(vectors::largest(n, x)),
                                                    static_cast<double>(vectors::largest(n, b)));
    if (step > 0 && !(now < error / 2)) {  // the step before was the last that helped
      vectors::add_multiple(n, T(-1), d, x);
      residuals(b, x, r, work.size.data());
      break;
    }
    error = now;
    if (!(error > bar) || step == 3) {
      break;
    }
    factor.solve({r, n, 1, n}, {d, n, 1, n}, trans);
    vectors::add_multiple(n, T(1), d, x);
    ++certificate.refinements;
  }
  certificate.residual_norm = max_or_nan(certificate.residual_norm, static_cast<double>(vectors::norm(n, r)));
  certificate.backward_error = max_or_nan(certificate.backward_error, error);
  const auto largest_x = static_cast<double>(vectors::largest(n, x));
  const R gamma = static_cast<R>(n + 2) * static_cast<R>(n + 2) * epsilon<T> * epsilon<T>;
  for (Index i = 0; i < n; ++i) {
    work.size[i] = static_cast<R>(std::abs(r[i]) * (1 + epsilon<T>)) + gamma * work.size[i];
  }
  if (largest_x > 0) {
    const double reach =
        10 * error_of(factor, n, work.size.data(), trans) / largest_x + static_cast<double>(epsilon<T>);
    certificate.forward_error = max_or_nan(certificate.forward_error, reach);
  }
  return error <= bar;
}

/// x := A^+ b with one step of refinement where A has full rank: the residual alone says nothing of the error in x.
template <class T>
void solve_least_squares_column(const Entries<T>& A, const Residuals<T>& residuals, const SparseFactor<T>& factor,
                                Workspace<T>& work, Certificate& certificate) {
  const Index m = A.rows();
  const Index n = A.cols();
  const auto [b, r, x, d] = std::tuple(work.b, work.r, work.x, work.d);
  const bool full_rank = factor.rank() == std::min(m, n);
  factor.solve({b, m, 1, m}, {x, n, 1, n}, Trans::none);
  residuals(b, x, r, work.size.data());
  if (full_rank && factor.rank() > 0) {
    factor.solve({r, m, 1, m}, {d, n, 1, n}, Trans::none);
    vectors::add_multiple(n, T(1), d, x);
    residuals(b, x, r, work.size.data());
    certificate.refinements = 1;
  }
  const auto residual = static_cast<double>(vectors::norm(m, r));
  const auto length = static_cast<double>(vectors::norm(n, x));
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double gradient = m >= n ? gradient_over_residual<T>(A, r, d) : infinity;
  const double backward = least_squares_backward_error(residual, length, gradient, work.norm);
  double forward = Certificate::unknown;  // another x fits as well where rank was lost
  if (full_rank && length > 0) {
    forward = least_squares_forward_error(residual / length / work.norm, static_cast<double>(epsilon<T>),
                                          static_cast<double>(n), 1 / certificate.rcond, residual, length, work.norm);
    forward = std::isnan(forward) ? infinity : forward;
  } else if (full_rank) {  // right where b is orthogonal to the range of A; else x has underflowed
    forward = residual == 0 || gradient <= 1e-2 * work.norm ? 0 : infinity;
  }
  certificate.residual_norm = max_or_nan(certificate.residual_norm, residual);
  certificate.backward_error = max_or_nan(certificate.backward_error, backward);
  certificate.forward_error = max_or_nan(certificate.forward_error, forward);
}

}  // namespace

template <class T>
double rcond(const Entries<T>& A, const SparseFactor<T>& factor) {
  if (factor.kind() == SparseKind::qr) {
    return factor.triangle_rcond();
  }
  return factor.outcome().ok() ? condition(Residuals<T>(A, Trans::none), factor) : 0;
}

template <class T>
Outcome solve(const Entries<T>& A, const SparseFactor<T>& factor, In<T> B, MatrixView<T> X, Trans trans,
              Certificate* told) {
  using R = Real<T>;
  const Residuals<T> residuals(A, trans);
  const Index m = residuals.rows();
  const Index n = residuals.cols();
  if (B.rows != m || X.rows != n || B.cols != X.cols || A.rows() != factor.rows() || A.cols() != factor.cols()) {
    throw std::invalid_argument("shapes disagree: op(A) is m x n, B must be m x k and X n x k");
  }
  Certificate unused;
  Certificate& certificate = told != nullptr ? *told : unused;
  const bool square = m == n && factor.kind() != SparseKind::qr;
  certificate.method = factor.kind() == SparseKind::cholesky ? Method::cholesky
                       : factor.kind() == SparseKind::ldlt   ? Method::ldlt
                       : factor.kind() == SparseKind::lu     ? Method::lu
                                                             : Method::qr;
  const Index full = std::min(m, n);
  certificate.rank = factor.rank();
  certificate.regime = factor.rank() < full ? 4 : m == n ? 1 : m > n ? 2 : 3;
  if (!factor.outcome().ok()) {
    for (Index c = 0; c < X.cols; ++c) {
      for (Index i = 0; i < n; ++i) {
        X(i, c) = T(std::numeric_limits<R>::quiet_NaN());
      }
    }
    certificate.rcond = 0;
    return factor.outcome();
  }
  certificate.rcond = square ? condition(residuals, factor) : factor.triangle_rcond();
  Outcome outcome;
  Workspace<T> work(m, n);
  work.norm = square ? residuals.infinity_norm() : A.frobenius_norm();
  certificate.backward_error = certificate.forward_error = certificate.residual_norm = 0;
  for (Index c = 0; c < B.cols; ++c) {
    for (Index i = 0; i < m; ++i) {
      work.b[i] = B(i, c);
    }
    bool settled = true;  // a least squares residual is never too large
    if (square) {
      settled = solve_square_column(residuals, factor, trans, work, certificate);
    } else {
      solve_least_squares_column(A, residuals, factor, work, certificate);
    }
    if (!vectors::all_finite(n, work.x)) {
      outcome = {Reason::non_finite, -1};
    } else if (outcome.ok() && !settled) {
      outcome = {Reason::stagnated, -1};
    }
    for (Index i = 0; i < n; ++i) {
      X(i, c) = work.x[i];
    }
  }
  if (factor.rank() == full && !(certificate.rcond >= static_cast<double>(epsilon<T>)) &&
      outcome.reason != Reason::non_finite) {
    outcome = {Reason::ill_conditioned, -1};
    certificate.regime = 5;
  }
  return outcome;
}

#define INSTANTIATE(T)                                                                                             \
  template Outcome solve<T>(const Entries<T>&, const SparseFactor<T>&, In<T>, MatrixView<T>, Trans, Certificate*); \
  template double rcond<T>(const Entries<T>&, const SparseFactor<T>&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
