"""The processes that compile: one that dies, one that fails, and what they leave."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from oxide_build import compilation
from oxide_build.compilation import Done, Emitted, Failed, Image, Task, compiled
from oxide_build.config import load_config
from oxide_build.errors import InternalError, OxideError
from oxide_build.jobs import Job, plan

Sample = Callable[[str], Path]

BEFORE = "from oxide_build.compilation import worker; llvm = worker._llvm(); {spoil}; worker.serve()"
WRONG = """from oxide_build import gpu
from oxide_build.gpu import Slice, f32


@gpu.kernel
def store(x: Slice[f32]) -> None:
    x[0] = 1.0
"""


def planned(root: Path) -> dict[str, Job]:
    return {job.name: job for job in plan(load_config(root, {}, {}), root)}


def task_of(job: Job) -> Task:
    return Task(job, tuple(Image("", target) for target in job.settings.targets))


def spoil(monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    """Do something to the processes before they serve."""
    monkeypatch.setattr(compilation, "_CODE", BEFORE.format(spoil=statement))


def test_a_death_in_llvm_names_module_and_target_and_keeps_the_ir(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, "llvm.answer = lambda job: __import__('os').abort()")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    task = task_of(planned(sample("plain"))["vector"])
    with pytest.raises(
        InternalError, match=r"^plain\.kernels\.vector for sm_75: stage ptx failed: LLVM died"
    ) as caught:
        list(compiled([task], 1))
    assert "(SIGABRT)" in str(caught.value)
    kept = re.search(r"LLVM IR kept in (\S+)", str(caught.value))
    assert kept is not None
    assert "define ptx_kernel void @saxpy" in Path(kept[1]).read_text(encoding="utf-8")


def test_a_fault_of_the_compiler_names_the_module_and_its_last_words(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, "worker.split = None")
    task = task_of(planned(sample("plain"))["vector"])
    with pytest.raises(InternalError, match=r"plain\.kernels\.vector \(src/plain/kernels/vector\.py\)") as caught:
        list(compiled([task], 1))
    assert "the compiler died (exit status 1)" in str(caught.value)
    assert "TypeError: 'NoneType' object is not callable" in str(caught.value)


def test_a_compiler_that_is_killed_is_not_at_fault(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, "llvm.answer = lambda job: __import__('os').kill(__import__('os').getpid(), 9)")
    task = task_of(planned(sample("plain"))["vector"])
    with pytest.raises(OxideError) as caught:
        list(compiled([task], 1))
    assert str(caught.value).splitlines() == [
        "plain.kernels.vector (src/plain/kernels/vector.py): the compiler was killed (SIGKILL)",
        "  help: a system out of memory does that; let fewer work at once, OXIDE_JOBS=1",
    ]
    assert not isinstance(caught.value, InternalError)


def test_after_a_mistake_nothing_more_is_emitted_but_every_module_is_looked_at(sample: Sample) -> None:
    root = sample("plain")
    (root / "src/plain/kernels/aaa.py").write_text(WRONG, encoding="utf-8")
    (root / "src/plain/kernels/zzz.py").write_text(WRONG, encoding="utf-8")
    jobs = planned(root)
    said = list(compiled([task_of(jobs[name]) for name in ("aaa", "vector", "zzz")], 1))
    assert [task.job.name for task, message in said if isinstance(message, Failed)] == ["aaa", "zzz"]
    assert [task.job.name for task, message in said if isinstance(message, Done)] == ["aaa", "vector", "zzz"]
    assert not [message for _, message in said if isinstance(message, Emitted)]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[compilation.Process]:
    """The processes, as they are started."""
    noted: list[compilation.Process] = []

    class Noted(compilation.Process):
        def __init__(self, code: str) -> None:
            super().__init__(code)
            noted.append(self)

    monkeypatch.setattr(compilation, "Process", Noted)
    return noted


def test_whoever_stops_listening_ends_the_processes(sample: Sample, started: list[compilation.Process]) -> None:
    task = task_of(planned(sample("plain"))["vector"])
    with closing(compiled([task, task, task], 2)) as messages:
        next(messages)
    assert len(started) == 2
    assert not any(process.is_alive() for process in started)


def test_a_process_makes_so_many_images_and_no_more(
    sample: Sample, started: list[compilation.Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_of(planned(sample("plain"))["vector"])
    monkeypatch.setattr(compilation, "IMAGES", 2 * len(task.images))
    said = [message.ptx for _, message in compiled([task] * 5, 1) if isinstance(message, Emitted)]
    assert said == said[: len(task.images)] * 5
    assert len(started) == 3
    assert not any(process.is_alive() for process in started)


def test_no_task_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilation, "Process", None)
    assert list(compiled([], 4)) == []
