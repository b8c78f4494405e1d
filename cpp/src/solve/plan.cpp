// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/solve/plan.hpp>

#include <algorithm>

namespace hessolve {

const char* name(Method method) {
  switch (method) {
    case Method::none: return "none";
    case Method::diagonal: return "diagonal";
    case Method::tridiagonal: return "tridiagonal";
    case Method::banded: return "banded";
    case Method::triangular: return "triangular";
    case Method::cholesky: return "cholesky";
    case Method::ldlt: return "ldlt";
    case Method::lu: return "lu";
    case Method::qr: return "qr";
    case Method::qr_pivoted: return "qr-pivoted";
    case Method::svd: return "svd";
    case Method::eigh: return "eigh";
    case Method::gauss_jordan: return "gauss-jordan";
    case Method::lu_mixed: return "lu-mixed";
    case Method::cholesky_mixed: return "cholesky-mixed";
    case Method::cholesky_qr: return "cholesky-qr";
    case Method::mgs: return "mgs";
    case Method::normal: return "normal";
    case Method::sketch: return "sketch";
  }
  return "unknown";
}

Kind assumed_kind(Assume assume, Kind seen) {
  switch (assume) {
    case Assume::nothing:
    case Assume::banded: return seen;
    case Assume::general: return Kind::general;
    case Assume::diagonal: return Kind::diagonal;
    case Assume::tridiagonal: return Kind::tridiagonal;
    case Assume::upper_triangular: return Kind::upper_triangular;
    case Assume::lower_triangular: return Kind::lower_triangular;
    case Assume::symmetric: return Kind::symmetric;
    case Assume::hermitian: return Kind::hermitian;
    case Assume::positive_definite: return Kind::positive_definite_candidate;
  }
  return seen;
}

namespace {

/// The direct method for a square matrix, and what follows where it fails.
void plan_square(Kind kind, Plan& plan) {
  switch (kind) {
    case Kind::zero: break;  // the ladder answers: rank 0
    case Kind::diagonal: plan.then(Method::diagonal); break;
    case Kind::tridiagonal: plan.then(Method::tridiagonal); break;
    case Kind::banded: plan.then(Method::banded); break;
    case Kind::upper_triangular:
    case Kind::lower_triangular:
    case Kind::permuted_triangular: plan.then(Method::triangular); break;
    case Kind::positive_definite_candidate:
      plan.then(Method::cholesky);
      plan.then(Method::ldlt);
      break;
    case Kind::hermitian:
    case Kind::symmetric: plan.then(Method::ldlt); break;
    case Kind::general: plan.then(Method::lu); break;
  }
  plan.then(Method::qr_pivoted);
  plan.then(Method::svd);
}

double flops_of(Method method, const Structure& s, Index right_hand_sides) {
  const auto m = static_cast<double>(s.rows);
  const auto n = static_cast<double>(s.cols);
  const auto k = static_cast<double>(right_hand_sides);
  const auto lower = static_cast<double>(s.lower_bandwidth);
  const auto upper = static_cast<double>(s.upper_bandwidth);
  const double small = std::min(m, n);
  const double large = std::max(m, n);
  switch (method) {
    case Method::none: return 0;
    case Method::diagonal: return n * k;
    case Method::tridiagonal:
    case Method::banded: return 2 * n * lower * (lower + upper) + 2 * n * (2 * lower + upper) * k;
    case Method::triangular: return n * n * k;
    case Method::cholesky:
    case Method::ldlt: return n * n * n / 3 + 2 * n * n * k;
    case Method::lu: return 2 * n * n * n / 3 + 2 * n * n * k;
    case Method::qr: return 2 * small * small * (large - small / 3) + 4 * m * n * k;
    case Method::qr_pivoted: return 4 * small * small * (large - small / 3) + 4 * m * n * k;
    case Method::svd: return 4 * large * small * small + 22 * small * small * small + 4 * m * n * k;
    case Method::eigh: return 9 * n * n * n + 4 * n * n * k;
    case Method::gauss_jordan: return 2 * n * n * n;
    case Method::lu_mixed: return 2 * n * n * n / 3 + 8 * n * n * k;
    case Method::cholesky_mixed: return n * n * n / 3 + 8 * n * n * k;
    case Method::cholesky_qr:
    case Method::mgs: return 2 * m * n * n + 4 * m * n * k;
    case Method::normal: return m * n * n + 4 * m * n * k;
    case Method::sketch: return 4 * m * n + 8 * n * n * n + 8 * m * n * k;
  }
  return 0;
}

}  // namespace

Plan plan(const Structure& structure, Method wish, Index right_hand_sides) {
  Plan result;
  result.regime = structure.rows == structure.cols ? 1 : structure.rows > structure.cols ? 2 : 3;
  if (wish != Method::none) {
    result.then(wish);
  } else if (structure.rows == structure.cols) {
    plan_square(structure.kind, result);
  } else {
    if (structure.kind != Kind::zero) {
      result.then(Method::qr);
    }
    result.then(Method::qr_pivoted);
    result.then(Method::svd);
  }
  result.flops = flops_of(result.methods[0], structure, right_hand_sides);
  return result;
}

}  // namespace hessolve
