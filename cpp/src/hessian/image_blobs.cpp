// SPDX-License-Identifier: BSD-3-Clause
#include "hessian/image_scales.hpp"
#include "kernel/team.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hessolve::image {

using namespace inner;  // NOLINT

template <class T>
Outcome blob_response(InImage<T> image, const double* sigmas, Index count, const HessianOptions& options, T* response) {
  Outcome outcome;
  const Index size = image.size();
  Fields<T> fields;
  for (Index s = 0; s < count && outcome.ok(); ++s) {
    HessianOptions scaled = options;
    scaled.sigma.fill(0);
    scaled.sigma[0] = sigmas[s];
    scaled.scale_normalized = true;
    T* const out = response + s * size;
    with_axes(image.axes, [&](auto axes) {
      constexpr int d = decltype(axes)::value;
      outcome = for_each_hessian_row<T>(
          image, scaled, T(1),
          [&](Index first, Index n, const T* const* rows) {
            const Lane<T> zero = simd::zero<T>();
            for (Index i = 0; i < n; i += simd::width<T>) {
              Lane<T> h[6];
              Lane<T> w[3];
              load_components<T, d>(rows, i, n - i, h);
              eigenvalues_of<T, d>(h, w);
              const Lane<T> det = simd::absolute(determinant_of<T, d>(h));
              const Lane<T> dark = simd::select(simd::greater<T>(w[d - 1], zero), det, zero);
              const Lane<T> value = simd::select(simd::greater<T>(zero, w[0]), simd::subtract(zero, det), dark);
              simd::store_upto<T>(out + first + i, value, n - i);
            }
          },
          &fields);
    });
  }
  return outcome;
}

namespace {

/// The responses of one sign, seen as numbers >= 0 over the scales and axes of an image.
template <class T>
class Stack {
 public:
  Stack(ImageView<const T> response, Index count, bool wraps)
      : response_(response),
        size_(response.size()),
        count_(count),
        wraps_(wraps) {
    Index stride = 1;
    for (Index a = response.axes - 1; a >= 0; --a) {
      strides_[static_cast<std::size_t>(a)] = stride;
      stride *= response.shape[static_cast<std::size_t>(a)];
    }
  }

  [[nodiscard]] T value(Index s, Index i, T sign) const { return std::max(T(0), sign * response_.data[s * size_ + i]); }

  [[nodiscard]] std::array<Index, most_axes> position(Index i) const {
    std::array<Index, most_axes> at{};
    for (Index a = 0; a < response_.axes; ++a) {
      at[static_cast<std::size_t>(a)] = i / strides_[static_cast<std::size_t>(a)];
      i %= strides_[static_cast<std::size_t>(a)];
    }
    return at;
  }

  /// No neighbour is larger, and none before it in order is equal.
  [[nodiscard]] bool is_maximum(Index s, Index i, T sign) const {
    const T own = value(s, i, sign);
    const auto at = position(i);
    Index all = 3;
    for (Index a = 0; a < response_.axes; ++a) {
      all *= 3;
    }
    for (Index code = 0; code < all; ++code) {
      Index rest = code;
      const Index t = s + rest % 3 - 1;
      rest /= 3;
      Index j = i;
      bool inside = t >= 0 && t < count_;
      for (Index a = 0; a < response_.axes && inside; ++a, rest /= 3) {
        const Index step = rest % 3 - 1;
        inside = has_neighbour(at, a, step);
        j += inside ? to_neighbour(at, a, step) : 0;
      }
      if (!inside || (t == s && j == i)) {
        continue;
      }
      const T other = value(t, j, sign);
      if (other > own || (other == own && (t < s || (t == s && j < i)))) {
        return false;
      }
    }
    return true;
  }

  /// The maximum of the quadratic through the neighbours in space; along an axis that ends here, and where the
  /// quadratic has no maximum within a pixel, the pixel itself.
  void refine(Index s, Index i, T sign, Blob& blob) const {
    const Index d = response_.axes;
    const auto at = position(i);
    std::vector<Index> free;  // axes with a neighbour on both sides
    for (Index a = 0; a < d; ++a) {
      blob.position[static_cast<std::size_t>(a)] = static_cast<double>(at[static_cast<std::size_t>(a)]);
      if (has_neighbour(at, a, -1) && has_neighbour(at, a, 1)) {
        free.push_back(a);
      }
    }
    const auto m = static_cast<Index>(free.size());
    const auto f = [&](Index p, Index sp, Index q, Index sq) {
      return static_cast<double>(value(s,
                                       i + to_neighbour(at, free[static_cast<std::size_t>(p)], sp) +
                                           to_neighbour(at, free[static_cast<std::size_t>(q)], sq),
                                       sign));
    };
    const auto own = static_cast<double>(value(s, i, sign));
    double A[most_axes][most_axes + 1];  // -Hessian | gradient
    for (Index p = 0; p < m; ++p) {
      A[p][m] = (f(p, 1, p, 0) - f(p, -1, p, 0)) / 2;
      A[p][p] = 2 * own - f(p, 1, p, 0) - f(p, -1, p, 0);
      for (Index q = 0; q < p; ++q) {
        A[p][q] = A[q][p] = -(f(p, 1, q, 1) - f(p, 1, q, -1) - f(p, -1, q, 1) + f(p, -1, q, -1)) / 4;
      }
    }
    double step[most_axes] = {};
    double gain = 0;
    if (newton_step(A, m, step, gain)) {
      for (Index p = 0; p < m; ++p) {
        blob.position[static_cast<std::size_t>(free[static_cast<std::size_t>(p)])] += step[p];
      }
    }
    blob.response = own + gain;
  }

  /// The maximum of the parabola over log sigma.
  [[nodiscard]] double refined_sigma(Index s, Index i, T sign, const double* sigmas) const {
    if (s == 0 || s + 1 >= count_) {
      return sigmas[s];
    }
    const double x0 = std::log(sigmas[s - 1] / sigmas[s]);
    const double x2 = std::log(sigmas[s + 1] / sigmas[s]);
    const double own = value(s, i, sign);
    const double d0 = (static_cast<double>(value(s - 1, i, sign)) - own) / x0;
    const double d2 = (static_cast<double>(value(s + 1, i, sign)) - own) / x2;
    const double curvature = (d2 - d0) / (x2 - x0);  // own + (d0 - curvature x0) x + curvature x^2
    if (!(curvature < 0)) {
      return sigmas[s];
    }
    const double x = -(d0 - curvature * x0) / (2 * curvature);
    return sigmas[s] * std::exp(std::clamp(x, x0, x2));
  }

 private:
  [[nodiscard]] bool has_neighbour(const std::array<Index, most_axes>& at, Index axis, Index step) const {
    const Index there = at[static_cast<std::size_t>(axis)] + step;
    return wraps_ || (there >= 0 && there < response_.shape[static_cast<std::size_t>(axis)]);
  }

  /// What leads from the pixel at `at` to its neighbour.
  [[nodiscard]] Index to_neighbour(const std::array<Index, most_axes>& at, Index axis, Index step) const {
    const Index n = response_.shape[static_cast<std::size_t>(axis)];
    const Index here = at[static_cast<std::size_t>(axis)];
    return ((here + step + n) % n - here) * strides_[static_cast<std::size_t>(axis)];
  }

  /// A step = gradient by Cholesky, refused where A is not positive definite or a step leaves the pixel by more than
  /// a half; the gain is half of gradient . step.
  static bool newton_step(double (*A)[most_axes + 1], Index m, double* step, double& gain) {
    double L[most_axes][most_axes];
    for (Index p = 0; p < m; ++p) {
      for (Index q = 0; q <= p; ++q) {
        double sum = A[p][q];
        for (Index k = 0; k < q; ++k) {
          sum -= L[p][k] * L[q][k];
        }
        if (p == q) {
          if (!(sum > 0)) {
            return false;
          }
          L[p][p] = std::sqrt(sum);
        } else {
          L[p][q] = sum / L[q][q];
        }
      }
    }
    for (Index p = 0; p < m; ++p) {
      step[p] = A[p][m];
      for (Index k = 0; k < p; ++k) {
        step[p] -= L[p][k] * step[k];
      }
      step[p] /= L[p][p];
    }
    for (Index p = m - 1; p >= 0; --p) {
      for (Index k = p + 1; k < m; ++k) {
        step[p] -= L[k][p] * step[k];
      }
      step[p] /= L[p][p];
      if (!(std::abs(step[p]) <= 1)) {
        return false;
      }
    }
    for (Index p = 0; p < m; ++p) {
      step[p] = std::clamp(step[p], -0.5, 0.5);
      gain += A[p][m] * step[p] / 2;
    }
    return true;
  }

  ImageView<const T> response_;
  Index size_;
  Index count_;
  bool wraps_;
  std::array<Index, most_axes> strides_{};
};

}  // namespace

template <class T>
void blob_maxima(InImage<T> response, const double* sigmas, Index count, double threshold,
                 void (*found)(void* context, const Blob& blob), void* context, Border border) {
  const Stack<T> stack(response, count, border == Border::wrap);
  const Index size = response.size();
  constexpr Index piece = 4096;
  const Index pieces = (size + piece - 1) / piece;
  std::vector<std::vector<Blob>> blobs(static_cast<std::size_t>(count * pieces));
  parallel_for(count * pieces, count * size > 16 * piece, [&](Index k) {
    const Index s = k / pieces;
    const Index first = k % pieces * piece;
    for (Index i = first; i < std::min(size, first + piece); ++i) {
      const T own = response.data[s * size + i];
      const T sign = own < T(0) ? T(-1) : T(1);
      if (static_cast<double>(sign * own) > threshold && stack.is_maximum(s, i, sign)) {
        Blob blob;
        stack.refine(s, i, sign, blob);
        blob.sigma = stack.refined_sigma(s, i, sign, sigmas);
        blob.pixel = i;
        blob.scale = s;
        blob.is_bright = own < T(0);
        blobs[static_cast<std::size_t>(k)].push_back(blob);
      }
    }
  });
  for (const std::vector<Blob>& part : blobs) {
    for (const Blob& blob : part) {
      found(context, blob);
    }
  }
}

#define INSTANTIATE(T)                                                                            \
  template Outcome blob_response<T>(InImage<T>, const double*, Index, const HessianOptions&, T*); \
  template void blob_maxima<T>(InImage<T>, const double*, Index, double, void (*)(void*, const Blob&), void*, Border);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve::image
