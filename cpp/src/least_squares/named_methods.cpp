// SPDX-License-Identifier: BSD-3-Clause
#include "least_squares/named_methods.hpp"

#include "certify/residual.hpp"
#include "kernel/dot.hpp"
#include "kernel/scaling.hpp"
#include "least_squares/orthogonal.hpp"

#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/triangular.hpp>
#include <hessolve/least_squares/gram_schmidt.hpp>
#include <hessolve/least_squares/sketch.hpp>

#include <cmath>

namespace hessolve {
namespace {

constexpr double least_rcond = 10;  // in units of n eps: below it the rank is not full

/// A D in columns, D powers of two.
template <class T>
struct Equilibrated {
  explicit Equilibrated(const Source<T>& A) : W(A.rows(), A.cols()), scale(A.cols()) {
    Magnitudes<Real<T>> size(A.rows(), A.cols());
    absorb<T>(A, W.view(), size);
    equilibrate_columns<T>(W.view(), scale.data());
  }
  Matrix<T> W;
  Buffer<Real<T>> scale;
};

template <class T>
void rescale(const Buffer<Real<T>>& scale, ColMajor<T> X) {
  for (Index j = 0; j < X.cols; ++j) {
    for (Index i = 0; i < X.rows; ++i) {
      X(i, j) *= scale[i];
    }
  }
}

/// X := X + correction(b - A X), the residual in twice the precision.
template <class T, class Correct>
void refine_once(const Source<T>& A, In<T> B, ColMajor<T> X, Correct&& correct) {
  Matrix<T> residual(A.rows(), X.cols);
  Matrix<T> correction(A.cols(), X.cols);
  compensated_residual<T>(A, X, B, residual.view());
  correct(residual.view(), correction.view());
  for (Index j = 0; j < X.cols; ++j) {
    for (Index i = 0; i < X.rows; ++i) {
      X(i, j) += correction(i, j);
    }
  }
}

/// From A D = Q R: X := D R^-1 d, d = Q^H b taken as a whole or column by column.
template <class T>
bool by_basis(Method method, const Source<T>& A, In<T> B, ColMajor<T> X, double& condition) {
  const Index m = A.rows();
  const Index n = A.cols();
  const Equilibrated<T> scaled(A);
  Matrix<T> Q(m, n);
  Matrix<T> R(n, n);
  GramSchmidtOptions options;
  options.method = method == Method::mgs ? GramSchmidt::mgs : GramSchmidt::cholesky_qr2;
  options.measure = false;
  GramSchmidtReport report;
  if (!orthonormalize<T>(scaled.W.view(), Q.view(), R.view(), nullptr, options, &report).ok() || report.rank < n) {
    return false;
  }
  condition = condition_of_triangle<T>(R.view());
  if (!(condition * least_rcond * static_cast<double>(n) * static_cast<double>(epsilon<T>) < 1)) {
    return false;
  }
  const auto apply = [&](ColMajor<T> b, ColMajor<T> x) {  // b is destroyed
    for (Index j = 0; j < b.cols; ++j) {
      for (Index k = 0; k < n; ++k) {
        x(k, j) = dot<true, T>(Q.view().col(k), b.col(j), m);
        if (method == Method::mgs) {
          subtract_multiple<T>(m, x(k, j), Q.view().col(k), b.col(j));
        }
      }
    }
    triangular_solve<T>(R.view(), Triangle::upper, Diagonal::general, Trans::none, x);
    rescale<T>(scaled.scale, x);
  };
  Matrix<T> b(m, B.cols);
  copy_into<T>(B, b.view());
  apply(b.view(), X);
  refine_once<T>(A, B, X, apply);
  return true;
}

/// Conjugate gradients for min ||A R^-1 y - r||, R the triangle of a sketch of A D.
template <class T>
class SketchedSolve {
 public:
  using R = Real<T>;

  explicit SketchedSolve(const Source<T>& A)
      : A_(A),
        adjoint_{A.view.transposed(), Part::full, !A.conjugated},
        m_(A.rows()),
        n_(A.cols()),
        size_(std::min(m_, 8 * n_ + 32)),
        S_(size_, n_),
        tau_(n_),
        scale_(n_) {
    reduce(A.view, S_.view());
    if (A.conjugated) {
      for (Index j = 0; j < n_; ++j) {
        for (Index i = 0; i < size_; ++i) {
          S_(i, j) = conjugate(S_(i, j));
        }
      }
    }
    equilibrate_columns<T>(S_.view(), scale_.data());
    qr_in_place<T>(S_.view(), tau_.data());
  }

  [[nodiscard]] double condition() const { return condition_of_triangle<T>(triangle()); }

  /// The solution of the sketched problem min ||S (A x - b)||.
  void start(In<T> B, ColMajor<T> X) const {
    Matrix<T> Sb(size_, B.cols);
    reduce(B, Sb.view());
    apply_q<T>(S_.view(), tau_.data(), n_, Trans::adjoint, Sb.view());
    copy_into<T>(MatrixView<const T>(Sb.view().block(0, 0, n_, B.cols)), X);
    triangular_solve<T>(triangle(), Triangle::upper, Diagonal::general, Trans::none, X);
    rescale<T>(scale_, X);
  }

  /// x := A^+ r for one column; r is destroyed. Where rounding stops the gradient from shrinking, the best x so far is
  /// the answer. False where it did not shrink to that.
  bool solve(ColMajor<T> r, ColMajor<T> x, double condition) const {
    constexpr int most = 200;
    Matrix<T> current(n_, 1);
    Matrix<T> p(n_, 1);
    Matrix<T> g(n_, 1);
    Matrix<T> z(n_, 1);
    Matrix<T> q(m_, 1);
    std::fill_n(x.data, n_, T(0));
    std::fill_n(current.view().data, n_, T(0));
    gradient(r, g.view());
    copy_into<T>(MatrixView<const T>(g.view()), p.view());
    R gamma = square(g.view());
    const R first = gamma;
    R best = gamma;
    // R^-H enlarges the rounding of A^H r by the condition number
    const R rounding = static_cast<R>(condition) * epsilon<T>;
    const R floor = static_cast<R>(n_) * rounding * rounding * square(r);
    for (int i = 0, idle = 0; i < most && best > floor / R(64) && idle < 3; ++i) {
      copy_into<T>(MatrixView<const T>(p.view()), z.view());
      triangular_solve<T>(triangle(), Triangle::upper, Diagonal::general, Trans::none, z.view());
      rescale<T>(scale_, z.view());
      multiply(A_, z.view(), q.view());
      const R alpha = gamma / square(q.view());
      if (!std::isfinite(alpha)) {
        break;
      }
      for (Index k = 0; k < n_; ++k) {
        current(k, 0) += alpha * z(k, 0);
      }
      subtract_multiple<T>(m_, T(alpha), q.view().data, r.data);
      gradient(r, g.view());
      const R next = square(g.view());
      for (Index k = 0; k < n_; ++k) {
        p(k, 0) = g(k, 0) + next / gamma * p(k, 0);
      }
      gamma = next;
      if (gamma < best) {
        idle = gamma < best / 2 ? 0 : idle + 1;
        best = gamma;
        copy_into<T>(MatrixView<const T>(current.view()), x);
      } else {
        ++idle;
      }
    }
    return best <= std::max(R(1e-8) * first, R(64) * floor);
  }

 private:
  static constexpr std::uint64_t seed = 20240813;

  [[nodiscard]] ColMajor<const T> triangle() const { return S_.view().block(0, 0, n_, n_); }

  /// S M; M itself where the sketch would be no smaller.
  void reduce(In<T> M, ColMajor<T> out) const {
    if (size_ < m_) {
      sketch<T>(M, out, Sketch::sparse_sign, seed);
    } else {
      copy_into<T>(M, out);
    }
  }

  static R square(ColMajor<T> v) {
    R sum = 0;
    for (Index i = 0; i < v.rows; ++i) {
      sum += std::norm(v(i, 0));
    }
    return sum;
  }
  /// y := A x
  static void multiply(const Source<T>& A, InColMajor<T> x, ColMajor<T> y) {
    Buffer<T> zero(A.rows());
    std::fill_n(zero.data(), A.rows(), T(0));
    residual<T>(A, x, MatrixView<const T>{zero.data(), A.rows(), 1, 1, A.rows()}, y);
    for (Index i = 0; i < y.rows; ++i) {
      y(i, 0) = -y(i, 0);
    }
  }
  /// g := R^-H D A^H r
  void gradient(InColMajor<T> r, ColMajor<T> g) const {
    multiply(adjoint_, r, g);
    rescale<T>(scale_, g);
    triangular_solve<T>(triangle(), Triangle::upper, Diagonal::general, Trans::adjoint, g);
  }

  const Source<T>& A_;
  Source<T> adjoint_;
  Index m_;
  Index n_;
  Index size_;
  Matrix<T> S_;
  Buffer<T> tau_;
  Buffer<R> scale_;
};

template <class T>
bool by_sketch(const Source<T>& A, In<T> B, ColMajor<T> X, double& condition) {
  const SketchedSolve<T> sketched(A);
  condition = sketched.condition();
  if (!(condition * least_rcond * static_cast<double>(A.cols()) * static_cast<double>(epsilon<T>) < 1)) {
    return false;
  }
  sketched.start(B, X);
  bool converged = true;
  for (int round = 0; round < 2 && converged; ++round) {
    refine_once<T>(A, B, X, [&](ColMajor<T> r, ColMajor<T> dx) {
      for (Index j = 0; j < r.cols; ++j) {
        const bool fine = sketched.solve(r.block(0, j, r.rows, 1), dx.block(0, j, dx.rows, 1), condition);
        converged = converged && (fine || round > 0);  // the second round starts at the level of rounding
      }
    });
  }
  return converged;
}

}  // namespace

template <class T>
bool solve_by_name(Method method, const Source<T>& A, In<T> B, ColMajor<T> X, double& condition, int& refinements) {
  const bool solved =
      method == Method::sketch ? by_sketch<T>(A, B, X, condition) : by_basis<T>(method, A, B, X, condition);
  refinements = solved ? (method == Method::sketch ? 2 : 1) : 0;
  return solved;
}

#define INSTANTIATE(T) template bool solve_by_name<T>(Method, const Source<T>&, In<T>, ColMajor<T>, double&, int&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
