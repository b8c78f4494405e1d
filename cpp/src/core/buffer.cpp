// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>

#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace hessolve::detail {
namespace {

constexpr std::size_t huge_page = std::size_t(2) << 20;

std::align_val_t alignment(std::size_t bytes) { return std::align_val_t(bytes >= 2 * huge_page ? huge_page : 64); }

}  // namespace

void* allocate(std::size_t bytes) {
  void* memory = ::operator new(bytes, alignment(bytes));
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (bytes >= 2 * huge_page) {
    (void)madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);  // a wish: refused, all works as before
  }
#endif
  return memory;
}

void release(void* memory, std::size_t bytes) noexcept {
  if (memory != nullptr) {
    ::operator delete(memory, alignment(bytes));
  }
}

}  // namespace hessolve::detail
