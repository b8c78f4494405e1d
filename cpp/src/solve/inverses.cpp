// SPDX-License-Identifier: BSD-3-Clause
#include "solve/inverses.hpp"

#include "kernel/fill.hpp"
#include "kernel/gemm.hpp"
#include "kernel/overlap.hpp"
#include "kernel/scaling.hpp"
#include "kernel/team.hpp"

#include <hessolve/dense/gauss_jordan.hpp>
#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/svd.hpp>
#include <hessolve/dense/triangular.hpp>

#include <cmath>
#include <limits>

namespace hessolve {
namespace {

/// C := -A B^H, strips of columns on several threads.
template <class T>
void minus_adjoint_product(InColMajor<T> A, InColMajor<T> B, ColMajor<T> C) {
  constexpr Index strip = 48;
  constexpr Index depth = 256;
  parallel_for((C.cols + strip - 1) / strip, C.rows * C.cols * A.cols > 1'000'000, [&](Index s) {
    const Index j = s * strip;
    const Index w = std::min(strip, C.cols - j);
    const ColMajor<T> out = C.block(0, j, C.rows, w);
    clear<T>(out);
    for (Index k = 0; k < A.cols; k += depth) {
      const Index count = std::min(depth, A.cols - k);
      gemm_minus<Right::transposed, T>(out, A.block(0, k, A.rows, count), B.block(j, k, w, count));
    }
  });
}

/// W := W^-1 by Gauss-Jordan, QR or the SVD, never truncated.
template <class T>
Outcome invert_by(Method method, Matrix<T>& W, const Stop& stop) {
  const Index n = W.view().rows;
  if (method == Method::gauss_jordan) {
    return gauss_jordan_in_place<T>(W.view(), stop);
  }
  Matrix<T> X(n, n);
  for (Index j = 0; j < n; ++j) {
    std::fill_n(X.view().col(j), n, T(0));
    X(j, j) = T(method == Method::svd ? 0 : 1);
  }
  if (method == Method::qr) {
    Buffer<T> tau(n);
    qr_in_place<T>(W.view(), tau.data());
    for (Index j = 0; j < n; ++j) {
      if (W(j, j) == T(0)) {
        return {Reason::singular, j};
      }
    }
    apply_q<T>(W.view(), tau.data(), n, Trans::adjoint, X.view());
    triangular_solve<T>(W.view(), Triangle::upper, Diagonal::general, Trans::none, X.view());
  } else {
    const Svd<T> d = svd<T>(W.view(), stop);
    if (d.outcome.reason == Reason::stopped) {
      return d.outcome;
    }
    if (!(d.s[n - 1] > 0)) {
      return {Reason::singular};
    }
    for (Index i = 0; i < n; ++i) {  // -V S^-1
      for (Index j = 0; j < n; ++j) {
        d.V(j, i) /= -d.s[i];
      }
    }
    minus_adjoint_product<T>(d.V.view(), d.U.view(), X.view());
  }
  W = std::move(X);
  return {};
}

/// X := A^-1 by the method named. False where the answer would deserve a second look: that of LU is better informed.
template <class T>
bool by_named_method(const Source<T>& A, MatrixView<T> X, const SolveOptions& options, Certificate& certificate,
                     Outcome& outcome) {
  const Index n = A.rows();
  Matrix<T> W(n, n);
  Magnitudes<Real<T>> size(n, n);
  absorb<T>(A, W.view(), size);
  if (!size.finite) {
    return false;
  }
  outcome = invert_by<T>(options.method, W, options.stop);
  if (outcome.reason == Reason::stopped) {
    return true;
  }
  Real<T> norm = 0;
  for (Index j = 0; j < n; ++j) {
    Real<T> sum = 0;
    for (Index i = 0; i < n; ++i) {
      sum += cheap_abs(W(i, j));
    }
    norm = max_or_nan(norm, sum);
  }
  const Real<T> rcond = 1 / size.one_norm / norm;
  if (!outcome.ok() || !(rcond >= epsilon<T>)) {
    return false;
  }
  certificate.method = options.method;
  certificate.rcond = static_cast<double>(rcond);
  certificate.rank = n;
  copy_out<T>(W.view(), X);
  return true;
}

}  // namespace

template <class T>
Outcome invert(const Source<T>& A, MatrixView<T> X, const SolveOptions& options, Certificate& certificate,
               Diagnosis& diagnosis) {
  const Index n = A.rows();
  if (options.method == Method::gauss_jordan || options.method == Method::qr || options.method == Method::svd) {
    Outcome outcome;
    if (n > 0 && by_named_method<T>(A, X, options, certificate, outcome)) {
      return outcome;
    }
    SolveOptions by_lu = options;
    by_lu.method = Method::lu;
    return invert<T>(A, X, by_lu, certificate, diagnosis);
  }
  Scratch<T, 2 * small_size> line(std::max<Index>(2 * n - 1, 1));  // I(i, j) = line[n - 1 + i - j]
  std::fill_n(line.data(), std::max<Index>(2 * n - 1, 1), T(0));
  line[std::max<Index>(n - 1, 0)] = T(1);
  const MatrixView<const T> identity{line.data() + std::max<Index>(n - 1, 0), n, n, 1, -1};
  const bool apart = !overlap<T>(A.view, X);  // else A may be read again after X was begun
  Matrix<T> result(apart ? 0 : n, apart ? 0 : n);
  const SquareProblem<T> problem{A, {}, identity, apart ? X : MatrixView<T>(result.view()), false, true};
  const Outcome outcome = solve_square<T>(problem, options, false, certificate, diagnosis);
  if (!apart &&
      (outcome.reason != Reason::non_finite || diagnosis.argument == nullptr)) {  // a refused A stays as it is
    copy_out<T>(result.view(), X);
  }
  return outcome;
}

template <class T>
Outcome pseudo_inverse(const Source<T>& A, MatrixView<T> X, double atol, double rtol, bool check_finite,
                       Certificate& certificate, Diagnosis& diagnosis, const Stop& stop) {
  const Index m = A.rows();
  const Index n = A.cols();
  if (check_finite) {
    if (const auto [i, j] = find_non_finite<T>(A); i >= 0) {
      diagnosis.argument = "A";
      diagnosis.row = i;
      diagnosis.col = j;
      return {Reason::non_finite, i};
    }
  }
  Matrix<T> W(m, n);
  Magnitudes<Real<T>> size(m, n);
  absorb<T>(A, W.view(), size);
  const Svd<T> d = svd<T>(W.view(), stop);
  const Index r = d.s.size();
  if (d.outcome.reason == Reason::stopped) {
    return d.outcome;
  }
  if (r > 0 && !std::isfinite(d.s[0])) {  // NaN in, with nobody to check
    for (Index j = 0; j < m; ++j) {
      for (Index i = 0; i < n; ++i) {
        X(i, j) = T(std::numeric_limits<Real<T>>::quiet_NaN());
      }
    }
    return {Reason::non_finite};
  }
  const double relative = rtol < 0 ? static_cast<double>(std::max(m, n)) * static_cast<double>(epsilon<T>) : rtol;
  Index kept = 0;
  while (kept<r&& static_cast<double>(d.s[kept])> atol + relative * static_cast<double>(d.s[0])) {
    ++kept;
  }
  for (Index i = 0; i < kept; ++i) {  // V := -V S^-1
    for (Index j = 0; j < n; ++j) {
      d.V(j, i) /= -d.s[i];
    }
  }
  Matrix<T> result(n, m);
  minus_adjoint_product<T>(d.V.view().block(0, 0, n, kept), d.U.view().block(0, 0, m, kept), result.view());
  copy_out<T>(result.view(), X);
  certificate.method = Method::svd;
  certificate.regime = 0;
  certificate.rank = kept;
  certificate.effective_condition = kept > 0 ? static_cast<double>(d.s[0]) / static_cast<double>(d.s[kept - 1]) : 1;
  return {};
}

template <class T>
Outcome singular_values_of(In<T> A, Real<T>* s, const Stop& stop) {
  Matrix<T> W(A.rows, A.cols);
  Magnitudes<Real<T>> size(A.rows, A.cols);
  absorb<T>(Source<T>{A}, W.view(), size);
  if (!size.finite && find_non_finite<T>(Source<T>{A}).first >= 0) {
    std::fill_n(s, std::min(A.rows, A.cols), std::numeric_limits<Real<T>>::quiet_NaN());
    return {Reason::non_finite};
  }
  return singular_values<T>(W.view(), s, stop);
}

#define INSTANTIATE(T)                                                                                                \
  template Outcome invert<T>(const Source<T>&, MatrixView<T>, const SolveOptions&, Certificate&, Diagnosis&);         \
  template Outcome pseudo_inverse<T>(const Source<T>&, MatrixView<T>, double, double, bool, Certificate&, Diagnosis&, \
                                     const Stop&);                                                                    \
  template Outcome singular_values_of<T>(In<T>, Real<T>*, const Stop&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
