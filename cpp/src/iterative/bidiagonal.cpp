// SPDX-License-Identifier: BSD-3-Clause
// LSQR and LSMR: Golub-Kahan bidiagonalisation A V = U B, beta_1 u_1 = r_0, and short recurrences for x.
#include "iterative/watch.hpp"
#include "kernel/scaling.hpp"

#include <hessolve/iterative/krylov.hpp>

namespace hessolve {
namespace {

/// u and v of the bidiagonalisation of 2^-e A: alpha v = 2^-e A^H u - beta v_old, beta u = 2^-e A v - alpha u_old. e is
/// not 0 where the squares of numbers of A's size would leave the number range.
template <class T>
class Bidiagonal {
  using R = Real<T>;

 public:
  /// norm: ||A||_F, or 0 where it is not known.
  Bidiagonal(const Operator<T>& A, double norm)
      : A_(A),
        memory_(2 * (A.rows() + A.cols())),
        known_(norm > 0),
        exponent_(vectors::extreme_exponent<R>(norm)),
        norm_(norm) {
    u_ = memory_.data();
    Av_ = u_ + A.rows();
    v_ = Av_ + A.rows();
    Au_ = v_ + A.cols();
  }
  /// beta u = r, alpha v = 2^-e A^H u
  void start(const T* r) {
    beta = normalised(A_.rows(), r, R(0), u_, u_);
    A_.apply_adjoint(u_, Au_);
    if (!known_ && exponent_ == 0) {  // ||A v|| is nearer to ||A|| than ||A^H u||, which is small at the end
      const R size = vectors::norm(A_.cols(), Au_);
      if (vectors::extreme_exponent<R>(static_cast<double>(size)) != 0) {
        (void)normalised(A_.cols(), Au_, R(0), v_, v_);
        A_.apply(v_, Av_);
        exponent_ = vectors::extreme_exponent<R>(static_cast<double>(vectors::norm(A_.rows(), Av_)));
      }
    }
    shrink(A_.cols(), Au_);
    alpha = normalised(A_.cols(), Au_, R(0), v_, v_);
    squares_ = static_cast<double>(alpha) * static_cast<double>(alpha);
  }
  void step() {
    A_.apply(v_, Av_);
    shrink(A_.rows(), Av_);
    beta = normalised(A_.rows(), Av_, alpha, u_, u_);
    A_.apply_adjoint(u_, Au_);
    shrink(A_.cols(), Au_);
    squares_ += static_cast<double>(beta) * static_cast<double>(beta);
    if (!known_) {
      norm_ = std::ldexp(std::sqrt(squares_), exponent_);
    }
    alpha = normalised(A_.cols(), Au_, beta, v_, v_);
    squares_ += static_cast<double>(alpha) * static_cast<double>(alpha);
  }
  [[nodiscard]] const T* v() const { return v_; }
  [[nodiscard]] int exponent() const { return exponent_; }
  /// ||A^H r|| / ||r|| from that of 2^-e A
  [[nodiscard]] double unscaled(double gradient) const { return std::ldexp(gradient, exponent_); }
  /// Whether ||A^H r|| / ||r|| is that of a minimiser: at most rtol ||A||_F. An unknown norm is that of B so far, which
  /// rises to ||A||_F.
  [[nodiscard]] bool optimal(double gradient, double rtol) const {
    return gradient <= rtol * std::min(norm_, std::numeric_limits<double>::max());
  }

  R alpha = 0;
  R beta = 0;

 private:
  /// out := (product - factor old) / its norm, which is returned.
  static R normalised(Index n, const T* product, R factor, const T* old, T* out) {
    vectors::for_blocks(n, [&](Index i, Index end) {
      for (; i < end; ++i) {
        out[i] = factor == 0 ? product[i] : T(product[i] - factor * old[i]);
      }
    });
    const R size = vectors::norm(n, out);
    if (size > 0) {
      vectors::scaled(n, R(1) / size, out, out);
    }
    return size;
  }
  void shrink(Index n, T* product) const {
    for (Index i = 0; i < n && exponent_ != 0; ++i) {
      product[i] = shift(product[i], -exponent_);
    }
  }

  const Operator<T>& A_;
  Buffer<T> memory_;
  T* u_;
  T* Av_;
  T* v_;
  T* Au_;
  bool known_;
  int exponent_;
  double squares_ = 0;
  double norm_;
};

/// LSQR's recurrences: R of the QR factorisation of B, one direction w.
template <class T>
struct Lsqr {
  using R = Real<T>;
  explicit Lsqr(Index n) : w(n) {}
  void start(Index n, const Bidiagonal<T>& B) {
    vectors::copy(n, B.v(), w.data());
    phi_bar = B.beta;
    rho_bar = B.alpha;
  }
  void update(Index n, const Bidiagonal<T>& B, T* x) {
    const R rho = std::hypot(rho_bar, B.beta);
    const R c = rho_bar / rho;
    const R s = B.beta / rho;
    const R theta = s * B.alpha;
    rho_bar = -c * B.alpha;
    const R phi = c * phi_bar;
    phi_bar = s * phi_bar;
    const R step = shift(R(phi / rho), -B.exponent());
    const R back = theta / rho;
    vectors::for_blocks(n, [&](Index i, Index end) {
      for (; i < end; ++i) {
        x[i] += step * w[i];
        w[i] = B.v()[i] - back * w[i];
      }
    });
    residual = std::abs(phi_bar);
    gradient = residual * B.alpha * std::abs(c);
  }
  Buffer<T> w;
  R phi_bar = 0;
  R rho_bar = 0;
  R residual = 0;
  R gradient = 0;
};

/// LSMR's: a second QR factorisation, of R^T, so that ||A^H r|| falls with every step. Names as in the paper.
template <class T>
struct Lsmr {
  using R = Real<T>;
  explicit Lsmr(Index n) : h(n), h_bar(n) {}
  void start(Index n, const Bidiagonal<T>& B) {
    vectors::copy(n, B.v(), h.data());
    std::fill_n(h_bar.data(), n, T(0));
    alpha_bar = B.alpha;
    zeta_bar = B.alpha * B.beta;
    rho = rho_bar = c_bar = rho_dot = 1;
    s_bar = zeta = theta_tilde = tau_tilde = beta_dot = 0;
    beta_ddot = B.beta;
  }
  void update(Index n, const Bidiagonal<T>& B, T* x) {
    const R rho_old = rho;
    rho = std::hypot(alpha_bar, B.beta);
    const R c = alpha_bar / rho;
    const R s = B.beta / rho;
    const R theta = s * B.alpha;
    alpha_bar = c * B.alpha;
    const R rho_bar_old = rho_bar;
    const R zeta_old = zeta;
    const R theta_bar = s_bar * rho;
    const R rotated = c_bar * rho;
    rho_bar = std::hypot(rotated, theta);
    c_bar = rotated / rho_bar;
    s_bar = theta / rho_bar;
    zeta = c_bar * zeta_bar;
    zeta_bar = -s_bar * zeta_bar;
    const R back = theta_bar * rho / (rho_old * rho_bar_old);
    const R step = shift(R(zeta / (rho * rho_bar)), -B.exponent());
    const R shift = theta / rho;
    vectors::for_blocks(n, [&](Index i, Index end) {
      for (; i < end; ++i) {
        h_bar[i] = h[i] - back * h_bar[i];
        x[i] += step * h_bar[i];
        h[i] = B.v()[i] - shift * h[i];
      }
    });
    const R beta_hat = c * beta_ddot;  // ||r||, by a third rotation
    beta_ddot = -s * beta_ddot;
    const R theta_tilde_old = theta_tilde;
    const R rho_tilde = std::hypot(rho_dot, theta_bar);
    const R c_tilde = rho_dot / rho_tilde;
    const R s_tilde = theta_bar / rho_tilde;
    theta_tilde = s_tilde * rho_bar;
    rho_dot = c_tilde * rho_bar;
    beta_dot = -s_tilde * beta_dot + c_tilde * beta_hat;
    tau_tilde = (zeta_old - theta_tilde_old * tau_tilde) / rho_tilde;
    const R tau_dot = (zeta - theta_tilde * tau_tilde) / rho_dot;
    residual = std::hypot(beta_dot - tau_dot, beta_ddot);
    gradient = std::abs(zeta_bar);
  }
  Buffer<T> h;
  Buffer<T> h_bar;
  R alpha_bar = 0, zeta_bar = 0, rho = 1, rho_bar = 1, c_bar = 1, s_bar = 0, zeta = 0;
  R rho_dot = 1, theta_tilde = 0, tau_tilde = 0, beta_dot = 0, beta_ddot = 0;
  R residual = 0;
  R gradient = 0;
};

template <class T, class Recurrence>
Outcome least_squares_by(const Operator<T>& A, const T* b, T* x, const IterateOptions& options,
                         const Observer<T>& observer, IterateReport& report) {
  const Index n = A.cols();
  Watch<T> watch(A, b, options, observer, report, std::clamp<Index>(2 * std::min(A.rows(), n), 100, 5000));
  Buffer<T> r(A.rows());
  Bidiagonal<T> B(A, A.entries() != nullptr ? A.entries()->frobenius_norm() : 0);
  Recurrence state(n);
  double before = std::numeric_limits<double>::infinity();
  for (double norm = watch.start(x, r.data());; norm = watch.true_residual(x, r.data())) {
    if (watch.met(norm)) {
      return watch.end(Reason::converged);
    }
    B.start(r.data());
    const double gradient = B.unscaled(static_cast<double>(B.alpha));  // ||A^H r|| / ||r||
    if (gradient == 0 || B.optimal(gradient, options.rtol)) {          // what is left is orthogonal to the columns of A
      return watch.end(Reason::converged);
    }
    if (!(gradient > 0)) {
      return watch.end(Reason::diverged);
    }
    if (!(gradient * norm < before / 2)) {
      return watch.end(Reason::stagnated);
    }
    if (watch.limit() <= watch.iterations()) {
      return watch.end(Reason::max_iterations);
    }
    before = gradient * norm;
    state.start(n, B);
    while (true) {
      B.step();
      state.update(n, B, x);
      const auto residual = static_cast<double>(state.residual);
      const auto slope = static_cast<double>(state.gradient);
      if (!watch.next(residual, slope, [&] { return x; })) {
        return watch.outcome();
      }
      if (watch.met(residual) || B.optimal(B.unscaled(slope / residual), options.rtol) || !(B.alpha > 0) ||
          !(B.beta > 0)) {
        break;
      }
    }
  }
}

}  // namespace

template <class T>
Outcome lsqr(const Operator<T>& A, const T* b, T* x, const IterateOptions& options, const Observer<T>& observer,
             IterateReport& report) {
  return least_squares_by<T, Lsqr<T>>(A, b, x, options, observer, report);
}

template <class T>
Outcome lsmr(const Operator<T>& A, const T* b, T* x, const IterateOptions& options, const Observer<T>& observer,
             IterateReport& report) {
  return least_squares_by<T, Lsmr<T>>(A, b, x, options, observer, report);
}

#define INSTANTIATE(T)                                                                                  \
  template Outcome lsqr<T>(const Operator<T>&, const T*, T*, const IterateOptions&, const Observer<T>&, \
                           IterateReport&);                                                             \
  template Outcome lsmr<T>(const Operator<T>&, const T*, T*, const IterateOptions&, const Observer<T>&, IterateReport&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
