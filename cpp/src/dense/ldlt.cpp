// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/ldlt.hpp>
#include <hessolve/dense/triangular.hpp>

#include "kernel/block_sizes.hpp"
#include "kernel/cholesky_panel.hpp"
#include "kernel/lu_panel.hpp"
#include "kernel/team.hpp"

namespace hessolve {
namespace {

constexpr Index panel_columns = 48;

/// |d|^2 = 1 or d^2 for a d of modulus 1, as the determinant of a 2x2 pivot needs it.
template <Symmetry S, class T>
auto square_of(T d) {
  if constexpr (S == Symmetry::hermitian) {
    return Real<T>(1);
  } else {
    return d * d;
  }
}

template <class T>
struct Peak {
  Index row = -1;
  Real<T> size = 0;
};

/// Row of the largest modulus among x[first], ..., x[last - 1], without row `skip`.
template <class T>
Peak<T> peak(const T* x, Index first, Index last, Index skip = -1) {
  Peak<T> best;
  for (Index i = first; i < last; ++i) {
    if (i != skip && !(cheap_abs(x[i]) <= best.size)) {  // also for NaN
      best = {i, cheap_abs(x[i])};
    }
  }
  return best;
}

/// One panel of Bunch-Kaufman: left-looking, so that a column is brought up to date only when it is looked at.
/// W = L D for the panel's columns; rows and columns are those of the whole matrix from `first` on.
template <class T, Symmetry S>
class Panel {
 public:
  using Block = std::conditional_t<S == Symmetry::hermitian, Real<T>, T>;  // diagonal and determinant of a 2x2 pivot

  Panel(ColMajor<T> A, ColMajor<T> W, Index first, Index* exchanges, T* subdiagonal)
      : A_(A),
        W_(W),
        n_(A.rows),
        first_(first),
        exchanges_(exchanges),
        subdiagonal_(subdiagonal) {}

  /// Columns first ... end - 1 are factored on return; the last pair may be left to the next panel.
  Index factor(Index width) {
    const Index limit = std::min(first_ + width, n_);
    Index k = first_;
    while (k < limit) {
      if (k + 1 == limit && limit < n_) {
        break;  // a pair would not fit
      }
      k += eliminate(k);
    }
    return k;
  }
  [[nodiscard]] Index zero_pivot() const { return zero_pivot_; }

 private:
  static constexpr Right right = S == Symmetry::hermitian ? Right::transposed : Right::unconjugated;
  static T mirror(T value) { return S == Symmetry::hermitian ? conjugate(value) : value; }
  static Block on_diagonal(T value) {
    if constexpr (S == Symmetry::hermitian) {
      return real_part(value);
    } else {
      return value;
    }
  }

  T* w(Index k) const { return W_.col(k - first_); }

  /// w(slot) := column `c` of the trailing matrix, rows k ... n - 1, brought up to date.
  void bring_up_to_date(Index k, Index c, Index slot) {
    T* x = w(slot);
    for (Index i = k; i < c; ++i) {
      x[i] = mirror(A_(c, i));
    }
    std::copy(A_.col(c) + c, A_.col(c) + n_, x + c);
    const Index done = k - first_;
    gemm_minus<right, T>(ColMajor<T>{x + k, n_ - k, 1, n_}, A_.block(k, first_, n_ - k, done),
                         W_.block(c, 0, 1, done));  // A(:, c) - L W(c, :)^H
    x[c] = on_diagonal(x[c]);
  }

  /// Eliminate one or two columns from k on; returns how many.
  Index eliminate(Index k) {
    const Real<T> alpha =
        static_cast<Real<T>>(0.6403882032022076);  // (1 + sqrt(17)) / 8 bounds the growth of both steps
    bring_up_to_date(k, k, k);
    const Real<T> diagonal = cheap_abs(w(k)[k]);
    const Peak<T> below = peak(w(k), k + 1, n_);
    Index pivot = k;
    Index step = 1;
    if (below.row >= 0 && !(diagonal >= alpha * below.size)) {
      bring_up_to_date(k, below.row, k + 1);
      const Real<T> rival = peak(w(k + 1), k, n_, below.row).size;
      if (diagonal * (rival / below.size) >= alpha * below.size) {
        pivot = k;
      } else if (cheap_abs(w(k + 1)[below.row]) >= alpha * rival) {
        pivot = below.row;
        std::copy(w(k + 1) + k, w(k + 1) + n_, w(k) + k);
      } else {
        pivot = below.row;
        step = 2;
      }
    }
    exchange(k, k + step - 1, pivot);
    exchanges_[k] = step == 1 ? pivot : k;
    subdiagonal_[k] = T(0);
    if (step == 1) {
      single(k);
    } else {
      exchanges_[k + 1] = pivot;
      subdiagonal_[k + 1] = T(0);
      pair(k);
    }
    return step;
  }

  /// Exchange rows and columns q and p >= q of what is left, and the same rows of L and W. Column q of A, about to be
  /// overwritten from W, need not be kept.
  void exchange(Index k, Index q, Index p) {
    if (p == q) {
      return;
    }
    A_(p, p) = A_(q, q);
    for (Index i = q + 1; i < p; ++i) {
      A_(p, i) = mirror(A_(i, q));
    }
    std::copy(A_.col(q) + p + 1, A_.col(q) + n_, A_.col(p) + p + 1);
    for (Index j = 0; j < k; ++j) {
      std::swap(A_(q, j), A_(p, j));
    }
    for (Index j = first_; j <= q; ++j) {
      std::swap(w(j)[q], w(j)[p]);
    }
  }

  void single(Index k) {
    const T d = w(k)[k];
    A_(k, k) = d;
    if (d == T(0)) {
      zero_pivot_ = zero_pivot_ < 0 ? k : zero_pivot_;
      std::fill(A_.col(k) + k + 1, A_.col(k) + n_, T(0));
      return;
    }
    for (Index i = k + 1; i < n_; ++i) {
      A_(i, k) = w(k)[i] / d;
    }
  }

  void pair(Index k) {
    const T* w1 = w(k);
    const T* w2 = w(k + 1);
    const Real<T> size = std::abs(w1[k + 1]);  // the largest of the block; everything is divided by it
    const Block d11 = on_diagonal(w1[k]) / size;
    const Block d22 = on_diagonal(w2[k + 1]) / size;
    const T d21 = w1[k + 1] / size;
    const Block determinant = (d11 * d22 - square_of<S>(d21)) * size;
    for (Index i = k + 2; i < n_; ++i) {  // [l1 l2] = [w1 w2] D^-1
      A_(i, k) = (w1[i] * d22 - w2[i] * d21) / determinant;
      A_(i, k + 1) = (w2[i] * d11 - w1[i] * mirror(d21)) / determinant;
    }
    A_(k, k) = w1[k];
    A_(k + 1, k) = T(0);
    subdiagonal_[k] = w1[k + 1];
    A_(k + 1, k + 1) = w2[k + 1];
  }

  ColMajor<T> A_;
  ColMajor<T> W_;
  Index n_;
  Index first_;
  Index* exchanges_;
  T* subdiagonal_;
  Index zero_pivot_ = -1;
};

/// A -= L LD^H (or L LD^T), the lower triangle of a square block.
template <Symmetry S, class T>
void update_diagonal_block(ColMajor<T> A, InColMajor<T> L, InColMajor<T> LD) {
  if constexpr (S == Symmetry::hermitian) {
    subtract_lower_product<T>(A, L, LD);
  } else {
    for (Index c = 0; c < A.cols; ++c) {
      gemm_minus<Right::unconjugated, T>(A.block(c, c, A.rows - c, 1), L.block(c, 0, A.rows - c, L.cols),
                                         LD.block(c, 0, 1, L.cols));
    }
  }
}

template <Symmetry S, class T>
Outcome factor(ColMajor<T> A, Index* exchanges, T* subdiagonal, const Stop& stop) {
  constexpr Right right = S == Symmetry::hermitian ? Right::transposed : Right::unconjugated;
  const Index n = A.rows;
  Matrix<T> W(n, std::min(n, panel_columns));
  Index zero_pivot = -1;
  for (Index first = 0; first < n;) {
    if (stop.requested()) {
      return {Reason::stopped};
    }
    Panel<T, S> panel(A, W.view(), first, exchanges, subdiagonal);
    const Index end = panel.factor(panel_columns);
    zero_pivot = zero_pivot < 0 ? panel.zero_pivot() : zero_pivot;
    const Index rest = n - end;
    constexpr Index strip = 64;
    const ColMajor<const T> L = A.block(end, first, rest, end - first);
    const ColMajor<const T> LD = W.view().block(end, 0, rest, end - first);
    parallel_for((rest + strip - 1) / strip, rest > serial_below, [&](Index s) {  // A22 - L21 (L21 D)^H
      const Index j = s * strip;
      const Index w = std::min(strip, rest - j);
      update_diagonal_block<S, T>(A.block(end + j, end + j, w, w), L.block(j, 0, w, L.cols), LD.block(j, 0, w, L.cols));
      const Index below = rest - j - w;
      gemm_minus<right, T>(A.block(end + j + w, end + j, below, w), L.block(j + w, 0, below, L.cols),
                           LD.block(j, 0, w, L.cols));
    });
    first = end;
  }
  return zero_pivot < 0 ? Outcome{} : Outcome{Reason::singular, zero_pivot};
}

template <Symmetry S, class T>
void divide(InColMajor<T> LD, const T* subdiagonal, MatrixView<T> B) {
  const auto diagonal = [&](Index k) {
    if constexpr (S == Symmetry::hermitian) {
      return real_part(LD(k, k));
    } else {
      return LD(k, k);
    }
  };
  for (Index k = 0; k < LD.rows; ++k) {
    if (subdiagonal[k] == T(0)) {
      for (Index j = 0; j < B.cols; ++j) {
        B(k, j) /= diagonal(k);
      }
      continue;
    }
    const Real<T> size = std::abs(subdiagonal[k]);
    const auto d11 = diagonal(k) / size;
    const auto d22 = diagonal(k + 1) / size;
    const T d21 = subdiagonal[k] / size;
    const T d12 = S == Symmetry::hermitian ? conjugate(d21) : d21;
    const auto determinant = (d11 * d22 - square_of<S>(d21)) * size;
    for (Index j = 0; j < B.cols; ++j) {
      const T b1 = B(k, j);
      const T b2 = B(k + 1, j);
      B(k, j) = (b1 * d22 - b2 * d12) / determinant;
      B(k + 1, j) = (b2 * d11 - b1 * d21) / determinant;
    }
    ++k;
  }
}

}  // namespace

template <class T>
Outcome ldlt_in_place(ColMajor<T> A, Index* exchanges, T* subdiagonal, const Stop& stop, Symmetry symmetry) {
  if (is_complex<T> && symmetry == Symmetry::symmetric) {
    return factor<Symmetry::symmetric, T>(A, exchanges, subdiagonal, stop);
  }
  return factor<Symmetry::hermitian, T>(A, exchanges, subdiagonal, stop);
}

template <class T>
void ldlt_divide(InColMajor<T> LD, const T* subdiagonal, MatrixView<T> B, Symmetry symmetry) {
  if (is_complex<T> && symmetry == Symmetry::symmetric) {
    divide<Symmetry::symmetric, T>(LD, subdiagonal, B);
  } else {
    divide<Symmetry::hermitian, T>(LD, subdiagonal, B);
  }
}

template <class T>
void ldlt_solve(InColMajor<T> LD, const Index* exchanges, const T* subdiagonal, ColMajor<T> B, Trans trans,
                Symmetry symmetry) {
  const bool plain = symmetry == Symmetry::symmetric;  // A^T = A, A^H = conj(A)
  const bool conjugated = is_complex<T> && trans == (plain ? Trans::adjoint : Trans::transpose);  // else A^H = A
  if (conjugated) {
    as_eigen(B) = as_eigen(B).conjugate().eval();
  }
  const Index n = LD.rows;
  exchange_rows(B, exchanges, n);
  triangular_solve<T>(LD, Triangle::lower, Diagonal::unit, Trans::none, B);
  ldlt_divide<T>(LD, subdiagonal, B, symmetry);
  triangular_solve<T>(LD, Triangle::lower, Diagonal::unit, plain ? Trans::transpose : Trans::adjoint, B);
  for (Index j = 0; j < B.cols; ++j) {
    for (Index k = n - 1; k >= 0; --k) {
      std::swap(B(k, j), B(exchanges[k], j));
    }
  }
  if (conjugated) {
    as_eigen(B) = as_eigen(B).conjugate().eval();
  }
}

#define INSTANTIATE(T)                                                               \
  template Outcome ldlt_in_place<T>(ColMajor<T>, Index*, T*, const Stop&, Symmetry); \
  template void ldlt_divide<T>(InColMajor<T>, const T*, MatrixView<T>, Symmetry);    \
  template void ldlt_solve<T>(InColMajor<T>, const Index*, const T*, ColMajor<T>, Trans, Symmetry);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
