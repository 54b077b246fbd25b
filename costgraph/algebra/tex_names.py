r"""Names as TeX sets them: `\text{FLOP/s}`, `M_{\mathrm{hbm}}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from costgraph.algebra.symbols import SYMBOLS
from costgraph.algebra.tex_commands import FACES, UPRIGHT


def typeset() -> Mapping[str, str]:
    """The symbols that are typeset otherwise than they are called: `M_hbm`, `lambda_FLOP/s`."""
    return typeset_among(len(SYMBOLS))


@lru_cache(maxsize=1)
def typeset_among(count: int) -> Mapping[str, str]:
    """The same of a table that has so many symbols; it only grows."""
    found: dict[str, str] = {}
    for name, symbol in SYMBOLS.items():
        base, _, below = symbol.tex.lstrip("\\").partition("_")
        read = f"{letters(base)}_{letters(below)}" if below and base[-1:] != "{" else letters(symbol.tex)
        found.update({read: name} if read != name else {})
    return found


def letters(inside: str) -> str:
    r"""What a group of letters says: `\text{FLOP/s}` says `FLOP/s`."""
    words = re.sub(rf"\\(?:{'|'.join((*UPRIGHT, *FACES))})(?![A-Za-z])|[{{}}$]", "", inside.replace(r"\_", "_"))
    return "_".join(words.replace("~", " ").split())


def named(inside: str) -> str:
    """Letters as a part of a name: what cannot stand in one becomes an underscore."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", inside).strip("_")
