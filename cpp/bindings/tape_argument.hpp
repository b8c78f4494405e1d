// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "run.hpp"

#include <hessolve/hessian/tape.hpp>

#include <array>

namespace hessolve::bindings {

using Ids = py::array_t<std::int64_t>;
static_assert(sizeof(Index) == sizeof(std::int64_t));
constexpr Index most_axes = 64;  // NumPy's own limit

/// An argument of a recorded operation: an int64 array of nodes, or float64 numbers.
class Argument {
 public:
  Argument(const Tape& tape, const py::handle& value) {
    if (PyFloat_Check(value.ptr()) || PyLong_Check(value.ptr())) {
      number_ = value.cast<double>();
      operand_.numbers = &number_;
      return;
    }
    if (py::isinstance<Ids>(value)) {
      const auto array = py::reinterpret_borrow<py::array>(value);
      keep(array);
      operand_.ids = static_cast<const Tape::Id*>(array.data());
      for_all([&](Index at) {
        if (!tape.has(operand_.ids[at])) {
          throw py::value_error("these numbers belong to another evaluation");
        }
      });
      return;
    }
    const auto array = py::array_t<double, py::array::forcecast>::ensure(value);
    if (!array) {
      throw py::error_already_set();
    }
    keep(array);
    operand_.numbers = static_cast<const double*>(array.data());
  }

  [[nodiscard]] Index axes() const { return axes_; }
  /// The size along an axis of a result with `of` axes; 1 where this has none.
  [[nodiscard]] Index size(Index axis, Index of) const {
    return axis < of - axes_ ? 1 : array_.shape(axis - of + axes_);
  }
  /// This, broadcast to `axes` axes.
  Tape::Operand to(Index axes) {
    for (Index axis = 0; axis < axes; ++axis) {
      strides_[static_cast<std::size_t>(axis)] =
          size(axis, axes) == 1 ? 0 : array_.strides(axis - axes + axes_) / static_cast<Index>(sizeof(double));
    }
    operand_.strides = strides_.data();
    return operand_;
  }

 private:
  void keep(const py::array& array) {
    array_ = array;
    axes_ = array.ndim();
  }
  template <class Visit>
  void for_all(Visit&& visit) {
    const Index count = array_.size();
    const bool flat = (array_.flags() & py::array::c_style) != 0;
    (void)to(axes_);
    for (Index i = 0; i < count; ++i) {
      Index at = i;
      if (!flat) {
        Index rest = i;
        at = 0;
        for (Index axis = axes_ - 1; axis >= 0; --axis) {
          at += rest % array_.shape(axis) * strides_[static_cast<std::size_t>(axis)];
          rest /= array_.shape(axis);
        }
      }
      visit(at);
    }
  }

  py::array array_;
  Index axes_ = 0;
  double number_ = 0;
  Tape::Operand operand_;
  std::array<Index, most_axes> strides_;
};

/// The common shape of two arguments.
inline std::vector<py::ssize_t> together(const Argument& a, const Argument& b) {
  const Index axes = std::max(a.axes(), b.axes());
  std::vector<py::ssize_t> shape(static_cast<std::size_t>(axes));
  for (Index axis = 0; axis < axes; ++axis) {
    const Index m = a.size(axis, axes);
    const Index n = b.size(axis, axes);
    if (m != n && m != 1 && n != 1) {
      throw py::value_error("operands could not be broadcast together: sizes " + std::to_string(m) + " and " +
                            std::to_string(n) + " along axis " + std::to_string(axis));
    }
    shape[static_cast<std::size_t>(axis)] = m == 1 ? n : m;
  }
  return shape;
}

inline Tape::Shape view_of(const std::vector<py::ssize_t>& shape) {
  return {shape.data(), static_cast<Index>(shape.size())};
}

void register_tape(py::module_& m);

}  // namespace hessolve::bindings
