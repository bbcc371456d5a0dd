"""What users of a kernel ask of it, for the type checkers: nothing here may need a cast or an ignore."""

from oxide_build import gpu


def look(saxpy: gpu.Kernel) -> tuple[str, ...]:
    """Everything there is to ask, as text."""
    attributes, occupancy = saxpy.attributes, saxpy.occupancy((256, 1), shared_memory=1024)
    numbers = attributes.registers + attributes.local_memory, occupancy.blocks * occupancy.fraction
    double = saxpy.variant(T=gpu.f64, BLOCK=64)
    return (
        saxpy.signature,
        str(saxpy.choice),
        saxpy.ptx,
        saxpy.image.target,
        double.image.file,
        double.ptx,
        *map(str, numbers),
    )


def load(saxpy: gpu.Kernel) -> None:
    """Every way to load ahead."""
    saxpy.preload()
    saxpy.preload(device=1)
    saxpy.variant().preload()
    gpu.preload(saxpy, "mypackage.kernels", gpu, device=0)
