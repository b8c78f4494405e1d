// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/dense/decompose.hpp>
#include <hessolve/hessian/dual.hpp>

#include <vector>

/// What a templated functor is like near a point, from its exact derivatives.
namespace hessolve {

/// The polynomial value + g^T d + d^T H d / 2, d = x - x0, in the caller's memory.
template <class T>
struct TaylorModel {
  MatrixView<const T> x0;
  T value{};
  MatrixView<const T> gradient;  ///< n x 1
  MatrixView<const T> hessian;   ///< n x n

  [[nodiscard]] T operator()(MatrixView<const T> x) const {
    T sum = value;
    for (Index i = 0; i < x0.rows; ++i) {
      T slope = 0;
      for (Index j = 0; j < x0.rows; ++j) {
        slope += hessian(i, j) * (x(j, 0) - x0(j, 0));
      }
      sum += (gradient(i, 0) + slope / 2) * (x(i, 0) - x0(i, 0));
    }
    return sum;
  }
};

/// model := the second-order Taylor polynomial of f around x0; g (n x 1) and H (n x n) are written and referred to.
/// @return as hessian.
template <class F, class T>
[[nodiscard]] Outcome taylor(F&& f, In<T> x0, MatrixView<T> g, MatrixView<T> H, TaylorModel<T>& model) {
  std::vector<T> numbers(static_cast<std::size_t>(x0.rows));
  for (Index i = 0; i < x0.rows; ++i) {
    numbers[static_cast<std::size_t>(i)] = x0(i, 0);
  }
  model = {x0, f(Arguments<T>(numbers.data(), x0.rows)), g, H};
  const Outcome outcome = gradient(f, x0, g);
  return outcome.ok() ? hessian(f, x0, H) : outcome;
}

/// What a map does to the orientation of small volumes; lost where its Jacobian has no inverse.
enum class Orientation : signed char { kept, reversed, lost };

template <class T>
struct LocalMap {
  T determinant{};          ///< 0 unless J is square; 0 or infinite where it leaves the range, which log_scale does not
  bool invertible = false;  ///< near x: J is square, and its singular values say rank n
  Orientation orientation = Orientation::lost;
  T scale{};      ///< of volumes of n dimensions: the product of the n singular values; 0 where m < n
  T log_scale{};  ///< its logarithm
  T rcond{};      ///< smallest over largest singular value
};

namespace detail {

/// A product that cannot leave the range: mantissa 2^exponent.
template <class T>
struct LongProduct {
  T mantissa = 1;
  long exponent = 0;

  void times(T factor) {
    int e = 0;
    mantissa *= std::frexp(factor, &e);
    exponent += e;
    mantissa = std::frexp(mantissa, &e);
    exponent += e;
  }
  [[nodiscard]] T value() const {
    constexpr long limit = 100000;  // beyond every range
    return std::ldexp(mantissa, static_cast<int>(std::clamp(exponent, -limit, limit)));
  }
  [[nodiscard]] T log_modulus() const {
    return std::log(std::abs(mantissa)) + static_cast<T>(exponent) * std::log(T(2));
  }
};

}  // namespace detail

/// J := the Jacobian of F at x, m x n, and what it says. F as in jacobian.
/// @return as jacobian.
template <class F, class T>
[[nodiscard]] Outcome local_map(F&& f, In<T> x, MatrixView<T> J, LocalMap<T>& local) {
  local = {};
  if (const Outcome outcome = jacobian(f, x, J); !outcome.ok()) {
    return outcome;
  }
  const Index n = J.cols;
  const Index r = std::min(J.rows, n);
  std::vector<T> sigma(static_cast<std::size_t>(r) + 1);
  if (const Outcome outcome = svd<T>(J, {}, sigma.data(), {}); !outcome.ok()) {
    return outcome;
  }
  detail::LongProduct<T> volume;
  volume.mantissa = J.rows < n ? T(0) : T(1);
  for (Index i = 0; i < r; ++i) {
    volume.times(sigma[static_cast<std::size_t>(i)]);
  }
  local.scale = volume.value();
  local.log_scale = volume.log_modulus();
  const T smallest = r > 0 ? sigma[static_cast<std::size_t>(r - 1)] : T(1);
  const T largest = r > 0 ? sigma[0] : T(1);
  local.rcond = largest > 0 ? smallest / largest : T(0);
  if (J.rows != n) {
    return {};
  }
  local.invertible = smallest > static_cast<T>(n) * epsilon<T> * largest;
  std::vector<T> factors(2 * static_cast<std::size_t>(n * n) + 1);
  std::vector<Index> order(static_cast<std::size_t>(n) + 1);
  const auto L = column_major(factors.data(), n, n);
  const auto U = column_major(factors.data() + n * n, n, n);
  (void)lu<T>(J, order.data(), L, U);
  detail::LongProduct<T> determinant;
  for (Index i = 0; i < n; ++i) {  // the sign of the permutation, swap by swap
    determinant.times(U(i, i));
    while (order[static_cast<std::size_t>(i)] != i) {
      std::swap(order[static_cast<std::size_t>(i)],
                order[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])]);
      determinant.mantissa = -determinant.mantissa;
    }
  }
  local.determinant = determinant.value();
  if (local.invertible) {
    local.orientation = determinant.mantissa > 0 ? Orientation::kept : Orientation::reversed;
  }
  return {};
}

/// Why a function is not convex.
enum class Counterexample : signed char { none, midpoint, curvature };

template <class T>
struct Convexity {
  Counterexample kind = Counterexample::none;  ///< none proves nothing
  Index first = -1;                            ///< the point; of a midpoint one end
  Index second = -1;                           ///< the other end
  T excess{};                                  ///< f(middle) less the mean of the ends, or the curvature, below 0
};

/// Look for a counterexample to the convexity of f at the rows of `points`, k x n: half way between all pairs of them,
/// then by the smallest eigenvalue of the Hessian at each, whose vector goes to `direction` (n x 1) where it has
/// memory.
/// @return ok whatever is found; non_finite where f or its Hessian is no number, with the point.
/// k^2 / 2 calls of f, k Hessians and their eigenvalues.  [Boyd & Vandenberghe, Convex Optimization, 3.1]
template <class F, class T>
[[nodiscard]] Outcome check_convexity(F&& f, In<T> points, Convexity<T>& found,
                                      MatrixView<typename detail::Identity<T>::type> direction = {}) {
  found = {};
  const Index n = points.cols;
  std::vector<T> x(static_cast<std::size_t>(n));
  const auto value = [&](Index a, Index b) {
    for (Index j = 0; j < n; ++j) {
      x[static_cast<std::size_t>(j)] = points(a, j) / 2 + points(b, j) / 2;
    }
    return static_cast<T>(f(Arguments<T>(x.data(), n)));
  };
  for (Index a = 0; a < points.rows; ++a) {
    const T at_a = value(a, a);
    if (!std::isfinite(at_a)) {
      return {Reason::non_finite, a};
    }
    for (Index b = 0; b < a; ++b) {
      const T at_b = value(b, b);
      const T middle = value(a, b);
      const T excess = middle - (at_a / 2 + at_b / 2);
      if (excess > 16 * epsilon<T> * (std::abs(at_a) + std::abs(at_b) + std::abs(middle))) {
        found = {Counterexample::midpoint, a, b, excess};
        return {};
      }
    }
  }
  std::vector<T> h(static_cast<std::size_t>(n * n));
  std::vector<T> w(static_cast<std::size_t>(n));
  std::vector<T> v(static_cast<std::size_t>(n * n));
  const auto H = column_major(h.data(), n, n);
  const auto V = column_major(v.data(), n, n);
  for (Index a = 0; a < points.rows && n > 0; ++a) {
    (void)value(a, a);
    if (!hessian(f, MatrixView<const T>(column(x.data(), n)), H).ok()) {
      return {Reason::non_finite, a};
    }
    if (const Outcome outcome = eigh<T>(H, w.data(), V); !outcome.ok()) {
      return outcome;
    }
    const T size = std::max(std::abs(w.front()), std::abs(w.back()));
    if (w.front() < -8 * static_cast<T>(n) * epsilon<T> * size) {
      found = {Counterexample::curvature, a, -1, w.front()};
      for (Index j = 0; j < n && direction.data != nullptr; ++j) {
        direction(j, 0) = V(j, 0);
      }
      return {};
    }
  }
  return {};
}

}  // namespace hessolve
