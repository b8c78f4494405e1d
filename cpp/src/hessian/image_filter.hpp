// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "hessian/image_kernels.hpp"

#include <functional>

/// Several separable correlations of the same images at once, in slabs of the first axis.
namespace hessolve::image::inner {

/// sources[source], along each axis a correlated with kernels[axis][kernel[axis]], from the first axis to the last.
struct Product {
  Index source = 0;
  std::array<Index, most_axes> kernel{};
};

/// What passes after the first read beyond the border of Edge::constant.
enum class Beyond : signed char {
  filtered,  ///< what the passes before make of the constant: the result is that of a wide margin of it
  constant,  ///< the constant again, whatever was made of it, as scipy.ndimage
};

template <class T>
struct Filter {
  Index axes = 2;  // at least two
  std::array<Index, most_axes> shape{};
  Edge edge = Edge::reflect;
  T level = 0;           // taken off every pixel of the sources and off the constant beyond them
  T cval_of_source = 0;  // beyond the border of the sources
  T cval = 0;            // beyond that of what later passes read, for Beyond::constant
  Beyond beyond = Beyond::filtered;
  std::vector<const T*> sources;
  std::array<std::vector<Kernel<T>>, most_axes> kernels;
  std::vector<Product> products;
};

/// Pixels first ... first + n - 1 of every product, in the order of the products. Called from several threads.
template <class T>
using Row = std::function<void(Index first, Index n, const T* const* products)>;

/// row(...) for every row of the last axis, once. A pass along an axis is made once for all products that share it and
/// those before it; what a slab of rows needs stays in the cache. The bits do not depend on the number of threads.
template <class T>
[[nodiscard]] Outcome for_each_row(const Filter<T>& filter, const Stop& stop, const Row<T>& row);

}  // namespace hessolve::image::inner
