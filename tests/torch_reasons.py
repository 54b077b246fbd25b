"""Where what PyTorch keeps is not what the architecture demands: each reason as what it changes, to the byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from torch_reference import FUSED, Kept, Run, kept, sizes_of

Sizes = Mapping[str, int]
Change = Callable[[Run, Sizes, Kept], Kept | None]  # of a tensor that is kept; None if it is not
CORE = ("attn.scores", "attn.softmax", "attn.dropout", "attn.values")  # what keeps, in an attention that is not fused
ROWS = 32  # of which the memory-efficient kernel keeps multiples
GENERATOR = {"aten_flash": 24, "aten_efficient": 16}  # bytes of the random generator's state, with dropout or without


def narrow_statistics(run: Run, sizes: Sizes, one: Kept) -> Kept:
    """LayerNorm on CPU keeps its mean and reciprocal deviation as wide as its input."""
    return replace(one, width=run.width) if one.role == "statistic" else one


def noise(run: Run, sizes: Sizes, one: Kept) -> Kept:
    """Dropout on CPU keeps what it multiplies with, as wide as what it makes, in place of a mask of one byte."""
    return replace(one, op="dropout", width=one.result) if one.role == "mask" else one


def plain_products(run: Run, sizes: Sizes, one: Kept) -> Kept:
    """Attention that no kernel fuses computes in fp32 whatever it gets, and drops as on CPU."""
    return replace(one, op=FUSED["sdpa"], width=4) if one.place in CORE else one


def narrow_softmax(run: Run, sizes: Sizes, one: Kept) -> Kept | None:
    """The ops that autocast widens on CPU lack softmax: its result is as narrow as the scores, and read as it is."""
    if one.name == "attn.values.cast_attn.softmax":
        return None
    if one.place in ("attn.softmax", "attn.dropout"):
        return replace(one, width=min(one.width, run.width), result=run.width)
    return one


def padded_rows(run: Run, sizes: Sizes, one: Kept) -> Kept:
    """The memory-efficient kernel keeps a log-sum-exp for a multiple of 32 rows."""
    S = sizes["S"]
    return replace(one, elements=one.elements // S * -(-S // ROWS) * ROWS) if one.name.endswith(".lse") else one


def reasons(run: Run) -> tuple[Change, ...]:
    """Those that hold for a run, in the order in which they change what is kept."""
    found: list[Change] = []
    if run.device == "cpu" and not run.autocast and run.width < 4:
        found.append(narrow_statistics)
    if run.autocast and run.attention == "manual_fill" and "cuda_autocast_list" not in run.options:
        found.append(narrow_softmax)  # a mask that is added is in fp32, and widens the scores
    if run.options.get("dropout") == "F":
        found.append(noise)
    if run.attention == "sdpa" and not run.fused:
        found.append(plain_products)
    if run.attention == "aten_efficient":
        found.append(padded_rows)
    return tuple(found)


def beside(run: Run, sizes: Sizes) -> dict[str, int]:
    """What PyTorch keeps and no architecture has: a scalar of the loss, numbers of positions, the generator's state."""
    scalar = 4 if run.autocast else run.width
    found = {f"loss/cross_entropy/{scalar}": scalar, "pos/embedding/8": 8 * sizes["S"]}
    if run.attention in GENERATOR:
        found[f"attn/{FUSED[run.attention]}/8"] = GENERATOR[run.attention] * sizes["L"]
    return found


def saved(run: Run, model: str, without: Change | None = None) -> Counter[str]:
    """Bytes by module, op and width, by module, and in all; as if one of the reasons did not hold, if one is given."""
    sizes, items = sizes_of(model, run), list(kept(run, model))
    for change in reasons(run):
        if change is not without:
            items = [now for one in items if (now := change(run, sizes, one)) is not None]
    found: Counter[str] = Counter(beside(run, sizes))
    for one in items:
        found[f"{one.module}/{one.op}/{one.width}"] += one.elements * one.width
    for name, size in list(found.items()):
        module = name.partition("/")[0]
        module = "ln" if module in ("ln1", "ln2") else module
        found[module] += size
        found["total"] += size
        found["attn+mlp+ln"] += size if module in ("attn", "mlp", "ln") else 0
    return found
