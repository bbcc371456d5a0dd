"""Whether the kernels in a source tree are those that were built.

In: a kernel module's manifest, as found. Out: the same; or, where a source has changed since it was made, a warning,
or the manifest of a new build. Its own room because only editable installs and builds in the tree come here: their
`_oxide/` names the project it is of, and what a wheel installs does not.

The build is asked for in a process of its own, and by name: nothing here imports it, and the compiler's threads and
workers stay out of a process that may hold a GPU.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from oxide_build.errors import LoadError, StaleKernelWarning
from oxide_build.manifest import ROOT_MARK, Manifest
from oxide_build.runtime.digests import sha256

if TYPE_CHECKING:
    from importlib.abc import Traversable

Found: TypeAlias = "tuple[Manifest, Traversable]"

VARIABLE = "OXIDE_REBUILD"
"""The environment variable that has changed kernels built again."""

_START = "import sys; sys.path[:] = {path!r}; from oxide_build.rebuild import main; main()"
_BOM = b"\xef\xbb\xbf"


def find_fresh(name: str, find: Callable[[str], Found]) -> Found:
    """What `find` gives for the kernel module of that name, with a look at its sources where they are at hand.

    Issues StaleKernelWarning for changed ones; with `OXIDE_REBUILD=1` and a compiler they are built again. Raises what
    `find` raises, and LoadError when that build fails.
    """
    manifest, directory = found = find(name)
    root = _root(directory)
    changed = root and next(_changed(manifest, directory), None)
    if not root or not changed:
        return found
    if os.environ.get(VARIABLE, "") in ("", "0") or not _is_compiler_here():
        _warn(name, changed, root)
        return found
    _rebuild(name, root, find)
    return find(name)


def _root(directory: Traversable) -> Path | None:
    """The root of the project whose tree the images lie in, None for those of a wheel."""
    try:
        place = directory.joinpath(ROOT_MARK).read_text(encoding="utf-8").strip()
    except (OSError, KeyError):  # KeyError: a zip's way to say so
        return None
    return Path(os.path.normpath(Path(str(directory), place)))


def _changed(manifest: Manifest, directory: Traversable) -> Iterator[str]:
    """The sources that are not what the images were made from, by module; what cannot be read is passed by."""
    for module, file, digest in _sources(manifest, directory):
        try:
            content = Path(file).read_bytes()
        except OSError:
            continue
        if digest not in (sha256(content), sha256(content.removeprefix(_BOM))):
            yield module


def _sources(manifest: Manifest, directory: Traversable) -> Iterator[tuple[str, str, str]]:
    """Module, file and digest of each source; those the kernels import from are loaded, since that imports them."""
    yield manifest.module, str(Path(str(directory)).parent / manifest.source), manifest.source_sha256
    for module, digest in manifest.imports.items():
        file = getattr(sys.modules.get(module), "__file__", None)
        if file:
            yield module, file, digest


def _is_compiler_here() -> bool:
    from importlib.util import find_spec

    return find_spec("llvmlite") is not None


def _warn(name: str, changed: str, root: Path) -> None:
    import warnings

    why = "" if changed == name else f", through {changed}"
    itself = f"set {VARIABLE}=1"
    if not _is_compiler_here():
        itself += ", which needs oxide-build[compiler]"
    text = f'launches run the old code; build it again with "pip install -e {root}", or {itself}'
    warnings.warn(f"{name} has changed since it was built{why}: {text}", StaleKernelWarning, stacklevel=2)


def _rebuild(name: str, root: Path, find: Callable[[str], Found]) -> None:
    """Build the project, unless another process did so meanwhile."""
    lock = _lock(root)
    try:
        manifest, directory = find(name)
        if next(_changed(manifest, directory), None) is not None:
            _build(name, str(directory), root)
    finally:
        if lock is not None:
            os.close(lock)


def _lock(root: Path) -> int | None:
    """Wait until no other process builds the project: all of a job's would at once. Closing the result ends it.

    None where the system or file system has no such locks; then each builds, and writes the same.
    """
    try:
        from fcntl import LOCK_EX, flock
    except ImportError:
        return None
    handle = os.open(root, os.O_RDONLY)
    with suppress(OSError):
        flock(handle, LOCK_EX)
    return handle


def _build(name: str, directory: str, root: Path) -> None:
    import subprocess

    command = [sys.executable, "-c", _START.format(path=sys.path), str(root), name, directory]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        report = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("[oxide"))
        raise LoadError(
            f"{name} has changed since it was built, and cannot be built again:\n{report}",
            help=f"correct it, or unset {VARIABLE} to launch what was built before",
        )
