// SPDX-License-Identifier: BSD-3-Clause
// The same bits on one thread and on several; a stop request is heeded; solvers may run on many threads of the caller.
#include "check.hpp"

#include <atomic>
#include <thread>

namespace hs = hessolve;
using hs::Index;
using problems::Dense;

namespace {

/// False in a build without OpenMP.
const bool has_threads = [] {
  hs::set_num_threads(2);
  return hs::get_num_threads() == 2;
}();

template <class T>
void same_bits_on_any_number_of_threads() {
  for (const Index n : {150, 201, 333, 520}) {
    const auto A = Dense<T>::random(n, n, 40);
    const auto S = Dense<T>::hermitian(n, 41, 0.0);
    const auto P = Dense<T>::hermitian(n, 42, 4.0);
    std::vector<Dense<T>> results;
    for (const int threads : {1, 2, 3}) {
      hs::set_num_threads(threads);
      CHECK(hs::get_num_threads() == (has_threads ? threads : 1));
      for (const auto* matrix : {&A, &S, &P}) {
        Dense<T> X(n, 70);
        hs::Certificate c;
        CHECK(hs::solve<T>(matrix->view(), A.view().block(0, 0, n, 70), X.view(), {}, &c).ok());
        results.push_back(X);
      }
    }
    for (std::size_t i = 3; i < results.size(); ++i) {
      CHECK_FOR(results[i] == results[i % 3], "n = " + std::to_string(n) + " matrix " + std::to_string(i % 3));
    }
  }
  hs::set_num_threads(0);
}

template <class T>
void stops_when_asked() {
  const Index n = 600;
  for (const auto& A : {Dense<T>::random(n, n, 43), Dense<T>::hermitian(n, 44, 4.0), Dense<T>::hermitian(n, 45, 0.0)}) {
    const auto B = Dense<T>::random(n, 1, 46);
    Dense<T> X(n, 1);
    int polls = 0;
    hs::SolveOptions options;
    options.stop = {[](void* count) { return ++*static_cast<int*>(count) == 3; }, &polls};
    CHECK(hs::solve<T>(A.view(), B.view(), X.view(), options).reason == hs::Reason::stopped);
    CHECK(polls == 3);  // once per panel, and not again after it said so
  }
}

void callers_may_be_many() {
  const Index n = 230;
  const auto A = Dense<double>::random(n, n, 47);
  const auto B = Dense<double>::random(n, 1, 48);
  Dense<double> alone(n, 1);
  CHECK(hs::solve<double>(A.view(), B.view(), alone.view()).ok());
  std::atomic<int> equal{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      Dense<double> X(n, 1);
      for (int repeat = 0; repeat < 5; ++repeat) {
        if (hs::solve<double>(A.view(), B.view(), X.view()).ok() && X == alone) {
          ++equal;
        }
      }
    });
  }
  for (auto& caller : callers) {
    caller.join();
  }
  CHECK(equal == 40);
}

}  // namespace

int main() {
  same_bits_on_any_number_of_threads<float>();
  same_bits_on_any_number_of_threads<double>();
  same_bits_on_any_number_of_threads<std::complex<double>>();
  stops_when_asked<double>();
  stops_when_asked<std::complex<float>>();
  callers_may_be_many();
  return check::report();
}
