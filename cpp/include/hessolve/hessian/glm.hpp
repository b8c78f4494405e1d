// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/iterative/operator.hpp>

#include <memory>

/// Hessians of the losses of generalised linear models, X^T W X with weights that depend on X beta, in one pass over X.
namespace hessolve {

/// The loss of one row as a function of eta = x^T beta + b, and its second derivative.
enum class Family : signed char {
  gaussian,       ///< (y - eta)^2 / 2: 1
  logistic,       ///< log(1 + exp(-y eta)), y = -1 or 1: p (1 - p), p = 1 / (1 + exp(-eta)); needs no y
  poisson,        ///< exp(eta) - y eta: exp(eta); needs no y
  huber,          ///< r = y - eta: r^2 / 2 up to |r| = delta, linear beyond: 1 or 0
  squared_hinge,  ///< max(0, 1 - y eta)^2, y = -1 or 1: 2 where y eta < 1, else 0
  softmax,        ///< log(sum of exp(eta_k)) - eta_y, one eta a class: diag(p) - p p^T; needs no y
};

[[nodiscard]] const char* name(Family family);

template <class R>
struct GlmOptions {
  Family family = Family::gaussian;
  R delta = 1;                          ///< of huber
  Index classes = 1;                    ///< of softmax
  VectorView<const R> y{};              ///< null where the family needs none
  VectorView<const R> sample_weight{};  ///< >= 0; null: 1 each
  bool intercept = false;               ///< the last coefficient of each class belongs to a column of ones
  R alpha = 0;                          ///< of the penalty alpha / 2 ||beta||^2, which leaves intercepts alone
  bool mean = false;                    ///< divide the sum over the rows by the sum of their weights
  Stop stop{};                          ///< of glm_hessian
};

/// H := sum of w_i x_i x_i^T (their weighted mean) + alpha I, both triangles. X is m x n, coef K x (n or n + 1), K = 1
/// for all families but softmax; H is p x p with p = K (n or n + 1): variable j of class k is row j K + k.
/// @return ok; non_finite with the first row whose x^T beta or weight is not finite, or -1 where a sum is not; stopped.
/// m p^2 flops (softmax: m p^2 / 2), one pass over X; the same bits for any number of threads and memory order.
template <class R>
[[nodiscard]] Outcome glm_hessian(MatrixView<const R> X, MatrixView<const R> coef, const GlmOptions<R>& options,
                                  MatrixView<R> H);
/// The same for X by rows whose indices rise.
template <class R, class I>
[[nodiscard]] Outcome glm_hessian(CsrView<R, I> X, MatrixView<const R> coef, const GlmOptions<R>& options,
                                  MatrixView<R> H);

/// v -> H v without H: one pass over X a product. X must stay as and where it is; the rest is kept.
/// `outcome` as of glm_hessian; null where it is not ok.
template <class R>
[[nodiscard]] std::unique_ptr<Operator<R>> glm_operator(MatrixView<const R> X, MatrixView<const R> coef,
                                                        const GlmOptions<R>& options, Outcome& outcome);
template <class R, class I>
[[nodiscard]] std::unique_ptr<Operator<R>> glm_operator(CsrView<R, I> X, MatrixView<const R> coef,
                                                        const GlmOptions<R>& options, Outcome& outcome);

/// H := J^T W J + damping I, both triangles: the Hessian of ||r||^2 / 2 (weighted) without the second derivatives of r.
template <class R>
[[nodiscard]] Outcome gauss_newton(MatrixView<const R> J, VectorView<const R> weights, R damping, MatrixView<R> H,
                                   const Stop& stop = {});

}  // namespace hessolve
