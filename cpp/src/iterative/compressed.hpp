// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "iterative/vectors.hpp"

#include <hessolve/iterative/operator.hpp>

/// Products with and facts about compressed lines (rows of a CSR matrix, columns of a CSC one).
namespace hessolve {

inline constexpr Index line_block = 2048;  ///< lines a thread takes at a time

/// body(begin, end) for blocks of lines, on all threads where there is enough in them.
template <class T, class I, class Body>
void for_line_blocks(CsrView<T, I> A, Body&& body) {
  parallel_for((A.rows + line_block - 1) / line_block, A.nonzeros() + A.rows >= vectors::worth_threads, [&](Index c) {
    const Index begin = c * line_block;
    body(begin, std::min(A.rows, begin + line_block));
  });
}

/// The sum over line i of op(a_ij) x_j.
template <bool Conjugate, class T, class I>
HESSOLVE_INLINE T line_dot(CsrView<T, I> A, Index i, const T* x) {
  T sum(0);
  for (I k = A.indptr[i], end = A.indptr[i + 1]; k < end; ++k) {
    sum += (Conjugate ? conjugate(A.values[k]) : A.values[k]) * x[A.indices[k]];
  }
  return sum;
}

/// put(i, op(line i) x) for every line.
template <bool Conjugate, class T, class I, class Put>
void gather(CsrView<T, I> A, const T* x, Put&& put) {
  for_line_blocks(A, [&](Index i, Index end) {
    for (; i < end; ++i) {
      put(i, line_dot<Conjugate>(A, i, x));
    }
  });
}

/// y := A x; @return x^H y, summed block by block while x and y are in cache.
template <class T, class I>
T gather_dot(CsrView<T, I> A, const T* x, T* y) {
  Scratch<T, 512> parts((A.rows + line_block - 1) / line_block);
  for_line_blocks(A, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      y[i] = line_dot<false>(A, i, x);
    }
    parts[begin / line_block] = dot<true>(x + begin, y + begin, end - begin);
  });
  T sum(0);
  for (Index c = 0; c * line_block < A.rows; ++c) {
    sum += parts[c];
  }
  return sum;
}

/// y := sum over lines of op(line i) x_i.
template <bool Conjugate, class T, class I>
void scatter(CsrView<T, I> A, const T* x, T* y) {
  std::fill_n(y, A.cols, T(0));
  for (Index i = 0; i < A.rows; ++i) {
    const T factor = x[i];
    for (I k = A.indptr[i]; k < A.indptr[i + 1]; ++k) {
      y[A.indices[k]] += (Conjugate ? conjugate(A.values[k]) : A.values[k]) * factor;
    }
  }
}

/// The lines of the transpose, sorted; with `sum`, what is stored twice is added up.
template <class T, class I>
typename Entries<T>::Rows transposed_lines(CsrView<T, I> A, bool sum) {
  typename Entries<T>::Rows out;
  const Index nonzeros = A.nonzeros();
  out.indptr.assign(static_cast<std::size_t>(A.cols + 1), 0);
  out.indices.resize(static_cast<std::size_t>(nonzeros));
  out.values.resize(static_cast<std::size_t>(nonzeros));
  Index* start = out.indptr.data();
  for (Index k = 0; k < nonzeros; ++k) {
    ++start[static_cast<Index>(A.indices[k]) + 1];
  }
  for (Index j = 0; j < A.cols; ++j) {
    start[j + 1] += start[j];
  }
  Buffer<Index> next(A.cols);
  std::copy_n(start, A.cols, next.data());
  for (Index i = 0; i < A.rows; ++i) {
    for (I k = A.indptr[i]; k < A.indptr[i + 1]; ++k) {
      const Index j = static_cast<Index>(A.indices[k]);
      if (sum && next[j] > start[j] && out.indices[static_cast<std::size_t>(next[j] - 1)] == i) {
        out.values[static_cast<std::size_t>(next[j] - 1)] += A.values[k];
        continue;
      }
      const auto at = static_cast<std::size_t>(next[j]++);
      out.indices[at] = i;
      out.values[at] = A.values[k];
    }
  }
  if (sum) {  // close the gaps that sums have left
    Index to = 0;
    for (Index j = 0; j < A.cols; ++j) {
      const Index begin = start[j];
      start[j] = to;
      for (Index k = begin; k < next[j]; ++k, ++to) {
        out.indices[static_cast<std::size_t>(to)] = out.indices[static_cast<std::size_t>(k)];
        out.values[static_cast<std::size_t>(to)] = out.values[static_cast<std::size_t>(k)];
      }
    }
    start[A.cols] = to;
    out.indices.resize(static_cast<std::size_t>(to));
    out.values.resize(static_cast<std::size_t>(to));
  }
  return out;
}

/// Whether a_ij and a_ji are conjugate to 100 eps; d_i, d_j: their diagonal entries.
template <class T>
bool are_conjugate(T a, T b, T d_i, T d_j) {
  const Real<T> scale = std::max({cheap_abs(a), cheap_abs(b), std::min(cheap_abs(d_i), cheap_abs(d_j))});
  return cheap_abs(T(a - conjugate(b))) <= 100 * epsilon<T> * scale;
}

/// Facts of a square matrix with sorted lines; others are not Hermitian. A cursor in every line finds the mirror image
/// of each entry in one pass, because lines are visited in rising order.
template <class T, class I>
MatrixFacts facts_of_lines(CsrView<T, I> A) {
  MatrixFacts facts;
  const Index n = std::min(A.rows, A.cols);
  Buffer<T> d(n);
  std::fill_n(d.data(), n, T(0));
  Buffer<I> cursor(n);
  for (Index i = 0; i < n; ++i) {
    cursor[i] = A.indptr[i];
    for (I k = A.indptr[i]; k < A.indptr[i + 1]; ++k) {
      if (static_cast<Index>(A.indices[k]) == i) {
        d[i] += A.values[k];
      }
    }
  }
  facts.positive_diagonal = true;
  for (Index i = 0; i < n; ++i) {
    facts.zero_diagonal = facts.zero_diagonal < 0 && d[i] == T(0) ? i : facts.zero_diagonal;
    facts.positive_diagonal = facts.positive_diagonal && real_part(d[i]) > 0 && are_conjugate(d[i], d[i], d[i], d[i]);
  }
  facts.hermitian = A.rows == A.cols;
  for (Index i = 0; i < n && facts.hermitian; ++i) {
    for (I k = A.indptr[i]; k < A.indptr[i + 1]; ++k) {
      const Index j = static_cast<Index>(A.indices[k]);
      while (cursor[j] < A.indptr[j + 1] && static_cast<Index>(A.indices[cursor[j]]) < i) {
        ++cursor[j];
      }
      const bool found = cursor[j] < A.indptr[j + 1] && static_cast<Index>(A.indices[cursor[j]]) == i;
      if (!are_conjugate(A.values[k], found ? A.values[cursor[j]] : T(0), d[i], d[j])) {
        facts.hermitian = false;
        facts.row = i;
        facts.col = j;
        break;
      }
    }
  }
  return facts;
}

/// Colours handed on from every line to those it refers to, lines in turn; empty where two of them clash.
template <class T, class I>
std::vector<signed char> two_colors_of_lines(CsrView<T, I> A) {
  constexpr signed char none = -1;
  std::vector<signed char> color(static_cast<std::size_t>(A.rows), none);
  signed char* mark = color.data();
  for (Index i = 0; i < A.rows; ++i) {
    mark[i] = mark[i] == none ? static_cast<signed char>(0) : mark[i];
    const auto other = static_cast<signed char>(1 - mark[i]);
    for (I k = A.indptr[i]; k < A.indptr[i + 1]; ++k) {
      const Index j = static_cast<Index>(A.indices[k]);
      if (j == i || A.values[k] == T(0)) {
        continue;
      }
      if (mark[j] != other && mark[j] != none) {
        return {};
      }
      mark[j] = other;
    }
  }
  return color;
}

/// The undirected graph of the entries that are not zero, neighbours rising, without loops.
template <class T, class I>
Graph graph_of_lines(CsrView<T, I> A) {
  Graph graph;
  const Index n = A.rows;
  std::vector<Index> count(static_cast<std::size_t>(n + 1), 0);
  const auto for_each_edge = [&](auto&& visit) {
    for (Index i = 0; i < n; ++i) {
      for (I k = A.indptr[i]; k < A.indptr[i + 1]; ++k) {
        const Index j = static_cast<Index>(A.indices[k]);
        if (j != i && A.values[k] != T(0)) {
          visit(i, j);
          visit(j, i);
        }
      }
    }
  };
  for_each_edge([&](Index i, Index) { ++count[static_cast<std::size_t>(i + 1)]; });
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
    count[i + 1] += count[i];
  }
  std::vector<Index> ends(static_cast<std::size_t>(count.back()));
  std::vector<Index> next(count.begin(), count.end() - 1);
  for_each_edge([&](Index i, Index j) { ends[static_cast<std::size_t>(next[static_cast<std::size_t>(i)]++)] = j; });
  graph.starts.assign(1, 0);
  graph.starts.reserve(static_cast<std::size_t>(n + 1));
  auto to = ends.begin();
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {  // each edge came from both of its ends
    const auto begin = ends.begin() + count[i];
    const auto end = ends.begin() + count[i + 1];
    std::sort(begin, end);
    to = std::copy(begin, std::unique(begin, end), to);
    graph.starts.push_back(to - ends.begin());
  }
  ends.erase(to, ends.end());
  graph.ends = std::move(ends);
  return graph;
}

}  // namespace hessolve
