// SPDX-License-Identifier: BSD-3-Clause
#include "operators.hpp"

#include <hessolve/hessian/analysis.hpp>

namespace hessolve::bindings {
namespace {

py::tuple counts_of(const Inertia& inertia) { return py::make_tuple(inertia.positive, inertia.negative, inertia.zero); }

/// visit(R{}) with a real scalar type.
template <class Visit>
py::tuple with_real(const py::array& array, Visit&& visit) {
  switch (array.dtype().num()) {
    case 11: return visit(float{});  // NumPy's type numbers
    case 12: return visit(double{});
    default: throw py::type_error("only float32 and float64 are supported here");
  }
}

template <class R>
const R* vector_data(const py::array& array, const char* name) {
  if (!py::isinstance<py::array_t<R, py::array::c_style>>(array) || array.ndim() != 1) {
    throw py::value_error(std::string("`") + name + "` must be a contiguous vector of H's dtype");
  }
  return static_cast<const R*>(array.data());
}

template <class R>
py::dict as_dict(const CurvatureReport<R>& report) {
  py::dict d;
  d["inertia"] = counts_of(report.inertia);
  d["rank"] = report.rank;
  d["condition"] = report.condition;
  d["effective_condition"] = report.effective_condition;
  d["spectral_radius"] = report.spectral_radius;
  d["uncertainty"] = report.uncertainty;
  d["rounding"] = report.rounding;
  d["step_bound"] = report.step_bound;
  d["definiteness"] = name(report.definiteness);
  return d;
}

template <class R>
py::tuple curvature_of(const py::array& h, const py::object& metric, double error, double gradient, double tolerance,
                       bool vectors) {
  const Stack<R> H(h, "H");
  const Index n = H.rows();
  py::array_t<R> w(n);
  const py::array_t<R> v = new_array<R>({}, {n, vectors ? n : 0});
  const Stack<R> V(v, "V", true);
  MatrixView<const R> M{};
  std::unique_ptr<Stack<R>> held;
  if (!metric.is_none()) {
    held = std::make_unique<Stack<R>>(metric.cast<py::array>(), "M");
    M = (*held)[0];
  }
  CurvatureReport<R> report;
  R* values = w.mutable_data();
  Outcome outcome;
  {
    const py::gil_scoped_release nogil;
    outcome = curvature<R>(H[0], M, static_cast<R>(error), values, vectors ? V[0] : MatrixView<R>{}, report);
  }
  const PointKind kind = kind_of_point<R>(report, static_cast<R>(gradient), static_cast<R>(tolerance));
  return py::make_tuple(as_tuple(outcome), w, vectors ? py::object(v) : py::object(py::none()), as_dict(report),
                        name(kind));
}

template <class R>
py::tuple modified(const py::array& h, const std::string& method, bool clamp, bool inertia) {
  const Stack<R> H(h, "H");
  const py::array_t<R> g = new_array<R>({}, {H.rows(), H.rows()});
  const Stack<R> G(g, "G", true);
  ModifyOptions options;
  options.method = named(method, Modification::cheng_higham);
  options.negative = clamp ? NegativeCurvature::clamp : NegativeCurvature::reflect;
  options.inertia = inertia;
  ModifyReport<R> report;
  Outcome outcome;
  {
    const py::gil_scoped_release nogil;
    outcome = modify_hessian<R>(H[0], G[0], options, report);
  }
  py::dict d;
  d["method"] = name(report.method);
  d["E_norm"] = report.E_norm;
  d["shift"] = report.shift;
  d["lowest"] = report.lowest;
  d["inertia"] = report.inertia_known ? py::object(counts_of(report.before)) : py::object(py::none());
  d["definite"] = report.definite;
  return py::make_tuple(as_tuple(outcome), g, d);
}

template <class R>
py::tuple density(const AnyOperator& A, Index samples, Index steps, std::uint64_t seed) {
  const py::array_t<R> nodes = new_array<R>({}, {samples, steps});
  const py::array_t<R> weights = new_array<R>({}, {samples, steps});
  R* x = const_cast<R*>(nodes.data());    // NOLINT: new arrays, not yet anybody's
  R* p = const_cast<R*>(weights.data());  // NOLINT
  Outcome outcome;
  {
    const py::gil_scoped_release nogil;
    outcome = spectral_density<R>(A.as<R>(), samples, steps, seed, x, p, python_signals());
  }
  raise_if_interrupted();
  return py::make_tuple(as_tuple(outcome), nodes, weights);
}

template <class R>
py::tuple estimates(const AnyOperator& A, Index samples, std::uint64_t seed, bool diagonal) {
  const Index count = diagonal ? A.rows() : samples;
  py::array_t<R> values(count);
  py::array_t<R> errors(diagonal ? count : 0);
  R* x = values.mutable_data();
  R* e = errors.mutable_data();
  Outcome outcome;
  {
    const py::gil_scoped_release nogil;
    outcome = diagonal ? estimate_diagonal<R>(A.as<R>(), samples, seed, x, e, python_signals())
                       : estimate_trace<R>(A.as<R>(), samples, seed, x, python_signals());
  }
  raise_if_interrupted();
  return py::make_tuple(as_tuple(outcome), values, errors);
}

/// visit(R{}) with the real scalar type of an operator.
template <class Visit>
py::tuple with_real_operator(const AnyOperator& A, Visit&& visit) {
  return A.with_scalar([&](auto t) -> py::tuple {
    if constexpr (is_complex<decltype(t)>) {
      throw py::type_error("only float32 and float64 are supported here");
    } else {
      return visit(t);
    }
  });
}

}  // namespace

void register_analysis(py::module_& m) {
  using py::literals::operator""_a;
  m.def(
      "curvature",
      [](const py::array& H, const py::object& M, double error, double gradient, double tolerance, bool vectors) {
        return with_real(H,
                         [&](auto r) { return curvature_of<decltype(r)>(H, M, error, gradient, tolerance, vectors); });
      },
      "H"_a, "M"_a, "error"_a, "gradient"_a, "tolerance"_a, "vectors"_a);
  m.def(
      "modify_hessian",
      [](const py::array& H, const std::string& method, bool clamp, bool inertia) {
        return with_real(H, [&](auto r) { return modified<decltype(r)>(H, method, clamp, inertia); });
      },
      "H"_a, "method"_a, "clamp"_a, "inertia"_a);
  m.def(
      "spectral_density",
      [](const AnyOperator& A, Index samples, Index steps, std::uint64_t seed) {
        return with_real_operator(A, [&](auto r) { return density<decltype(r)>(A, samples, steps, seed); });
      },
      "A"_a, "samples"_a, "steps"_a, "seed"_a);
  m.def(
      "estimate",
      [](const AnyOperator& A, Index samples, std::uint64_t seed, bool diagonal) {
        return with_real_operator(A, [&](auto r) { return estimates<decltype(r)>(A, samples, seed, diagonal); });
      },
      "A"_a, "samples"_a, "seed"_a, "diagonal"_a);
  m.def(
      "optimal_step",
      [](const py::array& g, const py::array& Hg) {
        return with_real(g, [&](auto r) {
          using R = decltype(r);
          if (g.size() != Hg.size()) {
            throw py::value_error("`g` and `Hg` differ in length");
          }
          const OptimalStep<R> found =
              optimal_step<R>({vector_data<R>(g, "g"), g.size(), 1}, {vector_data<R>(Hg, "Hg"), Hg.size(), 1});
          return py::make_tuple(found.step, found.decrease, found.curvature);
        });
      },
      "g"_a, "Hg"_a);
}

}  // namespace hessolve::bindings
