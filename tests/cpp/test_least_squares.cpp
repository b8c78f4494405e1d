// SPDX-License-Identifier: BSD-3-Clause
// Penalties: optimality of the lasso, the certificate of basis pursuit, sparse ridge and the choice of the penalty.
#include "check.hpp"

#include <vector>

namespace hs = hessolve;
using hs::Index;
using problems::Dense;

namespace {

/// The gradient of the squares is in the subdifferential of the penalty, by Gram matrix and by residuals.
template <class T>
void lasso_is_optimal(Index m, Index n) {
  auto X = Dense<T>::random(m, n, 1);
  auto y = Dense<T>::random(m, 1, 2);
  hs::LassoOptions<T> options;
  options.tol = sizeof(T) == 8 ? 1e-13 : 1e-6;
  options.max_iterations = 200'000;
  double largest = 0;
  CHECK(hs::lasso_alpha_max<T>(X.view(), y.view(), options, largest).ok());
  const double alpha[] = {largest, largest / 4};
  std::vector<T> w(static_cast<std::size_t>(2 * n));
  T intercepts[2];
  double gaps[2];
  std::int64_t sweeps[2];
  bool converged[2];
  CHECK(hs::lasso_path<T>(X.view(), y.view(), alpha, 2, {w.data(), intercepts, gaps, sweeps, converged}, options).ok());
  CHECK(converged[0] && converged[1]);
  double violation = 0;
  for (Index j = 0; j < n; ++j) {
    CHECK(std::abs(w[static_cast<std::size_t>(2 * j)]) <= 1e-5);
    double g = 0;
    for (Index i = 0; i < m; ++i) {
      double r = y(i, 0);
      for (Index k = 0; k < n; ++k) {
        r -= double(X(i, k)) * double(w[static_cast<std::size_t>(2 * k + 1)]);
      }
      g += double(X(i, j)) * r / double(m);
    }
    const double value = w[static_cast<std::size_t>(2 * j + 1)];
    const double off =
        value == 0 ? std::max(std::abs(g) - alpha[1], 0.0) : std::abs(g - std::copysign(alpha[1], value));
    violation = std::max(violation, off);
  }
  CHECK(violation <= (sizeof(T) == 8 ? 1e-4 : 0.1) * alpha[1]);
}

/// A x = b, ||A^T y||_inf <= 1 and ||x||_1 = b^T y.
template <class T>
void basis_pursuit_is_certified(Index m, Index n) {
  auto A = Dense<T>::random(m, n, 3);
  auto b = Dense<T>::random(m, 1, 4);
  auto x = Dense<T>::random(n, 1, 5);
  auto y = Dense<T>::random(m, 1, 6);
  hs::BasisPursuitReport report;
  CHECK(hs::basis_pursuit<T>(A.view(), b.view(), x.view(), y.view(), {1e-5}, &report).ok());
  double norm = 0;
  double dual = 0;
  for (Index j = 0; j < n; ++j) {
    double slope = 0;
    for (Index i = 0; i < m; ++i) {
      slope += double(A(i, j)) * double(y(i, 0));
    }
    CHECK(std::abs(slope) <= 1 + 1e-4);
    norm += std::abs(double(x(j, 0)));
  }
  for (Index i = 0; i < m; ++i) {
    double rest = b(i, 0);
    for (Index j = 0; j < n; ++j) {
      rest -= double(A(i, j)) * double(x(j, 0));
    }
    CHECK(std::abs(rest) <= 1e3 * hs::epsilon<T> * norm);
    dual += double(b(i, 0)) * double(y(i, 0));
  }
  CHECK(norm - dual <= 1e-3 * norm);
}

/// Both sparse methods solve what the dense one does.
template <class T>
void sparse_ridge_is_ridge() {
  const Index m = 30;
  const Index n = 5;
  auto X = Dense<T>::random(m, n, 7);
  auto Y = Dense<T>::random(m, 1, 8);
  std::vector<T> values;
  std::vector<std::int32_t> columns;
  std::vector<std::int32_t> starts{0};
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      values.push_back(X(i, j));
      columns.push_back(static_cast<std::int32_t>(j));
    }
    starts.push_back(static_cast<std::int32_t>(values.size()));
  }
  const hs::CsrView<T, std::int32_t> S{m, n, starts.data(), columns.data(), values.data()};
  hs::RidgeOptions<T> options;
  options.intercept = true;
  const double alpha = 0.5;
  auto expected = Dense<T>::random(n, 1, 9);
  auto found = Dense<T>::random(n, 1, 9);
  T intercept = 0;
  T same = 0;
  double dof = 0;
  CHECK(hs::ridge<T>(X.view(), Y.view(), &alpha, expected.view(), &intercept, &dof, options).ok());
  for (const auto method : {hs::SparseRidgeMethod::cholesky, hs::SparseRidgeMethod::cg}) {
    CHECK((hs::ridge_sparse<T, std::int32_t>(S, Y.view(), &alpha, found.view(), &same, &dof, options, method).ok()));
    for (Index j = 0; j < n; ++j) {
      CHECK(std::abs(found(j, 0) - expected(j, 0)) <= 1e3 * hs::epsilon<T>);
    }
    CHECK(std::abs(intercept - same) <= 1e3 * hs::epsilon<T>);
  }
}

template <class T>
void all() {
  lasso_is_optimal<T>(60, 10);
  lasso_is_optimal<T>(20, 50);
  basis_pursuit_is_certified<T>(10, 30);
  sparse_ridge_is_ridge<T>();
}

}  // namespace

int main() {
  all<float>();
  all<double>();
  return check::report();
}
