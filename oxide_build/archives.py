"""Archives whose bytes depend on their content alone.

In: a wheel or sdist as setuptools wrote it. Out: the same file, its members' modes, owners and order (and with
`SOURCE_DATE_EPOCH` their times) no longer those of the machine. Its own room because it knows nothing of kernels:
setuptools copies modes from the tree and stamps sdists with the time of day.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

from oxide_build.manifest import DIRECTORY


def normalize_wheel(path: Path) -> None:
    """Rewrite the wheel at `path` with modes of 0644, or 0755 where the owner may execute. RECORD stays true."""
    content = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(content, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            entry.external_attr = (0o100000 | _mode(entry.external_attr >> 16)) << 16
            entry.create_system = 3
            new.writestr(entry, data)
    _replace(path, content.getvalue())


def normalize_sdist(path: Path) -> None:
    """Rewrite the sdist at `path`: sorted, of no owner, at the time of `SOURCE_DATE_EPOCH` when that is set.

    Images that an editable install left in the tree are not sources, and are left out.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    content = io.BytesIO()
    with (
        tarfile.open(path) as old,
        gzip.GzipFile("", "wb", fileobj=content, mtime=int(epoch or 0)) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            if DIRECTORY not in member.name.split("/"):
                time = int(epoch) if epoch else int(member.mtime)
                new.addfile(_normalized(member, time), old.extractfile(member) if member.isfile() else None)
    _replace(path, content.getvalue())


def _normalized(member: tarfile.TarInfo, time: int) -> tarfile.TarInfo:
    mode = 0o755 if member.isdir() else _mode(member.mode)
    normalized = member.replace(mtime=time, mode=mode, uid=0, gid=0, uname="", gname="", deep=True)
    normalized.pax_headers = {}  # they repeat the old time, with its fraction of a second
    return normalized


def _mode(mode: int) -> int:
    return 0o755 if mode & 0o100 else 0o644


def _replace(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step, so that no reader ever sees half a file."""
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_bytes(content)
    scratch.replace(path)
