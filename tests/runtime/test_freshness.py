"""A kernel edited since its build, in the tree it was built in: noticed where it is loaded, built again on request."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build import build
from oxide_build.config import load_config

REPOSITORY = Path(__file__).parents[2]
LOAD = """
import sys
from oxide_build.runtime import loader
import {module}
print(*(kernel.name for kernel in loader.module("{module}").manifest.kernels))
loader.module("{module}")
"""
HIDE_COMPILER = 'import sys; sys.modules["llvmlite"] = None\n'
VECTOR = "plain.kernels.vector"
FUNCTIONS = """from oxide_build import gpu
from oxide_build.gpu import f32


@gpu.device
def doubled(x: f32) -> f32:
    return x + x
"""


class Tree:
    """The sample `plain`, built in its tree, and processes that load its kernels."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.kernels = root / "src/plain/kernels"
        self.vector = self.kernels / "vector.py"
        self.build()

    def build(self) -> None:
        jobs = build.plan(load_config(self.root, {}, {}), self.root)
        build.write_in_tree(build.run(jobs, 1, lambda line: None))

    def edit(self, old: str = "def scale(", new: str = "def stretch(") -> None:
        text = self.vector.read_text(encoding="utf-8")
        assert old in text
        self.vector.write_text(text.replace(old, new), encoding="utf-8")

    def start(self, rebuild: str = "", code: str = LOAD.format(module=VECTOR)) -> subprocess.Popen[str]:
        path = os.pathsep.join([str(self.root / "src"), str(REPOSITORY)])
        environment = {**os.environ, "PYTHONPATH": path, "OXIDE_REBUILD": rebuild}
        command = [sys.executable, "-c", code]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.root.parent
        )

    def load(self, rebuild: str = "", code: str = LOAD.format(module=VECTOR)) -> tuple[str, str]:
        """What a process that loads the kernels prints, and its standard error."""
        return self.start(rebuild, code).communicate(timeout=120)


@pytest.fixture
def tree(sample: Callable[[str], Path]) -> Tree:
    return Tree(sample("plain"))


def test_what_was_built_loads_in_silence(tree: Tree) -> None:
    assert tree.load() == ("saxpy scale\n", "")


def test_an_edit_is_one_warning_that_names_the_command(tree: Tree) -> None:
    tree.edit()
    printed, said = tree.load()
    assert printed == "saxpy scale\n"
    assert said.count("StaleKernelWarning") == 1
    assert f"{VECTOR} has changed since it was built: launches run the old code" in said
    assert f'build it again with "pip install -e {tree.root}", or set OXIDE_REBUILD=1\n' in said


def test_without_a_compiler_the_warning_says_what_is_missing(tree: Tree) -> None:
    tree.edit()
    _, said = tree.load("1", HIDE_COMPILER + LOAD.format(module=VECTOR))
    assert "set OXIDE_REBUILD=1, which needs oxide-build[compiler]\n" in said


@pytest.mark.parametrize("spoil", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_what_an_editor_left_there_before_the_build_is_no_edit(tree: Tree, spoil: Callable[[str], str]) -> None:
    text = tree.vector.read_text(encoding="utf-8")
    tree.vector.write_bytes(spoil(text).encode())
    (tree.kernels / "functions.py").write_bytes(spoil(FUNCTIONS).encode())
    tree.edit("from oxide_build import gpu", "from oxide_build import gpu\nfrom plain.kernels.functions import doubled")
    tree.edit("a * x[i]", "doubled(a) * x[i]")
    tree.build()
    assert tree.load() == ("saxpy scale\n", "")


def test_an_edit_of_a_module_it_imports_counts(tree: Tree) -> None:
    (tree.kernels / "functions.py").write_text(FUNCTIONS, encoding="utf-8")
    tree.edit("from oxide_build import gpu", "from oxide_build import gpu\nfrom plain.kernels.functions import doubled")
    tree.edit("a * x[i]", "doubled(a) * x[i]")
    tree.build()
    assert tree.load() == ("saxpy scale\n", "")
    (tree.kernels / "functions.py").write_text(FUNCTIONS.replace("x + x", "x * 2.0"), encoding="utf-8")
    assert f"{VECTOR} has changed since it was built, through plain.kernels.functions: " in tree.load()[1]
    assert tree.load("1") == ("saxpy scale\n", "")
    assert tree.load() == ("saxpy scale\n", "")


def test_on_request_it_is_built_when_it_is_loaded(tree: Tree) -> None:
    tree.edit()
    assert tree.load("1") == ("saxpy stretch\n", "")
    assert tree.load() == ("saxpy stretch\n", "")


def test_zero_is_no_request(tree: Tree) -> None:
    tree.edit()
    assert "StaleKernelWarning" in tree.load("0")[1]


def test_a_mistake_in_the_edit_is_reported_and_the_old_images_stay(tree: Tree) -> None:
    before = {path: path.read_bytes() for path in (tree.kernels / "_oxide").iterdir()}
    tree.edit("y[i] = a * y[i]", "a[i] = y")
    printed, said = tree.load("1")
    assert printed == ""
    report = said[said.index("LoadError: ") :]
    assert report.startswith(f"LoadError: {VECTOR} has changed since it was built, and cannot be built again:\n")
    assert "src/plain/kernels/vector.py:" in report
    assert "[oxide" not in report
    assert "unset OXIDE_REBUILD to launch what was built before" in report
    assert {path: path.read_bytes() for path in (tree.kernels / "_oxide").iterdir()} == before


def test_many_processes_at_once_agree(tree: Tree) -> None:
    tree.edit()
    processes = [tree.start("1") for _ in range(4)]
    assert {process.communicate(timeout=120) for process in processes} == {("saxpy stretch\n", "")}


def test_the_tree_may_move(tree: Tree) -> None:
    tree.root = tree.root.rename(tree.root.with_name("elsewhere"))
    tree.vector = tree.root / "src/plain/kernels/vector.py"
    assert tree.load() == ("saxpy scale\n", "")
    tree.edit()
    assert f"pip install -e {tree.root}" in tree.load()[1]
    assert tree.load("1") == ("saxpy stretch\n", "")
