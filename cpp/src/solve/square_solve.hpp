// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "certify/bounds.hpp"
#include "certify/refinement.hpp"
#include "certify/residual.hpp"
#include "kernel/fill.hpp"
#include "kernel/scaling.hpp"
#include "kernel/transpose.hpp"
#include "solve/square.hpp"

#include <cmath>
#include <memory>

namespace hessolve {

/// One square system on its way: load, equilibrate, factor, judge, solve, refine, certify; the plan is made.
template <class T>
class SquareSolve {
 public:
  using R = Real<T>;

  SquareSolve(const SquareProblem<T>& problem, const SolveOptions& options, bool certify, Certificate& certificate,
              Diagnosis& diagnosis, Kind kind)
      : A_(problem.A),
        overwriting_(problem.overwrite.data != nullptr),
        refine_(problem.refine && !overwriting_),
        inverse_wanted_(problem.inverse),
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
        turned_(inverse_wanted_ && !in_place_ && X_.col_stride == 1 && X_.row_stride >= n_),
        own_(in_place_ || turned_ ? 0 : n_ * k_) {
    Y_ = in_place_ ? ColMajor<T>{X_.data, n_, k_, k_ == 1 ? n_ : X_.col_stride}
         : turned_ ? ColMajor<T>{X_.data, n_, k_, X_.row_stride}
                   : ColMajor<T>{own_.data(), n_, k_, n_};
  }

  Outcome run(const Structure& structure, const Plan& plan) {
    if (!factor_.load(A_, structure) && options_.check_finite) {
      return refuse("A", find_non_finite<T>(A_));
    }
    if (!inverse_wanted_ && !copy_right_hand_side() && options_.check_finite) {
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
    if (!(inverse_wanted_ && factor_.inverse(Y_))) {
      if (inverse_wanted_) {
        set_identity<T>(Y_);
      }
      factor_.solve(Y_, overwriting_ ? options_.trans : Trans::none);
    }
    const bool overflowed = !finite(Y_);
    Refinement refined;
    if (refine_ && !overflowed) {
      if (options_.precision == Precision::extended) {
        refined = refine_extended<T>(A_, Y_, B_, [this](ColMajor<T> residual, ColMajor<T> correction) {
          copy_into<T>(MatrixView<const T>(residual), correction);
          factor_.solve(correction, Trans::none);
        });
        certificate_.refinements += refined.steps;
      }
      refine();
      if (!(certificate_.backward_error <= bar()) && outcome.ok()) {
        if (!factor_.scaled() && by_qr()) {  // QR would not survive what equilibration has mended
          return {};
        }
        outcome = {Reason::stagnated};
      }
    }
    if (certify_ && !overwriting_) {
      certify_solution<T>(A_, factor_, inverse_.data(), Y_, B_, certificate_);
      tighten(refined, certificate_);
    }
    if (turned_) {
      transpose_in_place<T>(Y_);
    } else if (!in_place_) {
      copy_out<T>(Y_, X_);
    }
    return overflowed && outcome.ok() ? Outcome{Reason::non_finite} : outcome;
  }

  /// Refinement could not undo what element growth did to the factors: orthogonal factors have no growth. False, and Y
  /// as it was, where that is no better.
  bool by_qr() {
    LeastSquaresOptions options;
    options.method = Method::qr;
    options.certify = certify_;
    options.check_finite = false;
    options.stop = options_.stop;
    Certificate certificate = certificate_;
    Matrix<T> X(n_, k_);
    if (!least_squares<T>(A_, B_, X.view(), options, certificate, diagnosis_).ok() || certificate.rank < n_) {
      return false;
    }
    Matrix<T> residual(n_, k_);
    hessolve::residual<T>(A_, X.view(), B_, residual.view());
    const double error = backward_error_of<T>(factor_.inf_norm(), X.view(), B_, residual.view());
    if (!(error <= 4 * bar())) {
      return false;
    }
    certificate.rcond = certificate_.rcond;
    certificate.backward_error = certify_ ? std::min(certificate.backward_error, error) : error;
    certificate_ = certificate;
    copy_out<T>(X.view(), X_);
    return true;
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

  void refine() {
    certificate_.backward_error = hessolve::refine<T>(A_, factor_.inf_norm(), bar(), Y_, B_, certificate_.refinements,
                                                      [this](ColMajor<T> R) { factor_.solve(R, Trans::none); });
  }

  const Source<T>& A_;
  bool overwriting_;
  bool refine_;
  bool inverse_wanted_;
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
  bool turned_;  // Y_ is X_'s memory, which wants the transpose
  Scratch<T, small_size> own_;
  ColMajor<T> Y_;
};

}  // namespace hessolve
