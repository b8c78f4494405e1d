// SPDX-License-Identifier: BSD-3-Clause
// solve, backslash, lstsq and inv over stacks.
#include "kernel/fill.hpp"
#include "kernel/scaling.hpp"
#include "solve/inverses.hpp"
#include "solve/overwritten.hpp"
#include "solve/slice_functions.hpp"
#include "solve/small.hpp"

#include <hessolve/solve/plan.hpp>

#include <array>
#include <limits>

namespace hessolve {
namespace {

template <class T>
constexpr T not_a_number = T(std::numeric_limits<Real<T>>::quiet_NaN());

/// What lanes leave to be said of a slice they answered.
Certificate certificate_of(Method method, Index rank) {
  Certificate certificate;
  certificate.method = method;
  certificate.rank = rank;
  return certificate;
}

bool nothing_claimed(const SolveOptions& options) {
  return options.assume == Assume::nothing || options.assume == Assume::general;
}

/// Sizes up to which matrices of a stack are faster across lanes (with AVX-512) than one by one, or two by two where
/// they are solved with. Groups of larger ones do not fit the first-level cache, and exchange rows wherever one of them
/// does; and the bound by which lanes prove a solution right says little in single precision.
template <class T>
constexpr Index solved_in_lanes = is_complex<T>              ? lane_limit
                                  : std::is_same_v<T, float> ? 12
                                                             : 15;
template <class T>
constexpr Index inverted_in_lanes = is_complex<T>              ? lane_limit
                                    : std::is_same_v<T, float> ? 24
                                                               : 18;

/// One slice; nothing is destroyed.
template <class T>
Outcome solve_one(In<T> A, In<T> B, MatrixView<T> X, const SolveOptions& options, bool certify,
                  Certificate& certificate, Diagnosis& diagnosis) {
  const SquareProblem<T> problem{source_for<T>(A, options), {}, B, X};
  const Outcome outcome = solve_square<T>(problem, options, certify, certificate, diagnosis);
  if (diagnosis.argument != nullptr) {
    fill<T>(X, not_a_number<T>);
  }
  return outcome;
}

/// One slice whose A (where `A` has memory) or b may be destroyed.
template <class T>
Outcome solve_destroying(In<T> readable, MatrixView<T> A, In<T> B, MatrixView<T> X, const SolveOptions& options,
                         bool certify, bool overwrite_b, Certificate& certificate, Diagnosis& diagnosis) {
  const bool overwrite_a = A.data != nullptr;
  const Overwritten<T> memory(A, overwrite_a);
  Matrix<T> copy;  // of b, where x takes its place
  MatrixView<const T> rhs = B;
  if (overwrite_b) {
    copy = Matrix<T>(rhs.rows, rhs.cols);
    copy_into<T>(rhs, copy.view());
    rhs = copy.view();
  }
  SolveOptions reading = options;
  if (memory.columns.data != nullptr) {
    reading.trans = Trans::none;  // the factors are A's own, and solve with its transpose
  }
  const MatrixView<const T> view = overwrite_a ? MatrixView<const T>(memory.view) : readable;
  const SquareProblem<T> problem{source_for<T>(view, reading), memory.columns, rhs, X};
  const Outcome outcome = solve_square<T>(problem, options, certify, certificate, diagnosis);
  const bool refused = outcome.reason == Reason::non_finite && diagnosis.argument != nullptr;
  if (refused) {
    memory.put_back();
  }
  if (overwrite_b && (refused || outcome.reason == Reason::not_positive_definite)) {
    copy_out<T>(copy.view(), X);  // b as it was: there is no x to take its place
  }
  return outcome;
}

/// Whether a stack of least squares problems is laid across lanes: small, tall, and nothing special asked for.
template <class T>
bool fits_lanes(const Slices<const T>& A, const Slices<const T>& B, const LeastSquaresOptions& options) {
  constexpr Index most = 4096;  // elements of one problem: a group of them stays in the second-level cache
  return worth_lanes(A, A.cols()) && A.rows() >= A.cols() && B.cols() > 0 && A.rows() * (A.cols() + B.cols()) <= most &&
         (options.method == Method::none || options.method == Method::qr) && options.rcond < 0 && !options.certify &&
         options.precision == Precision::working;
}

}  // namespace

template <class T>
SliceReport solve_slices(const Slices<const T>& A, const Slices<const T>& B, const Slices<T>& X,
                         const SolveOptions& options, bool certify, const Overwrite<T>& overwrite) {
  const bool destroying = overwrite.a != nullptr || overwrite.b;
  const auto one = [&](Index i, const Stop& stop, Certificate& certificate, Diagnosis& diagnosis) {
    SolveOptions slice = options;
    slice.stop = stop;
    if (destroying) {
      const MatrixView<T> own = overwrite.a != nullptr ? (*overwrite.a)[i] : MatrixView<T>{};
      return solve_destroying<T>(A[i], own, B[i], X[i], slice, certify, overwrite.b, certificate, diagnosis);
    }
    return solve_one<T>(A[i], B[i], X[i], slice, certify, certificate, diagnosis);
  };
  const bool plain = options.method == Method::none && options.trans == Trans::none && !certify && !destroying &&
                     options.precision == Precision::working && B.cols() > 0 && B.cols() <= lane_limit &&
                     nothing_claimed(options);
  if (!plain || !worth_lanes(A, A.rows())) {
    return run_slices(A.count(), A.rows(), options.stop, one);
  }
  const auto group = [&](Index first, Index count, bool* clean) {
    if constexpr (!is_complex<T>) {
      if (A.rows() > solved_in_lanes<T> && A.rows() <= small_limit<T>() && B.cols() == 1) {
        solve_small<T>(SliceGroup(A, first, count).data(), SliceGroup(B, first, count).data(),
                       SliceGroup(X, first, count).data(), count, clean, following(A, first, 2 * count));
        return;
      }
    }
    solve_lanes<T>(SliceGroup(A, first, count).data(), SliceGroup(B, first, count).data(),
                   SliceGroup(X, first, count).data(), count, clean, following(A, first + count, count));
  };
  return run_in_lanes<T>(A.count(), A.rows(), options.stop, certificate_of(Method::lu, A.rows()), group, one);
}

template <class T>
SliceReport invert_slices(const Slices<const T>& A, const Slices<T>& X, const SolveOptions& options, bool in_place) {
  const Index n = A.rows();
  const auto one = [&](Index i, const Stop& stop, Certificate& certificate, Diagnosis& diagnosis) {
    SolveOptions slice = options;
    slice.stop = stop;
    const Outcome outcome = invert<T>(source_for<T>(A[i], slice), X[i], slice, certificate, diagnosis);
    if (diagnosis.argument != nullptr && !in_place) {
      fill<T>(X[i], not_a_number<T>);
    }
    return outcome;
  };
  if (options.method != Method::none || in_place || !nothing_claimed(options) || !worth_lanes(A, n)) {
    return run_slices(A.count(), n, options.stop, one);
  }
  const auto group = [&](Index first, Index count, bool* clean) {
    if constexpr (!is_complex<T>) {
      if (n > inverted_in_lanes<T> && n <= small_limit<T>()) {
        T rcond = 0;
        for (Index i = first; i < first + count; ++i) {
          *clean++ = invert_small<T>(A[i], X[i], rcond);
        }
        return;
      }
    }
    inv_lanes<T>(SliceGroup(A, first, count).data(), SliceGroup(X, first, count).data(), count, clean,
                 following(A, first + count, count));
  };
  return run_in_lanes<T>(A.count(), n, options.stop, certificate_of(Method::lu, n), group, one);
}

template <class T>
SliceReport backslash_slices(const Slices<const T>& A, const Slices<const T>& B, const Slices<T>& X,
                             const SolveOptions& options) {
  const auto one = [&](Index i, const Stop& stop, Certificate& certificate, Diagnosis& diagnosis) {
    if (A.rows() == A.cols()) {
      SolveOptions slice = options;
      slice.min_norm = may_lose_rank(options.method);
      slice.stop = stop;
      return solve_one<T>(A[i], B[i], X[i], slice, true, certificate, diagnosis);
    }
    LeastSquaresOptions slice;
    slice.method = options.method;
    slice.precision = options.precision;
    slice.stop = stop;
    return least_squares<T>(Source<T>{A[i]}, B[i], X[i], slice, certificate, diagnosis);
  };
  return run_slices(A.count(), std::max(A.rows(), A.cols()), options.stop, one);
}

template <class T>
SliceReport lstsq_slices(const Slices<const T>& A, const Slices<const T>& B, const Slices<T>& X,
                         const LeastSquaresOptions& options, LeastSquaresExtras& extras) {
  const Index r = std::min(A.rows(), A.cols());
  const Index k = B.cols();
  Buffer<double> own(extras.residual_squares == nullptr ? A.count() * k : 0);
  double* squares = extras.residual_squares != nullptr ? extras.residual_squares : own.data();
  std::atomic<bool> by_svd{A.count() > 0};
  const auto one = [&](Index i, const Stop& stop, Certificate& certificate, Diagnosis& diagnosis) {
    LeastSquaresOptions slice = options;
    slice.stop = stop;
    Buffer<Real<T>> s;
    const Outcome outcome =
        least_squares<T>(Source<T>{A[i]}, B[i], X[i], slice, certificate, diagnosis, squares + i * k, &s);
    if (diagnosis.argument != nullptr) {
      fill<T>(X[i], not_a_number<T>);
    }
    if (extras.singular_values != nullptr) {
      std::copy_n(s.data(), s.size(), extras.singular_values + i * r);
    }
    if (r > 0 && certificate.method != Method::svd) {
      by_svd = false;
    }
    return outcome;
  };
  const auto group = [&](Index first, Index count, bool* clean) {
    std::array<double*, most_lanes> squares_of{};
    for (Index q = 0; q < count; ++q) {
      squares_of[static_cast<std::size_t>(q)] = squares + (first + q) * k;
    }
    lstsq_lanes<T>(SliceGroup(A, first, count).data(), SliceGroup(B, first, count).data(),
                   SliceGroup(X, first, count).data(), count, squares_of.data(), clean);
    if (std::any_of(clean, clean + count, [](bool is) { return is; })) {
      by_svd = false;
    }
  };
  SliceReport report =
      fits_lanes<T>(A, B, options)
          ? run_in_lanes<T>(A.count(), A.cols(), options.stop, certificate_of(Method::qr, A.cols()), group, one)
          : run_slices(A.count(), std::max(A.rows(), A.cols()), options.stop, one);
  extras.by_svd = by_svd;
  return report;
}

#define INSTANTIATE(T)                                                                                        \
  template SliceReport solve_slices<T>(const Slices<const T>&, const Slices<const T>&, const Slices<T>&,      \
                                       const SolveOptions&, bool, const Overwrite<T>&);                       \
  template SliceReport invert_slices<T>(const Slices<const T>&, const Slices<T>&, const SolveOptions&, bool); \
  template SliceReport backslash_slices<T>(const Slices<const T>&, const Slices<const T>&, const Slices<T>&,  \
                                           const SolveOptions&);                                              \
  template SliceReport lstsq_slices<T>(const Slices<const T>&, const Slices<const T>&, const Slices<T>&,      \
                                       const LeastSquaresOptions&, LeastSquaresExtras&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
