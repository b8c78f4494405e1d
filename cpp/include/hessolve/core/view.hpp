// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/scalars.hpp>

/// Views are the currency: a pointer, a shape and strides. They own nothing and are passed by value.
namespace hessolve {

namespace detail {
template <class T>
struct Identity {
  using type = T;
};
}  // namespace detail

/// A rows x cols matrix in anyone's memory, element (i, j) at data[i row_stride + j col_stride]; strides in elements,
/// any sign.
template <class T>
struct MatrixView {
  T* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index row_stride = 1;
  Index col_stride = 0;

  T& operator()(Index i, Index j) const { return data[i * row_stride + j * col_stride]; }
  template <class U, class = std::enable_if_t<std::is_convertible_v<T*, U*>>>
  operator MatrixView<U>() const {  // NOLINT: meant to be implicit; const is only ever added
    return {data, rows, cols, row_stride, col_stride};
  }
  [[nodiscard]] MatrixView transposed() const { return {data, cols, rows, col_stride, row_stride}; }
  [[nodiscard]] MatrixView block(Index i, Index j, Index m, Index n) const {
    return {data + i * row_stride + j * col_stride, m, n, row_stride, col_stride};
  }
};

/// A matrix whose columns are contiguous: what kernels work on. Element (i, j) at data[i + j stride], stride >= rows.
template <class T>
struct ColMajor {
  T* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index stride = 0;

  T& operator()(Index i, Index j) const { return data[i + j * stride]; }
  T* col(Index j) const { return data + j * stride; }
  template <class U, class = std::enable_if_t<std::is_convertible_v<T*, U*>>>
  operator ColMajor<U>() const {  // NOLINT: meant to be implicit
    return {data, rows, cols, stride};
  }
  template <class U, class = std::enable_if_t<std::is_convertible_v<T*, U*>>>
  operator MatrixView<U>() const {  // NOLINT
    return {data, rows, cols, 1, stride};
  }
  [[nodiscard]] ColMajor block(Index i, Index j, Index m, Index n) const {
    return {data + i + j * stride, m, n, stride};
  }
};

/// `size` elements, element i at data[i stride]; any sign of the stride. Where a matrix is wanted it is one column.
template <class T>
struct VectorView {
  T* data = nullptr;
  Index size = 0;
  Index stride = 1;

  T& operator[](Index i) const { return data[i * stride]; }
  template <class U, class = std::enable_if_t<std::is_convertible_v<T*, U*>>>
  operator VectorView<U>() const {  // NOLINT
    return {data, size, stride};
  }
  template <class U, class = std::enable_if_t<std::is_convertible_v<T*, U*>>>
  operator MatrixView<U>() const {  // NOLINT
    return {data, size, 1, stride, 0};
  }
};

/// Input parameters of templates: a non-deduced context, so that MatrixView<double> converts to MatrixView<const
/// double>.
template <class T>
using In = MatrixView<const typename detail::Identity<T>::type>;
template <class T>
using InColMajor = ColMajor<const typename detail::Identity<T>::type>;

/// `data` holds the matrix row by row (NumPy's C order).
template <class T>
[[nodiscard]] MatrixView<T> row_major(T* data, Index rows, Index cols) {
  return {data, rows, cols, cols, 1};
}

/// `data` holds the matrix column by column (Fortran order).
template <class T>
[[nodiscard]] MatrixView<T> column_major(T* data, Index rows, Index cols) {
  return {data, rows, cols, 1, rows};
}

/// One row, column or diagonal of a matrix.
template <class T>
[[nodiscard]] VectorView<T> row_of(MatrixView<T> A, Index i) {
  return {A.data + i * A.row_stride, A.cols, A.col_stride};
}
template <class T>
[[nodiscard]] VectorView<T> column_of(MatrixView<T> A, Index j) {
  return {A.data + j * A.col_stride, A.rows, A.row_stride};
}
template <class T>
[[nodiscard]] VectorView<T> diagonal_of(MatrixView<T> A) {
  return {A.data, A.rows < A.cols ? A.rows : A.cols, A.row_stride + A.col_stride};
}

/// A contiguous vector as one column.
template <class T>
[[nodiscard]] MatrixView<T> column(T* data, Index size) {
  return {data, size, 1, 1, size};
}

}  // namespace hessolve
