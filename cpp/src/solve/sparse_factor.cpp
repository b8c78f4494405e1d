// SPDX-License-Identifier: BSD-3-Clause
// Our sparse Cholesky and Eigen's other factorisations behind one face. A CSR matrix is taken as the CSC matrix of its
// transpose.
#include "certify/norm_estimate.hpp"
#include "kernel/eigen_setup.hpp"
#include "kernel/scaling.hpp"
#include "solve/sparse_cholesky.hpp"

#include <hessolve/iterative/operator.hpp>
#include <hessolve/solve/sparse.hpp>

#include <Eigen/SparseCholesky>
#include <Eigen/SparseLU>
#include <Eigen/SparseQR>

#include <optional>
#include <stdexcept>

namespace hessolve {
namespace {

/// Eigen's, with the parts of a determinant that do not overflow.
template <class Matrix>
class Lu : public Eigen::SparseLU<Matrix, Eigen::COLAMDOrdering<typename Matrix::StorageIndex>> {
  using T = typename Matrix::Scalar;

 public:
  [[nodiscard]] LogDeterminant<T> determinant_parts() const {
    LogDeterminant<T> parts;
    parts.sign = T(static_cast<Real<T>>(this->m_detPermR * this->m_detPermC));
    for (Index j = 0; j < this->cols(); ++j) {
      for (typename Lu::SCMatrix::InnerIterator it(this->m_Lstore, j); it; ++it) {
        if (it.index() == j) {
          parts.log += std::log(static_cast<double>(std::abs(it.value())));
          parts.sign *= it.value() / std::abs(it.value());
          break;
        }
      }
    }
    return parts;
  }
  /// The column of A that Eigen's message about a failure ends in, or -1.
  [[nodiscard]] Index failed_column() {
    const std::string text = this->lastErrorMessage();
    const auto digit = text.find_last_not_of("0123456789");
    if (digit == std::string::npos || digit + 1 >= text.size()) {
      return -1;
    }
    const Index at = std::stol(text.substr(digit + 1));
    const auto& order = this->colsPermutation().indices();
    for (Index j = 0; j < order.size(); ++j) {
      if (order[j] == at) {
        return j;
      }
    }
    return -1;
  }
};

/// Whether the pivots are those of a definite matrix; else the column of the first that vanishes (behind which nothing
/// was computed), or is not positive where others are.
template <class Factor, class Vector>
Outcome judge_pivots(const Factor& factor, const Vector& d) {
  Index negative = -1;
  bool positive = false;
  for (Index k = 0; k < d.size(); ++k) {
    if (d[k] == 0) {
      return {Reason::singular, factor.permutationPinv().indices()[k]};
    }
    positive = positive || !(d[k] < 0);  // a NaN is neither: then both are found
    negative = negative < 0 && !(d[k] > 0) ? k : negative;
  }
  return positive && negative >= 0
             ? Outcome{Reason::not_positive_definite, factor.permutationPinv().indices()[negative]}
             : Outcome{};
}

template <class T, class I>
class DirectFactor final : public SparseFactor<T> {
  using Matrix = Eigen::SparseMatrix<T, Eigen::ColMajor, I>;
  using Dense = EigenMatrix<T>;

 public:
  /// C by columns; transposed: A is its transpose.
  DirectFactor(CscView<T, I> C, bool transposed, SparseKind kind, double most)
      : SparseFactor<T>(transposed ? C.cols : C.rows, transposed ? C.rows : C.cols),
        C_(C),
        transposed_(transposed),
        most_(most) {
    const bool square = C.rows == C.cols;
    MatrixFacts facts;
    if (square && kind != SparseKind::lu && kind != SparseKind::qr) {
      facts = csc_operator(C)->facts();
    }
    if (!square && kind != SparseKind::qr && kind != SparseKind::automatic) {
      throw std::invalid_argument(std::string("kind='") + name(kind) + "' needs a square matrix");
    }
    if ((kind == SparseKind::cholesky || kind == SparseKind::ldlt) && !facts.hermitian) {
      const std::string i = std::to_string(transposed ? facts.col : facts.row);
      const std::string j = std::to_string(transposed ? facts.row : facts.col);
      throw std::invalid_argument(std::string("method='") + name(kind) + "' needs a " +
                                  (is_complex<T> ? "Hermitian" : "symmetric") + " `A`, but A[" + i + ", " + j +
                                  "] and A[" + j + ", " + i + "] differ; use method='lu'.");
    }
    if (kind == SparseKind::automatic) {
      kind = !square                                      ? SparseKind::qr
             : facts.hermitian && facts.positive_diagonal ? SparseKind::cholesky
                                                          : SparseKind::lu;
      this->kind_ = kind;
      this->outcome_ = compute(true);
      if (kind == SparseKind::cholesky && !this->outcome_.ok()) {
        cholesky_.reset();
        this->kind_ = SparseKind::lu;
        this->outcome_ = compute(true);
      }
      return;
    }
    this->kind_ = kind;
    this->outcome_ = compute(true);
  }

  /// Nothing was factored, for it would have cost too much.
  [[nodiscard]] bool declined() const { return cholesky_ && cholesky_->cost() > most_; }

  Outcome refactor(const T* values) override {
    C_.values = values;
    this->outcome_ = {Reason::singular, -1};  // should memory run out
    return this->outcome_ = compute(false);
  }

  void solve(InColMajor<T> B, ColMajor<T> X, Trans trans) const override {
    if (B.rows == 0 || X.rows == 0 || X.cols == 0) {  // nothing was factored
      for (Index c = 0; c < X.cols; ++c) {
        std::fill_n(X.col(c), X.rows, T(0));
      }
      return;
    }
    const auto rhs = as_eigen(B);
    auto x = as_eigen(X);
    // op(A) in terms of C: A = C or C^T.
    const Trans op = !transposed_                ? trans
                     : trans == Trans::none      ? Trans::transpose
                     : trans == Trans::transpose ? Trans::none
                                                 : Trans::adjoint;
    const bool conjugated = transposed_ && trans == Trans::adjoint;  // A^H = conj(C): conj(C^-1 conj(b))
    switch (this->kind_) {
      case SparseKind::cholesky:
      case SparseKind::ldlt: {  // C is Hermitian: C^T = conj(C)
        const bool turned = is_complex<T> && (op == Trans::transpose || conjugated);
        x = turned ? Dense(rhs.conjugate()) : Dense(rhs);
        if (this->kind_ == SparseKind::ldlt) {
          x = ldlt_->solve(Dense(x));
        } else {
          cholesky_->solve(X, X);
        }
        if (turned) {
          x = x.conjugate().eval();
        }
        return;
      }
      case SparseKind::lu: {
        const Dense right = conjugated ? Dense(rhs.conjugate()) : Dense(rhs);
        const Dense found = conjugated || op == Trans::none ? Dense(lu_->solve(right))
                            : op == Trans::transpose        ? Dense(lu_->transpose().solve(right))
                                                            : Dense(lu_->adjoint().solve(right));
        x = conjugated ? Dense(found.conjugate()) : found;
        return;
      }
      default: break;
    }
    if (trans != Trans::none) {
      throw std::invalid_argument("a sparse QR factorisation solves with A alone; use kind='lu'");
    }
    const Index r = this->rank_;
    const auto R = qr_->matrixR().topLeftCorner(r, r).template triangularView<Eigen::Upper>();
    const auto D = Eigen::Map<const Eigen::Matrix<Real<T>, Eigen::Dynamic, 1>>(scale_.data(), scale_.size());
    if (this->rows() >= this->cols()) {  // A D P = Q R: x = D P R^-1 (Q^H b)(0:r)
      Dense y = qr_->matrixQ().adjoint() * Dense(rhs);
      Dense z = Dense::Zero(this->cols(), B.cols);
      z.topRows(r) = R.solve(Dense(y.topRows(r)));
      x = D.template cast<T>().asDiagonal() * Dense(qr_->colsPermutation() * z);
    } else {  // A^H D P = Q R: x = Q R^-H P^H D b
      Dense y = Dense::Zero(this->cols(), B.cols);
      const Dense scaled = D.template cast<T>().asDiagonal() * Dense(rhs);
      const Dense permuted = qr_->colsPermutation().inverse() * scaled;
      y.topRows(r) = R.adjoint().solve(Dense(permuted.topRows(r)));
      x = Dense(qr_->matrixQ() * y);
    }
  }

  [[nodiscard]] double triangle_rcond() const override {
    const Index r = this->rank_;
    if (this->kind_ != SparseKind::qr || !this->outcome_.ok() || r < std::min(this->rows(), this->cols())) {
      return 0;
    }
    if (r == 0) {
      return 1;
    }
    double norm = 0;
    for (Index j = 0; j < r; ++j) {
      double sum = 0;
      for (typename Matrix::InnerIterator it(qr_->matrixR(), j); it; ++it) {
        sum += it.row() < r ? static_cast<double>(std::abs(it.value())) : 0;
      }
      norm = max_or_nan(norm, sum);
    }
    const auto R = qr_->matrixR().topLeftCorner(r, r).template triangularView<Eigen::Upper>();
    const auto inverse = static_cast<double>(estimate_one_norm<T>(
        r, [&](ColMajor<T> X) { as_eigen(X) = R.solve(Dense(as_eigen(X))); },
        [&](ColMajor<T> X) { as_eigen(X) = R.adjoint().solve(Dense(as_eigen(X))); }));
    const double product = norm * inverse;
    return product >= 1 ? 1 / product : product > 0 ? 1 : 0;
  }

  [[nodiscard]] LogDeterminant<T> log_determinant() const override {
    LogDeterminant<T> parts;
    if (this->rows() == 0) {
      return parts;
    }
    if (!this->outcome_.ok() || this->rank_ < this->rows()) {
      return {T(0), -std::numeric_limits<double>::infinity()};
    }
    if (this->kind_ == SparseKind::lu) {
      return lu_->determinant_parts();
    }
    if (this->kind_ == SparseKind::qr) {
      throw std::invalid_argument("a sparse QR factorisation has no determinant; use kind='lu'");
    }
    const auto add = [&](Real<T> d, double times) {
      parts.log += times * std::log(std::abs(static_cast<double>(d)));
      parts.sign *= T(d < 0 ? -1 : 1);
    };
    if (this->kind_ == SparseKind::ldlt) {
      const Eigen::Matrix<T, Eigen::Dynamic, 1> d = ldlt_->vectorD();
      for (Index j = 0; j < this->rows(); ++j) {
        add(real_part(d[j]), 1);
      }
      return parts;
    }
    cholesky_->for_each_pivot([&](T d) { add(real_part(d), 2); });
    return parts;
  }

 private:
  [[nodiscard]] auto mapped() const {
    return Eigen::Map<const Matrix>(C_.rows, C_.cols, C_.nonzeros(), C_.indptr, C_.indices, C_.values);
  }

  Outcome compute(bool first) {
    this->rank_ = std::min(this->rows(), this->cols());
    if (this->rank_ == 0) {
      return {};
    }
    switch (this->kind_) {
      case SparseKind::cholesky:
        if (first) {
          cholesky_.emplace(C_.cols, C_.indptr, C_.indices, most_);
          if (declined()) {
            return {};
          }
        }
        return cholesky_->factor(C_.values);
      case SparseKind::ldlt: {
        if (first) {
          ldlt_.emplace();
          ldlt_->analyzePattern(mapped());
        }
        ldlt_->factorize(mapped());
        const Eigen::Matrix<Real<T>, Eigen::Dynamic, 1> d =
            ldlt_->vectorD().real();  // without pivoting it is stable for definite matrices only
        return judge_pivots(*ldlt_, d);
      }
      case SparseKind::lu:
        if (first) {
          lu_.emplace();
          lu_->analyzePattern(mapped());
        }
        lu_->factorize(mapped());
        if (lu_->info() != Eigen::Success) {
          --this->rank_;
          return {Reason::singular, transposed_ ? Index(-1) : lu_->failed_column()};
        }
        return {};
      default: break;
    }
    // QR of A, or of A^H where A is wide; C and C^H are needed by columns, which costs a copy where they are not.
    qr_.emplace();
    const bool wide = this->rows() < this->cols();
    Matrix tall = transposed_ ? (wide ? Matrix(mapped().conjugate()) : Matrix(mapped().transpose()))
                              : (wide ? Matrix(mapped().adjoint()) : Matrix(mapped()));
    tall.makeCompressed();
    scale_ = Buffer<Real<T>>(tall.cols());
    for (Index j = 0; j < tall.cols(); ++j) {  // bad units alone lose no rank
      const Index first = tall.outerIndexPtr()[j];
      const Index count = tall.outerIndexPtr()[j + 1] - first;
      scale_[j] = power_of_two_inverse(norm2(tall.valuePtr() + first, count));
      for (Index k = first; k < first + count; ++k) {
        tall.valuePtr()[k] *= scale_[j];
      }
    }
    qr_->compute(tall);
    if (qr_->info() != Eigen::Success) {
      return {Reason::singular, -1};
    }
    this->rank_ = qr_->rank();
    return {};
  }

  CscView<T, I> C_;
  bool transposed_;
  double most_;
  std::optional<SparseCholesky<T>> cholesky_;
  std::optional<Eigen::SimplicialLDLT<Matrix>> ldlt_;
  mutable std::optional<Lu<Matrix>> lu_;  // its transposed views are not const in Eigen
  std::optional<Eigen::SparseQR<Matrix, Eigen::COLAMDOrdering<I>>> qr_;
  Buffer<Real<T>> scale_;  // what qr has multiplied the columns by (of A^H, where A is wide)
};

template <class T, class I>
std::unique_ptr<SparseFactor<T>> factored(CscView<T, I> C, bool transposed, SparseKind kind, double most) {
  auto factor = std::make_unique<DirectFactor<T, I>>(C, transposed, kind, most);
  return factor->declined() ? nullptr : std::unique_ptr<SparseFactor<T>>(std::move(factor));
}

}  // namespace

const char* name(SparseKind kind) {
  static constexpr const char* names[] = {"auto", "cholesky", "ldlt", "lu", "qr"};
  return names[static_cast<int>(kind)];
}

template <class T, class I>
std::unique_ptr<SparseFactor<T>> factor_sparse(CscView<T, I> A, SparseKind kind, double most) {
  return factored<T, I>(A, false, kind, most);
}

template <class T, class I>
std::unique_ptr<SparseFactor<T>> factor_sparse(CsrView<T, I> A, SparseKind kind, double most) {
  return factored<T, I>({A.cols, A.rows, A.indptr, A.indices, A.values}, true, kind, most);
}

#define INSTANTIATE_INDEX(T, I)                                                                     \
  template std::unique_ptr<SparseFactor<T>> factor_sparse<T, I>(CscView<T, I>, SparseKind, double); \
  template std::unique_ptr<SparseFactor<T>> factor_sparse<T, I>(CsrView<T, I>, SparseKind, double);
#define INSTANTIATE(T) HESSOLVE_FOR_EACH_INDEX(INSTANTIATE_INDEX, T)
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE
#undef INSTANTIATE_INDEX

}  // namespace hessolve
