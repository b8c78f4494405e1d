// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/decompose.hpp>
#include <hessolve/dense/eigh.hpp>
#include <hessolve/dense/lu.hpp>
#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/svd.hpp>
#include <hessolve/dense/triangular.hpp>

#include "dense/cholesky_qr.hpp"
#include "kernel/fill.hpp"
#include "kernel/lu_panel.hpp"
#include "kernel/need.hpp"
#include "kernel/overlap.hpp"
#include "kernel/scaling.hpp"
#include "kernel/source.hpp"

#include <limits>
#include <stdexcept>

namespace hessolve {
namespace {

template <class T>
Matrix<T> copy_of(const Source<T>& A) {
  Matrix<T> W(A.rows(), A.cols());
  Magnitudes<Real<T>> size(A.rows(), A.cols());
  absorb<T>(A, W.view(), size);
  return W;
}

template <class T>
constexpr T not_a_number = T(std::numeric_limits<Real<T>>::quiet_NaN());

/// out := the lower triangle or trapezoid of W, zeros above it.
template <class T>
void copy_lower(InColMajor<T> W, bool unit, MatrixView<T> out) {
  copy_out<T>(W.block(0, 0, out.rows, out.cols), out);
  for (Index i = 0; i < std::min(out.rows, out.cols); ++i) {
    out(i, i) = unit ? T(1) : out(i, i);
    fill<T>(out.block(i, i + 1, 1, out.cols - i - 1), T(0));
  }
}
/// out := the upper triangle or trapezoid of W, zeros below it.
template <class T>
void copy_upper(InColMajor<T> W, MatrixView<T> out) {
  const Index stored = std::min(W.rows, out.rows);
  copy_out<T>(W.block(0, 0, stored, out.cols), out.block(0, 0, stored, out.cols));
  for (Index i = 1; i < out.rows; ++i) {
    fill<T>(out.block(i, 0, 1, i < stored ? std::min(i, out.cols) : out.cols), T(0));
  }
}

/// P W = L U for any shape, in place.
template <class T>
Outcome factor_any_shape(ColMajor<T> W, Index* pivots) {
  const Index r = std::min(W.rows, W.cols);
  if (W.rows <= W.cols) {
    const Outcome outcome = lu_in_place<T>(W.block(0, 0, r, r), pivots);
    const ColMajor<T> rest = W.block(0, r, r, W.cols - r);
    exchange_rows(rest, pivots, r);
    triangular_solve<T>(W.block(0, 0, r, r), Triangle::lower, Diagonal::unit, Trans::none, rest);
    return outcome;
  }
  constexpr Index width = simd::width<T>;
  Buffer<T> inverses((r + width - 1) / width * width * width);
  const Index zero = lu_panel<T>(W, pivots, inverses.data());
  return zero < 0 ? Outcome{} : Outcome{Reason::singular, zero};
}

void permutation_of(const Index* exchanges, Index count, Index n, Index* permutation) {
  for (Index i = 0; i < n; ++i) {
    permutation[i] = i;
  }
  for (Index k = 0; k < count; ++k) {
    std::swap(permutation[k], permutation[exchanges[k]]);
  }
}

/// The first Q.cols columns of the orthogonal factor.
template <class T>
void write_q(InColMajor<T> QR, const T* tau, MatrixView<T> Q) {
  Matrix<T> work(QR.rows, Q.cols);
  form_q<T>(QR, tau, work.view());
  copy_out<T>(work.view(), Q);
}

/// M := 2^e M
template <class T>
void scale_back(MatrixView<T> M, int e) {
  for (Index j = 0; j < M.cols && e != 0; ++j) {
    for (Index i = 0; i < M.rows; ++i) {
      M(i, j) = shift(M(i, j), e);
    }
  }
}

/// Where sums of squares, or a difference of two elements, could leave the range: W := 2^-e W. Returns e, else 0.
template <class T>
int scale_down(ColMajor<T> W) {
  Real<T> largest = 0;
  for (Index j = 0; j < W.cols; ++j) {
    for (Index i = 0; i < W.rows; ++i) {
      largest = std::max(largest, cheap_abs(W(i, j)));
    }
  }
  const int e = exponent_of(largest);
  if (e < std::numeric_limits<Real<T>>::max_exponent / 2) {  // also where nothing is finite
    return 0;
  }
  scale_back<T>(W, -e);
  return e;
}

/// The columns of `out` beyond those of Q complete an orthonormal basis.
template <class T>
void complete_basis(InColMajor<T> Q, MatrixView<T> out) {
  Matrix<T> W(Q.rows, Q.cols);
  copy_into<T>(MatrixView<const T>(Q), W.view());
  Buffer<T> tau(Q.cols);
  qr_in_place<T>(W.view(), tau.data());
  write_q<T>(W.view(), tau.data(), out);
  copy_out<T>(Q, out.block(0, 0, Q.rows, Q.cols));
}

}  // namespace

template <class T>
Outcome lu(In<T> A, Index* permutation, MatrixView<T> L, MatrixView<T> U) {
  const Index r = std::min(A.rows, A.cols);
  need(L.rows == A.rows && L.cols == r && U.rows == r && U.cols == A.cols, "L must be m x r and U r x n");
  const Matrix<T> W = copy_of<T>({A});
  Buffer<Index> pivots(r);
  const Outcome outcome = factor_any_shape<T>(W.view(), pivots.data());
  permutation_of(pivots.data(), r, A.rows, permutation);
  copy_lower<T>(W.view(), true, L);
  copy_upper<T>(W.view(), U);
  return outcome;
}

template <class T>
Outcome cholesky(In<T> A, MatrixView<T> L) {
  need(A.rows == A.cols && L.rows == A.rows && L.cols == A.rows, "A must be square, and L of its shape");
  const Matrix<T> W = copy_of<T>({A, Part::hermitian_lower});
  const Outcome outcome = cholesky_in_place<T>(W.view());
  if (outcome.ok()) {
    copy_lower<T>(W.view(), false, L);
  } else {
    fill<T>(L, not_a_number<T>);
  }
  return outcome;
}

template <class T>
Outcome ldlt(In<T> A, MatrixView<T> L, MatrixView<T> D, Index* permutation, Symmetry symmetry) {
  const Index n = A.rows;
  need(A.cols == n && L.rows == n && L.cols == n && D.rows == n && D.cols == n,
       "A must be square, L and D of its shape");
  const bool hermitian = symmetry == Symmetry::hermitian;
  const Matrix<T> W = copy_of<T>({A, hermitian ? Part::hermitian_lower : Part::symmetric_lower});
  Buffer<Index> exchanges(n);
  Buffer<T> subdiagonal(n);
  const Outcome outcome = ldlt_in_place<T>(W.view(), exchanges.data(), subdiagonal.data(), {}, symmetry);
  permutation_of(exchanges.data(), n, n, permutation);
  fill<T>(D, T(0));
  for (Index k = 0; k < n; ++k) {
    D(k, k) = W(k, k);
    if (subdiagonal[k] != T(0)) {
      D(k + 1, k) = subdiagonal[k];
      D(k, k + 1) = hermitian ? conjugate(subdiagonal[k]) : subdiagonal[k];
    }
  }
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      L(permutation[i], j) = i > j ? W(i, j) : T(i == j ? 1 : 0);
    }
  }
  return outcome;
}

template <class T>
Outcome qr(In<T> A, MatrixView<T> Q, MatrixView<T> R, Index* permutation) {
  const Index r = std::min(A.rows, A.cols);
  const bool wanted = Q.data != nullptr;
  need(R.cols == A.cols && (R.rows == r || R.rows == A.rows), "R must be r x n or m x n");
  need(!wanted || (Q.rows == A.rows && Q.cols == R.rows), "Q must be m x r or m x m, as R has rows");
  constexpr Index worth = 200'000;  // elements: below, reflections in the cache are as fast
  const bool tall = A.rows >= 4 * A.cols && A.rows * A.cols >= worth && A.cols > 1;
  if (tall && wanted && permutation == nullptr && Q.cols == A.cols && !overlap<T>(A, Q) &&
      cholesky_qr_twice<T>({A}, Q, R)) {
    return {};
  }
  const Matrix<T> W = copy_of<T>({A});
  const int exponent = scale_down<T>(W.view());
  Buffer<T> tau(r);
  if (permutation != nullptr) {
    qr_pivoted_in_place<T>(W.view(), tau.data(), permutation);
  } else {
    qr_in_place<T>(W.view(), tau.data());
  }
  copy_upper<T>(W.view(), R);
  scale_back<T>(R, exponent);
  if (wanted) {
    write_q<T>(W.view(), tau.data(), Q);
  }
  return {};
}

template <class T>
Outcome qr_raw(In<T> A, MatrixView<T> H, T* tau, Index* permutation) {
  need(H.rows == A.rows && H.cols == A.cols, "H must have the shape of A");
  const Matrix<T> W = copy_of<T>({A});
  if (permutation != nullptr) {
    qr_pivoted_in_place<T>(W.view(), tau, permutation);
  } else {
    qr_in_place<T>(W.view(), tau);
  }
  for (Index k = 0; k < std::min(A.rows, A.cols); ++k) {
    tau[k] = conjugate(tau[k]);
  }
  copy_out<T>(W.view(), H);
  return {};
}

template <class T>
Outcome svd(In<T> A, MatrixView<T> U, Real<T>* s, MatrixView<T> Vh, const Stop& stop) {
  const Index r = std::min(A.rows, A.cols);
  const bool vectors = U.data != nullptr || Vh.data != nullptr;
  need(U.data == nullptr || (U.rows == A.rows && (U.cols == r || U.cols == A.rows)), "U must be m x r or m x m");
  need(Vh.data == nullptr || (Vh.cols == A.cols && (Vh.rows == r || Vh.rows == A.cols)), "V^H must be r x n or n x n");
  const Matrix<T> W = copy_of<T>({A});
  if (!vectors) {
    return singular_values<T>(W.view(), s, stop);
  }
  const Svd<T> d = svd<T>(W.view(), stop);
  std::copy_n(d.s.data(), r, s);
  if (!d.outcome.ok()) {
    fill<T>(U, not_a_number<T>);
    fill<T>(Vh, not_a_number<T>);
    return d.outcome;
  }
  if (U.data != nullptr) {
    if (U.cols > r) {
      complete_basis<T>(d.U.view(), U);
    } else {
      copy_out<T>(d.U.view(), U);
    }
  }
  if (Vh.data != nullptr) {
    Matrix<T> V(A.cols, Vh.rows);
    if (Vh.rows > r) {
      complete_basis<T>(d.V.view(), V.view());
    } else {
      copy_into<T>(MatrixView<const T>(d.V.view()), V.view());
    }
    for (Index j = 0; j < Vh.cols; ++j) {
      for (Index i = 0; i < Vh.rows; ++i) {
        Vh(i, j) = conjugate(V(j, i));
      }
    }
  }
  return {};
}

template <class T>
Outcome eigh(In<T> A, Real<T>* w, MatrixView<T> V, const Stop& stop) {
  need(A.rows == A.cols && (V.data == nullptr || (V.rows == A.rows && V.cols == A.rows)),
       "A must be square, and V of its shape");
  const Matrix<T> W = copy_of<T>({A, Part::hermitian_lower});
  if (V.data == nullptr) {
    return eigvalsh_in_place<T>(W.view(), w, stop);
  }
  const Outcome outcome = eigh_in_place<T>(W.view(), w, stop);
  copy_out<T>(W.view(), V);
  return outcome;
}

#define INSTANTIATE(T)                                                                 \
  template Outcome lu<T>(In<T>, Index*, MatrixView<T>, MatrixView<T>);                 \
  template Outcome cholesky<T>(In<T>, MatrixView<T>);                                  \
  template Outcome ldlt<T>(In<T>, MatrixView<T>, MatrixView<T>, Index*, Symmetry);     \
  template Outcome qr<T>(In<T>, MatrixView<T>, MatrixView<T>, Index*);                 \
  template Outcome qr_raw<T>(In<T>, MatrixView<T>, T*, Index*);                        \
  template Outcome svd<T>(In<T>, MatrixView<T>, Real<T>*, MatrixView<T>, const Stop&); \
  template Outcome eigh<T>(In<T>, Real<T>*, MatrixView<T>, const Stop&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
