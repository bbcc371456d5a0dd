"""What every test shares: tests marked `gpu` run where there is a GPU and say why where there is none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oxide_build.errors import LoadError
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.runtime import device

REPOSITORY = Path(__file__).parents[1]
Call = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_configure() -> None:
    """Tests compile what they test, and leave no trace in the user's cache."""
    os.environ["OXIDE_CACHE_DIR"] = "off"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Golden texts are rewritten on request and reviewed as a diff."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected texts of case files")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether expected texts are to be rewritten."""
    return bool(request.config.getoption("--update-golden"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the `gpu` tests, with the reason, when this machine cannot launch."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    reason = _why_no_gpu() if marked else None
    if reason is not None:
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many cases of the conformance suite agreed, those of all worker processes together."""
    cases: Counter[str] = Counter()
    features: dict[str, set[str]] = {}
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "conformance":
                where, feature, edges = value
                cases[where] += edges
                features.setdefault(where, set()).add(feature)
    for where, count in sorted(cases.items()):
        terminalreporter.write_line(f"conformance, {where}: {count:,} cases of {len(features[where])} features agree")


def _why_no_gpu() -> str | None:
    try:
        device.current()
    except LoadError as error:
        return error.message
    return None


@pytest.fixture
def sample(tmp_path: Path) -> Callable[[str], Path]:
    """Copies a project of `tests/packages` by name, for a test to build or spoil; gives its root."""
    packages = Path(__file__).with_name("packages")
    leftovers = shutil.ignore_patterns("_oxide", "build", "*.egg-info", "__pycache__")
    return lambda name: Path(shutil.copytree(packages / name, tmp_path / name, ignore=leftovers))


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what oxide-build is made from."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, tree)
    for name in ("oxide_build", "cmake"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, tree / name, symlinks=True, ignore=ignored)
    return tree


@pytest.fixture(scope="session")
def wheelhouse(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with this tree's own wheel, the pure one."""
    house = tmp_path_factory.mktemp("wheelhouse")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    environment = {**os.environ, "OXIDE_PURE_WHEEL": "1"}
    subprocess.run([*pip, "--wheel-dir", str(house), str(tree)], check=True, env=environment)
    return house


@pytest.fixture
def call(wheelhouse: Path) -> Call:
    """Runs a command that finds oxide-build in the wheelhouse; its output is one text, as a terminal shows it."""
    places = {
        "PIP_FIND_LINKS": " ".join(filter(None, [os.environ.get("PIP_FIND_LINKS"), str(wheelhouse)])),
        "UV_FIND_LINKS": ",".join(filter(None, [os.environ.get("UV_FIND_LINKS"), str(wheelhouse)])),
    }

    def run(*command: str | Path, cwd: Path | None = None, status: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **places, "SOURCE_DATE_EPOCH": "1700000000"}
        done = subprocess.run(
            list(map(str, command)),
            cwd=cwd,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == (status == 0), done.stdout
        return done

    return run


@pytest.fixture
def fresh(tmp_path: Path, call: Call) -> Path:
    """The interpreter of an empty environment."""
    venv.create(tmp_path / "environment", with_pip=True)
    return tmp_path / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python"


@pytest.fixture(scope="session")
def generator() -> Iterator[CodeGenerator]:
    """One worker process for the whole run."""
    with CodeGenerator(1) as generator:
        yield generator


def find_ptxas() -> Path | None:
    """ptxas of the wheel nvidia-cuda-nvcc, else the one on PATH."""
    found = (path for entry in sys.path for path in Path(entry).glob("nvidia/*/bin/ptxas"))
    on_path = shutil.which("ptxas")
    return next(found, None) or (Path(on_path) if on_path else None)


@pytest.fixture(scope="session")
def ptxas(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Assemble PTX for the target it names and give it back; fails where ptxas refuses it or is not installed."""
    program, directory = find_ptxas(), tmp_path_factory.mktemp("ptxas")
    assert program is not None, "ptxas is not installed: pip install nvidia-cuda-nvcc"

    def assemble(ptx: str) -> str:
        target = re.search(r"^\.target (\w+)", ptx, re.MULTILINE)
        assert target is not None
        (directory / "kernel.ptx").write_text(ptx)
        command = [str(program), f"-arch={target[1]}", "-o", str(directory / "kernel.cubin")]
        done = subprocess.run([*command, str(directory / "kernel.ptx")], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + ptx
        return ptx

    return assemble
