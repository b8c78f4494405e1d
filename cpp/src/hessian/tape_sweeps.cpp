// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/team.hpp"

#include <hessolve/core/buffer.hpp>
#include <hessolve/hessian/tape.hpp>

#include <algorithm>

namespace hessolve {
namespace {

constexpr Index lanes = 8;                // directions that one sweep carries
constexpr Index worth_threads = 1 << 20;  // edges times directions

template <class T>
const T& at(const std::vector<T>& v, Index i) {
  return v[static_cast<std::size_t>(i)];
}

}  // namespace

/// Which nodes the outputs depend on. The others are never looked at: what np.where left out may well be NaN.
std::vector<char> Tape::live(const Id* outs, Index m) const {
  std::vector<char> live(value_.size(), 0);
  for (Index i = 0; i < m; ++i) {
    live[static_cast<std::size_t>(outs[i])] = 1;
  }
  for (Index k = size() - 1; k > variables_; --k) {
    if (at(live, k) != 0) {
      for (Index e = at(first_edge_, k); e < at(first_edge_, k + 1); ++e) {
        live[static_cast<std::size_t>(at(edge_, e))] = 1;
      }
    }
  }
  return live;
}

/// d out / d node for every node.
std::vector<double> Tape::adjoints(Id out, const std::vector<char>& live) const {
  std::vector<double> adjoint(value_.size(), 0.0);
  adjoint[static_cast<std::size_t>(out)] = 1;
  for (Index k = out; k > variables_; --k) {
    if (const double w = at(adjoint, k); at(live, k) != 0) {
      for (Index e = at(first_edge_, k); e < at(first_edge_, k + 1); ++e) {
        adjoint[static_cast<std::size_t>(at(edge_, e))] += at(slope_, e) * w;
      }
    }
  }
  return adjoint;
}

void Tape::gradient(Id out, double* g) const {
  const std::vector<double> adjoint = adjoints(out, live(&out, 1));
  std::copy_n(adjoint.begin() + 1, variables_, g);
}

void Tape::jacobian(const Id* outs, Index m, MatrixView<double> J) const {
  const std::vector<char> live = this->live(outs, m);
  const bool backward = m < variables_;
  const Index directions = backward ? m : variables_;
  const Index blocks = (directions + lanes - 1) / lanes;
  parallel_for(blocks, static_cast<Index>(edge_.size()) * directions > worth_threads, [&](Index block) {
    const Index first = block * lanes;
    const Index width = std::min(lanes, directions - first);
    Buffer<double> buffer(size() * lanes);
    double* const t = buffer.data();
    std::fill_n(t, size() * lanes, 0.0);
    for (Index w = 0; w < width; ++w) {
      t[(backward ? outs[first + w] : 1 + first + w) * lanes + w] = 1;
    }
    if (backward) {
      for (Index k = size() - 1; k > variables_; --k) {
        for (Index e = at(live, k) != 0 ? at(first_edge_, k) : at(first_edge_, k + 1); e < at(first_edge_, k + 1);
             ++e) {
          double* const to = t + at(edge_, e) * lanes;
          for (Index w = 0; w < lanes; ++w) {
            to[w] += at(slope_, e) * t[k * lanes + w];
          }
        }
      }
      for (Index w = 0; w < width; ++w) {
        for (Index j = 0; j < variables_; ++j) {
          J(first + w, j) = t[(1 + j) * lanes + w];
        }
      }
    } else {
      forward(live, slope_, t);
      for (Index i = 0; i < m; ++i) {
        for (Index w = 0; w < width; ++w) {
          J(i, first + w) = t[outs[i] * lanes + w];
        }
      }
    }
  });
}

/// Tangents of `lanes` directions: those of the variables are given, those of the other live nodes follow.
void Tape::forward(const std::vector<char>& live, const std::vector<double>& slopes, double* t) const {
  for (Index k = variables_ + 1; k < size(); ++k) {
    if (at(live, k) == 0) {
      continue;
    }
    double sum[lanes] = {};
    for (Index e = at(first_edge_, k); e < at(first_edge_, k + 1); ++e) {
      const double* const from = t + at(edge_, e) * lanes;
      for (Index w = 0; w < lanes; ++w) {
        sum[w] += at(slopes, e) * from[w];
      }
    }
    std::copy_n(sum, lanes, t + k * lanes);
  }
}

void Tape::products(Id out, In<double> V, MatrixView<double> P) const {
  const std::vector<char> live = this->live(&out, 1);
  const std::vector<double> adjoint = adjoints(out, live);
  std::vector<double> bent;  // slopes with those of corners, where there are any
  if (!corners_.empty()) {
    bent = slope_;
    for (const Index e : corners_) {
      bent[static_cast<std::size_t>(e)] = 1;
    }
  }
  const std::vector<double>& slopes = corners_.empty() ? slope_ : bent;
  const Index count = out + 1;
  const Index blocks = (V.cols + lanes - 1) / lanes;
  parallel_for(blocks, static_cast<Index>(edge_.size()) * V.cols > worth_threads, [&](Index block) {
    const Index first = block * lanes;
    const Index width = std::min(lanes, V.cols - first);
    Buffer<double> buffer(2 * size() * lanes);
    double* const t = buffer.data();                   // tangents: d node / d direction
    double* const d = buffer.data() + size() * lanes;  // the same of the adjoints
    std::fill_n(t, 2 * size() * lanes, 0.0);
    for (Index j = 0; j < variables_; ++j) {
      for (Index w = 0; w < width; ++w) {
        t[(1 + j) * lanes + w] = V(j, first + w);
      }
    }
    forward(live, slopes, t);
    for (Index k = count - 1; k > variables_; --k) {
      if (at(live, k) == 0) {
        continue;
      }
      const double* const from = d + k * lanes;
      for (Index e = at(first_edge_, k); e < at(first_edge_, k + 1); ++e) {
        double* const to = d + at(edge_, e) * lanes;
        for (Index w = 0; w < lanes; ++w) {
          to[w] += at(slopes, e) * from[w];
        }
      }
      for (Index c = at(first_curve_, k); c < at(first_curve_, k + 1); ++c) {
        const Index a = at(curve_a_, c) * lanes;  // d^2 out gets adjoint(k) curve (a b^T + b a^T)
        const Index b = at(curve_b_, c) * lanes;
        const double weight = at(adjoint, k) * at(curve_, c);
        for (Index w = 0; w < lanes; ++w) {
          d[a + w] += weight * t[b + w];
        }
        for (Index w = 0; w < lanes; ++w) {
          d[b + w] += weight * t[a + w];
        }
      }
    }
    for (Index j = 0; j < variables_; ++j) {
      for (Index w = 0; w < width; ++w) {
        P(j, first + w) = d[(1 + j) * lanes + w];
      }
    }
  });
}

void Tape::hessian(Id out, MatrixView<double> H) const {
  const Index n = variables_;
  Buffer<double> unit(2 * n);  // column j of the identity starts at n - j of a unit vector
  std::fill_n(unit.data(), 2 * n, 0.0);
  if (n > 0) {
    unit[n] = 1;
  }
  products(out, MatrixView<const double>{unit.data() + n, n, n, 1, -1}, H);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      H(i, j) = H(j, i) = H(i, j) == H(j, i) ? H(i, j) : H(i, j) / 2 + H(j, i) / 2;
    }
  }
}

}  // namespace hessolve
