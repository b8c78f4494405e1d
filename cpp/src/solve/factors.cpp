// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/solve/factors.hpp>

#include "kernel/scaling.hpp"
#include "solve/square_factor.hpp"

#include <stdexcept>

namespace hessolve {
namespace detail {

template <class T>
class FactorState {
 public:
  FactorState(const Source<T>& A, Kind kind, Method method, const Stop& stop) : factor_(A.rows(), kind, {}) {
    if (A.rows() != A.cols()) {
      throw std::invalid_argument("A must be square");
    }
    Structure structure;
    structure.rows = structure.cols = A.rows();
    if (!factor_.load(A, structure)) {
      outcome_ = {Reason::non_finite, find_non_finite<T>(A).first};
      return;
    }
    factor_.equilibrate(false);
    outcome_ = factor_.factor(method, stop);
  }

  [[nodiscard]] Outcome outcome() const { return outcome_; }
  [[nodiscard]] Index size() const { return factor_.size(); }

  Outcome solve(In<T> B, MatrixView<T> X, Trans trans) const {
    const Index n = factor_.size();
    if (B.rows != n || X.rows != n || X.cols != B.cols) {
      throw std::invalid_argument("shapes disagree: A is n x n, B and X must be n x k");
    }
    if (!outcome_.ok()) {
      return outcome_;
    }
    Scratch<T, small_size> memory(n * B.cols);
    const ColMajor<T> work{memory.data(), n, B.cols, n};
    copy_into<T>(B, work);
    factor_.solve(work, trans);
    for (Index j = 0; j < B.cols; ++j) {
      for (Index i = 0; i < n; ++i) {
        X(i, j) = work(i, j);
      }
    }
    return outcome_;
  }

  [[nodiscard]] double rcond() const {
    if (!outcome_.ok()) {
      return 0;
    }
    Scratch<T, small_size * small_size> inverse(size() <= small_size ? size() * size() : 0);
    return static_cast<double>(factor_.rcond(inverse.data()));
  }

 private:
  SquareFactor<T> factor_;
  Outcome outcome_;
};

}  // namespace detail

#define DEFINE_FACTOR(NAME, PART, KIND, METHOD)                                                     \
  template <class T>                                                                                \
  NAME<T>::NAME(MatrixView<const T> A, const Stop& stop)                                            \
      : state_(std::make_unique<detail::FactorState<T>>(Source<T>{A, PART}, KIND, METHOD, stop)) {} \
  template <class T>                                                                                \
  NAME<T>::NAME(NAME&&) noexcept = default;                                                         \
  template <class T>                                                                                \
  NAME<T>& NAME<T>::operator=(NAME&&) noexcept = default;                                           \
  template <class T>                                                                                \
  NAME<T>::~NAME() = default;                                                                       \
  template <class T>                                                                                \
  Outcome NAME<T>::outcome() const {                                                                \
    return state_->outcome();                                                                       \
  }                                                                                                 \
  template <class T>                                                                                \
  Index NAME<T>::size() const {                                                                     \
    return state_->size();                                                                          \
  }                                                                                                 \
  template <class T>                                                                                \
  Outcome NAME<T>::solve(In<T> B, MatrixView<T> X, Trans trans) const {                             \
    return state_->solve(B, X, trans);                                                              \
  }                                                                                                 \
  template <class T>                                                                                \
  double NAME<T>::rcond() const {                                                                   \
    return state_->rcond();                                                                         \
  }

DEFINE_FACTOR(LU, Part::full, Kind::general, Method::lu)
DEFINE_FACTOR(Cholesky, Part::hermitian_lower, Kind::positive_definite_candidate, Method::cholesky)
#undef DEFINE_FACTOR

#define INSTANTIATE(T)  \
  template class LU<T>; \
  template class Cholesky<T>;
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
