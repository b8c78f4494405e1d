// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// hessolve: solve A x = b and get the evidence that x is right. Everything but the adaptors for Eigen
/// (hessolve/eigen.hpp).
#include <hessolve/core/buffer.hpp>
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/parallel.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>
#include <hessolve/dense/banded.hpp>
#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/decompose.hpp>
#include <hessolve/dense/eigh.hpp>
#include <hessolve/dense/gauss_jordan.hpp>
#include <hessolve/dense/ldlt.hpp>
#include <hessolve/dense/lu.hpp>
#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/structure.hpp>
#include <hessolve/dense/svd.hpp>
#include <hessolve/dense/triangular.hpp>
#include <hessolve/dense/update.hpp>
#include <hessolve/solve/factors.hpp>
#include <hessolve/solve/inverse.hpp>
#include <hessolve/solve/options.hpp>
#include <hessolve/solve/plan.hpp>
#include <hessolve/solve/solve.hpp>
