// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>
#include <hessolve/iterative/coloring.hpp>

/// Splittings A = S - T: x := S^-1 (T x + b) = x + S^-1 (b - A x). With A = L + D + U:
///   richardson  S = I / omega                      jacobi      S = D / omega
///   gauss-seidel  S = L + D                        backward    S = D + U
///   symmetric   S = (L + D) D^-1 (D + U)           sor         S = L + D / omega
///   ssor        S = omega / (2 - omega) (L + D / omega) D^-1 (D / omega + U)
///   block-jacobi  S = the diagonal blocks of 8 rows, divided by omega
/// kaczmarz projects onto one row's hyperplane after the other, for any shape: Gauss-Seidel on A A^H y = b, x = A^H y.
/// [Young; Saad, Iterative Methods for Sparse Linear Systems, 4.1 and 8.2]
namespace hessolve {

/// A method made ready to sweep over A, which must outlive it: colours, inverted blocks, row norms.
template <class T>
class Sweeper {
 public:
  /// @throws std::invalid_argument for a method that is no sweep, an ordering that does not apply, an omega out of
  /// range
  Sweeper(const Entries<T>& A, Iteration method, Ordering ordering = Ordering::natural, double omega = 1,
          bool random_rows = false, std::uint64_t seed = 0);
  Sweeper(const Entries<T>& A, Iteration method, Coloring coloring, double omega);

  /// ok, zero_diagonal (row) or singular (a row of the block): ask before sweeping.
  [[nodiscard]] Outcome outcome() const { return outcome_; }
  /// One sweep in place. @return ok, or zero_diagonal with the row; x is then half swept.
  Outcome operator()(const T* b, T* x);
  /// The sweep from x to y, which do not overlap; x is read only.
  Outcome operator()(const T* b, const T* x, T* y);
  [[nodiscard]] Index groups() const { return coloring_.groups(); }

 private:
  void prepare(bool random_rows);

  const Entries<T>& A_;
  Iteration method_;
  Real<T> omega_;
  Coloring coloring_;
  Outcome outcome_;
  Buffer<T> work_;
  std::vector<T> blocks_;
  std::vector<Real<T>> norms_;
  std::vector<Index> drawn_;
  std::vector<double> cumulative_;
  std::uint64_t state_ = 0;
};

/// `iterations` sweeps in place on x. @return ok, zero_diagonal with the row, singular with a row of its block, or
/// non_finite where x overflowed; unless ok, x is as it was.
template <class T>
[[nodiscard]] Outcome sweep(const Entries<T>& A, In<T> b, MatrixView<T> x, Iteration method, Index iterations = 1,
                            double omega = 1, Ordering ordering = Ordering::natural);

/// S of the splitting, by rows; T = S - A. @return ok, zero_diagonal or singular as sweep.
template <class T>
[[nodiscard]] Outcome splitting(const Entries<T>& A, Iteration method, double omega, typename Entries<T>::Rows& S,
                                typename Entries<T>::Rows& rest);

}  // namespace hessolve
