// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "solve/slices.hpp"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>
#include <vector>

/// Checked views of NumPy memory, in any order, without copying. With errors.hpp the only code that touches the border.
namespace hessolve::bindings {

namespace py = pybind11;

/// A stack of matrices in NumPy memory: shape (..., rows, cols), the leading axes flattened in C order.
template <class T>
class Stack : public Slices<T> {
 public:
  /// Refuses what a view cannot carry: another dtype, foreign byte order, fewer than two axes, misaligned elements.
  Stack(const py::array& array, const char* name, bool writeable = false)
      : Slices<T>(checked(array, name, writeable)) {}

  [[nodiscard]] std::vector<py::ssize_t> batch() const { return {this->shape().begin(), this->shape().end()}; }

 private:
  static Slices<T> checked(const py::array& array, const char* name, bool writeable) {
    const auto refuse = [&](const char* what) { throw py::value_error("`" + std::string(name) + "` " + what); };
    if (!py::isinstance<py::array_t<T>>(array)) {
      refuse("has another dtype than the call was made for");
    }
    if (array.ndim() < 2) {
      refuse("must have at least two dimensions");
    }
    if (writeable && !array.writeable()) {
      refuse("is read-only");
    }
    constexpr auto size = static_cast<py::ssize_t>(sizeof(T));
    const py::ssize_t axes = array.ndim();
    std::vector<Index> shape;
    std::vector<Index> steps;
    for (py::ssize_t i = 0; i < axes; ++i) {
      if (array.strides(i) % size != 0 && array.shape(i) > 1) {
        refuse("has strides that are no multiple of its item size");
      }
      if (i < axes - 2) {
        shape.push_back(array.shape(i));
        steps.push_back(array.strides(i) / size);
      }
    }
    if (reinterpret_cast<std::uintptr_t>(array.data()) % alignof(T) != 0) {
      refuse("is not aligned");
    }
    const MatrixView<T> first{const_cast<T*>(static_cast<const T*>(array.data())), array.shape(axes - 2),
                              array.shape(axes - 1),  // NOLINT
                              array.strides(axes - 2) / size, array.strides(axes - 1) / size};
    return {first, std::move(shape), std::move(steps)};
  }
};

/// A new C-ordered array of shape batch + tail.
template <class T>
[[nodiscard]] py::array_t<T> new_array(std::vector<py::ssize_t> batch, std::initializer_list<py::ssize_t> tail) {
  batch.insert(batch.end(), tail);
  return py::array_t<T>(batch);
}

/// Call visit(T{}) with the scalar type of the array.
template <class Visit>
auto with_scalar(const py::array& array, Visit&& visit) {
  switch (array.dtype().num()) {
    case 11: return visit(float{});  // NumPy's type numbers
    case 12: return visit(double{});
    case 14: return visit(std::complex<float>{});
    case 15: return visit(std::complex<double>{});
    default: throw py::type_error("only float32, float64, complex64 and complex128 are supported here");
  }
}

}  // namespace hessolve::bindings
