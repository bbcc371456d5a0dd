"""The process side: one kernel module after the other, each from source to the PTX of the images asked for.

In: `Task`s on stdin. Out: messages on stdout. Its own file because it is what runs in the process: a module's whole
chain, so that its `ssa` never leaves, all cores have work, and none keeps more than one module.
"""

from __future__ import annotations

import gc
import hashlib
import pickle
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from types import ModuleType

from oxide_build import ir, manifest
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
from oxide_build.errors import Collector, CompileWarning, InternalError
from oxide_build.jobs import Job
from oxide_build.pipeline import describe, describe_generics, to_llvm_ir, to_ssa
from oxide_build.pipeline.ptx import failure, parameters
from oxide_build.pipeline.ptx.process import pipes
from oxide_build.pipeline.units import split


def serve() -> None:
    """Answer tasks until stdin ends, or nobody listens any more."""
    inbox, outbox = pipes()
    gc.freeze()  # what was imported stays; a module's own is collected after it
    gc.disable()
    with suppress(EOFError, BrokenPipeError):
        while True:
            for message in answer(pickle.load(inbox)):
                pickle.dump(message, outbox)
                outbox.flush()
            gc.collect()


def answer(task: Task) -> Iterator[Message]:
    """All there is to say to a task."""
    mistakes = Collector()
    try:
        with mistakes.collect():
            yield from _compile(task)
    except InternalError as fault:
        yield Failed((fault,))
    if mistakes.errors:
        yield Failed(tuple(mistakes.errors))
    yield Done()


def _compile(task: Task) -> Iterator[Message]:
    warnings: list[CompileWarning] = []
    job = task.job
    module = to_ssa(job.source, resolve=job.resolve, warn=warnings.append)
    units = split(module)
    yield Described(tuple(units), _described(job, module), tuple(warnings))
    for image in task.images:
        if image.unit in units:
            yield from _make(task, image, units[image.unit])


def _described(job: Job, module: ir.Module) -> str:
    """What of the manifest does not depend on any image."""
    return manifest.Manifest(
        module=job.source.module,
        source=job.file.name,
        source_sha256=job.sha256,
        imports={source.module: hashlib.sha256(source.text.encode()).hexdigest() for source in job.imports},
        generator={},
        options=asdict(job.settings.options),
        requested=(),
        kernels=describe(module),
        artifacts=(),
        generics=describe_generics(module),
    ).to_json()


def _make(task: Task, image: Image, module: ir.Module) -> Iterator[Message]:
    """One image. The front half done, what is wrong with the source now is wrong for its target."""
    options = task.job.settings.options
    llvm = _llvm() if task.emit else None
    started = time.perf_counter()
    unsupported, llvm_ir = Collector(), ""
    with unsupported.collect():
        llvm_ir = to_llvm_ir(module, image.target, options)
    if unsupported.errors:
        yield Unsupported(image, tuple(unsupported.errors))
    if unsupported.errors or llvm is None:
        return
    asked = parameters(llvm_ir, image.target, options)
    yield Emitting(image, llvm_ir)
    answered = llvm.answer(asked)
    if "ptx" not in answered:
        raise failure(task.job.source.module, image.target, answered["stage"], answered["error"], llvm_ir)
    yield Emitted(image, answered["ptx"].encode(), time.perf_counter() - started, asked["libdevice"] is not None)


@lru_cache(maxsize=1)
def _llvm() -> ModuleType:
    """What speaks to LLVM, which is started when first needed."""
    from oxide_build.pipeline.ptx import worker

    worker.initialize()
    return worker
