"""Formulas with indices, evaluated on small tensors of numbers: shapes, properties and gradients of what was printed.

`sum(z[b,s,d]*W[d,f], d)` is read by the same whitelist as everything a user types. A letter has one size; an array
that is indexed by a letter of another size is a mismatch of shapes, which is how a wrong index is found out.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from itertools import product

from costgraph.algebra.syntax import MAX_DEPTH, tree
from costgraph.errors import UserError, shorten, unknown
from costgraph.records import dataclass

Index = dict[str, int]
STEP, TOLERANCE = 1e-5, 1e-6
ELEMENTWISE: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "phi": math.tanh,  # some smooth non-linearity, and its derivative
    "dphi": lambda x: 1 - math.tanh(x) ** 2,
}
FUNCTIONS = (*ELEMENTWISE, "sum", "where", "size")
MAX_CELLS = 20_000
MAX_STEPS = 2_000_000  # operations that one formula may take


@dataclass(frozen=True)
class Array:
    """Numbers by index."""

    letters: tuple[str, ...]
    cells: Mapping[tuple[int, ...], float]


@dataclass(frozen=True)
class Setting:
    """Sizes of letters, arrays of arbitrary numbers, and arrays defined from them.

    Args:
        sizes: how far each index letter runs.
        arrays: declarations such as `W[d,f]`; filled with numbers between 1/2 and 3/2 that follow no pattern.
        define: definitions such as `y[s,f] = sum(z[s,d]*W[d,f], d)`, in order.
    """

    sizes: Mapping[str, int]
    arrays: tuple[str, ...] = ()
    define: tuple[str, ...] = ()

    def filled(self, changed: tuple[str, tuple[int, ...], float] | None = None) -> dict[str, Array]:
        """All arrays; `changed` adds a number to one cell of a given array."""
        known: dict[str, Array] = {}
        for number, declaration in enumerate(self.arrays, 1):
            name, letters = declared(declaration)
            cells = {at: arbitrary(number, at) for at in self.places(letters)}
            if changed and changed[0] == name:
                cells[changed[1]] += changed[2]
            known[name] = Array(letters, cells)
        for line in self.define:
            head, sign, body = line.partition("=")
            if not sign:
                raise UserError(f"'{shorten(line)}': write NAME[INDICES] = EXPRESSION")
            name, letters = declared(head.strip())
            known[name] = self.array(body.strip(), letters, known)
        return known

    def places(self, letters: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
        """All index tuples of these letters."""
        for letter in letters:
            if letter not in self.sizes:
                raise unknown("index", letter, self.sizes)
        if math.prod(self.sizes[letter] for letter in letters) > MAX_CELLS:
            raise UserError(f"more than {MAX_CELLS} cells; give the indices smaller sizes")
        return product(*(range(self.sizes[letter]) for letter in letters))

    def array(self, text: str, letters: tuple[str, ...], known: Mapping[str, Array]) -> Array:
        """The array of the values of an expression."""
        reader = Evaluator(text, self, known)
        node = tree(text)
        return Array(
            letters, {at: reader.value(node, dict(zip(letters, at, strict=True))) for at in self.places(letters)}
        )


def declared(text: str) -> tuple[str, tuple[str, ...]]:
    """Read `W[d,f]` into its name and letters; `r` is a single number."""
    node = tree(text)
    if isinstance(node, ast.Name):
        return node.id, ()
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if all(isinstance(part, ast.Name) for part in parts):
            return node.value.id, tuple(part.id for part in parts if isinstance(part, ast.Name))
    raise UserError(f"'{shorten(text)}': write NAME[INDICES], as in W[d,f]")


def arbitrary(number: int, at: tuple[int, ...]) -> float:
    """A number between 1/2 and 3/2 that depends on the array and on the place in no simple way."""
    mixed = number * 0.7548776662466927
    for position, i in enumerate(at, 1):
        mixed += (i + 1) * 0.5698402909980532 / position + (i + 1) ** 2 * 0.3819660112501051 * position
    return 0.5 + mixed % 1


@dataclass(frozen=True)
class Evaluator:
    """Evaluates one expression; every node type not named here is refused."""

    text: str
    setting: Setting
    known: Mapping[str, Array]
    steps: list[int] = field(default_factory=lambda: [0])

    def refuse(self, node: ast.AST, reason: str) -> UserError:
        """An error that points at `node`."""
        return UserError(f"column {getattr(node, 'col_offset', 0) + 1} of '{shorten(self.text)}': {reason}")

    def value(self, node: ast.expr, index: Index, depth: int = 0) -> float:
        """The number that `node` is at these indices."""
        self.steps[0] += 1
        if depth > MAX_DEPTH or self.steps[0] > MAX_STEPS:
            raise self.refuse(
                node, "nested too deeply" if depth > MAX_DEPTH else "takes too long; choose smaller sizes"
            )
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return float(number)
            case ast.Name(id=name) if name in index:
                return float(index[name])
            case ast.Name(id="oo"):
                return math.inf
            case ast.Name(id=name) if name in self.known and not self.known[name].letters:
                return self.known[name].cells[()]
            case ast.Subscript(value=ast.Name(id=name)):
                return self.cell(node, name, index)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand, index, depth + 1)
            case ast.BinOp(left=left, right=right):
                return self.binary(node, self.value(left, index, depth + 1), self.value(right, index, depth + 1))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self.called(node, name, args, index, depth + 1)
        raise self.refuse(node, "only numbers, indices, arrays, + - * / ** and functions are allowed")

    def cell(self, node: ast.Subscript, name: str, index: Index) -> float:
        """One number of an array; a letter of the wrong size is a mismatch of shapes."""
        if name not in self.known:
            raise self.refuse(node, str(unknown("array", name, self.known)))
        array = self.known[name]
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if len(parts) != len(array.letters):
            raise self.refuse(node, f"{name} has {len(array.letters)} indices ({', '.join(array.letters)})")
        at = []
        for part, own in zip(parts, array.letters, strict=True):
            if isinstance(part, ast.Name) and part.id in self.setting.sizes:
                if part.id not in index:
                    raise self.refuse(part, f"index {part.id} is neither of the result nor summed over")
                if self.setting.sizes[part.id] != self.setting.sizes[own]:
                    raise self.refuse(part, f"{part.id} has another size than index {own} of {name}")
            at.append(round(self.value(part, index)))
        if tuple(at) not in array.cells:
            raise self.refuse(node, f"{name} has no cell {tuple(at)}")
        return array.cells[tuple(at)]

    def binary(self, node: ast.BinOp, left: float, right: float) -> float:
        """A sum, difference, product, quotient or power."""
        try:
            match node.op:
                case ast.Add():
                    return left + right
                case ast.Sub():
                    return left - right
                case ast.Mult():
                    return left * right
                case ast.Div():
                    return left / right
                case ast.Pow():
                    return float(left**right)
        except (ArithmeticError, TypeError):
            raise self.refuse(node, "not a number") from None
        raise self.refuse(node, "only + - * / ** are allowed")

    def called(self, node: ast.Call, name: str, args: list[ast.expr], index: Index, depth: int) -> float:
        """The value of a function."""
        if name in ELEMENTWISE and len(args) == 1:
            try:
                return ELEMENTWISE[name](self.value(args[0], index, depth))
            except UserError:
                raise
            except (ArithmeticError, ValueError):
                raise self.refuse(node, "not a number") from None
        letters = [arg.id for arg in args[1:] if isinstance(arg, ast.Name)]
        if name == "sum" and args and len(letters) == len(args) - 1:
            places = self.setting.places(tuple(letters))
            return math.fsum(self.value(args[0], index | dict(zip(letters, at, strict=True)), depth) for at in places)
        if name == "where" and len(args) == 3:
            return self.value(args[1 if self.true(args[0], index, depth) else 2], index, depth)
        if name == "size" and len(args) == 1 and isinstance(args[0], ast.Name) and args[0].id in self.setting.sizes:
            return float(self.setting.sizes[args[0].id])
        raise self.refuse(
            node, str(unknown("function", name, FUNCTIONS)) if name not in FUNCTIONS else f"{name}: wrong arguments"
        )

    def true(self, node: ast.expr, index: Index, depth: int = 0) -> bool:
        """Whether a comparison of two values holds; equality within rounding."""
        if not isinstance(node, ast.Compare) or len(node.ops) != 1:
            raise self.refuse(node, "write one comparison, such as s < t")
        left, right = self.value(node.left, index, depth + 1), self.value(node.comparators[0], index, depth + 1)
        match node.ops[0]:
            case ast.Eq():
                return close(left, right)
            case ast.Lt():
                return left < right
            case ast.LtE():
                return left <= right
            case ast.Gt():
                return left > right
            case ast.GtE():
                return left >= right
        raise self.refuse(node, "compare with <, <=, >, >= or ==")


def close(left: float, right: float) -> bool:
    """Equal within rounding."""
    return left == right or abs(left - right) <= TOLERANCE * max(1.0, abs(left), abs(right))


def evaluated(setting: Setting, result: str, text: str) -> Array:
    """The array `result` that `text` gives."""
    return setting.array(text, declared(result)[1], setting.filled())


def equal(setting: Setting, result: str, text: str, expected: str) -> bool:
    """Whether two expressions give the same array `result`."""
    _, letters = declared(result)
    known = setting.filled()
    one, other = setting.array(text, letters, known), setting.array(expected, letters, known)
    return all(close(value, other.cells[at]) for at, value in one.cells.items())


def satisfies(setting: Setting, result: str, text: str, properties: tuple[str, ...]) -> bool:
    """Whether the array that `text` defines has all properties, at all indices (`sum(w[s,t], t) == 1`)."""
    name, letters = declared(result)
    known = setting.filled()
    known[name] = setting.array(text, letters, known)
    for claim in properties:
        reader, node = Evaluator(claim, setting, known), tree(claim)
        free = tuple(letter for letter in letters if not summed(node, letter))
        for at in setting.places(free):
            if not reader.true(node, dict(zip(free, at, strict=True))):
                return False
    return True


def summed(node: ast.expr, letter: str) -> bool:
    """Whether some `sum` in an expression runs over a letter."""
    calls = [
        n for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "sum"
    ]
    return any(isinstance(arg, ast.Name) and arg.id == letter for call in calls for arg in call.args[1:])


def is_gradient(setting: Setting, result: str, text: str, loss: str) -> bool:
    """Whether `text` is the derivative of `loss` by the given array `result`, by central differences."""
    name, letters = declared(result)
    printed = setting.array(text, letters, setting.filled())
    node = tree(loss)
    for at in setting.places(letters):
        sides = [Evaluator(loss, setting, setting.filled((name, at, sign * STEP))).value(node, {}) for sign in (1, -1)]
        slope = (sides[0] - sides[1]) / (2 * STEP)
        if abs(printed.cells[at] - slope) > 1e-4 * max(1.0, abs(slope)):
            return False
    return True
