"""Expressions as program text. One small printer per language on a common base; none of sympy's.

Numbers are written so that no language takes them for its integers, a fraction is one division, and parentheses follow
from precedence alone. What differs between languages is a method here; what goes around an expression is a template.
"""

from __future__ import annotations

from collections.abc import Mapping

from costgraph.errors import UserError
from costgraph.exporting.expression import Call, Name, Node, Number, Power, Product, Ratio, Sum

SUM, PRODUCT, POWER, ATOM = range(4)  # how tightly text binds
WRITTEN_OUT = 4  # powers up to this one are products: faster and more accurate than a call of pow


class Language:
    """Doubles with the operators of C.

    Args:
        spelling: what each symbol is called in the target; one that is not listed keeps its name.
    """

    calls: Mapping[str, str] = {"max": "max", "min": "min", "ceil": "ceil", "floor": "floor", "sqrt": "sqrt"}
    shares = True  # whether parts can be given names before the result

    def __init__(self, spelling: Mapping[str, str] | None = None) -> None:
        self.spelling = dict(spelling or {})

    def text(self, node: Node) -> str:
        """The whole expression."""
        return self.bound(node)[0]

    def bound(self, node: Node) -> tuple[str, int]:
        """Text, and how tightly it binds."""
        match node:
            case Number(value):
                return (self.number(value), ATOM) if value >= 0 else (f"-{self.number(-value)}", SUM)
            case Name(name):
                return self.symbol(name), ATOM
            case Sum(terms):
                return self.sum(terms), SUM
            case Product():
                return self.product(factors(node))
            case Ratio(above, below):
                return self.ratio(above, below)
            case Power(base, exponent):
                return self.power(base, exponent)
            case Call(function, arguments):
                return self.call(function, [self.text(argument) for argument in arguments]), ATOM
        raise TypeError(node)

    def at(self, node: Node, tightness: int) -> str:
        """Text that binds at least that tightly."""
        text, bound = self.bound(node)
        return text if bound >= tightness else f"({text})"

    # --- what languages differ in -------------------------------------------------------------------------------------

    def number(self, value: int) -> str:
        """A whole number as a literal of a double."""
        if value < 10**16:
            return f"{value}.0"
        return repr(self.double(value))

    def double(self, value: int) -> float:
        """The nearest double."""
        try:
            return float(value)
        except OverflowError:
            raise UserError(
                f"a constant of {len(str(value))} digits does not fit a double; only JSON and Python can hold it"
            ) from None

    def symbol(self, name: str) -> str:
        """A symbol or a named part."""
        return self.spelling.get(name, name)

    def ratio(self, above: Node, below: Node) -> tuple[str, int]:
        """One division."""
        return f"{self.at(above, PRODUCT)}/{self.at(below, POWER)}", PRODUCT

    def power(self, base: Node, exponent: int) -> tuple[str, int]:
        """A whole power."""
        text = self.at(base, ATOM)
        if exponent <= WRITTEN_OUT:
            return "*".join([text] * exponent), PRODUCT
        return self.raised(text, exponent), ATOM

    def raised(self, base: str, exponent: int) -> str:
        """A power too high to be written out."""
        return f"pow({base}, {exponent}.0)"

    def call(self, function: str, arguments: list[str]) -> str:
        """A function; max and min are nested where a language takes two arguments only."""
        return nested(self.calls[function], arguments)

    # --- the same everywhere ------------------------------------------------------------------------------------------

    def sum(self, terms: tuple[Node, ...]) -> str:
        """`a + b - c`."""
        text = ""
        for term in terms:
            positive = negated(term)
            sign = " + " if positive is None else " - "
            body = self.at(term if positive is None else positive, PRODUCT)
            text += sign + body if text else (body if positive is None else f"-{body}")
        return text

    def product(self, parts: list[Node]) -> tuple[str, int]:
        """`12.0*B*S`: numbers first."""
        parts = [*(p for p in parts if isinstance(p, Number)), *(p for p in parts if not isinstance(p, Number))]
        if parts[0] == Number(-1):
            return f"-{self.product(parts[1:])[0]}" if len(parts) > 2 else f"-{self.at(parts[1], PRODUCT)}", SUM
        if isinstance(parts[0], Number) and parts[0].value < 0:
            return f"-{self.product([Number(-parts[0].value), *parts[1:]])[0]}", SUM
        tight = [self.at(p, PRODUCT if isinstance(p, Power) else POWER) for p in parts]
        return "*".join(tight), PRODUCT


def factors(node: Node) -> list[Node]:
    """The factors of a product that leans to the left."""
    return [*factors(node.left), node.right] if isinstance(node, Product) else [node]


def negated(node: Node) -> Node | None:
    """The opposite of a term that is written with a minus sign, else None."""
    match node:
        case Number(value) if value < 0:
            return Number(-value)
        case Product(left, Number(value)) if value < 0:
            return left if value == -1 else Product(left, Number(-value))
        case Ratio(above, below) if (positive := negated(above)) is not None:
            return Ratio(positive, below)
    return None


def nested(function: str, arguments: list[str]) -> str:
    """`f(a, f(b, c))`."""
    if len(arguments) < 3:
        return f"{function}({', '.join(arguments)})"
    return f"{function}({arguments[0]}, {nested(function, arguments[1:])})"


class Python(Language):
    """Exact integers and fractions; a division is a call that keeps it exact."""

    calls: Mapping[str, str] = {**Language.calls, "ceil": "_ceil", "floor": "_floor"}

    def number(self, value: int) -> str:
        return str(value)

    def ratio(self, above: Node, below: Node) -> tuple[str, int]:
        return f"_ratio({self.text(above)}, {self.text(below)})", ATOM

    def power(self, base: Node, exponent: int) -> tuple[str, int]:
        return f"{self.at(base, ATOM)}**{exponent}", POWER

    def call(self, function: str, arguments: list[str]) -> str:
        return f"{self.calls[function]}({', '.join(arguments)})"


class NumPy(Language):
    """Functions of the array-API standard, looked up in the namespace `xp` of the arguments."""

    calls: Mapping[str, str] = {
        "max": "xp.maximum", "min": "xp.minimum", "ceil": "xp.ceil", "floor": "xp.floor", "sqrt": "xp.sqrt",
    }  # fmt: skip

    def raised(self, base: str, exponent: int) -> str:
        return f"({base}**{exponent})"

    def call(self, function: str, arguments: list[str]) -> str:
        if function in ("max", "min"):  # of numbers, too
            arguments = [f"xp.asarray({a}, dtype=xp.float64)" if literal(a) else a for a in arguments]
        return super().call(function, arguments)


def literal(text: str) -> bool:
    """Whether the text is a number."""
    return text.lstrip("-").replace(".", "", 1).isdigit()


class C(Language):
    """C99 with <math.h>."""

    calls: Mapping[str, str] = {**Language.calls, "max": "fmax", "min": "fmin"}


class JavaScript(Language):
    """JavaScript and TypeScript."""

    calls: Mapping[str, str] = {name: f"Math.{name}" for name in Language.calls}

    def raised(self, base: str, exponent: int) -> str:
        return f"Math.pow({base}, {exponent})"


class Rust(Language):
    """Rust's f64, by the functions of its type."""

    calls: Mapping[str, str] = {name: f"f64::{name}" for name in Language.calls}

    def raised(self, base: str, exponent: int) -> str:
        return f"f64::powi({base}, {exponent})"

    def number(self, value: int) -> str:
        return super().number(value) if value < 10**16 else f"{self.double(value)!r}_f64"


class SQL(Language):
    """Doubles in SQL, where there are no names for parts."""

    calls: Mapping[str, str] = {**Language.calls, "max": "greatest", "min": "least"}
    shares = False

    def number(self, value: int) -> str:
        return f"{value}e0" if value < 10**16 else repr(self.double(value))

    def raised(self, base: str, exponent: int) -> str:
        return f"power({base}, {exponent}e0)"

    def call(self, function: str, arguments: list[str]) -> str:
        return f"{self.calls[function]}({', '.join(arguments)})"


class Excel(Language):
    """Formulas of a worksheet; symbols are names of cells."""

    calls: Mapping[str, str] = {"max": "MAX", "min": "MIN", "sqrt": "SQRT"}
    shares = False

    def number(self, value: int) -> str:
        return str(value) if value < 10**15 else repr(self.double(value)).upper()

    def raised(self, base: str, exponent: int) -> str:
        return f"POWER({base},{exponent})"

    def call(self, function: str, arguments: list[str]) -> str:
        if function == "floor":
            return f"INT({arguments[0]})"
        if function == "ceil":
            return f"(-INT(-({arguments[0]})))"
        return f"{self.calls[function]}({','.join(arguments)})"


LANGUAGES: dict[str, type[Language]] = {
    "python": Python,
    "numpy": NumPy,
    "c": C,
    "javascript": JavaScript,
    "rust": Rust,
    "sql": SQL,
    "excel": Excel,
}
