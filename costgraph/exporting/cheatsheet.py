"""What stands on the cheat sheet: rows of derivations, in the order of the page. Everything is derived when asked for.

A row says what to derive, which part of it to show, in which limits, and where the literature prints it. How a formula
looks is the business of `documents.py` and of the templates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from costgraph.closed_form import ClosedForm
from costgraph.derivation import Derivation, derive
from costgraph.errors import UserError
from costgraph.polynomial import Polynomial, total
from costgraph.quotient import Quotient
from costgraph.symbols import SYMBOLS, Rational

NOTES = "Decoder-Only Transformers"


@dataclass(frozen=True)
class Row:
    """One formula of the sheet.

    Args:
        label: what it is the cost of.
        measure: what is derived.
        source: where it is printed, as `TITLE, PLACE`; empty for what only the derivation says.
        phase, passes, options: of the derivation; options are those of the op set.
        places: parts of the model whose terms are shown; all of them when empty.
        limits: bindings, each shown in a line of its own.
        regime: a regime whose leading term is shown in units of the parameter count where that is possible.
        shape: how the formula is written.
        per: another measure that this one is divided by.
    """

    label: str
    measure: str
    source: str = ""
    phase: str = "train"
    passes: tuple[str, ...] = ()
    options: str = ""
    places: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    regime: str = ""
    shape: str = "auto"
    precision: str = "mixed_adam"


@dataclass(frozen=True)
class Section:
    """A heading with its rows."""

    title: str
    rows: tuple[Row, ...]
    note: str = ""


TP, SP = "tensor_parallel(T)", "tensor_parallel(T, sequence=True)"
HALF = "E=4,p=2"
FLASH = ("flash_attention",)

SECTIONS: tuple[Section, ...] = (
    Section(
        "Parameters",
        (
            Row("all blocks", "params", f"{NOTES}, eq. 2.2", limits=("E=4",)),
            Row("attention", "params", f"{NOTES}, Sec. 1.3", places=("attn",)),
            Row("MLP", "params", f"{NOTES}, Sec. 1.4", places=("mlp",), limits=("E=4",)),
            Row("key/value heads shared by groups", "params", options="kv_heads=G", places=("attn",), limits=("G=1",)),
            Row("embeddings, with a tied head", "params", f"{NOTES}, Sec. 1.1", options="head=True", places=("embed",)),
        ),
    ),
    Section(
        "Model states",
        (
            Row("mixed precision, Adam", "states", f"{NOTES}, eq. 2.3 and 2.4", limits=("E=4",)),
            Row("fp32, Adam", "states", f"{NOTES}, eq. 2.1 and 2.4", limits=("E=4",), precision="fp32_adam"),
            Row("on one device", "states", f"{NOTES}, Sec. 2.2", passes=(TP,), limits=("E=4",)),
        ),
    ),
    Section(
        "Training FLOPs",
        (
            Row("forward and backward", "flops", f"{NOTES}, eq. 3.2", limits=("E=4",), regime="S << D"),
            Row("leading form", "flops", f"{NOTES}, eq. 3.2", limits=("E=4",), shape="leading"),
            Row("forward", "flops.forward", f"{NOTES}, Sec. 3.1", regime="S << D"),
            Row("backward", "flops.backward", f"{NOTES}, Sec. 3.1", regime="S << D"),
            Row("recomputing attention", "flops.recompute", passes=("recompute(selective)",)),
            Row("recomputing whole blocks", "flops.recompute", passes=("recompute(full)",), regime="S << D"),
        ),
    ),
    Section(
        "Activation memory",
        (
            Row("all blocks", "activations", f"{NOTES}, eq. 2.7", limits=("E=4,p=4", HALF)),
            Row("leading form", "activations", f"{NOTES}, eq. 2.8", limits=(HALF,), shape="leading"),
            Row("attention", "activations", f"{NOTES}, eq. 2.5", places=("attn",), limits=(HALF,)),
            Row("MLP", "activations", f"{NOTES}, eq. 2.6", places=("mlp",), limits=(HALF,)),
            Row("norms", "activations", f"{NOTES}, Sec. 2.1.3", places=("norm",), limits=(HALF,)),
            Row("flash attention", "activations", "Dao et al. 2022", passes=FLASH, limits=(HALF,)),
            Row(
                "recomputing attention", "activations", "Korthikanti et al. 2022, Sec. 5",
                passes=("recompute(selective)",), limits=(HALF,),
            ),
            Row(
                "recomputing whole blocks", "activations", "Korthikanti et al. 2022, Sec. 5",
                passes=("recompute(full)",), limits=(HALF,),
            ),
        ),
    ),
    Section(
        "Tensor and sequence parallel",
        (
            Row(
                "activations, tensor parallel", "activations", f"{NOTES}, eq. 2.14", passes=(TP,),
                limits=(HALF, "E=4,p=2,T->oo"),
            ),
            Row(
                "activations, sequence parallel too", "activations", f"{NOTES}, Sec. 2.3", passes=(SP,), limits=(HALF,),
            ),
            Row("bytes sent per device", "communication", f"{NOTES}, App. B", passes=(TP,), limits=("p=2,T->oo",)),
            Row(
                "with sequence parallel", "communication", "Korthikanti et al. 2022", passes=(SP,),
                limits=("p=2,T->oo",),
            ),
        ),
    ),
    Section(
        "Key/value cache",
        (
            Row("all heads", "cache", f"{NOTES}, eq. 6.1", phase="decode", limits=("p=2",)),
            Row(
                "grouped key/value heads", "cache", "Ainslie et al. 2023", phase="decode", options="kv_heads=G",
                limits=("G=1",),
            ),
            Row("on one device", "cache", f"{NOTES}, Sec. 7", phase="decode", passes=(TP,)),
        ),
    ),
    Section(
        "Prefill and decode",
        (
            Row("prefill FLOPs", "flops", f"{NOTES}, Sec. 7", phase="prefill", regime="S << D"),
            Row("prefill traffic", "traffic", phase="prefill"),
            Row("decode FLOPs, one token", "flops", f"{NOTES}, Sec. 7", phase="decode", regime="S << D"),
            Row("decode traffic", "traffic", f"{NOTES}, Sec. 7", phase="decode"),
        ),
    ),
    Section(
        "Arithmetic intensity",
        (
            Row("decode", "intensity", f"{NOTES}, App. D", phase="decode", limits=("B->oo",)),
            Row("prefill", "intensity", f"{NOTES}, App. D", phase="prefill", limits=("B->oo",)),
        ),
        note="Bound by memory where it is below the ridge point of the machine, by arithmetic above.",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A row that has been derived."""

    row: Row
    derivation: Derivation

    @property
    def form(self) -> ClosedForm:
        """The closed form, of the whole model."""
        return self.derivation.forms[self.row.measure]

    @cached_property
    def value(self) -> Quotient:
        """What is shown: the form, or the part of it that belongs to the row's places."""
        if not self.row.places:
            return self.form.value
        return Quotient(total(term.amount for term in self.form.terms if term.place in self.row.places))

    def limited(self, text: str) -> Quotient:
        """The value in a limit."""
        from costgraph.parser import parse_bindings

        bindings = parse_bindings([text])
        value = self.value.substitute({n: v for n, v in bindings.items() if isinstance(v, Polynomial)})
        for name, bound in bindings.items():
            if not isinstance(bound, Polynomial):
                value = value.at_infinity(name)
        return value

    @cached_property
    def leading(self) -> tuple[Quotient, Quotient | None] | None:
        """(the leading term in the row's regime, the same in units of the parameter count) if a regime is asked for."""
        if not self.row.regime:
            return None
        return self.form.when(self.row.regime).leading, self.in_params

    @property
    def in_params(self) -> Quotient | None:
        """How many times the parameter count the leading term is."""
        leading = self.form.when(self.row.regime).leading
        count = self.derivation.params.value
        ratio = leading / count if count.numerator else None
        return ratio if ratio is not None and ratio.is_polynomial and len(ratio.numerator.terms) == 1 else None

    def at(self, sizes: dict[str, Rational]) -> Rational | None:
        """The exact value at the reference model."""
        return self.value.substitute({n: Polynomial.constant(v) for n, v in sizes.items()}).number


def with_options(op_set: str, options: str) -> str:
    """An op set as the user typed it, with more options."""
    if not options:
        return op_set
    head, mark, rest = op_set.strip().partition("(")
    inside = rest.rstrip(")").strip() if mark else ""
    return f"{head}({', '.join(part for part in (inside, options) if part)})"


def lines(section: Section, op_set: str, convention: str, precision: str) -> Iterator[Line]:
    """The rows of a section that the op set has: a form that is nothing, or that cannot be derived, is left out."""
    for row in section.rows:
        try:
            found = derive(
                row.measure, op_set=with_options(op_set, row.options), phase=row.phase, passes=row.passes,
                convention=convention, precision=row.precision if row.precision != "mixed_adam" else precision,
            )  # fmt: skip
        except UserError:
            if not row.options and not row.passes and row.phase == "train":
                raise
            continue
        line = Line(row, found)
        if line.value.numerator:
            yield line


def reference() -> dict[str, Rational]:
    """The model at which worked numbers are computed: GPT-3 on 8 devices."""
    return {symbol.name: symbol.typical for symbol in SYMBOLS.values()}
