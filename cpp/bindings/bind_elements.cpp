// SPDX-License-Identifier: BSD-3-Clause
#include "operators.hpp"

#include <hessolve/hessian/elements.hpp>

namespace hessolve::bindings {
namespace {

/// An array (elements, k, k), strides in whole elements, as a batch.
template <class R>
Batch<R> batch_of(const py::array& blocks, const char* name) {
  if (blocks.ndim() != 3) {
    throw py::value_error(std::string("`") + name + "` must have three dimensions");
  }
  const Stack<R> checked(blocks, name);
  constexpr auto size = static_cast<py::ssize_t>(sizeof(R));
  const MatrixView<R> first{const_cast<R*>(static_cast<const R*>(blocks.data())), blocks.shape(1),  // NOLINT
                            blocks.shape(2), blocks.strides(1) / size, blocks.strides(2) / size};
  return {first, blocks.shape(0), blocks.strides(0) / size};
}

/// visit(R{}) with the dtype of the array.
template <class Visit>
py::tuple with_real(const py::array& array, Visit&& visit) {
  if (py::isinstance<py::array_t<float>>(array)) {
    return visit(float{});
  }
  if (py::isinstance<py::array_t<double>>(array)) {
    return visit(double{});
  }
  throw py::type_error("only float32 and float64 are supported here");
}

template <class I>
void register_assembler(py::module_& m, const char* name) {
  using namespace py::literals;
  using Assembler = ElementAssembler<I>;
  const auto pattern = [](const py::object& self, const I* data, Index size) {
    py::array_t<I> array(size, data, self);  // of the assembler's memory, which it keeps alive
    array.attr("setflags")("write"_a = false);
    return array;
  };
  py::class_<Assembler>(m, name, "The pattern of a sum of element matrices, and where each entry goes.")
      .def(py::init([](Index n, const py::array& dofs) {
             const Stack<I> checked(dofs, "dofs");
             const MatrixView<const I> view = checked[0];
             const py::gil_scoped_release nogil;
             return std::make_unique<Assembler>(n, view);
           }),
           "n"_a, "dofs"_a)
      .def_property_readonly("indptr",
                             [pattern](const py::object& self) {
                               const auto& a = self.cast<const Assembler&>();
                               return pattern(self, a.indptr(), a.size() + 1);
                             })
      .def_property_readonly("indices",
                             [pattern](const py::object& self) {
                               const auto& a = self.cast<const Assembler&>();
                               return pattern(self, a.indices(), a.nonzeros());
                             })
      .def(
          "assemble",
          [](const Assembler& a, const py::array& blocks, const py::object& fixed, const py::array& values) {
            return with_real(blocks, [&](auto t) -> py::tuple {
              using R = decltype(t);
              const Batch<const R> B = batch_of<R>(blocks, "blocks");
              const bool fits = py::isinstance<py::array_t<R, py::array::c_style>>(values) && values.writeable() &&
                                values.size() == a.nonzeros();
              if (!fits) {
                throw py::value_error("`values` must be a writeable vector of the blocks' dtype, one for each entry");
              }
              auto* out = const_cast<R*>(static_cast<const R*>(values.data()));  // NOLINT: it is writeable
              py::array_t<std::uint8_t, py::array::c_style> mask;
              if (!fixed.is_none()) {
                mask = fixed.cast<decltype(mask)>();
                if (mask.size() != a.size()) {
                  throw py::value_error("`fixed` must have a flag for each dof");
                }
              }
              const unsigned char* flags = fixed.is_none() ? nullptr : mask.data();
              Outcome outcome;
              {
                const py::gil_scoped_release nogil;
                outcome = a.template assemble<R>(B, flags, out, python_signals());
              }
              raise_if_interrupted();
              return as_tuple(outcome);
            });
          },
          "blocks"_a, "fixed"_a, "values"_a);
}

py::tuple project(const py::array& blocks, const std::string& projection) {
  return with_real(blocks, [&](auto t) -> py::tuple {
    using R = decltype(t);
    const Batch<const R> B = batch_of<R>(blocks, "blocks");
    const py::array_t<R> out = new_array<R>({}, {B.count, B.first.rows, B.first.cols});
    const Batch<R> P = batch_of<R>(out, "out");
    const Projection how = named(projection, Projection::abs);
    Outcome outcome;
    {
      const py::gil_scoped_release nogil;
      outcome = project_blocks<R>(B, how, P, python_signals());
    }
    raise_if_interrupted();
    return py::make_tuple(out, as_tuple(outcome));
  });
}

}  // namespace

void register_elements(py::module_& m) {
  using namespace py::literals;
  register_assembler<std::int32_t>(m, "ElementAssemblerInt32");
  register_assembler<std::int64_t>(m, "ElementAssemblerInt64");
  m.def(
      "find_stray_dof",
      [](Index n, const py::array& dofs) {
        const auto found = [&](auto i) {
          using I = decltype(i);
          const Stack<I> checked(dofs, "dofs");
          const py::gil_scoped_release nogil;
          return find_stray_dof<I>(n, checked[0]);
        };
        return py::isinstance<py::array_t<std::int32_t>>(dofs) ? found(std::int32_t{}) : found(std::int64_t{});
      },
      "n"_a, "dofs"_a);
  m.def("project_blocks", &project, "blocks"_a, "projection"_a);
}

}  // namespace hessolve::bindings
