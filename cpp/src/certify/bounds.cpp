// SPDX-License-Identifier: BSD-3-Clause
#include "certify/bounds.hpp"

#include "certify/norm_estimate.hpp"
#include "certify/residual.hpp"
#include "kernel/scaling.hpp"

#include <cmath>
#include <limits>

namespace hessolve {
namespace {

/// Row sums of |I - X A| with everything rounding may have hidden added: a bound of ||I - X A||, A the equilibrated
/// matrix.
template <class T>
double inverse_defect(const Source<T>& A, const SquareFactor<T>& factor, const T* inverse, double* row_sum) {
  const Index n = A.rows();
  const double gamma = (is_complex<T> ? 4.0 : 1.0) * static_cast<double>(n + 4) * static_cast<double>(epsilon<T>);
  std::fill_n(row_sum, n, 0.0);
  T scaled[small_size];
  T product[small_size];
  Real<T> size[small_size];
  for (Index j = 0; j < n; ++j) {
    std::fill_n(product, n, T(0));
    std::fill_n(size, n, Real<T>(0));
    product[j] = T(1);
    for (Index k = 0; k < n; ++k) {
      scaled[k] = shift(A(k, j), factor.row_exponent(k) + factor.col_exponent(j));
    }
    for (Index k = 0; k < n; ++k) {
      const T* x = inverse + k * n;
      const Real<T> a = cheap_abs(scaled[k]);
      for (Index i = 0; i < n; ++i) {
        product[i] -= x[i] * scaled[k];
        size[i] += cheap_abs(x[i]) * a;
      }
    }
    for (Index i = 0; i < n; ++i) {
      row_sum[i] += static_cast<double>(cheap_abs(product[i])) + gamma * (static_cast<double>(size[i]) + 1);
    }
  }
  double norm = 0;
  for (Index i = 0; i < n; ++i) {
    norm = max_or_nan(norm, row_sum[i]);
  }
  return norm * (1 + gamma);
}

/// max |x - x_true| of one column, from |y - y_true| <= |X| |r| + |I - X A| |y - y_true| in the equilibrated unknowns
/// y. Infinity where ||I - X A|| >= 1.
template <class T>
double proven_error(const SquareFactor<T>& factor, const T* inverse, const Real<T>* size, double defect,
                    const double* row_sum) {
  const Index n = factor.size();
  if (!(defect < 1)) {
    return std::numeric_limits<double>::infinity();
  }
  int common = no_exponent;  // of R |r|: the scales may be far outside the range of a double
  for (Index k = 0; k < n; ++k) {
    const int e = exponent_of(size[k]);
    common = e == no_exponent ? common : std::max(common, e + factor.row_exponent(k));
  }
  common = common == no_exponent ? 0 : common;
  double image[small_size] = {};
  for (Index k = 0; k < n; ++k) {
    const double r = std::ldexp(static_cast<double>(size[k]), factor.row_exponent(k) - common);
    for (Index i = 0; i < n; ++i) {
      image[i] += static_cast<double>(cheap_abs(inverse[i + k * n])) * r;
    }
  }
  double largest = 0;
  for (Index i = 0; i < n; ++i) {
    largest = max_or_nan(largest, image[i]);
  }
  const double total = largest / (1 - defect);
  double worst = 0;
  for (Index i = 0; i < n; ++i) {
    const double error = image[i] + row_sum[i] * total;
    const double unscaled = std::ldexp(error, factor.col_exponent(i) + common);
    worst = max_or_nan(worst, error > 0 ? std::max(unscaled, std::numeric_limits<double>::denorm_min()) : unscaled);
  }
  return worst * (1 + static_cast<double>(2 * n + 8) * std::numeric_limits<double>::epsilon());
}

/// Ten times the estimate of || |A^-1| size ||, one Hager-Higham run on A^-1 diag(size)  [Higham, Accuracy and
/// Stability, 15.3].
template <class T>
double estimated_error(const Apply<T>& solve, Index n, const Real<T>* size) {
  const auto weigh = [&](ColMajor<T> X) {
    for (Index j = 0; j < X.cols; ++j) {
      for (Index i = 0; i < n; ++i) {
        X(i, j) *= size[i];
      }
    }
  };
  const auto transposed = [&](ColMajor<T> X) {  // diag(size) A^-H
    solve(X, Trans::adjoint);
    weigh(X);
  };
  const auto plain = [&](ColMajor<T> X) {
    weigh(X);
    solve(X, Trans::none);
  };
  return 10 * static_cast<double>(estimate_one_norm<T>(n, transposed, plain));
}

/// What a certificate rests on. Without an explicit inverse (null factor) the forward error is estimated.
template <class T>
struct Evidence {
  double norm;
  Apply<T> solve;
  const SquareFactor<T>* factor = nullptr;
  const T* inverse = nullptr;
};

template <class T>
void certify(const Source<T>& A, const Evidence<T>& known, InColMajor<T> X, In<T> B, Certificate& certificate) {
  using R = Real<T>;
  const Index n = A.rows();
  const Index k = X.cols;
  Matrix<T> residual(n, k);
  Matrix<R> product(n, k);
  compensated_residual<T>(A, X, B, residual.view());
  absolute_product<T>(A, X, B, product.view());
  double norm_A = 0;  // in true moduli
  for (Index i = 0; i < n && is_complex<T>; ++i) {
    double sum = 0;
    for (Index j = 0; j < n; ++j) {
      sum += static_cast<double>(std::abs(A(i, j)));
    }
    norm_A = max_or_nan(norm_A, sum);
  }
  if (!is_complex<T>) {
    norm_A = known.norm;
  }
  double row_sum[small_size];
  const bool small = known.inverse != nullptr && n <= small_size;
  const double defect = small ? inverse_defect<T>(A, *known.factor, known.inverse, row_sum) : 1;
  const auto eps = static_cast<double>(epsilon<T>);
  const double second_order = (is_complex<T> ? 8.0 : 2.0) * static_cast<double>((n + 4) * (n + 4)) * eps * eps;
  const auto tiny = static_cast<double>(std::numeric_limits<R>::min()) * static_cast<double>(n + 1);
  certificate.backward_error = certificate.residual_norm = certificate.forward_error = 0;
  certificate.proven = small;
  Buffer<R> size(n);  // |r| and all that its rounding may hide
  for (Index j = 0; j < k; ++j) {
    double x_max = 0;
    double b_max = 0;
    double r_max = 0;
    for (Index i = 0; i < n; ++i) {
      const auto r = static_cast<double>(std::abs(residual(i, j)));
      size[i] = static_cast<R>(r * (1 + 4 * eps) + second_order * static_cast<double>(product(i, j)) + tiny);
      r_max = max_or_nan(r_max, static_cast<double>(std::abs(residual(i, j))));
      x_max = max_or_nan(x_max, static_cast<double>(std::abs(X(i, j))));
      b_max = std::max(b_max, static_cast<double>(std::abs(B(i, j))));
    }
    certificate.residual_norm =
        max_or_nan(certificate.residual_norm, static_cast<double>(norm2(residual.view().col(j), n)));
    if (r_max != 0) {
      certificate.backward_error =
          max_or_nan(certificate.backward_error, relative_residual(r_max, norm_A, x_max, b_max));
    }
    if (x_max == 0 && b_max == 0) {
      continue;  // x = 0 is exact
    }
    double error = small ? proven_error<T>(*known.factor, known.inverse, size.data(), defect, row_sum) : 0;
    if (!small || !std::isfinite(error)) {
      certificate.proven = false;
      error = estimated_error<T>(known.solve, n, size.data());
    }
    // relative to x_true, whose norm is at least ||x|| - error
    const double relative = error < x_max ? error / (x_max - error) : std::numeric_limits<double>::infinity();
    certificate.forward_error = relative > certificate.forward_error ? relative : certificate.forward_error;
  }
}

}  // namespace

template <class T>
void certify_solution(const Source<T>& A, const SquareFactor<T>& factor, const T* inverse, InColMajor<T> X, In<T> B,
                      Certificate& certificate) {
  const Apply<T> solve = [&factor](ColMajor<T> V, Trans trans) { factor.solve(V, trans); };
  certify<T>(A, {factor.inf_norm(), solve, &factor, inverse}, X, B, certificate);
}

template <class T>
void certify_large(const Source<T>& A, double norm, const Apply<T>& solve, InColMajor<T> X, In<T> B,
                   Certificate& certificate) {
  certify<T>(A, {norm, solve}, X, B, certificate);
}

#define INSTANTIATE(T)                                                                                        \
  template void certify_solution<T>(const Source<T>&, const SquareFactor<T>&, const T*, InColMajor<T>, In<T>, \
                                    Certificate&);                                                            \
  template void certify_large<T>(const Source<T>&, double, const Apply<T>&, InColMajor<T>, In<T>, Certificate&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
