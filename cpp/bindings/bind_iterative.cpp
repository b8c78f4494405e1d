// SPDX-License-Identifier: BSD-3-Clause
#include "operators.hpp"

namespace hessolve::bindings {
namespace {

constexpr Iteration last_iteration = Iteration::lsmr;

template <class Enum>
py::tuple names(Enum last) {
  py::tuple result(static_cast<std::size_t>(last) + 1);
  for (std::size_t i = 0; i <= static_cast<std::size_t>(last); ++i) {
    result[i] = name(static_cast<Enum>(i));
  }
  return result;
}

/// The caller's function, called with the interpreter's lock; True ends the iteration.
template <class T>
Observer<T> observer_for(const py::object& function, Index every, bool with_x, Index n) {
  if (function.is_none()) {
    return {};
  }
  return {every, [&function, with_x, n](Index k, double norm, const T* x) {
            const py::gil_scoped_acquire gil;
            py::object seen = py::none();
            if (with_x) {
              py::array_t<T> copy(n);
              std::copy_n(x, n, copy.mutable_data());
              seen = copy;
            }
            return function(k, norm, seen).is(py::bool_(true));
          }};
}

struct Wishes {
  IterateOptions options;
  py::object observer;
  Index every;
  bool with_x;
};

template <class T>
py::tuple iterate_with(const AnyOperator& A, const py::array& b, const py::array& x, const AnyOperator* M,
                       const Wishes& wishes) {
  const Stack<T> B(b, "b");
  const Stack<T> X(x, "x", true);
  const Operator<T>* preconditioner = M != nullptr ? &M->as<T>() : nullptr;
  const Observer<T> observer = observer_for<T>(wishes.observer, wishes.every, wishes.with_x, A.cols());
  Report report({}, 1);
  report.real = !is_complex<T>;
  IterateReport found;
  const auto start = std::chrono::steady_clock::now();
  {
    const py::gil_scoped_release nogil;
    report.outcomes[0] = iterate<T>(A.as<T>(), B[0], X[0], preconditioner, wishes.options, observer, &found);
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  raise_if_interrupted();
  Certificate& certificate = report.certificates[0];
  certificate.regime = 6;
  certificate.backward_error = found.backward_error;
  certificate.residual_norm = found.residual_norm;
  certificate.structure = found.structure;
  py::dict details;
  details["method"] = name(found.method);
  details["why"] = found.why;
  details["iterations"] = found.iterations;
  details["omega"] = found.omega;
  details["colors"] = found.colors;
  details["history"] = py::array_t<double>(static_cast<py::ssize_t>(found.history.size()), found.history.data());
  return py::make_tuple(std::move(report), details);
}

template <class T>
py::object vector_of(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

template <class T>
py::tuple rows_of(const typename Entries<T>::Rows& rows) {
  return py::make_tuple(vector_of(rows.indptr), vector_of(rows.indices), vector_of(rows.values));
}

py::tuple split(const AnyOperator& A, const std::string& method, double omega) {
  return A.with_scalar([&](auto t) {
    using T = decltype(t);
    typename Entries<T>::Rows S;
    typename Entries<T>::Rows rest;
    Relaxation choice{omega, ""};
    if (omega != omega) {
      choice = automatic_omega<T>(A.as<T>(), nullptr, named(method, last_iteration), Ordering::natural);
    }
    const Outcome outcome = splitting<T>(A.entries<T>(), named(method, last_iteration), choice.omega, S, rest);
    return py::make_tuple(as_tuple(outcome), rows_of<T>(S), rows_of<T>(rest), choice.omega);
  });
}

py::tuple predict(const AnyOperator& A, const std::string& method, double rtol, bool timed) {
  return A.with_scalar([&](auto t) {
    using T = decltype(t);
    const Entries<T>& matrix = A.entries<T>();
    Prediction found;
    Outcome outcome;
    {
      const py::gil_scoped_release nogil;
      outcome = timed ? predict_convergence<T>(matrix, named(method, last_iteration), rtol, found, python_signals())
                      : iteration_radius<T>(matrix, named(method, last_iteration), found, python_signals());
    }
    raise_if_interrupted();
    return py::make_tuple(as_tuple(outcome), found.spectral_radius, found.converges(), found.iterations, found.seconds,
                          found.reason);
  });
}

py::tuple precondition(const py::object& matrix, const std::string& kind) {
  const auto& A = matrix.cast<const AnyOperator&>();
  static constexpr const char* kinds[] = {"jacobi", "ssor", "block-jacobi", "ic0", "chebyshev"};
  const auto found = std::find(std::begin(kinds), std::end(kinds), kind);
  if (found == std::end(kinds)) {
    throw py::value_error("unknown kind " + kind);
  }
  return A.with_scalar([&](auto t) {
    using T = decltype(t);
    Outcome outcome;
    PreconditionerReport report;
    std::shared_ptr<Operator<T>> made;
    {
      const py::gil_scoped_release nogil;
      made = preconditioner<T>(A.entries<T>(), static_cast<PreconditionerKind>(found - std::begin(kinds)), outcome,
                               &report);
    }
    const py::object op = made ? py::cast(AnyOperator{AnyOperator::Pointer<T>(made), matrix}) : py::none();
    return py::make_tuple(op, as_tuple(outcome), report.shift, report.broke_down, report.highest);
  });
}

}  // namespace

void register_iterative(py::module_& m) {
  using namespace py::literals;
  m.attr("ITERATIONS") = names(last_iteration);
  m.attr("ORDERINGS") = names(Ordering::level);
  m.def(
      "iterate",
      [](const AnyOperator& A, const py::array& b, const py::array& x, const AnyOperator* M, const std::string& method,
         const std::string& ordering, double rtol, double atol, Index maxiter, double omega, bool random_rows,
         std::uint64_t seed, const py::object& observer, Index every, bool with_x) {
        Wishes wishes{{}, observer, every, with_x};
        wishes.options.method = named(method, last_iteration);
        wishes.options.ordering = named(ordering, Ordering::level);
        wishes.options.rtol = rtol;
        wishes.options.atol = atol;
        wishes.options.maxiter = maxiter;
        wishes.options.omega = omega;
        wishes.options.random_rows = random_rows;
        wishes.options.seed = seed;
        wishes.options.stop = python_signals();
        return with_scalar(b, [&](auto t) { return iterate_with<decltype(t)>(A, b, x, M, wishes); });
      },
      "A"_a, "b"_a, "x"_a, "M"_a, py::kw_only(), "method"_a, "ordering"_a, "rtol"_a, "atol"_a, "maxiter"_a, "omega"_a,
      "random_rows"_a, "seed"_a, "observer"_a, "every"_a, "with_x"_a);
  m.def(
      "sweep",
      [](const AnyOperator& A, const py::array& x, const py::array& b, const std::string& method, Index iterations,
         double omega, const std::string& ordering) {
        return with_scalar(b, [&](auto t) {
          using T = decltype(t);
          const Stack<T> X(x, "x", true);
          const Stack<T> B(b, "b");
          const Entries<T>& matrix = A.entries<T>();
          const Iteration which = named(method, last_iteration);
          const Ordering order = named(ordering, Ordering::level);
          Outcome outcome;
          {
            const py::gil_scoped_release nogil;
            outcome = sweep<T>(matrix, B[0], X[0], which, iterations, omega, order);
          }
          return as_tuple(outcome);
        });
      },
      "A"_a, "x"_a, "b"_a, py::kw_only(), "method"_a, "iterations"_a, "omega"_a, "ordering"_a);
  m.def("splitting", &split, "A"_a, "method"_a, "omega"_a);
  m.def("predict_convergence", &predict, "A"_a, "method"_a, "rtol"_a, "timed"_a);
  m.def(
      "spectral_radius",
      [](const AnyOperator& A) {
        return A.with_scalar([&](auto t) {
          using T = decltype(t);
          RadiusEstimate found;
          {
            const py::gil_scoped_release nogil;
            found = spectral_radius<T>(A.as<T>(), 0, python_signals());
          }
          raise_if_interrupted();
          return py::make_tuple(found.value, found.converged);
        });
      },
      "A"_a);
  m.def("preconditioner", &precondition, "A"_a, "kind"_a);
}

}  // namespace hessolve::bindings
