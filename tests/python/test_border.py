# SPDX-License-Identifier: BSD-3-Clause
"""The border between Python and C++: memory, threads, forks, interrupts, and the same bits from all sides."""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import hessolve as hs
import problems
from hessolve.compat import numpy_linalg
from problems import DTYPES

MEMORY = """
import sys, threading
import numpy as np
import hessolve as hs

def peak():  # bytes, of this program alone
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except OSError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

n, kind, order, overwrite = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] == "True"
rng = np.random.default_rng(0)
A = np.empty((n, n))
rng.random(out=A)
if kind == "spd":
    for i in range(n):
        A[i, i:] = A[i:, i]
A[np.diag_indices(n)] += n
A = A if order == "C" else A.T
b = rng.random(n)
expected = A @ b
small = np.eye(600) + 0.01
hs.solve(small, small[0])  # threads and libraries are there
hs.solve(small + np.triu(small), small[0])
before = peak()
x = hs.solve(A, expected, overwrite_a=overwrite)
print((peak() - before) / A.nbytes)
assert np.allclose(x, b, rtol=1e-8), "wrong answer"
"""

TICKING = """
import threading, time
import numpy as np
import hessolve as hs

n = 2500
A = np.random.default_rng(0).random((n, n)) + n * np.eye(n)
ticks, done = [], False
def tick():
    while not done:
        ticks.append(time.perf_counter())
        time.sleep(0.001)
ticker = threading.Thread(target=tick)
ticker.start()
begin = time.perf_counter()
hs.solve(A, A[0])
end = time.perf_counter()
done = True
ticker.join()
middle = [t for t in ticks if begin + 0.2 * (end - begin) < t < begin + 0.8 * (end - begin)]
print(len(middle))
"""

FORK = """
import os, sys
import numpy as np
import hessolve as hs

rng = np.random.default_rng(0)
A = rng.random((900, 900)) + 900 * np.eye(900)
b = rng.random(900)
hs.set_num_threads(2)
x = hs.solve(A, b)
child = os.fork()
if child == 0:
    same = np.allclose(hs.solve(A, b), x, rtol=1e-12) and np.allclose(hs.inv(A) @ b, x, rtol=1e-9)
    os._exit(0 if same else 1)
_, status = os.waitpid(child, 0)
assert np.array_equal(hs.solve(A, b), x)  # the parent goes on as before
print(os.waitstatus_to_exitcode(status))
"""

INTERRUPT = """
import os, signal, sys, threading, time
import numpy as np
import hessolve as hs

rng = np.random.default_rng(0)
def system(n):
    A = np.empty((n, n))
    rng.random(out=A)
    A[np.diag_indices(n)] += n
    return A
A = system(1500)
hs.solve(A, A[0])
begin = time.perf_counter()
hs.solve(A, A[0])
n = min(7000, max(3000, int(1500 * (2.5 / (time.perf_counter() - begin)) ** (1 / 3))))  # some seconds of work
A = system(n)
b = A @ np.ones(n)
total = float(A.sum())
signal.signal(signal.SIGINT, signal.default_int_handler)
timer = threading.Timer(0.25, os.kill, (os.getpid(), signal.SIGINT))
timer.start()
finished = False
try:
    hs.solve(A, b)
    finished = True
    timer.join()
    time.sleep(1)
except KeyboardInterrupt:
    print("finished before" if finished else "interrupted")
assert float(A.sum()) == total, "the input changed"
assert np.allclose(hs.solve(A[:500, :500], A[:500, :500].sum(axis=1)), 1), "the session is spoilt"
assert np.allclose(hs.solve(A[:5, :5], A[:5, :5].sum(axis=1)), 1), "the session is spoilt"
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell the peak of resident memory this way")
@pytest.mark.parametrize("kind", ["general", "spd"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("overwrite", "copies"), [(False, 1.0), (True, 0.0)])
def test_copies_of_a(kind, order, overwrite, copies, run_script):
    """One copy of a 4000 x 4000 matrix at most, none with overwrite_a."""
    used = float(run_script(MEMORY, 4000, kind, order, overwrite))
    assert used <= copies + 0.15  # packed panels, threads


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell the peak of resident memory this way")
def test_the_measure_of_memory_would_show_a_copy(run_script):
    """The test above can fail: a copy made in Python is seen."""
    program = MEMORY.replace("x = hs.solve(A, expected", "extra = A.copy(); x = hs.solve(A, expected")
    assert float(run_script(program, 1500, "general", "C", True)) >= 0.9


TALL = (
    MEMORY[: MEMORY.index("n, kind")]
    + """
A, y = np.empty((300_000, 50)), np.random.default_rng(0).random(300_000)
np.random.default_rng(1).random(out=A)
call = lambda A, y: CALL
call(A[:2000], y[:2000])  # threads and libraries are there
before = peak()
call(A, y)
print((peak() - before) / A.nbytes)
"""
)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell the peak of resident memory this way")
@pytest.mark.parametrize(
    "call",
    [
        "hs.ridge(A, y)",
        "hs.ridge(A, y, sample_weight=y, fit_intercept=True)",
        "hs.ridge_path(A, y)",
        "hs.lstsq(A, y, method='normal')",
        "hs.lstsq(A, y, method='sketch')",
        "hs.sketch(A, 500, rng=0)",
    ],
)
def test_tall_data_are_not_copied(call, run_script):
    """Ridge, normal equations and sketches read X where it is; vectors and blocks of rows are a small part of it."""
    assert float(run_script(TALL.replace("CALL", call))) <= 0.2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell the peak of resident memory this way")
def test_the_measure_would_show_a_copy_of_tall_data(run_script):
    assert float(run_script(TALL.replace("CALL", "hs.ridge(A.copy(), y)"))) >= 0.9


def test_another_thread_runs_meanwhile(run_script):
    assert int(run_script(TICKING)) >= 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_can_solve(run_script):
    assert int(run_script(FORK, timeout=60)) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="a Windows process cannot send itself a keyboard interrupt")
def test_a_keyboard_interrupt_leaves_a_usable_session(run_script):
    assert run_script(INTERRUPT).strip() == "interrupted"


def test_eight_threads_at_once_agree_with_one():
    systems = []
    for seed in range(32):
        n = (3, 40, 150, 300)[seed % 4]
        systems.append(
            (problems.random((n, n), np.float64, seed) + n * np.eye(n), problems.random(n, np.float64, seed + 1))
        )
    alone = [hs.solve(A, b) for A, b in systems]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            together = list(pool.map(lambda system: hs.solve(*system), systems))
            for one, other in zip(alone, together, strict=True):
                np.testing.assert_array_equal(one, other)


def kinds(n, dtype):
    yield problems.with_condition(n, 10.0, dtype)
    yield problems.hermitian(n, 10.0, dtype)
    yield problems.hermitian(n, 10.0, dtype, signs="mixed")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 3, 8, 33, 64, 200, 513])
def test_same_bits_in_any_memory_order_and_alignment(n, dtype):
    b = problems.random((n, 2), dtype)
    for A in kinds(n, dtype):
        x = hs.solve(A, b)
        for order in problems.ORDERS:
            np.testing.assert_array_equal(hs.solve(problems.laid_out(A, order), problems.laid_out(b, order)), x)
        for offset in (1, A.real.itemsize, 24, 40):
            np.testing.assert_array_equal(hs.solve(problems.unaligned(A, offset), problems.unaligned(b, offset)), x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [150, 400, 1000])
def test_same_bits_on_one_and_two_threads(n, dtype):
    b = problems.random((n, 2), dtype)
    matrices = [problems.random((n, n), dtype) + 2 * np.sqrt(n) * np.eye(n, dtype=dtype)]
    matrices += [matrices[0] @ matrices[0].conj().T, matrices[0] + matrices[0].conj().T - 3 * np.diag(np.arange(n) % 5)]
    for A in matrices:
        A = A.astype(dtype)
        with hs.num_threads(1):
            one = hs.solve(A, b), hs.inv(A), hs.backslash(A[:, : n // 3], b).x
        with hs.num_threads(2):
            two = hs.solve(A, b), hs.inv(A), hs.backslash(A[:, : n // 3], b).x
        for x, y in zip(one, two, strict=True):
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [2, 3, 4, 8, 11, 16, 32, 70])
def test_same_bits_at_any_position_in_a_batch(n, dtype):
    count = 19
    batch = np.stack([problems.with_condition(n, 100.0, dtype, seed=seed) for seed in range(count)])
    b = problems.random((count, n, 1), dtype)
    x = hs.solve(batch, b)
    for shift in (1, 2, 7):
        np.testing.assert_array_equal(
            hs.solve(np.roll(batch, shift, axis=0), np.roll(b, shift, axis=0)), np.roll(x, shift, axis=0)
        )
    np.testing.assert_array_equal(hs.solve(batch[5:12], b[5:12]), x[5:12])
    with hs.num_threads(1):
        np.testing.assert_array_equal(hs.solve(batch, b), x)
    np.testing.assert_array_equal(hs.solve(np.asfortranarray(batch), b), x)


def test_exported_buffers_are_released():
    """No reference to the caller's arrays survives a solve."""
    A, b = problems.with_condition(64, 10.0, np.float64), problems.random(64, np.float64)
    before = sys.getrefcount(A), sys.getrefcount(b)
    for _ in range(10):
        hs.solve(A, b)
        hs.solve(A, b, full_output=True)
    assert (sys.getrefcount(A), sys.getrefcount(b)) == before


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no timers of this kind")
@pytest.mark.parametrize("name", ["eigh", "eigvalsh", "svd", "svdvals", "pinv", "factor"])
def test_signals_are_heard_during_decompositions(name):
    """A handler runs more than once within the call: it would run once, after it, if nobody looked."""
    A = np.random.default_rng(0).standard_normal((500, 500))
    H = A + A.T
    call = {
        "eigh": lambda: hs.eigh(H),
        "eigvalsh": lambda: numpy_linalg.eigvalsh(H),
        "svd": lambda: hs.svd(A),
        "svdvals": lambda: numpy_linalg.svdvals(A),
        "pinv": lambda: hs.pinv(A),
        "factor": lambda: hs.factor(H, kind="eigh"),
    }[name]
    heard = []
    before = signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-3, 1e-3)
        call()
        count = len(heard)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert count >= 3


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no timers of this kind")
@pytest.mark.parametrize("name", ["eigh", "svd"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_what_a_handler_raises_ends_a_decomposition(name, order):
    class Enough(Exception):
        pass

    def handler(*_):
        raise Enough

    A = np.random.default_rng(0).standard_normal((800, 800))
    A = np.asarray(A + A.T, order=order)

    def interrupted():
        signal.setitimer(signal.ITIMER_REAL, 1e-2)
        getattr(hs, name)(A)

    held = A.copy()
    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises(Enough):
            interrupted()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    np.testing.assert_array_equal(A, held)
    np.testing.assert_allclose(hs.eigh(A[:50, :50]).eigenvalues, np.linalg.eigvalsh(A[:50, :50]), atol=1e-11)
