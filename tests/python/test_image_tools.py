# SPDX-License-Identifier: BSD-3-Clause
"""Around images: the commands on picture files, pictures of plots, docstrings, and a volume that stays on disk."""

import csv
import doctest
import inspect
import re
import sys

import numpy as np
import pytest

import hessolve as hs
from hessolve import _image_command, cli

FUNCTIONS = [name for name in hs.image.__all__ if inspect.isfunction(getattr(hs.image, name))]


def vessel_picture(bright=False):
    rows, columns = np.mgrid[:60, :80]
    line = np.exp(-((rows - 30) ** 2) / 8) + 0 * columns
    return 0.5 + (0.4 if bright else -0.4) * line


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstrings_are_complete_and_their_examples_run(name):
    function = getattr(hs.image, name)
    text = inspect.cleandoc(function.__doc__)
    for section in ("Parameters", "Returns", "Raises", "Notes", "Examples"):
        assert re.search(rf"^{section}\n-+$", text, re.MULTILINE), section
    for parameter in inspect.signature(function).parameters:
        assert re.search(rf"^(\w+, )*{parameter}(, \w+)* : ", text, re.MULTILINE), parameter
    examples = doctest.DocTestParser().get_doctest(function.__doc__, {}, name, None, None)
    assert examples.examples
    failures = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(examples, out=failures.append)
    assert not failures, "".join(failures)


def test_the_module_is_loaded_on_first_use(run_script):
    program = "import sys, hessolve; print('hessolve.image' in sys.modules, hessolve.image.frangi.__name__)"
    assert run_script(program).split() == ["False", "frangi"]


def test_every_function_is_in_the_list_of_functions():
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    assert [name for name in FUNCTIONS if f"hs.image.{name}(" not in page] == []


# ---------------------------------------------------------------------------------------------------------- commands


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "I;16", "F"])
def test_vessels_of_a_picture(mode, tmp_path, capsys):
    pillow = pytest.importorskip("PIL.Image", reason="pictures need Pillow")
    image = vessel_picture()
    if mode == "I;16":
        picture, name = pillow.fromarray((image * 65535).astype(np.uint16)), "in.png"
    elif mode == "F":
        picture, name = pillow.fromarray(image.astype(np.float32)), "in.tif"
    else:
        picture, name = pillow.fromarray((image * 255).astype(np.uint8)).convert(mode), "in.png"
    picture.save(tmp_path / name)
    assert cli.main(["image", "vessels", str(tmp_path / name), "-o", str(tmp_path / "out.png"), "--sigmas", "2:4"]) == 0
    said = capsys.readouterr().out
    assert "60 x 80 pixels, 2 scales" in said
    found = np.asarray(pillow.open(tmp_path / "out.png"))
    assert found.shape == (60, 80)
    assert found.max() == 255
    assert (found.argmax(axis=0) == 30).all()
    assert cli.main(["image", "vessels", str(tmp_path / name), "-o", str(tmp_path / "out.npy"), "--sigmas", "2,3"]) == 0
    raw = np.load(tmp_path / "out.npy")
    np.testing.assert_allclose(
        raw, hs.image.frangi(_image_command.read_image(str(tmp_path / name), "luminance"), [2, 3])
    )
    np.testing.assert_allclose(found, np.rint(raw * (255 / raw.max())))


def test_options_of_vessels_are_those_of_the_function(tmp_path):
    image = vessel_picture(bright=True)
    np.save(tmp_path / "in.npy", image)
    arguments = ["image", "vessels", str(tmp_path / "in.npy"), "-o", str(tmp_path / "out.npy"), "--sigmas", "1:10:2"]
    for more, options in (
        ([], {}),
        (["--bright"], {"black_ridges": False}),
        (["--bright", "--legacy"], {"black_ridges": False, "legacy": True}),
    ):
        assert cli.main([*arguments, *more]) == 0
        assert np.array_equal(np.load(tmp_path / "out.npy"), hs.image.frangi(image, [1, 3, 5, 7, 9], **options))


def test_a_channel_of_a_colour_picture(tmp_path):
    pillow = pytest.importorskip("PIL.Image", reason="pictures need Pillow")
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    pillow.fromarray(pixels).save(tmp_path / "in.png")
    for k, channel in enumerate(("red", "green", "blue")):
        found = _image_command.read_image(str(tmp_path / "in.png"), channel)
        np.testing.assert_allclose(found, pixels[..., k] / 255)
    grey = _image_command.read_image(str(tmp_path / "in.png"), "luminance")
    alpha = np.dstack([pixels, np.full((5, 6), 99, dtype=np.uint8)])
    for array in (pixels, alpha, pixels.astype(np.uint16) * 257):  # the same pixels in arrays are the same picture
        np.save(tmp_path / "in.npy", array)
        np.testing.assert_allclose(_image_command.read_image(str(tmp_path / "in.npy"), "luminance"), grey)
        np.testing.assert_allclose(_image_command.read_image(str(tmp_path / "in.npy"), "red"), pixels[..., 0] / 255)
    for array in (pixels / 255, pixels[..., :2], pixels.astype(np.int64)):  # and others volumes
        np.save(tmp_path / "in.npy", array)
        assert np.array_equal(_image_command.read_image(str(tmp_path / "in.npy"), "luminance"), array)
    np.testing.assert_allclose(grey, pixels @ np.array(_image_command.LUMINANCE) / 255)


def test_blobs_of_a_picture(tmp_path, capsys):
    rows, columns = np.mgrid[:70, :90]
    image = np.full((70, 90), 0.5)
    for k, (r, c) in enumerate([(20, 20), (45, 60), (20, 70)]):
        image += (0.4 - 0.1 * k) * (-1) ** k * np.exp(-((rows - r) ** 2 + (columns - c) ** 2) / 18)
    np.save(tmp_path / "in.npy", image)
    arguments = ["image", "blobs", str(tmp_path / "in.npy"), "--sigmas", "2:5", "--threshold", "0.002"]
    assert cli.main([*arguments, "-o", str(tmp_path / "out.csv")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("3 blobs, the strongest first")
    assert said[1].split() == ["row", "column", "sigma", "response", "polarity"]
    assert [line.split()[-1] for line in said[2:5]] == ["bright", "dark", "bright"]
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [(round(float(b["row"])), round(float(b["column"]))) for b in table] == [(20, 20), (45, 60), (20, 70)]
    assert cli.main([*arguments, "--polarity", "dark", "-o", str(tmp_path / "out.npy")]) == 0
    assert np.load(tmp_path / "out.npy").shape == (1, 5)
    pillow = pytest.importorskip("PIL.Image", reason="pictures need Pillow")
    assert cli.main([*arguments, "-o", str(tmp_path / "out.png")]) == 0
    drawn = np.asarray(pillow.open(tmp_path / "out.png")).astype(int)
    assert drawn.shape == (70, 90, 3)
    assert (np.ptp(drawn, axis=2) > 50).sum() > 30  # the circles


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["vessels", "none.png", "-o", "x.png"], "none.png: there is no such file"),
        (["vessels", "in.npy", "-o", "none/x.png"], "none/x.png: there is no folder none"),
        (["vessels", "in.npy", "-o", "x.png", "--sigmas", "0:3"], "--sigmas 0:3: scales > 0 are needed"),
        (["vessels", "in.npy", "-o", "x.png", "--sigmas", "3:1"], "--sigmas 3:1: scales > 0"),
        (["vessels", "in.npy", "-o", "x.png", "--sigmas", "a,b"], "--sigmas a,b: scales > 0"),
        (["vessels", "in.npy", "-o", "x.png", "--sigmas", "1:20:0.001"], "--sigmas 1:20:0.001: 19000 scales are more"),
        (["vessels", "in.npy", "-o", "x.png", "--sigmas", "1:inf"], "--sigmas 1:inf: scales > 0 are needed"),
        (["vessels", "in.npy", "-o", "x.png", "--sigmas", "1:nan"], "--sigmas 1:nan: scales > 0 are needed"),
        (["vessels", "volume.npy", "-o", "x.png"], "x.png: a picture has two dimensions, volume.npy has 3 (5, 6, 3); "),
        (["blobs", "volume.npy", "-o", "x.png"], "x.png: a picture has two dimensions, volume.npy has 3 (5, 6, 3); "),
        (["vessels", "volume.npy", "-o", "x.csv"], "x.csv: a picture has two dimensions"),
        (["vessels", "line.npy", "-o", "x.png"], "x.png: a picture has two dimensions, line.npy has 1 (7,); write"),
        (["blobs", "in.npy", "--threshold", "-1"], "threshold=-1.0 is not valid"),
        (["vessels", "nan.npy", "-o", "x.npy"], "`image` (4, 5) has a NaN or infinity at index (1, 2)"),
        (["vessels", "text.png", "-o", "x.npy"], "text.png: cannot be read as a picture"),
        (["vessels", "text.npy", "-o", "x.npy"], "text.npy: cannot be read"),
        (["vessels", "in.npy", "-o", "x.unknown"], "x.unknown: cannot be written"),
    ],
)
def test_mistakes_are_one_line_and_status_2(arguments, text, tmp_path, monkeypatch, capsys):
    pytest.importorskip("PIL.Image", reason="pictures need Pillow")
    monkeypatch.chdir(tmp_path)
    np.save("in.npy", vessel_picture())
    spoilt = np.ones((4, 5))
    spoilt[1, 2] = np.nan
    np.save("nan.npy", spoilt)
    np.save("volume.npy", np.ones((5, 6, 3)))
    np.save("line.npy", np.ones(7))
    for name in ("text.png", "text.npy"):
        (tmp_path / name).write_text("no picture")
    assert cli.main(["image", *arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"hessolve: {text}")
    assert err.count("\n") == 1


def test_without_pillow_the_extra_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "PIL", None)
    (tmp_path / "in.png").write_text("")
    assert cli.main(["image", "vessels", str(tmp_path / "in.png"), "-o", str(tmp_path / "x.npy")]) == 2
    assert 'pip install "hessolve[image]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "sigmas"),
    [("1:10:2", [1, 3, 5, 7, 9]), ("1:3", [1, 2]), ("0.5:1.1:0.2", [0.5, 0.7, 0.9]), ("2", [2]), ("4,1.5", [4, 1.5])],
)
def test_scales_read_as_in_python(text, sigmas):
    assert _image_command.parse_sigmas(text) == pytest.approx(sigmas)


# ------------------------------------------------------------------------------------------------------------- plots


def test_plots_take_and_return_axes():
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    image = vessel_picture()
    vessels = hs.image.frangi(image, [2])
    figure, (left, right) = pyplot.subplots(1, 2)
    assert hs.plot.vesselness(image, vessels, ax=left) is left
    grey, over = left.get_images()
    np.testing.assert_array_equal(grey.get_array(), image)
    np.testing.assert_allclose(over.get_array(), vessels / vessels.max())
    H = hs.image.hessian(image, 2)
    assert hs.plot.curvatures(image, H, every=12, ax=right) is right  # row 30, the vessel, is on the grid
    bright, dark = right.collections
    assert len(bright.get_offsets()) + len(dark.get_offsets()) == 5 * 7
    assert set(dark.get_offsets()[:, 1]) >= {30}
    assert 30 not in bright.get_offsets()[:, 1]
    assert dark._widths.max() * 2 == pytest.approx(12)  # matplotlib keeps half axes
    np.testing.assert_allclose(abs(dark._angles[dark.get_offsets()[:, 1] == 30]), np.pi / 2)  # across the vessel
    figure.canvas.draw()
    for call in (
        lambda: hs.plot.vesselness(image, vessels[1:]),
        lambda: hs.plot.vesselness(image[0], vessels),
        lambda: hs.plot.vesselness(image * np.nan, vessels),
        lambda: hs.plot.vesselness(image[:0], vessels[:0]),
        lambda: hs.plot.vesselness(image[:, :0], vessels[:, :0]),
        lambda: hs.plot.curvatures(image[:0], H[:, :0]),
        lambda: hs.plot.curvatures(image, H[:2]),
        lambda: hs.plot.curvatures(image, H, every=0),
        lambda: hs.plot.curvatures(image, H, every=1.5),
    ):
        with pytest.raises(ValueError, match=r"^(`(image|vesselness|H)` \(|every=)"):
            call()
    pyplot.close("all")


MEMORY = """
import sys
import numpy as np
import hessolve as hs

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

hs.image.frangi(np.ones((50, 50, 50)), [1.0], gamma=1.0)
volume = np.load(sys.argv[1], mmap_mode="r")
before = peak()
hs.image.frangi(volume, [1.0, 2.0], gamma=1.0)
print((peak() - before) / volume.nbytes)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it reads the peak of memory from /proc")
def test_a_given_gamma_needs_no_fields(run_script, tmp_path):
    """The volume as it is mapped, the result, and slabs: no field of derivatives, not even one."""
    np.save(tmp_path / "volume.npy", np.random.default_rng(0).standard_normal((240, 200, 200)).astype(np.float32))
    assert float(run_script(MEMORY, tmp_path / "volume.npy")) < 3.2
