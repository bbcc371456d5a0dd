"""Trees and archives that say nothing of the machine they were made on.

In: a tree about to be packed, or an sdist as setuptools packed it. Out: the same, its modes, owners, order and times
those that everyone gets. Its own room because it knows nothing of kernels: setuptools copies modes and times from the
tree, and stamps sdists with the time of day.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

from oxide_build.errors import ConfigError, ConfigErrors

NO_DATE = 315532800
"""1980-01-01, in seconds since 1970: the first that a zip can hold, and what stands where nobody gave a date."""


def source_date() -> int:
    """The time of everything in an archive, in seconds since 1970: that of `SOURCE_DATE_EPOCH`, or `NO_DATE`.

    Raises ConfigErrors where that variable is no number.
    """
    text = os.environ.get("SOURCE_DATE_EPOCH") or str(NO_DATE)
    if not text.isdecimal():
        found = f'found "{text}", needed seconds since 1970, as `git log -1 --format=%ct` gives them'
        raise ConfigErrors([ConfigError("SOURCE_DATE_EPOCH", found)])
    return max(int(text), NO_DATE)


def normalize_modes(tree: Path) -> None:
    """Give the files of a tree 0644, or 0755 where the owner may execute."""
    for path in tree.rglob("*"):
        if path.is_file():
            path.chmod(_mode(path.stat().st_mode))


def normalize_sdist(path: Path) -> None:
    """Rewrite the sdist at `path`: sorted, of no owner, with modes as above and one time."""
    stream = io.BytesIO()
    with (
        tarfile.open(path) as old,
        gzip.GzipFile("", "wb", fileobj=stream, mtime=source_date()) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            new.addfile(_normalized(member), old.extractfile(member) if member.isfile() else None)
    _replace(path, stream.getvalue())


def _normalized(member: tarfile.TarInfo) -> tarfile.TarInfo:
    mode = 0o755 if member.isdir() else _mode(member.mode)
    normalized = member.replace(mtime=source_date(), mode=mode, uid=0, gid=0, uname="", gname="", deep=True)
    normalized.pax_headers = {}  # they repeat the old time, with its fraction of a second
    return normalized


def _mode(mode: int) -> int:
    return 0o755 if mode & 0o100 else 0o644


def _replace(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step, so that no reader ever sees half a file."""
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_bytes(content)
    scratch.replace(path)
