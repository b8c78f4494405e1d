// SPDX-License-Identifier: BSD-3-Clause
// A batch in one call does for every slice what the function of one matrix does, whatever lies around the slice.
#include "pack.hpp"

#include <stdexcept>

namespace hs = hessolve;
using hs::Index;
using problems::Pack;

namespace {

template <class T>
bool same_bits(hs::MatrixView<T> a, hs::MatrixView<T> b) {
  for (Index j = 0; j < a.cols; ++j) {
    for (Index i = 0; i < a.rows; ++i) {
      if (std::memcmp(&a(i, j), &b(i, j), sizeof(T)) != 0) {
        return false;
      }
    }
  }
  return true;
}

/// max |a - b| / max |b|; infinity where one is NaN and the other is not.
template <class T>
double difference(hs::MatrixView<T> a, hs::MatrixView<T> b) {
  double most = 0;
  double size = 0;
  for (Index j = 0; j < a.cols; ++j) {
    for (Index i = 0; i < a.rows; ++i) {
      const auto x = problems::wide(a(i, j));
      const auto y = problems::wide(b(i, j));
      const bool nan = x != x;
      if (nan != (y != y)) {
        return std::numeric_limits<double>::infinity();
      }
      if (!nan) {
        most = std::max(most, static_cast<double>(std::abs(x - y)));
        size = std::max(size, static_cast<double>(std::abs(y)));
      }
    }
  }
  return most == 0 ? 0 : most / size;
}

template <class T>
double tolerance(Index n, double condition) {
  return 40 * static_cast<double>(n + 1) * condition * static_cast<double>(hs::epsilon<T>);
}

constexpr Index singular_slice = 3;
constexpr Index nan_slice = 5;
constexpr Index slices = 19;  // a full group of every scalar's lanes, and an unfinished one

template <class T>
void spoil(Pack<T>& A, Index n, Index cols) {
  for (Index i = 0; i < n; ++i) {
    A[singular_slice](i, cols - 1) = cols > 1 ? A[singular_slice](i, 0) : T(0);
  }
  A[nan_slice](n / 2, cols / 2) = T(std::numeric_limits<hs::Real<T>>::quiet_NaN());
}

/// The batch's outcomes are those of the single calls, and the whole names the first bad slice.
void check_outcomes(hs::Outcome whole, const std::vector<hs::Outcome>& found, const std::vector<hs::Outcome>& expected,
                    const std::string& what) {
  Index first = -1;
  for (std::size_t k = 0; k < found.size(); ++k) {
    CHECK_FOR(found[k].reason == expected[k].reason && found[k].where == expected[k].where,
              what + " slice " + std::to_string(k) + " " + hs::name(found[k].reason));
    first = first < 0 && !found[k].ok() ? static_cast<Index>(k) : first;
  }
  CHECK_FOR(whole.ok() == (first < 0) && whole.where == first, what);
  CHECK_FOR(first < 0 || whole.reason == found[static_cast<std::size_t>(first)].reason, what);
}

template <class T>
void test_systems(Index n, typename Pack<T>::Layout layout, bool spoilt) {
  const std::string what = "n = " + std::to_string(n) + (hs::is_complex<T> ? " complex" : " real");
  Pack<T> A = Pack<T>::random(slices, n, n, layout, static_cast<unsigned>(n));
  for (Index k = 0; k < slices; ++k) {
    for (Index i = 0; i < n; ++i) {
      A[k](i, i) += T(static_cast<hs::Real<T>>(2 * n));  // well-conditioned
    }
  }
  if (spoilt) {
    spoil(A, n, n);
  }
  const Pack<T> kept = A;
  for (const Index k : {Index(1), Index(3)}) {
    Pack<T> B = Pack<T>::random(slices, n, k, layout, 7);
    Pack<T> X(slices, n, k, layout);
    Pack<T> expected(slices, n, k, layout);
    std::vector<hs::Outcome> found(static_cast<std::size_t>(slices));
    std::vector<hs::Outcome> single(found.size());
    const hs::Outcome whole = hs::solve(A.batch(), B.batch(), X.batch(), found.data());
    for (Index s = 0; s < slices; ++s) {
      single[static_cast<std::size_t>(s)] = hs::solve(A[s], B[s], expected[s]);
      CHECK_FOR(difference(X[s], expected[s]) <= tolerance<T>(n, 10), what + " slice " + std::to_string(s));
    }
    check_outcomes(whole, found, single, "solve " + what);
    CHECK_FOR(X.marks() == expected.marks(), what);
    CHECK_FOR(A == kept, what);

    Pack<T> again(slices, n, k, layout);  // the bits depend neither on place nor on count nor on threads
    (void)hs::solve(A.backwards(), B.backwards(), again.backwards(), nullptr);
    CHECK_FOR(again == X, what + " backwards");
    for (const Index first : {Index(0), Index(2), Index(11)}) {
      Pack<T> part(slices, n, k, layout);
      (void)hs::solve(A.part(first, 3), B.part(first, 3), part.part(first, 3), nullptr);
      for (Index s = first; s < first + 3; ++s) {
        CHECK_FOR(same_bits(part[s], X[s]), what + " part");
      }
    }
    hs::set_num_threads(1);
    Pack<T> serial(slices, n, k, layout);
    (void)hs::solve(A.batch(), B.batch(), serial.batch(), nullptr);
    CHECK_FOR(serial == X, what + " on one thread");
    hs::set_num_threads(0);
  }
  Pack<T> X(slices, n, n, layout);
  Pack<T> expected(slices, n, n, layout);
  std::vector<hs::Outcome> found(static_cast<std::size_t>(slices));
  std::vector<hs::Outcome> single(found.size());
  const hs::Outcome whole = hs::inv(A.batch(), X.batch(), found.data());
  for (Index s = 0; s < slices; ++s) {
    single[static_cast<std::size_t>(s)] = hs::inv(A[s], expected[s]);
    CHECK_FOR(difference(X[s], expected[s]) <= tolerance<T>(n, 10), "inv " + what + " slice " + std::to_string(s));
  }
  check_outcomes(whole, found, single, "inv " + what);

  std::vector<T> values(static_cast<std::size_t>(slices));
  std::vector<hs::Determinant<T>> parts(values.size());
  (void)hs::det(A.batch(), values.data(), nullptr);
  const hs::Outcome told = hs::slogdet(A.batch(), parts.data(), found.data());
  CHECK_FOR(told.ok() != spoilt, what);
  for (Index s = 0; s < slices; ++s) {
    const auto slot = static_cast<std::size_t>(s);
    const hs::Determinant<T> one = hs::slogdet<T>(A[s]);
    const bool nan = spoilt && s == nan_slice;
    CHECK_FOR(nan == (found[slot].reason == hs::Reason::non_finite) && nan != found[slot].ok(), what);
    if (nan) {
      CHECK_FOR(parts[slot].mantissa != parts[slot].mantissa && values[slot] != values[slot], what);
      continue;
    }
    if (spoilt && s == singular_slice) {  // 0, or what rounding leaves of it
      CHECK_FOR(parts[slot].log_modulus() < parts[0].log_modulus() - 5, what);
      continue;
    }
    CHECK_FOR(std::abs(parts[slot].log_modulus() - one.log_modulus()) <=
                  static_cast<hs::Real<T>>(tolerance<T>(n, 1)) * (1 + std::abs(one.log_modulus())),
              what);
    CHECK_FOR(std::abs(parts[slot].sign() - one.sign()) <= static_cast<hs::Real<T>>(tolerance<T>(n, 1)), what);
    CHECK_FOR(values[slot] == parts[slot].value() || !(std::abs(values[slot]) < 1e30F), what);
  }
}

template <class T>
void test_hermitian(Index n, typename Pack<T>::Layout layout) {
  const std::string what = "n = " + std::to_string(n) + (hs::is_complex<T> ? " complex" : " real");
  Pack<T> A = Pack<T>::definite(slices, n, layout, static_cast<unsigned>(n));
  A[singular_slice](n - 1, n - 1) = T(-1);  // not definite
  A[nan_slice](n - 1, 0) = T(std::numeric_limits<hs::Real<T>>::quiet_NaN());
  Pack<T> L(slices, n, n, layout);
  Pack<T> expected(slices, n, n, layout);
  std::vector<hs::Outcome> found(static_cast<std::size_t>(slices));
  std::vector<hs::Outcome> single(found.size());
  const hs::Outcome whole = hs::cholesky(A.batch(), L.batch(), found.data());
  for (Index s = 0; s < slices; ++s) {
    single[static_cast<std::size_t>(s)] = hs::cholesky(A[s], expected[s]);
    CHECK_FOR(difference(L[s], expected[s]) <= tolerance<T>(n, static_cast<double>(n * n)), "cholesky " + what);
  }
  check_outcomes(whole, found, single, "cholesky " + what);
  CHECK_FOR(whole.reason == hs::Reason::not_positive_definite && whole.where == singular_slice, what);

  Pack<T> V(slices, n, n, layout);
  std::vector<hs::Real<T>> w(static_cast<std::size_t>(slices * n));
  std::vector<hs::Real<T>> alone(w.size());
  const hs::Outcome eigen = hs::eigh(A.batch(), w.data(), V.batch(), found.data());
  (void)hs::eigh(A.batch(), alone.data(), hs::Batch<T>{}, nullptr);
  for (Index s = 0; s < slices; ++s) {
    const hs::Real<T>* values = w.data() + s * n;
    std::vector<hs::Real<T>> single_values(static_cast<std::size_t>(n));
    const hs::Outcome one = hs::eigh(A[s], single_values.data(), expected[s]);
    CHECK_FOR(one.reason == found[static_cast<std::size_t>(s)].reason, "eigh " + what);
    if (s == nan_slice) {
      CHECK_FOR(values[0] != values[0] && V[s](0, 0) != V[s](0, 0), what);
      continue;
    }
    const double size = std::max(std::abs(static_cast<double>(values[0])), static_cast<double>(values[n - 1]));
    for (Index c = 0; c < n; ++c) {  // A v = w v, v of length 1
      CHECK_FOR(std::abs(static_cast<double>(single_values[static_cast<std::size_t>(c)] - values[c])) <=
                    tolerance<T>(n, 1) * size,
                what);
      CHECK_FOR(std::abs(static_cast<double>(alone[static_cast<std::size_t>(s * n + c)] - values[c])) <=
                    tolerance<T>(n, 1) * size,
                what);
      double worst = 0;
      double length = 0;
      for (Index i = 0; i < n; ++i) {
        problems::Wide r = -problems::wide(V[s](i, c)) * static_cast<long double>(values[c]);
        for (Index j = 0; j < n; ++j) {
          r += problems::wide(i >= j ? A[s](i, j) : hs::conjugate(A[s](j, i))) * problems::wide(V[s](j, c));
        }
        worst = std::max(worst, static_cast<double>(std::abs(r)));
        length += static_cast<double>(std::norm(problems::wide(V[s](i, c))));
      }
      CHECK_FOR(worst <= tolerance<T>(n, 1) * size && std::abs(length - 1) <= tolerance<T>(n, 1), "eigh " + what);
    }
  }
  CHECK_FOR(!eigen.ok() && eigen.where == nan_slice, what);
}

template <class T>
void test_least_squares(Index m, Index n, typename Pack<T>::Layout layout) {
  const std::string what = std::to_string(m) + " x " + std::to_string(n) + (hs::is_complex<T> ? " complex" : " real");
  Pack<T> A = Pack<T>::random(slices, m, n, layout, static_cast<unsigned>(m + n));
  spoil(A, m, n);
  Pack<T> B = Pack<T>::random(slices, m, 2, layout, 3);
  Pack<T> X(slices, n, 2, layout);
  Pack<T> expected(slices, n, 2, layout);
  std::vector<hs::Outcome> found(static_cast<std::size_t>(slices));
  std::vector<hs::Outcome> single(found.size());
  const hs::Outcome whole = hs::lstsq(A.batch(), B.batch(), X.batch(), found.data());
  for (Index s = 0; s < slices; ++s) {
    single[static_cast<std::size_t>(s)] = hs::lstsq(A[s], B[s], expected[s]);
    CHECK_FOR(difference(X[s], expected[s]) <= tolerance<T>(m, 50), "lstsq " + what + " slice " + std::to_string(s));
  }
  check_outcomes(whole, found, single, "lstsq " + what);
  CHECK_FOR(whole.reason == hs::Reason::non_finite && whole.where == nan_slice, what);
}

/// Slices of A, b and x in one struct each, one A for all, no slice at all, and mistakes.
void test_arrangements() {
  struct System {
    double A[4];
    double b[2];
    double x[2];
  };
  std::vector<System> systems(50);
  for (std::size_t k = 0; k < systems.size(); ++k) {
    systems[k] = {{2, 1, 1, static_cast<double>(k + 2)}, {4, 1 + 2 * static_cast<double>(k + 2) - 1}, {0, 0}};
  }
  constexpr Index step = sizeof(System) / sizeof(double);
  const auto count = static_cast<Index>(systems.size());
  const hs::Batch<double> A{hs::row_major(systems[0].A, 2, 2), count, step};
  const hs::Batch<double> b{hs::column_major(systems[0].b, 2, 1), count, step};
  const hs::Batch<double> x{hs::column_major(systems[0].x, 2, 1), count, step};
  CHECK(hs::solve(A, b, x, nullptr).ok());
  for (const System& s : systems) {
    CHECK(std::abs(s.A[0] * s.x[0] + s.A[1] * s.x[1] - s.b[0]) < 1e-12);
    CHECK(std::abs(s.A[2] * s.x[0] + s.A[3] * s.x[1] - s.b[1]) < 1e-10);
  }
  const hs::Batch<double> one_A{hs::row_major(systems[7].A, 2, 2), count, 0};
  CHECK(hs::solve(one_A, b, x, nullptr).ok());
  CHECK(std::abs(systems[7].A[2] * systems[9].x[0] + systems[7].A[3] * systems[9].x[1] - systems[9].b[1]) < 1e-10);
  const hs::Batch<double> none{hs::row_major(systems[0].A, 2, 2), 0, step};
  const hs::Batch<double> no_b{hs::column_major(systems[0].b, 2, 1), 0, step};
  const hs::Batch<double> no_x{hs::column_major(systems[0].x, 2, 1), 0, step};
  CHECK(hs::solve(none, no_b, no_x, nullptr).ok());

  const auto refused = [](auto&& call) {
    try {
      call();
    } catch (const std::invalid_argument&) {
      return true;
    }
    return false;
  };
  const hs::Batch<double> same{hs::column_major(systems[0].x, 2, 1), count, 0};
  CHECK(refused([&] { (void)hs::solve(A, b, b, nullptr); }));     // X is B
  CHECK(refused([&] { (void)hs::solve(A, b, same, nullptr); }));  // all answers in one place
  CHECK(refused([&] { (void)hs::solve(A, no_b, x, nullptr); }));  // other counts
  CHECK(refused([&] { (void)hs::solve(A, A, x, nullptr); }));     // shapes
  CHECK(refused([&] { (void)hs::inv(A, A, nullptr); }));
}

/// A stop request leaves `stopped` in what was not done, and nowhere else.
void test_stop() {
  constexpr Index count = 400;
  for (const int polls :
       {0, 2, 1002}) {  // the last on several threads, of which others may be done before the caller's
    hs::set_num_threads(polls < 1000 ? 1 : 0);
    for (const Index n : {Index(4), Index(40)}) {
      Pack<double> A = Pack<double>::definite(count, n, Pack<double>::Layout::columns, 1);
      Pack<double> B = Pack<double>::random(count, n, 1, Pack<double>::Layout::columns, 2);
      Pack<double> X(count, n, 1, Pack<double>::Layout::columns);
      Pack<double> expected(count, n, 1, Pack<double>::Layout::columns);
      std::vector<hs::Outcome> outcomes(count);
      int left = polls % 1000;
      hs::SolveOptions options;
      options.stop = {[](void* rest) { return --*static_cast<int*>(rest) < 0; }, &left};
      const hs::Outcome whole = hs::solve(A.batch(), B.batch(), X.batch(), outcomes.data(), options);
      CHECK(polls > 0 || whole.reason == hs::Reason::stopped);
      CHECK(whole.ok() == (left >= 0));  // it was asked to stop, or it is done
      Index done = 0;
      for (Index k = 0; k < count; ++k) {
        const hs::Outcome one = outcomes[static_cast<std::size_t>(k)];
        CHECK(one.ok() || one.reason == hs::Reason::stopped);
        if (one.ok()) {
          ++done;
          CHECK(hs::solve(A[k], B[k], expected[k]).ok() && difference(X[k], expected[k]) < 1e-10);
        }
      }
      CHECK(whole.ok() == (done == count) && (polls > 0 || done == 0));
      CHECK(n < 40 || polls != 2 || done == 128);  // asked at every 64th
    }
  }
  hs::set_num_threads(0);
}

}  // namespace

int main() {
  problems::for_each_scalar([](auto t) {
    using T = decltype(t);
    using Layout = typename Pack<T>::Layout;
    for (Index n = 1; n <= 40; n += n < 10 ? 1 : n == 31 || n == 32 ? 1 : 3) {
      const Layout layout = n % 3 == 0 ? Layout::columns : n % 3 == 1 ? Layout::rows : Layout::interleaved;
      test_systems<T>(n, layout, true);
      test_systems<T>(n, layout, false);
      test_hermitian<T>(n, layout);
      test_least_squares<T>(2 * n + 3, n, layout);
    }
    test_least_squares<T>(4, 9, Layout::rows);
  });
  test_arrangements();
  test_stop();
  return check::report();
}
