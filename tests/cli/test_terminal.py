"""What a terminal sees, through a pseudo-terminal, and what a pipe does: bars and colour there, plain lines here."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.command import cli, environment

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals on this platform")

Sample = Callable[[str], Path]
COLOUR = re.compile(r"\x1b\[[0-9;]*3\d[0-9;]*m")
CONTROL = "\x1b["
MISTAKE = "kernels/copy.py:12:9: error: `x` is a Slice[f32], which cannot be written"


class Seen(NamedTuple):
    """What a terminal was sent, and the exit status."""

    text: str
    status: int


def on_terminal(*arguments: str, cwd: Path, until: str | None = None, **changes: str) -> Seen:
    """Run the command line on a terminal of its own; Ctrl-C is pressed once it has written `until`."""
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # which whatever started the tests may have switched off
        os.chdir(cwd)
        command = [sys.executable, "-m", "oxide_build", *arguments]
        os.execvpe(command[0], command, environment(**{"TERM": "xterm", **changes}))
    seen = b""
    deadline = time.monotonic() + 120
    while chunk := _read(terminal, deadline):
        seen += chunk
        if until is not None and until.encode() in seen:
            os.write(terminal, b"\x03")
            until = None
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return Seen(seen.decode(), os.waitstatus_to_exitcode(status))


def _read(terminal: int, deadline: float) -> bytes:
    """What comes next; nothing once the process has left, which Linux calls an error."""
    if not select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
        raise TimeoutError
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def spoil(root: Path) -> Path:
    kernel = root / "kernels/copy.py"
    kernel.write_text(kernel.read_text(encoding="utf-8").replace("y[i] = x[i]", "x[i] = y[i]"), encoding="utf-8")
    return root


def test_a_build_shows_a_bar_in_colour_and_leaves_only_the_summary(sample: Sample) -> None:
    seen = on_terminal("build", cwd=sample("plain"))
    assert seen.status == 0
    assert re.search(r"5/5|3/3", seen.text)
    assert "━" in seen.text
    assert COLOUR.search(seen.text)
    left = seen.text.rpartition("\x1b[2K")[2]
    assert "[oxide] 3 images of 2 kernel modules" in left
    assert "[oxide 1/" not in seen.text


@pytest.mark.parametrize(
    ("change", "bars", "colour"),
    [({"NO_COLOR": "1"}, True, False), ({"TERM": "dumb"}, False, False)],
    ids=["NO_COLOR", "TERM=dumb"],
)
def test_a_terminal_without_colour(sample: Sample, change: dict[str, str], bars: bool, colour: bool) -> None:
    seen = on_terminal("build", cwd=sample("mapped"), **change)
    assert ("━" in seen.text) == bars
    assert bool(COLOUR.search(seen.text)) == colour
    assert ("[oxide 1/1] copy -> sm_80" in seen.text) != bars


def test_a_pipe_gets_plain_lines(sample: Sample) -> None:
    done = cli("build", cwd=sample("mapped"))
    assert CONTROL not in done.stdout + done.stderr
    first, second = done.stderr.splitlines()
    assert re.fullmatch(r"\[oxide 1/1\] copy -> sm_80  \d+\.\d\d s  \d+\.\d kB", first)
    assert re.fullmatch(r"\[oxide\] 1 image of 1 kernel module, \d+\.\d kB in all, \d+\.\d\d s", second)


def test_a_mistake_is_in_colour_on_a_terminal_only(sample: Sample) -> None:
    root = spoil(sample("mapped"))
    plain = cli("build", cwd=root, status=1).stderr
    assert plain.startswith(f"{MISTAKE}\n")
    seen = on_terminal("build", cwd=root)
    assert seen.status == 1
    assert "\x1b[1;31merror\x1b[0m: " in seen.text
    words = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.text).replace("\r", "")
    assert words.endswith(plain)


def test_colour_can_be_forced_into_a_pipe_and_bars_cannot(sample: Sample) -> None:
    done = cli("build", cwd=sample("mapped"), FORCE_COLOR="1")
    assert "[oxide 1/1] copy" in done.stderr
    failed = cli("build", cwd=spoil(sample("plain").parent / "mapped"), status=1, FORCE_COLOR="1")
    assert COLOUR.search(failed.stderr)


def test_a_table_is_drawn_on_a_terminal(sample: Sample, tmp_path: Path) -> None:
    assert "─" in on_terminal("targets", cwd=tmp_path).text
    assert "─" not in cli("targets", cwd=tmp_path).stdout


@pytest.mark.parametrize("moment", ["reading kernels", " -> sm_"])
def test_ctrl_c_ends_a_build_quietly(sample: Sample, moment: str) -> None:
    root = sample("plain")
    many = ", ".join(f'"{target}"' for target in ("sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"))
    project = root / "pyproject.toml"
    project.write_text(project.read_text(encoding="utf-8").replace('"sm_75", "sm_90"', many), encoding="utf-8")
    seen = on_terminal("build", cwd=root, until=moment)
    assert seen.status == 130
    assert "Traceback" not in seen.text
    assert "error" not in seen.text
    assert not list(root.rglob("_oxide"))
