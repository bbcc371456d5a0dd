"""The model as JSON Schema, draft 7: what an editor or validate-pyproject can know of `[tool.oxide]`.

In: the model. Out: a schema as a dictionary. Its own room because it serves tools outside the build, which never reads
it: a schema cannot say what to write instead.
"""

from __future__ import annotations

from typing import Any

from oxide_build.config.model import KEYS, Key, written
from oxide_build.readers import one_or_more_modules

ID = "urn:oxide-build:tool.oxide"


def get_schema(tool_name: str = "oxide") -> dict[str, Any]:
    """The schema of `[tool.oxide]`, as `validate_pyproject.tool_schema` asks for it.

    `targets` is not required: the environment or a front end may set it.
    """
    properties = {key.name: _property(key) for key in KEYS.values()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ID,
        "title": f"[tool.{tool_name}]: GPU kernels to compile into the wheel",
        "type": "object",
        "properties": {**properties, "overrides": {"type": "array", "items": _override()}},
        "required": [key.name for key in KEYS.values() if key.required and not key.outside],
        "additionalProperties": False,
    }


def _override() -> dict[str, Any]:
    module = {"description": "the kernel modules meant, or `package.*`", **one_or_more_modules.schema}
    settable = {key.name: _property(key) for key in KEYS.values() if key.per_module}
    return {
        "description": "settings of some kernel modules; of several for one module the last wins",
        "type": "object",
        "properties": {"module": module, **settable},
        "required": ["module"],
        "minProperties": 2,
        "additionalProperties": False,
    }


def _property(key: Key) -> dict[str, Any]:
    default = {} if key.required else {"default": written(key.default)}
    return {"description": key.about, **key.reader.schema, **default}
