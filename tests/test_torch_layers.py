"""What autograd keeps of layers as transformers has them, or as they are written plainly, as PyTorch counted it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import pytest
from torch_reasons import GENERATOR, Change, narrow_statistics, noise, plain_products, reasons
from torch_reference import MEASURED, Kept, Run, kept_of

from costgraph.blocks import Attention, Block, Gated, Layers, Mlp, Norm
from costgraph.graph.graph import Graph
from costgraph.models.architecture import Architecture
from costgraph.passes import Backward, FlashAttention
from costgraph.precision import FP32

Sizes = Mapping[str, int]


class Case(NamedTuple):
    """Layers, how they were run, and what they kept."""

    name: str
    size: str
    run: Run
    kept: Mapping[str, int]

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes of the layers, with the widths of GPT-2 where none are said."""
        said = MEASURED["layer_models"][self.name][self.size]
        gpt2 = {"H": said["D"] // said["A"], "F": 4 * said["D"]} if self.gpt2 else {}
        return {**gpt2, **said, "p": self.run.width}

    @property
    def gpt2(self) -> bool:
        """Whether it is that model; else it is Llama."""
        return self.name == "hf-gpt2"

    @property
    def transformers(self) -> bool:
        """Whether it is that library's code."""
        return self.name.startswith("hf")


def cases() -> Iterator[Case]:
    for table in MEASURED["layers"]:
        kept = {module: size for module, size in table.items() if module not in ("name", "size", "of")}
        for attention, variant, on in table["of"]:
            yield Case(table["name"], table["size"], Run(attention, variant, *on.split()), kept)


CASES = list(cases())


def fused(case: Case) -> bool:
    """Whether one kernel computes attention."""
    return case.run.attention == "flash" or (case.run[::3] == ("sdpa", "cpu") and not drops(case))


def drops(case: Case) -> bool:
    """Whether anything is dropped, by `F.dropout`."""
    return case.gpt2 and case.run.drops


def graph(case: Case) -> Graph:
    """The layers alone. One kernel attends to fewer keys and values than heads; without one they are copied."""
    if case.gpt2:
        attention = Attention(kv_heads="A", fused=True, dropout=drops(case))
        block = Block(attention, Mlp(), Norm("layer"), dropout=drops(case))
    else:
        wide = case.transformers and case.run.attention == "manual" and case.run.width < FP32
        attention = Attention(positions="rotary", repeat_kv="" if fused(case) else "after_cache", wide_softmax=wide)
        block = Block(attention, Gated(), Norm("rms", steps=True, wide=not case.transformers))
    built = Architecture((Layers("L", block),), None, None, None).build()
    return built.apply(*([FlashAttention()] if fused(case) else []), Backward())


def gelu_in_steps(run: Run, sizes: Sizes, one: Kept) -> Kept:
    """GELU written in plain Python keeps four tensors where its kernel keeps its input."""
    return replace(one, elements=4 * one.elements) if one.place == "mlp.act" else one


def changes(case: Case) -> list[Change]:
    """What is PyTorch's own, or transformers'."""
    found: list[Change] = [one for one in reasons(case.run) if one is narrow_statistics and case.gpt2]
    found += [noise] if drops(case) else []
    if case.run.attention == "sdpa" and not fused(case) and case.run.width < FP32:
        found.append(plain_products)
    return found + ([gelu_in_steps] if "gelu_new" in case.run.variant else [])


def beside(case: Case) -> dict[str, int]:
    """What is kept once: tables of angles, which are computed at run time; and the state of the generator."""
    sizes = case.sizes
    angles = 2 * sizes["S"] * sizes["H"] * sizes["p"] if case.name == "hf-llama" else 0
    generator = GENERATOR["aten_flash"] * sizes["L"] if case.run.attention == "flash" else 0
    return {"attn": angles + generator}


def saved(case: Case, without: Change | None = None) -> Counter[str]:
    """Bytes by module."""
    found: Counter[str] = Counter(beside(case))
    for one in kept_of(graph(case), case.sizes, case.run):
        now: Kept | None = one
        for change in changes(case):
            now = change(case.run, case.sizes, now) if now is not None and change is not without else now
        if now is not None:
            module = "norm" if now.module in ("ln1", "ln2") else now.module
            found[module] += now.elements * now.width
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join((case.name, case.size, *case.run)))
def test_saved_bytes_of_layers(case: Case) -> None:
    found = saved(case)
    assert {"norm" if module == "ln" else module: size for module, size in case.kept.items()} == found


@pytest.mark.parametrize("case", [case for case in CASES if changes(case)], ids=lambda case: "-".join(case.run))
def test_a_reason_changes_what_layers_keep(case: Case) -> None:
    for change in changes(case):
        assert saved(case) != saved(case, without=change), change.__doc__
