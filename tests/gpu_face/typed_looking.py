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


def launch(saxpy: gpu.Kernel, x: object) -> None:
    """Every way to launch."""
    kept = saxpy.configure((4, 1), 256, None, 1024, programmatic=True, priority=-1)
    kept(2.0, x, y=x)
    saxpy.configure(4, 256)(2.0, x, x)
    saxpy.launch(2.0, x, x, grid=4, block=256, stream=0, shared_memory=0, programmatic=True, priority=0)
    saxpy.launch(2.0, x, y=x, grid=(4, 1, 1), block=256)
    saxpy[4, 256, None, 1024](2.0, x, x)
    saxpy.forall(1000)(2.0, x, x)


def load(saxpy: gpu.Kernel) -> None:
    """Every way to load ahead."""
    saxpy.preload()
    saxpy.preload(device=1)
    saxpy.variant().preload()
    gpu.preload(saxpy, "mypackage.kernels", gpu, device=0)
