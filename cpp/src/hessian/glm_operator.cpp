// SPDX-License-Identifier: BSD-3-Clause
#include "hessian/glm_links.hpp"

namespace hessolve {
namespace {

using glm::DenseRows;
using glm::Links;

/// What an operator asks of X: etas of a row, products with it, and its multiples added to a vector.
template <class R>
class DenseVisitor {
 public:
  explicit DenseVisitor(In<R> X) : rows_(X) {}
  [[nodiscard]] Index rows() const { return rows_.rows(); }
  [[nodiscard]] Index cols() const { return rows_.cols(); }
  /// visit(i, dot, add) for rows first ... last - 1: dot(v) = x_i^T v, add(a, out) does out += a x_i.
  template <class Visit>
  void each(Index first, Index last, Visit&& visit) const {
    Buffer<R> buffer(rows_.buffer_size());
    const Index n = cols();
    for (Index begin = first; begin < last; begin += gram_depth) {
      const Index count = std::min(gram_depth, last - begin);
      const ColMajor<const R> P = rows_(begin, count, buffer.data());
      for (Index i = 0; i < count; ++i) {
        const R* x = P.col(i);
        visit(
            begin + i, [&](const R* v) { return dot<false, R>(x, v, n); },
            [&](R a, R* out) { subtract_multiple<R>(n, -a, x, out); });
      }
    }
  }

 private:
  DenseRows<R> rows_;
};

template <class R, class I>
class SparseVisitor {
 public:
  explicit SparseVisitor(CsrView<R, I> X) : X_(X) {}
  [[nodiscard]] Index rows() const { return X_.rows; }
  [[nodiscard]] Index cols() const { return X_.cols; }
  template <class Visit>
  void each(Index first, Index last, Visit&& visit) const {
    for (Index i = first; i < last; ++i) {
      const I begin = X_.indptr[i];
      const I end = X_.indptr[i + 1];
      visit(
          i,
          [&](const R* v) {
            R sum = 0;
            for (I q = begin; q < end; ++q) {
              sum += X_.values[q] * v[X_.indices[q]];
            }
            return sum;
          },
          [&](R a, R* out) {
            for (I q = begin; q < end; ++q) {
              out[X_.indices[q]] += a * X_.values[q];
            }
          });
    }
  }

 private:
  CsrView<R, I> X_;
};

template <class R, class Visitor>
class GlmOperator final : public Operator<R> {
 public:
  template <class Rows>
  GlmOperator(const Rows& X, In<R> coef, const GlmOptions<R>& options, Index size, Outcome& outcome)
      : Operator<R>(size, size),
        X_(X),
        weights_(copy_of(options.sample_weight)),
        links_(X.rows, X.cols, coef, with_weights(options)),
        scale_(links_.scale(X.rows)),
        state_(X.rows * links_.classes()) {
    std::atomic<Index> bad{X.rows};
    parallel(X.rows, [&](Index first, Index last) {
      X_.each(first, last, [&](Index i, auto&& dot_with, auto&&) {
        R* state = state_.data() + i * links_.classes();
        for (Index k = 0; k < links_.classes(); ++k) {
          state[k] = dot_with(links_.beta(k)) + links_.shift(k);
        }
        if (!links_.take(i, state)) {
          glm::lower_to(bad, i);
        }
      });
    });
    outcome = bad < X.rows                          ? Outcome{Reason::non_finite, bad}
              : scale_ > 0 && std::isfinite(scale_) ? Outcome{}
                                                    : Outcome{Reason::non_finite, -1};
  }

  void apply(const R* v, R* out) const override {
    const Index K = links_.classes();
    const Index p = links_.variables();
    const Index n = links_.columns();
    const Index m = X_.rows();
    const bool intercept = links_.intercept();
    Buffer<R> V(K * p);  // class after class
    for (Index k = 0; k < K; ++k) {
      for (Index j = 0; j < p; ++j) {
        V[k * p + j] = v[j * K + k];
      }
    }
    const Index chunk = chunk_of(m);
    const Index chunks = (m + chunk - 1) / chunk;
    Buffer<R> parts(chunks * K * p);
    parallel(m, [&](Index first, Index last) {
      R* part = parts.data() + first / chunk * K * p;
      std::fill_n(part, K * p, R(0));
      Buffer<R> t(K);
      X_.each(first, last, [&](Index i, auto&& dot_with, auto&& add_to) {
        for (Index k = 0; k < K; ++k) {
          t[k] = dot_with(V.data() + k * p) + (intercept ? V[k * p + n] : R(0));
        }
        links_.times(i, state_.data() + i * K, t.data());
        for (Index k = 0; k < K; ++k) {
          add_to(t[k], part + k * p);
          if (intercept) {
            part[k * p + n] += t[k];
          }
        }
      });
    });
    for (Index k = 0; k < K; ++k) {
      for (Index j = 0; j < p; ++j) {
        R sum = 0;
        for (Index c = 0; c < chunks; ++c) {
          sum += parts[(c * K + k) * p + j];
        }
        out[j * K + k] =
            static_cast<R>(scale_ * static_cast<double>(sum)) + (j < n ? links_.alpha() * v[j * K + k] : R(0));
      }
    }
  }
  void apply_adjoint(const R* v, R* out) const override { apply(v, out); }

 private:
  static Buffer<R> copy_of(VectorView<const R> weights) {
    Buffer<R> copy(weights.data != nullptr ? weights.size : 0);
    for (Index i = 0; i < copy.size(); ++i) {
      copy[i] = weights[i];
    }
    return copy;
  }
  [[nodiscard]] GlmOptions<R> with_weights(GlmOptions<R> options) const {
    if (options.sample_weight.data != nullptr) {
      options.sample_weight = {weights_.data(), weights_.size(), 1};
    }
    return options;
  }
  static Index chunk_of(Index m) { return std::max<Index>(gram_depth, (m + 31) / 32); }

  template <class Work>
  void parallel(Index m, Work&& work) const {
    const Index chunk = chunk_of(m);
    parallel_for((m + chunk - 1) / chunk, m * (X_.cols() + 1) > 50'000,
                 [&](Index c) { work(c * chunk, std::min(m, (c + 1) * chunk)); });
  }

  Visitor X_;
  Buffer<R> weights_;
  Links<R> links_;
  double scale_;
  Buffer<R> state_;
};

template <class R, class Visitor, class Rows>
std::unique_ptr<Operator<R>> operator_of(const Rows& X, In<R> coef, const GlmOptions<R>& options, Outcome& outcome) {
  const Index K = options.family == Family::softmax ? options.classes : 1;
  const Index size = K * (X.cols + (options.intercept ? 1 : 0));
  auto made = std::make_unique<GlmOperator<R, Visitor>>(X, coef, options, size, outcome);
  return outcome.ok() ? std::unique_ptr<Operator<R>>(std::move(made)) : nullptr;
}

}  // namespace

template <class R>
std::unique_ptr<Operator<R>> glm_operator(MatrixView<const R> X, MatrixView<const R> coef, const GlmOptions<R>& options,
                                          Outcome& outcome) {
  return operator_of<R, DenseVisitor<R>>(X, coef, options, outcome);
}

template <class R, class I>
std::unique_ptr<Operator<R>> glm_operator(CsrView<R, I> X, MatrixView<const R> coef, const GlmOptions<R>& options,
                                          Outcome& outcome) {
  return operator_of<R, SparseVisitor<R, I>>(X, coef, options, outcome);
}

#define INSTANTIATE_CSR(R, I)                                                                                        \
  template std::unique_ptr<Operator<R>> glm_operator<R, I>(CsrView<R, I>, MatrixView<const R>, const GlmOptions<R>&, \
                                                           Outcome&);
#define INSTANTIATE(R)                                                                            \
  template std::unique_ptr<Operator<R>> glm_operator<R>(MatrixView<const R>, MatrixView<const R>, \
                                                        const GlmOptions<R>&, Outcome&);          \
  HESSOLVE_FOR_EACH_INDEX(INSTANTIATE_CSR, R)
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE
#undef INSTANTIATE_CSR

}  // namespace hessolve
