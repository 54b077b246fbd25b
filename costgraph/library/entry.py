"""What an entry of the literature holds, and whether it is well formed. formulas/README.md explains the format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from costgraph.errors import UserError, shorten, unknown

KINDS_PROVED = ("algebra", "factor", "unit", "sign", "index", "dimension", "number", "rounding")
KINDS_ARGUED = ("concept", "wording", "notation", "text damage")
SEVERITIES = ("minor", "major")
MEASURED_KEYS = ("measure", "tensor", "structure")


@dataclass(frozen=True)
class Request:
    """How the engine gets something: a measure of a graph, the size of a tensor, or how ops are connected.

    Args:
        measure: a measure of the table.
        tensor: instead, the number of elements of a tensor on one device.
        structure: instead, `spec OP`, `kinds SEGMENT`, `readers TENSOR` or `summands OP`.
        op_set, phase, passes, convention, precision, limit: as for `costgraph derive`.
        ops: only the terms of ops whose names match one of these patterns.
        sources: only the terms whose sources (tensors, parts of the state) match.
        part: of traffic, only what the chosen ops read from outside them, or only what they write.
    """

    measure: str = ""
    tensor: str = ""
    structure: str = ""
    op_set: str = "decoder"
    phase: str = ""
    passes: tuple[str, ...] = ()
    convention: str = "notes"
    precision: str = "mixed_adam"
    limit: str = ""
    ops: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    part: str = ""


@dataclass(frozen=True)
class Indexed:
    """How a formula with indices is tested: on which tensors, and against what."""

    result: str
    sizes: Mapping[str, int]
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
        slip: an expression of the derived parts that gives what was printed.
        why: the reason, in one line.
        consequence: what it changes, in numbers.
        group: a number shared by entries with one cause.
    """

    kind: str
    severity: str
    why: str
    right: str | tuple[str, ...] = ""
    says: str = ""
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

    @property
    def where(self) -> str:
        """File, line and id, for messages."""
        return f"{self.file}:{self.line}, entry '{self.id}'" if self.file else f"entry '{self.id}'"

    @property
    def letters(self) -> Mapping[str, str]:
        """What the source's own letters stand for; known once its file is read."""
        return {} if isinstance(self.notation, str) else self.notation

    @property
    def statement(self) -> str:
        """What was printed, as text: the formula, the number with its unit, the structure or the claim."""
        if self.value:
            return f"{self.value} {self.unit}".strip()
        return self.printed or self.claim or "; ".join(self.structure)

    @property
    def right(self) -> str:
        """What should stand there, as text."""
        if self.erratum is None or not self.erratum.right:
            return ""
        right = self.erratum.right
        text = right if isinstance(right, str) else "; ".join(right)
        return f"{text} {self.unit}".strip() if self.value and not any(c.isalpha() for c in text) else text


TABLES: dict[str, type] = {"derive": Request, "erratum": Erratum, "indexed": Indexed}
REQUIRED = ("id", "title", "source", "place")
LISTS = {"structure", "assumptions", "passes", "ops", "sources", "arrays", "define", "properties"}
STRING_TABLES = {"given", "notation"}
OWN = {"file", "line"}


def entry(table: Mapping[str, Any], file: str, line: int) -> Entry:
    """An entry from its TOML table.

    Raises:
        UserError: a key that is unknown, missing or of another type; the message names file, line and entry.
    """
    place = f"{file}:{line}, entry '{shorten(str(table.get('id', '?')), 40)}'"
    try:
        values = converted(Entry, table)
        if missing := [key for key in REQUIRED if not values.get(key)]:
            raise UserError(f"{missing[0]} is missing")
        made = Entry(**values, file=file, line=line)
        check(made)
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
    return made


def converted(kind: type, table: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a table with the types that the dataclass `kind` wants."""
    known = [f.name for f in fields(kind) if f.name not in OWN]
    result: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise unknown("key", key, known)
        if kind is Request and key == "structure":
            result[key] = text(key, value)
        elif key in LISTS or (key == "right" and isinstance(value, list)):
            result[key] = listed(key, value)
        elif key in TABLES and kind is Entry:
            result[key] = nested(key, TABLES[key], value)
        elif key == "let":
            result[key] = {name: nested(f"let.{name}", Request, item) for name, item in mapping(key, value).items()}
        elif key == "sizes":
            result[key] = {name: size(name, item) for name, item in mapping(key, value).items()}
        elif key in STRING_TABLES and isinstance(value, dict):
            result[key] = {name: text(f"{key}.{name}", item) for name, item in value.items()}
        elif key == "recalled":
            if not isinstance(value, bool):
                raise UserError("recalled must be true or false")
            result[key] = value
        else:
            result[key] = text(key, value)
    return result


def nested(key: str, kind: type, value: Any) -> Any:
    """A table inside an entry as its dataclass."""
    values = converted(kind, mapping(key, value))
    missing = [
        f
        for f in {Erratum: ("kind", "severity", "why"), Indexed: ("result", "sizes")}.get(kind, ())
        if not values.get(f)
    ]
    if missing:
        raise UserError(f"{key}.{missing[0]} is missing")
    return kind(**values)


def text(key: str, value: Any) -> str:
    """A TOML string that holds something."""
    if not isinstance(value, str):
        raise UserError(f"{key} must be a string in quotes, not {shorten(repr(value), 30)}")
    if not value.strip():
        raise UserError(f"{key} is empty; leave it out")
    return value


def listed(key: str, value: Any) -> tuple[str, ...]:
    """A TOML array of strings."""
    if not isinstance(value, list):
        raise UserError(f"{key} must be a list of strings in [ ]")
    return tuple(text(key, item) for item in value)


def mapping(key: str, value: Any) -> Mapping[str, Any]:
    """A TOML table."""
    if not isinstance(value, dict):
        raise UserError(f"{key} must be a table")
    return value


def size(name: str, value: Any) -> int:
    """The size of an index letter."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 64:
        raise UserError(f"sizes.{name} must be a whole number from 1 to 64")
    return value


def tolerance(written: str) -> None:
    """Raise unless a relative tolerance lies between 0 and 1."""
    try:
        fits = 0 < Decimal(written) < 1
    except InvalidOperation:
        fits = False
    if not fits:
        raise UserError(f"tolerance must be a decimal number between 0 and 1, not '{shorten(written, 30)}'")


def check(made: Entry) -> None:
    """Raise unless the keys of an entry make sense together."""
    stated = [key for key in ("printed", "value", "claim", "structure") if getattr(made, key)]
    settled = [key for key in ("argument", "unverified", "aside") if getattr(made, key)]
    if len(stated) > 1:
        raise UserError(f"{stated[0]} and {stated[1]} exclude each other; make two entries")
    if len(settled) > 1:
        raise UserError(f"{settled[0]} and {settled[1]} exclude each other")
    if not stated and not settled:
        raise UserError("what was printed is missing: printed, value, claim or structure")
    gets = made.derive or made.derived or made.indexed or made.claim
    if stated and not settled and not gets:
        raise UserError("how the engine gets it is missing: derive, or let and derived; or say why it is unverified")
    if made.shows and not made.claim:
        raise UserError("shows is for a claim: what its two sides come to")
    if (made.says or (made.erratum and made.erratum.says)) and not (made.claim or made.argument):
        raise UserError("says puts a claim or an argued statement into words; a formula or a number is printed")
    if bool(made.drops) != bool(made.vanishes):
        raise UserError("drops and vanishes belong together: the exact remainder, and what makes it vanish")
    for request in [*made.let.values(), *([made.derive] if made.derive else [])]:
        if len([key for key in MEASURED_KEYS if getattr(request, key)]) != 1:
            raise UserError("a derivation needs one of measure, tensor and structure")
    if made.argument and (made.printed or made.value) and not made.erratum:
        raise UserError(
            "an argument settles a formula or a number only beside an erratum; derive it, or say why it is unverified"
        )
    if made.tolerance:
        tolerance(made.tolerance)
    if made.erratum:
        erratum = made.erratum
        if erratum.kind not in (*KINDS_PROVED, *KINDS_ARGUED):
            raise unknown("kind of erratum", erratum.kind, (*KINDS_PROVED, *KINDS_ARGUED))
        if erratum.severity not in SEVERITIES:
            raise unknown("severity", erratum.severity, SEVERITIES)
        if erratum.kind in KINDS_PROVED and made.argument:
            raise UserError(
                f"an erratum of {erratum.kind} has to be proved; an argument is for {', '.join(KINDS_ARGUED)}"
            )
        if erratum.kind in KINDS_PROVED and not erratum.right and not made.unverified:
            raise UserError("erratum.right is missing: what should stand there")
