// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// Threads are hessolve's own: one pool (OpenMP's), one number, here. Without OpenMP everything runs on the calling
/// thread.
namespace hessolve {

/// Use at most n threads; 0: as many as OpenMP offers (OMP_NUM_THREADS, threadpoolctl). Applies to the whole process.
void set_num_threads(int n);

/// The number of threads a large computation started now would use. 1 in a forked child, whose OpenMP pool did not
/// survive.
[[nodiscard]] int get_num_threads();

}  // namespace hessolve
