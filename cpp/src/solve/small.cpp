// SPDX-License-Identifier: BSD-3-Clause
#include "solve/small.hpp"

#include "kernel/scaling.hpp"
#include "kernel/source.hpp"
#include "solve/small_lu.hpp"

namespace hessolve {
namespace {

/// Whether x needs no second look: its residual is small, and the condition number in the 1-norm is below 1 / eps, by
/// the bound of the inverse where that suffices.
template <class T, int P>
bool is_clean(SmallLu<T, P>& lu, Index n, const T* x, T inverse_bound) {
  const T most_of_bound = 1 / (4 * static_cast<T>(n * n) * epsilon<T>);  // the norms differ by n, each
  return lu.backward_error(x) <= static_cast<T>(n) * epsilon<T> && detail::all_finite<T>(x, n) &&
         (lu.infinity_norm() * inverse_bound <= most_of_bound || 1 / lu.one_norm() / lu.invert() >= epsilon<T>);
}

/// N systems at once; `next` is asked for meanwhile.
template <class T, int P, int N>
void solve_packets(const MatrixView<const T>* A, const MatrixView<const T>* B, T* const* x, Upcoming<T>& next,
                   bool* clean) {
  const Index n = A[0].rows;
  SmallLu<T, P> lu[N];
  T bound[N] = {};
  for (int q = 0; q < N; ++q) {
    clean[q] = lu[q].load(A[q]);
    lu[q].load_side(B[q]);
  }
  SmallLu<T, P>::factor(lu, n + 1, next, clean);
  if (std::any_of(clean, clean + N, [](bool is) { return is; })) {
    SmallLu<T, P>::solve(lu, x, bound);
  }
  for (int q = 0; q < N; ++q) {
    clean[q] = clean[q] && is_clean(lu[q], n, x[q], bound[q]);
  }
}

template <class T, int P>
bool invert_packets(MatrixView<const T> A, MatrixView<T> X, T& rcond) {
  const Index n = A.rows;
  SmallLu<T, P> only[1];
  SmallLu<T, P>& lu = only[0];
  bool ok = lu.load(A) && lu.evenly_scaled(T(1024));
  Upcoming<T> nothing;
  if (ok) {
    SmallLu<T, P>::factor(only, n, nothing, &ok);
  }
  if (!ok) {
    return false;
  }
  rcond = 1 / lu.one_norm() / lu.invert();
  if (!(rcond >= epsilon<T>)) {
    return false;
  }
  lu.store(X);
  return true;
}

/// call(packets) with the packets of a column of n <= Most as a constant.
template <class T, Index Most = small_lu_limit, int P = 1, class Call>
decltype(auto) with_packets(Index n, Call&& call) {
  if constexpr (P * simd::width<T> >= Most || P == 8) {
    return call(std::integral_constant<int, P>{});
  } else {
    return n <= P * simd::width<T> ? call(std::integral_constant<int, P>{}) : with_packets<T, Most, P + 1>(n, call);
  }
}

}  // namespace

template <class T>
Index small_limit() {
  return std::min<Index>(small_lu_limit, 8 * simd::width<T>);
}

template <class T>
bool solve_small(MatrixView<const T> A, MatrixView<const T> b, T* x) {
  bool clean = false;
  Upcoming<T> nothing;
  with_packets<T>(A.rows, [&](auto p) { solve_packets<T, decltype(p)::value, 1>(&A, &b, &x, nothing, &clean); });
  return clean;
}

template <class T>
void solve_small(const MatrixView<const T>* A, const MatrixView<const T>* B, const MatrixView<T>* X, Index count,
                 bool* clean, Following<T> run) {
  const Index n = A[0].rows;
  const Index pair = std::min(2 * n * n, run.size);
  Upcoming<T> next(run.data + pair, run.size - pair);
  T memory[2][lane_limit];
  T* x[2] = {memory[0], memory[1]};
  for (Index i = 0; i < count; i += 2) {
    const Index both = std::min<Index>(2, count - i);
    with_packets<T, lane_limit>(n, [&](auto packets) {
      constexpr int P = decltype(packets)::value;
      if (both == 2) {
        solve_packets<T, P, 2>(A + i, B + i, x, next, clean + i);
      } else {
        solve_packets<T, P, 1>(A + i, B + i, x, next, clean + i);
      }
    });
    for (Index q = 0; q < both; ++q) {
      if (clean[i + q]) {
        copy_out<T>({x[q], n, 1, n}, X[i + q]);
      }
    }
  }
}

template <class T>
bool invert_small(MatrixView<const T> A, MatrixView<T> X, T& rcond) {
  return with_packets<T>(A.rows, [&](auto p) { return invert_packets<T, decltype(p)::value>(A, X, rcond); });
}

template Index small_limit<float>();
template Index small_limit<double>();
template bool solve_small<float>(MatrixView<const float>, MatrixView<const float>, float*);
template bool solve_small<double>(MatrixView<const double>, MatrixView<const double>, double*);
template void solve_small<float>(const MatrixView<const float>*, const MatrixView<const float>*,
                                 const MatrixView<float>*, Index, bool*, Following<float>);
template void solve_small<double>(const MatrixView<const double>*, const MatrixView<const double>*,
                                  const MatrixView<double>*, Index, bool*, Following<double>);
template bool invert_small<float>(MatrixView<const float>, MatrixView<float>, float&);
template bool invert_small<double>(MatrixView<const double>, MatrixView<double>, double&);

}  // namespace hessolve
