# SPDX-License-Identifier: BSD-3-Clause
"""Values of the wrong type in our words, arguments that are no arrays, and the line a warning points to."""

import re
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import hessolve as hs

I3 = np.eye(3)
ONES = np.ones(3)
FLAGS = [
    (hs.solve, (I3, ONES), ["overwrite_a", "overwrite_b", "check_finite", "full_output"]),
    (hs.inv, (I3,), ["overwrite_a", "check_finite"]),
    (hs.pinv, (I3,), ["hermitian", "return_rank", "check_finite"]),
    (hs.lstsq, (I3, ONES), ["full_output"]),
    (hs.orthonormalize, (I3,), ["pivoting", "full_output"]),
    (hs.ridge, (I3, ONES), ["fit_intercept"]),
    (hs.ridge_path, (I3, ONES), ["fit_intercept"]),
    (hs.select_alpha, (I3, ONES), ["fit_intercept"]),
    (hs.lasso, (I3, ONES, 0.1), ["fit_intercept", "positive"]),
    (hs.elastic_net, (I3, ONES, 0.1), ["fit_intercept", "positive"]),
    (hs.lasso_path, (I3, ONES), ["fit_intercept", "positive"]),
    (hs.randomized_svd, (I3, 1), ["full_output"]),
]
FLAGS = [(function, arguments, name) for function, arguments, names in FLAGS for name in names]
REALS = [
    (hs.backslash, (I3, ONES), "rtol", "it is a number between 0 and 1, or None"),
    (hs.lstsq, (I3, ONES), "rcond", "it is a number less than 1, or None"),
    (hs.pinv, (I3,), "atol", "it is a number >= 0, or None"),
    (hs.pinv, (I3,), "rtol", "it is a number >= 0, or None"),
    (hs.orthonormalize, (I3,), "rtol", "it is a number in [0, 1), or None"),
    (hs.lasso, (I3, ONES, 0.1), "tol", "it is a finite number > 0, or None"),
    (hs.basis_pursuit, (I3, ONES), "tol", "it is a finite number > 0, or None"),
]
BORDERS = {
    "it is a number between 0 and 1, or None": [0, 1.0, -1e-300],
    "it is a number less than 1, or None": [1, 2.5],
    "it is a number in [0, 1), or None": [-1, 1.0],
    "it is a finite number > 0, or None": [0, -1.5, np.inf],
}


class Failing:
    def __init__(self, error):
        self.error = error

    def __array__(self, dtype=None, copy=None):
        raise self.error


@pytest.mark.parametrize(("function", "arguments", "name"), FLAGS)
def test_flags(function, arguments, name):
    for value in ("yes", "", None, 1, 0, 1.0, [True], np.array([True, False])):
        with pytest.raises(TypeError, match=f"^{re.escape(f'{name}={value!r} is not valid; valid: True, False.')}$"):
            function(*arguments, **{name: value})
    for value in (False, np.False_):
        function(*arguments, **{name: value})


@pytest.mark.parametrize(("function", "arguments", "name", "valid"), REALS)
def test_real_numbers(function, arguments, name, valid):
    for value in ("a", [1, 2], [0.1], 0.1j, True, np.True_, np.array([0.1, 0.2]), {}):
        with pytest.raises(TypeError, match=f"^{re.escape(f'{name}={value!r} is not valid; {valid}.')}$"):
            function(*arguments, **{name: value})
    for value in (np.nan, *BORDERS.get(valid, [-1, -1e-300])):
        with pytest.raises(ValueError, match=f"^{re.escape(f'{name}={value!r} is not valid; {valid}.')}$"):
            function(*arguments, **{name: value})
    with pytest.raises(ValueError, match=f"^{name}=<int> is not valid; "):
        function(*arguments, **{name: -(10**400) if name != "rcond" else 10**400})
    for value in (None, 0.5, np.float32(0.5), np.float64(0.5), Fraction(1, 2), np.array(0.5)):
        function(*arguments, **{name: value})


@pytest.mark.parametrize("trans", [[1], {}, np.array(["N"]), np.array([0, 1]), None, np.True_, 3, "n", ()])
def test_trans(trans):
    text = f"trans={trans!r} is not valid; valid: 'N', 'T', 'C' and 0, 1, 2."
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        hs.solve(I3, ONES, trans=trans)


@pytest.mark.parametrize("p", [np.array([1, 2]), [2], True, "2", 1j, np.nan, {}])
def test_norm(p):
    valid = "None, 2, -2, 1, -1, inf, -inf, 'fro', 'nuc'"
    with pytest.raises(ValueError, match=f"^{re.escape(f'p={p!r} is not valid; valid: {valid}.')}$"):
        hs.cond(I3, p)


def test_long_values_are_not_printed():
    with pytest.raises(TypeError, match=r"^rtol=<ndarray> is not valid; it is a number >= 0, or None\.$"):
        hs.pinv(I3, rtol=np.zeros((5, 5)))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "None"),
        ({}, "a dict"),
        ({1.0}, "a set"),
        ((r for r in I3), "a generator"),
        (print, "a builtin_function_or_method"),
    ],
)
@pytest.mark.parametrize("name", ["A", "b"])
def test_what_is_no_array(value, kind, name):
    text = f"`{name}` is {kind}; an array of numbers, or nested lists of them, is needed."
    with pytest.raises(TypeError, match=f"^{re.escape(text)}$"):
        hs.solve(*((value, ONES) if name == "A" else (I3, value)))
    with pytest.raises(TypeError, match=f"^{re.escape(text)}$"):
        hs.lstsq(*((value, ONES) if name == "A" else (I3, value)))


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (RuntimeError("the device is gone"), TypeError, "the device is gone."),
        (RuntimeError("Call detach() first."), TypeError, "Call detach() first."),
        (KeyError(), TypeError, "KeyError."),
        (ValueError("two\nlines"), ValueError, "two lines."),
    ],
)
@pytest.mark.parametrize("name", ["A", "b"])
def test_an_array_interface_that_fails(error, kind, text, name):
    value = Failing(error)
    text = f"`{name}`, a Failing, cannot be read as an array: {text}"
    with pytest.raises(kind, match=f"^{re.escape(text)}$") as caught:
        hs.solve(*((value, ONES) if name == "A" else (I3, value)))
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_what_is_not_ours_passes(error):
    with pytest.raises(error):
        hs.solve(Failing(error()), ONES)


@pytest.mark.parametrize("fields", [[("v", "f8"), ("w", "f4")], [("v", "c16"), ("w", "f8")]])
def test_strides_that_are_no_multiples_of_the_item(fields):
    A = np.zeros((3, 3), fields)["v"]
    A[...] = I3
    strides = f"its strides {A.strides} are not multiples of its item size {A.itemsize}"
    with pytest.raises(ValueError, match=f"^`A` cannot be overwritten: {re.escape(strides)}\\. Pass a writeable"):
        hs.solve(A, ONES.astype(A.dtype), overwrite_a=True)
    np.testing.assert_array_equal(A, I3)
    np.testing.assert_array_equal(hs.solve(A, ONES), ONES)


@pytest.mark.parametrize("folder", ["hessolve_extension", "hessolve2/inner"])
def test_a_warning_points_to_a_neighbour_of_the_package(folder):
    """A folder whose name begins with ours is not ours."""
    filename = str(Path(hs.__file__).parent.parent.joinpath(*folder.split("/"), "theirs.py"))
    program = compile("hs.solve([[1.0, 1.0], [1.0, 1.0]], [1.0, 1.0], on_singular='warn')", filename, "exec")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(program, {"hs": hs})
    assert [warning.filename for warning in caught] == [filename]
