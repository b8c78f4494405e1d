# SPDX-License-Identifier: BSD-3-Clause
"""Element assembly against SciPy's COO sums and exact rational sums; projections against NumPy's eigenvalues."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hessolve as hs

sparse = pytest.importorskip("scipy.sparse")


def mesh(cells, order):
    """Triangles over a square grid: 3 corners, and with order 2 the middles of the sides too; dofs and their number."""
    side = order * cells + 1
    i, j = (a.ravel() * order for a in np.meshgrid(np.arange(cells), np.arange(cells), indexing="ij"))
    lower = [(0, 0), (order, 0), (0, order)]
    upper = [(order, order), (0, order), (order, 0)]
    dofs = []
    for corners in (lower, upper):
        points = list(corners)
        if order == 2:
            points += [tuple((np.add(corners[a], corners[(a + 1) % 3]) // 2).tolist()) for a in range(3)]
        dofs.append(np.stack([(i + a) * side + j + b for a, b in points], axis=1))
    return np.concatenate(dofs), side * side


def by_scipy(n, dofs, blocks):
    k = dofs.shape[1]
    rows, cols = np.repeat(dofs, k, axis=1).ravel(), np.tile(dofs, (1, k)).ravel()
    return sparse.coo_array((np.asarray(blocks).ravel(), (rows, cols)), shape=(n, n)).tocsr()


def symmetric(e, k, dtype=np.float64, seed=0):
    B = np.random.default_rng(seed).standard_normal((e, k, k)).astype(dtype)
    return B + B.transpose(0, 2, 1)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("cells", [1, 4, 30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("index", [np.int32, np.int64, np.uint16])
def test_equals_scipy(order, cells, dtype, index):
    dofs, n = mesh(cells, order)
    blocks = np.random.default_rng(0).standard_normal((*dofs.shape, dofs.shape[1])).astype(dtype)  # not symmetric
    kept = blocks.copy()
    a = hs.ElementAssembler(n, dofs.astype(index))
    K = a.assemble(blocks)
    exact = by_scipy(n, dofs, blocks.astype(np.longdouble).astype(np.float64))
    assert K.dtype == dtype
    assert K.shape == (n, n)
    np.testing.assert_array_equal(K.indptr, exact.indptr)
    np.testing.assert_array_equal(K.indices, exact.indices)
    np.testing.assert_allclose(K.data, exact.data, rtol=0, atol=20 * np.finfo(dtype).eps * abs(blocks).max())
    np.testing.assert_array_equal(blocks, kept)
    assert (a.nnz, a.shape) == (K.nnz, (n, n))
    x = np.arange(n, dtype=dtype)
    np.testing.assert_allclose(K @ x, exact @ x, rtol=0, atol=1e3 * n * np.finfo(dtype).eps * abs(blocks).max())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_wild_meshes_sum_exactly(data):
    """Any dofs, repeated within an element or never used: integers sum without rounding, against fractions."""
    n, k = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 5))
    e = data.draw(st.integers(0, 12))
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    dofs, blocks = rng.integers(0, n, (e, k)), rng.integers(-9, 10, (e, k, k)).astype(float)
    exact = [[Fraction(0)] * n for _ in range(n)]
    for table, block in zip(dofs, blocks, strict=True):
        for p in range(k):
            for q in range(k):
                exact[table[p]][table[q]] += Fraction(block[p, q])
    K = hs.ElementAssembler(n, dofs).assemble(blocks)
    K.check_format(full_check=True)
    assert K.has_canonical_format
    np.testing.assert_array_equal(K.toarray(), np.array(exact, dtype=float))
    assert all(i in K.indices[K.indptr[i] : K.indptr[i + 1]] for i in range(n))  # the diagonal is there


def test_rows_of_more_than_256_entries():
    rng = np.random.default_rng(0)
    dofs = np.stack([rng.permutation(700)[:300] for _ in range(3)])
    blocks = rng.integers(-9, 10, (3, 300, 300)).astype(float)
    K = hs.ElementAssembler(700, dofs).assemble(blocks)
    np.testing.assert_array_equal(K.toarray(), by_scipy(700, dofs, blocks).toarray())


def test_layouts_and_threads_have_the_same_bits():
    dofs, n = mesh(40, 2)
    blocks = symmetric(len(dofs), 6)
    a = hs.ElementAssembler(n, dofs)
    first = a.assemble(blocks).data
    strided = np.zeros((len(dofs), 12, 18))[:, ::2, ::3]
    strided[...] = blocks
    for same in (np.asfortranarray(blocks), strided, blocks[::-1].copy()[::-1], blocks.tolist()):
        np.testing.assert_array_equal(a.assemble(same).data, first)
    projected = a.assemble(blocks, "clamp").data
    with hs.num_threads(1):
        again = hs.ElementAssembler(n, np.asfortranarray(dofs))
        np.testing.assert_array_equal(again.assemble(blocks).data, first)
        np.testing.assert_array_equal(again.assemble(strided, "clamp").data, projected)


@pytest.mark.parametrize("k", [1, 2, 3, 6, 12, 32, 33, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("project", ["clamp", "abs"])
def test_projection(k, dtype, project):
    blocks = symmetric(21, k, dtype, seed=k)
    blocks[3] = np.eye(k)
    blocks[4] = 0
    blocks[5] = -np.eye(k)
    blocks[6] *= 1e-30 if dtype == np.float64 else 1e-15
    w, V = np.linalg.eigh(blocks.astype(np.float64))
    w = np.maximum(w, 0) if project == "clamp" else abs(w)
    exact = V * w[:, None, :] @ V.transpose(0, 2, 1)
    dofs = np.arange(21 * k).reshape(21, k)  # apart: K is block diagonal
    K = hs.ElementAssembler(21 * k, dofs).assemble(blocks, project)
    got = K.data.reshape(21, k, k)
    size = np.linalg.norm(blocks.astype(np.float64), axis=(1, 2))
    assert np.all(np.linalg.norm(got - exact, axis=(1, 2)) <= 20 * (k + 5) * np.finfo(dtype).eps * size)
    np.testing.assert_array_equal(got, got.transpose(0, 2, 1))
    np.testing.assert_array_equal(got[3], blocks[3])  # semidefinite blocks are kept as they are
    np.testing.assert_array_equal(got[4], blocks[4])


def test_projection_makes_the_sum_semidefinite():
    dofs, n = mesh(6, 1)
    a = hs.ElementAssembler(n, dofs)
    blocks = symmetric(len(dofs), 3)
    assert np.linalg.eigvalsh(a.assemble(blocks).toarray())[0] < -1
    for project in ("clamp", "abs"):
        assert np.linalg.eigvalsh(a.assemble(blocks, project).toarray())[0] > -1e-13


@pytest.mark.parametrize("form", [np.array, lambda fixed: np.isin(np.arange(49), fixed), list])
def test_fixed_rows_become_those_of_the_unit_matrix(form):
    dofs, n = mesh(6, 1)
    a = hs.ElementAssembler(n, dofs)
    blocks, fixed = symmetric(len(dofs), 3), [0, 5, 17, 48]
    free, K = a.assemble(blocks).toarray(), a.assemble(blocks, fixed=form(fixed)).toarray()
    expected = free.copy()
    expected[fixed, :] = 0
    expected[:, fixed] = 0
    expected[fixed, fixed] = 1
    np.testing.assert_array_equal(K, expected)


def laplace(cells):
    """Stiffness of the Laplacian with linear elements on the unit square, its load, and the dofs on the border."""
    dofs, n = mesh(cells, 1)
    B = np.array([[2.0, -1, -1], [-1, 1, 0], [-1, 0, 1]]) / 2
    side = cells + 1
    i, j = np.divmod(np.arange(n), side)
    border = np.flatnonzero((i == 0) | (j == 0) | (i == cells) | (j == cells))
    return hs.ElementAssembler(n, dofs), np.broadcast_to(B, (len(dofs), 3, 3)), border, i / cells, j / cells


def test_into_a_factor_and_refreshed():
    a, blocks, border, x, y = laplace(12)
    u = x * x - y * y + 3 * x  # harmonic, and exact on the five-point stencil
    load = -(a.assemble(blocks)[:, border] @ u[border])
    load[border] = u[border]
    K = a.assemble(blocks, fixed=border)
    f = hs.factor(K)
    np.testing.assert_allclose(f.solve(load), u, atol=1e-13)
    values = np.empty(a.nnz)
    for scale in (2.0, 5.0):
        assert a.refresh(values, scale * blocks, fixed=border) is values
        scaled = load * scale
        scaled[border] = u[border]
        np.testing.assert_allclose(f.refactor(values).solve(scaled), u, atol=1e-13)
    assert a.refresh(K.data, 3 * blocks) is not None  # straight into a matrix
    np.testing.assert_allclose(K.toarray(), 3 * a.assemble(blocks).toarray(), atol=1e-14)


def test_the_pattern_is_shared_and_safe():
    a, blocks, *_ = laplace(3)
    K, L = a.assemble(blocks), a.assemble(2 * blocks)
    assert np.shares_memory(K.indices, L.indices)
    assert not K.indices.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        K.indices[0] = 1
    copy = K.copy()
    copy.eliminate_zeros()
    for other in (K + L, K @ L, K.T, K.tocsc(), K.tocoo(), copy):
        assert other.shape == K.shape
    np.testing.assert_array_equal((K + L).toarray(), 3 * K.toarray())
    indices = a.indices
    del a, L
    assert indices.max() == 15  # they keep the assembler alive
    assert K.sum() == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize(
    ("n", "dofs", "kind", "text"),
    [
        (3, [[0, 1], [1, 3]], ValueError, r"`dofs` \(2, 2\): element 1 has dof 3 \(position 1\), out of range"),
        (3, [[0, 1], [-1, 2]], ValueError, r"element 1 has dof -1 \(position 0\)"),
        (3, np.array([[2**63]], dtype=np.uint64), ValueError, r"element 0 has dof 9223372036854775808"),
        (3, [[0.0, 1.0]], TypeError, r"`dofs` has dtype float64; integers are needed"),
        (3, [[True, False]], TypeError, r"`dofs` has dtype bool"),
        (3, [0, 1], ValueError, r"`dofs` \(2,\) does not fit; \(elements, k\) with k >= 1"),
        (3, np.zeros((4, 0), int), ValueError, r"`dofs` \(4, 0\)"),
        (-1, [[0]], ValueError, r"n=-1"),
        (2.5, [[0]], TypeError, r"n=2.5"),
        (0, [[0]], ValueError, r"element 0 has dof 0"),
    ],
)  # fmt: skip
def test_bad_dofs(n, dofs, kind, text):
    with pytest.raises(kind, match=text):
        hs.ElementAssembler(n, dofs)


def test_bad_blocks():
    a = hs.ElementAssembler(3, [[0, 1], [1, 2]])
    good = symmetric(2, 2)
    bad = good.copy()
    bad[1, 0, 1] = np.nan
    skew = good.copy()
    skew[1, 0, 1] += 1
    huge = np.full((2, 2, 2), 1.5e308)
    cases = [
        (good[:1], {}, ValueError, r"`blocks` \(1, 2, 2\) does not fit; \(2, 2, 2\) is needed"),
        (good[:, :1], {}, ValueError, r"`blocks` \(2, 1, 2\) does not fit"),
        (good + 0j, {}, TypeError, "`blocks` is complex"),
        (bad, {}, ValueError, r"`blocks` \(2, 2, 2\) has a NaN or infinity in element 1 at \[0, 1\]"),
        (bad, {"project": "clamp"}, ValueError, r"element 1 at \[0, 1\]"),
        (bad, {"fixed": [0, 1, 2]}, ValueError, r"element 1 at \[0, 1\]"),
        (skew, {"project": "abs"}, ValueError, r"the block of element 1 is not symmetric, as project='abs' needs it"),
        (huge, {}, ValueError, r"the sums in row 1 overflow in float64"),
        (good, {"project": "reflect"}, ValueError, r"project='reflect' is not valid; valid: 'clamp', 'abs'"),
        (good, {"fixed": [3]}, ValueError, r"`fixed` \(1,\) has dof 3 at \[0\]; dofs are 0 to 2"),
        (good, {"fixed": [1.0]}, TypeError, r"`fixed` is float64"),
        (good, {"fixed": [True, False]}, ValueError, r"`fixed` \(2,\) is a mask, and does not fit 3 dofs"),
    ]
    for blocks, keywords, kind, text in cases:
        kept = blocks.copy()
        with pytest.raises(kind, match=text):
            a.assemble(blocks, **keywords)
        np.testing.assert_array_equal(blocks, kept)


def test_bad_values():
    a = hs.ElementAssembler(3, [[0, 1], [1, 2]])
    blocks = symmetric(2, 2)
    read_only = np.empty(a.nnz)
    read_only.flags.writeable = False
    for values in (np.empty(a.nnz + 1), np.empty(a.nnz, np.float32), [0.0] * a.nnz):
        with pytest.raises(ValueError, match=r"`values` is .*; an ndarray float64 \(7,\) is needed"):
            a.refresh(values, blocks)
    for values in (read_only, np.empty(2 * a.nnz)[::2], blocks.ravel()[:7]):
        with pytest.raises(ValueError, match=r"`values` \(7,\) must be writeable, contiguous, and apart from `blocks`"):
            a.refresh(values, blocks)


def test_empty():
    assert hs.ElementAssembler(0, np.zeros((0, 3), int)).assemble(np.zeros((0, 3, 3))).shape == (0, 0)
    K = hs.ElementAssembler(2, np.zeros((0, 3), int)).assemble(np.zeros((0, 3, 3)), "clamp", fixed=[1])
    np.testing.assert_array_equal(K.toarray(), [[0, 0], [0, 1]])
