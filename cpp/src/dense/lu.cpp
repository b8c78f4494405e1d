// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/lu.hpp>
#include <hessolve/dense/triangular.hpp>

#include "kernel/block_sizes.hpp"
#include "kernel/fill.hpp"
#include "kernel/lu_panel.hpp"
#include "kernel/team.hpp"

namespace hessolve {
namespace {

/// Right-looking LU in one parallel region. While the team updates the trailing matrix with panel k, thread 0 updates
/// the next panel first and factors it (look-ahead of one); every other tile goes to whoever is free.
template <class T>
class BlockedLu {
 public:
  BlockedLu(ColMajor<T> A, Index* pivots, const Stop& stop)
      : A_(A),
        n_(A.rows),
        pivots_(pivots),
        stop_(stop),
        packed_(has_microkernel<T> ? packed_size<T>(n_, widest_panel) : 0),
        inverses_{Buffer<T>(widest_panel * simd::width<T>), Buffer<T>(widest_panel * simd::width<T>)} {}

  Outcome run() {
    in_parallel(threads_for(n_, get_num_threads()), [this] { work(); });
    if (stopped_) {
      return {Reason::stopped};
    }
    for (Index k = 0, width = 0; k < n_; k += width) {  // pivots were counted from their panel's first row
      width = panel_width(n_ - k);
      for (Index i = k; i < k + width; ++i) {
        pivots_[i] += k;
      }
    }
    return zero_pivot_ < 0 ? Outcome{} : Outcome{Reason::singular, zero_pivot_};
  }

 private:
  void work() {
    const bool first = Team::rank() == 0;
    int current = 0;
    if (first) {
      factor(0, panel_width(n_), current);
    }
    Team::barrier();
    for (Index k = 0, width = panel_width(n_); k + width < n_;) {
      const Index k2 = k + width;
      const Index next = panel_width(n_ - k2);
      const ColMajor<T> L21 = A_.block(k2, k, n_ - k2, width);
      if (first) {
        pack_next_ = 0;
        tile_next_ = 0;
        stopped_ = stop_.requested();
      }
      Team::barrier();
      if (stopped_) {
        return;
      }
      pack(L21);
      Team::barrier();
      if (first) {
        update(k, width, k2, next, L21, current);
        factor(k2, next, 1 - current);
      }
      const Index tile = n_ - k2 > 1000 ? 64 : 32;
      const Index start = k2 + next;
      for (Index t = tile_next_++; start + t * tile < n_; t = tile_next_++) {
        const Index j = start + t * tile;
        update(k, width, j, std::min(tile, n_ - j), L21, current);
      }
      Team::barrier();
      k = k2;
      width = next;
      current = 1 - current;
    }
    exchange_left();
  }

  void factor(Index k, Index width, int slot) {
    const Index zero = lu_panel<T>(A_.block(k, k, n_ - k, width), pivots_ + k, inverses_[slot].data());
    if (zero >= 0 && zero_pivot_ < 0) {
      zero_pivot_ = k + zero;
    }
  }

  void pack(ColMajor<const T> L21) {
    if constexpr (has_microkernel<T>) {
      const Index panels = (L21.rows + tile_rows<T> - 1) / tile_rows<T>;
      constexpr Index chunk = 4;
      for (Index q = chunk * pack_next_++; q < panels; q = chunk * pack_next_++) {
        pack_rows<T>(L21, q, std::min(q + chunk, panels), packed_.data());
      }
    }
  }

  /// Columns j ... j + w - 1 of rows k ... n - 1, with the panel at k of the given width.
  void update(Index k, Index width, Index j, Index w, ColMajor<const T> L21, int slot) {
    exchange_rows(A_.block(k, j, n_ - k, w), pivots_ + k, width);
    const ColMajor<T> U = A_.block(k, j, width, w);
    unit_lower_solve<T>(A_.block(k, k, width, width), inverses_[slot].data(), U);  // U12 = L11^-1 A12
    gemm_minus<Right::plain, T>(A_.block(k + width, j, L21.rows, w), PackedRows<T>{packed_.data(), L21},
                                U);  // A22 - L21 U12
  }

  /// The exchanges of later panels reach the columns of earlier ones last, when nothing reads them any more.
  void exchange_left() {
    constexpr Index strip = 32;
    for (Index j = strip * left_next_++; j < n_; j = strip * left_next_++) {
      for (Index k = 0, width = 0; k < n_; k += width) {
        width = panel_width(n_ - k);
        if (k > j) {
          exchange_rows(A_.block(k, j, n_ - k, std::min(strip, k - j)), pivots_ + k, width);
        }
      }
    }
  }

  ColMajor<T> A_;
  Index n_;
  Index* pivots_;
  const Stop& stop_;
  Buffer<T> packed_;
  Buffer<T> inverses_[2];  // of the panel in use and of the next one
  Index zero_pivot_ = -1;
  std::atomic<bool> stopped_{false};
  std::atomic<Index> pack_next_{0};
  std::atomic<Index> tile_next_{0};
  std::atomic<Index> left_next_{0};
};

}  // namespace

template <class T>
Outcome lu_in_place(ColMajor<T> A, Index* pivots, const Stop& stop) {
  if (A.rows > serial_below) {
    return BlockedLu<T>(A, pivots, stop).run();
  }
  constexpr Index W = simd::width<T>;
  Scratch<T, 64 * W> inverses((A.rows + W - 1) / W * W * W);
  const Index zero = lu_panel<T>(A, pivots, inverses.data());
  return zero < 0 ? Outcome{} : Outcome{Reason::singular, zero};
}

template <class T>
void lu_solve(InColMajor<T> LU, const Index* pivots, ColMajor<T> B, Trans trans) {
  if (trans == Trans::none) {  // A = P^T L U
    exchange_rows(B, pivots, LU.rows);
    triangular_solve<T>(LU, Triangle::lower, Diagonal::unit, Trans::none, B);
    triangular_solve<T>(LU, Triangle::upper, Diagonal::general, Trans::none, B);
    return;
  }
  triangular_solve<T>(LU, Triangle::upper, Diagonal::general, trans, B);  // op(A) = op(U) op(L) P
  triangular_solve<T>(LU, Triangle::lower, Diagonal::unit, trans, B);
  for (Index j = 0; j < B.cols; ++j) {
    for (Index k = LU.rows - 1; k >= 0; --k) {
      std::swap(B(k, j), B(pivots[k], j));
    }
  }
}

template <class T>
void lu_inverse(InColMajor<T> LU, const Index* pivots, ColMajor<T> X) {
  const Index n = LU.rows;
  const bool worth = n > serial_below;
  const Index strip = n >= 1024 ? 128 : 64;
  parallel_for((n + strip - 1) / strip, worth, [&](Index s) {  // U^-1 L^-1: column j of L^-1 begins in row j
    const Index j = s * strip;
    const Index w = std::min(strip, n - j);
    const ColMajor<T> columns = X.block(0, j, n, w);
    set_identity<T>(columns.block(j, 0, n - j, w));
    clear<T>(columns.block(0, 0, j, w));
    triangular_solve<T>(LU.block(j, j, n - j, n - j), Triangle::lower, Diagonal::unit, Trans::none,
                        columns.block(j, 0, n - j, w));
    triangular_solve<T>(LU, Triangle::upper, Diagonal::general, Trans::none, columns);
  });
  constexpr Index rows = 64;
  parallel_for((n + rows - 1) / rows, worth, [&](Index s) {  // A^-1 = U^-1 L^-1 P
    const Index first = s * rows;
    const Index count = std::min(rows, n - first);
    for (Index k = n - 1; k >= 0; --k) {
      if (pivots[k] != k) {
        std::swap_ranges(X.col(k) + first, X.col(k) + first + count, X.col(pivots[k]) + first);
      }
    }
  });
}

#define INSTANTIATE(T)                                                   \
  template void lu_inverse<T>(InColMajor<T>, const Index*, ColMajor<T>); \
  template Outcome lu_in_place<T>(ColMajor<T>, Index*, const Stop&);     \
  template void lu_solve<T>(InColMajor<T>, const Index*, ColMajor<T>, Trans);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
