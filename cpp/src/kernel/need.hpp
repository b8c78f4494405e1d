// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <stdexcept>

namespace hessolve {

/// Refuse a mistake of the caller.
inline void need(bool fits, const char* what) {
  if (!fits) {
    throw std::invalid_argument(what);
  }
}

}  // namespace hessolve
