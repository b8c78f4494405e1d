// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/adjoint_times.hpp"
#include "kernel/reflector.hpp"

/// Householder reflections H = I - tau v v^H, v_0 = 1, and blocks of them. H_b ... H_1 = I - V S V^H with V unit lower
/// trapezoidal and S lower triangular.  [Schreiber and Van Loan 1989, doi 10.1137/0910005; Golub & Van Loan, 5.2.3]
namespace hessolve {

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
  const auto few = [&](Index i, Index r) {
    const simd::Packet<T> x = simd::load_partial<T>(v + i, r);
    for (int c = 0; c < N; ++c) {
      T* y = A + c * stride + i;
      simd::store_partial<T>(y, simd::negative_multiply_add(x, factor[c], simd::load_partial<T>(y, r)), r);
    }
  };
  Index i = elements_apart<T>(A, stride, n);
  if (i > 0) {
    few(0, i);
  }
  for (; i + width <= n; i += width) {
    const simd::Packet<T> x = simd::load<T>(v + i);
    for (int c = 0; c < N; ++c) {
      T* y = A + c * stride + i;
      simd::store<T>(y, simd::negative_multiply_add(x, factor[c], simd::load<T>(y)));
    }
  }
  if (i < n) {
    few(i, n - i);
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

/// C := (I - factor v v^H) C, v = (1, tail): one reflection for all columns, a few at a time.
template <class T>
void reflect_columns(const T* tail, T factor, ColMajor<T> C) {
  const Index rest = C.rows - 1;
  T product[narrow_panel];
  T multiple[narrow_panel];
  for (Index j = 0; j < C.cols; j += narrow_panel) {
    const ColMajor<T> columns = C.block(1, j, rest, std::min(narrow_panel, C.cols - j));
    dots_upto<T>(columns, tail, product);
    for (Index c = 0; c < columns.cols; ++c) {
      multiple[c] = factor * (C(0, j + c) + conjugate(product[c]));
      C(0, j + c) -= multiple[c];
    }
    subtract_outer_upto<T>(rest, tail, multiple, columns);
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

/// x := beta e_1 followed by the tail of v: the reflection that turns x into that multiple of e_1, v written in its
/// place. Returns tau.
template <class T>
T reflect_column(T* x, Index length) {
  const Real<T> tail = real_part(long_dot<true, T>(x + 1, x + 1, length - 1));
  const Reflector<T> H = reflector_for<T>(x[0], tail, x + 1, length - 1);
  divide<T>(length - 1, H.pivot, x + 1);
  x[0] = T(H.beta);
  return H.tau;
}

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

}  // namespace hessolve
