# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark harness, with a clock and rows of our own: no test here depends on how fast anything is."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hessolve.benchmarks import factorisations, harness, report, stacks, yardsticks
from hessolve.benchmarks.harness import Call, Case, Contest, Limits, Row, Sampling

from hessolve import benchmarks, cli

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(threads=2, gemm_rate=1e9, memory_bandwidth=1e9)


class Time:
    """A clock that only moves when a call or a pause takes time."""

    def __init__(self):
        self.now = 0.0
        self.log = []

    def call(self, name, seconds, error=None):
        def run():
            self.log.append(name)
            self.now += seconds

        return Call(name, run, None if error is None else lambda: error)

    def sleep(self, seconds):
        self.log.append("idle")
        self.now += seconds

    def sampling(self, **settings):
        return Sampling(clock=lambda: self.now, sleep=self.sleep, **settings)


@pytest.fixture
def clock():
    return Time()


def settle(clock, ours, peers, *, target=2.0, threads=2, threaded=True, **details):
    """The result of one contest."""
    case = Case("n = 1", "C", ours, (Contest(target, tuple(peers)),), **details)
    row = Row("row", lambda quick: iter([case]), threaded=threaded)
    limits = Limits(threads, LIMITS.gemm_rate, LIMITS.memory_bandwidth)
    (result,) = harness.measure(row, case, limits, clock.sampling())
    return result


def test_sides_alternate_after_a_pause_and_an_untimed_call(clock):
    sides = [clock.call("a", 0.25).run, clock.call("b", 0.5).run]
    times = harness.sample(sides, clock.sampling(blocks=2, per_block=2, shortest=0.1))
    assert [len(side) for side in times] == [4, 4]
    np.testing.assert_allclose(times, [[0.25] * 4, [0.5] * 4])
    # the first turn of a side has one more call, which finds out how many fill a sample
    assert clock.log == ["idle", *"aaaa", "idle", *"bbbb", "idle", *"aaa", "idle", *"bbb"]


def test_long_calls_are_made_as_often_as_five_samples_need(clock):
    times = harness.sample([clock.call("long", 2.0).run], clock.sampling())
    np.testing.assert_allclose(times, [[2.0] * 6])
    assert clock.log == ["idle", "long", "long", "long", "idle", "long", "long", "idle", "long", "long"]


def test_tiny_calls_are_timed_in_loops(clock):
    side = clock.call("tiny", 1e-6)
    ((seconds, *_),) = harness.sample([side.run], clock.sampling(blocks=1, per_block=2, shortest=1e-3))
    assert seconds == pytest.approx(1e-6)
    assert len(clock.log) > 2000  # two samples of a thousand calls or more


def test_there_are_five_samples_or_more():
    for sampling in (Sampling(), harness.QUICK):
        assert sampling.blocks * sampling.per_block >= 5
        assert sampling.idle >= 0.2


def test_the_fastest_peer_counts(clock):
    peers = [clock.call("slow", 9.0), clock.call("fast", 6.0)]
    result = settle(clock, clock.call("ours", 2.0), peers)
    assert (result.peer, result.ratio, result.verdict) == ("fast", 3.0, "reached")
    assert (result.low, result.high) == (3.0, 3.0)


@pytest.mark.parametrize(
    ("seconds", "threads", "target", "verdict"),
    [
        (1.0, 2, 2.0, "reached"),
        (1.5, 2, 2.0, "below"),
        (3.0, 2, 2.0, "slower"),
        (1.5, 1, 1.0, "reached"),  # on one thread it is enough not to be slower
        (3.0, 1, 1.0, "slower"),
    ],
)
def test_verdicts(clock, seconds, threads, target, verdict):
    result = settle(clock, clock.call("ours", seconds), [clock.call("peer", 2.0)], threads=threads)
    assert (result.target, result.verdict) == (target, verdict)


def test_a_row_without_threads_keeps_its_target(clock):
    result = settle(clock, clock.call("ours", 1.0), [clock.call("peer", 1.5)], threads=1, threaded=False)
    assert (result.target, result.verdict) == (2.0, "below")


@pytest.mark.parametrize(
    ("ours", "peer", "negligible", "verdict"),
    [
        (1e-16, 1e-16, 0.0, "reached"),
        (2e-16, 1e-16, 0.0, "less accurate"),
        (2e-16, 1e-16, 3e-16, "reached"),
        (float("nan"), 1e-16, 3e-16, "less accurate"),
    ],
)
def test_a_ratio_counts_only_with_the_accuracy_of_the_peer(clock, ours, peer, negligible, verdict):
    sides = clock.call("ours", 1.0, ours), [clock.call("peer", 5.0, peer), clock.call("worse and slower", 6.0, 1.0)]
    assert settle(clock, *sides, negligible_error=negligible).verdict == verdict


def test_the_baseline_is_taken_off_both_sides(clock):
    start = clock.call("start", 1.0).run
    assert settle(clock, clock.call("ours", 2.0), [clock.call("peer", 5.0)], baseline=start).ratio == pytest.approx(4.0)


def test_share_of_the_limit(clock):
    ours, peer = clock.call("ours", 2.0), clock.call("peer", 4.0)
    assert settle(clock, ours, [peer], flops=1e9).share == pytest.approx(0.5)
    assert settle(clock, ours, [peer], bytes=4e8).share == pytest.approx(0.2)
    assert settle(clock, ours, [peer]).share is None


def test_backward_error_is_that_of_the_definition():
    rng = np.random.default_rng(1)
    A, x = rng.standard_normal((300, 300)), rng.standard_normal(300)
    b = A @ x + 1e-3
    expected = np.abs(b - A @ x).max() / (np.abs(A).sum(axis=1).max() * np.abs(x).max() + np.abs(b).max())
    assert harness.backward_error(A, x, b) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("shape", [(60, 60), (90, 60)])
def test_yardsticks_are_the_norms_of_their_definitions(shape):
    rng = np.random.default_rng(2)
    A, E = rng.standard_normal(shape), rng.standard_normal(shape)
    norm = np.linalg.norm

    def approximately(value):
        return pytest.approx(value, rel=0.2)

    Q, R = np.linalg.qr(A)
    off = R + 1e-6 * E[:60]
    assert yardsticks.qr(A, (Q, off)) == approximately(norm(A - Q @ off) / norm(A))
    P = rng.permutation(60)
    assert yardsticks.qr(A[:, np.argsort(P)], (Q, off, P)) == approximately(norm(A - Q @ off) / norm(A))
    off = Q + 1e-6 * E
    assert yardsticks.orthonormality(off) == approximately(norm(off.T @ off - np.eye(60)) / norm(np.eye(60)))

    U, s, Vh = np.linalg.svd(A, full_matrices=False)
    off = s * (1 + 1e-6 * E[0])
    assert yardsticks.svd(A, (U, off, Vh)) == approximately(norm(off - s) / norm(s))
    assert yardsticks.svd(A, (U, s, Vh + 1e-3 * E[:60])) > 1e-4  # sees the rows of Vh

    X = np.linalg.pinv(A)
    off = X * (1 + 1e-6 * E.T)
    penrose = (
        norm(A @ off @ A - A) / (norm(A) ** 2 * norm(off)),
        norm(off @ A @ off - off) / (norm(A) * norm(off) ** 2),
        norm((A @ off).T - A @ off) / (norm(A) * norm(off)),
        norm((off @ A).T - off @ A) / (norm(A) * norm(off)),
    )
    assert yardsticks.pseudo_inverse(A, off) == approximately(max(penrose))


def test_yardsticks_of_square_matrices_are_the_norms_of_their_definitions():
    rng = np.random.default_rng(3)
    G, E = rng.standard_normal((60, 60)), rng.standard_normal((60, 60))
    norm = np.linalg.norm
    X = np.linalg.inv(G) * (1 + 1e-6 * E)
    assert yardsticks.inverse(G, X) == pytest.approx(norm(np.eye(60) - G @ X) / (norm(G) * norm(X)), rel=0.2)
    w, V = np.linalg.eigh(G + G.T)
    off = w * (1 + 1e-6 * E[0])
    assert yardsticks.eigh(G + G.T, (off, V)) == pytest.approx(norm(off - w) / norm(w), rel=0.2)
    assert yardsticks.eigh(G + G.T, (w, V + 1e-3 * E)) > 1e-4


@pytest.mark.parametrize("row", benchmarks.ROWS, ids=lambda row: row.name)
def test_every_row_has_cases_with_targets(row):
    for name in row.needs:
        pytest.importorskip(name, reason=f"{name} is a peer of this row")
    case = next(row.cases(True))
    assert all(contest.target >= 1 and contest.peers for contest in case.contests)
    if case.ours.error is not None:
        errors = [case.ours.error(), *(peer.error() for contest in case.contests for peer in contest.peers)]
        if row.name in ("cg", "gmres", "spd-sparse"):  # stopped early, with the same residual on both sides
            assert max(errors) == pytest.approx(min(errors), rel=0.02)
        elif row.name == "hessian-function":  # exact against differences
            assert errors[0] < 1e-15 < max(errors) < 1e-10
        else:
            assert max(errors) < max(3e-14, case.negligible_error)


@pytest.mark.parametrize("row", stacks.ROWS + factorisations.ROWS, ids=lambda row: row.name)
def test_every_case_of_the_dense_rows_is_as_accurate_as_rounding_allows(row):
    for name in row.needs:
        pytest.importorskip(name, reason=f"{name} is a peer of this row")
    with harness.on_threads(1):
        for case in row.cases(True):
            assert case.flops > 0
            for side in (case.ours, *(peer for contest in case.contests for peer in contest.peers)):
                assert side.error() < max(3e-14, case.negligible_error), side.name


def test_every_row_is_in_the_documentation():
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8").partition("## The rows")[2]
    named = re.findall(r"^\| ([a-z-]+) \|", page.partition("## Measured")[0], re.MULTILINE)
    assert named[1:] == [row.name for row in benchmarks.ROWS]


@pytest.mark.parametrize("row", [row for row in benchmarks.ROWS if row.threaded], ids=lambda row: row.name)
def test_every_library_obeys_the_number_of_threads(row):
    """In a new process, since a library can only be limited once it is loaded."""
    for name in row.needs:
        pytest.importorskip(name, reason=f"{name} is needed by this row")
    program = f"""
from hessolve import benchmarks
from hessolve.benchmarks.harness import on_threads
import threadpoolctl
(row,) = benchmarks.selected([{row.name!r}])
with on_threads(1):
    next(row.cases(True))
    print({{pool["num_threads"] for pool in threadpoolctl.threadpool_info()}})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "{1}\n"


def test_positive_definite_systems_are_symmetric_and_definite():
    solve = pytest.importorskip("hessolve.benchmarks.solve")
    ((A, _),) = solve.positive_definite(20, 1)
    assert A.flags.c_contiguous
    assert np.array_equal(A, A.T)
    assert np.linalg.eigvalsh(A)[0] > 0


def test_run_prints_writes_and_draws(clock, monkeypatch, tmp_path, capsys):
    pytest.importorskip("threadpoolctl", reason="the harness sets the threads of the peers with it")
    pytest.importorskip("matplotlib", reason="it draws the chart")
    cases = [Case("n = 1", "C", clock.call("ours", 1.0, 1e-17), (Contest(2.0, (clock.call("peer", 4.0, 1e-16),)),))]
    rows = (Row("fake", lambda quick: iter(cases)), Row("single", lambda quick: iter(cases), threaded=False))
    monkeypatch.setattr(benchmarks, "ROWS", rows)
    monkeypatch.setattr(harness, "QUICK", clock.sampling())
    monkeypatch.setattr(harness, "machine_limits", lambda n: Limits(n, 1e9, 1e9))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    json_file, chart = tmp_path / "results.json", tmp_path / "chart.png"
    assert benchmarks.run(quick=True, json_file=str(json_file), chart=str(chart)) == 0
    out = capsys.readouterr().out
    assert "4.00-4.00" in out
    assert "reached" in out
    content = json.loads(json_file.read_text())
    assert [(r["row"], r["threads"], r["ratio"]) for r in content["results"]] == [
        ("fake", 2, 4.0),
        ("single", 1, 4.0),
        ("fake", 1, 4.0),
    ]
    assert content["machine"]["hessolve"]["version"]
    assert chart.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], f"there is no row nothing; rows are {', '.join(row.name for row in benchmarks.ROWS)}"),
        (["import", "--json", "none/x.json"], "none/x.json: there is no folder none"),
        (["import", "--json", "."], ".: cannot be written: Is a directory"),
        (["import", "--chart", "x.pdf"], "x.pdf: the name must end in .png"),
    ],
)
def test_mistakes_are_told_before_anything_is_measured(arguments, message, monkeypatch, capsys, tmp_path):
    pytest.importorskip("threadpoolctl", reason="its absence is told first")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(harness, "machine_limits", lambda n: pytest.fail("measured first"))
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    monkeypatch.delenv("OPENBLAS_L2_SIZE", raising=False)
    assert cli.main(["bench", *arguments]) == 2
    assert capsys.readouterr().err == f"hessolve: {message}\n"


def test_a_missing_peer_is_told_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.linalg", None)
    with pytest.raises(harness.BenchmarkError, match=r"benchmarks need scipy: pip install 'hessolve\[bench\]'"):
        benchmarks.selected(["solve-small"])


@pytest.mark.parametrize(("seconds", "text"), [(3.14e-7, "0.314 us"), (2.5e-3, "2.5 ms"), (12.0, "12 s")])
def test_durations(seconds, text):
    assert report.duration(seconds) == text
