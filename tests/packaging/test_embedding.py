# SPDX-License-Identifier: BSD-3-Clause
"""hessolve in other people's programs: wheel and installed prefix answer find_package, and the examples run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hessolve

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "cpp" / "examples" / "embed"

pytestmark = [
    pytest.mark.skipif(shutil.which("cmake") is None, reason="CMake is not installed"),
    pytest.mark.skipif(shutil.which("c++") is None and shutil.which("g++") is None, reason="no C++ compiler"),
]


def run(*command, cwd=None):
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def eigen_headers():
    """Folders that hold an Eigen: the copy a build of ours was made with, or a system's."""
    staged = [path.parents[1] for path in (ROOT / "build").glob("*/staged/eigen-*/Eigen/Core")]
    return staged + [path for path in [Path("/usr/include/eigen3")] if (path / "Eigen" / "Core").exists()]


def build_tree():
    """The build folder of the installed wheel, if it was made here."""
    caches = (ROOT / "build").glob("*/CMakeCache.txt")
    trees = [cache.parent for cache in caches if "HESSOLVE_PYTHON:BOOL=ON" in cache.read_text()]
    return max(trees, key=lambda tree: (tree / "CMakeCache.txt").stat().st_mtime, default=None)


def build_and_run(folder, hessolve_dir):
    eigen = eigen_headers()
    options = [f"-Dhessolve_DIR={hessolve_dir}"] + ([f"-DEIGEN_DIR={eigen[0]}"] if eigen else [])
    run("cmake", "-S", EXAMPLES, "-B", folder, *options)
    run("cmake", "--build", folder)
    printed = run(folder / "from_vector")
    assert re.match(r"x = 1 2 3 by cholesky, relative error at most \d\.\de-\d+ \(proven\)\n", printed)
    assert "column 1 of the inverse: -0.111111  0.444444 -0.222222" in printed
    printed = run(folder / "least_squares")
    assert re.search(r"^y = 3\.000000 \+ 0\.500000 t by qr, rank 2, rcond 0\.\d\d$", printed, re.M)
    assert "residual 0.866025, backward error below 1e-15: yes, relative error below 1e-13: yes" in printed
    assert "1000 lines: ok; the last: y = 3.000000 + 0.999000 t" in printed
    printed = run(folder / "reused_factor")
    assert re.search(r"^deflection 325\.0, with stiffer springs \d+\.\d{4}; rcond \d\.\de-04$", printed, re.M)
    assert "updated and factored anew agree to 1e-10: yes" in printed
    printed = run(folder / "gauss_seidel")
    assert re.search(r"gauss-seidel: converged after \d+ sweeps, backward error \de-\d+\n", printed)
    assert re.search(r"cg: converged after \d+ steps; the answers differ by less than 1e-4: yes\n", printed)
    printed = run(folder / "vessels")
    assert "the vessel is found at sigma 2.8, vesselness " in printed
    assert "on it at least 10 times what is beside it: yes" in printed
    printed = run(folder / "newton")
    assert re.search(r"^f = \d\.\de-\d+, \|gradient\| below 1e-10: yes, in fewer than 50 steps: yes$", printed, re.M)
    assert "x = 1.000000 1.000000 ... 1.000000" in printed
    assert "step -1 -1 from a Hessian repaired by eigenvalue, ||E|| = 8" in printed
    if eigen:
        printed = run(folder / "from_eigen")
        assert "no plain answer, singular at 2: The matrix is singular" in printed
        assert "rank 2 by qr-pivoted" in printed
        assert "y = 1 1 1, relative error at most" in printed


def test_wheel_serves_cmake(tmp_path):
    directory = run(sys.executable, "-m", "hessolve", "--cmakedir").strip()
    assert (Path(directory) / "hessolveConfig.cmake").exists()
    build_and_run(tmp_path, directory)


def test_wheel_carries_the_headers():
    include = Path(run(sys.executable, "-m", "hessolve", "--includedir").strip())
    for header in ("hessolve.hpp", "eigen.hpp", "core/view.hpp", "solve/solve.hpp"):
        assert (include / "hessolve" / header).exists()


def test_installed_prefix_serves_cmake(tmp_path):
    tree = build_tree()
    if tree is None:
        pytest.skip("the installed hessolve was not built in this folder, so there is nothing to install a prefix from")
    prefix = tmp_path / "prefix"
    run("cmake", "--install", tree, "--prefix", prefix)
    (config,) = prefix.glob("lib*/cmake/hessolve/hessolveConfig.cmake")
    build_and_run(tmp_path / "build", config.parent)


def test_version_is_the_same_everywhere():
    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)[1]
    assert hessolve.__version__ == declared
    assert f"VERSION {declared} " in (ROOT / "CMakeLists.txt").read_text()
    assert f"version: {declared}" in (ROOT / "CITATION.cff").read_text()


def test_add_subdirectory_gives_the_same_target(tmp_path):
    """Configured, not built: compiling the whole library again would take minutes."""
    eigen = eigen_headers()
    if not eigen:
        pytest.skip("no Eigen headers here to configure the library with")
    (tmp_path / "main.cpp").write_text("#include <hessolve/hessolve.hpp>\nint main() {}\n")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(app LANGUAGES CXX)\n"
        f"add_subdirectory({ROOT.as_posix()} hessolve)\nadd_executable(app main.cpp)\n"
        "target_link_libraries(app PRIVATE hessolve::hessolve)\n"
    )
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DHESSOLVE_EIGEN_DIR={eigen[0]}")
    targets = run("cmake", "--build", tmp_path / "build", "--target", "help")
    assert "hessolve" in targets
    assert "_core" not in targets  # a guest builds no Python module
