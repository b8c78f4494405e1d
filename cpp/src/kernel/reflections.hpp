// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>

#include "kernel/dot.hpp"
#include "kernel/fill.hpp"
#include "kernel/gemm.hpp"
#include "kernel/scaling.hpp"
#include "kernel/team.hpp"

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

/// dot_tile<P, Q> with P = p and Q = q at run time.
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

/// W += A^H B
template <class T>
void add_adjoint_times(InColMajor<T> A, InColMajor<T> B, ColMajor<T> W) {
  if constexpr (is_complex<T>) {
    as_eigen(W).noalias() += as_eigen(A).adjoint() * as_eigen(B);
  } else {
    constexpr Index P = simd::tile_columns / 2;
    constexpr Index Q = 4;
    for (Index k = 0; k < A.rows; k += plain_sum) {
      const Index rows = std::min(plain_sum, A.rows - k);
      for (Index j = 0; j < W.cols; j += Q) {
        for (Index i = 0; i < W.rows; i += P) {
          dot_tile_upto<T, P, Q>(std::min(P, W.rows - i), std::min(Q, W.cols - j), rows, A.col(i) + k, A.stride,
                                 B.col(j) + k, B.stride, W.col(j) + i, W.stride);
        }
      }
    }
  }
}

}  // namespace detail

/// Rows that one thread takes at a time where a matrix is tall.
inline constexpr Index tall_part = 4096;

/// body(part, first, count) for parts of tall_part rows, on several threads where there are many.
template <class Body>
void for_each_part(Index rows, Body&& body) {
  parallel_for((rows + tall_part - 1) / tall_part, rows >= 4 * tall_part,
               [&](Index part) { body(part, part * tall_part, std::min(tall_part, rows - part * tall_part)); });
}

/// W := A^H B for A and B of many rows and few columns. Rows are taken in parts of a fixed size, whose sums are put
/// together in order, so that the bits do not depend on threads and the rounding does not grow with the length.
template <class T>
void adjoint_times(InColMajor<T> A, InColMajor<T> B, ColMajor<T> W) {
  clear<T>(W);
  if (A.rows <= tall_part) {
    if (A.rows > 0) {
      detail::add_adjoint_times<T>(A, B, W);
    }
    return;
  }
  const Index size = W.rows * W.cols;
  const Index parts = (A.rows + tall_part - 1) / tall_part;
  Buffer<T> sums(parts * size);
  for_each_part(A.rows, [&](Index part, Index first, Index count) {
    const ColMajor<T> sum{sums.data() + part * size, W.rows, W.cols, W.rows};
    clear<T>(sum);
    detail::add_adjoint_times<T>(A.block(first, 0, count, A.cols), B.block(first, 0, count, B.cols), sum);
  });
  for (Index j = 0; j < W.cols; ++j) {
    for (Index i = 0; i < W.rows; ++i) {
      CompensatedSum<T> total;
      for (Index part = 0; part < parts; ++part) {
        total.add(sums[part * size + i + j * W.rows]);
      }
      W(i, j) = total.value();
    }
  }
}

/// The square top of V with its ones and zeros written out, so that products with it run as any others.
template <class T>
class Head {
 public:
  explicit Head(InColMajor<T> V) : size_(V.cols), memory_(V.cols * V.cols) {
    for (Index j = 0; j < size_; ++j) {
      T* column = memory_.data() + j * size_;
      std::fill_n(column, j, T(0));
      column[j] = T(1);
      std::copy(V.col(j) + j + 1, V.col(j) + size_, column + j + 1);
    }
  }
  [[nodiscard]] ColMajor<const T> view() const { return {memory_.data(), size_, size_, size_}; }

 private:
  Index size_;
  Scratch<T, 48 * 48> memory_;
};

/// W := V^H B, V unit lower trapezoidal: what stands on and above its diagonal is not read.
template <class T>
void reflectors_times(InColMajor<T> V, const Head<T>& head, InColMajor<T> B, ColMajor<T> W) {
  const Index p = V.cols;
  adjoint_times<T>(V.block(p, 0, V.rows - p, p), B.block(p, 0, V.rows - p, B.cols), W);
  detail::add_adjoint_times<T>(head.view(), B.block(0, 0, p, B.cols), W);
}

/// W := -S W or -S^H W, S lower triangular with zeros above.
template <class T>
void multiply_by_minus(InColMajor<T> S, bool adjoint, ColMajor<T> W) {
  const Index p = S.rows;
  Scratch<T, 48 * 48> turned(adjoint ? p * p : 0);
  for (Index j = 0; j < p && adjoint; ++j) {
    for (Index i = 0; i < p; ++i) {
      turned[i + j * p] = conjugate(S(j, i));
    }
  }
  Scratch<T, 48 * 64> memory(p * W.cols);
  const ColMajor<T> product{memory.data(), p, W.cols, p};
  clear<T>(product);
  gemm_minus<Right::plain, T>(product, adjoint ? ColMajor<const T>{turned.data(), p, p, p} : S, W);
  for (Index j = 0; j < W.cols; ++j) {
    std::copy_n(product.col(j), p, W.col(j));
  }
}

/// C := (I - V S V^H) C, or its adjoint's product, on one thread or, where C is tall, on several.
template <class T>
void apply_reflectors(InColMajor<T> V, InColMajor<T> S, bool adjoint, ColMajor<T> C) {
  if (C.cols == 0) {
    return;
  }
  const Index p = V.cols;
  constexpr Index strip = 64;
  if (C.cols > strip && V.rows <= 4 * tall_part && V.rows * p * C.cols > 1'000'000) {  // threads share columns
    parallel_for((C.cols + strip - 1) / strip, true, [&](Index s) {
      apply_reflectors<T>(V, S, adjoint, C.block(0, s * strip, C.rows, std::min(strip, C.cols - s * strip)));
    });
    return;
  }
  Scratch<T, 1024> memory(p * C.cols);
  const ColMajor<T> W{memory.data(), p, C.cols, p};
  const Head<T> head(V);
  reflectors_times<T>(V, head, C, W);
  negate<T>(W);
  multiply_by_minus<T>(S, adjoint, W);
  gemm_minus<Right::plain, T>(C.block(0, 0, p, C.cols), head.view(), W);
  for_each_part(C.rows - p, [&](Index, Index first, Index count) {
    gemm_minus<Right::plain, T>(C.block(p + first, 0, count, C.cols), V.block(p + first, 0, count, p), W);
  });
}

/// (I - tau v v^H) x = beta e_1 with v = x / pivot beyond its first element.
template <class T>
struct Reflector {
  T tau{};
  Real<T> beta{};
  T pivot = T(1);
};

/// The reflection for x = (alpha, y), ||y||^2 = tail; tau = 0 where y is zero and alpha real. Where squares leave the
/// range the norm is taken from y itself.  [Golub & Van Loan, 5.1.3]
template <class T>
[[nodiscard]] Reflector<T> reflector_for(T alpha, Real<T> tail, const T* y, Index n) {
  using R = Real<T>;
  constexpr R low = std::numeric_limits<R>::min() / (epsilon<T> * epsilon<T>);
  R length = std::sqrt(std::norm(alpha) + tail);
  if (const R square = length * length; !(square > low && square < std::numeric_limits<R>::max())) {
    tail = norm2(y, n);
    length = std::hypot(std::abs(alpha), tail);
  }
  Reflector<T> H;
  const bool real = !is_complex<T> || alpha == conjugate(alpha);
  if (tail == R(0) && real) {
    H.beta = real_part(alpha);
    return H;
  }
  H.beta = real_part(alpha) >= 0 ? -length : length;
  H.tau = conjugate((H.beta - alpha) / H.beta);
  H.pivot = alpha - H.beta;
  return H;
}

/// x := x / pivot
template <class T>
void divide(Index n, T pivot, T* x) {
  const T factor = T(1) / pivot;
  if (std::isfinite(cheap_abs(factor))) {
    for (Index i = 0; i < n; ++i) {
      x[i] *= factor;
    }
    return;
  }
  for (Index i = 0; i < n; ++i) {  // the pivot is next to nothing
    x[i] /= pivot;
  }
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

template <class T>
void subtract_outer_upto(Index n, const T* v, const T* w, ColMajor<T> A) {
  Index c = 0;
  for (; c + 4 <= A.cols; c += 4) {
    subtract_outer<4, T>(n, v, w + c, A.col(c), A.stride);
  }
  for (; c < A.cols; ++c) {
    subtract_outer<1, T>(n, v, w + c, A.col(c), A.stride);
  }
}

/// One pass over the rows of a panel below its square top: apply reflection k - 1, then product[c] := sum of
/// conj(A(i, c)) A(i, k). `pivot` is what column k - 1 is divided by, w the multiples of it that are subtracted.
template <class T>
void narrow_pass(ColMajor<T> body, Index k, T pivot, const T* w, T* product) {
  const Index cols = body.cols;
  const auto work = [&](Index first, Index count, T* result) {
    const ColMajor<T> rows = body.block(first, 0, count, cols);
    if (k > 0) {
      divide<T>(count, pivot, rows.col(k - 1));
      subtract_outer_upto<T>(count, rows.col(k - 1), w + k, rows.block(0, k, count, cols - k));
    }
    if (k < cols) {
      dots_upto<T>(rows, rows.col(k), result);
    }
  };
  if (body.rows <= plain_sum) {
    work(0, body.rows, product);
    return;
  }
  const Index parts = (body.rows + tall_part - 1) / tall_part;
  Scratch<T, 64 * narrow_panel> sums(parts * narrow_panel);
  for_each_part(body.rows, [&](Index part, Index first, Index count) {
    T* sum = sums.data() + part * narrow_panel;
    std::fill_n(sum, narrow_panel, T(0));
    T some[narrow_panel];
    for (Index i = 0; i < count; i += plain_sum) {  // rows that stay in the first-level cache
      work(first + i, std::min(plain_sum, count - i), some);
      for (Index c = 0; c < cols && k < cols; ++c) {
        sum[c] += some[c];
      }
    }
  });
  for (Index c = 0; c < cols; ++c) {
    CompensatedSum<T> total;
    for (Index part = 0; part < parts; ++part) {
      total.add(sums[part * narrow_panel + c]);
    }
    product[c] = total.value();
  }
}

/// The panel of at most narrow_panel columns, rows >= cols. One pass over the rows a column.
template <class T>
void narrow_qr(ColMajor<T> A, T* tau, ColMajor<T> S) {
  using R = Real<T>;
  const Index cols = A.cols;
  const ColMajor<T> body = A.block(cols, 0, A.rows - cols, cols);
  T product[narrow_panel] = {};
  T w[narrow_panel] = {};
  T pivot(1);
  for (Index k = 0; k < cols; ++k) {
    narrow_pass<T>(body, k, pivot, w, product);
    const auto add_top = [&] {
      for (Index c = 0; c < cols; ++c) {
        for (Index i = k + 1; i < cols; ++i) {
          product[c] += conjugate(A(i, c)) * A(i, k);
        }
      }
    };
    add_top();
    const Reflector<T> H = reflector_for<T>(A(k, k), real_part(product[k]), A.col(k) + k + 1, A.rows - k - 1);
    pivot = H.pivot;
    divide<T>(cols - k - 1, pivot, A.col(k) + k + 1);
    const R small = std::sqrt(std::sqrt(std::numeric_limits<R>::min()));
    bool usable = std::abs(pivot) > small;  // else products of the column with others may underflow
    for (Index c = 0; c < cols; ++c) {
      usable = usable && std::isfinite(cheap_abs(product[c]));
    }
    if (H.tau != T(0) && !usable) {  // rarely: with v, whose elements are near 1
      divide<T>(body.rows, pivot, body.col(k));
      pivot = T(1);
      for (Index c = 0; c < cols; ++c) {
        product[c] = long_dot<true, T>(body.col(c), body.col(k), body.rows);
      }
      add_top();
    } else {
      for (Index c = 0; c < cols; ++c) {
        product[c] /= pivot;
      }
    }
    tau[k] = H.tau;
    A(k, k) = T(H.beta);
    for (Index c = k + 1; c < cols; ++c) {  // A := (I - tau v v^H) A
      w[c] = H.tau * (A(k, c) + conjugate(product[c]));
      A(k, c) -= w[c];
      for (Index i = k + 1; i < cols; ++i) {
        A(i, c) -= A(i, k) * w[c];
      }
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
  narrow_pass<T>(body, cols, pivot, w, product);
}

/// S21 := -S22 (V2^H V1) S11, V1 and V2 the first `left` and the other columns of V.
template <class T>
void join_blocks(InColMajor<T> V, Index left, ColMajor<T> S) {
  const Index right = V.cols - left;
  const ColMajor<T> corner = S.block(left, 0, right, left);
  const ColMajor<const T> V2 = V.block(left, left, V.rows - left, right);
  Scratch<T, 48 * 48> memory(right * left);
  const ColMajor<T> product{memory.data(), right, left, right};
  reflectors_times<T>(V2, Head<T>(V2), V.block(left, 0, V.rows - left, left), product);
  multiply_by_minus<T>(S.block(left, left, right, right), false, product);
  negate<T>(product);
  clear<T>(corner);
  gemm_minus<Right::plain, T>(corner, product, S.block(0, 0, left, left));
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

/// A block of reflectors rearranged for many columns: rows of V^H and of V, each in the order in which register tiles
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
            adjoint_[j + k * p] = from(k, j);
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
      multiply_by_minus<T>(S, adjoint, W);
      gemm_minus<Right::plain, T>(C, PackedRows<T>{packed_.data(), {nullptr, C.rows, p, 0}}, W);
    } else {
      const ColMajor<const T> V{plain_.data(), V_.rows, p, V_.rows};
      as_eigen(W).noalias() = as_eigen(V).adjoint() * as_eigen(C);
      multiply_by_minus<T>(S, adjoint, W);
      as_eigen(C).noalias() += as_eigen(V) * as_eigen(W);
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
