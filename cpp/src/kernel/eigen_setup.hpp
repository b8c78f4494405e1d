// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The one way this library includes Eigen: serial (threads are ours), and under a namespace of its own (see
// CMakeLists.txt).
#ifndef EIGEN_DONT_PARALLELIZE
#define EIGEN_DONT_PARALLELIZE
#endif
#ifndef EIGEN_MPL2_ONLY
#define EIGEN_MPL2_ONLY
#endif
#include <Eigen/Core>

#include <hessolve/core/view.hpp>

namespace hessolve {

template <class T>
using EigenMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;

/// A kernel's matrix as Eigen sees it, without copying.
template <class T>
[[nodiscard]] auto as_eigen(ColMajor<T> A) {
  using Plain = EigenMatrix<std::remove_const_t<T>>;
  using Element = std::conditional_t<std::is_const_v<T>, const Plain, Plain>;
  return Eigen::Map<Element, 0, Eigen::OuterStride<>>(A.data, A.rows, A.cols, Eigen::OuterStride<>(A.stride));
}

}  // namespace hessolve
