// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/dot.hpp"
#include "kernel/eigen_setup.hpp"
#include "kernel/scaling.hpp"
#include "solve/square_factor.hpp"

#include <hessolve/dense/update.hpp>

#include <cmath>

/// What factors are good for besides solving: products with A, its determinant, updates, and a saved state.
namespace hessolve {
namespace {

/// B := op(triangle of A) B
template <class T>
void triangular_multiply(InColMajor<T> A, Triangle triangle, Diagonal diagonal, Trans trans, ColMajor<T> B) {
  const auto multiply = [&](const auto& part) {
    auto target = as_eigen(B);
    if (trans == Trans::none) {
      target = (part * target).eval();
    } else if (trans == Trans::transpose) {
      target = (part.transpose() * target).eval();
    } else {
      target = (part.adjoint() * target).eval();
    }
  };
  const auto matrix = as_eigen(A);
  if (triangle == Triangle::lower) {
    if (diagonal == Diagonal::unit) {
      multiply(matrix.template triangularView<Eigen::UnitLower>());
    } else {
      multiply(matrix.template triangularView<Eigen::Lower>());
    }
  } else {
    multiply(matrix.template triangularView<Eigen::Upper>());
  }
}

template <class T>
void exchange(ColMajor<T> B, const Index* pivots, bool forward) {
  const Index n = B.rows;
  for (Index j = 0; j < B.cols; ++j) {
    for (Index step = 0; step < n; ++step) {
      const Index k = forward ? step : n - 1 - step;
      std::swap(B(k, j), B(pivots[k], j));
    }
  }
}

template <class T>
void conjugate_all(ColMajor<T> B) {
  for (Index j = 0; j < B.cols && is_complex<T>; ++j) {
    for (Index i = 0; i < B.rows; ++i) {
      B(i, j) = conjugate(B(i, j));
    }
  }
}

/// B := D B of an LDL^T factorisation.
template <class T>
void multiply_by_pivots(InColMajor<T> LD, const T* subdiagonal, Symmetry symmetry, ColMajor<T> B) {
  for (Index k = 0; k < LD.rows; ++k) {
    const bool pair = subdiagonal[k] != T(0);
    const T d21 = subdiagonal[k];
    const T d12 = symmetry == Symmetry::hermitian ? conjugate(d21) : d21;
    for (Index j = 0; j < B.cols; ++j) {
      const T b = B(k, j);
      B(k, j) = LD(k, k) * b;
      if (pair) {
        B(k, j) += d12 * B(k + 1, j);
        B(k + 1, j) = d21 * b + LD(k + 1, k + 1) * B(k + 1, j);
      }
    }
    k += pair ? 1 : 0;
  }
}

}  // namespace

template <class T>
void SquareFactor<T>::prepare_to_multiply() {
  if (is_banded()) {
    band_of_matrix_ = Matrix<T>(band_.height(), n_);
    copy_into<T>(MatrixView<const T>(W_), band_of_matrix_.view());
  }
}

template <class T>
void SquareFactor<T>::multiply_ordered(ColMajor<T> B, Trans trans) const {
  auto target = as_eigen(B);  // the array holds A itself
  const auto A = as_eigen(ColMajor<const T>(W_));
  if (trans == Trans::none) {
    target = (A * target).eval();
  } else if (trans == Trans::transpose) {
    target = (A.transpose() * target).eval();
  } else {
    target = (A.adjoint() * target).eval();
  }
}

template <class T>
void SquareFactor<T>::multiply_scaled(ColMajor<T> B, Trans trans) const {
  const bool plain = trans == Trans::none;
  switch (method_) {
    case Method::diagonal:
    case Method::tridiagonal:
    case Method::banded: {
      Matrix<T> product(n_, B.cols);
      const Index d = band_.diagonal();
      for (Index c = 0; c < B.cols; ++c) {
        std::fill_n(product.view().col(c), n_, T(0));
        for (Index j = 0; j < n_; ++j) {
          for (Index i = std::max<Index>(0, j - band_.upper); i <= std::min(n_ - 1, j + band_.lower); ++i) {
            const T a = band_of_matrix_(d + i - j, j);
            product(plain ? i : j, c) += (trans == Trans::adjoint ? conjugate(a) : a) * B(plain ? j : i, c);
          }
        }
      }
      copy_into<T>(MatrixView<const T>(product.view()), B);
      return;
    }
    case Method::triangular:
      if (!order_.empty()) {
        multiply_ordered(B, trans);
      } else {
        triangular_multiply<T>(W_, kind_ == Kind::lower_triangular ? Triangle::lower : Triangle::upper,
                               Diagonal::general, trans, B);
      }
      return;
    case Method::cholesky:
    case Method::ldlt: {
      const bool ldlt = method_ == Method::ldlt;
      const bool mirrored = symmetry() == Symmetry::symmetric;
      const bool conjugated = trans == (mirrored ? Trans::adjoint : Trans::transpose);
      if (conjugated) {
        conjugate_all<T>(B);
      }
      const Diagonal unit = ldlt ? Diagonal::unit : Diagonal::general;
      if (ldlt) {
        exchange<T>(B, pivots_.data(), true);
      }
      triangular_multiply<T>(W_, Triangle::lower, unit, mirrored ? Trans::transpose : Trans::adjoint, B);
      if (ldlt) {
        multiply_by_pivots<T>(W_, subdiagonal_.data(), symmetry(), B);
      }
      triangular_multiply<T>(W_, Triangle::lower, unit, Trans::none, B);
      if (ldlt) {
        exchange<T>(B, pivots_.data(), false);
      }
      if (conjugated) {
        conjugate_all<T>(B);
      }
      return;
    }
    default:
      if (plain) {  // A = P^T L U
        triangular_multiply<T>(W_, Triangle::upper, Diagonal::general, trans, B);
        triangular_multiply<T>(W_, Triangle::lower, Diagonal::unit, trans, B);
        exchange<T>(B, pivots_.data(), false);
      } else {
        exchange<T>(B, pivots_.data(), true);
        triangular_multiply<T>(W_, Triangle::lower, Diagonal::unit, trans, B);
        triangular_multiply<T>(W_, Triangle::upper, Diagonal::general, trans, B);
      }
  }
}

template <class T>
void SquareFactor<T>::multiply(ColMajor<T> B, Trans trans) const {
  const auto scale = [&](bool rows) {
    for (Index j = 0; j < B.cols && scaled_; ++j) {
      for (Index i = 0; i < n_; ++i) {
        B(i, j) = shift(B(i, j), -(rows ? row_exponent_[i] : col_exponent_[i]));
      }
    }
  };
  scale(trans != Trans::none);  // A = R^-1 (R A C) C^-1
  multiply_scaled(B, trans);
  scale(trans == Trans::none);
}

template <class T>
Determinant<T> SquareFactor<T>::determinant() const {
  Determinant<T> result;
  const auto flip = [&](Index k, Index pivot) {
    if (k != pivot) {
      result.negate();
    }
  };
  switch (method_) {
    case Method::diagonal:
    case Method::tridiagonal:
    case Method::banded:
      for (Index k = 0; k < n_; ++k) {
        flip(k, pivots_[k]);
        result.multiply(W_(band_.diagonal(), k));
      }
      break;
    case Method::triangular: {
      Buffer<Index> column_of(n_);  // the permutation that takes rows to columns
      for (Index k = 0; k < n_; ++k) {
        const Index i = order_.empty() ? k : order_[k];
        const Index j = order_.empty() ? k : order_[n_ + k];
        column_of[i] = j;
        result.multiply(W_(i, j));
      }
      for (Index k = 0; k < n_; ++k) {
        while (column_of[k] != k) {
          std::swap(column_of[k], column_of[column_of[k]]);
          result.negate();
        }
      }
      break;
    }
    case Method::cholesky:
      for (Index k = 0; k < n_; ++k) {
        result.multiply(W_(k, k));
        result.multiply(W_(k, k));
      }
      break;
    case Method::ldlt:
      for (Index k = 0; k < n_; ++k) {
        const T d21 = subdiagonal_[k];
        if (d21 == T(0)) {
          result.multiply(W_(k, k));
          continue;
        }
        const Real<T> size = std::abs(d21);
        const T unit = d21 / size;
        const T product = symmetry() == Symmetry::hermitian ? T(1) : T(unit * unit);
        result.multiply((W_(k, k) / size) * (W_(k + 1, k + 1) / size) - product);
        result.multiply(T(size));
        result.multiply(T(size));
        ++k;
      }
      break;
    default:
      for (Index k = 0; k < n_; ++k) {
        flip(k, pivots_[k]);
        result.multiply(W_(k, k));
      }
  }
  for (Index k = 0; k < n_ && scaled_; ++k) {
    result.exponent -= row_exponent_[k] + col_exponent_[k];
  }
  return result;
}

template <class T>
Outcome SquareFactor<T>::update(ColMajor<T> U, bool downdate) {
  for (Index j = 0; j < U.cols && scaled_; ++j) {
    for (Index i = 0; i < n_; ++i) {
      U(i, j) = shift(U(i, j), row_exponent_[i]);
    }
  }
  Matrix<T> before;
  Buffer<T> pairs_before;
  const bool ldlt = method_ == Method::ldlt;
  if (ldlt || (downdate && U.cols > 1)) {
    before = Matrix<T>(n_, n_);
    copy_into<T>(MatrixView<const T>(W_), before.view());
    pairs_before = Buffer<T>(n_);
    std::copy_n(subdiagonal_.data(), n_, pairs_before.data());
  }
  constexpr Real<T> bearable = 32;  // of |L|, which pivoting keeps below 2.8
  Outcome outcome;
  for (Index j = 0; j < U.cols && outcome.ok(); ++j) {
    if (ldlt) {
      exchange<T>(U.block(0, j, n_, 1), pivots_.data(), true);
      Real<T> growth = 0;
      outcome = ldlt_update<T>(W_, subdiagonal_.data(), downdate ? Real<T>(-1) : Real<T>(1), U.col(j), growth,
                               Symmetry::hermitian);
      if (!outcome.ok() || !(growth <= bearable)) {
        outcome = {Reason::stagnated};
      }
    } else if (downdate) {
      outcome = cholesky_downdate<T>(W_, U.col(j));
    } else {
      cholesky_update<T>(W_, U.col(j));
    }
  }
  if (!outcome.ok() && pairs_before.size() > 0) {
    copy_into<T>(MatrixView<const T>(before.view()), W_);
    std::copy_n(pairs_before.data(), n_, subdiagonal_.data());
  }
  return outcome;
}

template <class T>
void SquareFactor<T>::apply_lower(ColMajor<T> B, bool inverse) const {
  const auto scale = [&](int sign) {  // A = S^-1 L L^H S^-1
    for (Index j = 0; j < B.cols && scaled_; ++j) {
      for (Index i = 0; i < n_; ++i) {
        B(i, j) = shift(B(i, j), sign * row_exponent_[i]);
      }
    }
  };
  if (inverse) {
    scale(1);
    triangular_solve<T>(W_, Triangle::lower, Diagonal::general, Trans::none, B);
  } else {
    triangular_multiply<T>(W_, Triangle::lower, Diagonal::general, Trans::none, B);
    scale(-1);
  }
}

/// The same sequence of fields for writing and for reading.
template <class T>
template <class Archive>
void SquareFactor<T>::visit_state(Archive& archive) {
  archive(method_);
  archive(one_norm_);
  archive(inf_norm_);
  archive(scaled_);
  archive(W_.data, W_.stride * W_.cols);
  archive(pivots_.data(), n_);
  archive(subdiagonal_.data(), n_);
  archive(row_exponent_.data(), n_);
  archive(col_exponent_.data(), n_);
  archive(band_of_matrix_.view().data, band_of_matrix_.view().stride * band_of_matrix_.view().cols);
  archive(order_.data(), order_.size());
}

template <class T>
void SquareFactor<T>::save(Writer& out) const {
  out(band_);
  out(order_.size());
  const_cast<SquareFactor*>(this)->visit_state(out);  // NOLINT: writing reads the fields only
}

template <class T>
void SquareFactor<T>::restore(Reader& in) {
  in(band_);
  Index ordered = 0;
  in(ordered);
  const bool sane = band_.lower >= 0 && band_.upper >= 0 && (n_ == 0 || (band_.lower < n_ && band_.upper < n_));
  if (!sane || (ordered != 0 && ordered != 2 * n_)) {
    throw std::invalid_argument("the saved state is damaged");
  }
  order_ = Buffer<Index>(ordered);
  if (is_banded()) {
    banded_storage_ = Matrix<T>(band_.height(), n_);
    band_of_matrix_ = Matrix<T>(band_.height(), n_);
    W_ = banded_storage_.view();
  }
  visit_state(in);
}

#define INSTANTIATE(T)                                                 \
  template void SquareFactor<T>::prepare_to_multiply();                \
  template void SquareFactor<T>::multiply(ColMajor<T>, Trans) const;   \
  template Determinant<T> SquareFactor<T>::determinant() const;        \
  template Outcome SquareFactor<T>::update(ColMajor<T>, bool);         \
  template void SquareFactor<T>::apply_lower(ColMajor<T>, bool) const; \
  template void SquareFactor<T>::save(Writer&) const;                  \
  template void SquareFactor<T>::restore(Reader&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
