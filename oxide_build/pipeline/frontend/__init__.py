"""Python to `mir`: `parse` reads a kernel module's syntax, `translate` gives it types and operations.

Files are named after Python's grammar: `statements`, `expressions`, `calls`, `functions`;
`scope`, `annotations` and `constants` say what names mean; `conversions` holds the type
rules; `contracts` reads `gpu.require`; `outside` answers what the language leaves out.
"""

from oxide_build.pipeline.frontend import calls, expressions, statements
from oxide_build.pipeline.frontend.functions import translate
from oxide_build.pipeline.frontend.syntax import KernelModule, parse

__all__ = ["KernelModule", "calls", "expressions", "parse", "statements", "translate"]
