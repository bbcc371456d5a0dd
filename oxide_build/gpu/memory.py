"""`gpu.view`: memory of a GPU, or another library's array, as an array of a type that kernels know.

In: an address or an array, a type, a shape. Out: an array to pass to kernels, its bytes where they were. Its own room
because it is for a package's users, on the host, and no part of the kernel language.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from oxide_build.runtime.memory import Memory


def view(
    memory: Any, element: type[Any], /, shape: int | tuple[int, ...] | None = None, *, read_only: bool = False
) -> Memory:
    """GPU memory as an array of scalars (`gpu.f32`) or of structs; nothing is copied.

    `memory` is an address as an int, or any contiguous GPU array, whose bytes are meant: `gpu.view(buffer, gpu.f32)`
    of a cuda.core `Buffer`, `gpu.view(tensor_of_bytes, Particle, (8, 8))`. An address needs a shape; an array gives,
    without one, as many elements as it has room for. The view holds the array and the place where it lies now: make
    it again when the array has moved. Other libraries take it too, by `__cuda_array_interface__`.

    Raises KernelArgumentError for what is no contiguous GPU memory, and for a shape of another size; KernelError for a
    class that is neither scalar nor struct.
    """
    from oxide_build.gpu.structs import dtype
    from oxide_build.runtime import memory as room

    known = room.SCALARS.get(element.__name__)
    return room.view(memory, room.described(dtype(element)) if known is None else known, shape, read_only)
