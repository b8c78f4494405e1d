// SPDX-License-Identifier: BSD-3-Clause
#include "options.hpp"
#include "run.hpp"
#include "solve/slice_functions.hpp"

#include <hessolve/least_squares/constrained.hpp>

namespace hessolve::bindings {
namespace {

template <class T>
py::tuple solve_stack(const py::array& a, const py::array& b, SolveOptions options, bool overwrite_a, bool overwrite_b,
                      bool certify) {
  const Stack<T> A(a, "A", overwrite_a);
  const Stack<T> B(b, "b", overwrite_b);
  const py::array_t<T> x =
      overwrite_b ? py::reinterpret_borrow<py::array_t<T>>(b) : new_array<T>(A.batch(), {A.rows(), B.cols()});
  const Stack<T> X(x, "x", true);
  const Overwrite<T> overwrite{overwrite_a ? &A : nullptr, overwrite_b};
  Report report = report_of(A.batch(), A.count(), A.rows(), !is_complex<T>, [&](const Stop& stop) {
    options.stop = stop;
    return solve_slices<T>(A, B, X, options, certify, overwrite);
  });
  return py::make_tuple(x, std::move(report));
}

template <class T>
py::tuple backslash_stack(const py::array& a, const py::array& b, const std::string& method, Precision precision) {
  const Stack<T> A(a, "A");
  const Stack<T> B(b, "b");
  const py::array_t<T> x = new_array<T>(A.batch(), {A.cols(), B.cols()});
  const Stack<T> X(x, "x", true);
  SolveOptions options;
  options.method = method_named(method);
  options.precision = precision;
  Report report = report_of(A.batch(), A.count(), std::max(A.rows(), A.cols()), !is_complex<T>, [&](const Stop& stop) {
    options.stop = stop;
    return backslash_slices<T>(A, B, X, options);
  });
  return py::make_tuple(x, std::move(report));
}

template <class T>
py::tuple lstsq_stack(const py::array& a, const py::array& b, LeastSquaresOptions options) {
  const Stack<T> A(a, "A");
  const Stack<T> B(b, "b");
  const py::array_t<T> x = new_array<T>(A.batch(), {A.cols(), B.cols()});
  py::array_t<double> squares = new_array<double>(A.batch(), {B.cols()});
  py::array_t<double> values = new_array<double>(A.batch(), {std::min(A.rows(), A.cols())});
  const Stack<T> X(x, "x", true);
  LeastSquaresExtras extras{squares.mutable_data(), values.mutable_data()};
  Report report = report_of(A.batch(), A.count(), std::max(A.rows(), A.cols()), !is_complex<T>, [&](const Stop& stop) {
    options.stop = stop;
    return lstsq_slices<T>(A, B, X, options, extras);
  });
  return py::make_tuple(x, squares, extras.by_svd ? py::object(values) : py::object(py::none()), std::move(report));
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
