// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/iterative/preconditioner.hpp>

#include "iterative/blocks.hpp"
#include "iterative/incomplete_cholesky.hpp"

#include <hessolve/iterative/spectral.hpp>

#include <stdexcept>

namespace hessolve {
namespace {

template <class T>
class JacobiPreconditioner final : public Operator<T> {
 public:
  JacobiPreconditioner(const Entries<T>& A, Outcome& outcome) : Operator<T>(A.rows(), A.cols()), inverse_(A.rows()) {
    A.diagonal(inverse_.data());
    for (Index i = 0; i < A.rows(); ++i) {
      if (!(cheap_abs(inverse_[i]) > 0)) {
        outcome = {Reason::zero_diagonal, i};
        return;
      }
      inverse_[i] = T(1) / inverse_[i];
    }
  }
  void apply(const T* x, T* y) const override {
    vectors::for_blocks(this->rows(), [&](Index i, Index end) {
      for (; i < end; ++i) {
        y[i] = inverse_[i] * x[i];
      }
    });
  }
  void apply_adjoint(const T* x, T* y) const override {
    for (Index i = 0; i < this->rows(); ++i) {
      y[i] = conjugate(inverse_[i]) * x[i];
    }
  }

 private:
  Buffer<T> inverse_;
};

template <class T>
class SsorPreconditioner final : public Operator<T> {
 public:
  SsorPreconditioner(const Entries<T>& A, Outcome& outcome)
      : Operator<T>(A.rows(), A.cols()),
        A_(A),
        hermitian_(A.facts().hermitian) {
    Buffer<T> d(A.rows());
    A.diagonal(d.data());
    for (Index i = 0; i < A.rows() && outcome.ok(); ++i) {
      outcome = cheap_abs(d[i]) > 0 ? outcome : Outcome{Reason::zero_diagonal, i};
    }
  }
  void apply(const T* x, T* y) const override {
    std::fill_n(y, this->rows(), T(0));
    (void)A_.relax({nullptr, nullptr, 0, false}, 1, x, y);  // no zero on the diagonal: looked for above
    (void)A_.relax({nullptr, nullptr, 0, true}, 1, x, y);
  }
  void apply_adjoint(const T* x, T* y) const override {
    if (!hermitian_) {
      Operator<T>::apply_adjoint(x, y);
    }
    apply(x, y);
  }
  [[nodiscard]] bool has_adjoint() const override { return hermitian_; }

 private:
  const Entries<T>& A_;
  bool hermitian_;
};

template <class T>
class BlockPreconditioner final : public Operator<T> {
 public:
  BlockPreconditioner(const Entries<T>& A, Outcome& outcome) : Operator<T>(A.rows(), A.cols()) {
    outcome = invert_diagonal_blocks(A, blocks_);
    if (outcome.ok()) {
      constexpr Index B = jacobi_block;
      adjoint_.resize(blocks_.size());
      for (std::size_t start = 0; start < blocks_.size(); start += B * B) {
        for (std::size_t i = 0; i < B; ++i) {
          for (std::size_t j = 0; j < B; ++j) {
            adjoint_[start + i + j * B] = conjugate(blocks_[start + j + i * B]);
          }
        }
      }
    }
  }
  void apply(const T* x, T* y) const override {
    std::fill_n(y, this->rows(), T(0));
    add_block_products(this->rows(), Real<T>(1), blocks_.data(), x, y);
  }
  void apply_adjoint(const T* x, T* y) const override {
    std::fill_n(y, this->rows(), T(0));
    add_block_products(this->rows(), Real<T>(1), adjoint_.data(), x, y);
  }

 private:
  std::vector<T> blocks_;
  std::vector<T> adjoint_;
};

template <class T>
class ChebyshevPreconditioner final : public Operator<T> {
  using R = Real<T>;

 public:
  ChebyshevPreconditioner(const Entries<T>& A, Outcome& outcome, PreconditionerReport& report)
      : Operator<T>(A.rows(), A.cols()),
        A_(A),
        D_(A, outcome) {
    const MatrixFacts facts = A.facts();
    if (outcome.ok() && !facts.positive_diagonal && A.rows() > 0) {
      outcome = {Reason::not_positive_definite, -1};
    }
    if (outcome.ok()) {
      report.highest = extreme_eigenvalues<T>(A, &D_, 1e-2, 30).highest;
      high_ = static_cast<R>(1.1 * report.highest);
    }
  }
  void apply(const T* b, T* x) const override {  // x_k by the three-term recurrence  [Saad, 12.3.2]
    const Index n = this->rows();
    const R low = high_ / 30;
    const R middle = (high_ + low) / 2;
    const R half = (high_ - low) / 2;
    Buffer<T> memory(3 * n);
    T* r = memory.data();
    T* d = r + n;
    T* z = d + n;
    D_.apply(b, d);
    vectors::scaled(n, R(1) / middle, d, d);
    vectors::copy(n, d, x);
    R rho = half / middle;
    for (int step = 1; step < 4; ++step) {
      A_.residual(b, x, r);
      D_.apply(r, z);
      const R next = half / (2 * middle - rho * half);
      const R back = next * rho;
      const R along = 2 / (2 * middle - rho * half);
      vectors::for_blocks(n, [&](Index i, Index end) {
        for (; i < end; ++i) {
          d[i] = back * d[i] + along * z[i];
          x[i] += d[i];
        }
      });
      rho = next;
    }
  }
  void apply_adjoint(const T* x, T* y) const override { apply(x, y); }  // Hermitian, as A is

 private:
  const Entries<T>& A_;
  JacobiPreconditioner<T> D_;
  R high_ = 1;
};

}  // namespace

template <class T>
std::unique_ptr<Operator<T>> preconditioner(const Entries<T>& A, PreconditionerKind kind, Outcome& outcome,
                                            PreconditionerReport* report) {
  if (A.rows() != A.cols()) {
    throw std::invalid_argument("a preconditioner needs a square matrix");
  }
  PreconditionerReport unused;
  PreconditionerReport& told = report != nullptr ? *report : unused;
  outcome = {};
  if (kind == PreconditionerKind::ic0 || kind == PreconditionerKind::chebyshev) {
    if (const MatrixFacts facts = A.facts(); !facts.hermitian) {
      const std::string i = std::to_string(facts.row);
      const std::string j = std::to_string(facts.col);
      throw std::invalid_argument(std::string("kind='") + (kind == PreconditionerKind::ic0 ? "ic0" : "chebyshev") +
                                  "' needs a " + (is_complex<T> ? "Hermitian" : "symmetric") + " `A`, but A[" + i +
                                  ", " + j + "] and A[" + j + ", " + i + "] differ; use kind='ssor'.");
    }
  }
  std::unique_ptr<Operator<T>> made;
  switch (kind) {
    case PreconditionerKind::jacobi: made = std::make_unique<JacobiPreconditioner<T>>(A, outcome); break;
    case PreconditionerKind::ssor: made = std::make_unique<SsorPreconditioner<T>>(A, outcome); break;
    case PreconditionerKind::block_jacobi: made = std::make_unique<BlockPreconditioner<T>>(A, outcome); break;
    case PreconditionerKind::ic0: made = std::make_unique<IncompleteCholesky<T>>(A, outcome, told); break;
    case PreconditionerKind::chebyshev: made = std::make_unique<ChebyshevPreconditioner<T>>(A, outcome, told); break;
  }
  if (!outcome.ok()) {
    made.reset();
  }
  return made;
}

#define INSTANTIATE(T)                                                                                     \
  template std::unique_ptr<Operator<T>> preconditioner<T>(const Entries<T>&, PreconditionerKind, Outcome&, \
                                                          PreconditionerReport*);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
