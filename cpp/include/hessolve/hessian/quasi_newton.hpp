// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>

/// Hessians, or their inverses, learnt from steps s and the changes y of the gradient over them.
namespace hessolve {

enum class QuasiNewtonUpdate : signed char { bfgs, dfp, sr1 };

/// What the matrix stands for.
enum class Approximate : signed char { hessian, inverse };

/// What is done where y^T s <= min_curvature times what the matrix expects, which would cost definiteness.
enum class CurvatureException : signed char {
  skip,
  damp,  ///< y (or s) moved towards what the matrix expects, as far as needed  [Nocedal and Wright, 18.3]
};

/// What an update did.
enum class UpdateResult : signed char {
  updated,
  damped,
  skipped,
  reset,          ///< the matrix had lost definiteness: a multiple of the unit matrix took its place, and was updated
  no_step,        ///< s = 0
  no_difference,  ///< y = 0: the function is linear along s
  non_finite,     ///< s or y is not finite; the matrix is as it was
};

[[nodiscard]] const char* name(UpdateResult result);

struct QuasiNewtonOptions {
  QuasiNewtonUpdate update = QuasiNewtonUpdate::bfgs;
  Approximate approximate = Approximate::inverse;
  CurvatureException exception = CurvatureException::skip;
  double min_curvature = -1;      ///< below 0: 1e-8 where updates are skipped, 0.2 where they are damped
  double min_denominator = 1e-8;  ///< of sr1
};

/// A symmetric matrix of which each update changes two ranks. Only the lower triangle exists; an update is kept aside
/// until the next product, which then changes the matrix and multiplies by it in one pass over memory.
template <class R>
class QuasiNewton {
 public:
  /// The unit matrix, or what the first update scales it by.
  explicit QuasiNewton(Index n, const QuasiNewtonOptions& options = {});

  /// 3 n^2 flops and 4 n^2 in the next product.  [Nocedal and Wright, 6.1, 6.2; Dennis and Schnabel, A9.4]
  UpdateResult update(VectorView<const R> s, VectorView<const R> y);
  /// out := matrix v; 2 n^2 flops. Both contiguous, no overlap.
  void dot(const R* v, R* out);
  /// Both triangles.
  void matrix(MatrixView<R> out);
  /// Start from a symmetric matrix (its lower triangle is read), not scaled by the first update.
  void set_matrix(MatrixView<const R> M);
  /// Start from a multiple of the unit matrix, not scaled by the first update.
  void set_scale(R scale);
  /// Go on from what `matrix`, `fresh` and `updates` of another told.
  void restore(MatrixView<const R> M, bool fresh, Index updates);

  [[nodiscard]] Index size() const { return n_; }
  [[nodiscard]] const QuasiNewtonOptions& options() const { return options_; }
  [[nodiscard]] Index updates() const { return updates_; }
  /// Whether the first update has still to choose the scale.
  [[nodiscard]] bool fresh() const { return fresh_; }

 private:
  void unit(R scale);
  void keep(R zz, R zu, R uu, const R* z);
  /// The matrix brought up to date and, where v is not null, out := matrix v.
  void pass(const R* v, R* out);
  [[nodiscard]] R automatic_scale(const R* s, const R* y) const;

  Index n_;
  QuasiNewtonOptions options_;
  Matrix<R> M_;
  Buffer<R> z_;  // the update kept aside: zz z z^T + zu (z u^T + u z^T) + uu u u^T
  Buffer<R> u_;
  Buffer<R> s_;
  Buffer<R> y_;
  Buffer<R> product_;
  Buffer<R> parts_;
  R zz_ = 0;
  R zu_ = 0;
  R uu_ = 0;
  bool pending_ = false;
  bool fresh_ = true;
  Index updates_ = 0;
};

/// BFGS on a Cholesky factor: B = L L^T, so that solving with B takes 2 n^2 flops and B cannot lose definiteness.
template <class R>
class FactoredBfgs {
 public:
  explicit FactoredBfgs(Index n, const QuasiNewtonOptions& options = {});

  /// 11 n^2 flops. @return as QuasiNewton; skipped as well where rounding would leave no factor.
  /// [Gill, Golub, Murray and Saunders 1974, doi 10.1090/S0025-5718-1974-0343558-6; Dennis and Schnabel, 9.4]
  UpdateResult update(VectorView<const R> s, VectorView<const R> y);
  /// out := B v; contiguous, no overlap. 2 n^2 flops.
  void dot(const R* v, R* out) const;
  /// x := B^-1 x
  void solve(R* x) const;
  /// The lower triangle of L; the other is zero.
  [[nodiscard]] ColMajor<const R> factor() const { return L_.view(); }
  /// Start from a multiple of the unit matrix, not scaled by the first update.
  void set_scale(R scale);
  /// Go on from what `factor`, `fresh` and `updates` of another told.
  void restore(MatrixView<const R> L, bool fresh, Index updates);

  [[nodiscard]] Index size() const { return n_; }
  [[nodiscard]] Index updates() const { return updates_; }
  [[nodiscard]] bool fresh() const { return fresh_; }

 private:
  void times(const R* v, R* out) const;  // L v

  Index n_;
  QuasiNewtonOptions options_;
  Matrix<R> L_;
  Buffer<R> t_;
  Buffer<R> z_;
  Buffer<R> Bs_;
  bool fresh_ = true;
  Index updates_ = 0;
};

}  // namespace hessolve
