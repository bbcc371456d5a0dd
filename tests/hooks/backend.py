"""Projects built hook by hook, each call in a process of its own as every front end does it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyproject_hooks import BuildBackendHookCaller

REPOSITORY = Path(__file__).parents[2]
EPOCH = "1700000000"


class BuildFailed(Exception):
    """A hook's process ended with an error: its exit status and standard error."""

    def __init__(self, status: int, stderr: str) -> None:
        super().__init__(stderr)
        self.status = status
        self.stderr = stderr


@dataclass
class Backend:
    """A project's build backend, `umask` and environment of its processes to be set."""

    root: Path
    name: str = "oxide_build.hooks"
    umask: int = 0o022
    environment: dict[str, str] = field(default_factory=lambda: {"SOURCE_DATE_EPOCH": EPOCH})
    stderr: str = ""

    @property
    def hooks(self) -> BuildBackendHookCaller:
        """The hooks, as front ends call them."""
        return BuildBackendHookCaller(self.root, self.name, runner=self._run)

    def _run(self, command: Sequence[str], cwd: str, extra_environ: Mapping[str, str]) -> None:
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **self.environment, **extra_environ}
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, umask=self.umask
        )
        self.stderr = done.stderr
        if done.returncode:
            raise BuildFailed(done.returncode, done.stderr)

    def build(self, kind: str, out: Path, **settings: object) -> Path:
        """What `build_<kind>` puts into `out`, under these `-C` settings."""
        out.mkdir(parents=True, exist_ok=True)
        return out / getattr(self.hooks, f"build_{kind}")(str(out), settings)
