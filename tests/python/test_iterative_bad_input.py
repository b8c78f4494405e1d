# SPDX-License-Identifier: BSD-3-Clause
"""Iterations refuse what they cannot use in words that name it, and survive what interrupts them."""

import re
import sys

import numpy as np
import pytest

import hessolve as hs
import sparse_problems as sp

A = sp.poisson(3)
B = np.ones(9)


def refused(kind, text, function, *arguments, **keywords):
    with pytest.raises(kind, match=re.escape(text)):
        function(*arguments, **keywords)


def csr(indptr, indices, data=None, shape=(3, 3), form=sp.sparse.csr_array):
    """A sparse matrix that SciPy itself did not check."""
    made = form((3, 3))
    made.indptr, made.indices = np.array(indptr, dtype=np.int32), np.array(indices, dtype=np.int32)
    made.data = np.ones(len(indices)) if data is None else np.array(data, dtype=float)
    made._shape = shape
    return made


@pytest.mark.parametrize("function", [lambda M: hs.iterate(M, np.ones(3)), lambda M: hs.preconditioner(M, "jacobi"),
                                      lambda M: hs.sweep(M, np.zeros(3), np.ones(3), method="jacobi")])  # fmt: skip
def test_broken_index_arrays(function):
    cases = [
        (
            csr([0, 1, 2, 3], [0, 1, 5]),
            "`A` (3, 3): row 2 has column index 5 (indices[2]), out of range; columns are 0 to 2.",
        ),
        (csr([0, 1, 2, 3], [0, -1, 2]), "row 1 has column index -1 (indices[1]), out of range; columns are 0 to 2."),
        (csr([0, 2, 1, 3], [0, 1, 2]), "row 1 has indptr 2 to 1; indptr must rise from 0 to at most 3 indices."),
        (csr([0, 1, 2, 9], [0, 1, 2]), "row 2 has indptr 2 to 9; indptr must rise from 0 to at most 3 indices."),
        (csr([1, 1, 2, 3], [0, 1, 2]), "row 0 has indptr 1 to 1; indptr must rise from 0"),
        (csr([0, 1, 3], [0, 1, 2]), "indptr has shape (3,); (4,) is needed."),
        (csr([0, 1, 2, 3], [0, 1, 2], [1.0]), "data (1,) is shorter than indices (3,)."),
        (
            csr([0, 1, 2, 3], [0, 1, 7], form=sp.sparse.csc_array),
            "column 2 has row index 7 (indices[2]), out of range; rows are",
        ),
    ]
    for M, text in cases:
        refused(ValueError, text, function, M)
    huge = csr([0, 1, 2, 3], [0, 1, 2])
    huge.indptr, huge.indices = huge.indptr.astype(np.int64), np.array([0, 1, 2**40])
    refused(ValueError, "row 2 has column index 1099511627776", function, huge)


SPARSE = {
    "solve": lambda M: hs.solve(M, [1.0, 2.0]),
    "backslash": lambda M: hs.backslash(M, [1.0, 2.0]).x,
    "explain": lambda M: hs.explain(M).structure,
    "factor": lambda M: hs.factor(M).solve([1.0, 2.0]),
    "ridge": lambda M: hs.ridge(M, [1.0, 2.0]).coef,
    "iterate": lambda M: hs.iterate(M, [1.0, 2.0], rtol=1e-14),
    "splitting": lambda M: sp.sparse.csr_array(hs.splitting(M, "gauss-seidel")[0]).toarray(),
    "spectral_radius": hs.spectral_radius,
    "predict_convergence": lambda M: hs.predict_convergence(M, "jacobi").spectral_radius,
    "preconditioner": lambda M: hs.preconditioner(M, "ic0") @ [1.0, 2.0],
    "M": lambda M: hs.iterate([[5.0, 1.0], [1.0, 9.0]], [1.0, 2.0], M=M, method="gmres", rtol=1e-14),
}


@pytest.mark.parametrize("form", [sp.sparse.csr_array, sp.sparse.csc_array])
@pytest.mark.parametrize("name", SPARSE)
def test_index_arrays_in_every_function_of_sparse_matrices(name, form):
    """Unsorted and repeated indices count as their sum; out of range they are refused, whoever is called."""
    function, argument = SPARSE[name], {"ridge": "X", "M": "M"}.get(name, "A")
    parts = np.array([1.0, 2, 3, 4, 5, 1]), np.array([1, 0, 0, 1, 1, 0]), np.array([0, 3, 6])
    made = form(parts, shape=(2, 2))
    dense = np.array([[5.0, 1], [1, 9]])
    expected = function(form(dense))
    found = function(made)
    assert found == expected if isinstance(found, str) else np.max(abs(found - expected)) <= 1e-13
    assert np.array_equal(made.indices, parts[1])  # the caller's arrays as they were
    for index in (2, -1):
        made.indices[4] = index
        refused(ValueError, f"`{argument}` (2, 2): ", function, made)
        refused(ValueError, f"index {index} (indices[4]), out of range", function, made)


def test_index_arrays_of_other_formats():
    made = sp.sparse.coo_array(([4.0, 1.0, 3.0], ([0, 0, 1], [0, 1, 1])), shape=(2, 2))
    assert hs.solve(made, [5.0, 3.0]) == pytest.approx([1.0, 1.0])
    made.coords = (np.array([0, 0, 9]), made.coords[1])
    text = "`A` (2, 2): entry 2 has row index 9, out of range; rows are 0 to 1."
    for call in (hs.solve, hs.iterate):
        refused(ValueError, text, call, made, [1.0, 2.0])
    refused(ValueError, text.replace("`A`", "`X`"), hs.ridge, made, [1.0, 2.0])
    made.coords = (np.array([0, 0, 1]), np.array([0, -1, 1]))
    refused(ValueError, "entry 1 has column index -1, out of range; columns are 0 to 1.", hs.solve, made, [1.0, 2.0])
    blocks = sp.sparse.bsr_array(np.eye(4), blocksize=(2, 2))
    assert hs.solve(blocks, np.ones(4)) == pytest.approx(np.ones(4))
    blocks.indices[1] = 7
    refused(ValueError, "`A` (4, 4): its block indices are broken: ", hs.solve, blocks, np.ones(4))


def test_shapes_dtypes_and_values():
    refused(ValueError, "`A` (9, 9) and `b` (4,) do not fit: `b` needs 9 rows, not 4.", hs.iterate, A, np.ones(4))
    refused(ValueError, "`x0` (4,) does not fit: `A` has 9 columns.", hs.iterate, A, B, x0=np.ones(4))
    refused(ValueError, "`b` (1, 9, 1) has 3 dimensions", hs.iterate, A, np.ones((1, 9, 1)))
    refused(ValueError, "`A` (2, 9, 9) is a stack; one matrix (m, n) at a time", hs.iterate, np.stack([A, A]), B)
    refused(TypeError, "`b` has dtype longdouble", hs.iterate, A, B.astype(np.longdouble))
    refused(TypeError, "`A` has dtype longdouble", hs.iterate, sp.sparse.csr_array(A.astype(np.longdouble)), B)
    refused(TypeError, "`A` has dtype object", hs.iterate, A.astype(object), B)
    for name in ("A", "b", "x0"):
        values = {"A": A.copy(), "b": B.copy(), "x0": B.copy()}
        values[name][(2, 1) if name == "A" else 2] = np.nan
        text = f"`{name}` {values[name].shape} has a NaN or infinity at row 2" + (", column 1" if name == "A" else "")
        for form in ("dense", "csr", "csc"):
            M = sp.given_as(values["A"], form)
            refused(ValueError, text, hs.iterate, M, values["b"], x0=values["x0"])
            refused(ValueError, text, hs.iterate, M, values["b"], x0=values["x0"], method="jacobi", full_output=True)


def test_keywords():
    known = "method='newton' is not valid; valid: 'auto', 'richardson', 'jacobi'"
    refused(ValueError, known, hs.iterate, A, B, method="newton")
    refused(
        ValueError, "ordering='random' is not valid; valid: 'natural', 'red-black'", hs.iterate, A, B, ordering="random"
    )
    refused(
        ValueError, "ordering='level' has no meaning for method='cg'", hs.iterate, A, B, method="cg", ordering="level"
    )
    refused(ValueError, "rtol=-1 is not valid; it is a number >= 0.", hs.iterate, A, B, rtol=-1)
    refused(TypeError, "atol='x' is not valid; it is a number >= 0.", hs.iterate, A, B, atol="x")
    refused(ValueError, "maxiter=-1 is not valid; it is an integer >= 0.", hs.iterate, A, B, maxiter=-1)
    refused(TypeError, "maxiter=1.5 is not valid; it is an integer >= 0.", hs.iterate, A, B, maxiter=1.5)
    refused(ValueError, "callback_every=0 is not valid; it is an integer >= 1.", hs.iterate, A, B, callback_every=0)
    refused(TypeError, "callback=3 is not valid; a function", hs.iterate, A, B, callback=3)
    refused(TypeError, "progress=1 is not valid; valid: True, False.", hs.iterate, A, B, progress=1)
    for value in (0, 2, 2.5, -1, np.nan):
        refused(
            ValueError,
            "is not valid; it is a number between 0 and 2, or 'auto'",
            hs.iterate,
            A,
            B,
            method="sor",
            omega=value,
        )
    refused(ValueError, "method='gauss-seidel' has no omega", hs.iterate, A, B, method="gauss-seidel", omega=1.2)
    refused(ValueError, "method='lsqr' takes no preconditioner", hs.iterate, A, B, method="lsqr", M=A)
    tall = np.ones((5, 3))
    text = "method='gmres' needs a square `A`, not (5, 3); use method='lsmr'."
    refused(ValueError, text, hs.iterate, tall, np.ones(5), method="gmres")
    odd = np.eye(3) * 4 - np.ones((3, 3))
    refused(ValueError, "rows 1 and 2 lie on an odd cycle; use ordering='multicolor'", hs.iterate, odd, np.ones(3),
            method="gauss-seidel", ordering="red-black")  # fmt: skip


def test_symmetric_methods_on_matrices_that_are_not():
    for M, where in ((A + np.eye(9, k=4), (0, 4)), (np.array([[2.0, 1], [1 + 1e-9, 2]]), (0, 1))):
        for method in ("cg", "minres", "chebyshev"):
            for form in ("dense", "csr", "csc"):
                with pytest.raises(ValueError, match="needs a symmetric `A`, but A") as caught:
                    hs.iterate(sp.given_as(M, form), np.ones(len(M)), method=method)
                found = tuple(map(int, re.search(r"A\[(\d+), (\d+)\] and", str(caught.value)).groups()))
                assert sorted(found) == sorted(where)
    hs.iterate(
        np.array([[2.0, 1], [1 + 1e-15, 2]]), [1.0, 1], method="cg"
    )  # rounding errors of an assembly do not count
    refused(ValueError, "needs a Hermitian `A`", hs.iterate, np.array([[2, 1j], [1j, 2]]), [1.0, 1], method="cg")
    with pytest.raises(
        hs.ConvergenceError, match="cg broke down after 0 iterations: `A` or `M` is not positive definite"
    ):
        hs.iterate(-A, B, method="cg")
    with pytest.raises(
        hs.ConvergenceError, match="chebyshev broke down after 0 iterations: `A` has an eigenvalue that is not"
    ):
        hs.iterate(A - 3 * np.eye(9), B, method="chebyshev")


@pytest.mark.parametrize(
    "method", ["jacobi", "gauss-seidel", "gauss-seidel-backward", "sor", "ssor", "gauss-seidel-symmetric"]
)
@pytest.mark.parametrize("form", sp.FORMS)
def test_zero_diagonals_are_named(method, form):
    M = np.array([[2.0, 1, 0], [1, 2, 1], [0, 1, 0]])
    given = sp.given_as(M, form)
    text = "`A` (3, 3) has a zero on its diagonal in row 2, which "
    with pytest.raises(hs.ConvergenceError, match=re.escape(text)):
        hs.iterate(given, np.ones(3), method=method)
    s = hs.iterate(given, np.ones(3), method=method, full_output=True)
    assert (s.converged, s.reason) == (False, "zero_diagonal")
    x = np.arange(3.0)
    refused(hs.SingularMatrixError, text, hs.sweep, given, x, np.ones(3), method=method, iterations=2)
    assert np.array_equal(x, np.arange(3.0))


def test_preconditioners_that_are_of_no_use():
    refused(
        ValueError, "`M` (4, 4) does not fit `A` (9, 9); it must be of the same shape.", hs.iterate, A, B, M=np.eye(4)
    )
    refused(ValueError, "`M` returned shape (3,) for a vector of length 9; (9,) is needed.", hs.iterate, A, B,
            M=lambda r: r[:3])  # fmt: skip
    refused(ValueError, "`M` returned a NaN or infinity at row 4 for a finite vector.", hs.iterate, A, B,
            M=lambda r: np.where(np.arange(9) == 4, np.nan, r))  # fmt: skip
    refused(TypeError, "`M` returned complex128 where float64 is iterated in", hs.iterate, A, B, M=lambda r: 1j * r)
    poisoned = np.eye(9)
    poisoned[3, 2] = np.inf
    refused(ValueError, "`M` (9, 9) has a NaN or infinity at row 3, column 2", hs.iterate, A, B, M=poisoned)
    refused(ValueError, "`A` returned a NaN or infinity at row 0", hs.iterate, lambda x: x * np.nan, B)
    for method in ("richardson", "chebyshev", "cg", "minres", "gmres"):
        for full_output in (False, True):
            refused(ValueError, "`M` returned a NaN or infinity at row 0 for a finite vector.", hs.iterate, A, B,
                    M=lambda r: r * np.nan, method=method, full_output=full_output)  # fmt: skip
        refused(ValueError, "`M` (4, 4) does not fit `A` (9, 9)", hs.iterate, A, B, M=np.eye(4), method=method)
        s = hs.iterate(A, B, M=lambda r: 0 * r, method=method, full_output=True)
        assert (s.converged, np.isfinite(s.x).all()) == (False, True)
    for method in ("cg", "minres"):
        with pytest.raises(hs.ConvergenceError, match=f"{method} broke down after"):
            hs.iterate(A, B, method=method, M=-np.eye(9))

    def failing(r):
        raise KeyError("from the caller's own function")

    for keywords in ({"M": failing}, {"callback": lambda k, n, x: failing(x), "callback_every": 1}):
        with pytest.raises(KeyError, match="from the caller's own function"):
            hs.iterate(A, B, **keywords)
    assert hs.iterate(A, B, full_output=True).converged  # the session goes on


def test_sweep_refuses_vectors_it_cannot_overwrite():
    frozen = np.zeros(9)
    frozen.flags.writeable = False
    cases = [
        (frozen, "`x` cannot be overwritten: it is read-only. Pass a writeable float64 ndarray of its own."),
        ([0.0] * 9, "`x` cannot be overwritten: it is a list, not an ndarray."),
        (np.zeros(9, np.float32), "`x` cannot be overwritten: its dtype is float32, and float64 is needed."),
        (np.broadcast_to(0.0, 9), "`x` cannot be overwritten: it is read-only."),
        (np.zeros(8), "`x` (8,) does not fit `A` (9, 9)"),
        (np.zeros((9, 2)), "`x` (9, 2) does not fit `A` (9, 9)"),
        (B, "`x` cannot be overwritten: it shares memory with `A`"),
    ]
    for x, text in cases[:-1]:
        refused(ValueError, text, hs.sweep, A, x, B, method="jacobi")
    both = np.ones(9)
    refused(
        ValueError, "`x` cannot be overwritten: it shares memory with `b`.", hs.sweep, A, both, both, method="jacobi"
    )
    for keywords, text in [
        ({"method": "cg"}, "method='cg' is not valid; valid: 'richardson'"),
        ({"method": "sor", "omega": 2.0}, "omega=2.0 is not valid; it is a number between 0 and 2."),
        ({"method": "jacobi", "omega": np.inf}, "omega=inf is not valid; it is a finite number other than 0."),
        ({"method": "jacobi", "iterations": -1}, "iterations=-1 is not valid; it is an integer >= 0."),
        ({"method": "jacobi", "ordering": "level"}, "ordering='level' has no meaning for method='jacobi'"),
    ]:
        refused(ValueError, text, hs.sweep, A, np.zeros(9), B, **keywords)
    x = np.ones(9)
    poisoned = A.copy()
    poisoned[4, 1] = np.nan
    refused(
        ValueError, "`A` (9, 9) has a NaN or infinity at row 4, column 1", hs.sweep, poisoned, x, B, method="jacobi"
    )
    text = "3000 sweeps of richardson overflow: the iteration diverges. `x` is as it was."
    refused(hs.ConvergenceError, text, hs.sweep, A, x, B, method="richardson", omega=5.0, iterations=3000)
    assert np.array_equal(x, np.ones(9))


def test_callbacks_see_every_nth_iterate_and_may_end_it():
    seen = []
    s = hs.iterate(
        A,
        np.arange(9.0),
        method="jacobi",
        callback_every=5,
        callback=lambda k, norm, x: seen.append((k, norm, x)),
        full_output=True,
    )
    assert [k for k, _, _ in seen] == list(range(5, s.iterations + 1, 5))
    for k, norm, x in seen:
        assert norm == s.history[k]
        assert norm == pytest.approx(np.linalg.norm(np.arange(9.0) - A @ x), rel=1e-6)
    s = hs.iterate(
        A, np.arange(9.0), method="jacobi", callback_every=1, callback=lambda k, n, x: k == 3, full_output=True
    )
    assert (s.iterations, s.reason, s.converged) == (3, "stopped", False)
    with pytest.raises(hs.ConvergenceError, match="the callback stopped the iteration after 3 iterations of jacobi"):
        hs.iterate(A, np.arange(9.0), method="jacobi", callback_every=1, callback=lambda k, n, x: np.bool_(k == 3))
    for method in ("cg", "minres", "gmres", "lsqr", "lsmr", "kaczmarz", "chebyshev", "richardson"):
        last = []
        s = hs.iterate(
            A,
            np.arange(9.0),
            method=method,
            callback_every=1,
            callback=lambda *a, keep=last: keep.append(a),
            full_output=True,
        )
        assert np.array_equal(last[-1][2], s.x), method


def test_progress_is_shown_on_the_error_stream(capfd, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)  # not installed
    hs.iterate(A, np.arange(9.0), method="jacobi", progress=True)
    text = capfd.readouterr()
    assert text.out == ""
    assert re.search(r"\rjacobi: iteration 10, residual \d\.\d\de[+-]\d\d, wanted \d\.\d\de[+-]\d\d", text.err)
    assert text.err.endswith("\n")
    monkeypatch.undo()
    pytest.importorskip("rich")
    hs.iterate(A, np.arange(9.0), method="jacobi", progress=True)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind are Unix's")
@pytest.mark.parametrize(
    "call", ["method='jacobi'", "method='gmres'", "method='cg', M=lambda r: r", "method='jacobi', progress=True"]
)
def test_interrupts_reach_an_iteration_and_leave_a_usable_session(run_script, call):
    program = f"""
import os, signal, threading, numpy as np, hessolve as hs
n = 3000
A = np.eye(n) * 2 - np.eye(n, k=1) - np.eye(n, k=-1)
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    while True:
        hs.iterate(A, np.ones(n), rtol=0.0, maxiter=10**9, full_output=True, {call})
except KeyboardInterrupt:
    print("interrupted")
print(hs.iterate(np.eye(3), np.ones(3)))
"""
    assert run_script(program).split() == ["interrupted", "[1.", "1.", "1.]"]
