// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/dense/svd.hpp>

#include "kernel/eigen_setup.hpp"

#include <Eigen/SVD>

#include <limits>

/// Eigen's divide and conquer SVD. Its instantiations take half a minute each, so the scalars are spread over two
/// sources.
namespace hessolve {

template <class T>
Svd<T> svd(InColMajor<T> A) {
  const Index r = std::min(A.rows, A.cols);
  Svd<T> result{Matrix<T>(A.rows, r), Matrix<T>(A.cols, r), Buffer<Real<T>>(r)};
  if (r == 0) {
    return result;
  }
  const Eigen::BDCSVD<EigenMatrix<T>, Eigen::ComputeThinU | Eigen::ComputeThinV> decomposition(as_eigen(A));
  as_eigen(result.U.view()) = decomposition.matrixU();
  as_eigen(result.V.view()) = decomposition.matrixV();
  std::copy_n(decomposition.singularValues().data(), r, result.s.data());
  if (decomposition.info() !=
      Eigen::Success) {  // not finite, or no convergence: never a value that looks like an answer
    std::fill_n(result.s.data(), r, std::numeric_limits<Real<T>>::quiet_NaN());
  }
  return result;
}

template <class T>
void singular_values(InColMajor<T> A, Real<T>* s) {
  const Index r = std::min(A.rows, A.cols);
  if (r > 0) {
    const Eigen::BDCSVD<EigenMatrix<T>, Eigen::ComputeThinU | Eigen::ComputeThinV> decomposition(as_eigen(A));
    std::copy_n(decomposition.singularValues().data(), r, s);
    if (decomposition.info() != Eigen::Success) {
      std::fill_n(s, r, std::numeric_limits<Real<T>>::quiet_NaN());
    }
  }
}

}  // namespace hessolve
