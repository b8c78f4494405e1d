// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/batch.hpp>

#include "dense/lane_reflector.hpp"
#include "kernel/scaling.hpp"

namespace hessolve {
namespace {

/// Steps of the implicit QL iteration that one eigenvalue may take; two are usual.
constexpr int most_steps = 50;

template <class T>
struct Tridiagonal {
  Size<T> d[lane_limit];
  Size<T> e[lane_limit];  // e[i] couples i and i + 1
  Lanes<T> tau[lane_limit];
};

/// Q^H W Q = tridiagonal, the lower triangle of W read; W keeps the reflectors, v_k in rows k + 1 ... of column k.
template <class T, int N>
HESSOLVE_INLINE void tridiagonalize(Index rows, const Rows<T>& W, Tridiagonal<T>& t) {
  using R = Real<T>;
  const Index n = N > 0 ? N : rows;
  const Index stride = W.stride();
  Lanes<T> w[lane_limit];
  for (Index k = 0; k + 1 < n; ++k) {
    t.d[k] = W[k][k].re;
    const LaneReflector<T> H = make_reflector<T>(W[k + 1] + k, stride, n - k - 1);
    t.e[k] = H.beta;
    t.tau[k] = H.tau;
    for (Index i = k + 1; i < n; ++i) {  // w := A v
      w[i] = scale<T>(W[i][k], W[i][i].re);
    }
    for (Index i = k + 1; i < n; ++i) {
      for (Index j = k + 1; j < i; ++j) {
        w[i] = add_product<T>(W[i][j], W[j][k], w[i]);
        w[j] = add_conjugate_product<T>(W[i][j], W[i][k], w[j]);
      }
    }
    Lanes<T> product = all_lanes<T>(R(0));  // w := tau A v - (tau / 2) (w^H v) v, as in H^H A H
    for (Index i = k + 1; i < n; ++i) {
      w[i] = multiply<T>(H.tau, w[i]);
      product = add_conjugate_product<T>(w[i], W[i][k], product);
    }
    const Lanes<T> half = scale<T>(multiply<T>(H.tau, product), simd::broadcast<R>(R(0.5)));
    for (Index i = k + 1; i < n; ++i) {
      w[i] = subtract_product<T>(half, W[i][k], w[i]);
    }
    for (Index i = k + 1; i < n; ++i) {  // A := A - v w^H - w v^H
      for (Index j = k + 1; j <= i; ++j) {
        W[i][j] = subtract_conjugate_product<T>(W[i][k], w[j], W[i][j]);
        W[i][j] = subtract_conjugate_product<T>(w[i], W[j][k], W[i][j]);
      }
    }
  }
  t.d[n - 1] = W[n - 1][n - 1].re;
  t.e[n - 1] = none<T>();
}

/// Z := Q^T, so that what will be an eigenvector is a row.
template <class T, int N>
HESSOLVE_INLINE void form_basis(Index rows, const Rows<T>& W, const Tridiagonal<T>& t, const Rows<T>& Z) {
  const Index n = N > 0 ? N : rows;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      Z[i][j] = all_lanes<T>(Real<T>(i == j ? 1 : 0));
    }
  }
  for (Index k = n - 2; k >= 0; --k) {  // Q = H_0 H_1 ...
    for (Index j = k + 1; j < n; ++j) {
      reflect<T>(t.tau[k], W[k + 1] + k, W.stride(), Z[j] + k + 1, 1, n - k - 1);
    }
  }
}

/// (new_low, new_high) := the rotation of (low, high) where active; what is not keeps its bits.
template <class R>
HESSOLVE_INLINE void turn(const simd::Mask<R>& active, const simd::Packet<R>& sine, const simd::Packet<R>& cosine,
                          const simd::Packet<R>& low, const simd::Packet<R>& high, simd::Packet<R>& new_low,
                          simd::Packet<R>& new_high) {
  new_high = simd::select(active, simd::multiply_add(sine, low, simd::multiply(cosine, high)), high);
  new_low = simd::select(active, simd::negative_multiply_add(sine, high, simd::multiply(cosine, low)), low);
}

/// Eigenvalues d of the tridiagonal, whose norm is near 1, by the implicit QL iteration, its rotations applied to the
/// rows of Z where `vectors`. Each lane has blocks and shifts of its own; one that is done waits. Lanes that do not
/// come to an end are marked by NaN.  [Golub & Van Loan, 8.3.5; Wilkinson and Reinsch 1971, II/4]
template <class T, int N, bool vectors>
HESSOLVE_INLINE void diagonalize(Index rows, Tridiagonal<T>& t, const Rows<T>& Z) {
  using R = Real<T>;
  using simd::add, simd::multiply_add, simd::select, simd::subtract;
  const Index n = N > 0 ? N : rows;
  Size<T>* d = t.d;
  Size<T>* e = t.e;
  const Size<T> zero = none<T>();
  const Size<T> one = simd::broadcast<R>(R(1));
  const Size<T> two = simd::broadcast<R>(R(2));
  const Size<T> eps = simd::broadcast<R>(epsilon<T>);
  const Size<T> least = simd::broadcast<R>(std::numeric_limits<R>::min() / epsilon<T>);
  for (Index l = 0; l + 1 < n; ++l) {
    for (int step = 0;; ++step) {
      Size<T> end = simd::broadcast<R>(static_cast<R>(n - 1));  // of the block that begins at l
      Size<T> d_end = d[n - 1];
      for (Index i = n - 2; i >= l; --i) {
        const Size<T> size = simd::multiply(eps, add(eps, add(simd::absolute(d[i]), simd::absolute(d[i + 1]))));
        const simd::Mask<R> coupled = simd::greater<R>(simd::absolute(e[i]), size);
        end = select(coupled, end, simd::broadcast<R>(static_cast<R>(i)));
        d_end = select(coupled, d_end, d[i]);
      }
      const Size<T> begin = simd::broadcast<R>(static_cast<R>(l));
      const simd::Mask<R> busy = simd::greater<R>(end, begin);
      if (!simd::any(busy)) {
        break;
      }
      if (step == most_steps) {
        d[l] = select(busy, simd::broadcast<R>(std::numeric_limits<R>::quiet_NaN()), d[l]);
        break;
      }
      // Wilkinson's shift from the leading 2 x 2 block
      const Size<T> coupling = select(busy, e[l], one);
      Size<T> g = simd::divide(subtract(d[l + 1], d[l]), simd::multiply(two, coupling));
      const Size<T> length = simd::square_root(multiply_add(g, g, one));
      const Size<T> away = select(simd::greater<R>(zero, g), subtract(g, length), add(g, length));
      g = add(subtract(d_end, d[l]), simd::divide(coupling, away));
      Size<T> s = one;
      Size<T> c = one;
      Size<T> p = zero;
      for (Index i = n - 2; i >= l; --i) {
        const simd::Mask<R> active = simd::greater<R>(end, simd::broadcast<R>(static_cast<R>(i)));
        if (N == 0 && !simd::any(active)) {
          continue;
        }
        const Size<T> f = simd::multiply(s, e[i]);
        const Size<T> b = simd::multiply(c, e[i]);
        const Size<T> square = multiply_add(f, f, simd::multiply(g, g));
        const simd::Mask<R> turns = simd::greater<R>(square, least);  // else both are nothing beside numbers near 1
        const Size<T> r = simd::square_root(square);
        const Size<T> inverse = simd::divide(one, select(turns, r, one));
        const Size<T> sine = select(turns, simd::multiply(f, inverse), zero);
        const Size<T> cosine = select(turns, simd::multiply(g, inverse), one);
        // the first rotation of a block leaves nothing beyond it
        const Size<T> next = simd::broadcast<R>(static_cast<R>(i + 1));
        const Size<T> left = select(simd::greater<R>(end, next), r, zero);
        e[i + 1] = select(active, left, e[i + 1]);
        const Size<T> h = subtract(d[i + 1], p);
        const Size<T> q = multiply_add(subtract(d[i], h), sine, simd::multiply(two, simd::multiply(cosine, b)));
        const Size<T> shifted = simd::multiply(sine, q);
        d[i + 1] = select(active, add(h, shifted), d[i + 1]);
        p = select(active, shifted, p);
        g = select(active, subtract(simd::multiply(cosine, q), b), g);
        s = select(active, sine, s);
        c = select(active, cosine, c);
        if constexpr (vectors) {
          for (Index j = 0; j < n; ++j) {
            const Lanes<T> high = Z[i + 1][j];
            const Lanes<T> low = Z[i][j];
            turn<R>(active, sine, cosine, low.re, high.re, Z[i][j].re, Z[i + 1][j].re);
            if constexpr (is_complex<T>) {
              turn<R>(active, sine, cosine, low.im, high.im, Z[i][j].im, Z[i + 1][j].im);
            }
          }
        }
      }
      d[l] = select(busy, subtract(d[l], p), d[l]);
      e[l] = select(busy, g, e[l]);
    }
  }
}

/// d ascending, in each lane, and the rows of Z with them.
template <class T, int N, bool vectors>
HESSOLVE_INLINE void sort(Index rows, Size<T>* d, const Rows<T>& Z) {
  using R = Real<T>;
  const Index n = N > 0 ? N : rows;
  for (Index i = 1; i < n; ++i) {  // insertion
    for (Index j = i; j > 0; --j) {
      const simd::Mask<R> wrong = simd::greater<R>(d[j - 1], d[j]);
      if (!simd::any(wrong)) {
        break;
      }
      const Size<T> low = simd::select(wrong, d[j], d[j - 1]);
      d[j] = simd::select(wrong, d[j - 1], d[j]);
      d[j - 1] = low;
      if constexpr (vectors) {
        for (Index q = 0; q < n; ++q) {
          exchange<T>(wrong, Z[j - 1][q], Z[j][q]);
        }
      }
    }
  }
}

template <class T, int N, bool vectors>
void eigh_of_size(const MatrixView<const T>* A, Real<T>* const* w, const MatrixView<T>* V, Index count, bool* clean) {
  using R = Real<T>;
  const Index n = N > 0 ? N : A[0].rows;
  const Rows<T> W(n, n);
  gather_lanes<T>(A, count, W[0], n);
  Size<T> largest = none<T>();
  Size<T> check = none<T>();
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < i; ++j) {
      largest = simd::maximum(largest, cheap_size<T>(W[i][j]));
      check = simd::add(check, simd::multiply(cheap_size<T>(W[i][j]), none<T>()));
    }
    largest = simd::maximum(largest, simd::absolute(W[i][i].re));
    check = simd::add(check, simd::multiply(W[i][i].re, none<T>()));
  }
  alignas(64) R lane[lane_count<T>];
  alignas(64) R grow[lane_count<T>];  // back to the size of A
  simd::store<R>(lane, largest);
  for (Index k = 0; k < lane_count<T>; ++k) {
    lane[k] = power_of_two_inverse(lane[k]);
    grow[k] = 1 / lane[k];
  }
  const Size<T> shrink = simd::load<R>(lane);  // to a size near 1, so that squares stay in the range
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      W[i][j] = scale<T>(W[i][j], shrink);
    }
  }
  Tridiagonal<T> t;
  const Rows<T> Z(vectors ? n : 0, n);
  tridiagonalize<T, N>(n, W, t);
  if constexpr (vectors) {
    form_basis<T, N>(n, W, t, Z);
  }
  diagonalize<T, N, vectors>(n, t, Z);
  sort<T, N, vectors>(n, t.d, Z);
  for (Index i = 0; i < n; ++i) {
    const Size<T> value = simd::multiply(t.d[i], simd::load<R>(grow));
    check = simd::add(check, simd::multiply(value, none<T>()));
    simd::store<R>(lane, value);
    for (Index k = 0; k < count; ++k) {
      w[k][i] = lane[k];
    }
  }
  if constexpr (vectors) {
    for (Index i = 0; i < n; ++i) {  // many rotations have worn the lengths
      Size<T> square = none<T>();
      for (Index j = 0; j < n; ++j) {
        square = add_square<T>(Z[i][j], square);
      }
      const Size<T> inverse = simd::divide(simd::broadcast<R>(R(1)), simd::square_root(square));
      for (Index j = 0; j < n; ++j) {
        Z[i][j] = scale<T>(Z[i][j], inverse);
      }
    }
    MatrixView<T> transposed[lane_count<T>];
    for (Index k = 0; k < count; ++k) {
      transposed[k] = V[k].transposed();
    }
    scatter_lanes<T>(Z[0], n, transposed, count);
  }
  simd::store<R>(lane, check);
  for (Index k = 0; k < count; ++k) {
    clean[k] = lane[k] == R(0);
  }
}

}  // namespace

template <class T>
void eigh_lanes(const MatrixView<const T>* A, Real<T>* const* w, const MatrixView<T>* V, Index count, bool* clean) {
  with_size<4>(A[0].rows, [&](auto size) {
    constexpr int N = decltype(size)::value;
    if (V != nullptr) {
      eigh_of_size<T, N, true>(A, w, V, count, clean);
    } else {
      eigh_of_size<T, N, false>(A, w, V, count, clean);
    }
  });
}

#define INSTANTIATE(T) \
  template void eigh_lanes<T>(const MatrixView<const T>*, Real<T>* const*, const MatrixView<T>*, Index, bool*);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
