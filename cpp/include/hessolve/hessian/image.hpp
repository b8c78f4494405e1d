// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>

#include <array>

/// Second derivatives of images: fields of them, their eigenvalues, and what is made of those. Images are real, of one
/// to most_axes axes, in C order. Components of a Hessian come in the order (0,0), (0,1), ..., (1,1), ...: the upper
/// triangle, row by row.
namespace hessolve::image {

inline constexpr Index most_axes = 6;

/// A C-ordered image in anyone's memory.
template <class T>
struct ImageView {
  T* data = nullptr;
  Index axes = 0;
  std::array<Index, most_axes> shape{};

  [[nodiscard]] Index size() const {
    Index count = 1;
    for (Index a = 0; a < axes; ++a) {
      count *= shape[static_cast<std::size_t>(a)];
    }
    return count;
  }
  template <class U, class = std::enable_if_t<std::is_convertible_v<T*, U*>>>
  operator ImageView<U>() const {  // NOLINT: meant to be implicit
    return {data, axes, shape};
  }
};
/// A non-deduced context, so that ImageView<double> converts to ImageView<const double>.
template <class T>
using InImage = ImageView<const typename hessolve::detail::Identity<T>::type>;

/// An image of two axes, row by row.
template <class T>
[[nodiscard]] ImageView<T> image_2d(T* data, Index rows, Index cols) {
  return {data, 2, {rows, cols}};
}
template <class T>
[[nodiscard]] ImageView<T> image_3d(T* data, Index planes, Index rows, Index cols) {
  return {data, 3, {planes, rows, cols}};
}

[[nodiscard]] constexpr Index components(Index axes) { return axes * (axes + 1) / 2; }

/// How second derivatives are taken.
enum class Scheme : signed char {
  gaussian,            ///< correlation with derivatives of a Gaussian, exact for quadratics whatever the truncation
  gaussian_twice,      ///< two correlations with first derivatives of a Gaussian of sigma / sqrt(2), as scikit-image
  difference,          ///< smoothed; second differences, and forward differences in two directions for the mixed ones
  difference_centred,  ///< smoothed; second differences, and centred differences for the mixed ones
  repeated_gradient,   ///< smoothed; centred differences twice, one-sided at the border
};

/// What an image is beyond its border; the names of scipy.ndimage.
enum class Border : signed char {
  reflect,   ///< d c b a | a b c d | d c b a
  mirror,    ///< d c b | a b c d | c b a
  nearest,   ///< a a a | a b c d | d d d
  constant,  ///< v v v | a b c d | v v v
  wrap,      ///< b c d | a b c d | a b c
};

struct HessianOptions {
  Scheme scheme = Scheme::gaussian;
  Border border = Border::reflect;
  double cval = 0;                          ///< beyond the border of the image, for Border::constant
  bool smooth = true;                       ///< false: no smoothing, for the schemes of differences
  std::array<double, most_axes> sigma{};    ///< for each axis, in units of the spacing; 0: that of the first axis
  std::array<double, most_axes> spacing{};  ///< distance of pixels for each axis; 0: 1
  double truncate = 4;                      ///< kernels reach this many sigma to each side
  bool scale_normalized = false;            ///< derivatives times sigma for each order
  Stop stop{};
};

/// Options for one sigma and everything else as it is by default.
[[nodiscard]] inline HessianOptions at_scale(double sigma) {
  HessianOptions options;
  options.sigma[0] = sigma;
  return options;
}

enum class Order : signed char {
  descending,
  magnitude,  ///< ascending by modulus
};

/// Largest modulus of the image; `where` is the flat index of the first NaN or infinity.
template <class T>
[[nodiscard]] Outcome largest_modulus(InImage<T> image, T& largest);

/// H[c] := component c, each of the size of the image. Kernels are separable; each pass along an axis serves all
/// components that share it. With radius r and d axes about (r + 1) (d + 1) d flops for each component and pixel.
/// Scratch: slabs of rows; the schemes of two stages keep d images more. The outcome is ok or stopped.
template <class T>
[[nodiscard]] Outcome hessian(InImage<T> image, const HessianOptions& options, T* const* H);

/// values[k] := eigenvalue k of the Hessian of each pixel, for one to three axes; no field of second derivatives
/// exists.
template <class T>
[[nodiscard]] Outcome eigenvalues(InImage<T> image, const HessianOptions& options, T* const* values, Order order);

/// det[i] := determinant of the Hessian of pixel i, for one to three axes.
template <class T>
[[nodiscard]] Outcome hessian_determinant(InImage<T> image, const HessianOptions& options, T* det);

/// values[k][i] := eigenvalue k of the symmetric d x d matrix with components H[c][i], d = 1, 2, 3, i < count. By
/// closed form for d = 2 and by Jacobi rotations for d = 3, one matrix in each SIMD lane; the error of an eigenvalue
/// is at most 4 eps ||H|| for d = 2 and 16 eps ||H|| for d = 3, however close they are.  [Golub & Van Loan, 8.5]
template <class T>
void hessian_eigenvalues(const T* const* H, Index d, Index count, T* const* values, Order order);

/// Eigenvectors as well: vectors[i d + k] is component i of the one of values[k], descending. ||V^T V - I|| is at most
/// 16 eps, ||H V - V diag(values)|| at most 16 eps ||H||.
template <class T>
void hessian_eigh(const T* const* H, Index d, Index count, T* const* values, T* const* vectors);

struct FrangiOptions {
  HessianOptions hessian{};       ///< sigma is taken from the list of scales
  double alpha = 0.5;             ///< plates against tubes (three axes)
  double beta = 0.5;              ///< blobs against tubes
  const double* gamma = nullptr;  ///< one for each scale; null: half of the largest Hessian norm over pixels and scales
  bool bright_ridges = false;
  bool legacy = false;  ///< as scikit-image 0.26: gamma, where not given, from the first scale alone
};

/// out := the vesselness of Frangi et al., the maximum over `count` scales, from Hessians that are scale-normalised
/// unless legacy. scale (may be null) receives the sigma of the maximum, 0 where there is no vessel. Two passes over
/// the image for each scale where gamma is not given, else one.  [Frangi et al. 1998, doi:10.1007/BFb0056195]
template <class T>
[[nodiscard]] Outcome frangi(InImage<T> image, const double* sigmas, Index count, const FrangiOptions& options, T* out,
                             T* scale);

/// The codes that `structure` writes: shape + 8 where it is bright (the largest curvature is negative).
enum class Shape : signed char { flat, blob, tube, plate, corner };
inline constexpr signed char bright = 8;

/// code[i] := what the eigenvalues of pixel i say, for two or three axes. Curvatures count that are at least `ratio`
/// times the largest of the pixel. All of them, of one sign: blob; of both signs: corner; one less than all, of one
/// sign: tube; one of three: plate. Flat where ||H|| <= flat max ||H||, or at the rounding of the image.
template <class T>
[[nodiscard]] Outcome structure(InImage<T> image, const HessianOptions& options, double flat, double ratio,
                                signed char* code);

/// A local maximum of sigma^2d |det H| over space and scale where H is definite.
struct Blob {
  std::array<double, most_axes> position{};  ///< in pixels
  double sigma = 0;
  double response = 0;
  Index pixel = 0;  ///< flat index of the largest pixel
  Index scale = 0;  ///< index into sigmas
  bool is_bright = false;
};

/// response[s size + i] := sigma^2d |det H| of pixel i at scale s, negative where H is negative definite (a bright
/// blob), 0 where it is indefinite; for one to three axes.
template <class T>
[[nodiscard]] Outcome blob_response(InImage<T> image, const double* sigmas, Index count, const HessianOptions& options,
                                    T* response);

/// The local maxima above `threshold` of |response| over 3^(d+1) neighbours, of one sign, each handed to
/// found(context, blob) in the order of scale and pixel; position and scale are those of the maximum of a quadratic
/// through its neighbours. Of equal neighbours the first counts. For Border::wrap, that of the responses, pixels have
/// neighbours across the border.
template <class T>
void blob_maxima(InImage<T> response, const double* sigmas, Index count, double threshold,
                 void (*found)(void* context, const Blob& blob), void* context, Border border = Border::reflect);

}  // namespace hessolve::image
