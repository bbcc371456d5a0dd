"""The verifier names every kind of broken module; each test breaks one rule."""

from __future__ import annotations

import pytest

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.ir.parser import IRSyntaxError, parse_module
from oxide_build.ir.types import bool_, f32, i32
from oxide_build.ir.verifier import VerificationError, verify


def kernel(body: str, parameters: str = "%n: i32") -> str:
    return f"oxide.ir 1\nmodule @m\nkernel @k({parameters}) {{\n{body}\n}}\n"


def check(body: str, parameters: str = "%n: i32") -> None:
    verify(parse_module(kernel(body, parameters), [mir.DIALECT]), frozenset(mir.DIALECT.ops))


def test_a_sound_module_passes() -> None:
    check("^bb0:\n  %0 = mir.add %n, %n : i32\n  mir.br ^bb1(%0)\n^bb1(%a: i32):\n  mir.return")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("^bb0:\n  %0 = mir.add %n, %n : i32", "ends in a terminator"),
        ("^bb0:\n  mir.return\n  mir.return", "a terminator stands last"),
        ("^bb0:\n  %0 = mir.add %n, %n : f32\n  mir.return", r"results are \(f32\), the type rule gives \(i32\)"),
        ("^bb0:\n  %0 = mir.add %n : i32\n  mir.return", "takes 2 operands, got 1"),
        ("^bb0:\n  %0 = mir.div %n, %n : i32\n  mir.return", "not defined for i32"),
        ("^bb0:\n  %0 = mir.constant {value = 1} : i32\n  mir.return", "has attributes"),
        ("^bb0:\n  %0 = mir.constant {value = 1, type = 'i32'} : i32\n  mir.return", "must be Scalar"),
        ("^bb0:\n  mir.br ^bb1(%n)\n^bb1:\n  mir.return", "passes .* to a block taking"),
        ("^bb0:\n  mir.br ^bb0", "branch to the first block"),
        ("^bb0:\n  mir.return\n^bb1:\n  mir.return", "cannot be reached"),
        ("^bb0:\n  mir.cond_br %n, ^bb1, ^bb1\n^bb1:\n  mir.return", "expected a bool"),
        ("^bb0:\n  %0 = mir.cmp %n, %n {predicate = 'below'} : bool\n  mir.return", "unknown predicate"),
        ("^bb0:\n  mir.bounds_check %n, %n, %n\n  mir.return", "takes 2 operands"),
    ],
)
def test_broken_rules_are_named(body: str, message: str) -> None:
    with pytest.raises(VerificationError, match=message) as raised:
        check(body)
    assert "@k" in str(raised.value)


def test_a_value_is_not_used_where_it_is_not_made() -> None:
    body = (
        "^bb0:\n  %c = mir.cmp %n, %n {predicate = 'eq'} : bool\n  mir.cond_br %c, ^bb1, ^bb2\n"
        "^bb1:\n  %0 = mir.add %n, %n : i32\n  mir.br ^bb2\n"
        "^bb2:\n  %1 = mir.add %0, %n : i32\n  mir.return"
    )
    with pytest.raises(VerificationError, match="used before it is made"):
        check(body)


def test_an_operation_outside_the_stage_is_refused() -> None:
    module = parse_module(kernel("^bb0:\n  %0 = mir.local {type = i32} : ptr<i32, local>\n  mir.return"), [mir.DIALECT])
    with pytest.raises(VerificationError, match="not an operation of this stage"):
        verify(module, mir.SSA_OPS)


def test_an_operation_knows_its_block() -> None:
    block = ir.Block()
    block.ops.append(mir.return_())
    module = ir.Module("m", {"k": ir.Function("k", "kernel", blocks=[block])})
    with pytest.raises(VerificationError, match="does not know its block"):
        verify(module, mir.SSA_OPS)


def test_building_a_wrong_operation_fails_at_once() -> None:
    block = ir.Block()
    a, b = block.add_argument(i32), block.add_argument(f32)
    with pytest.raises(ir.RuleBroken, match="operands differ"):
        mir.add(a, b)
    assert mir.cmp(a, a, predicate="lt").result.type == bool_


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("oxide.ir 2\nmodule @m\n", "1:10: expected 1, found '2'"),
        (kernel("^bb0:\n  %0 = mir.sum %n, %n : i32\n  mir.return"), "5:8: unknown operation 'mir.sum'"),
        (kernel("^bb0:\n  %0 = mir.add %n, %m : i32\n  mir.return"), "5:20: %m is used before its definition"),
        (kernel("^bb0:\n  %n = mir.add %n, %n : i32\n  mir.return"), "%n is defined twice"),
        (kernel("^bb0:\n  mir.br ^bb3"), r"no block \^bb3"),
        (kernel("^bb0:\n  %0 = mir.add %n, %n : i32, i32\n  mir.return"), "1 results but 2 types"),
        (kernel("^bb0:\n  mir.return ;"), "unexpected ';'"),
    ],
)
def test_the_parser_places_its_complaints(text: str, message: str) -> None:
    with pytest.raises(IRSyntaxError, match=message):
        parse_module(text, [mir.DIALECT])
