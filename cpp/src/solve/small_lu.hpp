// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/view.hpp>

#include "kernel/simd.hpp"
#include "kernel/upcoming.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace hessolve {

/// The largest system that SmallLu takes: beyond it, blocking wins.
inline constexpr Index small_lu_limit = 64;

/// Columns of P packets each, rows padded by zeros. Pivoting is implicit: no row moves; a row that has been a pivot is
/// only struck out of `active`. Row pivot[k] of the factored array holds row k of L and of U: multipliers stand where
/// they arose.
template <class T, int P>
class SmallLu {
 public:
  /// Read A. False if an element is not finite, or a sum of them.
  bool load(MatrixView<const T> A) {
    n_ = A.rows;
    read(A);
    Packet sum[P];
    for (int p = 0; p < P; ++p) {
      sum[p] = simd::zero<T>();
    }
    for (Index j = 0; j < n_; ++j) {
      for (int p = 0; p < P; ++p) {
        sum[p] = simd::add(sum[p], simd::absolute(simd::load<T>(original_ + (j * P + p) * W)));
      }
    }
    norm_ = largest_of(sum);
    for (Index i = 0; i < P * W; ++i) {
      growth_[i] = T(i < n_ ? 1 : 0);
    }
    active_.fill(n_);
    return norm_ == norm_;
  }

  /// The right-hand side goes along as one more column.
  void load_side(MatrixView<const T> b) {
    T* y = column(n_);
    for (Index i = 0; i < P * W; ++i) {
      y[i] = rhs_[i] = i < n_ ? b(i, 0) : T(0);
    }
  }

  /// Eliminate in the first `columns` columns of N matrices of one size, two pivots at a time: what waits for a pivot
  /// of one leaves room for the others. ok[q] stays true unless a pivot of the q-th is zero or overflows. `next` is
  /// asked for on the way.
  template <int N>
  static void factor(SmallLu (&lu)[N], Index columns, Upcoming<T>& next, bool* ok) {
    const Index n = lu[0].n_;
    for (Index k = 0; k < n; k += 2) {
      for (Index c = k; c < std::min(n, k + 2); ++c) {
        for (SmallLu& one : lu) {
          if (c > k) {
            one.update(c, k);
          }
        }
        for (int q = 0; q < N; ++q) {
          ok[q] = lu[q].search(c) && ok[q];
        }
        for (SmallLu& one : lu) {
          one.divide(c, one.multipliers_ + (c - k) * P);
        }
      }
      if (std::none_of(ok, ok + N, [](bool is) { return is; })) {
        return;
      }
      for (SmallLu& one : lu) {
        one.apply(k, columns, next);
      }
    }
  }

  /// x[q], and an upper bound of ||A^-1||_inf, but for rounding: the largest element of M(U)^-1 M(L)^-1 e, where M is
  /// the comparison matrix (Higham, "Accuracy and Stability of Numerical Algorithms", 8.2). O(n^2), once.
  template <int N>
  static void solve(SmallLu (&lu)[N], T* const* x, T* bound) {
    for (Index k = lu[0].n_ - 1; k >= 0; --k) {
      for (int q = 0; q < N; ++q) {
        lu[q].substitute(k, x[q], bound[q]);
      }
    }
  }

  /// ||A^-1||_1, or NaN, of the inverse, which store() writes. A^-1 = U^-1 L^-1 P is made without P, which only
  /// exchanges columns: L^-1 is then a triangle.
  T invert() {
    for (Index i = 0; i < n_ * P; ++i) {
      simd::store<T>(inverse_rows_ + i * W, simd::zero<T>());
    }
    for (Index i = 0; i < n_; ++i) {
      inverse_rows_[i * ld + i] = T(1);
    }
    invert_lower(std::make_integer_sequence<int, P>{});
    Index i = n_ - 1;
    for (; i > 0; i -= 2) {
      reduce_rows<P>(i, i - 1, i + 1, n_);
      scale_row(i);
      reduce_row(i - 1, i);
      scale_row(i - 1);
    }
    if (i == 0) {
      reduce_rows<P>(0, 0, 1, n_);
      scale_row(0);
    }
    Packet sum[P];
    for (int p = 0; p < P; ++p) {
      sum[p] = simd::zero<T>();
      for (Index k = 0; k < n_; ++k) {
        sum[p] = simd::add(sum[p], simd::absolute(simd::load<T>(inverse_rows_ + (k * P + p) * W)));
      }
    }
    return largest_of(sum);
  }

  /// X := A^-1
  void store(MatrixView<T> X) const {
    if (X.row_stride == 1) {
      for (Index j = 0; j < n_; j += W) {
        for (Index i = 0; i < n_; i += W) {
          simd::Block<T> block;
          for (Index q = 0; q < W; ++q) {
            block.packet[q] = i + q < n_ ? simd::load<T>(inverse_rows_ + (i + q) * ld + j) : simd::zero<T>();
          }
          simd::transpose(block);
          for (Index q = 0; q < std::min(W, n_ - j); ++q) {
            simd::store_upto<T>(X.data + pivot_[j + q] * X.col_stride + i, block.packet[q], n_ - i);
          }
        }
      }
      return;
    }
    for (Index i = 0; i < n_; ++i) {
      for (Index j = 0; j < n_; ++j) {
        X(i, pivot_[j]) = inverse_rows_[i * ld + j];
      }
    }
  }

  /// ||b - A x|| / (||A|| ||x|| + ||b||), infinity norms.
  T backward_error(const T* x) const {
    Packet r[P];
    for (int p = 0; p < P; ++p) {
      r[p] = simd::load<T>(rhs_ + p * W);
    }
    T x_size = 0;
    for (Index j = 0; j < n_; ++j) {
      const Packet v = simd::broadcast<T>(x[j]);
      x_size = std::max(x_size, std::abs(x[j]));
      for (int p = 0; p < P; ++p) {
        r[p] = simd::negative_multiply_add(simd::load<T>(original_ + (j * P + p) * W), v, r[p]);
      }
    }
    Packet r_top = simd::zero<T>();
    Packet b_top = simd::zero<T>();
    for (int p = 0; p < P; ++p) {
      r_top = simd::maximum(r_top, simd::absolute(r[p]));
      b_top = simd::maximum(b_top, simd::absolute(simd::load<T>(rhs_ + p * W)));
    }
    const T residual = simd::largest_lane(r_top);
    const T scale = norm_ * x_size + simd::largest_lane(b_top);
    return residual == T(0) ? T(0) : std::isfinite(scale) ? residual / scale : std::numeric_limits<T>::quiet_NaN();
  }

  /// Whether the largest elements of rows differ by no more than `most`, nor those of columns.
  [[nodiscard]] bool evenly_scaled(T most) const {
    alignas(64) T rows[ld] = {};
    T largest = 0;
    T least = std::numeric_limits<T>::max();
    for (Index j = 0; j < n_; ++j) {
      Packet top = simd::zero<T>();
      for (int p = 0; p < P; ++p) {
        const Packet v = simd::absolute(simd::load<T>(original_ + (j * P + p) * W));
        simd::store<T>(rows + p * W, simd::maximum(v, simd::load<T>(rows + p * W)));
        top = simd::maximum(top, v);
      }
      largest = std::max(largest, simd::largest_lane(top));
      least = std::min(least, simd::largest_lane(top));
    }
    const auto [low, high] = std::minmax_element(rows, rows + n_);
    return largest <= most * least && *high <= most * *low;
  }

  [[nodiscard]] T infinity_norm() const { return norm_; }
  [[nodiscard]] T one_norm() const {
    T norm = 0;
    for (Index j = 0; j < n_; ++j) {
      Packet sum = simd::zero<T>();
      for (int p = 0; p < P; ++p) {
        sum = simd::add(sum, simd::absolute(simd::load<T>(original_ + (j * P + p) * W)));
      }
      norm = std::max(norm, Eigen::internal::predux(sum));
    }
    return norm;
  }

 private:
  using Packet = simd::Packet<T>;
  static constexpr Index W = simd::width<T>;
  static constexpr Index ld = P * W;
  static constexpr Index capacity = std::min<Index>(small_lu_limit, ld);

  /// The largest of the sums; NaN where one is not finite, which a maximum may hide.
  static T largest_of(const Packet* sum) {
    Packet top = simd::zero<T>();
    Packet check = simd::zero<T>();
    for (int p = 0; p < P; ++p) {
      top = simd::maximum(top, sum[p]);
      check = simd::add(check, simd::multiply(sum[p], simd::zero<T>()));
    }
    return simd::largest_lane(top) + Eigen::internal::predux(check);
  }

  /// The first row whose size is the largest.
  static Index first_of(const Packet* size, T largest) {
#if defined(__AVX512F__) && (defined(__x86_64__) || defined(_M_X64))
    std::uint64_t hits = 0;  // without a branch to guess
    for (int p = 0; p < P; ++p) {
      const simd::Mask<T> less = simd::greater<T>(simd::broadcast<T>(largest), size[p]);
      hits |= static_cast<std::uint64_t>(static_cast<simd::Mask<T>>(~less)) << (p * W);
    }
    return static_cast<Index>(_tzcnt_u64(hits));
#else
    for (int p = 0; p < P; ++p) {
      if (const int lane = simd::find_lane<T>(size[p], largest); lane >= 0) {
        return p * W + lane;
      }
    }
    return 0;
#endif
  }

  /// What pivots k and k + 1 change in the columns behind; a line of what comes next is asked for in each.
  void apply(Index k, Index columns, Upcoming<T>& next) {
    if (k + 1 == n_) {
      for (Index j = k + 1; j < columns; ++j) {
        update(j, k);
      }
      return;
    }
    const Index row = pivot_[k];
    const Index row2 = pivot_[k + 1];
    const Packet between = simd::broadcast<T>(column(k)[row2]);
    Packet first[P];
    Packet second[P];
    for (int p = 0; p < P; ++p) {
      first[p] = multipliers_[p];
      second[p] = multipliers_[P + p];
    }
    for (Index j = k + 2; j < columns; ++j) {
      next.ask();
      T* c = column(j);
      const Packet u1 = simd::broadcast<T>(c[row]);
      const Packet u2 = simd::negative_multiply_add(between, u1, simd::broadcast<T>(c[row2]));
      for (int p = 0; p < P; ++p) {
        const Packet once = simd::negative_multiply_add(first[p], u1, simd::load<T>(c + p * W));
        simd::store<T>(c + p * W, simd::negative_multiply_add(second[p], u2, once));
      }
    }
  }

  /// x_k, and what the bound's vector has in its place, are subtracted from the rows above.
  HESSOLVE_INLINE void substitute(Index k, T* x, T& bound) {
    T* y = column(n_);
    const T value = y[pivot_[k]] * inverse_[k];
    const T size = growth_[pivot_[k]] * std::abs(inverse_[k]);
    bound = size > bound || size != size ? size : bound;
    x[k] = value;
    const Packet v = simd::broadcast<T>(value);
    const Packet s = simd::broadcast<T>(size);
    for (int p = 0; p < P; ++p) {
      const Packet u = simd::load<T>(column(k) + p * W);
      simd::store<T>(y + p * W, simd::negative_multiply_add(u, v, simd::load<T>(y + p * W)));
      simd::store<T>(growth_ + p * W, simd::multiply_add(simd::absolute(u), s, simd::load<T>(growth_ + p * W)));
    }
  }

  /// The pivot of column k. False where there is none.
  HESSOLVE_INLINE bool search(Index k) {
    const T* a = column(k);
    Packet size[P];
    Packet top[P];
    for (int p = 0; p < P; ++p) {
      size[p] = top[p] = simd::select(active_[p], simd::absolute(simd::load<T>(a + p * W)), simd::zero<T>());
    }
    for (int apart = 1; apart < P; apart *= 2) {
      for (int p = 0; p + apart < P; p += 2 * apart) {
        top[p] = simd::maximum(top[p], top[p + apart]);
      }
    }
    const T largest = simd::largest_lane(top[0]);
    const Index row = first_of(size, largest);
    pivot_[k] = row;
    inverse_[k] = std::copysign(T(1) / largest, a[row]);  // |a[row]| is largest: need not wait for row
    return largest > T(0) && largest <= std::numeric_limits<T>::max();
  }

  /// Column k by its pivot: multipliers l, which take the place of what they eliminate.
  HESSOLVE_INLINE void divide(Index k, Packet* l) {
    T* a = column(k);
    const Index row = pivot_[k];
    const Packet scale = simd::broadcast<T>(inverse_[k]);
    const Packet grown = simd::broadcast<T>(growth_[row]);
    active_.remove(row);
    for (int p = 0; p < P; ++p) {
      const Packet v = simd::load<T>(a + p * W);
      const Packet scaled = simd::multiply(v, scale);
      l[p] = simd::select(active_[p], scaled, simd::zero<T>());
      simd::store<T>(a + p * W, simd::select(active_[p], scaled, v));
      T* g = growth_ + p * W;
      simd::store<T>(g, simd::multiply_add(simd::absolute(l[p]), grown, simd::load<T>(g)));
    }
  }

  /// Column j loses what pivot k, the first of two, eliminates.
  HESSOLVE_INLINE void update(Index j, Index k) {
    T* c = column(j);
    const Packet u = simd::broadcast<T>(c[pivot_[k]]);
    for (int p = 0; p < P; ++p) {
      simd::store<T>(c + p * W, simd::negative_multiply_add(multipliers_[p], u, simd::load<T>(c + p * W)));
    }
  }

  T* column(Index j) { return work_ + j * ld; }
  [[nodiscard]] T factor_at(Index i, Index k) const { return work_[k * ld + pivot_[i]]; }

  /// Rows i and j of what becomes the inverse lose multiples of rows begin ... end - 1, in N packets.
  template <int N>
  void reduce_rows(Index i, Index j, Index begin, Index end) {
    T* x = inverse_rows_ + i * ld;
    T* y = inverse_rows_ + j * ld;
    Packet sum[N];
    Packet other[N];
    for (int p = 0; p < N; ++p) {
      sum[p] = simd::load<T>(x + p * W);
      other[p] = simd::load<T>(y + p * W);
    }
    for (Index k = begin; k < end; ++k) {
      const Packet a = simd::broadcast<T>(factor_at(i, k));
      const Packet b = simd::broadcast<T>(factor_at(j, k));
      for (int p = 0; p < N; ++p) {
        const Packet known = simd::load<T>(inverse_rows_ + k * ld + p * W);
        sum[p] = simd::negative_multiply_add(known, a, sum[p]);
        other[p] = simd::negative_multiply_add(known, b, other[p]);
      }
    }
    for (int p = 0; p < N; ++p) {
      simd::store<T>(y + p * W, other[p]);
      simd::store<T>(x + p * W, sum[p]);
    }
  }
  void reduce_row(Index i, Index k) {
    const Packet a = simd::broadcast<T>(factor_at(i, k));
    for (int p = 0; p < P; ++p) {
      T* x = inverse_rows_ + i * ld + p * W;
      simd::store<T>(x,
                     simd::negative_multiply_add(simd::load<T>(inverse_rows_ + k * ld + p * W), a, simd::load<T>(x)));
    }
  }
  void scale_row(Index i) {
    const Packet a = simd::broadcast<T>(inverse_[i]);
    for (int p = 0; p < P; ++p) {
      T* x = inverse_rows_ + i * ld + p * W;
      simd::store<T>(x, simd::multiply(simd::load<T>(x), a));
    }
  }
  /// The rows of L^-1: N packets hold the first N W of them.
  template <int... Before>
  void invert_lower(std::integer_sequence<int, Before...>) {
    const auto rows = [this](auto before) {
      constexpr int N = decltype(before)::value + 1;
      Index i = (N - 1) * W;
      for (const Index end = std::min(n_, N * W); i < end; i += 2) {
        const Index j = std::min(i + 1, end - 1);
        reduce_rows<N>(j, i, 0, i);
        if (j > i) {
          reduce_row(j, i);
        }
      }
    };
    (rows(std::integral_constant<int, Before>{}), ...);
  }
  static Packet load_rows(const T* p, Index rows) { return rows > 0 ? simd::load_upto<T>(p, rows) : simd::zero<T>(); }

  void place(Index j, int p, const Packet& v) {
    simd::store<T>(column(j) + p * W, v);
    simd::store<T>(original_ + j * ld + p * W, v);
  }

  /// The columns of A, whatever its order, with zeros below.
  void read(MatrixView<const T> A) {
    if (A.row_stride == 1) {
      for (Index j = 0; j < n_; ++j) {
        for (int p = 0; p < P; ++p) {
          place(j, p, load_rows(A.data + j * A.col_stride + p * W, n_ - p * W));
        }
      }
      return;
    }
    if (A.col_stride == 1) {
      for (int p = 0; p < P; ++p) {
        for (Index j = 0; j < n_; j += W) {
          simd::Block<T> block;
          for (Index q = 0; q < W; ++q) {
            const Index i = p * W + q;
            block.packet[q] = i < n_ ? load_rows(A.data + i * A.row_stride + j, n_ - j) : simd::zero<T>();
          }
          simd::transpose(block);
          for (Index q = 0; q < std::min(W, n_ - j); ++q) {
            place(j + q, p, block.packet[q]);
          }
        }
      }
      return;
    }
    for (Index j = 0; j < n_; ++j) {
      for (Index i = 0; i < ld; ++i) {
        column(j)[i] = original_[j * ld + i] = i < n_ ? A(i, j) : T(0);
      }
    }
  }

  Index n_ = 0;
  T norm_ = 0;  // ||A||_inf
  alignas(64) T work_[(capacity + 1) * ld];
  alignas(64) T original_[capacity * ld];
  alignas(64) T inverse_rows_[capacity * ld];
  alignas(64) T rhs_[ld];
  simd::LaneSet<T, P> active_;  // rows that have been no pivot yet
  alignas(64) T growth_[ld];
  Packet multipliers_[2 * P];  // of the last two pivots; zero in rows that are done
  T inverse_[capacity];        // of the pivots
  Index pivot_[capacity];
};

}  // namespace hessolve
