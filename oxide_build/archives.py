"""Archives whose bytes depend on their content alone.

In: a wheel or sdist as setuptools wrote it, and files to add to a wheel's metadata. Out: the same archive, its
members' modes, owners, order and times no longer those of the machine. Its own room because it knows nothing of
kernels: setuptools copies modes and times from the tree, and stamps sdists with the time of day.

The time of every member is that of `SOURCE_DATE_EPOCH`, or 1980-01-01, the first that a zip can hold, without it.
"""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import os
import posixpath
import tarfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

from oxide_build.manifest import CARRIED, DIRECTORY

_FIRST = 315532800
"""1980-01-01, in seconds since 1970."""


def normalize_wheel(path: Path, metadata: Mapping[str, bytes] | None = None) -> None:
    """Rewrite the wheel at `path`: sorted, metadata and RECORD last, with modes of 0644, or 0755 where the owner may
    execute.

    `metadata` are files to add to its `.dist-info` or to replace there, by name relative to it.
    """
    with zipfile.ZipFile(path) as old:
        modes = {entry.filename: _mode(entry.external_attr >> 16) for entry in old.infolist() if not entry.is_dir()}
        contents = {name: old.read(name) for name in modes}
    record = next(name for name in contents if name.endswith(".dist-info/RECORD"))
    directory = record.rpartition("/")[0]
    contents.update({f"{directory}/{name}": content for name, content in (metadata or {}).items()})
    del contents[record]
    ordered = sorted(contents, key=lambda name: (name.startswith(f"{directory}/"), name))
    written = {name: contents[name] for name in ordered}
    written[record] = _record(written, record)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in written.items():
            entry = zipfile.ZipInfo(name, time.gmtime(_time())[:6])
            entry.create_system = 3
            entry.external_attr = (0o100000 | modes.get(name, 0o644)) << 16
            new.writestr(entry, content, zipfile.ZIP_DEFLATED)
    _replace(path, stream.getvalue())


def read_metadata(path: Path, name: str) -> bytes:
    """The file of that name in the wheel's `.dist-info`."""
    with zipfile.ZipFile(path) as wheel:
        return wheel.read(next(entry for entry in wheel.namelist() if entry.endswith(f".dist-info/{name}")))


def _record(contents: Mapping[str, bytes], own: str) -> bytes:
    """The text of RECORD: every file's digest and size."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow((name, f"sha256={digest}", len(content)))
    rows.writerow((own, "", ""))
    return text.getvalue().encode()


def normalize_sdist(path: Path, carried: Mapping[str, bytes] | None = None) -> None:
    """Rewrite the sdist at `path`: sorted, of no owner, with the files `carried` besides, by name within it.

    Images that an editable install left in the tree are not sources, and are left out; those an sdist carries on
    purpose lie elsewhere.
    """
    stream = io.BytesIO()
    with (
        tarfile.open(path) as old,
        gzip.GzipFile("", "wb", fileobj=stream, mtime=_time()) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        kept = [member for member in old.getmembers() if not _is_made(_within(member.name))]
        members = {member.name: (member, _content(old, member)) for member in kept}
        top = kept[0].name.partition("/")[0]
        for name, content in (carried or {}).items():
            members[f"{top}/{name}"] = tarfile.TarInfo(f"{top}/{name}"), content
        for _, (member, content) in sorted(members.items()):
            new.addfile(_normalized(member, len(content)), io.BytesIO(content) if member.isfile() else None)
    _replace(path, stream.getvalue())


def read_names(path: Path) -> frozenset[str]:
    """The names of the files in the sdist at `path`, relative to what was its project's root."""
    with tarfile.open(path) as archive:
        return frozenset(_within(member.name) for member in archive if member.isfile())


def _within(name: str) -> str:
    return name.partition("/")[2]


def _is_made(name: str) -> bool:
    """Whether the file of that name in a project was made by a build, or came with the sdist the project is from."""
    return not {CARRIED, DIRECTORY}.isdisjoint(name.split("/"))


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """A member's content. In setuptools' list of sources each is named once, whatever an earlier build left there."""
    stream = archive.extractfile(member) if member.isfile() else None
    content = stream.read() if stream else b""
    if not member.name.endswith(".egg-info/SOURCES.txt"):
        return content
    listed = {posixpath.normpath(line) for line in content.decode().splitlines()}
    return "".join(f"{name}\n" for name in sorted(listed) if not _is_made(name)).encode()


def _normalized(member: tarfile.TarInfo, size: int) -> tarfile.TarInfo:
    mode = 0o755 if member.isdir() else _mode(member.mode)
    normalized = member.replace(mtime=_time(), mode=mode, uid=0, gid=0, uname="", gname="", deep=True)
    normalized.size = size
    normalized.pax_headers = {}  # they repeat the old time, with its fraction of a second
    return normalized


def _time() -> int:
    return max(int(os.environ.get("SOURCE_DATE_EPOCH") or _FIRST), _FIRST)


def _mode(mode: int) -> int:
    return 0o755 if mode & 0o100 else 0o644


def _replace(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step, so that no reader ever sees half a file."""
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_bytes(content)
    scratch.replace(path)
