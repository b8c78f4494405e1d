// SPDX-License-Identifier: BSD-3-Clause
// Views, buffers, outcomes and the mistakes that are exceptions.
#include "check.hpp"

#include <cmath>
#include <cstring>
#include <limits>

namespace hs = hessolve;
using hs::Index;

namespace {

void views_address_the_same_elements() {
  std::vector<double> data(12);
  for (std::size_t i = 0; i < data.size(); ++i) {
    data[i] = static_cast<double>(i);
  }
  const auto rows = hs::row_major(data.data(), 3, 4);
  const auto cols = hs::column_major(data.data(), 4, 3);
  for (Index i = 0; i < 3; ++i) {
    for (Index j = 0; j < 4; ++j) {
      CHECK(rows(i, j) == static_cast<double>(4 * i + j));
      CHECK(&rows(i, j) == &cols(j, i));
      CHECK(&rows.transposed()(j, i) == &rows(i, j));
      CHECK(&rows.block(1, 1, 2, 3)(0, 0) == &rows(1, 1));
    }
  }
  const hs::MatrixView<const double> constant = rows;  // const is added without a word
  CHECK(&constant(2, 3) == &rows(2, 3));
}

void vectors_are_rows_columns_and_diagonals() {
  std::vector<double> data = {4, 1, 9, 2, 5, 9};  // 2 x 3, row by row
  const auto A = hs::row_major(data.data(), 2, 3);
  for (Index j = 0; j < 3; ++j) {
    CHECK(&hs::row_of(A, 1)[j] == &A(1, j));
    CHECK(hs::column_of(A, j).size == 2);
    CHECK(&hs::column_of(A, j)[1] == &A(1, j));
  }
  CHECK(hs::diagonal_of(A).size == 2);
  CHECK(&hs::diagonal_of(A)[1] == &A(1, 1));
  const hs::VectorView<const double> constant = hs::row_of(A, 0);
  CHECK(constant[2] == 9);
  // A strided vector serves wherever one column is wanted: solve with the last column of A as right-hand side.
  std::vector<double> x(4, 7.0);
  const hs::VectorView<double> every_other{x.data(), 2, 2};
  CHECK(hs::solve<double>(A.block(0, 0, 2, 2), hs::column_of(A, 2), every_other).ok());
  CHECK(std::abs(4 * x[0] + x[2] - 9) < 1e-14 && std::abs(2 * x[0] + 5 * x[2] - 9) < 1e-14);
  CHECK(x[1] == 7 && x[3] == 7);
}

void buffers_are_aligned_and_move() {
  for (const Index n : {1, 7, 1000}) {
    hs::Buffer<double> a(n);
    CHECK(reinterpret_cast<std::uintptr_t>(a.data()) % 64 == 0);
    double* memory = a.data();
    const hs::Buffer<double> b(std::move(a));
    CHECK(b.data() == memory);
    CHECK(b.size() == n);
  }
  for (const Index n : {1, 8, 512, 1024, 2048, 4096}) {
    const Index stride = hs::padded_stride<double>(n);
    CHECK(stride >= n);
    CHECK(stride * 8 % 64 == 0);
    CHECK(stride * 8 % 4096 != 0);
  }
}

void every_outcome_has_a_name_and_advice() {
  for (int i = 0; i <= static_cast<int>(hs::Reason::stopped); ++i) {
    const auto reason = static_cast<hs::Reason>(i);
    CHECK(std::strlen(hs::name(reason)) > 0);
    CHECK(std::strcmp(hs::name(reason), "unknown") != 0);
    CHECK(std::strlen(hs::advice(reason)) > 5);
  }
  const hs::NumericalError error({hs::Reason::singular, 3});
  CHECK(std::strncmp(error.what(), "singular at 3: ", 15) == 0);
}

template <class Call>
bool refuses(Call&& call) {
  try {
    call();
  } catch (const std::invalid_argument&) {
    return true;
  }
  return false;
}

void mistakes_are_exceptions() {
  std::vector<double> a(12, 1.0);
  std::vector<double> b(4);
  std::vector<double> x(4);
  const auto solve = [&](Index m, Index n, Index rows_b, Index rows_x) {
    return refuses([&] {
      (void)hs::solve(hs::row_major(a.data(), m, n), hs::column(b.data(), rows_b), hs::column(x.data(), rows_x));
    });
  };
  CHECK(solve(3, 4, 3, 4));  // not square
  CHECK(solve(3, 3, 2, 3));
  CHECK(solve(3, 3, 3, 2));
  CHECK(refuses(
      [&] { (void)hs::solve(hs::row_major(a.data(), 2, 2), hs::column(b.data(), 2), hs::column(b.data() + 1, 2)); }));
  CHECK(refuses(
      [&] { (void)hs::solve(hs::row_major(a.data(), 2, 2), hs::column(b.data(), 2), hs::column(a.data(), 2)); }));
  CHECK(refuses([&] { (void)hs::LU<double>(hs::row_major(a.data(), 3, 4)); }));
  CHECK(refuses([&] { (void)hs::rcond<double>(hs::row_major(a.data(), 3, 4)); }));
}

void non_finite_input_is_an_outcome() {
  const double bad = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> a = {1, 2, bad, 4};
  const std::vector<double> b = {1, 1};
  std::vector<double> x(2);
  const hs::Outcome outcome =
      hs::solve(hs::row_major(a.data(), 2, 2), hs::column(b.data(), 2), hs::column(x.data(), 2));
  CHECK(outcome.reason == hs::Reason::non_finite);
  CHECK(outcome.where == 1);  // the row
  CHECK(x[0] != x[0]);
}

}  // namespace

int main() {
  views_address_the_same_elements();
  vectors_are_rows_columns_and_diagonals();
  buffers_are_aligned_and_move();
  every_outcome_has_a_name_and_advice();
  mistakes_are_exceptions();
  non_finite_input_is_an_outcome();
  return check::report();
}
