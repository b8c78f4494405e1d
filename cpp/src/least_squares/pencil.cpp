// SPDX-License-Identifier: BSD-3-Clause
#include "least_squares/pencil.hpp"

#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/eigh.hpp>
#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/svd.hpp>
#include <hessolve/dense/triangular.hpp>

#include "kernel/fill.hpp"

#include <cmath>
#include <limits>

namespace hessolve {

template <class T>
Outcome diagonalise(Matrix<T>& G, Pencil<T>& pencil) {
  const Index n = G.view().rows;
  pencil.mu = Buffer<T>(n);
  pencil.nu = Buffer<T>(n);
  if (const Outcome outcome = eigh_in_place<T>(G.view(), pencil.mu.data()); !outcome.ok()) {
    return outcome;
  }
  for (Index i = 0; i < n; ++i) {
    pencil.mu[i] = std::max(pencil.mu[i], T(0));  // a Gram matrix has none below
    pencil.nu[i] = T(1);
  }
  pencil.S = std::move(G);
  return {};
}

template <class T>
Outcome diagonalise(Matrix<T>& G, InColMajor<T> P, Pencil<T>& pencil) {
  const Index n = G.view().rows;
  T trace_G = 0;
  T trace_P = 0;
  for (Index i = 0; i < n; ++i) {
    trace_G += G(i, i);
    trace_P += P(i, i);
  }
  const T tau = trace_G > 0 && trace_P > 0 ? trace_G / trace_P : T(1);
  Matrix<T> B(n, n);
  Matrix<T> H(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      const T g = i >= j ? G(i, j) : G(j, i);
      H(i, j) = g;
      B(i, j) = g + tau * (i >= j ? P(i, j) : P(j, i));
    }
  }
  if (const Outcome outcome = cholesky_in_place<T>(B.view()); !outcome.ok()) {
    return {Reason::singular, outcome.where};
  }
  triangular_solve<T>(B.view(), Triangle::lower, Diagonal::general, Trans::none, H.view());  // L^-1 G
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      std::swap(H(i, j), H(j, i));
    }
  }
  triangular_solve<T>(B.view(), Triangle::lower, Diagonal::general, Trans::none, H.view());  // L^-1 G L^-T
  pencil.mu = Buffer<T>(n);
  pencil.nu = Buffer<T>(n);
  if (const Outcome outcome = eigh_in_place<T>(H.view(), pencil.mu.data()); !outcome.ok()) {
    return outcome;
  }
  triangular_solve<T>(B.view(), Triangle::lower, Diagonal::general, Trans::adjoint, H.view());
  for (Index i = 0; i < n; ++i) {
    pencil.mu[i] = std::clamp(pencil.mu[i], T(0), T(1));
    pencil.nu[i] = (1 - pencil.mu[i]) / tau;
  }
  pencil.S = std::move(H);
  return {};
}

template <class T>
bool loses_half(const Pencil<T>& pencil, double alpha) {
  T largest = 0;
  T smallest = std::numeric_limits<T>::max();
  for (Index i = 0; i < pencil.mu.size(); ++i) {
    largest = std::max(largest, pencil.mu[i]);
    smallest = std::min(smallest, pencil.mu[i]);
  }
  return !(static_cast<double>(largest) * std::sqrt(static_cast<double>(epsilon<T>)) <=
           static_cast<double>(smallest) + alpha);
}

template <class T>
Outcome take_singular_values(const Design<T>& design, Pencil<T>& pencil, ColMajor<T> SC) {
  const Index m = design.rows();
  const Index n = design.cols();
  const Index t = design.targets();
  const RowPanels<T> panels = design.panels();
  const Index block = std::max<Index>(4 * gram_depth, 2 * n);
  Matrix<T> W(n + block, n);
  Matrix<T> Z(n + block, t);
  Buffer<T> buffer(panels.buffer_size());
  Buffer<T> tau(n);
  clear<T>(W.view());
  clear<T>(Z.view());
  for (Index first = 0; first < m; first += block) {
    const Index rows = std::min(block, m - first);
    for (Index i = 0; i < rows; i += gram_depth) {
      const Index count = std::min(gram_depth, rows - i);
      const ColMajor<const T> P = panels(first + i, count, buffer.data());
      copy_into<T>(MatrixView<const T>(P).transposed(), W.view().block(n + i, 0, count, n));
    }
    for (Index j = 0; j < t; ++j) {
      for (Index i = 0; i < rows; ++i) {
        Z(n + i, j) = design.y(first + i, j);
      }
    }
    const ColMajor<T> stacked = W.view().block(0, 0, n + rows, n);
    qr_in_place<T>(stacked, tau.data());
    apply_q<T>(stacked, tau.data(), n, Trans::adjoint, Z.view().block(0, 0, n + rows, t));
    for (Index j = 0; j < n; ++j) {
      std::fill_n(W.view().col(j) + j + 1, n + block - j - 1, T(0));
    }
  }
  Svd<T> d = svd<T>(W.view().block(0, 0, n, n));
  if (n > 0 && !std::isfinite(d.s[0])) {
    return {Reason::stagnated};
  }
  for (Index i = 0; i < n; ++i) {
    pencil.mu[i] = d.s[i] * d.s[i];
    for (Index j = 0; j < t; ++j) {
      SC(i, j) = d.s[i] * dot<false, T>(d.U.view().col(i), Z.view().col(j), n);
    }
  }
  pencil.S = std::move(d.V);
  return {};
}

#define INSTANTIATE(T)                                                    \
  template Outcome diagonalise<T>(Matrix<T>&, Pencil<T>&);                \
  template Outcome diagonalise<T>(Matrix<T>&, InColMajor<T>, Pencil<T>&); \
  template bool loses_half<T>(const Pencil<T>&, double);                  \
  template Outcome take_singular_values<T>(const Design<T>&, Pencil<T>&, ColMajor<T>);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve
