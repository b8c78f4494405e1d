// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/scaling.hpp"
#include "solve/square_factor.hpp"

namespace hessolve {

/// visit(i, element) for the elements of column j that are stored.
template <class T>
template <class Visit>
void SquareFactor<T>::visit_column(Index j, Visit&& visit) {
  if (is_banded()) {
    const Index d = band_.diagonal();
    for (Index i = std::max<Index>(0, j - band_.upper); i <= std::min(n_ - 1, j + band_.lower); ++i) {
      visit(i, W_(d + i - j, j));
    }
  } else {
    for (Index i = 0; i < n_; ++i) {
      visit(i, W_(i, j));
    }
  }
}

/// R = C: from the diagonal where it is positive, which is nearly the best there is [van der Sluis 1969, doi
/// 10.1007/BF02165096]; else by sweeps that halve the exponent of each row's largest element [Ruiz 2001,
/// RAL-TR-2001-034].
template <class T>
void SquareFactor<T>::symmetric_exponents() {
  const auto half = [](int exponent) {
    return exponent == no_exponent ? 0 : -(exponent >= 0 ? exponent / 2 : -(-exponent / 2));
  };
  for (Index i = 0; i < n_; ++i) {
    row_exponent_[i] = kind_ == Kind::positive_definite_candidate ? half(exponent_of(cheap_abs(W_(i, i)))) : 0;
  }
  Scratch<int, small_size> largest(n_);
  for (int sweep = 0; sweep < 8 && kind_ != Kind::positive_definite_candidate; ++sweep) {
    std::fill_n(largest.data(), n_, no_exponent);
    for (Index j = 0; j < n_; ++j) {
      for (Index i = 0; i < n_; ++i) {
        const int e = exponent_of(cheap_abs(W_(i, j)));
        largest[i] = e == no_exponent ? largest[i] : std::max(largest[i], e + row_exponent_[i] + row_exponent_[j]);
      }
    }
    bool done = true;
    for (Index i = 0; i < n_; ++i) {
      const int step = half(largest[i]);
      row_exponent_[i] += step;
      done = done && step == 0;
    }
    if (done) {
      break;
    }
  }
  std::copy_n(row_exponent_.data(), n_, col_exponent_.data());
}

template <class T>
bool SquareFactor<T>::equilibrate(bool always) {
  if (scaled_ || !(badly_scaled_ || (always && worth_scaling_))) {
    return false;
  }
  if (kind_ == Kind::hermitian || kind_ == Kind::symmetric || kind_ == Kind::positive_definite_candidate) {
    symmetric_exponents();
  } else {
    for (Index i = 0; i < n_; ++i) {
      const int e = exponent_of(size_.row_max[i]);
      row_exponent_[i] = e == no_exponent ? 0 : -e;
    }
    for (Index j = 0; j < n_; ++j) {
      int largest = no_exponent;
      visit_column(j, [&](Index i, T& element) {
        const int e = exponent_of(cheap_abs(element));
        largest = e == no_exponent ? largest : std::max(largest, e + row_exponent_[i]);
      });
      col_exponent_[j] = largest == no_exponent ? 0 : -largest;
    }
  }
  one_norm_ = 0;
  for (Index j = 0; j < n_; ++j) {
    R sum = 0;
    visit_column(j, [&](Index i, T& element) {
      element =
          shift(element, row_exponent_[i] + col_exponent_[j]);  // at once: in two steps it might underflow on the way
      sum += cheap_abs(element);
    });
    one_norm_ = max_or_nan(one_norm_, sum);
  }
  scaled_ = true;
  return true;
}

#define INSTANTIATE(T) template bool SquareFactor<T>::equilibrate(bool);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
