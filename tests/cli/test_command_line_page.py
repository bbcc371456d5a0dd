"""docs/command_line.md is true: its session is run as it stands, and it knows every command and figure."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from oxide_build.cli import COMMANDS
from oxide_build.resources import Figure
from tests.cli.command import REPOSITORY, environment

PAGE = (REPOSITORY / "docs/command_line.md").read_text(encoding="utf-8")
STEP = re.compile(r"^\$ (?P<command>.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)
BLOCKS = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
STEPS = [match.groups() for block in BLOCKS for match in STEP.finditer(block)]
(STRICT,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def pattern(output: str) -> str:
    """The output as a regular expression: a line of `…` alone is any lines, one within a line any text of it."""
    lines = ("(?:.*\n)*?" if line == "…\n" else re.escape(line).replace("…", ".*") for line in output.splitlines(True))
    return "".join(lines)


def run(command: str, cwd: Path, cache: Path) -> str:
    """What a log of both its streams shows."""
    program, *arguments = shlex.split(command)
    words = ["-m", "oxide_build", *arguments] if program == "oxide-build" else arguments
    done = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=environment(path=str(cwd), OXIDE_CACHE_DIR=str(cache)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout


def test_the_session(tmp_path: Path) -> None:
    place = tmp_path
    for command, output in STEPS:
        if command.startswith("cd "):
            place /= command.removeprefix("cd ")
            (place / "strict.toml").write_text(STRICT, encoding="utf-8")
            continue
        shown = run(command, place, tmp_path / "cache")
        assert re.fullmatch(pattern(output), shown), f"{command}\n{shown}"
    assert len(STEPS) > len(COMMANDS)


def test_the_table_of_commands_is_whole_and_each_has_its_section() -> None:
    (table,) = re.findall(r"^\| command \|.*\n\|.*\n((?:\| `.*\n)+)", PAGE, re.MULTILINE)
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(COMMANDS)
    assert [name for name in re.findall(r"^## (\w+)$", PAGE, re.MULTILINE) if name in COMMANDS] == list(COMMANDS)


def test_the_table_of_figures_is_whole() -> None:
    assert re.findall(r"^\| `(\w+)` \| (?:kernel|image) \|", PAGE, re.MULTILINE) == [figure.value for figure in Figure]
