"""Sample projects built and installed by the front ends people use, each in isolation.

oxide-build itself comes from a wheel of this tree; the compiler it asks for comes from wherever the front end is
configured to look. So these tests need an index, and their marker tells them apart.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import cli
from tests.hooks.front_ends import Call, pip, uv

pytestmark = pytest.mark.frontend

Sample = Callable[[str], Path]


BUILDS = {
    "pip": lambda root, out: pip("wheel", "--no-deps", "--wheel-dir", out, root),
    "build": lambda root, out: (sys.executable, "-m", "build", "--outdir", out, root),
    "uv": lambda root, out: uv("build", "--out-dir", out, root),
}


WITHOUT_ISOLATION = {
    "pip": lambda source, out: pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", out, source),
    "build": lambda source, out: (sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", out, source),
    "uv": lambda source, out: uv(
        "build", "--python", sys.executable, "--no-build-isolation", "--wheel", "--out-dir", out, source
    ),
}
PLACES = {
    "here": (0o022, {"TZ": "UTC", "LC_ALL": "C"}),
    "a place/elsewhere": (0o077, {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "7"}),
}


def test_one_tree_is_one_wheel(sample: Sample, call: Call, tmp_path: Path) -> None:
    """Built by pip, build and uv, from the tree and from its sdist, in two places; no time is given."""
    tree = sample("plain")
    wheels, sdists = [], []
    for place, (umask, words) in PLACES.items():
        environment = {"SOURCE_DATE_EPOCH": "", **words}
        root = Path(shutil.copytree(tree, tmp_path / place / "plain", copy_function=shutil.copyfile))
        for path in root.rglob("*.py"):
            path.chmod(0o666 & ~umask)
        out = tmp_path / place / "out"
        call(*sdist_of(root, out / "sdist"), environment=environment, umask=umask)
        (sdist,) = (out / "sdist").iterdir()
        sdists.append(digest(sdist))
        unpacked = out / "unpacked"
        shutil.unpack_archive(sdist, unpacked, filter="data")
        for front_end, command in WITHOUT_ISOLATION.items():
            for name, source in {"tree": root, "sdist": unpacked / "plain-1.0"}.items():
                call(*command(source, out / front_end / name), environment=environment, umask=umask)
                (wheel,) = (out / front_end / name).glob("*.whl")
                wheels.append(digest(wheel))
    assert (len(wheels), len(sdists)) == (12, 2)
    assert (len(set(wheels)), len(set(sdists))) == (1, 1)


def sdist_of(root: Path, out: Path) -> tuple[str | Path, ...]:
    """pip makes no sdists."""
    return (sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", out, root)


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("front_end", WITHOUT_ISOLATION)
def test_a_mistake_is_found_where_requirements_are_not_asked_for(
    sample: Sample, call: Call, tmp_path: Path, front_end: str
) -> None:
    """pip and uv leave `get_requires_*` out where there is no isolation."""
    root = sample("mapped")
    pyproject = root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text(encoding="utf-8").replace('"sm_80"', '"sm_8O"'), encoding="utf-8")
    output = call(*WITHOUT_ISOLATION[front_end](root, tmp_path / "out"), status=1).stdout
    assert "pyproject.toml:19:12: error: [tool.oxide] targets: unknown target 'sm_8O'" in output


def test_a_setting_without_a_value_is_a_report(sample: Sample, call: Call, tmp_path: Path) -> None:
    """build gives "" for it, pip and uv refuse it themselves."""
    command = WITHOUT_ISOLATION["build"](sample("mapped"), tmp_path / "out")
    output = call(*command, "-C", "oxide.targets", status=1).stdout
    assert "-C oxide.targets: no value is given, needed an array of strings" in output


@pytest.mark.parametrize("name", ["plain", "mapped"])
def test_every_front_end_builds_the_same_wheel(sample: Sample, call: Call, tmp_path: Path, name: str) -> None:
    root = sample(name)
    wheels = set()
    for front_end, command in BUILDS.items():
        call(*command(root, tmp_path / front_end))
        (wheel,) = (tmp_path / front_end).glob("*.whl")
        assert wheel.name == f"{name}-1.0-py3-none-any.whl"
        wheels.add(wheel.read_bytes())
    assert len(wheels) == 1
    assert (tmp_path / f"build/{name}-1.0.tar.gz").read_bytes() == (tmp_path / f"uv/{name}-1.0.tar.gz").read_bytes()


@pytest.mark.parametrize("front_end", ["pip", "build", "uv"])
def test_settings_arrive(sample: Sample, call: Call, tmp_path: Path, front_end: str) -> None:
    command = BUILDS[front_end](sample("mapped"), tmp_path / "out")
    call(
        *command,
        "-C",
        "oxide.targets=sm_90",
        "-C",
        "oxide.targets=sm_90a",
        *(["--wheel"] if front_end != "pip" else []),
    )
    (wheel,) = (tmp_path / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        images = [name for name in archive.namelist() if name.endswith(".ptx")]
    assert images == ["mapped/kernels/_oxide/copy.sm_90.ptx", "mapped/kernels/_oxide/copy.sm_90a.ptx"]


IMPORT = """
import sys
from importlib.resources import files
import {package}.kernels.{module}
names = sorted(entry.name for entry in files("{package}.kernels").joinpath("_oxide").iterdir())
print(*(name for name in names if name.endswith(".ptx")))
print(*{{"llvmlite", "setuptools", "numpy", "cuda"}} & {{name.partition(".")[0] for name in sys.modules}})
"""
INSTALLS = {
    "wheel": [],
    "editable": ["--editable"],
    "strict editable": ["--config-settings", "editable_mode=strict", "--editable"],
}


@pytest.mark.parametrize("how", INSTALLS)
@pytest.mark.parametrize(
    ("package", "module", "images"),
    [
        ("plain", "vector", "math_functions.sm_80.ptx vector.sm_75.ptx vector.sm_90.ptx"),
        ("mapped", "copy", "copy.sm_80.ptx"),
    ],
)
def test_installed_kernels_import_where_nothing_else_is(
    sample: Sample, call: Call, fresh: Path, how: str, package: str, module: str, images: str
) -> None:
    call(fresh, "-m", "pip", "install", *INSTALLS[how], sample(package))
    code = IMPORT.format(package=package, module=module)
    assert call(fresh, "-I", "-c", code).stdout == f"{images}\n\n"


@pytest.mark.parametrize("how", [[], ["--editable"]], ids=["wheel", "editable"])
def test_uv_installs(sample: Sample, call: Call, fresh: Path, how: list[str]) -> None:
    call(*uv("pip", "install", "--python", fresh, *how, sample("mapped")))
    code = IMPORT.format(package="mapped", module="copy")
    assert call(fresh, "-I", "-c", code).stdout == "copy.sm_80.ptx\n\n"


EDITED = """
import warnings
import plain.kernels.vector as vector
from oxide_build.errors import StaleKernelWarning
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    shown = str(vector.saxpy)
print("sm_90" in shown, *(issubclass(warning.category, StaleKernelWarning) for warning in caught))
"""


@pytest.mark.parametrize("mode", ["lenient", "strict"])
def test_an_edit_after_an_editable_install_is_noticed(sample: Sample, call: Call, fresh: Path, mode: str) -> None:
    root = sample("plain")
    call(fresh, "-m", "pip", "install", "oxide-build[compiler]")
    editable = ["--config-settings", f"editable_mode={mode}", "--editable"]
    call(fresh, "-m", "pip", "install", "--no-build-isolation", *editable, root)
    assert call(fresh, "-I", "-c", EDITED).stdout == "True\n"
    kernel = root / "src/plain/kernels/vector.py"
    kernel.write_text(kernel.read_text(encoding="utf-8").replace("a * x[i]", "x[i] * a"), encoding="utf-8")
    assert call(fresh, "-I", "-c", EDITED).stdout == "True True\n"
    assert call(fresh, "-I", "-c", EDITED, environment={"OXIDE_REBUILD": "1"}).stdout == "True\n"
    assert call(fresh, "-I", "-c", EDITED).stdout == "True\n"
    in_tree = (root / "src/plain/kernels/_oxide").is_dir()
    assert in_tree is (mode == "lenient")


CACHE_KEYS = '\n[tool.uv]\ncache-keys = [{ file = "pyproject.toml" }, { file = "**/*.py" }]\n'


@pytest.mark.parametrize("keys", [CACHE_KEYS, ""], ids=["keys", "none"])
def test_uv_builds_again_when_its_cache_keys_name_the_kernels(
    sample: Sample, call: Call, tmp_path: Path, keys: str
) -> None:
    root = sample("mapped")
    with (root / "pyproject.toml").open("a", encoding="utf-8") as pyproject:
        pyproject.write(keys)
    manifest = root / "kernels/_oxide/copy.json"
    sync = uv("sync", "--python", sys.executable)
    call(*sync, cwd=root)
    first = manifest.read_bytes()
    call(*sync, cwd=root)
    assert manifest.read_bytes() == first
    kernel = root / "kernels/copy.py"
    kernel.write_text(kernel.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    call(*sync, cwd=root)
    assert (manifest.read_bytes() != first) is bool(keys)


def test_an_sdist_with_images_installs_where_there_is_no_compiler(
    sample: Sample, call: Call, fresh: Path, wheelhouse: Path, tmp_path: Path
) -> None:
    root = sample("plain")
    pyproject = root / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8").replace("[tool.oxide]\n", "[tool.oxide]\nsdist-artifacts = true\n")
    pyproject.write_text(text, encoding="utf-8")
    call(*uv("build", "--sdist", "--out-dir", tmp_path / "dist", root))
    house = tmp_path / "house"
    call(*pip("download", "--no-deps", "--dest", house, "--find-links", wheelhouse, "setuptools", "oxide-build"))
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
    only_these = ["--no-index", "--find-links", house]
    call(fresh, "-m", "pip", "install", *only_these, sdist, environment={"PIP_FIND_LINKS": ""})
    code = IMPORT.format(package="plain", module="vector")
    images = "math_functions.sm_80.ptx vector.sm_75.ptx vector.sm_90.ptx"
    assert call(fresh, "-I", "-c", code).stdout == f"{images}\n\n"


POETRY_SOURCE = '\n[[tool.poetry.source]]\nname = "here"\nurl = "{}"\npriority = "primary"\n'
PDM_SOURCE = '\n[[tool.pdm.source]]\nname = "pypi"\nurl = "{}"\nverify_ssl = false\n'


def tool(*arguments: str | Path, source: str) -> tuple[str | Path, ...]:
    """A front end in an environment of its own."""
    return uv("tool", "run", "--from", source, *arguments)


PDM = "pdm[locked]>=2.26,<3"
POETRY = "poetry>=2.1,<3"
WITH_INDEX = {
    "pdm": (PDM_SOURCE, tool("pdm", "build", source=PDM)),
    "poetry": (POETRY_SOURCE, tool("poetry", "build", source=POETRY)),
}


@pytest.mark.parametrize("front_end", WITH_INDEX)
def test_front_ends_that_take_nothing_but_an_index(
    sample: Sample, call: Call, tmp_path: Path, index: str, front_end: str
) -> None:
    root = sample("mapped")
    source, command = WITH_INDEX[front_end]
    with (root / "pyproject.toml").open("a", encoding="utf-8") as pyproject:
        pyproject.write(source.format(index))
    places = {"POETRY_CACHE_DIR": str(tmp_path / "cache"), "POETRY_VIRTUALENVS_CREATE": "false"}
    call(*command, cwd=root, environment=places)
    call(*uv("build", "--out-dir", tmp_path / "uv", root))
    for kind in ("mapped-1.0-py3-none-any.whl", "mapped-1.0.tar.gz"):
        assert (root / "dist" / kind).read_bytes() == (tmp_path / "uv" / kind).read_bytes()


def test_pdm_installs_editable(sample: Sample, call: Call, fresh: Path, index: str) -> None:
    root = sample("mapped")
    with (root / "pyproject.toml").open("a", encoding="utf-8") as pyproject:
        pyproject.write(PDM_SOURCE.format(index))
    call(*tool("pdm", "use", "--ignore-remembered", fresh, source=PDM), cwd=root)
    call(*tool("pdm", "install", source=PDM), cwd=root)
    code = IMPORT.format(package="mapped", module="copy")
    assert call(fresh, "-I", "-c", code).stdout == "copy.sm_80.ptx\n\n"


def ends_with(output: str, report: list[str]) -> bool:
    """Whether a front end's output ends with a report, but for a few words of its own; some indent what they show."""
    shown = [line.strip() for line in output.splitlines()]
    wanted = [line.strip() for line in report]
    last = len(shown) - 1 - shown[::-1].index(wanted[-1])
    return shown[last - len(wanted) + 1 : last + 1] == wanted and len(shown) - 1 - last <= FRONT_END_WORDS


FRONT_END_WORDS = 10
"""The most lines a front end adds, blank ones included: pip says twice that it was not pip."""


@pytest.mark.parametrize("front_end", ["pip", "build", "uv"])
@pytest.mark.parametrize(
    ("file", "right", "wrong", "report"),
    [
        (
            "pyproject.toml",
            '"sm_80"',
            '"sm_8O"',
            "pyproject.toml:19:12: error: [tool.oxide] targets: unknown target 'sm_8O'",
        ),
        ("kernels/copy.py", "y[i] = x[i]", "x[i] = y[i]", "kernels/copy.py:12:9: error: "),
    ],
    ids=["configuration", "kernel"],
)
def test_mistakes_end_the_build_with_their_report(
    sample: Sample, call: Call, tmp_path: Path, front_end: str, file: str, right: str, wrong: str, report: str
) -> None:
    root = sample("mapped")
    text = (root / file).read_text(encoding="utf-8")
    (root / file).write_text(text.replace(right, wrong), encoding="utf-8")
    wheel = ["--wheel"] if front_end != "pip" else []
    output = call(*BUILDS[front_end](root, tmp_path / "out"), *wheel, status=1).stdout
    assert report in output
    assert "1 error" in output
    expected = cli("build", cwd=root, status=1).stderr.splitlines()
    assert any(line.startswith("  help: ") for line in expected)
    assert ends_with(output, expected), output
    own = output.partition(report)[0].rpartition("oxide-build: the kernels cannot be built")[2]
    assert own.strip() == ""
    assert 'File "' not in output.partition("oxide-build: the kernels cannot be built")[0]
    assert not list(tmp_path.glob("out/*.whl"))
