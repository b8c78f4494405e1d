// SPDX-License-Identifier: BSD-3-Clause
#include "iterative/blocks.hpp"
#include "iterative/random.hpp"
#include "iterative/vectors.hpp"
#include "kernel/scaling.hpp"

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
  if (method_ == Iteration::richardson || method_ == Iteration::block_jacobi) {
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
      if (work_.empty()) {
        work_ = Buffer<T>(n);
      }
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
  if (iterations == 0) {
    return {};
  }
  const Index n = A.cols();
  const bool turns = method == Iteration::jacobi && iterations > 1;
  const bool flat = x.row_stride == 1 || n < 2;
  Matrix<T> before(n, x.cols);  // for the case that a sweep fails
  for (Index c = 0; c < x.cols; ++c) {
    if (flat) {
      vectors::copy(n, &x(0, c), before.view().col(c));
    } else {
      copy_into<T>(x.block(0, c, n, 1), before.view().block(0, c, n, 1));
    }
  }
  Matrix<T> other(turns ? n : 0, turns ? 1 : 0);
  Matrix<T> column(flat ? 0 : n, flat ? 0 : 1);
  Buffer<T> rhs(b.row_stride == 1 || A.rows() < 2 ? 0 : A.rows());
  const auto run = [&](Index c) {
    const T* right = b.data + c * b.col_stride;
    for (Index i = 0; i < rhs.size(); ++i) {
      rhs[i] = b(i, c);
    }
    right = rhs.empty() ? right : rhs.data();
    T* const target = flat ? &x(0, c) : column.view().col(0);
    T* now = target;
    if (!flat) {
      vectors::copy(n, before.view().col(c), now);
    }
    Outcome outcome = method == Iteration::jacobi ? sweeper(right, before.view().col(c), now) : sweeper(right, now);
    for (Index k = 1; k < iterations && outcome.ok(); ++k) {
      if (turns) {
        T* const next = now == target ? other.view().col(0) : target;
        outcome = sweeper(right, now, next);
        now = next;
      } else {
        outcome = sweeper(right, now);
      }
    }
    if (outcome.ok() && !vectors::all_finite(n, now)) {
      outcome = {Reason::non_finite, -1};
    }
    if (outcome.ok() && now != &x(0, c)) {
      copy_out<T>({now, n, 1, n}, x.block(0, c, n, 1));
    }
    return outcome;
  };
  for (Index c = 0; c < x.cols && n > 0; ++c) {
    if (const Outcome outcome = run(c); !outcome.ok()) {
      copy_out<T>(before.view(), x);
      return outcome;
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
