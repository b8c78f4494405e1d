// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/view.hpp>

namespace hessolve {

/// Extrapolate differences to step 0, each entry by itself. Row k of `values` (levels x entries) has steps 2^-k of the
/// first row, and errors c_1 h^p + c_2 h^2p + ...; `rounding` says how far rounding may have moved them. best[i] is
/// what of the tableau has the smallest estimated error, error[i]: the distance from its neighbours and from what finer
/// steps say, plus rounding, carried through the tableau. levels >= 2 gives an estimate of truncation. [Ridders,
/// Accurate computation of F'(x) and F'(x) F''(x), Adv. Eng. Software 4 (1982), doi 10.1016/S0141-1195(82)80057-0]
void extrapolate(In<double> values, In<double> rounding, int p, double* best, double* error);

}  // namespace hessolve
