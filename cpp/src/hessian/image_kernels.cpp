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

template <class T>
Kernel<T> gaussian_kernel(double sigma, int order, double truncate, double factor) {
  std::vector<double> w = weights(sigma, order, truncate);
  double largest = 0;
  for (const double value : w) {
    largest = std::max(largest, std::abs(value));
  }
  const double nothing = largest * static_cast<double>(std::numeric_limits<T>::epsilon()) / 1024;
  while (w.size() > 1 && std::abs(w.back()) < nothing) {
    w.pop_back();
  }
  Kernel<T> kernel;
  std::vector<T>& part = order == 1 ? kernel.odd : kernel.even;
  for (const double value : w) {
    part.push_back(static_cast<T>(value * factor));
  }
  return kernel;
}

double defect_of_second_derivative(double sigma, double truncate) {
  const std::vector<double> w = weights(sigma, 2, truncate);
  double sum = 0;
  for (std::size_t k = w.size() - 1; k > 0; --k) {
    sum += 2 * w[k];
  }
  return std::abs(sum + w[0]);
}

template Kernel<float> gaussian_kernel<float>(double, int, double, double);
template Kernel<double> gaussian_kernel<double>(double, int, double, double);

}  // namespace hessolve::image::inner
