// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/triangular.hpp>

#include "kernel/dot.hpp"
#include "kernel/gemm.hpp"
#include "kernel/source.hpp"
#include "kernel/team.hpp"

namespace hessolve {
namespace {

constexpr Index general_block = 64;   // of the diagonal, solved by substitution; everything off it is a product
constexpr Index column_chunk = 64;    // right-hand sides one thread takes at a time
constexpr Index wide_chunk = 256;     // where there are many: A is then read from memory a quarter as often
constexpr Index product_depth = 256;  // of one product: its left factor stays in the second-level cache

/// Substitution inside one diagonal block: a few columns of B together, whose chains of dependent steps then overlap.
template <class T>
void substitute(InColMajor<T> A, Triangle triangle, Diagonal diagonal, Trans trans, ColMajor<T> B) {
  constexpr Index together = 4;
  const Index n = A.rows;
  const bool lower = triangle == Triangle::lower;
  const bool forward = lower == (trans == Trans::none);
  for (Index first = 0; first < B.cols; first += together) {
    const Index last = std::min(first + together, B.cols);
    for (Index step = 0; step < n; ++step) {
      const Index k = forward ? step : n - 1 - step;
      const T* a = A.col(k);
      const Index from = lower ? k + 1 : 0;  // the off-diagonal part of column k
      const Index count = lower ? n - k - 1 : k;
      for (Index j = first; j < last; ++j) {
        T* b = B.col(j);
        if (trans == Trans::none) {
          if (diagonal == Diagonal::general) {
            b[k] /= a[k];
          }
          subtract_multiple<T>(count, b[k], a + from, b + from);
        } else {
          const bool adjoint = trans == Trans::adjoint;
          b[k] -= adjoint ? dot<true, T>(a + from, b + from, count) : dot<false, T>(a + from, b + from, count);
          if (diagonal == Diagonal::general) {
            b[k] /= adjoint ? conjugate(a[k]) : a[k];
          }
        }
      }
    }
  }
}

/// One right-hand side and a triangle no larger than a packet, in registers: the chain of dependent steps never goes
/// through memory. Lanes that are done hold rubbish and are not read again.
template <class T>
void substitute_in_register(InColMajor<T> A, bool lower, bool unit, T* b) {
  const auto n = static_cast<int>(A.rows);
  simd::Packet<T> left = simd::load_upto<T>(b, n);
  alignas(64) T inverse[simd::width<T>];
  for (int k = 0; k < n; ++k) {
    inverse[k] = unit ? T(1) : T(1) / A(k, k);
  }
  for (int step = 0; step < n; ++step) {
    const int k = lower ? step : n - 1 - step;
    simd::Packet<T> x = simd::broadcast_lane<T>(left, k);
    if (!unit) {
      x = simd::multiply(x, simd::broadcast<T>(inverse[k]));
    }
    left = simd::negative_multiply_add(simd::load_upto<T>(A.col(k), n), x, left);
    b[k] = Eigen::internal::pfirst(x);
  }
}

/// B -= op(A) X
template <class T>
void subtract_product(InColMajor<T> A, Trans trans, InColMajor<T> X, ColMajor<T> B) {
  if (trans == Trans::none) {
    if (B.cols == 1) {
      constexpr int N = 8;
      Index k = 0;
      for (; k + N <= A.cols; k += N) {
        subtract_multiples<N, T>(A.rows, X.col(0) + k, A.col(k), A.stride, B.col(0));
      }
      for (; k < A.cols; ++k) {
        subtract_multiple<T>(A.rows, X(k, 0), A.col(k), B.col(0));
      }
    } else {
      gemm_minus<Right::plain, T>(B, A, X);
    }
    return;
  }
  constexpr int N = 4;
  Index i = 0;
  for (; i + N <= A.cols; i += N) {
    for (Index j = 0; j < B.cols; ++j) {
      T product[N];
      if (trans == Trans::adjoint) {
        dots<true, N, T>(A.col(i), A.stride, X.col(j), A.rows, product);
      } else {
        dots<false, N, T>(A.col(i), A.stride, X.col(j), A.rows, product);
      }
      for (int c = 0; c < N; ++c) {
        B(i + c, j) -= product[c];
      }
    }
  }
  for (; i < A.cols; ++i) {
    for (Index j = 0; j < B.cols; ++j) {
      B(i, j) -= trans == Trans::adjoint ? dot<true, T>(A.col(i), X.col(j), A.rows)
                                         : dot<false, T>(A.col(i), X.col(j), A.rows);
    }
  }
}

/// Right-hand sides from which on whole tiles of them are worked on.
constexpr Index many_columns = 8;

/// Rows of the smallest triangles where there are many right-hand sides.
template <class T>
inline constexpr Index leaf = is_complex<T> || simd::width<T> < 4 ? 8 : simd::width<T>;

/// A triangle no larger than a packet, for as many right-hand sides at once as a packet holds: transposed in
/// registers, an unknown of all of them is one packet.
template <class T>
void substitute_across(InColMajor<T> A, Triangle triangle, Diagonal diagonal, Trans trans, ColMajor<T> B) {
  constexpr Index W = simd::width<T>;
  const Index n = A.rows;
  const bool forward = (triangle == Triangle::lower) == (trans == Trans::none);
  T inverse[W];
  for (Index k = 0; k < n; ++k) {
    inverse[k] = diagonal == Diagonal::unit ? T(1) : T(1) / A(k, k);
  }
  for (Index j = 0; j < B.cols; j += W) {
    const Index w = std::min(W, B.cols - j);
    simd::Block<T> x;
    for (Index c = 0; c < W; ++c) {
      x.packet[c] = c < w ? simd::load_upto<T>(B.col(j + c), n) : simd::zero<T>();
    }
    simd::transpose(x);
    for (Index step = 0; step < n; ++step) {
      const Index k = forward ? step : n - 1 - step;
      if (diagonal == Diagonal::general) {
        x.packet[k] = simd::multiply(x.packet[k], simd::broadcast<T>(inverse[k]));
      }
      for (Index i = forward ? k + 1 : 0; i < (forward ? n : k); ++i) {
        const T a = trans == Trans::none ? A(i, k) : A(k, i);
        x.packet[i] = simd::negative_multiply_add(simd::broadcast<T>(a), x.packet[k], x.packet[i]);
      }
    }
    simd::transpose(x);
    for (Index c = 0; c < w; ++c) {
      simd::store_upto<T>(B.col(j + c), x.packet[c], n);
    }
  }
}

/// B -= op(A) X for many columns: op(A) is copied in slices where it is not A itself.
template <class T>
void subtract_product_of_many(InColMajor<T> A, Trans trans, InColMajor<T> X, ColMajor<T> B) {
  if (trans == Trans::none) {
    for (Index k = 0; k < X.rows; k += product_depth) {
      const Index depth = std::min(product_depth, X.rows - k);
      gemm_minus<Right::plain, T>(B, A.block(0, k, B.rows, depth), X.block(k, 0, depth, X.cols));
    }
    return;
  }
  constexpr Index slice = 64;
  Scratch<T, 64 * slice> turned(B.rows * slice);
  for (Index k = 0; k < X.rows; k += slice) {
    const Index depth = std::min(slice, X.rows - k);
    const ColMajor<T> part{turned.data(), B.rows, depth, B.rows};
    detail::transpose_tile<T>(A.data + k, A.stride, B.rows, depth, part.data, part.stride);
    if constexpr (is_complex<T>) {
      for (Index e = 0; e < B.rows * depth && trans == Trans::adjoint; ++e) {
        part.data[e] = conjugate(part.data[e]);
      }
    }
    gemm_minus<Right::plain, T>(B, part, X.block(k, 0, depth, X.cols));
  }
}

/// Halves of A, and the product between them: nearly all of the work is in products.
template <class T>
void solve_many(InColMajor<T> A, Triangle triangle, Diagonal diagonal, Trans trans, ColMajor<T> B) {
  const Index n = A.rows;
  if (n <= leaf<T>) {
    if constexpr (!is_complex<T> && leaf<T> == simd::width<T>) {
      substitute_across<T>(A, triangle, diagonal, trans, B);
    } else {
      substitute<T>(A, triangle, diagonal, trans, B);
    }
    return;
  }
  const Index top = (n / 2 + leaf<T> - 1) / leaf<T> * leaf<T>;
  const bool lower = triangle == Triangle::lower;
  const bool forward = lower == (trans == Trans::none);
  const ColMajor<T> above = B.block(0, 0, top, B.cols);
  const ColMajor<T> below = B.block(top, 0, n - top, B.cols);
  const InColMajor<T> corner = lower ? A.block(top, 0, n - top, top) : A.block(0, top, top, n - top);
  if (forward) {
    solve_many<T>(A.block(0, 0, top, top), triangle, diagonal, trans, above);
    subtract_product_of_many<T>(corner, trans, above, below);
  }
  solve_many<T>(A.block(top, top, n - top, n - top), triangle, diagonal, trans, below);
  if (!forward) {
    subtract_product_of_many<T>(corner, trans, below, above);
    solve_many<T>(A.block(0, 0, top, top), triangle, diagonal, trans, above);
  }
}

/// Rows of B above the first element that is not zero.
template <class T>
Index leading_zeros(InColMajor<T> B) {
  Index zeros = B.rows;
  for (Index j = 0; j < B.cols; ++j) {
    const T* b = B.col(j);
    zeros = std::find_if(b, b + zeros, [](const T& value) { return !(value == T(0)); }) - b;
  }
  return zeros;
}

template <class T>
void solve_chunk(InColMajor<T> A, Triangle triangle, Diagonal diagonal, Trans trans, ColMajor<T> B) {
  const Index n = A.rows;
  const Index w = B.cols;
  const bool lower = triangle == Triangle::lower;
  const bool forward = lower == (trans == Trans::none);
  if (w >= many_columns) {
    const Index zeros = forward ? leading_zeros<T>(B) / leaf<T> * leaf<T> : 0;  // stay zeros: a third for unit columns
    solve_many<T>(A.block(zeros, zeros, n - zeros, n - zeros), triangle, diagonal, trans,
                  B.block(zeros, 0, n - zeros, w));
    return;
  }
  const bool in_register = !is_complex<T> && w == 1 && trans == Trans::none && simd::width<T> >= 4;
  const Index block = in_register ? std::min<Index>(8, simd::width<T>) : general_block;
  const Index blocks = (n + block - 1) / block;
  for (Index step = 0; step < blocks; ++step) {
    const Index k = block * (forward ? step : blocks - 1 - step);
    const Index size = std::min(block, n - k);
    const ColMajor<T> X = B.block(k, 0, size, w);
    if (in_register) {
      substitute_in_register<T>(A.block(k, k, size, size), lower, diagonal == Diagonal::unit, X.data);
    } else {
      substitute<T>(A.block(k, k, size, size), triangle, diagonal, trans, X);
    }
    const Index from = forward ? k + size : 0;  // the unknowns still to come
    const Index count = forward ? n - from : k;
    const InColMajor<T> rest = trans == Trans::none ? A.block(from, k, count, size) : A.block(k, from, size, count);
    subtract_product<T>(rest, trans, X, B.block(from, 0, count, w));
  }
}

}  // namespace

template <class T>
void triangular_solve(InColMajor<T> A, Triangle triangle, Diagonal diagonal, Trans trans, ColMajor<T> B) {
  const Index chunk = B.cols >= 4 * wide_chunk ? wide_chunk : column_chunk;
  parallel_for((B.cols + chunk - 1) / chunk, A.rows * A.rows * B.cols > 2'000'000, [&](Index c) {
    const Index j = c * chunk;
    solve_chunk<T>(A, triangle, diagonal, trans, B.block(0, j, B.rows, std::min(chunk, B.cols - j)));
  });
}

#define INSTANTIATE(T) template void triangular_solve<T>(InColMajor<T>, Triangle, Diagonal, Trans, ColMajor<T>);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
