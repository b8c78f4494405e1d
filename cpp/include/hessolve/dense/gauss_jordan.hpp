// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>

namespace hessolve {

/// A := A^-1 in place by Gauss-Jordan elimination with partial pivoting, square A.
/// @return ok; singular with the first column that has no pivot left, or stopped: A is then of no use.
/// 2 n^3 flops, on several threads from n = 200 on with the same bits; allocates n x 64 elements.
/// [Higham, Accuracy and Stability, 14.4; the panel form: Quintana-Orti, Quintana-Orti, Sun & van de Geijn 2001, doi
/// 10.1137/S1064827598345679]
template <class T>
[[nodiscard]] Outcome gauss_jordan_in_place(ColMajor<T> A, const Stop& stop = {});

enum class RowOperation : signed char { exchange, scale, add };

/// Gauss-Jordan elimination of [A | I] one elementary row operation at a time, for study: the right half ends as A^-1.
/// Operations that would change nothing are left out.
template <class T>
class GaussJordanSteps {
 public:
  struct Step {
    RowOperation operation = RowOperation::exchange;
    Index row = 0;    ///< the row that changes
    Index other = 0;  ///< exchange: the one it changes places with; add: the one that is added; scale: row
    T factor{};       ///< row := factor row, or row := row + factor other; 1 for an exchange
  };

  explicit GaussJordanSteps(MatrixView<const T> A);
  /// Carry out the next operation. False where there is none left: A is reduced to I, or no pivot was found.
  [[nodiscard]] bool next(Step& step);
  [[nodiscard]] MatrixView<const T> matrix() const { return W_.view(); }  ///< [A | I] as it is now, n x 2 n
  [[nodiscard]] Index singular_column() const { return singular_; }       ///< where no pivot was found, or -1

 private:
  Index n_;
  Matrix<T> W_;
  Index column_ = 0;
  Index row_ = -2;  // -2: find the pivot; -1: scale; then the row to clear
  Index singular_ = -1;
};

}  // namespace hessolve
