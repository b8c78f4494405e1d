// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "run.hpp"

#include <hessolve/least_squares/ridge.hpp>

#include <pybind11/stl.h>

/// What the bindings of regressions share.
namespace hessolve::bindings {

using Maybe = std::optional<py::array>;

/// visit(T{}) for float32 and float64.
template <class Visit>
auto with_real(const py::array& array, Visit&& visit) {
  switch (array.dtype().num()) {
    case 11: return visit(float{});  // NumPy's type numbers
    case 12: return visit(double{});
    default: throw py::type_error("only float32 and float64 are supported here");
  }
}

/// A vector (m,) or a matrix as a view; without memory where there is none.
template <class T>
MatrixView<const T> matrix_of(const Maybe& array, const char* name) {
  if (!array) {
    return {};
  }
  const py::array two = array->ndim() == 1 ? array->attr("reshape")(-1, 1).cast<py::array>() : *array;
  return Stack<T>(two, name)[0];
}
template <class T>
VectorView<const T> vector_of(const Maybe& array, const char* name) {
  return array ? column_of(matrix_of<T>(array, name), 0) : VectorView<const T>{};
}

template <class T>
struct Problem {
  Problem(const py::array& x, const py::array& y, const Maybe& w, bool intercept, const Maybe& penalty,
          const Maybe& prior)
      : X(x, "X"),
        Y(y, "y") {
    options.intercept = intercept;
    options.weights = vector_of<T>(w, "sample_weight");
    options.penalty = matrix_of<T>(penalty, "penalty");
    if (penalty && penalty->ndim() == 1) {  // L = diag(l)
      const Index n = options.penalty.rows;
      diagonal = Matrix<T>(n, n);
      for (Index j = 0; j < n; ++j) {
        for (Index i = 0; i < n; ++i) {
          diagonal(i, j) = i == j ? options.penalty(i, 0) : T(0);
        }
      }
      options.penalty = diagonal.view();
    }
    options.prior = matrix_of<T>(prior, "prior_covariance");
  }

  /// The report of work(stop), a refused element of X or y named.
  template <class Work>
  Report run_once(Work&& work) {
    return run({}, 1, X.rows() * std::max<Index>(X.cols(), 1), true,
               [&](Index, const Stop& stop, Certificate&, Diagnosis& diagnosis) {
                 options.stop = stop;
                 const Outcome outcome = work();
                 if (outcome.reason == Reason::non_finite && outcome.where >= 0) {
                   auto bad = find_non_finite<T>(Source<T>{X[0]});
                   diagnosis.argument = bad.first >= 0 ? "X" : "y";
                   bad = bad.first >= 0 ? bad : find_non_finite<T>(Source<T>{Y[0]});
                   diagnosis.row = bad.first;
                   diagnosis.col = bad.second;
                 }
                 return outcome;
               });
  }

  Stack<T> X;
  Stack<T> Y;
  RidgeOptions<T> options;
  Matrix<T> diagonal;
};

/// `count` numbers in equal ratios.
inline py::array_t<double> geometric(double first, double last, Index count) {
  return py::module_::import("numpy").attr("geomspace")(first, last, count).cast<py::array_t<double>>();
}

/// The alphas asked for, or a geometric grid over the spectrum, largest first.
template <class T>
std::vector<double> grid_of(Problem<T>& problem, const std::optional<py::array_t<double>>& alphas, Report& report) {
  std::vector<double> result;
  if (alphas) {
    for (Index i = 0; i < alphas->size(); ++i) {
      result.push_back(alphas->at(i));
    }
    return result;
  }
  double smallest = 1;
  double largest = 1;
  report = problem.run_once([&] { return ridge_alpha_range<T>(problem.X[0], problem.options, smallest, largest); });
  constexpr Index steps = 50;
  const py::array_t<double> grid = geometric(largest, smallest, steps);
  result.assign(grid.data(), grid.data() + steps);
  return result;
}

/// The arrays of a ridge path of k penalties.
template <class T>
struct PathArrays {
  PathArrays(const std::vector<double>& grid, Index n, Index t)
      : alphas(static_cast<Index>(grid.size())),
        coefs({n, t, alphas.size()}),
        intercepts({t, alphas.size()}),
        dof(alphas.size()),
        gcv({t, alphas.size()}),
        loo({t, alphas.size()}),
        residual({t, alphas.size()}),
        solution({t, alphas.size()}),
        out{coefs.mutable_data(), intercepts.mutable_data(), dof.mutable_data(),     gcv.mutable_data(),
            loo.mutable_data(),   residual.mutable_data(),   solution.mutable_data()} {
    std::copy(grid.begin(), grid.end(), alphas.mutable_data());
  }

  py::dict named(Report&& report) const {
    py::dict result;
    result["alphas"] = alphas;
    result["coefs"] = coefs;
    result["intercepts"] = intercepts;
    result["dof"] = dof;
    result["gcv"] = gcv;
    result["loo"] = loo;
    result["residual_norm"] = residual;
    result["solution_norm"] = solution;
    result["report"] = std::move(report);
    return result;
  }

  py::array_t<double> alphas;
  py::array_t<T> coefs;
  py::array_t<T> intercepts;
  py::array_t<double> dof;
  py::array_t<double> gcv;
  py::array_t<double> loo;
  py::array_t<double> residual;
  py::array_t<double> solution;
  RidgePath<T> out;
};

}  // namespace hessolve::bindings
