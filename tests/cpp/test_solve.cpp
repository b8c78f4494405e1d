// SPDX-License-Identifier: BSD-3-Clause
// The public solvers: each structure finds its method, the answer is backward stable, the certificate holds, inputs
// survive.
#include "check.hpp"

#include <cstring>

namespace hs = hessolve;
using hs::Index;
using hs::Kind;
using hs::Method;
using problems::backward_error;
using problems::bar;
using problems::Dense;

namespace {

/// A matrix of the given kind, comfortably conditioned.
template <class T>
Dense<T> of_kind(Kind kind, Index n) {
  auto A = kind == Kind::hermitian || kind == Kind::positive_definite_candidate
               ? Dense<T>::hermitian(n, 20, kind == Kind::hermitian ? 0.0 : 4.0)
               : Dense<T>::random(n, n, 21);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      const bool keep = kind == Kind::diagonal           ? i == j
                        : kind == Kind::tridiagonal      ? std::abs(i - j) <= 1
                        : kind == Kind::banded           ? i - j <= 2 && j - i <= 3
                        : kind == Kind::upper_triangular ? i <= j
                        : kind == Kind::lower_triangular ? i >= j
                                                         : true;
      if (!keep) {
        A(i, j) = T(0);
      }
    }
    if (kind != Kind::hermitian && kind != Kind::general) {
      A(j, j) = T(static_cast<hs::Real<T>>(4 * n));
    }
  }
  if (kind == Kind::permuted_triangular) {  // rows reversed, columns rotated
    const auto L = of_kind<T>(Kind::lower_triangular, n);
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < n; ++i) {
        A(n - 1 - i, (j + 2) % n) = L(i, j);
      }
    }
  }
  return A;
}

Method expected(Kind kind) {
  switch (kind) {
    case Kind::diagonal: return Method::diagonal;
    case Kind::tridiagonal: return Method::tridiagonal;
    case Kind::banded: return Method::banded;
    case Kind::upper_triangular:
    case Kind::lower_triangular:
    case Kind::permuted_triangular: return Method::triangular;
    case Kind::hermitian: return Method::ldlt;
    case Kind::positive_definite_candidate: return Method::cholesky;
    default: return Method::lu;
  }
}

template <class T>
void structures() {
  for (const Kind kind :
       {Kind::diagonal, Kind::tridiagonal, Kind::banded, Kind::upper_triangular, Kind::lower_triangular,
        Kind::permuted_triangular, Kind::hermitian, Kind::positive_definite_candidate, Kind::general}) {
    for (const Index n : {Index(48), Index(64), Index(65), Index(210)}) {
      const auto A = of_kind<T>(kind, n);
      const auto before = A;
      CHECK_FOR(hs::inspect<T>(A.view()).kind == kind, std::string(hs::name(kind)));
      const auto B = Dense<T>::random(n, 2, 22);
      for (const auto trans : {hs::Trans::none, hs::Trans::transpose, hs::Trans::adjoint}) {
        Dense<T> X(n, 2);
        hs::Certificate c;
        hs::SolveOptions options;
        options.trans = trans;
        const hs::Outcome outcome = hs::solve<T>(A.view(), B.view(), X.view(), options, &c);
        const std::string what = std::string(hs::name(kind)) + " n = " + std::to_string(n);
        CHECK_FOR(outcome.ok(), what);
        CHECK_FOR(c.method == expected(kind), what);
        CHECK_FOR(backward_error(A, X, B, trans) <= bar<T>(n), what);
        CHECK(c.regime == 1 && c.rcond > 0 && c.rcond <= 1);
        CHECK(c.proven == (n <= 64));
        CHECK_FOR(c.forward_error >= 0 && c.forward_error < 0.01, what);
        CHECK(X.gaps_untouched());
      }
      CHECK(A == before);
    }
  }
}

/// What a claim leaves unread may hold anything.
template <class T>
void claims_read_their_part_only() {
  const auto poison = static_cast<hs::Real<T>>(std::numeric_limits<float>::quiet_NaN());
  const Index n = 70;
  const auto B = Dense<T>::random(n, 2, 23);
  for (const auto& [kind, assume] :
       {std::pair<Kind, hs::Assume>{Kind::positive_definite_candidate, hs::Assume::positive_definite},
        {Kind::hermitian, hs::Assume::hermitian},
        {Kind::upper_triangular, hs::Assume::upper_triangular},
        {Kind::lower_triangular, hs::Assume::lower_triangular},
        {Kind::tridiagonal, hs::Assume::tridiagonal},
        {Kind::diagonal, hs::Assume::diagonal}}) {
    const auto A = of_kind<T>(kind, n);
    auto P = A;
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < n; ++i) {
        const bool read = assume == hs::Assume::upper_triangular ? i <= j
                          : assume == hs::Assume::tridiagonal    ? std::abs(i - j) <= 1
                          : assume == hs::Assume::diagonal       ? i == j
                                                                 : i >= j;
        if (!read) {
          P(i, j) = T(poison);
        }
      }
    }
    for (const auto trans : {hs::Trans::none, hs::Trans::transpose, hs::Trans::adjoint}) {
      Dense<T> X(n, 2);
      hs::SolveOptions options;
      options.assume = assume;
      options.trans = trans;
      hs::Certificate c;
      CHECK_FOR(hs::solve<T>(P.view(), B.view(), X.view(), options, &c).ok(), std::string(hs::name(kind)));
      CHECK_FOR(backward_error(A, X, B, trans) <= bar<T>(n), std::string(hs::name(kind)));
    }
  }
}

template <class T>
void any_shape_and_rank() {
  for (const auto& [m, n, rank] :
       {std::tuple<Index, Index, Index>{40, 10, 10}, {10, 40, 10}, {40, 10, 6}, {10, 40, 6}, {30, 30, 20}}) {
    auto A = Dense<T>::random(m, n, 24);
    for (Index j = rank; j < n && rank < std::min(m, n); ++j) {  // columns repeat
      for (Index i = 0; i < m; ++i) {
        A(i, j) = A(i, j % rank);
      }
    }
    const auto B = Dense<T>::random(m, 2, 25);
    Dense<T> X(n, 2);
    hs::Certificate c;
    CHECK(hs::backslash<T>(A.view(), B.view(), X.view(), {}, &c).ok());
    CHECK(c.rank == rank);
    CHECK(c.regime == (rank < std::min(m, n) ? 4 : m > n ? 2 : 3));
    // The minimum-norm least squares solution, by the pseudo-inverse.
    Dense<T> P(n, m);
    Index found = 0;
    CHECK(hs::pinv<T>(A.view(), P.view(), 0, -1, &found).ok());
    CHECK(found == rank);
    for (Index k = 0; k < 2; ++k) {
      for (Index i = 0; i < n; ++i) {
        problems::Wide sum{};
        for (Index j = 0; j < m; ++j) {
          sum += problems::wide(P(i, j)) * problems::wide(B(j, k));
        }
        CHECK(static_cast<double>(std::abs(sum - problems::wide(X(i, k)))) <=
              2000 * static_cast<double>(hs::epsilon<T>));
      }
    }
  }
}

template <class T>
void factors_are_reused() {
  const Index n = 100;
  const auto A = Dense<T>::hermitian(n, 26, 4.0);
  hs::LU<T> lu(A.view());
  hs::Cholesky<T> cholesky(A.view());
  CHECK(lu.outcome().ok() && cholesky.outcome().ok());
  CHECK(std::abs(lu.rcond() - cholesky.rcond()) <= 0.5 * lu.rcond());
  for (unsigned seed = 0; seed < 3; ++seed) {
    const auto B = Dense<T>::random(n, 2, 30 + seed);
    for (const auto trans : {hs::Trans::none, hs::Trans::transpose, hs::Trans::adjoint}) {
      auto X = B;
      CHECK(lu.solve(X.view(), X.view(), trans).ok());  // in place
      CHECK(backward_error(A, X, B, trans) <= bar<T>(n));
      Dense<T> Y(n, 2);
      CHECK(cholesky.solve(B.view(), Y.view(), trans).ok());
      CHECK(backward_error(A, Y, B, trans) <= bar<T>(n));
    }
  }
  Dense<T> inverse(n, n);
  CHECK(hs::inv<T>(A.view(), inverse.view()).ok());
  Dense<T> identity(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      identity(i, j) = T(i == j ? 1 : 0);
    }
  }
  CHECK(backward_error(A, inverse, identity) <= bar<T>(n));
}

}  // namespace

int main() {
  problems::for_each_scalar([](auto t) {
    using T = decltype(t);
    structures<T>();
    claims_read_their_part_only<T>();
    any_shape_and_rank<T>();
    factors_are_reused<T>();
  });
  return check::report();
}
