// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "errors.hpp"
#include "solve/batch.hpp"
#include "solve/inverses.hpp"

namespace hessolve::bindings {

/// Run solve_slice(i, stop, certificate, diagnosis) over a stack, without the GIL where it is worth it, and gather the
/// evidence.
template <class Solve>
Report run(const std::vector<py::ssize_t>& batch, Index count, Index n, bool real, Solve&& solve_slice) {
  Report report(batch, count);
  report.real = real;
  std::vector<Diagnosis> diagnoses(static_cast<std::size_t>(count));
  const auto start = std::chrono::steady_clock::now();
  const auto work = [&] {
    return for_each_slice(count, n, python_signals(), [&](Index i, const Stop& stop) {
      const auto slot = static_cast<std::size_t>(i);
      return report.outcomes[slot] = solve_slice(i, stop, report.certificates[slot], diagnoses[slot]);
    });
  };
  bool finished = true;
  if (count * n > 64) {
    const py::gil_scoped_release nogil;
    finished = work();
  } else {
    finished = work();
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!finished && count > 0) {
    report.outcomes[0] = {Reason::stopped};
  }
  raise_if_stopped(report);
  for (std::size_t i = 0; i < diagnoses.size(); ++i) {
    if (report.dependent.empty()) {
      report.dependent = std::move(diagnoses[i].dependent);
    }
    if (!report.non_finite && diagnoses[i].argument != nullptr) {
      report.non_finite = Report::NonFinite{diagnoses[i].argument, diagnoses[i].row, diagnoses[i].col};
    }
  }
  return report;
}

}  // namespace hessolve::bindings
