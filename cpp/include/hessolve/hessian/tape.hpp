// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/view.hpp>

#include <cstdint>
#include <vector>

/// The functions a tape can record, at one place; APPLY(name).
// clang-format off
#define HESSOLVE_FOR_EACH_UNARY(APPLY)                                                                         \
  APPLY(negative) APPLY(square) APPLY(reciprocal) APPLY(abs) APPLY(exp) APPLY(exp2) APPLY(expm1) APPLY(log)    \
  APPLY(log2) APPLY(log10) APPLY(log1p) APPLY(sqrt) APPLY(cbrt) APPLY(sin) APPLY(cos) APPLY(tan) APPLY(arcsin) \
  APPLY(arccos) APPLY(arctan) APPLY(sinh) APPLY(cosh) APPLY(tanh) APPLY(arcsinh) APPLY(arccosh) APPLY(arctanh) \
  APPLY(expit) APPLY(log_expit) APPLY(logit) APPLY(erf) APPLY(erfc) APPLY(radians) APPLY(degrees) APPLY(sinc)
#define HESSOLVE_FOR_EACH_BINARY(APPLY)                                                                        \
  APPLY(add) APPLY(subtract) APPLY(multiply) APPLY(divide) APPLY(power) APPLY(arctan2) APPLY(hypot)            \
  APPLY(logaddexp) APPLY(logaddexp2) APPLY(remainder) APPLY(fmod) APPLY(xlogy)
// clang-format on

namespace hessolve {

#define HESSOLVE_NAME(name) name,
enum class Unary : signed char { HESSOLVE_FOR_EACH_UNARY(HESSOLVE_NAME) };
enum class Binary : signed char { HESSOLVE_FOR_EACH_BINARY(HESSOLVE_NAME) };
#undef HESSOLVE_NAME

/// A symmetric pattern by compressed rows, the indices of each row rising.
struct Pattern {
  std::vector<Index> indptr;
  std::vector<Index> indices;
};

/// A computation on real numbers, written down as it runs: each number is a node with its value and, towards the nodes
/// it was made of, its first and second partial derivatives. Backward and forward sweeps over the nodes then give
/// gradients, Jacobians, Hessians and Hessian-vector products, exact but for rounding. Indexing, reshaping and
/// selecting cost nothing: they move ids of nodes.
/// Not to be used by two threads at once.  [Griewank & Walther, Evaluating Derivatives, 2nd ed., ch. 3-5]
class Tape {
 public:
  using Id = std::int64_t;

  /// Numbers in an array of any strides: nodes of this tape, or constants that no derivative is taken of.
  struct Operand {
    const Id* ids = nullptr;          ///< where not null, the nodes
    const double* numbers = nullptr;  ///< else the constants
    const Index* strides = nullptr;   ///< in elements, one for each axis of the result; 0 where it is broadcast
  };
  /// The shape of a result, C order.
  struct Shape {
    const Index* sizes = nullptr;
    Index axes = 0;
    [[nodiscard]] Index count() const;
  };

  /// Node 0 is the constant zero.
  Tape();
  /// The variables, n of them: nodes 1 ... n. Once, and first.
  void variables(const double* x, Index n);
  /// Nodes for constants.
  void constants(Shape shape, Operand a, Id* out);
  /// out(i) := f(a(i)), f(a(i), b(i)).
  void unary(Unary f, Shape shape, Operand a, Id* out);
  void binary(Binary f, Shape shape, Operand a, Operand b, Id* out);
  /// out(i) := sum over the last axis of a(i, r) b(i, r): sums, products of matrices, norms.
  void row_dot(Shape shape, Operand a, Operand b, Id* out);

  [[nodiscard]] double value(Id node) const { return value_[static_cast<std::size_t>(node)]; }
  /// Whether this is the id of a node.
  [[nodiscard]] bool has(Id node) const { return node >= 0 && node < size(); }
  [[nodiscard]] Index size() const { return static_cast<Index>(value_.size()); }
  [[nodiscard]] Index variables() const { return variables_; }

  /// g := gradient of node `out`, n entries. O(edges).
  void gradient(Id out, double* g) const;
  /// J(i, :) := gradient of node outs[i], m x n. O(edges min(m, n)), whichever sweep is cheaper.
  void jacobian(const Id* outs, Index m, MatrixView<double> J) const;
  /// P := H V, H the Hessian of node `out`; V and P n x k. O(edges k), on several threads where that pays. |x| at 0, of
  /// derivative 0 elsewhere, counts as x here: |x|^2 and all else that is smooth in spite of it has its curvature.
  void products(Id out, In<double> V, MatrixView<double> P) const;
  /// H := the Hessian of node `out`, n x n, symmetric to the bit. n products.
  void hessian(Id out, MatrixView<double> H) const;
  /// Where the Hessian of node `out` can differ from zero, whatever the values.
  [[nodiscard]] Pattern pattern(Id out) const;

 private:
  Index reserve(Index nodes, Index edges, Index curves);
  void edge(Operand a, Index at, double slope);
  void curve(Id a, Id b, double curve);
  Index close(double value);
  [[nodiscard]] std::vector<char> live(const Id* outs, Index m) const;
  void forward(const std::vector<char>& live, const std::vector<double>& slopes, double* tangents) const;
  [[nodiscard]] std::vector<double> adjoints(Id out, const std::vector<char>& live) const;

  Index variables_ = 0;
  std::vector<double> value_;
  // Node k is made of the nodes edge_[e], with the partial derivatives slope_[e], first_edge_[k] <= e < first_edge_[k +
  // 1]; its second derivative is the sum of curve_[c] (a b^T + b a^T) over the pairs (a, b) in its range of curves.
  std::vector<Index> first_edge_;
  std::vector<Index> first_curve_;
  std::vector<std::int32_t> edge_;
  std::vector<double> slope_;
  std::vector<Index> corners_;  // edges of |x| at 0
  std::vector<std::int32_t> curve_a_;
  std::vector<std::int32_t> curve_b_;
  std::vector<double> curve_;
};

}  // namespace hessolve
