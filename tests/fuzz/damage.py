"""Damage: valid kernel files with bytes flipped, lost, doubled, moved, and what the compiler makes of them.

In: the kernel files of this repository, a seed. Out: for each damaged file the outcome, which
must be a compiled module or errors that say where they are. Its own room because it asks only
that the compiler stands, not what its kernels compute.
"""

from __future__ import annotations

import ast
import re
import textwrap
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from oxide_build import jobs
from oxide_build.errors import CompileErrors
from oxide_build.pipeline import to_llvm_ir, to_ssa
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import TARGETS
from tests.fuzz.choices import Seeded

ROOT = Path(__file__).parents[2]
TARGET = TARGETS["sm_90"]
LIMIT = 10.0
"""Seconds a file may take."""
_TOKEN = re.compile(rb"\w+|[^\w\s]+|\n[ ]*")
_WORD = re.compile(rb"\w+")
_BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


@cache
def valid_files() -> tuple[bytes, ...]:
    """The texts of this repository that are kernel files."""
    texts = [path.read_text("utf-8") for path in sorted((ROOT / "example_pkg" / "kernels").glob("*.py"))]
    texts += [path.read_text("utf-8").partition("\n==== ")[0] for path in sorted((ROOT / "tests/cases").glob("*.case"))]
    for page in sorted((ROOT / "docs").glob("*.md")):
        texts += _BLOCK.findall(page.read_text("utf-8"))
    for path in sorted((ROOT / "tests" / "frontend").glob("test_language*.py")):
        texts += _sources(path.read_text("utf-8"))
    return tuple(text.encode() for text in texts if "@gpu.kernel" in text)


def _sources(text: str) -> list[str]:
    """The kernels a test module holds as strings, with the imports its fixtures put before them."""
    head = "import math\nfrom oxide_build import gpu\nfrom oxide_build.gpu import *\n"
    head = head.replace("*", "DisjointSlice, MutSlice, MutSlice2D, Slice, Slice2D, f32, f64, i32, i64, u32, u64")
    strings = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
    return [head + textwrap.dedent(string) for string in strings if isinstance(string, str) and "@gpu.kernel" in string]


# ways to damage


def _flip(choices: Seeded, data: bytes, other: bytes) -> bytes:
    place = choices.integer(0, len(data) - 1)
    return data[:place] + bytes([data[place] ^ 1 << choices.integer(0, 7)]) + data[place + 1 :]


def _delete(choices: Seeded, data: bytes, other: bytes) -> bytes:
    place = choices.integer(0, len(data) - 1)
    return data[:place] + data[place + choices.pick((1, 1, 1, 4, 40)) :]


def _insert(choices: Seeded, data: bytes, other: bytes) -> bytes:
    place = choices.integer(0, len(data))
    random = bytes([choices.integer(0, 255)])
    fitting = choices.pick(
        (b"(", b")", b"[", b"]", b":", b" ", b"\n", b"\t", b"-", b"0", b"9", b".", b"*", b'"', b"\\")
    )
    return data[:place] + choices.pick((random, fitting, fitting)) * choices.pick((1, 1, 1, 2, 300)) + data[place:]


def _double(choices: Seeded, data: bytes, other: bytes) -> bytes:
    start = choices.integer(0, len(data) - 1)
    piece = data[start : start + choices.pick((1, 8, 60, 400))]
    return data[:start] + piece * choices.pick((2, 2, 3, 100)) + data[start + len(piece) :]


def _swap_lines(choices: Seeded, data: bytes, other: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    a, b = (choices.integer(0, len(lines) - 1) for _ in range(2))
    lines[a], lines[b] = lines[b], lines[a]
    return b"".join(lines)


def _drop_line(choices: Seeded, data: bytes, other: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    del lines[choices.integer(0, len(lines) - 1)]
    return b"".join(lines)


def _take_line(choices: Seeded, data: bytes, other: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    lines.insert(choices.integer(0, len(lines)), choices.pick(other.splitlines(keepends=True)))
    return b"".join(lines)


def _exchange(choices: Seeded, data: bytes, other: bytes) -> bytes:
    """A token of another file in the place of one of this."""
    found, new = list(_TOKEN.finditer(data)), _TOKEN.findall(other)
    start, end = choices.pick(found).span()
    return data[:start] + choices.pick(new) + data[end:]


def _rename(choices: Seeded, data: bytes, other: bytes) -> bytes:
    """A word in the place of another: what is left is often still Python."""
    found, new = list(_WORD.finditer(data)), _WORD.findall(choices.pick((data, other)))
    start, end = choices.pick(found).span()
    return data[:start] + choices.pick(new) + data[end:]


def _extreme(choices: Seeded, data: bytes, other: bytes) -> bytes:
    """A number replaced by one at or beyond the ends of the types."""
    found = list(re.finditer(rb"\b\d+(\.\d+)?\b", data))
    if not found:
        return _flip(choices, data, other)
    start, end = choices.pick(found).span()
    numbers = (b"0", b"-1", b"2147483648", b"1 << 63", b"10**400", b"1e999", b"0.0", b"True", b"1j", b"''", b"9" * 400)
    return data[:start] + choices.pick(numbers) + data[end:]


WAYS: Sequence[Callable[[Seeded, bytes, bytes], bytes]] = (
    *(_flip, _delete, _insert, _double, _swap_lines, _drop_line, _take_line),
    *(_exchange, _exchange, _rename, _rename, _rename, _rename, _extreme),
)


def damaged(seed: object) -> bytes:
    """A valid file with one to three damages."""
    choices = Seeded(("damage", seed))
    data = choices.pick(valid_files())
    for _ in range(choices.pick((1, 1, 1, 2, 3))):
        data = choices.pick(WAYS)(choices, data, choices.pick(valid_files())) or b"\n"
    return data


# what becomes of it


@dataclass(frozen=True)
class Outcome:
    """`compiled`, `refused`, or `fault` with what went wrong."""

    kind: str
    reason: str = ""


def outcome(data: bytes, directory: Path) -> Outcome:
    """Compile a file as a build does."""
    file = directory / "damaged.py"
    file.write_bytes(data)
    start = time.perf_counter()
    try:
        source = jobs._read("damage.damaged", file, directory)
        to_llvm_ir(to_ssa(source), TARGET, Options())
        found = Outcome("compiled")
    except CompileErrors as report:
        lost = [str(error) for error in report.errors if error.span is None and "not UTF-8" not in str(error)]
        found = Outcome("fault", f"no place: {lost[0]}") if lost else Outcome("refused")
        str(report)
    except (Exception, RecursionError, MemoryError):
        found = Outcome("fault", traceback.format_exc(limit=-3))
    seconds = time.perf_counter() - start
    return Outcome("fault", f"took {seconds:.1f} s") if seconds > LIMIT else found
