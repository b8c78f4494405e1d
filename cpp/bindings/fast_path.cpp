// SPDX-License-Identifier: BSD-3-Clause
#include "errors.hpp"
#include "solve/square.hpp"

/// solve(A, b) for one small system of plain arrays, without a line of Python: at these sizes the call costs more than
/// the arithmetic. Whatever is not exactly that, and every outcome but a clean one, goes to the general Python
/// function, which alone knows about errors and warnings.
namespace hessolve::bindings {
namespace {

using py::detail::npy_api;

constexpr Index most_right_hand_sides = 8;

struct PlainArray {
  const void* data = nullptr;
  int type = -1;
  int axes = 0;
  const Py_ssize_t* shape = nullptr;
  const Py_ssize_t* strides = nullptr;
  PyObject* descriptor = nullptr;
};

/// False unless `object` is exactly an ndarray, aligned and in native byte order, with strides of whole elements.
bool read(PyObject* object, const npy_api& api, PlainArray& array) {
  if (Py_TYPE(object) != api.PyArray_Type_) {
    return false;
  }
  const auto* proxy = py::detail::array_proxy(object);
  const auto* descriptor = py::detail::array_descriptor_proxy(proxy->descr);
  if (descriptor->byteorder == '>' || (proxy->flags & npy_api::NPY_ARRAY_ALIGNED_) == 0) {
    return false;
  }
  array = {proxy->data, descriptor->type_num, proxy->nd, proxy->dimensions, proxy->strides, proxy->descr};
  return true;
}

template <class T>
PyObject* solve_small(const PlainArray& a, const PlainArray& b, const npy_api& api) {
  constexpr auto size = static_cast<Py_ssize_t>(sizeof(T));
  const Index n = a.shape[0];
  const Index k = b.axes == 1 ? 1 : b.shape[1];
  const Py_ssize_t rhs_stride = b.axes == 1 ? size : b.strides[1];
  if (a.strides[0] % size != 0 || a.strides[1] % size != 0 || b.strides[0] % size != 0 || rhs_stride % size != 0) {
    return nullptr;
  }
  Py_INCREF(a.descriptor);
  PyObject* result =
      api.PyArray_NewFromDescr_(api.PyArray_Type_, a.descriptor, b.axes, b.shape, nullptr, nullptr, 0, nullptr);
  if (result == nullptr) {
    PyErr_Clear();
    return nullptr;
  }
  auto* x = reinterpret_cast<T*>(py::detail::array_proxy(result)->data);
  const MatrixView<const T> A{static_cast<const T*>(a.data), n, n, a.strides[0] / size, a.strides[1] / size};
  const MatrixView<const T> B{static_cast<const T*>(b.data), n, k, b.strides[0] / size, rhs_stride / size};
  Certificate certificate;
  Diagnosis diagnosis;
  const SquareProblem<T> problem{Source<T>{A}, {}, B, {x, n, k, k, 1}};
  try {
    if (solve_square<T>(problem, SolveOptions{}, false, certificate, diagnosis).ok()) {
      return result;
    }
  } catch (const std::exception&) {  // out of memory: the general function meets it again, and can say so
  }
  Py_DECREF(result);
  return nullptr;
}

/// The Python function behind the fast path. Not the built-in's `self`: a built-in with one cannot be pickled by its
/// name.
PyObject* general = nullptr;

PyObject* solve(PyObject*, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  if (count == 2 && keywords == nullptr) {
    const npy_api& api = npy_api::get();
    PlainArray a;
    PlainArray b;
    if (read(arguments[0], api, a) && read(arguments[1], api, b) && a.axes == 2 && a.shape[0] == a.shape[1] &&
        a.shape[0] >= 1 && a.shape[0] <= small_size && a.type == b.type && (b.axes == 1 || b.axes == 2) &&
        b.shape[0] == a.shape[0] && (b.axes == 1 || (b.shape[1] >= 1 && b.shape[1] <= most_right_hand_sides))) {
      PyObject* x = nullptr;
      switch (a.type) {
        case 11: x = solve_small<float>(a, b, api); break;  // NumPy's type numbers
        case 12: x = solve_small<double>(a, b, api); break;
        case 14: x = solve_small<std::complex<float>>(a, b, api); break;
        case 15: x = solve_small<std::complex<double>>(a, b, api); break;
        default: break;
      }
      if (x != nullptr) {
        return x;
      }
    }
  }
  return PyObject_Vectorcall(general, arguments, static_cast<std::size_t>(count), keywords);
}

/// "solve(A, b, *, assume_a=None, ...)\n--\n\n<docstring>": what makes inspect.signature work on a built-in.
std::string documented(const py::object& function) {
  const py::object code = function.attr("__code__");
  const auto names = code.attr("co_varnames").cast<py::tuple>();
  const auto positional = code.attr("co_argcount").cast<std::size_t>();
  const auto keyword_only = code.attr("co_kwonlyargcount").cast<std::size_t>();
  const py::object defaults = function.attr("__kwdefaults__");
  std::string text = function.attr("__name__").cast<std::string>() + "(";
  for (std::size_t i = 0; i < positional + keyword_only; ++i) {
    text += i == 0 ? "" : ", ";
    text += i == positional ? "*, " : "";
    text += names[i].cast<std::string>();
    if (i >= positional) {
      text += "=" + py::repr(defaults[names[i]]).cast<std::string>();
    }
  }
  return text + ")\n--\n\n" + py::str(function.attr("__doc__")).cast<std::string>();
}

}  // namespace

void register_fast_path(py::module_& m) {
  m.def(
      "with_fast_path",
      [](const py::object& function) {
        struct Definition {
          std::string name;
          std::string doc;
          PyMethodDef method;
        };
        auto* definition = new Definition{
            function.attr("__name__").cast<std::string>(), documented(function), {}};  // lives as long as the process
        definition->method = {definition->name.c_str(),
                              reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&solve)),  // NOLINT
                              METH_FASTCALL | METH_KEYWORDS, definition->doc.c_str()};
        general = function.inc_ref().ptr();  // for good, like the built-in
        (void)npy_api::get();                // loads NumPy's table now, not in the first call
        return py::reinterpret_steal<py::object>(
            PyCFunction_NewEx(&definition->method, nullptr, function.attr("__module__").ptr()));
      },
      py::arg("general"), py::pos_only());
}

}  // namespace hessolve::bindings
