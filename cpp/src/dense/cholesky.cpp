// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/triangular.hpp>

#include "kernel/block_sizes.hpp"
#include "kernel/fill.hpp"
#include "kernel/packed_syrk.hpp"
#include "kernel/team.hpp"
#include "kernel/transpose.hpp"

namespace hessolve {
namespace {

/// Right-looking Cholesky in one parallel region with a look-ahead of one panel, as BlockedLu. The trailing matrix is
/// cut into column strips, and a strip into rows on the diagonal and rows below it.
template <class T>
class BlockedCholesky {
 public:
  BlockedCholesky(ColMajor<T> A, const Stop& stop)
      : A_(A),
        n_(A.rows),
        stop_(stop),
        packed_(has_microkernel<T> ? packed_size<T>(n_, widest_panel) : 0) {}

  Outcome run() {
    in_parallel(threads_for(n_, get_num_threads()), [this] { work(); });
    if (stopped_) {
      return {Reason::stopped};
    }
    return failed_ < 0 ? Outcome{} : Outcome{Reason::not_positive_definite, failed_};
  }

 private:
  static constexpr Index strip = syrk_strip<T>;

  void work() {
    const bool first = Team::rank() == 0;
    if (first) {
      factor(0, panel_width(n_));
    }
    Team::barrier();
    for (Index k = 0, width = panel_width(n_); k + width < n_;) {
      const Index k2 = k + width;
      const Index next = panel_width(n_ - k2);
      if (first) {
        pack_next_ = 0;
        tile_next_ = 0;
        stopped_ = stop_.requested();
      }
      Team::barrier();
      if (stopped_ || failed_ >= 0) {
        return;
      }
      const ColMajor<T> L2 = A_.block(k2, k, n_ - k2, width);
      pack(L2);
      Team::barrier();
      if (first) {
        subtract_lower_product<T>(A_.block(k2, k2, n_ - k2, next), L2, L2);
        factor(k2, next);
      }
      for (Index t = tile_next_++; t * strip < n_ - k2; t = tile_next_++) {
        update(L2, t * strip, next);
      }
      Team::barrier();
      k = k2;
      width = next;
    }
  }

  void factor(Index k, Index width) {
    if (const Index stop = cholesky_panel<T>(A_.block(k, k, n_ - k, width)); stop >= 0) {
      failed_ = k + stop;
    }
  }

  void pack(ColMajor<const T> L2) {
    if constexpr (has_microkernel<T>) {
      const Index panels = (L2.rows + tile_rows<T> - 1) / tile_rows<T>;
      constexpr Index chunk = 4;
      for (Index q = chunk * pack_next_++; q < panels; q = chunk * pack_next_++) {
        pack_rows<T>(L2, q, std::min(q + chunk, panels), packed_.data());
      }
    }
  }

  /// The strip of columns from j on (counted from the end of the panel), without the `skip` columns of the next panel.
  void update(ColMajor<const T> L2, Index j, Index skip) {
    const Index end = std::min(j + strip, L2.rows);
    const Index from = std::max(j, skip);
    if (from >= end) {
      return;
    }
    const Index corner = n_ - L2.rows;  // row of A where L2 begins
    subtract_lower_strip<T>(A_.block(corner, corner, L2.rows, L2.rows), {packed_.data(), L2}, from, end);
  }

  ColMajor<T> A_;
  Index n_;
  const Stop& stop_;
  Buffer<T> packed_;
  std::atomic<Index> failed_{-1};
  std::atomic<bool> stopped_{false};
  std::atomic<Index> pack_next_{0};
  std::atomic<Index> tile_next_{0};
};

}  // namespace

template <class T>
Outcome cholesky_in_place(ColMajor<T> A, const Stop& stop) {
  if (A.rows > serial_below) {
    return BlockedCholesky<T>(A, stop).run();
  }
  const Index failed = cholesky_panel<T>(A);
  return failed < 0 ? Outcome{} : Outcome{Reason::not_positive_definite, failed};
}

template <class T>
void cholesky_solve(InColMajor<T> L, ColMajor<T> B, Trans trans) {
  // A^T = conj(A): solve with the conjugated right-hand side and conjugate back.
  const auto conjugate_all = [&] {
    if (is_complex<T> && trans == Trans::transpose) {
      as_eigen(B) = as_eigen(B).conjugate().eval();
    }
  };
  conjugate_all();
  triangular_solve<T>(L, Triangle::lower, Diagonal::general, Trans::none, B);
  triangular_solve<T>(L, Triangle::lower, Diagonal::general, Trans::adjoint, B);
  conjugate_all();
}

template <class T>
void cholesky_inverse(InColMajor<T> L, ColMajor<T> X) {
  constexpr Index strip = 64;
  const Index n = L.rows;
  // Columns j ... of L^-1 have zeros above row j, and those of the inverse are wanted from row j on: both substitutions
  // take place in the same corner of L. n^3 / 3 multiply-adds, while the strip stays in the second-level cache.
  parallel_for((n + strip - 1) / strip, n * n * n > 8'000'000, [&](Index s) {
    const Index j = s * strip;
    const Index w = std::min(strip, n - j);
    const InColMajor<T> corner = L.block(j, j, n - j, n - j);
    const ColMajor<T> columns = X.block(j, j, n - j, w);
    set_identity<T>(columns);
    triangular_solve<T>(corner, Triangle::lower, Diagonal::general, Trans::none, columns);
    triangular_solve<T>(corner, Triangle::lower, Diagonal::general, Trans::adjoint, columns);
  });
  mirror_lower<T>(X);
}

#define INSTANTIATE(T)                                             \
  template void cholesky_inverse<T>(InColMajor<T>, ColMajor<T>);   \
  template Outcome cholesky_in_place<T>(ColMajor<T>, const Stop&); \
  template void cholesky_solve<T>(InColMajor<T>, ColMajor<T>, Trans);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
