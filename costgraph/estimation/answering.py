"""An estimate as people ask for it from Python: a model, a machine and sizes, without a request in between."""

from __future__ import annotations

from typing import Any

from costgraph.errors import UserError
from costgraph.estimation.asked import Request
from costgraph.estimation.estimate import Estimate, estimate
from costgraph.estimation.reading import request
from costgraph.hardware.cluster import Cluster
from costgraph.hardware.machine import Machine
from costgraph.models.model import Model


def answer(
    of: str | Model | Request | None = None, hardware: str | Machine | Cluster | None = None, **options: Any
) -> Estimate:
    """Put a model on a machine: does it fit, what bounds it, how long.

    >>> found = answer("llama-2-7b", hardware="a10", B=1, S=350, new=150)
    >>> found.largest_batch, found.main.title
    (40, 'decode, last')

    Args:
        of: a model, by name, as a file or as an object; or a request that was read before.
        hardware: a machine, or a cluster of them, by name, as a file, as figures or as an object.
        options: phase (`generate`, to `new` tokens, unless given; `prefill`, `decode`, `train`), sizes by their symbols
            or as `limit`, mesh, dtype, efficiency (`flops=0.5,mem=0.8`, or a mapping, without which there are bounds
            alone), overlap, price (`2.5 USD/h`), measured (`tpot=10 ms`), tokens of a whole run, and all that `derive`
            takes.

    Raises:
        UserError: anything unknown, unreadable or out of its domain.
    """
    if hardware is not None:
        options["hardware"] = hardware
    if isinstance(of, Request):
        if options:
            raise UserError(f"{next(iter(options))} belongs to the request that was read before")
        return estimate(of)
    return estimate(request(**options) if of is None else request(model=of, **options))
