# SPDX-License-Identifier: BSD-3-Clause
"""The command line and matrices of every shape and rank, from sparse files and from dense ones."""

import json
import re

import numpy as np
import pytest

import hessolve as hs
from command import fails, run
from hessolve import _files
from sparse_problems import laplacian

sparse = pytest.importorskip("scipy.sparse", reason="SciPy reads and writes sparse files")
scipy_io = pytest.importorskip("scipy.io", reason="SciPy reads and writes Matrix Market files")

EPS = np.finfo(float).eps
DENSE_METHODS = ["auto", "lu", "cholesky", "ldlt", "qr", "qr-pivoted", "svd"]
SPARSE_METHODS = ["auto", "cholesky", "ldlt", "lu", "qr"]


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def problem(m, n, rank):
    """A matrix of the rank, its condition number without the zeros, and b, not in its range where that is smaller."""
    rng = np.random.default_rng(m + 100 * n)
    A = rng.standard_normal((m, n)) * (rng.random((m, n)) < 0.3) + 3 * np.eye(m, n)
    if rank < min(m, n):  # of integers, so that the rank is exact
        A = rng.integers(-2, 3, (m, rank)).astype(float) @ rng.integers(-2, 3, (rank, n))
    s = np.linalg.svd(A, compute_uv=False)
    return A, s[0] / s[rank - 1], rng.standard_normal((m, 3))


def write(A, name):
    """The name of a file that holds A."""
    if name.endswith(".npy"):
        np.save(name, A)
    elif name.endswith(".npz"):
        sparse.save_npz(name, sparse.csr_array(A))
    else:
        scipy_io.mmwrite(name, A if name.startswith("dense") else sparse.coo_array(A))
    return name


DENSE, SPARSE = ["dense.npy", "dense.mtx"], ["sparse.npz", "sparse.mtx"]


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize(
    ("m", "n", "rank", "regimes"),
    [  # a lost rank is decided by pivoting (4) or by the SVD (0)
        (12, 12, 12, [1]),
        (30, 12, 12, [2]),
        (12, 30, 12, [3]),
        (12, 12, 7, [4, 0]),
        (30, 12, 7, [4, 0]),
        (12, 30, 7, [4, 0]),
    ],
)
@pytest.mark.parametrize("name", [*DENSE, *SPARSE])
def test_every_shape_and_rank_is_solved(capsys, name, m, n, rank, regimes, columns):
    """x is pinv(A) b: A^T (b - A x) = 0, and no x with that is shorter."""
    A, condition, b = problem(m, n, rank)
    b = b[:, 0] if columns == 1 else b
    np.save("b.npy", b)
    status, out, err = run(capsys, "solve", write(A, name), "b.npy", "-o", "x.npy", "--json")
    assert (status, err) == (0, "")
    report, x, true = json.loads(out), np.load("x.npy"), np.linalg.pinv(A, rcond=1e-12) @ b
    assert report["regime"] in regimes
    assert (report["rank"], report["reason"], report["x_file"]) == (rank, "ok", "x.npy")
    assert x.shape == true.shape
    largest = np.linalg.norm(A, 2)
    residual = b - A @ x
    assert np.linalg.norm(A.T @ residual) <= 100 * EPS * largest * (largest * np.linalg.norm(x) + np.linalg.norm(b))
    assert np.linalg.norm(x - true) <= 100 * EPS * condition**2 * (np.linalg.norm(true) + np.linalg.norm(b) / largest)
    norms = np.linalg.norm(residual.reshape(m, -1), axis=0)
    assert report["residual_norm"] == pytest.approx(norms.max(), rel=1e-9, abs=100 * EPS * largest * np.linalg.norm(x))


@pytest.mark.parametrize("name", [*DENSE, *SPARSE])
def test_without_b_the_report_tells_how_the_ones_were_found(capsys, name):
    A, _, _ = problem(30, 12, 12)
    status, out, err = run(capsys, "solve", write(A, name), "-o", "x.npy")
    assert (status, err) == (0, "")
    entries = f", sparse with {np.count_nonzero(A)} entries" if name in SPARSE else ""
    assert out.startswith(f"A (30, 12) from {name}{entries}; no b given: b = A @ ones\n")
    assert "2 (tall, full rank)" in out
    np.testing.assert_allclose(np.load("x.npy"), np.ones(12), rtol=1e-12)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr", "dia"])
@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix])
def test_sparse_formats_stay_sparse(capsys, monkeypatch, form, kind):
    A = laplacian(4)
    sparse.save_npz("A.npz", kind(A).asformat(form))
    seen = []
    backslash = hs.backslash
    monkeypatch.setattr(hs, "backslash", lambda A, b, **keywords: seen.append(A) or backslash(A, b, **keywords))
    assert run(capsys, "solve", "A.npz", "-o", "x.npy")[0] == 0
    assert isinstance(seen[0], sparse.csr_array)
    assert (seen[0] != A).nnz == 0
    np.testing.assert_allclose(np.load("x.npy"), np.ones(16), rtol=1e-13)


@pytest.mark.parametrize(
    ("field", "symmetry", "entries", "expected"),
    [
        ("integer", "general", ["1 1 4", "2 1 1", "2 2 3"], [[4.0, 0], [1, 3]]),
        ("pattern", "general", ["1 1", "2 1", "2 2"], [[1.0, 0], [1, 1]]),
        ("complex", "hermitian", ["1 1 4 0", "2 1 0 1", "2 2 3 0"], [[4, -1j], [1j, 3]]),
        ("real", "skew-symmetric", ["2 1 2"], [[0.0, -2], [2, 0]]),
        ("real", "general", ["1 1 1", "1 1 3", "2 2 3"], [[4.0, 0], [0, 3]]),  # entries given twice are summed
    ],
)
def test_fields_and_symmetries_of_matrix_market(capsys, tmp_path, field, symmetry, entries, expected):
    lines = [f"%%MatrixMarket matrix coordinate {field} {symmetry}", f"2 2 {len(entries)}", *entries]
    (tmp_path / "A.mtx").write_text("\n".join(lines) + "\n")
    A = _files.read_matrix("A.mtx")
    assert isinstance(A, sparse.csr_array)
    np.testing.assert_array_equal(A.toarray(), np.array(expected))
    assert run(capsys, "solve", "A.mtx", "-o", "x.npy")[0] == 0
    np.testing.assert_allclose(np.load("x.npy"), np.ones(2), rtol=1e-14)


@pytest.mark.parametrize("name", [*DENSE, *SPARSE])
@pytest.mark.parametrize(("m", "n", "rank"), [(12, 12, 12), (30, 12, 12), (12, 30, 12), (12, 30, 7)])
def test_explain_tells_the_plan_of_the_matrix_that_is_solved(capsys, name, m, n, rank):
    A, _, _ = problem(m, n, rank)
    status, out, err = run(capsys, "explain", write(A, name))
    assert (status, err) == (0, "")
    assert out == f"{hs.explain(sparse.csr_array(A) if name in SPARSE else A)}\n"
    assert ("sparse, " in out) == (name in SPARSE)


def test_a_large_sparse_file_is_factored_or_iterated(capsys):
    A = laplacian(22, 3)  # 10648 rows, 907 MB as a dense matrix
    sparse.save_npz("A.npz", A)
    _, direct, _ = run(capsys, "solve", "A.npz", "--json", "-o", "direct.npy")
    _, iterated, _ = run(capsys, "solve", "A.npz", "--json", "-o", "iterated.npy", "--rtol", "1e-9")
    assert (json.loads(direct)["regime"], json.loads(iterated)["regime"]) == (1, 6)
    b = A @ np.ones(22**3)
    assert np.linalg.norm(b - A @ np.load("direct.npy")) <= 1e-13 * np.linalg.norm(b)
    assert np.linalg.norm(b - A @ np.load("iterated.npy")) <= 1e-9 * np.linalg.norm(b)
    assert json.loads(iterated)["iterations"] > 10


@pytest.mark.parametrize("rtol", ["0", "1", "-1e-3", "nan", "small"])
def test_impossible_tolerances(capsys, rtol):
    expected = f"hessolve: --rtol {rtol}: a number between 0 and 1 is needed\n"
    assert fails(capsys, 2, "solve", write(np.eye(2), "A.npy"), f"--rtol={rtol}") == expected


@pytest.mark.parametrize(
    ("name", "method"),
    [(name, m) for name in DENSE for m in DENSE_METHODS] + [(name, m) for name in SPARSE for m in SPARSE_METHODS],
)
def test_methods(capsys, name, method):
    status, out, err = run(capsys, "solve", write(laplacian(4).toarray(), name), "--method", method, "-o", "x.npy")
    assert (status, err) == (0, "")
    assert re.search(rf"^  method +{'cholesky' if method == 'auto' else method}$", out, re.M)
    np.testing.assert_allclose(np.load("x.npy"), np.ones(16), rtol=1e-13)


@pytest.mark.parametrize(
    ("name", "method", "text"),
    [
        ("sparse.mtx", "svd", "does not exist for sparse matrices; valid: auto, cholesky, ldlt, lu, qr"),
        ("sparse.npz", "magic", "does not exist for sparse matrices; valid: auto, cholesky, ldlt, lu, qr"),
        ("dense.mtx", "magic", "does not exist for dense matrices; valid: " + ", ".join(DENSE_METHODS)),
    ],
)
def test_methods_that_do_not_exist_for_a_kind_of_matrix(capsys, name, method, text):
    expected = f"hessolve: {name}: --method {method} {text}\n"
    assert fails(capsys, 2, "solve", write(np.eye(3), name), "--method", method) == expected


@pytest.mark.parametrize("name", ["dense.mtx", "sparse.mtx"])
def test_methods_that_do_not_exist_for_a_shape(capsys, name):
    line = fails(capsys, 2, "solve", write(np.eye(4, 3), name), "--method", "lu")
    assert line.startswith(f"hessolve: {name}: method='lu' is not valid for `A` (4, 3), not square; valid: ")


@pytest.mark.parametrize("name", ["dense.mtx", "sparse.mtx"])
def test_a_method_that_fails_has_status_1(capsys, name):
    line = fails(capsys, 1, "solve", write(np.diag([1.0, -1.0]), name), "--method", "cholesky")
    assert line.startswith("hessolve: `A` (2, 2) is not positive definite")


def test_right_hand_sides_from_sparse_files(capsys):
    A, _, b = problem(12, 12, 12)
    b[::2] = 0
    write(A, "sparse.mtx")
    for name in ("sparse.npz", "b.mtx"):
        for columns in (b, b[:, :1]):
            write(columns, name)
            assert run(capsys, "solve", "sparse.mtx", name, "-o", "x.npy")[0] == 0
            expected = np.linalg.solve(A, columns)
            np.testing.assert_allclose(np.load("x.npy"), expected if len(columns.T) > 1 else expected[:, 0], rtol=1e-11)


def test_what_is_wrong_with_b_names_the_file_of_b(capsys):
    write(np.eye(3), "sparse.mtx")
    np.save("b.npy", np.array([1.0, np.nan, 1.0]))
    assert fails(capsys, 2, "solve", "sparse.mtx", "b.npy").startswith("hessolve: b.npy: `b` (3,) has a NaN")
    np.save("b.npy", np.ones((2, 3, 1)))
    expected = "hessolve: sparse.mtx: `A` (3, 3) and `b` (2, 3, 1) do not fit"
    assert fails(capsys, 2, "solve", "sparse.mtx", "b.npy").startswith(expected)


@pytest.mark.parametrize("command", ["solve", "explain"])
@pytest.mark.parametrize("name", SPARSE)
def test_sparse_matrices_that_are_not_finite(capsys, command, name):
    line = fails(capsys, 2, command, write(np.diag([1.0, np.inf, 2.0]), name))
    assert line.startswith(f"hessolve: {name}: `A` (3, 3) has a NaN or infinity at row 1, column 1")


@pytest.mark.parametrize("command", ["solve", "explain"])
@pytest.mark.parametrize("form", ["csr", "csc", "bsr", "coo"])
def test_indices_out_of_range(capsys, command, form):
    sparse.save_npz("good.npz", laplacian(3).asformat(form))
    with np.load("good.npz") as good:
        arrays = dict(good)
    arrays["col" if form == "coo" else "indices"][-1] = 100
    np.savez("bad.npz", **arrays)
    assert fails(capsys, 2, command, "bad.npz").startswith("hessolve: bad.npz: cannot be read: ")


def test_sparse_arrays_of_one_dimension(capsys):
    np.savez(
        "A.npz", format=b"coo", shape=(3,), data=np.ones(1), coords=np.zeros((1, 1), dtype=np.int32), _is_array=True
    )
    assert fails(capsys, 2, "solve", "A.npz").startswith("hessolve: A.npz: ")


def test_a_singular_sparse_matrix_has_status_1_only_where_its_method_cannot_cope(capsys):
    A = np.zeros((3, 3))
    A[:2, :2] = [[2, 1], [1, 2]]
    write(A, "sparse.mtx")
    status, out, err = run(capsys, "solve", "sparse.mtx", "--method", "lu")
    assert status == 1
    assert "singular" in out
    assert err.startswith("hessolve: warning: `A` (3, 3) is singular")
    assert err.count("\n") == 1
    assert run(capsys, "solve", "sparse.mtx")[0] == 0


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_an_iteration_that_has_not_converged_has_status_1(capsys, monkeypatch, more):
    sparse.save_npz("A.npz", laplacian(10))
    monkeypatch.setattr(
        hs, "backslash", lambda A, b, **_: hs.iterate(A, b, method="jacobi", maxiter=3, full_output=True)
    )
    status, out, err = run(capsys, "solve", "A.npz", "-o", "x.npy", *more)
    assert status == 1
    assert "max_iterations" in out
    expected = f"A.npz: jacobi has not converged after 3 iterations. {hs.Reason.max_iterations.advice}"
    assert err == f"hessolve: warning: {expected}\n"
    assert np.isfinite(np.load("x.npy")).all()
