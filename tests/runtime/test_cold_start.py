"""What a first launch imports beyond the driver's binding: our own modules, and little else, in fresh processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MOST_OF_THE_BINDING = 0.4
"""The processor time our imports may take, of what importing `cuda.bindings.driver` takes; it was 0.1 when written."""

RUNS = 5

pytest.importorskip("cuda.bindings.driver")

SCRIPT = """
import json, sys, time
started = time.process_time()
import cuda.bindings.driver
bound, before = time.process_time(), set(sys.modules)
import oxide_build.runtime
done = time.process_time()
from oxide_build.runtime import loader
loader.module("shipped.vector").read(loader.module("shipped.vector").manifest.artifacts[0])
print(json.dumps([bound - started, done - bound, sorted(set(sys.modules) - before)]))
"""


def measured(shipped: Path) -> Any:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(shipped.parents[1])])
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_a_first_launch_imports_little_but_our_own(shipped: Path) -> None:
    names = {name for name in measured(shipped)[2] if not name.startswith(("oxide_build", "shipped"))}
    assert names <= {"_sha2", "_sha256"}, sorted(names)


def test_our_imports_take_less_than_the_bindings(shipped: Path) -> None:
    measured(shipped)  # writes the byte code
    runs = [measured(shipped) for _ in range(RUNS)]
    binding, ours = (min(run[place] for run in runs) for place in (0, 1))
    assert ours < MOST_OF_THE_BINDING * binding, f"{ours * 1000:.1f} ms beside {binding * 1000:.1f} ms of the binding"
