// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>

#include "kernel/dot.hpp"
#include "kernel/gemm.hpp"
#include "kernel/scaling.hpp"

/// Householder reflections H = I - tau v v^H, v_0 = 1, and blocks of them. H_b ... H_1 = I - V S V^H with V unit lower
/// trapezoidal and S lower triangular.  [Schreiber and Van Loan 1989, doi 10.1137/0910005; Golub & Van Loan, 5.2.3]
namespace hessolve {

namespace detail {

/// W(P x Q) += A^H B over rows of both, for real T.
template <class T, int P, int Q>
HESSOLVE_INLINE void dot_tile(Index rows, const T* A, Index lda, const T* B, Index ldb, T* W, Index ldw) {
  constexpr Index width = simd::width<T>;
  simd::Packet<T> sum[P][Q];
  for (int p = 0; p < P; ++p) {
    for (int q = 0; q < Q; ++q) {
      sum[p][q] = simd::zero<T>();
    }
  }
  const auto step = [&](auto&& get) {
    simd::Packet<T> b[Q];
    for (int q = 0; q < Q; ++q) {
      b[q] = get(B + q * ldb);
    }
    for (int p = 0; p < P; ++p) {
      const simd::Packet<T> a = get(A + p * lda);
      for (int q = 0; q < Q; ++q) {
        sum[p][q] = simd::multiply_add(a, b[q], sum[p][q]);
      }
    }
  };
  Index i = 0;
  for (; i + width <= rows; i += width) {
    step([i](const T* x) { return simd::load<T>(x + i); });
  }
  if (const Index r = rows - i; r > 0) {
    step([i, r](const T* x) { return simd::load_partial<T>(x + i, r); });
  }
  for (int q = 0; q < Q; ++q) {
    for (int p = 0; p < P; ++p) {
      W[p + q * ldw] += Eigen::internal::predux(sum[p][q]);
    }
  }
}

/// tile<P, Q> with P = p and Q = q at run time.
template <class T, int P, int Q>
void dot_tile_upto(Index p, Index q, Index rows, const T* A, Index lda, const T* B, Index ldb, T* W, Index ldw) {
  if constexpr (P > 0 && Q > 0) {
    if (p >= P && q >= Q) {
      dot_tile<T, P, Q>(rows, A, lda, B, ldb, W, ldw);
    } else if (p < P) {
      dot_tile_upto<T, P - 1, Q>(p, q, rows, A, lda, B, ldb, W, ldw);
    } else {
      dot_tile_upto<T, P, Q - 1>(p, q, rows, A, lda, B, ldb, W, ldw);
    }
  }
}

}  // namespace detail

/// W := A^H B for A and B of many rows and few columns.
template <class T>
void adjoint_times(InColMajor<T> A, InColMajor<T> B, ColMajor<T> W) {
  for (Index j = 0; j < W.cols; ++j) {
    std::fill_n(W.col(j), W.rows, T(0));
  }
  if (A.rows == 0) {
    return;
  }
  if constexpr (is_complex<T>) {
    as_eigen(W).noalias() += as_eigen(A).adjoint() * as_eigen(B);
  } else {
    constexpr Index P = simd::tile_columns / 2;
    constexpr Index Q = 4;
    constexpr Index depth = 512;
    for (Index k = 0; k < A.rows; k += depth) {
      const Index rows = std::min(depth, A.rows - k);
      for (Index j = 0; j < W.cols; j += Q) {
        for (Index i = 0; i < W.rows; i += P) {
          detail::dot_tile_upto<T, P, Q>(std::min(P, W.rows - i), std::min(Q, W.cols - j), rows, A.col(i) + k, A.stride,
                                         B.col(j) + k, B.stride, W.col(j) + i, W.stride);
        }
      }
    }
  }
}

/// W := V^H B, V unit lower trapezoidal: what stands on and above its diagonal is not read.
template <class T>
void reflectors_times(InColMajor<T> V, InColMajor<T> B, ColMajor<T> W) {
  const Index p = V.cols;
  adjoint_times<T>(V.block(p, 0, V.rows - p, p), B.block(p, 0, V.rows - p, B.cols), W);
  for (Index j = 0; j < B.cols; ++j) {
    for (Index i = 0; i < p; ++i) {
      W(i, j) += B(i, j) + dot<true, T>(V.col(i) + i + 1, B.col(j) + i + 1, p - i - 1);
    }
  }
}

/// B := B - V W.
template <class T>
void subtract_reflectors(ColMajor<T> B, InColMajor<T> V, InColMajor<T> W) {
  const Index p = V.cols;
  for (Index j = 0; j < B.cols; ++j) {
    for (Index i = 0; i < p; ++i) {
      B(i, j) -= W(i, j);
      subtract_multiple<T>(p - i - 1, W(i, j), V.col(i) + i + 1, B.col(j) + i + 1);
    }
  }
  gemm_minus<Right::plain, T>(B.block(p, 0, B.rows - p, B.cols), V.block(p, 0, V.rows - p, p), W);
}

/// W := S W or S^H W, S lower triangular.
template <class T>
void multiply_lower(InColMajor<T> S, bool adjoint, ColMajor<T> W) {
  const Index p = S.rows;
  for (Index j = 0; j < W.cols; ++j) {
    T* w = W.col(j);
    if (adjoint) {
      for (Index i = 0; i < p; ++i) {
        w[i] = dot<true, T>(S.col(i) + i, w + i, p - i);
      }
      continue;
    }
    for (Index l = p - 1; l >= 0; --l) {
      const T value = w[l];
      w[l] = S(l, l) * value;
      subtract_multiple<T>(p - l - 1, -value, S.col(l) + l + 1, w + l + 1);
    }
  }
}

/// C := (I - V S V^H) C, or its adjoint's product, on one thread.
template <class T>
void apply_reflectors(InColMajor<T> V, InColMajor<T> S, bool adjoint, ColMajor<T> C) {
  if (C.cols == 0) {
    return;
  }
  Scratch<T, 1024> memory(V.cols * C.cols);
  const ColMajor<T> W{memory.data(), V.cols, C.cols, V.cols};
  reflectors_times<T>(V, C, W);
  multiply_lower<T>(S, adjoint, W);
  subtract_reflectors<T>(C, V, W);
}

/// x := v with v_0 = beta in place of 1, such that (I - tau v v^H) x = beta e_1. Returns tau; 0 where x is a real
/// multiple of e_1 already.
template <class T>
T make_reflector(T* x, Index n) {
  using R = Real<T>;
  const T alpha = x[0];
  R tail = real_part(dot<true, T>(x + 1, x + 1, n - 1));
  R length = std::sqrt(std::norm(alpha) + tail);
  constexpr R low = std::numeric_limits<R>::min() / (epsilon<T> * epsilon<T>);
  const R square = length * length;
  if (!(square > low && square < std::numeric_limits<R>::max())) {  // rarely: squares leave the range
    tail = norm2(x + 1, n - 1);
    length = std::hypot(std::abs(alpha), tail);
  }
  if (!(tail > 0) && tail == tail) {
    if constexpr (is_complex<T>) {
      if (alpha.imag() == R(0)) {
        return T(0);
      }
    } else {
      return T(0);
    }
  }
  const R beta = real_part(alpha) >= 0 ? -length : length;
  const T pivot = alpha - beta;
  const T factor = T(1) / pivot;
  if (std::isfinite(cheap_abs(factor))) {
    for (Index i = 1; i < n; ++i) {
      x[i] *= factor;
    }
  } else {
    for (Index i = 1; i < n; ++i) {
      x[i] /= pivot;
    }
  }
  x[0] = T(beta);
  return conjugate((beta - alpha) / beta);
}

/// Columns of a panel that are taken one by one.
inline constexpr Index narrow_panel = 8;

namespace detail {

/// result[c] = sum of conj(A(i, c)) v_i, for up to narrow_panel columns.
template <class T>
void dots_upto(InColMajor<T> A, const T* v, T* result) {
  if (A.cols == narrow_panel) {
    dots<true, narrow_panel, T>(A.data, A.stride, v, A.rows, result);
    return;
  }
  Index c = 0;
  for (; c + 4 <= A.cols; c += 4) {
    dots<true, 4, T>(A.col(c), A.stride, v, A.rows, result + c);
  }
  for (; c < A.cols; ++c) {
    dots<true, 1, T>(A.col(c), A.stride, v, A.rows, result + c);
  }
}

/// A := A - v w^T for N columns, v read once.
template <int N, class T>
void subtract_outer(Index n, const T* v, const T* w, T* A, Index stride) {
  constexpr Index width = simd::width<T>;
  simd::Packet<T> factor[N];
  for (int c = 0; c < N; ++c) {
    factor[c] = simd::broadcast<T>(w[c]);
  }
  Index i = 0;
  for (; i + width <= n; i += width) {
    const simd::Packet<T> x = simd::load<T>(v + i);
    for (int c = 0; c < N; ++c) {
      T* y = A + c * stride + i;
      simd::store<T>(y, simd::negative_multiply_add(x, factor[c], simd::load<T>(y)));
    }
  }
  if (const Index r = n - i; r > 0) {
    const simd::Packet<T> x = simd::load_partial<T>(v + i, r);
    for (int c = 0; c < N; ++c) {
      T* y = A + c * stride + i;
      simd::store_partial<T>(y, simd::negative_multiply_add(x, factor[c], simd::load_partial<T>(y, r)), r);
    }
  }
}

/// The panel of at most narrow_panel columns, rows >= cols.
template <class T>
void narrow_qr(ColMajor<T> A, T* tau, ColMajor<T> S) {
  T product[narrow_panel];
  T w[narrow_panel];
  for (Index k = 0; k < A.cols; ++k) {
    T* v = A.col(k) + k;
    const Index rest = A.rows - k - 1;
    tau[k] = make_reflector<T>(v, rest + 1);
    dots_upto<T>(A.block(k + 1, 0, rest, A.cols), v + 1, product);
    for (Index c = k + 1; c < A.cols; ++c) {  // A := (I - tau v v^H) A
      w[c] = tau[k] * (A(k, c) + conjugate(product[c]));
      A(k, c) -= w[c];
    }
    Index c = k + 1;
    for (; c + 4 <= A.cols; c += 4) {
      subtract_outer<4, T>(rest, v + 1, w + c, A.col(c) + k + 1, A.stride);
    }
    for (; c < A.cols; ++c) {
      subtract_outer<1, T>(rest, v + 1, w + c, A.col(c) + k + 1, A.stride);
    }
    for (Index j = 0; j < k; ++j) {  // S(k, :) = -tau (v^H V) S
      T sum(0);
      for (Index l = j; l < k; ++l) {
        sum += (conjugate(product[l]) + A(k, l)) * S(l, j);
      }
      S(k, j) = -tau[k] * sum;
      S(j, k) = T(0);
    }
    S(k, k) = tau[k];
  }
}

/// S21 := -S22 (V2^H V1) S11, V1 and V2 the first `left` and the other columns of V.
template <class T>
void join_blocks(InColMajor<T> V, Index left, ColMajor<T> S) {
  const Index right = V.cols - left;
  const ColMajor<T> corner = S.block(left, 0, right, left);
  reflectors_times<T>(V.block(left, left, V.rows - left, right), V.block(left, 0, V.rows - left, left), corner);
  multiply_lower<T>(S.block(left, left, right, right), false, corner);
  for (Index j = 0; j < left; ++j) {  // times -S11
    T* column = corner.col(j);
    for (Index i = 0; i < right; ++i) {
      column[i] *= -S(j, j);
    }
    for (Index l = j + 1; l < left; ++l) {
      subtract_multiple<T>(right, S(l, j), corner.col(l), column);
    }
  }
  for (Index j = left; j < V.cols; ++j) {
    std::fill_n(S.col(j), left, T(0));
  }
}

}  // namespace detail

/// A = Q R in place for rows >= cols: R in the upper triangle, V below it, tau, and S with zeros above its diagonal.
/// Recursive, so that nearly all the work is in products.  [Elmroth and Gustavson 2000, doi 10.1147/rd.444.0605]
template <class T>
void qr_panel(ColMajor<T> A, T* tau, ColMajor<T> S) {
  if (A.cols <= narrow_panel) {
    detail::narrow_qr<T>(A, tau, S);
    return;
  }
  const Index left = (A.cols / 2 + narrow_panel - 1) / narrow_panel * narrow_panel;
  const Index right = A.cols - left;
  qr_panel<T>(A.block(0, 0, A.rows, left), tau, S.block(0, 0, left, left));
  apply_reflectors<T>(A.block(0, 0, A.rows, left), S.block(0, 0, left, left), false, A.block(0, left, A.rows, right));
  qr_panel<T>(A.block(left, left, A.rows - left, right), tau + left, S.block(left, left, right, right));
  detail::join_blocks<T>(A, left, S);
}

/// S from V and tau alone.
template <class T>
void form_block(InColMajor<T> V, const T* tau, ColMajor<T> S) {
  if (V.cols == 1) {
    S(0, 0) = tau[0];
    return;
  }
  const Index left = V.cols / 2;
  form_block<T>(V.block(0, 0, V.rows, left), tau, S.block(0, 0, left, left));
  form_block<T>(V.block(left, left, V.rows - left, V.cols - left), tau + left,
                S.block(left, left, V.cols - left, V.cols - left));
  detail::join_blocks<T>(V, left, S);
}

/// A block of reflectors rearranged for many columns: rows of -V^H and of V, each in the order in which register tiles
/// read them.
template <class T>
class PackedReflectors {
 public:
  static constexpr Index chunk_rows = 4 * tile_rows<T>;
  /// Columns of C worked on at once.
  static constexpr Index strip = 32;

  PackedReflectors(Index rows, Index width)
      : adjoint_(has_microkernel<T> ? rows * width : 0),
        packed_(has_microkernel<T> ? packed_size<T>(rows, width) : 0),
        plain_(has_microkernel<T> ? 0 : rows * width),
        top_(width * width + width * tile_rows<T>) {}

  /// Begin with V; pack(i) for every chunk must follow, in any order.
  void begin(InColMajor<T> V) {
    V_ = V;
    const Index p = V.cols;
    const Index height = std::min(V.rows, (p + tile_rows<T> - 1) / tile_rows<T> * tile_rows<T>);
    head_ = {top_.data(), height, p, height};  // explicit ones and zeros
    for (Index j = 0; j < p; ++j) {
      for (Index i = 0; i < height; ++i) {
        head_(i, j) = i > j ? V(i, j) : T(i == j ? 1 : 0);
      }
    }
  }
  [[nodiscard]] Index chunks() const { return (V_.rows + chunk_rows - 1) / chunk_rows; }
  void pack(Index chunk) {
    const Index first = chunk * chunk_rows;
    const Index last = std::min(V_.rows, first + chunk_rows);
    const Index p = V_.cols;
    if constexpr (has_microkernel<T>) {
      constexpr Index M = tile_rows<T>;
      for (Index i = first; i < last; i += M) {
        const bool inside = i < head_.rows;
        const ColMajor<const T> from = inside ? ColMajor<const T>(head_) : ColMajor<const T>(V_);
        const Index end = std::min(last, i + M);
        pack_rows<T>({from.data, end, p, from.stride}, i / M, i / M + 1, packed_.data());
        for (Index k = i; k < end; ++k) {
          for (Index j = 0; j < p; ++j) {
            adjoint_[j + k * p] = -from(k, j);
          }
        }
      }
    } else {
      for (Index j = 0; j < p; ++j) {
        for (Index i = first; i < last; ++i) {
          plain_[i + j * V_.rows] = i < head_.rows ? head_(i, j) : V_(i, j);
        }
      }
    }
  }

  /// C := (I - V S V^H) C or (I - V S^H V^H) C for at most `strip` columns.
  void apply(InColMajor<T> S, bool adjoint, ColMajor<T> C) const {
    const Index p = V_.cols;
    Scratch<T, 64 * strip> memory(p * C.cols);
    const ColMajor<T> W{memory.data(), p, C.cols, p};
    if constexpr (has_microkernel<T>) {
      constexpr Index depth = 256;
      std::fill_n(W.data, p * C.cols, T(0));
      for (Index k = 0; k < C.rows; k += depth) {
        const Index rows = std::min(depth, C.rows - k);
        gemm_minus<Right::plain, T>(W, ColMajor<const T>{adjoint_.data() + k * p, p, rows, p},
                                    C.block(k, 0, rows, C.cols));
      }
      multiply_lower<T>(S, adjoint, W);
      gemm_minus<Right::plain, T>(C, PackedRows<T>{packed_.data(), {nullptr, C.rows, p, 0}}, W);
    } else {
      const ColMajor<const T> V{plain_.data(), V_.rows, p, V_.rows};
      as_eigen(W).noalias() = as_eigen(V).adjoint() * as_eigen(C);
      multiply_lower<T>(S, adjoint, W);
      as_eigen(C).noalias() -= as_eigen(V) * as_eigen(W);
    }
  }

 private:
  ColMajor<const T> V_;
  ColMajor<T> head_;
  Buffer<T> adjoint_;
  Buffer<T> packed_;
  Buffer<T> plain_;
  Buffer<T> top_;
};

}  // namespace hessolve
