// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "iterative/vectors.hpp"

#include <hessolve/iterative/preconditioner.hpp>

namespace hessolve {

/// M = (L L^H)^-1 with L on the pattern of the lower triangle of A, by rows, the diagonal last in each.
template <class T>
class IncompleteCholesky final : public Operator<T> {
  using R = Real<T>;

 public:
  IncompleteCholesky(const Entries<T>& A, Outcome& outcome, PreconditionerReport& report)
      : Operator<T>(A.rows(), A.cols()) {
    const auto rows = A.by_rows();
    starts_.assign(1, 0);
    std::vector<T> values;
    for (Index i = 0; i < A.rows(); ++i) {
      T d(0);
      for (Index k = rows.indptr[at(i)]; k < rows.indptr[at(i + 1)]; ++k) {
        if (rows.indices[at(k)] < i) {
          columns_.push_back(rows.indices[at(k)]);
          values.push_back(rows.values[at(k)]);
        } else if (rows.indices[at(k)] == i) {
          d = rows.values[at(k)];
        }
      }
      columns_.push_back(i);
      values.push_back(d);
      starts_.push_back(static_cast<Index>(columns_.size()));
      if (!(real_part(d) > 0)) {
        outcome = {Reason::not_positive_definite, i};
        return;
      }
    }
    double shift = 0;
    for (int attempt = 0; attempt < 24; ++attempt, shift = shift == 0 ? 1e-3 : 2 * shift) {
      values_ = values;
      const Index row = factor(static_cast<R>(shift));
      if (row < 0) {
        report.shift = shift;
        return;
      }
      report.broke_down = report.broke_down < 0 ? row : report.broke_down;
    }
    outcome = {Reason::not_positive_definite, report.broke_down};
  }

  void apply(const T* b, T* x) const override {
    const Index n = this->rows();
    for (Index i = 0; i < n; ++i) {  // L y = b
      const Index last = starts_[at(i + 1)] - 1;
      T sum = b[i];
      for (Index k = starts_[at(i)]; k < last; ++k) {
        sum -= values_[at(k)] * x[columns_[at(k)]];
      }
      x[i] = sum * values_[at(last)];
    }
    for (Index i = n; i-- > 0;) {  // L^H x = y, column i of L^H being row i of L
      const Index last = starts_[at(i + 1)] - 1;
      x[i] *= values_[at(last)];
      for (Index k = starts_[at(i)]; k < last; ++k) {
        x[columns_[at(k)]] -= conjugate(values_[at(k)]) * x[i];
      }
    }
  }
  void apply_adjoint(const T* b, T* x) const override { apply(b, x); }

 private:
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  /// L for A + shift diag(A), with the inverses of its diagonal. @return the row whose pivot is not positive, or -1.
  Index factor(R shift) {
    for (Index i = 0; i < this->rows(); ++i) {
      const Index begin = starts_[at(i)];
      const Index last = starts_[at(i + 1)] - 1;
      R square = real_part(values_[at(last)]) * (1 + shift);
      for (Index k = begin; k < last; ++k) {  // L(i,j) = (A(i,j) - L(i,:j) L(j,:j)^H) / L(j,j)
        const Index j = columns_[at(k)];
        T sum = values_[at(k)];
        const Index j_last = starts_[at(j + 1)] - 1;
        for (Index p = begin, q = starts_[at(j)]; p < k && q < j_last;) {
          if (columns_[at(p)] == columns_[at(q)]) {
            sum -= values_[at(p++)] * conjugate(values_[at(q++)]);
          } else if (columns_[at(p)] < columns_[at(q)]) {
            ++p;
          } else {
            ++q;
          }
        }
        values_[at(k)] = sum * values_[at(j_last)];
        square -= std::norm(values_[at(k)]);
      }
      if (!(square > epsilon<T> * real_part(values_[at(last)]))) {
        return i;
      }
      values_[at(last)] = T(R(1) / std::sqrt(square));
    }
    return -1;
  }

  std::vector<Index> starts_;
  std::vector<Index> columns_;
  std::vector<T> values_;
};

}  // namespace hessolve
