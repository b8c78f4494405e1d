// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/iterative/spectral.hpp>

#include "iterative/random.hpp"
#include "iterative/small_spectra.hpp"
#include "iterative/vectors.hpp"

#include <stdexcept>

namespace hessolve {

template <class T>
Extremes extreme_eigenvalues(const Operator<T>& A, const Operator<T>* M, double tolerance, Index most,
                             std::uint64_t seed, const Stop& stop) {
  using R = Real<T>;
  const Index n = A.rows();
  Extremes found;
  if (n == 0) {
    return found;
  }
  Buffer<T> memory(4 * n);
  T* v = memory.data();
  T* v_old = v + n;
  T* z = v_old + n;
  T* q = z + n;
  fill_random(n, v, seed);
  std::fill_n(v_old, n, T(0));
  const auto inner = [&] {  // z := M v; sqrt(v^H M v)
    if (M == nullptr) {
      vectors::copy(n, v, z);
      return vectors::norm(n, v);
    }
    M->apply(v, z);
    return static_cast<R>(std::sqrt(real_part(vectors::dot(n, v, z))));
  };
  R gamma = inner();
  R gamma_old = 1;
  std::vector<double> diagonal;
  std::vector<double> below;
  const double first = static_cast<double>(gamma);
  Index check = 8;
  const Index limit = std::min(most, 2 * n + 20);  // rounding may make it take more than n steps
  for (Index k = 1; k <= limit; ++k) {
    vectors::scaled(n, R(1) / gamma, z, z);
    const R delta = real_part(A.apply_dot(z, q));
    vectors::for_blocks(n, [&](Index i, Index end) {
      for (; i < end; ++i) {
        v_old[i] = q[i] - (delta / gamma) * v[i] - (gamma / gamma_old) * v_old[i];
      }
    });
    std::swap(v, v_old);
    gamma_old = gamma;
    gamma = inner();
    diagonal.push_back(static_cast<double>(delta));
    const double scale = std::max(std::abs(found.highest), std::abs(found.lowest));
    const bool over = !(static_cast<double>(gamma) > 4 * static_cast<double>(epsilon<T>) * scale) || first == 0;
    if (over || k == check || k == limit) {
      const auto values = tridiagonal_eigenvalues(diagonal, below);
      const Extremes before = found;
      found = {values.front(), values.back(), over, k};
      if (over || (k > 8 && std::abs(found.lowest - before.lowest) <= tolerance * std::abs(found.lowest) &&
                   std::abs(found.highest - before.highest) <= tolerance * std::abs(found.highest))) {
        found.converged = true;
        return found;
      }
      check = check * 3 / 2;
      if (stop.requested()) {
        return found;
      }
    }
    below.push_back(static_cast<double>(gamma));
  }
  return found;
}

template <class T>
RadiusEstimate spectral_radius_of(Index n, const std::function<void(const T*, T*)>& G, double slack, double floor,
                                  std::uint64_t seed, const Stop& stop) {
  using R = Real<T>;
  using Complex = std::complex<double>;
  RadiusEstimate found;
  if (n == 0) {
    return found;
  }
  const Index m = std::min<Index>(n, 80);
  constexpr int restarts = 60;
  Matrix<T> basis(n, m + 1);
  const ColMajor<T> V = basis.view();
  fill_random(n, V.col(0), seed);
  std::vector<Complex> y;
  std::vector<Complex> start;
  for (int restart = 0; restart < restarts; ++restart) {
    vectors::scaled(n, R(1) / vectors::norm(n, V.col(0)), V.col(0), V.col(0));
    std::vector<Complex> H(static_cast<std::size_t>(m * m));
    const auto h = [&](Index i, Index j, Index rows) -> Complex& { return H[static_cast<std::size_t>(i + j * rows)]; };
    Index k = 0;
    double left = 0;
    bool invariant = false;
    for (; k < m && !invariant; ++k) {
      T* w = V.col(k + 1);
      G(V.col(k), w);
      ++found.products;
      const R size = vectors::norm(n, w);
      for (int twice = 0; twice < 2; ++twice) {
        for (Index i = 0; i <= k; ++i) {
          const T c = vectors::dot(n, V.col(i), w);
          vectors::add_multiple(n, T(-c), V.col(i), w);
          h(i, k, m) += Complex(c);
        }
      }
      const R norm = vectors::norm(n, w);
      left = static_cast<double>(norm);
      invariant = !(norm > 10 * epsilon<T> * size);
      if (!invariant) {
        vectors::scaled(n, R(1) / norm, w, w);
        if (k + 1 < m) {
          h(k + 1, k, m) = left;
        }
      }
    }
    std::vector<Complex> small(static_cast<std::size_t>(k * k));
    for (Index j = 0; j < k; ++j) {
      for (Index i = 0; i < k; ++i) {
        small[static_cast<std::size_t>(i + j * k)] = h(i, j, m);
      }
    }
    const Complex value = dominant_eigenpair(k, small, y);
    found.value = std::abs(value);
    const double residual = left * std::abs(y.back());
    found.converged = invariant || k == n || residual <= slack * (std::abs(1 - found.value) + floor);
    if (found.converged || stop.requested()) {
      return found;
    }
    Buffer<T> next(n);
    std::fill_n(next.data(), n, T(0));
    for (Index j = 0; j < k; ++j) {
      const Complex c = y[static_cast<std::size_t>(j)];
      if constexpr (is_complex<T>) {
        vectors::add_multiple(n, T(c), V.col(j), next.data());
      } else {  // a vector of the plane that the conjugate pair spans
        vectors::add_multiple(n, static_cast<T>(c.real() + c.imag()), V.col(j), next.data());
      }
    }
    vectors::copy(n, next.data(), V.col(0));
  }
  return found;
}

template <class T>
RadiusEstimate spectral_radius(const Operator<T>& A, std::uint64_t seed, const Stop& stop) {
  if (A.rows() != A.cols()) {
    throw std::invalid_argument("only a square matrix has a spectral radius");
  }
  if (A.entries() != nullptr && A.entries()->facts().hermitian) {
    const Extremes found = extreme_eigenvalues<T>(A, nullptr, 1e-7, 5000, seed, stop);
    return {std::max(std::abs(found.lowest), std::abs(found.highest)), found.converged, found.steps};
  }
  return spectral_radius_of<T>(A.rows(), [&](const T* x, T* y) { A.apply(x, y); }, 1e-6, 1e-3, seed, stop);
}

#define INSTANTIATE(T)                                                                                           \
  template Extremes extreme_eigenvalues<T>(const Operator<T>&, const Operator<T>*, double, Index, std::uint64_t, \
                                           const Stop&);                                                         \
  template RadiusEstimate spectral_radius_of<T>(Index, const std::function<void(const T*, T*)>&, double, double, \
                                                std::uint64_t, const Stop&);                                     \
  template RadiusEstimate spectral_radius<T>(const Operator<T>&, std::uint64_t, const Stop&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
