// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "hessian/image_filter.hpp"

#include <hessolve/core/buffer.hpp>

namespace hessolve::image::inner {

/// Memory for the fields between two stages; kept from one scale to the next, since fresh memory costs as much as a
/// pass.
template <class T>
using Fields = std::vector<Buffer<T>>;

/// row(...) for every row of components of the Hessian, in their order, of `factor` times the image. An image of one
/// axis has one component. `fields` (may be null) is memory to use again.
template <class T>
[[nodiscard]] Outcome for_each_hessian_row(ImageView<const T> image, const HessianOptions& options, T factor,
                                           const Row<T>& row, Fields<T>* fields = nullptr);

/// Sigma of an axis in pixels.
[[nodiscard]] double sigma_in_pixels(const HessianOptions& options, Index axis);

}  // namespace hessolve::image::inner
