// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/triangular.hpp>

#include "kernel/block_sizes.hpp"
#include "kernel/cholesky_panel.hpp"
#include "kernel/fill.hpp"
#include "kernel/team.hpp"

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
  static constexpr Index strip = has_microkernel<T> ? (64 + tile_rows<T> - 1) / tile_rows<T> * tile_rows<T> : 64;

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
    const Index w = end - from;
    const Index corner = n_ - L2.rows;  // row of A where L2 begins
    subtract_lower_product<T>(A_.block(corner + from, corner + from, w, w), L2.block(from, 0, w, L2.cols),
                              L2.block(from, 0, w, L2.cols));
    const PackedRows<T> left{packed_.data(), L2};
    if constexpr (has_microkernel<T> && tile_rows<T> % simd::tile_columns == 0) {
      constexpr Index N = simd::tile_columns;
      constexpr Index M = tile_rows<T>;
      if (from % N == 0) {  // the right factor is packed as well: N columns lie within one packed panel
        constexpr Index rows = 10 * M;
        for (Index i = end; i < L2.rows; i += rows) {
          for (Index c = from; c < end; c += N) {
            const T* panel = packed_.data() + c / M * M * L2.cols + c % M;
            const Index columns = std::min(N, end - c);
            gemm_minus<Right::transposed, T>(A_.block(corner + i, corner + c, std::min(rows, L2.rows - i), columns),
                                             left, ColMajor<const T>{panel, columns, L2.cols, M}, i);
          }
        }
        return;
      }
    }
    gemm_minus<Right::transposed, T>(A_.block(corner + end, corner + from, L2.rows - end, w), left,
                                     L2.block(from, 0, w, L2.cols), end);
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

/// M := M^H M for a lower triangular M with zeros above: a block of rows at a time, from the top, whose product takes
/// the place of what no later block reads.
template <class T>
void multiply_by_adjoint_in_place(ColMajor<T> M) {
  constexpr Index depth = 256;
  constexpr Index strip = 48;
  const Index n = M.rows;
  const Index most = n >= 1024 ? 192 : 96;
  const Buffer<T> adjoint(most * n);
  const Buffer<T> packed(has_microkernel<T> ? packed_size<T>(most, n) : 0);
  for (Index i = 0; i < n; i += most) {
    const Index b = std::min(most, n - i);
    const Index m = n - i;
    const ColMajor<T> left{adjoint.data(), b, m, b};  // minus M(i:, i:i+b)^H
    const Index pieces = (m + depth - 1) / depth;
    const bool worth = b * m * (i + b) > 300'000;
    parallel_for(pieces, worth, [&](Index piece) {
      const Index first = piece * depth;
      const Index count = std::min(depth, m - first);
      for (Index c = 0; c < b; ++c) {
        const T* column = M.col(i + c) + i;
        for (Index r = first; r < first + count; ++r) {
          left(c, r) = -conjugate(column[r]);
        }
      }
      if constexpr (has_microkernel<T>) {
        pack_rows<T>(left.block(0, first, b, count), 0, (b + tile_rows<T> - 1) / tile_rows<T>,
                     packed.data() + packed_size<T>(b, first));
      }
    });
    parallel_for((i + b + strip - 1) / strip, worth, [&](Index s) {
      const Index j = s * strip;
      const Index w = std::min(strip, i + b - j);
      const ColMajor<T> out = M.block(i, j, b, w);
      Buffer<T> memory(b * w);
      const ColMajor<T> rows{memory.data(), b, w, b};
      for (Index c = 0; c < w; ++c) {
        std::copy_n(out.col(c), b, rows.col(c));
      }
      clear<T>(out);
      for (Index first = 0; first < m; first += depth) {
        const Index count = std::min(depth, m - first);
        const auto subtract = [&](Index from, Index to, InColMajor<T> right) {  // rows of M, counted from i
          if (from >= to) {
            return;
          }
          if constexpr (has_microkernel<T>) {
            if (from == first && to == first + count) {
              const PackedRows<T> piece{packed.data() + packed_size<T>(b, first), left.block(0, first, b, count)};
              gemm_minus<Right::plain, T>(out, piece, right);
              return;
            }
          }
          gemm_minus<Right::plain, T>(out, left.block(0, from, b, to - from), right);
        };
        const Index split = std::clamp(b, first, first + count);
        subtract(first, split, rows.block(std::min(first, b), 0, split - first, w));
        subtract(split, first + count, M.block(i + split, j, first + count - split, w));
      }
    });
  }
  constexpr Index tile = 64;
  const Index tiles = (n + tile - 1) / tile;
  parallel_for(tiles, n > 512, [&](Index s) {
    for (Index t = s * tile; t < n; t += tile) {
      for (Index i = t; i < std::min(n, t + tile); ++i) {
        for (Index j = s * tile; j < std::min(i, (s + 1) * tile); ++j) {
          M(j, i) = conjugate(M(i, j));
        }
        M(i, i) = T(real_part(M(i, i)));
      }
    }
  });
}

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
  set_identity<T>(X);
  triangular_solve<T>(L, Triangle::lower, Diagonal::general, Trans::none, X);
  multiply_by_adjoint_in_place<T>(X);
}

#define INSTANTIATE(T)                                             \
  template void cholesky_inverse<T>(InColMajor<T>, ColMajor<T>);   \
  template Outcome cholesky_in_place<T>(ColMajor<T>, const Stop&); \
  template void cholesky_solve<T>(InColMajor<T>, ColMajor<T>, Trans);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
