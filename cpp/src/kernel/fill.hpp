// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/view.hpp>

#include <algorithm>

/// The simplest matrices.
namespace hessolve {

/// M := 0
template <class T>
void clear(ColMajor<T> M) {
  for (Index j = 0; j < M.cols; ++j) {
    std::fill_n(M.col(j), M.rows, T(0));
  }
}

/// The lower triangle of M := 0
template <class T>
void clear_lower(ColMajor<T> M) {
  for (Index j = 0; j < M.cols; ++j) {
    std::fill(M.col(j) + j, M.col(j) + M.rows, T(0));
  }
}

/// M := the first columns of the unit matrix.
template <class T>
void set_identity(ColMajor<T> M) {
  clear<T>(M);
  for (Index j = 0; j < std::min(M.rows, M.cols); ++j) {
    M(j, j) = T(1);
  }
}

/// M := -M
template <class T>
void negate(ColMajor<T> M) {
  for (Index j = 0; j < M.cols; ++j) {
    T* column = M.col(j);
    for (Index i = 0; i < M.rows; ++i) {
      column[i] = -column[i];
    }
  }
}

/// Every element of X := value; X may be null.
template <class T>
void fill(MatrixView<T> X, T value) {
  for (Index j = 0; j < X.cols && X.data != nullptr; ++j) {
    for (Index i = 0; i < X.rows; ++i) {
      X(i, j) = value;
    }
  }
}

}  // namespace hessolve
