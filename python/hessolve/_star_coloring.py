# SPDX-License-Identifier: BSD-3-Clause
"""Sparse Hessians from few products: the pattern of a Hessian and its star colouring, found once and used again."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core, _sparse


class StarColoring:
    """The columns of a sparse symmetric matrix in groups whose summed products hold every entry by itself.

    Parameters
    ----------
    pattern : (n, n) array_like or scipy.sparse array
        Where the Hessian may differ from zero: nonzero entries of a dense array, stored entries of a sparse one. The
        transpose and the diagonal are added.

    Attributes
    ----------
    color : (n,) ndarray of int64
        The group of each column.
    colors : int
        How many groups, hence products, there are.
    indptr, indices : ndarray of int64
        The pattern by compressed rows.
    """

    def __init__(self, pattern: Any) -> None:
        self._color(*_symmetric(pattern))

    @classmethod
    def from_rows(cls, indptr: NDArray[np.int64], indices: NDArray[np.int64]) -> "StarColoring":
        """Return the colouring of a pattern by compressed rows; its transpose and the diagonal are added."""
        coloring = cls.__new__(cls)
        rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        coloring._color(*_completed(rows, indices, len(indptr) - 1))
        return coloring

    def _color(self, indptr: NDArray[np.int64], indices: NDArray[np.int64]) -> None:
        self.indptr, self.indices = indptr, indices
        self.color, self.colors, self._from = _core.star_coloring(indptr, indices)

    @property
    def n(self) -> int:
        return len(self.color)

    def __repr__(self) -> str:
        return f"StarColoring(n={self.n}, nonzeros={len(self.indices)}, colors={self.colors})"

    def seeds(self) -> NDArray[np.float64]:
        """Return the (n, colors) array whose columns sum the unit vectors of each group."""
        S = np.zeros((self.n, self.colors))
        S[np.arange(self.n), self.color] = 1.0
        return S

    def recover(self, products: NDArray[np.float64], steps: NDArray[np.float64] | None = None) -> Any:
        """Return the matrix as ``scipy.sparse.csr_array`` from its ``products`` (n, colors) with the seeds.

        ``steps`` (n,): the rows of the seeds were multiplied by them.
        """
        if products.shape != (self.n, self.colors):
            raise ValueError(f"`products` {products.shape} does not fit; ({self.n}, {self.colors}) is needed.")
        values = np.ascontiguousarray(products).ravel()[self._from]
        if steps is not None:
            values = values / steps[self._partners()]
        return self.matrix(values)

    def matrix(self, values: NDArray[np.float64]) -> Any:
        """Return a matrix with these values of the entries of the pattern as ``scipy.sparse.csr_array``."""
        return _sparse.csr_array((self.indptr, self.indices, values), (self.n, self.n))

    def spread(self, rows: NDArray[Any], cols: NDArray[Any], upper: NDArray[np.float64]) -> Any:
        """Return the symmetric matrix with these values of the entries (rows, cols) on and above the diagonal."""
        lines = np.repeat(np.arange(self.n), np.diff(self.indptr))
        low, high = np.minimum(lines, self.indices), np.maximum(lines, self.indices)
        keys = rows * self.n + cols  # rising: the pattern is read row by row
        return self.matrix(upper[np.searchsorted(keys, low * self.n + high)])

    def _partners(self) -> NDArray[np.int64]:
        """Return for every entry (i, j) the one of the two that was in the seeds: the other is the row it came from."""
        rows = np.repeat(np.arange(self.n), np.diff(self.indptr))
        return rows + self.indices - self._from // max(self.colors, 1)


def _symmetric(pattern: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pattern with its transpose and diagonal by compressed rows, indices rising."""
    if _sparse.is_sparse(pattern):
        part = _sparse.compressed(pattern, name="sparsity")
        shape = part.shape
        lines = np.repeat(np.arange(len(part.indptr) - 1), np.diff(part.indptr))
        rows, cols = (lines, part.indices) if part.by_rows else (part.indices, lines)
    else:
        dense = np.asarray(pattern)
        if dense.dtype.kind not in "biuf":
            raise TypeError(f"`sparsity` has dtype {dense.dtype}; a pattern of booleans or numbers is needed.")
        shape = dense.shape
        if dense.ndim == 2:
            rows, cols = np.nonzero(dense)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"`sparsity` {shape} is not a square pattern (n, n).")
    return _completed(rows, cols, shape[0])


def _completed(rows: NDArray[Any], cols: NDArray[Any], n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pattern of these entries with its transpose and diagonal by compressed rows."""
    every = np.arange(n)
    keys = np.unique(np.concatenate([rows * n + cols, cols * n + rows, every * n + every]).astype(np.int64))
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(keys // max(n, 1), minlength=n), out=indptr[1:])
    return indptr, keys % max(n, 1)
