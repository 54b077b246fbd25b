"""What names mean in code that counts costs: one table of what a formula gives, of units, sizes, counts and cases.

Sizes that have one meaning everywhere have theirs in `algebra/frameworks.py`.
"""

from __future__ import annotations

import re
from fractions import Fraction

from costgraph.library.auditing.tex_source import plain
from costgraph.records import dataclass

# --- what a formula gives -------------------------------------------------------------------------------------------

NO_COST = re.compile(
    r"mfu|hfu|utili[sz]ation|achieved|promised|peak_?t?flops|second|time|latency|throughput|price|flop/?s?_?per_?s(ec)?\b"
)
# What a name says that its formula is over a time or a peak of, first match first (`rates.py`).
RATES: tuple[tuple[str, str], ...] = (
    ("share", r"(^|_)(mfu|hfu)(_|$)|utili[sz]ation"),
    ("tokens", r"tok(en)?s?_?(/|per)_?s(ec|econd)?(_|$)"),
    ("achieved", r"achieved|flop/?s?_?per_?s(ec|econd)?(_|$)"),
    ("time", r"(^|_)(time|latency|duration|seconds?|secs?|s|ms|us|ttft|tpot)(_|$)"),
)
PHASES_OF_RATES = (("prefill", r"prefill|ttft|first_token"), ("decode", r"decod|generat|tpot|output_token"),
                   ("forward", r"forward|fwd|inference"))  # fmt: skip
# What a name says that it is, first match first: a measure, and the phase of which it is one.
MEASURES: tuple[tuple[str, str, str], ...] = (
    (r"kv[_ ]?cache|cache_(size|bytes|mem|[kmgt]i?b)|mem_kv|m_\{?\\?(text|mathrm)?\{?kv", "cache", "decode"),
    (r"flop.*(fwd|forward)_?(bwd|backward)|(fwd|forward)_?(bwd|backward).*flop", "flops", ""),
    (r"flop.*(fwd|forward)|(fwd|forward).*flop", "flops.forward", ""),
    (r"flop.*(bwd|backward)|(bwd|backward).*flop", "flops.backward", ""),
    (r"flop.*(decod|generat)|(decod|generat).*flop", "flops", "decode"),
    (r"flop.*prefill|prefill.*flop", "flops", "prefill"),
    (r"flop.*inference|inference.*flop", "flops", "forward"),
    (r"flop|floating_?point_?op", "flops", ""),
    (r"activation", "activations", ""),
    (r"optimi[sz]er|(model|training)[_ ]?states?", "states", ""),
    (r"(weight|grad(ient)?|param(eter)?)s?[_ ](bytes|mem(ory)?|[kmgt]i?b)(_|$)", "states", ""),
    (r"all_?reduce|comm(s|unication)?(_|$)", "communication", ""),
    (r"(n|num|total|number_of|count)_?\{?param", "params", ""),
    (r"param(eter)?(s|_count)$", "params", ""),
)
# Names of parts, compared with nothing unless `--measure` says with what: `attention_flops`, `embedding_params`.
PARTS = re.compile(
    r"attn|attention|mlp|ffn|router|expert|lm_?head|embed|logits?_|"
    r"per[_ ]?(layer|block)|(layer|block)[_ ](flop|param)|"
    r"param(eter)?s?_flop|per_(param|head|word)|qkv|proj(ection|s)?_|_proj"
)
WHOLE_PHASE = re.compile(  # of what is added up a phase alone is a whole: fwd_flops of fwd_flops + bwd_flops
    r"((fwd|forward|bwd|backward)(_(pass|step))?|flops?|total|model|num|per_(token|step|iter(ation)?|seq(uence)?)|_)+"
)
MODULES = re.compile(r"attn|attention|mlp|ffn|feed_?forward|expert|router|embed|head$|layer|block")  # of a class
WITHOUT = re.compile(r"non_?embed|without|exclu|no_embed")
OF_STATES = (  # the part of states that a name is of
    ("optimizer", r"optimi[sz]er[_ ]?(state|byte|mem)"),
    ("gradients", r"grad(ient)?s?[_ ](byte|mem|[kmgt]i?b)"),
    ("weights", r"(weight|param(eter)?)s?[_ ](byte|mem|[kmgt]i?b)"),
)
# Names of plans, compared with nothing unless one is asked of: `activations_with_tensor_parallelism`.
OF_DEVICE = re.compile(r"per[_ ]?(gpu|device|rank|chip|worker|core)")  # of a plan, if its sizes stand in a formula
PLANS = re.compile(r"parallel|shard|fsdp|zero[-_ ]?[123]|recomput|checkpoint|remat")
SHARES = (("token", r"per[_ ]?token|/\s*token"), ("sequence", r"per[_ ]?(seq|sequence|sample|fwdbwd)"))


@dataclass(frozen=True)
class Said:
    """What a name says that its formula gives.

    Args:
        measure: "" where it says nothing.
        phase: of the measure, if it has one of its own.
        per: how much of a step.
        why: why its formula is compared with nothing, although it is a cost.
        rate: whether it is of a time, a rate or a share of a peak, in which these are.
        part: of the states, if it is of one alone.
    """

    measure: str = ""
    phase: str = ""
    per: str = ""
    why: str = ""
    rate: bool = False
    part: str = ""


def rate_of(name: str) -> str:
    """What a name says that its formula is, if that is a time, a rate or a share of a peak; "" otherwise."""
    return next((kind for kind, pattern in RATES if re.search(pattern, name)), "")


def infer(name: str, within: str = "") -> Said:
    """What a name says; of what is returned the function's, and in what counts a part everything is of a part.

    Args:
        name: of a formula, behind that of its function.
        within: the class of the function, if it has one.
    """
    function, _, last = plain(name).lower().rpartition(": ")
    said = last if last != "return" else function
    found = next(((measure, phase) for pattern, measure, phase in MEASURES if re.search(pattern, said)), None)
    if NO_COST.search(said) or (found is None and rate_of(said)):
        why = "a rate or a time, which no graph has" if found else ""
        phase = next((phase for phase, words in PHASES_OF_RATES if re.search(words, said)), "")
        of_part = PARTS.search(said) or MODULES.search(within.lower())
        return (
            Said("flops", phase, "token" * (kind == "tokens"), why, True)
            if (kind := rate_of(said)) and not of_part
            else Said(why=why)
        )
    if found is None:
        return Said()
    if MODULES.search(within.lower()):
        return Said(why=f"of a part, {within}; --measure '{found[0]}(...)' says of which")
    for whole in (said, function):
        if PARTS.search(whole) and not WITHOUT.search(whole):
            return Said(why=f"of a part; --measure '{found[0]}(...)' says of which")
    measure, phase = found
    if measure in ("cache", "activations", "states") and re.search(r"elements|numel|entries", said):
        return Said(why=f"a number of elements; {measure} are in bytes")
    part = next((one for one, words in OF_STATES if measure == "states" and re.search(words, said)), "")
    per = next((share for share, words in SHARES if re.search(words, said)), "")
    shared = measure.startswith("flops") or measure in ("cache", "activations")
    return Said(measure, phase, per if shared else "", part=part)


# Words in the name of a configuration that do not say of which of several models it is, and sizes that no model has.
ANY_MODEL = re.compile(
    r"self|cls|model|module|transformer|gpt|lm|llm|config|cfg|conf|hf|args?|hparams|hp|params?|settings|options|opts?|"
    r"train(ing|er)?|data|run|attn|attention|mlp|ffn|moe|layers?|blocks?|job|parallel|dims?|shape"
)
OF_DEVICES = ("T", "P", "N_d", "C", "X")
OF_RUNS = ("B", "S", "S_e", *OF_DEVICES, "M", "p", "B*S")


# --- units ----------------------------------------------------------------------------------------------------------

PREFIXES = "kmgtpez"
BYTES = {
    f"{prefix}{binary}b": Fraction(base**power)
    for power, prefix in enumerate(PREFIXES[:5], 1)
    for binary, base in (("", 1000), ("i", 1024))
}
FLOPS = {f"{prefix}flop": Fraction(1000**power) for power, prefix in enumerate(PREFIXES, 1)}
COUNTS = {"million": Fraction(10**6), "billion": Fraction(10**9), "trillion": Fraction(10**12)}
SHORT = {"m": "million", "b": "billion", "bn": "billion", "t": "trillion"}
UNITS = {"byte": BYTES, "FLOP": FLOPS, "parameter": COUNTS}  # by what a measure is in
WORDS = {**{unit: unit.upper().replace("I", "i").replace("K", "k", "i" not in unit) for unit in BYTES},
         **{unit: unit[0].upper() + "FLOP" for unit in FLOPS}}  # fmt: skip


def unit_of(name: str, of: str) -> str:
    """In what a name says that it is: `gib` of `kv_cache_gib`, of a measure in bytes; "" if it says nothing.

    Args:
        name: of a formula; of what is returned the function's.
        of: what the measure is in.
    """
    function, _, last = plain(name).lower().rpartition(": ")
    words = re.split(r"[^a-z]+", last if last != "return" else function)
    found = [SHORT.get(word, word).removesuffix("s") for word in words if word not in SHORT or of == "parameter"]
    return next((word for word in reversed(found) if word in UNITS.get(of, {})), "")


def unit_in_words(unit: str, of: str) -> str:
    """A unit with its size: `GiB, 2**30 bytes`."""
    if not unit:
        return f"{of}s"
    size = int(UNITS[of][unit])
    power = f"2**{size.bit_length() - 1}" if size & (size - 1) == 0 else f"10**{len(str(size)) - 1}"
    return f"{WORDS.get(unit, unit + 's')}, {power} {of}s"


# --- sizes ----------------------------------------------------------------------------------------------------------

# What code that counts costs means by names that have several meanings elsewhere.
MEANT = {
    "block_size": "S", "n_ctx": "S", "context_length": "S", "max_seq_len": "S", "max_seq_length": "S", "dim": "D",
    "num_tokens": "B*S", "n_tokens": "B*S", "d_embd": "D", "d_embed": "D", "n_embed": "D", "embedding_dim": "D",
    "intermediate_dim": "intermediate_size", "mlp_dim": "intermediate_size", "itemsize": "p", "emb_dim": "D",
    "context_len": "S", "max_target_length": "S", "num_decoder_layers": "L", "depth": "L", "bs": "B",
    "per_device_batch_size": "B",
}  # fmt: skip
MLP_WIDTH = re.compile(r"\b(intermediate_(size|dim)|ffn_\w+|d_ff|mlp_dim)\b")  # beside which hidden_dim is the width
WITHOUT_TABLES = ("num_non_embed_params", "non_embedding_params", "num_non_embedding_params")  # N_params, if none is


# --- counts of parameters -------------------------------------------------------------------------------------------

COUNTERS = ("num_parameters", "get_num_params", "num_params", "count_parameters", "count_params", "get_num_parameters")
ELEMENTS = ("numel", "nelement")
WHOLE = ("self", "model", "module", "net", "network", "lm", "llm", "gpt")  # whose parameters are all of a model's
EMBEDDINGS = "parameters_of_embeddings"  # of all modules that are one, a name that no code has
TABLES = {  # parameters of what has a table, by the usual names of the module
    "wte": "V*D", "embed_tokens": "V*D", "tok_embeddings": "V*D", "token_embedding": "V*D", "word_embeddings": "V*D",
    "wpe": "K*D", "position_embeddings": "K*D", "pos_embedding": "K*D", "lm_head": "V*D", "unembed": "V*D",
}  # fmt: skip


# --- cases ----------------------------------------------------------------------------------------------------------

# What a condition is about that is a choice of the question, or a fact about the model; whether it is meant if true.
RATE = re.compile(r"\b(dt|\w*(time|second|elapsed|duration)\w*)\b")  # in a formula: what it is over is a time
FLAGS: tuple[tuple[str, str, bool], ...] = (
    (r"\w*(non_?embed|exclude|without_embed)\w*", "whole", False),
    (r"no_(remat|recomput\w*|checkpoint\w*)|without_(remat|recomput\w*)", "recomputed", False),
    (r"(use_|is_|full_|with_)?(remat|recompute|recomputation|(gradient|activation)_(checkpointing|recomputation)|"
     r"checkpointing|checkpoint_activations(_factor)?)", "recomputed", True),
    (r"(is_|use_)?causal(_mask)?", "causal", True),
    (r"(is_|for_)?(training|train)|((include|with|do)_)?(backward|bwd|backprop)", "trained", True),
    (r"(is_|for_)?(inference|eval)|(forward|fwd)_only|only_forward", "trained", False),
    (r"(use_|is_)?(swiglu|geglu|glu|gated(_mlp|_linear_unit)?)", "gated", True),
    (r"(use_|is_)?(gqa|grouped|group(ed)?_query(_attention)?)", "grouped", True),
    (r"(use_|is_|has_)?(moe|mixture_of_experts|experts)", "experts", True),
    (r"(use_|is_)?(mla|multi_latent_attention)", "latent", True),
    (r"((include|with|has|count)_)?(lm_?)?(head|logits)", "head", True),
    (r"tied?_?(word_)?(embeddings?|weights|head)|weight_tying|share_embeddings(_and_output_weights)?", "tied", True),
)  # fmt: skip


def flag_of(name: str) -> tuple[str, bool] | None:
    """What the name of a condition is about, and whether it is so where the condition holds."""
    found = (flag for pattern, *flag in FLAGS if re.fullmatch(pattern, name.lower()))
    return next(((str(flag), bool(meant)) for flag, meant in found), None)
