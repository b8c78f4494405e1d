// SPDX-License-Identifier: BSD-3-Clause
// Hessians of losses and sums of elements, on views: against the definition, entry by entry.
#include "check.hpp"

#include <array>
#include <cmath>

namespace {

using namespace hessolve;

/// W of one row: second derivatives of its loss by its etas.
template <class R>
std::vector<double> curvature_of(Family family, const std::vector<double>& eta, double y, double delta) {
  const std::size_t K = eta.size();
  std::vector<double> W(K * K);
  const double e = std::exp(-std::abs(eta[0]));
  switch (family) {
    case Family::gaussian: W[0] = 1; break;
    case Family::logistic: W[0] = e / ((1 + e) * (1 + e)); break;
    case Family::poisson: W[0] = std::exp(eta[0]); break;
    case Family::huber: W[0] = std::abs(y - eta[0]) <= delta ? 1 : 0; break;
    case Family::squared_hinge: W[0] = y * eta[0] < 1 ? 2 : 0; break;
    case Family::softmax: {
      double sum = 0;
      for (const double one : eta) {
        sum += std::exp(one);
      }
      for (std::size_t k = 0; k < K; ++k) {
        for (std::size_t l = 0; l < K; ++l) {
          W[k * K + l] = std::exp(eta[k]) / sum * ((k == l ? 1 : 0) - std::exp(eta[l]) / sum);
        }
      }
    }
  }
  return W;
}

template <class R>
void glm(Family family, Index m, Index n, bool intercept) {
  std::mt19937 generator(7);
  const Index K = family == Family::softmax ? 3 : 1;
  const Index p = n + (intercept ? 1 : 0);
  const auto X = problems::Dense<R>::random(m, n, 11);
  std::vector<R> coef(static_cast<std::size_t>(K * p));
  std::vector<R> y(static_cast<std::size_t>(m));
  std::vector<R> weights(y.size());
  for (R& b : coef) {
    b = problems::normal<R>(generator) / std::sqrt(static_cast<R>(p));
  }
  for (std::size_t i = 0; i < y.size(); ++i) {
    y[i] = problems::normal<R>(generator) > 0 ? R(1) : R(-1);
    weights[i] = std::abs(problems::normal<R>(generator));
  }
  GlmOptions<R> options;
  options.family = family;
  options.classes = K;
  options.y = {y.data(), m, 1};
  options.sample_weight = {weights.data(), m, 1};
  options.intercept = intercept;
  options.alpha = R(0.25);
  options.mean = true;
  const auto size = static_cast<std::size_t>(K * p);
  std::vector<double> exact(size * size);
  double total = 0;
  const auto x = [&](Index i, Index j) { return j < n ? static_cast<double>(X.view()(i, j)) : 1.0; };
  for (Index i = 0; i < m; ++i) {
    std::vector<double> eta(static_cast<std::size_t>(K));
    for (Index k = 0; k < K; ++k) {
      for (Index j = 0; j < p; ++j) {
        eta[static_cast<std::size_t>(k)] += x(i, j) * static_cast<double>(coef[static_cast<std::size_t>(k * p + j)]);
      }
    }
    const auto at = static_cast<std::size_t>(i);
    const std::vector<double> W = curvature_of<R>(family, eta, static_cast<double>(y[at]), 1.0);
    total += static_cast<double>(weights[at]);
    for (Index a = 0; a < K * p; ++a) {
      for (Index b = 0; b < K * p; ++b) {
        exact[static_cast<std::size_t>(a) * size + static_cast<std::size_t>(b)] +=
            static_cast<double>(weights[at]) * W[static_cast<std::size_t>(a % K * K + b % K)] * x(i, a / K) *
            x(i, b / K);
      }
    }
  }
  std::vector<R> H(size * size);
  const MatrixView<R> out = row_major(H.data(), K * p, K * p);
  const MatrixView<const R> beta = row_major<const R>(coef.data(), K, p);
  CHECK(glm_hessian<R>(X.view(), beta, options, out).ok());
  Outcome outcome;
  const auto op = glm_operator<R>(X.view(), beta, options, outcome);
  CHECK(outcome.ok() && op != nullptr && op->rows() == K * p);
  std::vector<R> v(size, R(1));
  std::vector<R> product(size);
  op->apply(v.data(), product.data());
  const double tolerance = 40 * static_cast<double>(epsilon<R>) * static_cast<double>(n + 4);
  for (std::size_t a = 0; a < size; ++a) {
    double sum = 0;
    double scale = 1;
    for (std::size_t b = 0; b < size; ++b) {
      double value = exact[a * size + b] / total;
      value += a == b && static_cast<Index>(a) / K < n ? 0.25 : 0.0;
      CHECK(std::abs(static_cast<double>(H[a * size + b]) - value) <= tolerance * (1 + std::abs(value)));
      CHECK(H[a * size + b] == H[b * size + a]);
      sum += value;
      scale += std::abs(value);
    }
    CHECK(std::abs(static_cast<double>(product[a]) - sum) <= tolerance * scale);
  }
}

template <class R, class I>
void sparse_and_bad_rows() {
  const std::array<I, 4> indptr{0, 2, 3, 4};
  const std::array<I, 4> indices{0, 1, 1, 0};
  std::array<R, 4> values{1, 2, 3, 4};
  const CsrView<R, I> X{3, 2, indptr.data(), indices.data(), values.data()};
  const std::array<R, 2> zero{0, 0};
  const MatrixView<const R> coef = row_major<const R>(zero.data(), 1, 2);
  std::array<R, 4> H{};
  const MatrixView<R> out = row_major(H.data(), 2, 2);
  CHECK((glm_hessian<R, I>(X, coef, {}, out).ok()));
  CHECK((H == std::array<R, 4>{17, 2, 2, 13}));
  GlmOptions<R> poisson;
  poisson.family = Family::poisson;
  const std::array<R, 2> huge{0, R(1e6)};
  const Outcome outcome = glm_hessian<R, I>(X, row_major<const R>(huge.data(), 1, 2), poisson, out);
  CHECK(outcome.reason == Reason::non_finite && outcome.where == 0);
  values[2] = std::numeric_limits<R>::quiet_NaN();
  const Outcome bad = glm_hessian<R, I>(X, coef, {}, out);
  CHECK(bad.reason == Reason::non_finite && bad.where == 1);
  const std::array<R, 6> J{1, 0, 0, 2, 3, 0};
  const std::array<R, 3> weights{1, 1, 4};
  CHECK(gauss_newton<R>(row_major<const R>(J.data(), 3, 2), {weights.data(), 3, 1}, R(0.5), out).ok());
  CHECK((H == std::array<R, 4>{R(37.5), 0, 0, R(4.5)}));
}

template <class R, class I>
void elements() {
  const std::array<I, 6> table{0, 1, 2, 2, 1, 4};  // two triangles; dof 3 has no element
  const MatrixView<const I> dofs = row_major<const I>(table.data(), 2, 3);
  const ElementAssembler<I> assembler(5, dofs);
  std::vector<R> blocks(18);
  std::mt19937 generator(3);
  for (R& b : blocks) {
    b = std::round(R(8) * problems::normal<R>(generator));
  }
  const Batch<const R> batch{row_major<const R>(blocks.data(), 3, 3), 2, 9};
  std::vector<R> values(static_cast<std::size_t>(assembler.nonzeros()));
  CHECK(assembler.nonzeros() == 15);  // 9 + 9 - 4 shared + the diagonal of dof 3
  CHECK(assembler.template assemble<R>(batch, nullptr, values.data()).ok());
  const auto entry = [&](Index i, Index j) {
    for (I p = assembler.indptr()[i]; p < assembler.indptr()[i + 1]; ++p) {
      if (assembler.indices()[p] == static_cast<I>(j)) {
        return values[static_cast<std::size_t>(p)];
      }
    }
    return R(0);
  };
  for (Index i = 0; i < 5; ++i) {
    for (Index j = 0; j < 5; ++j) {
      R sum = 0;
      for (std::size_t e = 0; e < 2; ++e) {
        for (std::size_t a = 0; a < 3; ++a) {
          for (std::size_t b = 0; b < 3; ++b) {
            const bool here = table[e * 3 + a] == static_cast<I>(i) && table[e * 3 + b] == static_cast<I>(j);
            sum += here ? blocks[e * 9 + a * 3 + b] : R(0);
          }
        }
      }
      CHECK(entry(i, j) == sum);
    }
  }
  const std::array<unsigned char, 5> fixed{0, 1, 0, 1, 0};
  CHECK(assembler.template assemble<R>(batch, fixed.data(), values.data()).ok());
  CHECK(entry(1, 1) == R(1) && entry(3, 3) == R(1) && entry(1, 2) == R(0) && entry(2, 1) == R(0));
  const std::array<I, 2> stray{0, 5};
  CHECK((find_stray_dof<I>(5, row_major<const I>(stray.data(), 1, 2)) == std::pair<Index, Index>{0, 1}));

  std::vector<R> made{0, 1, 1, 0, 2, 0, 0, 3};  // eigenvalues -1 and 1; 2 and 3
  const Batch<R> pair{row_major(made.data(), 2, 2), 2, 4};
  CHECK(project_blocks<R>(pair, Projection::clamp, pair).ok());
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(std::abs(made[i] - R(0.5)) <= 4 * epsilon<R>);
  }
  CHECK(made[4] == R(2) && made[5] == R(0) && made[7] == R(3));
  made[1] = 9;
  const Outcome skew = project_blocks<R>(pair, Projection::abs, pair);
  CHECK(skew.reason == Reason::breakdown && skew.where == 0);
}

/// A wish to stop that comes with the second question is obeyed.
void stops() {
  const Index m = 5000, n = 40;
  std::mt19937 generator(1);
  std::vector<double> x(static_cast<std::size_t>(m * n)), beta(static_cast<std::size_t>(n)), h(x.size());
  for (double& value : x) {
    value = problems::normal<double>(generator);
  }
  int asked = 0;
  GlmOptions<double> options;
  options.family = Family::logistic;
  options.stop = {[](void* count) { return ++*static_cast<int*>(count) > 1; }, &asked};
  const auto X = row_major<const double>(x.data(), m, n);
  const auto coef = row_major<const double>(beta.data(), 1, n);
  const auto H = row_major(h.data(), n, n);
  set_num_threads(1);
  CHECK(glm_hessian<double>(X, coef, options, H).reason == Reason::stopped);
  CHECK(asked == 2);
  asked = 1;
  CHECK(gauss_newton<double>(X, {}, 0, H, options.stop).reason == Reason::stopped);
  set_num_threads(2);
  asked = 1;
  const Batch<double> blocks{row_major(x.data(), 2, 2), 1000, 4};
  CHECK(project_blocks<double>(blocks, Projection::clamp, blocks, options.stop).reason == Reason::stopped);
  std::vector<Index> dofs(2000);
  for (std::size_t i = 0; i < dofs.size(); ++i) {
    dofs[i] = static_cast<Index>(i);
  }
  const ElementAssembler<Index> assembler(2000, row_major<const Index>(dofs.data(), 1000, 2));
  const Batch<const double> read{row_major<const double>(x.data(), 2, 2), 1000, 4};
  asked = 1;
  CHECK(assembler.assemble<double>(read, nullptr, h.data(), options.stop).reason == Reason::stopped);
  CHECK(assembler.assemble<double>(read, nullptr, h.data()).ok());
  set_num_threads(0);
}

}  // namespace

int main() {
  for (const Family family :
       {Family::gaussian, Family::logistic, Family::poisson, Family::huber, Family::squared_hinge, Family::softmax}) {
    for (const bool intercept : {false, true}) {
      glm<float>(family, 57, 9, intercept);
      glm<double>(family, 300, 31, intercept);
    }
  }
  sparse_and_bad_rows<float, std::int32_t>();
  sparse_and_bad_rows<double, std::int64_t>();
  elements<float, std::int64_t>();
  elements<double, std::int32_t>();
  stops();
  return check::report();
}
