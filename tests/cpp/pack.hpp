// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "check.hpp"

#include <cstring>

namespace problems {

/// Matrices in one piece of memory, at any distance and in any order, with marks between them.
template <class T>
class Pack {
 public:
  enum class Layout { columns, rows, interleaved };

  Pack(Index count, Index rows, Index cols, Layout layout) : count_(count) {
    const Index size = rows * cols;
    if (layout == Layout::interleaved) {  // element by element: slice k begins at k
      view_ = {nullptr, rows, cols, count, count * rows};
      step_ = 1;
      data_.assign(static_cast<std::size_t>(size * count + 1), T(77));
    } else {  // with gaps inside and between the slices
      const bool by_rows = layout == Layout::rows;
      const Index line = (by_rows ? cols : rows) + 2;
      view_ = by_rows ? hessolve::MatrixView<T>{nullptr, rows, cols, line, 1}
                      : hessolve::MatrixView<T>{nullptr, rows, cols, 1, line};
      step_ = line * (by_rows ? rows : cols) + 5;
      data_.assign(static_cast<std::size_t>(step_ * count + 1), T(77));
    }
    view_.data = data_.data();
  }
  static Pack random(Index count, Index rows, Index cols, Layout layout, unsigned seed) {
    Pack pack(count, rows, cols, layout);
    std::mt19937 generator(seed);
    for (Index k = 0; k < count; ++k) {
      for (Index j = 0; j < cols; ++j) {
        for (Index i = 0; i < rows; ++i) {
          pack[k](i, j) = problems::normal<T>(generator);
        }
      }
    }
    return pack;
  }
  /// A^H A + I, slice by slice
  static Pack definite(Index count, Index n, Layout layout, unsigned seed) {
    Pack pack = random(count, n, n, layout, seed);
    for (Index k = 0; k < count; ++k) {
      const auto A = pack[k];
      std::vector<T> gram(static_cast<std::size_t>(n * n));
      for (Index i = 0; i < n; ++i) {
        for (Index j = 0; j < n; ++j) {
          T sum(i == j ? 1 : 0);
          for (Index l = 0; l < n; ++l) {
            sum += hessolve::conjugate(A(l, i)) * A(l, j);
          }
          gram[static_cast<std::size_t>(i * n + j)] = i == j ? T(hessolve::real_part(sum)) : sum;
        }
      }
      for (Index i = 0; i < n; ++i) {
        for (Index j = 0; j < n; ++j) {
          A(i, j) = gram[static_cast<std::size_t>(i * n + j)];
        }
      }
    }
    return pack;
  }
  [[nodiscard]] hessolve::Batch<T> batch() { return {view_, count_, step_}; }
  [[nodiscard]] hessolve::Batch<T> backwards() { return {(*this)[count_ - 1], count_, -step_}; }
  [[nodiscard]] hessolve::Batch<T> part(Index first, Index count) { return {(*this)[first], count, step_}; }
  hessolve::MatrixView<T> operator[](Index k) { return batch()[k]; }
  [[nodiscard]] bool operator==(const Pack& other) const {
    return std::memcmp(data_.data(), other.data_.data(), data_.size() * sizeof(T)) == 0;
  }
  /// How many elements are still the mark.
  [[nodiscard]] std::size_t marks() const {
    std::size_t found = 0;
    for (const T& value : data_) {
      found += value == T(77) ? 1 : 0;
    }
    return found;
  }
  Pack(const Pack& other) : view_(other.view_), count_(other.count_), step_(other.step_), data_(other.data_) {
    view_.data = data_.data();
  }
  Pack& operator=(const Pack&) = delete;

 private:
  hessolve::MatrixView<T> view_;
  Index count_;
  Index step_ = 0;
  std::vector<T> data_;
};

}  // namespace problems
