// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "errors.hpp"
#include "solve/inverses.hpp"

namespace hessolve::bindings {

/// Without the GIL where the work is worth it.
template <class Work>
auto release_for(bool worth, Work&& work) {
  if (worth) {
    const py::gil_scoped_release nogil;
    return work();
  }
  return work();
}

/// work(stop), which returns the evidence for `count` systems of size n, without the GIL where they are large; timed.
template <class Work>
Report report_of(const std::vector<py::ssize_t>& batch, Index count, Index n, bool real, Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  Report report(batch, release_for(count * n > 64, [&] { return work(python_signals()); }));
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.real = real;
  raise_if_stopped(report);
  return report;
}

/// The same for solve_slice(i, stop, certificate, diagnosis) over the slices of a stack.
template <class Solve>
Report run(const std::vector<py::ssize_t>& batch, Index count, Index n, bool real, Solve&& solve_slice) {
  return report_of(batch, count, n, real, [&](const Stop& stop) { return run_slices(count, n, stop, solve_slice); });
}

}  // namespace hessolve::bindings
