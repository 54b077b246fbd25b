"""Jinja2 in a sandbox whose work is bounded: a template of a user's can neither reach Python nor fill the memory.

Every character and item that a template makes is spent from one `Budget` *before* it is made, wherever it comes from:
loops, macros, blocks and templates pay when they are entered, literals, `~`, operators, filters, tests, calls and
output when they are evaluated. So there is no list of dangerous templates, and no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from types import BuiltinMethodType
from typing import Any, cast

from jinja2 import StrictUndefined, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from costgraph.exporting.growth import GROWTH, METHOD_GROWTH, METHODS, percent

WORK = 30_000_000  # characters; a large document of the package takes a sixtieth
EACH = 30  # what an item, or a node of the template, counts as
LARGEST = 2**64  # side of a product or power in a template: larger ones could fill the memory
LONGEST = 10_000  # characters or items that a repetition may give
WITHOUT = ("pprint", "random", "striptags", "urlize")  # filters whose work no text bounds, or that are never the same
Growth = Mapping[str, Callable[..., float]]


class Budget:
    """What is left of the work that a template may do."""

    def __init__(self) -> None:
        self.left = WORK

    def spend(self, amount: float) -> None:
        """Take from what is left.

        Raises:
            SecurityError: there is not enough.
        """
        self.left -= max(int(min(amount, WORK + 1)), 0)
        if self.left < 0:
            raise SecurityError(f"it makes more than {WORK:,} characters and items")

    def weigh(self, value: Any) -> int:
        """Spend what it takes to copy, print or compare a value once; the size is returned."""
        before, stack = self.left, [value]
        while stack:
            part = stack.pop()
            if isinstance(part, str):
                self.spend(EACH + len(part))
            elif isinstance(part, int):
                self.spend(EACH + (part.bit_length() // 32) ** 2)  # as many steps as its digits take
            elif isinstance(part, range):
                self.spend(EACH * len(part))
            else:
                self.spend(EACH)
                if isinstance(part, Mapping):
                    stack += [*part.keys(), *part.values()]
                elif isinstance(part, list | tuple):
                    stack += part
                elif isinstance(part, Namespace) and part is not value:
                    raise SecurityError("a namespace inside another value")
        return before - self.left

    def listed(self, items: Iterator[Any]) -> list[Any]:
        """What a lazy filter gives."""
        found = []
        for item in items:
            self.spend(EACH)
            found.append(item)
        return found


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's, with a budget for everything that a template makes; one for each rendering."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, **options: Any) -> None:
        self.budget = budget = Budget()

        @pass_context  # so that Jinja cannot work it out once, before the template is filled in
        def finished(_: Context, value: Any) -> str:
            budget.weigh(value)
            if isinstance(value, Namespace):
                raise SecurityError("a namespace has no text")
            return str(value)

        @pass_context
        def spent(_: Context, amount: int) -> str:
            budget.spend(amount)
            return ""

        super().__init__(undefined=StrictUndefined, finalize=finished, optimized=False, autoescape=False, **options)
        self.filters = {name: self.bounded(name, f) for name, f in self.filters.items() if name not in WITHOUT}
        self.tests = {name: self.bounded(name, cast(Callable[..., Any], f)) for name, f in self.tests.items()}
        self.filters |= {"_spent": spent, "_weighed": self.weighed, "_concatenated": self.concatenated}
        del self.globals["lipsum"]

    def add_filter(self, name: str, function: Callable[..., Any]) -> None:
        """One more filter."""
        self.filters[name] = self.bounded(name, function)

    def bounded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter or test that pays for its arguments and for what it will make of them."""
        offset = 1 if hasattr(function, "jinja_pass_arg") else 0

        @wraps(function)
        def paid(*arguments: Any, **options: Any) -> Any:
            given = arguments[offset:]
            self.pay(name, given, options)
            made = function(*arguments, **options)
            return self.budget.listed(made) if isinstance(made, Iterator) else made

        return paid

    def pay(self, name: str, given: Sequence[Any], options: Mapping[str, Any], growth: Growth = GROWTH) -> None:
        """Spend what arguments weigh and what is made of them."""
        for value in (*given, *options.values()):
            self.budget.weigh(value)
        if name in growth:  # what is undefined has no length and is reported at once
            self.budget.spend(growth[name](*given, **options))

    def weighed(self, value: Any) -> Any:
        """A value that was just made, or is about to be compared."""
        self.budget.weigh(value)
        return value

    def concatenated(self, parts: list[Any]) -> str:
        """What `~` gives."""
        self.budget.weigh(parts)
        return "".join(map(str, parts))

    def call(self, context: Context, function: Any, *arguments: Any, **options: Any) -> Any:
        """A call of a macro, a function, or a method of text, a list or a table.

        Raises:
            SecurityError: another method, or one that would make too much.
        """
        owner = getattr(function, "__self__", None)
        if isinstance(function, BuiltinMethodType) and owner is not None:
            if function.__name__ not in METHODS.get(type(owner), ()):
                raise SecurityError(f"the method {function.__name__} of {type(owner).__name__}")
            self.pay(function.__name__, (owner, *arguments), options, METHOD_GROWTH)
        else:
            for value in (*arguments, *options.values()):
                self.budget.weigh(value)
        return super().call(context, function, *arguments, **options)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """A sum, product, repetition, power or formatted text.

        Raises:
            SecurityError: the result would get too large.
        """
        weights = [self.budget.weigh(side) for side in (left, right)]
        numbers = [abs(side) for side in (left, right) if isinstance(side, int | float)]
        if operator in ("*", "**"):
            if any(number > LARGEST for number in numbers) or (operator == "**" and numbers[-1:] > [64]):
                raise SecurityError(f"{operator} of numbers that large")
            if len(numbers) == 1:
                self.repeat(left if hasattr(left, "__len__") else right, numbers[0])
        if operator == "%" and isinstance(left, str):
            self.budget.spend(percent(left, weights[1]))
        return super().call_binop(context, operator, left, right)

    def repeat(self, value: Any, times: float) -> None:
        """Spend what a repetition makes.

        Raises:
            SecurityError: it is too long.
        """
        if hasattr(value, "__len__") and len(value) * times > LONGEST:
            raise SecurityError(f"a repetition of more than {LONGEST} characters or items")
        self.budget.spend(self.budget.weigh(value) * times)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """What Jinja puts in the place of `text.format`."""
        made = super().wrap_str_format(value)
        if made is None:
            return None

        @wraps(made)
        def paid(*arguments: Any, **options: Any) -> str:
            self.pay("format", (value.__self__, *arguments), options, METHOD_GROWTH)
            return made(*arguments, **options)

        return paid

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """The tree of a template, in which everything that makes something pays for it."""
        tree = super()._parse(source, name, filename)
        paying(tree)
        bodies: list[tuple[Any, int]] = []
        work_of(tree, bodies)
        for body, work in bodies:
            enter(body, work)
        return tree


def parts_of(node: nodes.Node) -> Iterator[tuple[str, int | None, nodes.Node]]:
    """The nodes right below one: the field in which each stands, and where in a list."""
    for name in node.fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            yield from ((name, at, part) for at, part in enumerate(value) if isinstance(part, nodes.Node))
        elif isinstance(value, nodes.Node):
            yield name, None, value


def paying(node: Any) -> Any:
    """A tree with a filter of the sandbox around what makes or compares values without a call."""
    for name, at, part in parts_of(node):
        if (made := paying(part)) is part:
            continue
        if at is None:
            setattr(node, name, made)
        else:
            getattr(node, name)[at] = made
    if isinstance(node, nodes.Concat):  # `a ~ b`
        return through("_concatenated", nodes.List(node.nodes, lineno=node.lineno))
    if isinstance(node, nodes.Compare):  # `a == b`, `a in b`
        node.expr = through("_weighed", node.expr)
        for operand in node.ops:
            operand.expr = through("_weighed", operand.expr)
    elif isinstance(node, LITERALS) and getattr(node, "ctx", "load") == "load" and not is_item(node):
        return through("_weighed", node)
    return node


LITERALS = (nodes.List, nodes.Tuple, nodes.Dict, nodes.Getitem)


def is_item(node: nodes.Node) -> bool:
    """Whether a node takes one item out of a value, and so makes nothing."""
    return isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Slice)


def through(name: str, node: nodes.Expr) -> nodes.Filter:
    """A node with a filter of the sandbox around it."""
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno, environment=node.environment)


BODIES = (nodes.Template, nodes.For, nodes.Macro, nodes.CallBlock, nodes.Block)


def work_of(node: nodes.Node, bodies: list[tuple[Any, int]]) -> int:
    """What a node counts as, by its constant text and its size; `bodies` gets what is entered, with what is inside."""
    inside = sum([work_of(part, bodies) for _, _, part in parts_of(node)])
    if isinstance(node, BODIES):
        bodies.append((node, inside))
    counts = EACH if isinstance(node, nodes.Expr | nodes.Stmt) else 0
    return inside + counts + (len(node.data) if isinstance(node, nodes.TemplateData) else 0)


def enter(body: Any, work: int) -> None:
    """Let a loop, macro, block or template pay for what is in it each time that it is entered."""
    paid = through("_spent", nodes.Const(work, lineno=body.lineno, environment=body.environment))
    body.body.insert(0, nodes.Output([paid], lineno=body.lineno, environment=body.environment))
    if isinstance(body, nodes.For) and body.test is not None:
        body.test = nodes.Or(paid, body.test, lineno=body.lineno, environment=body.environment)
