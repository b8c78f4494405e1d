# SPDX-License-Identifier: BSD-3-Clause
"""The command line, run inside the process of the tests."""

from hessolve import cli


def run(capsys, *arguments):
    """The exit status, and both streams."""
    try:
        status = cli.main(list(arguments))
    except SystemExit as end:  # argparse's way out
        status = end.code
    out, err = capsys.readouterr()
    return status, out, err


def fails(capsys, status, *arguments):
    """The one line on the error stream of a command that must fail."""
    got, out, err = run(capsys, *arguments)
    assert got == status
    assert out == ""
    assert err.startswith("hessolve: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err
