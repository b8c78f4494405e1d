// SPDX-License-Identifier: BSD-3-Clause
#include "errors.hpp"

#include <pybind11/stl.h>

namespace hessolve::bindings {
namespace {

constexpr int reasons = static_cast<int>(Reason::stopped) + 1;
constexpr int kinds = static_cast<int>(Kind::general) + 1;

template <class Enum>
py::tuple names(int count) {
  py::tuple result(count);
  for (int i = 0; i < count; ++i) {
    result[static_cast<std::size_t>(i)] = name(static_cast<Enum>(i));
  }
  return result;
}

/// One field of every slice as an array of the batch shape.
template <class Out, class Get>
py::array_t<Out> gather(const Report& report, Get&& get) {
  py::array_t<Out> result(report.batch);
  Out* out = result.mutable_data();
  for (std::size_t i = 0; i < static_cast<std::size_t>(report.count); ++i) {
    out[i] = static_cast<Out>(get(report.outcome(i), report.certificate(i)));
  }
  return result;
}

}  // namespace

void register_report(py::module_& m) {
  m.attr("REASONS") = names<Reason>(reasons);
  m.attr("METHODS") = names<Method>(method_count);
  m.attr("STRUCTURES") = names<Kind>(kinds);
  using C = const Certificate&;
  using O = const Outcome&;
  py::class_<Report>(m, "Report", "What compiled solves found. Arrays have the batch shape (0-d for one system).")
      .def_property_readonly("method",
                             [](const Report& r) { return gather<std::int8_t>(r, [](O, C c) { return c.method; }); })
      .def_property_readonly("reason",
                             [](const Report& r) { return gather<std::int8_t>(r, [](O o, C) { return o.reason; }); })
      .def_property_readonly("where",
                             [](const Report& r) { return gather<std::int64_t>(r, [](O o, C) { return o.where; }); })
      .def_property_readonly("regime",
                             [](const Report& r) { return gather<std::int8_t>(r, [](O, C c) { return c.regime; }); })
      .def_property_readonly("structure",
                             [](const Report& r) {
                               return gather<std::int8_t>(r, [&](O, C c) {
                                 return r.real && c.structure == Kind::hermitian ? Kind::symmetric : c.structure;
                               });
                             })
      .def_property_readonly("rank",
                             [](const Report& r) { return gather<std::int64_t>(r, [](O, C c) { return c.rank; }); })
      .def_property_readonly("rcond", [](const Report& r) { return gather<double>(r, [](O, C c) { return c.rcond; }); })
      .def_property_readonly(
          "effective_condition",
          [](const Report& r) { return gather<double>(r, [](O, C c) { return c.effective_condition; }); })
      .def_property_readonly("backward_error",
                             [](const Report& r) { return gather<double>(r, [](O, C c) { return c.backward_error; }); })
      .def_property_readonly("forward_error",
                             [](const Report& r) { return gather<double>(r, [](O, C c) { return c.forward_error; }); })
      .def_property_readonly("proven", [](const Report& r) { return gather<bool>(r, [](O, C c) { return c.proven; }); })
      .def_property_readonly("residual_norm",
                             [](const Report& r) { return gather<double>(r, [](O, C c) { return c.residual_norm; }); })
      .def_property_readonly(
          "refinements", [](const Report& r) { return gather<std::int64_t>(r, [](O, C c) { return c.refinements; }); })
      .def_readonly("dependent", &Report::dependent)
      .def_property_readonly("non_finite",
                             [](const Report& r) -> py::object {
                               if (!r.non_finite) {
                                 return py::none();
                               }
                               return py::make_tuple(r.non_finite->argument, r.non_finite->row, r.non_finite->col);
                             })
      .def_readonly("seconds", &Report::seconds);
}

}  // namespace hessolve::bindings
