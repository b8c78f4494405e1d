// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/structure.hpp>

#include "kernel/block_sizes.hpp"
#include "kernel/source.hpp"
#include "kernel/team.hpp"

#include <vector>

namespace hessolve {

const char* name(Kind kind) {
  switch (kind) {
    case Kind::zero: return "zero";
    case Kind::diagonal: return "diagonal";
    case Kind::tridiagonal: return "tridiagonal";
    case Kind::banded: return "banded";
    case Kind::upper_triangular: return "upper triangular";
    case Kind::lower_triangular: return "lower triangular";
    case Kind::permuted_triangular: return "permuted triangular";
    case Kind::symmetric: return "symmetric";
    case Kind::hermitian: return "hermitian";
    case Kind::positive_definite_candidate: return "positive definite candidate";
    case Kind::general: return "general";
  }
  return "unknown";
}

namespace {

template <class T>
bool is_zero(const T& value) {
  return value == T(0);
}

struct Bandwidths {
  Index lower = -1;  // -1: no nonzero on or below the diagonal
  Index upper = -1;
  bool zero = true;
};

/// Each column is read from its ends towards the band known so far, so that a dense column costs two reads.
template <class T>
Bandwidths bandwidths(In<T> A) {
  Bandwidths band;
  for (Index j = 0; j < A.cols; ++j) {
    const Index below = std::max<Index>(j + band.lower + 1, 0);
    for (Index i = A.rows - 1; i >= below; --i) {
      if (!is_zero(A(i, j))) {
        band.lower = i - j;
        band.zero = false;
        break;
      }
    }
    const Index above = std::min<Index>(j - band.upper, A.rows);
    for (Index i = 0; i < above; ++i) {
      if (!is_zero(A(i, j))) {
        band.upper = j - i;
        band.zero = false;
        break;
      }
    }
  }
  return band;
}

struct Symmetry {
  bool hermitian = true;
  bool symmetric = true;
};

constexpr Index tile = 32;

/// Compare the tile at (i, j) with its mirror image.
template <class T>
Symmetry compare_tile(In<T> A, Index i, Index j) {
  const Index m = std::min(tile, A.rows - i);
  const Index n = std::min(tile, A.cols - j);
  alignas(64) T mirror[tile * tile];  // the block at (j, i), transposed
  if (A.row_stride == 1) {
    detail::transpose_tile<T>(&A(j, i), A.col_stride, m, n, mirror, tile);
  } else {
    for (Index c = 0; c < m; ++c) {
      for (Index r = 0; r < n; ++r) {
        mirror[c + r * tile] = A(j + r, i + c);
      }
    }
  }
  Symmetry result;
  for (Index c = 0; c < n; ++c) {
    Index unsymmetric = 0;
    Index unhermitian = 0;
    const T* b = mirror + c * tile;
    for (Index r = 0; r < m; ++r) {
      const T a = A(i + r, j + c);
      unsymmetric += a == b[r] ? 0 : 1;
      if constexpr (is_complex<T>) {
        unhermitian += a == conjugate(b[r]) ? 0 : 1;
      }
    }
    result.symmetric = result.symmetric && unsymmetric == 0;
    result.hermitian = result.hermitian && (is_complex<T> ? unhermitian : unsymmetric) == 0;
  }
  return result;
}

template <class T>
Symmetry symmetry(In<T> A) {
  const Index n = A.rows;
  const Index tiles = (n + tile - 1) / tile;
  Symmetry result = n > 1 ? compare_tile<T>(A, n > tile ? tile : 0, 0) : Symmetry{};  // decides for most matrices
  if (n == 1) {
    result.hermitian = A(0, 0) == conjugate(A(0, 0));
  }
  std::atomic<bool> hermitian{result.hermitian};
  std::atomic<bool> symmetric{result.symmetric};
  if (n > 1) {
    parallel_for(tiles, (hermitian || symmetric) && n > 2 * serial_below, [&](Index s) {
      for (Index t = s; t < tiles && (hermitian || symmetric); ++t) {
        const Symmetry here = compare_tile<T>(A, t * tile, s * tile);
        if (!here.hermitian) {
          hermitian = false;
        }
        if (!here.symmetric) {
          symmetric = false;
        }
      }
    });
  }
  return {hermitian, symmetric};
}

/// A permuted triangular matrix has one column without zeros at the most, and at least n (n - 1) / 2 zeros.
template <class T>
bool may_be_permuted_triangular(In<T> A) {
  int full = 0;
  Index nonzeros = 0;
  for (Index j = 0; j < A.cols; ++j) {
    Index in_column = 0;
    for (Index i = 0; i < A.rows; ++i) {
      in_column += is_zero(A(i, j)) ? 0 : 1;
    }
    nonzeros += in_column;
    full += in_column == A.rows ? 1 : 0;
    if (full > 1 || nonzeros > A.rows * (A.rows + 1) / 2) {
      return false;
    }
  }
  return true;
}

Structure flipped(Structure s) {
  std::swap(s.rows, s.cols);
  std::swap(s.lower_bandwidth, s.upper_bandwidth);
  if (s.kind == Kind::upper_triangular) {
    s.kind = Kind::lower_triangular;
  } else if (s.kind == Kind::lower_triangular) {
    s.kind = Kind::upper_triangular;
  }
  return s;
}

}  // namespace

template <class T>
bool triangular_order(In<T> A, Index* rows, Index* cols) {
  const Index n = A.rows;
  std::vector<Index> count(static_cast<std::size_t>(n), 0);  // nonzeros of each row in the columns not yet ordered
  std::vector<Index> sum(static_cast<std::size_t>(n),
                         0);  // sum of their column indices: the column itself once one is left
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      if (!is_zero(A(i, j))) {
        ++count[static_cast<std::size_t>(i)];
        sum[static_cast<std::size_t>(i)] += j;
      }
    }
  }
  Index found = 0;
  for (Index i = 0; i < n; ++i) {
    if (count[static_cast<std::size_t>(i)] == 1) {
      rows[found++] = i;
    }
  }
  for (Index k = 0; k < found; ++k) {
    const auto row = static_cast<std::size_t>(rows[k]);
    if (count[row] != 1) {
      return false;  // two rows want the same column
    }
    const Index j = sum[row];
    cols[k] = j;
    for (Index i = 0; i < n; ++i) {
      if (!is_zero(A(i, j))) {
        sum[static_cast<std::size_t>(i)] -= j;
        if (--count[static_cast<std::size_t>(i)] == 1) {
          rows[found++] = i;
        }
      }
    }
  }
  return found == n;
}

template <class T>
Structure inspect(In<T> A) {
  if (std::abs(A.col_stride) < std::abs(A.row_stride)) {  // run along memory
    return flipped(inspect<T>(A.transposed()));
  }
  Structure result;
  result.rows = A.rows;
  result.cols = A.cols;
  const Bandwidths band = bandwidths<T>(A);
  result.lower_bandwidth = std::max<Index>(band.lower, 0);
  result.upper_bandwidth = std::max<Index>(band.upper, 0);
  if (band.zero) {
    result.kind = Kind::zero;
    return result;
  }
  if (A.rows != A.cols) {
    return result;
  }
  const Index n = A.rows;
  const Index width = result.lower_bandwidth + result.upper_bandwidth + 1;
  if (width == 1) {
    result.kind = Kind::diagonal;
  } else if (result.lower_bandwidth == 0 && result.upper_bandwidth * 4 > n) {
    result.kind = Kind::upper_triangular;
  } else if (result.upper_bandwidth == 0 && result.lower_bandwidth * 4 > n) {
    result.kind = Kind::lower_triangular;
  } else if (result.lower_bandwidth <= 1 && result.upper_bandwidth <= 1 && n > 3) {
    result.kind = Kind::tridiagonal;
  } else if (width * (n <= 64 ? 4 : 8) <= n) {
    result.kind = Kind::banded;
  } else if (const Symmetry s = symmetry<T>(A); s.hermitian || s.symmetric) {
    bool positive = s.hermitian;
    for (Index i = 0; i < n && positive; ++i) {
      positive = real_part(A(i, i)) > 0;
    }
    result.kind = !s.hermitian ? Kind::symmetric : positive ? Kind::positive_definite_candidate : Kind::hermitian;
  } else if (may_be_permuted_triangular<T>(A)) {
    Buffer<Index> order(2 * n);
    if (triangular_order<T>(A, order.data(), order.data() + n)) {
      result.kind = Kind::permuted_triangular;
    }
  }
  return result;
}

#define INSTANTIATE(T)                  \
  template Structure inspect<T>(In<T>); \
  template bool triangular_order<T>(In<T>, Index*, Index*);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
