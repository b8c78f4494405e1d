// SPDX-License-Identifier: BSD-3-Clause
#include "hessian/image_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hessolve::image::inner {
namespace {

/// The weights 0 ... radius, normalised over both sides, times the polynomial of the derivative.
std::vector<double> weights(double sigma, int order, double truncate) {
  const auto radius = static_cast<Index>(truncate * sigma + 0.5);
  const double square = sigma * sigma;
  std::vector<double> w(static_cast<std::size_t>(radius) + 1);
  double sum = 0;
  for (Index k = radius; k >= 0; --k) {  // small ones first
    const auto x = static_cast<double>(k);
    const double phi = std::exp(-0.5 / square * (x * x));
    w[static_cast<std::size_t>(k)] = phi;
    sum += k == 0 ? phi : 2 * phi;
  }
  for (Index k = 0; k <= radius; ++k) {
    const auto x = static_cast<double>(k);
    const double polynomial = order == 0 ? 1 : order == 1 ? x / square : (x * x / square - 1) / square;
    w[static_cast<std::size_t>(k)] *= polynomial / sum;
  }
  return w;
}

}  // namespace

Index stands_for(Index i, Index n, Edge edge) {
  if (i >= 0 && i < n) {
    return i;
  }
  const auto modulo = [&](Index period) { return (i % period + period) % period; };
  switch (edge) {
    case Edge::reflect: {
      const Index j = modulo(2 * n);
      return j < n ? j : 2 * n - 1 - j;
    }
    case Edge::mirror: {
      if (n == 1) {
        return 0;
      }
      const Index j = modulo(2 * n - 2);
      return j < n ? j : 2 * n - 2 - j;
    }
    case Edge::nearest: return std::clamp<Index>(i, 0, n - 1);
    case Edge::wrap: return modulo(n);
    default: return -1;
  }
}

namespace {

/// The weights that change a bit of the result, as the even or odd part.
template <class T>
Kernel<T> kernel_of(std::vector<double> w, bool odd, double factor) {
  double largest = 0;
  for (const double value : w) {
    largest = std::max(largest, std::abs(value));
  }
  const double nothing = largest * static_cast<double>(std::numeric_limits<T>::epsilon()) / 1024;
  while (w.size() > 1 && std::abs(w.back()) < nothing) {
    w.pop_back();
  }
  Kernel<T> kernel;
  std::vector<T>& part = odd ? kernel.odd : kernel.even;
  for (const double value : w) {
    part.push_back(static_cast<T>(value * factor));
  }
  return kernel;
}

/// The weight of the centre that makes a constant nothing.
template <class T>
void balance(std::vector<T>& even) {
  double sum = 0;
  for (std::size_t k = even.size() - 1; k > 0; --k) {
    sum += static_cast<double>(even[k]);
  }
  even[0] = static_cast<T>(-2 * sum);
}

}  // namespace

template <class T>
Kernel<T> gaussian_kernel(double sigma, int order, double truncate, double factor) {
  return kernel_of<T>(weights(sigma, order, truncate), order == 1, factor);
}

template <class T>
Kernel<T> exact_gaussian_kernel(double sigma, int order, double truncate, double factor) {
  const std::vector<double> smoothing = weights(sigma, 0, truncate);
  if (order == 0) {
    return kernel_of<T>(smoothing, false, factor);
  }
  // Moments of phi(k) / phi(1), which is in the range of numbers for any sigma.
  std::vector<double> w(std::max<std::size_t>(smoothing.size(), 2));
  double s2 = 0;
  double s4 = 0;
  double variance = 0;
  for (std::size_t k = w.size() - 1; k > 0; --k) {
    const auto x = static_cast<double>(k);
    w[k] = std::exp(-0.5 / (sigma * sigma) * (x * x - 1));
    s2 += x * x * w[k];
    s4 += x * x * x * x * w[k];
    variance += k < smoothing.size() ? 2 * x * x * smoothing[k] : 0;
  }
  for (std::size_t k = 1; k < w.size(); ++k) {
    const auto x = static_cast<double>(k);
    w[k] *= order == 1 ? x / (2 * s2) : (x * x - variance) / (s4 - variance * s2);
  }
  Kernel<T> kernel = kernel_of<T>(std::move(w), order == 1, factor);
  if (order == 2) {
    balance(kernel.even);
  }
  return kernel;
}

template <class T>
Kernel<T> difference_kernel(double sigma, const std::array<double, 3>& stencil, double truncate, double factor) {
  const std::vector<double> g = sigma > 0 ? weights(sigma, 0, truncate) : std::vector<double>{1};
  const auto r = static_cast<Index>(g.size());
  const auto smoothed = [&](Index k) {  // weight of f(i + k) in what the stencil reads
    double sum = 0;
    for (Index j = -1; j <= 1; ++j) {
      const Index at = std::abs(k - j);
      sum += at < r ? stencil[static_cast<std::size_t>(j + 1)] * g[static_cast<std::size_t>(at)] : 0;
    }
    return sum;
  };
  std::vector<double> even;
  std::vector<double> odd;
  for (Index k = 0; k <= r; ++k) {
    even.push_back((smoothed(k) + smoothed(-k)) / 2);
    odd.push_back((smoothed(k) - smoothed(-k)) / 2);
  }
  Kernel<T> kernel;
  if (stencil[1] != 0) {
    kernel = kernel_of<T>(std::move(even), false, factor);
    if (stencil[0] + stencil[1] + stencil[2] == 0) {
      balance(kernel.even);
    }
  }
  if (stencil[0] != stencil[2]) {
    kernel.odd = kernel_of<T>(std::move(odd), true, factor).odd;
  }
  return kernel;
}

template <class T>
T of_constant(const Kernel<T>& kernel, T value) {
  T sum = 0;
  for (std::size_t k = kernel.even.size(); k-- > 1;) {
    sum += kernel.even[k] * (value + value);
  }
  return kernel.even.empty() ? T(0) : sum + kernel.even[0] * value;
}

#define INSTANTIATE(T)                                                                           \
  template Kernel<T> gaussian_kernel<T>(double, int, double, double);                            \
  template Kernel<T> exact_gaussian_kernel<T>(double, int, double, double);                      \
  template Kernel<T> difference_kernel<T>(double, const std::array<double, 3>&, double, double); \
  template T of_constant<T>(const Kernel<T>&, T);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve::image::inner
