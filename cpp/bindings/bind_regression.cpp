// SPDX-License-Identifier: BSD-3-Clause
#include "regression.hpp"

#include <hessolve/least_squares/state.hpp>

#include <variant>

namespace hessolve::bindings {
namespace {

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

template <class T>
py::dict path_fit(const py::array& x, const py::array& y, const std::optional<py::array_t<double>>& alphas,
                  const Maybe& weights, bool intercept, const Maybe& penalty, const Maybe& prior) {
  Problem<T> problem(x, y, weights, intercept, penalty, prior);
  Report report({}, 1);
  const std::vector<double> grid = grid_of<T>(problem, alphas, report);
  const PathArrays<T> arrays(grid, problem.X.cols(), problem.Y.cols());
  if (report.outcomes[0].ok()) {
    report = problem.run_once([&] {
      return ridge_path<T>(problem.X[0], problem.Y[0], grid.data(), static_cast<Index>(grid.size()), arrays.out,
                           problem.options);
    });
  }
  return arrays.named(std::move(report));
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
