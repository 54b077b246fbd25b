"""The formulas of a derivation as lines of an `align*`."""

from __future__ import annotations

import re

from costgraph.algebra.printers import LATEX, latex
from costgraph.algebra.symbols import SYMBOLS
from costgraph.derivation import Derivation
from costgraph.reports.nodes import Words, said
from costgraph.reports.parts import rows_of, value


def label(name: str) -> str:
    """The name of a measure."""
    return rf"\mathrm{{{name.replace('_', ' ')}}}"


def unit(result: Derivation, name: str) -> str:
    """The unit of a measure, at the end of its line."""
    return rf"\quad [\mathrm{{{result.forms[name].unit.replace(' ', '~')}}}] \\"


def measure_lines(result: Derivation, name: str, shape: str) -> list[str]:
    """A measure, what it is at sizes, and what it is where a regime holds."""
    lines = [rf"  {label(name)} &= {latex(result.forms[name].value, shape)} {unit(result, name)}"]
    if result.setup.bindings:
        at = ", ".join(
            f"{SYMBOLS[symbol].tex} \\to \\infty" if size == "oo" else f"{SYMBOLS[symbol].tex}={size}"
            for symbol, size in result.setup.bindings.items()
        )
        lines.append(rf"  \left.{label(name)}\right|_{{{at}}} &= {latex(result.limited[name].value, shape)} \\")
    if result.when:
        leading = latex(result.regimes[name].leading, shape)
        sign, when = (r"\approx", result.when.replace("<<", r"\ll")) if "<<" in result.when else ("=", result.when)
        lines.append(rf"  {label(name)} &{sign} {leading} \qquad ({when.replace('<=', chr(92) + 'le')}) \\")
    return lines


def parts_lines(result: Derivation, name: str, shape: str) -> tuple[str, ...]:
    """A sum over several lines, a part on each, with its value and its name; what it comes to last."""
    parts, come_to = result.parts(name), number(value(result.limited[name].value, shape))
    end = unit(result, name)
    if len(parts) < 2:
        return (rf"  {label(name)} &= {latex(result.forms[name].value, shape)} \\", rf"  &= {come_to} {end}")
    lines: list[str] = []
    for row in rows_of(result, name, parts, shape):
        times, form = said(row.times, LATEX), said(row.form, LATEX)
        form = rf"\bigl({form}\bigr)" if times and is_sum(form) else form
        form = rf"{times} \cdot {form}" if times else form
        begin = rf"  {label(name)} &= " if not lines else r"  &\quad + "
        lines.append(rf"{begin}{form} && {number(row.value)} && \text{{{escaped(row.name)}}} \\")
    return (*lines, rf"  &= {come_to} {end}")


def number(words: Words) -> str:
    """A value with commas that stand in digits and separate nothing."""
    text = said(words, LATEX)
    return text.replace(",", "{,}") if text[:1].isdecimal() else text


def is_sum(text: str) -> bool:
    """Whether a form in LaTeX has a sign outside of all parentheses."""
    depth = 0
    for part in re.split(r"(\\left\(|\\right\)| [+-] )", text):
        depth += (part == r"\left(") - (part == r"\right)")
        if depth == 0 and part in (" + ", " - "):
            return True
    return False


def escaped(name: str) -> str:
    """The name of a part as LaTeX text."""
    return name.replace("_", r"\_")
