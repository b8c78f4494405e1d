// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/iterative/iterate.hpp>

#include "certify/least_squares_error.hpp"
#include "iterative/gradient.hpp"
#include "iterative/stationary.hpp"
#include "kernel/scaling.hpp"

#include <stdexcept>

namespace hessolve {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw std::invalid_argument(text); }

std::string method_is(Iteration method) { return std::string("method='") + name(method) + "'"; }

/// What "auto" stands for, and why.
template <class T>
std::pair<Iteration, std::string> choose(const Operator<T>& A, const MatrixFacts& facts) {
  const bool known = A.entries() != nullptr;
  if (A.rows() != A.cols()) {
    return {Iteration::lsmr, "A is rectangular"};
  }
  if (!known) {
    return {Iteration::gmres, "A is square and known by its products only"};
  }
  if (!facts.hermitian) {
    return {Iteration::gmres, "A is square and not Hermitian"};
  }
  const char* kind = is_complex<T> ? "Hermitian" : "symmetric";
  if (facts.positive_diagonal) {
    return {Iteration::cg, std::string("A is ") + kind + " with a positive diagonal"};
  }
  return {Iteration::minres, std::string("A is ") + kind + ", but not every diagonal entry is positive"};
}

/// Options that do not go together, in words.
template <class T>
void check(const Operator<T>& A, const Operator<T>* M, const IterateOptions& options, const MatrixFacts& facts) {
  const Iteration method = options.method;
  const bool known = A.entries() != nullptr;
  const std::string shape = "(" + std::to_string(A.rows()) + ", " + std::to_string(A.cols()) + ")";
  if (A.rows() != A.cols() && !is_rectangular(method)) {
    refuse(method_is(method) + " needs a square `A`, not " + shape + "; use method='lsmr'.");
  }
  if (!known && is_sweep(method) && method != Iteration::richardson) {
    refuse(method_is(method) + " needs the entries of `A`, which is known by its products only; use method='gmres'.");
  }
  if ((method == Iteration::lsqr || method == Iteration::lsmr) && !A.has_adjoint()) {
    refuse(method_is(method) + " needs products with the adjoint of `A`; give the operator an rmatvec.");
  }
  if (known && needs_hermitian(method) && !facts.hermitian) {
    const std::string i = std::to_string(facts.row);
    const std::string j = std::to_string(facts.col);
    refuse(method_is(method) + " needs a " + (is_complex<T> ? "Hermitian" : "symmetric") + " `A`, but A[" + i + ", " +
           j + "] and A[" + j + ", " + i + "] differ; use method='gmres'.");
  }
  if (options.ordering != Ordering::natural && !is_ordered(method)) {
    refuse(std::string("ordering='") + name(options.ordering) + "' has no meaning for " + method_is(method) +
           ", which visits all rows at once or each on its own.");
  }
  if (M != nullptr) {
    if (!takes_preconditioner(method)) {
      refuse(method_is(method) + " takes no preconditioner; leave out M or use method='richardson'.");
    }
    if (M->rows() != A.rows() || M->cols() != A.cols()) {
      refuse("`M` (" + std::to_string(M->rows()) + ", " + std::to_string(M->cols()) + ") does not fit `A` " + shape +
             "; it must be of the same shape.");
    }
  }
}

template <class T>
Outcome run(const Operator<T>& A, const T* b, T* x, const Operator<T>* M, const IterateOptions& options,
            const Observer<T>& observer, IterateReport& report) {
  switch (options.method) {
    case Iteration::cg: return cg(A, b, x, M, options, observer, report);
    case Iteration::minres: return minres(A, b, x, M, options, observer, report);
    case Iteration::gmres: return gmres(A, b, x, M, options, observer, report);
    case Iteration::lsqr: return lsqr(A, b, x, options, observer, report);
    case Iteration::lsmr: return lsmr(A, b, x, options, observer, report);
    case Iteration::chebyshev:
      return chebyshev(A, b, x, M, extreme_eigenvalues<T>(A, M, 2e-2, 500, options.seed, options.stop), options,
                       observer, report);
    case Iteration::richardson: return richardson(A, b, x, M, report.omega, options, observer, report);
    default: {
      Sweeper<T> sweeper(*A.entries(), options.method, options.ordering, report.omega, options.random_rows,
                         options.seed);
      report.colors = sweeper.groups();
      return sweeper.outcome().ok() ? iterate_sweeps(A, sweeper, b, x, options, observer, report) : sweeper.outcome();
    }
  }
}

/// The power of two that b is divided by: its size, or that of the first residual where x0 makes it larger, where the
/// squares of such numbers would leave the number range; else 0.
template <class T>
int exponent_of_system(const Operator<T>& A, const T* b, const T* x, T* r) {
  using R = Real<T>;
  const auto size = static_cast<double>(vectors::largest(A.rows(), b));
  const int exponent = vectors::extreme_exponent<R>(size);
  if (exponent == 0 || vectors::largest(A.cols(), x) == 0) {
    return exponent;
  }
  A.residual(b, x, r);
  const auto first = static_cast<double>(vectors::largest(A.rows(), r));
  return first > size && std::isfinite(first) ? vectors::extreme_exponent<R>(first) : exponent;
}

template <class T>
void shift_all(Index n, int exponent, const T* x, T* out) {
  for (Index i = 0; i < n; ++i) {
    out[i] = shift(x[i], exponent);
  }
}

/// How well x solves the system: of a least squares answer whose residual is no rounding error the perturbation of A
/// that makes it a minimiser, else ||r|| / (||A|| ||x|| + ||b||) in infinity norms. r is destroyed.
template <class T>
double backward_error_of(const Entries<T>& A, const T* b, const T* x, T* r, bool least_squares) {
  const Index m = A.rows();
  const Index n = A.cols();
  const auto top = static_cast<double>(vectors::largest(m, r));
  if (top == 0) {
    return 0;
  }
  if (!least_squares) {
    return relative_residual(top, static_cast<double>(A.infinity_norm()), static_cast<double>(vectors::largest(n, x)),
                             static_cast<double>(vectors::largest(m, b)));
  }
  const auto residual = static_cast<double>(vectors::norm(m, r));
  Buffer<T> memory(n);
  const double gradient = gradient_over_residual<T>(A, r, memory.data());
  return least_squares_backward_error(residual, static_cast<double>(vectors::norm(n, x)), gradient, A.frobenius_norm());
}

/// One right-hand side. `report` is filled in.
template <class T>
Outcome solve_column(const Operator<T>& A, VectorView<const T> b, VectorView<T> x, const Operator<T>* M,
                     IterateOptions options, const Observer<T>& observer, IterateReport& report) {
  const Index m = A.rows();
  const Index n = A.cols();
  Buffer<T> memory(2 * m + n);
  T* right = memory.data();
  T* r = right + m;
  T* answer = r + m;
  for (Index i = 0; i < m; ++i) {
    right[i] = b[i];
  }
  const auto largest_b = static_cast<double>(vectors::largest(m, right));
  if (!(largest_b <= std::numeric_limits<double>::max())) {
    return {Reason::non_finite, -1};
  }
  for (Index i = 0; i < n; ++i) {
    answer[i] = largest_b == 0 ? T(0) : x[i];
  }
  const int exponent = exponent_of_system(A, right, answer, r);
  Observer<T> unscaled = observer;
  Buffer<T> shown(observer.call && exponent != 0 ? n : 0);
  if (exponent != 0) {
    shift_all(m, -exponent, right, right);
    shift_all(n, -exponent, answer, answer);
    options.atol = std::ldexp(options.atol, -exponent);
  }
  if (exponent != 0 && observer.call) {
    unscaled.call = [&](Index k, double norm, const T* iterate) {
      shift_all(n, exponent, iterate, shown.data());
      return observer.call(k, std::ldexp(norm, exponent), shown.data());
    };
  }
  Outcome outcome;
  if (largest_b == 0) {  // x = 0 is exact
    outcome = {Reason::converged, -1};
    report.history.assign(1, 0.0);
  } else {
    outcome = run(A, right, answer, M, options, unscaled, report);
    if (outcome.reason == Reason::breakdown && options.method == Iteration::cg && !report.why.empty()) {
      report.why += ", but is not positive definite, so minres";
      report.method = options.method = Iteration::minres;
      outcome = run(A, right, answer, M, options, unscaled, report);
    }
  }
  bool exact = true;  // scaling back has changed no digit
  for (Index i = 0; i < n; ++i) {
    x[i] = shift(answer[i], exponent);
    const T back = shift(T(x[i]), -exponent);
    exact = exact && back == answer[i];
    answer[i] = back;
  }
  A.residual(right, answer, r);
  const auto norm = static_cast<double>(vectors::norm(m, r));
  const bool met = norm <= std::max(options.rtol * static_cast<double>(vectors::norm(m, right)), options.atol);
  const bool least_squares = options.method == Iteration::lsqr || options.method == Iteration::lsmr;
  report.residual_norm = std::isnan(norm) ? std::numeric_limits<double>::infinity() : std::ldexp(norm, exponent);
  if (const Entries<T>* matrix = A.entries()) {
    report.backward_error = backward_error_of(*matrix, right, answer, r, least_squares && !met);
  }
  for (double& value : report.history) {
    value = std::ldexp(value, exponent);
  }
  if (outcome.ok() && !vectors::all_finite(n, answer)) {
    outcome = {Reason::non_finite, -1};
  } else if (outcome.ok() && !exact && !met && !(least_squares && report.backward_error <= options.rtol)) {
    outcome = {Reason::stagnated, -1};  // x has lost digits by underflow
  }
  return outcome;
}

}  // namespace

template <class T>
Outcome iterate(const Operator<T>& A, In<T> B, MatrixView<T> X, const Operator<T>* M, const IterateOptions& wishes,
                const Observer<T>& observer, IterateReport* told) {
  if (B.rows != A.rows() || X.rows != A.cols() || B.cols != X.cols) {
    refuse("shapes disagree: A is m x n, B must be m x k and X n x k");
  }
  IterateOptions options = wishes;
  IterateReport first;
  MatrixFacts facts;
  if (const Entries<T>* matrix = A.entries()) {
    if (const auto bad = matrix->find_non_finite(); bad.first >= 0) {
      return {Reason::non_finite, bad.first};
    }
    facts = matrix->facts();
    first.structure = !facts.hermitian          ? Kind::general
                      : facts.positive_diagonal ? Kind::positive_definite_candidate
                                                : Kind::hermitian;
  }
  if (options.method == Iteration::automatic) {
    std::tie(options.method, first.why) = choose(A, facts);
  }
  check(A, M, options, facts);
  if (options.maxiter < 0) {
    options.maxiter = std::clamp<Index>(10 * std::max(A.rows(), A.cols()), 100, 100000);
  }
  first.method = options.method;
  const bool relaxed = is_sweep(options.method);
  if (relaxed) {
    first.omega = options.omega;
    if (std::isnan(options.omega)) {
      Relaxation choice = automatic_omega(A, M, options.method, options.ordering, options.stop);
      first.omega = choice.omega;
      first.why = choice.why;
    }
  }
  Outcome outcome{Reason::converged, -1};
  IterateReport whole = first;
  whole.history.assign(1, 0.0);
  whole.residual_norm = 0;
  for (Index c = 0; c < B.cols; ++c) {
    IterateReport one = first;
    const Outcome ended = solve_column<T>(A, column_of(B, c), column_of(X, c), M, options, observer, one);
    const double residual = max_or_nan(whole.residual_norm, one.residual_norm);
    const double error = c == 0 ? one.backward_error : max_or_nan(whole.backward_error, one.backward_error);
    if (c == 0 || one.iterations > whole.iterations) {
      whole = std::move(one);
    }
    whole.residual_norm = residual;
    whole.backward_error = error;
    outcome = outcome.ok() ? ended : outcome;
    if (ended.reason == Reason::stopped) {
      break;
    }
  }
  if (told != nullptr) {
    *told = std::move(whole);
  }
  return outcome;
}

#define INSTANTIATE(T)                                                                                             \
  template Outcome iterate<T>(const Operator<T>&, In<T>, MatrixView<T>, const Operator<T>*, const IterateOptions&, \
                              const Observer<T>&, IterateReport*);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
