# SPDX-License-Identifier: BSD-3-Clause
"""Twins of numpy.linalg and scipy.linalg: change the import, keep the program.

``numpy_linalg`` and ``scipy_linalg`` have the names, signatures, defaults, return types, errors and warnings of their
peers. What hessolve implements is computed by hessolve; every other name is the peer's own. ``scipy_optimize`` has
``BFGS`` and ``SR1`` alone.
"""
