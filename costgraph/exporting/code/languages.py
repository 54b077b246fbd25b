"""Expressions as program text. One small printer per language on a common base; none of sympy's.

Numbers are written so that no language takes them for its integers, a fraction is one division, and parentheses follow
from precedence alone. What differs between languages is a method here; what goes around an expression is a template.
"""

from __future__ import annotations

from collections.abc import Mapping

from costgraph.algebra.expression import FUNCTIONS, Call, Name, Node, Number, Power, Product, Ratio, Sum, names, negated
from costgraph.errors import UserError

SUM, PRODUCT, POWER, ATOM = range(4)  # how tightly text binds
WRITTEN_OUT = 4  # powers up to this one are products: faster and more accurate than a call of pow
EXACT = 2**53  # up to here a double holds every whole number
LONGEST = 2**24  # characters of all expressions and their parts that a module holds: a power may repeat its base
LARGEST_DOUBLE = "1.7976931348623157e308"


class Language:
    """Doubles with the operators of C.

    Args:
        spelling: what each symbol is called in the target; one that is not listed keeps its name.
    """

    whole = "{}.0"  # a whole number that a double holds exactly, as a literal of a double
    rounded = "{}"  # a larger one, given as the nearest double
    raised = "pow({}, {}.0)"  # a power too high to be written out
    calls: Mapping[str, str] = {name: name + "({})" for name in FUNCTIONS}
    pairs = True  # whether max and min take two arguments only
    shares = True  # whether parts can be given names before the result
    conditions: Mapping[str, str] = {  # {2} is the second over the first
        "divides": "divides({0}, {1})", "at_most": "{0} <= {1}", "whole": "whole({0})", "positive": "positive({0})",
    }  # fmt: skip

    def __init__(self, spelling: Mapping[str, str] | None = None) -> None:
        self.spelling = dict(spelling or {})
        self.written = 0  # characters, of all that this printer has written

    def text(self, node: Node) -> str:
        """The whole expression.

        Raises:
            UserError: it is too long to be written.
        """
        return self.bound(node)[0]

    def condition(self, kind: str, *parts: Node) -> str:
        """That one part divides another or is at most another, or that one is a whole or any positive number."""
        quotient = [Ratio(parts[1], parts[0])] if kind == "divides" else []
        return self.conditions[kind].format(*map(self.text, [*parts, *quotient]))

    def bound(self, node: Node) -> tuple[str, int]:
        """Text, and how tightly it binds."""
        text, tightness = self.expression(node)
        self.written += len(text)
        if self.written > LONGEST:
            raise UserError(f"the forms take more than {LONGEST} characters to write; export parts of them one by one")
        return text, tightness

    def expression(self, node: Node) -> tuple[str, int]:
        """The same, of any length."""
        match node:
            case Number(value) if not isinstance(value, int):
                return self.ratio(Number(value.numerator), Number(value.denominator))
            case Number(int(value)):
                return (self.number(value), ATOM) if value >= 0 else (f"-{self.number(-value)}", SUM)
            case Name(name):
                return self.spelling.get(name, name), ATOM
            case Sum(terms):
                return self.sum(terms), SUM
            case Product():
                return self.product(factors(node))
            case Ratio(above, below):
                return self.ratio(above, below)
            case Power(base, exponent):
                return self.power(base, exponent)
            case Call(function, arguments):
                return self.call(function, arguments), ATOM
        raise TypeError(node)

    def at(self, node: Node, tightness: int) -> str:
        """Text that binds at least that tightly."""
        text, bound = self.bound(node)
        return text if bound >= tightness else f"({text})"

    # --- what languages may write in their own way --------------------------------------------------------------------

    def number(self, value: int) -> str:
        """A number that is not negative, as a literal."""
        return self.whole.format(value) if value <= EXACT else self.rounded.format(repr(double(value)))

    def ratio(self, above: Node, below: Node) -> tuple[str, int]:
        """One division."""
        return f"{self.at(above, PRODUCT)}/{self.at(below, POWER)}", PRODUCT

    def power(self, base: Node, exponent: int) -> tuple[str, int]:
        """A whole power."""
        text = self.at(base, ATOM)
        if exponent <= WRITTEN_OUT:
            return "*".join([text] * exponent), PRODUCT
        return self.raised.format(text, exponent), ATOM

    def call(self, function: str, arguments: tuple[Node, ...]) -> str:
        """A function; max and min are nested where the language takes two arguments only."""
        if self.pairs and len(arguments) > 2:
            half = len(arguments) // 2  # not one by one, which would be nested as deeply as there are arguments
            arguments = tuple(
                Call(function, part) if len(part) > 1 else part[0] for part in (arguments[:half], arguments[half:])
            )
        return self.calls[function].format(", ".join(map(self.argument, arguments)))

    def argument(self, node: Node) -> str:
        """What a function is applied to."""
        return self.text(node)

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


def double(value: int) -> float:
    """The nearest double.

    Raises:
        UserError: there is none.
    """
    try:
        return float(value)
    except OverflowError:
        size = f"a constant of {len(str(value))} digits"
        raise UserError(f"{size} does not fit a double; only JSON and Python can hold it") from None


class Plain(Language):
    """Formulas for a reader."""

    pairs = False

    def number(self, value: int) -> str:
        """All its digits."""
        return str(value)

    def power(self, base: Node, exponent: int) -> tuple[str, int]:
        """With two asterisks."""
        return f"{self.at(base, ATOM)}**{exponent}", POWER


class Python(Plain):
    """Exact integers and fractions; a division is a call that keeps it exact."""

    calls: Mapping[str, str] = {**Language.calls, "ceil": "_ceil({})", "floor": "_floor({})"}
    conditions: Mapping[str, str] = {
        "divides": "_divides({0}, {1})", "at_most": "{0} <= {1}", "whole": "_inside({0}, True)",
        "positive": "_inside({0}, False)",
    }  # fmt: skip

    def ratio(self, above: Node, below: Node) -> tuple[str, int]:
        """A call of a function of the module, exact for whole numbers and fractions as the operator ** is."""
        return f"_ratio({self.text(above)}, {self.text(below)})", ATOM


class NumPy(Language):
    """Functions of the array-API standard, looked up in the namespace `xp` of the arguments."""

    raised = "({}**{})"
    calls: Mapping[str, str] = {
        "max": "xp.maximum({})", "min": "xp.minimum({})", "ceil": "xp.ceil({})", "floor": "xp.floor({})",
        "sqrt": "xp.sqrt({})",
    }  # fmt: skip
    conditions: Mapping[str, str] = {
        "divides": "_divides(xp, {0}, {1})", "at_most": "{0} <= {1}", "whole": "_whole(xp, {0})",
        "positive": "_positive(xp, {0})",
    }  # fmt: skip

    def argument(self, node: Node) -> str:
        """An array: the standard's functions take no bare numbers."""
        return self.text(node) if names([node]) else f"xp.asarray({self.text(node)}, dtype=xp.float64)"


class C(Language):
    """C99 with <math.h>."""

    calls: Mapping[str, str] = {**Language.calls, "max": "fmax({})", "min": "fmin({})"}
    conditions: Mapping[str, str] = {
        "divides": "costgraph_divides({0}, {1})", "at_most": "{0} <= {1}", "whole": "costgraph_whole({0})",
        "positive": "costgraph_positive({0})",
    }  # fmt: skip


class JavaScript(Language):
    """JavaScript and TypeScript."""

    conditions: Mapping[str, str] = {
        **Language.conditions,
        "whole": 'checked("{0}", {0}, true) > 0',
        "positive": 'checked("{0}", {0}, false) > 0',
    }

    raised = "Math.pow({}, {})"
    calls: Mapping[str, str] = {name: f"Math.{name}({{}})" for name in FUNCTIONS}
    pairs = False


class Rust(Language):
    """Rust's f64, by the functions of its type."""

    rounded = "{}_f64"
    raised = "f64::powi({}, {})"
    calls: Mapping[str, str] = {name: f"f64::{name}({{}})" for name in FUNCTIONS}


class SQL(Language):
    """Doubles in SQL, where there are no names for parts."""

    whole = "{}e0"
    raised = "power({}, {}e0)"
    calls: Mapping[str, str] = {**Language.calls, "max": "greatest({})", "min": "least({})"}
    pairs = False
    shares = False
    conditions: Mapping[str, str] = {  # NaN is the largest number in SQL
        "divides": f"({{1}} > {EXACT}e0 OR floor({{2}}) = {{2}})",
        "at_most": "({0} <= {1})",
        "whole": f"{{0}} BETWEEN 1e0 AND {LARGEST_DOUBLE} AND floor({{0}}) = {{0}}",
        "positive": f"{{0}} > 0e0 AND {{0}} <= {LARGEST_DOUBLE}",
    }


class Excel(Language):
    """Formulas of a worksheet; symbols are names of cells."""

    whole = "{}"
    raised = "POWER({},{})"
    calls: Mapping[str, str] = {
        "max": "MAX({})", "min": "MIN({})", "ceil": "(-INT(-({})))", "floor": "INT({})", "sqrt": "SQRT({})",
    }  # fmt: skip
    pairs = False
    shares = False
    conditions: Mapping[str, str] = {
        "divides": f"OR({{1}}>{EXACT},INT({{2}})={{2}})", "at_most": "{0}<={1}", "whole": "{0}>=1,INT({0})={0}",
        "positive": "{0}>0",
    }  # fmt: skip


LANGUAGES: dict[str, type[Language]] = {
    "python": Python,
    "numpy": NumPy,
    "c": C,
    "javascript": JavaScript,
    "rust": Rust,
    "sql": SQL,
    "excel": Excel,
}
