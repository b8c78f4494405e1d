// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/simd.hpp"

#include <type_traits>

namespace hessolve {

/// body(count, i, get, put) for rows i ... of columns, `count` packets at a time (a constant): get(p) and put(p,
/// packet) read and write one, of which the last may be cut short.
template <class R, class Body>
void in_row_strips(Index rows, Body&& body) {
  constexpr Index W = simd::width<R>;
  constexpr int N = 4;
  const auto load = [](const R* p) { return simd::load<R>(p); };
  const auto store = [](R* p, const simd::Packet<R>& v) { simd::store<R>(p, v); };
  Index i = 0;
  for (; i + N * W <= rows; i += N * W) {
    body(std::integral_constant<int, N>{}, i, load, store);
  }
  for (; i + W <= rows; i += W) {
    body(std::integral_constant<int, 1>{}, i, load, store);
  }
  if (const Index r = rows - i; r > 0) {
    body(
        std::integral_constant<int, 1>{}, i, [r](const R* p) { return simd::load_partial<R>(p, r); },
        [r](R* p, const simd::Packet<R>& v) { simd::store_partial<R>(p, v, r); });
  }
}

}  // namespace hessolve
