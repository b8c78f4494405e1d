// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/solve/inverse.hpp>
#include <hessolve/solve/solve.hpp>

#include "kernel/overlap.hpp"
#include "solve/inverses.hpp"

#include <limits>
#include <stdexcept>

namespace hessolve {
namespace {

template <class T>
void check(In<T> A, In<T> B, MatrixView<T> X, bool square) {
  if (square && A.rows != A.cols) {
    throw std::invalid_argument("A must be square; backslash and lstsq take any shape");
  }
  if (B.rows != A.rows || X.rows != A.cols || X.cols != B.cols) {
    throw std::invalid_argument("shapes disagree: A is m x n, B must be m x k and X n x k");
  }
  if (overlap<T>(X, A) || overlap<T>(X, B)) {
    throw std::invalid_argument("X overlaps A or B");
  }
}

/// Where A or b was refused, X is NaN.
template <class T>
Outcome leave_no_answer(Outcome outcome, const Diagnosis& diagnosis, MatrixView<T> X) {
  if (diagnosis.argument != nullptr) {
    for (Index j = 0; j < X.cols; ++j) {
      for (Index i = 0; i < X.rows; ++i) {
        X(i, j) = T(std::numeric_limits<Real<T>>::quiet_NaN());
      }
    }
  }
  return outcome;
}

}  // namespace

template <class T>
Outcome solve(In<T> A, In<T> B, MatrixView<T> X, const SolveOptions& options, Certificate* certificate) {
  check<T>(A, B, X, true);
  Certificate own;
  Diagnosis diagnosis;
  const SquareProblem<T> problem{source_for<T>(A, options), {}, B, X};
  const Outcome outcome =
      solve_square<T>(problem, options, certificate != nullptr, certificate != nullptr ? *certificate : own, diagnosis);
  return leave_no_answer(outcome, diagnosis, X);
}

template <class T>
Outcome lstsq(In<T> A, In<T> B, MatrixView<T> X, const SolveOptions& options, Certificate* certificate) {
  check<T>(A, B, X, false);
  Certificate own;
  Diagnosis diagnosis;
  LeastSquaresOptions ls;
  ls.method = options.method;
  ls.certify = certificate != nullptr;
  ls.check_finite = options.check_finite;
  ls.stop = options.stop;
  const Outcome outcome =
      least_squares<T>(Source<T>{A}, B, X, ls, certificate != nullptr ? *certificate : own, diagnosis);
  return leave_no_answer(outcome, diagnosis, X);
}

template <class T>
Outcome backslash(In<T> A, In<T> B, MatrixView<T> X, const SolveOptions& options, Certificate* certificate) {
  if (A.rows != A.cols) {
    return lstsq<T>(A, B, X, options, certificate);
  }
  SolveOptions climbing = options;
  climbing.min_norm = may_lose_rank(options.method);
  return solve<T>(A, B, X, climbing, certificate);
}

template <class T>
Outcome inv(In<T> A, MatrixView<T> X, const SolveOptions& options, Certificate* certificate) {
  if (A.rows != A.cols || X.rows != A.rows || X.cols != A.cols) {
    throw std::invalid_argument("A must be square, and X of its shape");
  }
  Certificate own;
  Diagnosis diagnosis;
  const Outcome outcome =
      invert<T>(source_for<T>(A, options), X, options, certificate != nullptr ? *certificate : own, diagnosis);
  return leave_no_answer(outcome, diagnosis, X);
}

template <class T>
Outcome pinv(In<T> A, MatrixView<T> X, double atol, double rtol, Index* rank) {
  if (X.rows != A.cols || X.cols != A.rows) {
    throw std::invalid_argument("X must be n x m for an m x n matrix A");
  }
  Certificate certificate;
  Diagnosis diagnosis;
  const Outcome outcome = pseudo_inverse<T>(Source<T>{A}, X, atol, rtol, true, certificate, diagnosis);
  if (rank != nullptr) {
    *rank = certificate.rank;
  }
  return outcome;
}

namespace {

/// A square matrix on its way through the methods of its plan, the first that works.
template <class T>
class Trial {
 public:
  explicit Trial(In<T> A) : A_{A}, structure_(inspect<T>(A)), factor_(A.rows, prepared(structure_), {}) {}

  [[nodiscard]] bool load() { return factor_.load(A_, structure_); }
  Outcome run(bool always) {
    factor_.equilibrate(always);
    const Plan steps = plan(structure_);
    Outcome outcome{Reason::singular, 0};
    for (int i = 0; i < steps.count && steps.methods[i] != Method::qr_pivoted; ++i) {
      outcome = factor_.factor(steps.methods[i], {});
      if (outcome.reason != Reason::not_positive_definite) {
        break;
      }
    }
    return outcome;
  }
  [[nodiscard]] const SquareFactor<T>& factor() const { return factor_; }

 private:
  static Kind prepared(Structure& structure) {
    if (structure.kind == Kind::symmetric && !is_complex<T>) {
      structure.kind = Kind::hermitian;
    }
    return structure.kind;
  }

  Source<T> A_;
  Structure structure_;
  SquareFactor<T> factor_;
};

}  // namespace

template <class T>
Determinant<T> slogdet(In<T> A) {
  if (A.rows != A.cols) {
    throw std::invalid_argument("A must be square");
  }
  if (A.rows == 0) {
    return {};
  }
  Determinant<T> zero;
  zero.mantissa = T(0);
  Trial<T> trial(A);
  if (!trial.load()) {
    zero.mantissa = T(std::numeric_limits<Real<T>>::quiet_NaN());
    return zero;
  }
  return trial.run(false).ok() ? trial.factor().determinant() : zero;
}

template <class T>
T det(In<T> A) {
  return slogdet<T>(A).value();
}

template <class T>
double rcond(In<T> A) {
  if (A.rows != A.cols) {
    throw std::invalid_argument("A must be square");
  }
  const Index n = A.rows;
  if (n == 0) {
    return 1;
  }
  Trial<T> trial(A);
  if (!trial.load()) {
    return Certificate::unknown;
  }
  Scratch<T, small_size * small_size> inverse(n <= small_size ? n * n : 0);
  const auto measure = [&](bool always) {
    return trial.run(always).ok() ? static_cast<double>(trial.factor().rcond(inverse.data())) : 0.0;
  };
  double result = measure(false);
  if (!(result >= static_cast<double>(epsilon<T>)) && !trial.factor().scaled() && trial.factor().worth_scaling()) {
    (void)trial.load();
    result = measure(true);
  }
  return result;
}

#define INSTANTIATE(T)                                                                           \
  template Outcome solve<T>(In<T>, In<T>, MatrixView<T>, const SolveOptions&, Certificate*);     \
  template Outcome lstsq<T>(In<T>, In<T>, MatrixView<T>, const SolveOptions&, Certificate*);     \
  template Outcome backslash<T>(In<T>, In<T>, MatrixView<T>, const SolveOptions&, Certificate*); \
  template Outcome inv<T>(In<T>, MatrixView<T>, const SolveOptions&, Certificate*);              \
  template Outcome pinv<T>(In<T>, MatrixView<T>, double, double, Index*);                        \
  template double rcond<T>(In<T>);                                                               \
  template Determinant<T> slogdet<T>(In<T>);                                                     \
  template T det<T>(In<T>);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
