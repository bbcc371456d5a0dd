"""Builds killed at random moments leave nothing that the next one does not heal.

`benchmarks/interruptions.py` does the same some hundred times.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "interruptions.py"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds a build's processes as Linux tells of them")
def test_the_build_after_a_killed_one_succeeds_with_the_same_bytes(tmp_path: Path) -> None:
    count = int(os.environ.get("OXIDE_TEST_INTERRUPTIONS", "8"))
    out = tmp_path / "interruptions.json"
    command = [sys.executable, str(SCRIPT), "--count", str(count), "--seed", str(os.getpid()), "--out", str(out)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(out.read_text(encoding="utf-8"))
    assert report["wrong"] == []
    assert report["killed"].get("the build", 0) + report["killed"].get("a worker", 0) == count
