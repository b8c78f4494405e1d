// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/solve/factors.hpp>

#include "certify/norm_estimate.hpp"
#include "certify/refinement.hpp"
#include "kernel/gemm.hpp"
#include "kernel/scaling.hpp"
#include "solve/factor_backend.hpp"

#include <cmath>
#include <stdexcept>

namespace hessolve {
namespace detail {

/// A = A_0 + U V^H: a factored A_0 and the updates since, in product form (none for most).
template <class T>
class FactorState {
 public:
  using R = Real<T>;

  FactorState(Index rows, Index cols, Method wanted, bool keep)
      : rows_(rows),
        cols_(cols),
        wanted_(wanted),
        keep_(keep) {}

  [[nodiscard]] Outcome outcome() const { return outcome_; }
  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] Index cols() const { return cols_; }
  [[nodiscard]] bool keeps_matrix() const { return keep_; }
  [[nodiscard]] bool usable() const { return base_ != nullptr; }
  [[nodiscard]] Method kind() const { return usable() ? base_->kind() : tried_; }
  [[nodiscard]] const FactorBackend<T>* base() const { return base_.get(); }

  [[nodiscard]] double rcond() const {
    if (base_ == nullptr) {
      return 0;
    }
    if (base_->rcond() >= 0 && updates() == 0) {
      return base_->rcond();
    }
    const auto norm = [&](auto&& f) {
      return static_cast<double>(estimate_one_norm<T>(
          rows_, [&](ColMajor<T> X) { f(X, Trans::none); }, [&](ColMajor<T> X) { f(X, Trans::adjoint); }));
    };
    const double size = norm([&](ColMajor<T> X, Trans trans) { multiply(X, trans); });
    const double inverse = norm([&](ColMajor<T> X, Trans trans) { apply(X, trans); });
    const double result = 1 / size / inverse;
    return std::isfinite(result) ? result : 0.0;
  }
  [[nodiscard]] Index rank() const { return base_ == nullptr ? -1 : updates() == 0 ? base_->rank() : -1; }

  /// X := op(A)^+ X, max(rows, cols) rows; not the transpose of a complex matrix that was updated (see apply_any).
  void apply(ColMajor<T> X, Trans trans) const {
    base_->solve(X, trans);
    if (updates() == 0) {
      return;
    }
    const bool plain = trans == Trans::none;
    Matrix<T> small = product(plain ? V_ : U_, X);  // V^H X or U^H X
    lu_solve<T>(C_.view(), pivots_.data(), small.view(), trans);
    gemm_minus<Right::plain, T>(X, plain ? Y_.view() : Z_.view(), small.view());
  }

  void multiply(ColMajor<T> X, Trans trans) const {
    if (updates() == 0) {
      base_->multiply(X, trans);
      return;
    }
    const bool plain = trans == Trans::none;
    Matrix<T> small = product(plain ? V_ : U_, X);
    base_->multiply(X, trans);
    negate(small.view());
    gemm_minus<Right::plain, T>(X, plain ? U_.view() : V_.view(), small.view());
  }

  Outcome solve(In<T> B, MatrixView<T> X, Trans trans, Certificate* certificate) const {
    const bool plain = trans == Trans::none;
    const Index in = plain ? rows_ : cols_;
    const Index out = plain ? cols_ : rows_;
    if (B.rows != in || X.rows != out || X.cols != B.cols) {
      throw std::invalid_argument("shapes disagree: op(A) is m x n, B must be m x k and X n x k");
    }
    if (!usable()) {
      return outcome_;
    }
    const Index height = std::max(rows_, cols_);
    Scratch<T, 64> memory(height * B.cols);
    const ColMajor<T> work{memory.data(), height, B.cols, height};
    copy_into<T>(B, work.block(0, 0, in, B.cols));
    if (const auto [i, j] = find_non_finite<T>(Source<T>{work.block(0, 0, in, B.cols)}); i >= 0) {
      return {Reason::non_finite, i};
    }
    apply_any(work, trans);
    Outcome outcome = outcome_;
    Certificate own;
    Certificate& evidence = certificate != nullptr ? *certificate : own;
    evidence.method = base_->kind();
    evidence.regime = rows_ == cols_ ? (outcome.ok() ? 1 : 5) : (rows_ > cols_) == plain ? 2 : 3;
    if (rank() >= 0 && rank() < std::min(rows_, cols_)) {
      evidence.regime = base_->kind() == Method::qr_pivoted ? 4 : 0;
    }
    evidence.rank = rank();
    evidence.rcond = certificate != nullptr ? rcond() : Certificate::unknown;
    if (keep_) {
      outcome = improve(B, work, trans, outcome, evidence);
    }
    copy_out<T>(work.block(0, 0, out, B.cols), X);
    if (outcome.ok() && find_non_finite<T>(Source<T>{work.block(0, 0, out, B.cols)}).first >= 0) {
      return {Reason::non_finite};  // x overflowed
    }
    return outcome;
  }

  /// The first factorisation and all later ones.
  Outcome factor(In<T> A, const Stop& stop) {
    Outcome outcome;
    Method ignored{};
    auto base = make_backend<T>(A, wanted_, stop, outcome, base_ == nullptr ? tried_ : ignored);
    if (base != nullptr || base_ == nullptr) {  // else the old factors stay, and their outcome
      outcome_ = outcome;
    }
    if (base != nullptr) {
      adopt(std::move(base), A);
    }
    return outcome;
  }

  Outcome update(In<T> U, In<T> V, bool downdate) {
    if (!usable()) {
      return outcome_;
    }
    if (U.rows != rows_ || V.rows != cols_ || U.cols != V.cols) {
      throw std::invalid_argument("shapes disagree: A is m x n, U must be m x k and V n x k");
    }
    for (const In<T>& factor : {U, V}) {
      if (const auto [i, j] = find_non_finite<T>(Source<T>{factor}); i >= 0) {
        return {Reason::non_finite, i};
      }
    }
    const bool symmetric = same(U, V);
    if (base_->hermitian() && !symmetric) {
      throw std::invalid_argument("a factorisation of a Hermitian matrix takes updates u u^H only");
    }
    if (symmetric) {
      Matrix<T> copy(rows_, U.cols);
      copy_into<T>(U, copy.view());
      const Outcome outcome = base_->update(copy.view(), downdate);
      if (outcome.reason != Reason::stagnated) {
        if (outcome.ok()) {
          update_kept(U, V, downdate);
        }
        return outcome;
      }
    }
    if (rows_ == cols_ && !base_->hermitian() && append(U, V, downdate)) {
      update_kept(U, V, downdate);
      return {};
    }
    return start_again(U, V, downdate);
  }

  void values_at(In<T> W, T* values) const {
    Matrix<T> X(rows_, W.cols);
    copy_into<T>(W, X.view());
    if (base_->kind() == Method::cholesky) {
      base_->apply_lower(X.view(), true);  // w^H A^-1 w = ||L^-1 w||^2
      for (Index j = 0; j < W.cols; ++j) {
        const R norm = norm2(X.view().col(j), rows_);
        values[j] = T(norm * norm);
      }
      return;
    }
    apply_any(X.view(), Trans::none);
    for (Index j = 0; j < W.cols; ++j) {
      values[j] = T(0);
      for (Index i = 0; i < rows_; ++i) {
        values[j] += conjugate(W(i, j)) * X(i, j);
      }
      values[j] = base_->hermitian() ? T(real_part(values[j])) : values[j];
    }
  }

  void inverse_diagonal(T* values) const {
    constexpr Index chunk = 64;
    Matrix<T> X(rows_, std::min(chunk, rows_));
    for (Index first = 0; first < rows_; first += chunk) {
      const Index count = std::min(chunk, rows_ - first);
      const ColMajor<T> columns = X.view().block(0, 0, rows_, count);
      for (Index j = 0; j < count; ++j) {
        std::fill_n(columns.col(j), rows_, T(0));
        columns(first + j, j) = T(1);
      }
      if (base_->kind() == Method::cholesky) {
        base_->apply_lower(columns, true);
        for (Index j = 0; j < count; ++j) {
          const R norm = norm2(columns.col(j), rows_);
          values[first + j] = T(norm * norm);
        }
        continue;
      }
      apply_any(columns, Trans::none);
      for (Index j = 0; j < count; ++j) {
        const T value = columns(first + j, j);
        values[first + j] = base_->hermitian() ? T(real_part(value)) : value;
      }
    }
  }

  [[nodiscard]] Determinant<T> determinant() const {
    Determinant<T> result;
    if (base_ == nullptr) {
      result.mantissa = T(0);
      return result;
    }
    result = base_->determinant();
    for (Index k = 0; k < updates(); ++k) {  // det (A_0 + U V^H) = det A_0 det C
      if (pivots_[k] != k) {
        result.negate();
      }
      result.multiply(C_(k, k));
    }
    return result;
  }

  void save(Writer& out) const {
    out(rows_);
    out(cols_);
    out(wanted_);
    out(tried_);
    out(keep_);
    out(outcome_);
    out(usable());
    if (usable()) {
      out(base_->kind());
      base_->save(out);
      out(updates());
      const_cast<FactorState*>(this)->visit_updates(out);  // NOLINT: writing reads the fields only
      if (keep_) {
        out(A_.view().data, A_.view().stride * cols_);
      }
    }
  }

  static std::unique_ptr<FactorState> load(Reader& in) {
    Index rows = 0;
    Index cols = 0;
    bool keep = false;
    Method wanted{};
    Method tried{};
    in(rows);
    in(cols);
    in(wanted);
    in(tried);
    in(keep);
    const auto limit = static_cast<Index>(in.left());
    if (rows < 0 || cols < 0 || rows > limit || cols > limit) {
      throw std::invalid_argument("the saved state is damaged");
    }
    auto state = std::make_unique<FactorState>(rows, cols, wanted, keep);
    state->tried_ = tried;
    in(state->outcome_);
    bool usable = false;
    in(usable);
    if (usable) {
      Method kind{};
      in(kind);
      state->base_ = restore_backend<T>(in, kind, rows, cols);
      Index k = 0;
      in(k);
      if (k < 0 || k > std::min(rows, cols)) {
        throw std::invalid_argument("the saved state is damaged");
      }
      state->reserve(k);
      state->visit_updates(in);
      if (keep) {
        state->A_ = Matrix<T>(rows, cols);
        in(state->A_.view().data, state->A_.view().stride * cols);
      }
    }
    return state;
  }

  void apply_any(ColMajor<T> X, Trans trans) const {
    if (is_complex<T> && trans == Trans::transpose && updates() > 0) {
      conjugate_all(X);
      apply(X, Trans::adjoint);
      conjugate_all(X);
    } else {
      apply(X, is_complex<T> || trans == Trans::none ? trans : Trans::adjoint);
    }
  }

 private:
  [[nodiscard]] Index updates() const { return C_.view().cols; }

  static void conjugate_all(ColMajor<T> X) {
    for (Index j = 0; j < X.cols; ++j) {
      for (Index i = 0; i < X.rows; ++i) {
        X(i, j) = conjugate(X(i, j));
      }
    }
  }
  static void negate(ColMajor<T> X) {
    for (Index j = 0; j < X.cols; ++j) {
      for (Index i = 0; i < X.rows; ++i) {
        X(i, j) = -X(i, j);
      }
    }
  }
  static bool same(In<T> U, In<T> V) {
    for (Index j = 0; j < U.cols && U.rows == V.rows; ++j) {
      for (Index i = 0; i < U.rows; ++i) {
        if (U(i, j) != V(i, j)) {
          return false;
        }
      }
    }
    return U.rows == V.rows;
  }
  /// M^H X
  static Matrix<T> product(const Matrix<T>& M, InColMajor<T> X) {
    Matrix<T> result(M.view().cols, X.cols);
    as_eigen(result.view()).noalias() = as_eigen(M.view()).adjoint() * as_eigen(X);
    return result;
  }

  void adopt(std::unique_ptr<FactorBackend<T>> base, In<T> A) {
    if (keep_) {
      Source<T> source{A};
      if (base->hermitian()) {
        source.part = Part::hermitian_lower;
      } else if (base->kind() == Method::ldlt) {
        source.part = Part::symmetric_lower;
      }
      A_ = Matrix<T>(rows_, cols_);
      Magnitudes<R> size(rows_, cols_);
      absorb<T>(source, A_.view(), size);
    }
    base_ = std::move(base);
    reserve(0);
  }

  void reserve(Index k) {
    U_ = Matrix<T>(rows_, k);
    V_ = Matrix<T>(cols_, k);
    Y_ = Matrix<T>(rows_, k);
    Z_ = Matrix<T>(cols_, k);
    C_ = Matrix<T>(k, k);
    pivots_ = Buffer<Index>(k);
  }

  template <class Archive>
  void visit_updates(Archive& archive) {
    for (Matrix<T>* M : {&U_, &V_, &Y_, &Z_, &C_}) {
      archive(M->view().data, M->view().stride * M->view().cols);
    }
    archive(pivots_.data(), pivots_.size());
  }

  void update_kept(In<T> U, In<T> V, bool downdate) {
    for (Index j = 0; j < cols_ && keep_; ++j) {
      for (Index c = 0; c < U.cols; ++c) {
        const T factor = downdate ? T(-conjugate(V(j, c))) : conjugate(V(j, c));
        for (Index i = 0; i < rows_; ++i) {
          A_(i, j) += U(i, c) * factor;
        }
      }
    }
  }

  /// Take the update into the product form. False where that would lose digits, or has grown too long.
  bool append(In<T> U, In<T> V, bool downdate) {
    const Index before = updates();
    const Index k = before + U.cols;
    if (k > std::clamp<Index>(rows_ / 8, 1, 32)) {
      return false;
    }
    FactorState next(rows_, cols_, wanted_, false);
    next.reserve(k);
    const auto join = [&](Matrix<T>& to, const Matrix<T>& old, In<T> fresh, bool negative) {
      copy_into<T>(MatrixView<const T>(old.view()), to.view().block(0, 0, rows_, before));
      copy_into<T>(fresh, to.view().block(0, before, rows_, U.cols));
      if (negative) {
        negate(to.view().block(0, before, rows_, U.cols));
      }
    };
    join(next.U_, U_, U, downdate);
    join(next.V_, V_, V, false);
    join(next.Y_, Y_, U, downdate);
    join(next.Z_, Z_, V, false);
    base_->solve(next.Y_.view().block(0, before, rows_, U.cols), Trans::none);
    base_->solve(next.Z_.view().block(0, before, rows_, U.cols), Trans::adjoint);
    Matrix<T> C = product(next.V_, next.Y_.view());
    for (Index j = 0; j < k; ++j) {
      C(j, j) += T(1);
    }
    copy_into<T>(MatrixView<const T>(C.view()), next.C_.view());
    if (!lu_in_place<T>(next.C_.view(), next.pivots_.data()).ok()) {
      return false;
    }
    Matrix<T> inverse(k, k);
    as_eigen(inverse.view()).setIdentity();
    lu_solve<T>(next.C_.view(), next.pivots_.data(), inverse.view());
    const auto norm = [](const Matrix<T>& M) { return as_eigen(M.view()).norm(); };
    constexpr R bearable = 1e3;
    if (!(norm(next.Y_) * norm(inverse) * norm(next.V_) <= bearable)) {  // also for NaN
      return false;
    }
    U_ = std::move(next.U_);
    V_ = std::move(next.V_);
    Y_ = std::move(next.Y_);
    Z_ = std::move(next.Z_);
    C_ = std::move(next.C_);
    pivots_ = std::move(next.pivots_);
    return true;
  }

  /// Factor the updated matrix anew, from the copy of A or from the factors themselves.
  Outcome start_again(In<T> U, In<T> V, bool downdate) {
    FactorState next(rows_, cols_, wanted_, true);
    next.A_ = Matrix<T>(rows_, cols_);
    if (keep_) {
      copy_into<T>(MatrixView<const T>(A_.view()), next.A_.view());
    } else {
      const Index height = std::max(rows_, cols_);
      Matrix<T> product(height, cols_);
      as_eigen(product.view()).setIdentity();
      multiply(product.view(), Trans::none);
      copy_into<T>(MatrixView<const T>(product.view().block(0, 0, rows_, cols_)), next.A_.view());
    }
    next.update_kept(U, V, downdate);
    Method kind = base_->kind();
    if ((kind == Method::ldlt && !base_->hermitian()) || kind == Method::banded || kind == Method::triangular ||
        kind == Method::tridiagonal || kind == Method::diagonal) {
      kind = Method::lu;
    }
    Outcome outcome;
    Method tried{};
    auto base = make_backend<T>(next.A_.view(), kind, {}, outcome, tried);
    if (base != nullptr) {
      outcome_ = outcome;
      adopt(std::move(base), next.A_.view());
    }
    return outcome;
  }

  /// Refinement with the kept matrix.
  Outcome improve(In<T> B, ColMajor<T> work, Trans trans, Outcome outcome, Certificate& evidence) const {
    const bool plain = trans == Trans::none;
    Source<T> A{plain ? MatrixView<const T>(A_.view()) : MatrixView<const T>(A_.view()).transposed()};
    A.conjugated = trans == Trans::adjoint;
    const ColMajor<T> X = work.block(0, 0, plain ? cols_ : rows_, B.cols);
    if (rows_ != cols_ || (rank() >= 0 && rank() < rows_)) {  // x + A^+ (b - A x), the residual in twice the precision
      compensated_correction(A, B, X, trans);
      evidence.refinements = 1;
      return outcome;
    }
    double norm = 0;
    for (Index i = 0; i < rows_; ++i) {
      double sum = 0;
      for (Index j = 0; j < rows_; ++j) {
        sum += static_cast<double>(cheap_abs(A(i, j)));
      }
      norm = std::max(norm, sum);
    }
    const double bar = static_cast<double>(rows_) * static_cast<double>(epsilon<T>);
    evidence.backward_error =
        refine<T>(A, norm, bar, X, B, evidence.refinements, [&](ColMajor<T> R) { apply_any(R, trans); });
    return outcome.ok() && !(evidence.backward_error <= bar) ? Outcome{Reason::stagnated} : outcome;
  }

  void compensated_correction(const Source<T>& A, In<T> B, ColMajor<T> X, Trans trans) const {
    const Index height = std::max(rows_, cols_);
    Matrix<T> correction(height, B.cols);
    compensated_residual<T>(A, X, B, correction.view().block(0, 0, B.rows, B.cols));
    apply_any(correction.view(), trans);
    for (Index j = 0; j < X.cols; ++j) {
      for (Index i = 0; i < X.rows; ++i) {
        X(i, j) += correction(i, j);
      }
    }
  }

  Index rows_;
  Index cols_;
  Method wanted_;                // as the caller named it; none: by structure
  Method tried_ = Method::none;  // where it failed
  bool keep_;
  Outcome outcome_{Reason::singular};
  std::unique_ptr<FactorBackend<T>> base_;
  Matrix<T> A_;
  Matrix<T> U_;
  Matrix<T> V_;
  Matrix<T> Y_;  // A_0^-1 U
  Matrix<T> Z_;  // A_0^-H V
  Matrix<T> C_;  // LU of I + V^H A_0^-1 U
  Buffer<Index> pivots_;
};

}  // namespace detail

namespace {

template <class T>
void need_square(const detail::FactorState<T>& state) {
  if (state.rows() != state.cols()) {
    throw std::invalid_argument("A must be square");
  }
}

template <class T>
void need_cholesky(const detail::FactorState<T>& state, In<T> B, MatrixView<T> X) {
  if (state.usable() && state.base()->kind() != Method::cholesky) {
    throw std::invalid_argument("only a Cholesky factorisation has the factor L");
  }
  if (B.rows != state.rows() || X.rows != B.rows || X.cols != B.cols) {
    throw std::invalid_argument("shapes disagree: A is n x n, B and X must be n x k");
  }
}

template <class T>
Outcome apply_lower(const detail::FactorState<T>& state, In<T> B, MatrixView<T> X, bool inverse) {
  need_cholesky<T>(state, B, X);
  if (!state.usable()) {
    return state.outcome();
  }
  Matrix<T> work(B.rows, B.cols);
  copy_into<T>(B, work.view());
  state.base()->apply_lower(work.view(), inverse);
  copy_out<T>(work.view(), X);
  return state.outcome();
}

}  // namespace

template <class T>
Factor<T>::Factor(MatrixView<const T> A, const FactorOptions& options)
    : state_(std::make_unique<detail::FactorState<T>>(A.rows, A.cols, options.kind, options.keep_matrix)) {
  (void)state_->factor(A, options.stop);
}
template <class T>
Factor<T>::Factor(std::unique_ptr<detail::FactorState<T>> state) : state_(std::move(state)) {}
template <class T>
Factor<T>::Factor(Factor&&) noexcept = default;
template <class T>
Factor<T>& Factor<T>::operator=(Factor&&) noexcept = default;
template <class T>
Factor<T>::~Factor() = default;

template <class T>
Outcome Factor<T>::outcome() const {
  return state_->outcome();
}
template <class T>
Method Factor<T>::kind() const {
  return state_->kind();
}
template <class T>
Index Factor<T>::rows() const {
  return state_->rows();
}
template <class T>
Index Factor<T>::cols() const {
  return state_->cols();
}
template <class T>
Index Factor<T>::rank() const {
  return state_->rank();
}
template <class T>
double Factor<T>::rcond() const {
  return state_->rcond();
}
template <class T>
bool Factor<T>::hermitian() const {
  return state_->usable() && state_->base()->hermitian();
}
template <class T>
bool Factor<T>::keeps_matrix() const {
  return state_->keeps_matrix();
}

template <class T>
Outcome Factor<T>::solve(In<T> B, MatrixView<T> X, Trans trans, Certificate* certificate) const {
  return state_->solve(B, X, trans, certificate);
}

template <class T>
Outcome Factor<T>::inv(MatrixView<T> X) const {
  need_square(*state_);
  if (X.rows != rows() || X.cols != rows()) {
    throw std::invalid_argument("X must be n x n");
  }
  if (state_->usable()) {
    Matrix<T> work(rows(), rows());
    as_eigen(work.view()).setIdentity();
    state_->apply_any(work.view(), Trans::none);
    copy_out<T>(work.view(), X);
  }
  return outcome();
}

template <class T>
Determinant<T> Factor<T>::determinant() const {
  need_square(*state_);
  return state_->determinant();
}

template <class T>
Outcome Factor<T>::refactor(In<T> A, const Stop& stop) {
  if (A.rows != rows() || A.cols != cols()) {
    throw std::invalid_argument("the new matrix must have the shape of the old one");
  }
  return state_->factor(A, stop);
}

template <class T>
Outcome Factor<T>::update(In<T> U, In<T> V) {
  return state_->update(U, V, false);
}
template <class T>
Outcome Factor<T>::downdate(In<T> U, In<T> V) {
  return state_->update(U, V, true);
}

template <class T>
Outcome Factor<T>::inverse_quadratic(In<T> W, T* values) const {
  need_square(*state_);
  if (W.rows != rows()) {
    throw std::invalid_argument("W must have as many rows as A");
  }
  if (state_->usable()) {
    state_->values_at(W, values);
  }
  return outcome();
}

template <class T>
Outcome Factor<T>::inverse_diagonal(T* values) const {
  need_square(*state_);
  if (state_->usable()) {
    state_->inverse_diagonal(values);
  }
  return outcome();
}

template <class T>
Outcome Factor<T>::whiten(In<T> B, MatrixView<T> X) const {
  return apply_lower<T>(*state_, B, X, true);
}
template <class T>
Outcome Factor<T>::color(In<T> Z, MatrixView<T> X) const {
  return apply_lower<T>(*state_, Z, X, false);
}

template <class T>
std::vector<unsigned char> Factor<T>::save() const {
  Writer out;
  state_->save(out);
  return out.bytes();
}

template <class T>
Factor<T> Factor<T>::load(const unsigned char* bytes, std::size_t size) {
  Reader in(bytes, size);
  return Factor(detail::FactorState<T>::load(in));
}

#define INSTANTIATE(T) template class Factor<T>;
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
