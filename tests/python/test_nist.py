# SPDX-License-Identifier: BSD-3-Clause
"""The linear regressions of NIST's reference datasets: digits found, against certified and against exact solutions."""

import re
from pathlib import Path

import numpy as np
import pytest

import hessolve as hs
from reference import exact_least_squares, true_forward_error

DATA = Path(__file__).parents[1] / "data"
NAMES = ["longley", "norris", "pontius", "noint1", "noint2", "wampler1", "wampler2", "wampler3"]
LIMIT = 15.0  # no more digits are certified


def load(name):
    """The design (m, n), y, certified coefficients and standard errors."""
    text = (DATA / f"nist_{name}.csv").read_text(encoding="utf-8")
    certified = [(int(i), float(b), float(e)) for i, b, e in re.findall(r"b(\d+) = (\S+), standard error (\S+)", text)]
    header, *rows = [line for line in text.splitlines() if not line.startswith("#")]
    y, *columns = np.array([[float(entry) for entry in row.split(",")] for row in rows]).T
    if header == "y,x":
        columns = [columns[0] ** i for i, _, _ in certified]
    elif certified[0][0] == 0:
        columns = [np.ones_like(y), *columns]
    return np.column_stack(columns), y, np.array([b for _, b, _ in certified]), np.array([e for _, _, e in certified])


def digits(found, certified):
    """The fewest correct digits over all coefficients, from 0 to LIMIT."""
    error = float(np.max(abs(np.asarray(found) - certified) / abs(certified)))
    return LIMIT if error == 0 else min(LIMIT, max(0.0, -np.log10(error)))


def peers(X, y):
    yield np.linalg.lstsq(X, y, rcond=None)[0]
    try:
        from scipy import linalg
    except ImportError:
        pass
    else:
        for driver in ("gelsd", "gelsy", "gelss"):
            yield linalg.lstsq(X, y, lapack_driver=driver)[0]
    try:
        from sklearn.linear_model import LinearRegression
    except ImportError:
        return
    if (X[:, 0] == 1).all():
        model = LinearRegression().fit(X[:, 1:], y)
        yield np.r_[model.intercept_, model.coef_]
    yield LinearRegression(fit_intercept=False).fit(X, y).coef_


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("name", NAMES)
def test_at_least_as_many_digits_as_the_best_of_the_others(name):
    """Rounded to a tenth of a digit."""
    X, y, certified, _ = load(name)
    ours = digits(hs.lstsq(X, y).x, certified)
    best = max(digits(coef, certified) for coef in peers(X, y))
    assert round(ours, 1) >= round(best, 1)
    assert round(digits(hs.backslash(X, y).x, certified), 1) >= round(best, 1)


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("name", NAMES)
def test_extended_finds_thirteen_digits_of_the_exact_solution_of_the_stored_numbers(name):
    X, y, certified, _ = load(name)
    truth = exact_least_squares(X, y)
    x = hs.lstsq(X, y, precision="extended").x
    assert digits(x, truth.astype(np.float64)) >= 13
    assert digits(truth.astype(np.float64), certified) >= 7.5  # powers of x and decimals were rounded when stored


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("precision", ["working", "extended"])
@pytest.mark.parametrize("name", NAMES)
def test_the_certificate_tells_the_truth(name, precision):
    X, y, _, _ = load(name)
    s = hs.lstsq(X, y, precision=precision, full_output=True)
    assert s.forward_error >= true_forward_error(s.x, exact_least_squares(X, y)) - np.finfo(np.longdouble).eps


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("name", ["norris", "noint1", "noint2", "longley", "pontius"])
def test_standard_errors_from_portions(name):
    X, y, certified, errors = load(name)
    state = hs.RegressionState(X.shape[1])
    for i in range(0, len(y), 3):
        state.update(X[i : i + 3], y[i : i + 3])
    assert digits(state.solve(), certified) >= 7
    assert digits(state.standard_errors(), errors) >= 7


def test_the_files_are_whole():
    assert {name: load(name)[0].shape for name in NAMES} == {
        "longley": (16, 7), "norris": (36, 2), "pontius": (40, 3), "noint1": (11, 1), "noint2": (3, 1),
        "wampler1": (21, 6), "wampler2": (21, 6), "wampler3": (21, 6),
    }  # fmt: skip
