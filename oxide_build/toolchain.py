"""Who compiles: what identifies each tool, and the keys of what they make.

In: the installed tools, a job. Out: the keys under which a build's products are kept. Its own room because a key must
name everything its product depends on, and nothing that a build of no changes would have to start LLVM for.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import sys
from dataclasses import asdict
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import oxide_build
from oxide_build.compilation import Image
from oxide_build.jobs import Job
from oxide_build.pipeline import libdevice, ptxas
from oxide_build.pipeline.ptx import versions

_text = json.JSONEncoder(sort_keys=True).encode

SCHEMA = 1
"""What the entries mean; counted up when that changes."""


class Toolchain:
    """The tools as they are now; each is looked at once, when first asked for."""

    def __init__(self) -> None:
        self._modules: dict[Job, str] = {}

    def front_key(self, job: Job) -> str:
        """Of what the front half says of a module: its text and its imports', the options, this compiler."""
        return _digest("front", self._module(job))

    def libdevice_key(self, job: Job) -> str:
        """Of whether an image of a module calls libdevice."""
        return _digest("libdevice", self._module(job), [target.name for target in job.settings.targets])

    def ptx_keys(self, job: Job, image: Image) -> tuple[str, str]:
        """Of an image's PTX: the key of one that calls no libdevice, and of one that does."""
        made_of = [self._module(job), image.unit, image.target.name, str(image.target.ptx), self.llvmlite]
        return _digest("ptx", *made_of, ""), _digest("ptx", *made_of, self.libdevice)

    def unsupported_key(self, job: Job, image: Image) -> str:
        """Of why there is no image for a target."""
        return _digest("unsupported", self._module(job), image.unit, image.target.name)

    def cubin_key(self, job: Job, image: Image, ptx: bytes) -> str:
        """Of the machine code that ptxas makes of PTX; raises CompileError when there is no ptxas."""
        made_of = [hashlib.sha256(ptx).hexdigest(), image.target.name, asdict(job.settings.options)]
        return _digest("cubin", *made_of, ptxas.identity())

    @staticmethod
    def manifest_key(*parts: object) -> str:
        """Of a manifest's text, which takes longer to write than to read: all that is in it."""
        return _digest("manifest", *parts)

    @property
    def llvm_key(self) -> str:
        """Of the version of LLVM, which is inside llvmlite: only a build that compiles should load it to ask."""
        return _digest("llvm", self.llvmlite)

    @staticmethod
    def versions() -> dict[str, str]:
        """What the manifest says of llvmlite and LLVM, by starting them."""
        return versions()

    @cached_property
    def compiler(self) -> str:
        """oxide-build itself by its source: a tree under development has one version and many contents."""
        root = Path(oxide_build.__file__).parent
        files = sorted(root.rglob("*.py"))
        texts = [(file.relative_to(root).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest()) for file in files]
        return _digest(oxide_build.__version__, texts, sys.version_info[:2])

    @cached_property
    def llvmlite(self) -> str:
        """llvmlite by the digests its wheel was installed with, its LLVM's among them; without such by its files."""
        try:
            distribution = importlib.metadata.distribution("llvmlite")
        except importlib.metadata.PackageNotFoundError:
            return _digest("files", _states("llvmlite"))
        recorded = [line for line in (distribution.read_text("RECORD") or "").splitlines() if ",sha256=" in line]
        files = sorted(line for line in recorded if line.startswith("llvmlite"))
        files = [line for line in files if not line.startswith("llvmlite-")]
        return _digest(distribution.version, files or _states("llvmlite"))

    @cached_property
    def libdevice(self) -> str:
        """The digest of libdevice; "none" where there is none."""
        path = libdevice.find()
        return "none" if path is None else hashlib.sha256(path.read_bytes()).hexdigest()

    def _module(self, job: Job) -> str:
        if job not in self._modules:
            sources = [(source.path, source.module, source.text) for source in (job.source, *job.imports)]
            digest = _digest(SCHEMA, self.compiler, job.sha256, sources, asdict(job.settings.options))
            self._modules[job] = digest
        return self._modules[job]


def _states(package: str) -> list[tuple[str, int, int]]:
    """The files of an installed package, each with its size and the time it was last written."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return []
    root = Path(spec.origin).parent
    files = sorted(file for file in root.rglob("*") if file.is_file() and file.suffix != ".pyc")
    return [(os.fspath(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]


def _digest(*parts: object) -> str:
    return hashlib.sha256(_text(parts).encode()).hexdigest()
