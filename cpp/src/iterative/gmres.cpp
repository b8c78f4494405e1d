// SPDX-License-Identifier: BSD-3-Clause
#include "iterative/watch.hpp"

#include <hessolve/iterative/krylov.hpp>

namespace hessolve {
namespace {

/// h(0:k) := V(:, 0:k)^H w, eight columns at a time.
template <class T>
void project(ColMajor<const T> V, Index k, const T* w, T* h) {
  const Index n = V.rows;
  const Index count = std::max<Index>(1, (n + vectors::block - 1) / vectors::block);
  Scratch<T, 512> parts(count * k);
  parallel_for(count, n * k >= 4 * vectors::worth_threads, [&](Index c) {
    const Index begin = c * vectors::block;
    const Index size = std::min(vectors::block, n - begin);
    T* out = parts.data() + c * k;
    Index j = 0;
    for (; j + 8 <= k; j += 8) {
      dots<true, 8>(V.col(j) + begin, V.stride, w + begin, size, out + j);
    }
    for (; j < k; ++j) {
      dots<true, 1>(V.col(j) + begin, V.stride, w + begin, size, out + j);
    }
  });
  std::copy_n(parts.data(), k, h);
  for (Index c = 1; c < count; ++c) {
    for (Index j = 0; j < k; ++j) {
      h[j] += parts[c * k + j];
    }
  }
}

/// w := w + sign V(:, 0:k) h; @return ||w||^2.
template <class T>
Real<T> add_columns(ColMajor<const T> V, Index k, const T* h, Real<T> sign, T* w) {
  Scratch<T, 128> factors(k);
  for (Index j = 0; j < k; ++j) {
    factors[j] = T(-sign) * h[j];
  }
  return vectors::sum_blocks<Real<T>>(
      V.rows,
      [&](Index begin, Index end) {
        subtract_product<T>(V.block(begin, 0, end - begin, k), factors.data(), w + begin);
        return vectors::squares(w + begin, end - begin);
      },
      V.rows * k / 4);
}

/// The rotation with c f + s g = r, -conj(s) f + c g = 0.
template <class T>
void make_rotation(T f, T g, Real<T>& c, T& s, T& r) {
  const Real<T> size_f = std::abs(f);
  const Real<T> size = std::hypot(size_f, std::abs(g));
  if (size == 0) {
    c = 1;
    s = r = T(0);
    return;
  }
  const T phase = size_f == 0 ? T(1) : T(f / size_f);
  c = size_f / size;
  s = phase * conjugate(g) / size;
  r = phase * size;
}

}  // namespace

template <class T>
Outcome gmres(const Operator<T>& A, const T* b, T* x, const Operator<T>* M, const IterateOptions& options,
              const Observer<T>& observer, IterateReport& report) {
  using R = Real<T>;
  constexpr R kept = 0.7071;  // a projection that takes no more than it leaves does not enlarge what was lost before
  const Index n = A.rows();
  constexpr Index half_gigabyte = Index(1) << 29;
  const Index fitting = half_gigabyte / static_cast<Index>(sizeof(T)) / std::max<Index>(n, 1);
  const Index wanted = options.restart > 0 ? options.restart : std::clamp<Index>(fitting, 20, 100);
  const Index m = std::max<Index>(1, std::min({wanted, n, std::max<Index>(options.maxiter, 1)}));
  Watch<T> watch(A, b, options, observer, report, 0);
  Matrix<T> basis(n, m + 1);
  const ColMajor<T> V = basis.view();
  Matrix<T> H(m + 1, m);  // upper triangular after its rotations
  Buffer<T> small(4 * (m + 1));
  T* g = small.data();  // the rotated right-hand side
  T* sines = g + m + 1;
  T* y = sines + m + 1;
  T* correction = y + m + 1;
  Buffer<R> cosines(m);
  Buffer<T> vectors_of_x(3 * n);
  T* r = vectors_of_x.data();
  T* update = r + n;
  T* shown = update + n;
  double norm = watch.start(x, r);

  // target := x + M V y with H y = g: the iterate of k steps
  const auto form_iterate = [&](Index k, T* target) {
    for (Index i = k; i-- > 0;) {
      T sum = g[i];
      for (Index j = i + 1; j < k; ++j) {
        sum -= H(i, j) * y[j];
      }
      y[i] = H(i, i) == T(0) ? T(0) : sum / H(i, i);  // zero only where A is singular: that direction gives nothing
    }
    T* u = M == nullptr ? target : update;
    if (M == nullptr) {
      if (target != x) {
        vectors::copy(n, x, target);
      }
    } else {
      std::fill_n(u, n, T(0));
    }
    (void)add_columns<T>(V, k, y, R(1), u);
    if (M != nullptr) {
      M->apply(u, r);
      if (target != x) {
        vectors::copy(n, x, target);
      }
      vectors::add_multiple(n, T(1), r, target);
    }
    return target;
  };

  while (true) {
    if (watch.met(norm) && watch.verified(norm)) {
      return watch.outcome();
    }
    if (watch.limit() <= watch.iterations()) {
      return watch.end(Reason::max_iterations);
    }
    const double before = norm;
    vectors::scaled(n, R(1) / static_cast<R>(norm), r, V.col(0));
    std::fill_n(g, m + 1, T(0));
    g[0] = static_cast<R>(norm);
    Index k = 0;
    bool going = true;
    bool invariant = false;
    while (going && !invariant && k < m) {
      T* w = V.col(k + 1);
      if (M == nullptr) {
        A.apply(V.col(k), w);
      } else {
        M->apply(V.col(k), update);
        A.apply(update, w);
      }
      const R size = vectors::norm(n, w);
      project<T>(V, k + 1, w, y);
      R left = std::sqrt(add_columns<T>(V, k + 1, y, R(-1), w));
      for (int again = 0; again < 2 && left < kept * size && left > 0; ++again) {  // orthogonal to working precision
        const R last = left;
        project<T>(V, k + 1, w, correction);
        left = std::sqrt(add_columns<T>(V, k + 1, correction, R(-1), w));
        for (Index j = 0; j <= k; ++j) {
          y[j] += correction[j];
        }
        if (left >= kept * last) {
          break;
        }
        if (again == 1) {
          left = 0;  // nothing but rounding errors is left
        }
      }
      invariant = !(left > epsilon<T> * size);
      std::copy_n(y, k + 1, H.view().col(k));
      for (Index j = 0; j < k; ++j) {
        const T upper = H(j, k);
        const T lower = H(j + 1, k);
        H(j, k) = cosines[j] * upper + sines[j] * lower;
        H(j + 1, k) = -conjugate(sines[j]) * upper + cosines[j] * lower;
      }
      T diagonal;
      make_rotation(H(k, k), invariant ? T(0) : T(left), cosines[k], sines[k], diagonal);
      H(k, k) = diagonal;
      g[k + 1] = -conjugate(sines[k]) * g[k];
      g[k] = cosines[k] * g[k];
      if (!invariant) {
        vectors::scaled(n, R(1) / left, w, w);
      }
      ++k;
      const double estimate = static_cast<double>(std::abs(g[k]));
      going = watch.next(size == size ? estimate : static_cast<double>(size), [&] { return form_iterate(k, shown); });
      if (watch.met(estimate)) {
        break;
      }
    }
    form_iterate(k, x);
    if (!going) {
      return watch.outcome();
    }
    norm = watch.true_residual(x, r);
    if (!watch.met(norm) && !(norm < before * (1 - 1e-6))) {
      return watch.end(norm <= std::numeric_limits<double>::max() ? Reason::stagnated : Reason::diverged);
    }
  }
}

#define INSTANTIATE(T)                                                                                   \
  template Outcome gmres<T>(const Operator<T>&, const T*, T*, const Operator<T>*, const IterateOptions&, \
                            const Observer<T>&, IterateReport&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
