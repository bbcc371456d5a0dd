"""The command line as a process: wrong usage, readers that leave, a system that refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build.cli import COMMANDS
from tests.cli.command import cli, environment

Sample = Callable[[str], Path]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["biuld"], "No such command 'biuld'"),
        (["--colour"], "No such option: --colour"),
        (["build", "--target", "sm_90"], "No such option: --target"),
        (["inspect"], "Missing argument 'FILE[:KERNEL]'"),
        (["inspect", "a.py", "--stage", "sass"], "'sass' is not one of 'ast', 'mir', 'ssa', 'llvm', 'll', 'ptx'"),
        (["explain"], "Missing argument 'PACKAGE'"),
        (["new"], "Missing argument 'NAME'"),
        (["report", "--figure", "weight"], "'weight' is not one of 'registers', 'spills'"),
        (["report", "--package", "a", "--wheel", "b"], "--package and --wheel are two places: name one"),
        (["targets", "sm_90"], "unexpected extra argument"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = cli(*arguments, cwd=tmp_path, status=2)
    assert words in done.stderr
    assert done.stderr.startswith("Usage: oxide-build")
    assert done.stdout == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command(tmp_path: Path, command: str) -> None:
    text = cli(command, "-h", cwd=tmp_path).stdout
    assert text == cli(command, "--help", cwd=tmp_path).stdout
    assert f"Usage: oxide-build {command}" in text


def process(*arguments: str, cwd: Path, **streams: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "oxide_build", *arguments]
    return subprocess.Popen(command, cwd=cwd, env=environment(), stderr=subprocess.PIPE, text=True, **streams)


@pytest.mark.parametrize("arguments", [["targets"], ["inspect", "src/plain/kernels/vector.py", "--stage", "mir"]])
def test_a_reader_that_has_left_is_no_error_to_speak_of(sample: Sample, arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    running = process(*arguments, cwd=sample("plain"), stdout=writing)
    os.close(writing)
    _, errors = running.communicate(timeout=60)
    assert (running.returncode, errors) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this platform has no device that is always full")
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        running = process("targets", cwd=tmp_path, stdout=full.fileno())
        _, errors = running.communicate(timeout=60)
    assert (running.returncode, errors) == (1, "oxide-build: [Errno 28] No space left on device\n")


def test_a_tree_that_cannot_be_written_is_one_line(sample: Sample) -> None:
    root = sample("mapped")
    (root / "kernels/_oxide").touch()
    done = cli("build", cwd=root, status=1)
    assert done.stderr.splitlines()[-1] == "oxide-build: [Errno 17] File exists: 'kernels/_oxide'"


def test_the_script_is_the_module(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("oxide-build")
    if not script.exists():
        pytest.skip("oxide-build is not installed here, only found in its tree")
    done = subprocess.run([str(script), "--version"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == cli("--version", cwd=tmp_path).stdout
