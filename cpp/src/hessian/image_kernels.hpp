// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/hessian/image.hpp>

#include <array>
#include <vector>

/// One-dimensional kernels and what an image is beyond its border.
namespace hessolve::image::inner {

/// out(i) = even[0] f(i) + sum_k even[k] (f(i+k) + f(i-k)) + odd[k] (f(i+k) - f(i-k)); either part may be missing.
template <class T>
struct Kernel {
  std::vector<T> even;
  std::vector<T> odd;

  [[nodiscard]] Index radius() const {
    return static_cast<Index>(even.size() > odd.size() ? even.size() : odd.size()) - 1;
  }
};

/// Borders, and one more: f(-1) = 2 f(0) - f(1) and f(-2) = 4 (f(0) - f(1)) + f(2), with which centred differences, and
/// those of differences, are what numpy.gradient makes of the border.
enum class Edge : signed char { reflect, mirror, nearest, constant, wrap, linear };

/// The pixel that stands for pixel i of n; -1: none, the constant.
[[nodiscard]] Index stands_for(Index i, Index n, Edge edge);

/// Derivative `order` of a Gaussian as scipy.ndimage.gaussian_filter1d samples it, times `factor`. Weights too small to
/// change a bit of the result are left out.
template <class T>
[[nodiscard]] Kernel<T> gaussian_kernel(double sigma, int order, double truncate, double factor);

/// The same with polynomials that are orthogonal for the sampled, truncated Gaussian itself: 1, x / m2 and
/// 2 (x^2 - m2) / (m4 - m2^2), m its moments, in place of their limits. What a kernel makes of a constant is 0 then, of
/// x the first derivative is 1, of x^2 / 2 the second, for any sigma and truncation; for small sigma they are
/// differences. At least one neighbour counts to each side.  [a local polynomial fit: Savitzky & Golay 1964,
/// doi:10.1021/ac60214a047]
template <class T>
[[nodiscard]] Kernel<T> exact_gaussian_kernel(double sigma, int order, double truncate, double factor);

/// f(i-1), f(i), f(i+1) times `stencil`, times `factor`, of f smoothed by a Gaussian; sigma = 0: of f itself.
template <class T>
[[nodiscard]] Kernel<T> difference_kernel(double sigma, const std::array<double, 3>& stencil, double truncate,
                                          double factor);

/// What a kernel makes of an image of one value.
template <class T>
[[nodiscard]] T of_constant(const Kernel<T>& kernel, T value);

}  // namespace hessolve::image::inner
