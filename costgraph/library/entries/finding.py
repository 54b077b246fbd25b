"""Which entries are about something: words, a topic, a model, a source, a symbol.

What an entry is about is read from what the engine is asked to derive for it and from the letters of what was printed;
nobody tags entries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from costgraph.algebra.symbols import SYMBOLS
from costgraph.aliases import TOPICS, understood
from costgraph.errors import UserError, shorten, unknown
from costgraph.library.entries.entry import Entry, Request
from costgraph.library.entries.reading import library, sources
from costgraph.models.known import known as models
from costgraph.precision import USUAL

WORD = re.compile(r"[A-Za-z_]\w*")
PART = re.compile(r"[a-z]+|[0-9]+")  # of a model's name
AXIS = re.compile(r"(\w+)\(")
MARKS = re.compile(r"[^a-z0-9]+")  # of a text in small letters: what stands between letters and digits
SPOKEN = re.compile(r"[a-z][a-z0-9]{2,}")  # words of a text in small letters that somebody may have meant
SHORT = 4  # letters of a word that would stand inside of others by chance
GROUPS = {"latent attention", "experts", "state space"}  # of symbols, which are topics as well
AMOUNTS = {
    "time", "memory", "flops", "cache", "params", "activations", "communication", "traffic", "intensity", "states",
}  # fmt: skip


def found(
    words: Sequence[str] = (),
    topics: Sequence[str] = (),
    models: Sequence[str] = (),
    source: str | None = None,
    symbols: Sequence[str] = (),
) -> list[Entry]:
    """The entries of the library of which all of this holds.

    Args:
        words: occur in ids, titles, places, sources, formulas, remarks, in any case.
        topics: such as `cache`, `communication`, `pipeline`, `recompute`, `hardware`; see `topics_of`.
        models: such as `llama-3`: whose sizes are put in, or which the source speaks about.
        source: the key of a source, or what keys or titles of several have, such as `flashattention`.
        symbols: letters that occur in what was printed, of costgraph or of the source.

    Raises:
        UserError: there is no such topic, model, family or source, or nothing was asked for.
    """
    if not (words or topics or models or source or symbols):
        raise UserError("type words that must occur, or --topic, --model, --source, --symbol")
    read = None if source is None else known_sources(source)
    asked = [known_topic(name) for name in topics]
    named = [known_model(name) for name in models]
    texts = {one.id: haystack(one) for one in library()} if words else {}
    sought = apart(words, texts.values())
    tests: list[Callable[[Entry], bool]] = [
        lambda one: read is None or one.source in read,
        lambda one: all(occurs(word, texts[one.id]) for word in sought),
        lambda one: set(asked) <= topics_of(one),
        lambda one: all(speaks_of(one, name) for name in named),
        lambda one: all(name in letters_of(one) for name in symbols),
    ]
    return [one for one in library() if all(test(one) for test in tests)]


def apart(words: Sequence[str], texts: Iterable[str]) -> list[str]:
    """Words as they are looked for: a phrase in quotes as it stands, or word by word where no text has it so."""
    phrases = {one for one in words if " " in one.strip()}
    there = {one for one in phrases if any(occurs(one, text) for text in texts)}
    return [part for one in words for part in (one.split() if one in phrases - there else [one])]


def why_none(words: Sequence[str]) -> str:
    """What to say where no entry has all that was asked for: which words none has, and the nearest that some have."""
    texts = [haystack(one) for one in library()]
    numbers = {word: sum(occurs(word, text) for text in texts) for word in apart(words, texts)}
    if absent := [word for word, number in numbers.items() if not number]:
        return "; ".join(f"no entry has '{shorten(word)}'{nearest(word, texts)}" for word in absent)
    each = ", ".join(f"'{shorten(word)}' in {number}" for word, number in numbers.items())
    return "no entry has all of that" + (f": {each}" if len(numbers) > 1 else "")


def nearest(word: str, texts: Sequence[str]) -> str:
    """The words of texts that are spelt much as one is, as a question."""
    from difflib import get_close_matches  # only where something was not found

    spoken = sorted({*TOPICS, *SPOKEN.findall(" ".join(texts))})
    near = get_close_matches(word.lower(), spoken, n=3, cutoff=0.7)
    return f": did you mean {' or '.join(near)}?" if near else ""


def known_sources(text: str) -> set[str]:
    """The keys of the sources that are meant: of that key, or whose keys or titles have the text."""
    if text in sources():
        return {text}
    named = {key for key, one in sources().items() if occurs(text, f"{key} {one.title}".lower())}
    if not named and (near := nearest(text, [one.title.lower() for one in sources().values()])):
        raise UserError(f"unknown source '{shorten(text)}'{near}")
    if not named:
        raise unknown("source", text, sources())
    return named


def known_topic(text: str) -> str:
    """The name of a topic, however it is called."""
    name = text.strip().lower().replace("-", "_").replace(" ", "_")
    name = understood("pass", understood("axis", understood("topic", name)))
    known = {topic for one in library() for topic in topics_of(one)}
    if name not in known:
        raise unknown("topic", text, sorted(known))
    return name


def requests(entry: Entry) -> Iterable[Request]:
    """What the engine is asked for."""
    return (*entry.let.values(), *([entry.derive] if entry.derive else []))


def topics_of(entry: Entry) -> set[str]:
    """Measures, phases, passes, axes and op sets that it takes to derive it; hardware, where figures of machines do."""
    about = {"hardware" if entry.catalog else "", "errata" if entry.erratum else ""} | ({entry.quantity} & AMOUNTS)
    groups = {SYMBOLS[name].group for name in letters_of(entry) if name in SYMBOLS}
    about.update(group.replace(" ", "_") for group in groups & GROUPS)
    for one in requests(entry):
        about.update((re.split(r"[.(]", one.measure)[0], one.phase, "structure" if one.structure else ""))
        for text in (*one.passes, one.mesh, one.op_set):
            about.update(understood("topic", name) for name in names_in(text))
    return about - {""}


def names_in(text: str) -> Iterator[str]:
    """The heads of calls, and the choices in them that are topics of their own."""
    yield text.partition("(")[0].strip()
    yield from AXIS.findall(text)
    yield from (name for name in ("zero", "sequence", "kv_heads", "lora") if f"{name}=" in text)


def known_model(text: str) -> re.Pattern[str]:
    """How the name of a model, or of a family, is written in texts: `Llama 3-70B` is llama-3-70b.

    A family is what the names of models that come with their sizes begin with, such as `llama` and `llama-3`.
    """
    parts = PART.findall(text.lower())
    if "".join(parts) not in {start for name in models() for start in beginnings(name)}:
        raise unknown("model", text, models())
    return re.compile(rf"(?<![a-z0-9]){'[^a-z0-9]?'.join(parts)}(?!{'[a-z]' if parts[-1].isalpha() else '[a-z0-9]'})")


def beginnings(name: str) -> Iterator[str]:
    """What a name begins with, in letters and digits: llama, llama3, llama370, llama370b; but not the t of t5."""
    return (start for start in accumulate(PART.findall(name)) if len(start) > 1)


def speaks_of(entry: Entry, model: re.Pattern[str]) -> bool:
    """Whether a model's sizes are put in, or a source speaks about it."""
    texts = (*(one.model for one in requests(entry)), entry.title, entry.place, sources()[entry.source].title)
    return any(model.search(text.lower()) for text in texts)


def letters_of(entry: Entry) -> set[str]:
    """The letters of what was printed, and costgraph's that they stand for."""
    typed = {name for text in (entry.printed, entry.claim) for name in WORD.findall(text)}
    meant = {name for letter in typed for name in WORD.findall(entry.letters.get(letter, ""))}
    return typed | meant


def haystack(entry: Entry) -> str:
    """Everything of an entry that is searched for words: what it says, whose it is, and how it is derived."""
    source = sources()[entry.source]
    texts = [entry.id, entry.title, entry.place, entry.source, source.title, source.authors, source.year]
    texts += [entry.statement, entry.quantity, entry.says, entry.remark, *entry.assumptions, *entry.letters.values()]
    texts += [*entry.origin.values(), *entry.catalog.values(), entry.aside, entry.unverified]
    for asked in requests(entry):
        texts += [asked.measure, asked.tensor, asked.model, asked.op_set, asked.phase, asked.mesh, asked.convention]
        texts += [asked.limit, asked.symbolic, *asked.passes, *asked.ops]
        texts += [asked.precision] if asked.precision != USUAL else []
    return " ".join((*texts, entry.erratum.why if entry.erratum else "", *topics_of(entry))).lower()


def occurs(word: str, text: str) -> bool:
    """Whether a word is in a text, or what it is short for, as `MLA` is for latent attention.

    A short one has to begin there, or `lion` would be in every billion. A longer one may be written with other marks
    between its letters: `flash-attention-3` is FlashAttention-3, `kvcache` a KV cache.
    """
    name = word.lower()
    inside = name in text if len(name) > SHORT else re.search(rf"(?<![a-z]){re.escape(name)}", text) is not None
    letters = MARKS.sub("", name)
    if not inside and len(letters) > SHORT and name[0].isalpha():
        inside = letters in MARKS.sub("", text)
    return inside or any(meaning in text for meaning in TOPICS.get(name, ()))
