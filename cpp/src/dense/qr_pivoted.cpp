// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/qr.hpp>

#include "kernel/reflections.hpp"

namespace hessolve {
namespace {

/// Work below this stays on one thread, in multiply-adds.
constexpr Index worth_a_team = 500'000;

/// Rows up to which reflections are applied one by one: the matrix stays in the cache.
constexpr Index few_rows = 128;

/// QR with column pivoting in blocks of columns. Within a block the trailing matrix stays A - V F^H, unformed, but for
/// the pivot's row and column; half of the work is then in the products at the ends of blocks. Norms of what is left of
/// a column follow from its element in the pivot's row, and are taken anew where digits have cancelled.
/// [Quintana-Orti, Sun and Bischof 1998, doi 10.1137/S1064827595296732; Drmac and Bujanovic 2008, doi
/// 10.1145/1377612.1377616]
template <class T>
class PivotedQr {
 public:
  using R = Real<T>;

  PivotedQr(ColMajor<T> A, T* tau, Index* permutation)
      : A_(A),
        m_(A.rows),
        n_(A.cols),
        r_(std::min(A.rows, A.cols)),
        tau_(tau),
        permutation_(permutation),
        small_(A.rows <= few_rows && A.cols <= 2 * few_rows),
        F_(small_ ? 0 : A.cols, block),
        norm_(A.cols),
        reference_(A.cols),
        stale_(A.cols) {
    std::fill_n(stale_.data(), n_, false);
  }

  void run() {
    if (small_) {
      one_by_one();
      return;
    }
    in_parallel(m_ * n_ * r_ > worth_a_team ? get_num_threads() : 1, [this] { work(); });
  }

 private:
  static constexpr Index block = 32;
  static constexpr Index strip = 32;  // columns one thread takes at a time

  /// Barriers stand before what all threads read was written by one, and before a counter they share is set back.
  void work() {
    const bool first = Team::rank() == 0;
    if (first) {
      for (Index j = 0; j < n_; ++j) {
        permutation_[j] = j;
        stale_[j] = true;
      }
      next_ = 0;
    }
    Team::barrier();
    measure(0);
    for (Index k = 0; k < r_;) {
      Index done = 0;
      for (bool again = true; again;) {
        if (first) {
          pivot(k, done);
          next_ = 0;
        }
        Team::barrier();
        const Index row = k + done;
        for (Index j = row + 1 + strip * next_++; j < n_; j = row + 1 + strip * next_++) {
          project(k, done, j, std::min(strip, n_ - j));
        }
        ++done;
        Team::barrier();
        again = done < block && k + done < r_ && !cancelled_;
        Team::barrier();
        if (first) {
          cancelled_ = false;
          next_ = 0;
        }
        Team::barrier();
      }
      const Index rest = k + done;
      for (Index j = rest + strip * next_++; j < n_; j = rest + strip * next_++) {
        const Index w = std::min(strip, n_ - j);
        gemm_minus<Right::transposed, T>(A_.block(rest, j, m_ - rest, w), A_.block(rest, k, m_ - rest, done),
                                         F_.view().block(j, 0, w, done));
      }
      Team::barrier();
      if (first) {
        next_ = 0;
      }
      Team::barrier();
      measure(rest);
      k = rest;
    }
  }

  /// Norms of rows `row` ... of the columns that ask for it.
  void measure(Index row) {
    for (Index j = row + strip * next_++; j < n_; j = row + strip * next_++) {
      for (Index c = j; c < std::min(n_, j + strip); ++c) {
        if (stale_[c]) {
          norm_[c] = reference_[c] = norm_of(A_.col(c) + row, m_ - row);
          stale_[c] = false;
        }
      }
    }
    Team::barrier();
    if (Team::rank() == 0) {
      next_ = 0;
    }
    Team::barrier();
  }

  [[nodiscard]] static R norm_of(const T* x, Index n) {
    const R square = real_part(long_dot<true, T>(x, x, n));
    constexpr R low = std::numeric_limits<R>::min() / (epsilon<T> * epsilon<T>);
    return square > low && square < std::numeric_limits<R>::max() ? std::sqrt(square) : norm2(x, n);
  }

  /// The column with the longest rest goes to the front; returns where it came from.
  Index exchange(Index row) {
    Index best = row;
    for (Index j = row + 1; j < n_; ++j) {
      best = norm_[j] > norm_[best] ? j : best;
    }
    if (best != row) {
      std::swap_ranges(A_.col(row), A_.col(row) + m_, A_.col(best));
      std::swap(permutation_[row], permutation_[best]);
      norm_[best] = norm_[row];
      reference_[best] = reference_[row];
    }
    return best;
  }

  /// One reflection after the other, the trailing matrix always up to date.
  void one_by_one() {
    for (Index j = 0; j < n_; ++j) {
      permutation_[j] = j;
      norm_[j] = reference_[j] = norm_of(A_.col(j), m_);
    }
    for (Index row = 0; row < r_; ++row) {
      exchange(row);
      tau_[row] = reflect_column<T>(A_.col(row) + row, m_ - row);
      detail::reflect_columns<T>(A_.col(row) + row + 1, tau_[row], A_.block(row, row + 1, m_ - row, n_ - row - 1));
      for (Index j = row + 1; j < n_; ++j) {
        update_norm(j, std::abs(A_(row, j)));
        if (stale_[j]) {
          norm_[j] = reference_[j] = norm_of(A_.col(j) + row + 1, m_ - row - 1);
          stale_[j] = false;
        }
      }
    }
  }

  /// Bring the column with the longest rest to the front, up to date, and make its reflection.
  void pivot(Index k, Index done) {
    const Index row = k + done;
    if (const Index best = exchange(row); best != row) {
      for (Index l = 0; l < done; ++l) {
        std::swap(F_(row, l), F_(best, l));
      }
    }
    T* x = A_.col(row) + row;
    const Index length = m_ - row;
    for (Index l = 0; l < done; ++l) {
      subtract_multiple<T>(length, conjugate(F_(row, l)), A_.col(k + l) + row, x);
    }
    tau_[row] = reflect_column<T>(x, length);
    for (Index l = 0; l < done; ++l) {  // V^H v
      inner_[l] = conjugate(A_(row, k + l)) + long_dot<true, T>(A_.col(k + l) + row + 1, x + 1, length - 1);
    }
  }

  /// For columns j ... j + w - 1: f := conj(tau) (A^H v - F V^H v), the pivot's row, and the norms.
  void project(Index k, Index done, Index j, Index w) {
    const Index row = k + done;
    const T* v = A_.col(row) + row + 1;
    const Index length = m_ - row - 1;
    T f[strip];
    T element[strip];
    for (Index c = 0; c < w; c += narrow_panel) {
      sums(A_.block(row + 1, j + c, length, std::min(narrow_panel, w - c)), v, f + c);
    }
    for (Index c = 0; c < w; ++c) {
      element[c] = A_(row, j + c);
      f[c] += conjugate(element[c]);
    }
    for (Index l = 0; l < done; ++l) {
      const T* old = F_.view().col(l) + j;
      const T inner = inner_[l];
      const T left = A_(row, k + l);
      for (Index c = 0; c < w; ++c) {
        f[c] -= old[c] * inner;
        element[c] -= left * conjugate(old[c]);
      }
    }
    const T factor = conjugate(tau_[row]);
    for (Index c = 0; c < w; ++c) {
      f[c] *= factor;
      F_(j + c, done) = f[c];
      A_(row, j + c) = element[c] - conjugate(f[c]);
      update_norm(j + c, std::abs(A_(row, j + c)));
    }
  }

  void update_norm(Index c, R element) {
    if (norm_[c] == R(0)) {
      return;
    }
    const R ratio = element / norm_[c];
    const R left = std::max(R(0), (1 + ratio) * (1 - ratio));
    const R shrunk = norm_[c] / reference_[c];
    if (!(left * shrunk * shrunk > std::sqrt(epsilon<T>))) {
      stale_[c] = true;
      cancelled_ = true;
    } else {
      norm_[c] *= std::sqrt(left);
    }
  }

  static void sums(InColMajor<T> A, const T* v, T* result) {
    if (A.rows <= plain_sum) {
      detail::dots_upto<T>(A, v, result);
      return;
    }
    CompensatedSum<T> total[narrow_panel];
    for (Index i = 0; i < A.rows; i += plain_sum) {
      T some[narrow_panel];
      detail::dots_upto<T>(A.block(i, 0, std::min(plain_sum, A.rows - i), A.cols), v + i, some);
      for (Index c = 0; c < A.cols; ++c) {
        total[c].add(some[c]);
      }
    }
    for (Index c = 0; c < A.cols; ++c) {
      result[c] = total[c].value();
    }
  }

  ColMajor<T> A_;
  Index m_;
  Index n_;
  Index r_;
  T* tau_;
  Index* permutation_;
  bool small_;
  Matrix<T> F_;
  Buffer<R> norm_;       // of what is left of each column
  Buffer<R> reference_;  // when it was last measured
  Buffer<bool> stale_;
  T inner_[block] = {};
  std::atomic<bool> cancelled_{false};
  std::atomic<Index> next_{0};
};

}  // namespace

template <class T>
void qr_pivoted_in_place(ColMajor<T> A, T* tau, Index* permutation) {
  PivotedQr<T>(A, tau, permutation).run();
}

#define INSTANTIATE(T) template void qr_pivoted_in_place<T>(ColMajor<T>, T*, Index*);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
