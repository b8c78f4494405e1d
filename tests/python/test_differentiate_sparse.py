# SPDX-License-Identifier: BSD-3-Clause
"""Sparse Hessians: patterns, star colourings and recovery, with what is wrong in them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import rosen, rosen_hess

import hessolve as hs
from hessolve.differentiate import StarColoring


@st.composite
def patterns(draw):
    n = draw(st.integers(1, 12))
    edges = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40))
    P = np.eye(n, dtype=bool)
    for i, j in edges:
        P[i, j] = P[j, i] = True
    return P


@settings(max_examples=200, deadline=None)
@given(patterns())
def test_every_colouring_is_a_star_colouring_and_recovers(P):
    n = len(P)
    coloring = StarColoring(P)
    color = coloring.color
    neighbours = [[j for j in range(n) if P[i, j] and i != j] for i in range(n)]
    for v in range(n):
        for w in neighbours[v]:
            assert color[v] != color[w]
            for x in (x for x in neighbours[w] if x != v and color[x] == color[v]):
                assert all(color[y] != color[w] for y in neighbours[x] if y != w)  # no two-coloured path of four
    H = np.where(P, np.random.default_rng(n).standard_normal((n, n)), 0)
    H = H + H.T
    np.testing.assert_array_equal(coloring.recover(H @ coloring.seeds()).toarray(), H)
    steps = 2.0 ** np.arange(n)
    scaled = coloring.recover(H @ (coloring.seeds() * steps[:, np.newaxis]), steps)
    np.testing.assert_array_equal(scaled.toarray(), H)


def test_colours_of_known_graphs():
    """A tree needs 3 or fewer with this greedy order, a band of half-width 1 three, a complete graph n."""
    n = 50
    band = sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(n, n))
    assert StarColoring(band).colors == 3
    assert StarColoring(np.ones((7, 7))).colors == 7
    assert StarColoring(np.eye(9)).colors == 1
    arrow = np.eye(n, dtype=bool)
    arrow[0] = True
    assert StarColoring(arrow).colors == 2


def test_detected_from_operations():
    """The pattern is that of the operations: zero values do not hide entries, and a sum joins nothing."""
    n = 2000
    x = np.zeros(n)
    found = hs.hessian(rosen, x, sparsity="detect", full_output=True)
    assert found.coloring.colors == 3
    assert found.hessian.nnz == 3 * n - 2
    assert found.evaluations == 1
    np.testing.assert_array_equal(found.hessian.toarray()[:50, :50], rosen_hess(x[:51])[:50, :50])
    again = hs.hessian(rosen, x + 1, sparsity=found.coloring, full_output=True)
    assert again.coloring is found.coloring
    np.testing.assert_allclose(again.hessian.toarray(), rosen_hess(x + 1), atol=1e-12)
    linear = hs.hessian(np.sum, np.ones(5), sparsity="detect")
    np.testing.assert_array_equal(linear.toarray(), np.zeros((5, 5)))
    full = hs.hessian(lambda x: np.sum(x) ** 2, np.ones(5), sparsity="detect")
    np.testing.assert_array_equal(full.toarray(), np.full((5, 5), 2.0))


@pytest.mark.parametrize("keywords", [{}, {"method": "3-point"}, {"method": "complex"}])
def test_a_pattern_that_leaves_out_entries_is_found_out(keywords):
    x = np.linspace(-1, 1, 6)
    with pytest.raises(ValueError, match=r"^`sparsity` \(6, 6\) leaves out entries that are not zero"):
        hs.hessian(rosen, x, sparsity=np.eye(6), **keywords)


def test_patterns_of_every_kind():
    x = np.linspace(-1, 1, 6)
    P = np.triu(abs(rosen_hess(x)) > 0)  # one triangle will do
    for pattern in (
        P,
        P.astype(float),
        sparse.csr_array(P),
        sparse.csc_array(P.astype(float)),
        sparse.coo_array(P * 1.0),
    ):
        np.testing.assert_allclose(hs.hessian(rosen, x, sparsity=pattern).toarray(), rosen_hess(x), atol=1e-12)


@pytest.mark.parametrize(
    ("pattern", "error", "text"),
    [
        (np.ones((3, 3)), ValueError, r"`sparsity` \(3, 3\) does not fit `x` \(4,\): \(4, 4\) is needed"),
        (np.ones((4, 3)), ValueError, r"`sparsity` \(4, 3\) is not a square pattern"),
        (np.ones(4), ValueError, r"`sparsity` \(4,\) is not a square pattern"),
        (np.full((4, 4), "x"), TypeError, r"`sparsity` has dtype"),
        ("banded", ValueError, r"sparsity='banded' is not valid; valid: 'detect'"),
    ],
)
def test_bad_patterns(pattern, error, text):
    with pytest.raises(error, match=text):
        hs.hessian(rosen, np.ones(4), sparsity=pattern)
    coloring = StarColoring(np.eye(4))
    assert repr(coloring) == "StarColoring(n=4, nonzeros=4, colors=1)"
    with pytest.raises(ValueError, match=r"`products` \(4, 2\) does not fit; \(4, 1\) is needed"):
        coloring.recover(np.ones((4, 2)))
