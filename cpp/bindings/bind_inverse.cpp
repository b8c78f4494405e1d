// SPDX-License-Identifier: BSD-3-Clause
#include "options.hpp"
#include "run.hpp"
#include "solve/slice_functions.hpp"

#include <hessolve/solve/inverse.hpp>

namespace hessolve::bindings {
namespace {

template <class T>
py::tuple inv_stack(const py::array& a, SolveOptions options, bool overwrite_a) {
  const Stack<T> A(a, "A", overwrite_a);
  const Index n = A.rows();
  const py::array_t<T> x = overwrite_a ? py::reinterpret_borrow<py::array_t<T>>(a) : new_array<T>(A.batch(), {n, n});
  const Stack<T> X(x, "x", true);
  Report report = report_of(A.batch(), A.count(), n, !is_complex<T>, [&](const Stop& stop) {
    options.stop = stop;
    return invert_slices<T>(A, X, options, overwrite_a);
  });
  return py::make_tuple(x, std::move(report));
}

}  // namespace

void register_inverse(py::module_& m) {
  using namespace py::literals;
  m.def(
      "inv",
      [](const py::array& a, const std::string& method, const std::string& assume_a, bool overwrite_a,
         bool check_finite) {
        SolveOptions options;
        options.method = method_named(method);
        options.assume = assume_named(assume_a);
        options.check_finite = check_finite;
        return with_scalar(a, [&](auto t) { return inv_stack<decltype(t)>(a, options, overwrite_a); });
      },
      "A"_a, py::kw_only(), "method"_a, "assume_a"_a, "overwrite_a"_a, "check_finite"_a);
  m.def(
      "pinv",
      [](const py::array& a, double atol, double rtol, bool hermitian, bool check_finite) {
        return with_scalar(a, [&](auto t) -> py::tuple {
          using T = decltype(t);
          const Stack<T> A(a, "A");
          const py::array_t<T> x = new_array<T>(A.batch(), {A.cols(), A.rows()});
          const Stack<T> X(x, "x", true);
          Report report =
              run(A.batch(), A.count(), std::max(A.rows(), A.cols()), !is_complex<T>,
                  [&](Index i, const Stop& stop, Certificate& certificate, Diagnosis& diagnosis) {
                    const Source<T> source{A[i], hermitian ? Part::hermitian_lower : Part::full};
                    return pseudo_inverse<T>(source, X[i], atol, rtol, check_finite, certificate, diagnosis, stop);
                  });
          return py::make_tuple(x, std::move(report));
        });
      },
      "A"_a, py::kw_only(), "atol"_a, "rtol"_a, "hermitian"_a, "check_finite"_a);
  m.def(
      "singular_values",
      [](const py::array& a) {
        return with_scalar(a, [&](auto t) -> py::array {
          using T = decltype(t);
          const Stack<T> A(a, "A");
          const Index r = std::min(A.rows(), A.cols());
          py::array_t<Real<T>> s = new_array<Real<T>>(A.batch(), {r});
          Real<T>* out = s.mutable_data();
          (void)run(A.batch(), A.count(), std::max(A.rows(), A.cols()), !is_complex<T>,
                    [&](Index i, const Stop& stop, Certificate&, Diagnosis&) {
                      return singular_values_of<T>(A[i], out + i * r, stop);
                    });
          return s;
        });
      },
      "A"_a);
  m.def(
      "rcond",
      [](const py::array& a) {
        return with_scalar(a, [&](auto t) {
          using T = decltype(t);
          const Stack<T> A(a, "A");
          py::array_t<double> result(A.batch());
          double* out = result.mutable_data();
          (void)run(A.batch(), A.count(), A.rows(), !is_complex<T>,
                    [&](Index i, const Stop&, Certificate&, Diagnosis&) {
                      out[i] = rcond<T>(A[i]);
                      return Outcome{};
                    });
          return result;
        });
      },
      "A"_a);
}

}  // namespace hessolve::bindings
