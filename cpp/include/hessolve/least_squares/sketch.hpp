// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>

#include <cstdint>

namespace hessolve {

enum class Sketch : signed char {
  gaussian,     ///< independent normal entries of variance 1 / size
  sparse_sign,  ///< `sketch_nonzeros` entries +-1 / sqrt(sketch_nonzeros) in each column
};

/// Nonzeros in each column of a sparse sign matrix: 8 keep the distortion of subspaces near a Gaussian's.
/// [Martinsson & Tropp 2020, doi 10.1017/S0962492920000021, section 9.2]
inline constexpr Index sketch_nonzeros = 8;

/// SA := S A for a random S of SA.rows x A.rows with E [S^H S] = I. The same seed gives the same bits, whatever the
/// threads and the memory order. One pass over A: 2 m n size flops (gaussian), 2 m n sketch_nonzeros (sparse_sign).
template <class T>
void sketch(In<T> A, MatrixView<T> SA, Sketch kind, std::uint64_t seed);

}  // namespace hessolve
