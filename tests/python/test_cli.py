# SPDX-License-Identifier: BSD-3-Clause
"""The command line: what it reads, prints and writes, and its exit status."""

import gzip
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import hessolve as hs
from command import fails, run
from hessolve import _files, cli

A = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 2.0]])
X = np.array([1.0, -2.0, 3.0])

DENSE = "%%MatrixMarket matrix array real general\n3 3\n" + "".join(f"{v}\n" for v in A.T.ravel())
SPARSE = "%%MatrixMarket matrix coordinate real symmetric\n3 3 5\n1 1 4\n2 1 1\n2 2 3\n3 2 1\n3 3 2\n"
RIGHT = "%%MatrixMarket matrix array real general\n3 1\n" + "".join(f"{v}\n" for v in A @ X)


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write_systems():
    """One system in every format, under names of A."""
    Path("dense.mtx").write_text(DENSE)
    Path("sparse.mtx").write_text(SPARSE)
    Path("dense.mtx.gz").write_bytes(gzip.compress(DENSE.encode()))
    np.save("array.npy", A)
    np.save("fortran.npy", np.asfortranarray(A))
    np.savez("single.npz", matrix=A)
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy writes this format")
    sparse.save_npz("scipy.npz", sparse.csr_matrix(A))


FORMATS = ["dense.mtx", "sparse.mtx", "dense.mtx.gz", "array.npy", "fortran.npy", "single.npz", "scipy.npz"]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("right", ["b.mtx", "b.npy", "b.npz"])
def test_solve_reads_every_format(capsys, name, right):
    write_systems()
    Path("b.mtx").write_text(RIGHT)
    np.save("b.npy", A @ X)
    np.savez("b.npz", other=np.zeros(2), b=A @ X)
    status, out, err = run(capsys, "solve", name, right, "-o", "x.npy")
    assert (status, err) == (0, "")
    entries = ", sparse with 7 entries" if name in ("sparse.mtx", "scipy.npz") else ""
    assert f"A (3, 3) from {name}{entries}; b from {right}" in out
    assert out.endswith("x written to x.npy\n")
    x = np.load("x.npy")
    assert x.shape == (3,)
    np.testing.assert_allclose(x, X, rtol=1e-14)


def test_solve_takes_both_from_one_npz(capsys):
    np.savez("system.npz", A=A, b=A @ X)
    status, out, _ = run(capsys, "solve", "system.npz")
    assert status == 0
    assert "b from system.npz" in out
    assert f"x = {np.array2string(hs.backslash(A, A @ X).x, prefix='x = ')}" in out


def test_solve_makes_a_right_hand_side(capsys):
    np.save("A.npy", A)
    status, out, _ = run(capsys, "solve", "A.npy", "-o", "x.npy")
    assert status == 0
    assert "no b given: b = A @ ones" in out
    np.testing.assert_allclose(np.load("x.npy"), np.ones(3), rtol=1e-14)


def test_solve_makes_right_hand_sides_for_a_stack(capsys):
    np.save("A.npy", np.stack([A, 2 * A]))
    assert run(capsys, "solve", "A.npy", "-o", "x.npy")[0] == 0
    np.testing.assert_allclose(np.load("x.npy"), np.ones((2, 3, 1)), rtol=1e-14)


def test_solve_shortens_a_long_x(capsys):
    np.save("A.npy", np.eye(100))
    status, out, _ = run(capsys, "solve", "A.npy")
    assert status == 0
    assert "..." in out.split("x = ")[1]
    assert out.count("\n") < 40


def test_solve_as_json(capsys):
    np.save("A.npy", A)
    status, out, err = run(capsys, "solve", "A.npy", "-o", "x.npy", "--json")
    assert (status, err) == (0, "")
    report = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    s = hs.backslash(A, A.sum(axis=1))
    assert report["x_file"] == "x.npy"
    assert report["method"] == s.method
    assert report["regime"] == 1
    assert report["rcond"] == pytest.approx(float(s.rcond))
    assert "x" not in report
    assert report.keys() >= {"structure", "rank", "backward_error", "forward_error", "error_kind", "reason", "seconds"}


def test_json_has_no_infinities():
    assert cli._plain(np.array([1.0, np.inf, np.nan])) == [1.0, "inf", "nan"]
    assert cli._plain(np.float64(2)) == 2.0
    assert cli._plain(hs.Reason.ok) == "ok"


def test_solve_prints_a_warning_as_one_line(capsys, monkeypatch):
    np.save("A.npy", A)
    backslash = hs.backslash

    def warns(*args, **keywords):
        warnings.warn("two\nlines", hs.IllConditionedWarning, stacklevel=2)
        return backslash(*args, **keywords)

    monkeypatch.setattr(hs, "backslash", warns)
    status, _, err = run(capsys, "solve", "A.npy")
    assert status == 0
    assert err == "hessolve: warning: two lines\n"


def test_numerical_trouble_has_status_1(capsys, monkeypatch):
    np.save("A.npy", A)

    def refuses(*args, **keywords):
        raise hs.SingularMatrixError("`A` (3, 3) is singular:\n column 2 is zero.")

    monkeypatch.setattr(hs, "backslash", refuses)
    assert fails(capsys, 1, "solve", "A.npy") == "hessolve: `A` (3, 3) is singular: column 2 is zero.\n"


def test_interrupt_has_status_130(capsys, monkeypatch):
    np.save("A.npy", A)

    def interrupted(*args, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(hs, "backslash", interrupted)
    assert fails(capsys, 130, "solve", "A.npy") == "hessolve: interrupted\n"


@pytest.mark.parametrize("command", ["solve", "explain"])
def test_missing_file(capsys, command):
    assert fails(capsys, 2, command, "none.mtx") == "hessolve: none.mtx: no such file\n"


def test_missing_right_hand_side(capsys):
    np.save("A.npy", A)
    assert fails(capsys, 2, "solve", "A.npy", "none.npy") == "hessolve: none.npy: no such file\n"


@pytest.mark.parametrize("command", ["solve", "explain"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.mtx", b""),
        ("no-header.mtx", b"1 2 3\n"),
        ("short.mtx", DENSE[:-20].encode()),
        ("text.mtx", DENSE.replace("3.0", "three").encode()),
        ("outside.mtx", SPARSE.replace("3 2 1", "9 2 1").encode()),
        ("not-zipped.mtx.gz", DENSE.encode()),
        ("cut.mtx.gz", gzip.compress(DENSE.encode())[:-12]),
        ("empty.npy", b""),
        ("text.npy", b"1 2 3"),
        ("cut.npy", b"\x93NUMPY\x01\x00v\x00"),
        ("empty.npz", b""),
        ("text.npz", b"PK\x03\x04 and no more"),
    ],
)
def test_malformed_file(capsys, command, name, content):
    Path(name).write_bytes(content)
    assert fails(capsys, 2, command, name).startswith(f"hessolve: {name}: cannot be read: ")


def test_objects_are_not_unpickled(capsys):
    np.save("objects.npy", np.array([[print]], dtype=object), allow_pickle=True)
    assert fails(capsys, 2, "solve", "objects.npy").startswith("hessolve: objects.npy: cannot be read: ")


def test_unknown_format(capsys):
    Path("A.csv").write_text("1,2\n")
    expected = "hessolve: A.csv: is of no known format (.mtx, .mtx.gz, .npy, .npz)\n"
    assert fails(capsys, 2, "solve", "A.csv") == expected


def test_folder_instead_of_file(capsys):
    Path("A.npy").mkdir()
    assert fails(capsys, 2, "solve", "A.npy").startswith("hessolve: A.npy: cannot be read: ")


def test_ambiguous_npz(capsys):
    np.savez("two.npz", first=A, second=A)
    expected = "hessolve: two.npz: holds the arrays first, second; one must be named A\n"
    assert fails(capsys, 2, "solve", "two.npz") == expected


def test_mismatching_right_hand_side(capsys):
    np.save("A.npy", A)
    np.save("b.npy", np.ones(4))
    expected = "hessolve: b.npy: b has the shape (4,) and does not fit A of A.npy, (3, 3)\n"
    assert fails(capsys, 2, "solve", "A.npy", "b.npy") == expected


def test_matrix_of_one_dimension(capsys):
    np.save("A.npy", np.ones(3))
    expected = "hessolve: A.npy: A has the shape (3,); a matrix needs two dimensions\n"
    assert fails(capsys, 2, "solve", "A.npy") == expected


def test_non_finite_matrix(capsys):
    np.save("A.npy", np.where(np.eye(3) > 0, np.nan, 1.0))
    assert fails(capsys, 2, "solve", "A.npy").startswith("hessolve: A.npy: `A` (3, 3) has a NaN or infinity")


def test_missing_scipy(capsys, monkeypatch):
    Path("A.mtx").write_text(DENSE)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    expected = "hessolve: A.mtx: reading this format needs SciPy: pip install 'hessolve[cli]'\n"
    assert fails(capsys, 2, "solve", "A.mtx") == expected


def test_numpy_files_need_no_scipy(capsys, monkeypatch):
    np.save("A.npy", A)
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert run(capsys, "solve", "A.npy")[0] == 0


def test_unknown_method_names_the_valid_ones(capsys):
    np.save("A.npy", A)
    assert "svd" in fails(capsys, 2, "solve", "A.npy", "--method", "magic")


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("x.txt", "x.txt: x is written in NumPy's format; the name must end in .npy"),
        ("none/x.npy", "none/x.npy: there is no folder none"),
    ],
)
def test_impossible_output_is_told_before_the_work(capsys, monkeypatch, output, message):
    np.save("A.npy", A)
    monkeypatch.setattr(hs, "backslash", lambda *a, **k: pytest.fail("solved first"))
    assert fails(capsys, 2, "solve", "A.npy", "-o", output) == f"hessolve: {message}\n"


def test_output_that_cannot_be_written(capsys):
    np.save("A.npy", A)
    Path("x.npy").mkdir()
    assert fails(capsys, 2, "solve", "A.npy", "-o", "x.npy").startswith("hessolve: x.npy: cannot be written: ")


def test_explain_prints_the_plan(capsys):
    Path("A.mtx").write_text(DENSE)
    status, out, err = run(capsys, "explain", "A.mtx")
    assert (status, err) == (0, "")
    assert out == f"{hs.explain(_files.read_matrix('A.mtx'))}\n"


def test_info(capsys):
    status, out, _ = run(capsys, "info")
    assert status == 0
    facts = dict(line.split("  ", 1) for line in out.splitlines())
    assert {name.strip() for name in facts} >= {"version", "instruction set", "compiler", "eigen", "threads", "numpy"}
    assert hs.__version__ in out


def test_version_and_folders(capsys):
    assert run(capsys, "--version") == (0, f"hessolve {hs.__version__}\n", "")
    for option, folder in (("--cmakedir", "lib/cmake/hessolve"), ("--includedir", "include")):
        status, out, _ = run(capsys, option)
        assert status == 0
        assert out.rstrip().endswith(f"hessolve/{folder}")


def test_includedir_holds_the_headers(capsys):
    folder = Path(run(capsys, "--includedir")[1].rstrip())
    assert (folder / "hessolve" / "hessolve.hpp").is_file()


def test_cmakedir_holds_the_package(capsys):
    folder = Path(run(capsys, "--cmakedir")[1].rstrip())
    assert (folder / "hessolveConfig.cmake").is_file()


def test_no_command_prints_help(capsys):
    status, out, _ = run(capsys)
    assert status == 2
    assert all(name in out for name in ("demo", "solve", "explain", "bench", "info"))


def test_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "hessolve", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == f"hessolve {hs.__version__}\n"


@pytest.mark.skipif(os.name == "nt", reason="shells of Windows have no broken pipes")
def test_a_reader_that_has_gone_is_no_drama():
    np.save("A.npy", A)
    done = subprocess.run(
        f"{sys.executable} -m hessolve solve A.npy | true", shell=True, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""


def test_bench_leaves_out_what_slows_the_peers(monkeypatch):
    seen = {}

    def restarted(command, *, env, check):
        seen.update(command=command, env=env)
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_L2_SIZE", "1")
    monkeypatch.setattr(subprocess, "run", restarted)
    assert cli.main(["bench", "import", "--quick"]) == 3
    assert seen["command"][-2:] == ["import", "--quick"]
    assert not {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"} & set(seen["env"])
    assert seen["env"]["PATH"] == os.environ["PATH"]
