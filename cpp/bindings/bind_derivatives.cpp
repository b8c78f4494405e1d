// SPDX-License-Identifier: BSD-3-Clause
#include "tape_argument.hpp"

#include <hessolve/hessian/differences.hpp>
#include <hessolve/hessian/grid.hpp>
#include <hessolve/hessian/star_coloring.hpp>

#include <pybind11/stl.h>

namespace hessolve::bindings {
namespace {

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

}  // namespace

void register_derivatives(py::module_& m) {
  using namespace py::literals;
  register_tape(m);
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
