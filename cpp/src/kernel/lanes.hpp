// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/simd.hpp"

#include <algorithm>

/// Many small matrices at once, one in each SIMD lane: element (i, j) of all of them is one `Lanes` value, and what is
/// done to it is done to each matrix alone. The bits of a result do not depend on the lane.
namespace hessolve {

/// One number in each lane: a packet, or two for real and imaginary parts.
template <class T>
struct Lanes {
  using R = Real<T>;
  simd::Packet<R> re;
};
template <class R>
struct Lanes<std::complex<R>> {
  simd::Packet<R> re;
  simd::Packet<R> im;
};

/// Matrices worked on at once.
template <class T>
inline constexpr Index lane_count = simd::width<Real<T>>;

template <class T>
HESSOLVE_INLINE Lanes<T> all_lanes(Real<T> value) {
  Lanes<T> result;
  result.re = simd::broadcast<Real<T>>(value);
  if constexpr (is_complex<T>) {
    result.im = simd::zero<Real<T>>();
  }
  return result;
}

/// c - a b
template <class T>
HESSOLVE_INLINE Lanes<T> subtract_product(const Lanes<T>& a, const Lanes<T>& b, Lanes<T> c) {
  c.re = simd::negative_multiply_add(a.re, b.re, c.re);
  if constexpr (is_complex<T>) {
    c.re = simd::multiply_add(a.im, b.im, c.re);
    c.im = simd::negative_multiply_add(a.re, b.im, c.im);
    c.im = simd::negative_multiply_add(a.im, b.re, c.im);
  }
  return c;
}
/// c + a b
template <class T>
HESSOLVE_INLINE Lanes<T> add_product(const Lanes<T>& a, const Lanes<T>& b, Lanes<T> c) {
  c.re = simd::multiply_add(a.re, b.re, c.re);
  if constexpr (is_complex<T>) {
    c.re = simd::negative_multiply_add(a.im, b.im, c.re);
    c.im = simd::multiply_add(a.re, b.im, c.im);
    c.im = simd::multiply_add(a.im, b.re, c.im);
  }
  return c;
}
/// c + conj(a) b
template <class T>
HESSOLVE_INLINE Lanes<T> add_conjugate_product(const Lanes<T>& a, const Lanes<T>& b, Lanes<T> c) {
  c.re = simd::multiply_add(a.re, b.re, c.re);
  if constexpr (is_complex<T>) {
    c.re = simd::multiply_add(a.im, b.im, c.re);
    c.im = simd::multiply_add(a.re, b.im, c.im);
    c.im = simd::negative_multiply_add(a.im, b.re, c.im);
  }
  return c;
}
/// c - a conj(b)
template <class T>
HESSOLVE_INLINE Lanes<T> subtract_conjugate_product(const Lanes<T>& a, const Lanes<T>& b, Lanes<T> c) {
  c.re = simd::negative_multiply_add(a.re, b.re, c.re);
  if constexpr (is_complex<T>) {
    c.re = simd::negative_multiply_add(a.im, b.im, c.re);
    c.im = simd::multiply_add(a.re, b.im, c.im);
    c.im = simd::negative_multiply_add(a.im, b.re, c.im);
  }
  return c;
}
template <class T>
HESSOLVE_INLINE Lanes<T> multiply(const Lanes<T>& a, const Lanes<T>& b) {
  Lanes<T> c;
  c.re = simd::multiply(a.re, b.re);
  if constexpr (is_complex<T>) {
    c.re = simd::negative_multiply_add(a.im, b.im, c.re);
    c.im = simd::multiply_add(a.im, b.re, simd::multiply(a.re, b.im));
  }
  return c;
}
/// sum + |a|^2
template <class T>
HESSOLVE_INLINE simd::Packet<Real<T>> add_square(const Lanes<T>& a, simd::Packet<Real<T>> sum) {
  sum = simd::multiply_add(a.re, a.re, sum);
  if constexpr (is_complex<T>) {
    sum = simd::multiply_add(a.im, a.im, sum);
  }
  return sum;
}
template <class T>
HESSOLVE_INLINE Lanes<T> conjugate(const Lanes<T>& a) {
  Lanes<T> c;
  c.re = a.re;
  if constexpr (is_complex<T>) {
    c.im = simd::subtract(simd::zero<Real<T>>(), a.im);
  }
  return c;
}
template <class T>
HESSOLVE_INLINE Lanes<T> scale(const Lanes<T>& a, const simd::Packet<Real<T>>& factor) {
  Lanes<T> c;
  c.re = simd::multiply(a.re, factor);
  if constexpr (is_complex<T>) {
    c.im = simd::multiply(a.im, factor);
  }
  return c;
}
template <class T>
HESSOLVE_INLINE Lanes<T> reciprocal(const Lanes<T>& a) {
  using R = Real<T>;
  Lanes<T> c;
  if constexpr (is_complex<T>) {
    const auto d = simd::divide(simd::broadcast<R>(R(1)), simd::multiply_add(a.im, a.im, simd::multiply(a.re, a.re)));
    c.re = simd::multiply(a.re, d);
    c.im = simd::subtract(simd::zero<R>(), simd::multiply(a.im, d));
  } else {
    c.re = simd::divide(simd::broadcast<R>(R(1)), a.re);
  }
  return c;
}
/// |re| + |im|
template <class T>
HESSOLVE_INLINE simd::Packet<Real<T>> cheap_size(const Lanes<T>& a) {
  if constexpr (is_complex<T>) {
    return simd::add(simd::absolute(a.re), simd::absolute(a.im));
  } else {
    return simd::absolute(a.re);
  }
}
/// Exchange a and b in the lanes of the mask.
template <class T>
HESSOLVE_INLINE void exchange(const simd::Mask<Real<T>>& where, Lanes<T>& a, Lanes<T>& b) {
  const Lanes<T> old = a;
  a.re = simd::select(where, b.re, a.re);
  b.re = simd::select(where, old.re, b.re);
  if constexpr (is_complex<T>) {
    a.im = simd::select(where, b.im, a.im);
    b.im = simd::select(where, old.im, b.im);
  }
}

namespace detail {

/// How the elements of a view follow each other in memory.
enum class Order : signed char { by_rows, by_columns, scattered };

template <class T>
Order order_of(const MatrixView<T>& A) {
  if ((A.col_stride == 1 || A.cols == 1) && (A.row_stride == A.cols || A.rows == 1)) {
    return Order::by_rows;
  }
  return (A.row_stride == 1 || A.rows == 1) && (A.col_stride == A.rows || A.cols == 1) ? Order::by_columns
                                                                                       : Order::scattered;
}

/// Walks through elements in the order of memory and tells where each belongs in rows of `stride` Lanes.
class Walk {
 public:
  Walk(Index rows, Index cols, Index stride, Order order) : rows_(rows), cols_(cols), stride_(stride), order_(order) {}
  [[nodiscard]] Index place() const { return i_ * stride_ + j_; }
  void next() {
    if (order_ == Order::by_columns) {
      if (++i_ == rows_) {
        i_ = 0;
        ++j_;
      }
    } else if (++j_ == cols_) {
      j_ = 0;
      ++i_;
    }
  }

 private:
  Index rows_;
  Index cols_;
  Index stride_;
  Order order_;
  Index i_ = 0;
  Index j_ = 0;
};

}  // namespace detail

/// out[i stride + j] := element (i, j) of views[0], ..., views[lane_count - 1], which share shape and strides. Lanes
/// from `count` on repeat the first.
template <class T>
void gather_lanes(const MatrixView<const T>* views, Index count, Lanes<T>* out, Index stride) {
  using R = Real<T>;
  constexpr Index W = lane_count<T>;
  constexpr Index parts = is_complex<T> ? 2 : 1;
  const MatrixView<const T>& first = views[0];
  const detail::Order order = detail::order_of(first);
  if (order == detail::Order::scattered) {
    alignas(64) R lanes[2][W];
    for (Index i = 0; i < first.rows; ++i) {
      for (Index j = 0; j < first.cols; ++j) {
        for (Index k = 0; k < W; ++k) {
          const T value = views[k < count ? k : 0](i, j);
          lanes[0][k] = real_part(value);
          if constexpr (is_complex<T>) {
            lanes[1][k] = value.imag();
          }
        }
        auto* to = reinterpret_cast<simd::Packet<R>*>(out + i * stride + j);  // NOLINT: one or two packets
        for (Index p = 0; p < parts; ++p) {
          to[p] = simd::load<R>(lanes[p]);
        }
      }
    }
    return;
  }
  const R* from[W];
  for (Index k = 0; k < W; ++k) {
    from[k] = reinterpret_cast<const R*>(views[k < count ? k : 0].data);  // NOLINT: complex is two reals
  }
  detail::Walk walk(first.rows, first.cols, stride, order);
  const Index total = parts * first.rows * first.cols;
  for (Index e = 0; e < total; e += W) {
    simd::Block<R> block;
    for (Index k = 0; k < W; ++k) {
      block.packet[k] = simd::load_upto<R>(from[k] + e, total - e);
    }
    simd::transpose(block);
    for (Index q = 0; q < W && e + q < total; ++q) {
      auto* to = reinterpret_cast<simd::Packet<R>*>(out + walk.place());  // NOLINT
      to[(e + q) % parts] = block.packet[q];
      if ((e + q) % parts == parts - 1) {
        walk.next();
      }
    }
  }
}

/// The other way round, for the first `count` lanes.
template <class T>
void scatter_lanes(const Lanes<T>* in, Index stride, const MatrixView<T>* views, Index count) {
  using R = Real<T>;
  constexpr Index W = lane_count<T>;
  constexpr Index parts = is_complex<T> ? 2 : 1;
  const MatrixView<T>& first = views[0];
  const detail::Order order = detail::order_of(first);
  if (order == detail::Order::scattered) {
    alignas(64) R lanes[2][W];
    for (Index i = 0; i < first.rows; ++i) {
      for (Index j = 0; j < first.cols; ++j) {
        const auto* from = reinterpret_cast<const simd::Packet<R>*>(in + i * stride + j);  // NOLINT
        for (Index p = 0; p < parts; ++p) {
          simd::store<R>(lanes[p], from[p]);
        }
        for (Index k = 0; k < count; ++k) {
          if constexpr (is_complex<T>) {
            views[k](i, j) = T(lanes[0][k], lanes[1][k]);
          } else {
            views[k](i, j) = lanes[0][k];
          }
        }
      }
    }
    return;
  }
  detail::Walk walk(first.rows, first.cols, stride, order);
  const Index total = parts * first.rows * first.cols;
  for (Index e = 0; e < total; e += W) {
    simd::Block<R> block;
    for (Index q = 0; q < W; ++q) {
      if (e + q >= total) {
        block.packet[q] = simd::zero<R>();
        continue;
      }
      block.packet[q] = reinterpret_cast<const simd::Packet<R>*>(in + walk.place())[(e + q) % parts];  // NOLINT
      if ((e + q) % parts == parts - 1) {
        walk.next();
      }
    }
    simd::transpose(block);
    for (Index k = 0; k < count; ++k) {
      simd::store_upto<R>(reinterpret_cast<R*>(views[k].data) + e, block.packet[k], total - e);  // NOLINT
    }
  }
}

}  // namespace hessolve
