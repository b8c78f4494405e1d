// SPDX-License-Identifier: BSD-3-Clause
#include "regression.hpp"

#include <hessolve/least_squares/basis_pursuit.hpp>
#include <hessolve/least_squares/lasso.hpp>
#include <hessolve/least_squares/ridge_sparse.hpp>
#include <hessolve/least_squares/select_alpha.hpp>

namespace hessolve::bindings {
namespace {

using Alphas = std::optional<py::array_t<double>>;

/// The member of an enumeration whose name() is `word`.
template <class E>
E named(const std::string& word, std::initializer_list<E> all) {
  for (const E one : all) {
    if (word == name(one)) {
      return one;
    }
  }
  throw py::value_error("unknown option " + word);
}

template <class T>
py::dict lasso(const Alphas& alphas, Problem<T>& problem, LassoOptions<T>& options, Index count, double eps) {
  options.intercept = problem.options.intercept;
  options.weights = problem.options.weights;
  Report report({}, 1);
  double largest = 1;
  if (!alphas) {
    report = problem.run_once([&] { return lasso_alpha_max<T>(problem.X[0], problem.Y[0], options, largest); });
  }
  const py::array_t<double> used = alphas ? *alphas : geometric(largest, eps * largest, count);
  const Index k = used.size();
  const Index t = problem.Y.cols();
  py::array_t<T> coefs({problem.X.cols(), t, k});
  py::array_t<T> intercepts({t, k});
  py::array_t<double> gaps({t, k});
  py::array_t<std::int64_t> iterations({t, k});
  py::array_t<bool> converged({t, k});
  const LassoPath<T> out{coefs.mutable_data(), intercepts.mutable_data(), gaps.mutable_data(),
                         iterations.mutable_data(), converged.mutable_data()};
  const double* penalties = used.data();
  if (report.outcomes[0].ok()) {
    report = problem.run_once([&] {
      options.stop = problem.options.stop;
      return lasso_path<T>(problem.X[0], problem.Y[0], penalties, k, out, options);
    });
  }
  py::dict result;
  result["alphas"] = used;
  result["coefs"] = coefs;
  result["intercepts"] = intercepts;
  result["gaps"] = gaps;
  result["iterations"] = iterations;
  result["converged"] = converged;
  result["report"] = std::move(report);
  return result;
}

template <class T>
py::tuple pursue(const py::array& a, const py::array& b, double tol, Index most) {
  Problem<T> problem(a, b, std::nullopt, false, std::nullopt, std::nullopt);
  const py::array_t<T> x = new_array<T>({}, {problem.X.cols(), 1});
  const py::array_t<T> y = new_array<T>({}, {problem.X.rows(), 1});
  const Stack<T> x_out(x, "x", true);
  const Stack<T> y_out(y, "y", true);
  BasisPursuitReport found;
  Report report = problem.run_once([&] {
    return basis_pursuit<T>(problem.X[0], problem.Y[0], x_out[0], y_out[0], {tol, most, problem.options.stop}, &found);
  });
  if (report.non_finite && std::string(report.non_finite->argument) != "X") {
    report.non_finite->argument = "b";
  } else if (report.non_finite) {
    report.non_finite->argument = "A";
  }
  return py::make_tuple(x, y, found.gap, found.iterations, std::move(report));
}

template <class T>
py::tuple select(const py::array& x, const py::array& y, const Alphas& alphas, const std::string& word, double noise,
                 const Maybe& weights, bool intercept) {
  using C = AlphaCriterion;
  const C criterion = named(word, {C::loo, C::gcv, C::l_curve, C::discrepancy, C::max_element});
  Problem<T> problem(x, y, weights, intercept, std::nullopt, std::nullopt);
  Report report({}, 1);
  const bool grid_needed = criterion != C::max_element;
  const std::vector<double> grid = grid_needed ? grid_of<T>(problem, alphas, report) : std::vector<double>{};
  const PathArrays<T> arrays(grid, problem.X.cols(), problem.Y.cols());
  double chosen = 0;
  if (report.outcomes[0].ok()) {
    report = problem.run_once([&] {
      return select_alpha<T>(problem.X[0], problem.Y[0], grid.data(), static_cast<Index>(grid.size()), criterion, noise,
                             chosen, arrays.out, problem.options);
    });
  }
  const bool empty = !grid_needed && report.outcomes[0].ok();
  return py::make_tuple(chosen, empty ? py::dict() : arrays.named(std::move(report)));
}

template <class T, class I>
py::tuple sparse_ridge(const py::array& data, const py::array& indices, const py::array& indptr, Index rows, Index cols,
                       const py::array& y, const py::array_t<double>& alpha, const Maybe& weights, bool intercept,
                       const std::string& word) {
  using M = SparseRidgeMethod;
  const M method = named(word, {M::none, M::cholesky, M::cg});
  const Stack<T> Y(y, "y");
  const Index t = Y.cols();
  const CsrView<T, I> X{rows, cols, static_cast<const I*>(indptr.data()), static_cast<const I*>(indices.data()),
                        static_cast<const T*>(data.data())};
  RidgeOptions<T> options;
  options.intercept = intercept;
  options.weights = vector_of<T>(weights, "sample_weight");
  const py::array_t<T> coef = new_array<T>({}, {cols, t});
  const Stack<T> C(coef, "coef", true);
  py::array_t<T> intercepts(t);
  py::array_t<double> dof(t);
  const py::array_t<double> each = py::array_t<double>::ensure(py::module_::import("numpy").attr("ascontiguousarray")(
      py::module_::import("numpy").attr("broadcast_to")(alpha, t)));
  T* b = intercepts.mutable_data();
  double* d = dof.mutable_data();
  const double* a = each.data();
  M answered{};
  Report report = run({}, 1, rows + cols, true, [&](Index, const Stop& stop, Certificate& certificate, Diagnosis&) {
    options.stop = stop;
    Index steps = 0;
    const Outcome outcome = ridge_sparse<T, I>(X, Y[0], a, C[0], b, d, options, method, &answered, &steps);
    certificate.refinements = static_cast<int>(steps);
    return outcome;
  });
  return py::make_tuple(coef, intercepts, dof, name(answered), std::move(report));
}

}  // namespace

void register_lasso(py::module_& m) {
  using namespace py::literals;
  m.def(
      "lasso_path",
      [](const py::array& x, const py::array& y, const Alphas& alphas, double l1_ratio, const Maybe& weights,
         bool intercept, double tol, Index most, Index count, double eps, const Maybe& start, bool positive) {
        return with_real(x, [&](auto scalar) {
          using T = decltype(scalar);
          Problem<T> problem(x, y, weights, intercept, std::nullopt, std::nullopt);
          LassoOptions<T> options;
          options.l1_ratio = l1_ratio;
          options.positive = positive;
          options.start = matrix_of<T>(start, "coef0");
          options.tol = tol;
          options.max_iterations = most;
          return lasso<T>(alphas, problem, options, count, eps);
        });
      },
      "X"_a, "Y"_a, "alphas"_a, py::kw_only(), "l1_ratio"_a, "weights"_a, "intercept"_a, "tol"_a, "max_iterations"_a,
      "n_alphas"_a, "eps"_a, "coef0"_a, "positive"_a);
  m.def(
      "basis_pursuit",
      [](const py::array& a, const py::array& b, double tol, Index most) {
        return with_real(a, [&](auto t) { return pursue<decltype(t)>(a, b, tol, most); });
      },
      "A"_a, "b"_a, py::kw_only(), "tol"_a, "max_iterations"_a);
  m.def(
      "select_alpha",
      [](const py::array& x, const py::array& y, const Alphas& alphas, const std::string& criterion, double noise,
         const Maybe& weights, bool intercept) {
        return with_real(
            x, [&](auto t) { return select<decltype(t)>(x, y, alphas, criterion, noise, weights, intercept); });
      },
      "X"_a, "Y"_a, "alphas"_a, py::kw_only(), "criterion"_a, "noise"_a, "weights"_a, "intercept"_a);
  m.def(
      "ridge_sparse",
      [](const py::array& data, const py::array& indices, const py::array& indptr, Index rows, Index cols,
         const py::array& y, const py::array_t<double>& alpha, const Maybe& weights, bool intercept,
         const std::string& method) {
        return with_real(data, [&](auto t) {
          using T = decltype(t);
          return py::isinstance<py::array_t<std::int32_t>>(indices)
                     ? sparse_ridge<T, std::int32_t>(data, indices, indptr, rows, cols, y, alpha, weights, intercept,
                                                     method)
                     : sparse_ridge<T, std::int64_t>(data, indices, indptr, rows, cols, y, alpha, weights, intercept,
                                                     method);
        });
      },
      "data"_a, "indices"_a, "indptr"_a, "rows"_a, "cols"_a, "Y"_a, "alpha"_a, py::kw_only(), "weights"_a,
      "intercept"_a, "method"_a);
}

}  // namespace hessolve::bindings
