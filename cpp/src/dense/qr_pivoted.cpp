// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/qr.hpp>

#include "kernel/eigen_setup.hpp"

#include <Eigen/QR>

namespace hessolve {

template <class T>
void qr_pivoted_in_place(ColMajor<T> A, T* tau, Index* permutation) {
  if (A.rows == 0 || A.cols == 0) {
    for (Index j = 0; j < A.cols; ++j) {
      permutation[j] = j;
    }
    return;
  }
  auto matrix = as_eigen(A);
  Eigen::Ref<EigenMatrix<T>> target(matrix);
  const Eigen::ColPivHouseholderQR<Eigen::Ref<EigenMatrix<T>>> qr(target);
  Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>>(tau, qr.hCoeffs().size()) = qr.hCoeffs();
  for (Index j = 0; j < A.cols; ++j) {
    permutation[j] = qr.colsPermutation().indices()[j];
  }
}

#define INSTANTIATE(T) template void qr_pivoted_in_place<T>(ColMajor<T>, T*, Index*);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
