// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/decompose.hpp>
#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/svd.hpp>
#include <hessolve/dense/triangular.hpp>
#include <hessolve/least_squares/gram_schmidt.hpp>
#include <hessolve/least_squares/sketch.hpp>

#include "dense/cholesky_qr.hpp"
#include "kernel/dot.hpp"
#include "kernel/fill.hpp"
#include "kernel/gram.hpp"
#include "kernel/scaling.hpp"
#include "least_squares/orthogonal.hpp"

#include <cmath>
#include <stdexcept>

namespace hessolve {
namespace {

/// x -= Q h with h = Q^H x; h is added to `sum`.
template <class T>
void project_out(InColMajor<T> Q, T* x, T* h, T* sum) {
  for (Index k = 0; k < Q.cols; ++k) {
    h[k] = dot<true, T>(Q.col(k), x, Q.rows);
  }
  for (Index k = 0; k < Q.cols; ++k) {
    subtract_multiple<T>(Q.rows, h[k], Q.col(k), x);
    sum[k] += h[k];
  }
}

/// Column by column: W (m x n) becomes Q in its first `rank` columns, R its coefficients.
template <class T>
class ByColumns {
 public:
  using R = Real<T>;

  ByColumns(ColMajor<T> W, ColMajor<T> R_, Index* permutation, const GramSchmidtOptions& options, double rtol)
      : W_(W),
        R_mat_(R_),
        permutation_(permutation),
        options_(options),
        rtol_(static_cast<R>(rtol)),
        left_(W.cols),
        whole_(W.cols) {
    for (Index j = 0; j < W.cols; ++j) {
      left_[j] = whole_[j] = norm2(W.col(j), W.rows);
    }
  }

  Index run() {
    const Index n = W_.cols;
    const Index most = R_mat_.rows;
    Index rank = 0;
    for (Index j = 0; j < n && (rank < most || !options_.pivoting); ++j) {
      if (options_.pivoting) {
        bring_largest(j);
      }
      // without pivoting, dropped columns leave gaps: Q's next column is number `rank`, taken from column j
      if (!take(j, rank)) {
        if (options_.pivoting) {
          break;
        }
        continue;
      }
      ++rank;
    }
    return rank;
  }

 private:
  [[nodiscard]] bool modified() const { return options_.method == GramSchmidt::mgs; }

  void bring_largest(Index j) {
    const Index n = W_.cols;
    Index best = j;
    for (Index k = j; k < n; ++k) {
      if (!modified()) {  // what is left of column k, by its projections so far
        left_[k] = remaining(k, j);
      }
      if (left_[k] / whole_or_one(k) > left_[best] / whole_or_one(best)) {
        best = k;
      }
    }
    if (best != j) {
      std::swap_ranges(W_.col(j), W_.col(j) + W_.rows, W_.col(best));
      std::swap_ranges(R_mat_.col(j), R_mat_.col(j) + R_mat_.rows, R_mat_.col(best));
      std::swap(left_[j], left_[best]);
      std::swap(whole_[j], whole_[best]);
      std::swap(permutation_[j], permutation_[best]);
    }
  }
  [[nodiscard]] R whole_or_one(Index k) const { return whole_[k] > 0 ? whole_[k] : R(1); }

  /// ||a_k|| without its components along the `rank` columns done. Pivoting keeps the columns themselves up to date.
  [[nodiscard]] R remaining(Index k, Index rank) const { return rank == 0 ? whole_[k] : norm2(W_.col(k), W_.rows); }

  /// Make column j the next one of Q. False where it depends on those before.
  bool take(Index j, Index rank) {
    const Index m = W_.rows;
    T* x = W_.col(j);
    T* coefficients = R_mat_.col(j);
    const ColMajor<T> Q = W_.block(0, 0, m, rank);
    Buffer<T> h(std::max<Index>(rank, 1));
    if (options_.method == GramSchmidt::cgs) {
      if (!options_.pivoting) {
        project_out<T>(Q, x, h.data(), coefficients);
      }
    } else if (options_.method == GramSchmidt::cgs2) {
      if (!options_.pivoting) {
        project_out<T>(Q, x, h.data(), coefficients);
      }
      project_out<T>(Q, x, h.data(), coefficients);
    }
    const R norm = norm2(x, m);
    if (rank >= R_mat_.rows || !(norm > rtol_ * whole_[j]) || norm == R(0)) {
      return false;
    }
    for (Index i = 0; i < m; ++i) {
      x[i] /= norm;
    }
    coefficients[rank] = norm;
    if (j != rank) {
      std::copy_n(x, m, W_.col(rank));
    }
    if (modified() || options_.pivoting) {  // the columns to come lose their component along it at once
      const T* q = W_.col(rank);
      for (Index k = j + 1; k < W_.cols; ++k) {
        const T r = dot<true, T>(q, W_.col(k), m);
        subtract_multiple<T>(m, r, q, W_.col(k));
        R_mat_(rank, k) += r;
        left_[k] = options_.pivoting ? norm2(W_.col(k), m) : left_[k];
      }
    }
    return true;
  }

  ColMajor<T> W_;
  ColMajor<T> R_mat_;
  Index* permutation_;
  const GramSchmidtOptions& options_;
  R rtol_;
  Buffer<R> left_;
  Buffer<R> whole_;
};

/// R := M R for upper triangles, M = L^H.
template <class T>
void multiply_upper(InColMajor<T> L, ColMajor<T> R) {
  const Index n = R.cols;
  for (Index j = n - 1; j >= 0; --j) {
    for (Index i = 0; i <= j; ++i) {
      T sum(0);
      for (Index k = i; k <= j; ++k) {
        sum += conjugate(L(k, i)) * R(k, j);
      }
      R(i, j) = sum;
    }
  }
}

enum class Step { checked, plain, shifted };

/// kappa of L^H is small enough for plain Cholesky QR, twice, to orthogonalise.
template <class T>
bool is_safe(InColMajor<T> L, Index m) {
  const Index n = L.rows;
  Matrix<T> U(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      U(i, j) = i <= j ? T(conjugate(L(j, i))) : T(0);
    }
  }
  const double kappa = condition_of_triangle<T>(U.view());
  return kappa * kappa * static_cast<double>(m * n + n * (n + 1)) * static_cast<double>(epsilon<T> / 2) < 1.0 / 64;
}

/// One step of Cholesky QR: W := W L^-H, R := L^H R, L L^H = W^H W (+ a shift). False where that is not definite or, if
/// checked, not safe.
template <class T>
bool cholesky_step(ColMajor<T> W, ColMajor<T> R_, Step kind) {
  using R = Real<T>;
  const Index m = W.rows;
  const Index n = W.cols;
  Matrix<T> G(n, n);
  gram<T>({W}, {}, MatrixView<const T>{}, G.view(), ColMajor<T>{nullptr, n, 0, n});
  if (kind == Step::shifted) {
    R trace = 0;
    for (Index j = 0; j < n; ++j) {
      trace += real_part(G(j, j));
    }
    const R shift = 11 * static_cast<R>(m * n + n * (n + 1)) * (epsilon<T> / 2) * trace / static_cast<R>(n);
    for (Index j = 0; j < n; ++j) {
      G(j, j) += shift;
    }
  }
  if (!cholesky_in_place<T>(G.view()).ok() || (kind == Step::checked && !is_safe<T>(G.view(), m))) {
    return false;
  }
  divide_by_adjoint<T>({W}, G.view(), W);
  multiply_upper<T>(G.view(), R_);
  return true;
}

/// W := W R_s^-1 with the R of a sketch of W: afterwards the columns are nearly orthonormal.
template <class T>
void precondition_by_sketch(ColMajor<T> W, ColMajor<T> R_, std::uint64_t seed) {
  const Index n = W.cols;
  const Index size = std::min(W.rows, 4 * n + 16);
  Matrix<T> S(size, n);
  if (size < W.rows) {
    sketch<T>(W, S.view(), Sketch::sparse_sign, seed);
  } else {  // nothing to save
    copy_into<T>(MatrixView<const T>(W), S.view());
  }
  Buffer<T> tau(n);
  qr_in_place<T>(S.view(), tau.data());
  Matrix<T> L(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      L(i, j) = i >= j ? T(conjugate(S(j, i))) : T(0);
    }
  }
  divide_by_adjoint<T>({W}, L.view(), W);
  multiply_upper<T>(L.view(), R_);
}

/// The factorisation as a whole of a tall W, all columns. False where Cholesky fails.
template <class T>
bool as_a_whole(ColMajor<T> W, ColMajor<T> R_, const GramSchmidtOptions& options) {
  const Index n = W.cols;
  Buffer<Real<T>> scale(n);
  equilibrate_columns<T>(W, scale.data());
  for (Index j = 0; j < n; ++j) {
    R_(j, j) = T(1);
  }
  bool done = true;
  if (options.method == GramSchmidt::cholesky_qr2) {
    done = cholesky_step<T>(W, R_, Step::checked);
  } else if (options.method == GramSchmidt::cholesky_qr3) {
    done = cholesky_step<T>(W, R_, Step::shifted) && cholesky_step<T>(W, R_, Step::plain);
  } else {
    precondition_by_sketch<T>(W, R_, options.seed);
    done = cholesky_step<T>(W, R_, Step::plain);
  }
  done = done && cholesky_step<T>(W, R_, Step::plain);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i <= j; ++i) {
      R_(i, j) /= scale[j];
    }
  }
  return done;
}

/// ||Q^H Q - I||_2
template <class T>
double loss_of(InColMajor<T> Q) {
  const Index n = Q.cols;
  if (n == 0) {
    return 0;
  }
  Matrix<T> G(n, n);
  gram<T>({Q}, {}, MatrixView<const T>{}, G.view(), ColMajor<T>{nullptr, n, 0, n});
  for (Index j = 0; j < n; ++j) {
    G(j, j) -= T(1);
    for (Index i = j + 1; i < n; ++i) {
      G(j, i) = conjugate(G(i, j));
    }
  }
  Buffer<Real<T>> s(n);
  (void)singular_values<T>(G.view(), s.data());
  return static_cast<double>(s[0]);
}

/// kappa on equilibrated columns, from the columns of R that brought a new row.
template <class T>
double condition_from(InColMajor<T> R_, Index rank) {
  if (rank == 0) {
    return 1;
  }
  Matrix<T> U(rank, rank);
  Index j = 0;
  for (Index step = 0; step < rank; ++step, ++j) {
    while (j + 1 < R_.cols && R_(step, j) == T(0)) {  // columns that were dropped
      ++j;
    }
    const Real<T> size = norm2(R_.col(j), step + 1);
    for (Index i = 0; i < rank; ++i) {
      U(i, step) = i <= step && size > 0 ? T(R_(i, j) / size) : T(0);
    }
  }
  return condition_of_triangle<T>(U.view());
}

template <class T>
double expected_loss(GramSchmidt method, Index m, Index n, double condition) {
  const auto eps = static_cast<double>(epsilon<T>);
  const double size = static_cast<double>(m) * std::sqrt(static_cast<double>(n)) + static_cast<double>(n);
  switch (method) {
    case GramSchmidt::cgs: return std::min(size * condition * condition * eps, static_cast<double>(n));
    case GramSchmidt::mgs: return std::min(size * condition * eps, static_cast<double>(n));
    default: return 10 * std::sqrt(static_cast<double>(std::max<Index>(n, 1))) * eps;
  }
}

/// Columns divided by their norms, so that pivoting compares what is left of each relative to what it was.
template <class T>
Buffer<Real<T>> normalise(ColMajor<T> M) {
  Buffer<Real<T>> norm(M.cols);
  for (Index j = 0; j < M.cols; ++j) {
    norm[j] = norm2(M.col(j), M.rows);
    for (Index i = 0; i < M.rows && norm[j] > 0; ++i) {
      M(i, j) /= norm[j];
    }
  }
  return norm;
}

/// Pivoted QR of R itself: A = Q R, R P = Q' R', hence A P = (Q Q') R'. Returns the rank.
template <class T>
Index pivot_afterwards(Matrix<T>& W, Matrix<T>& R_, Index* permutation, double rtol) {
  const Index n = R_.view().cols;
  const Index r = R_.view().rows;
  Matrix<T> S(r, n);
  copy_into<T>(MatrixView<const T>(R_.view()), S.view());
  const Buffer<Real<T>> norm = normalise<T>(S.view());
  Buffer<T> tau(std::min(r, n));
  qr_pivoted_in_place<T>(S.view(), tau.data(), permutation);
  Index rank = 0;
  while (rank < std::min(r, n) && std::abs(S(rank, rank)) > static_cast<Real<T>>(rtol) * std::abs(S(0, 0))) {
    ++rank;
  }
  Matrix<T> small(r, r);
  set_identity<T>(small.view());
  apply_q<T>(S.view(), tau.data(), std::min(r, n), Trans::none, small.view());
  Matrix<T> product(W.view().rows, r);
  clear<T>(product.view());
  for (Index j = 0; j < r; ++j) {
    for (Index i = 0; i < r; ++i) {
      small(i, j) = -small(i, j);
    }
  }
  gemm_minus<Right::plain, T>(product.view(), W.view(), small.view());
  W = std::move(product);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < r; ++i) {
      R_(i, j) = i <= j && i < rank ? T(S(i, j) * norm[permutation[j]]) : T(0);
    }
  }
  return rank;
}

}  // namespace

template <class T>
Outcome orthonormalize(In<T> A, MatrixView<T> Q, MatrixView<T> R, Index* permutation, const GramSchmidtOptions& options,
                       GramSchmidtReport* report) {
  const Index m = A.rows;
  const Index n = A.cols;
  const Index r = std::min(m, n);
  if (Q.rows != m || Q.cols != r || R.rows != r || R.cols != n) {
    throw std::invalid_argument("Q must be m x min(m, n) and R min(m, n) x n");
  }
  if (options.pivoting && permutation == nullptr) {
    throw std::invalid_argument("pivoting needs room for the permutation");
  }
  const GramSchmidt method = options.method;
  const bool by_columns = method == GramSchmidt::cgs || method == GramSchmidt::mgs || method == GramSchmidt::cgs2;
  if (!by_columns && method != GramSchmidt::householder && m < n) {
    throw std::invalid_argument("Cholesky QR and the randomized form need at least as many rows as columns");
  }
  if (const auto [i, j] = check_finite<T>(Source<T>{A}); i >= 0) {
    return {Reason::non_finite, i};
  }
  for (Index j = 0; j < n && permutation != nullptr; ++j) {
    permutation[j] = j;
  }
  const double rtol =
      options.rtol >= 0 ? options.rtol : static_cast<double>(std::max<Index>(n, 1)) * static_cast<double>(epsilon<T>);
  Matrix<T> W(m, n);
  Matrix<T> R_(r, n);
  Magnitudes<Real<T>> size(m, n);
  absorb<T>(Source<T>{A}, W.view(), size);
  clear<T>(R_.view());
  Index rank = r;
  if (by_columns) {
    rank = ByColumns<T>(W.view(), R_.view(), permutation, options, rtol).run();
  } else if (method == GramSchmidt::householder) {
    Matrix<T> Q_(m, r);
    Buffer<Real<T>> norm(n);  // what the columns were divided by
    if (options.pivoting) {
      norm = normalise<T>(W.view());
    } else {
      equilibrate_columns<T>(W.view(), norm.data());
      for (Index j = 0; j < n; ++j) {
        norm[j] = 1 / norm[j];
      }
    }
    (void)qr<T>(W.view(), Q_.view(), R_.view(), options.pivoting ? permutation : nullptr);
    W = std::move(Q_);
    rank = 0;
    while (rank < r &&
           (!options.pivoting || std::abs(R_(rank, rank)) > static_cast<Real<T>>(rtol) * std::abs(R_(0, 0)))) {
      ++rank;
    }
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i <= std::min(j, r - 1); ++i) {
        R_(i, j) *= norm[options.pivoting ? permutation[j] : j];
      }
    }
  } else {
    if (!as_a_whole<T>(W.view(), R_.view(), options)) {
      return {Reason::not_positive_definite};
    }
    if (options.pivoting) {
      rank = pivot_afterwards<T>(W, R_, permutation, rtol);
    }
  }
  for (Index j = 0; j < r; ++j) {
    for (Index i = 0; i < m; ++i) {
      Q(i, j) = j < rank ? W(i, j) : T(0);
    }
  }
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < r; ++i) {
      R(i, j) = i < rank ? R_(i, j) : T(0);
    }
  }
  if (report != nullptr) {
    report->rank = rank;
    report->condition = condition_from<T>(R_.view(), rank);
    report->bound = expected_loss<T>(method, m, n, report->condition);
    report->loss = options.measure ? loss_of<T>(W.view().block(0, 0, m, rank)) : std::nan("");
  }
  return {};
}

#define INSTANTIATE(T)                                                                                       \
  template Outcome orthonormalize<T>(In<T>, MatrixView<T>, MatrixView<T>, Index*, const GramSchmidtOptions&, \
                                     GramSchmidtReport*);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
