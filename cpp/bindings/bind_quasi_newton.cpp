// SPDX-License-Identifier: BSD-3-Clause
#include "errors.hpp"

#include <hessolve/hessian/quasi_newton.hpp>

namespace hessolve::bindings {
namespace {

template <class R>
using Vector = py::array_t<R, py::array::c_style>;

/// A contiguous vector of n elements of R.
template <class R>
VectorView<const R> vector(const py::array& array, Index n, const char* name) {
  if (!py::isinstance<Vector<R>>(array) || array.ndim() != 1 || array.size() != n) {
    throw py::value_error(std::string("`") + name + "` must be a contiguous vector of n elements of the right dtype");
  }
  return {static_cast<const R*>(array.data()), n, 1};
}

template <class Work>
auto released(Index n, Work&& work) {
  if (n < 128) {
    return work();
  }
  const py::gil_scoped_release nogil;
  return work();
}

QuasiNewtonOptions options_for(const std::string& update, bool inverse, bool damp, double min_curvature,
                               double min_denominator) {
  QuasiNewtonOptions options;
  options.update = update == "dfp"   ? QuasiNewtonUpdate::dfp
                   : update == "sr1" ? QuasiNewtonUpdate::sr1
                                     : QuasiNewtonUpdate::bfgs;
  options.approximate = inverse ? Approximate::inverse : Approximate::hessian;
  options.exception = damp ? CurvatureException::damp : CurvatureException::skip;
  options.min_curvature = min_curvature;
  options.min_denominator = min_denominator;
  return options;
}

/// What both forms have.
template <class R, class Q>
void define_common(py::class_<Q>& form) {
  using py::literals::operator""_a;
  form.def(
          "update",
          [](Q& self, const py::array& s, const py::array& y) {
            const VectorView<const R> step = vector<R>(s, self.size(), "s");
            const VectorView<const R> change = vector<R>(y, self.size(), "y");
            return hessolve::name(released(self.size(), [&] { return self.update(step, change); }));
          },
          "s"_a, "y"_a)
      .def(
          "dot",
          [](Q& self, const py::array& v) {
            const VectorView<const R> x = vector<R>(v, self.size(), "v");
            Vector<R> out(self.size());
            R* data = out.mutable_data();
            released(self.size(), [&] { self.dot(x.data, data); });
            return out;
          },
          "v"_a)
      .def("set_scale", &Q::set_scale, "scale"_a)
      .def(
          "restore",
          [](Q& self, const py::array& held, bool fresh, Index updates) {
            const Stack<R> view(held, "held");
            self.restore(view[0], fresh, updates);
          },
          "held"_a, "fresh"_a, "updates"_a)
      .def_property_readonly("updates", &Q::updates)
      .def_property_readonly("fresh", &Q::fresh);
}

template <class R>
void register_one(py::module_& m, const char* name) {
  using py::literals::operator""_a;
  using Q = QuasiNewton<R>;
  py::class_<Q> form(m, name);
  form.def(py::init([](Index n, const std::string& update, bool inverse, bool damp, double min_curvature,
                       double min_denominator) {
             return Q(n, options_for(update, inverse, damp, min_curvature, min_denominator));
           }),
           "n"_a, "update"_a, "inverse"_a, "damp"_a, "min_curvature"_a, "min_denominator"_a)
      .def("matrix",
           [](Q& self) {
             const py::array_t<R> out = new_array<R>({}, {self.size(), self.size()});
             const Stack<R> M(out, "out", true);
             released(self.size(), [&] { self.matrix(M[0]); });
             return out;
           })
      .def(
          "set_matrix",
          [](Q& self, const py::array& M) {
            const Stack<R> view(M, "M");
            self.set_matrix(view[0]);
          },
          "M"_a);
  define_common<R>(form);
}

template <class R>
void register_factored(py::module_& m, const char* name) {
  using py::literals::operator""_a;
  using Q = FactoredBfgs<R>;
  py::class_<Q> form(m, name);
  form.def(py::init([](Index n, bool damp, double min_curvature) {
             return Q(n, options_for("bfgs", false, damp, min_curvature, 0));
           }),
           "n"_a, "damp"_a, "min_curvature"_a)
      .def(
          "solve",
          [](const Q& self, const py::array& v) {
            const VectorView<const R> x = vector<R>(v, self.size(), "v");
            Vector<R> out(self.size());
            R* data = out.mutable_data();
            std::copy_n(x.data, self.size(), data);
            released(self.size(), [&] { self.solve(data); });
            return out;
          },
          "v"_a)
      .def("factor", [](const Q& self) {
        py::array_t<R> out = new_array<R>({}, {self.size(), self.size()});
        const ColMajor<const R> L = self.factor();
        auto to = out.mutable_unchecked();
        for (Index i = 0; i < self.size(); ++i) {
          for (Index j = 0; j < self.size(); ++j) {
            to(i, j) = j <= i ? L(i, j) : R(0);
          }
        }
        return out;
      });
  define_common<R>(form);
}

}  // namespace

void register_quasi_newton(py::module_& m) {
  register_one<float>(m, "QuasiNewtonFloat");
  register_one<double>(m, "QuasiNewtonDouble");
  register_factored<float>(m, "FactoredBfgsFloat");
  register_factored<double>(m, "FactoredBfgsDouble");
}

}  // namespace hessolve::bindings
