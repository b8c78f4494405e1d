// SPDX-License-Identifier: BSD-3-Clause
#include "dense/tridiagonal.hpp"

#include "dense/panel_vectors.hpp"

namespace hessolve {
namespace {

/// y += (A(:, from:to) and its mirror image) x for a Hermitian A of which the lower triangle is read, once. Row `head`
/// is the first where a packet may begin.
template <class T>
void add_hermitian_columns(InColMajor<T> A, Index from, Index to, Index head, const T* x, T* y) {
  constexpr Index W = simd::width<T>;
  constexpr Index N = simd::tile_columns;
  const Index n = A.rows;
  Index j = from;
  const auto corner = [&](Index size) {
    for (Index c = j; c < j + size; ++c) {
      T sum = real_part(A(c, c)) * x[c];
      for (Index i = c + 1; i < j + size; ++i) {
        sum += conjugate(A(i, c)) * x[i];
        y[i] += A(i, c) * x[c];
      }
      y[c] += sum;
    }
  };
  for (; j + N <= to; j += N) {
    corner(N);
    simd::Packet<T> factor[N];
    simd::Packet<T> sum[N];
    for (int c = 0; c < N; ++c) {
      factor[c] = simd::broadcast<T>(x[j + c]);
      sum[c] = simd::zero<T>();
    }
    const T* a = A.col(j);
    const auto step = [&](const simd::Packet<T>& v, simd::Packet<T> u, auto&& get) {
      for (int c = 0; c < N; ++c) {
        const simd::Packet<T> p = get(a + c * A.stride);
        u = simd::multiply_add(p, factor[c], u);
        if constexpr (is_complex<T>) {
          sum[c] = simd::multiply_add(Eigen::internal::pconj(p), v, sum[c]);
        } else {
          sum[c] = simd::multiply_add(p, v, sum[c]);
        }
      }
      return u;
    };
    Index i = j + N;
    const auto few = [&](Index r) {
      const auto get = [i, r](const T* p) { return simd::load_partial<T>(p + i, r); };
      simd::store_partial<T>(y + i, step(get(x), get(y), get), r);
      i += r;
    };
    if (const Index r = std::min((head + W - i % W) % W, n - i); r > 0) {
      few(r);
    }
    for (; i + W <= n; i += W) {
      const auto get = [i](const T* p) { return simd::load<T>(p + i); };
      simd::store<T>(y + i, step(get(x), get(y), get));
    }
    if (i < n) {
      few(n - i);
    }
    for (int c = 0; c < N; ++c) {
      y[j + c] += Eigen::internal::predux(sum[c]);
    }
  }
  for (; j < to; ++j) {
    const T sum = real_part(A(j, j)) * x[j] + dot<true, T>(A.col(j) + j + 1, x + j + 1, n - j - 1);
    subtract_multiple<T>(n - j - 1, -x[j], A.col(j) + j + 1, y + j + 1);
    y[j] += sum;
  }
}

/// Panel by panel: within a panel A itself is left as it was, and A - V W^H - W V^H formed only for the next column;
/// after it, for all that remains.
template <class T>
class Tridiagonal {
 public:
  using R = Real<T>;
  Tridiagonal(ColMajor<T> A, R* d, R* e, T* tau, const Stop& stop)
      : A_(A),
        n_(A.rows),
        d_(d),
        e_(e),
        tau_(tau),
        stop_(stop),
        width_(n_ < 256 ? 16 : widest),
        w_(n_, width_),
        left_(n_, 2 * width_),
        right_(n_, 2 * width_),
        packed_(has_microkernel<T> ? packed_size<T>(n_, 2 * width_) : 0),
        sums_(n_ + simd::width<T>, parts) {}

  [[nodiscard]] Outcome run() {
    in_parallel(n_ < serial_below ? 1 : get_num_threads(), [this] { work(); });
    return stopped_ ? Outcome{Reason::stopped} : Outcome{};
  }

 private:
  static constexpr Index widest = 32;
  static constexpr Index serial_below = 300;
  static constexpr Index parts = 8;
  static constexpr Index strip = 48;
  static_assert(!has_microkernel<T> || strip % tile_rows<T> == 0);

  void work() {
    const bool first = Team::rank() == 0;
    for (Index k = 0; k + 1 < n_; k += width_) {
      const Index b = std::min(width_, n_ - 1 - k);
      for (Index j = k; j < k + b; ++j) {
        if (first) {
          begin_column(k, j);
          next_ = 0;
        }
        Team::barrier();
        const Index m = n_ - j - 1;
        for (Index p = next_++; p < part_count(m); p = next_++) {
          multiply(j, p);
        }
        Team::barrier();
        if (first) {
          end_column(k, j);
        }
      }
      if (first) {
        gather(k, b);
        next_ = 0;
        strip_next_ = 0;
        stopped_ = stop_.requested();
      }
      Team::barrier();
      if (stopped_) {  // set before the barrier: every thread sees the same
        return;
      }
      const Index m = n_ - k - b;
      if constexpr (has_microkernel<T>) {
        constexpr Index chunk = 4;
        const Index panels = (m + tile_rows<T> - 1) / tile_rows<T>;
        for (Index q = chunk * next_++; q < panels; q = chunk * next_++) {
          pack_rows<T>(left_.view().block(0, 0, m, 2 * b), q, std::min(q + chunk, panels), packed_.data());
        }
        Team::barrier();
      }
      for (Index s = strip * strip_next_++; s < m; s = strip * strip_next_++) {
        update(k + b, b, s);
      }
      Team::barrier();
    }
    if (first && n_ > 0) {
      d_[n_ - 1] = real_part(A_(n_ - 1, n_ - 1));
    }
  }

  /// Column j with what the panel from k on has done to it, and the reflection that clears it.
  void begin_column(Index k, Index j) {
    const Index i = j - k;
    const Index m = n_ - j;
    const ColMajor<T> W = w_.view();
    T* a = A_.col(j) + j;
    T factor[widest];
    for (Index c = 0; c < i; ++c) {
      factor[c] = conjugate(W(j, c));
    }
    subtract_product<T>(A_.block(j, k, m, i), factor, a);
    for (Index c = 0; c < i; ++c) {
      factor[c] = conjugate(A_(j, k + c));
    }
    subtract_product<T>(W.block(j, 0, m, i), factor, a);
    d_[j] = real_part(a[0]);
    const Reflector<T> H = reflect<T>(m - 1, a + 1);
    tau_[j] = H.tau;
    e_[j] = H.beta;
  }

  [[nodiscard]] static Index part_count(Index m) { return m < serial_below ? 1 : parts; }
  /// Columns of a triangle of order m before part p: parts of about equal area.
  [[nodiscard]] static Index part_begin(Index m, Index p) {
    constexpr Index N = simd::tile_columns;
    constexpr double share[parts + 1] = {0,      0.0646, 0.1340, 0.2094, 0.2929,
                                         0.3876, 0.5,    0.6464, 1};  // 1 - sqrt(1 - p / 8)
    const Index count = part_count(m);
    return p == count ? m : static_cast<Index>(static_cast<double>(m) * share[p]) / N * N;
  }

  /// A v for the v of column j, one part of the columns of A.
  void multiply(Index j, Index p) {
    const Index m = n_ - j - 1;
    const Index from = part_begin(m, p);
    const Index to = part_begin(m, p + 1);
    T* y = sum(j, p);
    std::fill(y + from, y + m, T(0));
    constexpr Index W = simd::width<T>;
    add_hermitian_columns<T>(A_.block(j + 1, j + 1, m, m), from, to, W - 1 - j % W, A_.col(j) + j + 1, y);
  }
  /// A part of A v for column j, its elements in the lanes of those of A.
  [[nodiscard]] T* sum(Index j, Index p) const { return sums_.view().col(p) + (j + 1) % simd::width<T>; }

  /// w = p - (tau v^H p / 2) v, p = conj(tau) (A - V W^H - W V^H) v.
  void end_column(Index k, Index j) {
    const Index i = j - k;
    const Index m = n_ - j - 1;
    const ColMajor<const T> V = A_.block(j + 1, k, m, i);
    const ColMajor<const T> W = w_.view().block(j + 1, 0, m, i);
    const T* v = A_.col(j) + j + 1;
    T* w = w_.view().col(i) + j + 1;
    std::copy_n(sum(j, 0), m, w);
    for (Index p = 1; p < part_count(m); ++p) {
      const Index from = part_begin(m, p);
      subtract_multiple<T>(m - from, T(-1), sum(j, p) + from, w + from);
    }
    T factor[widest];
    adjoint_product<T>(W, v, factor);
    subtract_product<T>(V, factor, w);
    adjoint_product<T>(V, v, factor);
    subtract_product<T>(W, factor, w);
    const T tau = conjugate(tau_[j]);
    for (Index r = 0; r < m; ++r) {
      w[r] *= tau;
    }
    subtract_multiple<T>(m, tau_[j] * dot<true, T>(v, w, m) / R(2), v, w);
  }

  /// [V W] and [W V] of the rows that remain.
  void gather(Index k, Index b) {
    const Index m = n_ - k - b;
    for (Index c = 0; c < b; ++c) {
      const T* v = A_.col(k + c) + k + b;
      const T* w = w_.view().col(c) + k + b;
      std::copy_n(v, m, left_.view().col(c));
      std::copy_n(w, m, left_.view().col(b + c));
      std::copy_n(w, m, right_.view().col(c));
      std::copy_n(v, m, right_.view().col(b + c));
    }
  }

  /// A - V W^H - W V^H for one strip of the columns from `corner` on.
  void update(Index corner, Index b, Index s) {
    const Index m = n_ - corner;
    const Index cols = std::min(strip, m - s);
    const ColMajor<const T> right = right_.view().block(s, 0, cols, 2 * b);
    const ColMajor<T> C = A_.block(corner + s, corner + s, m - s, cols);
    if constexpr (has_microkernel<T>) {
      const PackedRows<T> left{packed_.data(), left_.view().block(0, 0, m, 2 * b)};
      gemm_minus<Right::transposed, T>(C, left, right, s);
    } else {
      gemm_minus<Right::transposed, T>(C, left_.view().block(s, 0, m - s, 2 * b), right);
    }
  }

  ColMajor<T> A_;
  Index n_;
  R* d_;
  R* e_;
  T* tau_;
  const Stop& stop_;
  Index width_;
  Matrix<T> w_;
  Matrix<T> left_;
  Matrix<T> right_;
  Buffer<T> packed_;
  Matrix<T> sums_;
  std::atomic<Index> next_{0};
  std::atomic<Index> strip_next_{0};
  std::atomic<bool> stopped_{false};
};

}  // namespace

template <class T>
Outcome tridiagonalize(ColMajor<T> A, Real<T>* d, Real<T>* e, T* tau, const Stop& stop) {
  return Tridiagonal<T>(A, d, e, tau, stop).run();
}

#define INSTANTIATE(T) template Outcome tridiagonalize<T>(ColMajor<T>, Real<T>*, Real<T>*, T*, const Stop&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
