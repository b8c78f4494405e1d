# SPDX-License-Identifier: BSD-3-Clause
"""Sums of element matrices: the sparse pattern and the way of each entry are found once, values as often as needed."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _operators, _sparse
from ._reasons import ConvergenceError, Reason

_PROJECTIONS = ("clamp", "abs")
_NON_FINITE = _core.REASONS.index(Reason.non_finite.value)
_UNSYMMETRIC = _core.REASONS.index(Reason.breakdown.value)


class ElementAssembler:
    """Sum small matrices, each over a few degrees of freedom, into a sparse matrix: ``K = sum of P_e^T B_e P_e``.

    Parameters
    ----------
    n : int, >= 0
        The number of degrees of freedom: K is (n, n).
    dofs : (elements, k) array_like of integers
        Which of them each element has, 0 ... n - 1; int32 and int64 are read where they are. A negative number is an
        error, no gap. Where an element names a dof twice, both shares are added.

    Raises
    ------
    ValueError
        If ``dofs`` is not a table of at least one column, or a dof is out of range; the message names the element.
    TypeError
        If ``n`` or ``dofs`` are not integers.

    Notes
    -----
    The pattern has every pair of dofs that share an element, and the whole diagonal. It is kept with the place of each
    entry of each block in its row (a byte, or four where rows have more than 256 entries), so that a refresh is one
    pass over the blocks, in parallel over the rows: each row is summed by one thread in the order of the elements, and
    the bits do not depend on the number of threads. Equivalent: ``scipy.sparse.coo_array((blocks.ravel(), (rows,
    cols))).tocsr()``, which sorts anew each time.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> springs = hs.ElementAssembler(3, [[0, 1], [1, 2]])
    >>> K = springs.assemble(np.array([[[1.0, -1.0], [-1.0, 1.0]], [[2.0, -2.0], [-2.0, 2.0]]]))
    >>> K.toarray()
    array([[ 1., -1.,  0.],
           [-1.,  3., -2.],
           [ 0., -2.,  2.]])
    """

    def __init__(self, n: int, dofs: ArrayLike) -> None:
        self.n = _operators.count(n, "n", 0)
        if self.n > 2**48:
            raise ValueError(
                f"n={self.n} is not valid: row starts of a matrix of this order would not fit in any memory."
            )
        table = _table(dofs)
        stray, position = _core.find_stray_dof(self.n, table)
        if stray >= 0:
            value = f"element {stray} has dof {table[stray, position]} (position {position}), out of range"
            raise ValueError(f"`dofs` {table.shape}: {value}; dofs are 0 to {self.n - 1}.")
        self.elements, self.dofs_per_element = table.shape
        most = table.size * self.dofs_per_element + self.n
        narrow = max(most, self.n) < 2**31
        made = _core.ElementAssemblerInt32 if narrow else _core.ElementAssemblerInt64
        self._core: Any = made(self.n, table.astype(np.int32 if narrow else np.int64, copy=False))
        self.indptr: NDArray[Any] = self._core.indptr  #: (n + 1,), of the pattern; read-only
        self.indices: NDArray[Any] = self._core.indices  #: (nnz,), rising in each row; read-only

    @property
    def shape(self) -> tuple[int, int]:
        """Return the shape of K, (n, n)."""
        return self.n, self.n

    @property
    def nnz(self) -> int:
        """Return the number of entries in the pattern."""
        return int(self.indices.size)

    def assemble(self, blocks: ArrayLike, project: str | None = None, *, fixed: ArrayLike | None = None) -> Any:
        """Return K as a new matrix.

        Parameters
        ----------
        blocks : (elements, k, k) array_like
            ``B_e``, in any memory order; float32 or float64, other real dtypes become float64. Need not be symmetric
            where ``project`` is None.
        project : {None, "clamp", "abs"}
            What is done to the negative eigenvalues of each block: set to zero, which gives the nearest positive
            semidefinite block, or replaced by their moduli. Blocks without any are taken as they are.
        fixed : (k,) array_like of integers or (n,) of bool, optional
            Dofs with Dirichlet conditions: their rows and columns become those of the unit matrix, so that K stays
            symmetric; their share of the right-hand side, ``K[:, fixed] u[fixed]``, is the caller's.

        Returns
        -------
        K : scipy.sparse.csr_array, (n, n)
            Its ``data`` are its own; the index arrays are those of the assembler, and read-only: copy before an
            operation that changes the pattern in place.

        Raises
        ------
        ValueError
            For shapes that do not fit, NaN or infinity, a block that is not symmetric (with ``project``), fixed dofs
            out of range; the message names the element.
        TypeError
            For complex blocks.
        ConvergenceError
            Where the eigenvalues of a block cannot be found.
        """
        values = np.empty(self.nnz, dtype=self._block_array(blocks).dtype)
        self.refresh(values, blocks, project, fixed=fixed)
        return _sparse.csr_array((self.indptr, self.indices, values), self.shape)

    def refresh(
        self, values: NDArray[Any], blocks: ArrayLike, project: str | None = None, *, fixed: ArrayLike | None = None
    ) -> NDArray[Any]:
        """Write the entries of K into ``values``, (nnz,), for example ``K.data``, and return it.

        The other arguments and errors are those of `assemble`; after an error ``values`` may hold anything. Nothing is
        allocated but, with ``project``, the projected blocks. ``hs.factor(K).refactor(values)`` then factors the new
        matrix.
        """
        array = self._block_array(blocks)
        if not isinstance(values, np.ndarray) or values.shape != (self.nnz,) or values.dtype != array.dtype:
            found = f"{values.dtype} {values.shape}" if isinstance(values, np.ndarray) else f"a {type(values).__name__}"
            raise ValueError(f"`values` is {found}; an ndarray {array.dtype} ({self.nnz},) is needed to write into.")
        if not values.flags.writeable or not values.flags.c_contiguous or np.may_share_memory(values, array):
            raise ValueError(f"`values` {values.shape} must be writeable, contiguous, and apart from `blocks`.")
        flags = None if fixed is None else self._flags(fixed)
        if project is not None:
            array = self._projected(array, _arrays.choice(project, "project", _PROJECTIONS))
        reason, row = self._core.assemble(array, flags, values)
        if reason != 0:
            self._raise_non_finite(array, row)
        return values

    def _projected(self, blocks: NDArray[Any], project: str) -> NDArray[Any]:
        projected, (reason, element) = _core.project_blocks(blocks, project)
        if reason == 0:
            return projected
        if reason == _NON_FINITE:
            self._raise_non_finite(blocks, -1)
        if reason == _UNSYMMETRIC:
            raise ValueError(
                f"`blocks` {blocks.shape}: the block of element {element} is not symmetric, as project={project!r} "
                "needs it; pass (blocks + blocks.transpose(0, 2, 1)) / 2 if that is rounding."
            )
        raise ConvergenceError(
            f"`blocks` {blocks.shape}: no eigenvalues were found for the block of element {element}."
        )

    def _raise_non_finite(self, blocks: NDArray[Any], row: int) -> None:
        finite = np.isfinite(blocks)
        if not finite.all():
            e, i, j = (int(k) for k in np.argwhere(~finite)[0])
            raise ValueError(
                f"`blocks` {blocks.shape} has a NaN or infinity in element {e} at [{i}, {j}]; clean the data first."
            )
        raise ValueError(
            f"`blocks` {blocks.shape}: the sums in row {row} overflow in {blocks.dtype}; scale the blocks."
        )

    def _block_array(self, blocks: ArrayLike) -> NDArray[Any]:
        array = _arrays.as_array(blocks, "blocks")
        k = self.dofs_per_element
        if array.shape != (self.elements, k, k):
            raise ValueError(f"`blocks` {array.shape} does not fit; {(self.elements, k, k)} is needed.")
        if array.dtype.kind == "c":
            raise TypeError("`blocks` is complex; elements are summed in real numbers: assemble both parts.")
        return array

    def _flags(self, fixed: ArrayLike) -> NDArray[np.uint8]:
        array = np.asarray(fixed)
        if array.dtype == bool:
            if array.shape != (self.n,):
                raise ValueError(f"`fixed` {array.shape} is a mask, and does not fit {self.n} dofs.")
            return np.ascontiguousarray(array, dtype=np.uint8)
        if array.size == 0:
            return np.zeros(self.n, dtype=np.uint8)
        if array.dtype.kind not in "iu" or array.ndim != 1:
            raise TypeError(f"`fixed` is {array.dtype} {array.shape}; a list of dofs, or a mask ({self.n},) is needed.")
        wrong = (array < 0) | (array >= self.n)
        if wrong.any():
            at = int(np.argmax(wrong))
            raise ValueError(f"`fixed` {array.shape} has dof {array[at]} at [{at}]; dofs are 0 to {self.n - 1}.")
        flags = np.zeros(self.n, dtype=np.uint8)
        flags[array] = 1
        return flags

    def __repr__(self) -> str:
        return f"ElementAssembler(n={self.n}, elements={self.elements}, k={self.dofs_per_element}, nnz={self.nnz})"


def _table(dofs: Any) -> NDArray[Any]:
    """Return a table of integers, int32 or int64, its strides whole elements."""
    array = np.asarray(dofs)
    if array.dtype.kind not in "iu":
        raise TypeError(f"`dofs` has dtype {array.dtype}; integers are needed.")
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(f"`dofs` {array.shape} does not fit; (elements, k) with k >= 1 is needed.")
    if array.dtype.kind == "u" and array.itemsize == 8 and array.size and int(array.max()) >= 2**63:
        element = int(np.argmax(array.max(axis=1)))
        raise ValueError(f"`dofs` {array.shape}: element {element} has dof {array.max()}, out of range.")
    dtype = np.dtype(np.int32 if array.dtype == np.int32 else np.int64)
    regular = array.flags.aligned and not any(stride % array.itemsize for stride in array.strides)
    return array.astype(dtype, copy=not regular)
