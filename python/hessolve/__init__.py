# SPDX-License-Identifier: BSD-3-Clause
"""hessolve: give it a matrix; it returns the answer, the method it chose, and the evidence that it can be trusted.

Importing the package loads no NumPy and no compiled code beyond a check of the processor; each public name brings in
the module it lives in on first use.
"""

from typing import TYPE_CHECKING, Any

from . import _load

if TYPE_CHECKING:
    from . import analysis as analysis
    from . import convexity as convexity
    from . import decompositions as decompositions
    from . import determinant as determinant
    from . import differentiate as differentiate
    from . import elements as elements
    from . import factorization as factorization
    from . import gauss_jordan as gauss_jordan
    from . import glm as glm
    from . import gram_schmidt as gram_schmidt
    from . import image as image
    from . import inverse as inverse
    from . import iterative as iterative
    from . import least_squares as least_squares
    from . import linear as linear
    from . import local_models as local_models
    from . import modification as modification
    from . import newton as newton
    from . import paths as paths
    from . import plot as plot
    from . import preconditioning as preconditioning
    from . import quasi_newton as quasi_newton
    from . import randomized as randomized
    from . import regression as regression
    from . import spectra as spectra
    from . import splittings as splittings
    from . import streaming as streaming
    from . import updates as updates
    from ._solution import ConvergenceError as ConvergenceError
    from ._solution import IllConditionedWarning as IllConditionedWarning
    from ._solution import NotPositiveDefiniteError as NotPositiveDefiniteError
    from ._solution import Plan as Plan
    from ._solution import Reason as Reason
    from ._solution import SingularMatrixError as SingularMatrixError
    from ._solution import Solution as Solution
    from ._threads import get_num_threads as get_num_threads
    from ._threads import num_threads as num_threads
    from ._threads import set_num_threads as set_num_threads
    from .analysis import curvature as curvature
    from .analysis import optimal_step as optimal_step
    from .convexity import check_convexity as check_convexity
    from .decompositions import cholesky as cholesky
    from .decompositions import eigh as eigh
    from .decompositions import ldlt as ldlt
    from .decompositions import lu as lu
    from .decompositions import qr as qr
    from .decompositions import svd as svd
    from .determinant import det as det
    from .determinant import matrix_rank as matrix_rank
    from .determinant import slogdet as slogdet
    from .differentiate import gradient as gradient
    from .differentiate import hessian as hessian
    from .differentiate import hessian_grid as hessian_grid
    from .differentiate import hvp as hvp
    from .differentiate import jacobian as jacobian
    from .elements import ElementAssembler as ElementAssembler
    from .factorization import Factor as Factor
    from .factorization import factor as factor
    from .gauss_jordan import gauss_jordan_steps as gauss_jordan_steps
    from .glm import GlmHessian as GlmHessian
    from .glm import gauss_newton as gauss_newton
    from .glm import glm_hessian as glm_hessian
    from .glm import glm_operator as glm_operator
    from .gram_schmidt import orthonormalize as orthonormalize
    from .inverse import cond as cond
    from .inverse import inv as inv
    from .inverse import pinv as pinv
    from .inverse import rcond as rcond
    from .iterative import iterate as iterate
    from .least_squares import lstsq as lstsq
    from .linear import backslash as backslash
    from .linear import explain as explain
    from .linear import solve as solve
    from .local_models import local_map as local_map
    from .local_models import taylor as taylor
    from .modification import modify_hessian as modify_hessian
    from .newton import minimize as minimize
    from .newton import newton_step as newton_step
    from .newton import root as root
    from .paths import lasso_path as lasso_path
    from .paths import ridge_path as ridge_path
    from .paths import select_alpha as select_alpha
    from .preconditioning import Preconditioner as Preconditioner
    from .preconditioning import preconditioner as preconditioner
    from .quasi_newton import QuasiNewton as QuasiNewton
    from .randomized import randomized_svd as randomized_svd
    from .randomized import range_finder as range_finder
    from .randomized import sample_columns as sample_columns
    from .randomized import sample_rows as sample_rows
    from .randomized import sketch as sketch
    from .regression import basis_pursuit as basis_pursuit
    from .regression import elastic_net as elastic_net
    from .regression import lasso as lasso
    from .regression import ridge as ridge
    from .spectra import estimate_diagonal as estimate_diagonal
    from .spectra import estimate_trace as estimate_trace
    from .spectra import spectral_density as spectral_density
    from .splittings import Prediction as Prediction
    from .splittings import predict_convergence as predict_convergence
    from .splittings import spectral_radius as spectral_radius
    from .splittings import splitting as splitting
    from .splittings import sweep as sweep
    from .streaming import RegressionState as RegressionState
    from .updates import sherman_morrison as sherman_morrison
    from .updates import woodbury as woodbury

__version__: str = _load.version

_HOME = {  # public name -> the module it lives in
    "solve": "linear",
    "backslash": "linear",
    "explain": "linear",
    "inv": "inverse",
    "pinv": "inverse",
    "cond": "inverse",
    "rcond": "inverse",
    "factor": "factorization",
    "Factor": "factorization",
    "lu": "decompositions",
    "cholesky": "decompositions",
    "ldlt": "decompositions",
    "qr": "decompositions",
    "svd": "decompositions",
    "eigh": "decompositions",
    "det": "determinant",
    "slogdet": "determinant",
    "matrix_rank": "determinant",
    "gauss_jordan_steps": "gauss_jordan",
    "sherman_morrison": "updates",
    "woodbury": "updates",
    "lstsq": "least_squares",
    "orthonormalize": "gram_schmidt",
    "ridge": "regression",
    "lasso": "regression",
    "elastic_net": "regression",
    "basis_pursuit": "regression",
    "ridge_path": "paths",
    "lasso_path": "paths",
    "select_alpha": "paths",
    "RegressionState": "streaming",
    "randomized_svd": "randomized",
    "range_finder": "randomized",
    "sketch": "randomized",
    "sample_rows": "randomized",
    "sample_columns": "randomized",
    "iterate": "iterative",
    "sweep": "splittings",
    "splitting": "splittings",
    "spectral_radius": "splittings",
    "predict_convergence": "splittings",
    "Prediction": "splittings",
    "preconditioner": "preconditioning",
    "Preconditioner": "preconditioning",
    "curvature": "analysis",
    "optimal_step": "analysis",
    "spectral_density": "spectra",
    "estimate_trace": "spectra",
    "estimate_diagonal": "spectra",
    "modify_hessian": "modification",
    "QuasiNewton": "quasi_newton",
    "newton_step": "newton",
    "minimize": "newton",
    "root": "newton",
    "Solution": "_solution",
    "Plan": "_solution",
    "Reason": "_solution",
    "SingularMatrixError": "_solution",
    "NotPositiveDefiniteError": "_solution",
    "ConvergenceError": "_solution",
    "IllConditionedWarning": "_solution",
    "gradient": "differentiate",
    "jacobian": "differentiate",
    "hvp": "differentiate",
    "hessian": "differentiate",
    "hessian_grid": "differentiate",
    "glm_hessian": "glm",
    "glm_operator": "glm",
    "GlmHessian": "glm",
    "gauss_newton": "glm",
    "ElementAssembler": "elements",
    "taylor": "local_models",
    "local_map": "local_models",
    "check_convexity": "convexity",
    "set_num_threads": "_threads",
    "get_num_threads": "_threads",
    "num_threads": "_threads",
}
_MODULES = frozenset(home for home in _HOME.values() if not home.startswith("_")) | {"plot", "image"}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    home = name if name in _MODULES else _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f".{home}", __name__)
    value = module if name == home else getattr(module, name)
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
