// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "hessian/image_filter.hpp"

#include <hessolve/core/buffer.hpp>

#include <optional>

namespace hessolve::image::inner {

/// What one scale of an image leaves to the next.
template <class T>
struct Fields {
  std::vector<Buffer<T>> buffers;  // between two stages; fresh memory costs as much as a pass
  std::optional<T> level;          // level_of the image
};

/// The pixel nearest to zero where all have one sign, else 0. Derivatives do not depend on it, and it comes off every
/// pixel without a loss: so a constant image has none at all, and a bright background no rounding of its own.
template <class T>
[[nodiscard]] T level_of(ImageView<const T> image);

/// row(...) for every row of components of the Hessian, in their order, of `factor` times the image. An image of one
/// axis has one component. `fields` (may be null) is what other scales of the same image have left.
template <class T>
[[nodiscard]] Outcome for_each_hessian_row(ImageView<const T> image, const HessianOptions& options, T factor,
                                           const Row<T>& row, Fields<T>* fields = nullptr);

/// Sigma of an axis in pixels.
[[nodiscard]] double sigma_in_pixels(const HessianOptions& options, Index axis);

}  // namespace hessolve::image::inner
