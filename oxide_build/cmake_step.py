"""The kernel step of a CMake build: what `oxide_add_kernels` of cmake/OxideBuild.cmake runs.

    python -m oxide_build.cmake_step plan …       when CMake configures: the modules, and a job file for each
    python -m oxide_build.cmake_step compile …    when it builds: one module's `_oxide/`, and a depfile

In: the arguments of `oxide_add_kernels`. Out: files in CMake's build directory. Its own room because CMake wants to
know what there is before anything is compiled, and each module by a command of its own. It is no command of
`oxide-build` since a build environment has no use for what a terminal needs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from oxide_build import build, project, sbom
from oxide_build.config import PREFIX, Config, Pyproject, Settings, parse_config, read_file, written
from oxide_build.discovery import PackageDir
from oxide_build.errors import ConfigError, ConfigErrors
from oxide_build.front_ends import OF_ARCHIVES, SERVING, check_served
from oxide_build.manifest import DIRECTORY
from oxide_build.report import HEADLINE, reported

_HERE = Path(__file__).parent


def directory() -> Path:
    """Where `OxideBuildConfig.cmake` is."""
    return _HERE / "cmake"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one of the commands above. A mistake is SystemExit with its report."""
    chosen = vars(_parser().parse_args(arguments))
    with reported(HEADLINE):
        chosen.pop("run")(**chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="oxide_build.cmake_step", description="Called by oxide_add_kernels.")
    commands = parser.add_subparsers(required=True)
    planning = commands.add_parser("plan")
    planning.set_defaults(run=plan)
    planning.add_argument("--root", type=Path, required=True)
    planning.add_argument("--out", type=Path, required=True)
    planning.add_argument("--module", dest="modules", action="append", default=[])
    planning.add_argument("--package", default="")
    planning.add_argument("--source", dest="sources", type=Path, action="append", default=[])
    planning.add_argument("--setting", dest="settings", action="append", default=[])
    planning.add_argument("--wheel", nargs=2, metavar=("NAME", "VERSION"))
    compiling = commands.add_parser("compile")
    compiling.set_defaults(run=compile)
    compiling.add_argument("job", type=Path)
    compiling.add_argument("--out", type=Path, required=True)
    compiling.add_argument("--depfile", type=Path, required=True)
    return parser


def plan(
    root: Path,
    out: Path,
    modules: Sequence[str],
    package: str,
    sources: Sequence[Path],
    settings: Sequence[str],
    wheel: tuple[str, str] | None,
) -> None:
    """Write `<module>.json` into `out` for each module, where it says something new.

    Prints `module <name>` for each, `watch <file>` for what may change which there are, `sbom <file>` for the one that
    the metadata of `wheel` is to have, and `always` where each build must ask whether the source is of another commit.
    Raises ConfigErrors.
    """
    package_dir = _package_dir(root, package, sources)
    named = [*modules, *(f"{package}.{source.stem}" for source in sources)]
    given = {f"{PREFIX}{name}": value for name, _, value in (setting.partition("=") for setting in settings)}
    file = read_file(root) if (root / "pyproject.toml").is_file() else Pyproject()
    table = _table(file)
    if named:
        table.setdefault("kernels", named)
    config = _narrowed(parse_config(table, given, file=file), named, root, package_dir)
    if file.data.get("build-system", {}).get("build-backend") not in SERVING:
        check_served(config, "CMake", {"sdist_artifacts"} if wheel else OF_ARCHIVES)
    jobs = build.plan(config, root, package_dir)
    heard = {name: origin for name, origin in config.origins.items() if not origin.startswith("-C ")}  # not our caller
    for note in build.notes(replace(config, origins=heard), jobs):
        build.log_to_stderr(f"[oxide] {note}")
    out.mkdir(parents=True, exist_ok=True)
    for job in jobs:
        # CMake runs as many of these at once as there are cores.
        whole = {"kernels": [job.source.module], "jobs": 1, "provenance": config.provenance}
        table = {**whole, **_as_table(job.settings)}
        _write_if_new(
            out / f"{job.source.module}.json", {"root": str(root), "package-dir": package_dir, "oxide": table}
        )
        print("module", job.source.module)
    if config.provenance:
        print("always")
    if config.sbom and wheel:
        document = out / sbom.FILE
        document.parent.mkdir(exist_ok=True)
        document.write_bytes(sbom.describe(*wheel, project.tools(jobs, root)))
        print("sbom", document.as_posix())
    for path in _watched(config, jobs, root):
        print("watch", path.as_posix())


def compile(job: Path, out: Path, depfile: Path) -> None:
    """Compile the module of a job file into `out`; `depfile` gets what its images depend on. Raises CompileErrors."""
    said = json.loads(job.read_text(encoding="utf-8"))
    config, root = parse_config(said["oxide"], environment={}), Path(said["root"])
    (planned,) = build.plan(config, root, said["package-dir"])
    build.write(project.make(config, [planned], root), lambda one: out)
    manifest = out / DIRECTORY / f"{planned.name}.json"
    manifest.touch()  # it stays when it says the same, and is up to date all the same
    read = [planned.file, *(Path(root, source.path) for source in planned.imports), _HERE / "__init__.py"]
    text = f"{_escaped(manifest)}: {' '.join(_escaped(path.resolve()) for path in read)}\n"
    depfile.write_text(text, encoding="utf-8")


def _table(file: Pyproject) -> dict[str, Any]:
    """The project's `[tool.oxide]`; a project that CMake alone builds may do without."""
    return dict(file.data.get("tool", {}).get("oxide", {}))


def _package_dir(root: Path, package: str, sources: Sequence[Path]) -> PackageDir | None:
    """Where the sources say that the package is, and the packages around it where directories are named alike."""
    places = {source.parent for source in sources}
    if len(places) > 1:
        found = ", ".join(sorted(place.as_posix() for place in places))
        raise ConfigErrors([ConfigError("SOURCES", f"found files in {found}, needed those of one package")])
    if not places:
        return None
    place = places.pop()
    parts = package.split(".")
    inside = place.parts[-len(parts) :] == tuple(parts)
    base = Path(*place.parts[: -len(parts)]) if inside else root
    return {package: str(place), "": str(base)}


def _narrowed(config: Config, named: Sequence[str], root: Path, package_dir: PackageDir | None) -> Config:
    """The configuration of only the modules named, if any are: overrides of the project's others do not count."""
    if not named:
        return config
    only = replace(config, kernels=tuple(named), overrides=())
    modules = [job.source.module for job in build.plan(only, root, package_dir)]
    return replace(only, overrides=tuple(one for one in config.overrides if any(map(one.applies_to, modules))))


def _as_table(settings: Settings) -> Mapping[str, object]:
    """Settings as `[tool.oxide]` writes them."""
    return {key.name.replace("_", "-"): written(getattr(settings, key.name)) for key in fields(Settings)}


def _watched(config: Config, jobs: Sequence[build.Job], root: Path) -> Iterator[Path]:
    """Files whose change may give other modules or settings: the configuration, and what a `.*` passed by."""
    if (root / "pyproject.toml").is_file():
        yield root / "pyproject.toml"
    kernels = {job.file for job in jobs}
    for place in sorted({job.file.parent for job in jobs if f"{job.package}.*" in config.kernels}):
        yield place
        yield from sorted(file for file in place.glob("*.py") if file not in kernels)


def _write_if_new(path: Path, said: Mapping[str, object]) -> None:
    """A file that says the same keeps its time, so that nothing is compiled again for it."""
    text = json.dumps(said, indent=1, sort_keys=True) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _escaped(path: Path) -> str:
    """A path as make reads it."""
    return path.as_posix().replace("$", "$$").replace("#", "\\#").replace(" ", "\\ ")


if __name__ == "__main__":
    main()
