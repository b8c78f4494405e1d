// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/solve/batch.hpp>

#include "kernel/need.hpp"
#include "kernel/overlap.hpp"
#include "solve/slice_functions.hpp"

namespace hessolve {
namespace {

constexpr const char* same_counts = "batches must have the same count";
constexpr const char* own_memory = "X overlaps A or B, or its slices each other";

template <class T>
bool same_shape(const Batch<T>& X, Index rows, Index cols) {
  return X.first.rows == rows && X.first.cols == cols;
}

/// No slice of X meets one of A, and X's are not all the same. One pass over both batches in the order of addresses.
template <class T>
bool apart(InBatch<T> A, Batch<T> X) {
  const auto slice = [](const auto& batch, Index k) {  // the k-th from below
    return batch[batch.step < 0 ? batch.count - 1 - k : k];
  };
  for (Index i = 0, j = 0; i < A.count && j < X.count;) {
    const MatrixView<const T> a = slice(A, i);
    const MatrixView<const T> x = slice(X, j);
    if (overlap<T>(a, x)) {
      return false;
    }
    ++(std::less<const T*>()(a.data, x.data) ? i : j);
  }
  return X.count <= 1 || X.step != 0;
}

/// The outcomes one by one, and the one of the whole.
Outcome hand_over(const SliceReport& report, Outcome* outcomes) {
  Outcome whole;
  for (Index k = 0; k < report.count; ++k) {
    const Outcome one = report.outcome(static_cast<std::size_t>(k));
    if (outcomes != nullptr) {
      outcomes[k] = one;
    }
    whole = whole.ok() && !one.ok() ? Outcome{one.reason, k} : whole;
  }
  return whole;
}

template <class T>
void check_system(const InBatch<T>& A, const InBatch<T>& B, const Batch<T>& X) {
  need(A.count == X.count && B.count == X.count, same_counts);
  need(B.first.rows == A.first.rows && same_shape(X, A.first.cols, B.first.cols),
       "shapes disagree: A is m x n, B must be m x k and X n x k");
  need(apart<T>(A, X) && apart<T>(B, X), own_memory);
}

}  // namespace

template <class T>
Outcome solve(InBatch<T> A, InBatch<T> B, Batch<T> X, Outcome* outcomes, const SolveOptions& options) {
  need(A.first.rows == A.first.cols, "A must be square; lstsq takes any shape");
  check_system<T>(A, B, X);
  return hand_over(solve_slices<T>(Slices<const T>(A), Slices<const T>(B), Slices<T>(X), options, false), outcomes);
}

template <class T>
Outcome lstsq(InBatch<T> A, InBatch<T> B, Batch<T> X, Outcome* outcomes, const SolveOptions& options) {
  check_system<T>(A, B, X);
  LeastSquaresOptions ls;
  ls.method = options.method;
  ls.precision = options.precision;
  ls.certify = false;
  ls.check_finite = options.check_finite;
  ls.stop = options.stop;
  LeastSquaresExtras unused;
  return hand_over(lstsq_slices<T>(Slices<const T>(A), Slices<const T>(B), Slices<T>(X), ls, unused), outcomes);
}

template <class T>
Outcome inv(InBatch<T> A, Batch<T> X, Outcome* outcomes, const SolveOptions& options) {
  need(A.count == X.count, same_counts);
  need(A.first.rows == A.first.cols && same_shape(X, A.first.rows, A.first.rows),
       "A must be square, and X of its shape");
  need(apart<T>(A, X), own_memory);
  return hand_over(invert_slices<T>(Slices<const T>(A), Slices<T>(X), options, false), outcomes);
}

template <class T>
Outcome cholesky(InBatch<T> A, Batch<T> L, Outcome* outcomes, const Stop& stop) {
  need(A.count == L.count, same_counts);
  need(A.first.rows == A.first.cols && same_shape(L, A.first.rows, A.first.rows),
       "A must be square, and L of its shape");
  need(apart<T>(A, L), own_memory);
  return hand_over(cholesky_slices<T>(Slices<const T>(A), Slices<T>(L), false, stop), outcomes);
}

template <class T>
Outcome eigh(InBatch<T> A, Real<T>* w, Batch<T> V, Outcome* outcomes, const Stop& stop) {
  need(A.first.rows == A.first.cols, "A must be square");
  if (V.first.data == nullptr) {
    return hand_over(eigh_slices<T>(Slices<const T>(A), w, nullptr, stop), outcomes);
  }
  need(A.count == V.count, same_counts);
  need(same_shape(V, A.first.rows, A.first.rows), "V must have the shape of A");
  need(apart<T>(A, V), own_memory);
  const Slices<T> vectors(V);
  return hand_over(eigh_slices<T>(Slices<const T>(A), w, &vectors, stop), outcomes);
}

template <class T>
Outcome slogdet(InBatch<T> A, Determinant<T>* determinants, Outcome* outcomes, const Stop& stop) {
  need(A.first.rows == A.first.cols, "A must be square");
  const auto write = [determinants](Index k, const Determinant<T>& found) { determinants[k] = found; };
  return hand_over(determinant_slices<T>(Slices<const T>(A), write, stop), outcomes);
}

template <class T>
Outcome det(InBatch<T> A, T* determinants, Outcome* outcomes, const Stop& stop) {
  need(A.first.rows == A.first.cols, "A must be square");
  const auto write = [determinants](Index k, const Determinant<T>& found) { determinants[k] = found.value(); };
  return hand_over(determinant_slices<T>(Slices<const T>(A), write, stop), outcomes);
}

#define INSTANTIATE(T)                                                                        \
  template Outcome solve<T>(InBatch<T>, InBatch<T>, Batch<T>, Outcome*, const SolveOptions&); \
  template Outcome lstsq<T>(InBatch<T>, InBatch<T>, Batch<T>, Outcome*, const SolveOptions&); \
  template Outcome inv<T>(InBatch<T>, Batch<T>, Outcome*, const SolveOptions&);               \
  template Outcome cholesky<T>(InBatch<T>, Batch<T>, Outcome*, const Stop&);                  \
  template Outcome eigh<T>(InBatch<T>, Real<T>*, Batch<T>, Outcome*, const Stop&);            \
  template Outcome slogdet<T>(InBatch<T>, Determinant<T>*, Outcome*, const Stop&);            \
  template Outcome det<T>(InBatch<T>, T*, Outcome*, const Stop&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
