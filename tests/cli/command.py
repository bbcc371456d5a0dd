"""The command line as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def environment(**changes: str) -> dict[str, str]:
    """This process's own, in which the tree is found before what is installed, and nothing asks for colour."""
    paths = os.pathsep.join([str(REPOSITORY), changes.pop("path", "")])
    kept = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "NO_COLOR")}
    return {**kept, "PYTHONPATH": paths, **changes}


def cli(*arguments: str, cwd: Path, status: int = 0, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in `cwd`; it must end with `status`, and never in a traceback."""
    command = [sys.executable, "-m", "oxide_build", *arguments]
    done = subprocess.run(
        command, cwd=cwd, env=environment(**changes), capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done
