// SPDX-License-Identifier: BSD-3-Clause
// A dense matrix as an operator. Its rows are read as contiguous vectors; other layouts are copied once.
#include "iterative/compressed.hpp"
#include "kernel/scaling.hpp"

namespace hessolve {
namespace {

template <class T>
class Dense final : public Entries<T> {
  using R = Real<T>;

 public:
  explicit Dense(MatrixView<const T> A) : Entries<T>(A.rows, A.cols), data_(A.data), stride_(A.row_stride) {
    if (A.rows > 0 && A.cols > 1 && A.col_stride != 1) {
      copy_ = Matrix<T>(A.cols, A.rows);  // its columns are the rows of A
      copy_into<T>(A.transposed(), copy_.view());
      data_ = copy_.view().data;
      stride_ = copy_.view().stride;
    }
  }

  void apply(const T* x, T* y) const override {
    products(x, [&](Index i, T sum) { y[i] = sum; });
  }
  void residual(const T* b, const T* x, T* r) const override {
    products(x, [&](Index i, T sum) { r[i] = b[i] - sum; });
  }
  void apply_adjoint(const T* x, T* y) const override {  // y := sum over rows of a_i^H x_i, by blocks of columns
    constexpr Index width = 256;
    const Index n = this->cols();
    parallel_for((n + width - 1) / width, worth(), [&](Index c) {
      const Index begin = c * width;
      const Index end = std::min(n, begin + width);
      std::fill(y + begin, y + end, T(0));
      for (Index i = 0; i < this->rows(); ++i) {
        const T* a = row(i);
        const T factor = x[i];
        for (Index j = begin; j < end; ++j) {
          y[j] += conjugate(a[j]) * factor;
        }
      }
    });
  }

  [[nodiscard]] MatrixFacts facts() const override {
    MatrixFacts facts;
    const Index n = std::min(this->rows(), this->cols());
    facts.positive_diagonal = true;
    for (Index i = 0; i < n; ++i) {
      const T d = row(i)[i];
      facts.zero_diagonal = facts.zero_diagonal < 0 && d == T(0) ? i : facts.zero_diagonal;
      facts.positive_diagonal = facts.positive_diagonal && real_part(d) > 0 && are_conjugate(d, d, d, d);
    }
    facts.hermitian = this->rows() == this->cols();
    for (Index i = 0; i < n && facts.hermitian; ++i) {
      for (Index j = 0; j <= i; ++j) {
        if (!are_conjugate(row(i)[j], row(j)[i], row(i)[i], row(j)[j])) {
          facts.hermitian = false;
          facts.row = i;
          facts.col = j;
          break;
        }
      }
    }
    return facts;
  }
  [[nodiscard]] R infinity_norm() const override {
    R most = 0;
    for (Index i = 0; i < this->rows(); ++i) {
      const R sum = vectors::sum_of_moduli(row(i), this->cols());
      most = sum <= most ? most : sum;
    }
    return most;
  }
  [[nodiscard]] double frobenius_norm() const override {
    double norm = 0;
    for (Index i = 0; i < this->rows(); ++i) {
      norm = std::hypot(norm, static_cast<double>(vectors::norm(this->cols(), row(i))));
    }
    return norm;
  }
  [[nodiscard]] std::pair<Index, Index> find_non_finite() const override {
    for (Index i = 0; i < this->rows(); ++i) {
      if (vectors::all_finite(this->cols(), row(i))) {
        continue;
      }
      for (Index j = 0; j < this->cols(); ++j) {
        if (!(cheap_abs(row(i)[j]) <= std::numeric_limits<R>::max())) {
          return {i, j};
        }
      }
    }
    return {-1, -1};
  }
  void diagonal(T* d) const override {
    for (Index i = 0; i < std::min(this->rows(), this->cols()); ++i) {
      d[i] = row(i)[i];
    }
  }
  void squared_row_norms(R* norms) const override {
    for (Index i = 0; i < this->rows(); ++i) {
      norms[i] = vectors::squares(row(i), this->cols());
    }
  }
  Index relax(const RowOrder& rows, R omega, const T* b, T* x) const override {
    const Index n = this->rows();
    for (Index c = 0; c < n; ++c) {
      const Index at = rows.backward ? n - 1 - c : c;
      const Index i = rows.order != nullptr ? rows.order[at] : at;
      const T d = row(i)[i];
      if (d == T(0)) {
        return i;
      }
      x[i] += omega * ((b[i] - dot<false>(row(i), x, n)) / d);
    }
    return -1;
  }
  Index relax_jacobi(R omega, const T* b, const T* x, T* y) const override {
    residual(b, x, y);
    for (Index i = 0; i < this->rows(); ++i) {
      const T d = row(i)[i];
      if (d == T(0)) {
        return i;
      }
      y[i] = x[i] + omega * (y[i] / d);
    }
    return -1;
  }
  void project_rows(const R* squared_norms, const Index* drawn, R omega, const T* b, T* x) const override {
    for (Index c = 0; c < this->rows(); ++c) {
      const Index i = drawn != nullptr ? drawn[c] : c;
      if (squared_norms[i] > 0) {
        const T step = omega * (b[i] - dot<false>(row(i), x, this->cols())) / squared_norms[i];
        for (Index j = 0; j < this->cols(); ++j) {
          x[j] += step * conjugate(row(i)[j]);
        }
      }
    }
  }
  [[nodiscard]] Graph graph() const override {
    const auto rows = by_rows();
    return graph_of_lines(rows.view(this->rows(), this->cols()));
  }
  [[nodiscard]] typename Entries<T>::Rows by_rows() const override {
    typename Entries<T>::Rows out;
    out.indptr.assign(1, 0);
    for (Index i = 0; i < this->rows(); ++i) {
      for (Index j = 0; j < this->cols(); ++j) {
        if (row(i)[j] != T(0)) {
          out.indices.push_back(j);
          out.values.push_back(row(i)[j]);
        }
      }
      out.indptr.push_back(static_cast<Index>(out.indices.size()));
    }
    return out;
  }

 private:
  [[nodiscard]] const T* row(Index i) const { return data_ + i * stride_; }
  [[nodiscard]] bool worth() const { return this->rows() * this->cols() >= vectors::worth_threads; }

  /// put(i, a_i x), eight rows at a time.
  template <class Put>
  void products(const T* x, Put&& put) const {
    constexpr Index tall = 8;
    constexpr Index chunk = 40;  // rows a thread takes at a time
    const Index m = this->rows();
    const Index n = this->cols();
    parallel_for((m + chunk - 1) / chunk, worth(), [&](Index c) {
      Index i = c * chunk;
      const Index end = std::min(m, i + chunk);
      for (; i + tall <= end; i += tall) {
        T sums[tall];
        dots<false, static_cast<int>(tall)>(row(i), stride_, x, n, sums);
        for (Index k = 0; k < tall; ++k) {
          put(i + k, sums[k]);
        }
      }
      for (; i < end; ++i) {
        put(i, dot<false>(row(i), x, n));
      }
    });
  }

  const T* data_;
  Index stride_;
  Matrix<T> copy_;
};

}  // namespace

template <class T>
std::unique_ptr<Entries<T>> dense_operator(MatrixView<const T> A) {
  return std::make_unique<Dense<T>>(A);
}

#define INSTANTIATE(T) template std::unique_ptr<Entries<T>> dense_operator<T>(MatrixView<const T>);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
