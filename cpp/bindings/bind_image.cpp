// SPDX-License-Identifier: BSD-3-Clause
#include "run.hpp"

#include <hessolve/hessian/image.hpp>

#include <pybind11/stl.h>

namespace hessolve::bindings {
namespace {

/// The image in NumPy memory, C-ordered; shape and dtype were checked by `_images`.
template <class T>
image::ImageView<T> image_of(const py::array& array) {
  image::ImageView<T> view;
  if (!(array.flags() & py::array::c_style) || array.ndim() > image::most_axes) {
    throw py::value_error("`image` must be C-ordered, of at most six dimensions");
  }
  view.data = const_cast<T*>(static_cast<const T*>(array.data()));  // NOLINT
  view.axes = array.ndim();
  for (py::ssize_t a = 0; a < array.ndim(); ++a) {
    view.shape[static_cast<std::size_t>(a)] = array.shape(a);
  }
  return view;
}

/// Call visit(T{}) for float32 and float64.
template <class Visit>
auto with_real(const py::array& array, Visit&& visit) {
  switch (array.dtype().num()) {
    case 11: return visit(float{});
    case 12: return visit(double{});
    default: throw py::type_error("images are float32 or float64 here");
  }
}

std::vector<py::ssize_t> shape_of(const py::array& array, std::initializer_list<py::ssize_t> leading = {}) {
  std::vector<py::ssize_t> shape(leading);
  shape.insert(shape.end(), array.shape(), array.shape() + array.ndim());
  return shape;
}

/// Pointers to the first index of a C-ordered array of `count` fields.
template <class T>
std::vector<T*> fields_of(const py::array& array, Index count) {
  auto* data = const_cast<T*>(static_cast<const T*>(array.data()));  // NOLINT
  std::vector<T*> fields;
  for (Index k = 0; k < count; ++k) {
    fields.push_back(data + k * (array.size() / std::max<Index>(count, 1)));
  }
  return fields;
}

image::HessianOptions options_of(const std::vector<double>& sigma, const std::vector<double>& spacing, int scheme,
                                 int border, double cval, double truncate, bool scale_normalized) {
  image::HessianOptions options;
  options.smooth = !sigma.empty();
  std::copy_n(sigma.begin(), std::min<std::size_t>(sigma.size(), options.sigma.size()), options.sigma.begin());
  std::copy_n(spacing.begin(), std::min<std::size_t>(spacing.size(), options.spacing.size()), options.spacing.begin());
  options.scheme = static_cast<image::Scheme>(scheme);
  options.border = static_cast<image::Border>(border);
  options.cval = cval;
  options.truncate = truncate;
  options.scale_normalized = scale_normalized;
  options.stop = python_signals();
  return options;
}

/// work() without the GIL; a stop becomes the exception of the signal.
template <class Work>
void compute(const py::array& array, Work&& work) {
  const Outcome outcome = release_for(array.size() > 4096, work);
  if (outcome.reason == Reason::stopped) {
    if (PyErr_Occurred() == nullptr) {
      PyErr_SetNone(PyExc_KeyboardInterrupt);
    }
    throw py::error_already_set();
  }
}

}  // namespace

void register_image(py::module_& m) {
  using namespace py::literals;
  py::class_<image::HessianOptions>(m, "ImageOptions", "How second derivatives of an image are taken.")
      .def(py::init(&options_of), "sigma"_a, "spacing"_a, "scheme"_a, "border"_a, "cval"_a, "truncate"_a,
           "scale_normalized"_a);
  m.def(
      "image_range",
      [](const py::array& a) {
        return with_real(a, [&](auto t) {
          using T = decltype(t);
          const auto view = image_of<T>(a);
          T largest = 0;
          const Outcome found = release_for(a.size() > 4096, [&] { return image::largest_modulus<T>(view, largest); });
          return py::make_tuple(static_cast<double>(largest), found.where);
        });
      },
      "image"_a);
  m.def(
      "image_hessian",
      [](const py::array& a, const image::HessianOptions& options) {
        return with_real(a, [&](auto t) -> py::array {
          using T = decltype(t);
          const auto view = image_of<T>(a);
          const Index count = image::components(view.axes);
          py::array_t<T> out(shape_of(a, {count}));
          const auto fields = fields_of<T>(out, count);
          compute(a, [&] { return image::hessian<T>(view, options, fields.data()); });
          return out;
        });
      },
      "image"_a, "options"_a);
  m.def(
      "image_eigenvalues",
      [](const py::array& a, const image::HessianOptions& options, bool by_magnitude) {
        return with_real(a, [&](auto t) -> py::array {
          using T = decltype(t);
          const auto view = image_of<T>(a);
          py::array_t<T> out(shape_of(a, {view.axes}));
          const auto fields = fields_of<T>(out, view.axes);
          const auto order = by_magnitude ? image::Order::magnitude : image::Order::descending;
          compute(a, [&] { return image::eigenvalues<T>(view, options, fields.data(), order); });
          return out;
        });
      },
      "image"_a, "options"_a, "by_magnitude"_a);
  m.def(
      "image_determinant",
      [](const py::array& a, const image::HessianOptions& options) {
        return with_real(a, [&](auto t) -> py::array {
          using T = decltype(t);
          const auto view = image_of<T>(a);
          py::array_t<T> out(shape_of(a));
          T* data = out.mutable_data();
          compute(a, [&] { return image::hessian_determinant<T>(view, options, data); });
          return out;
        });
      },
      "image"_a, "options"_a);
  m.def(
      "image_eigh",
      [](const py::array& h, Index d, bool vectors, bool by_magnitude) {
        return with_real(h, [&](auto t) -> py::tuple {
          using T = decltype(t);
          const Index count = h.size() / image::components(d);
          const std::vector<py::ssize_t> tail(h.shape() + 1, h.shape() + h.ndim());
          std::vector<py::ssize_t> shape{d};
          shape.insert(shape.end(), tail.begin(), tail.end());
          py::array_t<T> w(shape);
          shape.insert(shape.begin(), d);
          const auto H = fields_of<const T>(h, image::components(d));
          const auto values = fields_of<T>(w, d);
          if (!vectors) {
            const auto order = by_magnitude ? image::Order::magnitude : image::Order::descending;
            release_for(count > 4096, [&] {
              image::hessian_eigenvalues<T>(H.data(), d, count, values.data(), order);
              return 0;
            });
            return py::make_tuple(w, py::none());
          }
          py::array_t<T> v(shape);
          const auto V = fields_of<T>(v, d * d);
          release_for(count > 4096, [&] {
            image::hessian_eigh<T>(H.data(), d, count, values.data(), V.data());
            return 0;
          });
          return py::make_tuple(w, v);
        });
      },
      "H"_a, "d"_a, py::kw_only(), "vectors"_a, "by_magnitude"_a);
  m.def(
      "image_frangi",
      [](const py::array& a, const image::HessianOptions& options, const std::vector<double>& sigmas,
         const std::vector<double>& gamma, double alpha, double beta, bool bright_ridges, bool legacy,
         bool return_scale) {
        return with_real(a, [&](auto t) -> py::tuple {
          using T = decltype(t);
          const auto view = image_of<T>(a);
          py::array_t<T> out(shape_of(a));
          py::array_t<T> scale(return_scale ? shape_of(a) : std::vector<py::ssize_t>{0});
          T* const data = out.mutable_data();
          T* const scales = return_scale ? scale.mutable_data() : nullptr;
          const image::FrangiOptions frangi{options,       alpha, beta, gamma.empty() ? nullptr : gamma.data(),
                                            bright_ridges, legacy};
          compute(a, [&] {
            return image::frangi<T>(view, sigmas.data(), static_cast<Index>(sigmas.size()), frangi, data, scales);
          });
          return py::make_tuple(out, scale);
        });
      },
      "image"_a, "options"_a, "sigmas"_a, "gamma"_a, py::kw_only(), "alpha"_a, "beta"_a, "bright_ridges"_a, "legacy"_a,
      "return_scale"_a);
  m.def(
      "image_structure",
      [](const py::array& a, const image::HessianOptions& options, double flat, double ratio) {
        return with_real(a, [&](auto t) {
          using T = decltype(t);
          const auto view = image_of<T>(a);
          py::array_t<signed char> out(shape_of(a));
          signed char* const data = out.mutable_data();
          compute(a, [&] { return image::structure<T>(view, options, flat, ratio, data); });
          return out;
        });
      },
      "image"_a, "options"_a, "flat"_a, "ratio"_a);
  m.def(
      "image_blobs",
      [](const py::array& a, const image::HessianOptions& options, const std::vector<double>& sigmas,
         double threshold) {
        return with_real(a, [&](auto t) -> py::tuple {
          using T = decltype(t);
          const auto view = image_of<T>(a);
          const auto count = static_cast<Index>(sigmas.size());
          const Buffer<T> response(count * view.size());
          std::vector<image::Blob> blobs;
          compute(a, [&] {
            const Outcome done = image::blob_response<T>(view, sigmas.data(), count, options, response.data());
            if (done.ok()) {
              image::blob_maxima<T>(
                  {response.data(), view.axes, view.shape}, sigmas.data(), count, threshold,
                  [](void* to, const image::Blob& b) { static_cast<std::vector<image::Blob>*>(to)->push_back(b); },
                  &blobs, options.border);
            }
            return done;
          });
          const auto n = static_cast<py::ssize_t>(blobs.size());
          py::array_t<double> table({n, static_cast<py::ssize_t>(view.axes + 3)});  // position, sigma, response, bright
          auto out = table.mutable_unchecked<2>();
          for (py::ssize_t k = 0; k < n; ++k) {
            const image::Blob& blob = blobs[static_cast<std::size_t>(k)];
            for (Index x = 0; x < view.axes; ++x) {
              out(k, x) = blob.position[static_cast<std::size_t>(x)];
            }
            out(k, view.axes) = blob.sigma;
            out(k, view.axes + 1) = blob.response;
            out(k, view.axes + 2) = blob.is_bright ? 1 : 0;
          }
          return py::make_tuple(table);
        });
      },
      "image"_a, "options"_a, "sigmas"_a, "threshold"_a);
}

}  // namespace hessolve::bindings
