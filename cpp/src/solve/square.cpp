// SPDX-License-Identifier: BSD-3-Clause
#include "solve/square_solve.hpp"

#include "kernel/fill.hpp"
#include "solve/mixed.hpp"
#include "solve/small.hpp"

#include <limits>
#include <stdexcept>

namespace hessolve {
namespace {

/// A method and a claim that contradict each other are the caller's mistake.
void check_options(const SolveOptions& options) {
  const Assume a = options.assume;
  const bool symmetric = a == Assume::symmetric || a == Assume::hermitian || a == Assume::positive_definite;
  switch (options.method) {
    case Method::none: return;
    case Method::cholesky:
    case Method::ldlt:
      if (a != Assume::nothing && !symmetric) {
        throw std::invalid_argument("method and assume contradict each other");
      }
      return;
    case Method::diagonal:
    case Method::tridiagonal:
    case Method::banded:
    case Method::triangular: throw std::invalid_argument("say what structure A has by assume, not by method");
    default:
      if (a != Assume::nothing && a != Assume::general) {
        throw std::invalid_argument("method and assume contradict each other");
      }
  }
}

/// The short way for one small real system of which nothing but x is wanted. False: go the long way.
template <class T>
bool try_small(const SquareProblem<T>& problem, const SolveOptions& options, Certificate& certificate) {
  if constexpr (is_complex<T>) {
    return false;
  } else {
    const Index n = problem.A.rows();
    const bool plain = options.method == Method::none && options.trans == Trans::none && problem.A.part == Part::full &&
                       (options.assume == Assume::nothing || options.assume == Assume::general);
    if (!plain || n > small_limit<T>() || problem.B.cols != 1 || problem.X.row_stride != 1 ||
        problem.overwrite.data != nullptr || !solve_small<T>(problem.A.view, problem.B, problem.X.data)) {
      return false;
    }
    certificate.method = Method::lu;
    certificate.rank = n;
    return true;
  }
}

/// The same for the inverse of a general one.
template <class T>
bool try_small_inverse(const SquareProblem<T>& problem, const SolveOptions& options, Certificate& certificate) {
  if constexpr (is_complex<T>) {
    return false;
  } else {
    const Index n = problem.A.rows();
    T rcond = 0;
    if (!problem.inverse || n > small_limit<T>() || problem.A.part != Part::full ||
        options.precision != Precision::working || problem.overwrite.data != nullptr ||
        !invert_small<T>(problem.A.view, problem.X, rcond)) {
      return false;
    }
    certificate.method = Method::lu;
    certificate.rcond = static_cast<double>(rcond);
    certificate.rank = n;
    return true;
  }
}

}  // namespace

template <class T>
std::vector<Index> involved_columns(const T* z, Index n) {
  const Real<T> largest = largest_modulus(z, n);
  std::vector<Index> columns;
  for (Index j = 0; j < n && largest > 0; ++j) {
    if (cheap_abs(z[j]) > Real<T>(1e-3) * largest) {
      columns.push_back(j);
    }
  }
  return columns;
}

template <class T>
Outcome solve_square(const SquareProblem<T>& problem, const SolveOptions& options, bool certify,
                     Certificate& certificate, Diagnosis& diagnosis) {
  const Index n = problem.A.rows();
  check_options(options);
  certificate.regime = 1;
  if (n == 0 || problem.B.cols == 0) {
    certificate.rcond = 1;
    certificate.rank = certify ? n : -1;
    certificate.backward_error = certificate.residual_norm = certificate.forward_error = 0;
    return {};
  }
  if (!certify && options.precision == Precision::working && try_small<T>(problem, options, certificate)) {
    return {};
  }
  Structure structure;
  structure.rows = structure.cols = n;
  const bool look =
      options.assume == Assume::banded || (options.assume == Assume::nothing && problem.A.part == Part::full);
  if (look) {
    structure = inspect<T>(problem.A.view);
  }
  Kind kind = assumed_kind(options.assume, structure.kind);
  if (!look && problem.A.part == Part::hermitian_lower && options.assume == Assume::nothing) {
    kind = options.method == Method::cholesky ? Kind::positive_definite_candidate : Kind::hermitian;
  }
  if (kind == Kind::symmetric && !is_complex<T>) {
    kind = Kind::hermitian;
  }
  if (options.trans != Trans::none && !look && problem.overwrite.data == nullptr) {  // a claimed triangle changes sides
    kind = kind == Kind::upper_triangular   ? Kind::lower_triangular
           : kind == Kind::lower_triangular ? Kind::upper_triangular
                                            : kind;
  }
  if (kind == Kind::zero && !(options.min_norm && options.method == Method::none)) {
    kind = Kind::general;  // LU says which column is zero
  }
  structure.kind = kind;
  certificate.structure = kind;
  if (options.method == Method::qr || options.method == Method::qr_pivoted || options.method == Method::svd) {
    LeastSquaresOptions ls;
    ls.method = options.method;
    ls.certify = certify;
    ls.check_finite = options.check_finite;
    ls.stop = options.stop;
    Outcome outcome = least_squares<T>(problem.A, problem.B, problem.X, ls, certificate, diagnosis);
    if (outcome.ok() && certificate.rank < n && !options.min_norm) {
      certificate.regime = 5;
      fill(problem.X, T(std::numeric_limits<Real<T>>::quiet_NaN()));
      outcome = {Reason::singular};
    }
    return outcome;
  }
  Method wish = options.method;
  if (kind == Kind::symmetric && wish == Method::cholesky) {
    wish = Method::ldlt;  // complex symmetric: not Hermitian, hence not definite
  }
  if (wish == Method::lu) {
    structure.kind = Kind::general;
  }
  if (structure.kind == Kind::general && (wish == Method::none || wish == Method::lu) &&
      try_small_inverse<T>(problem, options, certificate)) {
    return {};
  }
  const Plan steps = plan(structure, wish);
  const bool mixable = options.precision == Precision::mixed && problem.overwrite.data == nullptr && problem.refine &&
                       (wish == Method::none || wish == Method::lu || wish == Method::cholesky);
  if (mixable) {
    Outcome outcome;
    Matrix<T> X(n, problem.B.cols);
    if (solve_mixed<T>(problem.A, structure.kind, problem.B, X.view(), options, certify, certificate, outcome)) {
      copy_out<T>(X.view(), problem.X);
      return outcome;
    }
  }
  SquareProblem<T> reading = problem;
  const bool symmetric = kind == Kind::hermitian || kind == Kind::positive_definite_candidate;
  if (look && symmetric && !is_complex<T> && problem.overwrite.data == nullptr && problem.A.view.col_stride == 1) {
    reading.A.view = problem.A.view.transposed();  // the same matrix, and its columns are contiguous
  }
  const Outcome outcome =
      SquareSolve<T>(reading, options, certify, certificate, diagnosis, structure.kind).run(structure, steps);
  if (outcome.reason == Reason::singular || outcome.reason == Reason::not_positive_definite ||
      outcome.reason == Reason::stopped) {  // not where A or b was refused: X may be the caller's b
    fill(problem.X, T(std::numeric_limits<Real<T>>::quiet_NaN()));
  }
  return outcome;
}

#define INSTANTIATE(T)                                                                                            \
  template Outcome solve_square<T>(const SquareProblem<T>&, const SolveOptions&, bool, Certificate&, Diagnosis&); \
  template std::vector<Index> involved_columns<T>(const T*, Index);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
