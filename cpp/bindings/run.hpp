// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "errors.hpp"
#include "solve/batch.hpp"
#include "solve/inverses.hpp"

#include <hessolve/dense/batch.hpp>

#include <algorithm>
#include <array>
#include <memory>

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

/// Run solve_slice(i, stop, certificate, diagnosis) over the slices of a stack, and gather the evidence. skip, where
/// not null, marks slices that are answered already.
template <class Solve>
Report run(const std::vector<py::ssize_t>& batch, Index count, Index n, bool real, Solve&& solve_slice,
           const bool* skip = nullptr, const Certificate& skipped = {}) {
  Report report(batch, count);
  report.real = real;
  std::vector<Diagnosis> diagnoses(static_cast<std::size_t>(count));
  const auto start = std::chrono::steady_clock::now();
  const bool finished = release_for(count * n > 64, [&] {
    return for_each_slice(count, n, python_signals(), [&](Index i, const Stop& stop) {
      const auto slot = static_cast<std::size_t>(i);
      if (skip != nullptr && skip[i]) {
        report.certificates[slot] = skipped;
        return Outcome{};
      }
      return report.outcomes[slot] = solve_slice(i, stop, report.certificates[slot], diagnoses[slot]);
    });
  });
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

/// The same where groups of `lanes` slices can be tried first, work(first, count, clean), and only what is not clean
/// goes one by one. `clean_one` is what there is to say of a slice that is.
template <class Work, class Solve>
Report run_in_lanes(const std::vector<py::ssize_t>& batch, Index count, Index n, bool real, Index lanes,
                    const Certificate& clean_one, Work&& work, Solve&& solve_slice) {
  const auto clean = std::make_unique<bool[]>(static_cast<std::size_t>(count));
  const auto start = std::chrono::steady_clock::now();
  const bool finished =
      release_for(count * n > 64, [&] { return for_each_group(count, lanes, n, python_signals(), clean.get(), work); });
  if (!finished) {
    Report report(batch, count);
    report.outcomes[0] = {Reason::stopped};
    raise_if_stopped(report);
  }
  if (std::all_of(clean.get(), clean.get() + count, [](bool is) { return is; })) {
    Report report = Report::all_ok(batch, count, clean_one);
    report.real = real;
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return report;
  }
  return run(batch, count, n, real, solve_slice, clean.get(), clean_one);
}

/// At least lanes<T>() for any T.
inline constexpr std::size_t most_lanes = 16;

/// Whether a stack of n x n matrices is laid across lanes.
[[nodiscard]] inline bool worth_lanes(const std::vector<py::ssize_t>& batch, Index count, Index n) {
  return !batch.empty() && count > 0 && n > 0 && n <= lane_limit;  // however few: bits must not depend on the count
}

}  // namespace hessolve::bindings
