// SPDX-License-Identifier: BSD-3-Clause
#include "solve/small.hpp"

#include "kernel/source.hpp"
#include "solve/small_lu.hpp"

namespace hessolve {
namespace {

/// Whether the condition number in the 1-norm is below 1 / eps: by the bound where that suffices.
template <class T, int P>
bool well_conditioned(SmallLu<T, P>& lu, Index n) {
  const T most_of_bound = 1 / (4 * static_cast<T>(n * n) * epsilon<T>);  // the norms differ by n, each
  return lu.infinity_norm() * lu.inverse_bound() <= most_of_bound || 1 / lu.one_norm() / lu.invert() >= epsilon<T>;
}

template <class T, int P>
bool solve_packets(MatrixView<const T> A, MatrixView<const T> b, T* x) {
  const Index n = A.rows;
  SmallLu<T, P> lu(n);
  if (!lu.load(A)) {
    return false;
  }
  lu.load_side(b);
  if (!lu.factor(n + 1)) {
    return false;
  }
  lu.solve(x);
  return lu.backward_error(x) <= static_cast<T>(n) * epsilon<T> && detail::all_finite<T>(x, n) &&
         well_conditioned(lu, n);
}

template <class T, int P>
bool invert_packets(MatrixView<const T> A, MatrixView<T> X, T& rcond) {
  const Index n = A.rows;
  SmallLu<T, P> lu(n);
  if (!lu.load(A) || !lu.evenly_scaled(T(1024)) || !lu.factor(n)) {
    return false;
  }
  rcond = 1 / lu.one_norm() / lu.invert();
  if (!(rcond >= epsilon<T>)) {
    return false;
  }
  lu.store(X);
  return true;
}

/// call(packets) with the packets of a column of n as a constant.
template <class T, int P = 1, class Call>
bool with_packets(Index n, Call&& call) {
  if constexpr (P * simd::width<T> >= small_lu_limit || P == 8) {
    return call(std::integral_constant<int, P>{});
  } else {
    return n <= P * simd::width<T> ? call(std::integral_constant<int, P>{}) : with_packets<T, P + 1>(n, call);
  }
}

}  // namespace

template <class T>
Index small_limit() {
  return std::min<Index>(small_lu_limit, 8 * simd::width<T>);
}

template <class T>
bool solve_small(MatrixView<const T> A, MatrixView<const T> b, T* x) {
  return with_packets<T>(A.rows, [&](auto p) { return solve_packets<T, decltype(p)::value>(A, b, x); });
}

template <class T>
bool invert_small(MatrixView<const T> A, MatrixView<T> X, T& rcond) {
  return with_packets<T>(A.rows, [&](auto p) { return invert_packets<T, decltype(p)::value>(A, X, rcond); });
}

template Index small_limit<float>();
template Index small_limit<double>();
template bool solve_small<float>(MatrixView<const float>, MatrixView<const float>, float*);
template bool solve_small<double>(MatrixView<const double>, MatrixView<const double>, double*);
template bool invert_small<float>(MatrixView<const float>, MatrixView<float>, float&);
template bool invert_small<double>(MatrixView<const double>, MatrixView<double>, double&);

}  // namespace hessolve
