"""What an entry of the literature holds. formulas/README.md explains the format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any

from costgraph.errors import UserError
from costgraph.records import dataclass

KINDS_PROVED = ("algebra", "factor", "unit", "sign", "index", "dimension", "number", "rounding")
KINDS_ARGUED = ("concept", "wording", "notation", "text damage")
BLANK = "-"  # the value of a cell that is empty or cannot be read
SEVERITIES = ("minor", "major")


def extent(value: Any) -> int:
    """How far an index runs in a test."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 64:
        raise UserError("must be a whole number from 1 to 64")
    return value


@dataclass(frozen=True)
class Request:
    """How the engine gets something: a measure of a graph, the size of a tensor, or how ops are connected.

    Args:
        measure: a measure of the table.
        tensor: instead, the number of elements of a tensor on one device.
        structure: instead, `spec OP`, `kinds SEGMENT`, `readers TENSOR` or `summands OP`.
        model, op_set, phase, passes, mesh, convention, precision, limit, symbolic: as for `costgraph derive`, but that
            the convention is `notes` unless given.
        ops: only the terms of ops whose names match one of these patterns.
        sources: only the terms whose sources (tensors) match.
        part: of states, only the weights, gradients or optimizer; of traffic, only what the chosen ops read from
            outside them, or only what they write.
    """

    measure: str = ""
    tensor: str = ""
    structure: str = ""
    model: str = ""
    op_set: str = ""
    phase: str = ""
    passes: tuple[str, ...] = ()
    mesh: str = ""
    convention: str = "notes"
    precision: str = "mixed_adam"
    limit: str = ""
    symbolic: str = ""
    ops: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    part: str = ""


@dataclass(frozen=True)
class Indexed:
    """How a formula with indices is tested: on which tensors, and against what."""

    result: str
    sizes: Mapping[str, Annotated[int, extent]]
    arrays: tuple[str, ...] = ()
    define: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    expected: str = ""
    loss: str = ""


@dataclass(frozen=True)
class Erratum:
    """What is wrong with what was printed, and how it came about.

    Args:
        kind: what sort of slip; see KINDS_PROVED and KINDS_ARGUED.
        severity: `minor` misleads nobody who looks twice; `major` changes a result.
        right: what should stand there, in the form of what was printed.
        says: for what is said in words, what holds instead, in words.
        shows: of a claim, what the two sides of the correction come to.
        slip: an expression of the derived parts that gives what was printed, or `THIS becomes THAT`.
        why: the reason, in one line.
        consequence: what it changes, in numbers.
        group: a number shared by entries with one cause.
    """

    kind: str
    severity: str
    why: str
    right: str | tuple[str, ...] = ""
    says: str = ""
    shows: str = ""
    slip: str = ""
    consequence: str = ""
    group: str = ""


@dataclass(frozen=True)
class Entry:
    """One statement of a source."""

    id: str
    title: str
    source: str
    place: str
    file: str = ""
    line: int = 0
    quantity: str = ""
    unit: str = ""
    printed: str = ""
    value: str = ""
    claim: str = ""
    says: str = ""  # what a claim or an argued statement says, in words
    shows: str = ""
    structure: tuple[str, ...] = ()
    indexed: Indexed | None = None
    notation: str | Mapping[str, str] = ""  # a name in the file; the letters themselves once it is read
    given: Mapping[str, str] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)  # where what is given stands, by its name
    catalog: Mapping[str, str] = field(default_factory=dict)  # figures of machines by name: `a100-80gb-sxm peak.bf16`
    at: str = ""
    let: Mapping[str, Request] = field(default_factory=dict)
    derive: Request | None = None
    derived: str = ""
    drops: str = ""
    vanishes: str = ""
    constant: str = ""
    tolerance: str = ""
    assumptions: tuple[str, ...] = ()
    remark: str = ""
    url: str = ""
    recalled: bool = False
    erratum: Erratum | None = None
    argument: str = ""
    unverified: str = ""
    aside: str = ""

    def __hash__(self) -> int:
        """Of where it stands: what was worked out of an entry is found by it."""
        return hash((self.file, self.line, self.id))

    @property
    def where(self) -> str:
        """File, line and id, for messages."""
        return f"{self.file}:{self.line}, entry '{self.id}'" if self.file else f"entry '{self.id}'"

    @property
    def letters(self) -> Mapping[str, str]:
        """What the source's own letters stand for; known once its file is read."""
        return {} if isinstance(self.notation, str) else self.notation

    @property
    def stated(self) -> str | tuple[str, ...]:
        """What was printed."""
        return self.structure or self.value or self.claim or self.printed

    @property
    def statement(self) -> str:
        """What was printed, as text: the formula, the number with its unit, the structure or the claim."""
        if self.value:
            return "an empty cell" if self.value == BLANK else f"{self.value} {self.unit}".strip()
        return self.printed or self.claim or "; ".join(self.structure)

    @property
    def right(self) -> str:
        """What should stand there, as text."""
        if self.erratum is None or not self.erratum.right:
            return ""
        right = self.erratum.right
        text = right if isinstance(right, str) else "; ".join(right)
        return f"{text} {self.unit}".strip() if self.value and not any(c.isalpha() for c in text) else text
