// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/iterative/predict.hpp>

#include "iterative/jacobi_spectrum.hpp"
#include "iterative/random.hpp"
#include "iterative/vectors.hpp"

#include <chrono>
#include <stdexcept>

namespace hessolve {
namespace {

enum class Shape : signed char { other, lower, upper };

/// Whether nothing is stored on one side of the diagonal (diagonal matrices count as lower).
template <class T>
Shape triangular_shape(const typename Entries<T>::Rows& rows, Index n) {
  bool lower = true;
  bool upper = true;
  for (Index i = 0; i < n; ++i) {
    for (auto k = static_cast<std::size_t>(rows.indptr[static_cast<std::size_t>(i)]);
         k < static_cast<std::size_t>(rows.indptr[static_cast<std::size_t>(i + 1)]); ++k) {
      if (rows.values[k] != T(0)) {
        lower = lower && rows.indices[k] <= i;
        upper = upper && rows.indices[k] >= i;
      }
    }
  }
  return lower ? Shape::lower : upper ? Shape::upper : Shape::other;
}

/// Young's relation at a given omega: the spectral radius of SOR for a consistently ordered matrix.
/// [Young, Iterative Solution of Large Linear Systems, 6.2]
double young_radius(double omega, double rho) {
  const double half = omega * rho / 2;
  const double inside = half * half - (omega - 1);
  if (inside <= 0) {
    return omega - 1;
  }
  const double root = half + std::sqrt(inside);
  return root * root;
}

/// Seconds of one step of `step`: the faster of two after one that warms the caches.
template <class Step>
double seconds_of(Step&& step) {
  double best = std::numeric_limits<double>::infinity();
  for (int turn = 0; turn < 3; ++turn) {
    const auto start = std::chrono::steady_clock::now();
    step();
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = turn > 0 ? std::min(best, taken) : best;
  }
  return best;
}

bool has_bound(Iteration method) { return method == Iteration::cg || method == Iteration::chebyshev; }

/// cg and chebyshev: the error falls at least by (sqrt(kappa) - 1) / (sqrt(kappa) + 1) a step.  [Saad, 6.11.3]
template <class T>
Outcome bound_by_condition(const Entries<T>& A, const MatrixFacts& facts, Prediction& out, const Stop& stop) {
  if (!facts.hermitian) {
    throw std::invalid_argument("needs a Hermitian matrix");
  }
  const Extremes ends = extreme_eigenvalues<T>(A, nullptr, 1e-3, 3000, 0, stop);
  if (!(ends.lowest > 0)) {
    return {Reason::not_positive_definite, -1};
  }
  const double root = std::sqrt(ends.highest / ends.lowest);
  out.spectral_radius = (root - 1) / (root + 1);
  out.reason = "at least this factor a step, from the condition number in the 2-norm";
  return {};
}

template <class T>
Outcome radius(const Entries<T>& A, Iteration method, Prediction& out, const Stop& stop) {
  if (!has_bound(method) && !is_sweep(method)) {
    throw std::invalid_argument(std::string("method='") + name(method) +
                                "' has no rate that is known beforehand; the sweeps, chebyshev and cg have.");
  }
  if (A.rows() != A.cols() && method != Iteration::kaczmarz) {
    throw std::invalid_argument(std::string("method='") + name(method) + "' needs a square matrix.");
  }
  const Index n = A.cols();
  if (n == 0 || A.rows() == 0) {
    out.reason = "there is nothing to iterate";
    return {};
  }
  const MatrixFacts facts = A.facts();
  if (has_bound(method)) {
    return bound_by_condition(A, facts, out, stop);
  }
  const Relaxation relaxation = automatic_omega<T>(A, nullptr, method, Ordering::natural, stop);
  out.omega = relaxation.omega;
  Sweeper<T> sweeper(A, method, Ordering::natural, out.omega);
  if (!sweeper.outcome().ok()) {
    return sweeper.outcome();
  }
  if (method != Iteration::richardson && method != Iteration::kaczmarz && method != Iteration::block_jacobi &&
      facts.zero_diagonal >= 0) {
    return {Reason::zero_diagonal, facts.zero_diagonal};
  }
  if (method == Iteration::richardson && facts.hermitian) {
    const Extremes ends = extreme_eigenvalues<T>(A, nullptr, 1e-3, 3000, 0, stop);
    out.spectral_radius = std::max(std::abs(1 - out.omega * ends.lowest), std::abs(1 - out.omega * ends.highest));
    out.reason = "from the ends of the spectrum of A; " + relaxation.why;
    return {};
  }
  const bool point = method == Iteration::jacobi || method == Iteration::gauss_seidel ||
                     method == Iteration::gauss_seidel_backward || method == Iteration::sor;
  if (point) {
    const auto rows = A.by_rows();
    if (triangular_shape<T>(rows, n) != Shape::other) {
      out.spectral_radius = std::abs(1 - out.omega);
      out.reason = "A is triangular, so the only eigenvalue of the iteration is 1 - omega";
      return {};
    }
    if (facts.hermitian && facts.positive_diagonal) {
      const double rho = jacobi_spectrum(A, stop).radius();
      if (method == Iteration::jacobi) {
        out.spectral_radius = rho;
        out.reason = "from the ends of the spectrum of D^-1 A";
        return {};
      }
      if (consistently_ordered(A.graph(), {})) {
        out.spectral_radius = young_radius(out.omega, rho);
        out.reason = "by Young's theory from the spectral radius of Jacobi's method, A being consistently ordered";
        return {};
      }
    }
  }
  Buffer<T> zero(A.rows());
  std::fill_n(zero.data(), A.rows(), T(0));
  const RadiusEstimate found = spectral_radius_of<T>(
      n,
      [&](const T* x, T* y) {
        vectors::copy(n, x, y);
        (void)sweeper(zero.data(), y);
      },
      1e-2, 1e-6, 0, stop);
  out.spectral_radius = found.value;
  out.reason = found.converged ? "by Arnoldi's method on the iteration itself"
                               : "by Arnoldi's method on the iteration itself, which has not settled: an estimate";
  return {};
}

}  // namespace

template <class T>
Outcome iteration_radius(const Entries<T>& A, Iteration method, Prediction& prediction, const Stop& stop) {
  prediction = {};
  const Outcome outcome = radius(A, method, prediction, stop);
  return stop.requested() ? Outcome{Reason::stopped, -1} : outcome;
}

template <class T>
Outcome predict_convergence(const Entries<T>& A, Iteration method, double rtol, Prediction& prediction,
                            const Stop& stop) {
  if (const Outcome outcome = iteration_radius(A, method, prediction, stop); !outcome.ok()) {
    return outcome;
  }
  const double rho = prediction.spectral_radius;
  const double reduction = has_bound(method) ? rtol / 2 : rtol;  // ||e_k|| <= 2 rho^k ||e_0||
  if (A.rows() == 0 || A.cols() == 0) {
    return {};
  }
  if (rho == 0) {  // nilpotent: one step for each row of the longest chain of dependences, or one in the right order
    const Shape shape = triangular_shape<T>(A.by_rows(), A.cols());
    const bool at_once = (method == Iteration::gauss_seidel && shape == Shape::lower) ||
                         (method == Iteration::gauss_seidel_backward && shape == Shape::upper) || shape == Shape::other;
    prediction.iterations = at_once ? 1 : static_cast<double>(color(A.graph(), Ordering::level).groups());
    if (method == Iteration::gauss_seidel_backward && shape == Shape::lower && A.graph().ends.empty()) {
      prediction.iterations = 1;  // diagonal
    }
  } else {
    prediction.iterations = rho < 1 ? std::max(1.0, std::ceil(std::log(reduction) / std::log(rho)))
                                    : std::numeric_limits<double>::infinity();
  }
  Buffer<T> b(A.rows());
  Buffer<T> x(A.cols());
  fill_random(A.rows(), b.data(), 1);
  std::fill_n(x.data(), A.cols(), T(0));
  double seconds = 0;
  if (has_bound(method)) {
    Buffer<T> product(A.rows());
    seconds = seconds_of([&] { (void)A.apply_dot(x.data(), product.data()); }) + seconds_of([&] {
                for (int pass = 0; pass < 3; ++pass) {
                  vectors::add_multiple(A.rows(), T(0), b.data(), product.data());
                }
              });
  } else {
    Sweeper<T> sweeper(A, method, Ordering::natural, prediction.omega);
    Buffer<T> r(A.rows());
    seconds = seconds_of([&] {
      (void)sweeper(b.data(), x.data());
      A.residual(b.data(), x.data(), r.data());
      (void)vectors::norm(A.rows(), r.data());
    });
  }
  prediction.seconds = seconds * prediction.iterations;
  return {};
}

#define INSTANTIATE(T)                                                                                     \
  template Outcome predict_convergence<T>(const Entries<T>&, Iteration, double, Prediction&, const Stop&); \
  template Outcome iteration_radius<T>(const Entries<T>&, Iteration, Prediction&, const Stop&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
