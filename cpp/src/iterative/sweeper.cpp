// SPDX-License-Identifier: BSD-3-Clause
#include "iterative/blocks.hpp"
#include "iterative/random.hpp"
#include "iterative/vectors.hpp"

#include <hessolve/iterative/splitting.hpp>

#include <stdexcept>

namespace hessolve {

template <class T>
Sweeper<T>::Sweeper(const Entries<T>& A, Iteration method, Ordering ordering, double omega, bool random_rows,
                    std::uint64_t seed)
    : A_(A),
      method_(method),
      omega_(static_cast<Real<T>>(omega)),
      state_(seed) {
  if (ordering != Ordering::natural) {
    if (!is_ordered(method)) {
      throw std::invalid_argument(std::string("ordering='") + name(ordering) + "' has no meaning for method='" +
                                  name(method) + "', which visits all rows at once or each on its own.");
    }
    coloring_ = color(A, ordering);
  }
  prepare(random_rows);
}

template <class T>
Sweeper<T>::Sweeper(const Entries<T>& A, Iteration method, Coloring coloring, double omega)
    : A_(A),
      method_(method),
      omega_(static_cast<Real<T>>(omega)),
      coloring_(std::move(coloring)) {
  prepare(false);
}

template <class T>
void Sweeper<T>::prepare(bool random_rows) {
  const auto rows = static_cast<std::size_t>(A_.rows());
  if (!is_sweep(method_)) {
    throw std::invalid_argument(std::string("method='") + name(method_) + "' is no sweep.");
  }
  if (A_.rows() != A_.cols() && method_ != Iteration::kaczmarz) {
    throw std::invalid_argument(std::string("method='") + name(method_) + "' needs a square matrix.");
  }
  const bool relaxed = method_ == Iteration::sor || method_ == Iteration::ssor || method_ == Iteration::kaczmarz;
  if (!(std::abs(omega_) <= std::numeric_limits<Real<T>>::max()) || omega_ == 0 ||
      (relaxed && !(omega_ > 0 && omega_ < 2))) {
    throw std::invalid_argument(std::string("omega is not valid for method='") + name(method_) + "'; it is a number " +
                                (relaxed ? "between 0 and 2." : "other than 0."));
  }
  if (method_ == Iteration::gauss_seidel || method_ == Iteration::gauss_seidel_backward ||
      method_ == Iteration::gauss_seidel_symmetric) {
    if (omega_ != 1) {
      throw std::invalid_argument(std::string("method='") + name(method_) +
                                  "' has no omega; use method='sor' or 'ssor' for another than 1.");
    }
  }
  if (method_ == Iteration::richardson || method_ == Iteration::jacobi || method_ == Iteration::block_jacobi) {
    work_ = Buffer<T>(A_.rows());
  }
  if (method_ == Iteration::block_jacobi) {
    outcome_ = invert_diagonal_blocks(A_, blocks_);
  }
  if (method_ == Iteration::kaczmarz) {
    norms_.resize(rows);
    A_.squared_row_norms(norms_.data());
    if (random_rows) {  // row i with probability ||a_i||^2 / ||A||_F^2  [Strohmer & Vershynin 2009]
      drawn_.resize(rows);
      double sum = 0;
      for (const Real<T> value : norms_) {
        cumulative_.push_back(sum += static_cast<double>(value));
      }
    }
  }
}

template <class T>
Outcome Sweeper<T>::operator()(const T* b, T* x) {
  const Index n = A_.rows();
  const auto zero = [](Index row) { return row < 0 ? Outcome{} : Outcome{Reason::zero_diagonal, row}; };
  const auto pass = [&](bool backward) {
    return A_.relax(coloring_.order.empty() ? RowOrder{nullptr, nullptr, 0, backward} : coloring_.rows(backward),
                    omega_, b, x);
  };
  switch (method_) {
    case Iteration::jacobi: {
      const Index row = A_.relax_jacobi(omega_, b, x, work_.data());
      if (row < 0) {
        vectors::copy(n, work_.data(), x);
      }
      return zero(row);
    }
    case Iteration::gauss_seidel:
    case Iteration::sor: return zero(pass(false));
    case Iteration::gauss_seidel_backward: return zero(pass(true));
    case Iteration::gauss_seidel_symmetric:
    case Iteration::ssor: {
      const Index row = pass(false);
      return zero(row < 0 ? pass(true) : row);
    }
    case Iteration::kaczmarz:
      for (Index& row : drawn_) {
        const double at = next_uniform(state_) * cumulative_.back();
        row = std::upper_bound(cumulative_.begin(), cumulative_.end() - 1, at) - cumulative_.begin();
      }
      A_.project_rows(norms_.data(), drawn_.empty() ? nullptr : drawn_.data(), omega_, b, x);
      return {};
    case Iteration::block_jacobi:
      A_.residual(b, x, work_.data());
      add_block_products(n, omega_, blocks_.data(), work_.data(), x);
      return {};
    default:  // richardson
      A_.residual(b, x, work_.data());
      vectors::add_multiple(n, T(omega_), work_.data(), x);
      return {};
  }
}

template <class T>
Outcome Sweeper<T>::operator()(const T* b, const T* x, T* y) {
  if (method_ == Iteration::jacobi) {
    const Index row = A_.relax_jacobi(omega_, b, x, y);
    return row < 0 ? Outcome{} : Outcome{Reason::zero_diagonal, row};
  }
  vectors::copy(A_.cols(), x, y);
  return (*this)(b, y);
}

template <class T>
Outcome sweep(const Entries<T>& A, In<T> b, MatrixView<T> x, Iteration method, Index iterations, double omega,
              Ordering ordering) {
  if (b.rows != A.rows() || x.rows != A.cols() || b.cols != x.cols) {
    throw std::invalid_argument("shapes disagree: A is m x n, b must be m x k and x n x k");
  }
  Sweeper<T> sweeper(A, method, ordering, omega);
  if (!sweeper.outcome().ok()) {
    return sweeper.outcome();
  }
  const Index n = A.cols();
  std::vector<const T*> results;
  Matrix<T> memory(n, 2 * x.cols);  // x stays as it is until all sweeps have succeeded
  Buffer<T> rhs(b.row_stride == 1 || A.rows() < 2 ? 0 : A.rows());
  for (Index c = 0; c < x.cols; ++c) {
    const VectorView<T> target = column_of(x, c);
    const T* right = b.data + c * b.col_stride;
    if (!rhs.empty()) {
      for (Index i = 0; i < A.rows(); ++i) {
        rhs[i] = b(i, c);
      }
      right = rhs.data();
    }
    T* now = memory.view().col(2 * c);
    T* next = memory.view().col(2 * c + 1);
    Index k = 0;
    if (target.stride != 1) {
      for (Index i = 0; i < n; ++i) {
        now[i] = target[i];
      }
    } else if (iterations > 0) {  // the first sweep reads x where it is
      if (const Outcome outcome = sweeper(right, target.data, now); !outcome.ok()) {
        return outcome;
      }
      k = 1;
    } else {
      vectors::copy(n, target.data, now);
    }
    for (; k < iterations; ++k) {
      if (const Outcome outcome = sweeper(right, now, next); !outcome.ok()) {
        return outcome;
      }
      std::swap(now, next);
    }
    if (!vectors::all_finite(n, now)) {
      return {Reason::non_finite, -1};
    }
    results.push_back(now);
  }
  for (Index c = 0; c < x.cols; ++c) {
    const VectorView<T> target = column_of(x, c);
    const T* result = results[static_cast<std::size_t>(c)];
    if (target.stride == 1) {
      vectors::copy(n, result, target.data);
      continue;
    }
    for (Index i = 0; i < n; ++i) {
      target[i] = result[i];
    }
  }
  return {};
}

#define INSTANTIATE(T)       \
  template class Sweeper<T>; \
  template Outcome sweep<T>(const Entries<T>&, In<T>, MatrixView<T>, Iteration, Index, double, Ordering);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
