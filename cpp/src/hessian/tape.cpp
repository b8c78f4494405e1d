// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/hessian/elementary.hpp>
#include <hessolve/hessian/tape.hpp>

#include <limits>
#include <stdexcept>

namespace hessolve {
namespace {

template <class T>
void make_room(std::vector<T>& vector, Index more) {
  const std::size_t needed = vector.size() + static_cast<std::size_t>(more);
  if (needed > vector.capacity()) {
    vector.reserve(std::max(needed, 2 * vector.capacity()));
  }
}

/// visit(offset in a, offset in b) for every element of a shape, C order.
template <class Visit>
void for_elements(Tape::Shape shape, const Index* a, const Index* b, Visit&& visit) {
  const Index count = shape.count();
  if (shape.axes == 0) {
    visit(Index(0), Index(0));
    return;
  }
  const Index last = shape.axes - 1;
  const Index inner = shape.sizes[last];
  for (Index start = 0; start < count; start += inner) {
    Index rest = start / inner;
    Index at_a = 0;
    Index at_b = 0;
    for (Index axis = last - 1; axis >= 0; --axis) {
      const Index i = rest % shape.sizes[axis];
      rest /= shape.sizes[axis];
      at_a += i * a[axis];
      at_b += i * b[axis];
    }
    for (Index i = 0; i < inner; ++i) {
      visit(at_a + i * a[last], at_b + i * b[last]);
    }
  }
}

bool is_linear(Unary f) {
  return f == Unary::negative || f == Unary::abs || f == Unary::radians || f == Unary::degrees;
}

/// Which second derivatives of f(a, b) are not zero whatever the values.
struct Curved {
  bool aa, ab, bb;
};
Curved curved(Binary f) {
  switch (f) {
    case Binary::add:
    case Binary::subtract:
    case Binary::remainder:
    case Binary::fmod: return {false, false, false};
    case Binary::multiply: return {false, true, false};
    case Binary::divide:
    case Binary::xlogy: return {false, true, true};
    default: return {true, true, true};
  }
}

/// visit(function) with the function f as a function of T; f is looked at once, not for every element.
template <class Visit>
void with_function(Unary f, Visit&& visit) {
  switch (f) {
#define HESSOLVE_CASE(name) \
  case Unary::name: visit([](double x) { return elementary::name<double>(x); }); return;
    HESSOLVE_FOR_EACH_UNARY(HESSOLVE_CASE)
#undef HESSOLVE_CASE
  }
}

template <class Visit>
void with_function(Binary f, Visit&& visit) {
  switch (f) {
#define HESSOLVE_CASE(name) \
  case Binary::name: visit([](double x, double y) { return elementary::name<double>(x, y); }); return;
    HESSOLVE_FOR_EACH_BINARY(HESSOLVE_CASE)
#undef HESSOLVE_CASE
  }
}

/// a + b exactly is sum + what is added to the correction.
void add(double& sum, double& correction, double term) {
  const double next = sum + term;
  correction += std::abs(sum) >= std::abs(term) ? (sum - next) + term : (term - next) + sum;
  sum = next;
}

}  // namespace

Index Tape::Shape::count() const {
  Index count = 1;
  for (Index axis = 0; axis < axes; ++axis) {
    count *= sizes[axis];
  }
  return count;
}

Tape::Tape() : value_(1, 0.0), first_edge_(2, 0), first_curve_(2, 0) {}

/// Room for so many more; @return the id of the first of them.
Index Tape::reserve(Index nodes, Index edges, Index curves) {
  if (size() + nodes > std::numeric_limits<std::int32_t>::max()) {
    throw std::length_error("a tape holds at most 2^31 numbers; differentiate over fewer elements at a time");
  }
  make_room(value_, nodes);
  make_room(first_edge_, nodes);
  make_room(first_curve_, nodes);
  make_room(edge_, edges);
  make_room(slope_, edges);
  make_room(curve_a_, curves);
  make_room(curve_b_, curves);
  make_room(curve_, curves);
  return size();
}

void Tape::edge(Operand a, Index at, double slope) {
  if (a.ids != nullptr) {
    edge_.push_back(static_cast<std::int32_t>(a.ids[at]));
    slope_.push_back(slope);
  }
}

Index Tape::close(double value) {
  value_.push_back(value);
  first_edge_.push_back(static_cast<Index>(edge_.size()));
  first_curve_.push_back(static_cast<Index>(curve_.size()));
  return size() - 1;
}

void Tape::curve(Id a, Id b, double curve) {
  curve_a_.push_back(static_cast<std::int32_t>(a));
  curve_b_.push_back(static_cast<std::int32_t>(b));
  curve_.push_back(curve);
}

void Tape::variables(const double* x, Index n) {
  reserve(n, 0, 0);
  for (Index i = 0; i < n; ++i) {
    close(x[i]);
  }
  variables_ = n;
}

void Tape::constants(Shape shape, Operand a, Id* out) {
  reserve(shape.count(), 0, 0);
  for_elements(shape, a.strides, a.strides, [&](Index at, Index) { *out++ = close(a.numbers[at]); });
}

void Tape::unary(Unary f, Shape shape, Operand a, Id* out) {
  const Index count = shape.count();
  const bool linear = is_linear(f);
  reserve(count, count, linear ? 0 : count);
  with_function(f, [&](auto&& function) {
    for_elements(shape, a.strides, a.strides, [&](Index at, Index) {
      const Id id = a.ids[at];
      const Local<double> y = function(value(id));
      edge(a, at, y.first);
      if (f == Unary::abs && value(id) == 0) {
        corners_.push_back(static_cast<Index>(edge_.size()) - 1);
      }
      if (!linear) {
        curve(id, id, y.second / 2);
      }
      *out++ = close(y.value);
    });
  });
}

void Tape::binary(Binary f, Shape shape, Operand a, Operand b, Id* out) {
  if (f == Binary::power && b.ids == nullptr) {
    const Index count = shape.count();
    reserve(count, count, count);
    for_elements(shape, a.strides, b.strides, [&](Index i, Index j) {
      const Local<double> y = elementary::power_of(value(a.ids[i]), b.numbers[j]);
      edge(a, i, y.first);
      if (b.numbers[j] != 0 && b.numbers[j] != 1) {
        curve(a.ids[i], a.ids[i], y.second / 2);
      }
      *out++ = close(y.value);
    });
    return;
  }
  const Index count = shape.count();
  Curved bends = curved(f);
  bends = {bends.aa && a.ids != nullptr, bends.ab && a.ids != nullptr && b.ids != nullptr,
           bends.bb && b.ids != nullptr};
  reserve(count, 2 * count, count * (Index(bends.aa) + Index(bends.ab) + Index(bends.bb)));
  with_function(f, [&](auto&& function) {
    for_elements(shape, a.strides, b.strides, [&](Index i, Index j) {
      const Local2<double> y = function(a.ids != nullptr ? value(a.ids[i]) : a.numbers[i],
                                        b.ids != nullptr ? value(b.ids[j]) : b.numbers[j]);
      edge(a, i, y.a);
      edge(b, j, y.b);
      if (bends.aa) {
        curve(a.ids[i], a.ids[i], y.aa / 2);
      }
      if (bends.ab) {
        curve(a.ids[i], b.ids[j], y.ab);
      }
      if (bends.bb) {
        curve(b.ids[j], b.ids[j], y.bb / 2);
      }
      *out++ = close(y.value);
    });
  });
}

void Tape::row_dot(Shape shape, Operand a, Operand b, Id* out) {
  const Index count = shape.count();
  const Index length = shape.sizes[shape.axes - 1];
  const Index each = Index(a.ids != nullptr) + Index(b.ids != nullptr);
  if (length == 0) {
    for (Index i = 0, rows = Shape{shape.sizes, shape.axes - 1}.count(); i < rows; ++i) {
      *out++ = 0;
    }
    return;
  }
  reserve(count / length, each * count, each == 2 ? count : 0);
  Index left = length;
  double sum = 0;
  double correction = 0;
  for_elements(shape, a.strides, b.strides, [&](Index i, Index j) {
    const double x = a.ids != nullptr ? value(a.ids[i]) : a.numbers[i];
    const double y = b.ids != nullptr ? value(b.ids[j]) : b.numbers[j];
    edge(a, i, y);
    edge(b, j, x);
    if (each == 2) {
      curve(a.ids[i], b.ids[j], 1);
    }
    add(sum, correction, x * y);
    if (--left == 0) {
      *out++ = close(std::isfinite(sum) ? sum + correction : sum);
      left = length;
      sum = correction = 0;
    }
  });
}

}  // namespace hessolve
