// SPDX-License-Identifier: BSD-3-Clause
#include "solve/small.hpp"

#include "kernel/row_substitution.hpp"

#include <cmath>

namespace hessolve {
namespace {

constexpr Index most = 64;  // beyond it, blocking wins over what follows

/// Columns of P packets each, rows padded by zeros. Pivoting is implicit: no row moves; a row that has been a pivot is
/// only struck out of `active`. Row pivot[k] of the factored array holds row k of U, and the multipliers stand where
/// they arose.
template <class T, int P>
class SmallLu {
 public:
  explicit SmallLu(Index n) : n_(n) {}

  /// Read A and b; the largest column sum, or NaN if an element is not finite.
  T load(MatrixView<const T> A, MatrixView<const T> b) {
    const bool columns = A.row_stride == 1;
    T norm = 0;
    for (Index j = 0; j < n_; ++j) {
      T* a = column(j);
      if (columns) {
        for (int p = 0; p < P; ++p) {
          simd::store<T>(a + p * W, load_rows(A.data + j * A.col_stride + p * W, n_ - p * W));
        }
      } else {
        const T* from = A.data + j * A.col_stride;
        for (Index i = 0; i < n_; ++i) {
          a[i] = from[i * A.row_stride];
        }
        for (Index i = n_; i < P * W; ++i) {
          a[i] = T(0);
        }
      }
      Packet sum = simd::zero<T>();
      for (int p = 0; p < P; ++p) {
        const Packet v = simd::load<T>(a + p * W);
        simd::store<T>(original_ + j * P * W + p * W, v);
        sum = simd::add(sum, simd::absolute(v));
      }
      const T size = Eigen::internal::predux(sum);
      norm = size > norm || size != size ? size : norm;
    }
    T* y = column(n_);
    for (Index i = 0; i < n_; ++i) {
      y[i] = b(i, 0);
      active_[i] = T(1);
    }
    for (Index i = n_; i < P * W; ++i) {
      y[i] = active_[i] = T(0);
    }
    for (int p = 0; p < P; ++p) {
      simd::store<T>(rhs_ + p * W, simd::load<T>(y + p * W));
    }
    return norm;
  }

  /// Eliminate; the right-hand side goes along as one more column. False at a zero pivot.
  bool factor() {
    for (Index k = 0; k < n_; ++k) {
      T* a = column(k);
      Packet size[P];
      Packet top = simd::zero<T>();
      for (int p = 0; p < P; ++p) {
        size[p] = simd::multiply(simd::absolute(simd::load<T>(a + p * W)), simd::load<T>(active_ + p * W));
        top = simd::maximum(top, size[p]);
      }
      const T largest = simd::largest_lane(top);
      if (!(largest > T(0))) {
        return false;
      }
      Index row = 0;
      for (int p = 0; p < P; ++p) {
        const int lane = simd::find_lane<T>(size[p], largest);
        if (lane >= 0) {
          row = p * W + lane;
          break;
        }
      }
      pivot_[k] = row;
      active_[row] = T(0);
      const T inverse = T(1) / a[row];
      const Packet scale = simd::broadcast<T>(inverse);
      Packet l[P];  // multipliers; zero in rows that are done
      for (int p = 0; p < P; ++p) {
        const Packet active = simd::load<T>(active_ + p * W);
        const Packet v = simd::load<T>(a + p * W);
        l[p] = simd::multiply(simd::multiply(v, scale), active);
        simd::store<T>(multiplier_ + (k * P + p) * W, l[p]);
      }
      for (Index j = k + 1; j <= n_; ++j) {
        T* c = column(j);
        const Packet u = simd::broadcast<T>(c[row]);
        for (int p = 0; p < P; ++p) {
          simd::store<T>(c + p * W, simd::negative_multiply_add(l[p], u, simd::load<T>(c + p * W)));
        }
      }
    }
    return true;
  }

  void solve(T* x) {
    T* y = column(n_);
    for (Index k = n_ - 1; k >= 0; --k) {
      const T value = y[pivot_[k]] / column(k)[pivot_[k]];
      x[k] = value;
      const Packet v = simd::broadcast<T>(value);
      for (int p = 0; p < P; ++p) {
        simd::store<T>(y + p * W,
                       simd::negative_multiply_add(simd::load<T>(column(k) + p * W), v, simd::load<T>(y + p * W)));
      }
    }
  }

  /// ||A^-1||_1. Rows of the inverse, from those of the identity: row k of L is row pivot[k] of the multipliers.
  T inverse_norm() {
    constexpr Index ld = P * W;
    alignas(64) T rows[most * ld];
    for (Index k = 0; k < n_; ++k) {
      for (int p = 0; p < P; ++p) {
        simd::store<T>(rows + k * ld + p * W, simd::zero<T>());
      }
      rows[k * ld + pivot_[k]] = T(1);
    }
    const auto lower = [this](Index i, Index k) { return multiplier_[k * ld + pivot_[i]]; };
    const auto upper = [this](Index i, Index k) { return column(k)[pivot_[i]]; };
    detail::substitute_strip<T, P>(rows, ld, n_, true, lower, [](Index) { return T(1); });
    detail::substitute_strip<T, P>(rows, ld, n_, false, upper, [this](Index i) { return column(i)[pivot_[i]]; });
    Packet top = simd::zero<T>();
    for (int p = 0; p < P; ++p) {
      Packet sum = simd::zero<T>();
      for (Index k = 0; k < n_; ++k) {
        sum = simd::add(sum, simd::absolute(simd::load<T>(rows + k * ld + p * W)));
      }
      top = simd::maximum(top, sum);
    }
    return simd::largest_lane(top);
  }

  /// ||b - A x|| / (||A|| ||x|| + ||b||), infinity norms.
  T backward_error(const T* x) const {
    Packet r[P];
    Packet row_sum[P];
    for (int p = 0; p < P; ++p) {
      r[p] = simd::load<T>(rhs_ + p * W);
      row_sum[p] = simd::zero<T>();
    }
    T x_size = 0;
    for (Index j = 0; j < n_; ++j) {
      const Packet v = simd::broadcast<T>(x[j]);
      x_size = std::abs(x[j]) > x_size ? std::abs(x[j]) : x_size;
      for (int p = 0; p < P; ++p) {
        const Packet a = simd::load<T>(original_ + (j * P + p) * W);
        r[p] = simd::negative_multiply_add(a, v, r[p]);
        row_sum[p] = simd::add(row_sum[p], simd::absolute(a));
      }
    }
    Packet r_top = simd::zero<T>();
    Packet a_top = simd::zero<T>();
    Packet b_top = simd::zero<T>();
    for (int p = 0; p < P; ++p) {
      r_top = simd::maximum(r_top, simd::absolute(r[p]));
      a_top = simd::maximum(a_top, row_sum[p]);
      b_top = simd::maximum(b_top, simd::absolute(simd::load<T>(rhs_ + p * W)));
    }
    const T residual = simd::largest_lane(r_top);
    const T scale = simd::largest_lane(a_top) * x_size + simd::largest_lane(b_top);
    return residual == T(0) ? T(0) : residual / scale;
  }

 private:
  using Packet = simd::Packet<T>;
  static constexpr Index W = simd::width<T>;

  T* column(Index j) { return work_ + j * P * W; }
  static Packet load_rows(const T* p, Index rows) {
    return rows >= W ? simd::load<T>(p) : rows > 0 ? simd::load_partial<T>(p, rows) : simd::zero<T>();
  }

  Index n_;
  alignas(64) T work_[(most + 1) * P * W];
  alignas(64) T original_[most * P * W];
  alignas(64) T multiplier_[most * P * W];
  alignas(64) T rhs_[P * W];
  alignas(64) T active_[P * W];
  Index pivot_[most];
};

template <class T, int P>
bool run(MatrixView<const T> A, MatrixView<const T> b, T* x) {
  const Index n = A.rows;
  SmallLu<T, P> lu(n);
  const T norm = lu.load(A, b);
  if (!std::isfinite(norm) || !lu.factor()) {
    return false;
  }
  lu.solve(x);
  const T bar = static_cast<T>(n) * epsilon<T>;
  return 1 / norm / lu.inverse_norm() >= epsilon<T> && lu.backward_error(x) <= bar && [&] {
    T check = 0;
    for (Index i = 0; i < n; ++i) {
      check += x[i] * T(0);
    }
    return check == T(0);  // NaN where an x is not finite
  }();
}

template <class T, int P>
bool choose(MatrixView<const T> A, MatrixView<const T> b, T* x) {
  if constexpr (P * simd::width<T> >= most || P == 8) {
    return run<T, P>(A, b, x);
  } else {
    return A.rows <= P * simd::width<T> ? run<T, P>(A, b, x) : choose<T, P + 1>(A, b, x);
  }
}

}  // namespace

template <class T>
Index small_limit() {
  return std::min<Index>(most, 8 * simd::width<T>);
}

template <class T>
bool solve_small(MatrixView<const T> A, MatrixView<const T> b, T* x) {
  return choose<T, 1>(A, b, x);
}

template Index small_limit<float>();
template Index small_limit<double>();
template bool solve_small<float>(MatrixView<const float>, MatrixView<const float>, float*);
template bool solve_small<double>(MatrixView<const double>, MatrixView<const double>, double*);

}  // namespace hessolve
