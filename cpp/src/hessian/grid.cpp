// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/team.hpp"

#include <hessolve/hessian/grid.hpp>

#include <vector>

namespace hessolve {
namespace {

template <class R>
struct Tap {
  Index offset;
  R weight;
};
template <class R>
using Taps = std::vector<Tap<R>>;

/// The first or second difference at index i of an axis of `size` points, in steps of `stride`.
template <class R>
Taps<R> difference(int order, Index i, Index size, Index stride, double h) {
  const auto tap = [&](Index step, double weight) {
    return Tap<R>{step * stride, static_cast<R>(order == 1 ? weight / h : weight / h / h)};
  };
  if (i > 0 && i < size - 1) {
    return order == 1 ? Taps<R>{tap(-1, -0.5), tap(1, 0.5)} : Taps<R>{tap(-1, 1), tap(0, -2), tap(1, 1)};
  }
  const Index to = i == 0 ? 1 : -1;  // inwards; a first difference changes its sign with the direction
  const double sign = i == 0 ? 1 : -1;
  return order == 1 ? Taps<R>{tap(0, -1.5 * sign), tap(to, 2 * sign), tap(2 * to, -0.5 * sign)}
                    : Taps<R>{tap(0, 2), tap(to, -5), tap(2 * to, 4), tap(3 * to, -1)};
}

template <class R>
Taps<R> product(const Taps<R>& a, const Taps<R>& b) {
  Taps<R> both;
  for (const Tap<R>& p : a) {
    for (const Tap<R>& q : b) {
      both.push_back({p.offset + q.offset, p.weight * q.weight});
    }
  }
  return both;
}

template <class T>
void apply(const Taps<Real<T>>& taps, const T* values, Index stride, Index count, T* out, Index out_stride) {
  for (Index i = 0; i < count; ++i) {
    T sum(0);
    for (const auto& tap : taps) {
      sum += tap.weight * values[i * stride + tap.offset];
    }
    out[i * out_stride] = sum;
  }
}

}  // namespace

template <class T>
void hessian_grid(const T* values, const Index* shape, const Index* strides, Index d, const double* spacing, T* out) {
  using R = Real<T>;
  const Index last = d - 1;
  const Index length = shape[last];
  Index lines = 1;
  for (Index axis = 0; axis < last; ++axis) {
    lines *= shape[axis];
  }
  constexpr Index chunk = 32;  // lines handed out together
  parallel_for((lines + chunk - 1) / chunk, lines * length * d * d > 100'000, [&](Index part) {
    std::vector<Index> at(static_cast<std::size_t>(d), 0);
    for (Index line = part * chunk; line < std::min(lines, (part + 1) * chunk); ++line) {
      Index start = 0;
      Index rest = line;
      for (Index axis = last - 1; axis >= 0; --axis) {
        at[static_cast<std::size_t>(axis)] = rest % shape[axis];
        start += rest % shape[axis] * strides[axis];
        rest /= shape[axis];
      }
      const auto taps = [&](Index a, Index b, Index j) {  // at index j of the line
        at[static_cast<std::size_t>(last)] = j;
        const auto along = [&](int order, Index axis) {
          return difference<R>(order, at[static_cast<std::size_t>(axis)], shape[axis], strides[axis], spacing[axis]);
        };
        return a == b ? along(2, a) : product(along(1, a), along(1, b));
      };
      const T* const f = values + start;
      T* const to = out + line * length * d * d;
      for (Index a = 0; a < d; ++a) {
        for (Index b = a; b < d; ++b) {
          T* const entry = to + a * d + b;
          apply<T>(taps(a, b, 0), f, strides[last], 1, entry, d * d);
          apply<T>(taps(a, b, 1), f + strides[last], strides[last], length - 2, entry + d * d, d * d);
          apply<T>(taps(a, b, length - 1), f + (length - 1) * strides[last], strides[last], 1,
                   entry + (length - 1) * d * d, d * d);
        }
      }
      for (Index i = 0; i < length; ++i) {
        for (Index a = 0; a < d; ++a) {
          for (Index b = 0; b < a; ++b) {
            to[(i * d + a) * d + b] = to[(i * d + b) * d + a];
          }
        }
      }
    }
  });
}

#define INSTANTIATE(T) template void hessian_grid<T>(const T*, const Index*, const Index*, Index, const double*, T*);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
