// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/scalars.hpp>

namespace hessolve {

/// out(p, a, b) := d^2 f / dx_a dx_b at every point p of a regular grid of d axes, from the samples alone.
/// values: strides in elements; out: d x d for each point, points in C order; `spacing`: d steps, not zero.
/// Second-order accurate everywhere: centred in the interior, (2, -5, 4, -1) / h^2 and (-3, 4, -1) / 2h at borders;
/// mixed derivatives are products of first differences, in the interior the cross of four points.
/// Every axis needs 4 points or more. O(points d^2), on several threads; the same bits on any number of them.
template <class T>
void hessian_grid(const T* values, const Index* shape, const Index* strides, Index d, const double* spacing, T* out);

}  // namespace hessolve
