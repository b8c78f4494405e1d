// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/svd.hpp>
#include <hessolve/least_squares/gram_schmidt.hpp>
#include <hessolve/least_squares/randomized.hpp>

#include "kernel/products.hpp"
#include "kernel/random.hpp"
#include "kernel/scaling.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace hessolve {
namespace {

template <class T>
Matrix<T> normal_matrix(Index rows, Index cols, std::uint64_t seed) {
  Matrix<T> result(rows, cols);
  for (Index j = 0; j < cols; ++j) {
    RandomStream random(seed, static_cast<std::uint64_t>(j));
    for (Index i = 0; i < rows; ++i) {
      if constexpr (is_complex<T>) {
        const auto re = static_cast<Real<T>>(random.normal());
        result(i, j) = T(re, static_cast<Real<T>>(random.normal()));
      } else {
        result(i, j) = static_cast<T>(random.normal());
      }
    }
  }
  return result;
}

/// The columns of W := an orthonormal basis of them: by Cholesky where that is safe, else by reflections.
template <class T>
void make_orthonormal(Matrix<T>& W) {
  const Index m = W.view().rows;
  const Index n = W.view().cols;
  const Index r = std::min(m, n);
  Matrix<T> Q(m, r);
  Matrix<T> R(r, n);
  GramSchmidtOptions options;
  options.measure = false;
  options.method = GramSchmidt::cholesky_qr2;
  if (m < n || !orthonormalize<T>(W.view(), Q.view(), R.view(), nullptr, options).ok()) {
    options.method = GramSchmidt::householder;
    (void)orthonormalize<T>(W.view(), Q.view(), R.view(), nullptr, options);
  }
  W = std::move(Q);
}

/// ten sqrt(2 / pi) max ||(I - Q Q^H) A w_j|| over ten normal vectors w: above ||(I - Q Q^H) A|| but for one case in
/// 1e10 [Halko, Martinsson & Tropp 2011, lemma 4.1].
inline constexpr Index probes = 10;
inline constexpr double probe_factor = 7.978845608028654;

template <class T>
double largest_column(InColMajor<T> M) {
  double largest = 0;
  for (Index j = 0; j < M.cols; ++j) {
    largest = std::max(largest, static_cast<double>(norm2(M.col(j), M.rows)));
  }
  return largest;
}

/// Y := (I - Q Q^H) Y
template <class T>
void project_out(InColMajor<T> Q, ColMajor<T> Y) {
  if (Q.cols == 0) {
    return;
  }
  Matrix<T> H(Q.cols, Y.cols);
  adjoint_product<T>(Source<T>{Q}, Y, H.view());
  Matrix<T> QH(Q.rows, Y.cols);
  product<T>(Source<T>{Q}, H.view(), QH.view());
  for (Index j = 0; j < Y.cols; ++j) {
    for (Index i = 0; i < Y.rows; ++i) {
      Y(i, j) -= QH(i, j);
    }
  }
}

template <class T>
double error_bound(const Source<T>& A, InColMajor<T> Q, std::uint64_t seed) {
  const Matrix<T> probe = normal_matrix<T>(A.cols(), probes, ~seed);
  Matrix<T> Y(A.rows(), probes);
  product<T>(A, probe.view(), Y.view());
  project_out<T>(Q, Y.view());
  return probe_factor * largest_column<T>(Y.view());
}

/// V_small(:, j) = Q^H ...: Q (m x l) times the first k columns of M (l x l).
template <class T>
void multiply_columns(InColMajor<T> Q, InColMajor<T> M, MatrixView<T> out) {
  Matrix<T> result(Q.rows, out.cols);
  product<T>(Source<T>{Q}, M.block(0, 0, M.rows, out.cols), result.view());
  copy_out<T>(result.view(), out);
}

}  // namespace

template <class T>
Outcome randomized_svd(In<T> A, MatrixView<T> U, Real<T>* s, MatrixView<T> Vh, const RandomizedOptions& options,
                       RandomizedReport* report) {
  const Index k = U.cols;
  const Index r = std::min(A.rows, A.cols);
  if (U.rows != A.rows || Vh.rows != k || Vh.cols != A.cols || k > r) {
    throw std::invalid_argument("U must be m x k and V^H k x n, k at most min(m, n)");
  }
  if (const auto [i, j] = check_finite<T>(Source<T>{A}); i >= 0) {
    return {Reason::non_finite, i};
  }
  const Source<T> source{A};
  const Index l = std::min(k + std::max<Index>(options.oversampling, 0), r);
  const int powers = options.power_iterations >= 0 ? options.power_iterations : 10 * k < r ? 7 : 4;
  Matrix<T> Q(A.rows, l);
  {
    Matrix<T> omega = normal_matrix<T>(A.cols, l, options.seed);
    product<T>(source, omega.view(), Q.view());
  }
  Matrix<T> Z(A.cols, l);
  make_orthonormal<T>(Q);
  for (int i = 0; i < powers; ++i) {
    adjoint_product<T>(source, Q.view(), Z.view());
    make_orthonormal<T>(Z);
    product<T>(source, Z.view(), Q.view());
    make_orthonormal<T>(Q);
  }
  adjoint_product<T>(source, Q.view(), Z.view());  // B^H = A^H Q = Q' R; B = R^H Q'^H
  Matrix<T> basis(A.cols, l);
  Matrix<T> R(l, l);
  GramSchmidtOptions reflections;
  reflections.measure = false;
  reflections.method = GramSchmidt::householder;
  (void)orthonormalize<T>(Z.view(), basis.view(), R.view(), nullptr, reflections);
  const Svd<T> d = svd<T>(R.view());  // R = U' s V'^H, hence B = V' s (Q' U')^H
  std::copy_n(d.s.data(), k, s);
  multiply_columns<T>(Q.view(), d.V.view(), U);
  Matrix<T> V(A.cols, k);
  multiply_columns<T>(basis.view(), d.U.view(), V.view());
  for (Index j = 0; j < A.cols; ++j) {
    for (Index i = 0; i < k; ++i) {
      Vh(i, j) = conjugate(V(j, i));
    }
  }
  if (report != nullptr) {
    report->rank = k;
    report->error_bound = options.measure ? error_bound<T>(source, Q.view(), options.seed) : std::nan("");
  }
  return {};
}

template <class T>
Outcome range_finder(In<T> A, double tolerance, MatrixView<T> Q, const RandomizedOptions& options,
                     RandomizedReport& report) {
  const Index m = A.rows;
  const Index most = Q.cols;
  if (Q.rows != m || most > std::min(m, A.cols)) {
    throw std::invalid_argument("Q must be m x k, k at most min(m, n)");
  }
  if (const auto [i, j] = check_finite<T>(Source<T>{A}); i >= 0) {
    return {Reason::non_finite, i};
  }
  const Source<T> source{A};
  Matrix<T> basis(m, most);
  report = {};
  for (std::uint64_t round = 0;; ++round) {
    const Matrix<T> omega = normal_matrix<T>(A.cols, probes, mix(options.seed + round));
    Matrix<T> Y(m, probes);
    product<T>(source, omega.view(), Y.view());
    const ColMajor<T> found = basis.view().block(0, 0, m, report.rank);
    project_out<T>(found, Y.view());
    report.error_bound = probe_factor * largest_column<T>(Y.view());  // the new columns are probes of the old basis
    if (report.error_bound <= tolerance || report.rank == most) {
      break;
    }
    make_orthonormal<T>(Y);
    project_out<T>(found, Y.view());
    make_orthonormal<T>(Y);
    const Index more = std::min(Y.view().cols, most - report.rank);
    copy_into<T>(MatrixView<const T>(Y.view().block(0, 0, m, more)), basis.view().block(0, report.rank, m, more));
    report.rank += more;
  }
  for (Index j = 0; j < most; ++j) {
    for (Index i = 0; i < m; ++i) {
      Q(i, j) = j < report.rank ? basis(i, j) : T(0);
    }
  }
  return {report.error_bound <= tolerance ? Reason::converged : Reason::max_iterations};
}

template <class T>
Outcome sample_rows(In<T> A, MatrixView<T> S, Index* chosen, double* probability, std::uint64_t seed) {
  const Index k = S.rows;
  if (S.cols != A.cols) {
    throw std::invalid_argument("S must be k x n");
  }
  if (const auto [i, j] = check_finite<T>(Source<T>{A}); i >= 0) {
    return {Reason::non_finite, i};
  }
  double largest = 0;
  for (Index i = 0; i < A.rows; ++i) {
    for (Index j = 0; j < A.cols; ++j) {
      largest = std::max(largest, static_cast<double>(cheap_abs(A(i, j))));
    }
  }
  const double scale = power_of_two_inverse(largest);
  std::vector<double> total(static_cast<std::size_t>(A.rows + 1), 0.0);  // cumulative squared norms
  for (Index i = 0; i < A.rows; ++i) {
    double sum = 0;
    for (Index j = 0; j < A.cols; ++j) {
      if constexpr (is_complex<T>) {
        const double re = scale * static_cast<double>(A(i, j).real());
        const double im = scale * static_cast<double>(A(i, j).imag());
        sum += re * re + im * im;
      } else {
        const double value = scale * static_cast<double>(A(i, j));
        sum += value * value;
      }
    }
    total[static_cast<std::size_t>(i + 1)] = total[static_cast<std::size_t>(i)] + sum;
  }
  const double whole = total.back();
  if (!(whole > 0)) {
    return {Reason::breakdown};
  }
  RandomStream random(seed, 0);
  for (Index q = 0; q < k; ++q) {
    const double at = random.uniform() * whole;
    const auto above = std::upper_bound(total.begin() + 1, total.end() - 1, at);  // the first cumulative sum beyond it
    const Index i = above - total.begin() - 1;
    chosen[q] = i;
    probability[q] = (total[static_cast<std::size_t>(i + 1)] - total[static_cast<std::size_t>(i)]) / whole;
    const auto factor = static_cast<Real<T>>(1 / std::sqrt(static_cast<double>(k) * probability[q]));
    for (Index j = 0; j < A.cols; ++j) {
      S(q, j) = A(i, j) * factor;
    }
  }
  return {};
}

template <class T>
Outcome sample_columns(In<T> A, MatrixView<T> S, Index* chosen, double* probability, std::uint64_t seed) {
  return sample_rows<T>(A.transposed(), S.transposed(), chosen, probability, seed);
}

#define INSTANTIATE(T)                                                                                         \
  template Outcome randomized_svd<T>(In<T>, MatrixView<T>, Real<T>*, MatrixView<T>, const RandomizedOptions&,  \
                                     RandomizedReport*);                                                       \
  template Outcome range_finder<T>(In<T>, double, MatrixView<T>, const RandomizedOptions&, RandomizedReport&); \
  template Outcome sample_rows<T>(In<T>, MatrixView<T>, Index*, double*, std::uint64_t);                       \
  template Outcome sample_columns<T>(In<T>, MatrixView<T>, Index*, double*, std::uint64_t);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
