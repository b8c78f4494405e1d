// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/parallel.hpp>
#include <hessolve/core/scalars.hpp>

#include <algorithm>
#include <atomic>
#include <exception>

#ifdef _OPENMP
#include <omp.h>
#endif

/// Parallel regions. Work is cut by size, never by thread count, so the bits of a result do not depend on the team.
namespace hessolve {

/// The threads inside one parallel region.
class Team {
 public:
  [[nodiscard]] static int rank() {
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
  }
  static void barrier() {
#ifdef _OPENMP
#pragma omp barrier
#endif
  }
};

/// Run body() on up to `threads` threads at once. body must not throw.
template <class Body>
void in_parallel(int threads, Body&& body) {
#ifdef _OPENMP
#pragma omp parallel num_threads(threads)  // for one thread as well: the caller may be inside a region of its own
  {
    body();
  }
#else
  (void)threads;
  body();
#endif
}

/// body(i) for i = 0 ... count - 1, handed out one by one. `worth`: start more than one thread only if true.
/// What a body throws ends the loop and reaches the caller.
template <class Body>
void parallel_for(Index count, bool worth, Body&& body) {
  const int threads = worth ? static_cast<int>(std::min<Index>(get_num_threads(), count)) : 1;
  if (threads <= 1) {
    for (Index i = 0; i < count; ++i) {
      body(i);
    }
    return;
  }
  std::atomic<Index> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr error;
  in_parallel(threads, [&] {
    try {
      for (Index i = next++; i < count && !failed; i = next++) {
        body(i);
      }
    } catch (...) {  // nothing may leave a parallel region
      if (!failed.exchange(true)) {
        error = std::current_exception();
      }
    }
  });
  if (error) {
    std::rethrow_exception(error);
  }
}

}  // namespace hessolve
