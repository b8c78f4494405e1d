// SPDX-License-Identifier: BSD-3-Clause
#include "solve/square.hpp"

#include "certify/bounds.hpp"
#include "certify/residual.hpp"
#include "kernel/scaling.hpp"
#include "solve/small.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>

namespace hessolve {
namespace {

constexpr int most_refinements = 5;

template <class T>
void fill(MatrixView<T> X, T value) {
  for (Index j = 0; j < X.cols; ++j) {
    for (Index i = 0; i < X.rows; ++i) {
      X(i, j) = value;
    }
  }
}

template <class T>
Real<T> largest_modulus(const T* x, Index n) {
  Real<T> largest = 0;
  for (Index i = 0; i < n; ++i) {
    const Real<T> size = cheap_abs(x[i]);
    largest = size > largest || std::isnan(size) ? size : largest;
  }
  return largest;
}

template <class T>
class SquareSolve {
 public:
  using R = Real<T>;

  SquareSolve(const SquareProblem<T>& problem, const SolveOptions& options, bool certify, Certificate& certificate,
              Diagnosis& diagnosis, Kind kind)
      : A_(problem.A),
        overwriting_(problem.overwrite.data != nullptr),
        refine_(problem.refine && !overwriting_),
        B_(problem.B),
        X_(problem.X),
        options_(options),
        certify_(certify),
        certificate_(certificate),
        diagnosis_(diagnosis),
        n_(problem.A.rows()),
        k_(problem.B.cols),
        factor_(n_, kind, problem.overwrite),
        inverse_(n_ <= small_size ? n_ * n_ : 0),
        in_place_(k_ == 1 ? X_.row_stride == 1 : X_.row_stride == 1 && X_.col_stride >= n_),
        own_(in_place_ ? 0 : n_ * k_) {
    Y_ = in_place_ ? ColMajor<T>{X_.data, n_, k_, k_ == 1 ? n_ : X_.col_stride} : ColMajor<T>{own_.data(), n_, k_, n_};
  }

  Outcome run(const Structure& structure, const Plan& plan) {
    if (!factor_.load(A_, structure) && options_.check_finite) {
      return refuse("A", find_non_finite<T>(A_));
    }
    if (!copy_right_hand_side() && options_.check_finite) {
      return refuse("b", find_non_finite<T>(Source<T>{B_}));
    }
    factor_.equilibrate(false);
    Outcome outcome = factor(plan);
    if (outcome.ok()) {
      outcome = judge();
      if (outcome.reason == Reason::ill_conditioned && !overwriting_ && !factor_.scaled() && factor_.worth_scaling()) {
        (void)factor_.load(A_, structure);  // perhaps only badly scaled: try again, equilibrated
        factor_.equilibrate(true);
        outcome = factor(plan);
        if (outcome.ok()) {
          outcome = judge();
        }
      }
    }
    certificate_.method = factor_.method();
    if (outcome.reason == Reason::singular) {
      certificate_.rcond = 0;
      certificate_.regime = 5;
    }
    if (outcome.reason == Reason::singular || outcome.reason == Reason::ill_conditioned) {
      if (options_.min_norm && !overwriting_) {
        return climb();
      }
      outcome = diagnose(outcome);
    }
    if (outcome.ok() || outcome.reason == Reason::ill_conditioned) {
      outcome = finish(outcome);
    }
    return outcome;
  }

 private:
  Outcome refuse(const char* argument, std::pair<Index, Index> where) {
    diagnosis_.argument = argument;
    diagnosis_.row = where.first;
    diagnosis_.col = where.second;
    return {Reason::non_finite, where.first};
  }

  bool copy_right_hand_side() {
    R total = 0;
    for (Index j = 0; j < k_; ++j) {
      for (Index i = 0; i < n_; ++i) {
        const T value = B_(i, j);
        Y_(i, j) = value;
        total += cheap_abs(value) * R(0);
      }
    }
    return total == R(0);
  }

  Outcome factor(const Plan& plan) {
    Outcome outcome{Reason::singular, 0};
    for (int i = 0; i < plan.count; ++i) {
      const Method method = plan.methods[i];
      if (method == Method::qr_pivoted || method == Method::svd) {
        break;
      }
      outcome = factor_.factor(method, options_.stop);
      if (outcome.reason != Reason::not_positive_definite || options_.assume == Assume::positive_definite) {
        break;
      }
    }
    return outcome;
  }

  Outcome judge() {
    const R rcond = factor_.rcond(inverse_.data(), certify_);
    certificate_.rcond = static_cast<double>(rcond);
    certificate_.regime = rcond >= epsilon<T> ? 1 : 5;
    certificate_.rank = rcond >= epsilon<T> ? n_ : -1;
    return rcond >= epsilon<T> ? Outcome{} : Outcome{Reason::ill_conditioned};
  }

  /// Which columns of the caller's A depend on each other.
  Outcome diagnose(Outcome outcome) {
    Scratch<T, small_size> z(n_);
    const bool plain = options_.trans == Trans::none || overwriting_;
    if (plain && factor_.null_vector(outcome.where, z.data())) {
      diagnosis_.dependent = involved_columns<T>(z.data(), n_);
    } else if ((outcome.where >= 0 || !plain) && !overwriting_) {  // ask LU of A itself, which can tell
      const auto lu = std::make_unique<SquareFactor<T>>(n_, Kind::general, ColMajor<T>{});
      Structure structure;
      structure.rows = structure.cols = n_;
      Source<T> A = A_;
      if (!plain && A.part != Part::hermitian_lower && A.part != Part::symmetric_lower) {
        A.view = A.view.transposed();
        A.part = A.part == Part::lower ? Part::upper : A.part == Part::upper ? Part::lower : A.part;
      }
      A.conjugated = false;
      (void)lu->load(A, structure);
      lu->equilibrate(true);
      const Outcome again = lu->factor(Method::lu, options_.stop);
      if (again.reason == Reason::stopped) {
        return again;
      }
      if (lu->null_vector(again.reason == Reason::singular ? again.where : -1, z.data())) {
        diagnosis_.dependent = involved_columns<T>(z.data(), n_);
      }
    }
    return outcome;
  }

  /// Minimum norm from the rungs above.
  Outcome climb() {
    LeastSquaresOptions options;
    options.rank_is_lost = true;
    options.certify = certify_;
    options.check_finite = false;
    options.stop = options_.stop;
    const double rcond = certificate_.rcond;
    const Outcome outcome = least_squares<T>(A_, B_, X_, options, certificate_, diagnosis_);
    certificate_.rcond = rcond;
    if (certificate_.regime == 1 && !(rcond >= static_cast<double>(epsilon<T>))) {
      certificate_.regime = 5;
    }
    return outcome;
  }

  Outcome finish(Outcome outcome) {
    factor_.solve(Y_, overwriting_ ? options_.trans : Trans::none);
    if (refine_) {
      refine();
      if (!(certificate_.backward_error <= bar()) && outcome.ok()) {
        return by_qr();
      }
    }
    if (certify_ && !overwriting_) {
      certify_solution<T>(A_, factor_, inverse_.data(), Y_, B_, certificate_);
    }
    if (!in_place_) {
      copy_out<T>(Y_, X_);
    }
    return finite(X_) || outcome.reason == Reason::ill_conditioned ? outcome
                                                                   : Outcome{Reason::non_finite};  // x overflowed
  }

  /// Refinement could not undo what element growth did to the factors: orthogonal factors have no growth. A is well
  /// conditioned.
  Outcome by_qr() {
    LeastSquaresOptions options;
    options.method = Method::qr;
    options.certify = certify_;
    options.check_finite = false;
    options.stop = options_.stop;
    const double rcond = certificate_.rcond;
    const Outcome outcome = least_squares<T>(A_, B_, X_, options, certificate_, diagnosis_);
    if (outcome.reason != Reason::ok) {
      return outcome;
    }
    certificate_.rcond = rcond;
    Matrix<T> residual(n_, k_);
    Matrix<T> X(n_, k_);
    copy_into<T>(MatrixView<const T>(X_), X.view());
    hessolve::residual<T>(A_, X.view(), B_, residual.view());
    const double error = backward_error(X.view(), residual.view());
    certificate_.backward_error = certify_ ? std::min(certificate_.backward_error, error) : error;
    return error <= 4 * bar() ? outcome
                              : Outcome{Reason::ill_conditioned};  // NaN: A x overflows, and nothing can be said
  }

  [[nodiscard]] double bar() const { return static_cast<double>(n_) * static_cast<double>(epsilon<T>); }

  static bool finite(MatrixView<T> X) {
    for (Index j = 0; j < X.cols; ++j) {
      for (Index i = 0; i < X.rows; ++i) {
        if (!std::isfinite(cheap_abs(X(i, j)))) {
          return false;
        }
      }
    }
    return true;
  }

  /// The largest backward error over the columns, given R = B - A Y.
  double backward_error(InColMajor<T> X, InColMajor<T> residual) const {
    double worst = 0;
    for (Index j = 0; j < k_; ++j) {
      const auto r = static_cast<double>(largest_modulus(residual.col(j), n_));
      double b = 0;
      for (Index i = 0; i < n_; ++i) {
        b = std::max(b, static_cast<double>(cheap_abs(B_(i, j))));
      }
      const auto x = static_cast<double>(largest_modulus(X.col(j), n_));
      worst = max_or_nan(worst, r == 0 ? 0 : relative_residual(r, factor_.inf_norm(), x, b));
    }
    return worst;
  }

  void refine() {
    Scratch<T, small_size> memory(n_ * k_);
    const ColMajor<T> residual{memory.data(), n_, k_, n_};
    const double bar = this->bar();
    hessolve::residual<T>(A_, Y_, B_, residual);
    double error = backward_error(Y_, residual);
    if (error > bar) {
      Matrix<T> before(n_, k_);
      for (int i = 0; i < most_refinements && error > bar; ++i) {
        factor_.solve(residual, Trans::none);
        for (Index j = 0; j < k_; ++j) {
          std::copy_n(Y_.col(j), n_, before.view().col(j));
          for (Index l = 0; l < n_; ++l) {
            Y_(l, j) += residual(l, j);
          }
        }
        hessolve::residual<T>(A_, Y_, B_, residual);
        const double now = backward_error(Y_, residual);
        if (!(now < error)) {  // no better: keep what was
          for (Index j = 0; j < k_; ++j) {
            std::copy_n(before.view().col(j), n_, Y_.col(j));
          }
          break;
        }
        ++certificate_.refinements;
        const bool slow = now > error / 2;
        error = now;
        if (slow) {
          break;
        }
      }
    }
    certificate_.backward_error = error;
  }

  const Source<T>& A_;
  bool overwriting_;
  bool refine_;
  In<T> B_;
  MatrixView<T> X_;
  const SolveOptions& options_;
  bool certify_;
  Certificate& certificate_;
  Diagnosis& diagnosis_;
  Index n_;
  Index k_;
  SquareFactor<T> factor_;
  Scratch<T, small_size * small_size> inverse_;
  bool in_place_;
  Scratch<T, small_size> own_;
  ColMajor<T> Y_;
};

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
  if (!certify && try_small<T>(problem, options, certificate)) {
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
  if (kind == Kind::symmetric && wish != Method::none) {
    wish = Method::lu;  // complex symmetric: neither Cholesky nor L D L^H applies
  }
  if (wish == Method::lu) {
    structure.kind = Kind::general;
  }
  const Plan steps = plan(structure, wish);
  const Outcome outcome =
      SquareSolve<T>(problem, options, certify, certificate, diagnosis, structure.kind).run(structure, steps);
  const bool refused_or_overflowed =
      outcome.reason == Reason::non_finite;  // X may be the caller's b: leave it as it is
  if (!outcome.ok() && outcome.reason != Reason::ill_conditioned && !refused_or_overflowed) {
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
