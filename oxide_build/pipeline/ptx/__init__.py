"""LLVM IR to PTX, in worker processes: the only room that knows llvmlite.

In: LLVM IR text and a target. Out: a future of its PTX. Its own room because LLVM aborts
its process on much that it cannot compile; here that becomes an error that names kernel
module, target and stage, while the other jobs go on.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO

from oxide_build.errors import InternalError, OxideError
from oxide_build.pipeline import libdevice
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import Target

_STDERR_LINES = 5
_LIBDEVICE_CALL = re.compile(r"^declare .*@(__nv_\w+)", re.MULTILINE)
_START = "import runpy, sys; sys.path[:] = {path!r}; runpy.run_path({worker!r}, run_name='__main__')"


class CodeGenerator:
    """At most `jobs` worker processes, started when first needed and kept until the `with` block ends."""

    def __init__(self, jobs: int) -> None:
        if find_spec("llvmlite") is None:
            remedy = 'pip install "oxide-build[compiler]", which an isolated build needs in [build-system] requires'
            raise OxideError("the code generator llvmlite is not installed", help=remedy)
        self._threads = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="oxide-ptx")
        self._idle: SimpleQueue[_Worker] = SimpleQueue()

    def __enter__(self) -> CodeGenerator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what runs (after an error, drop what has not started), then stop the workers."""
        self._threads.shutdown(wait=True, cancel_futures=error is not None)
        while not self._idle.empty():
            self._idle.get().stop()

    def emit_ptx(self, name: str, llvm_ir: str, target: Target, options: Options) -> Future[str]:
        """Compile the LLVM IR of kernel module `name` to PTX in the version of `target`.

        The future raises CompileError when libdevice is needed and missing, and InternalError when LLVM refuses the
        IR or dies of it; the IR is then kept in a file.
        """
        return self._threads.submit(self._generate, name, llvm_ir, target, options)

    def _generate(self, name: str, llvm_ir: str, target: Target, options: Options) -> str:
        job = _job(llvm_ir, target, options)
        worker = self._take()
        try:
            answer = worker.answer(job)
        except _WorkerDied as death:
            worker.stop()
            raise _failure(name, target, "ptx", str(death), llvm_ir) from None
        self._idle.put(worker)
        if "ptx" not in answer:
            raise _failure(name, target, answer["stage"], answer["error"], llvm_ir)
        return answer["ptx"]

    def _take(self) -> _Worker:
        try:
            return self._idle.get_nowait()
        except Empty:
            return _Worker()


def _job(llvm_ir: str, target: Target, options: Options) -> dict[str, str | int | None]:
    needed = _LIBDEVICE_CALL.search(llvm_ir)
    return {
        "ir": llvm_ir,
        "cpu": target.name,
        "ptx_version": str(target.ptx),
        "opt_level": options.opt_level,
        "libdevice": str(libdevice.require(needed[1])) if needed else None,
    }


def _failure(name: str, target: Target, stage: str, reason: str, llvm_ir: str) -> InternalError:
    """The error for IR that LLVM did not compile, which is kept in a file."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="oxide-", suffix=".ll", delete=False) as kept:
        kept.write(llvm_ir)
    return InternalError(f"{name} for {target}: stage {stage} failed: {reason}\n  LLVM IR kept in {Path(kept.name)}")


class _WorkerDied(Exception):
    """How a worker process ended, and its last words."""


class _Worker:
    """One process: a line in, a line out."""

    def __init__(self) -> None:
        script = str(Path(__file__).with_name("worker.py"))
        # A pipe that nobody reads would fill up; the file lives as long as the process.
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            # Our sys.path, so that the worker finds what we find, in build isolation and in a source tree.
            [sys.executable, "-c", _START.format(path=sys.path, worker=script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            encoding="utf-8",
        )

    def answer(self, job: dict[str, str | int | None]) -> dict[str, str]:
        """Do one job; raises _WorkerDied."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stderr.seek(0)
        self._stderr.truncate()
        try:
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
        except OSError:  # it died before; why, it said on stderr
            pass
        line = self._process.stdout.readline()
        if not line:
            raise _WorkerDied(self._last_words())
        answer: dict[str, str] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        code = self._process.wait()
        cause = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").splitlines()
        return "\n    ".join([f"LLVM died ({cause})", *lines[-_STDERR_LINES:]])

    def stop(self) -> None:
        """End the process: it leaves when its input does."""
        self._process.communicate()
        self._stderr.close()


def versions() -> dict[str, str]:
    """The versions of llvmlite and of the LLVM in it."""
    import llvmlite.binding  # loads LLVM's library, which only a build should pay for

    return {"llvmlite": llvmlite.__version__, "llvm": ".".join(map(str, llvmlite.binding.llvm_version_info))}
