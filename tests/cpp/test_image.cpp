// SPDX-License-Identifier: BSD-3-Clause
// Images: quadratics have their derivatives, eigenvalues their trace and their vectors, and scales no order.
#include "check.hpp"

#include <algorithm>
#include <vector>

namespace hs = hessolve;
namespace image = hessolve::image;
using hs::Index;

namespace {

template <class T>
std::vector<T> noise(Index size, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<T> values(static_cast<std::size_t>(size));
  for (T& value : values) {
    value = problems::normal<T>(generator);
  }
  return values;
}

/// f = a x^2 + b x y + c y^2 at a spacing of 1/2 has the Hessian (2 a, b, 2 c) away from the border.
template <class T>
void quadratics_have_their_derivatives(image::Scheme scheme, bool smooth) {
  const Index m = 61;
  const Index n = 67;
  const double a = 0.75, b = -1.25, c = 0.5, h = 0.5;
  std::vector<T> f(static_cast<std::size_t>(m * n));
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      const double x = h * static_cast<double>(i - 30);
      const double y = h * static_cast<double>(j - 33);
      f[static_cast<std::size_t>(i * n + j)] = static_cast<T>(a * x * x + b * x * y + c * y * y);
    }
  }
  std::vector<T> H(3 * f.size());
  T* const fields[] = {H.data(), H.data() + f.size(), H.data() + 2 * f.size()};
  image::HessianOptions options = image::at_scale(1);
  options.spacing.fill(h);
  options.truncate = scheme == image::Scheme::gaussian ? 3 : 8;
  options.scheme = scheme;
  options.smooth = smooth;
  CHECK(image::hessian<T>(image::image_2d(f.data(), m, n), options, fields).ok());
  const auto at = static_cast<std::size_t>(30 * n + 33);
  const double bar = 2000 * static_cast<double>(hs::epsilon<T>);
  CHECK(std::abs(fields[0][at] - 2 * a) < bar);
  CHECK(std::abs(fields[1][at] - b) < bar);
  CHECK(std::abs(fields[2][at] - 2 * c) < bar);
}

/// Eigenvalues descend and have the trace; vectors satisfy their equation; both functions agree in every bit.
template <class T>
void eigenvalues_are_those_of_the_matrix(Index d) {
  const Index count = 1003;
  const Index parts = image::components(d);
  const std::vector<T> H = noise<T>(parts * count, 7);
  std::vector<T> w(static_cast<std::size_t>(d * count));
  std::vector<T> again = w;
  std::vector<T> V(static_cast<std::size_t>(d * d * count));
  std::vector<const T*> h;
  std::vector<T*> values, values_again, vectors;
  for (Index k = 0; k < parts; ++k) {
    h.push_back(H.data() + k * count);
  }
  for (Index k = 0; k < d; ++k) {
    values.push_back(w.data() + k * count);
    values_again.push_back(again.data() + k * count);
  }
  for (Index k = 0; k < d * d; ++k) {
    vectors.push_back(V.data() + k * count);
  }
  image::hessian_eigh<T>(h.data(), d, count, values.data(), vectors.data());
  image::hessian_eigenvalues<T>(h.data(), d, count, values_again.data(), image::Order::descending);
  CHECK(w == again);
  const auto entry = [&](Index i, Index j, Index p) {
    const Index low = std::min(i, j);
    const Index k = low * d - low * (low - 1) / 2 + std::max(i, j) - low;
    return double(h[static_cast<std::size_t>(k)][p]);
  };
  double worst = 0;
  for (Index p = 0; p < count; ++p) {
    for (Index k = 0; k < d; ++k) {
      CHECK(k == 0 || values[static_cast<std::size_t>(k - 1)][p] >= values[static_cast<std::size_t>(k)][p]);
      for (Index i = 0; i < d; ++i) {
        const auto v = [&](Index r) { return double(vectors[static_cast<std::size_t>(r * d + k)][p]); };
        double residual = -double(values[static_cast<std::size_t>(k)][p]) * v(i);
        for (Index j = 0; j < d; ++j) {
          residual += entry(i, j, p) * v(j);
        }
        worst = std::max(worst, std::abs(residual));
      }
    }
  }
  CHECK(worst < 100 * static_cast<double>(hs::epsilon<T>));
}

template <class T>
void the_order_of_scales_changes_nothing(Index axes) {
  const auto view = axes == 2 ? image::image_2d<T>(nullptr, 70, 90) : image::image_3d<T>(nullptr, 20, 22, 30);
  std::vector<T> pixels = noise<T>(view.size(), 3);
  const image::ImageView<T> f{pixels.data(), view.axes, view.shape};
  std::vector<T> first(pixels.size()), second(pixels.size()), scale(pixels.size());
  const double up[] = {1, 2, 3};
  const double down[] = {3, 1, 2};
  hs::set_num_threads(1);
  CHECK(image::frangi<T>(f, up, 3, {}, first.data(), scale.data()).ok());
  hs::set_num_threads(2);
  CHECK(image::frangi<T>(f, down, 3, {}, second.data(), nullptr).ok());
  hs::set_num_threads(0);
  CHECK(first == second);
  CHECK(*std::max_element(first.begin(), first.end()) > T(0));
  CHECK(*std::min_element(first.begin(), first.end()) >= T(0));
  pixels[5] = std::numeric_limits<T>::quiet_NaN();
  const hs::Outcome spoilt = image::frangi<T>(f, up, 3, {}, first.data(), nullptr);
  CHECK(spoilt.reason == hs::Reason::non_finite && spoilt.where == 5);
}

/// One bright bump: one blob, where it is, of its width.
void blobs_are_found() {
  const Index n = 41;
  std::vector<double> f(static_cast<std::size_t>(n * n));
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      const double x = double(i) - 20.3, y = double(j) - 18.9;
      f[static_cast<std::size_t>(i * n + j)] = 4 * std::exp(-(x * x + y * y) / 18);
    }
  }
  const double sigmas[] = {1.9, 2.4, 3, 3.8, 4.7};
  std::vector<double> response(5 * f.size());
  CHECK(image::blob_response<double>(image::image_2d(f.data(), n, n), sigmas, 5, {}, response.data()).ok());
  std::vector<image::Blob> found;
  image::blob_maxima<double>(
      image::image_2d(response.data(), n, n), sigmas, 5, 0.1,
      [](void* to, const image::Blob& blob) { static_cast<std::vector<image::Blob>*>(to)->push_back(blob); }, &found);
  CHECK(found.size() == 1);
  if (!found.empty()) {
    CHECK(found[0].is_bright);
    CHECK(std::abs(found[0].position[0] - 20.3) < 0.03 && std::abs(found[0].position[1] - 18.9) < 0.03);
    CHECK(std::abs(found[0].sigma - 3) < 0.1);
  }
}

/// A constant has no curvature, and a constant border is a margin.
template <class T>
void constants_are_nothing() {
  const Index n = 33;
  std::vector<T> f(static_cast<std::size_t>(n * n), T(1e6) / 3);
  std::vector<T> H(3 * f.size(), T(1));
  T* const fields[] = {H.data(), H.data() + f.size(), H.data() + 2 * f.size()};
  CHECK(image::hessian<T>(image::image_2d(f.data(), n, n), image::at_scale(1.5), fields).ok());
  CHECK(std::all_of(H.begin(), H.end(), [](T h) { return h == T(0); }));
  image::HessianOptions options = image::at_scale(1.5);
  options.border = image::Border::constant;
  options.cval = static_cast<double>(f[0]);
  std::fill(H.begin(), H.end(), T(1));
  CHECK(image::hessian<T>(image::image_2d(f.data(), n, n), options, fields).ok());
  CHECK(std::all_of(H.begin(), H.end(), [](T h) { return h == T(0); }));
}

/// A maximum between the last row and the first is one where the image wraps, two where it does not.
void blobs_wrap() {
  const Index n = 8;
  std::vector<double> response(static_cast<std::size_t>(n * n));
  response[4] = 1;
  response[static_cast<std::size_t>((n - 1) * n + 4)] = 0.9;
  const double sigma = 1;
  for (const auto border : {image::Border::wrap, image::Border::reflect}) {
    int count = 0;
    image::blob_maxima<double>(
        image::image_2d(response.data(), n, n), &sigma, 1, 0.1,
        [](void* to, const image::Blob&) { ++*static_cast<int*>(to); }, &count, border);
    CHECK(count == (border == image::Border::wrap ? 1 : 2));
  }
}

template <class T>
void all() {
  constants_are_nothing<T>();
  quadratics_have_their_derivatives<T>(image::Scheme::gaussian, true);
  quadratics_have_their_derivatives<T>(image::Scheme::gaussian_twice, true);
  quadratics_have_their_derivatives<T>(image::Scheme::difference, false);
  quadratics_have_their_derivatives<T>(image::Scheme::difference_centred, false);
  quadratics_have_their_derivatives<T>(image::Scheme::repeated_gradient, true);
  for (Index d = 1; d <= 3; ++d) {
    eigenvalues_are_those_of_the_matrix<T>(d);
  }
  the_order_of_scales_changes_nothing<T>(2);
  the_order_of_scales_changes_nothing<T>(3);
}

}  // namespace

int main() {
  all<float>();
  all<double>();
  blobs_are_found();
  blobs_wrap();
  return check::report();
}
