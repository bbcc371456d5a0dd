"""An ordinary package whose wheel carries GPU kernels: copy it, rename it, write your own under `kernels/`.

Kernels are launched from where they are written, `from example_pkg.kernels.vector import saxpy`.
"""

__version__ = "0.1.0"
