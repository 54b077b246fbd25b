"""What stands on the cheat sheet: one row per formula, in the order of the page. Nothing here holds a cost.

A row says what to derive, which part of it to show, in which limits, and which entries of `formulas/` print it. An
entry is cited only where what it prints equals what was derived.
"""

from __future__ import annotations

from costgraph.records import dataclass


@dataclass(frozen=True)
class Row:
    """One formula of the sheet.

    Args:
        label: what it is the cost of; for `POLICY` in it stands the policy that it is derived under.
        measure: what is derived.
        published: entries of the library that print it, or one of its limits.
        phase, passes, options: of the derivation; options are those of the op set.
        op_set, convention, precision: in place of those of the sheet.
        places: parts of the model whose terms are shown; all of them when empty.
        sources: patterns of what the shown terms come from; all of them when empty.
        limits: bindings, each shown in a line of its own.
        regime: a regime whose leading term is shown, in units of the parameter count where that is possible.
        leading: a limit in which the form is shown once more, as its largest term times 1 + the others.
        rate: the symbol of a rate that the cost is divided by, which makes it a time.
    """

    label: str
    measure: str
    published: tuple[str, ...] = ()
    phase: str = "train"
    passes: tuple[str, ...] = ()
    options: str = ""
    op_set: str = ""
    convention: str = ""
    precision: str = ""
    places: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    regime: str = ""
    leading: str = ""
    rate: str = ""


@dataclass(frozen=True)
class Definition:
    """A quotient of rates that has a name: nothing is derived."""

    label: str
    text: str
    unit: str
    published: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A heading with its rows, those first that nothing is derived for."""

    title: str
    rows: tuple[Row, ...]
    note: str = ""
    definitions: tuple[Definition, ...] = ()


@dataclass(frozen=True)
class Crossover:
    """Two costs that are equal somewhere.

    Args:
        label: what happens there.
        question: the equation or inequality, as for `costgraph solve`.
        unknown: what it is solved for.
        published: entries of the library that print the solution.
        phase, passes: of the derivation.
    """

    label: str
    question: str
    unknown: str
    published: tuple[str, ...] = ()
    phase: str | None = None
    passes: tuple[str, ...] = ()


TP, SP = "tensor_parallel(T)", "tensor_parallel(T, sequence=True)"
HALF = "E=4,p=2"
SELECTIVE, FULL = "recompute(selective)", "recompute(full)"
PRODUCT = "matmul(m=B*S, k=D, n=D)"
QUADRATIC = "S << D"
POLICY = "{precision}"  # in a label: the policy that the row is derived under

SECTIONS: tuple[Section, ...] = (
    Section(
        "Parameters",
        (
            Row("in all", "params", ("001-2.2", "kaplan-2020-eq2.1b"), limits=("E=4",)),
            Row("attention", "params", ("001-s1.3-params",), places=("attn",)),
            Row("MLP", "params", ("001-s1.4-params", "kaplan-2020-tab1-ff"), places=("mlp",), limits=("E=4",)),
            Row("experts", "params", places=("moe",)),
            Row("state space", "params", places=("ssm",)),
            Row(
                "attention, grouped key/value heads", "params", options="kv_heads=G", places=("attn",), limits=("G=1",),
            ),
            Row(
                "embeddings", "params", ("001-s1.1-params", "kaplan-2020-tab1-embed"), options="head=True",
                places=("embed",),
            ),
            Row("head, not tied", "params", options="head=True", places=("head",)),
            Row("on one device", "params", ("001-2.12",), passes=(TP,)),
        ),
    ),
    Section(
        "Model states",
        (
            Row(
                "mixed precision, Adam", "states", ("001-fixed-mixed",), limits=("E=4",), precision="mixed_adam",
            ),
            Row(
                "fp32, Adam", "states", ("001-fixed-fp32",), limits=("E=4",), precision="fp32_adam",
            ),
            Row(f"under {POLICY}", "states", limits=("E=4",)),
            Row(f"on one device, under {POLICY}", "states", passes=(TP,), limits=("E=4",)),
            Row("weights to serve", "states", ("001-s7-naive-mem",), phase="decode", limits=(HALF,)),
        ),
    ),
    Section(
        "Training FLOPs",
        (
            Row(
                "forward and backward", "flops", ("001-3.2", "001-3.3", "flashattention2-2023-training"),
                regime=QUADRATIC, leading="E=4",
            ),
            Row(
                "forward", "flops.forward", ("001-s3-fwd", "001-s3.1-fwd-layer", "megatron-sc21-layer-forward"),
                regime=QUADRATIC, leading="E=4",
            ),
            Row("backward: twice that", "flops.backward", regime=QUADRATIC),
            Row(
                "replayed: attention", "flops.recompute", passes=(SELECTIVE,),
            ),
            Row("replayed: whole blocks", "flops.recompute", passes=(FULL,), regime=QUADRATIC),
            Row(
                "done by hardware then", "flops", ("001-hardware-flops", "megatron-sc21-eq3"), passes=(FULL,),
                limits=("E=4",),
            ),
            Row("head and loss", "flops", ("001-fn24", "scaling-book-unembed"), options="head=True", places=("head",)),
        ),
    ),
    Section(
        "Activation memory",
        (
            Row(
                "in all", "activations",
                ("001-2.7", "001-2.8a", "001-2.8b", "korthikanti-2022-eq1"), limits=("E=4,p=4", HALF),
                leading=HALF,
            ),
            Row(
                "attention", "activations", ("001-2.5", "korthikanti-2022-attention"), places=("attn",), limits=(HALF,),
            ),
            Row("MLP", "activations", ("001-2.6", "korthikanti-2022-mlp"), places=("mlp",), limits=(HALF,)),
            Row("experts", "activations", places=("moe",), limits=("p=2",)),
            Row("state space", "activations", places=("ssm",), limits=("p=2",)),
            Row(
                "norms", "activations", ("001-s2.1.3-ln", "korthikanti-2022-layernorms"), places=("norm",),
                limits=(HALF,),
            ),
            Row("flash attention", "activations", passes=("flash_attention",), limits=(HALF,)),
            Row(
                "attention recomputed", "activations", passes=(SELECTIVE,),
                limits=(HALF,),
            ),
            Row(
                "whole blocks recomputed", "activations", ("korthikanti-2022-tab2-full",), passes=(FULL,),
                limits=("p=2",),
            ),
        ),
    ),
    Section(
        "Tensor and sequence parallel",
        (
            Row(
                "activations, tensor parallel", "activations", ("001-2.14", "korthikanti-2022-eq2"), passes=(TP,),
                limits=(HALF, "E=4,p=2,T->oo"),
            ),
            Row(
                "sequence parallel too", "activations", ("001-sp-total", "korthikanti-2022-eq5"), passes=(SP,),
                limits=(HALF,),
            ),
            Row(
                "attention recomputed too", "activations", ("korthikanti-2022-eq6",), passes=(SELECTIVE, SP),
                limits=(HALF,),
            ),
            Row(
                "bytes sent per step", "communication", ("001-tp-comms", "megatron-sc21-tp-volume"), passes=(TP,),
                limits=("p=2,T->oo",),
            ),
            Row(
                "with sequence parallel", "communication", ("001-sp-comms",), passes=(SP,), limits=("p=2,T->oo",),
            ),
            Row(
                "decode, one token", "communication", phase="decode", passes=(TP,), limits=("p=2,T->oo",),
            ),
        ),
    ),
    Section(
        "Key/value cache",
        (
            Row("all heads", "cache", ("000-kvcache", "002-kv-per-token"), phase="decode", limits=("p=2",)),
            Row(
                "grouped key/value heads", "cache", ("scaling-book-cache", "deepseek-v2-gqa"), phase="decode",
                options="kv_heads=G", limits=("G=1",),
            ),
            Row("on one device", "cache", ("001-6.1",), phase="decode", passes=(TP,)),
        ),
    ),
    Section(
        "Prefill and decode",
        (
            Row("prefill FLOPs", "flops", ("001-s7-naive-flops",), phase="prefill", regime=QUADRATIC),
            Row("decode FLOPs, one token", "flops", ("001-s7-kv-flops",), phase="decode", regime=QUADRATIC),
            Row(
                "of them, reading the cache", "flops", ("001-s7-decode-attn",), phase="decode",
                sources=("attn.scores", "attn.values"),
            ),
            Row("prefill traffic", "traffic", phase="prefill", limits=(HALF,)),
            Row("decode traffic", "traffic", phase="decode", limits=(HALF,)),
        ),
    ),
    Section(
        "Roofline",
        (
            Row("intensity of decode", "intensity", phase="decode", limits=("B->oo",)),
            Row("intensity of prefill", "intensity", phase="prefill", limits=("B->oo",)),
            Row(
                "product of (m, k) and (k, n)", "intensity", ("scaling-book-intensity",), phase="forward",
                op_set="matmul", limits=("p=2",),
            ),
            Row("tokens times a square matrix", "intensity", ("001-D.1",), phase="forward", op_set=PRODUCT),
            Row(
                "time to load the weights", "states", ("002-time-token",), phase="decode",
                rate="lambda_mem",
            ),
        ),
        note="An op takes the longest of its FLOPs, its bytes moved and its bytes sent, each over the machine's rate. "
        "Below the ridge point (machine balance) it waits for memory, above for arithmetic.",
        definitions=(
            Definition(
                "ridge point (machine balance)", "lambda_flops/lambda_mem", "FLOP/byte",
                ("001-C-lambda-math",),
            ),
        ),
    ),
)  # fmt: skip

CROSSOVERS = (
    Crossover("attention takes as many FLOPs as the MLP", "flops(attn) == flops(mlp)", "S"),
    Crossover(
        "attention maps take as many FLOPs as all weights", "flops(attention_core) == flops(weights)", "S",
    ),
    Crossover(
        "attention maps keep as many bytes as all else",
        "activations(dims=st) == activations - activations(dims=st)", "S",
    ),
    Crossover("cache as large as the weights", "cache == states", "B*S", phase="decode"),
    Crossover("activations as large as the training state", "activations == states", "B"),
    Crossover("devices that hold the training state", "states <= hbm", "T", passes=(TP,)),
    Crossover(
        "with activations too, sequence parallel", "states + activations <= hbm", "T", passes=(SP,),
    ),
    Crossover("largest batch that decodes in memory", "states + cache <= hbm", "B", phase="decode", passes=(TP,)),
    Crossover(
        "tokens that hide the loading of the weights", "flops(weights)/lambda_flops == states/lambda_mem", "B*S",
        phase="prefill",
    ),
    Crossover(
        "sending takes as long as computing", "flops/lambda_flops == communication/lambda_comms", "T", passes=(TP,),
    ),
)  # fmt: skip
