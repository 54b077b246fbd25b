"""What PyTorch holds besides, each reason as what it changes of buffers; and what is alive then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from torch_peak_runs import (
    MEASURED,
    Change,
    Run,
    between,
    extra,
    graph,
    grouped,
    last_gradient,
    positions,
)

from costgraph.algebra.parser import size
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.conventions.torch import TORCH
from costgraph.measures.lifetimes import BEFORE, Buffer, Lifetimes
from costgraph.measures.params import parameters
from costgraph.measures.peak import Instant, Walk

GENERATOR = {"flash": 24, "mem_efficient": 16}  # bytes that a fused kernel keeps of the random generator


def mask(run: Run, walk: Walk) -> list[Buffer]:
    """Attention that is written out has a causal mask as wide as the scores, which the model holds."""
    return [*walk.buffers, extra(walk, "mask", run.sizes["S"] ** 2 * run.width, BEFORE, walk.of.end)]


def total_weight(run: Run, walk: Walk) -> list[Buffer]:
    """The loss keeps how many positions count."""
    return [*walk.buffers, between(walk, "loss.cross_entropy", run.width)]


def position_ids(run: Run, walk: Walk) -> list[Buffer]:
    """The table of positions is looked up by numbers, which are kept."""
    return [*walk.buffers, between(walk, "embed.positions", 8 * run.sizes["S"])]


def generator(run: Run, walk: Walk) -> list[Buffer]:
    """A fused kernel keeps the state of the random generator, with dropout or without; so does one that is replayed."""
    name = ".lse.replay" if run.checkpointing == "full" else ".lse"
    kept = [one for one in walk.buffers if one.tensor.name.endswith(name)]
    each = Polynomial.constant(GENERATOR[run.attention])
    return [*walk.buffers, *(replace(one, each=each) for one in kept)]


def one_loss(run: Run, walk: Walk) -> list[Buffer]:
    """The normalizer of the loss is not written: log-softmax is one kernel."""
    return [one for one in walk.buffers if one.tensor.name != "loss.normalizer"]


def held_by_nodes(run: Run, walk: Walk) -> list[Buffer]:
    """All that the backward of one op reads is held until all its gradients are there."""
    ops = walk.of.ops
    until = list(range(len(ops)))
    for at in reversed(range(len(ops) - 1)):
        after = ops[at + 1]
        if ops[at].phase == after.phase == "backward" and ops[at].source == after.source and after.kind != "accumulate":
            until[at] = until[at + 1]
    return [
        replace(one, dies=until[one.dies])
        if one.born > BEFORE and one.dies < len(ops) and not one.moved and ops[one.born].phase != "backward"
        else one
        for one in walk.buffers
    ]


CORE = (
    ("attn.q_rotary", "attn.q"),
    ("attn.k_rotary", "attn.k"),
    ("attn.v", "attn.v"),
)  # its inputs, the first there is


def given_to_a_checkpoint(run: Run, walk: Walk) -> list[Buffer]:
    """What a checkpointed core was given is there until all that its replay has kept is gone."""
    until, at = last_gradient(walk, "attn.scores"), positions(walk)
    given = {next(name for name in names if name in at) for names in CORE}
    return [replace(one, dies=max(one.dies, until)) if one.tensor.name in given else one for one in walk.buffers]


def copies_in_a_core(run: Run, walk: Walk) -> list[Buffer]:
    """Keys and values are copied for all heads in what is replayed; gradients are added up behind it."""
    at, wide = positions(walk), run.number(size("B*S*A*H*p"))
    narrow = run.number(size("B*S*G*H*p"))
    keys, values = last_gradient(walk, "attn.scores"), last_gradient(walk, "attn.values")
    again = at["attn.scores.replay"]
    return [
        *walk.buffers,
        extra(walk, "keys and values of all heads", 2 * wide, at["attn.scores"], at["attn.values"]),
        extra(walk, "keys of all heads, again", wide, again, keys),
        extra(walk, "values of all heads, again", wide, again, values),
        extra(walk, "gradient of values of all heads", wide - narrow, values, keys),
    ]


def operands_of_products(run: Run, walk: Walk) -> list[Buffer]:
    """Products for heads of several sequences read copies of what they see transposed; a replay keeps these."""
    at, each = positions(walk), run.number(size("B*S*D*p"))
    scores, values = last_gradient(walk, "attn.scores"), last_gradient(walk, "attn.values")
    read, weighted = (each, 0) if grouped(run) else (2 * each, each)  # what is repeated is a copy that lies right
    return [
        *walk.buffers,
        extra(walk, "queries and keys, copied", read, at["attn.scores"], at["attn.scores"]),
        extra(walk, "values, copied", weighted, at["attn.values"], at["attn.values"]),
        extra(walk, "queries and keys, copied again", read, at["attn.scores.replay"], scores),
        extra(walk, "values, copied again", weighted, at["attn.values.replay"], values),
    ]


def biases_behind_matrices(run: Run, walk: Walk) -> list[Buffer]:
    """The gradient of a bias is made behind those of its matrix and of what that reads.

    What the product has kept is there until then; what is replayed for it is not.
    """
    ends: dict[int, int] = {}  # where the product's gradients are all there, and with them that of its bias
    late: dict[str, int] = {}  # where what is made of that of the bias is there
    for op in walk.of.ops:
        if op.kind == "sum" and op.source.endswith("_bias"):
            end = last_gradient(walk, op.source.removesuffix("_bias"))
            ends[end] = late[op.outputs[0]] = late[op.inputs[0]] = end + 1
        elif op.inputs and op.inputs[0] in late and op.kind == "narrow":
            late[op.outputs[0]] = late[op.inputs[0]]
    made = {one.tensor.name for one in walk.buffers if one.tensor.name in late and "_bias.grad_" in one.op}
    found = []
    for one in walk.buffers:
        until = late.get(one.tensor.name, ends.get(one.dies, one.dies) if run.checkpointing != "full" else one.dies)
        born = late[one.tensor.name] if one.tensor.name in made else one.born
        found.append(replace(one, born=born, dies=one.dies if one.moved else max(one.dies, until)))
    return found


NAMED = {  # results that have a name in Python, by the last op of the function
    "attn.values": (
        *("norm.attn", "attn.q", "attn.k", "attn.v", "attn.q_rotary", "attn.k_rotary"),
        *("attn.k_repeat", "attn.v_repeat", "attn.mask"),
    ),
    "mlp.down": ("norm.mlp",),
}


def named_in_python(run: Run, walk: Walk) -> list[Buffer]:
    """Where autograd keeps nothing, what a function has given a name is there until the function returns."""
    at = positions(walk)
    again: set[str] = set()  # names that are given to another result before
    if "attn.q_rotary" in at:
        again = {"attn.q", "attn.k", "attn.mask"}
    until = {name: at[last] for last, names in NAMED.items() for name in names if last in at and name not in again}
    return [
        replace(one, dies=max(one.dies, until[one.tensor.name]), moved=False)
        if one.part == "working" and one.tensor.name in until
        else one
        for one in walk.buffers
    ]


def named_stream(run: Run, walk: Walk) -> list[Buffer]:
    """What the last norm reads has a name until the loss is returned, where autograd keeps something else."""
    loss = positions(walk)["loss.cross_entropy"]
    return [replace(one, dies=max(one.dies, loss)) if one.tensor.name == "blocks.exit" else one for one in walk.buffers]


def cast_cache(run: Run, walk: Walk) -> list[Buffer]:
    """Narrow copies of parameters are kept until the context closes in which they are made, behind the forward pass."""
    ops, bodies = walk.of.ops, walk.of.bodies
    end = max(at for at, op in enumerate(ops) if op.phase == "forward")
    return [
        replace(one, dies=end, body=bodies.get((one.tensor.loop.number, False)))
        if one.tensor.is_parameter and one.born > BEFORE and one.dies <= end
        else one
        for one in walk.buffers
    ]


def narrow_log_softmax(run: Run, walk: Walk) -> list[Buffer]:
    """Log-probabilities are made narrow, and widened for the loss: both are kept, and no copy of logits in fp32."""
    at, size = positions(walk), run.sizes["B"] * run.sizes["S"] * run.sizes["V"]
    loss, grad = at["loss.cross_entropy"], at["loss.cross_entropy.grad"]
    found = [replace(one, dies=loss) if one.tensor.name == "head.logits" else one for one in walk.buffers]
    second = [one for one in found if one.tensor.name == "loss.cross_entropy.grad" and one.dies == grad]
    found = [one for one in found if one.tensor.name != "head.logits.cast" and one not in second]
    return [*found, extra(walk, "narrow log-probabilities", 2 * size, loss, grad)]


def named_in_a_replay(run: Run, walk: Walk) -> list[Buffer]:
    """In a replay a norm's result, the scores with their wide mask, and what is left of the weights have names, too.

    What is replayed is so as the narrow gradient is there of what leaves the block.
    """
    at = positions(walk)
    until, first = at["attn.values.replay"], at["norm.attn.replay"]
    masked = Polynomial.constant(4) * run.number(size("B*A*S**2"))
    wider = {"attn.mask.replay": masked, "attn.dropout.replay": masked}
    names = ("norm.attn.replay", *wider)
    found = [
        replace(one, dies=max(one.dies, until), each=wider.get(one.tensor.name, one.each))
        if one.tensor.name in names
        else one
        for one in walk.buffers
    ]
    narrow = 2 * run.number(size("B*S*D"))
    return [*found, extra(walk, "narrow gradient", narrow, first, at["mlp.dropout.grad"])]


def table_in_place(run: Run, walk: Walk) -> list[Buffer]:
    """The gradient that the head gives a tied table is a conversion, and added to in place."""
    table = "embed.tokens.table.grad_sum"
    return [one for one in walk.buffers if one.tensor.name != table or one.dies != one.born]


def reasons(run: Run) -> list[Change]:
    """Those that hold for a run."""
    found: list[Change] = [total_weight, one_loss, held_by_nodes]
    found += [mask] if run.attention == "eager" else []
    found += [position_ids] if MEASURED["models"][run.model]["kind"] == "gpt" else []
    found += [generator] if run.attention != "eager" and run.checkpointing != "selective" else []
    found += [biases_behind_matrices] if MEASURED["models"][run.model]["kind"] == "gpt" else []
    found += [named_in_python] if run.checkpointing != "none" else []
    plain = MEASURED["models"][run.model].get("norms") == "plain" and not MEASURED["models"][run.model].get("library")
    found += [named_stream] if plain and run.width < 4 else []
    if run.attention == "eager" and run.checkpointing == "selective":
        found += [given_to_a_checkpoint]
        found += [copies_in_a_core] if grouped(run) else []
        found += [operands_of_products] if run.sizes["B"] > 1 else []
    found += [cast_cache, narrow_log_softmax, table_in_place] if run.precision == "autocast" else []
    eager = run.attention == "eager" and run.checkpointing == "full"
    return [*found, named_in_a_replay] if run.precision == "autocast" and eager else found


def walk(run: Run, of: Callable[[Run], Iterable[Change]] = reasons, without: Change | None = None) -> Walk:
    """What is alive at each op, as PyTorch has it; as if one of the reasons did not hold, if one is given."""
    return changed(run, Walk(Lifetimes(graph(run), run.policy), TORCH), (one for one in of(run) if one is not without))


def changed(run: Run, found: Walk, changes: Iterable[Change]) -> Walk:
    """A walk with its buffers as PyTorch has them."""
    for change in changes:
        found.buffers = change(run, found)
    return found


def tracked(run: Run, found: Walk) -> dict[str, int]:
    """The quantities of a row."""
    peaks: dict[str, int] = {}
    for instant in found.largest():
        size = run.number(total(term.amount for term in found.terms(instant)))
        name = "peak_forward" if found.phase(instant) == "forward" else "peak_backward"
        if found.phase(instant) != "update":
            peaks[name] = max(size, peaks.get(name, 0))
    ends = {f"end_{phase}": after(run, found, phase) for phase in ("forward", "backward")}
    loss = 4 if MEASURED["models"][run.model].get("library") else run.width
    stepped = ends["end_backward"] - loss
    return {**ends, "after_step": stepped, **peaks, **steps(run, stepped)}


def after(run: Run, found: Walk, phase: str) -> int:
    """What is alive behind the last op of a phase."""
    at = max(position for position, op in enumerate(found.of.ops) if op.phase == phase)
    left = [one for one in found.buffers if one.dies != at or at == found.of.end]
    instant = Instant(at, last=phase == "backward")
    return run.number(total(size for one in left for size in found.bytes(one, found.alive(one, instant))))


def steps(run: Run, stepped: int) -> dict[str, int]:
    """What AdamW holds: a counter of 4 bytes for each tensor, the square roots of all second moments, or of one.

    Written out for one tensor after the other it has the root, the denominator, and that of the tensor before.
    """
    tensors = [(run.number(one.numel), run.number(one.times)) for _, one in parameters(graph(run))]
    moments = sum(size * times for size, times in tensors) * run.width
    single = max(
        2 * size + before for (size, _), (before, _) in zip(tensors, [(0, 1), *tensors], strict=False)
    ) * run.width  # fmt: skip
    joined = run.sizes["L"] if run.sizes["N_hit"] else 0  # matrices of experts that are one tensor with others
    counters = 4 * (sum(times for _, times in tensors) - joined)
    return {"foreach": stepped + moments, "single": stepped + single, "fused": stepped + counters}
