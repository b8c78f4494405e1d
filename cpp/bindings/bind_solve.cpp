// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/scaling.hpp"
#include "options.hpp"
#include "overwritten.hpp"
#include "run.hpp"

#include <hessolve/least_squares/constrained.hpp>

namespace hessolve::bindings {
namespace {

template <class T>
py::tuple solve_stack(const py::array& a, const py::array& b, const SolveOptions& options, bool overwrite_a,
                      bool overwrite_b, bool certify) {
  const Stack<T> A(a, "A", overwrite_a);
  const Stack<T> B(b, "b", overwrite_b);
  const py::array_t<T> x =
      overwrite_b ? py::reinterpret_borrow<py::array_t<T>>(b) : new_array<T>(A.batch(), {A.rows(), B.cols()});
  const Stack<T> X(x, "x", true);
  const auto one = [&](Index i, const Stop& stop, Certificate& certificate, Diagnosis& diagnosis) {
    SolveOptions slice = options;
    slice.stop = stop;
    const Overwritten<T> memory(A[i], overwrite_a);
    Matrix<T> copy;  // of b, where x takes its place
    MatrixView<const T> rhs = B[i];
    if (overwrite_b) {
      copy = Matrix<T>(rhs.rows, rhs.cols);
      copy_into<T>(rhs, copy.view());
      rhs = copy.view();
    }
    SolveOptions reading = slice;
    if (memory.columns.data != nullptr) {
      reading.trans = Trans::none;  // the factors are A's own, and solve with its transpose
    }
    const SquareProblem<T> problem{source_for<T>(memory.view, reading), memory.columns, rhs, X[i]};
    const Outcome outcome = solve_square<T>(problem, slice, certify, certificate, diagnosis);
    const bool refused = outcome.reason == Reason::non_finite && diagnosis.argument != nullptr;
    if (refused) {
      memory.put_back();
    }
    if (overwrite_b && (refused || outcome.reason == Reason::not_positive_definite)) {
      copy_out<T>(copy.view(), X[i]);  // b as it was: there is no x to take its place
    }
    return outcome;
  };
  const bool plain = options.method == Method::none && options.trans == Trans::none && !certify && !overwrite_a &&
                     !overwrite_b && options.precision == Precision::working && B.cols() > 0 &&
                     B.cols() <= lane_limit && (options.assume == Assume::nothing || options.assume == Assume::general);
  if (plain && worth_lanes(A.batch(), A.count(), A.rows())) {
    Certificate clean;
    clean.method = Method::lu;
    clean.rank = A.rows();
    Report report = run_in_lanes(
        A.batch(), A.count(), A.rows(), !is_complex<T>, lanes<T>(), clean,
        [&](Index first, Index count, bool* is_clean) {
          std::array<MatrixView<const T>, most_lanes> a_views;
          std::array<MatrixView<const T>, most_lanes> b_views;
          std::array<MatrixView<T>, most_lanes> x_views;
          A.views(first, count, a_views);
          B.views(first, count, b_views);
          X.views(first, count, x_views);
          solve_lanes<T>(a_views.data(), b_views.data(), x_views.data(), count, is_clean);
        },
        one);
    return py::make_tuple(x, std::move(report));
  }
  Report report = run(A.batch(), A.count(), A.rows(), !is_complex<T>, one);
  return py::make_tuple(x, std::move(report));
}

template <class T>
py::tuple backslash_stack(const py::array& a, const py::array& b, const std::string& method, Precision precision) {
  const Stack<T> A(a, "A");
  const Stack<T> B(b, "b");
  const py::array_t<T> x = new_array<T>(A.batch(), {A.cols(), B.cols()});
  const Stack<T> X(x, "x", true);
  const Method wish = method_named(method);
  Report report = run(A.batch(), A.count(), std::max(A.rows(), A.cols()), !is_complex<T>,
                      [&](Index i, const Stop& stop, Certificate& certificate, Diagnosis& diagnosis) {
                        if (A.rows() == A.cols()) {
                          SolveOptions options;
                          options.method = wish;
                          options.precision = precision;
                          options.min_norm = may_lose_rank(wish);
                          options.stop = stop;
                          const SquareProblem<T> problem{source_for<T>(A[i], options), {}, B[i], X[i]};
                          return solve_square<T>(problem, options, true, certificate, diagnosis);
                        }
                        LeastSquaresOptions options;
                        options.method = wish;
                        options.precision = precision;
                        options.stop = stop;
                        return least_squares<T>(Source<T>{A[i]}, B[i], X[i], options, certificate, diagnosis);
                      });
  return py::make_tuple(x, std::move(report));
}

/// Whether a stack of least squares problems is laid across lanes: small, tall, and nothing special asked for.
template <class T>
bool fits_lanes(const Stack<T>& A, const Stack<T>& B, const LeastSquaresOptions& options) {
  constexpr Index most = 4096;  // elements of one problem: a group of them stays in the second-level cache
  return worth_lanes(A.batch(), A.count(), A.cols()) && A.rows() >= A.cols() && B.cols() > 0 &&
         A.rows() * (A.cols() + B.cols()) <= most && (options.method == Method::none || options.method == Method::qr) &&
         options.rcond < 0 && !options.certify && options.precision == Precision::working;
}

template <class T>
py::tuple lstsq_stack(const py::array& a, const py::array& b, const LeastSquaresOptions& options) {
  const Stack<T> A(a, "A");
  const Stack<T> B(b, "b");
  const Index r = std::min(A.rows(), A.cols());
  const py::array_t<T> x = new_array<T>(A.batch(), {A.cols(), B.cols()});
  py::array_t<double> squares = new_array<double>(A.batch(), {B.cols()});
  py::array_t<double> values = new_array<double>(A.batch(), {r});
  const Stack<T> X(x, "x", true);
  double* square = squares.mutable_data();
  double* value = values.mutable_data();
  std::atomic<bool> by_svd{A.count() > 0};
  const auto one = [&](Index i, const Stop& stop, Certificate& certificate, Diagnosis& diagnosis) {
    LeastSquaresOptions slice = options;
    slice.stop = stop;
    Buffer<Real<T>> s;
    const Outcome outcome =
        least_squares<T>(Source<T>{A[i]}, B[i], X[i], slice, certificate, diagnosis, square + i * B.cols(), &s);
    std::copy_n(s.data(), s.size(), value + i * r);
    if (r > 0 && certificate.method != Method::svd) {
      by_svd = false;
    }
    return outcome;
  };
  const auto report = [&]() -> Report {
    if (!fits_lanes(A, B, options)) {
      return run(A.batch(), A.count(), std::max(A.rows(), A.cols()), !is_complex<T>, one);
    }
    Certificate clean;
    clean.method = Method::qr;
    clean.rank = A.cols();
    return run_in_lanes(
        A.batch(), A.count(), A.cols(), !is_complex<T>, lanes<T>(), clean,
        [&](Index first, Index count, bool* is_clean) {
          std::array<MatrixView<const T>, most_lanes> a_views;
          std::array<MatrixView<const T>, most_lanes> b_views;
          std::array<MatrixView<T>, most_lanes> x_views;
          std::array<double*, most_lanes> squares_of;
          A.views(first, count, a_views);
          B.views(first, count, b_views);
          X.views(first, count, x_views);
          for (Index k = 0; k < count; ++k) {
            squares_of[static_cast<std::size_t>(k)] = square + (first + k) * B.cols();
          }
          lstsq_lanes<T>(a_views.data(), b_views.data(), x_views.data(), count, squares_of.data(), is_clean);
          for (Index k = 0; k < count; ++k) {
            by_svd = by_svd && !is_clean[k];
          }
        },
        one);
  }();
  return py::make_tuple(x, squares, by_svd ? py::object(values) : py::object(py::none()), report);
}

template <class T>
py::tuple constrained_one(const py::array& a, const py::array& b, const py::array& c, const py::array& d,
                          const SolveOptions& options, double rcond) {
  const Stack<T> A(a, "A");
  const Stack<T> B(b, "b");
  const Stack<T> C(c, "C");
  const Stack<T> D(d, "d");
  const py::array_t<T> x = new_array<T>({}, {A.cols(), B.cols()});
  py::array_t<double> squares = new_array<double>({}, {B.cols()});
  const Stack<T> X(x, "x", true);
  double* square = squares.mutable_data();
  Report report = run(
      {}, 1, A.rows() * A.cols(), !is_complex<T>,
      [&](Index, const Stop& stop, Certificate& certificate, Diagnosis& diagnosis) {
        SolveOptions slice = options;
        slice.stop = stop;
        const Outcome outcome = lstsq_constrained<T>(A[0], B[0], C[0], D[0], X[0], slice, &certificate, square, rcond);
        const std::pair<const char*, const Stack<T>*> arguments[] = {{"A", &A}, {"b", &B}, {"C", &C}, {"d", &D}};
        for (const auto& [name, stack] : arguments) {
          const auto [i, j] = outcome.reason == Reason::non_finite && diagnosis.argument == nullptr
                                  ? find_non_finite<T>(Source<T>{(*stack)[0]})
                                  : std::pair<Index, Index>{-1, -1};
          if (i >= 0) {
            diagnosis.argument = name;
            diagnosis.row = i;
            diagnosis.col = j;
          }
        }
        return outcome;
      });
  return py::make_tuple(x, squares, py::none(), std::move(report));
}

}  // namespace

void register_solve(py::module_& m) {
  using namespace py::literals;
  m.def(
      "solve",
      [](const py::array& a, const py::array& b, const std::string& method, const std::string& assume_a,
         const std::string& trans, bool min_norm, bool overwrite_a, bool overwrite_b, bool check_finite, bool certify,
         const std::string& precision) {
        SolveOptions options;
        options.precision = precision_named(precision);
        options.method = method_named(method);
        options.assume = assume_named(assume_a);
        options.trans = trans_named(trans);
        options.min_norm = min_norm;
        options.check_finite = check_finite;
        return with_scalar(
            a, [&](auto t) { return solve_stack<decltype(t)>(a, b, options, overwrite_a, overwrite_b, certify); });
      },
      "A"_a, "b"_a, py::kw_only(), "method"_a, "assume_a"_a, "trans"_a, "min_norm"_a, "overwrite_a"_a, "overwrite_b"_a,
      "check_finite"_a, "certify"_a, "precision"_a);
  m.def(
      "backslash",
      [](const py::array& a, const py::array& b, const std::string& method, const std::string& precision) {
        const Precision how = precision_named(precision);
        return with_scalar(a, [&](auto t) { return backslash_stack<decltype(t)>(a, b, method, how); });
      },
      "A"_a, "b"_a, py::kw_only(), "method"_a, "precision"_a);
  m.def(
      "lstsq",
      [](const py::array& a, const py::array& b, const std::string& method, double rcond, bool certify,
         const std::string& precision) {
        LeastSquaresOptions options;
        options.method = method_named(method);
        options.rcond = rcond;
        options.precision = precision_named(precision);
        options.certify = certify;
        return with_scalar(a, [&](auto t) { return lstsq_stack<decltype(t)>(a, b, options); });
      },
      "A"_a, "b"_a, py::kw_only(), "method"_a, "rcond"_a, "certify"_a, "precision"_a);
  m.def(
      "lstsq_constrained",
      [](const py::array& a, const py::array& b, const py::array& c, const py::array& d, const std::string& method,
         double rcond, bool /*certify*/, const std::string& precision) {  // the evidence is cheap beside the rest
        SolveOptions options;
        options.method = method_named(method);
        options.precision = precision_named(precision);
        return with_scalar(a, [&](auto t) { return constrained_one<decltype(t)>(a, b, c, d, options, rcond); });
      },
      "A"_a, "b"_a, "C"_a, "d"_a, py::kw_only(), "method"_a, "rcond"_a, "certify"_a, "precision"_a);
}

}  // namespace hessolve::bindings
