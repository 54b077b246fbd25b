"""The command that answers what a page has no forms of."""

from __future__ import annotations

import shlex
from typing import Any

from costgraph.degrees import DEGREES
from costgraph.estimation.reading import usual_sizes
from costgraph.exploring.scenarios import setup
from costgraph.given import Options, with_keywords
from costgraph.models.model import Model
from costgraph.searching.command import FLAGS, as_typed


def estimated(options: Options, model: Model, phase: str, hardware: str, dtype: str | None) -> str:
    """`costgraph estimate ...` of what a page was asked for: the phase, the machine and the sizes that it shows first.

    Raises:
        UserError: the model cannot be spread like that.
    """
    usual = usual_sizes(setup(options, model, phase, also=DEGREES))
    limit = with_keywords(options.get("limit"), usual)
    given: dict[str, Any] = {**options, "limit": limit, "phase": phase, "hardware": hardware, "dtype": dtype}
    typed = ((FLAGS.get(name, f"--{name}"), as_typed(value)) for name, value in given.items())
    return shlex.join(["costgraph", "estimate", *(word for flag, text in typed if text for word in (flag, text))])
