# SPDX-License-Identifier: BSD-3-Clause
"""A sweep is x := S^-1 (T x + b), for every method, ordering, form of the matrix and dtype."""

from pathlib import Path

import numpy as np
import pytest

import hessolve as hs
import problems
import sparse_problems as sp

OMEGA = {"richardson": 0.1, "jacobi": 0.7, "sor": 1.3, "ssor": 1.3, "block-jacobi": 0.9}
METHODS = [
    *("richardson", "jacobi", "gauss-seidel", "gauss-seidel-backward", "gauss-seidel-symmetric"),
    *("sor", "ssor", "block-jacobi"),
]


def reference(A, x, b, method, omega):
    A, x, b = sp.wide(A), sp.wide(x), sp.wide(b)
    return x + sp.solved(sp.splitting_matrix(A, method, omega), b - A @ x)


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("form", sp.FORMS)
@pytest.mark.parametrize("method", METHODS)
def test_sweep_is_its_splitting(method, form, dtype):
    omega = OMEGA.get(method, 1.0)
    for n in (1, 2, 7, 33):
        A = sp.dominant(n, dtype, n)
        given = sp.given_as(A, form)
        x, b = problems.random((2, n), dtype, 3)
        expected = reference(A, x, b, method, omega)
        before = A.copy(), b.copy()
        got = hs.sweep(given, x, b, method=method, omega=omega)
        assert got is x
        assert abs(got - expected).max() <= 30 * n * problems.eps(dtype) * max(abs(expected).max(), 1)
        assert np.array_equal(A, before[0])
        assert np.array_equal(b, before[1])


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("form", sp.FORMS)
@pytest.mark.parametrize("shape", [(9, 9), (20, 6), (6, 20)])
def test_kaczmarz_projects_onto_one_row_after_the_other(shape, form, dtype):
    A, b = problems.random(shape, dtype, 1), problems.random(shape[0], dtype, 2)
    x = problems.random(shape[1], dtype, 3)
    expected = sp.wide(x)
    for a, beta in zip(sp.wide(A), sp.wide(b), strict=True):
        expected = expected + a.conj() * (beta - a @ expected) / (abs(a) ** 2).sum()
    hs.sweep(sp.given_as(A, form), x, b, method="kaczmarz")
    assert abs(x - expected).max() <= 200 * problems.eps(dtype) * max(abs(expected).max(), 1)


@pytest.mark.parametrize("form", ["csr", "csc", "csr int64", "dense"])
@pytest.mark.parametrize("method", ["gauss-seidel", "gauss-seidel-backward", "gauss-seidel-symmetric", "sor", "ssor"])
@pytest.mark.parametrize("ordering", ["red-black", "multicolor", "level"])
def test_ordering_is_natural_order_of_the_permuted_matrix(ordering, method, form):
    k = 9
    A = sp.poisson(k)
    rng = np.random.default_rng(0)
    x, b = rng.standard_normal((2, k * k))
    colour = np.add.outer(np.arange(k), np.arange(k)).ravel()
    colour = colour if ordering == "level" else colour % 2  # the greedy colouring of a chessboard has two colours
    order = np.argsort(colour, kind="stable")
    omega = OMEGA.get(method, 1.0)
    expected = np.empty(k * k, dtype=np.longdouble)
    expected[order] = reference(A[np.ix_(order, order)], x[order], b[order], method, omega)
    if ordering == "level":  # the very result of natural order
        assert abs(expected - reference(A, x, b, method, omega)).max() <= 1e-17
    hs.sweep(sp.given_as(A, form), x, b, method=method, omega=omega, ordering=ordering)
    assert abs(x - expected).max() <= 1e-14


def test_colours_of_a_graph_without_symmetry():
    """Rows of one group refer to each other neither way, so their order inside it does not matter."""
    A = sp.dominant(60, np.float64, 5, density=0.05)
    b = np.ones(60)
    natural, level = np.zeros(60), np.zeros(60)
    hs.sweep(sp.given_as(A, "csr"), natural, b, method="gauss-seidel", iterations=3)
    hs.sweep(sp.given_as(A, "csr"), level, b, method="gauss-seidel", iterations=3, ordering="level")
    assert abs(natural - level).max() <= 1e-15
    x = np.zeros(60)
    hs.sweep(sp.given_as(A, "csr"), x, b, method="gauss-seidel", iterations=60, ordering="multicolor")
    assert abs(A @ x - b).max() <= 1e-12


@pytest.mark.parametrize("ordering", ["natural", "red-black", "multicolor", "level"])
@pytest.mark.parametrize("method", ["jacobi", "gauss-seidel", "ssor"])
def test_same_bits_on_one_thread_and_two(method, ordering):
    if method == "jacobi" and ordering != "natural":
        pytest.skip("Jacobi's method has no ordering")
    A = sp.sparse.csr_array(sp.sparse.kronsum(*(2 * [_line(400)])))
    b = np.random.default_rng(0).standard_normal(A.shape[0])
    results = []
    for threads in (1, 2):
        x = np.zeros(len(b))
        with hs.num_threads(threads):
            hs.sweep(A, x, b, method=method, iterations=2, ordering=ordering)
        results.append(x)
    assert np.array_equal(*results)


def _line(k):
    return sp.sparse.diags_array([-np.ones(k - 1), 2 * np.ones(k), -np.ones(k - 1)], offsets=[-1, 0, 1])


def test_dense_matrices_give_the_same_bits_in_every_memory_order():
    A = sp.dominant(50, np.float64)
    b = np.ones(50)
    for method in (*METHODS, "kaczmarz"):
        results = []
        for order in problems.ORDERS:
            x = np.zeros(50)
            hs.sweep(problems.laid_out(A, order), x, b, method=method, iterations=2)
            results.append(x)
        assert all(np.array_equal(results[0], other) for other in results[1:])


def test_unsorted_indices_and_entries_stored_twice_count_as_their_sum():
    dense = np.array([[5.0, 1, 0], [2, 6, 1], [0, 1, 7]])
    indptr = np.array([0, 3, 7, 9])
    indices = np.array([1, 0, 0, 2, 1, 0, 1, 2, 1])
    data = np.array([1.0, 2, 3, 1, 4, 2, 2, 7, 1])
    A = sp.sparse.csr_array((data, indices, indptr), shape=(3, 3))
    assert np.array_equal(A.toarray(), dense)
    b = np.array([1.0, 2, 3])
    for method in (*METHODS, "kaczmarz"):
        x, y = np.zeros(3), np.zeros(3)
        for matrix, vector in ((A, x), (dense, y)):
            hs.sweep(matrix, vector, b, method=method, omega=OMEGA.get(method, 1.0), iterations=3)
        assert abs(x - y).max() <= 1e-14, method
    assert np.array_equal(A.indices, [1, 0, 0, 2, 1, 0, 1, 2, 1])  # the caller's arrays as they were
    x = hs.iterate(A, b, rtol=1e-13)
    assert abs(dense @ x - b).max() <= 1e-12


def test_several_vectors_and_strided_memory():
    A = sp.dominant(20, np.float64)
    b = problems.random((20, 3), np.float64, 1)
    x = np.zeros((20, 6))[:, ::2]
    hs.sweep(A, x, b, method="gauss-seidel", iterations=4)
    for k in range(3):
        y = np.zeros(40)[::2]
        hs.sweep(A, y, b[:, k], method="gauss-seidel", iterations=4)
        assert np.array_equal(x[:, k], y)


EXAMPLES = [  # all that PyAMG ships; those with a block size have their unknowns in blocks
    *("airfoil", "bar", "helmholtz_2D", "knot", "local_disc_galerkin_diffusion", "recirc_flow", "unit_cube"),
    "unit_square",
]


def pyamg_example(name):
    pyamg = pytest.importorskip("pyamg", reason="PyAMG is not installed")
    A = sp.sparse.csr_matrix(pyamg.gallery.load_example(name)["A"])
    A.sort_indices()
    return A


def test_all_examples_of_pyamg_are_compared():
    pyamg = pytest.importorskip("pyamg", reason="PyAMG is not installed")
    shipped = (Path(pyamg.__file__).parent / "gallery" / "example_data").glob("*.mat")
    assert {path.stem for path in shipped} <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_sweeps_equal_those_of_pyamg(name):
    A = pyamg_example(name)
    from pyamg.relaxation import relaxation as peer

    assert A.diagonal().all()
    rng = np.random.default_rng(0)
    b, start = rng.standard_normal((2, A.shape[0])).astype(A.dtype)
    small = 0.5 / abs(A).sum(axis=1).max()
    calls = {
        "gauss-seidel": lambda x: peer.gauss_seidel(A, x, b, iterations=3),
        "gauss-seidel-backward": lambda x: peer.gauss_seidel(A, x, b, iterations=3, sweep="backward"),
        "gauss-seidel-symmetric": lambda x: peer.gauss_seidel(A, x, b, iterations=3, sweep="symmetric"),
        "jacobi": lambda x: peer.jacobi(A, x, b, iterations=3, omega=0.7),
        "sor": lambda x: peer.sor(A, x, b, 1.2, iterations=3),
        "kaczmarz": lambda x: peer.gauss_seidel_ne(A, x, b, iterations=3),
        "richardson": lambda x: peer.polynomial(A, x, b, [small], iterations=3),
    }
    omegas = {"jacobi": 0.7, "sor": 1.2, "richardson": small}
    for method, call in calls.items():
        theirs, ours = start.copy(), start.copy()
        call(theirs)
        hs.sweep(A, ours, b, method=method, iterations=3, omega=omegas.get(method, 1.0))
        assert abs(ours - theirs).max() <= 1e-12 * max(abs(theirs).max(), 1), method


@pytest.mark.parametrize("name", EXAMPLES)
def test_block_sweeps_equal_those_of_pyamg(name):
    """Filled up with rows of the identity to whole blocks of eight, which is what PyAMG asks for."""
    A = pyamg_example(name)
    from pyamg.relaxation import relaxation as peer

    rest = -A.shape[0] % 8
    A = sp.sparse.csr_matrix(sp.sparse.block_diag([A, sp.sparse.eye(rest)])) if rest else A
    rng = np.random.default_rng(0)
    b, start = rng.standard_normal((2, A.shape[0])).astype(A.dtype)
    theirs, ours = start.copy(), start.copy()
    peer.block_jacobi(A.tobsr((8, 8)), theirs, b, blocksize=8, iterations=3, omega=0.7)
    hs.sweep(A, ours, b, method="block-jacobi", iterations=3, omega=0.7)
    assert abs(ours - theirs).max() <= 1e-12 * max(abs(theirs).max(), 1)
