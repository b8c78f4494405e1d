// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/parallel.hpp>

#include <algorithm>
#include <atomic>

#ifdef _OPENMP
#include <omp.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace hessolve {
namespace {

std::atomic<int> wanted{0};         // 0: no wish
std::atomic<bool> is_child{false};  // after fork OpenMP's workers are gone, and waiting for them would hang

#if defined(__unix__) || defined(__APPLE__)
const int registered = pthread_atfork(nullptr, nullptr, [] { is_child = true; });
#endif

#ifdef _OPENMP
const int offered_at_start = omp_get_max_threads();
#endif

}  // namespace

void set_num_threads(int n) { wanted = std::max(n, 0); }

int get_num_threads() {
  if (is_child) {
    return 1;
  }
#ifdef _OPENMP
  const int offered = omp_get_max_threads();
  if (wanted == 0) {
    return offered;
  }
  return offered < offered_at_start ? std::min<int>(wanted, offered)
                                    : wanted.load();  // lowered from outside: obey both
#else
  return 1;
#endif
}

}  // namespace hessolve
