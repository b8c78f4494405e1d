// SPDX-License-Identifier: BSD-3-Clause
// Frangi's filter on an image in one's own buffer: a dark vessel on a bright, sloping background.
#include <hessolve/hessolve.hpp>

#include <cmath>
#include <cstdio>
#include <vector>

namespace hs = hessolve;

int main() {
  const hs::Index rows = 120;
  const hs::Index cols = 160;
  std::vector<float> pixels(static_cast<std::size_t>(rows * cols));
  const auto row_of_vessel = [](hs::Index col) { return 60 + 20 * std::sin(0.05 * static_cast<double>(col)); };
  for (hs::Index i = 0; i < rows; ++i) {
    for (hs::Index j = 0; j < cols; ++j) {
      const double off = static_cast<double>(i) - row_of_vessel(j);
      pixels[static_cast<std::size_t>(i * cols + j)] = static_cast<float>(
          200 + 0.1 * static_cast<double>(i + j) - 80 * std::exp(-off * off / 8));  // two pixels wide
    }
  }

  const double sigmas[] = {1, 2, 2.8, 4, 5.6};
  std::vector<float> vesselness(pixels.size());
  std::vector<float> scale(pixels.size());
  hs::image::FrangiOptions options;
  options.hessian.border = hs::image::Border::nearest;
  options.hessian.truncate = 6;
  const hs::Outcome outcome = hs::image::frangi<float>(hs::image::image_2d(pixels.data(), rows, cols), sigmas, 5,
                                                       options, vesselness.data(), scale.data());
  if (!outcome.ok()) {
    std::printf("%s at pixel %td\n", hs::name(outcome.reason), outcome.where);
    return 1;
  }
  const hs::Index col = 31;  // at the crest of the wave
  const auto row = static_cast<hs::Index>(std::lround(row_of_vessel(col)));
  const float on = vesselness[static_cast<std::size_t>(row * cols + col)];
  const float beside = vesselness[static_cast<std::size_t>((row + 15) * cols + col)];
  std::printf("the vessel is found at sigma %.1f, vesselness %.2f\n",
              static_cast<double>(scale[static_cast<std::size_t>(row * cols + col)]), static_cast<double>(on));
  std::printf("on it at least 10 times what is beside it: %s\n", on > 10 * beside ? "yes" : "no");
  return 0;
}
