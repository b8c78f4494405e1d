# SPDX-License-Identifier: BSD-3-Clause
"""How many threads a solve may use."""

import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import SupportsIndex

from . import _core

_MOST = 2**31 - 1  # what a C int holds
_wish = 0  # as last set; 0: none, so that OpenMP, and what limits it from outside, decides


def set_num_threads(n: SupportsIndex | None) -> None:
    """Set the number of threads that hessolve may use, for the whole process.

    Parameters
    ----------
    n : int >= 1 or None
        The largest number of threads of one call; small work stays on fewer. None: as many as OpenMP offers
        (``OMP_NUM_THREADS``, else one a processor).

    Raises
    ------
    TypeError
        If ``n`` is neither an integer nor None.
    ValueError
        If ``n`` is less than one or does not fit in 32 bits.

    See Also
    --------
    num_threads : the same for one block of code.

    Notes
    -----
    Results do not depend on the number of threads, bit for bit. Equivalent: ``threadpoolctl.threadpool_limits(n)``.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.set_num_threads(1)
    >>> hs.get_num_threads()
    1
    >>> hs.set_num_threads(None)
    """
    _set(0 if n is None else _count(n))


def get_num_threads() -> int:
    """Return the number of threads that hessolve may use.

    Returns
    -------
    n : int
        As set by `set_num_threads` or `num_threads`, else what OpenMP offers.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.get_num_threads() >= 1
    True
    """
    return _core.get_num_threads()


@contextmanager
def num_threads(n: SupportsIndex) -> Iterator[None]:
    """Use ``n`` threads inside a ``with`` block, and as many as before after it.

    Parameters
    ----------
    n : int >= 1
        The largest number of threads of one call.

    Returns
    -------
    context : context manager
        The number is set on entry, for the whole process, and what was set before is restored on exit, after an
        exception as well; where nothing was, OpenMP decides again.

    Raises
    ------
    TypeError
        If ``n`` is not an integer.
    ValueError
        If ``n`` is less than one or does not fit in 32 bits.

    Examples
    --------
    >>> import hessolve as hs
    >>> with hs.num_threads(1):
    ...     hs.get_num_threads()
    1
    """
    count = _count(n)
    before = _wish
    _set(count)
    try:
        yield
    finally:
        _set(before)


def _set(wish: int) -> None:
    global _wish
    _core.set_num_threads(wish)
    _wish = wish


def _count(n: SupportsIndex) -> int:
    if isinstance(n, bool):
        raise TypeError("`n` is a bool; the number of threads is an integer, 1 or more.")
    try:
        count = operator.index(n)
    except TypeError:
        raise TypeError(f"`n` is a {type(n).__name__}; the number of threads is an integer, 1 or more.") from None
    if count < 1:
        raise ValueError(f"`n` is {count}; the number of threads is 1 or more.")
    if count > _MOST:
        raise ValueError(f"`n` is {count}; the number of threads is at most {_MOST}.")
    return count
