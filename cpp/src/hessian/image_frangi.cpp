// SPDX-License-Identifier: BSD-3-Clause
#include "hessian/image_scales.hpp"
#include "hessian/image_schemes.hpp"
#include "hessian/small_eigen.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hessolve::image {

using namespace inner;  // NOLINT

namespace {

/// 1 / (2 x^2) for the three exponents; infinite gamma-factor is avoided by the caller.
template <class T>
struct Weights {
  Lane<T> alpha, beta, gamma;
  Lane<T> least;  // legacy: large eigenvalues below it count as it
  bool bright = false;
};

/// exp(-R_B^2 / 2 beta^2) (1 - exp(-S^2 / 2 gamma^2)), with three axes times (1 - exp(-R_A^2 / 2 alpha^2)): R_A is the
/// ratio of the two large eigenvalues, R_B what the small one is to them, S the norm.
template <class T, int d, bool legacy>
HESSOLVE_INLINE Lane<T> vesselness(const Lane<T>* h, const Weights<T>& weights) {
  using namespace simd;
  const Lane<T> none = zero<T>();
  const Lane<T> one = broadcast<T>(T(1));
  Lane<T> w[3];
  eigenvalues_of<T, d>(h, w);
  if (weights.bright) {
    for (int k = 0; k < d; ++k) {
      w[k] = subtract(none, w[k]);
    }
  }
  order_by_magnitude<T, d>(w);
  const Lane<T> square = squared_norm<T, d>(h);
  Lane<T> ratio;  // R_B^2
  Lane<T> value = subtract(one, exponential<T>(subtract(none, multiply(square, weights.gamma))));
  Mask<T> vessel = greater<T>(w[d - 1], none);
  if constexpr (legacy) {
    w[d - 1] = maximum(w[d - 1], weights.least);
  }
  if constexpr (d == 2) {
    const Lane<T> r = divide(w[0], legacy ? w[1] : select(vessel, w[1], one));
    ratio = multiply(r, r);
  } else {
    if constexpr (legacy) {
      w[1] = maximum(w[1], weights.least);
    } else {
      vessel = greater<T>(minimum(w[1], w[2]), none);
      w[1] = select(vessel, w[1], one);
      w[2] = select(vessel, w[2], one);
    }
    const Lane<T> plate = divide(w[1], w[2]);
    value =
        multiply(value, subtract(one, exponential<T>(subtract(none, multiply(multiply(plate, plate), weights.alpha)))));
    ratio = multiply(divide(w[0], w[1]), divide(w[0], w[2]));
  }
  value = multiply(value, exponential<T>(subtract(none, multiply(ratio, weights.beta))));
  return legacy ? value : select(vessel, value, none);
}

template <class T, int d, bool legacy>
Outcome add_scale(ImageView<const T> image, const HessianOptions& options, T factor, const Weights<T>& weights, T sigma,
                  T* out, T* scale, Fields<T>& fields) {
  return for_each_hessian_row<T>(
      image, options, factor,
      [&](Index first, Index n, const T* const* rows) {
        for (Index i = 0; i < n; i += simd::width<T>) {
          const Index rest = n - i;
          Lane<T> h[6];
          load_components<T, d>(rows, i, rest, h);
          const Lane<T> value = vesselness<T, d, legacy>(h, weights);
          const Lane<T> before = simd::load_upto<T>(out + first + i, rest);
          const simd::Mask<T> more = simd::greater<T>(value, before);
          simd::store_upto<T>(out + first + i, simd::select(more, value, before), rest);
          if (scale != nullptr) {
            const Lane<T> from = simd::load_upto<T>(scale + first + i, rest);
            simd::store_upto<T>(scale + first + i, simd::select(more, simd::broadcast<T>(sigma), from), rest);
          }
        }
      },
      &fields);
}

template <class T>
T half_square(double x) {
  return static_cast<T>(std::min(1 / (2 * x * x), static_cast<double>(std::numeric_limits<T>::max())));
}

}  // namespace

template <class T>
Outcome frangi(InImage<T> image, const double* sigmas, Index count, const FrangiOptions& options, T* out, T* scale) {
  // Bits must not depend on the order of the scales: they are taken in ascending order, and of equal ones one counts.
  std::vector<Index> order(static_cast<std::size_t>(count));
  for (Index k = 0; k < count; ++k) {
    order[static_cast<std::size_t>(k)] = k;
  }
  if (!options.legacy) {
    std::stable_sort(order.begin(), order.end(), [&](Index i, Index j) {
      return sigmas[i] != sigmas[j] ? sigmas[i] < sigmas[j]
                                    : options.gamma != nullptr && options.gamma[i] < options.gamma[j];
    });
  }
  std::fill_n(out, image.size(), T(0));
  if (scale != nullptr) {
    std::fill_n(scale, image.size(), T(0));
  }
  if (image.size() == 0) {
    return {};
  }
  T factor = 1;
  if (!options.legacy) {  // the answer does not depend on the size of the image; squares stay in the range
    const Outcome finite = largest_modulus<T>(image, factor);
    if (!finite.ok()) {
      return finite;
    }
    factor = power_of_two_below_inverse(factor);
  }
  const auto at = [&](Index k) {
    HessianOptions hessian = options.hessian;
    hessian.sigma.fill(0);
    hessian.sigma[0] = sigmas[k];
    hessian.scale_normalized = !options.legacy;
    if (options.legacy) {
      hessian.scheme = Scheme::gaussian_twice;
      hessian.truncate = sigmas[k] > 1 ? 8 : 100;
      hessian.cval = options.bright_ridges ? -hessian.cval : hessian.cval;  // it turns the image over, not the constant
    }
    return hessian;
  };
  Fields<T> fields;
  double common = 0;  // gamma, where it is not given
  if (options.gamma == nullptr) {
    for (Index k = 0; k < (options.legacy ? 1 : count); ++k) {
      double largest = 0;
      const Outcome done =
          largest_squared_norm<T>(image, at(order[static_cast<std::size_t>(k)]), factor, largest, &fields);
      if (!done.ok()) {
        return done;
      }
      common = std::max(common, std::sqrt(largest) / 2);
    }
    if (!(common > 0)) {
      common = 1;  // the image is flat, and it does not matter
    }
  }
  Outcome outcome;
  for (const Index k : order) {
    const double gamma = options.gamma == nullptr ? common : options.gamma[k] * static_cast<double>(factor);
    Weights<T> weights;
    weights.alpha = simd::broadcast<T>(half_square<T>(options.alpha));
    weights.beta = simd::broadcast<T>(half_square<T>(options.beta));
    weights.gamma = simd::broadcast<T>(half_square<T>(gamma));
    weights.least = simd::broadcast<T>(static_cast<T>(1e-10));
    weights.bright = options.bright_ridges;
    const auto sigma = static_cast<T>(sigmas[k]);
    const auto run = [&](auto axes, auto legacy) {
      return add_scale<T, decltype(axes)::value, decltype(legacy)::value>(image, at(k), factor, weights, sigma, out,
                                                                          scale, fields);
    };
    with_axes(image.axes, [&](auto axes) {
      if constexpr (decltype(axes)::value > 1) {
        outcome = options.legacy ? run(axes, std::true_type{}) : run(axes, std::false_type{});
      }
    });
    if (!outcome.ok()) {
      return outcome;
    }
  }
  return outcome;
}

#define INSTANTIATE(T) template Outcome frangi<T>(InImage<T>, const double*, Index, const FrangiOptions&, T*, T*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve::image
