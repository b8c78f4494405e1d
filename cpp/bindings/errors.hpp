// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "array.hpp"

#include <chrono>
#include <tuple>

namespace hessolve::bindings {

/// Outcomes and certificates of a stack of systems on their way to Python, where _solution.raise_for gives them
/// meaning.
struct Report : SliceReport {
  Report(std::vector<py::ssize_t> batch_shape, Index count) : SliceReport(count), batch(std::move(batch_shape)) {}
  Report(std::vector<py::ssize_t> batch_shape, SliceReport found)
      : SliceReport(std::move(found)),
        batch(std::move(batch_shape)) {}

  std::vector<py::ssize_t> batch;
  bool real = true;
  double seconds = 0;
};

/// A Stop that asks Python for pending signals; only the main thread of the interpreter ever sees one.
[[nodiscard]] inline Stop python_signals() {
  return {[](void*) {
            const py::gil_scoped_acquire gil;
            return PyErr_CheckSignals() != 0;
          },
          nullptr};
}

/// After a stopped call: hand on the exception the signal handler raised.
inline void raise_if_stopped(const Report& report) {
  if (report.stopped()) {
    if (PyErr_Occurred() == nullptr) {
      PyErr_SetNone(PyExc_KeyboardInterrupt);
    }
    throw py::error_already_set();
  }
}

/// Hand on what a signal handler has raised while the interpreter's lock was released.
inline void raise_if_interrupted() {
  if (PyErr_Occurred() != nullptr) {
    throw py::error_already_set();
  }
}

/// (code of the reason, index) for functions whose outcome Python words itself.
[[nodiscard]] inline py::tuple as_tuple(Outcome outcome) {
  return py::make_tuple(static_cast<int>(outcome.reason), outcome.where);
}

void register_report(py::module_& m);
void register_solve(py::module_& m);
void register_inverse(py::module_& m);
void register_factor(py::module_& m);
void register_decompositions(py::module_& m);
void register_least_squares(py::module_& m);
void register_regression(py::module_& m);
void register_lasso(py::module_& m);
void register_fast_path(py::module_& m);
void register_system(py::module_& m);
void register_operators(py::module_& m);
void register_iterative(py::module_& m);
void register_sparse(py::module_& m);
void register_analysis(py::module_& m);
void register_quasi_newton(py::module_& m);
void register_derivatives(py::module_& m);

}  // namespace hessolve::bindings
