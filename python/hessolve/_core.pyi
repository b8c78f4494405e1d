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

class Factor:
    """One factored matrix, (m, n). It owns its factors."""

    @property
    def kind(self) -> str: ...  # "diagonal", "tridiagonal", "banded", "triangular", "cholesky", "ldlt", "lu", "qr", "qr-pivoted", "svd", "eigh"
    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def dtype(self) -> str: ...  # "float32", ...
    @property
    def rank(self) -> int: ...  # decided by qr-pivoted, svd, eigh; else min(m, n), or -1 after a zero pivot
    @property
    def rcond(self) -> float: ...  # 1-norm, equilibrated, for the square kinds; sigma_r / sigma_1 for svd, eigh; from R for qr
    @property
    def hermitian(self) -> bool: ...
    @property
    def keeps_matrix(self) -> bool: ...
    def solve(self, B: NDArray[Any], trans: str) -> tuple[NDArray[Any], Report]: ...  # trans "N", "T", "C"; (m, k) -> (n, k), (n, k) -> (m, k) for "T", "C"; least squares and minimum norm for qr, qr-pivoted, svd, eigh; refined where the matrix was kept
    def solve_vector(self, b: NDArray[Any]) -> NDArray[Any] | None: ...  # the short way of a plain vector (n,); None: take `solve`
    def inv(self) -> tuple[NDArray[Any], Report]: ...  # square
    def slogdet(self) -> tuple[complex, float]: ...  # sign or phase, log|det|; square
    def det(self) -> complex: ...  # inf or 0 out of range; square
    def refactor(self, A: NDArray[Any]) -> Report: ...  # same shape and dtype; the old factors stay where it fails
    def update(self, U: NDArray[Any], V: NDArray[Any], downdate: bool) -> Report: ...  # A +- U V^H, U (m, k), V (n, k), U itself for the Hermitian form; the old factors stay where it fails
    def inverse_quadratic(self, W: NDArray[Any]) -> NDArray[Any]: ...  # (k,): w^H A^-1 w
    def inverse_diagonal(self) -> NDArray[Any]: ...  # (n,)
    def whiten(self, B: NDArray[Any]) -> NDArray[Any]: ...  # L^-1 B, cholesky only
    def color(self, Z: NDArray[Any]) -> NDArray[Any]: ...  # L Z, cholesky only
    def state(self) -> tuple[Any, ...]: ...  # can be pickled

class GaussJordan:
    """Gauss-Jordan elimination with pivoting on [A | I], or on [A; I] by columns, one operation at a time."""

    def __init__(self, A: NDArray[Any], by: str) -> None: ...  # "rows", "columns"; A is square and copied
    def step(self) -> tuple[NDArray[Any], tuple[str, int, int, Any]] | None: ...  # the matrix, (n, 2n) or (2n, n), after ("swap", i, j, 1), ("scale", i, i, factor) or ("add", i, j, factor): line i += factor * line j; None at the end
    @property
    def singular_column(self) -> int: ...  # -1, or the column (the row by columns) where no pivot was found

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
    def rcond(self) -> float: ...  # of qr that of R
    def log_determinant(self) -> tuple[Any, float]: ...  # sign, log of the modulus
    def find_non_finite(self) -> tuple[int, int]: ...
    def refactor(self) -> tuple[int, int]: ...  # with what now stands in the values; the outcome
    def solve(self, b: NDArray[Any], trans: str) -> tuple[NDArray[Any], Report]: ...  # b (m, k), trans in "N" "T" "C"

def with_fast_path(general: Callable[P, R], /) -> Callable[P, R]: ...  # `general`, with one small ndarray system and default keywords answered in C++
def solve(
    A: NDArray[Any], b: NDArray[Any], *, method: str, assume_a: str, trans: str, min_norm: bool,
    overwrite_a: bool, overwrite_b: bool, check_finite: bool, certify: bool, precision: str,
) -> tuple[NDArray[Any], Report]: ...  # A (..., n, n), b (..., n, k); method in "auto" and METHODS; assume_a in "" and SciPy's long names; precision "working", "mixed", "extended"
def backslash(A: NDArray[Any], b: NDArray[Any], *, method: str, precision: str) -> tuple[NDArray[Any], Report]: ...  # A (..., m, n), b (..., m, k)
def lstsq(
    A: NDArray[Any], b: NDArray[Any], *, method: str, rcond: float, certify: bool, precision: str,
) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64] | None, Report]: ...  # method "auto", "qr", "qr-pivoted", "svd", "cholesky-qr", "mgs", "normal", "sketch"; rcond < 0: the default; x (..., n, k), squared residuals (..., k), singular values (..., min(m, n)) if the SVD was used
def lstsq_constrained(
    A: NDArray[Any], b: NDArray[Any], C: NDArray[Any], d: NDArray[Any], *, method: str, rcond: float, certify: bool, precision: str,
) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64] | None, Report]: ...  # min ||b - A x|| subject to C x = d: A (m, n), b (m, k), C (p, n), d (p, k); singular: the constraints contradict each other, where: the row of C
def orthonormalize(
    A: NDArray[Any], *, method: str, pivoting: bool, rtol: float, measure: bool, seed: int,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64] | None, dict[str, Any], Report]: ...  # A (m, n), Q (m, rank), R (rank, n), perm (n,) with pivoting; method "cgs", "mgs", "cgs2", "householder", "cholesky-qr2", "cholesky-qr3", "randomized"; rtol < 0: n eps; dict: rank, loss (nan unless measured), bound, condition; not_positive_definite: Cholesky QR refused
def sketch(A: NDArray[Any], size: int, *, kind: str, seed: int) -> NDArray[Any]: ...  # S A, (size, n); kind "gaussian", "sparse-sign"
def randomized_svd(
    A: NDArray[Any], rank: int, *, oversampling: int, power_iterations: int, seed: int, measure: bool,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], float, Report]: ...  # U (m, rank), s, Vh (rank, n), bound of ||A - Q Q^H A||_2 (nan unless measured); power_iterations < 0: chosen
def range_finder(A: NDArray[Any], tolerance: float, most: int, *, seed: int) -> tuple[NDArray[Any], float, Report]: ...  # Q (m, found), bound of ||A - Q Q^H A||_2; max_iterations where `most` columns do not reach the tolerance
def sample_rows(A: NDArray[Any], k: int, *, seed: int) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.float64], Report]: ...  # rows scaled by 1 / sqrt(k p), (k, n), their indices and probabilities; breakdown: A is zero
def sample_columns(A: NDArray[Any], k: int, *, seed: int) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.float64], Report]: ...  # (m, k)
def ridge(
    X: NDArray[Any], Y: NDArray[Any], alpha: NDArray[np.float64], *, weights: NDArray[Any] | None, intercept: bool,
    penalty: NDArray[Any] | None, prior: NDArray[Any] | None, method: str,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64], str, Report]: ...  # real; X (m, n), Y (m, t), alpha (t,) or (1,), weights (m,), penalty (n,) or (p, n), prior (n, n); coefficients (n, t), intercepts (t,), degrees of freedom (t,), what answered; method "auto", "cholesky", "augmented", "svd", "dual"; not_positive_definite: the prior
def ridge_sparse(
    data: NDArray[Any], indices: NDArray[Any], indptr: NDArray[Any], rows: int, cols: int, Y: NDArray[Any],
    alpha: NDArray[np.float64], *, weights: NDArray[Any] | None, intercept: bool, method: str,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64], str, Report]: ...  # real CSR X, indices int32 or int64; method "auto", "cholesky", "cg"
def ridge_path(
    X: NDArray[Any], Y: NDArray[Any], alphas: NDArray[np.float64] | None, *, weights: NDArray[Any] | None,
    intercept: bool, penalty: NDArray[Any] | None, prior: NDArray[Any] | None,
) -> dict[str, Any]: ...  # real; alphas (k,), coefs (n, t, k), intercepts (t, k), dof (k,), gcv, loo, residual_norm, solution_norm (t, k), report; alphas None: a geometric grid over the spectrum
def select_alpha(
    X: NDArray[Any], Y: NDArray[Any], alphas: NDArray[np.float64] | None, *, criterion: str, noise: float,
    weights: NDArray[Any] | None, intercept: bool,
) -> tuple[float, dict[str, Any]]: ...  # real; criterion "loo", "gcv", "l-curve", "discrepancy", "max-element"; the dict of ridge_path, empty for "max-element"
def lasso_path(
    X: NDArray[Any], Y: NDArray[Any], alphas: NDArray[np.float64] | None, *, l1_ratio: float,
    weights: NDArray[Any] | None, intercept: bool, tol: float, max_iterations: int, n_alphas: int, eps: float,
    coef0: NDArray[Any] | None, positive: bool,
) -> dict[str, Any]: ...  # real; alphas (k,), coefs (n, t, k), intercepts, gaps, iterations, converged (t, k), report; alphas None: n_alphas from alpha_max down to eps alpha_max
def basis_pursuit(A: NDArray[Any], b: NDArray[Any], *, tol: float, max_iterations: int) -> tuple[NDArray[Any], NDArray[Any], float, int, Report]: ...  # real; A (m, n), b (m, 1): x (n, 1), dual y (m, 1), ||x||_1 - b^T y, iterations; converged, max_iterations, singular (no x satisfies A x = b)

class RegressionState:
    """The R factor of [X y], rows coming and going."""

    def __init__(self, n: int, t: int, dtype: str) -> None: ...
    @property
    def n(self) -> int: ...
    @property
    def t(self) -> int: ...
    @property
    def dtype(self) -> str: ...  # "float32", "float64"
    @property
    def count(self) -> float: ...  # the sum of the weights seen
    def update(self, X: NDArray[Any], Y: NDArray[Any], weights: NDArray[Any] | None) -> Report: ...
    def downdate(self, X: NDArray[Any], Y: NDArray[Any], weights: NDArray[Any] | None) -> Report: ...  # not_positive_definite: these rows are not in it, and it stays as it was
    def merge(self, other: RegressionState) -> None: ...
    def solve(self, alpha: NDArray[np.float64], penalty: NDArray[Any] | None) -> tuple[NDArray[Any], NDArray[np.float64], int, Report]: ...  # coefficients (n, t), ||y - X w||^2 (t,), rank; alpha 0: least squares, of minimum norm
    def standard_errors(self) -> NDArray[Any]: ...  # (n, t), without a penalty; nan where rank < n or count <= n
    def state(self) -> tuple[Any, ...]: ...  # can be pickled

def regression_state_from(state: tuple[Any, ...]) -> RegressionState: ...
def inv(A: NDArray[Any], *, method: str, assume_a: str, overwrite_a: bool, check_finite: bool) -> tuple[NDArray[Any], Report]: ...  # method "auto", "lu", "gauss-jordan", "cholesky", "qr", "svd"
def pinv(A: NDArray[Any], *, atol: float, rtol: float, hermitian: bool, check_finite: bool) -> tuple[NDArray[Any], Report]: ...  # rtol < 0: max(m, n) eps; Report.rank is the rank
def singular_values(A: NDArray[Any]) -> NDArray[Any]: ...  # (..., min(m, n)), descending, real
def rcond(A: NDArray[Any]) -> NDArray[np.float64]: ...  # (...): reciprocal 1-norm condition number after equilibration; 0 where singular
def factor(A: NDArray[Any], *, kind: str, keep_matrix: bool) -> tuple[Factor, Report]: ...  # kind "auto" or one of the kinds; singular, not_positive_definite, non_finite: the Factor cannot solve
def factor_from_state(state: tuple[Any, ...]) -> Factor: ...
def slogdet(A: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]: ...  # (...): sign in the dtype of A, log|det| real; 0 and -inf where singular, NaN for NaN
def det(A: NDArray[Any]) -> NDArray[Any]: ...  # (...)
def lu(A: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any]]: ...  # (..., m): row i of L U is row perm[i] of A; L (..., m, r) unit lower, U (..., r, n), r = min(m, n)
def cholesky(A: NDArray[Any], *, check_finite: bool) -> tuple[NDArray[Any], Report]: ...  # lower triangle read; zeros above
def ldlt(A: NDArray[Any], *, hermitian: bool) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64], Report]: ...  # A = L D L^H (L D L^T), lower triangle read; L[perm] unit lower triangular, D of 1x1 and 2x2 blocks
def qr(A: NDArray[Any], *, mode: str, pivoting: bool) -> tuple[NDArray[Any] | None, NDArray[Any], NDArray[Any] | None]: ...  # Q, R, perm (..., n); mode "reduced", "complete", "r", "raw": h transposed, tau, perm
def svd(A: NDArray[Any], *, full_matrices: bool, compute_uv: bool) -> tuple[NDArray[Any] | None, NDArray[Any], NDArray[Any] | None]: ...  # U, s, Vh; NaN where it failed
def eigh(A: NDArray[Any], *, vectors: bool) -> tuple[NDArray[Any], NDArray[Any] | None]: ...  # lower triangle read; ascending; NaN where it failed
def sherman_morrison(A_inv: NDArray[Any], u: NDArray[Any], v: NDArray[Any]) -> tuple[NDArray[Any], Report]: ...  # (A + u v^H)^-1, u and v (n, 1); singular where 1 + v^H A^-1 u is 0
def woodbury(A_inv: NDArray[Any], U: NDArray[Any], C: NDArray[Any], V: NDArray[Any]) -> tuple[NDArray[Any], Report]: ...  # (A + U C V)^-1, U (n, k), C (k, k), V (k, n)
def all_finite(A: NDArray[Any]) -> bool: ...  # of a matrix or a stack, several threads
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
def factor_sparse(rows: int, cols: int, indptr: NDArray[Any], indices: NDArray[Any], data: NDArray[Any], by_rows: bool, kind: str, most: float) -> SparseFactor | None: ...  # sorted, inspected arrays; ask for the outcome; None where Cholesky would cost more than most
class ImageOptions:
    """How second derivatives of an image are taken."""

    def __init__(self, sigma: list[float], spacing: list[float], scheme: int, border: int, cval: float, truncate: float, scale_normalized: bool) -> None: ...  # sigma empty: no smoothing; indices of _images.SCHEMES and BORDERS

def image_range(image: NDArray[Any]) -> tuple[float, int]: ...  # largest modulus; flat index of the first NaN or infinity, or -1
def image_hessian(image: NDArray[Any], options: ImageOptions) -> NDArray[Any]: ...  # (d (d + 1) / 2, ...)
def image_eigenvalues(image: NDArray[Any], options: ImageOptions, by_magnitude: bool) -> NDArray[Any]: ...  # (d, ...), d <= 3
def image_determinant(image: NDArray[Any], options: ImageOptions) -> NDArray[Any]: ...  # d <= 3
def image_eigh(H: NDArray[Any], d: int, *, vectors: bool, by_magnitude: bool) -> tuple[NDArray[Any], NDArray[Any] | None]: ...  # (d, ...), (d, d, ...), d <= 3
def image_frangi(
    image: NDArray[Any], options: ImageOptions, sigmas: list[float], gamma: list[float], *, alpha: float, beta: float, bright_ridges: bool,
    legacy: bool, return_scale: bool,
) -> tuple[NDArray[Any], NDArray[Any]]: ...  # gamma empty: found; the scale is empty unless asked for
def image_structure(image: NDArray[Any], options: ImageOptions, flat: float, ratio: float) -> NDArray[np.int8]: ...  # index of _features.SHAPES, + 8 where bright
def image_blobs(image: NDArray[Any], options: ImageOptions, sigmas: list[float], threshold: float) -> tuple[NDArray[np.float64]]: ...  # (n, d + 3): position, sigma, response, bright
def set_num_threads(n: int) -> None: ...  # 0: as many as OpenMP offers
def get_num_threads() -> int: ...
def info() -> dict[str, str]: ...  # version, instruction_set, compiler, eigen, openmp
def gemm_rate(n: int, seconds: float) -> float: ...  # measured flop/s of a float64 n x n product on the threads in force
def memory_bandwidth(seconds: float) -> float: ...  # measured bytes/s of a streaming read
def curvature(
    H: NDArray[Any], M: NDArray[Any] | None, error: float, gradient: float, tolerance: float, vectors: bool,
) -> tuple[tuple[int, int], NDArray[Any], NDArray[Any] | None, dict[str, Any], str]: ...  # outcome, w ascending, V, report, kind of point
def modify_hessian(
    H: NDArray[Any], method: str, clamp: bool, inertia: bool,
) -> tuple[tuple[int, int], NDArray[Any], dict[str, Any]]: ...  # outcome, H + E, method, E_norm, shift, lowest, inertia, definite
def newton_step(
    H: NDArray[Any], g: NDArray[Any], modify: str, repair: bool,
) -> tuple[tuple[int, int], NDArray[Any], dict[str, Any]]: ...  # outcome, step, method, modified, E_norm, shift, decrease
def spectral_density(A: Operator, samples: int, steps: int, seed: int) -> tuple[tuple[int, int], NDArray[Any], NDArray[Any]]: ...  # nodes and weights (samples, steps)
def estimate(A: Operator, samples: int, seed: int, diagonal: bool) -> tuple[tuple[int, int], NDArray[Any], NDArray[Any]]: ...  # values of z^T A z a sample, or the diagonal and its standard errors
def optimal_step(g: NDArray[Any], Hg: NDArray[Any]) -> tuple[float, float, float]: ...  # step, decrease, g^T H g / g^T g

class QuasiNewtonDouble:
    def __init__(
        self, n: int, update: str, inverse: bool, damp: bool, min_curvature: float, min_denominator: float,
    ) -> None: ...  # min_curvature < 0: the default
    def update(self, s: NDArray[Any], y: NDArray[Any]) -> str: ...  # contiguous (n,); "updated", "skipped", ...
    def dot(self, v: NDArray[Any]) -> NDArray[Any]: ...
    def matrix(self) -> NDArray[Any]: ...
    def set_matrix(self, M: NDArray[Any]) -> None: ...
    def set_scale(self, scale: float) -> None: ...
    def restore(self, held: NDArray[Any], fresh: bool, updates: int) -> None: ...
    @property
    def updates(self) -> int: ...
    @property
    def fresh(self) -> bool: ...  # the first update has still to choose the scale

class FactoredBfgsDouble:
    def __init__(self, n: int, damp: bool, min_curvature: float) -> None: ...
    def update(self, s: NDArray[Any], y: NDArray[Any]) -> str: ...
    def dot(self, v: NDArray[Any]) -> NDArray[Any]: ...
    def solve(self, v: NDArray[Any]) -> NDArray[Any]: ...
    def factor(self) -> NDArray[Any]: ...
    def set_scale(self, scale: float) -> None: ...
    def restore(self, held: NDArray[Any], fresh: bool, updates: int) -> None: ...
    @property
    def updates(self) -> int: ...
    @property
    def fresh(self) -> bool: ...

class QuasiNewtonFloat:
    def __init__(
        self, n: int, update: str, inverse: bool, damp: bool, min_curvature: float, min_denominator: float,
    ) -> None: ...  # min_curvature < 0: the default
    def update(self, s: NDArray[Any], y: NDArray[Any]) -> str: ...  # contiguous (n,); "updated", "skipped", ...
    def dot(self, v: NDArray[Any]) -> NDArray[Any]: ...
    def matrix(self) -> NDArray[Any]: ...
    def set_matrix(self, M: NDArray[Any]) -> None: ...
    def set_scale(self, scale: float) -> None: ...
    def restore(self, held: NDArray[Any], fresh: bool, updates: int) -> None: ...
    @property
    def updates(self) -> int: ...
    @property
    def fresh(self) -> bool: ...  # the first update has still to choose the scale

class FactoredBfgsFloat:
    def __init__(self, n: int, damp: bool, min_curvature: float) -> None: ...
    def update(self, s: NDArray[Any], y: NDArray[Any]) -> str: ...
    def dot(self, v: NDArray[Any]) -> NDArray[Any]: ...
    def solve(self, v: NDArray[Any]) -> NDArray[Any]: ...
    def factor(self) -> NDArray[Any]: ...
    def set_scale(self, scale: float) -> None: ...
    def restore(self, held: NDArray[Any], fresh: bool, updates: int) -> None: ...
    @property
    def updates(self) -> int: ...
    @property
    def fresh(self) -> bool: ...

class GlmLoss:
    """Coefficients, labels, weights and penalty of a generalised linear model."""

    def __init__(
        self, coef: NDArray[Any], y: NDArray[Any] | None, sample_weight: NDArray[Any] | None, family: str, delta: float,
        intercept: bool, alpha: float, mean: bool,
    ) -> None: ...  # coef (classes, variables), y and sample_weight contiguous (m,), all of X's dtype

def glm_hessian(X: Any, loss: GlmLoss) -> tuple[NDArray[Any], tuple[int, int]]: ...  # X (m, n) or (indptr, indices, values, n); H, outcome
def glm_operator(X: Any, loss: GlmLoss) -> tuple[Operator | None, tuple[int, int]]: ...
def gauss_newton(J: NDArray[Any], weights: NDArray[Any] | None, damping: float) -> tuple[NDArray[Any], tuple[int, int]]: ...

class ElementAssemblerInt32:
    """The pattern of a sum of element matrices, and where each entry goes."""

    def __init__(self, n: int, dofs: NDArray[np.int32]) -> None: ...
    @property
    def indptr(self) -> NDArray[np.int32]: ...  # read-only, as indices
    @property
    def indices(self) -> NDArray[np.int32]: ...
    def assemble(
        self, blocks: NDArray[Any], fixed: NDArray[np.uint8] | None, values: NDArray[Any],
    ) -> tuple[int, int]: ...  # outcome with the row

class ElementAssemblerInt64:
    def __init__(self, n: int, dofs: NDArray[np.int64]) -> None: ...
    @property
    def indptr(self) -> NDArray[np.int64]: ...
    @property
    def indices(self) -> NDArray[np.int64]: ...
    def assemble(
        self, blocks: NDArray[Any], fixed: NDArray[np.uint8] | None, values: NDArray[Any],
    ) -> tuple[int, int]: ...

def find_stray_dof(n: int, dofs: NDArray[Any]) -> tuple[int, int]: ...  # (element, position), or (-1, -1)
def project_blocks(blocks: NDArray[Any], projection: str) -> tuple[NDArray[Any], tuple[int, int]]: ...  # outcome with the element

UNARY: tuple[str, ...]  # functions of one number that a Tape records, by their names in NumPy or SciPy
BINARY: tuple[str, ...]  # of two

class Tape:
    """A computation written down as it runs. Operands: int64 arrays of nodes, else numbers; node 0 is zero, 1 ... n are x."""

    def __init__(self, x: NDArray[np.float64]) -> None: ...
    @property
    def size(self) -> int: ...
    def constants(self, numbers: Any) -> NDArray[np.int64]: ...
    def unary(self, f: int, a: Any) -> NDArray[np.int64]: ...  # f: index into UNARY
    def binary(self, f: int, a: Any, b: Any) -> NDArray[np.int64]: ...  # f: index into BINARY; a and b broadcast
    def row_dot(self, a: Any, b: Any) -> NDArray[np.int64]: ...  # sum of a b over the last axis
    def values(self, ids: NDArray[np.int64]) -> NDArray[np.float64]: ...
    def gradient(self, out: int) -> NDArray[np.float64]: ...  # (n,)
    def jacobian(self, outs: NDArray[np.int64]) -> NDArray[np.float64]: ...  # (m, n)
    def hessian(self, out: int) -> NDArray[np.float64]: ...  # (n, n)
    def products(self, out: int, v: NDArray[np.float64]) -> NDArray[np.float64]: ...  # Hessian times v (n, k)
    def pattern(self, out: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...  # of the Hessian: indptr, indices

def star_coloring(indptr: NDArray[np.int64], indices: NDArray[np.int64]) -> tuple[NDArray[np.int64], int, NDArray[np.int64]]: ...  # symmetric, with its diagonal: colour of each column, colours, place of each entry in the products (n, colours)
def extrapolate(values: NDArray[np.float64], rounding: NDArray[np.float64], p: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...  # (levels, entries), steps halved, errors h^p, h^2p, ...: best, error estimate
def hessian_grid(values: NDArray[Any], spacing: list[float]) -> NDArray[Any]: ...  # shape + (d, d); every axis of 4 or more
