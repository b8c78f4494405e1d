// SPDX-License-Identifier: BSD-3-Clause
#include "run.hpp"

#include <hessolve/least_squares/gram_schmidt.hpp>
#include <hessolve/least_squares/randomized.hpp>
#include <hessolve/least_squares/sketch.hpp>

namespace hessolve::bindings {
namespace {

GramSchmidt gram_schmidt_named(const std::string& word) {
  static constexpr const char* words[] = {"cgs",          "mgs",          "cgs2",      "householder",
                                          "cholesky-qr2", "cholesky-qr3", "randomized"};
  for (std::size_t i = 0; i < std::size(words); ++i) {
    if (word == words[i]) {
      return static_cast<GramSchmidt>(i);
    }
  }
  throw py::value_error("unknown method " + word);
}

/// One matrix: a report from work(diagnosis), whose non-finite outcome is blamed on A.
template <class T, class Work>
Report one_matrix(const Stack<T>& A, Work&& work) {
  return run({}, 1, A.rows() * A.cols(), !is_complex<T>,
             [&](Index, const Stop&, Certificate& certificate, Diagnosis& diagnosis) {
               const Outcome outcome = work(certificate);
               if (outcome.reason == Reason::non_finite) {
                 const auto [i, j] = find_non_finite<T>(Source<T>{A[0]});
                 diagnosis.argument = "A";
                 diagnosis.row = i;
                 diagnosis.col = j;
               }
               return outcome;
             });
}

py::array_t<std::int64_t> new_indices(Index size) { return py::array_t<std::int64_t>(size); }
Index* data_of(py::array_t<std::int64_t>& array) {
  static_assert(sizeof(Index) == sizeof(std::int64_t));
  return reinterpret_cast<Index*>(array.mutable_data());  // NOLINT: both are 64-bit signed integers
}

template <class T>
py::tuple orthonormalize_one(const py::array& a, const GramSchmidtOptions& options) {
  const Stack<T> A(a, "A");
  const Index r = std::min(A.rows(), A.cols());
  const py::array_t<T> q = new_array<T>({}, {A.rows(), r});
  const py::array_t<T> r_ = new_array<T>({}, {r, A.cols()});
  py::array_t<std::int64_t> permutation = new_indices(A.cols());
  const Stack<T> Q(q, "Q", true);
  const Stack<T> R(r_, "R", true);
  GramSchmidtReport found;
  Report report = one_matrix<T>(A, [&](Certificate& certificate) {
    const Outcome outcome = orthonormalize<T>(A[0], Q[0], R[0], data_of(permutation), options, &found);
    certificate.rank = found.rank;
    return outcome;
  });
  py::dict facts;
  facts["rank"] = found.rank;
  facts["loss"] = found.loss;
  facts["bound"] = found.bound;
  facts["condition"] = found.condition;
  const py::slice kept(0, found.rank, 1);
  const py::ellipsis all;
  return py::make_tuple(q[py::make_tuple(all, kept)], r_[py::make_tuple(kept, all)],
                        options.pivoting ? py::object(permutation) : py::object(py::none()), facts, std::move(report));
}

template <class T>
py::tuple randomized_svd_one(const py::array& a, Index rank, const RandomizedOptions& options) {
  const Stack<T> A(a, "A");
  const py::array_t<T> u = new_array<T>({}, {A.rows(), rank});
  py::array_t<Real<T>> s(rank);
  const py::array_t<T> vh = new_array<T>({}, {rank, A.cols()});
  const Stack<T> U(u, "U", true);
  const Stack<T> Vh(vh, "Vh", true);
  Real<T>* values = s.mutable_data();
  RandomizedReport found;
  Report report =
      one_matrix<T>(A, [&](Certificate&) { return randomized_svd<T>(A[0], U[0], values, Vh[0], options, &found); });
  return py::make_tuple(u, s, vh, found.error_bound, std::move(report));
}

template <class T>
py::tuple range_finder_one(const py::array& a, double tolerance, Index most, const RandomizedOptions& options) {
  const Stack<T> A(a, "A");
  const py::array_t<T> q = new_array<T>({}, {A.rows(), most});
  const Stack<T> Q(q, "Q", true);
  RandomizedReport found;
  Report report =
      one_matrix<T>(A, [&](Certificate&) { return range_finder<T>(A[0], tolerance, Q[0], options, found); });
  return py::make_tuple(q[py::make_tuple(py::ellipsis(), py::slice(0, found.rank, 1))], found.error_bound,
                        std::move(report));
}

template <class T>
py::tuple sample_one(const py::array& a, Index k, std::uint64_t seed, bool rows) {
  const Stack<T> A(a, "A");
  const py::array_t<T> s = rows ? new_array<T>({}, {k, A.cols()}) : new_array<T>({}, {A.rows(), k});
  const Stack<T> S(s, "S", true);
  py::array_t<std::int64_t> chosen = new_indices(k);
  py::array_t<double> probability(k);
  double* p = probability.mutable_data();
  Report report = one_matrix<T>(A, [&](Certificate&) {
    return rows ? sample_rows<T>(A[0], S[0], data_of(chosen), p, seed)
                : sample_columns<T>(A[0], S[0], data_of(chosen), p, seed);
  });
  return py::make_tuple(s, chosen, probability, std::move(report));
}

}  // namespace

void register_least_squares(py::module_& m) {
  using namespace py::literals;
  m.def(
      "orthonormalize",
      [](const py::array& a, const std::string& method, bool pivoting, double rtol, bool measure, std::uint64_t seed) {
        const GramSchmidtOptions options{gram_schmidt_named(method), pivoting, rtol, measure, seed};
        return with_scalar(a, [&](auto t) { return orthonormalize_one<decltype(t)>(a, options); });
      },
      "A"_a, py::kw_only(), "method"_a, "pivoting"_a, "rtol"_a, "measure"_a, "seed"_a);
  m.def(
      "sketch",
      [](const py::array& a, Index size, const std::string& kind, std::uint64_t seed) {
        return with_scalar(a, [&](auto t) -> py::array {
          using T = decltype(t);
          const Stack<T> A(a, "A");
          const py::array_t<T> s = new_array<T>({}, {size, A.cols()});
          const Stack<T> S(s, "S", true);
          const py::gil_scoped_release nogil;
          sketch<T>(A[0], S[0], kind == "gaussian" ? Sketch::gaussian : Sketch::sparse_sign, seed);
          return s;
        });
      },
      "A"_a, "size"_a, py::kw_only(), "kind"_a, "seed"_a);
  m.def(
      "randomized_svd",
      [](const py::array& a, Index rank, Index oversampling, int power_iterations, std::uint64_t seed, bool measure) {
        const RandomizedOptions options{oversampling, power_iterations, seed, measure};
        return with_scalar(a, [&](auto t) { return randomized_svd_one<decltype(t)>(a, rank, options); });
      },
      "A"_a, "rank"_a, py::kw_only(), "oversampling"_a, "power_iterations"_a, "seed"_a, "measure"_a);
  m.def(
      "range_finder",
      [](const py::array& a, double tolerance, Index most, std::uint64_t seed) {
        RandomizedOptions options;
        options.seed = seed;
        return with_scalar(a, [&](auto t) { return range_finder_one<decltype(t)>(a, tolerance, most, options); });
      },
      "A"_a, "tolerance"_a, "most"_a, py::kw_only(), "seed"_a);
  for (const bool rows : {true, false}) {
    m.def(
        rows ? "sample_rows" : "sample_columns",
        [rows](const py::array& a, Index k, std::uint64_t seed) {
          return with_scalar(a, [&](auto t) { return sample_one<decltype(t)>(a, k, seed, rows); });
        },
        "A"_a, "k"_a, py::kw_only(), "seed"_a);
  }
}

}  // namespace hessolve::bindings
