// SPDX-License-Identifier: BSD-3-Clause
#include "errors.hpp"
#include "kernel/limits.hpp"
#include "kernel/source.hpp"

#include <hessolve/core/parallel.hpp>
#include <hessolve/solve/plan.hpp>

namespace hessolve::bindings {
namespace {

template <class T>
py::dict explain(const py::array& a, Index right_hand_sides) {
  const Stack<T> A(a, "A");
  py::dict result;
  if (A.count() == 0) {
    throw py::value_error("`A` is an empty stack");
  }
  Structure structure = inspect<T>(A[0]);
  if (!is_complex<T> && structure.kind == Kind::symmetric) {
    structure.kind = Kind::hermitian;
  }
  const Plan steps = plan(structure, Method::none, right_hand_sides);
  py::tuple methods(static_cast<std::size_t>(steps.count));
  for (int i = 0; i < steps.count; ++i) {
    methods[static_cast<std::size_t>(i)] = name(steps.methods[i]);
  }
  const auto bad = find_non_finite<T>(Source<T>{A[0]});
  result["structure"] =
      !is_complex<T> && structure.kind == Kind::hermitian ? name(Kind::symmetric) : name(structure.kind);
  result["regime"] = steps.regime;
  result["methods"] = methods;
  result["flops"] = steps.flops;
  result["lower_bandwidth"] = structure.lower_bandwidth;
  result["upper_bandwidth"] = structure.upper_bandwidth;
  result["non_finite"] = bad.first < 0 ? py::object(py::none()) : py::object(py::make_tuple(bad.first, bad.second));
  return result;
}

}  // namespace

void register_system(py::module_& m) {
  using namespace py::literals;
  m.attr("__version__") = HESSOLVE_VERSION;
  m.def(
      "explain",
      [](const py::array& a, Index n_rhs) {
        return with_scalar(a, [&](auto t) { return explain<decltype(t)>(a, n_rhs); });
      },
      "A"_a, "n_rhs"_a);
  m.def("set_num_threads", &set_num_threads, "n"_a);
  m.def("get_num_threads", &get_num_threads);
  m.def("info", [] {
    py::dict result;
    result["version"] = HESSOLVE_VERSION;
    result["instruction_set"] = HESSOLVE_ISA_NAME;
    result["compiler"] = HESSOLVE_COMPILER;
    result["eigen"] = HESSOLVE_EIGEN_VERSION;
#ifdef _OPENMP
    result["openmp"] = std::to_string(_OPENMP);
#else
    result["openmp"] = "none";
#endif
    return result;
  });
  m.def(
      "gemm_rate",
      [](Index n, double seconds) {
        const py::gil_scoped_release nogil;
        return measured_gemm_rate(n, seconds);
      },
      "n"_a, "seconds"_a);
  m.def(
      "memory_bandwidth",
      [](double seconds) {
        const py::gil_scoped_release nogil;
        return measured_memory_bandwidth(seconds);
      },
      "seconds"_a);
}

}  // namespace hessolve::bindings
