// SPDX-License-Identifier: BSD-3-Clause
#include "dense/cholesky_qr.hpp"

#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/triangular.hpp>

#include "kernel/fill.hpp"
#include "kernel/gram.hpp"
#include "kernel/scaling.hpp"
#include "kernel/upcoming.hpp"

namespace hessolve {
namespace {

/// The lower triangle of A^H A.
template <class T>
void gram_of(const Source<T>& A, ColMajor<T> G) {
  gram<T>(A, {}, In<T>{}, G, ColMajor<T>{nullptr, G.rows, 0, G.rows});
}

/// ||G - I||_F of a Hermitian G, whose lower triangle is read.
template <class T>
Real<T> distance_from_identity(InColMajor<T> G) {
  Real<T> sum = 0;
  for (Index j = 0; j < G.cols; ++j) {
    sum += std::norm(G(j, j) - T(1));
    for (Index i = j + 1; i < G.rows; ++i) {
      sum += 2 * std::norm(G(i, j));
    }
  }
  return std::sqrt(sum);
}

/// Columns of L := those whose Q has the signs that Householder's reflections would have given: elimination in Q - S,
/// where each s_j = +-1 is chosen against the pivot it meets. W, the first rows of Q, is overwritten.
template <class T>
void take_householder_signs(ColMajor<T> W, ColMajor<T> L) {
  const Index n = W.cols;
  for (Index k = 0; k < n; ++k) {
    const bool turned = real_part(W(k, k)) >= 0;  // s = -1
    const T divisor = W(k, k) + T(turned ? 1 : -1);
    for (Index i = k + 1; i < n; ++i) {
      W(i, k) /= divisor;
    }
    for (Index j = k + 1; j < n; ++j) {
      subtract_multiple<T>(n - k - 1, W(k, j), W.col(k) + k + 1, W.col(j) + k + 1);
    }
    for (Index i = k; i < n && turned; ++i) {
      L(i, k) = -L(i, k);
    }
  }
}

/// R := (L1 L2)^H for lower triangles, whose other halves are cleared.
template <class T>
void write_r(ColMajor<T> L1, ColMajor<T> L2, MatrixView<T> R) {
  const Index n = L1.cols;
  for (Index j = 0; j < n; ++j) {
    std::fill_n(L1.col(j), j, T(0));
    std::fill_n(L2.col(j), j, T(0));
  }
  Matrix<T> minus(n, n);
  clear<T>(minus.view());
  gemm_minus<Right::plain, T>(minus.view(), L1, L2);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      R(i, j) = i <= j ? T(-conjugate(minus(j, i))) : T(0);
    }
  }
}

}  // namespace

template <class T>
void divide_by_adjoint(const Source<T>& A, InColMajor<T> L, MatrixView<T> Q) {
  const Index m = A.rows();
  const Index n = A.cols();
  constexpr Index block = 128;
  const Source<T> turned{A.view.transposed(), Part::full, A.conjugated};
  const MatrixView<T> out = Q.transposed();
  Matrix<T> factor(is_complex<T> ? n : 0, is_complex<T> ? n : 0);  // Q^T = conj(L)^-1 A^T
  for (Index j = 0; j < factor.view().cols; ++j) {
    for (Index i = j; i < n; ++i) {
      factor(i, j) = conjugate(L(i, j));
    }
  }
  const ColMajor<const T> lower = is_complex<T> ? ColMajor<const T>(factor.view()) : ColMajor<const T>(L);
  // Q^T is worked on where it lies, unless its columns share sets of the cache.
  const bool in_place = out.row_stride == 1 && out.col_stride >= n && out.col_stride % (16 * cache_line<T>) != 0;
  const bool there = A.part == Part::full && !A.conjugated && A.view.data == Q.data &&
                     A.view.row_stride == Q.row_stride && A.view.col_stride == Q.col_stride;
  parallel_for((m + block - 1) / block, m * n * n > 1'000'000, [&](Index s) {
    const Index first = s * block;
    const Index count = std::min(block, m - first);
    const Matrix<T> copy(in_place ? 0 : n, in_place ? 0 : count);
    const ColMajor<T> P = in_place ? ColMajor<T>{&out(0, first), n, count, out.col_stride} : copy.view();
    for (Index j = 0; j < count && !(in_place && there); j += source_tile) {
      for (Index i = 0; i < n; i += source_tile) {
        read_tile<T>(turned, i, first + j, std::min(source_tile, n - i), std::min(source_tile, count - j), P.col(j) + i,
                     P.stride);
      }
    }
    triangular_solve<T>(lower, Triangle::lower, Diagonal::general, Trans::none, P);
    if (!in_place) {
      copy_out<T>(P, out.block(0, first, n, count));
    }
  });
}

template <class T>
bool cholesky_qr_twice(const Source<T>& A, MatrixView<T> Q, MatrixView<T> R) {
  const Index n = A.cols();
  Matrix<T> L1(n, n);
  gram_of<T>(A, L1.view());
  if (!cholesky_in_place<T>(L1.view()).ok()) {
    return false;
  }
  divide_by_adjoint<T>(A, L1.view(), Q);
  Matrix<T> L2(n, n);
  gram_of<T>({Q}, L2.view());
  if (!(distance_from_identity<T>(L2.view()) <= Real<T>(0.125)) || !cholesky_in_place<T>(L2.view()).ok()) {
    return false;
  }
  Matrix<T> top(n, n);
  divide_by_adjoint<T>({Q.block(0, 0, n, n)}, L2.view(), top.view());
  take_householder_signs<T>(top.view(), L2.view());
  divide_by_adjoint<T>({Q}, L2.view(), Q);
  write_r<T>(L1.view(), L2.view(), R);
  return true;
}

#define INSTANTIATE(T)                                                                \
  template void divide_by_adjoint<T>(const Source<T>&, InColMajor<T>, MatrixView<T>); \
  template bool cholesky_qr_twice<T>(const Source<T>&, MatrixView<T>, MatrixView<T>);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
