// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/hessolve.hpp>

#include <cstdio>
#include <random>
#include <vector>

/// Just enough of a test framework: CHECK counts and names what fails; main returns report().
namespace check {

inline int failures = 0;
inline int count = 0;

inline void that(bool holds, const char* text, const char* file, int line, const char* what = "") {
  ++count;
  if (!holds && ++failures <= 50) {
    std::printf("%s:%d: %s  %s\n", file, line, text, what);
  }
}

inline int report() {
  std::printf("%d checks, %d failed\n", count, failures);
  return failures == 0 && count > 0 ? 0 : 1;
}

}  // namespace check

#define CHECK(condition) check::that((condition), #condition, __FILE__, __LINE__)
#define CHECK_FOR(condition, what) check::that((condition), #condition, __FILE__, __LINE__, (what).c_str())

namespace problems {

using hessolve::Index;

template <class T>
T normal(std::mt19937& generator) {
  std::normal_distribution<double> distribution;
  using R = hessolve::Real<T>;
  if constexpr (hessolve::is_complex<T>) {
    const auto re = static_cast<R>(distribution(generator));
    return {re, static_cast<R>(distribution(generator))};
  } else {
    return static_cast<R>(distribution(generator));
  }
}

/// A column-major matrix with a gap between its columns, so that a kernel that ignores the stride is found out.
template <class T>
class Dense {
 public:
  Dense(Index rows, Index cols, Index gap = 3)
      : rows_(rows),
        cols_(cols),
        stride_(rows + gap),
        data_(static_cast<std::size_t>(stride_ * cols + 1), T(77)) {}
  static Dense random(Index rows, Index cols, unsigned seed) {
    Dense A(rows, cols);
    std::mt19937 generator(seed);
    for (Index j = 0; j < cols; ++j) {
      for (Index i = 0; i < rows; ++i) {
        A(i, j) = normal<T>(generator);
      }
    }
    return A;
  }
  /// Hermitian; `shift` times n on the diagonal makes it positive definite.
  static Dense hermitian(Index n, unsigned seed, double shift) {
    Dense A = random(n, n, seed);
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < j; ++i) {
        A(j, i) = hessolve::conjugate(A(i, j));
      }
      A(j, j) = T(hessolve::real_part(A(j, j)) + static_cast<hessolve::Real<T>>(shift * static_cast<double>(n)));
    }
    return A;
  }
  T& operator()(Index i, Index j) { return data_[static_cast<std::size_t>(i + j * stride_)]; }
  const T& operator()(Index i, Index j) const { return data_[static_cast<std::size_t>(i + j * stride_)]; }
  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] Index cols() const { return cols_; }
  hessolve::ColMajor<T> view() { return {data_.data(), rows_, cols_, stride_}; }
  [[nodiscard]] hessolve::ColMajor<const T> view() const { return {data_.data(), rows_, cols_, stride_}; }
  /// The gaps between the columns are as they were.
  [[nodiscard]] bool gaps_untouched() const {
    for (Index j = 0; j < cols_; ++j) {
      for (Index i = rows_; i < stride_; ++i) {
        if (data_[static_cast<std::size_t>(i + j * stride_)] != T(77)) {
          return false;
        }
      }
    }
    return true;
  }
  bool operator==(const Dense& other) const { return data_ == other.data_; }

 private:
  Index rows_;
  Index cols_;
  Index stride_;
  std::vector<T> data_;
};

using Wide = std::complex<long double>;

template <class T>
Wide wide(const T& value) {
  return {static_cast<long double>(std::real(value)), static_cast<long double>(std::imag(value))};
}

/// op(A)(i, j)
template <class T>
Wide element(const Dense<T>& A, Index i, Index j, hessolve::Trans trans) {
  const Wide value = trans == hessolve::Trans::none ? wide(A(i, j)) : wide(A(j, i));
  return trans == hessolve::Trans::adjoint ? std::conj(value) : value;
}

/// max over columns of ||B - op(A) X|| / (||A|| ||X|| + ||B||), infinity norms, in long double.
template <class T>
double backward_error(const Dense<T>& A, const Dense<T>& X, const Dense<T>& B,
                      hessolve::Trans trans = hessolve::Trans::none) {
  double worst = 0;
  for (Index c = 0; c < B.cols(); ++c) {
    long double residual = 0;
    long double norm = 0;
    long double x = 0;
    long double b = 0;
    for (Index i = 0; i < B.rows(); ++i) {
      Wide r = wide(B(i, c));
      long double row = 0;
      for (Index j = 0; j < X.rows(); ++j) {
        const Wide a = element(A, i, j, trans);
        r -= a * wide(X(j, c));
        row += std::abs(a);
      }
      residual = std::max(residual, std::abs(r));
      norm = std::max(norm, row);
      b = std::max(b, std::abs(wide(B(i, c))));
    }
    for (Index j = 0; j < X.rows(); ++j) {
      x = std::max(x, std::abs(wide(X(j, c))));
    }
    if (!(residual == 0)) {
      const auto error = static_cast<double>(residual / (norm * x + b));
      worst = !(error <= worst) ? error : worst;
    }
  }
  return worst;
}

template <class T>
double bar(Index n) {
  return 4.0 * static_cast<double>(std::max<Index>(n, 1)) * static_cast<double>(hessolve::epsilon<T>);
}

inline constexpr Index sizes[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 199, 200, 201, 257};

template <class Body>
void for_each_scalar(Body&& body) {
  body(float{});
  body(double{});
  body(std::complex<float>{});
  body(std::complex<double>{});
}

}  // namespace problems
