// SPDX-License-Identifier: BSD-3-Clause
#include "operators.hpp"

#include <hessolve/hessian/glm.hpp>

namespace hessolve::bindings {
namespace {

template <class R>
VectorView<const R> vector_or_null(const py::object& value, const char* name) {
  if (value.is_none()) {
    return {};
  }
  const auto array = value.cast<py::array>();
  if (!py::isinstance<py::array_t<R, py::array::c_style>>(array) || array.ndim() != 1) {
    throw py::value_error(std::string("`") + name + "` must be a contiguous vector of X's dtype");
  }
  return {static_cast<const R*>(array.data()), array.size(), 1};
}

/// What both functions take besides X.
struct Loss {
  py::array coef;
  py::object y;
  py::object sample_weight;
  std::string family;
  double delta;
  bool intercept;
  double alpha;
  bool mean;

  template <class R>
  [[nodiscard]] GlmOptions<R> options() const {
    GlmOptions<R> options;
    options.family = named(family, Family::softmax);
    options.delta = static_cast<R>(delta);
    options.classes = coef.shape(0);
    options.y = vector_or_null<R>(y, "y");
    options.sample_weight = vector_or_null<R>(sample_weight, "sample_weight");
    options.intercept = intercept;
    options.alpha = static_cast<R>(alpha);
    options.mean = mean;
    return options;
  }
};

/// visit(X) with X a view: of an array, or of (indptr, indices, values, columns).
template <class Visit>
py::tuple with_matrix(const py::object& matrix, Visit&& visit) {
  if (py::isinstance<py::array>(matrix)) {
    const auto array = matrix.cast<py::array>();
    return py::isinstance<py::array_t<float>>(array) ? visit(MatrixView<const float>(Stack<float>(array, "X")[0]))
                                                     : visit(MatrixView<const double>(Stack<double>(array, "X")[0]));
  }
  const auto parts = matrix.cast<py::tuple>();
  const auto indptr = parts[0].cast<py::array>();
  const auto indices = parts[1].cast<py::array>();
  const auto values = parts[2].cast<py::array>();
  const Index rows = indptr.size() - 1;
  const Index cols = parts[3].cast<Index>();
  const auto by_index = [&](auto index) -> py::tuple {
    using I = decltype(index);
    const auto* starts = static_cast<const I*>(indptr.data());
    const auto* ends = static_cast<const I*>(indices.data());
    return py::isinstance<py::array_t<float>>(values)
               ? visit(CsrView<float, I>{rows, cols, starts, ends, static_cast<const float*>(values.data())})
               : visit(CsrView<double, I>{rows, cols, starts, ends, static_cast<const double*>(values.data())});
  };
  return py::isinstance<py::array_t<std::int32_t>>(indices) ? by_index(std::int32_t{}) : by_index(std::int64_t{});
}

template <class R>
R scalar_of(const MatrixView<const R>&);
template <class R, class I>
R scalar_of(const CsrView<R, I>&);

py::tuple hessian(const py::object& X, const Loss& loss) {
  return with_matrix(X, [&](const auto& view) -> py::tuple {
    using R = decltype(scalar_of(view));
    const Stack<R> coef(loss.coef, "coef");
    GlmOptions<R> options = loss.options<R>();
    options.stop = python_signals();
    const Index size = coef.rows() * coef.cols();
    const py::array_t<R> h = new_array<R>({}, {size, size});
    const Stack<R> H(h, "H", true);
    Outcome outcome;
    {
      const py::gil_scoped_release nogil;
      outcome = glm_hessian(view, MatrixView<const R>(coef[0]), options, H[0]);
    }
    raise_if_interrupted();
    return py::make_tuple(h, as_tuple(outcome));
  });
}

py::tuple make_operator(const py::object& X, const Loss& loss) {
  return with_matrix(X, [&](const auto& view) -> py::tuple {
    using R = decltype(scalar_of(view));
    const Stack<R> coef(loss.coef, "coef");
    const GlmOptions<R> options = loss.options<R>();
    Outcome outcome;
    AnyOperator::Pointer<R> made;
    {
      const py::gil_scoped_release nogil;
      made = glm_operator(view, MatrixView<const R>(coef[0]), options, outcome);
    }
    const py::object op = made ? py::cast(AnyOperator{made, X}) : py::none();
    return py::make_tuple(op, as_tuple(outcome));
  });
}

py::tuple gauss_newton_of(const py::array& jacobian, const py::object& weights, double damping) {
  const auto run = [&](auto t) -> py::tuple {
    using R = decltype(t);
    const Stack<R> J(jacobian, "J");
    const VectorView<const R> w = vector_or_null<R>(weights, "weights");
    const py::array_t<R> h = new_array<R>({}, {J.cols(), J.cols()});
    const Stack<R> H(h, "H", true);
    Outcome outcome;
    {
      const py::gil_scoped_release nogil;
      outcome = gauss_newton<R>(J[0], w, static_cast<R>(damping), H[0], python_signals());
    }
    raise_if_interrupted();
    return py::make_tuple(h, as_tuple(outcome));
  };
  return py::isinstance<py::array_t<float>>(jacobian) ? run(float{}) : run(double{});
}

}  // namespace

void register_glm(py::module_& m) {
  using namespace py::literals;
  py::class_<Loss>(m, "GlmLoss", "Coefficients, labels, weights and penalty of a generalised linear model.")
      .def(py::init([](py::array coef, py::object y, py::object sample_weight, std::string family, double delta,
                       bool intercept, double alpha, bool mean) {
             return Loss{std::move(coef), std::move(y), std::move(sample_weight), std::move(family), delta, intercept,
                         alpha,           mean};
           }),
           "coef"_a, "y"_a, "sample_weight"_a, "family"_a, "delta"_a, "intercept"_a, "alpha"_a, "mean"_a);
  m.def("glm_hessian", &hessian, "X"_a, "loss"_a);
  m.def("glm_operator", &make_operator, "X"_a, "loss"_a);
  m.def("gauss_newton", &gauss_newton_of, "J"_a, "weights"_a, "damping"_a);
}

}  // namespace hessolve::bindings
