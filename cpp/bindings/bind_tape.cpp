// SPDX-License-Identifier: BSD-3-Clause
#include "tape_argument.hpp"

#include <pybind11/stl.h>

namespace hessolve::bindings {
namespace {

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

template <std::size_t count>
py::tuple tuple_of(const char* const (&names)[count]) {
  return py::tuple(py::cast(std::vector<std::string>(names, names + count)));
}

}  // namespace

void register_tape(py::module_& m) {
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
}

}  // namespace hessolve::bindings
