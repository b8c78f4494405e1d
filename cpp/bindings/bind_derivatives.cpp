// SPDX-License-Identifier: BSD-3-Clause
#include "run.hpp"

#include <hessolve/hessian/differences.hpp>
#include <hessolve/hessian/grid.hpp>
#include <hessolve/hessian/star_coloring.hpp>

#include <pybind11/stl.h>

#include <array>

namespace hessolve::bindings {
namespace {

using Ids = py::array_t<std::int64_t>;
static_assert(sizeof(Index) == sizeof(std::int64_t));
constexpr Index most_axes = 64;  // NumPy's own limit

/// An argument of a recorded operation: an int64 array of nodes, or float64 numbers.
class Argument {
 public:
  Argument(const Tape& tape, const py::handle& value) {
    if (PyFloat_Check(value.ptr()) || PyLong_Check(value.ptr())) {
      number_ = value.cast<double>();
      operand_.numbers = &number_;
      return;
    }
    if (py::isinstance<Ids>(value)) {
      const auto array = py::reinterpret_borrow<py::array>(value);
      keep(array);
      operand_.ids = static_cast<const Tape::Id*>(array.data());
      for_all([&](Index at) {
        if (!tape.has(operand_.ids[at])) {
          throw py::value_error("these numbers belong to another evaluation");
        }
      });
      return;
    }
    const auto array = py::array_t<double, py::array::forcecast>::ensure(value);
    if (!array) {
      throw py::error_already_set();
    }
    keep(array);
    operand_.numbers = static_cast<const double*>(array.data());
  }

  [[nodiscard]] Index axes() const { return axes_; }
  /// The size along an axis of a result with `of` axes; 1 where this has none.
  [[nodiscard]] Index size(Index axis, Index of) const {
    return axis < of - axes_ ? 1 : array_.shape(axis - of + axes_);
  }
  /// This, broadcast to `axes` axes.
  Tape::Operand to(Index axes) {
    for (Index axis = 0; axis < axes; ++axis) {
      strides_[static_cast<std::size_t>(axis)] =
          size(axis, axes) == 1 ? 0 : array_.strides(axis - axes + axes_) / static_cast<Index>(sizeof(double));
    }
    operand_.strides = strides_.data();
    return operand_;
  }

 private:
  void keep(const py::array& array) {
    array_ = array;
    axes_ = array.ndim();
  }
  template <class Visit>
  void for_all(Visit&& visit) {
    const Index count = array_.size();
    const bool flat = (array_.flags() & py::array::c_style) != 0;
    (void)to(axes_);
    for (Index i = 0; i < count; ++i) {
      Index at = i;
      if (!flat) {
        Index rest = i;
        at = 0;
        for (Index axis = axes_ - 1; axis >= 0; --axis) {
          at += rest % array_.shape(axis) * strides_[static_cast<std::size_t>(axis)];
          rest /= array_.shape(axis);
        }
      }
      visit(at);
    }
  }

  py::array array_;
  Index axes_ = 0;
  double number_ = 0;
  Tape::Operand operand_;
  std::array<Index, most_axes> strides_;
};

/// The common shape of two arguments.
std::vector<py::ssize_t> together(const Argument& a, const Argument& b) {
  const Index axes = std::max(a.axes(), b.axes());
  std::vector<py::ssize_t> shape(static_cast<std::size_t>(axes));
  for (Index axis = 0; axis < axes; ++axis) {
    const Index m = a.size(axis, axes);
    const Index n = b.size(axis, axes);
    if (m != n && m != 1 && n != 1) {
      throw py::value_error("operands could not be broadcast together: sizes " + std::to_string(m) + " and " +
                            std::to_string(n) + " along axis " + std::to_string(axis));
    }
    shape[static_cast<std::size_t>(axis)] = m == 1 ? n : m;
  }
  return shape;
}

Tape::Shape view_of(const std::vector<py::ssize_t>& shape) { return {shape.data(), static_cast<Index>(shape.size())}; }

Ids unary(Tape& tape, int f, const py::object& a) {
  Argument x(tape, a);
  const auto shape = together(x, x);
  const Ids out(shape);
  tape.unary(static_cast<Unary>(f), view_of(shape), x.to(x.axes()), const_cast<Tape::Id*>(out.data()));  // NOLINT
  return out;
}

Ids binary(Tape& tape, int f, const py::object& a, const py::object& b) {
  Argument x(tape, a);
  Argument y(tape, b);
  const auto shape = together(x, y);
  const auto axes = static_cast<Index>(shape.size());
  Ids out(shape);
  tape.binary(static_cast<Binary>(f), view_of(shape), x.to(axes), y.to(axes), out.mutable_data());
  return out;
}

Ids row_dot(Tape& tape, const py::object& a, const py::object& b) {
  Argument x(tape, a);
  Argument y(tape, b);
  const auto shape = together(x, y);
  const auto axes = static_cast<Index>(shape.size());
  if (axes == 0) {
    throw py::value_error("row_dot needs an axis to sum over");
  }
  Ids out(std::vector<py::ssize_t>(shape.begin(), shape.end() - 1));
  tape.row_dot(view_of(shape), x.to(axes), y.to(axes), out.mutable_data());
  return out;
}

py::array_t<double> values(const Tape& tape, const py::object& ids) {
  Argument x(tape, ids);
  const auto shape = together(x, x);
  py::array_t<double> out(shape);
  double* to = out.mutable_data();
  const auto nodes = py::array_t<std::int64_t, py::array::c_style>::ensure(ids);
  for (Index i = 0; i < nodes.size(); ++i) {
    to[i] = tape.value(nodes.data()[i]);
  }
  return out;
}

void check(const Tape& tape, Tape::Id out) {
  if (!tape.has(out)) {
    throw py::value_error("this number belongs to another evaluation");
  }
}

py::tuple pattern_of(const Tape& tape, Tape::Id out) {
  check(tape, out);
  Pattern found;
  {
    const py::gil_scoped_release nogil;
    found = tape.pattern(out);
  }
  return py::make_tuple(Ids(static_cast<py::ssize_t>(found.indptr.size()), found.indptr.data()),
                        Ids(static_cast<py::ssize_t>(found.indices.size()), found.indices.data()));
}

py::tuple colored(const py::array_t<std::int64_t, py::array::c_style>& indptr,
                  const py::array_t<std::int64_t, py::array::c_style>& indices) {
  StarColoring found;
  {
    const Pattern pattern{{indptr.data(), indptr.data() + indptr.size()},
                          {indices.data(), indices.data() + indices.size()}};
    const py::gil_scoped_release nogil;
    found = star_coloring(pattern);
  }
  return py::make_tuple(Ids(static_cast<py::ssize_t>(found.color.size()), found.color.data()), found.colors,
                        Ids(static_cast<py::ssize_t>(found.from.size()), found.from.data()));
}

template <class T>
py::array_t<T> grid_of(const py::array& values, const std::vector<double>& spacing) {
  std::vector<Index> shape(values.shape(), values.shape() + values.ndim());
  std::vector<Index> strides;
  for (py::ssize_t axis = 0; axis < values.ndim(); ++axis) {
    strides.push_back(values.strides(axis) / static_cast<py::ssize_t>(sizeof(T)));
  }
  py::array_t<T> out = new_array<T>({values.shape(), values.shape() + values.ndim()}, {values.ndim(), values.ndim()});
  const auto* from = static_cast<const T*>(values.data());
  T* to = out.mutable_data();
  const py::gil_scoped_release nogil;
  hessian_grid<T>(from, shape.data(), strides.data(), static_cast<Index>(shape.size()), spacing.data(), to);
  return out;
}

py::tuple extrapolated(const py::array& values, const py::array& rounding, int p) {
  const Stack<double> D(values, "values");
  const Stack<double> R(rounding, "rounding");
  py::array_t<double> best(D.cols());
  py::array_t<double> error(D.cols());
  extrapolate(D[0], R[0], p, best.mutable_data(), error.mutable_data());
  return py::make_tuple(best, error);
}

template <std::size_t count>
py::tuple tuple_of(const char* const (&names)[count]) {
  return py::tuple(py::cast(std::vector<std::string>(names, names + count)));
}

}  // namespace

void register_derivatives(py::module_& m) {
  using namespace py::literals;
#define HESSOLVE_NAME(name) #name,
  m.attr("UNARY") = tuple_of({HESSOLVE_FOR_EACH_UNARY(HESSOLVE_NAME)});
  m.attr("BINARY") = tuple_of({HESSOLVE_FOR_EACH_BINARY(HESSOLVE_NAME)});
#undef HESSOLVE_NAME
  py::class_<Tape>(m, "Tape", "A computation written down as it runs, for its derivatives.")
      .def(py::init([](const py::array_t<double, py::array::c_style>& x) {
             auto tape = std::make_unique<Tape>();
             tape->variables(x.data(), x.size());
             return tape;
           }),
           "x"_a)
      .def_property_readonly("size", &Tape::size)
      .def("constants",
           [](Tape& tape, const py::object& numbers) {
             Argument x(tape, numbers);
             const auto shape = together(x, x);
             Ids out(shape);
             tape.constants(view_of(shape), x.to(x.axes()), out.mutable_data());
             return out;
           })
      .def("unary", &unary)
      .def("binary", &binary)
      .def("row_dot", &row_dot)
      .def("values", &values)
      .def("gradient",
           [](const Tape& tape, Tape::Id out) {
             check(tape, out);
             py::array_t<double> g(tape.variables());
             tape.gradient(out, g.mutable_data());
             return g;
           })
      .def("jacobian",
           [](const Tape& tape, const py::array_t<std::int64_t, py::array::c_style>& outs) {
             for (Index i = 0; i < outs.size(); ++i) {
               check(tape, outs.data()[i]);
             }
             const py::array_t<double> j = new_array<double>({}, {outs.size(), tape.variables()});
             const Stack<double> J(j, "J", true);
             release_for(tape.size() > 4096, [&] { tape.jacobian(outs.data(), outs.size(), J[0]); });
             return j;
           })
      .def("products",
           [](const Tape& tape, Tape::Id out, const py::array& v) {
             check(tape, out);
             const Stack<double> V(v, "v");
             if (V.rows() != tape.variables()) {
               throw py::value_error("`v` has as many rows as there are variables");
             }
             const py::array_t<double> p = new_array<double>({}, {V.rows(), V.cols()});
             const Stack<double> P(p, "P", true);
             release_for(tape.size() > 4096, [&] { tape.products(out, V[0], P[0]); });
             return p;
           })
      .def("hessian",
           [](const Tape& tape, Tape::Id out) {
             check(tape, out);
             const py::array_t<double> h = new_array<double>({}, {tape.variables(), tape.variables()});
             const Stack<double> H(h, "H", true);
             release_for(tape.size() > 4096, [&] { tape.hessian(out, H[0]); });
             return h;
           })
      .def("pattern", &pattern_of);
  m.def("star_coloring", &colored, "indptr"_a, "indices"_a);
  m.def("extrapolate", &extrapolated, "values"_a, "rounding"_a, "p"_a);
  m.def(
      "hessian_grid",
      [](const py::array& values, const std::vector<double>& spacing) {
        return with_scalar(values, [&](auto t) -> py::array { return grid_of<decltype(t)>(values, spacing); });
      },
      "values"_a, "spacing"_a);
}

}  // namespace hessolve::bindings
