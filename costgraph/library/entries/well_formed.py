"""A TOML table -> an entry of the literature, refused unless it is well formed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from costgraph.errors import UserError, shorten, unknown
from costgraph.library.entries.entry import KINDS_ARGUED, KINDS_PROVED, SEVERITIES, Entry, Erratum
from costgraph.toml_tables import from_table

MEASURED_KEYS = ("measure", "tensor", "structure")


def entry(table: Mapping[str, Any], file: str, line: int) -> Entry:
    """An entry from its TOML table.

    Raises:
        UserError: a key that is unknown, missing or of another type; the message names file, line and entry.
    """
    place = f"{file}:{line}, entry '{shorten(str(table.get('id', '?')), 40)}'"
    made = from_table(Entry, table, place, file=file, line=line)
    try:
        check(made)
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
    return made


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
    check_judged(made)
    if (made.shows or (made.erratum and made.erratum.shows)) and not made.claim:
        raise UserError("shows is for a claim: what its two sides come to")
    if (made.says or (made.erratum and made.erratum.says)) and not (made.claim or made.argument):
        raise UserError("says puts a claim or an argued statement into words; a formula or a number is printed")
    if bool(made.drops) != bool(made.vanishes):
        raise UserError("drops and vanishes belong together: the exact remainder, and what makes it vanish")
    for request in [*made.let.values(), *([made.derive] if made.derive else [])]:
        if len([key for key in MEASURED_KEYS if getattr(request, key)]) != 1:
            raise UserError("a derivation needs one of measure, tensor and structure")
    if idle := [name for name, request in made.let.items() if request.structure]:
        raise UserError(f"let.{idle[0]} needs a measure or a tensor; a structure is for derive")
    if made.tolerance:
        tolerance(made.tolerance)
    if made.erratum:
        check_erratum(made, made.erratum)


def check_judged(made: Entry) -> None:
    """Raise unless it is clear what was printed, and how it is judged or why it is not."""
    stated = [key for key in ("printed", "value", "claim", "structure") if getattr(made, key)]
    settled = [key for key in ("argument", "unverified", "aside") if getattr(made, key)]
    gets = [key for key in ("derive", "derived", "indexed", "claim") if getattr(made, key)]
    for keys in (stated, settled):
        if len(keys) > 1:
            apart = "; make two entries" if keys is stated else ""
            raise UserError(f"{keys[0]} and {keys[1]} exclude each other{apart}")
    if not stated and not settled:
        raise UserError("what was printed is missing: printed, value, claim or structure")
    if stated and not settled and not gets:
        raise UserError("how the engine gets it is missing: derive, or let and derived; or say why it is unverified")
    if made.argument and (made.printed or made.value) and not made.erratum:
        raise UserError(
            "an argument settles a formula or a number only beside an erratum; derive it, or say why it is unverified"
        )
    if settled and not made.argument and gets and gets[0] in ("derive", "derived"):
        raise UserError(f"{settled[0]} says that nothing derives it, and {gets[0]} how it is derived; leave one out")


def check_erratum(made: Entry, erratum: Erratum) -> None:
    """Raise unless an erratum is of a known kind, and can be proved or is argued."""
    if erratum.kind not in (*KINDS_PROVED, *KINDS_ARGUED):
        raise unknown("kind of erratum", erratum.kind, (*KINDS_PROVED, *KINDS_ARGUED))
    if erratum.severity not in SEVERITIES:
        raise unknown("severity", erratum.severity, SEVERITIES)
    if made.unverified or made.aside:
        raise UserError("an erratum has to be proved, or settled by an argument: derive it, or leave it out")
    if made.tolerance:
        raise UserError("tolerance is for a print that is right: write erratum.right with the digits that follow")
    if erratum.kind in KINDS_PROVED and made.argument:
        raise UserError(f"an erratum of {erratum.kind} has to be proved; an argument is for {', '.join(KINDS_ARGUED)}")
    if erratum.kind in KINDS_PROVED and not erratum.right:
        raise UserError("erratum.right is missing: what should stand there")
