// SPDX-License-Identifier: BSD-3-Clause
#include "iterative/watch.hpp"

#include <hessolve/iterative/krylov.hpp>

namespace hessolve {
namespace {

/// Residuals of these methods rise and pause before they fall: only a pause of this length says that it is over.
Index patience(Index n) { return std::clamp<Index>(2 * n, 100, 5000); }

}  // namespace

template <class T>
Outcome cg(const Operator<T>& A, const T* b, T* x, const Operator<T>* M, const IterateOptions& options,
           const Observer<T>& observer, IterateReport& report) {
  using R = Real<T>;
  const Index n = A.rows();
  Watch<T> watch(A, b, options, observer, report, patience(n));
  Buffer<T> memory((M != nullptr ? 4 : 3) * n);
  T* r = memory.data();
  T* p = r + n;
  T* q = p + n;
  T* z = M != nullptr ? q + n : r;
  double norm = watch.start(x, r);
  R rho = 0;
  const auto precondition = [&] {  // z := M r; r^H z
    if (M == nullptr) {
      return vectors::squared_norm(n, r);
    }
    M->apply(r, z);
    return real_part(vectors::dot(n, r, z));
  };
  for (bool anew = true;;) {
    if (anew) {
      if (watch.met(norm) && watch.verified(norm)) {
        return watch.outcome();
      }
      if (watch.limit() <= watch.iterations()) {
        return watch.end(Reason::max_iterations);
      }
      rho = precondition();
      vectors::copy(n, z, p);
      anew = false;
    }
    const R curvature = real_part(A.apply_dot(p, q));  // p^H A p
    if (!(curvature > 0) || !(rho > 0)) {
      return watch.end(curvature == curvature && rho == rho ? Reason::breakdown : Reason::diverged);
    }
    const R alpha = rho / curvature;
    const R square = vectors::sum_blocks<R>(n, [&](Index i, Index end) {  // r := r - alpha q
      subtract_multiple(end - i, T(alpha), q + i, r + i);
      return vectors::squares(r + i, end - i);
    });
    norm = static_cast<double>(std::sqrt(square));
    const R rho_new = M == nullptr ? square : precondition();
    const R beta = rho_new / rho;
    vectors::for_blocks(n, [&](Index i, Index end) {  // x := x + alpha p; p := z + beta p
      for (; i < end; ++i) {
        x[i] += alpha * p[i];
        p[i] = z[i] + beta * p[i];
      }
    });
    rho = rho_new;
    if (!watch.next(norm, [&] { return x; })) {
      return watch.outcome();
    }
    if (watch.met(norm)) {
      norm = watch.true_residual(x, r);
      if (watch.verified(norm)) {
        return watch.outcome();
      }
      anew = true;
    }
  }
}

template <class T>
Outcome minres(const Operator<T>& A, const T* b, T* x, const Operator<T>* M, const IterateOptions& options,
               const Observer<T>& observer, IterateReport& report) {
  using R = Real<T>;
  const Index n = A.rows();
  Watch<T> watch(A, b, options, observer, report, patience(n));
  Buffer<T> memory(8 * n);
  T* r = memory.data();
  T* v = r + n;  // Lanczos vectors, not normalised: v_k gamma_k
  T* v_old = v + n;
  T* q = v_old + n;
  T* z = q + n;  // M v
  T* w = z + n;  // directions
  T* w_old = w + n;
  T* z_new = w_old + n;
  double norm = watch.start(x, r);
  R gamma = 0, gamma_old = 1, eta = 0, c = 1, c_old = 1, s = 0, s_old = 0;
  const auto inner = [&](const T* u, T* Mu) {  // Mu := M u; sqrt(u^H M u), NaN where M is not positive definite
    if (M == nullptr) {
      vectors::copy(n, u, Mu);
      return vectors::norm(n, u);
    }
    M->apply(u, Mu);
    return static_cast<R>(std::sqrt(real_part(vectors::dot(n, u, Mu))));
  };
  for (bool anew = true;;) {
    if (anew) {
      if (watch.met(norm) && watch.verified(norm)) {
        return watch.outcome();
      }
      if (watch.limit() <= watch.iterations()) {
        return watch.end(Reason::max_iterations);
      }
      vectors::copy(n, r, v);
      eta = gamma = inner(v, z);
      std::fill_n(v_old, n, T(0));
      std::fill_n(w, n, T(0));
      std::fill_n(w_old, n, T(0));
      gamma_old = c = c_old = 1;
      s = s_old = 0;
      anew = false;
    }
    if (!(gamma > 0)) {
      return watch.end(gamma == 0 ? Reason::stagnated : Reason::breakdown);
    }
    vectors::scaled(n, R(1) / gamma, z, z);
    const R delta = real_part(A.apply_dot(z, q));
    // v_{k+1} gamma_{k+1} = A z_k - (delta / gamma) v - (gamma / gamma_old) v_old
    vectors::for_blocks(n, [&](Index i, Index end) {
      for (; i < end; ++i) {
        v_old[i] = q[i] - (delta / gamma) * v[i] - (gamma / gamma_old) * v_old[i];
      }
    });
    std::swap(v, v_old);
    const R gamma_new = inner(v, z_new);
    const R a0 = c * delta - c_old * s * gamma;  // a column of the triangular factor, by Givens rotations
    const R a1 = std::hypot(a0, gamma_new);
    const R a2 = s * delta + c_old * c * gamma;
    const R a3 = s_old * gamma;
    if (!(a1 > 0)) {
      return watch.end(a1 == 0 ? Reason::stagnated : Reason::breakdown);
    }
    const R c_new = a0 / a1;
    const R s_new = gamma_new / a1;
    const R step = c_new * eta;
    const R eta_new = -s_new * eta;
    // r_k = s^2 r_{k-1} + c eta_k v_{k+1}
    const R last = gamma_new > 0 ? c_new * eta_new / gamma_new : R(0);
    const R square = vectors::sum_blocks<R>(n, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        w_old[i] = (z[i] - a3 * w_old[i] - a2 * w[i]) / a1;
        x[i] += step * w_old[i];
        r[i] = s_new * s_new * r[i] + last * v[i];
      }
      return vectors::squares(r + begin, end - begin);
    });
    std::swap(w, w_old);
    std::swap(z, z_new);
    norm = static_cast<double>(std::sqrt(square));
    gamma_old = std::exchange(gamma, gamma_new);
    c_old = std::exchange(c, c_new);
    s_old = std::exchange(s, s_new);
    eta = eta_new;
    if (!watch.next(norm, [&] { return x; })) {
      return watch.outcome();
    }
    if (watch.met(norm) || gamma == 0) {
      norm = watch.true_residual(x, r);
      if (watch.verified(norm)) {
        return watch.outcome();
      }
      anew = true;
    }
  }
}

#define INSTANTIATE(T)                                                                                    \
  template Outcome cg<T>(const Operator<T>&, const T*, T*, const Operator<T>*, const IterateOptions&,     \
                         const Observer<T>&, IterateReport&);                                             \
  template Outcome minres<T>(const Operator<T>&, const T*, T*, const Operator<T>*, const IterateOptions&, \
                             const Observer<T>&, IterateReport&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
