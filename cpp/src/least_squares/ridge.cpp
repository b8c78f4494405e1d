// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/svd.hpp>
#include <hessolve/dense/triangular.hpp>
#include <hessolve/least_squares/ridge.hpp>

#include "certify/norm_estimate.hpp"
#include "kernel/fill.hpp"
#include "least_squares/design.hpp"

#include <algorithm>
#include <cmath>

namespace hessolve {

const char* name(RidgeMethod method) {
  switch (method) {
    case RidgeMethod::none: return "auto";
    case RidgeMethod::cholesky: return "cholesky";
    case RidgeMethod::augmented: return "augmented";
    case RidgeMethod::svd: return "svd";
    case RidgeMethod::dual: return "dual";
  }
  return "unknown";
}

namespace {

/// ||L^-1||_F^2, the trace of (L L^T)^-1.
template <class T>
double trace_of_inverse(InColMajor<T> L) {
  constexpr Index chunk = 64;
  const Index n = L.rows;
  double total = 0;
  for (Index first = 0; first < n; first += chunk) {
    const Index count = std::min(chunk, n - first);
    const Index height = n - first;  // rows above stay zero
    Matrix<T> E(height, count);
    clear<T>(E.view());
    for (Index j = 0; j < count; ++j) {
      E(j, j) = T(1);
    }
    triangular_solve<T>(L.block(first, first, height, height), Triangle::lower, Diagonal::general, Trans::none,
                        E.view());
    for (Index j = 0; j < count; ++j) {
      const auto norm = static_cast<double>(norm2(E.view().col(j), height));
      total += norm * norm;
    }
  }
  return total;
}

template <class T>
double rcond_of(InColMajor<T> L, T one_norm) {
  const auto solve = [&](ColMajor<T> X) { cholesky_solve<T>(L, X); };
  const T result = 1 / one_norm / estimate_one_norm<T>(L.rows, solve, solve);
  return std::isfinite(result) ? static_cast<double>(result) : 0.0;
}

/// The 1-norm of a symmetric matrix whose lower triangle is set.
template <class T>
T symmetric_norm(InColMajor<T> A) {
  Buffer<T> sum(A.rows);
  std::fill_n(sum.data(), A.rows, T(0));
  for (Index j = 0; j < A.rows; ++j) {
    sum[j] += std::abs(A(j, j));
    for (Index i = j + 1; i < A.rows; ++i) {
      sum[j] += std::abs(A(i, j));
      sum[i] += std::abs(A(i, j));
    }
  }
  return A.rows == 0 ? T(0) : *std::max_element(sum.data(), sum.data() + A.rows);
}

template <class T>
class Ridge {
 public:
  Ridge(const Design<T>& design, const RidgeOptions<T>& options)
      : design_(design),
        options_(options),
        m_(design.rows()),
        n_(design.cols()),
        t_(design.targets()),
        special_(options.penalty.data != nullptr || options.prior.data != nullptr) {}

  /// The matrix of the penalty. False where the prior is not positive definite.
  bool prepare(Index& where) {
    if (special_) {
      P_ = Matrix<T>(n_, n_);
      return penalty_matrix<T>(n_, options_, P_.view(), where);
    }
    return true;
  }

  /// What solve begins with.
  [[nodiscard]] RidgeMethod first_method() const {
    RidgeMethod method = overflowing_ ? RidgeMethod::augmented : options_.method;
    if (method == RidgeMethod::none) {
      method = m_ >= n_ || special_ ? RidgeMethod::cholesky : RidgeMethod::dual;
    }
    return special_ && method == RidgeMethod::dual ? RidgeMethod::cholesky : method;
  }

  /// Whether X and Y are finite, as the products show that the first method needs; for other methods by looking.
  bool finite() {
    const RidgeMethod method = first_method();
    if (method == RidgeMethod::cholesky) {
      form_products();
      return all_finite(G_.view()) && all_finite(C_.view(), true);
    }
    if (method == RidgeMethod::dual) {
      form_dual();
      return all_finite(K_.view()) && check_finite<T>(Source<T>{design_.Y()}).first < 0;
    }
    return check_finite<T>(design_.X()).first < 0 && check_finite<T>(Source<T>{design_.Y()}).first < 0;
  }

  /// The data are finite, but their squares are not: orthogonal methods only, which scale.
  void avoid_squares() { overflowing_ = true; }

  /// Targets first ... first + count - 1 share a penalty.
  RidgeMethod solve(Index first, Index count, double alpha, ColMajor<T> coef, double& dof) {
    const RidgeMethod method = first_method();
    if (method == RidgeMethod::cholesky && by_cholesky(first, count, alpha, coef, dof)) {
      return method;
    }
    if (method == RidgeMethod::dual && by_dual(first, count, alpha, coef, dof)) {
      return method;
    }
    if (method != RidgeMethod::svd && by_augmented(first, count, alpha, coef, dof)) {
      return RidgeMethod::augmented;
    }
    by_svd(first, count, alpha, coef, dof);
    return RidgeMethod::svd;
  }

 private:
  [[nodiscard]] double intercept_dof() const { return design_.centred() ? 1.0 : 0.0; }
  /// Cholesky keeps at least half of the digits above this.
  [[nodiscard]] static double least_rcond() { return std::sqrt(static_cast<double>(epsilon<T>)); }

  /// The diagonal of a Gram matrix, or all of M: a NaN or infinity anywhere in X reaches them.
  static bool all_finite(InColMajor<T> M, bool whole = false) {
    T check = 0;
    for (Index j = 0; j < M.cols; ++j) {
      for (Index i = whole ? 0 : j; i < (whole ? M.rows : j + 1); ++i) {
        check += M(i, j) * T(0);
      }
    }
    return check == T(0);
  }

  /// The diagonal of a Gram matrix with its penalty is so large that what underflowed in it does not matter.
  static bool above_underflow(InColMajor<T> L) {
    constexpr T least = std::numeric_limits<T>::min() / epsilon<T>;
    for (Index j = 0; j < L.cols; ++j) {
      if (!(L(j, j) >= least)) {
        return false;
      }
    }
    return true;
  }

  /// A target that is not zero has left a column of M that is, or so small that digits of it may have underflowed.
  bool underflowed(InColMajor<T> M, Index first) const {
    constexpr T least = std::numeric_limits<T>::min() / epsilon<T>;
    for (Index c = 0; c < M.cols; ++c) {
      bool small = true;
      for (Index i = 0; i < M.rows && small; ++i) {
        small = std::abs(M(i, c)) < least;
      }
      for (Index i = 0; i < m_ && small; ++i) {
        if (design_.y(i, first + c) != T(0)) {
          return true;
        }
      }
    }
    return false;
  }

  void form_dual() {
    if (K_.view().rows == m_ && m_ > 0) {
      return;
    }
    K_ = Matrix<T>(m_, m_);
    design_.dual_gram(K_.view());
  }

  void form_products() {
    if (G_.view().rows == n_ && n_ > 0) {
      return;
    }
    G_ = Matrix<T>(n_, n_);
    C_ = Matrix<T>(n_, t_);
    gram<T>(design_.X(), design_.change_of_X(), design_.Y(), G_.view(), C_.view(), design_.change_of_Y());
  }

  bool by_cholesky(Index first, Index count, double alpha, ColMajor<T> coef, double& dof) {
    form_products();
    Matrix<T> L(n_, n_);
    for (Index j = 0; j < n_; ++j) {
      for (Index i = j; i < n_; ++i) {
        const T p = special_ ? P_(i, j) : T(i == j ? 1 : 0);
        L(i, j) = G_(i, j) + static_cast<T>(alpha) * p;
      }
    }
    const T norm = symmetric_norm<T>(L.view());
    if (!above_underflow(L.view()) || !cholesky_in_place<T>(L.view(), options_.stop).ok()) {
      return false;
    }
    const double rcond = rcond_of<T>(L.view(), norm);
    if (!(rcond >= least_rcond()) && n_ > 0) {
      return false;
    }
    if (underflowed(C_.view().block(0, first, n_, count), first)) {
      return false;
    }
    copy_into<T>(MatrixView<const T>(C_.view().block(0, first, n_, count)), coef);
    cholesky_solve<T>(L.view(), coef);
    constexpr double comfortable = 1e-4;  // above it the first solution has all the digits that a second could add
    if (rcond < comfortable) {
      refine(first, count, alpha, L.view(), coef);
    }
    dof = intercept_dof() +
          (special_ ? trace_of_product(L.view()) : static_cast<double>(n_) - alpha * trace_of_inverse<T>(L.view()));
    return true;
  }

  /// w := w + (G + alpha P)^-1 (X^T (y - X w) - alpha P w), the residual from X itself.
  void refine(Index first, Index count, double alpha, InColMajor<T> L, ColMajor<T> coef) {
    Matrix<T> g(n_, count);
    Buffer<T> squares(count);
    const RowChange<T> change_y{design_.weights(), design_.centred() ? design_.y_mean() + first : nullptr};
    gram_residual<T>(design_.X(), design_.change_of_X(), coef, design_.Y().block(0, first, m_, count), g.view(),
                     squares.data(), change_y);
    for (Index c = 0; c < count; ++c) {
      for (Index j = 0; j < n_; ++j) {
        T pull = special_ ? T(0) : coef(j, c);
        for (Index i = 0; i < n_ && special_; ++i) {
          pull += (i >= j ? P_(i, j) : P_(j, i)) * coef(i, c);
        }
        g(j, c) -= static_cast<T>(alpha) * pull;
      }
    }
    cholesky_solve<T>(L, g.view());
    for (Index c = 0; c < count; ++c) {
      for (Index j = 0; j < n_; ++j) {
        coef(j, c) += g(j, c);
      }
    }
  }

  /// tr((G + alpha P)^-1 G)
  double trace_of_product(InColMajor<T> L) const {
    Matrix<T> X(n_, n_);
    for (Index j = 0; j < n_; ++j) {
      for (Index i = 0; i < n_; ++i) {
        X(i, j) = i >= j ? G_(i, j) : G_(j, i);
      }
    }
    cholesky_solve<T>(L, X.view());
    double trace = 0;
    for (Index j = 0; j < n_; ++j) {
      trace += static_cast<double>(X(j, j));
    }
    return trace;
  }

  bool by_dual(Index first, Index count, double alpha, ColMajor<T> coef, double& dof) {
    form_dual();
    Matrix<T> L(m_, m_);
    for (Index j = 0; j < m_; ++j) {
      for (Index i = j; i < m_; ++i) {
        L(i, j) = K_(i, j) + (i == j ? static_cast<T>(alpha) : T(0));
      }
    }
    const T norm = symmetric_norm<T>(L.view());
    if (!above_underflow(L.view()) || !cholesky_in_place<T>(L.view(), options_.stop).ok() ||
        !(rcond_of<T>(L.view(), norm) >= least_rcond())) {
      return false;
    }
    Matrix<T> a(m_, count);
    for (Index c = 0; c < count; ++c) {
      for (Index i = 0; i < m_; ++i) {
        a(i, c) = design_.y(i, first + c);
      }
    }
    cholesky_solve<T>(L.view(), a.view());
    if (underflowed(a.view(), first)) {
      return false;
    }
    for (Index c = 0; c < count; ++c) {
      for (Index i = 0; i < m_; ++i) {
        a(i, c) *= std::sqrt(design_.weight(i));
      }
    }
    design_.transposed_times(a.view(), coef);
    if (!all_finite(coef, true)) {  // (K + alpha I)^-1 y overflows, which is no part of the answer
      return false;
    }
    // tr(K (K + alpha I)^-1) = m - alpha tr((K + alpha I)^-1)
    dof = intercept_dof() + static_cast<double>(m_) - alpha * trace_of_inverse<T>(L.view());
    return true;
  }

  /// [X; sqrt(alpha) L] with ||L w||^2 the penalty; X alone where alpha is 0.
  [[nodiscard]] Matrix<T> stacked(double alpha) const {
    const bool own = options_.penalty.data != nullptr;
    const Index p = alpha > 0 ? (own ? options_.penalty.rows : n_) : 0;
    Matrix<T> W(m_ + p, n_);
    for (Index j = 0; j < n_; ++j) {
      for (Index i = 0; i < m_; ++i) {
        W(i, j) = design_.x(i, j);
      }
      for (Index i = 0; i < p; ++i) {
        W(m_ + i, j) = own ? options_.penalty(i, j) : T(i == j ? 1 : 0);
      }
    }
    const ColMajor<T> below = W.view().block(m_, 0, p, n_);
    if (options_.prior.data != nullptr && p > 0) {  // w^T C^-1 w = ||K^-1 w||^2 for C = K K^T
      Matrix<T> K(n_, n_);
      copy_into<T>(options_.prior, K.view());
      (void)cholesky_in_place<T>(K.view());  // it went through in prepare()
      triangular_solve<T>(K.view(), Triangle::lower, Diagonal::general, Trans::none, below);
    }
    const T root = std::sqrt(static_cast<T>(alpha));
    for (Index j = 0; j < n_; ++j) {
      for (Index i = 0; i < p; ++i) {
        below(i, j) *= root;
      }
    }
    return W;
  }

  /// QR of [X; sqrt(alpha) L] on columns scaled by powers of two, the larger rows first: reflections then lose nothing
  /// of the smaller ones, whose right-hand sides may be large.  [Cox and Higham 1998, doi 10.1007/BF02510414]
  /// False where R is singular to working precision.
  bool by_augmented(Index first, Index count, double alpha, ColMajor<T> coef, double& dof) {
    const Matrix<T> W = stacked(alpha);
    const Index height = W.view().rows;
    if (height < n_) {
      return false;
    }
    Buffer<T> scale(n_);
    equilibrate_columns<T>(W.view(), scale.data());
    const Index begin = penalty_first(W.view()) ? height - m_ : 0;  // of the rows of X
    Matrix<T> B(height, count);
    clear<T>(B.view());
    Buffer<int> exponent(count);  // targets are scaled near 1 as well
    for (Index c = 0; c < count; ++c) {
      T size = 0;
      for (Index i = 0; i < m_; ++i) {
        size = std::max(size, std::abs(design_.y(i, first + c)));
      }
      exponent[c] = exponent_of(size) == no_exponent ? 0 : exponent_of(size);
      for (Index i = 0; i < m_; ++i) {
        B(begin + i, c) = shift(design_.y(i, first + c), -exponent[c]);
      }
    }
    Buffer<T> tau(n_);
    qr_in_place<T>(W.view(), tau.data());
    const ColMajor<T> R = W.view().block(0, 0, n_, n_);
    T largest = 0;
    T smallest = std::numeric_limits<T>::infinity();
    for (Index j = 0; j < n_; ++j) {
      largest = std::max(largest, std::abs(R(j, j)));
      smallest = std::min(smallest, std::abs(R(j, j)));
    }
    if (n_ > 0 && !(smallest > 10 * static_cast<T>(n_) * epsilon<T> * largest)) {
      return false;
    }
    apply_q<T>(W.view(), tau.data(), n_, Trans::adjoint, B.view());
    copy_into<T>(MatrixView<const T>(B.view().block(0, 0, n_, count)), coef);
    triangular_solve<T>(R, Triangle::upper, Diagonal::general, Trans::none, coef);
    for (Index c = 0; c < count; ++c) {
      for (Index j = 0; j < n_; ++j) {
        coef(j, c) = shift(coef(j, c), exponent[c] + std::ilogb(scale[j]));
      }
    }
    // the trace of the hat matrix is ||Q_1||_F^2, Q_1 = X D R^-1 the rows of Q that X has
    Matrix<T> Q(height, n_);
    clear<T>(Q.view());
    for (Index j = 0; j < n_; ++j) {
      Q(j, j) = T(1);
    }
    apply_q<T>(W.view(), tau.data(), n_, Trans::none, Q.view());
    dof = intercept_dof();
    for (Index j = 0; j < n_; ++j) {
      const auto norm = static_cast<double>(norm2(Q.view().col(j) + begin, m_));
      dof += norm * norm;
    }
    return true;
  }

  /// Move the rows of the penalty above those of X where they are larger, and tell whether they are.
  [[nodiscard]] bool penalty_first(ColMajor<T> W) const {
    T above = 0;
    T below = 0;
    for (Index j = 0; j < n_; ++j) {
      for (Index i = 0; i < W.rows; ++i) {
        T& largest = i < m_ ? above : below;
        largest = std::max(largest, std::abs(W(i, j)));
      }
    }
    if (!(below > above)) {
      return false;
    }
    for (Index j = 0; j < n_; ++j) {
      std::rotate(W.col(j), W.col(j) + m_, W.col(j) + W.rows);
    }
    return true;
  }

  /// w = V diag(s / (s^2 + alpha)) U^T y; singular values at rounding level count as zero. A penalty of its own form
  /// enters by the rows that it adds.
  void by_svd(Index first, Index count, double alpha, ColMajor<T> coef, double& dof) {
    const double shift = special_ ? 0.0 : alpha;
    const Matrix<T> W = stacked(special_ ? alpha : 0.0);
    const Svd<T> d = svd<T>(W.view());
    const Index r = d.s.size();
    const T cut = r > 0 ? static_cast<T>(std::max(W.view().rows, n_)) * epsilon<T> * d.s[0] : T(0);
    clear<T>(coef);
    dof = intercept_dof();
    if (r > 0 && !std::isfinite(d.s[0])) {  // no decomposition, no answer
      fill<T>(MatrixView<T>(coef), std::numeric_limits<T>::quiet_NaN());
      return;
    }
    for (Index k = 0; k < r; ++k) {
      const auto s = static_cast<double>(d.s[k]);
      if (!(d.s[k] > cut)) {
        break;
      }
      const double filter = 1 / (s + shift / s);
      double share = 0;
      for (Index i = 0; i < m_; ++i) {
        share += static_cast<double>(d.U(i, k)) * static_cast<double>(d.U(i, k));
      }
      dof += s * filter * share;
      for (Index c = 0; c < count; ++c) {
        double projection = 0;
        for (Index i = 0; i < m_; ++i) {
          projection += static_cast<double>(d.U(i, k)) * static_cast<double>(design_.y(i, first + c));
        }
        subtract_multiple<T>(n_, static_cast<T>(-filter * projection), d.V.view().col(k), coef.col(c));
      }
    }
  }

  const Design<T>& design_;
  const RidgeOptions<T>& options_;
  Index m_;
  Index n_;
  Index t_;
  bool special_;
  bool overflowing_ = false;
  Matrix<T> P_;
  Matrix<T> G_;
  Matrix<T> C_;
  Matrix<T> K_;
};

}  // namespace

template <class T>
bool penalty_matrix(Index n, const RidgeOptions<T>& options, ColMajor<T> P, Index& where) {
  if (options.penalty.data != nullptr) {
    if (options.penalty.cols != n) {
      throw std::invalid_argument("the penalty must have as many columns as X");
    }
    gram<T>(Source<T>{options.penalty}, {}, In<T>{}, P, ColMajor<T>{nullptr, n, 0, n});
    return true;
  }
  clear<T>(P);
  for (Index j = 0; j < n; ++j) {
    P(j, j) = T(1);
  }
  if (options.prior.data == nullptr) {
    return true;
  }
  if (options.prior.rows != n || options.prior.cols != n) {
    throw std::invalid_argument("the prior covariance must be n x n");
  }
  Matrix<T> L(n, n);
  copy_into<T>(options.prior, L.view());
  if (const Outcome outcome = cholesky_in_place<T>(L.view()); !outcome.ok()) {
    where = outcome.where;
    return false;
  }
  cholesky_solve<T>(L.view(), P);
  return true;
}

template <class T>
Outcome ridge(In<T> X, In<T> Y, const double* alpha, MatrixView<T> coef, T* intercepts, double* dof,
              const RidgeOptions<T>& options, RidgeMethod* answered) {
  const Index n = X.cols;
  const Index t = Y.cols;
  if (coef.rows != n || coef.cols != t) {
    throw std::invalid_argument("coef must be n x t");
  }
  const Design<T> design(X, Y, options.weights, options.intercept);
  Ridge<T> problem(design, options);
  Index where = -1;
  if (!problem.prepare(where)) {
    return {Reason::not_positive_definite, where};
  }
  if (!problem.finite()) {
    for (const In<T>& A : {X, Y}) {
      if (const auto [i, j] = find_non_finite<T>(Source<T>{A}); i >= 0) {
        return {Reason::non_finite, i};
      }
    }
    problem.avoid_squares();
  }
  Matrix<T> W(n, t);
  RidgeMethod used = options.method;
  for (Index first = 0; first < t;) {
    Index last = first + 1;
    while (last < t && alpha[last] == alpha[first]) {
      ++last;
    }
    double share = 0;
    used = problem.solve(first, last - first, alpha[first], W.view().block(0, first, n, last - first), share);
    std::fill(dof + first, dof + last, share);
    first = last;
  }
  copy_out<T>(W.view(), coef);
  design.intercepts(W.view(), intercepts);
  if (answered != nullptr) {
    *answered = used;
  }
  return find_non_finite<T>(Source<T>{W.view()}).first >= 0 ? Outcome{Reason::non_finite} : Outcome{};
}

#define INSTANTIATE(T)                                                                                       \
  template bool penalty_matrix<T>(Index, const RidgeOptions<T>&, ColMajor<T>, Index&);                       \
  template Outcome ridge<T>(In<T>, In<T>, const double*, MatrixView<T>, T*, double*, const RidgeOptions<T>&, \
                            RidgeMethod*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve
