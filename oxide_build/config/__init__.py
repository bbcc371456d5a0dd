"""`[tool.oxide]`: which modules to compile, for which GPUs, and how.

In: pyproject.toml, the `OXIDE_*` environment variables and a front end's `-C oxide.*`. Out: one frozen `Config`, which
knows of every value where it comes from, or one report of every mistake in all three. Its own room because every door
of the build (hooks, setuptools step, command line) must read a project alike.

    model.py     the settings: names, defaults, readers, documentation
    pyproject.py the file, and the places in it that reports show
    places.py    where a TOML text has its keys and values
    table.py     `[tool.oxide]` and its overrides
    outside.py   environment and front end
    sources.py   all of them made one `Config`
    schema.py    the model as JSON Schema, for editors and validate-pyproject

Precedence: `-C` over environment over `[[tool.oxide.overrides]]` over `[tool.oxide]` over the default.
"""

from oxide_build.config.model import KEYS, PREFIX, Config, Key, Override, Settings, written
from oxide_build.config.outside import settings_of
from oxide_build.config.pyproject import Pyproject, read_file, read_pyproject
from oxide_build.config.sources import load_config, parse_config

__all__ = [
    "KEYS",
    "PREFIX",
    "Config",
    "Key",
    "Override",
    "Pyproject",
    "Settings",
    "load_config",
    "parse_config",
    "read_file",
    "read_pyproject",
    "settings_of",
    "written",
]
