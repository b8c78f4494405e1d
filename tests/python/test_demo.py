# SPDX-License-Identifier: BSD-3-Clause
"""The demo: its claims hold, a claim that fails is told, and its data are NIST's."""

import math

import numpy as np
import pytest

import hessolve as hs
from hessolve import cli, demo
from hessolve.demo import digits, silence


@pytest.mark.parametrize("scene", demo.SCENES)
def test_every_scene_runs_alone_and_its_claims_hold(scene, tmp_path):
    said = []
    status = demo.run([scene], tmp_path, said.append)
    assert status == 0, "\n".join(said)
    assert not any("FAILED" in line for line in said)
    assert said[0].startswith(f"--- {scene}: ")


def test_the_whole_demo_is_short_and_tells_what_it_wrote(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["demo"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 16 * len(demo.SCENES)
    wrote, following = lines[-2:]
    for name in wrote.split()[1:]:
        assert (tmp_path / name).stat().st_size > 0
    assert following.split()[:3] == ["next", "hessolve", "solve"]
    assert cli.main(following.split()[2:]) == 0


def test_a_claim_that_fails_is_told_and_makes_the_status_1(tmp_path, monkeypatch):
    monkeypatch.setattr(hs, "inv", np.linalg.inv)  # silent about the singular matrix
    said = []
    assert demo.run(["silence"], tmp_path, said.append) == 1
    assert any(line.startswith("  FAILED  hs.inv(A) raises or warns") for line in said)
    assert any(line.startswith("FAILED: hs.inv(A)") for line in said)


def test_an_unknown_scene_names_the_scenes(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["demo", "nothing"])
    assert end.value.code == 2
    assert all(scene in capsys.readouterr().err for scene in demo.SCENES[:1])


def test_a_folder_that_cannot_be_made(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert cli.main(["demo", "silence", "--output", str(tmp_path / "file" / "folder")]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "shape", "sums"),
    [  # sums of y and of the last column, from NIST's own files
        ("longley", (16, 7), (1045072.0, 31272.0)),
        ("pontius", (40, 3), (45.73845, 2 * 150000**2 * 2870.0)),
    ],
)
def test_the_data_are_complete(name, shape, sums):
    data = digits.load(name)
    assert data.design.shape == shape
    assert data.y.shape == shape[:1]
    assert data.certified.shape == shape[1:]
    assert np.all(data.design[:, 0] == 1)
    assert math.fsum(data.y) == pytest.approx(sums[0], rel=1e-12)
    assert math.fsum(data.design[:, -1]) == pytest.approx(sums[1], rel=1e-12)


@pytest.mark.parametrize(("name", "sum_of_squares"), [("longley", 836424.055505915), ("pontius", 1.55761768796992e-06)])
def test_certified_coefficients_give_the_certified_residuals(name, sum_of_squares):
    data = digits.load(name)
    residual = data.y.astype(np.longdouble) - data.design.astype(np.longdouble) @ data.certified
    assert float(residual @ residual) == pytest.approx(sum_of_squares, rel=1e-6)


def test_digits_counts_the_worst_coefficient():
    certified = np.array([1.0, -200.0])
    assert digits.digits(certified, certified) == 15
    assert digits.digits(certified * (1 + 1e-4), certified) == pytest.approx(4, abs=1e-6)
    assert digits.digits(np.array([1.0, 200.0]), certified) == 0


def test_the_silent_matrix_is_singular():
    assert np.array_equal(silence.A[:, 0] + silence.A[:, 1], silence.A[:, 2])
