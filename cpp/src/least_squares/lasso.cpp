// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/least_squares/lasso.hpp>

#include "kernel/products.hpp"
#include "least_squares/design.hpp"

#include <cmath>
#include <vector>

namespace hessolve {
namespace {

constexpr Index most_gram_columns = 2000;
constexpr Index sweeps_at_once = 10;  // between two looks at the gap

/// What the rows of a problem have in common, for all penalties and targets. Everything is times the sum of the
/// weights: the objective is ||y - X w||^2 / 2 + l1 ||w||_1 + l2 / 2 ||w||^2, X and y weighted and centred.
template <class T>
struct Data {
  explicit Data(const Design<T>& design)
      : m(design.rows()),
        n(design.cols()),
        by_gram(n <= most_gram_columns && m > n),
        columns(by_gram ? n : m, n),
        right(n, design.targets()),
        squares(n) {
    if (by_gram) {
      gram<T>(design.X(), design.change_of_X(), design.Y(), columns.view(), right.view(), design.change_of_Y());
      for (Index j = 0; j < n; ++j) {
        squares[j] = columns(j, j);
        for (Index i = 0; i < j; ++i) {
          columns(i, j) = columns(j, i);
        }
      }
    } else {
      copy(design);
    }
    for (Index j = 0; j < n; ++j) {  // a constant column, centred, is rounding and nothing else
      const T mean = design.centred() ? design.x_mean()[j] : T(0);
      const T noise = 16 * epsilon<T> * mean;
      squares[j] = squares[j] > design.total_weight() * noise * noise ? squares[j] : T(0);
    }
  }

  void copy(const Design<T>& design) {
    parallel_for((n + source_tile - 1) / source_tile, m * n > 100'000, [&](Index s) {
      const Index first = s * source_tile;
      const Index count = std::min(source_tile, n - first);
      for (Index i = 0; i < m; i += source_tile) {
        read_tile<T>(design.X(), i, first, std::min(source_tile, m - i), count, &columns(i, first),
                     columns.view().stride);
      }
      for (Index j = first; j < first + count; ++j) {
        T* x = columns.view().col(j);
        for (Index i = 0; i < m && design.centred(); ++i) {
          x[i] -= design.x_mean()[j];
        }
        for (Index i = 0; i < m && design.weights() != nullptr; ++i) {
          x[i] *= std::sqrt(design.weight(i));
        }
        squares[j] = dot<false, T>(x, x, m);
      }
    });
  }

  Index m;
  Index n;
  bool by_gram;
  Matrix<T> columns;  // X^T X or X
  Matrix<T> right;    // X^T Y where the columns are of X^T X
  Buffer<T> squares;  // of the columns of X; 0: left out
};

/// Coordinate descent for one target.
template <class T>
class Descent {
 public:
  Descent(const Data<T>& data, const Design<T>& design, Index target, const LassoOptions<T>& options)
      : data_(data),
        options_(options),
        m_(data.m),
        n_(data.n),
        target_(target),
        y_(data.m),
        r_(data.by_gram ? 0 : data.m),
        z_(data.n),
        w_(data.n),
        in_(data.n) {
    double square = 0;
    for (Index i = 0; i < m_; ++i) {
      y_[i] = design.y(i, target);
      square += static_cast<double>(y_[i]) * static_cast<double>(y_[i]);
    }
    y_square_ = square;
    for (Index j = 0; j < n_; ++j) {
      w_[j] = options.start.data != nullptr && data.squares[j] > 0 ? options.start(j, target) : T(0);
      w_[j] = options.positive ? std::max(w_[j], T(0)) : w_[j];
    }
    refresh();
  }

  [[nodiscard]] const T* coef() const { return w_.data(); }
  [[nodiscard]] double y_square() const { return y_square_; }

  /// Minimise for penalties l1, l2 until the gap is at most `tolerance`. before: the l1 that w belongs to.
  Outcome solve(double l1, double l2, double before, double tolerance, double& gap, std::int64_t& sweeps) {
    l1_ = l1;
    l2_ = l2;
    sweeps = 0;
    set_.clear();
    for (Index j = 0; j < n_; ++j) {  // the strong rule: |x_j^T r| moves by less than the penalty does
      in_[j] = data_.squares[j] > 0 && (w_[j] != T(0) || reach(pull(j)) >= 2 * l1 - before);
      if (in_[j]) {
        set_.push_back(j);
      }
    }
    gap = gap_of_all();
    double target = tolerance;
    while (!(gap <= tolerance) && sweeps < options_.max_iterations) {
      add_violators();
      for (double inner = gap; inner > target && sweeps < options_.max_iterations;) {
        sweep_some(sweeps);
        if (data_.by_gram) {
          break;  // the whole gap costs no more than that of the set
        }
        for (const Index j : set_) {
          z_[j] = dot<false, T>(data_.columns.view().col(j), r_.data(), m_);
        }
        inner =
            gap_over(static_cast<Index>(set_.size()), [this](Index i) { return set_[static_cast<std::size_t>(i)]; });
        if (options_.stop.requested()) {
          return {Reason::stopped};
        }
      }
      refresh();
      gap = gap_of_all();
      target = std::min(target, gap) / 2;  // if it was rounding that hid the rest, look closer
      if (options_.stop.requested()) {
        return {Reason::stopped};
      }
    }
    return {gap <= tolerance ? Reason::converged : Reason::max_iterations};
  }

 private:
  /// x_j^T r - l2 w_j
  [[nodiscard]] double pull(Index j) const { return static_cast<double>(z_[j]) - l2_ * static_cast<double>(w_[j]); }
  /// How much of a pull can move a coefficient.
  [[nodiscard]] double reach(double value) const { return options_.positive ? value : std::abs(value); }

  void add_violators() {
    for (Index j = 0; j < n_; ++j) {
      if (!in_[j] && data_.squares[j] > 0 && reach(pull(j)) >= l1_) {
        in_[j] = true;
        set_.push_back(j);
      }
    }
  }

  /// One sweep over the set, then some over what is not zero.
  void sweep_some(std::int64_t& sweeps) {
    for (Index s = 0; s < sweeps_at_once && sweeps < options_.max_iterations; ++s, ++sweeps) {
      bool moved = false;
      for (const Index j : set_) {
        if (s == 0 || w_[j] != T(0)) {
          moved |= update(j);
        }
      }
      if (!moved) {
        ++sweeps;
        return;
      }
    }
  }

  /// w_j := S(x_j^T r + |x_j|^2 w_j, l1) / (|x_j|^2 + l2)
  bool update(Index j) {
    const T* column = data_.columns.view().col(j);
    const T square = data_.squares[j];
    const T old = w_[j];
    const T u = (data_.by_gram ? z_[j] : dot<false, T>(column, r_.data(), m_)) + square * old;
    const auto l1 = static_cast<T>(l1_);
    const T size = (options_.positive ? u : std::abs(u)) - l1;
    const T now = size > 0 ? std::copysign(size, u) / (square + static_cast<T>(l2_)) : T(0);
    if (now == old) {
      return false;
    }
    w_[j] = now;
    subtract_multiple<T>(data_.by_gram ? n_ : m_, now - old, column, data_.by_gram ? z_.data() : r_.data());
    return std::abs(now - old) > epsilon<T> * std::abs(now);
  }

  /// z = X^T (y - X w), and the residual where there is one, without the rounding of the updates.
  void refresh() {
    T* target = data_.by_gram ? z_.data() : r_.data();
    const Index length = data_.by_gram ? n_ : m_;
    std::copy_n(data_.by_gram ? data_.right.view().col(target_) : y_.data(), length, target);
    for (Index j = 0; j < n_; ++j) {
      if (w_[j] != T(0)) {
        subtract_multiple<T>(length, w_[j], data_.columns.view().col(j), target);
      }
    }
    if (!data_.by_gram) {
      constexpr Index strip = 256;
      parallel_for((n_ + strip - 1) / strip, m_ * n_ > 200'000, [&](Index s) {
        for (Index j = s * strip; j < std::min(n_, (s + 1) * strip); ++j) {
          z_[j] = dot<false, T>(data_.columns.view().col(j), r_.data(), m_);
        }
      });
    }
  }

  /// ||y - X w||^2
  [[nodiscard]] double residual_square() const {
    double square = y_square_;
    if (data_.by_gram) {  // y^T r - w^T z, y^T r = y^T y - w^T X^T y
      for (Index j = 0; j < n_; ++j) {
        square -=
            static_cast<double>(w_[j]) * (static_cast<double>(data_.right(j, target_)) + static_cast<double>(z_[j]));
      }
      return std::max(square, 0.0);
    }
    return static_cast<double>(dot<false, T>(r_.data(), r_.data(), m_));
  }

  [[nodiscard]] double gap_of_all() const {
    return gap_over(n_, [](Index j) { return j; });
  }

  /// The gap to the better of two dual points, as a sum of what is never negative:
  /// c r, feasible for the lasso whose rows are [X; sqrt(l2) I], c = min(1, l1 / max |x_j^T r - l2 w_j|):
  ///   (1 - c)^2 (||r||^2 + l2 ||w||^2) / 2 + sum of l1 |w_j| - c (x_j^T r - l2 w_j) w_j;
  /// and where l2 > 0, r itself:  sum of l1 |w_j| + l2 w_j^2 / 2 + (|x_j^T r| - l1)_+^2 / (2 l2) - x_j^T r w_j.
  template <class Column>
  [[nodiscard]] double gap_over(Index count, Column&& column) const {
    double largest = 0;
    for (Index i = 0; i < count; ++i) {
      const Index j = column(i);
      largest = data_.squares[j] > 0 ? std::max(largest, reach(pull(j))) : largest;
    }
    const double c = largest > l1_ ? l1_ / largest : 1.0;
    double scaled = 0;
    double plain = 0;
    double square = 0;
    for (Index i = 0; i < count; ++i) {
      const Index j = column(i);
      if (data_.squares[j] == T(0)) {
        continue;
      }
      const auto w = static_cast<double>(w_[j]);
      const auto z = static_cast<double>(z_[j]);
      const double over = std::max(reach(z) - l1_, 0.0);
      scaled += l1_ * std::abs(w) - c * pull(j) * w;
      square += w * w;
      plain += l1_ * std::abs(w) + l2_ * w * w / 2 - z * w + (l2_ > 0 ? over * over / (2 * l2_) : 0.0);
    }
    scaled += (1 - c) * (1 - c) * (residual_square() + l2_ * square) / 2;
    return std::max(l2_ > 0 ? std::min(scaled, plain) : scaled, 0.0);
  }

  const Data<T>& data_;
  const LassoOptions<T>& options_;
  Index m_;
  Index n_;
  Index target_;
  Buffer<T> y_;
  Buffer<T> r_;  // y - X w
  Buffer<T> z_;  // X^T (y - X w)
  Buffer<T> w_;
  Buffer<bool> in_;  // the set
  std::vector<Index> set_;
  double y_square_ = 0;
  double l1_ = 0;
  double l2_ = 0;
};

template <class T>
Outcome check(In<T> X, In<T> Y) {
  for (const In<T>& A : {X, Y}) {
    if (const auto [i, j] = check_finite<T>(Source<T>{A}); i >= 0) {
      return {Reason::non_finite, i};
    }
  }
  return {};
}

}  // namespace

template <class T>
Outcome lasso_path(In<T> X, In<T> Y, const double* alpha, Index k, const LassoPath<T>& path,
                   const LassoOptions<T>& options) {
  const Index n = X.cols;
  const Index t = Y.cols;
  if (options.start.data != nullptr && (options.start.rows != n || options.start.cols != t)) {
    throw std::invalid_argument("the start must be n x t");
  }
  if (const Outcome outcome = check<T>(X, Y); !outcome.ok()) {
    return outcome;
  }
  const Design<T> design(X, Y, options.weights, options.intercept);
  const Data<T> data(design);
  const auto total = static_cast<double>(design.total_weight());
  Outcome result{Reason::converged};
  Matrix<T> W(n, t);
  Buffer<T> b(t);
  std::vector<Descent<T>> targets;
  targets.reserve(static_cast<std::size_t>(t));
  for (Index j = 0; j < t; ++j) {
    targets.emplace_back(data, design, j, options);
  }
  for (Index a = 0; a < k; ++a) {
    const double l1 = total * alpha[a] * options.l1_ratio;
    const double l2 = total * alpha[a] * (1 - options.l1_ratio);
    const double before = a == 0 ? l1 : total * alpha[a - 1] * options.l1_ratio;
    for (Index j = 0; j < t; ++j) {
      Descent<T>& descent = targets[static_cast<std::size_t>(j)];
      const Index at = j * k + a;
      const Outcome outcome =
          descent.solve(l1, l2, before, options.tol * descent.y_square(), path.gaps[at], path.iterations[at]);
      path.gaps[at] /= total;
      path.converged[at] = outcome.ok();
      if (outcome.reason == Reason::stopped) {
        return outcome;
      }
      result = outcome.ok() ? result : outcome;
      for (Index i = 0; i < n; ++i) {
        W(i, j) = path.coefs[(i * t + j) * k + a] = descent.coef()[i];
      }
    }
    design.intercepts(W.view(), b.data());
    for (Index j = 0; j < t; ++j) {
      path.intercepts[j * k + a] = b[j];
    }
  }
  return result;
}

template <class T>
Outcome lasso_alpha_max(In<T> X, In<T> Y, const LassoOptions<T>& options, double& largest) {
  if (const Outcome outcome = check<T>(X, Y); !outcome.ok()) {
    return outcome;
  }
  const Design<T> design(X, Y, options.weights, options.intercept);
  Matrix<T> V(X.rows, Y.cols);  // W (y - mean), whose columns sum to rounding
  Buffer<T> sums(Y.cols);
  for (Index j = 0; j < Y.cols; ++j) {
    sums[j] = 0;
    for (Index i = 0; i < X.rows; ++i) {
      V(i, j) = std::sqrt(design.weight(i)) * design.y(i, j);
      sums[j] += V(i, j);
    }
  }
  Matrix<T> Z(X.cols, Y.cols);
  adjoint_product<T>(design.X(), V.view(), Z.view());
  double top = 0;
  for (Index j = 0; j < Y.cols; ++j) {
    for (Index i = 0; i < X.cols; ++i) {
      const T z = Z(i, j) - (design.centred() ? design.x_mean()[i] * sums[j] : T(0));
      top = std::max(top, static_cast<double>(options.positive ? z : std::abs(z)));
    }
  }
  largest = top / (static_cast<double>(design.total_weight()) * options.l1_ratio);
  largest = largest > 0 ? largest : static_cast<double>(epsilon<T>);
  return {};
}

#define INSTANTIATE(T)                                                                                             \
  template Outcome lasso_path<T>(In<T>, In<T>, const double*, Index, const LassoPath<T>&, const LassoOptions<T>&); \
  template Outcome lasso_alpha_max<T>(In<T>, In<T>, const LassoOptions<T>&, double&);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve
