// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/solve/inverse.hpp>
#include <hessolve/solve/solve.hpp>

#include <Eigen/Core>

/// Adaptors for applications that use Eigen, theirs: the library's own Eigen stays inside it and under another name.
namespace hessolve::eigen {

/// A matrix, map, block or reference with direct access to its memory, in place; nothing is copied. Writing through the
/// view of a const object does not compile.
template <class Derived>
[[nodiscard]] auto view(Eigen::MatrixBase<Derived>& m) {
  return MatrixView<typename Derived::Scalar>{m.derived().data(), m.rows(), m.cols(), m.derived().rowStride(),
                                              m.derived().colStride()};
}
template <class Derived>
[[nodiscard]] auto view(const Eigen::MatrixBase<Derived>& m) {
  return MatrixView<const typename Derived::Scalar>{m.derived().data(), m.rows(), m.cols(), m.derived().rowStride(),
                                                    m.derived().colStride()};
}

namespace detail {

template <class Solve, class A, class B>
auto answer(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b, Certificate* certificate, const Solve& how) {
  using T = typename A::Scalar;
  static_assert(std::is_same_v<T, typename B::Scalar>, "A and b must have the same scalar type");
  // Ref evaluates expressions and row-major matrices into a copy; column-major ones it takes as they are.
  const Eigen::Ref<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>, 0, Eigen::OuterStride<>> A_(a.derived());
  const Eigen::Ref<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>, 0, Eigen::OuterStride<>> B_(b.derived());
  Eigen::Matrix<T, Eigen::Dynamic, B::ColsAtCompileTime> x(a.cols(), b.cols());
  const Outcome outcome = how(view(A_), view(B_), view(x), certificate);
  if (!outcome.ok() && outcome.reason != Reason::ill_conditioned && outcome.reason != Reason::stagnated) {
    throw NumericalError(outcome);
  }
  return x;
}

}  // namespace detail

/// x with A x = b, A square. Throws NumericalError where there is no answer (A singular, or not finite) and
/// std::invalid_argument where shapes disagree. An ill-conditioned A is answered: ask for the certificate.
template <class A, class B>
[[nodiscard]] auto solve(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b, const SolveOptions& options = {},
                         Certificate* certificate = nullptr) {
  using T = typename A::Scalar;
  return detail::answer(a, b, certificate,
                        [&](MatrixView<const T> a_, MatrixView<const T> b_, MatrixView<T> x, Certificate* c) {
                          return hessolve::solve<T>(a_, b_, x, options, c);
                        });
}

/// The answer for any shape and rank.
template <class A, class B>
[[nodiscard]] auto backslash(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b,
                             Certificate* certificate = nullptr) {
  using T = typename A::Scalar;
  return detail::answer(a, b, certificate,
                        [&](MatrixView<const T> a_, MatrixView<const T> b_, MatrixView<T> x, Certificate* c) {
                          return hessolve::backslash<T>(a_, b_, x, {}, c);
                        });
}

}  // namespace hessolve::eigen
