// SPDX-License-Identifier: BSD-3-Clause
#include "run.hpp"

#include <hessolve/least_squares/ridge.hpp>
#include <hessolve/least_squares/state.hpp>

#include <pybind11/stl.h>

#include <variant>

namespace hessolve::bindings {
namespace {

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

RidgeMethod ridge_method_named(const std::string& word) {
  for (const RidgeMethod method :
       {RidgeMethod::none, RidgeMethod::cholesky, RidgeMethod::augmented, RidgeMethod::svd, RidgeMethod::dual}) {
    if (word == name(method)) {
      return method;
    }
  }
  throw py::value_error("unknown method " + word);
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

template <class T>
py::tuple ridge_fit(const py::array& x, const py::array& y, const py::array_t<double>& alpha, const Maybe& weights,
                    bool intercept, const Maybe& penalty, const Maybe& prior, const std::string& method) {
  Problem<T> problem(x, y, weights, intercept, penalty, prior);
  problem.options.method = ridge_method_named(method);
  const Index n = problem.X.cols();
  const Index t = problem.Y.cols();
  const py::array_t<T> coef = new_array<T>({}, {n, t});
  py::array_t<T> intercepts(t);
  py::array_t<double> dof(t);
  const Stack<T> C(coef, "coef", true);
  std::vector<double> each(static_cast<std::size_t>(t));
  for (Index j = 0; j < t; ++j) {
    each[static_cast<std::size_t>(j)] = alpha.at(alpha.size() == 1 ? 0 : j);
  }
  T* b = intercepts.mutable_data();
  double* d = dof.mutable_data();
  RidgeMethod answered{};
  Report report = problem.run_once(
      [&] { return ridge<T>(problem.X[0], problem.Y[0], each.data(), C[0], b, d, problem.options, &answered); });
  return py::make_tuple(coef, intercepts, dof, name(answered), std::move(report));
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
  constexpr int steps = 50;
  for (int i = 0; i < steps; ++i) {
    result.push_back(largest * std::pow(smallest / largest, i / double(steps - 1)));
  }
  return result;
}

template <class T>
py::dict path_fit(const py::array& x, const py::array& y, const std::optional<py::array_t<double>>& alphas,
                  const Maybe& weights, bool intercept, const Maybe& penalty, const Maybe& prior) {
  Problem<T> problem(x, y, weights, intercept, penalty, prior);
  Report report({}, 1);
  const std::vector<double> grid = grid_of<T>(problem, alphas, report);
  const auto k = static_cast<Index>(grid.size());
  const Index n = problem.X.cols();
  const Index t = problem.Y.cols();
  py::array_t<double> used(k);
  std::copy(grid.begin(), grid.end(), used.mutable_data());
  py::array_t<T> coefs({n, t, k});
  py::array_t<T> intercepts({t, k});
  py::array_t<double> dof(k);
  py::array_t<double> gcv({t, k});
  py::array_t<double> loo({t, k});
  py::array_t<double> residual({t, k});
  py::array_t<double> solution({t, k});
  const RidgePath<T> out{coefs.mutable_data(), intercepts.mutable_data(), dof.mutable_data(),     gcv.mutable_data(),
                         loo.mutable_data(),   residual.mutable_data(),   solution.mutable_data()};
  if (report.outcomes[0].ok()) {
    report = problem.run_once(
        [&] { return ridge_path<T>(problem.X[0], problem.Y[0], grid.data(), k, out, problem.options); });
  }
  py::dict result;
  result["alphas"] = used;
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

using AnyState = std::variant<RegressionState<float>, RegressionState<double>>;
struct State {
  AnyState any;
};

template <class Call>
auto with_state(State& state, Call&& call) {
  return std::visit(
      [&](auto& one) {
        using S = std::remove_reference_t<decltype(one)>;
        if constexpr (std::is_same_v<S, RegressionState<float>>) {
          return call(one, float{});
        } else {
          return call(one, double{});
        }
      },
      state.any);
}

Report change(State& state, const py::array& x, const py::array& y, const Maybe& weights, bool out) {
  return with_state(state, [&](auto& one, auto t) {
    using T = decltype(t);
    Problem<T> problem(x, y, weights, false, std::nullopt, std::nullopt);
    return problem.run_once([&] {
      return out ? one.downdate(problem.X[0], problem.Y[0], problem.options.weights)
                 : one.update(problem.X[0], problem.Y[0], problem.options.weights);
    });
  });
}

py::tuple solve(State& state, const py::array_t<double>& alpha, const Maybe& penalty) {
  return with_state(state, [&](auto& one, auto t) {
    using T = decltype(t);
    const py::array_t<T> coef = new_array<T>({}, {one.features(), one.targets()});
    py::array_t<double> squares(one.targets());
    const Stack<T> C(coef, "coef", true);
    const MatrixView<const T> L = matrix_of<T>(penalty, "penalty");
    std::vector<double> each;
    for (Index j = 0; j < one.targets(); ++j) {
      each.push_back(alpha.at(alpha.size() == 1 ? 0 : j));
    }
    Index rank = 0;
    double* s = squares.mutable_data();
    Report report = run({}, 1, one.features(), true, [&](Index, const Stop&, Certificate& certificate, Diagnosis&) {
      const Outcome outcome = one.solve(each.data(), L, C[0], s, rank);
      certificate.rank = rank;
      return outcome;
    });
    return py::tuple(py::make_tuple(coef, squares, rank, std::move(report)));
  });
}

py::tuple saved(State& state) {
  return with_state(state, [](auto& one, auto t) {
    const auto bytes = one.save();
    const char* dtype = std::is_same_v<decltype(t), float> ? "float32" : "float64";
    const py::bytes content(reinterpret_cast<const char*>(bytes.data()), bytes.size());  // NOLINT
    return py::tuple(py::make_tuple(dtype, content));
  });
}

State restored(const py::tuple& state) {
  const auto bytes = state[1].cast<std::string>();
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());  // NOLINT
  if (state[0].cast<std::string>() == "float32") {
    return {RegressionState<float>::load(data, bytes.size())};
  }
  return {RegressionState<double>::load(data, bytes.size())};
}

}  // namespace

void register_regression(py::module_& m) {
  using namespace py::literals;
  m.def(
      "ridge",
      [](const py::array& x, const py::array& y, const py::array_t<double>& alpha, const Maybe& weights, bool intercept,
         const Maybe& penalty, const Maybe& prior, const std::string& method) {
        return with_real(
            x, [&](auto t) { return ridge_fit<decltype(t)>(x, y, alpha, weights, intercept, penalty, prior, method); });
      },
      "X"_a, "Y"_a, "alpha"_a, py::kw_only(), "weights"_a, "intercept"_a, "penalty"_a, "prior"_a, "method"_a);
  m.def(
      "ridge_path",
      [](const py::array& x, const py::array& y, const std::optional<py::array_t<double>>& alphas, const Maybe& weights,
         bool intercept, const Maybe& penalty, const Maybe& prior) {
        return with_real(
            x, [&](auto t) { return path_fit<decltype(t)>(x, y, alphas, weights, intercept, penalty, prior); });
      },
      "X"_a, "Y"_a, "alphas"_a, py::kw_only(), "weights"_a, "intercept"_a, "penalty"_a, "prior"_a);
  py::class_<State>(m, "RegressionState", "A regression that sees its rows in portions.")
      .def(py::init([](Index n, Index t, const std::string& dtype) {
             return dtype == "float32" ? State{RegressionState<float>(n, t)} : State{RegressionState<double>(n, t)};
           }),
           "n"_a, "t"_a, "dtype"_a)
      .def_property_readonly("n",
                             [](State& s) { return with_state(s, [](auto& one, auto) { return one.features(); }); })
      .def_property_readonly("t", [](State& s) { return with_state(s, [](auto& one, auto) { return one.targets(); }); })
      .def_property_readonly("dtype",
                             [](State& s) {
                               return with_state(s, [](auto&, auto t) {
                                 return std::is_same_v<decltype(t), float> ? "float32" : "float64";
                               });
                             })
      .def_property_readonly("count",
                             [](State& s) { return with_state(s, [](auto& one, auto) { return one.count(); }); })
      .def(
          "update",
          [](State& s, const py::array& x, const py::array& y, const Maybe& w) { return change(s, x, y, w, false); },
          "X"_a, "Y"_a, "weights"_a)
      .def(
          "downdate",
          [](State& s, const py::array& x, const py::array& y, const Maybe& w) { return change(s, x, y, w, true); },
          "X"_a, "Y"_a, "weights"_a)
      .def(
          "merge",
          [](State& s, State& other) {
            with_state(s, [&](auto& one, auto) {
              using S = std::remove_reference_t<decltype(one)>;
              if (!std::holds_alternative<S>(other.any)) {
                throw py::type_error("both states must have the same dtype");
              }
              one.merge(std::get<S>(other.any));
            });
          },
          "other"_a)
      .def("solve", &solve, "alpha"_a, "penalty"_a)
      .def("standard_errors",
           [](State& s) {
             return with_state(s, [](auto& one, auto t) -> py::array {
               const auto errors = new_array<decltype(t)>({}, {one.features(), one.targets()});
               one.standard_errors(Stack<decltype(t)>(errors, "errors", true)[0]);
               return errors;
             });
           })
      .def("state", &saved);
  m.def("regression_state_from", &restored, "state"_a);
}

}  // namespace hessolve::bindings
