// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>
#include <hessolve/core/outcome.hpp>
#include <hessolve/hessian/elementary.hpp>

#include <array>
#include <utility>

/// Exact derivatives of templated functors: f is called with numbers that carry their derivatives along.
/// Header-only; nothing is allocated but, for n known at run time only, the n numbers that f is called with.
namespace hessolve {

/// A number with its gradient and Hessian over N variables: the Hessian packed by rows of the lower triangle. At 0 abs
/// has the derivative 0, and then abs(x) * abs(x) no curvature: write x * x.
template <class T, int N>
struct Dual {
  static constexpr int pairs = N * (N + 1) / 2;
  T value{};
  std::array<T, static_cast<std::size_t>(N)> g{};
  std::array<T, static_cast<std::size_t>(pairs)> h{};

  Dual() = default;
  Dual(T constant) : value(constant) {}  // NOLINT: numbers mix with constants

  /// f(a) from f, f' and f'': the chain rule.
  [[nodiscard]] static Dual chain(const Dual& a, const Local<T>& f) {
    Dual y(f.value);
    std::size_t k = 0;
    for (std::size_t i = 0; i < N; ++i) {
      y.g[i] = f.first * a.g[i];
      for (std::size_t j = 0; j <= i; ++j, ++k) {
        y.h[k] = f.first * a.h[k] + f.second * a.g[i] * a.g[j];
      }
    }
    return y;
  }
  /// f(a, b) from its partial derivatives.
  [[nodiscard]] static Dual chain(const Dual& a, const Dual& b, const Local2<T>& f) {
    Dual y(f.value);
    std::size_t k = 0;
    for (std::size_t i = 0; i < N; ++i) {
      y.g[i] = f.a * a.g[i] + f.b * b.g[i];
      const T p = f.aa * a.g[i] + f.ab * b.g[i];
      const T q = f.ab * a.g[i] + f.bb * b.g[i];
      for (std::size_t j = 0; j <= i; ++j, ++k) {
        y.h[k] = f.a * a.h[k] + f.b * b.h[k] + p * a.g[j] + q * b.g[j];
      }
    }
    return y;
  }

  friend Dual operator+(const Dual& a) { return a; }
  friend Dual operator-(const Dual& a) { return a * T(-1); }
  friend Dual operator+(const Dual& a, const Dual& b) {
    Dual y(a);
    return y += b;
  }
  friend Dual operator-(const Dual& a, const Dual& b) {
    Dual y(a);
    return y -= b;
  }
  friend Dual operator*(const Dual& a, const Dual& b) { return chain(a, b, elementary::multiply(a.value, b.value)); }
  friend Dual operator/(const Dual& a, const Dual& b) { return chain(a, b, elementary::divide(a.value, b.value)); }
  friend Dual operator+(const Dual& a, T b) {
    Dual y(a);
    y.value += b;
    return y;
  }
  friend Dual operator+(T a, const Dual& b) { return b + a; }
  friend Dual operator-(const Dual& a, T b) { return a + (-b); }
  friend Dual operator-(T a, const Dual& b) { return b * T(-1) + a; }
  friend Dual operator*(const Dual& a, T b) {
    Dual y(a.value * b);
    for (std::size_t i = 0; i < N; ++i) {
      y.g[i] = a.g[i] * b;
    }
    for (std::size_t k = 0; k < pairs; ++k) {
      y.h[k] = a.h[k] * b;
    }
    return y;
  }
  friend Dual operator*(T a, const Dual& b) { return b * a; }
  friend Dual operator/(const Dual& a, T b) {
    Dual y(a.value / b);
    for (std::size_t i = 0; i < N; ++i) {
      y.g[i] = a.g[i] / b;
    }
    for (std::size_t k = 0; k < pairs; ++k) {
      y.h[k] = a.h[k] / b;
    }
    return y;
  }
  friend Dual operator/(T a, const Dual& b) { return Dual(a) / b; }
  Dual& operator+=(const Dual& b) {
    value += b.value;
    for (std::size_t i = 0; i < N; ++i) {
      g[i] += b.g[i];
    }
    for (std::size_t k = 0; k < pairs; ++k) {
      h[k] += b.h[k];
    }
    return *this;
  }
  Dual& operator-=(const Dual& b) {
    value -= b.value;
    for (std::size_t i = 0; i < N; ++i) {
      g[i] -= b.g[i];
    }
    for (std::size_t k = 0; k < pairs; ++k) {
      h[k] -= b.h[k];
    }
    return *this;
  }
  Dual& operator*=(const Dual& b) { return *this = *this * b; }
  Dual& operator/=(const Dual& b) { return *this = *this / b; }

  // Compared by value.
  // clang-format off
#define HESSOLVE_COMPARE(op)                                                           \
  friend bool operator op(const Dual& a, const Dual& b) { return a.value op b.value; } \
  friend bool operator op(const Dual& a, T b) { return a.value op b; }                 \
  friend bool operator op(T a, const Dual& b) { return a op b.value; }
  HESSOLVE_COMPARE(<) HESSOLVE_COMPARE(<=) HESSOLVE_COMPARE(>) HESSOLVE_COMPARE(>=)
  HESSOLVE_COMPARE(==) HESSOLVE_COMPARE(!=)
#undef HESSOLVE_COMPARE
  // clang-format on

  // clang-format off
#define HESSOLVE_FUNCTION(name, of) \
  friend Dual name(const Dual& a) { return chain(a, elementary::of(a.value)); }
  HESSOLVE_FUNCTION(abs, abs) HESSOLVE_FUNCTION(fabs, abs) HESSOLVE_FUNCTION(exp, exp) HESSOLVE_FUNCTION(exp2, exp2)
  HESSOLVE_FUNCTION(expm1, expm1) HESSOLVE_FUNCTION(log, log) HESSOLVE_FUNCTION(log2, log2)
  HESSOLVE_FUNCTION(log10, log10) HESSOLVE_FUNCTION(log1p, log1p) HESSOLVE_FUNCTION(sqrt, sqrt)
  HESSOLVE_FUNCTION(cbrt, cbrt) HESSOLVE_FUNCTION(sin, sin) HESSOLVE_FUNCTION(cos, cos) HESSOLVE_FUNCTION(tan, tan)
  HESSOLVE_FUNCTION(asin, arcsin) HESSOLVE_FUNCTION(acos, arccos) HESSOLVE_FUNCTION(atan, arctan)
  HESSOLVE_FUNCTION(sinh, sinh) HESSOLVE_FUNCTION(cosh, cosh) HESSOLVE_FUNCTION(tanh, tanh)
  HESSOLVE_FUNCTION(asinh, arcsinh) HESSOLVE_FUNCTION(acosh, arccosh) HESSOLVE_FUNCTION(atanh, arctanh)
  HESSOLVE_FUNCTION(erf, erf) HESSOLVE_FUNCTION(erfc, erfc)
#undef HESSOLVE_FUNCTION
      // clang-format on
      friend Dual pow(const Dual& a, const Dual& b) {
    return chain(a, b, elementary::power(a.value, b.value));
  }
  friend Dual pow(const Dual& a, T b) { return chain(a, elementary::power_of(a.value, b)); }
  friend Dual pow(const Dual& a, int b) { return pow(a, static_cast<T>(b)); }
  friend Dual atan2(const Dual& a, const Dual& b) { return chain(a, b, elementary::arctan2(a.value, b.value)); }
  friend Dual hypot(const Dual& a, const Dual& b) { return chain(a, b, elementary::hypot(a.value, b.value)); }
  friend Dual max(const Dual& a, const Dual& b) { return a.value < b.value ? b : a; }
  friend Dual min(const Dual& a, const Dual& b) { return b.value < a.value ? b : a; }
};

/// What a functor is called with: size() numbers.
template <class D>
class Arguments {
 public:
  Arguments(const D* data, Index size) : data_(data), size_(size) {}
  const D& operator[](Index i) const { return data_[i]; }
  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] const D* begin() const { return data_; }
  [[nodiscard]] const D* end() const { return data_ + size_; }

 private:
  const D* data_;
  Index size_;
};

namespace detail {

inline constexpr int dual_block = 4;  // variables of one row of blocks of the Hessian

/// f at x with derivatives over two ranges of variables, and over a direction where one is given.
template <int N, class T, class F>
Dual<T, N> call_dual(F& f, In<T> x, Dual<T, N>* numbers, Index first, Index count, Index second, Index more,
                     const MatrixView<const T>* direction = nullptr) {
  const Index n = x.rows;
  for (Index i = 0; i < n; ++i) {
    numbers[i] = Dual<T, N>(x(i, 0));
    if (i >= first && i < first + count) {
      numbers[i].g[static_cast<std::size_t>(i - first)] = 1;
    } else if (i >= second && i < second + more) {
      numbers[i].g[static_cast<std::size_t>(count + i - second)] = 1;
    }
    if (direction != nullptr) {
      numbers[i].g[N - 1] = (*direction)(i, 0);
    }
  }
  return f(Arguments<Dual<T, N>>(numbers, n));
}

template <class T>
[[nodiscard]] T packed(const T* h, Index i, Index j) {
  return i < j ? h[j * (j + 1) / 2 + i] : h[i * (i + 1) / 2 + j];
}

template <class T>
[[nodiscard]] Outcome all_finite(MatrixView<T> A) {
  for (Index j = 0; j < A.cols; ++j) {
    for (Index i = 0; i < A.rows; ++i) {
      if (!std::isfinite(A(i, j))) {
        return {Reason::non_finite, i};
      }
    }
  }
  return {};
}

}  // namespace detail

/// H := the Hessian at x of f, n x n, where f takes `const auto& x`, numbers x[0] ... x[x.size() - 1], and returns one.
/// x is n x 1 (column, VectorView). f is called for every pair of blocks of 4 variables, (n / 4)^2 / 2 times.
/// @return ok; non_finite where a derivative is no number, with the first such row.
template <class F, class T>
[[nodiscard]] Outcome hessian(F&& f, In<T> x, MatrixView<T> H) {
  constexpr int block = detail::dual_block;
  using Number = Dual<T, 2 * block>;
  const Index n = x.rows;
  Scratch<Number, 16> numbers(n);
  for (Index a = 0; a < n; a += 2 * block) {  // the diagonal, by blocks of 8
    const Index count = std::min<Index>(2 * block, n - a);
    const Number y = detail::call_dual<2 * block, T>(f, x, numbers.data(), a, count, n, 0);
    for (Index i = 0; i < count; ++i) {
      for (Index j = 0; j < count; ++j) {
        H(a + i, a + j) = detail::packed(y.h.data(), i, j);
      }
    }
  }
  for (Index a = 0; a < n; a += block) {
    const Index count = std::min<Index>(block, n - a);
    for (Index b = (a / (2 * block) + 1) * 2 * block; b < n; b += block) {
      const Index more = std::min<Index>(block, n - b);
      const Number y = detail::call_dual<2 * block, T>(f, x, numbers.data(), a, count, b, more);
      for (Index i = 0; i < count; ++i) {
        for (Index j = 0; j < more; ++j) {
          H(a + i, b + j) = H(b + j, a + i) = detail::packed(y.h.data(), i, count + j);
        }
      }
    }
  }
  return detail::all_finite(H);
}

/// The same for n = N known when compiled: one call of f, on the stack; f(x) and its gradient (n x 1) where asked for.
template <int N, class F, class T>
[[nodiscard]] Outcome hessian(F&& f, In<T> x, MatrixView<T> H, typename detail::Identity<T>::type* value = nullptr,
                              MatrixView<typename detail::Identity<T>::type> gradient = {}) {
  std::array<Dual<T, N>, static_cast<std::size_t>(N)> numbers;
  const Dual<T, N> y = detail::call_dual<N, T>(f, x, numbers.data(), 0, N, N, 0);
  for (Index i = 0; i < N; ++i) {
    for (Index j = 0; j < N; ++j) {
      H(i, j) = detail::packed(y.h.data(), i, j);
    }
    if (gradient.data != nullptr) {
      gradient(i, 0) = y.g[static_cast<std::size_t>(i)];
    }
  }
  if (value != nullptr) {
    *value = y.value;
  }
  return detail::all_finite(H);
}

/// g := the gradient at x of f, n x 1. f is called once for every 8 variables.
template <class F, class T>
[[nodiscard]] Outcome gradient(F&& f, In<T> x, MatrixView<T> g) {
  constexpr int block = 2 * detail::dual_block;
  const Index n = x.rows;
  Scratch<Dual<T, block>, 16> numbers(n);
  for (Index a = 0; a < n; a += block) {
    const Index count = std::min<Index>(block, n - a);
    const Dual<T, block> y = detail::call_dual<block, T>(f, x, numbers.data(), a, count, n, 0);
    for (Index i = 0; i < count; ++i) {
      g(a + i, 0) = y.g[static_cast<std::size_t>(i)];
    }
  }
  return detail::all_finite(g);
}

/// J := the Jacobian at x of F, m x n, where F(x, y) writes m numbers y[0] ... y[m - 1]. Called once for 8 variables.
template <class F, class T>
[[nodiscard]] Outcome jacobian(F&& f, In<T> x, MatrixView<T> J) {
  constexpr int block = 2 * detail::dual_block;
  using Number = Dual<T, block>;
  Scratch<Number, 16> numbers(x.rows);
  Scratch<Number, 16> results(J.rows);
  for (Index i = 0; i < J.rows; ++i) {
    results[i] = Number();
  }
  for (Index a = 0; a < x.rows; a += block) {
    const Index count = std::min<Index>(block, x.rows - a);
    const auto call = [&](const Arguments<Number>& at) {
      f(at, results.data());
      return Number();
    };
    (void)detail::call_dual<block, T>(call, x, numbers.data(), a, count, x.rows, 0);
    for (Index i = 0; i < J.rows; ++i) {
      for (Index j = 0; j < count; ++j) {
        J(i, a + j) = results[i].g[static_cast<std::size_t>(j)];
      }
    }
  }
  return detail::all_finite(J);
}

/// p := H v, n x 1, without H. f is called once for every 7 variables.
template <class F, class T>
[[nodiscard]] Outcome hvp(F&& f, In<T> x, In<T> v, MatrixView<T> p) {
  constexpr int size = 2 * detail::dual_block;
  const Index n = x.rows;
  Scratch<Dual<T, size>, 16> numbers(n);
  for (Index a = 0; a < n; a += size - 1) {
    const Index count = std::min<Index>(size - 1, n - a);
    const Dual<T, size> y = detail::call_dual<size, T>(f, x, numbers.data(), a, count, n, 0, &v);
    for (Index i = 0; i < count; ++i) {
      p(a + i, 0) = detail::packed(y.h.data(), i, Index(size - 1));
    }
  }
  return detail::all_finite(p);
}

}  // namespace hessolve
