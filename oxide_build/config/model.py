"""The settings of a project: the only list of the keys of `[tool.oxide]`.

In: nothing. Out: `Config` and `Settings`, whose fields are the keys, and `KEYS`, which says of each how it is read,
what it does and how it is set from outside the file. Its own room because file reader, `-C` and `OXIDE_*` readers, JSON
Schema, documentation and `oxide-build plan` all derive from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal

from oxide_build import readers
from oxide_build.config.pyproject import Pyproject
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import Kind, Target
from oxide_build.readers import Reader

PREFIX = "oxide."
"""What a front end's `-C` settings of ours begin with."""

COMMON = "OXIDE_"
"""What our environment variables begin with."""

DEFAULT = "default"
"""Where a value comes from that nothing sets."""


def _key(read: Reader, about: str, *, default: Any = MISSING, outside: bool = True) -> Any:
    """One key: its reader, what it does, and whether `-C` and the environment may set it."""
    return field(default=default, metadata={"reader": read, "about": about, "outside": outside})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What shapes the images of one module: the keys that `[[tool.oxide.overrides]]` may set."""

    targets: tuple[Target, ...] = _key(readers.targets, "the GPU generations that get an image")
    emit: tuple[Kind, ...] = _key(
        readers.image_kinds,
        'the kinds of images made for each target: "ptx", which the driver compiles, and "cubin", machine code',
        default=("ptx",),
    )
    opt_level: int = _key(readers.integer(0, 3), "how hard LLVM optimises", default=Options.opt_level)
    fp_contract: bool = _key(
        readers.boolean, "let a multiply and an add become one fused operation", default=Options.fp_contract
    )
    fast_math: bool = _key(
        readers.boolean,
        "approximate division, roots and transcendental functions, and flush subnormals",
        default=Options.fast_math,
    )
    line_info: bool = _key(
        readers.boolean, "keep source lines in the images, for profilers and sanitizers", default=Options.line_info
    )
    bounds_checks: bool = _key(readers.boolean, "check indices and divisors on the GPU", default=Options.bounds_checks)
    on_unsupported_target: Literal["error", "skip"] = _key(
        readers.choice("error", "skip"),
        "what to do about a target that lacks what a kernel uses; what is skipped is on record in the manifest",
        default="error",
    )
    warnings: Literal["show", "error", "ignore"] = _key(
        readers.choice("show", "error", "ignore"), "what to do about the compiler's warnings", default="show"
    )

    @property
    def options(self) -> Options:
        """The part of the settings that the compiler knows."""
        return Options(**{option.name: getattr(self, option.name) for option in fields(Options)})

    @property
    def images(self) -> tuple[tuple[Target, Kind], ...]:
        """Each image to make, as target and kind: those its own spelling names, else those of `emit`."""
        return tuple((target, kind) for target in self.targets for kind in self.kinds_of(target))

    def kinds_of(self, target: Target) -> tuple[Kind, ...]:
        """The kinds of images to make for one of the targets."""
        return target.kinds or self.emit


@dataclass(frozen=True)
class Override:
    """One `[[tool.oxide.overrides]]`: names of modules (or `package.*`) and the fields of `Settings` it replaces.

    `origin` is how reports name it.
    """

    modules: tuple[str, ...]
    values: Mapping[str, Any]
    origin: str

    def applies_to(self, module: str) -> bool:
        """Whether the module of that full name is meant."""
        return not {module, module.rpartition(".")[0] + ".*"}.isdisjoint(self.modules)


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """A project's whole `[tool.oxide]`.

    `forced` holds by field name what environment and front end set, which wins over any override. `origins` says by
    field name where each value of the whole project comes from: `default`, `pyproject.toml`, `OXIDE_TARGETS`,
    `-C oxide.targets`. `verbose` is `OXIDE_VERBOSE`; `notes` are what reading found odd, but not wrong. `file` is where
    the table is written, for reports of what turns out wrong later.
    """

    kernels: tuple[str, ...] = _key(
        readers.modules,
        "the kernel modules, named as Python imports them; a trailing `.*` takes each of a package that has kernels",
        outside=False,
    )
    jobs: int = _key(readers.integer(0), "worker processes; 0 is one a core", default=0)
    sdist_artifacts: bool = _key(
        readers.boolean, "put the images into the sdist too, so that it installs without the compiler", default=False
    )
    provenance: bool = _key(
        readers.boolean, "record in the manifest the source's commit and whether it was changed since", default=False
    )
    sbom: bool = _key(
        readers.boolean, "put a CycloneDX bill of materials of the compiler into the wheel", default=False
    )
    overrides: tuple[Override, ...] = ()
    forced: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    verbose: bool = False
    notes: tuple[str, ...] = ()
    file: Pyproject = field(default_factory=Pyproject, repr=False, compare=False)

    def settings(self, module: str) -> Settings:
        """What holds for the kernel module of that name once the overrides are applied."""
        values = {name: getattr(self, name) for name in PER_MODULE}
        for override in self._overrides_of(module):
            values.update(override.values)
        values.update({name: value for name, value in self.forced.items() if name in values})
        return Settings(**values)

    def origins_of(self, module: str) -> Mapping[str, str]:
        """By field name, where each of the module's settings comes from: as `origins`, or an override."""
        origins = {name: self.origins.get(name, DEFAULT) for name in PER_MODULE}
        for override in self._overrides_of(module):
            origins.update({name: override.origin for name in override.values if name not in self.forced})
        return origins

    def _overrides_of(self, module: str) -> Iterator[Override]:
        return (override for override in self.overrides if override.applies_to(module))


@dataclass(frozen=True)
class Key:
    """One key of `[tool.oxide]`: `name` is TOML's, `field` the dataclasses'; a required one has no `default`."""

    name: str
    field: str
    reader: Reader
    about: str
    default: object
    outside: bool

    @property
    def required(self) -> bool:
        """Whether a build needs it to be set."""
        return self.default is MISSING

    @property
    def per_module(self) -> bool:
        """Whether `[[tool.oxide.overrides]]` may set it."""
        return self.field in PER_MODULE

    @property
    def setting(self) -> str:
        """Its name after a front end's `-C`."""
        return PREFIX + self.name

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return COMMON + self.field.upper()


def _keys() -> Iterator[Key]:
    described: list[Field[Any]] = [one for one in fields(Config) if one.metadata]
    # The two that every project writes come first, as its author writes them.
    for one in sorted(
        described, key=lambda one: ("kernels", "targets").index(one.name) if one.default is MISSING else 2
    ):
        yield Key(one.name.replace("_", "-"), one.name, default=one.default, **one.metadata)


PER_MODULE = tuple(one.name for one in fields(Settings))
KEYS: Mapping[str, Key] = MappingProxyType({key.name: key for key in _keys()})
"""Every key by its name in TOML."""

VARIABLES: Mapping[str, str] = {
    "OXIDE_VERBOSE": "say of each module, before the build, what holds for it",
    "OXIDE_CACHE_DIR": "where compiled images are kept from one build to the next",
    "OXIDE_LIBDEVICE": "NVIDIA's library of math functions, `libdevice.10.bc`, where no wheel of it is installed",
    "OXIDE_REBUILD": "compile an editable install's kernels again when their source has changed",
    "OXIDE_FORCE_TARGET": "the image to launch, whatever the GPU",
    "OXIDE_PURE_LAUNCH": "launch without the helper written in C",
    "OXIDE_SIM_CHECKS": "0 switches the simulator's search for races off",
}
"""The environment variables that stand for no key, and what each does."""


def written(value: Any) -> Any:
    """A setting's value as TOML or JSON writes it."""
    if isinstance(value, tuple):
        return [written(one) for one in value]
    return value.spelling if isinstance(value, Target) else value
