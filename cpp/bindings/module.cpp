// SPDX-License-Identifier: BSD-3-Clause
#include "errors.hpp"

namespace hessolve::bindings {
void register_image(pybind11::module_& m);
void register_newton(pybind11::module_& m);
void register_glm(pybind11::module_& m);
void register_elements(pybind11::module_& m);
}

PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
  m.doc() = "The compiled part of hessolve. Nothing here is public; the package's modules are.";
  hessolve::bindings::register_report(m);
  hessolve::bindings::register_solve(m);
  hessolve::bindings::register_inverse(m);
  hessolve::bindings::register_factor(m);
  hessolve::bindings::register_decompositions(m);
  hessolve::bindings::register_least_squares(m);
  hessolve::bindings::register_regression(m);
  hessolve::bindings::register_lasso(m);
  hessolve::bindings::register_fast_path(m);
  hessolve::bindings::register_operators(m);
  hessolve::bindings::register_iterative(m);
  hessolve::bindings::register_sparse(m);
  hessolve::bindings::register_analysis(m);
  hessolve::bindings::register_quasi_newton(m);
  hessolve::bindings::register_newton(m);
  hessolve::bindings::register_image(m);
  hessolve::bindings::register_glm(m);
  hessolve::bindings::register_elements(m);
  hessolve::bindings::register_derivatives(m);
  hessolve::bindings::register_system(m);
}
