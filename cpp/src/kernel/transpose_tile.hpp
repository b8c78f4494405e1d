// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/simd.hpp"

namespace hessolve::detail {

/// out(r, c) := in[c + r stride]: a block whose rows are contiguous, into contiguous columns.
template <class T>
void transpose_tile(const T* in, Index stride, Index m, Index n, T* out, Index ldo) {
  constexpr Index W = simd::width<T>;
  Index r = 0;
  if constexpr (W > 1) {
    for (; r + W <= m; r += W) {
      Index c = 0;
      for (; c + W <= n; c += W) {
        Eigen::internal::PacketBlock<simd::Packet<T>, W> block;
        for (int k = 0; k < W; ++k) {
          block.packet[k] = simd::load<T>(in + (r + k) * stride + c);
        }
        Eigen::internal::ptranspose(block);
        for (int k = 0; k < W; ++k) {
          simd::store<T>(out + r + (c + k) * ldo, block.packet[k]);
        }
      }
      for (; c < n; ++c) {
        for (Index k = r; k < r + W; ++k) {
          out[k + c * ldo] = in[k * stride + c];
        }
      }
    }
  }
  for (; r < m; ++r) {
    for (Index c = 0; c < n; ++c) {
      out[r + c * ldo] = in[r * stride + c];
    }
  }
}

}  // namespace hessolve::detail
