// SPDX-License-Identifier: BSD-3-Clause
#include "hessian/image_schemes.hpp"

#include <algorithm>
#include <cmath>

namespace hessolve::image::inner {
namespace {

double spacing_of(const HessianOptions& options, Index axis) {
  const double h = options.spacing[static_cast<std::size_t>(axis)];
  return h > 0 ? h : 1;
}

double sigma_of(const HessianOptions& options, Index axis) {
  const double sigma = options.sigma[static_cast<std::size_t>(axis)];
  return sigma > 0 ? sigma : options.sigma[0];
}

Edge edge_of(Border border) {
  switch (border) {
    case Border::mirror: return Edge::mirror;
    case Border::nearest: return Edge::nearest;
    case Border::constant: return Edge::constant;
    case Border::wrap: return Edge::wrap;
    default: return Edge::reflect;
  }
}

template <class T>
Kernel<T> centred_difference(double factor) {
  return {{}, {T(0), static_cast<T>(factor / 2)}};
}

constexpr std::array<double, 3> forward{0, -1, 1};
constexpr std::array<double, 3> centred{-0.5, 0, 0.5};
constexpr std::array<double, 3> second{1, -2, 1};
constexpr std::array<double, 3> identity{0, 1, 0};

/// The stages of a scheme on an image of at least two axes, the first of which may be made up (`skip` = 1).
template <class T>
class Stages {
 public:
  Stages(ImageView<const T> image, const HessianOptions& options, T factor, Fields<T>& fields)
      : options_(options),
        fields_(fields),
        factor_(factor),
        skip_(image.axes == 1 ? 1 : 0),
        axes_(image.axes + skip_),
        size_(image.size()),
        image_(image) {
    shape_[0] = 1;
    std::copy_n(image.shape.begin(), image.axes, shape_.begin() + skip_);
  }

  Outcome run(const Row<T>& row) {
    switch (options_.scheme) {
      case Scheme::gaussian: return direct(row);
      case Scheme::gaussian_twice: return twice(row);
      case Scheme::repeated_gradient: return repeated(row);
      default: return differences(row);
    }
  }

 private:
  /// Derivatives count in units of the spacing, or of sigma.
  [[nodiscard]] double unit(Index axis, int order) const {
    if (order == 0) {
      return 1;
    }
    const Index a = axis - skip_;
    const double one =
        options_.scale_normalized ? sigma_of(options_, a) / spacing_of(options_, a) : 1 / spacing_of(options_, a);
    return order == 1 ? one : one * one;
  }

  Filter<T> filter_on(std::vector<const T*> sources, Edge edge) const {
    Filter<T> filter;
    filter.axes = axes_;
    filter.shape = shape_;
    filter.edge = edge;
    filter.sources = std::move(sources);
    return filter;
  }

  /// Derivatives in one stage, from the image less its level.
  Filter<T> filter_of_derivatives() const {
    Filter<T> filter = filter_on({image_.data}, edge_of(options_.border));
    if (!fields_.level) {
      fields_.level = level_of<T>(image_);
    }
    filter.level = *fields_.level;
    filter.cval_of_source = static_cast<T>(options_.cval);
    return filter;
  }

  /// scipy.ndimage's filters: on the image, whose pixels are multiplied by the factor in the first pass, or on a stage
  /// of ours.
  Filter<T> filter_of_scipy(std::vector<const T*> sources, bool of_image) const {
    Filter<T> filter = filter_on(std::move(sources), edge_of(options_.border));
    filter.beyond = Beyond::constant;
    filter.cval = static_cast<T>(options_.cval) * factor_;
    filter.cval_of_source = of_image ? static_cast<T>(options_.cval) : filter.cval;
    return filter;
  }

  /// kernels[axis] := derivatives 0, ..., highest of a Gaussian as SciPy samples them.
  void add_gaussians(Filter<T>& filter, double shrink, int highest, bool of_image, bool units) const {
    for (Index axis = 0; axis < axes_; ++axis) {
      auto& kernels = filter.kernels[static_cast<std::size_t>(axis)];
      for (int order = 0; order <= highest; ++order) {
        const double first = axis == 0 && of_image ? static_cast<double>(factor_) : 1.0;
        if (axis < skip_) {
          kernels.push_back({{order == 0 ? static_cast<T>(first) : T(0)}, {}});
          continue;
        }
        const double sigma = sigma_in_pixels(options_, axis - skip_) * shrink;
        kernels.push_back(
            gaussian_kernel<T>(sigma, order, options_.truncate, units ? first * unit(axis, order) : first));
      }
    }
  }

  /// One product for each component (a, b): along each axis the kernel of index of(a, b, axis).
  template <class Of>
  void add_components(Filter<T>& filter, bool by_gradient, Of&& of) const {
    for (Index a = skip_; a < axes_; ++a) {
      for (Index b = a; b < axes_; ++b) {
        Product product;
        product.source = by_gradient ? a - skip_ : 0;
        for (Index axis = 0; axis < axes_; ++axis) {
          product.kernel[static_cast<std::size_t>(axis)] = of(a, b, axis);
        }
        filter.products.push_back(product);
      }
    }
  }

  /// One product for each first derivative.
  void add_gradient(Filter<T>& filter) const {
    for (Index a = skip_; a < axes_; ++a) {
      Product product;
      product.kernel[static_cast<std::size_t>(a)] = 1;
      filter.products.push_back(product);
    }
  }

  /// fields_.buffers[first + p] := product p; their pointers in `kept`.
  Outcome keep(const Filter<T>& filter, std::size_t first, std::vector<const T*>& kept) const {
    const std::size_t count = filter.products.size();
    while (fields_.buffers.size() < first + count) {
      fields_.buffers.emplace_back(size_);
    }
    for (std::size_t p = 0; p < count; ++p) {
      kept.push_back(fields_.buffers[first + p].data());
    }
    return for_each_row<T>(filter, options_.stop, [&](Index at, Index n, const T* const* products) {
      for (std::size_t p = 0; p < count; ++p) {
        std::copy_n(products[p], n, fields_.buffers[first + p].data() + at);
      }
    });
  }

  Outcome direct(const Row<T>& row) const {
    Filter<T> filter = filter_of_derivatives();
    for (Index axis = 0; axis < axes_; ++axis) {
      const double first = axis == 0 ? static_cast<double>(factor_) : 1.0;
      for (int order = 0; order <= (axis < skip_ ? 0 : 2); ++order) {
        filter.kernels[static_cast<std::size_t>(axis)].push_back(
            axis < skip_ ? difference_kernel<T>(0, identity, 1, first)
                         : exact_gaussian_kernel<T>(sigma_in_pixels(options_, axis - skip_), order, options_.truncate,
                                                    first * unit(axis, order)));
      }
    }
    add_components(filter, false, [](Index a, Index b, Index axis) { return Index(a == axis) + Index(b == axis); });
    return for_each_row<T>(filter, options_.stop, row);
  }

  Outcome twice(const Row<T>& row) const {
    const double shrink = 1 / std::sqrt(2.0);
    Filter<T> first = filter_of_scipy({image_.data}, true);
    add_gaussians(first, shrink, 1, true, true);
    add_gradient(first);
    std::vector<const T*> gradient;
    if (const Outcome done = keep(first, 0, gradient); !done.ok()) {
      return done;
    }
    Filter<T> other = filter_of_scipy(std::move(gradient), false);
    add_gaussians(other, shrink, 1, false, true);
    add_components(other, true, [](Index, Index b, Index axis) { return Index(b == axis); });
    return for_each_row<T>(other, options_.stop, row);
  }

  /// The image smoothed, or itself where no smoothing is wanted.
  Outcome smoothed(const T*& data) const {
    data = image_.data;
    if (!options_.smooth) {
      return {};
    }
    Filter<T> filter = filter_of_scipy({image_.data}, true);
    add_gaussians(filter, 1, 0, true, false);
    filter.products.emplace_back();
    std::vector<const T*> field;
    const Outcome done = keep(filter, 0, field);
    data = field[0];
    return done;
  }

  /// numpy.gradient twice: along one axis (f(i + 2) - 2 f(i) + f(i - 2)) / 4, with Edge::linear.
  Outcome repeated(const Row<T>& row) const {
    const T* data = nullptr;
    if (const Outcome done = smoothed(data); !done.ok()) {
      return done;
    }
    Filter<T> filter = filter_on({data}, Edge::linear);
    for (Index axis = 0; axis < axes_; ++axis) {
      const double first = axis == 0 && !options_.smooth ? static_cast<double>(factor_) : 1.0;
      auto& kernels = filter.kernels[static_cast<std::size_t>(axis)];
      kernels.push_back({{static_cast<T>(first)}, {}});
      if (axis >= skip_) {
        const double two = first * unit(axis, 2);
        kernels.push_back(centred_difference<T>(first * unit(axis, 1)));
        kernels.push_back({{static_cast<T>(-two / 2), T(0), static_cast<T>(two / 4)}, {}});
      }
    }
    add_components(filter, false, [](Index a, Index b, Index axis) { return Index(a == axis) + Index(b == axis); });
    return for_each_row<T>(filter, options_.stop, row);
  }

  /// Smoothing and difference in one kernel, which needs no border between them.
  Outcome differences(const Row<T>& row) const {
    Filter<T> filter = filter_of_derivatives();
    const std::array<std::array<double, 3>, 3> stencils{
        identity, options_.scheme == Scheme::difference ? forward : centred, second};
    for (Index axis = 0; axis < axes_; ++axis) {
      const double first = axis == 0 ? static_cast<double>(factor_) : 1.0;
      const bool made_up = axis < skip_;
      const double sigma = options_.smooth && !made_up ? sigma_in_pixels(options_, axis - skip_) : 0;
      for (int order = 0; order <= (made_up ? 0 : 2); ++order) {
        filter.kernels[static_cast<std::size_t>(axis)].push_back(difference_kernel<T>(
            sigma, stencils[static_cast<std::size_t>(order)], options_.truncate, first * unit(axis, order)));
      }
    }
    add_components(filter, false, [](Index a, Index b, Index axis) { return Index(a == axis) + Index(b == axis); });
    return for_each_row<T>(filter, options_.stop, row);
  }

  const HessianOptions& options_;
  Fields<T>& fields_;
  T factor_;
  Index skip_;
  Index axes_;
  Index size_;
  ImageView<const T> image_;
  std::array<Index, most_axes> shape_{};
};

}  // namespace

double sigma_in_pixels(const HessianOptions& options, Index axis) {
  return sigma_of(options, axis) / spacing_of(options, axis);
}

template <class T>
Outcome for_each_hessian_row(ImageView<const T> image, const HessianOptions& options, T factor, const Row<T>& row,
                             Fields<T>* fields) {
  Fields<T> own;
  return Stages<T>(image, options, factor, fields != nullptr ? *fields : own).run(row);
}

template Outcome for_each_hessian_row<float>(ImageView<const float>, const HessianOptions&, float, const Row<float>&,
                                             Fields<float>*);
template Outcome for_each_hessian_row<double>(ImageView<const double>, const HessianOptions&, double,
                                              const Row<double>&, Fields<double>*);

}  // namespace hessolve::image::inner
