# SPDX-License-Identifier: BSD-3-Clause
"""Every array argument of every function, spoilt in every way: a typed error that names it, and inputs as they were."""

import re

import numpy as np
import pytest

import hessolve as hs

rng = np.random.default_rng(0)
S = np.diag([4.0, 5.0, 6.0, 7.0]) + np.ones((4, 4))  # symmetric positive definite
X, B = rng.standard_normal((6, 4)), rng.standard_normal(6)
B4, U, V = rng.standard_normal((3, 4))
C, D = rng.standard_normal((2, 4)), rng.standard_normal(2)
W6, W4 = np.linspace(1, 2, 6), np.linspace(1, 2, 4)


def state_of(X, y, sample_weight=None):
    state = hs.RegressionState(4)
    state.update(X, y, sample_weight)
    return state


def downdated(X, y):
    state = state_of(np.vstack([X_KEPT, X_KEPT[:2]]), np.r_[B, B[:2]])
    state.downdate(X, y)


X_KEPT = X.copy()
FACTOR = hs.factor(S, "cholesky")
CALLS = {
    "solve": (hs.solve, {"A": S, "b": B4}),
    "solve full": (lambda A, b: hs.solve(A, b, full_output=True), {"A": S, "b": B4}),
    "solve stack": (lambda A, b: hs.solve(A, b), {"A": np.stack([S, S]), "b": np.ones((2, 4, 1))}),
    "backslash": (hs.backslash, {"A": X, "b": B}),
    "explain": (hs.explain, {"A": X}),
    "lstsq": (lambda A, b, sample_weight: hs.lstsq(A, b, sample_weight=sample_weight),
              {"A": X, "b": B, "sample_weight": W6}),
    "lstsq sketch": (lambda A, b: hs.lstsq(A, b, method="sketch"), {"A": X, "b": B}),
    "lstsq constrained": (lambda A, b, C, d: hs.lstsq(A, b, constraints=(C, d)), {"A": X, "b": B, "C": C, "d": D}),
    "inv": (hs.inv, {"A": S}),
    "pinv": (hs.pinv, {"A": X}),
    "det": (hs.det, {"A": S}),
    "slogdet": (hs.slogdet, {"A": S}),
    "rcond": (hs.rcond, {"A": S}),
    "matrix_rank": (hs.matrix_rank, {"A": X}),
    "lu": (hs.lu, {"A": X}),
    "cholesky": (hs.cholesky, {"A": S}),
    "ldlt": (hs.ldlt, {"A": S}),
    "qr": (hs.qr, {"A": X}),
    "svd": (hs.svd, {"A": X}),
    "eigh": (hs.eigh, {"A": S}),
    "gauss_jordan_steps": (lambda A: list(hs.gauss_jordan_steps(A)), {"A": S}),
    "factor": (hs.factor, {"A": S}),
    "factor.solve": (lambda b: FACTOR.solve(b), {"b": B4}),
    "factor.whiten": (lambda b: FACTOR.whiten(b), {"b": B4}),
    "factor.inverse_quadratic": (lambda w: FACTOR.inverse_quadratic(w), {"w": B4}),
    "factor.update": (lambda u: FACTOR.update(u), {"u": U}),
    "factor.update both": (lambda u, v: hs.factor(S, "lu").update(u, v), {"u": U, "v": V}),
    "factor.refactor": (lambda values: hs.factor(S).refactor(values), {"values": S}),
    "sherman_morrison": (hs.sherman_morrison, {"A_inv": S, "u": U, "v": V}),
    "woodbury": (hs.woodbury, {"A_inv": S, "U": C.T.copy(), "C": np.eye(2), "V": C}),
    "orthonormalize": (hs.orthonormalize, {"A": X}),
    "ridge": (lambda X, y, sample_weight: hs.ridge(X, y, sample_weight=sample_weight),
              {"X": X, "y": B, "sample_weight": W6}),
    "ridge penalty": (lambda X, y, penalty: hs.ridge(X, y, penalty=penalty), {"X": X, "y": B, "penalty": W4}),
    "ridge prior": (lambda X, y, prior_covariance: hs.ridge(X, y, prior_covariance=prior_covariance),
                    {"X": X, "y": B, "prior_covariance": S}),
    "ridge_path": (hs.ridge_path, {"X": X, "y": B, "alphas": np.array([1.0, 0.1])}),
    "select_alpha": (hs.select_alpha, {"X": X, "y": B, "alphas": np.array([1.0, 0.1])}),
    "lasso": (lambda X, y, sample_weight: hs.lasso(X, y, 0.1, sample_weight=sample_weight),
              {"X": X, "y": B, "sample_weight": W6}),
    "elastic_net": (lambda X, y: hs.elastic_net(X, y, 0.1), {"X": X, "y": B}),
    "lasso_path": (hs.lasso_path, {"X": X, "y": B, "alphas": np.array([1.0, 0.1])}),
    "basis_pursuit": (hs.basis_pursuit, {"A": X.T.copy(), "b": B4}),
    "RegressionState.update": (state_of, {"X": X, "y": B, "sample_weight": W6}),
    "RegressionState.downdate": (downdated, {"X": X[:2], "y": B[:2]}),
    "RegressionState.solve": (lambda penalty: state_of(X_KEPT, B).solve(1.0, penalty=penalty), {"penalty": W4}),
    "randomized_svd": (lambda A: hs.randomized_svd(A, 2), {"A": X}),
    "range_finder": (lambda A: hs.range_finder(A, 0.1), {"A": X}),
    "sketch": (lambda A: hs.sketch(A, 3), {"A": X}),
    "sample_rows": (lambda A: hs.sample_rows(A, 3), {"A": X}),
    "sample_columns": (lambda A: hs.sample_columns(A, 3), {"A": X}),
    "iterate": (lambda A, b, x0, M: hs.iterate(A, b, x0=x0, M=M), {"A": S, "b": B4, "x0": U, "M": np.eye(4)}),
    "sweep": (lambda A, b: hs.sweep(A, np.zeros(4), b, method="jacobi"), {"A": S, "b": B4}),
    "splitting": (lambda A: hs.splitting(A, "jacobi"), {"A": S}),
    "spectral_radius": (hs.spectral_radius, {"A": S}),
    "predict_convergence": (lambda A: hs.predict_convergence(A, "jacobi"), {"A": S}),
    "preconditioner": (lambda A: hs.preconditioner(A, "ic0"), {"A": S}),
    "hessian_grid": (hs.hessian_grid, {"values": S}),
    "gradient": (lambda x: hs.gradient(np.sum, x), {"x": U}),
    "hessian": (lambda x: hs.hessian(np.sum, x), {"x": U}),
    "hessian sparse": (lambda x: hs.hessian(np.sum, x, sparsity="detect"), {"x": U}),
    "jacobian": (lambda x: hs.jacobian(lambda x: x + 1, x), {"x": U}),
    "hvp": (lambda x, v: hs.hvp(np.sum, x, v), {"x": U, "v": V}),
    "newton_step": (hs.newton_step, {"H": S, "g": U}),
    "minimize": (lambda x0: hs.minimize(lambda x: np.sum(x**2), x0), {"x0": U}),
    "root": (lambda x0: hs.root(lambda x: x + 1, x0), {"x0": U}),
    "taylor": (lambda x0: hs.taylor(np.sum, x0), {"x0": U}),
    "local_map": (lambda x: hs.local_map(lambda x: x, x), {"x": U}),
    "glm_hessian": (lambda X, y, coef, sample_weight:
                    hs.glm_hessian(X, y, coef, family="huber", sample_weight=sample_weight),
                    {"X": X, "y": B, "coef": U, "sample_weight": W6}),
    "glm_operator": (lambda X, y, coef: hs.glm_operator(X, y, coef, family="huber"), {"X": X, "y": B, "coef": U}),
    "glm_operator.matvec": (lambda v: hs.glm_operator(X_KEPT, None, U, family="gaussian").matvec(v), {"v": V}),
    "GlmHessian.update": (lambda X, y, sample_weight: hs.GlmHessian(U, family="huber").update(X, y, sample_weight),
                          {"X": X, "y": B, "sample_weight": W6}),
    "gauss_newton": (lambda J, residual, weights: hs.gauss_newton(J, residual, weights=weights),
                     {"J": X, "residual": B, "weights": W6}),
    "ElementAssembler.assemble": (lambda blocks: hs.ElementAssembler(5, [[0, 1], [1, 4], [2, 3]]).assemble(blocks),
                                  {"blocks": np.arange(12.0).reshape(3, 2, 2)}),
    "check_convexity": (lambda points: hs.check_convexity(np.sum, points), {"points": X}),
}  # fmt: skip
ARGUMENTS = [(call, name) for call, (_, arguments) in CALLS.items() for name in arguments]


def spoilt_entry(value):
    def spoil(array):
        array = array.copy()
        array[(-1,) * array.ndim] = value
        return array

    return spoil


DEFECTS = {
    "NaN": (spoilt_entry(np.nan), ValueError),
    "infinity": (spoilt_entry(np.inf), ValueError),
    "object": (lambda array: array.astype(object), TypeError),
    "longdouble": (lambda array: array.astype(np.longdouble), TypeError),
    "text": (lambda array: array.astype(str), TypeError),
    "dates": (lambda array: np.zeros(array.shape, "M8[D]"), TypeError),
    "ragged": (lambda array: [[1.0], [2.0, 3.0]], ValueError),
    "None inside": (lambda array: [None] * len(array), TypeError),
    "another size": (lambda array: np.ones(tuple(size + 1 for size in array.shape)), ValueError),
    "too many dimensions": (lambda array: array[np.newaxis, np.newaxis, np.newaxis], ValueError),
    "scalar": (lambda array: 1.0, ValueError),
}
ANY_SIZE = {"explain", "pinv", "matrix_rank", "lu", "qr", "svd", "orthonormalize", "randomized_svd", "range_finder"}
ANY_SIZE |= {"sketch", "sample_rows", "sample_columns", "ridge_path alphas", "select_alpha alphas", "lasso_path alphas"}
ANY_SIZE |= {"inv", "det", "slogdet", "rcond", "cholesky", "ldlt", "eigh", "gauss_jordan_steps", "factor", "splitting"}
ANY_SIZE |= {"spectral_radius", "predict_convergence", "preconditioner"}
ANY_SHAPE = {"gradient", "hessian", "hessian sparse", "jacobian", "taylor", "local_map"}  # functions take what they get
NUMBERS = {"minimize", "root"}  # a start is a vector of any length, or a number
ANY_SIZE |= {"hessian_grid", "check_convexity", *ANY_SHAPE, *NUMBERS}
STACKS = {"solve", "solve full", "solve stack", "backslash", "explain", "lstsq", "lstsq sketch", "inv", "pinv", "det"}
STACKS |= {"slogdet", "rcond", "matrix_rank", "lu", "cholesky", "ldlt", "qr", "svd", "eigh"}


def passes(call, name, defect):
    """What is no defect here: a matrix of any size, a stack where stacks are taken; NumPy has a rank for numbers."""
    if defect == "another size":
        return call in ANY_SIZE or f"{call} {name}" in ANY_SIZE
    if call in ANY_SHAPE and defect in ("scalar", "too many dimensions"):
        return True
    if call in NUMBERS and defect == "scalar":
        return True
    return (defect, call) == ("scalar", "matrix_rank") or (defect == "too many dimensions" and call in STACKS)


@pytest.mark.parametrize(("call", "name"), ARGUMENTS, ids=[f"{call}-{name}" for call, name in ARGUMENTS])
def test_an_argument_that_is_spoilt_is_named(call, name):
    function, good = CALLS[call]
    kept = {key: value.copy() for key, value in good.items()}
    function(**good)
    for defect, (spoil, kind) in DEFECTS.items():
        if passes(call, name, defect):
            continue
        arguments = good | {name: spoil(good[name])}
        with pytest.raises(kind, match=rf"`{re.escape(name)}`") as caught:
            function(**arguments)
        assert type(caught.value) is kind, defect
    for key, value in good.items():
        np.testing.assert_array_equal(value, kept[key])
