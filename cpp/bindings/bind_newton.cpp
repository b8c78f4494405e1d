// SPDX-License-Identifier: BSD-3-Clause
#include "operators.hpp"

#include <hessolve/hessian/newton.hpp>

namespace hessolve::bindings {
namespace {

template <class R>
py::tuple step_of(const py::array& h, const py::array& g, const std::string& modify, bool repair) {
  const Stack<R> H(h, "H");
  if (!py::isinstance<py::array_t<R, py::array::c_style>>(g) || g.ndim() != 1 || g.size() != H.rows()) {
    throw py::value_error("`g` must be a contiguous vector of n elements of H's dtype");
  }
  py::array_t<R> p(g.size());
  const VectorView<const R> gradient{static_cast<const R*>(g.data()), g.size(), 1};
  const VectorView<R> step{p.mutable_data(), g.size(), 1};
  NewtonOptions options;
  options.repair = repair;
  options.modify = named(modify, Modification::cheng_higham);
  NewtonReport<R> report;
  Outcome outcome;
  {
    const py::gil_scoped_release nogil;
    outcome = newton_step<R>(H[0], gradient, step, options, report);
  }
  py::dict d;
  d["method"] = name(report.method);
  d["modified"] = report.modified;
  d["E_norm"] = report.E_norm;
  d["shift"] = report.shift;
  d["decrease"] = report.decrease;
  return py::make_tuple(py::make_tuple(static_cast<int>(outcome.reason), outcome.where), p, d);
}

}  // namespace

void register_newton(py::module_& m) {
  using py::literals::operator""_a;
  m.def(
      "newton_step",
      [](const py::array& H, const py::array& g, const std::string& modify, bool repair) {
        switch (H.dtype().num()) {
          case 11: return step_of<float>(H, g, modify, repair);  // NumPy's type numbers
          case 12: return step_of<double>(H, g, modify, repair);
          default: throw py::type_error("only float32 and float64 are supported here");
        }
      },
      "H"_a, "g"_a, "modify"_a, "repair"_a);
}

}  // namespace hessolve::bindings
