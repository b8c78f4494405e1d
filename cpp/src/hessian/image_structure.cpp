// SPDX-License-Identifier: BSD-3-Clause
#include "hessian/image_scales.hpp"

#include <algorithm>
#include <cmath>

namespace hessolve::image {

using namespace inner;  // NOLINT

namespace {

/// What the eigenvalues, ascending by modulus, say.
template <class T>
signed char code_of(const T* w, Index d, T least_norm, T ratio) {
  T norm = 0;
  for (Index k = 0; k < d; ++k) {
    norm += w[k] * w[k];
  }
  if (!(std::sqrt(norm) > least_norm)) {
    return static_cast<signed char>(Shape::flat);
  }
  const T largest = w[d - 1];
  Index counted = 0;
  bool same_sign = true;
  for (Index k = 0; k < d; ++k) {
    if (std::abs(w[k]) >= ratio * std::abs(largest)) {
      ++counted;
      same_sign = same_sign && (w[k] < T(0)) == (largest < T(0));
    }
  }
  Shape shape = Shape::corner;
  if (same_sign) {
    shape = counted == d ? Shape::blob : counted == d - 1 ? Shape::tube : Shape::plate;
  }
  return static_cast<signed char>(static_cast<int>(shape) + (largest < T(0) ? bright : 0));
}

}  // namespace

template <class T>
Outcome structure(InImage<T> image, const HessianOptions& options, double flat, double ratio, signed char* code) {
  T modulus = 0;
  if (const Outcome finite = largest_modulus<T>(image, modulus); !finite.ok()) {
    return finite;
  }
  const T factor = power_of_two_below_inverse(modulus);
  double largest = 0;
  Fields<T> fields;
  if (const Outcome done = largest_squared_norm<T>(image, options, factor, largest, &fields); !done.ok()) {
    return done;
  }
  double floor = 0;  // rounding
  for (Index a = 0; a < image.axes; ++a) {
    const double sigma = options.smooth ? sigma_in_pixels(options, a) : 1;
    const double unit =
        options.spacing[static_cast<std::size_t>(a)] > 0 ? options.spacing[static_cast<std::size_t>(a)] : 1;
    double defect = 8 * static_cast<double>(epsilon<T>);
    if (options.scale_normalized) {
      defect *= sigma * sigma;
    } else {
      defect /= unit * unit;
    }
    floor += defect * defect;
  }
  floor = std::sqrt(floor) * static_cast<double>(modulus) * static_cast<double>(factor);
  const auto least = static_cast<T>(std::max(floor, flat * std::sqrt(largest)));
  Outcome outcome;
  with_axes(image.axes, [&](auto axes) {
    constexpr int d = decltype(axes)::value;
    const auto row = [&](Index first, Index n, const T* const* rows) {
      constexpr Index w = simd::width<T>;
      alignas(64) T values[3][w];
      for (Index i = 0; i < n; i += w) {
        Lane<T> h[6];
        Lane<T> lanes[3];
        load_components<T, d>(rows, i, n - i, h);
        eigenvalues_of<T, d>(h, lanes);
        order_by_magnitude<T, d>(lanes);
        for (int k = 0; k < d; ++k) {
          simd::store<T>(values[k], lanes[k]);
        }
        for (Index j = 0; j < std::min(w, n - i); ++j) {
          const T one[3] = {values[0][j], d > 1 ? values[1][j] : T(0), d > 2 ? values[2][j] : T(0)};
          code[first + i + j] = code_of<T>(one, d, least, static_cast<T>(ratio));
        }
      }
    };
    outcome = for_each_hessian_row<T>(image, options, factor, row, &fields);
  });
  return outcome;
}

#define INSTANTIATE(T) template Outcome structure<T>(InImage<T>, const HessianOptions&, double, double, signed char*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve::image
