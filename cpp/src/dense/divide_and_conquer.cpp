// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>

#include "dense/parted_product.hpp"
#include "dense/secular.hpp"
#include "dense/tridiagonal.hpp"
#include "kernel/dot.hpp"

#include <numeric>
#include <vector>

namespace hessolve {
namespace {

/// Largest block that is left to the QR iteration.
constexpr Index leaf = 20;

/// The places of d in ascending order.
template <class R>
std::vector<Index> ascending(Index n, const R* d) {
  std::vector<Index> order(n);
  std::iota(order.begin(), order.end(), Index(0));
  std::stable_sort(order.begin(), order.end(), [d](Index a, Index b) { return d[a] < d[b]; });
  return order;
}

/// diag(T1, T2) + rho u u^T with eigenvectors X = diag(X1, X2) and eigenvalues d of T1 and T2 becomes Y diag(d) Y^T,
/// d in any order.
template <class R>
class Merge {
 public:
  Merge(Index n, Index n1, R coupling, R* d, ColMajor<R> X, ColMajor<R> Y, ColMajor<R> S, R* packed)
      : n_(n),
        n1_(n1),
        coupling_(coupling),
        d_(d),
        X_(X),
        Y_(Y),
        S_(S),
        packed_(packed),
        z_(n),
        part_(n) {}

  void run() {
    clear<R>(X_.block(0, n1_, n1_, n_ - n1_));
    clear<R>(X_.block(n1_, 0, n_ - n1_, n1_));
    deflate();
    const Index k = static_cast<Index>(kept_.size());
    std::vector<R> values(k);
    if (k > 0) {
      solve(values.data());
    }
    for (Index i = 0; i < n_ - k; ++i) {
      std::copy_n(X_.col(deflated_[i]), n_, Y_.col(k + i));
      values.push_back(d_[deflated_[i]]);
    }
    std::copy(values.begin(), values.end(), d_);
  }

 private:
  /// Eigenvalues that stay: those whose z is next to nothing, and one of each pair so close that a rotation makes a z
  /// vanish.  [Golub & Van Loan, 8.4.2]
  void deflate() {
    const R sign = coupling_ < 0 ? R(-1) : R(1);
    R largest = 0;
    R z_largest = 0;
    for (Index i = 0; i < n_; ++i) {
      part_[i] = i < n1_ ? Extent::upper : Extent::lower;
      z_[i] = (i < n1_ ? X_(n1_ - 1, i) : sign * X_(n1_, i)) / std::sqrt(R(2));  // of length 1
      largest = std::max(largest, std::abs(d_[i]));
      z_largest = std::max(z_largest, std::abs(z_[i]));
    }
    rho_ = 2 * std::abs(coupling_);
    const R tolerance = 8 * epsilon<R> * std::max(largest, z_largest);
    Index held = -1;  // the last that stays in play, unless the next one takes its place
    for (const Index i : ascending<R>(n_, d_)) {
      if (!(rho_ * std::abs(z_[i]) > tolerance)) {
        deflated_.push_back(i);
        continue;
      }
      if (held >= 0) {
        const R length = std::hypot(z_[i], z_[held]);
        const R c = z_[i] / length;
        const R s = -z_[held] / length;
        const R gap = d_[i] - d_[held];
        if (std::abs(gap * c * s) <= tolerance) {
          rotate(held, i, c, s);
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

  void rotate(Index p, Index q, R c, R s) {
    if (part_[p] != part_[q]) {
      part_[p] = part_[q] = Extent::both;
    }
    R* x = X_.col(p);
    R* y = X_.col(q);
    for (Index i = 0; i < n_; ++i) {
      const R t = c * x[i] + s * y[i];
      y[i] = c * y[i] - s * x[i];
      x[i] = t;
    }
    const R d = d_[p] * c * c + d_[q] * s * s;
    d_[q] = d_[p] * s * s + d_[q] * c * c;
    d_[p] = d;
  }

  /// The eigenpairs of diag(d) + rho z z^T of what is kept, and their vectors in Y.
  void solve(R* values) {
    const Index k = static_cast<Index>(kept_.size());
    std::vector<R> d(k);
    std::vector<R> z2(k);
    for (Index i = 0; i < k; ++i) {
      d[i] = d_[kept_[i]];
      z2[i] = z_[kept_[i]] * z_[kept_[i]];
    }
    const SecularEquation<R> equation(k, d.data(), z2.data(), rho_);
    constexpr Index group = 16;
    const bool worth = 40 * k * k > worth_a_merge_team;
    parallel_for((k + group - 1) / group, worth, [&](Index g) {
      for (Index j = g * group; j < std::min(k, (g + 1) * group); ++j) {
        values[j] = equation.root(j, S_.col(j));
      }
    });
    std::vector<R> z(k);
    constexpr Index rows = 128;
    parallel_for((k + rows - 1) / rows, worth, [&](Index g) {
      const Index first = g * rows;
      const Index end = std::min(k, first + rows);
      exact_z<Poles::plain, R>(first, end, d.data(), S_.block(0, 0, k, k), z.data());
      for (Index i = first; i < end; ++i) {
        z[i] = std::copysign(z[i], z_[kept_[i]]);
      }
    });
    const PartedProduct<R> product(kept_, part_);
    const std::vector<Index>& place = product.place();
    parallel_for((k + group - 1) / group, worth, [&](Index g) {
      std::vector<R> column(k);
      for (Index j = g * group; j < std::min(k, (g + 1) * group); ++j) {
        R* s = S_.col(j);
        for (Index i = 0; i < k; ++i) {
          column[i] = z[i] / s[i];
        }
        const R factor = 1 / std::sqrt(dot<false, R>(column.data(), column.data(), k));
        for (Index i = 0; i < k; ++i) {
          s[i] = column[place[i]] * factor;
        }
      }
    });
    product.multiply(X_, n1_, S_, Y_, packed_);
  }

  Index n_;
  Index n1_;
  R coupling_;
  R rho_ = 0;
  R* d_;
  ColMajor<R> X_;
  ColMajor<R> Y_;
  ColMajor<R> S_;
  R* packed_;
  std::vector<R> z_;
  std::vector<Extent> part_;
  std::vector<Index> kept_;  // ascending
  std::vector<Index> deflated_;
};

}  // namespace

template <class R>
Outcome tridiagonal_eigh(Index n, R* d, R* e, ColMajor<R> Z, const Stop& stop) {
  if (n == 0) {
    return {};
  }
  if (n <= leaf) {
    return tridiagonal_ql<R>(n, d, e, Z);
  }
  // levels[l] holds the first rows of the blocks of level l, halves of those of the level above, and n.
  std::vector<std::vector<Index>> levels{{0, n}};
  while (levels.back()[1] > leaf) {
    std::vector<Index> next;
    const std::vector<Index>& last = levels.back();
    for (std::size_t i = 0; i + 1 < last.size(); ++i) {
      next.push_back(last[i]);
      next.push_back(last[i + 1] - (last[i + 1] - last[i]) / 2);
    }
    next.push_back(n);
    levels.push_back(std::move(next));
  }
  const std::vector<Index>& leaves = levels.back();
  for (std::size_t i = 1; i + 1 < leaves.size(); ++i) {
    const R size = std::abs(e[leaves[i] - 1]);
    d[leaves[i] - 1] -= size;
    d[leaves[i]] -= size;
  }
  const Index merges = static_cast<Index>(levels.size()) - 1;
  const Matrix<R> other(n, n);
  const Matrix<R> small(n, n);
  const Buffer<R> packed(PartedProduct<R>::workspace(n));
  ColMajor<R> now = merges % 2 == 0 ? other.view() : Z;  // such that the last level ends in `other`
  ColMajor<R> next = merges % 2 == 0 ? Z : other.view();
  std::atomic<bool> converged{true};
  parallel_for(static_cast<Index>(leaves.size()) - 1, n >= 128, [&](Index i) {
    const Index first = leaves[i];
    const Index size = leaves[i + 1] - first;
    if (!tridiagonal_ql<R>(size, d + first, e + first, now.block(first, first, size, size)).ok()) {
      converged = false;
    }
  });
  if (!converged) {
    return {Reason::stagnated};
  }
  for (Index level = merges - 1; level >= 0; --level) {
    if (stop.requested()) {
      return {Reason::stopped};
    }
    const std::vector<Index>& blocks = levels[level];
    const std::vector<Index>& halves = levels[level + 1];
    parallel_for(static_cast<Index>(blocks.size()) - 1, n >= 128, [&](Index i) {
      const Index first = blocks[i];
      const Index size = blocks[i + 1] - first;
      const Index half = halves[2 * i + 1];
      Merge<R>(size, half - first, e[half - 1], d + first, now.block(first, first, size, size),
               next.block(first, first, size, size), small.view().block(first, first, size, size),
               packed.data() + first * (blocks[1] + 2 * tile_rows<R>))
          .run();
    });
    std::swap(now, next);
  }
  const std::vector<Index> order = ascending<R>(n, d);
  std::vector<R> sorted(n);
  parallel_for(n, n * n > worth_a_merge_team, [&](Index j) {
    sorted[j] = d[order[j]];
    std::copy_n(now.col(order[j]), n, Z.col(j));
  });
  std::copy(sorted.begin(), sorted.end(), d);
  return {};
}

template Outcome tridiagonal_eigh<float>(Index, float*, float*, ColMajor<float>, const Stop&);
template Outcome tridiagonal_eigh<double>(Index, double*, double*, ColMajor<double>, const Stop&);

}  // namespace hessolve
