"""The same decoder with what the one that was asked has not: a head, shared keys and values."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations

from costgraph.given import Options

VARIANTS = {
    "head=True": "embedding and head are counted",
    "kv_heads=G": "queries share keys and values",
}
NEEDS = {"kv_heads=G": "G"}  # a letter that a formula of it has


def op_sets(of: Options, letters: Collection[str]) -> Iterator[tuple[str, str]]:
    """Decoders that a formula may be of instead, those with less more than was asked first, and how they differ.

    Args:
        of: what was asked of.
        letters: the symbols of the formula.
    """
    asked = of.get("op_set") or "decoder"
    if not isinstance(asked, str):
        return
    own = asked.partition("(")[2].rstrip(") ")
    more = [one for one in VARIANTS if one.partition("=")[0] not in own and NEEDS.get(one, "") in ("", *letters)]
    for number in range(1, len(more) + 1):
        for chosen in combinations(more, number):
            options = ", ".join([*([own] if own else []), *chosen])
            yield f"decoder({options})", ", ".join(VARIANTS[one] for one in chosen)
