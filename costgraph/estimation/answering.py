"""An estimate as people ask for it from Python: a model, a machine and sizes, without a request in between."""

from __future__ import annotations

from typing import Unpack

from costgraph.errors import UserError
from costgraph.estimation.asked import Request
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.estimate import estimate as run
from costgraph.estimation.keywords import Estimating, Run
from costgraph.estimation.reading import request
from costgraph.given import Options
from costgraph.hardware.cluster import Cluster
from costgraph.hardware.machine import Machine
from costgraph.models.model import Model
from costgraph.signatures import spelled_out


@spelled_out(Options, Run)
def estimate(
    of: str | Model | Request | None = None,
    /,
    hardware: str | Machine | Cluster | None = None,
    **options: Unpack[Estimating],
) -> Estimate:
    """Put a model on a machine: does it fit, what bounds it, how long.

    >>> found = estimate("llama-2-7b", hardware="a10", B=1, S=350, new=150)
    >>> found.largest_batch, found.main.title
    (40, 'decode, last')

    Args:
        of: a model, by name, as a file or as an object; or a request that was read before. `model` is the same.
        hardware: a machine, or a cluster of them, by name, as a file, as figures or as an object.
        options: phase (`generate`, to `new` tokens, unless given; `prefill`, `decode`, `train`), sizes by their symbols
            or as `limit`, and all that `derive` takes of a question; and of machines: `dtype`, whose peak counts;
            `cluster`, in place of hardware; `link`, over which collectives go; `collectives`, ring or tree;
            `efficiency`, the shares of the peaks that are reached (`flops=0.5,mem=0.8`, or a mapping, without which
            there are bounds alone); `overlap`, what collectives hide behind something else; `new` tokens; `price` of
            a device (`2.5 USD/h`); `tokens` of a whole run; what was `measured` (`tpot=10 ms`).

    Raises:
        UserError: anything unknown, unreadable or out of its domain.
    """
    if isinstance(of, Request):
        given = [*options, *(["hardware"] if hardware is not None else [])]
        if given:
            raise UserError(f"{given[0]} belongs to the request that was read before")
        return run(of)
    if of is not None and options.get("model") is not None:
        raise UserError("the model is given twice, as the first argument and as model")
    if of is not None:
        options["model"] = of
    return run(request(hardware=hardware, **options))
