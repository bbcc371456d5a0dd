"""What a build takes from earlier ones: all that did not change, in the same bytes, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from oxide_build import build
from oxide_build.cache import Cache, entries
from oxide_build.config import load_config
from oxide_build.errors import CompileErrors
from oxide_build.progress import Event, Finished, Made, Noted, Skipped

Files = dict[str, bytes]

LIBRARY = """from oxide_build import gpu
from oxide_build.gpu import f32

FACTOR = 3.0


@gpu.device
def scaled(x: f32) -> f32:
    return x * FACTOR
"""
USER = """from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32
from plain.kernels.library import scaled


@gpu.kernel
def apply(x: Slice[f32], out: DisjointSlice[f32], n: f32) -> None:
    i = gpu.index_1d()
    if i < len(out) and i < len(x):
        out[i] = scaled(x[i])
"""
NEWER = """

@gpu.kernel
def count(x: gpu.MutSlice[gpu.i32]) -> None:
    gpu.atomic_add(x, 0, 1, scope="cluster")
"""


class Project:
    """A project of three kernel modules, one of which imports from a fourth and is warned of, and its cache."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root, self.cache = root, cache
        self.kernels = root / "src" / "plain" / "kernels"
        self.write("library.py", LIBRARY)
        self.write("user.py", USER)
        self.events: list[Event] = []

    def write(self, name: str, text: str) -> None:
        """Give a module its text."""
        (self.kernels / name).write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a module's text."""
        text = (self.kernels / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def build(self, cached: bool = True, **settings: object) -> Files:
        """Build; `events` holds what was told."""
        self.events = []
        named = {f"oxide.{name.replace('_', '-')}": value for name, value in settings.items()}
        jobs = build.plan(load_config(self.root, named, {}), self.root)
        cache = Cache(self.cache if cached else None, lambda text: self.events.append(Noted(text)))
        built = build.run(jobs, 2, tell=self.events.append, cache=cache)
        return {f"{one.package}/{name}": content for one in built for name, content in one.files.items()}

    @property
    def compiled(self) -> list[str]:
        """The images that were compiled, by their modules' names in the package of kernels."""
        made = [event for event in self.events if isinstance(event, Made)]
        return sorted(
            f"{event.module.removeprefix('plain.kernels.')}.{event.target}" for event in made if not event.cached
        )

    @property
    def notes(self) -> list[str]:
        """What the author was told beside."""
        return [event.text for event in self.events if isinstance(event, Noted)]


@pytest.fixture
def project(sample: Callable[[str], Path], tmp_path: Path) -> Project:
    return Project(sample("plain"), tmp_path / "cache")


EVERYTHING = ["math_functions.sm_80", "user.sm_75", "user.sm_90", "vector.sm_75", "vector.sm_90"]


def test_nothing_is_compiled_twice_and_the_bytes_are_those_of_a_build_without_a_cache(project: Project) -> None:
    fresh = project.build(cached=False)
    assert project.compiled == EVERYTHING
    first = project.build()
    assert project.compiled == EVERYTHING
    notes = project.notes
    again = project.build()
    assert project.compiled == []
    assert fresh == first == again
    assert list(first) == list(again)
    assert len(notes) == 1
    assert "`apply` never uses its parameter `n`" in notes[0]
    assert project.notes == notes
    finished = project.events[-1]
    assert isinstance(finished, Finished)
    assert (finished.images, finished.cached) == (5, 5)


def test_a_build_of_no_changes_starts_no_process_and_no_compiler(project: Project) -> None:
    project.build()
    code = (
        "import sys, subprocess; from pathlib import Path; from oxide_build import build\n"
        "from oxide_build.config import load_config\n"
        "def refuse(*_): raise AssertionError('a process was started')\n"
        "subprocess.Popen.__init__ = refuse\n"
        "root = Path(sys.argv[1])\n"
        "build.run(build.plan(load_config(root), root), log=lambda line: None)\n"
        "heavy = 'llvmlite', 'numpy', 'setuptools', 'oxide_build.pipeline.stages', 'oxide_build.pipeline.frontend'\n"
        "print(*[name for name in sys.modules if name.startswith(heavy)])\n"
    )
    environment = {**os.environ, "OXIDE_CACHE_DIR": str(project.cache), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, str(project.root)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


@pytest.mark.parametrize(
    ("name", "old", "new", "compiled"),
    [
        ("vector.py", "saxpy", "axpy", ["vector.sm_75", "vector.sm_90"]),
        ("library.py", "3.0", "4.0", ["user.sm_75", "user.sm_90"]),
        ("host.py", "", "FACTOR = 4.0\n", []),
    ],
    ids=["a module", "what one imports", "neither"],
)
def test_what_changed_is_compiled(project: Project, name: str, old: str, new: str, compiled: list[str]) -> None:
    project.build()
    project.edit(name, old, new) if old else project.write(name, new)
    changed = project.build()
    assert project.compiled == compiled
    assert changed == project.build(cached=False)


def test_a_comment_is_a_change_since_lines_move(project: Project) -> None:
    project.build()
    project.edit("vector.py", '"""', '# one line more\n"""')
    project.build()
    assert project.compiled == ["vector.sm_75", "vector.sm_90"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("opt_level", "1"),
        ("fast_math", "true"),
        ("fp_contract", "false"),
        ("line_info", "false"),
        ("bounds_checks", "false"),
    ],
)
def test_an_option_is_a_change(project: Project, option: str, value: str) -> None:
    settings = {option: value}
    project.build()
    changed = project.build(**settings)
    assert {"vector.sm_75", "vector.sm_90"} <= set(project.compiled)
    assert changed == project.build(cached=False, **settings)


def test_a_target_more_is_compiled_alone_and_one_less_is_gone(project: Project) -> None:
    project.build(targets="sm_80,sm_90")
    assert len(project.compiled) == 6
    more = project.build(targets="sm_80,sm_90,sm_120")
    assert project.compiled == ["math_functions.sm_120", "user.sm_120", "vector.sm_120"]
    assert more == project.build(cached=False, targets="sm_80,sm_90,sm_120")
    less = project.build(targets="sm_120")
    assert project.compiled == []
    assert less == project.build(cached=False, targets="sm_120")


@pytest.mark.parametrize("tool", ["compiler", "llvmlite", "libdevice"])
def test_another_tool_is_a_change(project: Project, tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project.build()
    monkeypatch.setattr(f"oxide_build.toolchain.Toolchain.{tool}", "another")
    project.build()
    assert project.compiled == (["math_functions.sm_80"] if tool == "libdevice" else EVERYTHING)


def test_the_place_of_the_project_is_no_change(project: Project, tmp_path: Path) -> None:
    first = project.build()
    project.root.rename(tmp_path / "elsewhere")
    project.root = tmp_path / "elsewhere"
    assert project.build() == first
    assert project.compiled == []


def test_damaged_entries_are_made_again_and_told_of_once(project: Project) -> None:
    first = project.build()
    for number, entry in enumerate(sorted(entries(project.cache))):
        data = entry.file.read_bytes()
        entry.file.write_bytes(data[: len(data) // 2] if number % 2 else data[:-1] + bytes([data[-1] ^ 1]))
    assert project.build() == first
    assert project.compiled == EVERYTHING
    assert len([note for note in project.notes if "damaged" in note]) == 1
    assert project.build() == first
    assert project.compiled == []


def test_what_else_is_in_a_cache_does_not_stop_a_build(project: Project) -> None:
    first = project.build()
    for entry in entries(project.cache):
        entry.file.unlink()
        entry.file.mkdir()
    assert project.build() == first
    assert len([note for note in project.notes if "cache" in note]) == 2


def test_a_full_disk_is_told_of_once_and_the_build_succeeds(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("oxide_build.cache._write", refuse)
    assert project.build() == project.build(cached=False)
    monkeypatch.undo()
    project.build()
    assert project.compiled == EVERYTHING


def test_builds_at_once_agree(project: Project) -> None:
    code = (
        "import sys; from pathlib import Path; from oxide_build import build\n"
        "from oxide_build.config import load_config\n"
        "root = Path(sys.argv[1])\n"
        "built = build.run(build.plan(load_config(root), root), 2, lambda line: None)\n"
        "build.write(built, lambda one: Path(sys.argv[2]))\n"
    )
    environment = {**os.environ, "OXIDE_CACHE_DIR": str(project.cache), "PYTHONPATH": os.pathsep.join(sys.path)}

    def build_into(out: Path) -> Files:
        command = [sys.executable, "-c", code, str(project.root), str(out)]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        return {file.name: file.read_bytes() for file in (out / "_oxide").iterdir()}

    with ThreadPoolExecutor(3) as threads:
        results = list(threads.map(build_into, [project.root / f"out{n}" for n in range(3)]))
    wanted = {name.rpartition("/")[2]: content for name, content in project.build(cached=False).items()}
    assert results == [wanted] * 3


def test_a_warning_kept_is_a_mistake_where_warnings_are(project: Project) -> None:
    project.build()
    with pytest.raises(CompileErrors, match=r"user\.py:7:\d+: warning: `apply` never uses"):
        project.build(warnings="error")
    project.build(warnings="ignore")
    assert project.notes == []
    assert project.compiled == []


def test_a_mistake_is_found_again(project: Project) -> None:
    project.write("wrong.py", USER.replace("scaled(x[i])", "scale(x[i])"))
    reports = []
    for _ in range(2):
        with pytest.raises(CompileErrors) as raised:
            project.build()
        reports.append(str(raised.value))
    assert reports[0] == reports[1]


def test_what_was_skipped_is_remembered_and_told(project: Project) -> None:
    project.write("newer.py", USER + NEWER)
    first = project.build(on_unsupported_target="skip")
    skipped = [event for event in project.events if isinstance(event, Skipped)]
    assert [event.module for event in skipped] == ["plain.kernels.newer"]
    again = project.build(on_unsupported_target="skip")
    assert (again, project.compiled) == (first, [])
    assert [event for event in project.events if isinstance(event, Skipped)] == skipped
    with pytest.raises(CompileErrors, match=r"newer\.py:\d+:5: error: scope 'cluster' exists from sm_90 on"):
        project.build()
    with pytest.raises(CompileErrors, match=r"newer\.py:\d+:5: error: scope 'cluster' exists from sm_90 on"):
        project.build(on_unsupported_target="skip", targets="sm_75")


def test_modules_of_the_same_text_do_not_share(project: Project) -> None:
    """Their names are in what is made of them."""
    text = (project.kernels / "vector.py").read_text(encoding="utf-8")
    project.build()
    project.write("twin.py", text)
    project.build()
    assert project.compiled == ["twin.sm_75", "twin.sm_90"]
