"""The guard of forms: what every setup that matters gives, written down, so that no form changes unnoticed.

A setup is an op set with options, a phase, passes, a convention, a precision and a limit, all as one would type them.
For each of a deterministic choice of setups, `tests/data/forms.json.xz` holds every measure's form, before and after
the limit, with its unit, remainder, assumptions and terms; of a setup that is refused it holds what the error says.
Nothing here is right because it is held: the literature and the brute-force model judge that.

Setups are read as text and forms are written as text, so that nothing depends on how the engine is built inside.

`python tests/guard.py` compares, `--write` writes the data anew, `--show TEXT` prints what is held of setups and
measures whose names contain all words of TEXT.
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from itertools import combinations, product
from pathlib import Path
from random import Random

import costgraph as cg

DATA = Path(__file__).parent / "data" / "forms.json.xz"

Choice = dict[str, str]  # factor: the text of its value; "" is the default
Pair = tuple[tuple[str, str], tuple[str, str]]
Record = dict[str, tuple[str, ...]]  # field: lines
Held = dict[str, dict[str, Record]]  # setup: measure, or SETUP: record

MEASURES = (
    "params", "states", "flops", "flops.forward", "flops.backward", "flops.recompute", "activations", "cache",
    "traffic", "communication", "communication.chief", "intensity",
)  # fmt: skip
SETUP = "(setup)"  # in place of a measure: what the setup is called, or why it is refused
FIELDS = (
    "asked", "refused", "form", "unit", "remainder", "assumptions", "terms", "over", "limited", "limited remainder",
    "limited assumptions",
)  # fmt: skip

# --- what is chosen from ----------------------------------------------------------------------------------------------

NUMBERS = "B=2,S=128,L=3,D=64,A=8,G=2,E=4,V=512,K=256,T=2,p=2,m=4,k=8,n=6"
PHASE = {"phase": ("train", "forward", "prefill", "decode", "decode(S+1)")}
FUSING = {"flash": ("", "flash_attention")}
REPLAYING = {"recompute": ("", "recompute(selective)", "recompute(full)")}
WHOLE = ("", "tensor_parallel(T)", "tensor_parallel(2)")
SEQUENCE = (
    "tensor_parallel(T, sequence=True)",
    "tensor_parallel(2, sequence=True)",
    "tensor_parallel(T, sequence=True, keep_gathered=True)",
)
COPIES = ("tensor_parallel(T, replicate_kv=True)", "tensor_parallel(4, replicate_kv=True)")
COPIES_SEQUENCE = (
    "tensor_parallel(T, sequence=True, replicate_kv=True)",
    "tensor_parallel(T, sequence=True, keep_gathered=True, replicate_kv=True)",
)
READING = {
    "convention": (
        "notes",
        "exact",
        "table_a1",
        "exact(elementwise=one)",
        "exact(elementwise=softmax3)",
        "notes(additions=counted)",
        "exact(elementwise=table_a1, additions=counted)",
    ),
    "precision": ("mixed_adam", "fp32_adam"),
    "limit": ("E=4,p=2", NUMBERS, "T->oo", "S->oo", "D=128*A,T=1", "E=8/3,G=A/8,p=5/4"),
}
SPLIT = {"parallel": (*WHOLE, *SEQUENCE)}

# op set: its options, then passes and how it is read; and how often every pair of values has to appear
FAMILIES: dict[str, tuple[Mapping[str, Sequence[str]], int]] = {
    "decoder": (
        {
            "head": ("", "head=True"),
            "tied": ("", "tied=False"),
            "dropout": ("", "dropout=False"),
            "biases": ("", "biases=True"),
            "kv_heads": ("", "kv_heads=G", "kv_heads=1", "kv_heads=2"),
            "positions": ("", "positions=False"),
            **PHASE,
            **FUSING,
            **REPLAYING,
            "parallel": (*WHOLE, *SEQUENCE, *COPIES, *COPIES_SEQUENCE),
            **READING,
        },
        2,
    ),
    "encoder": ({**PHASE, **FUSING, **REPLAYING, **SPLIT, **READING}, 1),
    "attention": ({**PHASE, **FUSING, "recompute": REPLAYING["recompute"][:2], "parallel": WHOLE, **READING}, 2),
    "matmul": (
        {"sizes": ("", "m=1", "m=B*S, k=D, n=E*D", "k=D/A, n=S"), **PHASE, "parallel": WHOLE, **READING},
        2,
    ),
    "elementwise": (
        {"kind": ("", "kind=relu", "kind=silu", "kind=scale", "kind=residual"), **PHASE, **SPLIT, **READING},
        2,
    ),
}

# Values of two factors that exclude each other, in every op set that has both.
TRAINING_ONLY = ("forward", "prefill", "decode", "decode(S+1)")
EXCLUSIONS: tuple[tuple[str, Sequence[str], str, Sequence[str]], ...] = (
    ("head", ("",), "tied", ("tied=False",)),
    ("head", ("",), "positions", ("positions=False",)),
    ("phase", TRAINING_ONLY, "recompute", REPLAYING["recompute"][1:]),
    ("phase", ("decode", "decode(S+1)"), "parallel", (*SEQUENCE, *COPIES_SEQUENCE)),
    ("kv_heads", ("",), "parallel", (*COPIES, *COPIES_SEQUENCE)),
    ("kv_heads", ("kv_heads=1",), "parallel", (*WHOLE[1:], *SEQUENCE)),
)
EXCLUDED = {
    frozenset({(one, a), (other, b)}) for one, values, other, others in EXCLUSIONS for a in values for b in others
}


@dataclass(frozen=True)
class Setup:
    """One question to the engine, as text."""

    op_set: str
    phase: str
    passes: str  # separated by " + "
    convention: str
    precision: str
    limit: str

    @property
    def key(self) -> str:
        """The setup on one line."""
        return " | ".join(astuple(self))

    @property
    def family(self) -> str:
        """The name of the op set without options."""
        return self.op_set.partition("(")[0]

    def derive(self) -> Mapping[str, Record]:
        """Everything that the engine says, or why it refuses."""
        own = self.phase == "decode(S+1)"  # the phase's pass with an option sets the phase
        try:
            found = cg.derive(
                *MEASURES,
                op_set=self.op_set,
                phase=None if own else self.phase,
                passes=[name for name in self.passes.split(" + ") if name],
                convention=self.convention,
                precision=self.precision,
            )
            # put into the forms and not into the question, which would refuse a degree without an axis
            put_in = dict(item.replace("->", "=").split("=") for item in self.limit.split(",") if item)
            limited = {name: form.limit(**put_in) for name, form in found.forms.items()}
        except cg.UserError as error:
            return {SETUP: {"refused": (str(error),)}}
        asked = (found.op_set, found.phase, found.convention.name, found.convention.describe({"layer_norm"}))
        forms = {name: record(form, limited[name]) for name, form in found.forms.items()}
        return {SETUP: {"asked": asked}, **forms}


# Beside the choice: one head is split over a sequence only as long as its core is not fused; and a sequence that is
# longer than the table of positions is not refused, but the assumption that fails is shown. Passes are sorted.
BESIDE = (
    *(
        Setup("attention", phase, f"{replay}{split}", convention, "mixed_adam", "E=4,p=2")
        for phase, replay in (("train", ""), ("train", "recompute(selective) + "), ("forward", ""), ("prefill", ""))
        for split in SEQUENCE
        for convention in ("notes", "exact")
    ),
    Setup("decoder(head=True)", "train", "", "notes", "mixed_adam", "S=4096,K=2048"),
    Setup("decoder", "train", "tensor_parallel(T) + recompute(full)", "notes", "mixed_adam", ""),
)

# Not legal, and refused for as many reasons: the words are held too.
REFUSED = (
    Setup("decoder(kv_heads=1)", "train", "tensor_parallel(T)", "notes", "mixed_adam", ""),
    Setup("decoder(kv_heads=2)", "train", "tensor_parallel(8)", "notes", "mixed_adam", ""),
    Setup("decoder(kv_heads=G)", "decode", "tensor_parallel(8)", "notes", "mixed_adam", "G=4"),
    Setup("decoder", "train", "tensor_parallel(T, replicate_kv=True)", "notes", "mixed_adam", ""),
    Setup("decoder", "train", "tensor_parallel(T, keep_gathered=True)", "notes", "mixed_adam", ""),
    Setup("decoder", "train", "tensor_parallel(T) + tensor_parallel(T)", "notes", "mixed_adam", ""),
    Setup("decoder", "train", "tensor_parallel(T)", "notes", "mixed_adam", "A=12,T=8"),
    Setup("decoder", "decode", "tensor_parallel(T, sequence=True)", "notes", "mixed_adam", ""),
    Setup("decoder", "forward", "recompute(full)", "notes", "mixed_adam", ""),
    Setup("decoder", "prefill", "recompute(selective)", "notes", "mixed_adam", ""),
    Setup("decoder", "train", "decode", "notes", "mixed_adam", ""),
    Setup("decoder(kv_heads=G)", "train", "", "notes", "mixed_adam", "A=8,G=3"),
    Setup("attention", "train", "recompute(full)", "notes", "mixed_adam", ""),
    Setup("matmul", "train", "flash_attention", "notes", "mixed_adam", ""),
    Setup("matmul", "train", "tensor_parallel(T, sequence=True)", "notes", "mixed_adam", ""),
    Setup("elementwise", "train", "recompute(selective)", "notes", "mixed_adam", ""),
)


def record(form: cg.ClosedForm, limited: cg.ClosedForm) -> Record:
    """What is held of one form. A term is one line: its op, its source, its role and its amount."""
    sides = {"terms": form.terms, "over": form.over}
    return {
        "form": (form.text(),),
        "unit": (form.unit,),
        "remainder": (str(form.remainder),),
        "assumptions": tuple(map(str, form.assumptions)),
        **{side: tuple(f"{t.op} | {t.source} | {t.role} | {t.amount}" for t in sides[side]) for side in sides},
        "limited": (limited.text(),),
        "limited remainder": (str(limited.remainder),),
        "limited assumptions": tuple(map(str, limited.assumptions)),
    }


# --- choosing ---------------------------------------------------------------------------------------------------------


def setups(family: str) -> list[Setup]:
    """The setups of an op set: every pair of values that do not exclude each other, and those listed one by one."""
    chosen = [setup_of(family, choice) for choice in covering(*FAMILIES[family])]
    return [*chosen, *(setup for setup in (*BESIDE, *REFUSED) if setup.family == family)]


def setup_of(family: str, choice: Choice) -> Setup:
    """A choice of values as a question."""
    before = list(choice).index("phase")  # options of the op set stand before the phase
    options = ", ".join(value for value in list(choice.values())[:before] if value)
    own = choice["phase"] if "(" in choice["phase"] else ""
    passes = [choice.get("flash", ""), own, choice.get("recompute", ""), choice["parallel"]]
    return Setup(
        f"{family}({options})" if options else family,
        choice["phase"],
        " + ".join(name for name in passes if name),
        choice["convention"],
        choice["precision"],
        choice["limit"],
    )


def pairs(factors: Mapping[str, Sequence[str]]) -> list[Pair]:
    """All pairs of values of two factors that do not exclude each other."""
    found = (
        ((one, a), (other, b))
        for one, other in combinations(factors, 2)
        for a, b in product(factors[one], factors[other])
    )
    return [pair for pair in found if frozenset(pair) not in EXCLUDED]


def covering(factors: Mapping[str, Sequence[str]], times: int, tries: int = 12) -> list[Choice]:
    """Choices in which every pair of values appears at least so many times; always the same ones.

    For each pair that is still wanted, several choices with that pair are drawn, and the one with most wanted pairs is
    taken.
    """
    draw = Random(0)
    wanted = Counter(dict.fromkeys(pairs(factors), times))
    found: list[Choice] = []
    for pair in list(wanted):
        while wanted[pair] > 0:
            drawn = [completed(dict(pair), factors, draw) for _ in range(tries)]
            best = max(drawn, key=lambda choice: sum(wanted[two] > 0 for two in combinations(choice.items(), 2)))
            wanted.subtract(combinations(best.items(), 2))
            found.append(best)
    return [choice for i, choice in enumerate(found) if choice not in found[:i]]


def completed(choice: Choice, factors: Mapping[str, Sequence[str]], draw: Random) -> Choice:
    """A choice for every factor, with the values that are chosen already."""
    for factor in factors:
        if factor not in choice:
            taken = list(choice.items())
            free = [v for v in factors[factor] if not any(frozenset({(factor, v), one}) in EXCLUDED for one in taken)]
            choice[factor] = free[int(draw.random() * len(free))]  # random() is the same in every version of Python
    return {factor: choice[factor] for factor in factors}


def derived(family: str) -> Held:
    """What the engine says today about every setup of an op set."""
    return {setup.key: dict(setup.derive()) for setup in setups(family)}


# --- comparing --------------------------------------------------------------------------------------------------------


def differences(held: Held, now: Held) -> Iterator[str]:
    """One line for each setup, measure or field in which two differ: where, what was and what is."""
    for key in dict.fromkeys((*held, *now)):
        was, is_ = held.get(key, {}), now.get(key, {})
        for measure in dict.fromkeys((*was, *is_)):
            yield from changes(f"{key}: {measure}", was.get(measure, {}), is_.get(measure, {}))


def changes(where: str, was: Record, is_: Record) -> Iterator[str]:
    """The fields in which two records differ; of long fields only the lines that do."""
    for field in FIELDS:
        before, after = was.get(field), is_.get(field)
        if before != after:
            gone, new = lines(before, after or ()), lines(after, before or ())
            yield f"{where}: {field}: was {gone}, is {new}" if gone != new else f"{where}: {field}: in another order"


def lines(these: tuple[str, ...] | None, those: tuple[str, ...]) -> str:
    """What only one of two fields has, for a message."""
    if these is None:
        return "not there"
    only = Counter(these) - Counter(those)
    return "; ".join(f"'{line}'" for line in only.elements()) or "without that"


def count(held: Held) -> int:
    """The number of forms."""
    return sum(measure != SETUP for records in held.values() for measure in records)


# --- the file ---------------------------------------------------------------------------------------------------------


class Pool(dict[object, int]):
    """Numbers for things, in the order in which they come."""

    def number(self, thing: object) -> int:
        """The number of a thing, the same whenever it comes again."""
        return self.setdefault(thing, len(self))


def packed(held: Held) -> bytes:
    """Compact bytes: every line and every field once, records as numbers; the same for the same forms."""
    texts, fields = Pool(), Pool()

    def numbers(one: Record) -> list[int]:
        return [fields.number(tuple(map(texts.number, one[f]))) if f in one else -1 for f in FIELDS]

    known = {key: {name: numbers(one) for name, one in records.items()} for key, records in held.items()}
    content = {"texts": list(texts), "fields": list(fields), "setups": known}
    return lzma.compress(json.dumps(content, separators=(",", ":")).encode(), preset=9 | lzma.PRESET_EXTREME)


def unpacked(data: bytes) -> Held:
    """What `packed` packed."""
    content = json.loads(lzma.decompress(data))
    fields = [tuple(content["texts"][i] for i in numbers) for numbers in content["fields"]]

    def one(numbers: Iterable[int]) -> Record:
        return {field: fields[i] for field, i in zip(FIELDS, numbers, strict=True) if i >= 0}

    setups = content["setups"].items()
    return {key: {name: one(numbers) for name, numbers in records.items()} for key, records in setups}


def read() -> Held:
    """What is held."""
    return unpacked(DATA.read_bytes())


def write(held: Held) -> None:
    """Hold this, unless it is held already: the same forms are not compressed to the same bytes by every library."""
    if not DATA.exists() or read() != held:
        DATA.write_bytes(packed(held))


# --- by hand ----------------------------------------------------------------------------------------------------------


def shown(held: Held, text: str) -> Iterator[str]:
    """The records whose setup and measure contain all words of a text."""
    for key, records in held.items():
        for measure, one in records.items():
            if all(word in f"{key} {measure}" for word in text.split()):
                yield f"{key}: {measure}"
                yield from (f"    {field}: {line}" for field, found in one.items() for line in found)


def main() -> int:
    """Compare, write or show; 1 if something differs."""
    parser = argparse.ArgumentParser(description="What is held of forms: compare it with what is derived.")
    parser.add_argument("--write", action="store_true", help="write the data anew")
    parser.add_argument("--show", metavar="TEXT", help="print the records whose setup and measure have all these words")
    asked = parser.parse_args()
    if asked.show is not None:
        print("\n".join(shown(read(), asked.show)))
        return 0
    now = {key: records for family in FAMILIES for key, records in derived(family).items()}
    if asked.write:
        write(now)
        print(f"{len(now)} setups, {count(now)} forms, {DATA.stat().st_size} bytes")
        return 0
    found = list(differences(read(), now))
    print("\n".join([*found, f"{len(found)} differences"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
