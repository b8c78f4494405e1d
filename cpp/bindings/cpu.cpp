// SPDX-License-Identifier: BSD-3-Clause
// Compiled for the most basic processor of the platform and loaded first: it finds out whether this one can run _core.
#include <Python.h>

#include <cstring>

#if defined(_MSC_VER) && !defined(__clang__) && (defined(_M_X64) || defined(_M_IX86))
#include <immintrin.h>
#include <intrin.h>
#endif

namespace {

#if defined(_MSC_VER) && !defined(__clang__) && (defined(_M_X64) || defined(_M_IX86))
/// What __builtin_cpu_supports is elsewhere: the instruction, and an operating system that saves its registers.
bool supports(const char* word) {
  int one[4];
  int seven[4];
  __cpuid(one, 1);
  __cpuidex(seven, 7, 0);
  const bool saves = (one[2] & (1 << 27)) != 0;
  const unsigned long long state = saves ? _xgetbv(0) : 0;
  const bool ymm = (state & 0x6) == 0x6;
  const bool zmm = (state & 0xe6) == 0xe6;
  const auto is = [word](const char* name) { return std::strcmp(word, name) == 0; };
  const auto bit = [](int value, int position) { return (value >> position & 1) != 0; };
  return is("sse4.1")       ? bit(one[2], 19)
         : is("sse4.2")     ? bit(one[2], 20)
         : is("avx")        ? bit(one[2], 28) && ymm
         : is("fma")        ? bit(one[2], 12) && ymm
         : is("avx2")       ? bit(seven[1], 5) && ymm
         : is("bmi")        ? bit(seven[1], 3)
         : is("bmi2")       ? bit(seven[1], 8)
         : is("avx512f")    ? bit(seven[1], 16) && zmm
         : is("avx512dq")   ? bit(seven[1], 17) && zmm
         : is("avx512ifma") ? bit(seven[1], 21) && zmm
         : is("avx512cd")   ? bit(seven[1], 28) && zmm
         : is("avx512bw")   ? bit(seven[1], 30) && zmm
         : is("avx512vl")   ? (seven[1] < 0) && zmm
         : is("avx512vbmi") ? bit(seven[2], 1) && zmm
                            : true;
}
#endif

/// Names of the instructions HESSOLVE_REQUIRED lists that this processor (or its operating system) lacks.
PyObject* missing(PyObject*, PyObject* wanted) {
  PyObject* result = PyList_New(0);
  PyObject* iterator = result != nullptr ? PyObject_GetIter(wanted) : nullptr;
  if (iterator == nullptr) {
    Py_XDECREF(result);
    return nullptr;
  }
#if (defined(__GNUC__) || defined(__clang__)) && (defined(__x86_64__) || defined(__i386__))
  __builtin_cpu_init();
#define HESSOLVE_HAS(word) (std::strcmp(name, word) == 0 && !__builtin_cpu_supports(word))
#elif defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))
#define HESSOLVE_HAS(word) (std::strcmp(name, word) == 0 && !supports(word))
#else
#define HESSOLVE_HAS(word) false  // elsewhere builds are for the platform's baseline
#endif
  while (PyObject* item = PyIter_Next(iterator)) {
    const char* name = PyUnicode_AsUTF8(item);
    const bool lacking =
        name != nullptr &&
        (HESSOLVE_HAS("sse4.1") || HESSOLVE_HAS("sse4.2") || HESSOLVE_HAS("avx") || HESSOLVE_HAS("avx2") ||
         HESSOLVE_HAS("fma") || HESSOLVE_HAS("bmi") || HESSOLVE_HAS("bmi2") || HESSOLVE_HAS("avx512f") ||
         HESSOLVE_HAS("avx512dq") || HESSOLVE_HAS("avx512bw") || HESSOLVE_HAS("avx512vl") || HESSOLVE_HAS("avx512cd") ||
         HESSOLVE_HAS("avx512vbmi") || HESSOLVE_HAS("avx512ifma"));
    const bool failed = name == nullptr || (lacking && PyList_Append(result, item) != 0);
    Py_DECREF(item);
    if (failed) {
      Py_DECREF(iterator);
      Py_DECREF(result);
      return nullptr;
    }
  }
  Py_DECREF(iterator);
  if (PyErr_Occurred() != nullptr) {
    Py_DECREF(result);
    return nullptr;
  }
  return result;
}

PyMethodDef methods[] = {
    {"missing", missing, METH_O, "Those of the named processor features that are not available."},
    {nullptr, nullptr, 0, nullptr},
};

/// "name:feature,feature;name:..." from the build: the variants of _core, the most demanding last.
int execute(PyObject* module) {
  if (PyModule_AddStringConstant(module, "version", HESSOLVE_VERSION) != 0) {
    return -1;
  }
  return PyModule_AddStringConstant(module, "variants", HESSOLVE_VARIANTS);
}

PyModuleDef_Slot slots[] = {
    {Py_mod_exec, reinterpret_cast<void*>(execute)},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr},
};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_cpu", "What this processor can do.", 0, methods, slots, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__cpu() { return PyModuleDef_Init(&definition); }
