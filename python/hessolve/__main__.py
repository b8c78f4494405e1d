# SPDX-License-Identifier: BSD-3-Clause
"""``python -m hessolve``: the same as the ``hessolve`` command."""

import sys

from .cli import main

sys.exit(main())
