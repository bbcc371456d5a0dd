"""The compiled helper's source travels with the sdist and never with a wheel, and a checkout without it is whole."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

LAUNCHER = Path("oxide_build", "runtime", "launcher")


def test_the_sdist_has_all_of_the_source(tree: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path), str(tree)]
    subprocess.run(build, check=True, capture_output=True)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        shipped = {Path(*Path(name).parts[1:]) for name in archive.getnames()}
    sources = {file.relative_to(tree) for file in (tree / LAUNCHER).iterdir()}
    assert LAUNCHER / "module.c" in sources
    assert sources <= shipped


def test_the_wheel_has_none_of_it(wheelhouse: Path) -> None:
    (wheel,) = wheelhouse.glob("oxide_build-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "oxide_build/runtime/_launch.pyi" in names
    assert not [name for name in names if name.endswith((".c", ".h"))]


def test_a_checkout_where_it_is_not_built_does_without(tree: Path, tmp_path: Path) -> None:
    built = shutil.ignore_patterns("*.so", "*.pyd")
    shutil.copytree(tree / "oxide_build", tmp_path / "oxide_build", ignore=built, symlinks=True)
    environment = {**os.environ, "OXIDE_PURE_LAUNCH": ""}
    code = "from oxide_build.runtime import native; print(native.__file__, native.compiled())"
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert found.stdout.split() == [str(tmp_path / "oxide_build" / "runtime" / "native.py"), "None"]
