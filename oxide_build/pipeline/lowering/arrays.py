"""Arrays that a kernel has of its own: shared, local, dynamic shared memory, constant tables.

Each becomes a global of the module, or an `alloca` of the function, and its address. A
room beside `memory`, which reaches elements wherever they lie.
"""

from __future__ import annotations

from math import prod

from oxide_build.dialects import llvm, mir, nvvm
from oxide_build.ir import Global, Op, Value
from oxide_build.ir.types import Scalar, View, i8, i32
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers, wrapped
from oxide_build.pipeline.lowering.types import storage, stored

ALIGNMENT = 16
"""The widest access of the GPU, in bytes."""
DYNAMIC = "__dynamic_shared_memory"
TABLE = "constant.table"
"""Names apart from functions': Python's hold no dot, and an instance of a device function ends in a number alone.

An external name stands in PTX as it is, where a dot may not; the underscores are the compiler's own.
"""


@lowers(mir.shared_array)
def lower_shared_array(lowering: FunctionLowering, op: Op) -> Value:
    view = _view(op)
    name = f"{lowering.function.name}.{op.attributes['symbol']}"
    return _address(lowering, Global(name, *storage(view.element, _count(view)), view.space, ALIGNMENT))


@lowers(mir.dynamic_shared_array)
def lower_dynamic_shared_array(lowering: FunctionLowering, op: Op) -> list[Value]:
    """The launch says how many bytes there are; a GPU has far less than 2**31."""
    element = _view(op).element
    address = _address(lowering, Global(DYNAMIC, i8, 0, "shared", ALIGNMENT))
    size = lowering.compute(nvvm.read_register, register="dynamic_smem_size")
    return [address, lowering.compute(llvm.udiv, size, lowering.constant(element.size, i32))]


@lowers(mir.local_array)
def lower_local_array(lowering: FunctionLowering, op: Op) -> Value:
    view = _view(op)
    element, count = storage(view.element, _count(view))
    return lowering.compute(llvm.alloca, element=element, count=count, alignment=ALIGNMENT)


@lowers(mir.table)
def lower_table(lowering: FunctionLowering, op: Op) -> Value:
    """Read-only global memory: threads read it at different places, and there is no limit to its size."""
    view = _view(op)
    assert isinstance(view.element, Scalar)
    element = stored(view.element)
    values = tuple(wrapped(value, element) for value in op.attributes["values"])
    tables = (item for item in lowering.module.globals.values() if item.name.startswith(TABLE))
    known = next((item for item in tables if (item.element, repr(item.values)) == (element, repr(values))), None)
    name = f"{TABLE}{len(lowering.module.globals)}"
    return _address(lowering, known or Global(name, element, _count(view), view.space, ALIGNMENT, values))


def _view(op: Op) -> View:
    view = op.attributes["type"]
    assert isinstance(view, View)
    return view


def _count(view: View) -> int:
    return prod(extent or 0 for extent in view.shape)


def _address(lowering: FunctionLowering, item: Global) -> Value:
    """The address of a module's memory, which is added where it is new."""
    lowering.module.globals[item.name] = item
    return lowering.compute(llvm.addressof, symbol=item.name, space=item.space)
