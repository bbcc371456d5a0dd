"""The reference: a kernel's source as a Python program, run thread by thread.

In: the source of a kernel module, a launch, arrays. Out: the arrays changed. Python itself
runs the statements; only what differs from Python is put in their place, one expression at a
time: every operation becomes a call into `numbers`, and where threads meet there is a `yield`.
Types are worked out here anew, from docs/language.md: nothing of the compiler or the simulator
takes part.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from tests.fuzz import meetings, numbers
from tests.fuzz.arrays import Array, plain_values, stored
from tests.fuzz.numbers import FLOATS, INTEGERS, WIDTHS

Launch = tuple[tuple[int, int, int], tuple[int, int, int]]
WEAK = ("int", "float")
_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_BITWISE = {ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^"}
_LINEAR = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}


@dataclass(frozen=True)
class Term:
    """An expression as Python text, and its type: a scalar's name, `int` or `float` for a weak literal, `tuple`,
    or `view` with the element's type in `element`."""

    code: str
    type: str
    element: str = ""
    items: tuple[str, ...] = ()


def common(a: str, b: str) -> str:
    """The type two typed numbers combine in."""
    if a == b:
        return a
    if a in INTEGERS and b in FLOATS:
        return b
    if b in INTEGERS and a in FLOATS:
        return a
    return a if WIDTHS[a] > WIDTHS[b] else b


def alone(term: Term) -> str:
    """The type a number has where nothing else decides."""
    return {"int": "i32", "float": "f32"}.get(term.type, term.type)


def convert(term: Term, type: str) -> str:
    """A number as another type, as a call of that type converts it."""
    if term.type == type:
        return term.code
    if type == "bool":
        return f"({term.code} != 0)"
    rule = "to_float" if type in FLOATS else "to_integer"
    return f"{rule}({term.code}, {type!r})"


def unify(a: Term, b: Term) -> str:
    """The type an operation on two operands has; a weak one takes its neighbour's."""
    if a.type in WEAK and b.type in WEAK:
        return "float" if "float" in (a.type, b.type) else "int"
    for weak, other in ((a, b), (b, a)):
        if weak.type in WEAK:
            return "f32" if weak.type == "float" and other.type in INTEGERS else other.type
    return common(a.type, b.type)


def rounded(code: str, type: str) -> str:
    """The result of one operation, brought back into its type."""
    if type in INTEGERS:
        signed, bits = INTEGERS[type]
        half, mask = 1 << bits - 1, (1 << bits) - 1
        return f"(({code} + {half} & {mask}) - {half})" if signed else f"({code} & {mask})"
    return f"step({code}, {type!r})" if type in FLOATS and type != "f64" else f"({code})"


@dataclass
class Translator:
    """One function of the kernel module to Python: `types` are its names' types, found as they come."""

    module: Module
    types: dict[str, Term]
    results: tuple[str, ...] = ()
    temporaries: int = 0
    variables: dict[str, str] = field(default_factory=dict)

    # expressions

    def term(self, node: ast.expr) -> Term:
        """An expression, translated by the method named after its kind."""
        rule: Callable[[Any], Term] = getattr(self, f"_{type(node).__name__.lower()}")
        return rule(node)

    def condition(self, node: ast.expr) -> str:
        """A bool."""
        return self.term(node).code

    def _constant(self, node: ast.Constant) -> Term:
        return Term(repr(node.value), type(node.value).__name__)

    def _name(self, node: ast.Name) -> Term:
        return self.types[node.id] if node.id in self.types else self.module.constants[node.id]

    def _attribute(self, node: ast.Attribute) -> Term:
        path = ast.unparse(node)
        if path.startswith("gpu.") and path.count(".") == 2:
            return Term(path[4:].replace(".", "_"), "i32")
        return Term({"math.inf": "INF", "math.nan": "NAN"}[path], "float")

    def _tuple(self, node: ast.Tuple) -> Term:
        terms = [self.term(item) for item in node.elts]
        return Term(f"({', '.join(term.code for term in terms)},)", "tuple", items=tuple(t.type for t in terms))

    def _unaryop(self, node: ast.UnaryOp) -> Term:
        operand = self.term(node.operand)
        if isinstance(node.op, ast.Not):
            return Term(f"(not {operand.code})", "bool")
        symbol = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}[type(node.op)]
        code = f"({symbol}{operand.code})"
        if operand.type in INTEGERS and symbol != "+":
            code = rounded(code, operand.type)
        return Term(code, operand.type)

    def _binop(self, node: ast.BinOp) -> Term:
        if isinstance(node.op, ast.Pow):
            return self.power(self.term(node.left), node.right)
        return self.combine(node.op, self.term(node.left), self.term(node.right))

    def combine(self, op: ast.operator, left: Term, right: Term) -> Term:
        """`left op right` in the type they share."""
        type_ = unify(left, right)
        if type_ in WEAK:
            symbol = ast.unparse(ast.BinOp(ast.Constant(0), op, ast.Constant(0)))[1:-1]
            return Term(f"({left.code}{symbol}{right.code})", "float" if isinstance(op, ast.Div) else type_)
        a, b = convert(left, type_), convert(right, type_)
        return Term(_operation(op, a, b, type_), type_)

    def power(self, base: Term, exponent: ast.expr) -> Term:
        """`x ** n` is `n` factors `x`."""
        assert isinstance(exponent, ast.Constant)
        if base.type in INTEGERS:
            return Term(rounded(f"{base.code} ** {exponent.value}", base.type), base.type)
        name, code = self.temporary(), "1.0"
        for n in range(exponent.value):
            code = rounded(f"{code} * {name}", base.type) if n else name
        return Term(f"(({name} := {base.code}), {code})[1]", base.type)

    def temporary(self) -> str:
        """A name that nothing else has."""
        self.temporaries += 1
        return f"_{self.temporaries}"

    def _compare(self, node: ast.Compare) -> Term:
        parts, left = [], self.term(node.left)
        for position, (op, comparator) in enumerate(zip(node.ops, node.comparators, strict=True)):
            right = self.term(comparator)
            kept = right
            if position < len(node.ops) - 1:
                name = self.temporary()
                right, kept = Term(f"({name} := {right.code})", right.type), Term(name, right.type)
            type_ = unify(left, right)
            parts.append(f"{convert(left, type_)} {_COMPARISONS[type(op)]} {convert(right, type_)}")
            left = kept
        return Term(f"({' and '.join(parts)})", "bool")

    def _boolop(self, node: ast.BoolOp) -> Term:
        word = " and " if isinstance(node.op, ast.And) else " or "
        return Term(f"({word.join(map(self.condition, node.values))})", "bool")

    def _ifexp(self, node: ast.IfExp) -> Term:
        yes, no = self.term(node.body), self.term(node.orelse)
        type_ = common(*(_beside(a, b) for a, b in ((yes, no), (no, yes))))
        return Term(f"({convert(yes, type_)} if {self.condition(node.test)} else {convert(no, type_)})", type_)

    def _subscript(self, node: ast.Subscript) -> Term:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return Term(f"{self.term(node.value.value).code}.shape[{ast.unparse(node.slice)}]", "i32")
        base = self.term(node.value)
        if base.type == "tuple":
            assert isinstance(node.slice, ast.Constant)
            return Term(f"{base.code}[{node.slice.value}]", base.items[node.slice.value])
        return Term(f"{base.code}[{self.indices(node)}]", base.element)

    def indices(self, node: ast.Subscript) -> str:
        """The indices of an element."""
        nodes = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return ", ".join(self.term(index).code for index in nodes)

    def _call(self, node: ast.Call) -> Term:
        name = ast.unparse(node.func).removeprefix("gpu.")
        if name in self.variables:
            name = self.variables[name]
        if name in WIDTHS or name == "bool":
            return Term(convert(self.term(node.args[0]), name), name)
        if name in self.module.functions:
            return self.module.call(self, node)
        if name in meetings.RULES:
            return self._meeting(name, node)
        rule: Callable[[ast.Call], Term] = getattr(self, f"call_{name.replace('.', '_')}")
        return rule(node)

    def _meeting(self, name: str, node: ast.Call) -> Term:
        terms = [self.term(argument) for argument in node.args]
        type_ = meetings.RESULTS.get(name, terms[0].type)
        operands = ", ".join([terms[0].code, *(convert(term, "i32") for term in terms[1:])])
        code = f"(yield ({name!r}, {operands}))"
        return Term(rounded(code, type_) if name == "reduce_add" else code, type_)

    def call_len(self, node: ast.Call) -> Term:
        return Term(f"{self.term(node.args[0]).code}.shape[0]", "i32")

    def call_bitcast(self, node: ast.Call) -> Term:
        value, target = self.term(node.args[0]), ast.unparse(node.args[1])
        return Term(f"bitcast({value.code}, {alone(value)!r}, {target!r})", target)

    def _count(self, node: ast.Call) -> Term:
        value, name = self.term(node.args[0]), ast.unparse(node.func)[4:]
        return Term(f"count({name!r}, {value.code}, {value.type!r})", value.type if name == "brev" else "i32")

    call_popc = call_clz = call_ctz = call_brev = _count

    def _extreme(self, node: ast.Call) -> Term:
        first, *rest = map(self.term, node.args)
        for other in rest:
            type_, name = unify(first, other), ast.unparse(node.func)
            code = f"({convert(first, type_)}, {convert(other, type_)})"
            first = Term(f"{'least' if name == 'min' else 'greatest'}{code}", type_)
        return first

    call_min = call_max = _extreme

    def call_abs(self, node: ast.Call) -> Term:
        value = self.term(node.args[0])
        code = f"abs({value.code})"
        return Term(rounded(code, value.type) if value.type in INTEGERS else code, value.type)

    def call_divmod(self, node: ast.Call) -> Term:
        left, right = map(self.term, node.args)
        parts = [self.combine(op, left, right) for op in (ast.FloorDiv(), ast.Mod())]
        return Term(f"({parts[0].code}, {parts[1].code})", "tuple", items=(parts[0].type, parts[1].type))

    def call_pow(self, node: ast.Call) -> Term:
        return self.power(self.term(node.args[0]), node.args[1])

    def _whole(self, node: ast.Call) -> Term:
        value, name = self.term(node.args[0]), ast.unparse(node.func).rpartition(".")[2]
        return value if value.type in INTEGERS else Term(f"whole({value.code}, {name!r})", value.type)

    call_round = call_math_floor = call_math_ceil = call_math_trunc = _whole

    def call_math_sqrt(self, node: ast.Call) -> Term:
        value = self.term(node.args[0])
        return Term(f"root({value.code}, {value.type!r})", value.type)

    def call_math_isnan(self, node: ast.Call) -> Term:
        return Term(f"isnan({self.term(node.args[0]).code})", "bool")

    def call_math_isinf(self, node: ast.Call) -> Term:
        return Term(f"isinf({self.term(node.args[0]).code})", "bool")

    def call_math_isfinite(self, node: ast.Call) -> Term:
        return Term(f"isfinite({self.term(node.args[0]).code})", "bool")

    def call_fma(self, node: ast.Call) -> Term:
        terms = [self.term(argument) for argument in node.args]
        type_ = next(term.type for term in terms if term.type not in WEAK)
        return Term(f"fused({', '.join(convert(t, type_) for t in terms)}, {type_!r})", type_)

    def call_lane_id(self, node: ast.Call) -> Term:
        return Term("(thread_number % 32)", "i32")

    def call_warp_id(self, node: ast.Call) -> Term:
        return Term("(thread_number // 32)", "i32")

    def call_index_1d(self, node: ast.Call) -> Term:
        return Term("(block_idx_x * block_dim_x + thread_idx_x)", "i32")

    def call_index_2d(self, node: ast.Call) -> Term:
        row = "block_idx_y * block_dim_y + thread_idx_y"
        return Term(f"({row}, {self.call_index_1d(node).code})", "tuple", items=("i32", "i32"))

    # statements

    def body(self, nodes: Sequence[ast.stmt], depth: int) -> list[str]:
        """A suite as lines."""
        lines = [line for node in nodes for line in self.statement(node)] or ["pass"]
        return ["    " * depth + line for line in lines]

    def statement(self, node: ast.stmt) -> list[str]:
        """A statement as lines, translated by the method named after its kind."""
        rule: Callable[[Any], list[str]] = getattr(self, f"_{type(node).__name__.lower()}")
        return rule(node)

    def _verbatim(self, node: ast.stmt) -> list[str]:
        return [ast.unparse(node)]

    _pass = _break = _continue = _verbatim

    def _expr(self, node: ast.Expr) -> list[str]:
        if isinstance(node.value, ast.Constant):
            return ["pass"]
        assert isinstance(node.value, ast.Call)
        name = ast.unparse(node.value.func).removeprefix("gpu.")
        if name == "sync_threads":
            return ["yield ('sync_threads', None)"]
        if name.startswith("atomic_"):
            view, index, value = map(self.term, node.value.args)
            code = f"{view.code}.combine({name[7:]!r}, {index.code}, {convert(value, view.element)})"
            return [code]
        return [self.term(node.value).code]

    def _assign(self, node: ast.Assign) -> list[str]:
        value = self.term(node.value)
        if value.type == "view":
            assert isinstance(node.targets[0], ast.Name)
            self.types[node.targets[0].id] = Term(node.targets[0].id, "view", value.element)
            return [f"{node.targets[0].id} = {value.code}"]
        if isinstance(node.targets[0], ast.Tuple):
            name = self.temporary()
            items = [Term(f"{name}[{n}]", type_) for n, type_ in enumerate(value.items)]
            pairs = zip(node.targets[0].elts, items, strict=True)
            return [f"{name} = {value.code}", *(self.store(target, item) for target, item in pairs)]
        name = self.temporary()
        return [f"{name} = {value.code}", *(self.store(target, Term(name, value.type)) for target in node.targets)]

    def store(self, target: ast.expr, value: Term) -> str:
        """Give a value to a name, which keeps the type of its first, or to an element."""
        if isinstance(target, ast.Name):
            known = self.types.setdefault(target.id, Term(target.id, alone(value)))
            return f"{target.id} = {convert(value, known.type)}"
        assert isinstance(target, ast.Subscript)
        view = self.term(target.value)
        return f"{view.code}[{self.indices(target)}] = {convert(value, view.element)}"

    def _annassign(self, node: ast.AnnAssign) -> list[str]:
        assert isinstance(node.target, ast.Name)
        type_ = ast.unparse(node.annotation)
        self.types[node.target.id] = Term(node.target.id, self.variables.get(type_, type_))
        return [] if node.value is None else [self.store(node.target, self.term(node.value))]

    def _augassign(self, node: ast.AugAssign) -> list[str]:
        old = self.term(node.target)
        value = self.power(old, node.value) if isinstance(node.op, ast.Pow) else None
        return [self.store(node.target, value or self.combine(node.op, old, self.term(node.value)))]

    def _if(self, node: ast.If) -> list[str]:
        lines = [f"if {self.condition(node.test)}:", *self.body(node.body, 1)]
        return [*lines, "else:", *self.body(node.orelse, 1)] if node.orelse else lines

    def _while(self, node: ast.While) -> list[str]:
        # The condition may read a name whose type the loop's body gives; so it is translated after the body.
        body = self.body(node.body, 1)
        return [f"while {self.condition(node.test)}:", *body]

    def _for(self, node: ast.For) -> list[str]:
        assert isinstance(node.iter, ast.Call)
        assert isinstance(node.target, ast.Name)
        name, arguments = ast.unparse(node.iter.func), node.iter.args
        if name == "gpu.unroll":
            assert isinstance(arguments[0], ast.Call)
            name, arguments = "range", arguments[0].args
        terms = [self.term(argument) for argument in arguments]
        code = ", ".join(term.code for term in terms)
        target = node.target.id
        if name == "gpu.static_range":
            self.types[target] = Term(target, "int")
            lines = [f"for {target} in range({code}):", *self.body(node.body, 1)]
            del self.types[target]
            return lines
        if name == "gpu.grid_stride":
            code = f"{self.call_index_1d(node.iter).code}, {code}, grid_dim_x * block_dim_x"
        type_ = unify(terms[0], terms[1]) if len(terms) > 1 else terms[0].type
        self.types.setdefault(target, Term(target, {"int": "i32"}.get(type_, type_)))
        return [f"for {target} in range({code}):", *self.body(node.body, 1)]

    def _match(self, node: ast.Match) -> list[str]:
        lines = [f"match {self.term(node.subject).code}:"]
        for case in node.cases:
            guard = f" if {self.condition(case.guard)}" if case.guard else ""
            lines += [f"    case {ast.unparse(case.pattern)}{guard}:", *self.body(case.body, 2)]
        return lines

    def _return(self, node: ast.Return) -> list[str]:
        if node.value is None:
            return ["return"]
        value = self.term(node.value)
        if len(self.results) == 1:
            return [f"return {convert(value, self.results[0])}"]
        name, pairs = self.temporary(), zip(value.items, self.results, strict=True)
        items = (convert(Term(f"{name}[{n}]", t), r) for n, (t, r) in enumerate(pairs))
        return [f"{name} = {value.code}", f"return ({', '.join(items)},)"]

    # memory

    def call_local_array(self, node: ast.Call) -> Term:
        shape, type_ = ast.unparse(node.args[0]), ast.unparse(node.args[1])
        return Term(f"Array({shape}, {type_!r})", "view", type_)

    def call_shared_array(self, node: ast.Call) -> Term:
        shape, type_ = ast.unparse(node.args[0]), ast.unparse(node.args[1])
        self.temporaries += 1
        return Term(f"shared({self.temporaries}, {shape}, {type_!r})", "view", type_)


def _beside(term: Term, other: Term) -> str:
    """What a side of `a if c else b` is, where a weak literal takes the other side's type if it can."""
    if term.type not in WEAK or other.type in (*WEAK, "bool"):
        return alone(term)
    return "f32" if term.type == "float" and other.type in INTEGERS else other.type


def _operation(op: ast.operator, a: str, b: str, type_: str) -> str:
    """One operation on two numbers of one type."""
    kind = type(op)
    if kind in _LINEAR:
        return rounded(f"{a} {_LINEAR[kind]} {b}", type_)
    if kind in _BITWISE:
        return f"({a} {_BITWISE[kind]} {b})"
    if kind is ast.Div:
        return rounded(f"divide({a}, {b})", type_)
    if kind in (ast.LShift, ast.RShift):
        return f"{'shift_left' if kind is ast.LShift else 'shift_right'}({a}, {b}, {type_!r})"
    if type_ in INTEGERS:
        return rounded(f"{a} {'//' if kind is ast.FloorDiv else '%'} {b}", type_)
    return f"{'floor_divide' if kind is ast.FloorDiv else 'modulo'}({a}, {b}, {type_!r})"


class Module:
    """A kernel module: its constants, its functions, and those translated so far."""

    def __init__(self, source: str) -> None:
        tree = ast.parse(source)
        self.constants: dict[str, Term] = {}
        self.functions: dict[str, ast.FunctionDef] = {}
        self.type_variables: set[str] = set()
        self.space: dict[str, Any] = {**_SPACE}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                self.functions[node.name] = node
            elif isinstance(node, ast.Assign):
                self._constant(node)

    def _constant(self, node: ast.Assign) -> None:
        assert isinstance(node.targets[0], ast.Name)
        name, value = node.targets[0].id, node.value
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "TypeVar":
            self.type_variables.add(name)
            return
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "gpu.table":
            numbers_, type_ = ast.literal_eval(value.args[0]), ast.unparse(value.args[1])
            converted = [_SPACE["to_float" if type_ in FLOATS else "to_integer"](number, type_) for number in numbers_]
            self.space[name] = Array(len(converted), type_, converted)
            self.constants[name] = Term(name, "view", type_)
            return
        term = Translator(self, {}).term(value)
        self.space[name] = eval(term.code, self.space)
        self.constants[name] = Term(name, term.type)

    def call(self, caller: Translator, node: ast.Call) -> Term:
        """A call of a device function, translated for the types of this call."""
        function = self.functions[ast.unparse(node.func)]
        parameters = [argument.arg for argument in function.args.args]
        given: dict[str, ast.expr] = dict(zip(parameters[::-1], function.args.defaults[::-1], strict=False))
        given.update(zip(parameters, node.args, strict=False))
        given.update((keyword.arg or "", keyword.value) for keyword in node.keywords)
        terms = {name: caller.term(given[name]) for name in parameters}
        variables = self._bound(function, terms)
        types = [self._declared(argument, variables) for argument in function.args.args]
        name = "_".join([function.name, *variables.values()])
        results = self._translate(function, name, types, variables)
        pairs = zip(terms.values(), types, strict=True)
        values = [t.code if d.type in ("view", "int") else convert(t, d.type) for t, d in pairs]
        single = results[0] if len(results) == 1 else "tuple"
        return Term(f"{name}({', '.join(values)})", single, items=results)

    def _bound(self, function: ast.FunctionDef, terms: dict[str, Term]) -> dict[str, str]:
        """What each type variable is in a call: a typed argument decides before a literal does."""
        found: dict[str, str] = {}
        for weak in (False, True):
            for argument in function.args.args:
                name, term = ast.unparse(argument.annotation or argument), terms[argument.arg]
                if name in self.type_variables and (term.type in WEAK) == weak:
                    found.setdefault(name, alone(term))
        return found

    def _declared(self, argument: ast.arg, variables: dict[str, str]) -> Term:
        text = ast.unparse(argument.annotation or argument)
        if text.startswith("gpu.Const["):
            return Term(argument.arg, "int")
        if "[" in text:
            return Term(argument.arg, "view", text[text.index("[") + 1 : -1])
        return Term(argument.arg, variables.get(text, text))

    def _translate(
        self, function: ast.FunctionDef, name: str, parameters: list[Term], variables: dict[str, str]
    ) -> tuple[str, ...]:
        returns = function.returns
        assert returns is not None
        several = isinstance(returns, ast.Subscript) and isinstance(returns.slice, ast.Tuple)
        items = returns.slice.elts if several else [returns]
        results = tuple(variables.get(ast.unparse(item), ast.unparse(item)) for item in items)
        if name not in self.space:
            translator = Translator(self, {term.code: term for term in parameters}, results, variables=variables)
            head = f"def {name}({', '.join(term.code for term in parameters)}):"
            exec("\n".join([head, *translator.body(function.body, 1)]), self.space)
        return results

    def kernel(self, name: str) -> tuple[Callable[..., Iterator[Any]], list[tuple[str, str, bool]]]:
        """A kernel as a generator function of its arguments and coordinates, and its parameters' names and types."""
        function = self.functions[name]
        parameters = [self._declared(argument, {}) for argument in function.args.args]
        translator = Translator(self, {term.code: term for term in parameters})
        names = [term.code for term in parameters]
        head = f"def {name}({', '.join([*names, *_COORDINATES, 'thread_number', 'shared'])}):"
        lines = [head, *translator.body(function.body, 1), "    yield from ()"]
        exec("\n".join(lines), self.space)
        return self.space[name], [(t.code, t.element or t.type, t.type == "view") for t in parameters]


_COORDINATES = [
    f"{register}_{axis}" for register in ("thread_idx", "block_idx", "block_dim", "grid_dim") for axis in "xyz"
]
_SPACE: dict[str, Any] = {
    **{name: value for name, value in vars(numbers).items() if callable(value) and not name.startswith("_")},
    "Array": Array,
    "INF": float("inf"),
    "NAN": float("nan"),
    "isnan": lambda x: x != x,
    "isinf": lambda x: x in (float("inf"), float("-inf")),
    "isfinite": lambda x: x - x == 0,
}


def interpret(source: str, name: str, launch: Launch, arguments: Sequence[Any]) -> None:
    """Run the kernel called `name` for every thread of the launch; NumPy arrays are changed in place."""
    function, parameters = Module(source).kernel(name)
    values: list[Any] = []
    for (_, type_, is_view), argument in zip(parameters, arguments, strict=True):
        values.append(Array(argument.shape, type_, plain_values(argument, type_)) if is_view else argument)
    grid, block = launch
    for place in product(*(range(extent) for extent in reversed(grid))):
        _run_block(function, values, grid, block, place[::-1])
    for (_, type_, is_view), argument, value in zip(parameters, arguments, values, strict=True):
        if is_view:
            argument[...] = stored(value.values, type_).reshape(argument.shape)


def _run_block(
    function: Callable[..., Iterator[Any]],
    values: list[Any],
    grid: tuple[int, int, int],
    block: tuple[int, int, int],
    place: tuple[int, ...],
) -> None:
    memory: dict[int, Array] = {}

    def shared(key: int, shape: Any, type_: str) -> Array:
        return memory.setdefault(key, Array(shape, type_))

    threads = []
    for number, thread in enumerate(product(*(range(extent) for extent in reversed(block)))):
        threads.append(function(*values, *thread[::-1], *place, *block, *grid, number, shared))
    meetings.run(threads)
