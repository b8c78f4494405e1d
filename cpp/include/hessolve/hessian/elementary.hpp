// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <algorithm>
#include <cmath>

/// Elementary functions with their first and second derivatives, each in a form that loses no digits to cancellation:
/// tanh' is sech^2, not 1 - tanh^2. Everything that differentiates exactly stands on these.
namespace hessolve {

/// f(x), f'(x), f''(x).
template <class T>
struct Local {
  T value, first, second;
};

/// f(a, b) with its first and second partial derivatives.
template <class T>
struct Local2 {
  T value, a, b, aa, ab, bb;
};

namespace elementary {

#define HESSOLVE_UNARY(name) \
  template <class T>         \
  [[nodiscard]] Local<T> name(T x)
#define HESSOLVE_BINARY(name) \
  template <class T>          \
  [[nodiscard]] Local2<T> name(T a, T b)

inline constexpr long double pi = 3.141592653589793238462643383279502884L;
inline constexpr long double ln2 = 0.693147180559945309417232121458176568L;
inline constexpr long double ln10 = 2.302585092994045684017991454684364208L;

HESSOLVE_UNARY(negative) { return {-x, T(-1), T(0)}; }
HESSOLVE_UNARY(square) { return {x * x, 2 * x, T(2)}; }
HESSOLVE_UNARY(reciprocal) {
  const T r = 1 / x;
  return {r, -r * r, 2 * r * r * r};
}
HESSOLVE_UNARY(abs) { return {std::abs(x), T(x > 0) - T(x < 0), T(0)}; }
HESSOLVE_UNARY(exp) {
  const T e = std::exp(x);
  return {e, e, e};
}
HESSOLVE_UNARY(exp2) {
  const T e = std::exp2(x);
  return {e, T(ln2) * e, T(ln2 * ln2) * e};
}
HESSOLVE_UNARY(expm1) {
  const T e = std::exp(x);
  return {std::expm1(x), e, e};
}
HESSOLVE_UNARY(log) {
  const T r = 1 / x;
  return {std::log(x), r, -r * r};
}
HESSOLVE_UNARY(log2) {
  const T r = 1 / x;
  return {std::log2(x), r / T(ln2), -r * r / T(ln2)};
}
HESSOLVE_UNARY(log10) {
  const T r = 1 / x;
  return {std::log10(x), r / T(ln10), -r * r / T(ln10)};
}
HESSOLVE_UNARY(log1p) {
  const T r = 1 / (1 + x);
  return {std::log1p(x), r, -r * r};
}
HESSOLVE_UNARY(sqrt) {
  const T s = std::sqrt(x);
  return {s, T(0.5) / s, T(-0.25) / (s * x)};
}
HESSOLVE_UNARY(cbrt) {
  const T c = std::cbrt(x);
  return {c, 1 / (3 * c * c), -2 / (9 * c * c * x)};
}
HESSOLVE_UNARY(sin) {
  const T s = std::sin(x);
  return {s, std::cos(x), -s};
}
HESSOLVE_UNARY(cos) {
  const T c = std::cos(x);
  return {c, -std::sin(x), -c};
}
HESSOLVE_UNARY(tan) {
  const T t = std::tan(x);
  const T d = 1 + t * t;
  return {t, d, 2 * t * d};
}
HESSOLVE_UNARY(arcsin) {
  const T d = 1 / std::sqrt((1 - x) * (1 + x));
  return {std::asin(x), d, x * d * d * d};
}
HESSOLVE_UNARY(arccos) {
  const T d = -1 / std::sqrt((1 - x) * (1 + x));
  return {std::acos(x), d, x * d * d * d};
}
HESSOLVE_UNARY(arctan) {
  const T d = 1 / (1 + x * x);
  return {std::atan(x), d, -2 * x * d * d};
}
HESSOLVE_UNARY(sinh) {
  const T s = std::sinh(x);
  return {s, std::cosh(x), s};
}
HESSOLVE_UNARY(cosh) {
  const T c = std::cosh(x);
  return {c, std::sinh(x), c};
}
HESSOLVE_UNARY(tanh) {
  const T t = std::tanh(x);
  const T sech = 1 / std::cosh(x);
  return {t, sech * sech, -2 * t * sech * sech};
}
HESSOLVE_UNARY(arcsinh) {
  const T d = 1 / std::hypot(T(1), x);
  return {std::asinh(x), d, -x * d * d * d};
}
HESSOLVE_UNARY(arccosh) {
  const T d = 1 / std::sqrt((x - 1) * (x + 1));
  return {std::acosh(x), d, -x * d * d * d};
}
HESSOLVE_UNARY(arctanh) {
  const T d = 1 / ((1 - x) * (1 + x));
  return {std::atanh(x), d, 2 * x * d * d};
}
/// 1 / (1 + exp(-x)); its complement is expit(-x), and their difference tanh(x / 2).
HESSOLVE_UNARY(expit) {
  const T s = 1 / (1 + std::exp(-x));
  const T d = s / (1 + std::exp(x));
  return {s, d, -d * std::tanh(x / 2)};
}
HESSOLVE_UNARY(log_expit) {
  const T e = std::exp(-std::abs(x));
  const T complement = 1 / (1 + std::exp(x));
  return {std::min(x, T(0)) - std::log1p(e), complement, -complement / (1 + std::exp(-x))};
}
HESSOLVE_UNARY(logit) {
  const T r = 1 / (x * (1 - x));
  return {std::log(x / (1 - x)), r, (2 * x - 1) * r * r};
}
HESSOLVE_UNARY(erf) {
  const T d = T(2) / std::sqrt(T(pi)) * std::exp(-x * x);
  return {std::erf(x), d, -2 * x * d};
}
HESSOLVE_UNARY(erfc) {
  const T d = T(-2) / std::sqrt(T(pi)) * std::exp(-x * x);
  return {std::erfc(x), d, -2 * x * d};
}
HESSOLVE_UNARY(radians) { return {x * T(pi / 180), T(pi / 180), T(0)}; }
HESSOLVE_UNARY(degrees) { return {x * T(180 / pi), T(180 / pi), T(0)}; }
/// sin(pi x) / (pi x), by its series near zero, where the quotients cancel.
HESSOLVE_UNARY(sinc) {
  const T y = T(pi) * x;
  if (std::abs(y) < 2) {
    T value = 1;
    T first = 0;
    T second = 0;
    T term = 1;  // (-1)^k y^(2k - 2) / (2k + 1)! without the last y^2
    for (int k = 1; k <= 16; ++k) {
      term /= -T(2 * k) * T(2 * k + 1);
      value += term * y * y;
      first += T(2 * k) * term * y;
      second += T(2 * k) * T(2 * k - 1) * term;
      term *= y * y;
    }
    return {value, T(pi) * first, T(pi) * T(pi) * second};
  }
  const T f = std::sin(y) / y;
  const T d = (std::cos(y) - f) / y;
  return {f, T(pi) * d, T(pi) * T(pi) * (-f - 2 * d / y)};
}

HESSOLVE_BINARY(add) { return {a + b, T(1), T(1), T(0), T(0), T(0)}; }
HESSOLVE_BINARY(subtract) { return {a - b, T(1), T(-1), T(0), T(0), T(0)}; }
HESSOLVE_BINARY(multiply) { return {a * b, b, a, T(0), T(1), T(0)}; }
HESSOLVE_BINARY(divide) {
  const T q = a / b;
  const T r = 1 / b;
  return {q, r, -q / b, T(0), -r * r, 2 * q / b / b};
}
/// a^b. What multiplies a vanishing factor is zero: 0^2 has the derivatives 0 and 2, and no NaN.
HESSOLVE_BINARY(power) {
  Local2<T> r{std::pow(a, b), T(0), T(0), T(0), T(0), T(0)};
  if (b == 1) {
    r.a = 1;
  } else if (b == 2) {
    r.a = 2 * a;
    r.aa = 2;
  } else if (b != 0) {
    r.a = b * std::pow(a, b - 1);
    r.aa = b * (b - 1) * std::pow(a, b - 2);
  }
  if (a != 0 || !(b > 0)) {
    const T l = std::log(a);
    r.b = r.value * l;
    r.ab = std::pow(a, b - 1) * (1 + b * l);
    r.bb = r.b * l;
  } else if (b == 1) {
    r.ab = std::log(a);
  }
  return r;
}
/// x^b for a constant b.
template <class T>
[[nodiscard]] Local<T> power_of(T x, T b) {
  if (b == 2) {
    return square(x);
  }
  if (b == 0 || b == 1) {
    return {b == 0 ? T(1) : x, b, T(0)};
  }
  return {std::pow(x, b), b * std::pow(x, b - 1), b * (b - 1) * std::pow(x, b - 2)};
}
HESSOLVE_BINARY(arctan2) {
  const T h = std::hypot(a, b);
  const T s = a / h / h;
  const T c = b / h / h;
  return {std::atan2(a, b), c, -s, -2 * s * c, (s - c) * (s + c), 2 * s * c};
}
HESSOLVE_BINARY(hypot) {
  const T h = std::hypot(a, b);
  const T u = a / h;
  const T v = b / h;
  return {h, u, v, v * v / h, -u * v / h, u * u / h};
}
HESSOLVE_BINARY(logaddexp) {
  const T p = 1 / (1 + std::exp(b - a));
  const T q = 1 / (1 + std::exp(a - b));
  return {std::max(a, b) + std::log1p(std::exp(-std::abs(a - b))), p, q, p * q, -p * q, p * q};
}
HESSOLVE_BINARY(logaddexp2) {
  const Local2<T> e = logaddexp(a * T(ln2), b * T(ln2));
  return {e.value / T(ln2), e.a, e.b, e.aa * T(ln2), e.ab * T(ln2), e.bb * T(ln2)};
}
/// a - b floor(a / b), as Python has it: with the sign of b.
HESSOLVE_BINARY(remainder) {
  const T whole = std::floor(a / b);
  T value = std::fmod(a, b);
  value += value != 0 && (value < 0) != (b < 0) ? b : T(0);
  return {value, T(1), -whole, T(0), T(0), T(0)};
}
HESSOLVE_BINARY(fmod) { return {std::fmod(a, b), T(1), -std::trunc(a / b), T(0), T(0), T(0)}; }
/// a log(b), 0 where a = 0.
HESSOLVE_BINARY(xlogy) {
  const T l = std::log(b);
  return {a == 0 ? T(0) : a * l, l, a / b, T(0), 1 / b, -a / b / b};
}

#undef HESSOLVE_UNARY
#undef HESSOLVE_BINARY

}  // namespace elementary
}  // namespace hessolve
