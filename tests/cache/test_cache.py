"""The store of what earlier builds made: whole entries or none, whatever happened to it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build import cache as room
from oxide_build.cache import Cache, clean, default_directory, entries, shrink

KEY = hashlib.sha256(b"key").hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()
CONTENT = b"// PTX\n" * 1000


@pytest.fixture
def said() -> list[str]:
    """What the cache told."""
    return []


@pytest.fixture
def cache(tmp_path: Path, said: list[str]) -> Cache:
    """An empty cache."""
    return Cache(tmp_path / "cache", said.append)


def only_file(directory: Path) -> Path:
    (entry,) = entries(directory)
    return entry.file


def test_what_was_put_is_got_and_nothing_else(cache: Cache, tmp_path: Path, said: list[str]) -> None:
    assert cache.get(KEY) is None
    cache.put(KEY, CONTENT)
    assert (cache.get(KEY), cache.get(OTHER)) == (CONTENT, None)
    assert Cache(tmp_path / "cache", said.append).get(KEY) == CONTENT
    assert said == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[:10],
        lambda data: b"",
        lambda data: data[:500] + b"?" + data[501:],
        lambda data: b"?" + data[1:],
        lambda data: data + b"more",
    ],
    ids=["cut short", "cut to the digest", "empty", "content", "digest", "longer"],
)
def test_a_damaged_entry_is_told_of_once_and_can_be_put_again(
    cache: Cache, tmp_path: Path, said: list[str], damage: Callable[[bytes], bytes]
) -> None:
    cache.put(KEY, CONTENT)
    file = only_file(tmp_path / "cache")
    file.write_bytes(damage(file.read_bytes()))
    assert cache.get(KEY) is None
    assert said == [f"the cache in {tmp_path / 'cache'} held a damaged entry, which is made again"]
    cache.put(KEY, CONTENT)
    file.write_bytes(b"")
    assert cache.get(KEY) is None
    assert len(said) == 1


def test_a_place_that_cannot_be_written_is_told_of_once(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    cache = Cache(tmp_path / "file", said.append)
    cache.put(KEY, CONTENT)
    cache.put(OTHER, CONTENT)
    assert [line.partition(": ")[0] for line in said] == [f"the cache in {tmp_path / 'file'} cannot be written"]
    assert cache.get(KEY) is None


def test_a_full_disk_leaves_nothing_behind(
    cache: Cache, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(self: Path, data: bytes) -> int:
        with self.open("wb") as stream:
            stream.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_half)
    cache.put(KEY, CONTENT)
    assert list(entries(tmp_path / "cache")) == []
    assert said == [f"the cache in {tmp_path / 'cache'} cannot be written: No space left on device"]


def test_two_writers_of_one_entry_leave_it_whole(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from oxide_build.cache import Cache\n"
        "cache = Cache(Path(sys.argv[1]), print)\n"
        f"for _ in range(300):\n    cache.put({KEY!r}, b'x' * 100_000)\n"
        f"    assert cache.get({KEY!r}) == b'x' * 100_000\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "cache")]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(writer.communicate()[0], writer.returncode) for writer in writers] == [("", 0)] * 3
    assert only_file(tmp_path / "cache").stat().st_size == 64 + 100_000


def age(file: Path, seconds: float) -> None:
    os.utime(file, (time.time() - seconds, time.time() - seconds))


def test_clean_keeps_what_was_used_since(cache: Cache, tmp_path: Path) -> None:
    cache.put(KEY, CONTENT)
    age(only_file(tmp_path / "cache"), 100_000)
    cache.put(OTHER, CONTENT)
    assert clean(tmp_path / "cache", older_than=90_000) == (1, 64 + len(CONTENT))
    assert (cache.get(KEY), cache.get(OTHER)) == (None, CONTENT)
    assert clean(tmp_path / "cache")[0] == 1
    assert cache.get(OTHER) is None


def test_use_makes_an_entry_young(cache: Cache, tmp_path: Path) -> None:
    cache.put(KEY, CONTENT)
    age(only_file(tmp_path / "cache"), 200_000)
    assert cache.get(KEY) == CONTENT
    assert clean(tmp_path / "cache", older_than=90_000) == (0, 0)


def test_the_longest_unused_go_first_and_scratch_of_killed_builds_too(cache: Cache, tmp_path: Path) -> None:
    cache.put(KEY, CONTENT)
    old = only_file(tmp_path / "cache")
    age(old, 1_000)
    cache.put(OTHER, CONTENT)
    scratch = old.with_name(f".{old.name}.1.1")
    scratch.write_bytes(b"half")
    age(scratch, 100_000)
    assert shrink(tmp_path / "cache", 100_000)[0] == 1
    assert not scratch.exists()
    assert shrink(tmp_path / "cache", 64 + len(CONTENT))[0] == 1
    assert (cache.get(KEY), cache.get(OTHER)) == (None, CONTENT)


def test_a_cache_trims_itself_once_a_day(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_BYTES", 0)
    cache.put(KEY, CONTENT)
    cache.trim()
    assert cache.get(KEY) is None
    cache.put(KEY, CONTENT)
    cache.trim()
    assert cache.get(KEY) == CONTENT


def test_where_it_is(tmp_path: Path) -> None:
    assert default_directory({"OXIDE_CACHE_DIR": str(tmp_path)}) == tmp_path
    assert default_directory({"OXIDE_CACHE_DIR": "off"}) is None
    assert default_directory({"OXIDE_CACHE_DIR": "", "XDG_CACHE_HOME": "not/absolute"}) == default_directory({})


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG is of other platforms")
def test_where_it_is_by_xdg(tmp_path: Path) -> None:
    assert default_directory({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "oxide-build"
