"""What is said of symbols that a user typed and that have no effect: a remark, or a refusal that names the remedy.

A symbol that names a choice which was not made (a degree without its axis, key/value heads that no option separates
from the heads) is refused, because numbers of another model would come out. Accepted is what is true all the same: a
degree of 1, and as many key/value heads as heads.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING

from costgraph.algebra.assumption import AtMost
from costgraph.algebra.definition import settle
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.symbols import SYMBOLS, in_order
from costgraph.degrees import DEGREES
from costgraph.errors import UserError, shorten, unknown
from costgraph.mesh import AXES, DataAxis, Mesh

if TYPE_CHECKING:
    from costgraph.algebra.bindings import Binding
    from costgraph.graph.graph import Graph
    from costgraph.models.model import Model

# Symbols that an option of an op set brings along, with the option and what holds without it.
OPTIONS: dict[str, tuple[str, str]] = {"G": ("kv_heads", "has as many key/value heads as heads")}
BROUGHT: dict[str, str] = {"H": "head_width=H", "F": "mlp=gated", "W": "window=W"}  # the same, of no model without it
PASSED: dict[str, str] = {"R_a": "lora(R_a)"}  # the same, of a pass
SAME: dict[str, str] = {"G": "A"}  # what is the size of which where the option is not taken


def as_read(said: Iterable[str]) -> list[str]:
    """The one remark on how names and numbers were read, if there is anything to say."""
    found = "; ".join(dict.fromkeys(said))
    return [found] if found else []


def without_effect(name: str, where: str) -> str:
    """A symbol that was bound and does not occur in what was asked for."""
    return f"{name} does not occur in {where}"


def of_windows(graph: Graph, bindings: Mapping[str, Binding]) -> list[str]:
    """The one remark that all positions are read where a window is shorter than what is worked on at once.

    The dim `window` is what one query sees; together, those of training and prefill read the keys of all positions.
    """
    dims = graph.extents
    if "window" not in dims or dims["query"].size != dims["context"].size:
        return []
    known, _ = settle(graph.definitions, {n: v for n, v in bindings.items() if isinstance(v, Polynomial)})
    whole, seen = (dims[name].size.substitute(known) for name in ("context", "window"))
    if whole == seen:
        return []
    return [f"traffic counts {seen} rows of keys and values in a window, of which all {whole} are read"]


def of_factored(graph: Graph) -> list[str]:
    """The one remark that sums of rows and columns are not sent, where devices hold parts of what these go over."""
    kept = [graph.tensors[op.inputs[0]] for op in graph.ops if op.kind == "adafactor"]
    if not any(one.shards or any(dim.cuts for dim in one.dims) for one in kept if len(one.dims) > 1):
        return []
    return [
        "left out: what devices send to add up squares of rows and columns that are split over them, for `factored`"
    ]


def why_zero(measure: str, phase: str, mesh: Mesh) -> str:
    """Why a whole measure is 0, with what would change that; "" where there is no more to say than that it is."""
    generates, trains = phase in ("prefill", "decode"), phase == "train"
    reasons = {
        "cache": "nothing is kept from one step to the next"
        if generates
        else "one is kept in --phase prefill or decode",
        "activations": "nothing is kept for a backward pass" + ("" if trains else ", which --phase train has"),
        "communication": "no axis makes devices send" if mesh else "one device sends nothing; --mesh 'tensor(T)' has T",
        "backward": "nothing runs backward" + ("" if trains else "; --phase train does"),
        "recompute": "nothing is replayed; --pass 'recompute(full)' would",
        "update": "there is no update in this graph" + ("" if trains else "; --phase train has one"),
    }
    found = reasons.get(measure) or reasons.get(measure.partition(".")[2], "")
    return f"{measure} is 0: {found}" if found else ""


def too_long(bindings: Mapping[str, Binding], new: int = 0) -> list[str]:
    """The one remark that S, with the new tokens after it, is beyond K, if both are numbers and it is."""
    found = [bindings.get(name) for name in ("S", "K")]
    sequence, most = (value.number if isinstance(value, Polynomial) else None for value in found)
    if sequence is None or most is None or sequence + new <= most:
        return []
    asked = f"S={shorten(str(sequence), 24)}" + (f" and {shorten(str(new), 24)} new" if new else "")
    return [f"{asked}: longer than K={shorten(str(most), 24)}, the longest sequence that the model was made for"]


def refuse_beyond_table(graph: Graph, bindings: Mapping[str, Binding]) -> None:
    """Raise for a sequence that has more positions than a learned table has rows: there is no such model."""
    sizes = {name: value for name, value in bindings.items() if isinstance(value, Polynomial)}
    for claim in graph.assumptions:
        if isinstance(claim, AtMost) and claim.dim:
            sides = [side.substitute(sizes).number for side in (claim.small, claim.large)]
            if sides[0] is not None and sides[1] is not None and sides[0] > sides[1]:
                asked, most = (shorten(str(side), 24) for side in sides)
                raise UserError(f"{claim.small}={asked}: positions are a learned table, which has {claim.large}={most}")


def choice_not_made(name: str, bindings: Mapping[str, Binding], graph: Graph, mesh: Mesh) -> str:
    """What is wrong with a symbol that names a choice which was not made, with the remedy; "" if nothing is.

    Args:
        name: of the symbol.
        bindings: what symbols stand for.
        graph: in which the symbol would occur.
        mesh: over which the graph is spread.
    """
    value = bindings[name]
    if name in graph.own_symbols:
        return ""
    if name in DEGREES and value != ONE:
        return f"{said(name, value)} {no_axis(name, mesh)}"
    if name in OPTIONS and value not in (bindings.get(SAME[name]), Polynomial.symbol(SAME[name])):
        return f"{said(name, value)} {no_option(name, graph)}"
    return ""


def said(name: str, value: Binding) -> str:
    """`T=8 has no effect:`."""
    return f"{name}->oo has no effect:" if value == "oo" else f"{name}={shorten(str(value), 40)} has no effect:"


def no_axis(name: str, mesh: Mesh) -> str:
    """Why a degree has no effect, and which axis would give it one."""
    if (axis := mesh.named.get(name)) is not None:
        return f"{name} is set to {axis.degree} already, by --mesh '{mesh}'"
    meaning = SYMBOLS[name].meaning
    kinds = {make.symbol: kind for kind, make in AXES.items()}
    remedy = f"data({name}), data(N_d)" if name == "N_h" else f"{kinds.get(name)}({name})"
    if name == "v":
        return f"v is the {meaning}: --mesh 'pipeline(P, v=v, schedule=\"interleaved\")'"
    what = "the batch is not taken in parts" if name == "M" else f"nothing is split over {name} devices"
    return f"{name} is the {meaning}, and {what}: --mesh '{remedy}'"


def of_mesh(mesh: Mesh) -> list[str]:
    """What is worth knowing of axes that are seldom together."""
    data = [axis for axis in mesh.axes if isinstance(axis, DataAxis)]
    if mesh.pipeline is None or not data or data[-1].zero < 2:
        return []
    weights = ", and gathers its weights for each" if data[-1].zero == 3 else ""
    return [f"{data[-1]} with a pipeline sends gradients for each microbatch{weights}; zero=1 sends them once a step"]


def no_option(name: str, graph: Graph) -> str:
    """Why a size has no effect, and which option of the op set would give it one."""
    option, otherwise = OPTIONS[name]
    if f"{option}=" in graph.name:
        return f"{name} is set already, by {graph.name}"
    if SAME[name] not in graph.own_symbols:
        return f"{name} is the {SYMBOLS[name].meaning}, and {graph.name} has no heads"
    return f"{graph.name} {otherwise}; {with_option(graph, f'{option}={name}')}"


def with_option(graph: Graph, option: str) -> str:
    """How one asks for the op set with one more option."""
    start = graph.name.removesuffix(")") + (", " if graph.name.endswith(")") else "(")
    return f"--op-set '{start}{option})'"


def refuse_no_size(names: Iterable[str], typed: Container[str], model: Model, graph: Graph) -> None:
    """Raise for a symbol that is to stay free and is typed as well, no size of the model, or stands for others.

    And for L, typed for a model that has layers of several kinds, each counted by a symbol of its own.
    """
    if "L" in typed and model.kinds:
        raise UserError(f"L has no effect: {model.name} has layers of several kinds; give {' and '.join(model.kinds)}")
    defined = {one.name: one for one in graph.definitions}
    sizes = {*model.bindings, *graph.own_symbols}
    for name in names:
        if name in typed:
            raise UserError(f"{name} is bound by --limit and left free by --symbolic; give one of them")
        if name in defined:
            raise UserError(f"{defined[name]}: leave free what {name} is made of")
        if name not in sizes:
            raise unknown(f"size of {model.name or graph.name}", name, in_order(sizes - {*defined}))


def no_size(name: str, graph: Graph, options: Container[str]) -> str:
    """That a symbol is no size of a model, and what would bring it along.

    Args:
        name: of the symbol.
        graph: in which it cannot occur.
        options: of the op set.
    """
    option = BROUGHT.get(name, "")
    if name in PASSED:
        return f"{name} ({SYMBOLS[name].meaning}) is no size of this model; --pass '{PASSED[name]}' brings it along"
    remedy = with_option(graph, option) if option.partition("=")[0] in options else "--model names those that have it"
    return f"{name} ({SYMBOLS[name].meaning}) is no size of this model; {remedy}"
