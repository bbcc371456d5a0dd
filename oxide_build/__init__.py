"""oxide-build: GPU kernels that ship inside ordinary Python wheels.

Importing this package loads nothing else: the compiler, the build backend and
the driver binding are each imported by the first call that needs them.
"""

__version__ = "0.1.0"
