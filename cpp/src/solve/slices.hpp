// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/stop.hpp>
#include <hessolve/dense/batch.hpp>

#include "kernel/block_sizes.hpp"
#include "kernel/lanes.hpp"
#include "kernel/team.hpp"
#include "least_squares/core.hpp"

#include <algorithm>
#include <memory>
#include <optional>

/// Stacks of matrices: their views, the evidence for each slice, and the two ways to work through them.
namespace hessolve {

/// Matrices of one shape and strides: a Batch, or the leading axes of an array, flattened in C order.
template <class T>
class Slices {
 public:
  Slices(Batch<T> batch)  // NOLINT: meant to be implicit
      : first_(batch.first),
        shape_{batch.count},
        steps_{batch.step},
        count_(batch.count) {}
  /// Without an axis it is one matrix, which is not a stack.
  Slices(MatrixView<T> first, std::vector<Index> shape, std::vector<Index> steps)
      : first_(first),
        shape_(std::move(shape)),
        steps_(std::move(steps)) {
    for (const Index size : shape_) {
      count_ *= size;
    }
  }
  template <class U, class = std::enable_if_t<std::is_convertible_v<T*, U*>>>
  operator Slices<U>() const {  // NOLINT: meant to be implicit; const is only ever added
    return {first_, shape_, steps_};
  }

  [[nodiscard]] Index count() const { return count_; }
  [[nodiscard]] Index rows() const { return first_.rows; }
  [[nodiscard]] Index cols() const { return first_.cols; }
  [[nodiscard]] bool is_stack() const { return !shape_.empty(); }
  [[nodiscard]] const std::vector<Index>& shape() const { return shape_; }

  [[nodiscard]] MatrixView<T> operator[](Index slice) const {
    return {start(slice), first_.rows, first_.cols, first_.row_stride, first_.col_stride};
  }
  /// Where a slice begins.
  [[nodiscard]] T* start(Index slice) const {
    if (shape_.size() == 1) {
      return first_.data + slice * steps_[0];
    }
    T* data = first_.data;
    for (std::size_t axis = shape_.size(); axis-- > 0;) {
      data += slice % shape_[axis] * steps_[axis];
      slice /= shape_[axis];
    }
    return data;
  }

 private:
  MatrixView<T> first_;
  std::vector<Index> shape_;
  std::vector<Index> steps_;
  Index count_ = 1;
};

/// What there is to say of every slice.
struct SliceReport {
  struct NonFinite {
    const char* argument;
    Index row;
    Index col;
  };

  explicit SliceReport(Index count, Outcome outcome = {})
      : count(count),
        outcomes(static_cast<std::size_t>(count), outcome),
        certificates(static_cast<std::size_t>(count)) {}
  /// Every slice is ok, and there is nothing more to say of any of them than this.
  static SliceReport all_ok(Index count, const Certificate& common) {
    SliceReport report(0);
    report.count = count;
    report.common = common;
    return report;
  }

  [[nodiscard]] bool uniform() const { return outcomes.empty() && count > 0; }
  [[nodiscard]] const Outcome& outcome(std::size_t i) const { return uniform() ? common_outcome : outcomes[i]; }
  [[nodiscard]] const Certificate& certificate(std::size_t i) const { return uniform() ? common : certificates[i]; }
  [[nodiscard]] bool stopped() const {
    return std::any_of(outcomes.begin(), outcomes.end(), [](Outcome o) { return o.reason == Reason::stopped; });
  }

  Index count = 0;
  Outcome common_outcome;
  Certificate common;
  std::vector<Outcome> outcomes;
  std::vector<Certificate> certificates;
  std::vector<Index> dependent;  ///< of the first slice that has any
  std::optional<NonFinite> non_finite;
};

/// solve_slice(i, stop), which returns an Outcome, for every slice of a stack of n x n systems: small ones spread over
/// threads, large ones one after the other, each with its own team. The caller's thread alone polls `stop`; slices left
/// when it asks are not solved.
template <class Solve>
void for_each_slice(Index count, Index n, const Stop& stop, Solve&& solve_slice) {
  std::atomic<bool> stopped{false};
  constexpr double worth = 1e5;  // flops
  const auto size = static_cast<double>(n);
  const bool spread = count > 1 && n <= serial_below && static_cast<double>(count) * size * size * (size + 10) > worth;
  Index own = 0;  // slices that the caller's thread has begun
  parallel_for(count, spread, [&](Index i) {
    if (stopped) {
      return;
    }
    const bool caller = !spread || Team::rank() == 0;
    if (caller && own++ % 64 == 0 && stop.requested()) {
      stopped = true;
    } else if (solve_slice(i, caller ? stop : Stop{}).reason == Reason::stopped) {
      stopped = true;
    }
  });
}

/// A stack worked on across SIMD lanes: work(first, count, clean) for groups of `lanes` slices spread over threads.
/// clean receives one entry a slice. False where `stop` asked to end, which the caller's thread polls.
template <class Work>
bool for_each_group(Index count, Index lanes, Index n, const Stop& stop, bool* clean, Work&& work) {
  const Index groups = (count + lanes - 1) / lanes;
  const Index chunk = std::max<Index>(1, 4096 / (n * n + 1));  // groups that are worth handing out at once
  std::atomic<bool> stopped{false};
  const bool spread = groups > 2 * chunk;
  parallel_for((groups + chunk - 1) / chunk, spread, [&](Index c) {
    if (stopped) {
      return;
    }
    if ((!spread || Team::rank() == 0) && stop.requested()) {
      stopped = true;
      return;
    }
    for (Index g = c * chunk; g < std::min(groups, (c + 1) * chunk); ++g) {
      work(g * lanes, std::min(lanes, count - g * lanes), clean + g * lanes);
    }
  });
  return !stopped;
}

/// solve_slice(i, stop, certificate, diagnosis) over the slices, and the evidence gathered. Slices that `stop` left
/// unsolved are `stopped`. skip, where not null, marks slices that are answered already, as `skipped` says.
template <class Solve>
[[nodiscard]] SliceReport run_slices(Index count, Index n, const Stop& stop, Solve&& solve_slice,
                                     const bool* skip = nullptr, const Certificate& skipped = {}) {
  SliceReport report(count, {Reason::stopped});
  std::vector<Diagnosis> diagnoses(static_cast<std::size_t>(count));
  for_each_slice(count, n, stop, [&](Index i, const Stop& polled) {
    const auto slot = static_cast<std::size_t>(i);
    if (skip != nullptr && skip[i]) {
      report.certificates[slot] = skipped;
      return report.outcomes[slot] = Outcome{};
    }
    return report.outcomes[slot] = solve_slice(i, polled, report.certificates[slot], diagnoses[slot]);
  });
  for (Diagnosis& diagnosis : diagnoses) {
    if (report.dependent.empty()) {
      report.dependent = std::move(diagnosis.dependent);
    }
    if (!report.non_finite && diagnosis.argument != nullptr) {
      report.non_finite = SliceReport::NonFinite{diagnosis.argument, diagnosis.row, diagnosis.col};
    }
  }
  return report;
}

/// The same where groups of lanes<T>() slices are tried first, work(first, count, clean), and only what is not clean
/// goes one by one. `clean_one` is what there is to say of a slice that is.
template <class T, class Work, class Solve>
[[nodiscard]] SliceReport run_in_lanes(Index count, Index n, const Stop& stop, const Certificate& clean_one,
                                       Work&& work, Solve&& solve_slice) {
  const auto clean = std::make_unique<bool[]>(static_cast<std::size_t>(count));
  if (!for_each_group(count, lanes<T>(), n, stop, clean.get(), work)) {
    SliceReport report(count, {Reason::stopped});
    for (std::size_t i = 0; i < report.outcomes.size(); ++i) {
      report.outcomes[i] = clean[i] ? Outcome{} : report.outcomes[i];
    }
    return report;
  }
  if (std::all_of(clean.get(), clean.get() + count, [](bool is) { return is; })) {
    return SliceReport::all_ok(count, clean_one);
  }
  return run_slices(count, n, stop, solve_slice, clean.get(), clean_one);
}

/// At least lanes<T>() for any T.
inline constexpr std::size_t most_lanes = 16;

/// The slices first, ..., first + count - 1, as the functions for lanes take them.
template <class T>
class SliceGroup {
 public:
  SliceGroup(const Slices<T>& slices, Index first, Index count) : views_(count) {
    for (Index k = 0; k < count; ++k) {
      views_[k] = slices[first + k];
    }
  }
  [[nodiscard]] const MatrixView<T>* data() const { return views_.data(); }

 private:
  Scratch<MatrixView<T>, most_lanes> views_;
};

/// The memory of the slices from `first` on, `count` of them or as many as there are; none where it seems to have gaps.
template <class T>
[[nodiscard]] Following<std::remove_const_t<T>> following(const Slices<T>& slices, Index first, Index count) {
  count = std::min(count, slices.count() - first);
  if (count <= 0) {
    return {};
  }
  const MatrixView<T> slice = slices[first];
  const Index size = slice.rows * slice.cols;
  const bool dense = detail::order_of(slice) != detail::Order::scattered;
  if (!dense || slices.start(first + count - 1) - slice.data != (count - 1) * size) {
    return {};
  }
  return {slice.data, count * size};
}

/// Whether a stack of matrices with n columns is laid across lanes: however few, since bits must not depend on the
/// count.
template <class T>
[[nodiscard]] bool worth_lanes(const Slices<T>& A, Index n) {
  return A.is_stack() && A.count() > 0 && n > 0 && n <= lane_limit;
}

}  // namespace hessolve
