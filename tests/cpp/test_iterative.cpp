// SPDX-License-Identifier: BSD-3-Clause
// Operators of every kind give the same products and sweeps; iterations end in a small true residual; orderings and
// preconditioners are what they say.
#include "check.hpp"

#include <algorithm>
#include <cmath>

namespace hs = hessolve;
using hs::Index;
using hs::Iteration;
using problems::Dense;

namespace {

/// One matrix by rows and by columns, with indices of type I.
template <class T, class I>
struct Stored {
  explicit Stored(const Dense<T>& A) : rows(A.rows()), cols(A.cols()) {
    compress(A, false, indptr, indices, values);
    compress(A, true, col_indptr, col_indices, col_values);
  }
  static void compress(const Dense<T>& A, bool by_columns, std::vector<I>& starts, std::vector<I>& ends,
                       std::vector<T>& entries) {
    starts.assign(1, 0);
    for (Index line = 0; line < (by_columns ? A.cols() : A.rows()); ++line) {
      for (Index k = 0; k < (by_columns ? A.rows() : A.cols()); ++k) {
        const T value = by_columns ? A(k, line) : A(line, k);
        if (value != T(0)) {
          ends.push_back(static_cast<I>(k));
          entries.push_back(value);
        }
      }
      starts.push_back(static_cast<I>(ends.size()));
    }
  }
  hs::CsrView<T, I> csr() const { return {rows, cols, indptr.data(), indices.data(), values.data()}; }
  hs::CscView<T, I> csc() const { return {rows, cols, col_indptr.data(), col_indices.data(), col_values.data()}; }
  Index rows, cols;
  std::vector<I> indptr, indices, col_indptr, col_indices;
  std::vector<T> values, col_values;
};

/// About a third of the entries, Hermitian if wanted, the diagonal outweighing the rest.
template <class T>
Dense<T> dominant(Index n, bool hermitian) {
  auto A = hermitian ? Dense<T>::hermitian(n, 40, 0.0) : Dense<T>::random(n, n, 41);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      if (i != j && (i + j) % 3 != 0) {
        A(i, j) = T(0);
      }
    }
    A(j, j) = T(static_cast<hs::Real<T>>(2 * n + 5));
  }
  return A;
}

template <class T, class I>
std::vector<std::unique_ptr<hs::Entries<T>>> operators(const Dense<T>& A, const Stored<T, I>& stored) {
  std::vector<std::unique_ptr<hs::Entries<T>>> all;
  all.push_back(hs::dense_operator<T>(A.view()));
  all.push_back(hs::csr_operator(stored.csr()));
  all.push_back(hs::csc_operator(stored.csc()));
  return all;
}

template <class T>
double distance(const std::vector<T>& a, const std::vector<T>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto d = static_cast<double>(std::abs(a[i] - b[i]));
    most = d <= most ? most : d;
  }
  return most;
}

template <class T>
std::vector<T> random_vector(Index n, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<T> x(static_cast<std::size_t>(n));
  for (T& value : x) {
    value = problems::normal<T>(generator);
  }
  return x;
}

template <class T, class I>
void products() {
  for (const auto& [m, n] : {std::pair<Index, Index>{1, 1}, {7, 5}, {5, 9}, {67, 43}}) {
    const auto A = Dense<T>::random(m, n, 42);
    const Stored<T, I> stored(A);
    const auto x = random_vector<T>(n, 1);
    const auto z = random_vector<T>(m, 2);
    std::vector<T> y(z.size());
    std::vector<T> expected(z.size());
    std::vector<T> adjoint(x.size());
    std::vector<T> expected_adjoint(x.size());
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) {
        expected[static_cast<std::size_t>(i)] += A(i, j) * x[static_cast<std::size_t>(j)];
        expected_adjoint[static_cast<std::size_t>(j)] += hs::conjugate(A(i, j)) * z[static_cast<std::size_t>(i)];
      }
    }
    const double bar = 400 * static_cast<double>(hs::epsilon<T>);
    for (const auto& op : operators(A, stored)) {
      op->apply(x.data(), y.data());
      CHECK(distance(y, expected) <= bar);
      op->apply_adjoint(z.data(), adjoint.data());
      CHECK(distance(adjoint, expected_adjoint) <= bar);
      op->residual(z.data(), x.data(), y.data());
      for (std::size_t i = 0; i < y.size(); ++i) {
        y[i] = z[i] - y[i];
      }
      CHECK(distance(y, expected) <= bar);
      CHECK(op->find_non_finite().first == -1);
      const auto rows = op->by_rows();
      CHECK(rows.indptr.back() == m * n);
    }
  }
}

/// x of one sweep satisfies S x = T x0 + b row by row for Gauss-Seidel: (L + D) x = b - U x0.
template <class T, class I>
void sweeps() {
  for (const Index n : {Index(1), Index(2), Index(9), Index(50)}) {
    const auto A = dominant<T>(n, false);
    const Stored<T, I> stored(A);
    const auto b = random_vector<T>(n, 3);
    const auto start = random_vector<T>(n, 4);
    for (const auto& op : operators(A, stored)) {
      auto x = start;
      CHECK(hs::sweep<T>(*op, hs::column(b.data(), n), hs::column(x.data(), n), Iteration::gauss_seidel).ok());
      for (Index i = 0; i < n; ++i) {
        problems::Wide r = problems::wide(b[static_cast<std::size_t>(i)]);
        for (Index j = 0; j < n; ++j) {
          r -= problems::wide(A(i, j)) * problems::wide((j <= i ? x : start)[static_cast<std::size_t>(j)]);
        }
        CHECK(static_cast<double>(std::abs(r)) <= 500 * static_cast<double>(n) * static_cast<double>(hs::epsilon<T>));
      }
      auto broken = A;
      broken(n - 1, n - 1) = T(0);
      const Stored<T, I> holes(broken);
      const auto gap = hs::csr_operator(holes.csr());
      x = start;
      const hs::Outcome outcome =
          hs::sweep<T>(*gap, hs::column(b.data(), n), hs::column(x.data(), n), Iteration::gauss_seidel);
      CHECK(outcome.reason == hs::Reason::zero_diagonal && outcome.where == n - 1);
      CHECK(x == start);
    }
  }
}

template <class T, class I>
void iterations() {
  const Index n = 60;
  for (const bool hermitian : {true, false}) {
    const auto A = dominant<T>(n, hermitian);
    const Stored<T, I> stored(A);
    const auto b = random_vector<T>(n, 5);
    for (int code = 0; code <= static_cast<int>(Iteration::lsmr); ++code) {
      const auto method = static_cast<Iteration>(code);
      if (!hermitian && (hs::needs_hermitian(method) || method == Iteration::richardson)) {
        continue;
      }
      for (const auto& op : operators(A, stored)) {
        hs::IterateOptions options;
        options.method = method;
        options.rtol = 1e3 * static_cast<double>(hs::epsilon<T>);
        options.maxiter = 5000;
        hs::IterateReport report;
        std::vector<T> x(static_cast<std::size_t>(n), T(0));
        const hs::Outcome outcome =
            hs::iterate<T>(*op, hs::column(b.data(), n), hs::column(x.data(), n), nullptr, options, {}, &report);
        CHECK_FOR(outcome.reason == hs::Reason::converged, std::string(hs::name(method)));
        std::vector<T> r(x.size());
        op->residual(b.data(), x.data(), r.data());
        double square = 0;
        double norm_b = 0;
        for (std::size_t i = 0; i < r.size(); ++i) {
          square += static_cast<double>(std::norm(r[i]));
          norm_b += static_cast<double>(std::norm(b[i]));
        }
        CHECK_FOR(std::sqrt(square) <= 1.1 * options.rtol * std::sqrt(norm_b), std::string(hs::name(method)));
        CHECK(static_cast<Index>(report.history.size()) == report.iterations + 1);
      }
    }
  }
}

/// Groups cover all rows once, and no row refers to another of its group.
void orderings() {
  const Index n = 70;
  auto A = dominant<double>(n, false);
  const Stored<double, int> stored(A);
  const auto op = hs::csr_operator(stored.csr());
  for (const auto ordering : {hs::Ordering::multicolor, hs::Ordering::level}) {
    const hs::Coloring coloring = hs::color(op->graph(), ordering);
    auto sorted = coloring.order;
    std::sort(sorted.begin(), sorted.end());
    for (Index i = 0; i < n; ++i) {
      CHECK(sorted[static_cast<std::size_t>(i)] == i);
    }
    for (Index g = 0; g < coloring.groups(); ++g) {
      for (Index p = coloring.starts[static_cast<std::size_t>(g)]; p < coloring.starts[static_cast<std::size_t>(g + 1)];
           ++p) {
        for (Index q = coloring.starts[static_cast<std::size_t>(g)]; q < p; ++q) {
          const Index i = coloring.order[static_cast<std::size_t>(p)];
          const Index j = coloring.order[static_cast<std::size_t>(q)];
          CHECK(A(i, j) == 0 && A(j, i) == 0);
        }
      }
    }
  }
  bool refused = false;
  try {
    (void)hs::color(op->graph(), hs::Ordering::red_black);
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CHECK(refused);
  CHECK(std::abs(hs::young_omega(0) - 1) < 1e-15 && std::abs(hs::young_omega(0.8) - 1.25) < 1e-15);
}

template <class T>
void preconditioners() {
  const Index n = 40;
  const auto A = dominant<T>(n, true);
  const auto op = hs::dense_operator<T>(A.view());
  const auto b = random_vector<T>(n, 6);
  for (int kind = 0; kind <= static_cast<int>(hs::PreconditionerKind::chebyshev); ++kind) {
    hs::Outcome outcome;
    hs::PreconditionerReport told;
    const auto M = hs::preconditioner<T>(*op, static_cast<hs::PreconditionerKind>(kind), outcome, &told);
    CHECK(outcome.ok() && M != nullptr && told.shift == 0);
    hs::IterateOptions options;
    options.rtol = 1e3 * static_cast<double>(hs::epsilon<T>);
    std::vector<T> x(b.size(), T(0));
    CHECK(hs::iterate<T>(*op, hs::column(b.data(), n), hs::column(x.data(), n), M.get(), options).ok());
    hs::Prediction prediction;
    CHECK(hs::predict_convergence<T>(*op, Iteration::jacobi, 1e-6, prediction).ok());
    CHECK(prediction.converges() && prediction.seconds > 0);
  }
}

/// Sparse factors of every kind solve with A, its transpose and its adjoint, and say what they cannot.
template <class T, class I>
void sparse_factors() {
  const Index n = 40;
  const auto A = dominant<T>(n, true);
  const Stored<T, I> stored(A);
  const auto B = Dense<T>::random(n, 2, 43);
  const auto op = hs::csr_operator(stored.csr());
  for (const auto kind :
       {hs::SparseKind::automatic, hs::SparseKind::cholesky, hs::SparseKind::ldlt, hs::SparseKind::lu}) {
    for (const auto& factor : {hs::factor_sparse(stored.csr(), kind), hs::factor_sparse(stored.csc(), kind)}) {
      CHECK_FOR(factor->outcome().ok() && factor->rank() == n, std::string(hs::name(kind)));
      for (const auto trans : {hs::Trans::none, hs::Trans::transpose, hs::Trans::adjoint}) {
        Dense<T> X(n, 2);
        hs::Certificate c;
        CHECK(hs::solve<T>(*op, *factor, B.view(), X.view(), trans, &c).ok());
        CHECK(problems::backward_error(A, X, B, trans) <= problems::bar<T>(n));
        CHECK(c.rcond > 0 && c.forward_error > 0 && c.forward_error < 0.01);
      }
      auto broken = stored.values;
      std::fill(broken.begin(), broken.end(), T(0));
      CHECK(!factor->refactor(broken.data()).ok());
      Dense<T> X(n, 2);
      CHECK(!hs::solve<T>(*op, *factor, B.view(), X.view()).ok());
      CHECK(std::isnan(std::abs(X(0, 0))));
    }
  }
}

void indices() {
  const std::vector<int> indptr{0, 2, 3};
  std::vector<int> ends{1, 0, 1};
  CHECK(hs::inspect_indices<int>(2, 2, indptr.data(), ends.data(), 3, false).fault == hs::IndexFault::none);
  CHECK(hs::inspect_indices<int>(2, 2, indptr.data(), ends.data(), 3, true).fault == hs::IndexFault::unsorted);
  ends = {1, 1, 1};
  CHECK(hs::inspect_indices<int>(2, 2, indptr.data(), ends.data(), 3, true).fault == hs::IndexFault::duplicate);
  ends = {0, 1, -4};
  const hs::IndexReport report = hs::inspect_indices<int>(2, 2, indptr.data(), ends.data(), 3, false);
  CHECK(report.fault == hs::IndexFault::out_of_range && report.row == 1 && report.position == 2);
  CHECK(hs::inspect_indices<int>(2, 2, indptr.data(), ends.data(), 2, false).fault == hs::IndexFault::indptr);
}

}  // namespace

int main() {
  problems::for_each_scalar([](auto t) {
    using T = decltype(t);
    products<T, std::int32_t>();
    products<T, std::int64_t>();
    sweeps<T, std::int32_t>();
    sweeps<T, std::int64_t>();
    iterations<T, std::int32_t>();
    preconditioners<T>();
    sparse_factors<T, std::int32_t>();
    sparse_factors<T, std::int64_t>();
  });
  orderings();
  indices();
  return check::report();
}
