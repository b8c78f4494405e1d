// SPDX-License-Identifier: BSD-3-Clause
// Solve from Eigen::MatrixXd, and handle the error when there is no answer.
#include <Eigen/Dense>
#include <hessolve/eigen.hpp>

#include <iostream>

namespace hs = hessolve;

int main() {
  Eigen::MatrixXd A(3, 3);
  A << 2, 4, 6,  //
      2, 0, 2,   //
      6, 8, 14;  // column 2 is column 0 + column 1
  const Eigen::VectorXd b = A * Eigen::VectorXd::Ones(3);

  try {
    const Eigen::VectorXd x = hs::eigen::solve(A, b);
    std::cout << "x = " << x.transpose() << "\n";
  } catch (const hs::NumericalError& error) {
    std::cout << "no plain answer, " << error.what() << "\n";
  }

  hs::Certificate certificate;
  const Eigen::VectorXd x = hs::eigen::backslash(A, b, &certificate);  // the shortest of all solutions
  std::cout << "x = " << x.transpose() << ", rank " << certificate.rank << " by " << hs::name(certificate.method)
            << "\n";

  A(2, 2) = 15;
  const Eigen::VectorXd y = hs::eigen::solve(A, A * Eigen::VectorXd::Ones(3), {}, &certificate);
  std::cout << "y = " << y.transpose() << ", relative error at most " << certificate.forward_error << "\n";
  return (y - Eigen::VectorXd::Ones(3)).norm() < 1e-12 ? 0 : 1;
}
