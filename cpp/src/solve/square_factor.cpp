// SPDX-License-Identifier: BSD-3-Clause
#include "solve/square_factor.hpp"

#include "certify/norm_estimate.hpp"
#include "kernel/dot.hpp"
#include "kernel/row_substitution.hpp"
#include "kernel/scaling.hpp"

#include <cmath>
#include <limits>

namespace hessolve {
namespace {

template <class R>
struct Range {
  R smallest = std::numeric_limits<R>::infinity();
  R largest = 0;

  void include(R value) {
    if (value > 0) {
      smallest = std::min(smallest, value);
    }
    largest = std::max(largest, value);
  }
};

constexpr double bad_scaling = 1024;  // rows or columns that differ by more are scaled at once

}  // namespace

template <class T>
Index SquareFactor<T>::stride_for(Index n) {
  constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  return n <= small_size ? (n + line - 1) / line * line : padded_stride<T>(n);
}

template <class T>
SquareFactor<T>::SquareFactor(Index n, Kind kind, ColMajor<T> storage)
    : n_(n),
      kind_(kind),
      own_(storage.data != nullptr || is_banded() ? 0 : stride_for(n) * n),
      W_(storage),
      pivots_(n),
      subdiagonal_(n),
      size_(n, n),
      row_exponent_(n),
      col_exponent_(n) {
  if (storage.data == nullptr && !is_banded()) {
    W_ = {own_.data(), n, n, stride_for(n)};
  }
}

template <class T>
bool SquareFactor<T>::load(const Source<T>& A, const Structure& structure) {
  scaled_ = false;
  if (is_banded()) {
    load_band(A, structure);
  } else {
    const bool overwriting = W_.data == A.view.data;
    absorb<T>(A, overwriting ? ColMajor<T>{nullptr, n_, n_, n_} : W_, size_);
    if (overwriting && (A.part == Part::lower || A.part == Part::upper)) {
      for (Index j = 0; j < n_; ++j) {  // what the caller keeps in the other triangle is not A
        for (Index i = A.part == Part::lower ? 0 : j + 1; i < (A.part == Part::lower ? j : n_); ++i) {
          W_(i, j) = T(0);
        }
      }
    }
    if (overwriting && (A.part == Part::hermitian_lower || A.part == Part::symmetric_lower)) {
      for (Index j = 0; j < n_; ++j) {  // the upper triangle is what a failed Cholesky restarts from
        for (Index i = 0; i <= j; ++i) {
          W_(i, j) = A(i, j);
        }
      }
    }
  }
  one_norm_ = size_.one_norm;
  inf_norm_ = static_cast<double>(size_.inf_norm);
  if (kind_ == Kind::permuted_triangular) {
    order_ = Buffer<Index>(2 * n_);
    if (!triangular_order<T>(W_, order_.data(), order_.data() + n_)) {
      kind_ = Kind::general;  // the caller's memory changed since it was inspected
      order_ = {};
    }
  }
  Range<R> rows;
  Range<R> cols;
  for (Index i = 0; i < n_; ++i) {
    rows.include(size_.row_max[i]);
    cols.include(size_.col_max[i]);
  }
  constexpr R huge = std::numeric_limits<R>::max();
  constexpr R tiny = std::numeric_limits<R>::min();
  const R ratio = std::max(rows.largest / rows.smallest, cols.largest / cols.smallest);
  const bool extreme =
      rows.largest > std::sqrt(huge) || rows.smallest < std::sqrt(tiny) || cols.smallest < std::sqrt(tiny);
  badly_scaled_ = ratio > R(bad_scaling) || extreme;
  worth_scaling_ = ratio > 2 || extreme;
  return size_.finite || find_non_finite<T>(A).first < 0;
}

/// Only the band is read: everything else is known, or said, to be zero.
template <class T>
void SquareFactor<T>::load_band(const Source<T>& A, const Structure& structure) {
  const bool claimed = A.part != Part::full;
  const Index reach = kind_ == Kind::diagonal ? 0 : 1;
  band_ = {n_, claimed ? reach : structure.lower_bandwidth, claimed ? reach : structure.upper_bandwidth};
  banded_storage_ = Matrix<T>(band_.height(), n_);
  W_ = banded_storage_.view();
  for (Index i = 0; i < n_; ++i) {
    size_.row_sum[i] = size_.row_max[i] = size_.col_sum[i] = size_.col_max[i] = 0;
  }
  const Index d = band_.diagonal();
  R total = 0;
  for (Index j = 0; j < n_; ++j) {
    std::fill_n(W_.col(j), band_.height(), T(0));
    for (Index i = std::max<Index>(0, j - band_.upper); i <= std::min(n_ - 1, j + band_.lower); ++i) {
      const T value = A(i, j);
      const R size = cheap_abs(value);
      W_(d + i - j, j) = value;
      size_.row_sum[i] += size;
      size_.col_sum[j] += size;
      size_.row_max[i] = std::max(size_.row_max[i], size);
      size_.col_max[j] = std::max(size_.col_max[j], size);
    }
    total += size_.col_sum[j] - size_.col_sum[j];
  }
  size_.one_norm = size_.inf_norm = 0;
  for (Index i = 0; i < n_; ++i) {
    size_.one_norm = std::max(size_.one_norm, size_.col_sum[i]);
    size_.inf_norm = std::max(size_.inf_norm, size_.row_sum[i]);
  }
  size_.finite = total == R(0);
}

template <class T>
Outcome SquareFactor<T>::check_diagonal() const {
  for (Index k = 0; k < n_; ++k) {
    const T d = order_.empty() ? W_(k, k) : W_(order_[k], order_[n_ + k]);
    if (d == T(0)) {
      return {Reason::singular, k};
    }
  }
  return {};
}

template <class T>
Outcome SquareFactor<T>::factor(Method method, const Stop& stop) {
  method_ = method;
  switch (method) {
    case Method::diagonal:
    case Method::tridiagonal:
    case Method::banded: return banded_lu_in_place<T>(band_, W_, pivots_.data());
    case Method::triangular:
      if (kind_ != Kind::general) {
        return check_diagonal();
      }
      method_ = Method::lu;
      return lu_in_place<T>(W_, pivots_.data(), stop);
    case Method::cholesky: {
      for (Index k = 0; k < n_; ++k) {
        subdiagonal_[k] = W_(k, k);
      }
      const Outcome outcome = cholesky_in_place<T>(W_, stop);
      if (outcome.reason == Reason::not_positive_definite) {  // the strict upper triangle still holds A
        for (Index j = 0; j < n_; ++j) {
          W_(j, j) = subdiagonal_[j];
          for (Index i = j + 1; i < n_; ++i) {
            W_(i, j) = conjugate(W_(j, i));
          }
        }
      }
      return outcome;
    }
    case Method::ldlt: return ldlt_in_place<T>(W_, pivots_.data(), subdiagonal_.data(), stop, symmetry());
    default: return lu_in_place<T>(W_, pivots_.data(), stop);
  }
}

template <class T>
void SquareFactor<T>::solve_ordered(ColMajor<T> B, Trans trans) const {
  const Index* rows = order_.data();
  const Index* cols = rows + n_;
  Scratch<T, small_size> x(n_);
  for (Index j = 0; j < B.cols; ++j) {
    T* b = B.col(j);
    if (trans == Trans::none) {
      for (Index k = 0; k < n_; ++k) {  // row rows[k] has the one unknown cols[k] left
        x[cols[k]] = b[rows[k]] / W_(rows[k], cols[k]);
        subtract_multiple<T>(n_, x[cols[k]], W_.col(cols[k]), b);
      }
    } else {
      std::fill_n(x.data(), n_, T(0));
      for (Index k = n_ - 1; k >= 0; --k) {
        const T* a = W_.col(cols[k]);
        const T known = trans == Trans::adjoint ? dot<true, T>(a, x.data(), n_) : dot<false, T>(a, x.data(), n_);
        const T d = W_(rows[k], cols[k]);
        x[rows[k]] = (b[cols[k]] - known) / (trans == Trans::adjoint ? conjugate(d) : d);
      }
    }
    std::copy_n(x.data(), n_, b);
  }
}

template <class T>
void SquareFactor<T>::solve_scaled(ColMajor<T> B, Trans trans) const {
  switch (method_) {
    case Method::diagonal:
    case Method::tridiagonal:
    case Method::banded: banded_lu_solve<T>(band_, W_, pivots_.data(), B, trans); return;
    case Method::triangular:
      if (!order_.empty()) {
        solve_ordered(B, trans);
      } else {
        triangular_solve<T>(W_, kind_ == Kind::lower_triangular ? Triangle::lower : Triangle::upper, Diagonal::general,
                            trans, B);
      }
      return;
    case Method::cholesky: cholesky_solve<T>(W_, B, trans); return;
    case Method::ldlt: ldlt_solve<T>(W_, pivots_.data(), subdiagonal_.data(), B, trans, symmetry()); return;
    default: lu_solve<T>(W_, pivots_.data(), B, trans);
  }
}

template <class T>
bool SquareFactor<T>::inverse(ColMajor<T> X) const {
  if (scaled_ || (method_ != Method::cholesky && method_ != Method::lu)) {
    return false;
  }
  if (method_ == Method::cholesky) {
    cholesky_inverse<T>(W_, X);
  } else {
    lu_inverse<T>(W_, pivots_.data(), X);
  }
  return true;
}

template <class T>
void SquareFactor<T>::solve(ColMajor<T> B, Trans trans) const {
  if (!scaled_) {
    solve_scaled(B, trans);
    return;
  }
  const bool plain = trans == Trans::none;  // A^-1 = C (R A C)^-1 R, and transposed the other way round
  const int* before = plain ? row_exponent_.data() : col_exponent_.data();
  const int* after = plain ? col_exponent_.data() : row_exponent_.data();
  for (Index j = 0; j < B.cols; ++j) {
    int common = no_exponent;  // each right-hand side is brought near 1, so that no scale can carry it out of range
    for (Index i = 0; i < n_; ++i) {
      const int e = exponent_of(cheap_abs(B(i, j)));
      common = e == no_exponent ? common : std::max(common, e + before[i]);
    }
    common = common == no_exponent ? 0 : common;
    for (Index i = 0; i < n_; ++i) {
      B(i, j) = shift(B(i, j), before[i] - common);
    }
    solve_scaled({B.col(j), n_, 1, B.stride}, trans);
    for (Index i = 0; i < n_; ++i) {
      B(i, j) = shift(B(i, j), after[i] + common);
    }
  }
}

/// inverse := (R A C)^-1, n <= small_size, by rows: the row-major result is transposed at the end, where it is wanted.
/// Returns its 1-norm.
template <class T>
Real<T> SquareFactor<T>::invert(T* inverse, bool keep) const {
  constexpr Index W = simd::width<T>;
  const Index ld = (n_ + W - 1) / W * W;
  if (method_ != Method::lu && method_ != Method::cholesky && method_ != Method::ldlt) {
    std::fill_n(inverse, n_ * n_, T(0));
    for (Index j = 0; j < n_; ++j) {
      inverse[j + j * n_] = T(1);
    }
    solve_scaled({inverse, n_, n_, n_}, Trans::none);
    R norm = 0;
    for (Index j = 0; j < n_; ++j) {
      R sum = 0;
      for (Index i = 0; i < n_; ++i) {
        sum += cheap_abs(inverse[i + j * n_]);
      }
      norm = sum > norm || std::isnan(sum) ? sum : norm;
    }
    return norm;
  }
  alignas(64) T rows[small_size * small_size];
  std::fill_n(rows, n_ * ld, T(0));
  Index order[small_size];
  for (Index i = 0; i < n_; ++i) {
    order[i] = i;
  }
  for (Index k = 0; k < n_ && method_ != Method::cholesky; ++k) {
    std::swap(order[k], order[pivots_[k]]);
  }
  for (Index i = 0; i < n_; ++i) {
    rows[i * ld + order[i]] = T(1);
  }
  const auto lower = [this](Index i, Index k) { return W_(i, k); };
  const auto diagonal = [this](Index i) { return W_(i, i); };
  const auto one = [](Index) { return T(1); };
  const auto adjoint = [this](Index i, Index k) { return conjugate(W_(k, i)); };
  if (method_ == Method::lu) {
    substitute_rows<T>(rows, ld, n_, true, lower, one);
    substitute_rows<T>(rows, ld, n_, false, lower, diagonal);
  } else if (method_ == Method::cholesky) {
    substitute_rows<T>(rows, ld, n_, true, lower, diagonal);
    substitute_rows<T>(rows, ld, n_, false, adjoint, diagonal);
  } else {
    substitute_rows<T>(rows, ld, n_, true, lower, one);
    ldlt_divide<T>(W_, subdiagonal_.data(), {rows, n_, n_, ld, 1}, symmetry());
    if (symmetry() == Symmetry::hermitian) {
      substitute_rows<T>(rows, ld, n_, false, adjoint, one);
    } else {
      substitute_rows<T>(rows, ld, n_, false, [this](Index i, Index k) { return W_(k, i); }, one);
    }
  }
  alignas(64) R sums[small_size] = {};
  for (Index i = 0; i < n_; ++i) {
    for (Index j = 0; j < n_; ++j) {
      sums[j] += cheap_abs(rows[i * ld + j]);
    }
  }
  R norm = 0;
  for (Index j = 0; j < n_; ++j) {
    norm = sums[j] > norm || std::isnan(sums[j]) ? sums[j] : norm;
  }
  if (!keep) {
    return norm;
  }
  const bool symmetric = method_ == Method::ldlt;  // P^T follows: row i of the result is row order[i] of the inverse
  for (Index i = 0; i < n_; ++i) {
    T* out = inverse + (symmetric ? order[i] : i);
    for (Index j = 0; j < n_; ++j) {
      out[j * n_] = rows[i * ld + j];
    }
  }
  return norm;
}

template <class T>
Real<T> SquareFactor<T>::rcond(T* inverse, bool keep) const {
  if (n_ == 0) {
    return 1;
  }
  R norm = 0;
  if (n_ <= small_size) {
    norm = invert(inverse, keep);
  } else {
    norm = estimate_one_norm<T>(
        n_, [&](ColMajor<T> X) { solve_scaled(X, Trans::none); },
        [&](ColMajor<T> X) { solve_scaled(X, Trans::adjoint); });
  }
  const R result = 1 / one_norm_ / norm;
  return std::isfinite(result) ? result : R(0);
}

template <class T>
bool SquareFactor<T>::null_vector(Index where, T* z) const {
  if (where < 0) {  // the column of the inverse with the largest norm is nearly a null vector
    (void)estimate_one_norm<T>(
        n_, [&](ColMajor<T> X) { solve_scaled(X, Trans::none); },
        [&](ColMajor<T> X) { solve_scaled(X, Trans::adjoint); }, z);
  } else if (method_ == Method::lu) {  // U(:k, :k) c = U(:k, k): column k is the combination c of those before it
    std::fill_n(z, n_, T(0));
    for (Index i = 0; i < where; ++i) {
      z[i] = -W_(i, where);
    }
    triangular_solve<T>(W_.block(0, 0, where, where), Triangle::upper, Diagonal::general, Trans::none,
                        {z, where, 1, n_});
    z[where] = T(1);
  } else {
    return false;
  }
  for (Index j = 0; j < n_; ++j) {  // in units of the columns of R A C, which are all of like size where it was scaled
    z[j] *= scaled_ || !(size_.col_max[j] > 0) ? R(1) : size_.col_max[j];
    if (!std::isfinite(cheap_abs(z[j]))) {
      return false;
    }
  }
  return true;
}

template class SquareFactor<float>;
template class SquareFactor<double>;
template class SquareFactor<std::complex<float>>;
template class SquareFactor<std::complex<double>>;

}  // namespace hessolve
