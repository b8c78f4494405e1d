// SPDX-License-Identifier: BSD-3-Clause
#include "dense/bidiagonal.hpp"

#include <hessolve/core/buffer.hpp>

#include "dense/parted_product.hpp"
#include "dense/secular.hpp"
#include "kernel/dot.hpp"
#include "kernel/scaling.hpp"

#include <numeric>

namespace hessolve {
namespace {

/// Largest block that is left to the QR iteration.
constexpr Index leaf = 20;

/// Rows first ... first + size - 1 of B, with as many columns, or one more.
struct Block {
  Index first;
  Index size;
  Index extra;

  [[nodiscard]] Index above() const { return size / 2; }  // rows of the upper half; one row lies between the halves
  [[nodiscard]] Block upper() const { return {first, above(), 1}; }
  [[nodiscard]] Block lower() const { return {first + above() + 1, size - above() - 1, extra}; }
};

/// Memory that all merges share, each its own part of it.
template <class R>
struct Pair {
  ColMajor<R> U;
  ColMajor<R> V;
};

/// B of a block from the SVDs X of its halves and the row between them, (alpha, beta): its singular values in d, in any
/// order, and its vectors in Y. Position above() stands for the row between, whose d is 0; where the block has an extra
/// column, the last column of V is the null vector.
template <class R>
class MergeBidiagonal {
 public:
  MergeBidiagonal(Block block, R alpha, R beta, R* d, Pair<R> X, Pair<R> Y, ColMajor<R> S, ColMajor<R> S_left,
                  R* packed)
      : n_(block.size),
        middle_(block.above()),
        extra_(block.extra),
        alpha_(alpha),
        beta_(beta),
        d_(d),
        X_(X),
        Y_(Y),
        S_(S),
        S_left_(S_left),
        packed_(packed),
        z_(n_),
        extent_left_(n_),
        extent_right_(n_) {}

  void run() {
    prepare();
    deflate();
    const auto k = static_cast<Index>(kept_.size());
    std::vector<R> values(k);
    if (k > 0) {
      solve(values.data());
    }
    for (const Index p : deflated_) {
      const auto to = static_cast<Index>(values.size());
      std::copy_n(X_.U.col(p), n_, Y_.U.col(to));
      std::copy_n(X_.V.col(p), n_ + extra_, Y_.V.col(to));
      values.push_back(d_[p]);
    }
    if (extra_ == 1) {
      std::copy_n(X_.V.col(n_), n_ + 1, Y_.V.col(n_));
    }
    for (Index i = 0; i < n_; ++i) {
      d_[i] = shift(values[i], exponent_);
    }
  }

 private:
  /// Explicit zeros beside the halves, the vector z, everything scaled near 1.
  void prepare() {
    const Index c = middle_;
    const Index cols = n_ + extra_;
    clear<R>(X_.U.block(0, c + 1, c + 1, n_ - c - 1));
    clear<R>(X_.U.block(c, 0, n_ - c, c + 1));
    clear<R>(X_.U.block(0, c, c, 1));
    X_.U(c, c) = R(1);
    clear<R>(X_.V.block(0, c + 1, c + 1, cols - c - 1));
    clear<R>(X_.V.block(c + 1, 0, cols - c - 1, c + 1));
    d_[c] = 0;
    R largest = std::max(std::abs(alpha_), std::abs(beta_));
    for (Index i = 0; i < n_; ++i) {
      largest = std::max(largest, d_[i]);
    }
    exponent_ = exponent_of(largest) == no_exponent ? 0 : exponent_of(largest);
    for (Index i = 0; i < n_; ++i) {
      d_[i] = shift(d_[i], -exponent_);
    }
    const R alpha = shift(alpha_, -exponent_);
    const R beta = shift(beta_, -exponent_);
    tolerance_ = 8 * epsilon<R> * shift(largest, -exponent_);
    for (Index i = 0; i < n_; ++i) {
      z_[i] = i <= c ? alpha * X_.V(c, i) : beta * X_.V(c + 1, i);
      extent_left_[i] = extent_right_[i] = i <= c ? Extent::upper : Extent::lower;
    }
    if (extra_ == 1) {  // the two null vectors: what the row between sees of them, and what it does not
      const R other = beta * X_.V(c + 1, n_);
      const R length = std::hypot(z_[c], other);
      if (length > tolerance_) {
        rotate(X_.V, n_ + 1, c, n_, z_[c] / length, other / length);
      }
      z_[c] = length;
      extent_right_[c] = Extent::both;
    }
    if (!(std::abs(z_[c]) > tolerance_)) {
      z_[c] = tolerance_;
    }
  }

  static void rotate(ColMajor<R> M, Index rows, Index p, Index q, R c, R s) {
    R* x = M.col(p);
    R* y = M.col(q);
    for (Index i = 0; i < rows; ++i) {
      const R t = c * x[i] + s * y[i];
      y[i] = c * y[i] - s * x[i];
      x[i] = t;
    }
  }

  /// Singular values that stay: those whose z is next to nothing, and one of each pair so close that a rotation makes a
  /// z vanish.
  void deflate() {
    std::vector<Index> order;
    for (Index i = 0; i < n_; ++i) {
      if (i != middle_) {
        order.push_back(i);
      }
    }
    std::stable_sort(order.begin(), order.end(), [this](Index a, Index b) { return d_[a] < d_[b]; });
    if (!(tolerance_ > 0)) {  // B = 0
      deflated_ = order;
      deflated_.push_back(middle_);
      return;
    }
    kept_.push_back(middle_);
    Index held = -1;  // the last that stays in play, unless the next one takes its place
    for (const Index i : order) {
      if (!(std::abs(z_[i]) > tolerance_)) {
        deflated_.push_back(i);
        continue;
      }
      if (held >= 0) {
        if (d_[i] - d_[held] <= tolerance_) {
          const R length = std::hypot(z_[i], z_[held]);
          const R c = z_[i] / length;
          const R s = -z_[held] / length;
          rotate(X_.U, n_, held, i, c, s);
          rotate(X_.V, n_ + extra_, held, i, c, s);
          if (extent_left_[held] != extent_left_[i]) {
            extent_left_[held] = extent_left_[i] = extent_right_[held] = extent_right_[i] = Extent::both;
          }
          z_[i] = length;
          deflated_.push_back(held);
        } else {
          kept_.push_back(held);
        }
      }
      held = i;
    }
    if (held >= 0) {
      kept_.push_back(held);
    }
  }

  /// The singular triplets of the matrix with first row z and diag(d) below, d_0 = 0, and the vectors in Y.
  void solve(R* values) {
    const auto k = static_cast<Index>(kept_.size());
    std::vector<R> d(k);
    std::vector<R> z2(k);
    R length = 0;
    for (Index i = 0; i < k; ++i) {
      d[i] = d_[kept_[i]];
      length += z_[kept_[i]] * z_[kept_[i]];
    }
    if (k > 1) {
      d[1] = std::max(d[1], tolerance_ / 2);
    }
    for (Index i = 0; i < k; ++i) {
      z2[i] = z_[kept_[i]] * z_[kept_[i]] / length;
    }
    const SecularEquation<R, Poles::squared> equation(k, d.data(), z2.data(), length);
    constexpr Index group = 16;
    const bool worth = 40 * k * k > worth_a_merge_team;
    const auto for_columns = [&](auto&& body) {
      parallel_for((k + group - 1) / group, worth, [&](Index g) {
        std::vector<R> column(k);
        for (Index j = g * group; j < std::min(k, (g + 1) * group); ++j) {
          body(j, column.data());
        }
      });
    };
    for_columns([&](Index j, R*) { values[j] = equation.root(j, S_.col(j)); });
    std::vector<R> z(k);
    constexpr Index rows = 128;
    parallel_for((k + rows - 1) / rows, worth, [&](Index g) {
      const Index first = g * rows;
      const Index end = std::min(k, first + rows);
      exact_z<Poles::squared, R>(first, end, d.data(), S_.block(0, 0, k, k), z.data());
      for (Index i = first; i < end; ++i) {
        z[i] = std::copysign(z[i], z_[kept_[i]]);
      }
    });
    const PartedProduct<R> left(kept_, extent_left_);
    const PartedProduct<R> right(kept_, extent_right_);
    const auto normalised = [k](const R* column, const std::vector<Index>& place, R* out) {
      const R factor = 1 / std::sqrt(dot<false, R>(column, column, k));
      for (Index i = 0; i < k; ++i) {
        out[i] = column[place[i]] * factor;
      }
    };
    for_columns([&](Index j, R* column) {
      R* s = S_.col(j);
      for (Index i = 0; i < k; ++i) {
        s[i] = z[i] / s[i];
        column[i] = d[i] * s[i];
      }
      column[0] = R(-1);
      normalised(column, left.place(), S_left_.col(j));
      std::copy_n(s, k, column);
      normalised(column, right.place(), s);
    });
    left.multiply(X_.U, middle_ + 1, S_left_, Y_.U, packed_);
    right.multiply(X_.V, middle_ + 1, S_, Y_.V, packed_);
  }

  Index n_;
  Index middle_;
  Index extra_;
  R alpha_;
  R beta_;
  R* d_;
  Pair<R> X_;
  Pair<R> Y_;
  ColMajor<R> S_;
  ColMajor<R> S_left_;
  R* packed_;
  int exponent_ = 0;
  R tolerance_ = 0;
  std::vector<R> z_;
  std::vector<Extent> extent_left_;
  std::vector<Extent> extent_right_;
  std::vector<Index> kept_;  // the row between first, then d ascending
  std::vector<Index> deflated_;
};

template <class R>
Pair<R> part(const Pair<R>& whole, const Block& b) {
  return {whole.U.block(b.first, b.first, b.size, b.size),
          whole.V.block(b.first, b.first, b.size + b.extra, b.size + b.extra)};
}

template <class R>
Outcome small_block(const Block& b, R* d, R* e, const Pair<R>& X, R floor) {
  set_identity<R>(X.U);
  set_identity<R>(X.V);
  if (b.extra == 1) {
    drop_last_column<R>(b.size, d, e, X.V);
  }
  return bidiagonal_qr<R>(b.size, d, e, X.U, X.V, floor);
}

}  // namespace

template <class R>
Outcome bidiagonal_svd(Index n, R* d, R* e, ColMajor<R> U, ColMajor<R> V, const Stop& stop) {
  std::vector<std::vector<Block>> levels{{Block{0, n, 0}}};
  while (levels.back()[0].size > leaf) {
    std::vector<Block> next;
    for (const Block& b : levels.back()) {
      next.push_back(b.upper());
      next.push_back(b.lower());
    }
    levels.push_back(std::move(next));
  }
  const Index merges = static_cast<Index>(levels.size()) - 1;
  const Index size = merges > 0 ? n : 0;
  const Matrix<R> other_U(n, n);
  const Matrix<R> other_V(n, n);
  const Matrix<R> small(size, size);
  const Matrix<R> small_left(size, size);
  const Buffer<R> packed(merges > 0 ? PartedProduct<R>::workspace(n + 1) : 0);
  Pair<R> now = merges % 2 == 0 ? Pair<R>{other_U.view(), other_V.view()} : Pair<R>{U, V};  // ends in `other`
  Pair<R> next = merges % 2 == 0 ? Pair<R>{U, V} : Pair<R>{other_U.view(), other_V.view()};
  R floor = 0;  // below this a block of B is as good as zero
  for (Index i = 0; i < n; ++i) {
    floor = std::max({floor, std::abs(d[i]), i + 1 < n ? std::abs(e[i]) : R(0)});
  }
  floor *= epsilon<R> * epsilon<R>;
  std::atomic<bool> converged{true};
  const std::vector<Block>& leaves = levels.back();
  parallel_for(static_cast<Index>(leaves.size()), n >= 128, [&](Index i) {
    const Block& b = leaves[i];
    R above[leaf + 1];
    std::copy_n(e + b.first, b.size - 1 + b.extra, above);
    if (!small_block<R>(b, d + b.first, above, part(now, b), floor).ok()) {
      converged = false;
    }
  });
  if (!converged) {
    return {Reason::stagnated};
  }
  const std::vector<R> diagonal(d, d + n);  // its rows between halves, before d takes singular values there
  for (Index level = merges - 1; level >= 0; --level) {
    if (stop.requested()) {
      return {Reason::stopped};
    }
    const std::vector<Block>& blocks = levels[level];
    parallel_for(static_cast<Index>(blocks.size()), n >= 128, [&](Index i) {
      const Block& b = blocks[i];
      const Index row = b.first + b.above();
      const Index largest = blocks[0].size + 1;
      MergeBidiagonal<R>(b, diagonal[row], e[row], d + b.first, part(now, b), part(next, b),
                         small.view().block(b.first, b.first, b.size, b.size),
                         small_left.view().block(b.first, b.first, b.size, b.size),
                         packed.data() + b.first * (largest + 2 * tile_rows<R>))
          .run();
    });
    std::swap(now, next);
  }
  std::vector<Index> order(n);
  std::iota(order.begin(), order.end(), Index(0));
  std::stable_sort(order.begin(), order.end(), [d](Index a, Index b) { return d[a] > d[b]; });
  std::vector<R> sorted(n);
  parallel_for(n, n * n > worth_a_merge_team, [&](Index j) {
    sorted[j] = d[order[j]];
    std::copy_n(now.U.col(order[j]), n, U.col(j));
    std::copy_n(now.V.col(order[j]), n, V.col(j));
  });
  std::copy(sorted.begin(), sorted.end(), d);
  return {};
}

template Outcome bidiagonal_svd<float>(Index, float*, float*, ColMajor<float>, ColMajor<float>, const Stop&);
template Outcome bidiagonal_svd<double>(Index, double*, double*, ColMajor<double>, ColMajor<double>, const Stop&);

}  // namespace hessolve
