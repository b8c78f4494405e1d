// SPDX-License-Identifier: BSD-3-Clause
#include "hessian/image_schemes.hpp"
#include "hessian/small_eigen.hpp"
#include "kernel/team.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace hessolve::image {

using namespace inner;  // NOLINT: this is its own inner namespace

namespace {

constexpr Index chunk = 8192;  // pixels handed to a thread at a time

Index chunks(Index count) { return (count + chunk - 1) / chunk; }

}  // namespace

template <class T>
Outcome largest_modulus(InImage<T> image, T& largest) {
  const Index size = image.size();
  std::vector<T> found(static_cast<std::size_t>(chunks(size)), T(0));
  parallel_for(chunks(size), size > 16 * chunk, [&](Index k) {
    const T* p = image.data + k * chunk;
    const Index n = std::min(chunk, size - k * chunk);
    simd::Packet<T> most = simd::zero<T>();
    simd::Packet<T> check = simd::zero<T>();  // 0, or NaN where anything is not finite
    for (Index i = 0; i < n; i += simd::width<T>) {
      const simd::Packet<T> v = simd::load_upto<T>(p + i, n - i);
      most = simd::maximum(most, simd::absolute(v));
      check = simd::multiply_add(v, simd::zero<T>(), check);
    }
    const T sum = Eigen::internal::predux(check);
    found[static_cast<std::size_t>(k)] = sum == T(0) ? simd::largest_lane(most) : std::numeric_limits<T>::quiet_NaN();
  });
  largest = T(0);
  for (std::size_t k = 0; k < found.size(); ++k) {
    if (!(found[k] >= T(0))) {
      Index i = static_cast<Index>(k) * chunk;
      while (std::isfinite(image.data[i])) {
        ++i;
      }
      return {Reason::non_finite, i};
    }
    largest = std::max(largest, found[k]);
  }
  return {};
}

namespace inner {

template <class T>
T level_of(ImageView<const T> image) {
  const Index size = image.size();
  std::vector<std::array<T, 2>> ranges(static_cast<std::size_t>(chunks(size)), {T(0), T(0)});
  std::atomic<bool> spans_zero{size == 0};
  parallel_for(chunks(size), size > 16 * chunk, [&](Index k) {
    if (spans_zero) {
      return;
    }
    const T* p = image.data + k * chunk;
    const Index n = std::min(chunk, size - k * chunk);
    const simd::Packet<T> first = simd::broadcast<T>(p[0]);
    simd::Packet<T> most = first;
    simd::Packet<T> least = first;
    Index i = 0;
    for (; i + simd::width<T> <= n; i += simd::width<T>) {
      const simd::Packet<T> v = simd::load<T>(p + i);
      most = simd::maximum(most, v);
      least = simd::minimum(least, v);
    }
    T high = simd::largest_lane(most);
    T low = -simd::largest_lane(simd::subtract(simd::zero<T>(), least));
    for (; i < n; ++i) {
      high = std::max(high, p[i]);
      low = std::min(low, p[i]);
    }
    if (!(low > T(0) || high < T(0))) {
      spans_zero = true;
    }
    ranges[static_cast<std::size_t>(k)] = {low, high};
  });
  if (spans_zero) {
    return T(0);
  }
  T low = ranges[0][0];
  T high = ranges[0][1];
  for (const auto& range : ranges) {
    low = std::min(low, range[0]);
    high = std::max(high, range[1]);
  }
  const T level = low > T(0) ? low : high < T(0) ? high : T(0);
  return std::isfinite(level) ? level : T(0);
}

template float level_of<float>(ImageView<const float>);
template double level_of<double>(ImageView<const double>);

}  // namespace inner

template <class T>
Outcome hessian(InImage<T> image, const HessianOptions& options, T* const* H) {
  const Index count = components(image.axes);
  return for_each_hessian_row<T>(image, options, T(1), [&](Index first, Index n, const T* const* h) {
    for (Index c = 0; c < count; ++c) {
      std::copy_n(h[c], n, H[c] + first);
    }
  });
}

namespace {

template <class T, int d>
void eigenvalues_of_row(const T* const* h, Index n, T* const* values, Index first, Order order) {
  for (Index i = 0; i < n; i += simd::width<T>) {
    Lane<T> a[6];
    Lane<T> w[3];
    load_components<T, d>(h, i, n - i, a);
    eigenvalues_of<T, d>(a, w);
    if (order == Order::magnitude) {
      order_by_magnitude<T, d>(w);
    }
    for (int k = 0; k < d; ++k) {
      simd::store_upto<T>(values[k] + first + i, w[k], n - i);
    }
  }
}

}  // namespace

template <class T>
Outcome eigenvalues(InImage<T> image, const HessianOptions& options, T* const* values, Order order) {
  Outcome outcome;
  with_axes(image.axes, [&](auto axes) {
    outcome = for_each_hessian_row<T>(image, options, T(1), [&](Index first, Index n, const T* const* h) {
      eigenvalues_of_row<T, decltype(axes)::value>(h, n, values, first, order);
    });
  });
  return outcome;
}

template <class T>
Outcome hessian_determinant(InImage<T> image, const HessianOptions& options, T* det) {
  Outcome outcome;
  with_axes(image.axes, [&](auto axes) {
    constexpr int d = decltype(axes)::value;
    outcome = for_each_hessian_row<T>(image, options, T(1), [&](Index first, Index n, const T* const* h) {
      for (Index i = 0; i < n; i += simd::width<T>) {
        Lane<T> a[6];
        load_components<T, d>(h, i, n - i, a);
        simd::store_upto<T>(det + first + i, determinant_of<T, d>(a), n - i);
      }
    });
  });
  return outcome;
}

template <class T>
void hessian_eigenvalues(const T* const* H, Index d, Index count, T* const* values, Order order) {
  with_axes(d, [&](auto axes) {
    constexpr int D = decltype(axes)::value;
    parallel_for(chunks(count), count > 2 * chunk, [&](Index k) {
      const T* part[6];
      for (Index c = 0; c < components(d); ++c) {
        part[c] = H[c] + k * chunk;
      }
      eigenvalues_of_row<T, D>(part, std::min(chunk, count - k * chunk), values, k * chunk, order);
    });
  });
}

namespace {

/// Of [a b; b c] to the eigenvalues mean + r, mean - r: (x + r, b) for x = (a - c) / 2 >= 0, else (b, r - x).
template <class T>
void eigenvectors_2(const Lane<T>* h, Lane<T>* V) {
  using namespace simd;
  const Lane<T> one = broadcast<T>(T(1));
  const Lane<T> half = broadcast<T>(T(0.5));
  const Lane<T> x = subtract(multiply(half, h[0]), multiply(half, h[2]));
  const Lane<T> inverse = divide(one, power_of_two<T>(maximum(absolute(x), absolute(h[1]))));
  const Lane<T> p = multiply(x, inverse);
  const Lane<T> q = multiply(h[1], inverse);
  const Lane<T> r = square_root(multiply_add(p, p, multiply(q, q)));
  const Mask<T> falls = greater<T>(zero<T>(), p);
  const Lane<T> large = add(absolute(p), r);
  const Mask<T> turns = greater<T>(r, zero<T>());  // else the matrix is a multiple of I
  const Lane<T> first = select(turns, select(falls, q, large), one);
  const Lane<T> second = select(turns, select(falls, large, q), zero<T>());
  const Lane<T> length = square_root(multiply_add(first, first, multiply(second, second)));
  V[0] = divide(first, length);  // of the larger eigenvalue: (V[0], V[2])
  V[2] = divide(second, length);
  V[1] = subtract(zero<T>(), V[2]);
  V[3] = V[0];
}

template <class T, int d>
void eigh_of_row(const T* const* h, Index n, T* const* values, T* const* vectors, Index first) {
  for (Index i = 0; i < n; i += simd::width<T>) {
    Lane<T> a[6];
    Lane<T> w[3];
    Lane<T> V[9];
    load_components<T, d>(h, i, n - i, a);
    if constexpr (d == 1) {
      w[0] = a[0];
      V[0] = simd::broadcast<T>(T(1));
    } else if constexpr (d == 2) {
      eigenvalues_2<T>(a, w);
      eigenvectors_2<T>(a, V);
    } else {
      eigen_3<T, true>(a, w, V);
    }
    for (int k = 0; k < d; ++k) {
      simd::store_upto<T>(values[k] + first + i, w[k], n - i);
    }
    for (int k = 0; k < d * d; ++k) {
      simd::store_upto<T>(vectors[k] + first + i, V[k], n - i);
    }
  }
}

}  // namespace

template <class T>
void hessian_eigh(const T* const* H, Index d, Index count, T* const* values, T* const* vectors) {
  with_axes(d, [&](auto axes) {
    constexpr int D = decltype(axes)::value;
    parallel_for(chunks(count), count > 2 * chunk, [&](Index k) {
      const T* part[6];
      for (Index c = 0; c < components(d); ++c) {
        part[c] = H[c] + k * chunk;
      }
      eigh_of_row<T, D>(part, std::min(chunk, count - k * chunk), values, vectors, k * chunk);
    });
  });
}

#define INSTANTIATE(T)                                                                   \
  template Outcome largest_modulus<T>(InImage<T>, T&);                                   \
  template Outcome hessian<T>(InImage<T>, const HessianOptions&, T* const*);             \
  template Outcome eigenvalues<T>(InImage<T>, const HessianOptions&, T* const*, Order);  \
  template Outcome hessian_determinant<T>(InImage<T>, const HessianOptions&, T*);        \
  template void hessian_eigenvalues<T>(const T* const*, Index, Index, T* const*, Order); \
  template void hessian_eigh<T>(const T* const*, Index, Index, T* const*, T* const*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve::image
