"""LLVM IR to PTX, in worker processes: the only room that knows llvmlite.

In: LLVM IR text and a target. Out: a future of its PTX. Its own room because LLVM aborts
its process on much that it cannot compile; here that becomes an error that names kernel
module, target and stage, while the other jobs go on.
"""

from __future__ import annotations

import re
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any

from oxide_build.errors import InternalError, OxideError
from oxide_build.pipeline import libdevice
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx.process import Process, ProcessDied
from oxide_build.pipeline.targets import Target

_LIBDEVICE_CALL = re.compile(r"^declare .*@(__nv_\w+)", re.MULTILINE)
_CODE = "from oxide_build.pipeline.ptx.worker import serve; serve()"


class CodeGenerator:
    """At most `jobs` worker processes, started when first needed and kept until the `with` block ends."""

    def __init__(self, jobs: int) -> None:
        require_llvmlite()
        self._threads = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="oxide-ptx")
        self._idle: SimpleQueue[Process] = SimpleQueue()

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
        asked = parameters(llvm_ir, target, options)
        process = self._take()
        process.send(asked)
        try:
            answer: dict[str, str] = process.receive()
        except ProcessDied as death:
            process.stop()
            raise failure(name, target, "ptx", f"LLVM died {death}", llvm_ir) from None
        self._idle.put(process)
        if "ptx" not in answer:
            raise failure(name, target, answer["stage"], answer["error"], llvm_ir)
        return answer["ptx"]

    def _take(self) -> Process:
        try:
            return self._idle.get_nowait()
        except Empty:
            return Process(_CODE)


def parameters(llvm_ir: str, target: Target, options: Options) -> dict[str, Any]:
    """What `worker.generate` takes; raises CompileError when libdevice is needed and missing."""
    needed = _LIBDEVICE_CALL.search(llvm_ir)
    return {
        "ir": llvm_ir,
        "cpu": target.name,
        "ptx_version": str(target.ptx),
        "opt_level": options.opt_level,
        "libdevice": str(libdevice.require(needed[1])) if needed else None,
    }


def failure(name: str, target: Target, stage: str, reason: str, llvm_ir: str) -> InternalError:
    """The error for IR that LLVM did not compile, which is kept in a file."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="oxide-", suffix=".ll", delete=False) as kept:
        kept.write(llvm_ir)
    return InternalError(f"{name} for {target}: stage {stage} failed: {reason}\n  LLVM IR kept in {Path(kept.name)}")


def versions() -> dict[str, str]:
    """The versions of llvmlite and of the LLVM in it. Raises OxideError when it is not installed."""
    require_llvmlite()
    import llvmlite.binding  # loads LLVM's library, which only a build should pay for

    return {"llvmlite": llvmlite.__version__, "llvm": ".".join(map(str, llvmlite.binding.llvm_version_info))}


def require_llvmlite() -> None:
    """Raise OxideError where it is not installed."""
    if find_spec("llvmlite") is None:
        remedy = 'pip install "oxide-build[compiler]", which an isolated build needs in [build-system] requires'
        raise OxideError("the code generator llvmlite is not installed", help=remedy)
