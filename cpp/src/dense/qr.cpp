// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/qr.hpp>

#include "kernel/block_sizes.hpp"
#include "kernel/fill.hpp"
#include "kernel/packed_reflectors.hpp"
#include "kernel/team.hpp"

namespace hessolve {
namespace {

/// Work below this stays on one thread, in multiply-adds.
constexpr Index worth_a_team = 1'500'000;

/// Reflections up to which a matrix is taken without rearranging anything: panels are in the cache, or so tall that
/// copies of them would weigh as much as the matrix. Threads then share rows.
constexpr Index few_reflections = 200;

/// Matrices of so few rows, and no more elements than that, stay in the cache: reflections are made and applied one by
/// one.
constexpr Index few_rows = 80;
[[nodiscard]] constexpr bool stays_in_cache(Index rows, Index cols) { return rows <= few_rows && cols <= 2 * few_rows; }

/// Right-looking QR in one parallel region with a look-ahead of one panel, as BlockedLu.
template <class T>
class BlockedQr {
 public:
  BlockedQr(ColMajor<T> A, T* tau)
      : A_(A),
        r_(std::min(A.rows, A.cols)),
        tau_(tau),
        packed_(A.rows, reflector_block),
        S_{Matrix<T>(reflector_block, reflector_block), Matrix<T>(reflector_block, reflector_block)} {}

  void run() {
    const bool worth = A_.rows * A_.cols * r_ > worth_a_team;
    in_parallel(worth ? get_num_threads() : 1, [this] { work(); });
    if (error_) {
      std::rethrow_exception(error_);
    }
  }

 private:
  static constexpr Index strip = PackedReflectors<T>::strip;

  [[nodiscard]] Index width(Index k) const { return std::min(reflector_block, r_ - k); }

  void work() {
    const bool first = Team::rank() == 0;
    int current = 0;
    if (first) {
      factor(0, current);
    }
    for (Index k = 0; k < r_; k += reflector_block) {
      const Index b = width(k);
      const Index k2 = k + b;
      if (k2 >= A_.cols) {
        break;
      }
      if (first) {
        packed_.begin(A_.block(k, k, A_.rows - k, b));
        pack_next_ = 0;
        strip_next_ = 0;
      }
      Team::barrier();
      if (error_) {
        return;
      }
      for (Index c = pack_next_++; c < packed_.chunks(); c = pack_next_++) {
        packed_.pack(c);
      }
      Team::barrier();
      const Index next = k2 < r_ ? width(k2) : 0;
      if (first && next > 0) {
        for (Index j = 0; j < next; j += strip) {
          update(k, b, k2 + j, std::min(strip, next - j), current);
        }
        factor(k2, 1 - current);
      }
      const Index start = k2 + next;
      for (Index j = start + strip * strip_next_++; j < A_.cols; j = start + strip * strip_next_++) {
        update(k, b, j, std::min(strip, A_.cols - j), current);
      }
      Team::barrier();
      current = 1 - current;
    }
  }

  /// By the caller's thread alone, between barriers.
  void factor(Index k, int slot) {
    const Index b = width(k);
    try {
      qr_panel<T>(A_.block(k, k, A_.rows - k, b), tau_ + k, S_[slot].view().block(0, 0, b, b));
    } catch (...) {  // out of memory: nothing may leave a parallel region
      error_ = std::current_exception();
    }
  }

  void update(Index k, Index b, Index j, Index w, int slot) {
    packed_.apply(S_[slot].view().block(0, 0, b, b), false, A_.block(k, j, A_.rows - k, w));
  }

  ColMajor<T> A_;
  Index r_;
  T* tau_;
  PackedReflectors<T> packed_;
  Matrix<T> S_[2];
  std::atomic<Index> pack_next_{0};
  std::atomic<Index> strip_next_{0};
  std::exception_ptr error_;
};

/// B := H_k ... H_1 B or its adjoint, one reflection after the other: for a few columns.
template <class T>
void apply_one_by_one(InColMajor<T> QR, const T* tau, Index reflections, Trans trans, ColMajor<T> B) {
  for (Index step = 0; step < reflections; ++step) {
    const Index k = trans == Trans::none ? reflections - 1 - step : step;
    const T factor = trans == Trans::none ? conjugate(tau[k]) : tau[k];
    const T* v = QR.col(k) + k + 1;
    const Index rest = QR.rows - k - 1;
    for (Index j = 0; j < B.cols; ++j) {
      T* b = B.col(j) + k;
      const T w = factor * (b[0] + long_dot<true, T>(v, b + 1, rest));
      b[0] -= w;
      subtract_multiple<T>(rest, w, v, b + 1);
    }
  }
}

/// The same for many columns; `from_corner`: reflection k reaches only columns k ... of B, the others being columns of
/// the unit matrix.
template <class T>
void apply_to_many(InColMajor<T> QR, const T* tau, Index reflections, Trans trans, ColMajor<T> B, bool from_corner) {
  for (Index step = 0; step < reflections; ++step) {
    const Index k = trans == Trans::none ? reflections - 1 - step : step;
    const Index first = from_corner ? k : 0;
    detail::reflect_columns<T>(QR.col(k) + k + 1, trans == Trans::none ? conjugate(tau[k]) : tau[k],
                               B.block(k, first, QR.rows - k, B.cols - first));
  }
}

/// B := Q B or Q^H B block by block; `from_corner`: block k reaches only columns k ... of B, the others being columns
/// of the unit matrix.
template <class T>
void apply_blocks(InColMajor<T> QR, const T* tau, Index reflections, Trans trans, ColMajor<T> B, bool from_corner) {
  if (stays_in_cache(QR.rows, B.cols)) {
    apply_to_many<T>(QR, tau, reflections, trans, B, from_corner);
    return;
  }
  constexpr Index strip = PackedReflectors<T>::strip;
  const Index blocks = (reflections + reflector_block - 1) / reflector_block;
  const bool rearranged = reflections > few_reflections || QR.rows < 4 * tall_part;
  PackedReflectors<T> packed(rearranged ? QR.rows : 0, std::min(reflector_block, reflections));
  Matrix<T> S(reflector_block, reflector_block);
  for (Index step = 0; step < blocks; ++step) {
    const Index k = reflector_block * (trans == Trans::none ? blocks - 1 - step : step);
    const Index b = std::min(reflector_block, reflections - k);
    const ColMajor<const T> V = QR.block(k, k, QR.rows - k, b);
    const ColMajor<const T> block = S.view().block(0, 0, b, b);
    form_block<T>(V, tau + k, S.view().block(0, 0, b, b));
    const Index first = from_corner ? k : 0;
    if (!rearranged) {
      apply_reflectors<T>(V, block, trans == Trans::none, B.block(k, first, V.rows, B.cols - first));
      continue;
    }
    const bool worth = V.rows * b * (B.cols - first) > worth_a_team / 4;
    packed.begin(V);
    parallel_for(packed.chunks(), worth, [&](Index c) { packed.pack(c); });
    parallel_for((B.cols - first + strip - 1) / strip, worth, [&](Index s) {
      const Index j = first + s * strip;
      packed.apply(block, trans == Trans::none, B.block(k, j, V.rows, std::min(strip, B.cols - j)));
    });
  }
}

}  // namespace

template <class T>
void qr_in_place(ColMajor<T> A, T* tau) {
  const Index r = std::min(A.rows, A.cols);
  if (r == 0) {
    return;
  }
  if (stays_in_cache(A.rows, A.cols)) {
    for (Index k = 0; k < r; ++k) {
      tau[k] = reflect_column<T>(A.col(k) + k, A.rows - k);
      detail::reflect_columns<T>(A.col(k) + k + 1, tau[k], A.block(k, k + 1, A.rows - k, A.cols - k - 1));
    }
    return;
  }
  if (r <= few_reflections) {
    Scratch<T, reflector_block * reflector_block> memory(reflector_block * reflector_block);
    for (Index k = 0; k < r; k += reflector_block) {
      const Index b = std::min(reflector_block, r - k);
      const ColMajor<T> V = A.block(k, k, A.rows - k, b);
      const ColMajor<T> S{memory.data(), b, b, b};
      qr_panel<T>(V, tau + k, S);
      apply_reflectors<T>(V, S, false, A.block(k, k + b, A.rows - k, A.cols - k - b));
    }
    return;
  }
  BlockedQr<T>(A, tau).run();
}

template <class T>
void apply_q(InColMajor<T> QR, const T* tau, Index reflections, Trans trans, ColMajor<T> B) {
  if (reflections == 0 || B.cols == 0) {
    return;
  }
  if (B.cols < narrow_panel) {
    apply_one_by_one<T>(QR, tau, reflections, trans, B);
  } else {
    apply_blocks<T>(QR, tau, reflections, trans, B, false);
  }
}

template <class T>
void form_q(InColMajor<T> QR, const T* tau, ColMajor<T> Q) {
  const Index reflections = std::min({QR.rows, QR.cols, Q.cols});
  set_identity<T>(Q);
  if (reflections > 0) {
    apply_blocks<T>(QR, tau, reflections, Trans::none, Q, true);
  }
}

#define INSTANTIATE(T)                                                          \
  template void qr_in_place<T>(ColMajor<T>, T*);                                \
  template void apply_q<T>(InColMajor<T>, const T*, Index, Trans, ColMajor<T>); \
  template void form_q<T>(InColMajor<T>, const T*, ColMajor<T>);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
