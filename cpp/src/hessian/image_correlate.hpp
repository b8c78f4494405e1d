// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "hessian/image_kernels.hpp"
#include "kernel/simd.hpp"

namespace hessolve::image::inner {

/// Kernels that read the same input: first those with an even part alone, then with an odd part alone, then with both.
template <class T>
struct KernelGroup {
  static constexpr int most = 3;
  int even = 0, odd = 0, both = 0;
  Index radius = 0;
  const T* even_weights[most] = {};  // radius + 1 weights each, zeros beyond a kernel's own
  const T* odd_weights[most] = {};
  [[nodiscard]] int count() const { return even + odd + both; }
};

/// Packets at in + 0, width, ...; the neighbours +-k at +-k step. The sums f(+k) + f(-k) and differences serve all.
template <class T, int E, int O, int B, int U>
HESSOLVE_INLINE void correlate_packets(const KernelGroup<T>& g, const T* in, Index step, T* const* out, Index j,
                                       Index rest) {
  using P = simd::Packet<T>;
  constexpr int w = simd::width<T>;
  constexpr int count = E + O + B;
  P sum[count][U];
  const auto at = [&](const T* p, int u) { return U > 1 ? simd::load<T>(p + u * w) : simd::load_upto<T>(p, rest); };
  for (int u = 0; u < U; ++u) {
    for (int c = 0; c < count; ++c) {
      sum[c][u] = simd::zero<T>();
    }
  }
  const T* after = in + j + g.radius * step;
  const T* before = in + j - g.radius * step;
  for (Index k = g.radius; k > 0; --k, after -= step, before += step) {  // small weights first
    for (int u = 0; u < U; ++u) {
      const P a = at(after, u);
      const P b = at(before, u);
      if constexpr (E + B > 0) {
        const P plus = simd::add(a, b);
        for (int c = 0; c < count; ++c) {
          if (c < E || c >= E + O) {
            sum[c][u] = simd::multiply_add(simd::broadcast<T>(g.even_weights[c][k]), plus, sum[c][u]);
          }
        }
      }
      if constexpr (O + B > 0) {
        const P minus = simd::subtract(a, b);
        for (int c = E; c < count; ++c) {
          sum[c][u] = simd::multiply_add(simd::broadcast<T>(g.odd_weights[c][k]), minus, sum[c][u]);
        }
      }
    }
  }
  if constexpr (E + B > 0) {
    for (int u = 0; u < U; ++u) {
      const P centre = at(in + j, u);
      for (int c = 0; c < count; ++c) {
        if (c < E || c >= E + O) {
          sum[c][u] = simd::multiply_add(simd::broadcast<T>(g.even_weights[c][0]), centre, sum[c][u]);
        }
      }
    }
  }
  for (int c = 0; c < count; ++c) {
    for (int u = 0; u < U; ++u) {
      if constexpr (U > 1) {
        simd::store<T>(out[c] + j + u * w, sum[c][u]);
      } else {
        simd::store_upto<T>(out[c] + j, sum[c][u], rest);
      }
    }
  }
}

/// out[c][j] for j < n.
template <class T, int E, int O, int B>
void correlate_line(const KernelGroup<T>& g, const T* in, Index step, T* const* out, Index n) {
  constexpr int unroll = 4;
  constexpr Index w = simd::width<T>;
  Index j = 0;
  for (; j + unroll * w <= n; j += unroll * w) {
    correlate_packets<T, E, O, B, unroll>(g, in, step, out, j, 0);
  }
  for (; j < n; j += w) {
    correlate_packets<T, E, O, B, 1>(g, in, step, out, j, n - j);
  }
}

template <class T>
using CorrelateLine = void (*)(const KernelGroup<T>&, const T*, Index, T* const*, Index);

/// The function for a group of this make.
template <class T>
[[nodiscard]] CorrelateLine<T> correlate_line_for(const KernelGroup<T>& g) {
  switch (g.even * 16 + g.odd * 4 + g.both) {
    case 16: return correlate_line<T, 1, 0, 0>;
    case 32: return correlate_line<T, 2, 0, 0>;
    case 4: return correlate_line<T, 0, 1, 0>;
    case 20: return correlate_line<T, 1, 1, 0>;
    case 36: return correlate_line<T, 2, 1, 0>;
    case 1: return correlate_line<T, 0, 0, 1>;
    case 17: return correlate_line<T, 1, 0, 1>;
    case 33: return correlate_line<T, 2, 0, 1>;
    default: return nullptr;  // no scheme has such kernels
  }
}

}  // namespace hessolve::image::inner
