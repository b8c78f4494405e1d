// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>
#include <type_traits>

/// The scalar types hessolve is compiled for, at one place.
#define HESSOLVE_FOR_EACH_SCALAR(APPLY) \
  APPLY(float)                          \
  APPLY(double)                         \
  APPLY(std::complex<float>)            \
  APPLY(std::complex<double>)

namespace hessolve {

using Index = std::ptrdiff_t;

namespace detail {
template <class T>
struct RealOf {
  using type = T;
};
template <class R>
struct RealOf<std::complex<R>> {
  using type = R;
};
}  // namespace detail

/// float for float and complex<float>, double for double and complex<double>.
template <class T>
using Real = typename detail::RealOf<std::remove_const_t<T>>::type;

namespace detail {
template <class T>
struct HalfOf {
  using type = T;
};
template <>
struct HalfOf<double> {
  using type = float;
};
template <>
struct HalfOf<std::complex<double>> {
  using type = std::complex<float>;
};
}  // namespace detail

/// The scalar of half the precision: float for double, complex<float> for complex<double>, T itself where there is
/// none.
template <class T>
using Half = typename detail::HalfOf<T>::type;

template <class T>
inline constexpr bool is_complex = !std::is_same_v<Real<T>, std::remove_const_t<T>>;

/// Unit roundoff times two: the distance from 1 to the next number of T's precision.
template <class T>
inline constexpr Real<T> epsilon = std::numeric_limits<Real<T>>::epsilon();

/// The complex conjugate; the number itself where it is real.
template <class T>
[[nodiscard]] constexpr T conjugate(T value) {
  if constexpr (is_complex<T>) {
    return std::conj(value);
  } else {
    return value;
  }
}

template <class T>
[[nodiscard]] constexpr Real<T> real_part(T value) {
  if constexpr (is_complex<T>) {
    return value.real();
  } else {
    return value;
  }
}

/// |re| + |im|: LAPACK's cheap modulus, within sqrt(2) of |z| and free of overflow in its squares.
template <class T>
[[nodiscard]] inline Real<T> cheap_abs(T value) {
  if constexpr (is_complex<T>) {
    return std::abs(value.real()) + std::abs(value.imag());
  } else {
    return value < T(0) ? -value : value;
  }
}

}  // namespace hessolve
