// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "errors.hpp"

#include <hessolve/hessolve.hpp>

#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <variant>

/// Operators of any of the four scalar types on their way between Python and the iterations.
namespace hessolve::bindings {

/// An operator and what must stay alive for it: the arrays it reads, or the operator it stands on.
struct AnyOperator {
  template <class T>
  using Pointer = std::shared_ptr<const Operator<T>>;
  std::variant<Pointer<float>, Pointer<double>, Pointer<std::complex<float>>, Pointer<std::complex<double>>> held;
  py::object keep;

  [[nodiscard]] Index rows() const {
    return std::visit([](const auto& op) { return op->rows(); }, held);
  }
  [[nodiscard]] Index cols() const {
    return std::visit([](const auto& op) { return op->cols(); }, held);
  }
  /// The operator for scalars T. @throws py::type_error for another type.
  template <class T>
  [[nodiscard]] const Operator<T>& as() const {
    if (const auto* found = std::get_if<Pointer<T>>(&held)) {
      return **found;
    }
    throw py::type_error("operator and vectors have different dtypes");
  }
  template <class T>
  [[nodiscard]] const Entries<T>& entries() const {
    const Entries<T>* matrix = as<T>().entries();
    if (matrix == nullptr) {
      throw py::value_error("the entries of this operator are not known");
    }
    return *matrix;
  }
  /// visit(T{}) with the scalar type.
  template <class Visit>
  auto with_scalar(Visit&& visit) const {
    return std::visit([&](const auto& op) { return visit(scalar_of(*op)); }, held);
  }

 private:
  template <class T>
  static T scalar_of(const Operator<T>&) {
    return T{};
  }
};

/// Products by Python functions that take and return contiguous vectors of the right dtype and length.
template <class T>
class PythonOperator final : public Operator<T> {
 public:
  PythonOperator(Index rows, Index cols, py::object apply, py::object adjoint)
      : Operator<T>(rows, cols),
        apply_(std::move(apply)),
        adjoint_(std::move(adjoint)) {}
  void apply(const T* x, T* y) const override { call(apply_, this->cols(), x, this->rows(), y); }
  void apply_adjoint(const T* x, T* y) const override { call(adjoint_, this->rows(), x, this->cols(), y); }
  [[nodiscard]] bool has_adjoint() const override { return !adjoint_.is_none(); }

 private:
  static void call(const py::object& function, Index from, const T* x, Index to, T* y) {
    const py::gil_scoped_acquire gil;
    py::array_t<T> input(from);
    std::copy_n(x, from, input.mutable_data());
    const py::object answer = function(input);
    if (!py::isinstance<py::array_t<T, py::array::c_style>>(answer) ||
        py::len(answer) != static_cast<std::size_t>(to)) {
      throw py::value_error("a product has the wrong dtype or length");
    }
    std::copy_n(py::reinterpret_borrow<py::array_t<T, py::array::c_style>>(answer).data(), to, y);
  }
  py::object apply_;
  py::object adjoint_;
};

/// The value of the enumeration whose name() is `word`; `last` is its last.
template <class Enum>
[[nodiscard]] Enum named(const std::string& word, Enum last) {
  int i = 0;
  while (i <= static_cast<int>(last) && word != name(static_cast<Enum>(i))) {
    ++i;
  }
  if (i > static_cast<int>(last)) {
    throw py::value_error("unknown name " + word);
  }
  return static_cast<Enum>(i);
}

}  // namespace hessolve::bindings
