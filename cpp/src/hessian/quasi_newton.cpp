// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/hessian/quasi_newton.hpp>

#include "kernel/dot.hpp"
#include "kernel/fill.hpp"
#include "kernel/need.hpp"
#include "kernel/team.hpp"

namespace hessolve {

const char* name(UpdateResult result) {
  switch (result) {
    case UpdateResult::updated: return "updated";
    case UpdateResult::damped: return "damped";
    case UpdateResult::skipped: return "skipped";
    case UpdateResult::reset: return "reset";
    case UpdateResult::no_step: return "no step";
    case UpdateResult::no_difference: return "no difference";
    case UpdateResult::non_finite: return "non-finite";
  }
  return "";
}

namespace {

/// Parts of the triangle, of about equal area: each belongs to one thread in every pass, whose cache it stays in.
constexpr Index parts = 8;
constexpr Index serial_below = 256;

constexpr Index part_count(Index n) { return n < serial_below ? 1 : parts; }
Index part_begin(Index n, Index p) {
  constexpr Index N = simd::tile_columns;
  constexpr double share[parts + 1] = {0,      0.0646, 0.1340, 0.2094, 0.2929,
                                       0.3876, 0.5,    0.6464, 1};  // 1 - sqrt(1 - p / 8)
  return p == part_count(n) ? n : static_cast<Index>(static_cast<double>(n) * share[p]) / N * N;
}

/// A change z p^T + u q^T of the columns, p and q being elements of combinations of z and u.
template <class R>
struct Change {
  const R* z = nullptr;
  const R* u = nullptr;
  R zz = 0;
  R zu = 0;
  R uu = 0;
};

/// Columns j ... j + N - 1 of the lower triangle: changed, and y += (these and their mirror image) v.
template <class R, int N, bool Changed, bool Multiplied>
void column_block(ColMajor<R> M, Index j, const Change<R>& change, const R* v, R* y) {
  constexpr Index W = simd::width<R>;
  const Index n = M.rows;
  R p[N];
  R q[N];
  R sums[N] = {};
  for (int c = 0; c < N && Changed; ++c) {
    p[c] = change.zz * change.z[j + c] + change.zu * change.u[j + c];
    q[c] = change.zu * change.z[j + c] + change.uu * change.u[j + c];
  }
  for (int c = 0; c < N; ++c) {  // the corner on the diagonal
    R* column = M.col(j + c);
    for (Index i = j + c; i < j + N; ++i) {
      if constexpr (Changed) {
        column[i] += change.z[i] * p[c] + change.u[i] * q[c];
      }
      if constexpr (Multiplied) {
        sums[c] += column[i] * v[i];
        if (i > j + c) {
          y[i] += column[i] * v[j + c];
        }
      }
    }
  }
  simd::Packet<R> P[N];
  simd::Packet<R> Q[N];
  simd::Packet<R> V[N];
  simd::Packet<R> sum[N];
  for (int c = 0; c < N; ++c) {
    P[c] = simd::broadcast<R>(Changed ? p[c] : R(0));
    Q[c] = simd::broadcast<R>(Changed ? q[c] : R(0));
    V[c] = simd::broadcast<R>(Multiplied ? v[j + c] : R(0));
    sum[c] = simd::zero<R>();
  }
  R* a = M.col(j);
  const auto step = [&](Index i, auto&& get, auto&& put) {
    simd::Packet<R> z = simd::zero<R>();
    simd::Packet<R> u = simd::zero<R>();
    simd::Packet<R> x = simd::zero<R>();
    simd::Packet<R> out = simd::zero<R>();
    if constexpr (Changed) {
      z = get(change.z + i);
      u = get(change.u + i);
    }
    if constexpr (Multiplied) {
      x = get(v + i);
      out = get(y + i);
    }
    for (int c = 0; c < N; ++c) {
      R* place = a + i + c * M.stride;
      simd::Packet<R> m = get(place);
      if constexpr (Changed) {
        m = simd::multiply_add(u, Q[c], simd::multiply_add(z, P[c], m));
        put(place, m);
      }
      if constexpr (Multiplied) {
        sum[c] = simd::multiply_add(m, x, sum[c]);
        out = simd::multiply_add(m, V[c], out);
      }
    }
    if constexpr (Multiplied) {
      put(y + i, out);
    }
  };
  Index i = j + N;
  for (; i + W <= n; i += W) {
    step(
        i, [](const R* x) { return simd::load<R>(x); },
        [](R* x, const simd::Packet<R>& value) { simd::store<R>(x, value); });
  }
  if (const Index r = n - i; r > 0) {
    step(
        i, [r](const R* x) { return simd::load_partial<R>(x, r); },
        [r](R* x, const simd::Packet<R>& value) { simd::store_partial<R>(x, value, r); });
  }
  for (int c = 0; c < N && Multiplied; ++c) {
    y[j + c] += sums[c] + Eigen::internal::predux(sum[c]);
  }
}

template <class R, bool Changed, bool Multiplied>
void columns(ColMajor<R> M, Index from, Index to, const Change<R>& change, const R* v, R* y) {
  constexpr int N = simd::tile_columns / 2;
  Index j = from;
  for (; j + N <= to; j += N) {
    column_block<R, N, Changed, Multiplied>(M, j, change, v, y);
  }
  for (; j < to; ++j) {
    column_block<R, 1, Changed, Multiplied>(M, j, change, v, y);
  }
}

}  // namespace

template <class R>
QuasiNewton<R>::QuasiNewton(Index n, const QuasiNewtonOptions& options)
    : n_(n),
      options_(options),
      M_(n, n),
      z_(n),
      u_(n),
      s_(n),
      y_(n),
      product_(n),
      parts_(parts * n) {
  need(n >= 0, "a matrix has n >= 0 rows");
  if (options_.min_curvature < 0) {
    options_.min_curvature = options_.exception == CurvatureException::skip ? 1e-8 : 0.2;
  }
  unit(R(1));
}

template <class R>
void QuasiNewton<R>::unit(R scale) {
  pending_ = false;
  for (Index j = 0; j < n_; ++j) {
    std::fill(M_.view().col(j) + j, M_.view().col(j) + n_, R(0));
    M_(j, j) = scale;
  }
}

template <class R>
void QuasiNewton<R>::pass(const R* v, R* out) {
  const ColMajor<R> M = M_.view();
  const Change<R> change{z_.data(), u_.data(), zz_, zu_, uu_};
  const Index count = part_count(n_);
  const auto work = [&](Index p) {
    const Index from = part_begin(n_, p);
    const Index to = part_begin(n_, p + 1);
    if (v == nullptr) {
      columns<R, true, false>(M, from, to, change, nullptr, nullptr);
      return;
    }
    R* y = count == 1 ? out : parts_.data() + p * n_;
    std::fill(y + from, y + n_, R(0));
    if (pending_) {
      columns<R, true, true>(M, from, to, change, v, y);
    } else {
      columns<R, false, true>(M, from, to, change, v, y);
    }
  };
  if (v == nullptr && !pending_) {
    return;
  }
  const int threads = count == 1 ? 1 : std::min<int>(get_num_threads(), static_cast<int>(count));
  if (threads == 1) {
    for (Index p = 0; p < count; ++p) {
      work(p);
    }
  } else {
    in_parallel(threads, [&] {
      for (Index p = Team::rank(); p < count; p += threads) {
        work(p);
      }
    });
  }
  pending_ = false;
  if (v != nullptr && count > 1) {
    std::copy_n(parts_.data(), n_, out);
    for (Index p = 1; p < count; ++p) {
      const Index from = part_begin(n_, p);
      const R* y = parts_.data() + p * n_;
      for (Index i = from; i < n_; ++i) {
        out[i] += y[i];
      }
    }
  }
}

template <class R>
void QuasiNewton<R>::dot(const R* v, R* out) {
  pass(v, out);
}

template <class R>
void QuasiNewton<R>::matrix(MatrixView<R> out) {
  need(out.rows == n_ && out.cols == n_, "out must be n x n");
  pass(nullptr, nullptr);
  for (Index j = 0; j < n_; ++j) {
    for (Index i = j; i < n_; ++i) {
      out(i, j) = out(j, i) = M_(i, j);
    }
  }
}

template <class R>
void QuasiNewton<R>::set_matrix(MatrixView<const R> M) {
  need(M.rows == n_ && M.cols == n_, "M must be n x n");
  pending_ = false;
  fresh_ = false;
  for (Index j = 0; j < n_; ++j) {
    for (Index i = j; i < n_; ++i) {
      M_(i, j) = M(i, j);
    }
  }
}

template <class R>
void QuasiNewton<R>::set_scale(R scale) {
  unit(scale);
  fresh_ = false;
}

template <class R>
void QuasiNewton<R>::restore(MatrixView<const R> M, bool fresh, Index updates) {
  set_matrix(M);
  fresh_ = fresh;
  updates_ = updates;
}

template <class R>
R QuasiNewton<R>::automatic_scale(const R* s, const R* y) const {
  const R ss = long_dot<false, R>(s, s, n_);
  const R yy = long_dot<false, R>(y, y, n_);
  const R ys = std::abs(long_dot<false, R>(y, s, n_));
  if (ys == 0 || yy == 0 || ss == 0) {
    return R(1);
  }
  const R scale = options_.approximate == Approximate::hessian ? yy / ys : ys / yy;
  return scale > 0 && std::isfinite(scale) ? scale : R(1);
}

template <class R>
void QuasiNewton<R>::keep(R zz, R zu, R uu, const R* z) {
  std::copy_n(z, n_, z_.data());
  std::copy_n(product_.data(), n_, u_.data());
  zz_ = zz;
  zu_ = zu;
  uu_ = uu;
  pending_ = true;
  ++updates_;
}

template <class R>
UpdateResult QuasiNewton<R>::update(VectorView<const R> s, VectorView<const R> y) {
  need(s.size == n_ && y.size == n_, "s and y must have n elements");
  R finite = 0;
  bool step = false;
  bool difference = false;
  for (Index i = 0; i < n_; ++i) {
    s_[i] = s[i];
    y_[i] = y[i];
    finite += s[i] * R(0) + y[i] * R(0);
    step = step || s[i] != R(0);
    difference = difference || y[i] != R(0);
  }
  if (finite != R(0)) {
    return UpdateResult::non_finite;
  }
  if (!step) {
    return UpdateResult::no_step;
  }
  if (!difference) {
    return UpdateResult::no_difference;
  }
  if (fresh_) {
    unit(automatic_scale(s_.data(), y_.data()));
    fresh_ = false;
  }
  const bool direct = options_.approximate == Approximate::hessian;
  const R* w = direct ? s_.data() : y_.data();  // the matrix takes w to z
  R* z = direct ? y_.data() : s_.data();
  R* Mw = product_.data();
  pass(w, Mw);
  if (options_.update == QuasiNewtonUpdate::sr1) {
    R denominator = 0;
    R ww = 0;
    R rr = 0;
    for (Index i = 0; i < n_; ++i) {
      z[i] -= Mw[i];
      denominator += w[i] * z[i];
      ww += w[i] * w[i];
      rr += z[i] * z[i];
    }
    if (!(std::abs(denominator) > static_cast<R>(options_.min_denominator) * std::sqrt(ww) * std::sqrt(rr))) {
      return UpdateResult::skipped;
    }
    keep(1 / denominator, R(0), R(0), z);  // (z - M w)(z - M w)^T / w^T (z - M w)
    return UpdateResult::updated;
  }
  UpdateResult result = UpdateResult::updated;
  R wz = long_dot<false, R>(w, z, n_);
  R wMw = long_dot<false, R>(w, Mw, n_);
  if (!(wMw > 0)) {
    unit(automatic_scale(s_.data(), y_.data()));
    pass(w, Mw);
    wMw = long_dot<false, R>(w, Mw, n_);
    result = UpdateResult::reset;
    if (!(wMw > 0)) {  // w is too small to be squared
      return UpdateResult::skipped;
    }
  }
  if (!std::isfinite(long_dot<false, R>(z, z, n_) / wz) || !std::isfinite(1 / wMw)) {
    return UpdateResult::skipped;  // it would leave the range
  }
  const R least = static_cast<R>(options_.min_curvature);
  if (!(wz > least * wMw)) {
    if (options_.exception == CurvatureException::skip) {
      return UpdateResult::skipped;
    }
    const R share = (1 - least) / (1 - wz / wMw);
    for (Index i = 0; i < n_; ++i) {
      z[i] = share * z[i] + (1 - share) * Mw[i];
    }
    wz = long_dot<false, R>(w, z, n_);
    result = UpdateResult::damped;
  }
  const bool shape_of_direct_bfgs = (options_.update == QuasiNewtonUpdate::bfgs) == direct;
  if (shape_of_direct_bfgs) {  // M + z z^T / w^T z - (M w)(M w)^T / w^T M w
    keep(1 / wz, R(0), -1 / wMw, z);
  } else {  // (I - z w^T / w^T z) M (I - w z^T / w^T z) + z z^T / w^T z
    keep((1 + wMw / wz) / wz, -1 / wz, R(0), z);
  }
  return result;
}

template class QuasiNewton<float>;
template class QuasiNewton<double>;

}  // namespace hessolve
