// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/solve/factors.hpp>

#include "kernel/archive.hpp"
#include "kernel/source.hpp"

#include <memory>

namespace hessolve {

/// What a factorisation of a rows x cols matrix A can do; Factor puts refinement, updates and checks around it.
template <class T>
class FactorBackend {
 public:
  FactorBackend() = default;
  FactorBackend(const FactorBackend&) = delete;
  FactorBackend& operator=(const FactorBackend&) = delete;
  virtual ~FactorBackend() = default;

  [[nodiscard]] virtual Method kind() const = 0;
  [[nodiscard]] virtual bool hermitian() const = 0;
  [[nodiscard]] virtual Index rank() const = 0;
  [[nodiscard]] virtual double rcond() const = 0;
  /// X := op(A)^+ X; X has max(rows, cols) rows, the right-hand side in its first ones.
  virtual void solve(ColMajor<T> X, Trans trans) const = 0;
  /// X := op(A) X, laid out as for solve.
  virtual void multiply(ColMajor<T> X, Trans trans) const = 0;
  [[nodiscard]] virtual Determinant<T> determinant() const = 0;
  /// A := A +- U U^H in place. Outcome stagnated: not this way; the factors are as they were.
  [[nodiscard]] virtual Outcome update(ColMajor<T> U, bool downdate) {
    (void)U;
    (void)downdate;
    return {Reason::stagnated};
  }
  /// X := L^-1 X or L X of a Cholesky factor.
  virtual void apply_lower(ColMajor<T> X, bool inverse) const {
    (void)X;
    (void)inverse;
  }
  virtual void save(Writer& out) const = 0;
};

/// Factor A in the way named (none: by structure). The outcome is as Factor::outcome(), `tried` what it was tried with;
/// the backend is null where there is nothing to solve with.
template <class T>
[[nodiscard]] std::unique_ptr<FactorBackend<T>> make_backend(In<T> A, Method kind, const Stop& stop, Outcome& outcome,
                                                             Method& tried);
template <class T>
[[nodiscard]] std::unique_ptr<FactorBackend<T>> make_orthogonal(In<T> A, bool pivoting, Outcome& outcome);
template <class T>
[[nodiscard]] std::unique_ptr<FactorBackend<T>> make_spectral(In<T> A, Method kind, const Stop& stop, Outcome& outcome);
template <class T>
[[nodiscard]] std::unique_ptr<FactorBackend<T>> restore_backend(Reader& in, Method kind, Index rows, Index cols);
template <class T>
[[nodiscard]] std::unique_ptr<FactorBackend<T>> restore_orthogonal(Reader& in, Method kind, Index rows, Index cols);
template <class T>
[[nodiscard]] std::unique_ptr<FactorBackend<T>> restore_spectral(Reader& in, Method kind, Index rows, Index cols);

}  // namespace hessolve
