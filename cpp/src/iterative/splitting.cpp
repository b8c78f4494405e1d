// SPDX-License-Identifier: BSD-3-Clause
#include "iterative/blocks.hpp"

#include <hessolve/iterative/splitting.hpp>

#include <stdexcept>

namespace hessolve {
namespace {

/// Adds multiples of rows up, entry by entry; the row is then read in the order of its columns.
template <class T>
class Accumulator {
 public:
  explicit Accumulator(Index n)
      : values_(static_cast<std::size_t>(n), T(0)),
        used_(static_cast<std::size_t>(n), false) {}
  void add(Index j, T value) {
    const auto at = static_cast<std::size_t>(j);
    if (!used_[at]) {
      used_[at] = true;
      columns_.push_back(j);
    }
    values_[at] += value;
  }
  /// Append the row to `out` and begin the next.
  void flush(typename Entries<T>::Rows& out) {
    std::sort(columns_.begin(), columns_.end());
    for (const Index j : columns_) {
      const auto at = static_cast<std::size_t>(j);
      out.indices.push_back(j);
      out.values.push_back(values_[at]);
      values_[at] = T(0);
      used_[at] = false;
    }
    columns_.clear();
    out.indptr.push_back(static_cast<Index>(out.indices.size()));
  }

 private:
  std::vector<T> values_;
  std::vector<bool> used_;
  std::vector<Index> columns_;
};

}  // namespace

template <class T>
Outcome splitting(const Entries<T>& A, Iteration method, double omega_, typename Entries<T>::Rows& S,
                  typename Entries<T>::Rows& rest) {
  if (A.rows() != A.cols() || !is_sweep(method) || method == Iteration::kaczmarz) {
    throw std::invalid_argument(std::string("method='") + name(method) + "' is no splitting of this matrix");
  }
  const Index n = A.rows();
  const auto omega = static_cast<Real<T>>(omega_);
  const auto rows = A.by_rows();
  std::vector<T> d(static_cast<std::size_t>(n));
  A.diagonal(d.data());
  if (method == Iteration::block_jacobi) {
    std::vector<T> blocks;
    if (const Outcome outcome = invert_diagonal_blocks(A, blocks); !outcome.ok()) {
      return outcome;
    }
  } else if (method != Iteration::richardson) {
    for (Index i = 0; i < n; ++i) {
      if (!(cheap_abs(d[static_cast<std::size_t>(i)]) > 0)) {
        return {Reason::zero_diagonal, i};
      }
    }
  }
  const bool symmetric = method == Iteration::gauss_seidel_symmetric || method == Iteration::ssor;
  Accumulator<T> row(n);
  S = rest = {};
  S.indptr.assign(1, 0);
  rest.indptr.assign(1, 0);
  const auto for_row = [&](Index i, auto&& visit) {
    for (Index k = rows.indptr[static_cast<std::size_t>(i)]; k < rows.indptr[static_cast<std::size_t>(i + 1)]; ++k) {
      visit(rows.indices[static_cast<std::size_t>(k)], rows.values[static_cast<std::size_t>(k)]);
    }
  };
  for (Index i = 0; i < n; ++i) {
    const T d_i = d[static_cast<std::size_t>(i)];
    if (method == Iteration::richardson) {
      row.add(i, T(1) / omega);
    } else if (symmetric) {  // scale (L + D/w)(i,:) D^-1 (D/w + U)
      const Real<T> scale = omega / (2 - omega);
      const auto add_upper = [&](Index k, T factor) {  // factor (D/w + U)(k,:) / d_k
        const T over = scale * factor / d[static_cast<std::size_t>(k)];
        row.add(k, over * d[static_cast<std::size_t>(k)] / omega);
        for_row(k, [&](Index j, T value) {
          if (j > k) {
            row.add(j, over * value);
          }
        });
      };
      add_upper(i, d_i / omega);
      for_row(i, [&](Index k, T value) {
        if (k < i) {
          add_upper(k, value);
        }
      });
    } else {
      for_row(i, [&](Index j, T value) {
        const bool keep = method == Iteration::jacobi                  ? j == i
                          : method == Iteration::gauss_seidel_backward ? j >= i
                          : method == Iteration::block_jacobi          ? j / jacobi_block == i / jacobi_block
                                                                       : j <= i;
        if (keep) {
          const bool divided = method == Iteration::block_jacobi || j == i;
          row.add(j, divided ? value / omega : value);
        }
      });
    }
    row.flush(S);
    for (auto k = static_cast<std::size_t>(S.indptr[static_cast<std::size_t>(i)]); k < S.indices.size(); ++k) {
      row.add(S.indices[k], S.values[k]);
    }
    for_row(i, [&](Index j, T value) { row.add(j, -value); });
    row.flush(rest);
  }
  return {};
}

#define INSTANTIATE(T)                                                                            \
  template Outcome splitting<T>(const Entries<T>&, Iteration, double, typename Entries<T>::Rows&, \
                                typename Entries<T>::Rows&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
