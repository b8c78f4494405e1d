// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/scaling.hpp"
#include "options.hpp"
#include "run.hpp"

#include <hessolve/dense/gauss_jordan.hpp>
#include <hessolve/solve/factors.hpp>

#include <pybind11/complex.h>

#include <variant>

namespace hessolve::bindings {
namespace {

using AnyFactor =
    std::variant<Factor<float>, Factor<double>, Factor<std::complex<float>>, Factor<std::complex<double>>>;

template <class T>
constexpr const char* dtype_name() {
  return std::is_same_v<T, float>                 ? "float32"
         : std::is_same_v<T, double>              ? "float64"
         : std::is_same_v<T, std::complex<float>> ? "complex64"
                                                  : "complex128";
}

/// call(factor, T{}) with the scalar type of the factor.
template <class Any, class Call>
auto with_factor(Any& any, Call&& call) {
  return std::visit(
      [&](auto& factor) {
        using F = std::remove_const_t<std::remove_reference_t<decltype(factor)>>;
        return call(factor, typename F::Scalar{});
      },
      any);
}

/// The one system of a factor: a report from work(stop, certificate, diagnosis).
template <class T, class Work>
Report single(Index n, Work&& work) {
  return run({}, 1, n, !is_complex<T>, [&](Index, const Stop& stop, Certificate& certificate, Diagnosis& diagnosis) {
    return work(stop, certificate, diagnosis);
  });
}

template <class T>
void blame(Outcome outcome, const char* name, MatrixView<const T> A, Part part, Diagnosis& diagnosis) {
  if (outcome.reason == Reason::non_finite) {
    const auto [i, j] = find_non_finite<T>(Source<T>{A, part});
    diagnosis.argument = i >= 0 ? name : nullptr;
    diagnosis.row = i;
    diagnosis.col = j;
  }
}

Part part_read(Method kind) {
  return kind == Method::cholesky || kind == Method::ldlt || kind == Method::eigh ? Part::hermitian_lower : Part::full;
}

template <class T>
py::tuple factor_of(const py::array& a, Method kind, bool keep_matrix) {
  const Stack<T> A(a, "A");
  std::unique_ptr<Factor<T>> factor;
  Report report = single<T>(A.rows(), [&](const Stop& stop, Certificate& certificate, Diagnosis& diagnosis) {
    factor = std::make_unique<Factor<T>>(MatrixView<const T>(A[0]), FactorOptions{kind, keep_matrix, stop});
    certificate.method = factor->kind();
    certificate.rcond = factor->usable() ? factor->rcond() : 0.0;
    certificate.rank = factor->rank();
    blame<T>(factor->outcome(), "A", A[0], part_read(kind), diagnosis);
    return factor->outcome();
  });
  return py::make_tuple(AnyFactor(std::move(*factor)), std::move(report));
}

/// A new (rows, cols) array, and write(its view) to fill it.
template <class T, class Write>
py::array_t<T> filled(Index rows, Index cols, Write&& write) {
  const py::array_t<T> x = new_array<T>({}, {rows, cols});
  const Stack<T> X(x, "x", true);
  const py::gil_scoped_release nogil;
  write(X[0]);
  return x;
}

py::tuple solve(const AnyFactor& any, const py::array& b, const std::string& trans) {
  return with_factor(any, [&](const auto& factor, auto t) -> py::tuple {
    using T = decltype(t);
    const Stack<T> B(b, "b");
    const Trans how = trans_named(trans);
    const Index n = how == Trans::none ? factor.cols() : factor.rows();
    const py::array_t<T> x = new_array<T>({}, {n, B.cols()});
    const Stack<T> X(x, "x", true);
    Report report = single<T>(n, [&](const Stop&, Certificate& certificate, Diagnosis& diagnosis) {
      const Outcome outcome = factor.solve(B[0], X[0], how, &certificate);
      blame<T>(outcome, "b", B[0], Part::full, diagnosis);
      return outcome;
    });
    return py::make_tuple(x, std::move(report));
  });
}

/// The short way of a vector through a well-conditioned factor; None where anything about the call is not plain.
py::object solve_vector(const AnyFactor& any, const py::array& b) {
  return with_factor(any, [&](const auto& factor, auto t) -> py::object {
    using T = decltype(t);
    const Index n = factor.rows();
    const bool plain = b.ndim() == 1 && b.shape(0) == n && factor.cols() == n && py::isinstance<py::array_t<T>>(b) &&
                       b.strides(0) == static_cast<py::ssize_t>(sizeof(T)) && !factor.keeps_matrix() &&
                       factor.outcome().reason == Reason::ok &&
                       reinterpret_cast<std::uintptr_t>(b.data()) % alignof(T) == 0;
    if (!plain) {
      return py::none();
    }
    py::array_t<T> x(n);
    const auto B = column(static_cast<const T*>(b.data()), n);
    const auto X = column(x.mutable_data(), n);
    constexpr Index worth_releasing = 500;
    const Outcome outcome = release_for(n > worth_releasing, [&] { return factor.solve(MatrixView<const T>(B), X); });
    return outcome.ok() ? py::object(std::move(x)) : py::object(py::none());
  });
}

Report update(AnyFactor& any, const py::array& u, const py::array& v, bool downdate) {
  return with_factor(any, [&](auto& factor, auto t) {
    using T = decltype(t);
    const Stack<T> U(u, "u");
    const Stack<T> V(v, "v");
    return single<T>(factor.rows(), [&](const Stop&, Certificate&, Diagnosis& diagnosis) {
      const Outcome outcome = downdate ? factor.downdate(U[0], V[0]) : factor.update(U[0], V[0]);
      blame<T>(outcome, "u", U[0], Part::full, diagnosis);
      if (diagnosis.argument == nullptr) {
        blame<T>(outcome, "v", V[0], Part::full, diagnosis);
      }
      return outcome;
    });
  });
}

py::tuple state_of(const AnyFactor& any) {
  return with_factor(any, [&](const auto& factor, auto t) {
    const std::vector<unsigned char> bytes = factor.save();
    return py::make_tuple(dtype_name<decltype(t)>(),
                          py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size()));  // NOLINT
  });
}

AnyFactor restored(const py::tuple& state) {
  const auto dtype = state[0].cast<std::string>();
  const auto bytes = state[1].cast<std::string>();
  const auto load = [&](auto t) -> AnyFactor {
    return Factor<decltype(t)>::load(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());  // NOLINT
  };
  return dtype == "float32"     ? load(float{})
         : dtype == "float64"   ? load(double{})
         : dtype == "complex64" ? load(std::complex<float>{})
                                : load(std::complex<double>{});
}

/// Gauss-Jordan steps by rows, or by columns on the transpose.
template <class T>
struct Steps {
  GaussJordanSteps<T> steps;
  bool by_rows;

  py::object next() {
    typename GaussJordanSteps<T>::Step step;
    if (!steps.next(step)) {
      return py::none();
    }
    MatrixView<const T> W = steps.matrix();
    W = by_rows ? W : W.transposed();
    const py::array_t<T> matrix = filled<T>(W.rows, W.cols, [&](MatrixView<T> out) { copy_view<T>(W, out); });
    static constexpr const char* words[] = {"swap", "scale", "add"};
    return py::make_tuple(matrix,
                          py::make_tuple(words[static_cast<int>(step.operation)], step.row, step.other, step.factor));
  }
};
using AnySteps = std::variant<Steps<float>, Steps<double>, Steps<std::complex<float>>, Steps<std::complex<double>>>;
struct GaussJordan {
  AnySteps any;
};

}  // namespace

void register_factor(py::module_& m) {
  using namespace py::literals;
  py::class_<AnyFactor>(m, "Factor", "One factored matrix.")
      .def_property_readonly(
          "kind", [](const AnyFactor& f) { return with_factor(f, [](const auto& x, auto) { return name(x.kind()); }); })
      .def_property_readonly("shape",
                             [](const AnyFactor& f) {
                               return with_factor(
                                   f, [](const auto& x, auto) { return py::make_tuple(x.rows(), x.cols()); });
                             })
      .def_property_readonly("dtype",
                             [](const AnyFactor& f) {
                               return with_factor(f, [](const auto&, auto t) { return dtype_name<decltype(t)>(); });
                             })
      .def_property_readonly(
          "rank", [](const AnyFactor& f) { return with_factor(f, [](const auto& x, auto) { return x.rank(); }); })
      .def_property_readonly(
          "rcond", [](const AnyFactor& f) { return with_factor(f, [](const auto& x, auto) { return x.rcond(); }); })
      .def_property_readonly(
          "hermitian",
          [](const AnyFactor& f) { return with_factor(f, [](const auto& x, auto) { return x.hermitian(); }); })
      .def_property_readonly(
          "keeps_matrix",
          [](const AnyFactor& f) { return with_factor(f, [](const auto& x, auto) { return x.keeps_matrix(); }); })
      .def("solve", &solve, "B"_a, "trans"_a)
      .def("solve_vector", &solve_vector, "b"_a)
      .def("inv",
           [](const AnyFactor& f) {
             return with_factor(f, [](const auto& x, auto t) -> py::tuple {
               using T = decltype(t);
               const py::array_t<T> out = new_array<T>({}, {x.rows(), x.cols()});
               const Stack<T> X(out, "x", true);
               Report report = single<T>(x.rows(), [&](const Stop&, Certificate& certificate, Diagnosis&) {
                 certificate.rcond = x.rcond();
                 return x.inv(X[0]);
               });
               return py::make_tuple(out, std::move(report));
             });
           })
      .def("slogdet",
           [](const AnyFactor& f) {
             return with_factor(f, [](const auto& x, auto) -> py::tuple {
               const auto d = x.determinant();
               return py::make_tuple(std::complex<double>(d.sign()), static_cast<double>(d.log_modulus()));
             });
           })
      .def("det",
           [](const AnyFactor& f) {
             return with_factor(f, [](const auto& x, auto) { return std::complex<double>(x.determinant().value()); });
           })
      .def(
          "refactor",
          [](AnyFactor& f, const py::array& a) {
            return with_factor(f, [&](auto& x, auto t) {
              using T = decltype(t);
              const Stack<T> A(a, "A");
              return single<T>(x.rows(), [&](const Stop& stop, Certificate& certificate, Diagnosis& diagnosis) {
                const Outcome outcome = x.refactor(A[0], stop);
                certificate.method = x.kind();
                certificate.rcond = x.rcond();
                blame<T>(outcome, "A", A[0], part_read(x.kind()), diagnosis);
                return outcome;
              });
            });
          },
          "A"_a)
      .def("update", &update, "U"_a, "V"_a, "downdate"_a)
      .def(
          "inverse_quadratic",
          [](const AnyFactor& f, const py::array& w) {
            return with_factor(f, [&](const auto& x, auto t) -> py::array {
              using T = decltype(t);
              const Stack<T> W(w, "w");
              py::array_t<T> out(W.cols());
              (void)x.inverse_quadratic(W[0], out.mutable_data());
              return out;
            });
          },
          "W"_a)
      .def("inverse_diagonal",
           [](const AnyFactor& f) {
             return with_factor(f, [](const auto& x, auto t) -> py::array {
               py::array_t<decltype(t)> out(x.rows());
               (void)x.inverse_diagonal(out.mutable_data());
               return out;
             });
           })
      .def(
          "whiten",
          [](const AnyFactor& f, const py::array& b) {
            return with_factor(f, [&](const auto& x, auto t) -> py::array {
              using T = decltype(t);
              const Stack<T> B(b, "b");
              return filled<T>(B.rows(), B.cols(), [&](MatrixView<T> out) { (void)x.whiten(B[0], out); });
            });
          },
          "B"_a)
      .def(
          "color",
          [](const AnyFactor& f, const py::array& z) {
            return with_factor(f, [&](const auto& x, auto t) -> py::array {
              using T = decltype(t);
              const Stack<T> Z(z, "Z");
              return filled<T>(Z.rows(), Z.cols(), [&](MatrixView<T> out) { (void)x.color(Z[0], out); });
            });
          },
          "Z"_a)
      .def("state", &state_of);
  m.def(
      "factor",
      [](const py::array& a, const std::string& kind, bool keep_matrix) {
        const Method method = method_named(kind);
        return with_scalar(a, [&](auto t) { return factor_of<decltype(t)>(a, method, keep_matrix); });
      },
      "A"_a, py::kw_only(), "kind"_a, "keep_matrix"_a);
  m.def("factor_from_state", &restored, "state"_a);
  py::class_<GaussJordan>(m, "GaussJordan", "Gauss-Jordan elimination, step by step.")
      .def(py::init([](const py::array& a, const std::string& by) {
             const bool by_rows = by == "rows";
             return with_scalar(a, [&](auto t) {
               using T = decltype(t);
               const Stack<T> A(a, "A");
               const MatrixView<const T> view = by_rows ? A[0] : A[0].transposed();
               return GaussJordan{AnySteps(Steps<T>{GaussJordanSteps<T>(view), by_rows})};
             });
           }),
           "A"_a, "by"_a)
      .def("step", [](GaussJordan& g) { return std::visit([](auto& x) { return x.next(); }, g.any); })
      .def_property_readonly("singular_column", [](const GaussJordan& g) {
        return std::visit([](const auto& x) { return x.steps.singular_column(); }, g.any);
      });
}

}  // namespace hessolve::bindings
