// SPDX-License-Identifier: BSD-3-Clause
#include "operators.hpp"

#include <hessolve/solve/sparse.hpp>

namespace hessolve::bindings {
namespace {

template <class T>
T scalar_of(const SparseFactor<T>&);
template <class Factor>
using ScalarOf = decltype(scalar_of(std::declval<const std::decay_t<Factor>&>()));

/// A factor, the operator it was made from, and what keeps both alive.
struct AnyFactor {
  template <class T>
  using Pointer = std::shared_ptr<SparseFactor<T>>;
  std::variant<Pointer<float>, Pointer<double>, Pointer<std::complex<float>>, Pointer<std::complex<double>>> held;
  AnyOperator matrix;
};

SparseKind kind_named(const std::string& word) { return named(word, SparseKind::qr); }

template <class T, class I>
AnyFactor factored(Index rows, Index cols, const py::array& indptr, const py::array& indices, const py::array& values,
                   bool by_rows, SparseKind kind, double most) {
  const auto* starts = static_cast<const I*>(indptr.data());
  const auto* ends = static_cast<const I*>(indices.data());
  const auto* data = static_cast<const T*>(values.data());
  AnyFactor::Pointer<T> factor;
  AnyOperator::Pointer<T> op;
  {
    const py::gil_scoped_release nogil;
    if (by_rows) {
      op = csr_operator(CsrView<T, I>{rows, cols, starts, ends, data});
      factor = factor_sparse(CsrView<T, I>{rows, cols, starts, ends, data}, kind, most);
    } else {
      op = csc_operator(CscView<T, I>{rows, cols, starts, ends, data});
      factor = factor_sparse(CscView<T, I>{rows, cols, starts, ends, data}, kind, most);
    }
  }
  return {factor, {op, py::make_tuple(indptr, indices, values)}};
}

std::optional<AnyFactor> factor(Index rows, Index cols, const py::array& indptr, const py::array& indices,
                                const py::array& values, bool by_rows, const std::string& kind, double most) {
  AnyFactor made = with_scalar(values, [&](auto t) {
    using T = decltype(t);
    return py::isinstance<py::array_t<std::int32_t>>(indices)
               ? factored<T, std::int32_t>(rows, cols, indptr, indices, values, by_rows, kind_named(kind), most)
               : factored<T, std::int64_t>(rows, cols, indptr, indices, values, by_rows, kind_named(kind), most);
  });
  const bool declined = std::visit([](const auto& held) { return held == nullptr; }, made.held);
  return declined ? std::nullopt : std::optional<AnyFactor>(std::move(made));
}

py::tuple solve_with(const AnyFactor& F, const py::array& b, const std::string& trans) {
  const Trans how = trans == "N" ? Trans::none : trans == "T" ? Trans::transpose : Trans::adjoint;
  return std::visit(
      [&](const auto& factor) -> py::tuple {
        using T = ScalarOf<decltype(*factor)>;
        const Stack<T> B(b, "b");
        const py::array_t<T> x = new_array<T>({}, {how == Trans::none ? factor->cols() : factor->rows(), B.cols()});
        const Stack<T> X(x, "x", true);
        const Entries<T>& A = F.matrix.entries<T>();
        Report report({}, 1);
        report.real = !is_complex<T>;
        const auto start = std::chrono::steady_clock::now();
        {
          const py::gil_scoped_release nogil;
          report.outcomes[0] = solve<T>(A, *factor, B[0], X[0], how, &report.certificates[0]);
          const MatrixFacts facts = A.facts();
          report.certificates[0].structure = !facts.hermitian          ? Kind::general
                                             : facts.positive_diagonal ? Kind::positive_definite_candidate
                                                                       : Kind::hermitian;
        }
        report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        return py::make_tuple(x, std::move(report));
      },
      F.held);
}

}  // namespace

void register_sparse(py::module_& m) {
  using namespace py::literals;
  py::class_<AnyFactor>(m, "SparseFactor", "A factored sparse matrix and the arrays it was made from.")
      .def_property_readonly(
          "kind", [](const AnyFactor& F) { return std::visit([](const auto& f) { return name(f->kind()); }, F.held); })
      .def_property_readonly(
          "rank", [](const AnyFactor& F) { return std::visit([](const auto& f) { return f->rank(); }, F.held); })
      .def_property_readonly("outcome",
                             [](const AnyFactor& F) {
                               const Outcome found = std::visit([](const auto& f) { return f->outcome(); }, F.held);
                               return py::make_tuple(static_cast<int>(found.reason), found.where);
                             })
      .def_property_readonly("rcond",
                             [](const AnyFactor& F) {
                               return std::visit(
                                   [&](const auto& f) {
                                     using T = ScalarOf<decltype(*f)>;
                                     const Entries<T>& A = F.matrix.entries<T>();
                                     const py::gil_scoped_release nogil;
                                     return rcond<T>(A, *f);
                                   },
                                   F.held);
                             })
      .def("log_determinant",
           [](const AnyFactor& F) {
             return std::visit(
                 [](const auto& f) -> py::tuple {
                   const auto parts = f->log_determinant();
                   return py::make_tuple(parts.sign, parts.log);
                 },
                 F.held);
           })
      .def("find_non_finite",
           [](const AnyFactor& F) {
             return F.matrix.with_scalar([&](auto t) { return F.matrix.entries<decltype(t)>().find_non_finite(); });
           })
      .def("refactor",
           [](const AnyFactor& F) {
             return std::visit(
                 [&](const auto& f) -> py::tuple {
                   using T = ScalarOf<decltype(*f)>;
                   const py::array values = F.matrix.keep.cast<py::tuple>()[2];
                   const auto* data = static_cast<const T*>(values.data());
                   Outcome found;
                   {
                     const py::gil_scoped_release nogil;
                     found = f->refactor(data);
                   }
                   return py::make_tuple(static_cast<int>(found.reason), found.where);
                 },
                 F.held);
           })
      .def("solve", &solve_with, "b"_a, "trans"_a);
  m.def("factor_sparse", &factor, "rows"_a, "cols"_a, "indptr"_a, "indices"_a, "data"_a, "by_rows"_a, "kind"_a,
        "most"_a);
}

}  // namespace hessolve::bindings
