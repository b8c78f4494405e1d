// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/qr.hpp>

#include "kernel/eigen_setup.hpp"

#include <Eigen/QR>

namespace hessolve {

template <class T>
void qr_in_place(ColMajor<T> A, T* tau) {
  if (A.rows == 0 || A.cols == 0) {
    return;
  }
  auto matrix = as_eigen(A);
  Eigen::Ref<EigenMatrix<T>> target(matrix);
  const Eigen::HouseholderQR<Eigen::Ref<EigenMatrix<T>>> qr(target);
  Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>>(tau, qr.hCoeffs().size()) = qr.hCoeffs();
}

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

template <class T>
void apply_q(InColMajor<T> QR, const T* tau, Index reflections, Trans trans, ColMajor<T> B) {
  if (reflections == 0 || B.cols == 0) {
    return;
  }
  using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;
  const auto matrix = as_eigen(QR);
  const auto essential = matrix.leftCols(reflections);
  const Vector coefficients = Eigen::Map<const Vector>(tau, reflections).conjugate();
  const auto Q = Eigen::householderSequence(essential, coefficients);
  auto target = as_eigen(B);
  if (trans == Trans::none) {
    target.applyOnTheLeft(Q);
  } else {
    target.applyOnTheLeft(Q.adjoint());
  }
}

#define INSTANTIATE(T)                                           \
  template void qr_in_place<T>(ColMajor<T>, T*);                 \
  template void qr_pivoted_in_place<T>(ColMajor<T>, T*, Index*); \
  template void apply_q<T>(InColMajor<T>, const T*, Index, Trans, ColMajor<T>);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
