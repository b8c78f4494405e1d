// SPDX-License-Identifier: BSD-3-Clause
#include "hessian/glm_links.hpp"

namespace hessolve {

const char* name(Family family) {
  switch (family) {
    case Family::gaussian: return "gaussian";
    case Family::logistic: return "logistic";
    case Family::poisson: return "poisson";
    case Family::huber: return "huber";
    case Family::squared_hinge: return "squared-hinge";
    case Family::softmax: return "softmax";
  }
  return "";
}

namespace {

using glm::DenseRows;
using glm::Links;

/// The sums of one panel of rows, G_kl -= |w_kl| x x^T for every pair of classes while the panel is in the cache.
template <class R>
class PanelSums {
 public:
  PanelSums(const DenseRows<R>& rows, const Links<R>& links, bool shared)
      : rows_(rows),
        links_(links),
        shared_(shared),
        stride_(padded_stride<R>(links.variables())),
        raw_(rows.buffer_size()),
        state_(links.classes() * gram_depth),
        scaled_(stride_ * gram_depth),
        packed_(links.variables() > few_columns ? packed_size<R>(links.variables(), gram_depth) : 0) {}

  /// `shared`: by all threads together; else on the calling one.
  void add(Index first, Index count, R* G, std::atomic<Index>& bad) {
    const Index p = links_.variables();
    const bool single = links_.classes() == 1;
    in_blocks(count, [&](Index at, Index size) {
      const ColMajor<const R> P = rows_(first + at, size, raw_.data(), at);
      for (Index i = 0; i < size; ++i) {
        R* state = state_.data() + (at + i) * links_.classes();
        glm::etas_of_row<R>(links_, P.col(i), state);
        if (!links_.take(first + at + i, state)) {
          glm::lower_to(bad, first + at + i);
        } else if (single) {
          scale(first + at + i, P.col(i), at + i, 0, 0);
        }
      }
    });
    if (bad < rows_.rows()) {
      return;
    }
    const ColMajor<const R> P = rows_.loaded(first, count, raw_.data());
    const ColMajor<const R> S{scaled_.data(), p, count, stride_};
    for (Index k = 0; k < links_.classes(); ++k) {
      for (Index l = 0; l <= k; ++l, G += p * p) {
        if (!single) {
          in_blocks(count, [&](Index at, Index size) {
            for (Index i = at; i < at + size; ++i) {
              scale(first + i, P.col(i), i, k, l);
            }
          });
        }
        subtract_product(S, {G, p, p, p});
      }
    }
  }

 private:
  template <class Work>
  void in_blocks(Index count, Work&& work) {
    const Index size = shared_ ? 32 : gram_depth;
    parallel_for((count + size - 1) / size, shared_,
                 [&](Index b) { work(b * size, std::min(size, count - b * size)); });
  }

  /// G -= S S^T, the lower triangle.
  void subtract_product(InColMajor<R> S, ColMajor<R> G) {
    if (packed_.empty()) {
      subtract_lower_product<R>(G, S, S);
      return;
    }
    constexpr Index together = 4;
    const Index tiles = (S.rows + tile_rows<R> - 1) / tile_rows<R>;
    parallel_for((tiles + together - 1) / together, shared_,
                 [&](Index t) { pack_rows<R>(S, t * together, std::min(tiles, (t + 1) * together), packed_.data()); });
    constexpr Index strip = syrk_strip<R>;
    parallel_for((S.rows + strip - 1) / strip, shared_, [&](Index s) {
      subtract_lower_strip<R>(G, {packed_.data(), S}, s * strip, std::min(S.rows, (s + 1) * strip));
    });
  }

  void scale(Index row, const R* x, Index at, Index k, Index l) {
    const R root = std::sqrt(links_.pair_weight(row, state_.data() + at * links_.classes(), k, l));
    R* out = scaled_.data() + at * stride_;
    const Index n = links_.columns();
    for (Index j = 0; j < n; ++j) {
      out[j] = root * x[j];
    }
    if (links_.intercept()) {
      out[n] = root;
    }
  }

  static constexpr Index few_columns = 128;  // whose panel stays in the first caches as it is

  const DenseRows<R>& rows_;
  const Links<R>& links_;
  bool shared_;
  Index stride_;
  Buffer<R> raw_;
  Buffer<R> state_;
  Buffer<R> scaled_;
  Buffer<R> packed_;  // where there are many columns
};

/// A wish to stop, asked for by the thread that made the call and seen by all.
class Stopping {
 public:
  explicit Stopping(const Stop& stop) : stop_(stop) {}
  /// Whether to stop, without asking.
  explicit operator bool() const { return stopped_; }
  bool poll() {
    if (!stopped_ && Team::rank() == 0 && stop_.requested()) {
      stopped_ = true;
    }
    return stopped_;
  }

 private:
  Stop stop_;
  std::atomic<bool> stopped_{false};
};

/// The negative sums of all pairs, lower triangles; @return the first bad row, or -1.
template <class R>
Index sums(In<R> X, const Links<R>& links, Buffer<R>& G, Stopping& stopping) {
  const DenseRows<R> rows(X);
  const Index m = X.rows;
  const Index p = links.variables();
  const Index size = links.pairs() * p * p;
  constexpr Index rows_of_part = gram_depth * 8;
  constexpr Index room = 6'000'000;  // elements of all parts together
  // Threads take rows, with sums of their own, where there is room for these; else they share one panel after another.
  const bool in_parts = p <= widest_in_parts || (4 * size <= room && m >= 4 * rows_of_part);
  constexpr Index cache = 98'304 / static_cast<Index>(sizeof(R));  // as in gram()
  const Index depth = p < serial_below ? std::clamp<Index>(cache / std::max<Index>(p, 1), 32, gram_depth) : gram_depth;
  const Index most = std::clamp<Index>(room / std::max<Index>(size, 1), 2, 64);
  const Index chunk = in_parts ? std::max<Index>(rows_of_part, (m + most - 1) / most) : m;
  const Index chunks = m == 0 ? 1 : (m + chunk - 1) / chunk;
  G = Buffer<R>(chunks * size);
  std::atomic<Index> bad{m};
  const Index often = 1'000'000 / (depth * size + 1) + 1;  // panels, so that to ask costs nothing beside the work
  parallel_for(chunks, in_parts && m * size > 1'000'000, [&](Index c) {
    std::fill_n(G.data() + c * size, size, R(0));
    PanelSums<R> panel(rows, links, !in_parts);
    Index panels = 0;
    for (Index first = c * chunk; first < std::min(m, (c + 1) * chunk) && first < bad; first += depth) {
      if (panels++ % often == 0 ? stopping.poll() : static_cast<bool>(stopping)) {
        return;
      }
      panel.add(first, std::min(depth, std::min(m, (c + 1) * chunk) - first), G.data() + c * size, bad);
    }
  });
  constexpr Index slice = 4096;
  parallel_for((size + slice - 1) / slice, chunks > 1 && size > slice, [&](Index s) {
    for (Index c = 1; c < chunks; ++c) {
      const R* part = G.data() + c * size;
      for (Index q = s * slice; q < std::min(size, (s + 1) * slice); ++q) {
        G[q] += part[q];
      }
    }
  });
  return bad < m ? bad.load() : -1;
}

/// The same for X by rows: every strip of columns of the sums is added to by one thread, row after row.
template <class R, class I>
Index sums(CsrView<R, I> X, const Links<R>& links, Buffer<R>& G, Stopping& stopping) {
  const Index m = X.rows;
  const Index n = X.cols;
  const Index p = links.variables();
  const Index classes = links.classes();
  Buffer<R> state(m * classes);
  std::atomic<Index> bad{m};
  constexpr Index block = 1024;
  parallel_for((m + block - 1) / block, X.nonzeros() > 50'000, [&](Index b) {
    if (stopping.poll()) {
      return;
    }
    for (Index i = b * block; i < std::min(m, (b + 1) * block); ++i) {
      glm::etas_of_row<R, I>(links, X, i, state.data() + i * classes);
      if (!links.take(i, state.data() + i * classes)) {
        glm::lower_to(bad, i);
      }
    }
  });
  G = Buffer<R>(links.pairs() * p * p);
  if (bad < m) {
    return bad;
  }
  constexpr Index strips = 4;
  parallel_for(strips, X.nonzeros() > 20'000, [&](Index s) {
    const Index low = s == 0 ? 0 : static_cast<Index>(p * (1 - std::sqrt(1 - static_cast<double>(s) / strips)));
    const Index high = s + 1 == strips ? p : static_cast<Index>(p * (1 - std::sqrt(1 - (s + 1.0) / strips)));
    for (Index pair = 0; pair < links.pairs(); ++pair) {
      std::fill_n(G.data() + (pair * p + low) * p, (high - low) * p, R(0));
    }
    for (Index i = 0; i < m; ++i) {
      if (i % block == 0 && stopping.poll()) {
        return;
      }
      const I* begin = X.indices + X.indptr[i];
      const I* end = X.indices + X.indptr[i + 1];
      R* sum = G.data();
      for (Index k = 0; k < classes; ++k) {
        for (Index l = 0; l <= k; ++l, sum += p * p) {
          const R weight = links.pair_weight(i, state.data() + i * classes, k, l);
          for (const I* a = std::lower_bound(begin, end, static_cast<I>(low)); a < end && *a < high; ++a) {
            const R factor = weight * X.values[a - X.indices];
            R* column = sum + static_cast<Index>(*a) * p;
            for (const I* b = a; b < end; ++b) {
              column[*b] -= factor * X.values[b - X.indices];
            }
            if (links.intercept()) {
              column[n] -= factor;
            }
          }
          if (links.intercept() && high == p) {
            sum[n + n * p] -= weight;
          }
        }
      }
    }
  });
  return -1;
}

template <class R, class Rows>
Outcome hessian_of(const Rows& X, In<R> coef, const GlmOptions<R>& options, MatrixView<R> H) {
  const Links<R> links(X.rows, X.cols, coef, options);
  const Index K = links.classes();
  const Index p = links.variables();
  need(H.rows == links.size() && H.cols == links.size(), "H must be square, classes times variables");
  Buffer<R> G;
  Stopping stopping(options.stop);
  const Index bad = sums<R>(X, links, G, stopping);
  if (stopping) {
    return {Reason::stopped};
  }
  if (bad >= 0) {
    return {Reason::non_finite, bad};
  }
  const double scale = links.scale(X.rows);
  if (!(scale > 0 && std::isfinite(scale))) {
    return {Reason::non_finite, -1};
  }
  std::atomic<bool> finite{true};
  constexpr Index strip = 64;
  parallel_for((p + strip - 1) / strip, K * p > 256, [&](Index s) {
    R total = 0;
    for (Index j = s * strip; j < std::min(p, (s + 1) * strip); ++j) {
      const R* sum = G.data();
      for (Index k = 0; k < K; ++k) {
        for (Index l = 0; l <= k; ++l, sum += p * p) {
          const double sign = k == l ? -scale : scale;  // the sums were subtracted
          for (Index i = j; i < p; ++i) {
            auto value = static_cast<R>(sign * static_cast<double>(sum[i + j * p]));
            value += i == j && k == l && j < links.columns() ? links.alpha() : R(0);
            total += value * R(0);
            H(i * K + k, j * K + l) = H(i * K + l, j * K + k) = value;
            H(j * K + l, i * K + k) = H(j * K + k, i * K + l) = value;
          }
        }
      }
    }
    if (total != R(0)) {  // NaN
      finite = false;
    }
  });
  return finite ? Outcome{} : Outcome{Reason::non_finite, -1};
}

}  // namespace

template <class R>
Outcome glm_hessian(MatrixView<const R> X, MatrixView<const R> coef, const GlmOptions<R>& options, MatrixView<R> H) {
  return hessian_of<R>(X, coef, options, H);
}

template <class R, class I>
Outcome glm_hessian(CsrView<R, I> X, MatrixView<const R> coef, const GlmOptions<R>& options, MatrixView<R> H) {
  return hessian_of<R>(X, coef, options, H);
}

template <class R>
Outcome gauss_newton(MatrixView<const R> J, VectorView<const R> weights, R damping, MatrixView<R> H, const Stop& stop) {
  GlmOptions<R> options;
  options.sample_weight = weights;
  options.alpha = damping;
  options.stop = stop;
  Buffer<R> zeros(J.cols);
  std::fill_n(zeros.data(), J.cols, R(0));
  return glm_hessian<R>(J, row_major<const R>(zeros.data(), 1, J.cols), options, H);
}

#define INSTANTIATE_CSR(R, I) \
  template Outcome glm_hessian<R, I>(CsrView<R, I>, MatrixView<const R>, const GlmOptions<R>&, MatrixView<R>);
#define INSTANTIATE(R)                                                                                            \
  template Outcome glm_hessian<R>(MatrixView<const R>, MatrixView<const R>, const GlmOptions<R>&, MatrixView<R>); \
  template Outcome gauss_newton<R>(MatrixView<const R>, VectorView<const R>, R, MatrixView<R>, const Stop&);      \
  HESSOLVE_FOR_EACH_INDEX(INSTANTIATE_CSR, R)
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE
#undef INSTANTIATE_CSR

}  // namespace hessolve
