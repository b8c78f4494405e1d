// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace hessolve {

/// A caller's wish to stop, polled once per panel or iteration by the thread that made the call.
/// A default-constructed Stop never stops. `poll` must not throw.
struct Stop {
  bool (*poll)(void* context) = nullptr;
  void* context = nullptr;

  [[nodiscard]] bool requested() const { return poll != nullptr && poll(context); }
};

}  // namespace hessolve
