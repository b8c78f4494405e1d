// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "hessian/image_schemes.hpp"
#include "hessian/small_eigen.hpp"

#include <cmath>
#include <mutex>

namespace hessolve::image::inner {

/// A power of two near 1 / largest; 1 for zero.
template <class T>
[[nodiscard]] T power_of_two_below_inverse(T largest) {
  if (!(largest > T(0))) {
    return T(1);
  }
  int exponent = 0;
  (void)std::frexp(largest, &exponent);
  constexpr int bound = std::numeric_limits<T>::max_exponent - 2;
  return std::ldexp(T(1), exponent < -bound ? bound : exponent > bound ? -bound : -exponent);
}

/// largest := max ||H||_F^2 over the pixels of factor times the image, for one to three axes.
template <class T>
[[nodiscard]] Outcome largest_squared_norm(ImageView<const T> image, const HessianOptions& options, T factor,
                                           double& largest, Fields<T>* fields = nullptr) {
  largest = 0;
  std::mutex guard;
  Outcome outcome;
  with_axes(image.axes, [&](auto axes) {
    constexpr int d = decltype(axes)::value;
    outcome = for_each_hessian_row<T>(
        image, options, factor,
        [&](Index, Index n, const T* const* rows) {
          Lane<T> most = simd::zero<T>();
          for (Index i = 0; i < n; i += simd::width<T>) {
            Lane<T> h[6];
            load_components<T, d>(rows, i, n - i, h);
            most = simd::maximum(most, squared_norm<T, d>(h));
          }
          const auto found = static_cast<double>(simd::largest_lane(most));
          const std::lock_guard<std::mutex> lock(guard);  // a maximum does not depend on the order
          largest = found > largest ? found : largest;
        },
        fields);
  });
  return outcome;
}

}  // namespace hessolve::image::inner
