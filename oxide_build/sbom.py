"""The software bill of materials of a wheel's kernels, as PEP 770 wants it.

In: the project's name and version, and the versions of what its images were made with. Out: a CycloneDX document as
JSON, for `.dist-info/sboms/`. Its own room because it is one format; it is short enough to be written as it stands,
and a library for it would be one more thing that a build needs.

Equal inputs give equal bytes: the serial number is a digest of the rest, and the time is that of `SOURCE_DATE_EPOCH`
or left out.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from oxide_build.archives import NO_DATE, source_date

FILE = "sboms/oxide-build.cdx.json"
"""The document's place in `.dist-info`."""

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"

_KNOWN: Mapping[str, tuple[str, str, str]] = {
    "oxide-build": ("application", "pkg:pypi/oxide-build@{}", "Compiles kernels written in Python"),
    "llvmlite": ("library", "pkg:pypi/llvmlite@{}", "Python's binding to LLVM, with LLVM in it"),
    "llvm": ("library", "pkg:generic/llvm@{}", "Generates the PTX"),
    "ptxas": ("application", "pkg:pypi/nvidia-cuda-nvcc@{}", "Assembles the cubins"),
    "libdevice": ("library", "pkg:pypi/nvidia-nvvm@{}", "NVIDIA's mathematical functions, compiled into the images"),
}
"""What each tool of a build is: kind, package URL, description."""

_COMPILED_IN = frozenset({"libdevice"})
"""What is in the images; the others only make them."""


def describe(name: str, version: str, tools: Mapping[str, str]) -> bytes:
    """The document for the wheel of that project. `tools` maps tools to versions, as `project.tools` gives them."""
    own = f"pkg:pypi/{name}@{version}"
    components = [_component(tool, tools[tool]) for tool in sorted(tools)]
    shipped = [component for component in components if component["name"] in _COMPILED_IN]
    metadata: dict[str, Any] = {
        "component": {"type": "library", "bom-ref": own, "name": name, "version": version, "purl": own},
        "lifecycles": [{"phase": "build"}],
        "tools": {"components": [component for component in components if component not in shipped]},
    }
    if (date := source_date()) != NO_DATE:
        metadata["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(date))
    document: dict[str, Any] = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": metadata,
        "components": shipped,
        "dependencies": [
            {"ref": own, "dependsOn": [component["bom-ref"] for component in shipped]},
            *({"ref": component["bom-ref"]} for component in shipped),
        ],
    }
    document["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True)).urn
    return f"{json.dumps(document, indent=1, sort_keys=True)}\n".encode()


def _component(tool: str, version: str) -> dict[str, Any]:
    kind, url, description = _KNOWN.get(tool, ("application", f"pkg:generic/{tool}@{{}}", "Used by the build"))
    reference = url.format(version)
    return {
        "type": kind,
        "bom-ref": reference,
        "name": tool,
        "version": version,
        "purl": reference,
        "description": description,
    }
