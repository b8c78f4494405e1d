// SPDX-License-Identifier: BSD-3-Clause
// Matrices by compressed rows and by compressed columns. Products along the stored lines run on all threads; across
// them, where lines meet in the result, on one.
#include "iterative/compressed.hpp"
#include "iterative/relax_columns.hpp"
#include "iterative/relax_rows.hpp"

namespace hessolve {
namespace {

/// ByRows: lines are rows of A; else its columns.
template <class T, class I, bool ByRows>
class Compressed final : public Entries<T> {
  using R = Real<T>;

 public:
  Compressed(Index rows, Index cols, CsrView<T, I> lines) : Entries<T>(rows, cols), lines_(lines) {}

  void apply(const T* x, T* y) const override {
    if constexpr (ByRows) {
      gather<false>(lines_, x, [&](Index i, T sum) { y[i] = sum; });
    } else {
      scatter<false>(lines_, x, y);
    }
  }
  void apply_adjoint(const T* x, T* y) const override {
    if constexpr (ByRows) {
      scatter<true>(lines_, x, y);
    } else {
      gather<true>(lines_, x, [&](Index i, T sum) { y[i] = sum; });
    }
  }
  T apply_dot(const T* x, T* y) const override {
    if constexpr (ByRows) {
      return gather_dot(lines_, x, y);
    } else {
      return Operator<T>::apply_dot(x, y);
    }
  }
  void residual(const T* b, const T* x, T* r) const override {
    if constexpr (ByRows) {
      gather<false>(lines_, x, [&](Index i, T sum) { r[i] = b[i] - sum; });
    } else {
      Operator<T>::residual(b, x, r);
    }
  }

  [[nodiscard]] MatrixFacts facts() const override {
    MatrixFacts facts = facts_of_lines(lines_);
    if (!ByRows) {
      std::swap(facts.row, facts.col);
    }
    return facts;
  }
  [[nodiscard]] R infinity_norm() const override {
    Buffer<R> sums(this->rows());
    std::fill_n(sums.data(), this->rows(), R(0));
    for_each([&](Index i, Index, T value) { sums[i] += std::abs(value); });
    return vectors::largest(this->rows(), sums.data());
  }
  [[nodiscard]] double frobenius_norm() const override {
    return static_cast<double>(vectors::norm(lines_.nonzeros(), lines_.values));
  }
  [[nodiscard]] std::pair<Index, Index> find_non_finite() const override {
    if (vectors::all_finite(lines_.nonzeros(), lines_.values)) {
      return {-1, -1};
    }
    std::pair<Index, Index> found{-1, -1};
    for_each([&](Index i, Index j, T value) {
      if (!(cheap_abs(value) <= std::numeric_limits<R>::max()) && found.first < 0) {
        found = {i, j};
      }
    });
    return found;
  }
  void diagonal(T* d) const override {
    std::fill_n(d, std::min(this->rows(), this->cols()), T(0));
    for_each([&](Index i, Index j, T value) {
      if (i == j) {
        d[i] += value;
      }
    });
  }
  void squared_row_norms(R* norms) const override {
    std::fill_n(norms, this->rows(), R(0));
    for_each([&](Index i, Index, T value) { norms[i] += std::norm(value); });
  }
  Index relax(const RowOrder& rows, R omega, const T* b, T* x) const override {
    if constexpr (ByRows) {
      return relax_rows(lines_, rows, omega, b, x);
    } else {
      return relax_columns(lines_, rows, omega, b, x);
    }
  }
  Index relax_jacobi(R omega, const T* b, const T* x, T* y) const override {
    if constexpr (ByRows) {
      return jacobi_rows(lines_, omega, b, x, y);
    } else {
      return jacobi_columns(lines_, omega, b, x, y);
    }
  }
  void project_rows(const R* squared_norms, const Index* drawn, R omega, const T* b, T* x) const override {
    if constexpr (ByRows) {
      kaczmarz_rows(lines_, squared_norms, drawn, omega, b, x);
    } else {
      if (rows_.indptr.empty()) {
        rows_ = transposed_lines(lines_, false);  // projections need rows: the one method that copies
      }
      kaczmarz_rows(rows_.view(this->rows(), this->cols()), squared_norms, drawn, omega, b, x);
    }
  }
  [[nodiscard]] Graph graph() const override { return graph_of_lines(lines_); }
  [[nodiscard]] std::vector<signed char> two_colors() const override { return two_colors_of_lines(lines_); }
  [[nodiscard]] typename Entries<T>::Rows by_rows() const override {
    typename Entries<T>::Rows turned = transposed_lines(lines_, true);
    return ByRows ? transposed_lines(turned.view(this->cols(), this->rows()), true) : turned;
  }

 private:
  /// visit(row, column, value) for every stored entry
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (Index line = 0; line < lines_.rows; ++line) {
      for (I k = lines_.indptr[line]; k < lines_.indptr[line + 1]; ++k) {
        const Index other = static_cast<Index>(lines_.indices[k]);
        if constexpr (ByRows) {
          visit(line, other, lines_.values[k]);
        } else {
          visit(other, line, lines_.values[k]);
        }
      }
    }
  }

  CsrView<T, I> lines_;
  mutable typename Entries<T>::Rows rows_;  // of a CSC matrix, where a method needs them
};

}  // namespace

template <class T, class I>
std::unique_ptr<Entries<T>> csr_operator(CsrView<T, I> A) {
  return std::make_unique<Compressed<T, I, true>>(A.rows, A.cols, A);
}

template <class T, class I>
std::unique_ptr<Entries<T>> csc_operator(CscView<T, I> A) {
  return std::make_unique<Compressed<T, I, false>>(A.rows, A.cols, A.transposed());
}

#define INSTANTIATE_INDEX(T, I)                                           \
  template std::unique_ptr<Entries<T>> csr_operator<T, I>(CsrView<T, I>); \
  template std::unique_ptr<Entries<T>> csc_operator<T, I>(CscView<T, I>);
#define INSTANTIATE(T) HESSOLVE_FOR_EACH_INDEX(INSTANTIATE_INDEX, T)
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE
#undef INSTANTIATE_INDEX

}  // namespace hessolve
