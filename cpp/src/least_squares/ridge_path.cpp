// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/least_squares/ridge.hpp>

#include "kernel/fill.hpp"
#include "least_squares/design.hpp"
#include "least_squares/pencil.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace hessolve {
namespace {

/// Quality of the fits from residuals e and leverages h, gathered over blocks of rows.
struct Sums {
  double squares = 0;
  double left_out = 0;
  double gcv = -1;  // where it is known already
};

template <class T>
class Path {
 public:
  Path(const Design<T>& design, const double* alpha, Index k, const RidgePath<T>& out)
      : design_(design),
        alpha_(alpha),
        k_(k),
        out_(out),
        m_(design.rows()),
        n_(design.cols()),
        t_(design.targets()) {}

  /// Whether the squares of X were.
  [[nodiscard]] bool in_range() const { return in_range_; }

  Outcome primal(const RidgeOptions<T>& options) {
    Matrix<T> G(n_, n_);
    Matrix<T> C(n_, t_);
    gram<T>(design_.X(), design_.change_of_X(), design_.Y(), G.view(), C.view(), design_.change_of_Y());
    if (!squares_are_finite(G.view())) {
      return {Reason::non_finite, -1};
    }
    Pencil<T> pencil;
    const bool special = options.penalty.data != nullptr || options.prior.data != nullptr;
    const Matrix<T> whole = special ? Matrix<T>() : mirrored(G.view());  // what refinement needs of G
    if (special) {
      Matrix<T> P(n_, n_);
      Index where = -1;
      if (!penalty_matrix<T>(n_, options, P.view(), where)) {
        return {Reason::not_positive_definite, where};
      }
      if (const Outcome outcome = diagonalise<T>(G, P.view(), pencil); !outcome.ok()) {
        return outcome;
      }
    } else if (const Outcome outcome = diagonalise<T>(G, pencil); !outcome.ok()) {
      return outcome;
    }
    Matrix<T> SC(n_, t_);  // S^T X^T y
    const bool precise = !special && loses_half<T>(pencil, *std::min_element(alpha_, alpha_ + k_));
    if (precise) {
      if (const Outcome outcome = take_singular_values<T>(design_, pencil, SC.view()); !outcome.ok()) {
        return outcome;
      }
    }
    Matrix<T> D(n_, k_);  // 1 / (mu + alpha nu); 0 where there is nothing to divide by
    T largest = 0;
    for (Index i = 0; i < n_; ++i) {
      largest = std::max(largest, pencil.mu[i]);
    }
    const T rounding = static_cast<T>(std::max(m_, n_)) * epsilon<T>;
    const T cut = (precise ? rounding * rounding : rounding) * largest;
    for (Index a = 0; a < k_; ++a) {
      double trace = design_.centred() ? 1.0 : 0.0;
      for (Index i = 0; i < n_; ++i) {
        const T d = pencil.mu[i] + static_cast<T>(alpha_[a]) * pencil.nu[i];
        D(i, a) = d > cut || (alpha_[a] > 0 && d > 0) ? 1 / d : T(0);
        trace += static_cast<double>(pencil.mu[i] * D(i, a));
      }
      store(out_.dof, a, trace);
    }
    Matrix<T> St(n_, n_);
    for (Index j = 0; j < n_; ++j) {
      for (Index i = 0; i < n_; ++i) {
        St(i, j) = pencil.S(j, i);
      }
    }
    if (!precise) {
      negate<T>(C.view());
      clear<T>(SC.view());
      gemm_minus<Right::plain, T>(SC.view(), St.view(), C.view());
    }
    Matrix<T> W(n_, t_ * k_);  // coefficients in the basis S, then as they are
    for (Index a = 0; a < k_; ++a) {
      for (Index j = 0; j < t_; ++j) {
        for (Index i = 0; i < n_; ++i) {
          W(i, j * k_ + a) = D(i, a) * SC(i, j);
        }
      }
    }
    Matrix<T> coef(n_, t_ * k_);
    clear<T>(coef.view());
    add_product(pencil.S.view(), W.view(), coef.view());
    if (!special && !precise) {
      refine(whole.view(), pencil.S.view(), St.view(), C.view(), D.view(), W.view(), coef.view());
    }
    for (Index j = 0; j < t_ * k_; ++j) {
      double square = 0;
      for (Index i = 0; i < n_; ++i) {
        square += static_cast<double>(pencil.nu[i]) * static_cast<double>(W(i, j)) * static_cast<double>(W(i, j));
      }
      store(out_.solution_norm, j, std::sqrt(square));  // ||L w||^2 = v^T diag(nu) v
    }
    transpose_coefficients(coef.view());
    write_intercepts();
    if (out_.loo != nullptr || out_.gcv != nullptr || out_.residual_norm != nullptr) {
      judge_primal(St.view(), D.view(), W.view());
    }
    return {};
  }

  Outcome dual() {
    Matrix<T> K(m_, m_);
    design_.dual_gram(K.view());
    if (!squares_are_finite(K.view())) {
      return {Reason::non_finite, -1};
    }
    set_constant_apart(K.view());
    Pencil<T> pencil;
    if (const Outcome outcome = diagonalise<T>(K, pencil); !outcome.ok()) {
      return outcome;
    }
    const Index constant_vector = design_.centred() ? m_ - 1 : -1;
    if (constant_vector >= 0) {
      pencil.mu[constant_vector] = 0;
    }
    T largest = 0;
    for (Index i = 0; i < m_; ++i) {
      largest = std::max(largest, pencil.mu[i]);
    }
    const T cut = static_cast<T>(std::max(m_, n_)) * epsilon<T> * largest;
    Matrix<T> UY(m_, t_);  // U^T y
    Matrix<T> Ut(m_, m_);
    Matrix<T> squared(m_, m_);  // minus u_li^2
    Matrix<T> minus_Y(m_, t_);
    clear<T>(UY.view());
    for (Index j = 0; j < m_; ++j) {
      for (Index i = 0; i < m_; ++i) {
        Ut(i, j) = pencil.S(j, i);
        squared(i, j) = -pencil.S(i, j) * pencil.S(i, j);
      }
    }
    for (Index j = 0; j < t_; ++j) {
      for (Index i = 0; i < m_; ++i) {
        minus_Y(i, j) = -design_.y(i, j);
      }
    }
    gemm_minus<Right::plain, T>(UY.view(), Ut.view(), minus_Y.view());
    Matrix<T> filtered(m_, t_ * k_);  // minus (mu + alpha)^-1 U^T y
    Matrix<T> shrunk(m_, t_ * k_);    // minus mu (mu + alpha)^-1 U^T y
    Matrix<T> inverse(m_, k_);        // 1 / (mu + alpha)
    std::vector<bool> regular(static_cast<std::size_t>(k_), true);
    Matrix<T> share(m_, k_);  // mu / (mu + alpha)
    for (Index a = 0; a < k_; ++a) {
      double trace = design_.centred() ? 1.0 : 0.0;
      for (Index i = 0; i < m_; ++i) {
        const T d = pencil.mu[i] + static_cast<T>(alpha_[a]);
        const bool constant = i == constant_vector;  // what centring took out
        const bool counts = !constant && (d > cut || (alpha_[a] > 0 && d > 0));
        const T filter = counts ? 1 / d : T(0);
        regular[static_cast<std::size_t>(a)] = regular[static_cast<std::size_t>(a)] && (counts || constant);
        inverse(i, a) = filter;
        share(i, a) = pencil.mu[i] * filter;
        trace += static_cast<double>(share(i, a));
        for (Index j = 0; j < t_; ++j) {
          filtered(i, j * k_ + a) = -filter * UY(i, j);
          shrunk(i, j * k_ + a) = -share(i, a) * UY(i, j);
        }
      }
      store(out_.dof, a, trace);
      for (Index j = 0; j < t_; ++j) {
        double square = 0;  // ||w||^2 = a^T K a
        for (Index i = 0; i < m_; ++i) {
          const auto v = static_cast<double>(filtered(i, j * k_ + a));
          square += v * v * static_cast<double>(pencil.mu[i]);
        }
        store(out_.solution_norm, j * k_ + a, std::sqrt(square));
      }
    }
    Matrix<T> A(m_, t_ * k_);  // (K + alpha I)^-1 y
    Matrix<T> fitted(m_, t_ * k_);
    Matrix<T> leverage(m_, k_);
    clear<T>(A.view());
    clear<T>(fitted.view());
    for (Index a = 0; a < k_; ++a) {
      for (Index l = 0; l < m_; ++l) {
        leverage(l, a) = design_.centred() ? design_.weight(l) / design_.total_weight() : T(0);
      }
    }
    gemm_minus<Right::plain, T>(A.view(), pencil.S.view(), filtered.view());
    gemm_minus<Right::plain, T>(fitted.view(), pencil.S.view(), shrunk.view());
    Matrix<T> diagonal(m_, k_);  // of (K + alpha I)^-1
    clear<T>(diagonal.view());
    gemm_minus<Right::plain, T>(leverage.view(), squared.view(), share.view());
    gemm_minus<Right::plain, T>(diagonal.view(), squared.view(), inverse.view());
    Buffer<Sums> sums(t_ * k_);
    for (Index a = 0; a < k_; ++a) {
      for (Index j = 0; j < t_; ++j) {
        Sums sum;
        double size = 0;
        double trace = 0;
        for (Index l = 0; l < m_; ++l) {
          const T e = -minus_Y(l, j) - fitted(l, j * k_ + a);
          add(static_cast<double>(e), static_cast<double>(leverage(l, a)), sum);
          const auto value = static_cast<double>(A(l, j * k_ + a));
          size += value * value;
          trace += static_cast<double>(diagonal(l, a));
          A(l, j * k_ + a) *= std::sqrt(design_.weight(l));  // scaled back
        }
        const bool has_limit = regular[static_cast<std::size_t>(a)];  // of e = alpha a, 1 - h = alpha diag at alpha = 0
        if (has_limit) {
          sum.left_out = 0;
          for (Index l = 0; l < m_; ++l) {
            const double one_out = unscaled(A(l, j * k_ + a), l) / static_cast<double>(diagonal(l, a));
            sum.left_out += one_out * one_out;
          }
          sum.gcv = static_cast<double>(m_) * size / (trace * trace);
        }
        sums[j * k_ + a] = sum;
      }
    }
    write_quality(sums);
    design_.transposed_times_by_rows(A.view(), coefficients());
    write_intercepts();
    return {};
  }

 private:
  /// A symmetric matrix from its lower triangle.
  [[nodiscard]] static Matrix<T> mirrored(InColMajor<T> G) {
    Matrix<T> whole(G.rows, G.rows);
    for (Index j = 0; j < G.rows; ++j) {
      for (Index i = j; i < G.rows; ++i) {
        whole(i, j) = whole(j, i) = G(i, j);
      }
    }
    return whole;
  }

  /// out := out + A B
  static void add_product(InColMajor<T> A, InColMajor<T> B, ColMajor<T> out) {
    Matrix<T> minus(B.rows, B.cols);
    copy_into<T>(MatrixView<const T>(B), minus.view());
    negate<T>(minus.view());
    for (Index d = 0; d < A.cols; d += gram_depth) {
      const Index depth = std::min(gram_depth, A.cols - d);
      gemm_minus<Right::plain, T>(out, A.block(0, d, A.rows, depth), minus.view().block(d, 0, depth, B.cols));
    }
  }

  /// One step of refinement, for what rounding has made of the eigenvectors: w := w + S D S^T (c - (G + alpha I) w).
  void refine(InColMajor<T> G, InColMajor<T> S, InColMajor<T> St, InColMajor<T> minus_C, InColMajor<T> D, ColMajor<T> W,
              ColMajor<T> coef) const {
    Matrix<T> gradient(n_, t_ * k_);
    for (Index c = 0; c < t_ * k_; ++c) {
      const auto alpha = static_cast<T>(alpha_[c % k_]);
      for (Index i = 0; i < n_; ++i) {
        gradient(i, c) = minus_C(i, c / k_) + alpha * coef(i, c);
      }
    }
    add_product(G, coef, gradient.view());
    Matrix<T> step(n_, t_ * k_);
    clear<T>(step.view());
    gemm_minus<Right::plain, T>(step.view(), St, gradient.view());
    for (Index c = 0; c < t_ * k_; ++c) {
      for (Index i = 0; i < n_; ++i) {
        step(i, c) *= D(i, c % k_);
        W(i, c) += step(i, c);
      }
    }
    add_product(S, step.view(), coef);
  }

  /// Whether the squares on the diagonal of G are, as those of a finite X in the middle of the range; in_range_: the
  /// largest is neither lost nor infinite.
  bool squares_are_finite(InColMajor<T> G) {
    T largest = 0;
    for (Index i = 0; i < G.rows; ++i) {
      largest = max_or_nan(largest, G(i, i));
    }
    in_range_ = G.rows == 0 || (largest > std::numeric_limits<T>::min() / (epsilon<T> * epsilon<T>) &&
                                largest < std::numeric_limits<T>::max() / T(1 << 20));
    return std::isfinite(largest);
  }

  /// K + c q q^T: the vector of the constant, q = sqrt(w) / ||sqrt(w)||, which centring has put into the null space of
  /// K, becomes the eigenvector of the largest eigenvalue, apart from all others.
  void set_constant_apart(ColMajor<T> K) const {
    if (!design_.centred()) {
      return;
    }
    T norm = 0;
    for (Index j = 0; j < m_; ++j) {
      T sum = 0;
      for (Index i = 0; i < m_; ++i) {
        sum += std::abs(i >= j ? K(i, j) : K(j, i));
      }
      norm = std::max(norm, sum);
    }
    const T c = norm > 0 ? 2 * norm : T(1);
    for (Index j = 0; j < m_; ++j) {
      for (Index i = j; i < m_; ++i) {
        K(i, j) += c * std::sqrt(design_.weight(i)) * std::sqrt(design_.weight(j)) / design_.total_weight();
      }
    }
  }

  static void store(double* where, Index at, double value) {
    if (where != nullptr) {
      where[at] = value;
    }
  }

  /// What a was before it was scaled by the root of a row's weight; a row without weight has no say.
  [[nodiscard]] double unscaled(T value, Index row) const {
    const T root = std::sqrt(design_.weight(row));
    return root > 0 ? static_cast<double>(value / root) : 0.0;
  }

  /// What rounding makes of 1 - h for a row that is fitted whatever it says, and of the degrees of freedom of a
  /// saturated fit, for each row.
  [[nodiscard]] double rounding() const {
    return 32 * static_cast<double>(std::min(m_, n_) + 10) * static_cast<double>(epsilon<T>);
  }

  void add(double e, double h, Sums& sum) const {
    sum.squares += e * e;
    const double one_out = 1 - h > rounding() ? e / (1 - h) : std::numeric_limits<double>::infinity();
    sum.left_out += one_out * one_out;
  }

  void write_quality(const Buffer<Sums>& sums) const {
    const auto m = static_cast<double>(m_);
    for (Index j = 0; j < t_; ++j) {
      for (Index a = 0; a < k_; ++a) {
        const Sums& sum = sums[j * k_ + a];
        store(out_.residual_norm, j * k_ + a, std::sqrt(sum.squares));
        store(out_.loo, j * k_ + a, sum.left_out / static_cast<double>(design_.total_weight()));
        const double freedom = m - out_.dof[a];
        const bool saturated = !(freedom > rounding() * m);
        const double gcv = saturated ? std::numeric_limits<double>::infinity() : m * sum.squares / (freedom * freedom);
        store(out_.gcv, j * k_ + a, sum.gcv >= 0 ? sum.gcv : gcv);
      }
    }
  }

  /// Those of all targets and penalties, a column for each variable.
  [[nodiscard]] ColMajor<T> coefficients() const { return {out_.coefs, t_ * k_, n_, t_ * k_}; }

  void transpose_coefficients(InColMajor<T> coef) const {
    constexpr Index rows = 256;
    parallel_for((n_ + rows - 1) / rows, n_ * t_ * k_ > 100'000, [&](Index s) {
      const Index first = s * rows;
      detail::transpose_tile<T>(coef.data + first, coef.stride, t_ * k_, std::min(rows, n_ - first),
                                coefficients().col(first), t_ * k_);
    });
  }

  void write_intercepts() const {
    design_.intercepts(MatrixView<const T>{out_.coefs, n_, t_ * k_, t_ * k_, 1}, out_.intercepts);
  }

  /// Residuals and leverages from Z = X S, block by block of rows: e = y - Z W, h_i = sum of z_ij^2 d_j.
  void judge_primal(InColMajor<T> St, InColMajor<T> D, InColMajor<T> W) const {
    const RowPanels<T> panels = design_.panels();
    const Index block = gram_depth;
    const Index blocks = (m_ + block - 1) / block;
    Buffer<Sums> parts(blocks * t_ * k_);
    Matrix<T> Wt(t_ * k_, n_);
    Matrix<T> Dt(k_, n_);
    for (Index i = 0; i < n_; ++i) {
      for (Index c = 0; c < t_ * k_; ++c) {
        Wt(c, i) = W(i, c);
      }
      for (Index a = 0; a < k_; ++a) {
        Dt(a, i) = -D(i, a);
      }
    }
    parallel_for(blocks, m_ * n_ * n_ > 1'000'000, [&](Index s) {
      const Index first = s * block;
      const Index count = std::min(block, m_ - first);
      Buffer<T> buffer(panels.buffer_size());
      const ColMajor<const T> P = panels(first, count, buffer.data());
      Matrix<T> Z(n_, count);  // minus S^T x_i
      clear<T>(Z.view());
      for (Index d = 0; d < n_; d += gram_depth) {
        const Index depth = std::min(gram_depth, n_ - d);
        gemm_minus<Right::plain, T>(Z.view(), St.block(0, d, n_, depth), P.block(d, 0, depth, count));
      }
      Matrix<T> E(t_ * k_, count);
      Matrix<T> H(k_, count);
      for (Index i = 0; i < count; ++i) {
        const T start = design_.centred() ? design_.weight(first + i) / design_.total_weight() : T(0);
        std::fill_n(H.view().col(i), k_, start);
        for (Index c = 0; c < t_ * k_; ++c) {
          E(c, i) = -design_.y(first + i, c / k_);
        }
      }
      gemm_minus<Right::plain, T>(E.view(), Wt.view(), Z.view());  // Z W - y, Z being the negative
      for (Index i = 0; i < count; ++i) {
        T* z = Z.view().col(i);
        for (Index j = 0; j < n_; ++j) {
          z[j] *= z[j];
        }
      }
      gemm_minus<Right::plain, T>(H.view(), Dt.view(), Z.view());
      for (Index j = 0; j < t_; ++j) {
        for (Index a = 0; a < k_; ++a) {
          Sums sum;
          for (Index i = 0; i < count; ++i) {
            add(static_cast<double>(E(j * k_ + a, i)), static_cast<double>(H(a, i)), sum);
          }
          parts[s * t_ * k_ + j * k_ + a] = sum;
        }
      }
    });
    Buffer<Sums> sums(t_ * k_);
    for (Index c = 0; c < t_ * k_; ++c) {
      sums[c] = {};
      for (Index s = 0; s < blocks; ++s) {
        sums[c].squares += parts[s * t_ * k_ + c].squares;
        sums[c].left_out += parts[s * t_ * k_ + c].left_out;
      }
    }
    write_quality(sums);
  }

  const Design<T>& design_;
  const double* alpha_;
  Index k_;
  const RidgePath<T>& out_;
  Index m_;
  Index n_;
  Index t_;
  bool in_range_ = true;
};

}  // namespace

namespace {

/// The exponent of the largest element of X where its square, or that of eps times it, leaves the range; else 0.
template <class T>
int exponent_out_of_range(In<T> X) {
  T largest = 0;
  for (Index i = 0; i < X.rows; ++i) {
    for (Index j = 0; j < X.cols; ++j) {
      largest = std::max(largest, std::abs(X(i, j)));
    }
  }
  const int e = exponent_of(largest);
  constexpr int most = std::numeric_limits<T>::max_exponent / 2 - 24;
  constexpr int least = std::numeric_limits<T>::min_exponent / 2 + std::numeric_limits<T>::digits;
  return e != no_exponent && (e > most || e < least) ? e : 0;
}

template <class T>
Outcome path_as_is(In<T> X, In<T> Y, const double* alpha, Index k, const RidgePath<T>& path,
                   const RidgeOptions<T>& options, bool& in_range) {
  const Design<T> design(X, Y, options.weights, options.intercept);
  Path<T> problem(design, alpha, k, path);
  const bool special = options.penalty.data != nullptr || options.prior.data != nullptr;
  const Outcome outcome = X.rows > X.cols || special ? problem.primal(options) : problem.dual();
  in_range = problem.in_range();
  return outcome;
}

/// With X = 2^e Z, w = 2^-e v: ||y - X w||^2 + alpha ||L w||^2 = ||y - Z v||^2 + 4^-e alpha ||L v||^2.
template <class T>
Outcome path_of_scaled(In<T> X, In<T> Y, const double* alpha, Index k, const RidgePath<T>& path,
                       const RidgeOptions<T>& options, int e) {
  const int top = k > 0 ? exponent_of(*std::max_element(alpha, alpha + k)) : no_exponent;
  constexpr int most = std::numeric_limits<double>::max_exponent / 2;
  e = std::max(e, -(most - std::max(top, 0)) / 2);  // no penalty may overflow, nor what is divided by it underflow
  Matrix<T> Z(X.rows, X.cols);
  for (Index j = 0; j < X.cols; ++j) {
    for (Index i = 0; i < X.rows; ++i) {
      Z(i, j) = shift(X(i, j), -e);
    }
  }
  Buffer<double> scaled(k);
  for (Index a = 0; a < k; ++a) {
    scaled[a] = std::ldexp(alpha[a], -2 * e);
  }
  bool in_range = true;  // as far as that can be had
  const Outcome outcome = path_as_is<T>(Z.view(), Y, scaled.data(), k, path, options, in_range);
  for (Index c = 0; c < X.cols * Y.cols * k; ++c) {
    path.coefs[c] = shift(path.coefs[c], -e);
  }
  for (Index c = 0; c < Y.cols * k && path.solution_norm != nullptr; ++c) {
    path.solution_norm[c] = std::ldexp(path.solution_norm[c], -e);
  }
  return outcome;
}

/// NaN in all that was asked for: there is no answer.
template <class T>
void forget(const RidgePath<T>& path, Index n, Index t, Index k) {
  std::fill_n(path.coefs, n * t * k, std::numeric_limits<T>::quiet_NaN());
  std::fill_n(path.intercepts, t * k, std::numeric_limits<T>::quiet_NaN());
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  std::fill_n(path.dof, k, nan);
  for (double* table : {path.gcv, path.loo, path.residual_norm, path.solution_norm}) {
    if (table != nullptr) {
      std::fill_n(table, t * k, nan);
    }
  }
}

}  // namespace

template <class T>
Outcome ridge_path(In<T> X, In<T> Y, const double* alpha, Index k, const RidgePath<T>& path,
                   const RidgeOptions<T>& options) {
  if (path.coefs == nullptr || path.intercepts == nullptr || path.dof == nullptr) {
    throw std::invalid_argument("a path needs room for coefs, intercepts and dof");
  }
  if (const auto [i, j] = check_finite<T>(Source<T>{Y}); i >= 0) {
    return {Reason::non_finite, i};
  }
  bool in_range = true;
  Outcome outcome = path_as_is<T>(X, Y, alpha, k, path, options, in_range);
  if (!in_range) {  // what is not finite in X has reached the squares
    if (const auto [i, j] = check_finite<T>(Source<T>{X}); i >= 0) {
      return {Reason::non_finite, i};
    }
  }
  if (const int e = in_range ? 0 : exponent_out_of_range<T>(X); e != 0) {
    outcome = path_of_scaled<T>(X, Y, alpha, k, path, options, e);
  }
  if (!outcome.ok()) {
    forget<T>(path, X.cols, Y.cols, k);
  }
  return outcome;
}

#define INSTANTIATE(T) \
  template Outcome ridge_path<T>(In<T>, In<T>, const double*, Index, const RidgePath<T>&, const RidgeOptions<T>&);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve
