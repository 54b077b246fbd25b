"""The command that answers what a page has no forms of."""

from __future__ import annotations

import shlex
from typing import Any

from costgraph.degrees import DEGREES
from costgraph.errors import OpenStages, UserError
from costgraph.estimation.answering import estimate
from costgraph.exploring.first import usual
from costgraph.exploring.scenarios import named, setup
from costgraph.given import Options, read_mesh, with_keywords
from costgraph.searching.command import FLAGS, as_typed

SAME = Options.__annotations__.keys() - {"limit", "phase"}


def refusal(why: UserError | str, asked: dict[str, Any]) -> UserError:
    """Why there is no page, with the `costgraph estimate ...` that answers instead, where one does.

    Args:
        why: there is none.
        asked: the options with the model, the phase, the machine and its data type.
    """
    said = f"{str(why).partition(';')[0]}, and a page leaves P open" if isinstance(why, OpenStages) else str(why)
    command = answer(asked)
    return UserError(f"{said}; this answers it: {command}" if command else said)


def answer(asked: dict[str, Any]) -> str:
    """The estimate of what a page would show first; "" if there is none, which shows once it is made."""
    limit = asked.get("limit") or ()
    options: Any = {name: value for name, value in asked.items() if name in SAME}
    try:
        of = setup(options, named(options), asked["phase"], limit=limit, also=DEGREES)
        given = {**asked, "limit": with_keywords(limit, usual(of, read_mesh(asked.get("mesh") or "") or None))}
        estimate(**given)
    except UserError:
        return ""
    typed = ((FLAGS.get(name, f"--{name}"), as_typed(value)) for name, value in given.items())
    return shlex.join(["costgraph", "estimate", *(word for flag, text in typed if text for word in (flag, text))])
