// SPDX-License-Identifier: BSD-3-Clause
#include "certify/residual.hpp"

#include "kernel/dot.hpp"

namespace hessolve {
namespace {

constexpr Index strip = source_tile;

template <class T>
bool worth_a_team(const Source<T>& A, Index columns) {
  return A.rows() * A.cols() * columns > 200'000;
}

/// high + low -= a x for n elements each, error-free but for the rounding of low.
template <class R>
void subtract_exactly(Index n, const R* a, R x, R* high, R* low) {
  constexpr Index W = simd::width<R>;
  const simd::Packet<R> factor = simd::broadcast<R>(-x);
  for (Index i = 0; i < n; i += W) {
    const Index r = n - i;
    const simd::Packet<R> h = simd::load_upto<R>(high + i, r);
    simd::Packet<R> product;
    simd::Packet<R> error;
    simd::two_product<R>(simd::load_upto<R>(a + i, r), factor, product, error);
    const simd::Packet<R> sum = simd::add(h, product);  // two-sum [Knuth, TAOCP 2, 4.2.2]
    const simd::Packet<R> virtual_part = simd::subtract(sum, h);
    const simd::Packet<R> rounding =
        simd::add(simd::subtract(h, simd::subtract(sum, virtual_part)), simd::subtract(product, virtual_part));
    simd::store_upto<R>(high + i, sum, r);
    simd::store_upto<R>(low + i, simd::add(simd::load_upto<R>(low + i, r), simd::add(error, rounding)), r);
  }
}

}  // namespace

template <class T>
void residual(const Source<T>& A, InColMajor<T> X, In<T> B, ColMajor<T> R) {
  const Index m = A.rows();
  parallel_for((m + strip - 1) / strip, worth_a_team(A, X.cols), [&](Index s) {
    const Index first = s * strip;
    const Index last = std::min(first + strip, m);
    for (Index j = 0; j < X.cols; ++j) {
      for (Index i = first; i < last; ++i) {
        R(i, j) = B(i, j);
      }
    }
    visit_tiles<T>(A, first, last, [&](Index i, Index k, ColMajor<const T> tile) {
      if (X.cols > 1) {
        gemm_minus<Right::plain, T>(R.block(i, 0, tile.rows, X.cols), tile, X.block(k, 0, tile.cols, X.cols));
        return;
      }
      for (Index c = 0; c < tile.cols; ++c) {
        subtract_multiple<T>(tile.rows, X(k + c, 0), tile.col(c), R.col(0) + i);
      }
    });
  });
}

template <class T>
void compensated_residual(const Source<T>& A, InColMajor<T> X, In<T> B, ColMajor<T> R) {
  using Rl = Real<T>;
  constexpr Index parts = is_complex<T> ? 2 : 1;  // a complex column is a real one of twice the length
  const Index m = A.rows();
  parallel_for((m + strip - 1) / strip, worth_a_team(A, 4 * X.cols), [&](Index s) {
    const Index first = s * strip;
    const Index rows = std::min(strip, m - first);
    alignas(64) Rl high[parts * strip];
    alignas(64) Rl low[parts * strip];
    for (Index j = 0; j < X.cols; ++j) {
      T* start = reinterpret_cast<T*>(high);  // NOLINT: std::complex is an array of two reals by the standard
      for (Index i = 0; i < rows; ++i) {
        start[i] = B(first + i, j);
      }
      std::fill_n(low, parts * rows, Rl(0));
      visit_tiles<T>(A, first, first + rows, [&](Index, Index k, ColMajor<const T> tile) {
        for (Index c = 0; c < tile.cols; ++c) {
          const T x = X(k + c, j);
          const auto* a = reinterpret_cast<const Rl*>(tile.col(c));  // NOLINT
          subtract_exactly<Rl>(parts * rows, a, real_part(x), high, low);
          if constexpr (is_complex<T>) {
            alignas(64) Rl turned[parts * strip];  // i a
            for (Index i = 0; i < rows; ++i) {
              turned[2 * i] = -a[2 * i + 1];
              turned[2 * i + 1] = a[2 * i];
            }
            subtract_exactly<Rl>(parts * rows, turned, x.imag(), high, low);
          }
        }
      });
      auto* out = reinterpret_cast<Rl*>(R.col(j) + first);  // NOLINT
      for (Index i = 0; i < parts * rows; ++i) {
        out[i] = high[i] + low[i];
      }
    }
  });
}

template <class T>
void absolute_product(const Source<T>& A, InColMajor<T> X, In<T> B, ColMajor<Real<T>> product) {
  const Index m = A.rows();
  parallel_for((m + strip - 1) / strip, worth_a_team(A, X.cols), [&](Index s) {
    const Index first = s * strip;
    const Index last = std::min(first + strip, m);
    for (Index j = 0; j < X.cols; ++j) {
      for (Index i = first; i < last; ++i) {
        product(i, j) = cheap_abs(B(i, j));
      }
    }
    visit_tiles<T>(A, first, last, [&](Index i, Index k, ColMajor<const T> tile) {
      for (Index j = 0; j < X.cols; ++j) {
        for (Index c = 0; c < tile.cols; ++c) {
          const Real<T> x = cheap_abs(X(k + c, j));
          for (Index r = 0; r < tile.rows; ++r) {
            product(i + r, j) += cheap_abs(tile(r, c)) * x;
          }
        }
      }
    });
  });
}

#define INSTANTIATE(T)                                                                        \
  template void residual<T>(const Source<T>&, InColMajor<T>, In<T>, ColMajor<T>);             \
  template void compensated_residual<T>(const Source<T>&, InColMajor<T>, In<T>, ColMajor<T>); \
  template void absolute_product<T>(const Source<T>&, InColMajor<T>, In<T>, ColMajor<Real<T>>);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
