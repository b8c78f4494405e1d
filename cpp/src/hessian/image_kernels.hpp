// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/hessian/image.hpp>

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

/// What the kernel of second order makes of a constant 1, which should be nothing.
[[nodiscard]] double defect_of_second_derivative(double sigma, double truncate);

}  // namespace hessolve::image::inner
