// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/eigen_setup.hpp"

#include <cstdint>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

/// Packets: the only file that knows an instruction set. Everything rests on Eigen's portable packet functions; where
/// one of them is slow (partial loads, finding a lane), AVX-512 has a twin here.
namespace hessolve::simd {

template <class T>
using Packet = typename Eigen::internal::packet_traits<T>::type;

/// Elements of T in one packet; 1 where there is no vector unit.
template <class T>
inline constexpr int width = Eigen::internal::unpacket_traits<Packet<T>>::size;

/// Columns of a register tile: three packets of rows by this many columns leave room for one column of A and one
/// broadcast.
#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr int tile_columns = 8;  // 32 registers
#else
inline constexpr int tile_columns = 4;  // 16 registers
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#define HESSOLVE_INLINE __forceinline
#else
#define HESSOLVE_INLINE inline __attribute__((always_inline))
#endif

template <class T>
HESSOLVE_INLINE Packet<T> load(const T* p) {
  return Eigen::internal::ploadu<Packet<T>>(p);
}
template <class T>
HESSOLVE_INLINE void store(T* p, const Packet<T>& v) {
  Eigen::internal::pstoreu<T, Packet<T>>(p, v);
}
template <class T>
HESSOLVE_INLINE Packet<T> broadcast(T value) {
  return Eigen::internal::pset1<Packet<T>>(value);
}
template <class T>
HESSOLVE_INLINE Packet<T> zero() {
  return Eigen::internal::pzero(Packet<T>());
}

/// The first n < width elements, zeros behind them. Reads nothing past p + n.
template <class T>
HESSOLVE_INLINE Packet<T> load_partial(const T* p, Index n) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, double>) {
    return _mm512_maskz_loadu_pd(static_cast<__mmask8>((1U << n) - 1U), p);
  } else if constexpr (std::is_same_v<T, float>) {
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << n) - 1U), p);
  } else
#endif
  {
    alignas(64) T lanes[width<T>] = {};
    for (Index i = 0; i < n; ++i) {
      lanes[i] = p[i];
    }
    return load<T>(lanes);
  }
}
/// n < width elements in the last lanes, zeros before them. Reads nothing but p ... p + n - 1.
template <class T>
HESSOLVE_INLINE Packet<T> load_last(const T* p, Index n) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, double>) {
    return _mm512_maskz_expandloadu_pd(static_cast<__mmask8>(0xFF00U >> n), p);
  } else if constexpr (std::is_same_v<T, float>) {
    return _mm512_maskz_expandloadu_ps(static_cast<__mmask16>(0xFFFF0000U >> n), p);
  } else
#endif
  {
    alignas(64) T lanes[width<T>] = {};
    for (Index i = 0; i < n; ++i) {
      lanes[width<T> - n + i] = p[i];
    }
    return load<T>(lanes);
  }
}
template <class T>
HESSOLVE_INLINE void store_partial(T* p, const Packet<T>& v, Index n) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, double>) {
    _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1U << n) - 1U), v);
  } else if constexpr (std::is_same_v<T, float>) {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1U << n) - 1U), v);
  } else
#endif
  {
    alignas(64) T lanes[width<T>];
    store<T>(lanes, v);
    for (Index i = 0; i < n; ++i) {
      p[i] = lanes[i];
    }
  }
}

/// Lane i moves to lane i + n, those that leave at the end come in at the beginning; 0 <= n <= width.
template <class T>
HESSOLVE_INLINE Packet<T> rotate(const Packet<T>& v, Index n) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, double>) {
    const __m512i lanes = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm512_permutexvar_pd(_mm512_sub_epi64(lanes, _mm512_set1_epi64(n)), v);
  } else if constexpr (std::is_same_v<T, float>) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_permutexvar_ps(_mm512_sub_epi32(lanes, _mm512_set1_epi32(static_cast<int>(n))), v);
  } else
#endif
  {
    alignas(64) T lanes[2 * width<T>];
    store<T>(lanes, v);
    store<T>(lanes + width<T>, v);
    return load<T>(lanes + width<T> - n);
  }
}

/// Where a loop runs over whole packets and one rest: load(p, n) for a run-time n of width or less.
template <class T>
HESSOLVE_INLINE Packet<T> load_upto(const T* p, Index n) {
  return n >= width<T> ? load<T>(p) : load_partial<T>(p, n);
}
template <class T>
HESSOLVE_INLINE void store_upto(T* p, const Packet<T>& v, Index n) {
  if (n >= width<T>) {
    store<T>(p, v);
  } else {
    store_partial<T>(p, v, n);
  }
}

/// Elements from p to the next address that is a multiple of a packet's size: 0 if p is one, or no element begins
/// there.
template <class T>
HESSOLVE_INLINE Index elements_to_alignment(const T* p) {
  const auto past = reinterpret_cast<std::uintptr_t>(p) % sizeof(Packet<T>);
  return past % sizeof(T) == 0 ? static_cast<Index>((sizeof(Packet<T>) - past) % sizeof(Packet<T>) / sizeof(T)) : 0;
}

/// Ask for `rows` contiguous elements of each of `cols` columns: rows of a matrix that lie far apart are no stream that
/// a processor foresees.
template <class T>
HESSOLVE_INLINE void prefetch_columns(const T* p, Index rows, Index cols, Index stride) {
  constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  for (Index j = 0; j < cols; ++j) {
    for (Index i = 0; i < rows; i += line) {
      Eigen::internal::prefetch(p + i + j * stride);
    }
  }
}

/// Ask for memory that is wanted soon, but not before what the first-level cache holds.
template <class T>
HESSOLVE_INLINE void prefetch_to_second_level(const T* p) {
#if defined(__GNUC__)
  __builtin_prefetch(p, 0, 2);
#else
  Eigen::internal::prefetch(p);
#endif
}

/// c + a b and c - a b, rounded once for real T (where the instruction set can).
template <class P>
HESSOLVE_INLINE P multiply_add(const P& a, const P& b, const P& c) {
  return Eigen::internal::pmadd(a, b, c);
}
template <class P>
HESSOLVE_INLINE P negative_multiply_add(const P& a, const P& b, const P& c) {
  return Eigen::internal::pnmadd(a, b, c);
}
template <class P>
HESSOLVE_INLINE P multiply(const P& a, const P& b) {
  return Eigen::internal::pmul(a, b);
}
template <class P>
HESSOLVE_INLINE P add(const P& a, const P& b) {
  return Eigen::internal::padd(a, b);
}
template <class P>
HESSOLVE_INLINE P subtract(const P& a, const P& b) {
  return Eigen::internal::psub(a, b);
}
template <class P>
HESSOLVE_INLINE P absolute(const P& a) {
  return Eigen::internal::pabs(a);
}
template <class P>
HESSOLVE_INLINE P maximum(const P& a, const P& b) {
  return Eigen::internal::pmax(a, b);
}
template <class P>
HESSOLVE_INLINE auto largest_lane(const P& a) {
  return Eigen::internal::predux_max(a);
}

template <class P>
HESSOLVE_INLINE P divide(const P& a, const P& b) {
  return Eigen::internal::pdiv(a, b);
}
template <class P>
HESSOLVE_INLINE P minimum(const P& a, const P& b) {
  return Eigen::internal::pmin(a, b);
}
template <class P>
HESSOLVE_INLINE P square_root(const P& a) {
  return Eigen::internal::psqrt(a);
}

/// As many packets as one has elements, and their transposition.
template <class T>
using Block = Eigen::internal::PacketBlock<Packet<T>, width<T>>;
template <class B>
HESSOLVE_INLINE void transpose(B& block) {
  Eigen::internal::ptranspose(block);
}

namespace detail {
template <class T>
struct MaskOf {
  using type = Packet<T>;
};
#if defined(__AVX512F__)
template <>
struct MaskOf<double> {
  using type = __mmask8;
};
template <>
struct MaskOf<float> {
  using type = __mmask16;
};
#endif
}  // namespace detail
/// One truth value in each lane, for real T.
template <class T>
using Mask = typename detail::MaskOf<T>::type;

/// a > b, false for NaN.
template <class T>
HESSOLVE_INLINE Mask<T> greater(const Packet<T>& a, const Packet<T>& b) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, double>) {
    return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ);
  } else if constexpr (std::is_same_v<T, float>) {
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
  } else
#endif
  {
    return Eigen::internal::pcmp_lt(b, a);
  }
}
/// Of the lanes of P packets, 64 at most, those that still count.
template <class T, int P>
class LaneSet {
 public:
#if defined(__AVX512F__)
  static_assert(P * width<T> <= 64);
  /// The first n.
  void fill(Index n) { bits_ = n < 64 ? (std::uint64_t(1) << n) - 1 : ~std::uint64_t(0); }
  void remove(Index lane) { bits_ &= ~(std::uint64_t(1) << lane); }
  [[nodiscard]] Mask<T> operator[](int p) const { return static_cast<Mask<T>>(bits_ >> (p * width<T>)); }

 private:
  std::uint64_t bits_ = 0;
#else
  void fill(Index n) {
    for (int p = 0; p < P; ++p) {
      masks_[p] = Eigen::internal::pcmp_lt(lanes(p), broadcast<T>(static_cast<T>(n)));
    }
  }
  void remove(Index lane) {
    for (int p = 0; p < P; ++p) {
      masks_[p] =
          Eigen::internal::pandnot(masks_[p], Eigen::internal::pcmp_eq(lanes(p), broadcast<T>(static_cast<T>(lane))));
    }
  }
  [[nodiscard]] Mask<T> operator[](int p) const { return masks_[p]; }

 private:
  static Packet<T> lanes(int p) { return Eigen::internal::plset<Packet<T>>(static_cast<T>(p * width<T>)); }
  Packet<T> masks_[P];
#endif
};

/// `yes` in the lanes of the mask, `no` elsewhere.
#if defined(__AVX512F__)
HESSOLVE_INLINE Packet<double> select(__mmask8 where, const Packet<double>& yes, const Packet<double>& no) {
  return _mm512_mask_blend_pd(where, no, yes);
}
HESSOLVE_INLINE Packet<float> select(__mmask16 where, const Packet<float>& yes, const Packet<float>& no) {
  return _mm512_mask_blend_ps(where, no, yes);
}
HESSOLVE_INLINE bool any(unsigned where) { return where != 0; }
#else
template <class P>
HESSOLVE_INLINE P select(const P& where, const P& yes, const P& no) {
  return Eigen::internal::pselect(where, yes, no);
}
template <class P>
HESSOLVE_INLINE bool any(const P& where) {
  return Eigen::internal::predux_any(where);
}
#endif

/// Element `lane` of v in every lane.
template <class T>
HESSOLVE_INLINE Packet<T> broadcast_lane(const Packet<T>& v, int lane) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, double>) {
    return _mm512_permutexvar_pd(_mm512_set1_epi64(lane), v);
  } else if constexpr (std::is_same_v<T, float>) {
    return _mm512_permutexvar_ps(_mm512_set1_epi32(lane), v);
  } else
#endif
  {
    alignas(64) T lanes[width<T>];
    store<T>(lanes, v);
    return broadcast<T>(lanes[lane]);
  }
}

/// The first lane that equals `value`, or -1, for real T.
template <class T>
HESSOLVE_INLINE int find_lane(const Packet<T>& v, T value) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, double>) {
    const unsigned hit = _mm512_cmp_pd_mask(v, _mm512_set1_pd(value), _CMP_EQ_OQ);
    return hit != 0 ? static_cast<int>(_tzcnt_u32(hit)) : -1;
  } else if constexpr (std::is_same_v<T, float>) {
    const unsigned hit = _mm512_cmp_ps_mask(v, _mm512_set1_ps(value), _CMP_EQ_OQ);
    return hit != 0 ? static_cast<int>(_tzcnt_u32(hit)) : -1;
  } else
#endif
  {
    alignas(64) T lanes[width<T>];
    store<T>(lanes, v);
    for (int i = 0; i < width<T>; ++i) {
      if (lanes[i] == value) {
        return i;
      }
    }
    return -1;
  }
}

/// a b = product + error exactly (barring underflow), for real scalars.
template <class T>
HESSOLVE_INLINE void two_product(const Packet<T>& a, const Packet<T>& b, Packet<T>& product, Packet<T>& error) {
  product = multiply(a, b);
#if defined(__FMA__) || defined(__AVX512F__) || defined(__aarch64__) || defined(_M_ARM64)
  error = Eigen::internal::pmadd(a, b, Eigen::internal::pnegate(product));  // pmsub is not fused in every Eigen
#else  // Dekker's splitting  [Higham, Accuracy and Stability, 4.3]
  const Packet<T> factor = broadcast<T>(std::is_same_v<T, float> ? T(4097) : T(134217729));
  const auto split = [&](const Packet<T>& x, Packet<T>& high, Packet<T>& low) {
    const Packet<T> c = multiply(factor, x);
    high = subtract(c, subtract(c, x));
    low = subtract(x, high);
  };
  Packet<T> a1, a2, b1, b2;
  split(a, a1, a2);
  split(b, b1, b2);
  error = add(add(add(subtract(multiply(a1, b1), product), multiply(a1, b2)), multiply(a2, b1)), multiply(a2, b2));
#endif
}

/// Index of the first of n elements whose modulus (real T) or cheap modulus (complex T) is `value`; 0 where there is
/// none.
template <class T>
HESSOLVE_INLINE Index find_modulus(const T* p, Index n, Real<T> value) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, double>) {
    const __m512d wanted = _mm512_set1_pd(value);
    for (Index i = 0; i < n; i += 8) {
      const __m512d v = _mm512_abs_pd(load_upto<double>(p + i, n - i));
      if (const unsigned hit = _mm512_cmp_pd_mask(v, wanted, _CMP_EQ_OQ); hit != 0) {
        const Index at = i + static_cast<Index>(_tzcnt_u32(hit));
        return at < n ? at : 0;
      }
    }
    return 0;
  }
#endif
  for (Index i = 0; i < n; ++i) {
    if (cheap_abs(p[i]) == value) {
      return i;
    }
  }
  return 0;
}

}  // namespace hessolve::simd
