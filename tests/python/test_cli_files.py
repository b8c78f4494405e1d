# SPDX-License-Identifier: BSD-3-Clause
"""The command line and what it cannot use: files without numbers, corrupt ones, matrices without an answer."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from command import fails, run

A = np.eye(3) + 1


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", ["solve", "explain"])
@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.full((2, 2), "a"), "<U1"),
        (np.zeros((2, 2), "M8[D]"), "datetime64[D]"),
        (np.zeros((2, 2), [("x", float)]), "[('x', '<f8')]"),
    ],
)
def test_files_without_numbers(capsys, command, array, dtype):
    np.save("A.npy", array)
    assert fails(capsys, 2, command, "A.npy") == f"hessolve: A.npy: A has the dtype {dtype}; numbers are needed\n"


@pytest.mark.parametrize("command", ["solve", "explain"])
@pytest.mark.parametrize("content", [b"no archive at all", b"", b"\x80\x04K\x01.", b"PK\x03\x04" + b"\0" * 40])
@pytest.mark.parametrize("name", ["bad.npz", "bad.npy"])
def test_nobody_is_told_to_unpickle(capsys, command, name, content):
    Path(name).write_bytes(content)
    line = fails(capsys, 2, command, name)
    assert line.startswith(f"hessolve: {name}: cannot be read: ")
    assert "pickle" not in line


def test_files_that_are_something_else(capsys):
    np.savez("archive.npz", A=A)
    Path("archive.npz").rename("archive.npy")
    expected = "hessolve: archive.npy: cannot be read: A is not in NumPy's format\n"
    assert fails(capsys, 2, "solve", "archive.npy") == expected
    np.save("array.npy", A)
    Path("array.npy").rename("array.npz")
    expected = "hessolve: array.npz: cannot be read: it is one array, a .npy file by another name\n"
    assert fails(capsys, 2, "explain", "array.npz") == expected
    with zipfile.ZipFile("text.npz", "w") as archive:
        archive.writestr("A", "1 2 3")
    assert fails(capsys, 2, "solve", "text.npz") == "hessolve: text.npz: cannot be read: A is not in NumPy's format\n"


def test_explain_names_the_file(capsys):
    np.save("one.npy", np.ones(3))
    assert fails(capsys, 2, "explain", "one.npy").startswith(
        "hessolve: one.npy: `A` (3,) has fewer than two dimensions"
    )
    np.save("nan.npy", np.full((2, 2), np.nan))
    assert fails(capsys, 2, "explain", "nan.npy").startswith("hessolve: nan.npy: `A` (2, 2) has a NaN or infinity")


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_an_x_that_is_not_finite_has_status_1(capsys, more):
    np.save("singular.npy", np.ones((2, 2)))
    status, out, err = run(capsys, "solve", "singular.npy", "--method", "lu", *more)
    assert status == 1
    assert "singular" in out
    assert err.startswith("hessolve: warning: `A` (2, 2) is singular: column 1 depends on column 0. ")
    assert run(capsys, "solve", "singular.npy")[0] == 0
