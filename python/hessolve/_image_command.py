# SPDX-License-Identifier: BSD-3-Clause
"""``hessolve image vessels`` and ``hessolve image blobs``: filters for picture files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

CHANNELS = ("luminance", "red", "green", "blue")
LUMINANCE = (0.2125, 0.7154, 0.0721)  # ITU-R BT.709
SHOWN = 20
MOST_SCALES = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the two subcommands."""
    which = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    for name, text, output in (
        ("vessels", "draw how much each pixel looks like a vessel (Frangi's filter)", "OUT"),
        ("blobs", "list blobs: position, scale, response", "OUT"),
    ):
        sub = which.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.add_argument(
            "image",
            metavar="IN",
            help="picture (.png, .jpg, .tif, ...) or array (.npy; colours too: uint8 or uint16, 3 or 4 channels last)",
        )
        kinds = ".png or another picture, or .npy" if name == "vessels" else ".csv, .npy, or a picture with circles"
        sub.add_argument("-o", "--output", metavar=output, required=name == "vessels", help=kinds)
        sub.add_argument(
            "--sigmas",
            default="1:10:2",
            help="scales in pixels: start:stop:step, stop left out, or 1,2,4 (%(default)s)",
        )
        sub.add_argument("--channel", choices=CHANNELS, default="luminance", help="of a colour picture (%(default)s)")
        if name == "vessels":
            sub.add_argument("--bright", action="store_true", help="vessels are brighter than what is around them")
            sub.add_argument("--legacy", action="store_true", help="the numbers of scikit-image")
        else:
            sub.add_argument(
                "--threshold", type=float, default=1e-3, help="least response, for pixels from 0 to 1 (%(default)s)"
            )
            sub.add_argument("--polarity", choices=("both", "bright", "dark"), default="both", help="(%(default)s)")


def run(options: argparse.Namespace) -> int:
    """Run a subcommand; ``InputError`` is told by the command line."""
    sigmas = parse_sigmas(options.sigmas)
    if options.output is not None and not Path(options.output).parent.is_dir():
        raise _input_error(f"{options.output}: there is no folder {Path(options.output).parent}")
    image = read_image(options.image, options.channel)
    others = (".npy",) if options.what == "vessels" else (".csv", ".npy")
    if options.output is not None and Path(options.output).suffix not in others and image.ndim != 2:
        raise _input_error(
            f"{options.output}: a picture has two dimensions, {options.image} has {image.ndim} {image.shape}; "
            f"write a {' or '.join(others)}"
        )
    if options.what == "vessels":
        return _vessels(options, image, sigmas)
    return _blobs(options, image, sigmas)


def parse_sigmas(text: str) -> list[float]:
    """Return the scales of ``start:stop:step``, without stop as in Python, or of a list with commas."""
    try:
        if ":" in text:
            parts = [float(part) for part in text.split(":")]
            start, stop, step = parts if len(parts) == 3 else (*parts, 1.0)
            count = -((start - stop) // step) if step > 0 else 0.0
            if count > MOST_SCALES:
                raise _input_error(
                    f"--sigmas {text}: {count:.6g} scales are more than {MOST_SCALES}; take a larger step"
                )
            sigmas = [start + k * step for k in range(int(count)) if start + k * step < stop]
        else:
            sigmas = [float(part) for part in text.split(",")]
    except (ValueError, OverflowError):
        sigmas = []
    if not sigmas or not all(0 < s < float("inf") for s in sigmas):
        raise _input_error(f"--sigmas {text}: scales > 0 are needed, as start:stop:step (1:10:2) or a list (1,2,4)")
    return sigmas


def read_image(path: str, channel: str) -> Any:
    """Read a picture as float64 from 0 to 1, or an array as it is, unless it holds the pixels of a colour picture."""
    import numpy as np

    file = Path(path)
    if not file.is_file():
        raise _input_error(f"{path}: there is no such file")
    if file.suffix == ".npy":
        try:
            array = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as problem:
            raise _input_error(f"{path}: cannot be read: {problem}") from None
        colours = array.ndim == 3 and array.shape[2] in (3, 4) and array.dtype in (np.uint8, np.uint16)
        return _grey(array, channel) if colours else array
    try:
        with _pillow().open(file) as picture:
            if picture.mode in ("P", "RGBA", "LA", "CMYK", "YCbCr", "PA"):
                picture = picture.convert("LA" if picture.mode == "LA" else "RGB")
            pixels = np.asarray(picture)
    except (OSError, ValueError, SyntaxError) as problem:
        raise _input_error(f"{path}: cannot be read as a picture: {problem}") from None
    return _grey(pixels, channel)


def _grey(pixels: Any, channel: str) -> Any:
    """Return one channel, or the luminance, of pixels (rows, columns[, channels]), the full scale as 1."""
    import numpy as np

    kind = pixels.dtype
    full = 1.0 if kind.kind in "fb" else 65535.0 if kind.itemsize > 1 else 255.0  # 16 bits come as int32 as well
    pixels = pixels.astype(np.float64) / full
    if pixels.ndim == 3 and pixels.shape[2] < 3:
        pixels = pixels[..., 0]
    if pixels.ndim == 3:
        index = CHANNELS.index(channel)
        pixels = pixels[..., :3] @ np.array(LUMINANCE) if index == 0 else pixels[..., index - 1]
    return pixels


def _vessels(options: argparse.Namespace, image: Any, sigmas: list[float]) -> int:
    import time

    import numpy as np

    from .image import frangi

    start = time.perf_counter()
    vesselness = frangi(image, sigmas, black_ridges=not options.bright, legacy=options.legacy)
    seconds = time.perf_counter() - start
    largest = float(vesselness.max(initial=0.0))
    output = Path(options.output)
    if output.suffix == ".npy":
        _saved(output, lambda: np.save(output, vesselness))
    else:
        scaled = np.rint(vesselness * (255 / largest if largest > 0 else 0)).astype(np.uint8)
        _saved(output, lambda: _pillow().fromarray(scaled).save(output))
    share = float((vesselness > largest / 2).mean()) if vesselness.size else 0.0
    size = " x ".join(map(str, vesselness.shape))
    print(f"{options.image}: {size} pixels, {len(sigmas)} scales, {seconds:.3f} s")
    print(f"largest vesselness {largest:.3g}; {share:.1%} of the pixels have half of it or more")
    print(f"written to {options.output}" + ("" if output.suffix == ".npy" else ", the largest white"))
    return 0


def _blobs(options: argparse.Namespace, image: Any, sigmas: list[float]) -> int:
    import numpy as np

    from .image import blobs

    found = blobs(image, sigmas, threshold=options.threshold, polarity=options.polarity)
    axes = ("row", "column") if found.positions.shape[1] == 2 else tuple("zyx"[-found.positions.shape[1] :])
    print(f"{options.image}: {len(found.scales)} blobs, the strongest first")
    print("".join(f"{name:>10}" for name in (*axes, "sigma", "response")) + "  polarity")
    for place, scale, response, bright in list(zip(*found, strict=True))[:SHOWN]:
        numbers = [f"{x:.2f}" for x in place] + [f"{scale:.2f}", f"{response:.3g}"]
        print("".join(f"{text:>10}" for text in numbers) + ("  bright" if bright else "  dark"))
    if len(found.scales) > SHOWN:
        print(f"... and {len(found.scales) - SHOWN} more" + ("" if options.output else "; -o OUT.csv writes all"))
    if options.output is None:
        return 0
    output = Path(options.output)
    table = np.column_stack([found.positions, found.scales, found.responses, found.bright])
    if output.suffix == ".npy":
        _saved(output, lambda: np.save(output, table))
    elif output.suffix == ".csv":
        header = ",".join((*axes, "sigma", "response", "bright"))
        _saved(output, lambda: np.savetxt(output, table, delimiter=",", header=header, comments="", fmt="%.10g"))
    else:
        _saved(output, lambda: _circled(image, found).save(output))
    print(f"written to {options.output}")
    return 0


def _circled(image: Any, found: Any) -> Any:
    """Return the picture with a circle of radius ``sqrt(2) sigma`` around each blob, orange where it is bright."""
    import numpy as np
    from PIL import ImageDraw

    low, high = float(np.min(image)), float(np.max(image))
    grey = np.rint((np.asarray(image, dtype=float) - low) * (255 / (high - low) if high > low else 0)).astype(np.uint8)
    picture = _pillow().fromarray(grey).convert("RGB")
    pen = ImageDraw.Draw(picture)
    for (row, column), scale, bright in zip(found.positions, found.scales, found.bright, strict=True):
        r = 2**0.5 * scale
        pen.ellipse((column - r, row - r, column + r, row + r), outline=(255, 140, 0) if bright else (0, 200, 255))
    return picture


def _saved(path: Path, save: Any) -> None:
    try:
        save()
    except (OSError, ValueError, KeyError) as problem:  # an unknown ending is a ValueError of Pillow's
        raise _input_error(f"{path}: cannot be written: {problem}") from None


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise _input_error('pictures need Pillow: pip install "hessolve[image]"; .npy files do not') from None
    return Image


def _input_error(text: str) -> Exception:
    from ._files import InputError

    return InputError(" ".join(text.split()))
