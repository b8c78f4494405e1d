// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "array.hpp"

#include <hessolve/solve/options.hpp>

/// Words to enums. Python has checked them and told the caller which are valid; these refuse whatever is left.
namespace hessolve::bindings {

[[nodiscard]] inline Method method_named(const std::string& word) {
  for (int i = 0; i < method_count; ++i) {
    if (word == name(static_cast<Method>(i))) {
      return static_cast<Method>(i);
    }
  }
  if (word == "auto") {
    return Method::none;
  }
  throw py::value_error("unknown method " + word);
}

[[nodiscard]] inline Assume assume_named(const std::string& word) {
  static constexpr const char* words[] = {"",          "general",          "diagonal",         "tridiagonal",
                                          "banded",    "upper triangular", "lower triangular", "symmetric",
                                          "hermitian", "positive definite"};
  for (int i = 0; i <= static_cast<int>(Assume::positive_definite); ++i) {
    if (word == words[i]) {
      return static_cast<Assume>(i);
    }
  }
  throw py::value_error("unknown assume_a " + word);
}

[[nodiscard]] inline Precision precision_named(const std::string& word) {
  if (word == "working") {
    return Precision::working;
  }
  if (word == "mixed") {
    return Precision::mixed;
  }
  if (word == "extended") {
    return Precision::extended;
  }
  throw py::value_error("unknown precision " + word);
}

[[nodiscard]] inline Trans trans_named(const std::string& word) {
  if (word == "N") {
    return Trans::none;
  }
  if (word == "T") {
    return Trans::transpose;
  }
  if (word == "C") {
    return Trans::adjoint;
  }
  throw py::value_error("unknown trans " + word);
}

}  // namespace hessolve::bindings
