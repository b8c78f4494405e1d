# SPDX-License-Identifier: BSD-3-Clause
"""The compiled module: checked views of NumPy memory in, arrays and reports out.

Everything here expects what ``_arrays`` produces: native-endian arrays of one of the four scalar types, ``A`` and ``b`` of
the same type and with the same leading (batch) axes. Nothing here decides what an outcome means; ``_solution`` does.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")

__version__: str

METHODS: tuple[str, ...]  # "none", "diagonal", "tridiagonal", "banded", "triangular", "cholesky", "ldlt", "lu", "qr", "qr-pivoted", "svd"
REASONS: tuple[str, ...]  # "ok", "converged", "singular", "not_positive_definite", "ill_conditioned", "zero_diagonal", "max_iterations", "stagnated", "diverged", "breakdown", "non_finite", "stopped"
ITERATIONS: tuple[str, ...]  # "auto", "richardson", "jacobi", "gauss-seidel", "gauss-seidel-backward", "gauss-seidel-symmetric", "sor", "ssor", "block-jacobi", "chebyshev", "kaczmarz", "cg", "minres", "gmres", "lsqr", "lsmr"
ORDERINGS: tuple[str, ...]  # "natural", "red-black", "multicolor", "level"
STRUCTURES: tuple[str, ...]  # "zero", "diagonal", "tridiagonal", "banded", "upper triangular", "lower triangular", "permuted triangular", "symmetric", "hermitian", "positive definite candidate", "general"

class Report:
    """What compiled solves found. Arrays have the batch shape (0-d for one system)."""

    @property
    def method(self) -> NDArray[np.int8]: ...  # index into METHODS
    @property
    def reason(self) -> NDArray[np.int8]: ...  # index into REASONS
    @property
    def where(self) -> NDArray[np.int64]: ...  # the column (singular, not_positive_definite) or row the reason points to; -1: none
    @property
    def regime(self) -> NDArray[np.int8]: ...
    @property
    def structure(self) -> NDArray[np.int8]: ...  # index into STRUCTURES
    @property
    def rank(self) -> NDArray[np.int64]: ...  # -1: not decided
    @property
    def rcond(self) -> NDArray[np.float64]: ...
    @property
    def effective_condition(self) -> NDArray[np.float64]: ...  # nan: not computed
    @property
    def backward_error(self) -> NDArray[np.float64]: ...  # nan: not computed (overwrite_a)
    @property
    def forward_error(self) -> NDArray[np.float64]: ...  # nan: not computed (certify=False)
    @property
    def proven(self) -> NDArray[np.bool_]: ...  # forward_error is a proven bound
    @property
    def residual_norm(self) -> NDArray[np.float64]: ...  # 2-norm, the largest over right-hand sides
    @property
    def refinements(self) -> NDArray[np.int64]: ...
    @property
    def dependent(self) -> list[int]: ...  # columns of the first slice that is singular or ill-conditioned: the last depends on the others
    @property
    def non_finite(self) -> tuple[str, int, int] | None: ...  # argument name ("A" or "b"), row, column of the first NaN or infinity met
    @property
    def seconds(self) -> float: ...

class Operator:
    """A linear map of fixed shape and dtype: a matrix, functions, a preconditioner. Keeps alive what it reads."""

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def has_adjoint(self) -> bool: ...
    def apply(self, x: NDArray[Any]) -> NDArray[Any]: ...  # x contiguous (n,) of the operator's dtype
    def apply_adjoint(self, x: NDArray[Any]) -> NDArray[Any]: ...
    def find_non_finite(self) -> tuple[int, int]: ...  # (row, column), or (-1, -1); only of matrices
    def structure(self) -> str: ...  # "general", "symmetric", "hermitian" or "positive definite candidate"; only of matrices

class SparseFactor:
    """A factored sparse matrix and the arrays it was made from."""

    @property
    def kind(self) -> str: ...
    @property
    def rank(self) -> int: ...
    @property
    def outcome(self) -> tuple[int, int]: ...  # index into REASONS, column
    @property
    def rcond(self) -> float: ...  # square matrices
    def log_determinant(self) -> tuple[Any, float]: ...  # sign, log of the modulus
    def find_non_finite(self) -> tuple[int, int]: ...
    def refactor(self) -> tuple[int, int]: ...  # with what now stands in the values; the outcome
    def solve(self, b: NDArray[Any], trans: str) -> tuple[NDArray[Any], Report]: ...  # b (m, k), trans in "N" "T" "C"

def with_fast_path(general: Callable[P, R], /) -> Callable[P, R]: ...  # `general`, with one small ndarray system and default keywords answered in C++
def solve(
    A: NDArray[Any], b: NDArray[Any], *, method: str, assume_a: str, trans: str, min_norm: bool,
    overwrite_a: bool, overwrite_b: bool, check_finite: bool, certify: bool,
) -> tuple[NDArray[Any], Report]: ...  # A (..., n, n), b (..., n, k); method in "auto" and METHODS; assume_a in "" and SciPy's long names
def backslash(A: NDArray[Any], b: NDArray[Any], *, method: str) -> tuple[NDArray[Any], Report]: ...  # A (..., m, n), b (..., m, k)
def lstsq(
    A: NDArray[Any], b: NDArray[Any], *, method: str, rcond: float, certify: bool,
) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64] | None, Report]: ...  # rcond < 0: the default; x (..., n, k), squared residuals (..., k), singular values (..., min(m, n)) if the SVD was used
def inv(A: NDArray[Any], *, method: str, assume_a: str, overwrite_a: bool, check_finite: bool) -> tuple[NDArray[Any], Report]: ...
def pinv(A: NDArray[Any], *, atol: float, rtol: float, hermitian: bool, check_finite: bool) -> tuple[NDArray[Any], Report]: ...  # rtol < 0: max(m, n) eps; Report.rank is the rank
def singular_values(A: NDArray[Any]) -> NDArray[Any]: ...  # (..., min(m, n)), descending, real
def rcond(A: NDArray[Any]) -> NDArray[np.float64]: ...  # (...): reciprocal 1-norm condition number after equilibration; 0 where singular
def explain(A: NDArray[Any], n_rhs: int) -> dict[str, Any]: ...  # structure: str, regime: int, methods: tuple[str, ...] (in the order they are tried), flops: float, lower_bandwidth: int, upper_bandwidth: int, non_finite: tuple[int, int] | None
def inspect_indices(rows: int, cols: int, indptr: NDArray[Any], indices: NDArray[Any], order: bool) -> tuple[str, int, int]: ...  # fault ("", "indptr", "out of range"; with order also "unsorted", "duplicate"), row, position in indices
def sort_rows(rows: int, cols: int, indptr: NDArray[Any], indices: NDArray[Any], data: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...  # every row sorted, what is stored twice summed
def sparse_operator(rows: int, cols: int, indptr: NDArray[Any], indices: NDArray[Any], data: NDArray[Any], by_rows: bool) -> Operator: ...  # inspected arrays only; read in place
def dense_operator(A: NDArray[Any]) -> Operator: ...  # (m, n), read in place in C order
def python_operator(
    rows: int, cols: int, apply: Callable[[NDArray[Any]], NDArray[Any]],
    adjoint: Callable[[NDArray[Any]], NDArray[Any]] | None, like: NDArray[Any],
) -> Operator: ...  # functions of and to contiguous vectors of like's dtype
def iterate(
    A: Operator, b: NDArray[Any], x: NDArray[Any], M: Operator | None, *, method: str, ordering: str, rtol: float, atol: float,
    maxiter: int, omega: float, random_rows: bool, seed: int, observer: Callable[..., bool] | None, every: int, with_x: bool,
) -> tuple[Report, dict[str, Any]]: ...  # x (n, k) is x0 and is overwritten; maxiter -1 and omega nan: automatic; method, why, iterations, omega, colors, history
def sweep(
    A: Operator, x: NDArray[Any], b: NDArray[Any], *, method: str, iterations: int, omega: float, ordering: str,
) -> tuple[int, int]: ...  # in place on x (n, k); index into REASONS and row
def splitting(A: Operator, method: str, omega: float) -> tuple[tuple[int, int], tuple[NDArray[Any], ...], tuple[NDArray[Any], ...], float]: ...  # outcome; S and T as indptr, indices, values; omega
def predict_convergence(A: Operator, method: str, rtol: float, timed: bool) -> tuple[tuple[int, int], float, bool, float, float, str]: ...  # outcome, spectral radius, converges, iterations, seconds, reason; without timed the first three and the last
def spectral_radius(A: Operator) -> tuple[float, bool]: ...  # and whether it has settled
def preconditioner(A: Operator, kind: str) -> tuple[Operator | None, tuple[int, int], float, int, float]: ...  # outcome, shift, row of the first breakdown, largest eigenvalue
def factor_sparse(rows: int, cols: int, indptr: NDArray[Any], indices: NDArray[Any], data: NDArray[Any], by_rows: bool, kind: str) -> SparseFactor: ...  # sorted, inspected arrays; ask for the outcome
def set_num_threads(n: int) -> None: ...  # 0: as many as OpenMP offers
def get_num_threads() -> int: ...
def info() -> dict[str, str]: ...  # version, instruction_set, compiler, eigen, openmp
def gemm_rate(n: int, seconds: float) -> float: ...  # measured flop/s of a float64 n x n product on the threads in force
def memory_bandwidth(seconds: float) -> float: ...  # measured bytes/s of a streaming read
