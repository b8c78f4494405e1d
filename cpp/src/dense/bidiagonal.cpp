// SPDX-License-Identifier: BSD-3-Clause
#include "dense/bidiagonal.hpp"

#include "dense/panel_vectors.hpp"

namespace hessolve {
namespace {

/// Panel by panel: within one A itself is left as it was, and A - V Y^H - X U^H formed only for the next column and
/// row; after it, for all that remains. Reflection v of a column: y = conj(tau) A^H v; u of a row: x = conj(tau) A u.
template <class T>
class Bidiagonal {
 public:
  using R = Real<T>;
  Bidiagonal(ColMajor<T> A, ColMajor<T> right, R* d, R* e, T* tau_q, T* tau_p, const Stop& stop)
      : A_(A),
        U_(right),
        n_(A.rows),
        d_(d),
        e_(e),
        tau_q_(tau_q),
        tau_p_(tau_p),
        stop_(stop),
        width_(n_ < 256 ? 16 : widest),
        x_(n_, width_),
        y_(n_, width_),
        left_(n_, 2 * width_),
        right_(n_, 2 * width_),
        packed_(has_microkernel<T> ? packed_size<T>(n_, 2 * width_) : 0),
        product_(n_) {}

  [[nodiscard]] Outcome run() {
    in_parallel(n_ < serial_below ? 1 : get_num_threads(), [this] { work(); });
    return stopped_ ? Outcome{Reason::stopped} : Outcome{};
  }

 private:
  static constexpr Index widest = 32;
  static constexpr Index serial_below = 300;
  static constexpr Index strip = 48;
  static constexpr Index piece = 64;  // rows or columns of a product with a vector that one thread takes at a time

  void work() {
    const bool first = Team::rank() == 0;
    for (Index k = 0; k < n_; k += width_) {
      const Index b = std::min(width_, n_ - k);
      for (Index j = k; j < k + b; ++j) {
        const Index m = n_ - j - 1;
        if (first) {
          begin_column(k, j);
          next_ = 0;
        }
        Team::barrier();
        for (Index c = piece * next_++; c < m; c = piece * next_++) {  // A^H v
          adjoint_product<T>(A_.block(j, j + 1 + c, n_ - j, std::min(piece, m - c)), A_.col(j) + j,
                             product_.data() + c);
        }
        Team::barrier();
        if (first && m > 0) {
          end_column(k, j);
          begin_row(k, j);
        }
        if (first) {
          row_next_ = 0;
        }
        Team::barrier();
        for (Index r = piece * row_next_++; r < m; r = piece * row_next_++) {  // minus A u
          T* out = product_.data() + r;
          const Index rows = std::min(piece, m - r);
          std::fill_n(out, rows, T(0));
          subtract_product<T>(A_.block(j + 1 + r, j + 1, rows, m), U_.col(j) + j + 1, out);
        }
        Team::barrier();
        if (first && m > 0) {
          end_row(k, j);
        }
      }
      const Index m = n_ - k - b;
      if (first) {
        gather(k, b);
        next_ = 0;
        row_next_ = 0;
        stopped_ = stop_.requested();
      }
      Team::barrier();
      if (stopped_) {  // set before the barrier: every thread sees the same
        return;
      }
      if constexpr (has_microkernel<T>) {
        constexpr Index chunk = 4;
        const Index panels = (m + tile_rows<T> - 1) / tile_rows<T>;
        for (Index q = chunk * next_++; q < panels; q = chunk * next_++) {
          pack_rows<T>(left_.view().block(0, 0, m, 2 * b), q, std::min(q + chunk, panels), packed_.data());
        }
        Team::barrier();
      }
      for (Index s = strip * row_next_++; s < m; s = strip * row_next_++) {
        const Index cols = std::min(strip, m - s);
        const ColMajor<T> C = A_.block(k + b, k + b + s, m, cols);
        const ColMajor<const T> right = right_.view().block(s, 0, cols, 2 * b);
        const ColMajor<const T> left = left_.view().block(0, 0, m, 2 * b);
        if constexpr (has_microkernel<T>) {
          gemm_minus<Right::transposed, T>(C, PackedRows<T>{packed_.data(), left}, right);
        } else {
          gemm_minus<Right::transposed, T>(C, left, right);
        }
      }
      Team::barrier();
    }
  }

  /// factor[c] := conj(M(row, c)) for the first columns.
  static void conjugated_row(InColMajor<T> M, Index row, Index count, T* factor) {
    for (Index c = 0; c < count; ++c) {
      factor[c] = conjugate(M(row, c));
    }
  }

  void begin_column(Index k, Index j) {
    const Index i = j - k;
    const Index m = n_ - j;
    T* a = A_.col(j) + j;
    T factor[widest];
    conjugated_row(y_.view(), j, i, factor);
    subtract_product<T>(A_.block(j, k, m, i), factor, a);
    conjugated_row(U_.block(0, k, n_, i), j, i, factor);
    subtract_product<T>(x_.view().block(j, 0, m, i), factor, a);
    const Reflector<T> H = reflect<T>(m, a);
    tau_q_[j] = H.tau;
    d_[j] = H.beta;
  }

  /// y = conj(tau) (A - V Y^H - X U^H)^H v
  void end_column(Index k, Index j) {
    const Index i = j - k;
    const Index m = n_ - j - 1;
    const T* v = A_.col(j) + j;
    T* y = y_.view().col(i) + j + 1;
    std::copy_n(product_.data(), m, y);
    T factor[widest];
    adjoint_product<T>(A_.block(j, k, n_ - j, i), v, factor);
    subtract_product<T>(y_.view().block(j + 1, 0, m, i), factor, y);
    adjoint_product<T>(x_.view().block(j, 0, n_ - j, i), v, factor);
    subtract_product<T>(U_.block(j + 1, k, m, i), factor, y);
    scale(m, conjugate(tau_q_[j]), y);
  }

  void begin_row(Index k, Index j) {
    const Index i = j - k;
    const Index m = n_ - j - 1;
    T* u = U_.col(j) + j + 1;
    for (Index c = 0; c < m; ++c) {
      u[c] = conjugate(A_(j, j + 1 + c));
    }
    T factor[widest];
    conjugated_row(A_.block(0, k, n_, i + 1), j, i + 1, factor);
    subtract_product<T>(y_.view().block(j + 1, 0, m, i + 1), factor, u);
    conjugated_row(x_.view(), j, i, factor);
    subtract_product<T>(U_.block(j + 1, k, m, i), factor, u);
    const Reflector<T> H = reflect<T>(m, u);
    tau_p_[j] = H.tau;
    e_[j] = H.beta;
  }

  /// x = conj(tau) (A - V Y^H - X U^H) u
  void end_row(Index k, Index j) {
    const Index i = j - k;
    const Index m = n_ - j - 1;
    const T* u = U_.col(j) + j + 1;
    T* x = x_.view().col(i) + j + 1;
    for (Index r = 0; r < m; ++r) {
      x[r] = -product_[r];
    }
    T factor[widest];
    adjoint_product<T>(y_.view().block(j + 1, 0, m, i + 1), u, factor);
    subtract_product<T>(A_.block(j + 1, k, m, i + 1), factor, x);
    adjoint_product<T>(U_.block(j + 1, k, m, i), u, factor);
    subtract_product<T>(x_.view().block(j + 1, 0, m, i), factor, x);
    scale(m, conjugate(tau_p_[j]), x);
  }

  static void scale(Index n, T factor, T* x) {
    for (Index r = 0; r < n; ++r) {
      x[r] *= factor;
    }
  }

  /// [V X] and [Y U] of the rows and columns that remain.
  void gather(Index k, Index b) {
    const Index m = n_ - k - b;
    for (Index c = 0; c < b && m > 0; ++c) {
      std::copy_n(A_.col(k + c) + k + b, m, left_.view().col(c));
      std::copy_n(x_.view().col(c) + k + b, m, left_.view().col(b + c));
      std::copy_n(y_.view().col(c) + k + b, m, right_.view().col(c));
      std::copy_n(U_.col(k + c) + k + b, m, right_.view().col(b + c));
    }
  }

  ColMajor<T> A_;
  ColMajor<T> U_;
  Index n_;
  R* d_;
  R* e_;
  T* tau_q_;
  T* tau_p_;
  const Stop& stop_;
  Index width_;
  Matrix<T> x_;
  Matrix<T> y_;
  Matrix<T> left_;
  Matrix<T> right_;
  Buffer<T> packed_;
  Buffer<T> product_;
  std::atomic<Index> next_{0};
  std::atomic<Index> row_next_{0};
  std::atomic<bool> stopped_{false};
};

}  // namespace

template <class T>
Outcome bidiagonalize(ColMajor<T> A, ColMajor<T> right, Real<T>* d, Real<T>* e, T* tau_q, T* tau_p, const Stop& stop) {
  return Bidiagonal<T>(A, right, d, e, tau_q, tau_p, stop).run();
}

#define INSTANTIATE(T) \
  template Outcome bidiagonalize<T>(ColMajor<T>, ColMajor<T>, Real<T>*, Real<T>*, T*, T*, const Stop&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
