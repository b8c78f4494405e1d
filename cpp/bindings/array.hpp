// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/view.hpp>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>
#include <vector>

/// Checked views of NumPy memory, in any order, without copying. With errors.hpp the only code that touches the border.
namespace hessolve::bindings {

namespace py = pybind11;

/// A stack of matrices in NumPy memory: shape (..., rows, cols), the leading axes flattened in C order.
template <class T>
class Stack {
 public:
  /// Refuses what a view cannot carry: another dtype, foreign byte order, fewer than two axes, misaligned elements.
  Stack(const py::array& array, const char* name, bool writeable = false) {
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
    const py::ssize_t axes = array.ndim();
    for (py::ssize_t i = 0; i < axes; ++i) {
      if (array.strides(i) % static_cast<py::ssize_t>(sizeof(T)) != 0 && array.shape(i) > 1) {
        refuse("has strides that are no multiple of its item size");
      }
      if (i < axes - 2) {
        batch_.push_back(array.shape(i));
        strides_.push_back(array.strides(i) / static_cast<py::ssize_t>(sizeof(T)));
        count_ *= array.shape(i);
      }
    }
    if (reinterpret_cast<std::uintptr_t>(array.data()) % alignof(T) != 0) {
      refuse("is not aligned");
    }
    constexpr auto size = static_cast<py::ssize_t>(sizeof(T));
    first_ = {const_cast<T*>(static_cast<const T*>(array.data())), array.shape(axes - 2),
              array.shape(axes - 1),  // NOLINT
              array.strides(axes - 2) / size, array.strides(axes - 1) / size};
  }

  [[nodiscard]] Index count() const { return count_; }
  /// The slices first, ..., first + count - 1.
  template <class Views>
  void views(Index first, Index count, Views& out) const {
    for (Index k = 0; k < count; ++k) {
      out[static_cast<std::size_t>(k)] = (*this)[first + k];
    }
  }
  [[nodiscard]] Index rows() const { return first_.rows; }
  [[nodiscard]] Index cols() const { return first_.cols; }
  [[nodiscard]] const std::vector<py::ssize_t>& batch() const { return batch_; }

  [[nodiscard]] MatrixView<T> operator[](Index slice) const {
    MatrixView<T> view = first_;
    if (batch_.size() == 1) {
      view.data += slice * strides_[0];
      return view;
    }
    for (std::size_t axis = batch_.size(); axis-- > 0;) {
      view.data += slice % batch_[axis] * strides_[axis];
      slice /= batch_[axis];
    }
    return view;
  }

 private:
  MatrixView<T> first_;
  std::vector<py::ssize_t> batch_;
  std::vector<py::ssize_t> strides_;
  Index count_ = 1;
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
