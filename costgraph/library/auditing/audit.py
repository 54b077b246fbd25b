"""The formulas of a file, each against what is derived for what it is called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Unpack

from costgraph.errors import UserError, shorten, unknown
from costgraph.given import Keywords, Options
from costgraph.library.auditing.code import Formula, formulas
from costgraph.library.auditing.equations import equations
from costgraph.library.auditing.tex_source import plain
from costgraph.library.checking.comparison import Checked, compare
from costgraph.measures import MEASURES as ALL
from costgraph.measures import measure_named
from costgraph.measures.parts import read_measure
from costgraph.measures.per import read_share
from costgraph.records import dataclass
from costgraph.setup import Setup
from costgraph.user_files import MAX_TOML, read_text

Outcome = Literal["agrees", "differs", "not read"]
# What a name says that it is, first match first: a measure, and the phase of which it is one.
MEASURES: tuple[tuple[str, str, str], ...] = (
    (r"mfu|hfu|utili[sz]ation|achieved|promised|peak_flops|tflops|seconds|time|latency|throughput|price", "", ""),
    (r"kv[_ ]?cache|cache_(size|bytes|mem)|mem_kv|m_\{?\\?(text|mathrm)?\{?kv", "cache", "decode"),
    (r"flop.*(fwd|forward)_?(bwd|backward)|(fwd|forward)_?(bwd|backward).*flop", "flops", ""),
    (r"flop.*(fwd|forward)|(fwd|forward).*flop", "flops.forward", ""),
    (r"flop.*(bwd|backward)|(bwd|backward).*flop", "flops.backward", ""),
    (r"flop", "flops", ""),
    (r"activation", "activations", ""),
    (r"optimizer|model_?states?|training_?states?", "states", ""),
    (r"all_?reduce|comm(s|unication)?(_|$)", "communication", ""),
    (r"(n|num|total|number_of|count)_?\{?param", "params", ""),
    (r"param(eter)?(s|_count)$", "params", ""),
)  # fmt: skip
# Names of parts, compared with nothing unless `--measure` says with what: `attention_flops`, `embedding_params`.
PARTS = re.compile(
    r"attn|attention|mlp|ffn|router|lm_?head|embed|logits?_|per_?(layer|block)|(layer|block)_(flop|param)"
)
WITHOUT = re.compile(r"non_?embed|without|exclu")
DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
# What code that counts costs means by names that have several meanings elsewhere.
MEANT = {
    "block_size": "S", "n_ctx": "S", "context_length": "S", "max_seq_len": "S", "max_seq_length": "S", "dim": "D",
    "num_tokens": "B*S", "n_tokens": "B*S", "d_embd": "D", "d_embed": "D", "n_embed": "D", "embedding_dim": "D",
    "intermediate_dim": "intermediate_size", "num_non_embed_params": "N_params", "non_embedding_params": "N_params",
}  # fmt: skip
MLP_WIDTH = re.compile(r"\b(intermediate_(size|dim)|ffn_\w+|d_ff|mlp_dim)\b")  # beside which hidden_dim is the width
SHARES = (("token", r"per[_ ]?token|/\s*token"), ("sequence", r"per[_ ]?(seq|sequence|sample|fwdbwd)"))


@dataclass(frozen=True)
class Audited:
    """A formula of a file, what it was taken for, and how it compares; `read` says what names were taken for."""

    file: str
    formula: Formula
    measure: str
    per: str = ""
    compared: Checked | None = None
    unread: str = ""
    read: str = ""

    @property
    def outcome(self) -> Outcome:
        """In a word."""
        if self.compared is None:
            return "not read"
        return "agrees" if self.compared.agrees else "differs"

    @property
    def said(self) -> str:
        """What separates it from what is derived, or why it is not read."""
        if self.compared is None or self.compared.agrees:
            return self.unread
        return self.compared.slip or "nothing short explains it"


def audit(target: str, measure: str = "", *, per: str = "", **of: Unpack[Keywords]) -> list[Audited]:
    """Read the formulas of a file and compare each with what is derived.

    Args:
        target: a Python or LaTeX file, or a function of one: `mfu.py:flops_per_token`.
        measure: what all of them give; unless given, what their names say, and what says nothing is passed over.
        per: the same of `token` or `sequence`.
        of: what they are costs of, as for `derive`; `let` and `notation` say how to read letters.

    Raises:
        UserError: no such file or function, what cannot be read at all, or a measure or setup that there is not.
    """
    path, _, function = target.partition(":")
    refuse_wrong(measure, per, of)
    found = parsed(path, function)
    if measure and not path.endswith(".tex"):
        found = [one for one in found if one.name.endswith("return") or infer(one.name)[0] == measure] or found
    named = [one for one in found if measure or infer(one.name)[0]]
    return [judged(path, one, measure, per, of) for one in named if not returned(one, named, measure)]


def refuse_wrong(measure: str, per: str, of: Options) -> None:
    """Raise for options that no formula could be compared under, which would all be said to be unreadable."""
    graph = Setup.of(**of).graph
    if measure and measure_named(read_measure(measure, graph).name) is None:
        raise unknown("measure", measure, ALL)
    read_share(per or None, False, ())


def returned(one: Formula, named: Sequence[Formula], measure: str) -> bool:
    """Whether a formula is no more than `return x` of an x that is listed."""
    function, _, last = one.name.rpartition(": ")
    if last != "return":
        return False
    same = (other for other in named if other.name.startswith(f"{function}: ") and other.name != one.name)
    of = measure or infer(one.name)
    return any(
        (two.text, two.cases, two.unread, measure or infer(two.name)) == (one.text, one.cases, one.unread, of)
        for two in same
    )


def parsed(path: str, function: str) -> list[Formula]:
    """The formulas of a file that are more than a number or another name."""
    if not path.endswith((".py", ".tex")):
        raise UserError(f"'{shorten(path)}': audit reads .py and .tex files, FILE.py:FUNCTION for one function")
    text = read_text(Path(path), MAX_TOML)
    if path.endswith(".tex"):
        if function:
            raise UserError(f"'{shorten(function)}': a .tex file has no functions; name the file alone")
        return equations(text)
    try:
        found = formulas(text, function)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return [one for one in found if one.unread or re.search(r"[*/+-]", one.text)]


def infer(name: str) -> tuple[str, str, str]:
    """What a name says that its formula gives: a measure, its phase, how much of a step; "" where it does not."""
    function, _, last = plain(name).lower().rpartition(": ")
    said = last if last != "return" else function
    if PARTS.search(said) and not WITHOUT.search(said):
        return "", "", ""
    for pattern, measure, phase in MEASURES:
        if re.search(pattern, said):
            per = next((share for share, words in SHARES if re.search(words, said)), "")
            return measure, phase, per if measure.startswith("flops") else ""
    return "", "", ""


def judged(path: str, formula: Formula, measure: str, per: str, of: Options) -> Audited:
    """One formula against what is derived."""
    inferred, phase, share = infer(formula.name)
    measure, per = measure or inferred, per or share
    if formula.unread:
        return Audited(path, formula, measure, per, unread=formula.unread)
    text = DOTTED.sub(lambda name: name[0].rpartition(".")[2], formula.text) if path.endswith(".py") else formula.text
    let, read = meant(text, of.get("let", ()))
    given: Any = {
        **of,
        **({"phase": phase} if phase and of.get("phase") is None else {}),
        **({"let": let} if let else {}),
    }
    try:
        return Audited(path, formula, measure, per, compare(text, measure, per=per or None, **given), read=read)
    except UserError as error:
        return Audited(path, formula, measure, per, unread=str(error))


def meant(text: str, let: Any) -> tuple[list[str], str]:
    """What names with several meanings are taken for in code, beside what the user says of them; and that in words."""
    own = [let] if isinstance(let, str) else [*let]
    said = {part.partition("=")[0].strip() for one in own for part in str(one).split(",")}
    usual = {**MEANT, **({"hidden_dim": "D"} if MLP_WIDTH.search(text) else {})}
    found = [
        f"{name}={meaning}" for name, meaning in usual.items() if name not in said and re.search(rf"\b{name}\b", text)
    ]
    return [*own, *found], ", ".join(found)


def counts(found: Iterable[Audited]) -> dict[str, int]:
    """How many formulas had each outcome."""
    return dict(Counter(one.outcome for one in found))
