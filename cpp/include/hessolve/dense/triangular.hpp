// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>
#include <hessolve/dense/lu.hpp>

namespace hessolve {

enum class Triangle : signed char { lower, upper };
enum class Diagonal : signed char { general, unit };

/// B := op(A)^-1 B, reading one triangle of A (not its diagonal if unit). The diagonal must have no zero.
/// n^2 flops a column; on several threads for many columns, with the same bits; allocates nothing.
template <class T>
void triangular_solve(InColMajor<T> A, Triangle triangle, Diagonal diagonal, Trans trans, ColMajor<T> B);

}  // namespace hessolve
