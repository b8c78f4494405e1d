// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/hessian/elements.hpp>

#include <hessolve/dense/eigh.hpp>

#include "kernel/team.hpp"

#include <array>
#include <cmath>

namespace hessolve {

const char* name(Projection projection) {
  switch (projection) {
    case Projection::none: return "none";
    case Projection::clamp: return "clamp";
    case Projection::abs: return "abs";
  }
  return "";
}

namespace {

/// What is wrong with a block, if anything: an entry that is not finite, or halves that differ by more than rounding.
template <class R>
Reason fault_of(MatrixView<const R> A) {
  R largest = 0;
  R gap = 0;
  for (Index j = 0; j < A.cols; ++j) {
    for (Index i = 0; i < A.rows; ++i) {
      if (!std::isfinite(A(i, j))) {
        return Reason::non_finite;
      }
      largest = std::max(largest, std::abs(A(i, j)));
      gap = std::max(gap, std::abs(A(i, j) / 2 - A(j, i) / 2));
    }
  }
  return gap > 100 * epsilon<R> * largest ? Reason::breakdown : Reason::ok;
}

/// out := V diag(f(w)) V^T, or A where nothing is below zero. V is as large as the block.
template <class R>
void rebuild(MatrixView<const R> A, const R* w, MatrixView<const R> V, Projection projection, MatrixView<R> out) {
  const Index k = A.rows;
  if (k == 0 || w[0] >= 0) {
    for (Index i = 0; i < k; ++i) {
      for (Index j = 0; j < k; ++j) {
        out(i, j) = A(i, j);
      }
    }
    return;
  }
  for (Index i = 0; i < k; ++i) {
    for (Index j = 0; j <= i; ++j) {
      R sum = 0;
      for (Index q = 0; q < k; ++q) {
        const R value = w[q] >= 0 ? w[q] : projection == Projection::abs ? -w[q] : R(0);
        sum += V(i, q) * value * V(j, q);
      }
      out(i, j) = out(j, i) = sum;
    }
  }
}

/// One block by itself: too large for lanes, or one they have not answered.
template <class R>
Reason project_one(MatrixView<const R> A, Projection projection, MatrixView<R> out) {
  const Index k = A.rows;
  const Matrix<R> V(k, k);
  Buffer<R> w(k);
  for (Index j = 0; j < k; ++j) {
    for (Index i = j; i < k; ++i) {
      V(i, j) = V(j, i) = A(i, j);
    }
  }
  const Outcome outcome = eigh_in_place<R>(V.view(), w.data());
  if (outcome.ok()) {
    rebuild<R>(A, w.data(), MatrixView<const R>(V.view()), projection, out);
  }
  return outcome.reason;
}

}  // namespace

template <class R>
Outcome project_blocks(InBatch<R> blocks, Projection projection, Batch<R> out, const Stop& stop) {
  const Index k = blocks.first.rows;
  const Index group = k <= lane_limit ? lanes<R>() : 1;
  constexpr Index most_lanes = 64;
  constexpr Index groups = 32;  // in a piece of work
  const Index piece = group * groups;
  const Index pieces = (blocks.count + piece - 1) / piece;
  Buffer<Index> wrong(pieces);
  Buffer<Reason> reasons(pieces);
  std::atomic<bool> stopped{false};
  parallel_for(pieces, blocks.count * k * k * k > 20'000, [&](Index q) {
    wrong[q] = -1;
    if (stopped || (Team::rank() == 0 && stop.requested())) {
      stopped = true;
      return;
    }
    Buffer<R> space(group * k * (k + 1));
    std::array<MatrixView<const R>, most_lanes> A;
    std::array<MatrixView<R>, most_lanes> V;
    std::array<R*, most_lanes> w{};
    std::array<bool, most_lanes> clean{};
    const auto blame = [&](Index e, Reason reason) {
      if (wrong[q] < 0) {
        wrong[q] = e;
        reasons[q] = reason;
      }
    };
    for (Index first = q * piece; first < std::min(blocks.count, (q + 1) * piece) && wrong[q] < 0; first += group) {
      const Index count = std::min(group, blocks.count - first);
      for (Index e = 0; e < count; ++e) {
        A[e] = blocks[first + e];
        V[e] = row_major<R>(space.data() + e * k * (k + 1), k, k);
        w[e] = space.data() + e * k * (k + 1) + k * k;
        if (const Reason fault = fault_of<R>(A[e]); fault != Reason::ok) {
          blame(first + e, fault);
        }
      }
      if (wrong[q] >= 0) {
        break;
      }
      if (k <= lane_limit) {
        eigh_lanes<R>(A.data(), w.data(), V.data(), count, clean.data());
      }
      for (Index e = 0; e < count; ++e) {
        if (k <= lane_limit && clean[e]) {
          rebuild<R>(A[e], w[e], MatrixView<const R>(V[e]), projection, out[first + e]);
        } else if (const Reason reason = project_one<R>(A[e], projection, out[first + e]); reason != Reason::ok) {
          blame(first + e, reason);
        }
      }
    }
  });
  if (stopped) {
    return {Reason::stopped};
  }
  for (Index q = 0; q < pieces; ++q) {
    if (wrong[q] >= 0) {
      return {reasons[q], wrong[q]};
    }
  }
  return {};
}

template Outcome project_blocks<float>(InBatch<float>, Projection, Batch<float>, const Stop&);
template Outcome project_blocks<double>(InBatch<double>, Projection, Batch<double>, const Stop&);

}  // namespace hessolve
