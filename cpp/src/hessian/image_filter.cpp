// SPDX-License-Identifier: BSD-3-Clause
#include "hessian/image_filter.hpp"

#include "hessian/image_correlate.hpp"
#include "kernel/team.hpp"

#include <hessolve/core/buffer.hpp>

#include <algorithm>
#include <memory>
#include <mutex>

namespace hessolve::image::inner {
namespace {

/// Columns that are gathered at a time, whole cache lines, free of the alignment of their rows: as many of `rows` as
/// stay in the first cache.
template <class T>
constexpr Index strip_of(Index rows) {
  constexpr Index line = 256 / static_cast<Index>(sizeof(T));
  return rows * 2 * line * static_cast<Index>(sizeof(T)) <= 40 * 1024 ? 2 * line : line;
}

/// What one pass along an axis makes of one input: a group of kernels, and the nodes that receive their results.
template <class T>
struct Pass {
  Index input = 0;  // node of the level above, or source
  T beyond = 0;     // what the input is beyond the border of Edge::constant
  KernelGroup<T> group;
  CorrelateLine<T> line = nullptr;
  std::array<Index, KernelGroup<T>::most> outputs{};
};

/// One axis: its passes, and how many nodes they make.
template <class T>
struct Level {
  std::vector<Pass<T>> passes;
  Index nodes = 0;
  Index radius = 0;
  std::vector<T> beyond;                // of each node
  std::vector<std::vector<T>> weights;  // of the groups, filled up with zeros to one radius
};

template <class T>
struct Tree {
  std::vector<Level<T>> levels;
  std::vector<Index> node_of;  // of each product, in the last level
};

/// 0: even, 1: odd, 2: both
template <class T>
int parity(const Kernel<T>& kernel) {
  return kernel.odd.empty() ? 0 : kernel.even.empty() ? 1 : 2;
}

template <class T>
void add_pass(Level<T>& level, Index input, T beyond, std::vector<std::pair<Index, const Kernel<T>*>> children) {
  std::stable_sort(children.begin(), children.end(),
                   [](const auto& a, const auto& b) { return parity(*a.second) < parity(*b.second); });
  Pass<T> pass;
  pass.input = input;
  pass.beyond = beyond;
  for (const auto& child : children) {
    pass.group.radius = std::max(pass.group.radius, child.second->radius());
  }
  const auto filled = [&](std::vector<T> part) {
    part.resize(static_cast<std::size_t>(pass.group.radius) + 1, T(0));
    level.weights.push_back(std::move(part));
    return level.weights.back().data();  // vectors keep their memory when they move
  };
  for (std::size_t c = 0; c < children.size(); ++c) {
    const int kind = parity(*children[c].second);
    (kind == 0 ? pass.group.even : kind == 1 ? pass.group.odd : pass.group.both) += 1;
    if (kind != 1) {
      pass.group.even_weights[c] = filled(children[c].second->even);
    }
    if (kind != 0) {
      pass.group.odd_weights[c] = filled(children[c].second->odd);
    }
    pass.outputs[c] = children[c].first;
  }
  pass.line = correlate_line_for(pass.group);
  level.radius = std::max(level.radius, pass.group.radius);
  level.passes.push_back(pass);
}

/// Products with the same source and the same kernels up to an axis share the node of that axis.
template <class T>
Tree<T> tree_of(const Filter<T>& filter) {
  Tree<T> tree;
  tree.levels.resize(static_cast<std::size_t>(filter.axes));
  for (const Product& product : filter.products) {
    tree.node_of.push_back(product.source);
  }
  std::vector<T> beyond(filter.sources.size(), filter.cval_of_source - filter.level);
  for (Index axis = 0; axis < filter.axes; ++axis) {
    const auto a = static_cast<std::size_t>(axis);
    Level<T>& level = tree.levels[a];
    std::vector<std::array<Index, 2>> made;  // input, kernel
    for (std::size_t p = 0; p < filter.products.size(); ++p) {
      const std::array<Index, 2> key{tree.node_of[p], filter.products[p].kernel[a]};
      auto found = std::find(made.begin(), made.end(), key);
      if (found == made.end()) {
        found = made.insert(found, key);
      }
      tree.node_of[p] = found - made.begin();
    }
    level.nodes = static_cast<Index>(made.size());
    for (const auto& [input, kernel] : made) {
      level.beyond.push_back(filter.beyond == Beyond::constant
                                 ? filter.cval
                                 : of_constant(filter.kernels[a][static_cast<std::size_t>(kernel)],
                                               beyond[static_cast<std::size_t>(input)]));
    }
    std::vector<bool> done(made.size());
    for (std::size_t i = 0; i < made.size(); ++i) {
      std::vector<std::pair<Index, const Kernel<T>*>> children;
      for (std::size_t j = i; j < made.size(); ++j) {
        if (!done[j] && made[j][0] == made[i][0] && children.size() < KernelGroup<T>::most) {
          done[j] = true;
          children.emplace_back(static_cast<Index>(j), &filter.kernels[a][static_cast<std::size_t>(made[j][1])]);
        }
      }
      if (!children.empty()) {
        add_pass(level, made[i][0], beyond[static_cast<std::size_t>(made[i][0])], std::move(children));
      }
    }
    beyond = level.beyond;
  }
  return tree;
}

/// The memory of one slab.
template <class T>
struct Workspace {
  std::vector<Buffer<T>> levels;
  Buffer<T> gathered;
};

template <class T>
class Slab {
 public:
  Slab(const Filter<T>& filter, const Tree<T>& tree, Workspace<T>& memory, const Row<T>& row)
      : filter_(filter),
        tree_(tree),
        memory_(memory),
        row_(row) {}

  /// Rows first ... last - 1 of the first axis.
  void run(Index first, Index last) {
    const Index plane = size_below(0);
    const Level<T>& level = tree_.levels[0];
    const Index extent = (last - first) * plane;
    for (const Pass<T>& pass : level.passes) {
      across(pass, filter_.sources[static_cast<std::size_t>(pass.input)], filter_.shape[0], first, last, plane,
             filter_.level, memory_.levels[0].data(), extent);
    }
    for (Index i = first; i < last; ++i) {
      descend(1, memory_.levels[0].data() + (i - first) * plane, extent, i * plane);
    }
  }

 private:
  [[nodiscard]] Index size_below(Index axis) const {
    Index size = 1;
    for (Index a = axis + 1; a < filter_.axes; ++a) {
      size *= filter_.shape[static_cast<std::size_t>(a)];
    }
    return size;
  }

  /// All that lies in one row of the axis above; node k of that axis at input + k step.
  void descend(Index axis, const T* input, Index step, Index first) {
    const auto a = static_cast<std::size_t>(axis);
    const Level<T>& level = tree_.levels[a];
    const Index n = filter_.shape[a];
    T* output = memory_.levels[a].data();
    if (axis + 1 == filter_.axes) {
      for (const Pass<T>& pass : level.passes) {
        along(pass, input + pass.input * step, n, output);
      }
      const T* products[most_axes * (most_axes + 1) / 2];
      for (std::size_t p = 0; p < filter_.products.size(); ++p) {
        products[p] = output + tree_.node_of[p] * n;
      }
      row_(first, n, products);
      return;
    }
    const Index below = size_below(axis);
    for (const Pass<T>& pass : level.passes) {
      across(pass, input + pass.input * step, n, 0, n, below, T(0), output, n * below);
    }
    for (Index i = 0; i < n; ++i) {
      descend(axis + 1, output + i * below, n * below, first + i * below);
    }
  }

  /// Along an axis whose pixels are `columns` elements apart, for all columns of input - level; output c at output +
  /// node step.
  void across(const Pass<T>& pass, const T* input, Index n, Index first, Index last, Index columns, T level, T* output,
              Index step) {
    const Index r = pass.group.radius;
    T* const g = memory_.gathered.data();
    T* out[KernelGroup<T>::most];
    const Index strip = strip_of<T>(last - first + 2 * r);
    for (Index j = 0; j < columns; j += strip) {
      const Index width = std::min(strip, columns - j);
      for (Index i = first - r; i < last + r; ++i) {
        extended_row(input + j, n, i, columns, width, pass.beyond, level, g + (i - first + r) * strip);
      }
      for (Index i = first; i < last; ++i) {
        for (int c = 0; c < pass.group.count(); ++c) {
          out[c] = output + pass.outputs[static_cast<std::size_t>(c)] * step + (i - first) * columns + j;
        }
        pass.line(pass.group, g + (i - first + r) * strip, strip, out, width);
      }
    }
  }

  /// Row i of an axis of n less the level, or what stands for it.
  void extended_row(const T* input, Index n, Index i, Index stride, Index width, T beyond, T level, T* to) const {
    if (filter_.edge == Edge::linear && (i < 0 || i >= n)) {  // n > 1
      const Index inwards = i < 0 ? stride : -stride;
      const T* edge = input + (i < 0 ? 0 : n - 1) * stride;
      const bool near = i == -1 || i == n;
      for (Index c = 0; c < width; ++c) {
        const T f0 = edge[c];
        const T f1 = edge[c + inwards];
        to[c] = near ? 2 * f0 - f1 : n == 2 ? 3 * f0 - 2 * f1 : 4 * (f0 - f1) + edge[c + 2 * inwards];
      }
      return;
    }
    const Index source = stands_for(i, n, filter_.edge);
    if (source < 0) {
      std::fill_n(to, width, beyond);
    } else if (level == T(0)) {
      std::copy_n(input + source * stride, width, to);
    } else {
      const T* from = input + source * stride;
      for (Index c = 0; c < width; ++c) {
        to[c] = from[c] - level;
      }
    }
  }

  /// Along the last axis.
  void along(const Pass<T>& pass, const T* input, Index n, T* output) {
    const Index r = pass.group.radius;
    T* const g = memory_.gathered.data();
    for (Index i = -r; i < 0; ++i) {
      extended_row(input, n, i, 1, 1, pass.beyond, T(0), g + r + i);
    }
    std::copy_n(input, n, g + r);
    for (Index i = n; i < n + r; ++i) {
      extended_row(input, n, i, 1, 1, pass.beyond, T(0), g + r + i);
    }
    T* out[KernelGroup<T>::most];
    for (int c = 0; c < pass.group.count(); ++c) {
      out[c] = output + pass.outputs[static_cast<std::size_t>(c)] * n;
    }
    pass.line(pass.group, g + r, 1, out, n);
  }

  const Filter<T>& filter_;
  const Tree<T>& tree_;
  Workspace<T>& memory_;
  const Row<T>& row_;
};

template <class T>
std::unique_ptr<Workspace<T>> workspace_for(const Filter<T>& filter, const Tree<T>& tree, Index slab) {
  auto memory = std::make_unique<Workspace<T>>();
  Index below = 1;
  for (Index a = 1; a < filter.axes; ++a) {
    below *= filter.shape[static_cast<std::size_t>(a)];
  }
  Index gathered = 0;
  Index extent = slab * below;
  for (Index axis = 0; axis < filter.axes; ++axis) {
    const auto a = static_cast<std::size_t>(axis);
    const Level<T>& level = tree.levels[a];
    memory->levels.emplace_back(level.nodes * extent);
    const Index n = axis == 0 ? slab : filter.shape[a];
    gathered = std::max(gathered, (n + 2 * level.radius) * (axis + 1 == filter.axes ? 1 : strip_of<T>(0)));
    extent = axis + 1 == filter.axes ? 0 : axis == 0 ? below : extent / filter.shape[a];
  }
  memory->gathered = Buffer<T>(gathered);
  return memory;
}

}  // namespace

template <class T>
Outcome for_each_row(const Filter<T>& filter, const Stop& stop, const Row<T>& row) {
  Index size = 1;
  for (Index a = 0; a < filter.axes; ++a) {
    size *= filter.shape[static_cast<std::size_t>(a)];
  }
  if (size == 0) {
    return {};
  }
  const Tree<T> tree = tree_of(filter);
  const Index rows = filter.shape[0];
  const Index plane = size / rows;
  constexpr Index kept = 384 * 1024 / static_cast<Index>(sizeof(T));  // elements of the first level, near the cores
  const Index slab = std::clamp<Index>(kept / (tree.levels[0].nodes * plane), 4, 32);
  const Index slabs = (rows + slab - 1) / slab;
  std::mutex guard;
  std::vector<std::unique_ptr<Workspace<T>>> idle;
  std::atomic<bool> stopped{false};
  parallel_for(slabs, size > 4096, [&](Index s) {
    if (stopped || (Team::rank() == 0 && stop.requested())) {
      stopped = true;
      return;
    }
    std::unique_ptr<Workspace<T>> memory;
    {
      const std::lock_guard<std::mutex> lock(guard);
      if (!idle.empty()) {
        memory = std::move(idle.back());
        idle.pop_back();
      }
    }
    if (memory == nullptr) {
      memory = workspace_for(filter, tree, slab);
    }
    Slab<T>(filter, tree, *memory, row).run(s * slab, std::min(rows, (s + 1) * slab));
    const std::lock_guard<std::mutex> lock(guard);
    idle.push_back(std::move(memory));
  });
  return {stopped ? Reason::stopped : Reason::ok};
}

template Outcome for_each_row<float>(const Filter<float>&, const Stop&, const Row<float>&);
template Outcome for_each_row<double>(const Filter<double>&, const Stop&, const Row<double>&);

}  // namespace hessolve::image::inner
