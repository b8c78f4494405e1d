// SPDX-License-Identifier: BSD-3-Clause
#include "dense/bidiagonal.hpp"

#include <hessolve/core/buffer.hpp>

#include "dense/row_strips.hpp"

#include <algorithm>
#include <cmath>

namespace hessolve {
namespace {

/// Sweeps in all, a multiple of the order: two a singular value are usual.
constexpr Index most_sweeps = 60;

template <class R>
struct Rotation {
  R c = 1;
  R s = 0;
};

/// (c, s) with c f + s g = r and c g - s f = 0; f becomes r.
template <class R>
Rotation<R> rotation_for(R& f, R g) {
  if (g == 0) {
    return {};
  }
  const R r = std::sqrt(f * f + g * g);
  if (!(r > std::sqrt(std::numeric_limits<R>::min()) / epsilon<R>)) {  // squares have lost digits
    const R length = std::hypot(f, g);
    const Rotation<R> turn{f / length, g / length};
    f = length;
    return turn;
  }
  const Rotation<R> turn{f / r, g / r};
  f = r;
  return turn;
}

/// (x, y) := (c x + s y, c y - s x) for columns of Z.
template <class R>
void rotate_pair(ColMajor<R> Z, Index a, Index b, Rotation<R> turn) {
  if (Z.data == nullptr) {
    return;
  }
  R* x = Z.col(a);
  R* y = Z.col(b);
  for (Index i = 0; i < Z.rows; ++i) {
    const R t = turn.c * x[i] + turn.s * y[i];
    y[i] = turn.c * y[i] - turn.s * x[i];
    x[i] = t;
  }
}

/// rotate_pair(Z, k, k + 1, turns[k]) for k = l ... m - 2: each column is read and written once.
template <class R>
void rotate_all(ColMajor<R> Z, Index l, Index m, const Rotation<R>* turns) {
  if (Z.data == nullptr) {
    return;
  }
  constexpr Index W = simd::width<R>;
  in_row_strips<R>(Z.rows, [&](auto count, Index i, auto&& get, auto&& put) {
    simd::Packet<R> carry[count];
    for (int k = 0; k < count; ++k) {
      carry[k] = get(Z.col(l) + i + k * W);
    }
    for (Index j = l; j + 1 < m; ++j) {
      const simd::Packet<R> C = simd::broadcast<R>(turns[j].c);
      const simd::Packet<R> S = simd::broadcast<R>(turns[j].s);
      R* z = Z.col(j) + i;
      for (int k = 0; k < count; ++k) {
        const simd::Packet<R> y = get(z + Z.stride + k * W);
        put(z + k * W, simd::multiply_add(S, y, simd::multiply(C, carry[k])));
        carry[k] = simd::negative_multiply_add(S, carry[k], simd::multiply(C, y));
      }
    }
    for (int k = 0; k < count; ++k) {
      put(Z.col(m - 1) + i + k * W, carry[k]);
    }
  });
}

/// Column m - 1 holds e[m - 2] alone, which is chased up and out by rotations of it with the columns from l on.
template <class R>
void clear_column(Index l, Index m, R* d, R* e, ColMajor<R> V) {
  R f = e[m - 2];
  e[m - 2] = 0;
  for (Index k = m - 2; k >= l; --k) {
    const Rotation<R> turn = rotation_for(d[k], f);
    rotate_pair(V, k, m - 1, turn);
    if (k > l) {
      f = -turn.s * e[k - 1];
      e[k - 1] *= turn.c;
    }
  }
}

/// d, e and the matrices that take part.
template <class R>
class Iteration {
 public:
  Iteration(Index n, R* d, R* e, ColMajor<R> U, ColMajor<R> V, R floor)
      : n_(n),
        d_(d),
        e_(e),
        U_(U),
        V_(V),
        floor_(floor),
        turns_(2 * n) {}

  Outcome run() {
    R norm = 0;
    for (Index i = 0; i < n_; ++i) {
      norm = std::max({norm, std::abs(d_[i]), i + 1 < n_ ? std::abs(e_[i]) : R(0)});
    }
    floor_ = std::max(floor_, epsilon<R> * epsilon<R> * norm);  // as good as zero: no shift would find it
    Index left = most_sweeps * std::max<Index>(n_, 1);
    for (Index m = n_; m > 0;) {
      if (m > 1 && negligible(m - 2)) {
        e_[m - 2] = 0;
      }
      if (m == 1 || e_[m - 2] == 0) {
        --m;
        continue;
      }
      Index l = m - 1;  // rows l ... m - 1 do not split
      while (l > 0 && !negligible(l - 1)) {
        --l;
      }
      if (l > 0) {
        e_[l - 1] = 0;
      }
      if (left-- == 0) {
        return {Reason::stagnated};
      }
      if (std::abs(d_[m - 1]) <= floor_) {
        d_[m - 1] = 0;
        clear_column<R>(l, m, d_, e_, V_);
        continue;
      }
      Index zero = m - 2;
      while (zero >= l && std::abs(d_[zero]) > floor_) {
        --zero;
      }
      if (zero >= l) {
        d_[zero] = 0;
        clear_row(zero, m);
        continue;
      }
      sweep(l, m);
    }
    for (Index i = 0; i < n_; ++i) {
      if (d_[i] < 0 || (d_[i] == 0 && std::signbit(d_[i]))) {
        d_[i] = -d_[i];
        for (Index r = 0; V_.data != nullptr && r < V_.rows; ++r) {
          V_(r, i) = -V_(r, i);
        }
      }
    }
    return {};
  }

 private:
  [[nodiscard]] bool negligible(Index i) const {
    const R noise = 2 * epsilon<R> * (std::abs(d_[i]) + std::abs(d_[i + 1]));  // of the reduction
    return !(std::abs(e_[i]) > std::max(noise, floor_));
  }

  /// d[z] = 0: e[z] is chased right and out by rotations of the rows.
  void clear_row(Index z, Index m) {
    R f = e_[z];
    e_[z] = 0;
    for (Index k = z + 1; k < m; ++k) {
      const Rotation<R> turn = rotation_for(d_[k], f);
      rotate_pair(U_, k, z, turn);
      if (k + 1 < m) {
        f = -turn.s * e_[k];
        e_[k] *= turn.c;
      }
    }
  }

  void sweep(Index l, Index m) {
    const R scale =
        std::max({std::abs(d_[m - 1]), std::abs(d_[m - 2]), std::abs(e_[m - 2]), std::abs(d_[l]), std::abs(e_[l])});
    const R last = d_[m - 1] / scale;
    const R before = d_[m - 2] / scale;
    const R beside = e_[m - 2] / scale;
    const R b = ((before + last) * (before - last) + beside * beside) / 2;
    const R c = (last * beside) * (last * beside);
    R shift = 0;
    if (b != 0 || c != 0) {
      const R root = std::sqrt(b * b + c);
      shift = c / (b + (b < 0 ? -root : root));
    }
    const R first = d_[l] / scale;
    R f = (first + last) * (first - last) + shift;
    R g = first * (e_[l] / scale);
    Rotation<R>* const right = turns_.data();
    Rotation<R>* const left = right + n_;
    for (Index k = l; k + 1 < m; ++k) {
      const Rotation<R> v = rotation_for(f, g);
      if (k > l) {
        e_[k - 1] = f;
      }
      f = v.c * d_[k] + v.s * e_[k];
      e_[k] = v.c * e_[k] - v.s * d_[k];
      g = v.s * d_[k + 1];
      d_[k + 1] *= v.c;
      right[k] = v;
      const Rotation<R> u = rotation_for(f, g);
      d_[k] = f;
      f = u.c * e_[k] + u.s * d_[k + 1];
      d_[k + 1] = u.c * d_[k + 1] - u.s * e_[k];
      if (k + 2 < m) {
        g = u.s * e_[k + 1];
        e_[k + 1] *= u.c;
      }
      left[k] = u;
    }
    e_[m - 2] = f;
    rotate_all(V_, l, m, right);
    rotate_all(U_, l, m, left);
  }

  Index n_;
  R* d_;
  R* e_;
  ColMajor<R> U_;
  ColMajor<R> V_;
  R floor_;
  Scratch<Rotation<R>, 128> turns_;  // of the columns, then of the rows
};

template <class R>
void reverse_columns(ColMajor<R> M, Index n) {
  for (Index j = 0; M.data != nullptr && j < n / 2; ++j) {
    std::swap_ranges(M.col(j), M.col(j) + M.rows, M.col(n - 1 - j));
  }
}

}  // namespace

template <class R>
Outcome bidiagonal_qr(Index n, R* d, R* e, ColMajor<R> U, ColMajor<R> V, R floor) {
  if (n < 2 || std::abs(d[0]) >= std::abs(d[n - 1])) {
    return Iteration<R>(n, d, e, U, V, floor).run();
  }
  // Sweeps go from large to small: with J the reversal, J B^T J is upper bidiagonal as well, and U and V change places.
  std::reverse(d, d + n);
  std::reverse(e, e + n - 1);
  reverse_columns(U, n);
  reverse_columns(V, n);
  return Iteration<R>(n, d, e, V, U, floor).run();
}

template <class R>
void drop_last_column(Index n, R* d, R* e, ColMajor<R> V) {
  if (n > 0) {
    clear_column<R>(0, n + 1, d, e, V);
  }
}

#define INSTANTIATE(R)                                                           \
  template Outcome bidiagonal_qr<R>(Index, R*, R*, ColMajor<R>, ColMajor<R>, R); \
  template void drop_last_column<R>(Index, R*, R*, ColMajor<R>);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve
