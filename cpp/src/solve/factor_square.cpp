// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/scaling.hpp"
#include "solve/factor_backend.hpp"
#include "solve/square_factor.hpp"

#include <stdexcept>

/// The factorisations of square matrices by elimination, and the choice among all kinds.
namespace hessolve {
namespace {

template <class T>
class SquareBackend final : public FactorBackend<T> {
 public:
  SquareBackend(Index n, Kind kind) : factor_(n, kind, {}) {}

  Outcome run(const Source<T>& A, const Structure& structure, const Plan& plan, const Stop& stop) {
    if (!factor_.load(A, structure)) {
      return {Reason::non_finite, find_non_finite<T>(A).first};
    }
    factor_.equilibrate(false);
    Outcome outcome = try_each(plan, stop);
    if (outcome.reason == Reason::ill_conditioned && !factor_.scaled() && factor_.worth_scaling()) {
      (void)factor_.load(A, structure);  // perhaps only badly scaled
      factor_.equilibrate(true);
      outcome = try_each(plan, stop);
    }
    return outcome;
  }

  [[nodiscard]] Method kind() const override { return factor_.method(); }
  [[nodiscard]] bool hermitian() const override {
    return factor_.method() == Method::cholesky ||
           (factor_.method() == Method::ldlt && factor_.kind() != Kind::symmetric);
  }
  [[nodiscard]] Index rank() const override { return rcond_ >= static_cast<double>(epsilon<T>) ? factor_.size() : -1; }
  [[nodiscard]] double rcond() const override { return rcond_; }
  void solve(ColMajor<T> X, Trans trans) const override { factor_.solve(X, trans); }
  void multiply(ColMajor<T> X, Trans trans) const override { factor_.multiply(X, trans); }
  [[nodiscard]] Determinant<T> determinant() const override { return factor_.determinant(); }
  [[nodiscard]] Outcome update(ColMajor<T> U, bool downdate) override {
    if (!hermitian()) {
      return {Reason::stagnated};
    }
    const Outcome outcome = factor_.update(U, downdate);
    if (outcome.ok()) {
      rcond_ = -1;
    }
    return outcome;
  }
  void apply_lower(ColMajor<T> X, bool inverse) const override { factor_.apply_lower(X, inverse); }
  void save(Writer& out) const override {
    out(factor_.kind());
    out(rcond_);
    factor_.save(out);
  }
  void restore(Reader& in) {
    in(rcond_);
    factor_.restore(in);
  }

 private:
  Outcome try_each(const Plan& plan, const Stop& stop) {
    Outcome outcome{Reason::singular, 0};
    factor_.prepare_to_multiply();
    for (int i = 0; i < plan.count; ++i) {
      if (plan.methods[i] == Method::qr_pivoted) {
        break;
      }
      outcome = factor_.factor(plan.methods[i], stop);
      if (outcome.reason != Reason::not_positive_definite) {
        break;
      }
    }
    if (outcome.ok()) {
      Scratch<T, small_size * small_size> inverse(factor_.size() <= small_size ? factor_.size() * factor_.size() : 0);
      rcond_ = static_cast<double>(factor_.rcond(inverse.data()));
      outcome = rcond_ >= static_cast<double>(epsilon<T>) ? Outcome{} : Outcome{Reason::ill_conditioned};
    }
    return outcome;
  }

  SquareFactor<T> factor_;
  double rcond_ = 0;
};

[[nodiscard]] bool is_triangular(Kind kind) {
  return kind == Kind::upper_triangular || kind == Kind::lower_triangular || kind == Kind::permuted_triangular ||
         kind == Kind::diagonal;
}

[[nodiscard]] bool is_orthogonal(Method kind) { return kind == Method::qr || kind == Method::qr_pivoted; }
[[nodiscard]] bool is_spectral(Method kind) { return kind == Method::svd || kind == Method::eigh; }

/// A complex A = A^T that is not Hermitian.
template <class T>
[[nodiscard]] bool is_complex_symmetric(In<T> A) {
  bool hermitian = true;
  for (Index j = 0; j < A.cols && is_complex<T>; ++j) {
    for (Index i = j; i < A.rows; ++i) {
      if (A(i, j) != A(j, i)) {
        return false;
      }
      hermitian = hermitian && A(i, j) == conjugate(A(j, i));
    }
  }
  return !hermitian;
}

template <class T>
std::unique_ptr<FactorBackend<T>> make_square(In<T> A, Method kind, const Stop& stop, Outcome& outcome, Method& tried) {
  Source<T> source{A};
  Structure structure;
  structure.rows = structure.cols = A.rows;
  const bool look = kind == Method::none || kind == Method::triangular;
  if (look) {
    structure = inspect<T>(A);
  }
  if (!is_complex<T> && structure.kind == Kind::symmetric) {
    structure.kind = Kind::hermitian;
  }
  Plan steps;
  switch (kind) {
    case Method::none:
      structure.kind = structure.kind == Kind::zero ? Kind::general : structure.kind;
      steps = plan(structure);
      break;
    case Method::banded:
      structure.kind = Kind::banded;
      structure.lower_bandwidth = structure.upper_bandwidth = 0;
      for (Index j = 0; j < A.cols; ++j) {
        for (Index i = 0; i < A.rows; ++i) {
          if (A(i, j) != T(0)) {
            structure.lower_bandwidth = std::max(structure.lower_bandwidth, i - j);
            structure.upper_bandwidth = std::max(structure.upper_bandwidth, j - i);
          }
        }
      }
      steps.then(Method::banded);
      break;
    case Method::triangular:
      if (structure.kind != Kind::zero && !is_triangular(structure.kind)) {
        throw std::invalid_argument("A is not triangular, in no order of its rows and columns");
      }
      structure.kind =
          is_triangular(structure.kind) && structure.kind != Kind::diagonal ? structure.kind : Kind::lower_triangular;
      steps.then(Method::triangular);
      break;
    case Method::cholesky:
      source.part = Part::hermitian_lower;
      structure.kind = Kind::positive_definite_candidate;
      steps.then(kind);
      break;
    case Method::ldlt:
      structure.kind = is_complex_symmetric<T>(A) ? Kind::symmetric : Kind::hermitian;
      source.part = structure.kind == Kind::symmetric ? Part::symmetric_lower : Part::hermitian_lower;
      steps.then(kind);
      break;
    case Method::lu:
      structure.kind = Kind::general;
      steps.then(kind);
      break;
    default: throw std::invalid_argument("not a kind of factorisation");
  }
  auto backend = std::make_unique<SquareBackend<T>>(A.rows, structure.kind);
  outcome = backend->run(source, structure, steps, stop);
  tried = outcome.reason == Reason::non_finite ? kind : backend->kind();
  return outcome.ok() || outcome.reason == Reason::ill_conditioned ? std::move(backend) : nullptr;
}

}  // namespace

template <class T>
std::unique_ptr<FactorBackend<T>> make_backend(In<T> A, Method kind, const Stop& stop, Outcome& outcome,
                                               Method& tried) {
  tried = kind;
  const bool square = A.rows == A.cols;
  if (is_orthogonal(kind) || is_spectral(kind) || (kind == Method::none && !square)) {
    if (const auto [i, j] = check_finite<T>(Source<T>{A, kind == Method::eigh ? Part::hermitian_lower : Part::full});
        i >= 0) {
      outcome = {Reason::non_finite, i};
      return nullptr;
    }
  }
  if (is_spectral(kind)) {
    return make_spectral<T>(A, kind, stop, outcome);
  }
  if (is_orthogonal(kind)) {
    return make_orthogonal<T>(A, kind == Method::qr_pivoted, outcome);
  }
  if (kind == Method::none && !square) {
    auto backend = make_orthogonal<T>(A, false, outcome);
    const bool full = outcome.ok() && backend->rcond() > 10 * static_cast<double>(std::min(A.rows, A.cols)) *
                                                             static_cast<double>(epsilon<T>);
    return full ? std::move(backend) : make_orthogonal<T>(A, true, outcome);
  }
  if (!square) {
    throw std::invalid_argument(
        "A must be square for this kind of factorisation; qr, qr_pivoted and svd take any shape");
  }
  return make_square<T>(A, kind, stop, outcome, tried);
}

template <class T>
std::unique_ptr<FactorBackend<T>> restore_backend(Reader& in, Method kind, Index rows, Index cols) {
  if (is_orthogonal(kind)) {
    return restore_orthogonal<T>(in, kind, rows, cols);
  }
  if (is_spectral(kind)) {
    return restore_spectral<T>(in, kind, rows, cols);
  }
  Kind structure{};
  in(structure);
  if (rows != cols || rows < 0) {
    throw std::invalid_argument("the saved state is damaged");
  }
  auto backend = std::make_unique<SquareBackend<T>>(rows, structure);
  backend->restore(in);
  return backend;
}

#define INSTANTIATE(T)                                                                                       \
  template std::unique_ptr<FactorBackend<T>> make_backend<T>(In<T>, Method, const Stop&, Outcome&, Method&); \
  template std::unique_ptr<FactorBackend<T>> restore_backend<T>(Reader&, Method, Index, Index);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
