"""What earlier builds made, by key: files outside every build tree, which may vanish at any time.

In: a key (a digest of all that the content depends on) and content. Out: the content again, on this machine, whoever
asks. Its own room because it knows nothing of kernels.

An entry is one file: the digest of its content, then the content. It appears by being renamed, so that a build killed
at any moment, or two at once, leave whole entries or none; one that was damaged since is known by its digest and
thrown away. A cache that cannot be read or written is no mistake of the build: it compiles, and says so once.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

VARIABLE = "OXIDE_CACHE_DIR"
"""The environment variable that names the directory; `off` there means no cache."""

_LAYOUT = "1"
"""How files lie in the directory; another layout is another directory in it."""

MOST_BYTES = 1_000_000_000
"""What the entries may come to; beyond it those longest unused go."""

_STAMP = "trimmed"
_DAY = 24 * 60 * 60.0
_DIGEST = 64


def default_directory(environment: Mapping[str, str] | None = None) -> Path | None:
    """Where this user's cache is: what `OXIDE_CACHE_DIR` says, else the platform's place; None for no cache."""
    environment = os.environ if environment is None else environment
    named = environment.get(VARIABLE)
    if named:
        return None if named == "off" else Path(named).expanduser().absolute()
    with suppress(RuntimeError):  # a user without a home directory
        return _platform_directory(environment, Path.home())
    return None


def _platform_directory(environment: Mapping[str, str], home: Path) -> Path:
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local", "oxide-build", "Cache")
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "oxide-build"
    named = Path(environment.get("XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else home / ".cache") / "oxide-build"


class Entry(NamedTuple):
    """One file of the cache: its size in bytes, and when it was last made use of, in seconds since the epoch."""

    file: Path
    size: int
    used: float


class Cache:
    """The entries in `directory` (None: there are none, and none are kept); `tell` hears, once, of what is wrong."""

    def __init__(self, directory: Path | None, tell: Callable[[str], None]) -> None:
        self._root = None if directory is None else directory / _LAYOUT
        self._tell = tell
        self._told: set[str] = set()
        self._writable = directory is not None
        self._wrote = False

    def get(self, key: str) -> bytes | None:
        """The content kept under a key; None where there is none, or none that is whole."""
        if self._root is None:
            return None
        file = self._file(key)
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._say("cannot be read", error)
            return None
        content = data[_DIGEST:]
        if hashlib.sha256(content).hexdigest().encode() != data[:_DIGEST]:
            self._discard(file)
            return None
        _touch(file)
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep content under a key, if that can be done."""
        if not self._writable or self._root is None:
            return
        file = self._file(key)
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.parent.mkdir(exist_ok=True)
            _write(file, hashlib.sha256(content).hexdigest().encode() + content)
            self._wrote = True
        except OSError as error:
            self._writable = False
            self._say("cannot be written", error)

    def trim(self) -> None:
        """Once a day, after something was written, keep the cache within its bound."""
        if not self._wrote or self._root is None:
            return
        stamp = self._root / _STAMP
        with suppress(OSError):
            if stamp.exists() and time.time() - stamp.stat().st_mtime < _DAY:
                return
            stamp.touch()
            shrink(self._root.parent, MOST_BYTES)

    def _file(self, key: str) -> Path:
        assert self._root is not None
        return self._root / key[:2] / key[2:]

    def _discard(self, file: Path) -> None:
        with suppress(OSError):
            file.unlink()
        self._say("held a damaged entry, which is made again", None)

    def _say(self, what: str, error: OSError | None) -> None:
        if what not in self._told:
            self._told.add(what)
            why = f": {error.strerror or error}" if error else ""
            place = self._root.parent if self._root else ""
            self._tell(f"the cache in {place} {what}{why}")


def _write(file: Path, data: bytes) -> None:
    """Put data at `file` in one step; nothing of it stays where that fails."""
    scratch = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        scratch.write_bytes(data)
        scratch.replace(file)
    except BaseException:
        with suppress(OSError):
            scratch.unlink()
        raise


def _touch(file: Path) -> None:
    """Note that an entry was of use; to the day is enough."""
    with suppress(OSError):
        if time.time() - file.stat().st_mtime > _DAY:
            os.utime(file)


def entries(directory: Path) -> Iterator[Entry]:
    """Every file of the cache in `directory`, those of other layouts and half-written ones included."""
    for parent, _, names in os.walk(directory):
        for name in set(names) - {_STAMP}:
            file = Path(parent, name)
            with suppress(OSError):
                status = file.stat()
                yield Entry(file, status.st_size, status.st_mtime)


def clean(directory: Path, older_than: float = 0.0) -> tuple[int, int]:
    """Delete the entries not used for so many seconds, 0 for all; gives their number and their bytes."""
    horizon = time.time() - older_than
    return _delete(entry for entry in entries(directory) if not older_than or entry.used < horizon)


def shrink(directory: Path, most: int) -> tuple[int, int]:
    """Delete entries, the longest unused first, until `most` bytes are left, and scratch files of killed builds."""
    found = sorted(entries(directory), key=lambda entry: entry.used, reverse=True)
    scratch = {e for e in found if e.file.name.startswith(".") and time.time() - e.used > _DAY}
    stale: list[Entry] = []
    kept = 0
    for entry in found:
        kept += entry.size
        if kept > most or entry in scratch:
            stale.append(entry)
    return _delete(iter(stale))


def _delete(stale: Iterator[Entry]) -> tuple[int, int]:
    count = size = 0
    for entry in stale:
        with suppress(OSError):
            entry.file.unlink()
            count, size = count + 1, size + entry.size
    return count, size
