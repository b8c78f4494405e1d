// SPDX-License-Identifier: BSD-3-Clause
#include "operators.hpp"

namespace hessolve::bindings {
namespace {

/// The data of a contiguous vector of index type I.
template <class I>
const I* index_data(const py::array& array, const char* name) {
  if (!py::isinstance<py::array_t<I, py::array::c_style>>(array) || array.ndim() != 1) {
    throw py::value_error(std::string("`") + name + "` must be a contiguous vector of one index type");
  }
  return static_cast<const I*>(array.data());
}

template <class T>
const T* value_data(const py::array& array, Index at_least) {
  if (!py::isinstance<py::array_t<T, py::array::c_style>>(array) || array.ndim() != 1 || array.size() < at_least) {
    throw py::value_error("`data` must be a contiguous vector, as long as the indices");
  }
  return static_cast<const T*>(array.data());
}

/// visit(I{}) with the type of an index array.
template <class Visit>
auto with_index(const py::array& indices, Visit&& visit) {
  if (py::isinstance<py::array_t<std::int32_t>>(indices)) {
    return visit(std::int32_t{});
  }
  if (py::isinstance<py::array_t<std::int64_t>>(indices)) {
    return visit(std::int64_t{});
  }
  throw py::type_error("indices must be int32 or int64");
}

py::tuple inspect(Index rows, Index cols, const py::array& indptr, const py::array& indices, bool order) {
  return with_index(indices, [&](auto i) -> py::tuple {
    using I = decltype(i);
    const I* starts = index_data<I>(indptr, "indptr");
    const I* ends = index_data<I>(indices, "indices");
    const Index stored = indices.size();
    if (indptr.size() != rows + 1) {
      throw py::value_error("`indptr` must have one element more than there are rows");
    }
    IndexReport report;
    {
      const py::gil_scoped_release nogil;
      report = inspect_indices<I>(rows, cols, starts, ends, stored, order);
    }
    static constexpr const char* faults[] = {"", "indptr", "out of range", "unsorted", "duplicate"};
    return py::make_tuple(faults[static_cast<int>(report.fault)], report.row, report.position);
  });
}

py::tuple sorted(Index rows, Index cols, const py::array& indptr, const py::array& indices, const py::array& values) {
  return with_index(indices, [&](auto i) -> py::tuple {
    return with_scalar(values, [&](auto t) -> py::tuple {
      using I = decltype(i);
      using T = decltype(t);
      const CsrView<T, I> A{rows, cols, index_data<I>(indptr, "indptr"), index_data<I>(indices, "indices"),
                            value_data<T>(values, indices.size())};
      py::array_t<I> starts(rows + 1);
      py::array_t<I> ends(A.nonzeros());
      py::array_t<T> out(A.nonzeros());
      const Index left = sort_rows<T, I>(A, starts.mutable_data(), ends.mutable_data(), out.mutable_data());
      const py::slice used(0, left, 1);
      return py::make_tuple(starts, py::object(ends[used]), py::object(out[used]));
    });
  });
}

AnyOperator sparse(Index rows, Index cols, const py::array& indptr, const py::array& indices, const py::array& values,
                   bool by_rows) {
  return with_index(indices, [&](auto i) -> AnyOperator {
    return with_scalar(values, [&](auto t) {
      using I = decltype(i);
      using T = decltype(t);
      const I* starts = index_data<I>(indptr, "indptr");
      const I* ends = index_data<I>(indices, "indices");
      const T* data = value_data<T>(values, indices.size());
      AnyOperator::Pointer<T> op = by_rows ? csr_operator(CsrView<T, I>{rows, cols, starts, ends, data})
                                           : csc_operator(CscView<T, I>{rows, cols, starts, ends, data});
      return AnyOperator{op, py::make_tuple(indptr, indices, values)};
    });
  });
}

AnyOperator dense(const py::array& a) {
  return with_scalar(a, [&](auto t) {
    using T = decltype(t);
    const Stack<T> A(a, "A");
    return AnyOperator{AnyOperator::Pointer<T>(dense_operator<T>(A[0])), a};
  });
}

AnyOperator python(Index rows, Index cols, const py::object& apply, const py::object& adjoint, const py::array& like) {
  return with_scalar(like, [&](auto t) {
    using T = decltype(t);
    return AnyOperator{AnyOperator::Pointer<T>(std::make_shared<PythonOperator<T>>(rows, cols, apply, adjoint)),
                       py::none()};
  });
}

/// y := A x or A^H x.
py::array product(const AnyOperator& A, const py::array& x, bool adjoint) {
  return with_scalar(x, [&](auto t) -> py::array {
    using T = decltype(t);
    const Operator<T>& op = A.as<T>();
    const T* in = value_data<T>(x, adjoint ? op.rows() : op.cols());
    py::array_t<T> y(adjoint ? op.cols() : op.rows());
    T* out = y.mutable_data();
    {
      const py::gil_scoped_release nogil;
      adjoint ? op.apply_adjoint(in, out) : op.apply(in, out);
    }
    return y;
  });
}

}  // namespace

void register_operators(py::module_& m) {
  using namespace py::literals;
  py::class_<AnyOperator>(m, "Operator",
                          "A linear map of fixed shape and dtype: a matrix, functions, a preconditioner.")
      .def_property_readonly("shape", [](const AnyOperator& A) { return py::make_tuple(A.rows(), A.cols()); })
      .def_property_readonly(
          "dtype",
          [](const AnyOperator& A) { return A.with_scalar([](auto t) { return py::dtype::of<decltype(t)>(); }); })
      .def_property_readonly(
          "has_adjoint",
          [](const AnyOperator& A) { return std::visit([](const auto& op) { return op->has_adjoint(); }, A.held); })
      .def(
          "apply", [](const AnyOperator& A, const py::array& x) { return product(A, x, false); }, "x"_a)
      .def(
          "apply_adjoint", [](const AnyOperator& A, const py::array& x) { return product(A, x, true); }, "x"_a)
      .def("structure",
           [](const AnyOperator& A) {
             return A.with_scalar([&](auto t) -> const char* {
               using T = decltype(t);
               const MatrixFacts facts = A.entries<T>().facts();
               return name(!facts.hermitian          ? Kind::general
                           : facts.positive_diagonal ? Kind::positive_definite_candidate
                           : is_complex<T>           ? Kind::hermitian
                                                     : Kind::symmetric);
             });
           })
      .def("find_non_finite", [](const AnyOperator& A) -> std::pair<Index, Index> {
        return A.with_scalar([&](auto t) { return A.entries<decltype(t)>().find_non_finite(); });
      });
  m.def("inspect_indices", &inspect, "rows"_a, "cols"_a, "indptr"_a, "indices"_a, "order"_a);
  m.def("sort_rows", &sorted, "rows"_a, "cols"_a, "indptr"_a, "indices"_a, "data"_a);
  m.def("sparse_operator", &sparse, "rows"_a, "cols"_a, "indptr"_a, "indices"_a, "data"_a, "by_rows"_a);
  m.def("dense_operator", &dense, "A"_a);
  m.def("python_operator", &python, "rows"_a, "cols"_a, "apply"_a, "adjoint"_a, "like"_a);
}

}  // namespace hessolve::bindings
