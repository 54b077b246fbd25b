"""Which entries are about something: words, a topic, a model, a source, a symbol.

What an entry is about is read from what the engine is asked to derive for it and from the letters of what was printed;
nobody tags entries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate

from costgraph.algebra.symbols import SYMBOLS
from costgraph.aliases import TOPICS, understood
from costgraph.errors import UserError, shorten
from costgraph.hardware.catalog import catalog
from costgraph.library.entries.entry import Entry, Request
from costgraph.library.entries.reading import library, sources
from costgraph.library.entries.searched import apart, nearest, occurs, plain
from costgraph.models.known import HUB, of_hub
from costgraph.models.known import known as models
from costgraph.precision import USUAL

WORD = re.compile(r"[A-Za-z_]\w*")
PART = re.compile(r"[a-z]+|[0-9]+")  # of a model's name
ABOUT = re.compile(r"[A-Z][^:]*\d[^:]*: ")  # a title that says of which model it is
AXIS = re.compile(r"(\w+)\(")
ARXIV = re.compile(r"\d{4}\.\d{4,5}")
VARIANTS = {"instruct", "chat", "base", "hf", "it", "v"}  # what names on the hub have behind that of the model
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
    """The entries of the library of which all of this holds, those first whose titles have the words.

    Args:
        words: occur in ids, titles, places, sources, formulas, remarks, in any case.
        topics: such as `cache`, `communication`, `pipeline`, `recompute`, `hardware`; see `topics_of`.
        models: such as `llama-3`, `meta-llama/Llama-3.1-8B` or PaLM: whose sizes are put in, or which the source
            speaks about.
        source: the key of a source, or what keys or titles of several have, such as `flashattention`.
        symbols: letters that occur in what was printed, of costgraph or of the source.

    Raises:
        UserError: there is no such topic, model, family, source or symbol, or nothing was asked for.
    """
    words = [word for word in words if word.strip()]
    if not (words or topics or models or source or symbols):
        raise UserError("type words that must occur, or --topic, --model, --source, --symbol")
    read = None if source is None else known_sources(source)
    about = [known_topic(name) for name in topics]
    named = [known_model(name) for name in models]
    letters = [known_symbol(name) for name in symbols]
    texts = {one.id: haystack(one) for one in library()} if words else {}
    sought = apart(words, texts.values())
    tests: list[Callable[[Entry], bool]] = [
        lambda one: read is None or one.source in read,
        lambda one: all(occurs(word, texts[one.id]) for word in sought),
        lambda one: all(test(one) for test in about),
        lambda one: all(speaks_of(one, name) for name in named),
        lambda one: all(name in letters_of(one) for name in letters),
    ]
    matching = [one for one in library() if all(test(one) for test in tests)]
    return sorted(matching, key=lambda one: distance(one, sought))


def why_none(words: Sequence[str]) -> str:
    """What to say where no entry has all that was asked for: which words none has, and the nearest that some have."""
    texts = [haystack(one) for one in library()]
    numbers = {word: sum(occurs(word, text) for text in texts) for word in apart(words, texts)}
    if absent := [word for word, number in numbers.items() if not number]:
        return "; ".join(f"no entry has '{shorten(word)}'{nearest(word, texts)}" for word in absent)
    each = ", ".join(f"'{shorten(word)}' in {number}" for word, number in numbers.items())
    return "no entry has all of that" + (f": {each}" if len(numbers) > 1 else "")


def known_sources(text: str) -> set[str]:
    """The keys of the sources that are meant: of that key, or whose keys or titles have the text."""
    if text in sources():
        return {text}
    number = ARXIV.search(text)
    sought = number[0] if number else text
    named = {key for key, one in sources().items() if occurs(sought, f"{key} {one.title} {one.url}".lower())}
    if not named:
        near = nearest(text, [one.title.lower() for one in sources().values()])
        raise UserError(f"unknown source '{shorten(text)}'{near}") if near else none_such("source", text, sources())
    return named


def none_such(what: str, text: str, choices: Iterable[str]) -> UserError:
    """An error for something that no entry is about: the nearest that some are about."""
    from difflib import get_close_matches  # only where something was not found

    lowered = {choice.lower(): choice for choice in choices}
    near = [lowered[name] for name in get_close_matches(text.lower(), lowered, n=3, cutoff=0.5)]
    advice = f"did you mean {' or '.join(near)}?" if near else f"no entry is about such a {what}"
    return UserError(f"unknown {what} '{shorten(text)}': {advice}")


def known_symbol(text: str) -> str:
    """A letter that some entry prints; a Greek one may be typed as itself."""
    from unicodedata import name as called

    words = called(text, "").split() if len(text) == 1 else []
    letter = (words[-1].capitalize() if "CAPITAL" in words else words[-1].lower()) if words[:1] == ["GREEK"] else text
    known = {name for one in library() for name in letters_of(one)}
    if letter not in known:
        raise none_such("symbol", letter, known)
    return letter


def known_topic(text: str) -> Callable[[Entry], bool]:
    """Whether an entry is about a topic, however that is called: one of `topics_of`, or what titles speak about."""
    name = text.strip().lower().replace("-", "_").replace(" ", "_")
    name = understood("pass", understood("axis", understood("topic", name)))
    known = {topic for one in library() for topic in topics_of(one)}
    if name in known:
        return lambda one: name in topics_of(one)
    for texts in ({one.id: said_by(one) for one in library()} for said_by in (subject, haystack)):
        about = {key for key, said in texts.items() if text.strip() and occurs(text, said)}
        if about:
            return lambda one: one.id in about
    raise none_such("topic", text, sorted({*known, *TOPICS}))


def subject(entry: Entry) -> str:
    """What says what an entry is about."""
    title = sources()[entry.source].title
    meshes = (one.mesh for one in requests(entry))
    return plain(" ".join((entry.id, entry.title, entry.quantity, entry.says, title, *meshes, *topics_of(entry))))


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

    A family is what the names of models that come with their sizes begin with, such as `llama` and `llama-3`. Other
    models are known by what entries and sources call them, as a name is written: PaLM, and not the ring of a mesh.
    """
    starts = {start for name in models() for start in beginnings(name)}
    for parts in called(text):
        if "".join(parts) in starts or is_name(parts):
            return pattern(parts)
    raise none_such("model", text, models())


def called(text: str) -> Iterator[list[str]]:
    """The parts of a model's name: of a repository that is known, as typed, and without what the hub has behind it."""
    if HUB.fullmatch(text):
        with suppress(UserError):
            yield PART.findall(of_hub(text).name)
    parts = PART.findall(text.lower().rpartition("/")[2])
    yield parts
    yield from (parts[:at] for at in range(len(parts) - 1, 0, -1) if parts[at] in VARIANTS)


def pattern(parts: Sequence[str], flags: int = 0) -> re.Pattern[str]:
    """How a name is written, with or without marks between its parts."""
    end = "[A-Za-z]" if parts[-1].isalpha() else "[A-Za-z0-9]"
    return re.compile(rf"(?<![A-Za-z0-9]){'[^A-Za-z0-9]?'.join(parts)}(?!{end})", flags)


def is_name(parts: Sequence[str]) -> bool:
    """Whether titles have it as a name, which is never written small where somebody says something, of no machine."""
    name = "".join(parts)
    machines = {start for one in catalog() for start in beginnings(one)}
    if len(name) < 3 or name[0].isdigit() or name in TOPICS or name in machines:
        return False
    written = pattern(parts, re.IGNORECASE)
    prose = " | ".join(text for one in library() for text in (one.title, one.says, one.remark))
    titles = " | ".join(one.title for one in sources().values())
    told = written.search(f"{prose} | {titles}")
    small = re.search(rf"(?<![\w/.-]){' '.join(parts)}(?![\w/-])", prose)  # and no part of a path
    return told is not None and small is None


def beginnings(name: str) -> Iterator[str]:
    """What a name begins with, in letters and digits: llama, llama3, llama370, llama370b; but not the t of t5."""
    return (start for start in accumulate(PART.findall(name)) if len(start) > 1)


def speaks_of(entry: Entry, model: re.Pattern[str]) -> bool:
    """Whether a model's sizes are put in, or a source speaks about it."""
    texts = [*(one.model for one in requests(entry)), entry.title, entry.place]
    if not ABOUT.match(entry.title):
        texts.append(sources()[entry.source].title)
    return any(model.search(text.lower()) for text in texts)


def letters_of(entry: Entry) -> set[str]:
    """The letters of what was printed, and costgraph's that they stand for."""
    typed = {name for text in (entry.printed, entry.claim) for name in WORD.findall(text)}
    meant = {name for letter in typed for name in WORD.findall(entry.letters.get(letter, ""))}
    return typed | meant


def distance(entry: Entry, words: Iterable[str]) -> int:
    """How far from what an entry is about words stand: nearest in its title, then in what is derived, then its place.

    What is written out is nearer than what it is short for; what only its source or a remark has is farthest, since a
    paper on experts has rows of dense models.
    """
    models = (one.model for one in requests(entry))
    derived = " ".join((entry.quantity, *sorted(topics_of(entry)), *models))
    texts = [plain(text) for text in (f"{entry.title} {entry.says}", derived, f"{entry.place} {entry.statement}")]
    return sum(
        next((2 * at + (word.lower() not in text) for at, text in enumerate(texts) if occurs(word, text)), 6)
        for word in words
    )


def haystack(entry: Entry) -> str:
    """Everything of an entry that is searched for words: what it says, whose it is, and how it is derived."""
    source = sources()[entry.source]
    texts = [entry.id, entry.title, entry.place, entry.source, source.title, source.authors, source.year]
    texts += [
        source.url,
        entry.statement,
        entry.quantity,
        entry.says,
        entry.remark,
        *entry.assumptions,
        *entry.letters.values(),
    ]
    texts += [*entry.origin.values(), *entry.catalog.values(), entry.aside, entry.unverified]
    for asked in requests(entry):
        texts += [asked.measure, asked.tensor, asked.model, asked.op_set, asked.phase, asked.mesh, asked.convention]
        texts += [asked.limit, asked.symbolic, *asked.passes, *asked.ops]
        texts += [asked.precision] if asked.precision != USUAL else []
    return plain(" ".join((*texts, entry.erratum.why if entry.erratum else "", *topics_of(entry))))
