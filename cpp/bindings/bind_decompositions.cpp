// SPDX-License-Identifier: BSD-3-Clause
#include "run.hpp"
#include "solve/slice_functions.hpp"

#include <hessolve/dense/decompose.hpp>
#include <hessolve/dense/update.hpp>
#include <hessolve/solve/factors.hpp>
#include <hessolve/solve/inverse.hpp>

namespace hessolve::bindings {
namespace {

/// Run over the slices of one stack whose slices have outcomes and nothing else to report.
template <class T, class Work>
Report over(const Stack<T>& A, Work&& work) {
  return run(A.batch(), A.count(), std::max(A.rows(), A.cols()), !is_complex<T>,
             [&](Index i, const Stop&, Certificate&, Diagnosis&) { return work(i); });
}

template <class T>
py::tuple lu_stack(const py::array& a) {
  const Stack<T> A(a, "A");
  const Index r = std::min(A.rows(), A.cols());
  py::array_t<std::int64_t> permutation = new_array<std::int64_t>(A.batch(), {A.rows()});
  const py::array_t<T> l = new_array<T>(A.batch(), {A.rows(), r});
  const py::array_t<T> u = new_array<T>(A.batch(), {r, A.cols()});
  const Stack<T> L(l, "L", true);
  const Stack<T> U(u, "U", true);
  static_assert(sizeof(Index) == sizeof(std::int64_t));
  auto* p = reinterpret_cast<Index*>(permutation.mutable_data());  // NOLINT: both are 64-bit signed integers
  (void)over(A, [&](Index i) {
    (void)lu<T>(A[i], p + i * A.rows(), L[i], U[i]);
    return Outcome{};
  });
  return py::make_tuple(permutation, l, u);
}

template <class T>
py::tuple cholesky_stack(const py::array& a, bool check_finite) {
  const Stack<T> A(a, "A");
  const py::array_t<T> l = new_array<T>(A.batch(), {A.rows(), A.rows()});
  const Stack<T> L(l, "L", true);
  Report report = report_of(A.batch(), A.count(), A.rows(), !is_complex<T>,
                            [&](const Stop& stop) { return cholesky_slices<T>(A, L, check_finite, stop); });
  return py::make_tuple(l, std::move(report));
}

template <class T>
py::tuple ldlt_stack(const py::array& a, bool hermitian) {
  const Stack<T> A(a, "A");
  const py::array_t<T> l = new_array<T>(A.batch(), {A.rows(), A.rows()});
  const py::array_t<T> d = new_array<T>(A.batch(), {A.rows(), A.rows()});
  py::array_t<std::int64_t> permutation = new_array<std::int64_t>(A.batch(), {A.rows()});
  const Stack<T> L(l, "L", true);
  const Stack<T> D(d, "D", true);
  auto* p = reinterpret_cast<Index*>(permutation.mutable_data());  // NOLINT
  const Symmetry symmetry = hermitian ? Symmetry::hermitian : Symmetry::symmetric;
  Report report = run(A.batch(), A.count(), A.rows(), !is_complex<T>,
                      [&](Index i, const Stop&, Certificate&, Diagnosis& diagnosis) {
                        const Part part = hermitian ? Part::hermitian_lower : Part::symmetric_lower;
                        const Outcome found = refuse_non_finite<T>({A[i], part}, diagnosis);
                        return found.ok() ? ldlt<T>(A[i], L[i], D[i], p + i * A.rows(), symmetry) : found;
                      });
  return py::make_tuple(l, d, permutation, std::move(report));
}

template <class T>
py::tuple qr_stack(const py::array& a, const std::string& mode, bool pivoting) {
  const Stack<T> A(a, "A");
  const Index m = A.rows();
  const Index n = A.cols();
  const Index height = mode == "complete" ? m : std::min(m, n);
  const bool raw = mode == "raw";
  py::object permutation = py::none();
  Index* p = nullptr;
  if (pivoting) {
    py::array_t<std::int64_t> order = new_array<std::int64_t>(A.batch(), {n});
    p = reinterpret_cast<Index*>(order.mutable_data());  // NOLINT
    permutation = order;
  }
  if (raw) {
    const py::array_t<T> h = new_array<T>(A.batch(), {n, m});  // the transpose, as LAPACK's columns lie in memory
    py::array_t<T> tau = new_array<T>(A.batch(), {std::min(m, n)});
    const Stack<T> H(h, "h", true);
    T* t = tau.mutable_data();
    (void)over(A, [&](Index i) {
      return qr_raw<T>(A[i], H[i].transposed(), t + i * std::min(m, n), pivoting ? p + i * n : nullptr);
    });
    return py::make_tuple(h, tau, permutation);
  }
  const bool wanted = mode != "r";
  const py::array_t<T> q = new_array<T>(A.batch(), {wanted ? m : 0, wanted ? height : 0});
  const py::array_t<T> r = new_array<T>(A.batch(), {height, n});
  const Stack<T> Q(q, "Q", true);
  const Stack<T> R(r, "R", true);
  (void)over(
      A, [&](Index i) { return qr<T>(A[i], wanted ? Q[i] : MatrixView<T>{}, R[i], pivoting ? p + i * n : nullptr); });
  return py::make_tuple(wanted ? py::object(q) : py::object(py::none()), r, permutation);
}

template <class T>
py::tuple svd_stack(const py::array& a, bool full_matrices, bool compute_uv) {
  const Stack<T> A(a, "A");
  const Index r = std::min(A.rows(), A.cols());
  py::array_t<Real<T>> s = new_array<Real<T>>(A.batch(), {r});
  const Index left = !compute_uv ? 0 : full_matrices ? A.rows() : r;
  const Index right = !compute_uv ? 0 : full_matrices ? A.cols() : r;
  const py::array_t<T> u = new_array<T>(A.batch(), {A.rows(), left});
  const py::array_t<T> vh = new_array<T>(A.batch(), {right, A.cols()});
  const Stack<T> U(u, "U", true);
  const Stack<T> Vh(vh, "Vh", true);
  Real<T>* values = s.mutable_data();
  (void)run(A.batch(), A.count(), std::max(A.rows(), A.cols()), !is_complex<T>,
            [&](Index i, const Stop& stop, Certificate&, Diagnosis&) {
              return svd<T>(A[i], compute_uv ? U[i] : MatrixView<T>{}, values + i * r,
                            compute_uv ? Vh[i] : MatrixView<T>{}, stop);
            });
  const auto if_wanted = [&](const py::array& x) { return compute_uv ? py::object(x) : py::object(py::none()); };
  return py::make_tuple(if_wanted(u), s, if_wanted(vh));
}

template <class T>
py::tuple eigh_stack(const py::array& a, bool vectors) {
  const Stack<T> A(a, "A");
  const Index n = A.rows();
  py::array_t<Real<T>> w = new_array<Real<T>>(A.batch(), {n});
  const py::array_t<T> v = new_array<T>(A.batch(), {n, vectors ? n : 0});
  const Stack<T> V(v, "V", true);
  Real<T>* values = w.mutable_data();
  (void)report_of(A.batch(), A.count(), n, !is_complex<T>,
                  [&](const Stop& stop) { return eigh_slices<T>(A, values, vectors ? &V : nullptr, stop); });
  return py::make_tuple(w, vectors ? py::object(v) : py::object(py::none()));
}

/// write(i, determinant) for every slice.
template <class T>
void determinants(const Stack<T>& A, const std::function<void(Index, const Determinant<T>&)>& write) {
  (void)report_of(A.batch(), A.count(), A.rows(), !is_complex<T>,
                  [&](const Stop& stop) { return determinant_slices<T>(A, write, stop); });
}

template <class T>
py::tuple slogdet_stack(const py::array& a) {
  const Stack<T> A(a, "A");
  py::array_t<T> sign(A.batch());
  py::array_t<Real<T>> size(A.batch());
  T* signs = sign.mutable_data();
  Real<T>* sizes = size.mutable_data();
  determinants<T>(A, [&](Index i, const Determinant<T>& d) {
    signs[i] = d.sign();
    sizes[i] = d.log_modulus();
  });
  return py::make_tuple(sign, size);
}

template <class T>
py::array det_stack(const py::array& a) {
  const Stack<T> A(a, "A");
  py::array_t<T> result(A.batch());
  T* out = result.mutable_data();
  determinants<T>(A, [&](Index i, const Determinant<T>& d) { out[i] = d.value(); });
  return result;
}

/// X := update(A^-1) as a new array, and how it went.
template <class T, class Update>
py::tuple updated_inverse(const py::array& a, Update&& update) {
  const Stack<T> A(a, "A_inv");
  const py::array_t<T> x = new_array<T>({}, {A.rows(), A.rows()});
  const Stack<T> X(x, "X", true);
  Report report = run({}, 1, A.rows(), !is_complex<T>,
                      [&](Index, const Stop&, Certificate&, Diagnosis&) { return update(A[0], X[0]); });
  return py::make_tuple(x, std::move(report));
}

template <class T>
py::tuple woodbury_of(const py::array& a, const py::array& u, const py::array& c, const py::array& v) {
  const Stack<T> U(u, "U");
  const Stack<T> C(c, "C");
  const Stack<T> V(v, "V");
  return updated_inverse<T>(
      a, [&](MatrixView<const T> A, MatrixView<T> X) { return woodbury<T>(A, U[0], C[0], V[0], X); });
}

template <class T>
bool all_finite(const py::array& a) {
  const Stack<T> A(a, "A");
  const py::gil_scoped_release nogil;
  for (Index i = 0; i < A.count(); ++i) {
    if (check_finite<T>(Source<T>{A[i]}).first >= 0) {
      return false;
    }
  }
  return true;
}

template <class T>
py::tuple sherman_morrison_of(const py::array& a, const py::array& u, const py::array& v) {
  const Stack<T> U(u, "u");
  const Stack<T> V(v, "v");
  return updated_inverse<T>(
      a, [&](MatrixView<const T> A, MatrixView<T> X) { return sherman_morrison<T>(A, U[0], V[0], X); });
}

}  // namespace

void register_decompositions(py::module_& m) {
  using namespace py::literals;
  m.def(
      "lu", [](const py::array& a) { return with_scalar(a, [&](auto t) { return lu_stack<decltype(t)>(a); }); }, "A"_a);
  m.def(
      "all_finite",
      [](const py::array& a) { return with_scalar(a, [&](auto t) { return all_finite<decltype(t)>(a); }); }, "A"_a);
  m.def(
      "cholesky",
      [](const py::array& a, bool check_finite) {
        return with_scalar(a, [&](auto t) { return cholesky_stack<decltype(t)>(a, check_finite); });
      },
      "A"_a, py::kw_only(), "check_finite"_a);
  m.def(
      "ldlt",
      [](const py::array& a, bool hermitian) {
        return with_scalar(a, [&](auto t) { return ldlt_stack<decltype(t)>(a, hermitian); });
      },
      "A"_a, py::kw_only(), "hermitian"_a);
  m.def(
      "qr",
      [](const py::array& a, const std::string& mode, bool pivoting) {
        return with_scalar(a, [&](auto t) { return qr_stack<decltype(t)>(a, mode, pivoting); });
      },
      "A"_a, py::kw_only(), "mode"_a, "pivoting"_a);
  m.def(
      "svd",
      [](const py::array& a, bool full_matrices, bool compute_uv) {
        return with_scalar(a, [&](auto t) { return svd_stack<decltype(t)>(a, full_matrices, compute_uv); });
      },
      "A"_a, py::kw_only(), "full_matrices"_a, "compute_uv"_a);
  m.def(
      "eigh",
      [](const py::array& a, bool vectors) {
        return with_scalar(a, [&](auto t) { return eigh_stack<decltype(t)>(a, vectors); });
      },
      "A"_a, py::kw_only(), "vectors"_a);
  m.def(
      "slogdet",
      [](const py::array& a) { return with_scalar(a, [&](auto t) { return slogdet_stack<decltype(t)>(a); }); }, "A"_a);
  m.def(
      "det", [](const py::array& a) { return with_scalar(a, [&](auto t) { return det_stack<decltype(t)>(a); }); },
      "A"_a);
  m.def(
      "woodbury",
      [](const py::array& a, const py::array& u, const py::array& c, const py::array& v) {
        return with_scalar(a, [&](auto t) { return woodbury_of<decltype(t)>(a, u, c, v); });
      },
      "A_inv"_a, "U"_a, "C"_a, "V"_a);
  m.def(
      "sherman_morrison",
      [](const py::array& a, const py::array& u, const py::array& v) {
        return with_scalar(a, [&](auto t) { return sherman_morrison_of<decltype(t)>(a, u, v); });
      },
      "A_inv"_a, "u"_a, "v"_a);
}

}  // namespace hessolve::bindings
