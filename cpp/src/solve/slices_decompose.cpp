// SPDX-License-Identifier: BSD-3-Clause
// Cholesky factors, eigenvalues and determinants over stacks.
#include "solve/slice_functions.hpp"

#include <hessolve/dense/decompose.hpp>
#include <hessolve/solve/inverse.hpp>

#include <array>

namespace hessolve {
namespace {

/// one(i, stop, certificate, diagnosis) for every slice of a stack of square matrices; small ones are tried in groups
/// first, group(first, count, clean).
template <class T, class One, class Group>
SliceReport run_lanes_or_slices(const Slices<const T>& A, const Stop& stop, One&& one, Group&& group) {
  if (worth_lanes(A, A.rows())) {
    return run_in_lanes<T>(A.count(), A.rows(), stop, {}, group, one);
  }
  return run_slices(A.count(), A.rows(), stop, one);
}

}  // namespace

template <class T>
SliceReport cholesky_slices(const Slices<const T>& A, const Slices<T>& L, bool check_finite, const Stop& stop) {
  const auto one = [&](Index i, const Stop&, Certificate&, Diagnosis& diagnosis) {
    const Outcome found = check_finite ? refuse_non_finite<T>({A[i], Part::hermitian_lower}, diagnosis) : Outcome{};
    return found.ok() ? cholesky<T>(A[i], L[i]) : found;
  };
  return run_lanes_or_slices<T>(A, stop, one, [&](Index first, Index count, bool* clean) {
    cholesky_lanes<T>(SliceGroup(A, first, count).data(), SliceGroup(L, first, count).data(), count, clean,
                      following(A, first + count, count));
  });
}

template <class T>
SliceReport eigh_slices(const Slices<const T>& A, Real<T>* w, const Slices<T>* V, const Stop& stop) {
  const Index n = A.rows();
  const auto one = [&](Index i, const Stop& polled, Certificate&, Diagnosis&) {
    return eigh<T>(A[i], w + i * n, V != nullptr ? (*V)[i] : MatrixView<T>{}, polled);
  };
  return run_lanes_or_slices<T>(A, stop, one, [&](Index first, Index count, bool* clean) {
    std::array<Real<T>*, most_lanes> values{};
    for (Index k = 0; k < count; ++k) {
      values[static_cast<std::size_t>(k)] = w + (first + k) * n;
    }
    const SliceGroup<const T> views(A, first, count);
    if (V != nullptr) {
      eigh_lanes<T>(views.data(), values.data(), SliceGroup(*V, first, count).data(), count, clean);
    } else {
      eigh_lanes<T>(views.data(), values.data(), nullptr, count, clean);
    }
  });
}

template <class T>
SliceReport determinant_slices(const Slices<const T>& A, const std::function<void(Index, const Determinant<T>&)>& write,
                               const Stop& stop) {
  const auto one = [&](Index i, const Stop&, Certificate&, Diagnosis&) -> Outcome {
    const Determinant<T> found = slogdet<T>(A[i]);
    write(i, found);
    return {found.mantissa == found.mantissa ? Reason::ok : Reason::non_finite};
  };
  return run_lanes_or_slices<T>(A, stop, one, [&](Index first, Index count, bool* clean) {
    std::array<T, most_lanes> mantissa{};
    std::array<Index, most_lanes> exponent{};
    det_lanes<T>(SliceGroup(A, first, count).data(), count, mantissa.data(), exponent.data(), clean,
                 following(A, first + count, count));
    for (Index k = 0; k < count; ++k) {
      if (clean[k]) {
        const auto slot = static_cast<std::size_t>(k);
        write(first + k, Determinant<T>{mantissa[slot], exponent[slot]});
      }
    }
  });
}

#define INSTANTIATE(T)                                                                                  \
  template SliceReport cholesky_slices<T>(const Slices<const T>&, const Slices<T>&, bool, const Stop&); \
  template SliceReport eigh_slices<T>(const Slices<const T>&, Real<T>*, const Slices<T>*, const Stop&); \
  template SliceReport determinant_slices<T>(const Slices<const T>&,                                    \
                                             const std::function<void(Index, const Determinant<T>&)>&, const Stop&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
