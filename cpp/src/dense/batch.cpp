// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/batch.hpp>

#include "dense/lane_rows.hpp"
#include "kernel/upcoming.hpp"

#include <cmath>

namespace hessolve {
namespace {

/// Ask for the memory that comes next, n (n - 1) / 2 times in the inner loop of what is done meanwhile: several
/// matrices side by side are no stream that a processor foresees. The few lines of the smallest come early enough.
template <class T, int N>
HESSOLVE_INLINE void ask_ahead(Upcoming<T>& next) {
  constexpr Index lines = std::max<Index>(1, 2 * static_cast<Index>(sizeof(Lanes<T>)) / 64);
  for (Index line = 0; line < lines && (N == 0 || N > 4); ++line) {
    next.ask();
  }
}

/// Elimination with partial pivoting of rows W = [A | right-hand sides], each lane with pivots of its own. Rows are
/// exchanged from the pivot's column on: multipliers are not kept. growth[i], where not null, becomes (M(L)^-1 e)_i.
/// negated, where not null, is -1 in lanes with an odd number of exchanges.
template <class T, int N>
HESSOLVE_INLINE void eliminate(Index rows, const Rows<T>& W, Size<T>* growth, Size<T>* negated, Following<T> next) {
  Upcoming<T> lines(next.data, next.size);
  using R = Real<T>;
  const Index n = N > 0 ? N : rows;
  const Index width = W.stride();
  for (Index c = 0; c < n; ++c) {
    Size<T> best = cheap_size<T>(W[c][c]);
    for (Index r = c + 1; r < n; ++r) {  // the largest so far always stands in row c
      const Size<T> size = cheap_size<T>(W[r][c]);
      const simd::Mask<R> larger = simd::greater<R>(size, best);
      if (N == 0 && !simd::any(larger)) {
        continue;
      }
      best = simd::select(larger, size, best);
      for (Index j = c; j < width; ++j) {
        exchange<T>(larger, W[c][j], W[r][j]);
      }
      if (growth != nullptr) {
        const Size<T> old = growth[c];
        growth[c] = simd::select(larger, growth[r], growth[c]);
        growth[r] = simd::select(larger, old, growth[r]);
      }
      if (negated != nullptr) {
        *negated = simd::select(larger, simd::subtract(none<T>(), *negated), *negated);
      }
    }
    const Lanes<T> inverse = reciprocal<T>(W[c][c]);
    for (Index r = c + 1; r < n; ++r) {
      ask_ahead<T, N>(lines);
      const Lanes<T> l = multiply<T>(W[r][c], inverse);
      for (Index j = c + 1; j < width; ++j) {
        W[r][j] = subtract_product<T>(l, W[c][j], W[r][j]);
      }
      if (growth != nullptr) {
        growth[r] = simd::multiply_add(cheap_size<T>(l), growth[c], growth[r]);
      }
    }
    W[c][c] = inverse;  // what substitution needs
  }
}

/// The right-hand sides in columns n ... n + k - 1 := U^-1 times them; the diagonal holds inverses.
template <class T, int N>
HESSOLVE_INLINE void substitute(Index rows, Index k, const Rows<T>& W) {
  const Index n = N > 0 ? N : rows;
  for (Index i = n - 1; i >= 0; --i) {
    for (Index q = n; q < n + k; ++q) {
      Lanes<T> sum = W[i][q];
      for (Index j = i + 1; j < n; ++j) {
        sum = subtract_product<T>(W[i][j], W[j][q], sum);
      }
      W[i][q] = multiply<T>(sum, W[i][i]);
    }
  }
}

template <class T, int N>
void solve_of_size(const MatrixView<const T>* A, const MatrixView<const T>* B, const MatrixView<T>* X, Index count,
                   bool* clean, Following<T> next) {
  using R = Real<T>;
  const Index n = N > 0 ? N : A[0].rows;
  const Index k = B[0].cols;
  const Rows<T> W(n, n + k);
  const Rows<T> original(n, n + k);
  gather_lanes<T>(A, count, original[0], n + k);
  gather_lanes<T>(B, count, original[0] + n, n + k);
  Size<T> norm_A = none<T>();
  Size<T> growth[lane_limit];
  for (Index i = 0; i < n; ++i) {
    Size<T> sum = none<T>();
    for (Index j = 0; j < n + k; ++j) {
      W[i][j] = original[i][j];
      sum = j < n ? simd::add(sum, cheap_size<T>(W[i][j])) : sum;
    }
    norm_A = simd::maximum(norm_A, sum);
    growth[i] = simd::broadcast<R>(R(1));
  }
  eliminate<T, N>(n, W, growth, nullptr, next);
  substitute<T, N>(n, k, W);
  Size<T> norm_inverse = none<T>();
  for (Index i = n - 1; i >= 0; --i) {  // M(U)^-1 growth
    Size<T> sum = growth[i];
    for (Index j = i + 1; j < n; ++j) {
      sum = simd::multiply_add(cheap_size<T>(W[i][j]), growth[j], sum);
    }
    growth[i] = simd::multiply(sum, cheap_size<T>(W[i][i]));
    norm_inverse = simd::maximum(norm_inverse, growth[i]);
  }
  Size<T> worst = none<T>();  // backward error over its bar
  Size<T> check = none<T>();  // NaN as soon as anything is not finite: a maximum may hide it
  const R bar = static_cast<R>(n) * epsilon<T>;
  for (Index q = n; q < n + k; ++q) {
    Size<T> r_max = none<T>();
    Size<T> x_max = none<T>();
    Size<T> b_max = none<T>();
    for (Index i = 0; i < n; ++i) {
      Lanes<T> r = original[i][q];
      for (Index j = 0; j < n; ++j) {
        r = subtract_product<T>(original[i][j], W[j][q], r);
      }
      r_max = simd::maximum(r_max, cheap_size<T>(r));
      x_max = simd::maximum(x_max, cheap_size<T>(W[i][q]));
      b_max = simd::maximum(b_max, cheap_size<T>(original[i][q]));
      check = simd::add(check, simd::multiply(cheap_size<T>(r), none<T>()));
      check = simd::add(check, simd::multiply(cheap_size<T>(W[i][q]), none<T>()));
    }
    const Size<T> scale = simd::multiply_add(norm_A, x_max, b_max);
    const Size<T> excess = simd::subtract(r_max, simd::multiply(scale, simd::broadcast<R>(bar)));
    worst = simd::maximum(worst, excess);
    check = simd::add(check, simd::multiply(scale, none<T>()));
  }
  check = simd::add(check, simd::multiply(simd::multiply(norm_A, norm_inverse), none<T>()));
  scatter_lanes<T>(W[0] + n, n + k, X, count);
  alignas(64) R excess[lane_count<T>];
  alignas(64) R condition[lane_count<T>];
  alignas(64) R finite[lane_count<T>];
  simd::store<R>(excess, worst);
  simd::store<R>(condition, simd::multiply(norm_A, norm_inverse));
  simd::store<R>(finite, check);
  const R most = 1 / (4 * static_cast<R>(n * n) * epsilon<T>);  // rcond in the 1-norm is then certainly above eps
  for (Index l = 0; l < count; ++l) {
    clean[l] = excess[l] <= R(0) && condition[l] <= most && finite[l] == R(0);
  }
}

template <class T, int N>
void inv_of_size(const MatrixView<const T>* A, const MatrixView<T>* X, Index count, bool* clean, Following<T> next) {
  using R = Real<T>;
  const Index n = N > 0 ? N : A[0].rows;
  const Rows<T> W(n, 2 * n);
  gather_lanes<T>(A, count, W[0], 2 * n);
  const auto one_norm = [&](Index first) {
    Size<T> norm = none<T>();
    for (Index j = first; j < first + n; ++j) {
      Size<T> sum = none<T>();
      for (Index i = 0; i < n; ++i) {
        sum = simd::add(sum, cheap_size<T>(W[i][j]));
      }
      norm = simd::select(simd::greater<R>(norm, sum), norm, sum);  // a NaN in sum stays
    }
    return norm;
  };
  Size<T> check = none<T>();
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      check = simd::add(check, simd::multiply(cheap_size<T>(W[i][j]), none<T>()));
      W[i][n + j] = all_lanes<T>(i == j ? R(1) : R(0));
    }
  }
  const Size<T> norm_A = one_norm(0);
  eliminate<T, N>(n, W, nullptr, nullptr, next);
  substitute<T, N>(n, n, W);
  for (Index i = 0; i < n; ++i) {
    for (Index j = n; j < 2 * n; ++j) {
      check = simd::add(check, simd::multiply(cheap_size<T>(W[i][j]), none<T>()));
    }
  }
  alignas(64) R condition[lane_count<T>];
  alignas(64) R finite[lane_count<T>];
  simd::store<R>(condition, simd::multiply(norm_A, one_norm(n)));
  simd::store<R>(finite, check);
  scatter_lanes<T>(W[0] + n, 2 * n, X, count);
  for (Index l = 0; l < count; ++l) {
    clean[l] = condition[l] <= 1 / (4 * epsilon<T>) && finite[l] == R(0);
  }
}

template <class T, int N>
void cholesky_of_size(const MatrixView<const T>* A, const MatrixView<T>* L, Index count, bool* clean,
                      Following<T> next) {
  Upcoming<T> lines(next.data, next.size);
  using R = Real<T>;
  const Index n = N > 0 ? N : A[0].rows;
  const Rows<T> W(n, n);
  gather_lanes<T>(A, count, W[0], n);
  Size<T> smallest = simd::broadcast<R>(std::numeric_limits<R>::max());
  Size<T> check = none<T>();
  for (Index c = 0; c < n; ++c) {
    Size<T> d = W[c][c].re;
    for (Index j = 0; j < c; ++j) {
      d = simd::negative_multiply_add(W[c][j].re, W[c][j].re, d);
      if constexpr (is_complex<T>) {
        d = simd::negative_multiply_add(W[c][j].im, W[c][j].im, d);
      }
    }
    smallest = simd::minimum(smallest, d);
    check = simd::add(check, simd::multiply(d, none<T>()));
    const Size<T> root = simd::square_root(d);
    const Size<T> inverse = simd::divide(simd::broadcast<R>(R(1)), root);
    W[c][c] = all_lanes<T>(R(0));
    W[c][c].re = root;
    for (Index i = c + 1; i < n; ++i) {
      ask_ahead<T, N>(lines);
      Lanes<T> sum = W[i][c];
      for (Index j = 0; j < c; ++j) {
        sum = subtract_conjugate_product<T>(W[i][j], W[c][j], sum);
      }
      W[i][c] = scale<T>(sum, inverse);
      W[c][i] = all_lanes<T>(R(0));
    }
  }
  for (Index c = 0; c < n; ++c) {
    for (Index i = c; i < n; ++i) {
      check = simd::add(check, simd::multiply(cheap_size<T>(W[i][c]), none<T>()));
    }
  }
  alignas(64) R pivot[lane_count<T>];
  alignas(64) R finite[lane_count<T>];
  simd::store<R>(pivot, smallest);
  simd::store<R>(finite, check);
  scatter_lanes<T>(W[0], n, L, count);
  for (Index l = 0; l < count; ++l) {
    clean[l] = pivot[l] > R(0) && finite[l] == R(0);
  }
}

template <class T, int N>
void det_of_size(const MatrixView<const T>* A, Index count, T* mantissa, Index* exponent, bool* clean,
                 Following<T> next) {
  using R = Real<T>;
  constexpr Index W_ = lane_count<T>;
  const Index n = N > 0 ? N : A[0].rows;
  const Rows<T> W(n, n);
  gather_lanes<T>(A, count, W[0], n);
  Size<T> negated = simd::broadcast<R>(R(1));
  eliminate<T, N>(n, W, nullptr, &negated, next);
  alignas(64) R re[W_];
  alignas(64) R im[W_] = {};
  simd::store<R>(re, negated);
  for (Index l = 0; l < count; ++l) {
    mantissa[l] = T(re[l]);
    exponent[l] = 0;
    clean[l] = true;
  }
  for (Index c = 0; c < n; ++c) {
    simd::store<R>(re, W[c][c].re);
    if constexpr (is_complex<T>) {
      simd::store<R>(im, W[c][c].im);
    }
    for (Index l = 0; l < count; ++l) {
      T inverse;
      if constexpr (is_complex<T>) {
        inverse = T(re[l], im[l]);
      } else {
        inverse = re[l];
      }
      mantissa[l] /= inverse;
      const R size = cheap_abs(mantissa[l]);
      if (!(size > 0) || !std::isfinite(size)) {
        clean[l] = false;
        continue;
      }
      const int e = std::ilogb(size);
      if constexpr (is_complex<T>) {
        mantissa[l] = T(std::ldexp(mantissa[l].real(), -e), std::ldexp(mantissa[l].imag(), -e));
      } else {
        mantissa[l] = std::ldexp(mantissa[l], -e);
      }
      exponent[l] += e;
    }
  }
}

}  // namespace

template <class T>
Index lanes() {
  return lane_count<T>;
}

template <class T>
void solve_lanes(const MatrixView<const T>* A, const MatrixView<const T>* B, const MatrixView<T>* X, Index count,
                 bool* clean, Following<T> next) {
  with_size<(is_complex<T> ? 4 : 8)>(
      A[0].rows, [&](auto size) { solve_of_size<T, decltype(size)::value>(A, B, X, count, clean, next); });
}

template <class T>
void inv_lanes(const MatrixView<const T>* A, const MatrixView<T>* X, Index count, bool* clean, Following<T> next) {
  with_size<4>(A[0].rows, [&](auto size) { inv_of_size<T, decltype(size)::value>(A, X, count, clean, next); });
}

template <class T>
void cholesky_lanes(const MatrixView<const T>* A, const MatrixView<T>* L, Index count, bool* clean, Following<T> next) {
  with_size<4>(A[0].rows, [&](auto size) { cholesky_of_size<T, decltype(size)::value>(A, L, count, clean, next); });
}

template <class T>
void det_lanes(const MatrixView<const T>* A, Index count, T* mantissa, Index* exponent, bool* clean,
               Following<T> next) {
  with_size<4>(A[0].rows,
               [&](auto size) { det_of_size<T, decltype(size)::value>(A, count, mantissa, exponent, clean, next); });
}

#define INSTANTIATE(T)                                                                                              \
  template Index lanes<T>();                                                                                        \
  template void solve_lanes<T>(const MatrixView<const T>*, const MatrixView<const T>*, const MatrixView<T>*, Index, \
                               bool*, Following<T>);                                                                \
  template void inv_lanes<T>(const MatrixView<const T>*, const MatrixView<T>*, Index, bool*, Following<T>);         \
  template void cholesky_lanes<T>(const MatrixView<const T>*, const MatrixView<T>*, Index, bool*, Following<T>);    \
  template void det_lanes<T>(const MatrixView<const T>*, Index, T*, Index*, bool*, Following<T>);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
