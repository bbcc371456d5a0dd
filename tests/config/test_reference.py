"""docs/configuration.md and its schema say what the model says; `pytest --update-golden` writes both anew."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oxide_build.cli.plan import lines
from oxide_build.config import KEYS, Pyproject, load_config, parse_config, settings_of, written
from oxide_build.config.model import VARIABLES
from oxide_build.config.pyproject import oxide_table
from oxide_build.config.schema import get_schema
from oxide_build.dry_run import describe
from oxide_build.errors import ConfigErrors
from oxide_build.jobs import plan
from oxide_build.pipeline.targets import WORDS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "configuration.md"
SAMPLE = Path(__file__).parents[1] / "packages/plain"


def table(heads: str, rows: Iterator[tuple[str, ...]]) -> str:
    rule = " | ".join("---" for _ in heads.split(" | "))
    return "\n".join(f"| {row} |" for row in [heads, rule, *map(" | ".join, rows)])


def keys() -> Iterator[tuple[str, ...]]:
    for key in KEYS.values():
        default = "required" if key.required else f"`{json.dumps(written(key.default))}`"
        where = "project, override" if key.per_module else "project"
        yield f"`{key.name}`", key.reader.takes, default, where, key.about


def outside() -> Iterator[tuple[str, ...]]:
    for key in KEYS.values():
        if key.outside:
            yield f"`{key.name}`", f"`-C {key.setting}=…`", f"`{key.variable}`"


def variables() -> Iterator[tuple[str, ...]]:
    return ((f"`{name}`", about) for name, about in VARIABLES.items())


def planned() -> str:
    config = load_config(SAMPLE, {"oxide.fast-math": "true"}, {"OXIDE_TARGETS": "80;90"})
    text = "\n".join(lines(describe(config, plan(config, SAMPLE), SAMPLE)))
    return f"```console\n$ OXIDE_TARGETS='80;90' oxide-build plan -C oxide.fast-math=true\n{text}\n```"


def mistakes() -> str:
    """A wrong project, what is wrong around it, and the one report."""
    case = Path(__file__).parents[1] / "errors/config/misspelt_in_three_places.toml"
    setting, variable, text = case.read_text(encoding="utf-8").replace("# ", "").split("\n", 2)
    file = Pyproject(text, tomllib.loads(text))
    with pytest.raises(ConfigErrors) as raised:
        parse_config(oxide_table(file), settings_of([setting.removeprefix("-C ")]), dict([variable.split("=")]), file)
    return f"```toml\n{text}```\n\n```console\n$ {variable} oxide-build plan {setting}\n{raised.value}\n```"


PARTS = {
    "mistakes": mistakes,
    "keys": lambda: table("key | takes | default | set in | what it does", keys()),
    "outside": lambda: table("key | setting | variable", outside()),
    "variables": lambda: table("variable | what it does", variables()),
    "plan": planned,
    **{word: lambda word=word: ", ".join(f"`{target}`" for target in WORDS[word]) for word in WORDS},
}


@pytest.mark.parametrize("part", PARTS)
def test_the_page_says_what_the_model_says(part: str, update_golden: bool) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(rf"<!-- {part} -->(.*?)<!-- /{part} -->", page, re.DOTALL)
    generated = PARTS[part]()
    generated = f"\n{generated}\n" if "\n" in generated else generated
    if update_golden:
        PAGE.write_text(page.replace(f"<!-- {part} -->{found}<", f"<!-- {part} -->{generated}<"), encoding="utf-8")
        (found,) = (generated,)
    assert found == generated


def test_the_schema_in_the_docs_is_the_models(update_golden: bool) -> None:
    file = DOCS / "configuration.schema.json"
    text = json.dumps(get_schema(), indent=2) + "\n"
    if update_golden:
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


def test_every_key_says_what_it_does() -> None:
    assert all(key.about and not key.about.endswith(".") for key in KEYS.values())
