"""Kernel modules to PTX, in worker processes that each do a module's whole chain.

In: tasks, and how many processes may work. Out: what they say, as it comes. Its own room because LLVM aborts its
process on much that it cannot compile, and because Python uses one core a process: neither may be the build's concern.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, TypeAlias

from oxide_build.compilation.messages import (
    Described,
    Done,
    Emitted,
    Emitting,
    Failed,
    Image,
    Message,
    Task,
    Unsupported,
)
from oxide_build.errors import InternalError, OxideError
from oxide_build.pipeline.ptx import failure, require_llvmlite
from oxide_build.pipeline.ptx.process import Process, ProcessDied

__all__ = ["Described", "Done", "Emitted", "Emitting", "Failed", "Image", "Message", "Task", "Unsupported", "compiled"]

_CODE = "from oxide_build.compilation.worker import serve; serve()"

IMAGES = 256
"""How many a process makes before another takes its place: llvmlite keeps about 50 KB of each run of the optimizer (the
callbacks of its pass builder), and what a build needs should not grow with the project."""

_Said: TypeAlias = "tuple[Task, Message] | BaseException"


def compiled(tasks: Sequence[Task], workers: int) -> Generator[tuple[Task, Message], None, None]:
    """Every message about every task, as they come.

    Once one has failed, the others are only looked at for mistakes. Raises OxideError where llvmlite is not installed,
    InternalError when a process dies; if LLVM was at work, its IR is kept in a file; OxideError too when it is killed.
    """
    if tasks:
        require_llvmlite()
    with _Workers(min(workers, len(tasks))) as pool:
        yield from pool.answers(tasks)


class _Workers:
    def __init__(self, count: int) -> None:
        self._made = {Process(_CODE): 0 for _ in range(count)}
        self._threads = ThreadPoolExecutor(max(count, 1), thread_name_prefix="oxide-compile")
        self._idle: SimpleQueue[Process] = SimpleQueue()
        self._said: SimpleQueue[_Said] = SimpleQueue()
        self._failed = self._stopping = False
        self._lock = Lock()
        for process in self._made:
            self._idle.put(process)

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End the processes, at once where nobody wants their answers any more."""
        with self._lock:
            self._stopping = True
        for process in self._made:
            process.stop(at_once=kind is not None)
        self._threads.shutdown(cancel_futures=True)

    def answers(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Message]]:
        for task in tasks:
            self._threads.submit(self._follow, task)
        left = len(tasks)
        while left:
            said = self._said.get()
            if isinstance(said, BaseException):
                raise said
            left -= isinstance(said[1], Done)
            yield said

    def _follow(self, task: Task) -> None:
        """Give a process the task and pass on what it says; on its thread."""
        try:
            process = self._rested(self._idle.get_nowait())
            self._made[process] += len(task.images)
            for message in _ask(process, replace(task, emit=task.emit and not self._failed)):
                self._failed |= isinstance(message, Failed)
                self._said.put((task, message))
            self._idle.put(process)
        except (Empty, OxideError, OSError, ValueError) as error:
            self._said.put(error)

    def _rested(self, process: Process) -> Process:
        """The process, or another in its place where it has made as many images as one should."""
        if self._made[process] < IMAGES:
            return process
        with self._lock:
            if self._stopping:
                return process
            del self._made[process]
            other = Process(_CODE)
            self._made[other] = 0
        process.stop()
        return other


def _ask(process: Process, task: Task) -> Iterator[Message]:
    """One process's answers to one task."""
    at_work: Emitting | None = None
    message: Any = None
    process.send(task)
    while not isinstance(message, Done):
        try:
            message = process.receive()
        except ProcessDied as death:
            raise _death(task, at_work, str(death)) from None
        at_work = message if isinstance(message, Emitting) else None
        if at_work is None:
            yield message


def _death(task: Task, at_work: Emitting | None, words: str) -> OxideError:
    module = task.job.source.module
    if words.startswith("(SIGKILL)"):  # nothing in it does that
        remedy = "a system out of memory does that; let fewer work at once, OXIDE_JOBS=1"
        return OxideError(f"{module} ({task.job.source.path}): the compiler was killed (SIGKILL)", help=remedy)
    if at_work is None:
        return InternalError(f"{module} ({task.job.source.path}): the compiler died {words}")
    return failure(module, at_work.image.target, "ptx", f"LLVM died {words}", at_work.llvm_ir)
