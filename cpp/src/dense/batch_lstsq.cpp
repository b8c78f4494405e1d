// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/batch.hpp>

#include "dense/lane_reflector.hpp"

namespace hessolve {
namespace {

/// A bound of the 1-norm condition of R D, D = diag(1 / norm): |R^-1| e <= M(R)^-1 e with the comparison matrix. R is
/// the upper triangle of the first n elements of `columns`.  [Higham, Accuracy and Stability, 8.3]
template <class T>
Size<T> condition_bound(Index n, const Rows<T>& columns, const Size<T>* norm) {
  using R = Real<T>;
  Size<T> norm_R = none<T>();
  Size<T> norm_inverse = none<T>();
  Size<T> y[lane_limit];
  for (Index j = 0; j < n; ++j) {
    Size<T> sum = none<T>();
    for (Index i = 0; i <= j; ++i) {
      sum = simd::add(sum, cheap_size<T>(columns[j][i]));
    }
    norm_R = simd::maximum(norm_R, simd::divide(sum, norm[j]));
  }
  for (Index i = n - 1; i >= 0; --i) {  // rows of M(R)^-1 e, which bound the infinity norm
    Size<T> sum = simd::broadcast<R>(R(1));
    for (Index j = i + 1; j < n; ++j) {
      sum = simd::multiply_add(cheap_size<T>(columns[j][i]), y[j], sum);
    }
    y[i] = simd::divide(sum, cheap_size<T>(columns[i][i]));
    norm_inverse = simd::maximum(norm_inverse, simd::multiply(norm[i], y[i]));
  }
  return simd::multiply(norm_R, norm_inverse);
}

}  // namespace

template <class T>
void lstsq_lanes(const MatrixView<const T>* A, const MatrixView<const T>* B, const MatrixView<T>* X, Index count,
                 double* const* residual_squares, bool* clean) {
  using R = Real<T>;
  const Index m = A[0].rows;
  const Index n = A[0].cols;
  const Index k = B[0].cols;
  const Rows<T> W(n + k, m);  // the transpose of [A, B]: reflections run along rows
  MatrixView<const T> transposed[lane_count<T>];
  const auto gather = [&](const MatrixView<const T>* views, Lanes<T>* out) {
    for (Index q = 0; q < count; ++q) {
      transposed[q] = views[q].transposed();
    }
    gather_lanes<T>(transposed, count, out, m);
  };
  gather(A, W[0]);
  gather(B, W[n]);
  Size<T> norm[lane_limit];
  Size<T> smallest = simd::broadcast<R>(std::numeric_limits<R>::max());
  Size<T> largest = none<T>();
  Size<T> check = none<T>();
  for (Index j = 0; j < n + k; ++j) {
    Size<T> square = none<T>();
    for (Index i = 0; i < m; ++i) {
      square = add_square<T>(W[j][i], square);
      check = simd::add(check, simd::multiply(cheap_size<T>(W[j][i]), none<T>()));
    }
    const Size<T> length = simd::square_root(square);
    largest = simd::maximum(largest, length);
    if (j < n) {
      norm[j] = length;
      smallest = simd::minimum(smallest, length);
    }
  }
  for (Index c = 0; c < n; ++c) {
    const LaneReflector<T> H = make_reflector<T>(W[c] + c, 1, m - c);
    const Lanes<T> factor = conjugate<T>(H.tau);
    for (Index j = c + 1; j < n + k; ++j) {
      reflect<T>(factor, W[c] + c, 1, W[j] + c, 1, m - c);
    }
    W[c][c] = all_lanes<T>(R(0));
    W[c][c].re = H.beta;
  }
  const Size<T> condition = condition_bound<T>(n, W, norm);
  alignas(64) R lane[lane_count<T>];
  for (Index q = 0; q < k; ++q) {
    Size<T> square = none<T>();
    for (Index i = n; i < m; ++i) {
      square = add_square<T>(W[n + q][i], square);
    }
    for (Index i = n - 1; i >= 0; --i) {
      Lanes<T> sum = W[n + q][i];
      for (Index j = i + 1; j < n; ++j) {
        sum = subtract_product<T>(W[j][i], W[n + q][j], sum);
      }
      W[n + q][i] = scale<T>(sum, simd::divide(simd::broadcast<R>(R(1)), W[i][i].re));
      check = simd::add(check, simd::multiply(cheap_size<T>(W[n + q][i]), none<T>()));
    }
    check = simd::add(check, simd::multiply(square, none<T>()));
    simd::store<R>(lane, square);
    for (Index l = 0; l < count; ++l) {
      residual_squares[l][q] = lane[l];
    }
  }
  MatrixView<T> out[lane_count<T>];
  for (Index l = 0; l < count; ++l) {
    out[l] = X[l].transposed();
  }
  scatter_lanes<T>(W[n], m, out, count);
  alignas(64) R kappa[lane_count<T>];
  alignas(64) R least[lane_count<T>];
  alignas(64) R most[lane_count<T>];
  simd::store<R>(kappa, condition);
  simd::store<R>(least, smallest);
  simd::store<R>(most, largest);
  simd::store<R>(lane, check);
  const R trusted = 1 / std::sqrt(epsilon<T>);
  for (Index l = 0; l < count; ++l) {
    clean[l] = lane[l] == R(0) && kappa[l] <= trusted && squares_in_range<T>(least[l]) && squares_in_range<T>(most[l]);
  }
}

#define INSTANTIATE(T)                                                                                              \
  template void lstsq_lanes<T>(const MatrixView<const T>*, const MatrixView<const T>*, const MatrixView<T>*, Index, \
                               double* const*, bool*);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
