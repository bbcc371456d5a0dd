"""Shell completion, asked as each shell's script asks for it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build.cli import COMMANDS
from oxide_build.pipeline import Stage
from oxide_build.resources import Figure
from tests.cli.command import cli, environment

Sample = Callable[[str], Path]
Ask = Callable[[str, Path], "list[str]"]
KERNEL_FILE = "src/plain/kernels/vector.py"


def ask_bash(line: str, cwd: Path) -> list[str]:
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_OXIDE_BUILD_COMPLETE": "complete_bash"}
    return cli(cwd=cwd, **asked).stdout.split()


def ask_zsh(line: str, cwd: Path) -> list[str]:
    text = cli(cwd=cwd, _TYPER_COMPLETE_ARGS=line, _OXIDE_BUILD_COMPLETE="complete_zsh").stdout
    return [word.replace("\\\\:", ":") for word in re.findall(r'(?:^|\(\()"([^"]+)"', text, re.MULTILINE)]


def ask_fish(line: str, cwd: Path) -> list[str]:
    asked = {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    lines = cli(cwd=cwd, **asked, _OXIDE_BUILD_COMPLETE="complete_fish").stdout.splitlines()
    return [line.partition("\t")[0] for line in lines if line]


SHELLS = {"bash": ask_bash, "zsh": ask_zsh, "fish": ask_fish}


@pytest.mark.parametrize("ask", SHELLS.values(), ids=SHELLS)
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("oxide-build re", ["report"]),
        ("oxide-build inspect --target sm_9", ["sm_90", "sm_90a"]),
        (f"oxide-build inspect {KERNEL_FILE} --stage ", [stage.value for stage in Stage]),
        (f"oxide-build inspect {KERNEL_FILE} --kernel ", ["saxpy", "scale"]),
        (f"oxide-build inspect {KERNEL_FILE} --kernel sc", ["scale"]),
        ("oxide-build inspect none.py --kernel ", []),
        ("oxide-build report --figure s", [figure.value for figure in Figure if figure.value.startswith("s")]),
    ],
)
def test_words(sample: Sample, ask: Ask, line: str, words: list[str]) -> None:
    assert ask(line, sample("plain")) == words


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_kernel_behind_its_file(sample: Sample, shell: str) -> None:
    """bash takes a colon for the end of a word, so there it is the option."""
    assert SHELLS[shell](f"oxide-build inspect {KERNEL_FILE}:sa", sample("plain")) == [f"{KERNEL_FILE}:saxpy"]


@pytest.mark.parametrize("ask", SHELLS.values(), ids=SHELLS)
def test_every_command(ask: Ask, tmp_path: Path) -> None:
    assert ask("oxide-build ", tmp_path) == list(COMMANDS)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_for_every_shell(tmp_path: Path, shell: str) -> None:
    script = cli("--show-completion", shell, cwd=tmp_path, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1").stdout
    assert "_OXIDE_BUILD_COMPLETE=complete_" + shell in script


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_itself_completes(sample: Sample, tmp_path: Path) -> None:
    root = sample("plain")
    script = cli("--show-completion", "bash", cwd=root, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1").stdout
    command = tmp_path / "bin/oxide-build"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m oxide_build "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    ask = "COMP_WORDS=(oxide-build inspect --stage l); COMP_CWORD=3; _oxide_build_completion oxide-build"
    program = f'PATH={shlex.quote(str(command.parent))}:$PATH\n{script}\n{ask}; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(
        ["bash", "-c", program], cwd=root, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "llvm ll\n"
