// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "array.hpp"

#include <hessolve/core/stop.hpp>
#include <hessolve/solve/options.hpp>

#include <chrono>
#include <optional>
#include <tuple>

namespace hessolve::bindings {

/// Outcomes and certificates of a stack of systems on their way to Python, where _solution.raise_for gives them
/// meaning.
struct Report {
  struct NonFinite {
    const char* argument;
    Index row;
    Index col;
  };

  explicit Report(std::vector<py::ssize_t> batch_shape, Index count)
      : batch(std::move(batch_shape)),
        count(count),
        outcomes(static_cast<std::size_t>(count)),
        certificates(static_cast<std::size_t>(count)) {}

  /// Every slice is ok, and there is nothing more to say of any of them than this.
  static Report all_ok(std::vector<py::ssize_t> batch_shape, Index count, const Certificate& common) {
    Report report(std::move(batch_shape), 0);
    report.count = count;
    report.common = common;
    return report;
  }
  [[nodiscard]] bool uniform() const { return outcomes.empty() && count > 0; }
  [[nodiscard]] const Outcome& outcome(std::size_t i) const { return uniform() ? common_outcome : outcomes[i]; }
  [[nodiscard]] const Certificate& certificate(std::size_t i) const { return uniform() ? common : certificates[i]; }

  std::vector<py::ssize_t> batch;
  Index count = 0;
  Outcome common_outcome;
  Certificate common;
  std::vector<Outcome> outcomes;
  std::vector<Certificate> certificates;
  std::vector<Index> dependent;
  std::optional<NonFinite> non_finite;
  bool real = true;
  double seconds = 0;

  [[nodiscard]] bool stopped() const {
    for (const Outcome& outcome : outcomes) {
      if (outcome.reason == Reason::stopped) {
        return true;
      }
    }
    return false;
  }
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

}  // namespace hessolve::bindings
