// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "hessian/image_filter.hpp"

namespace hessolve::image::inner {

/// row(...) for every row of components of the Hessian, in their order, of `factor` times the image. An image of one
/// axis has one component.
template <class T>
[[nodiscard]] Outcome for_each_hessian_row(ImageView<const T> image, const HessianOptions& options, T factor,
                                           const Row<T>& row);

/// Sigma of an axis in pixels.
[[nodiscard]] double sigma_in_pixels(const HessianOptions& options, Index axis);

}  // namespace hessolve::image::inner
