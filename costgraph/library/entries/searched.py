"""Words as people write them, in texts: phrases of the field, abbreviations, and other marks between letters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from costgraph.aliases import SAID, TOPICS

BITS = re.compile(r"\b(\d+)[ -]?bits?\b")
LONGEST = 4  # words of a phrase
SHORT = 4  # letters of a word that would stand inside of others by chance
BEFORE = "all|band|bitsand|dot|feed|flash|giga|kilo|kv|layer|mega|micro|off|paged|py|re|rms|tera|un"  # in compounds
MARKS = re.compile(r"[^a-z0-9]+")  # of a text in small letters: what stands between letters and digits
SPOKEN = re.compile(r"[a-z][a-z0-9]{2,}")  # words of a text in small letters that somebody may have meant


def apart(words: Sequence[str], texts: Iterable[str]) -> list[str]:
    """Words as they are looked for.

    Those that are a phrase of the field together are one, in quotes or not; any other phrase in quotes stands as it is,
    or word by word where no text has it so.
    """
    phrases = {one for one in words if " " in one.strip() and said(one) == one.lower()}
    there = {one for one in phrases if any(occurs(one, text) for text in texts)}
    split = [part for one in words for part in (one.split() if one in phrases - there else [one])]
    found: list[str] = []
    while split:
        sizes = range(min(LONGEST, len(split)), 1, -1)
        long = next((size for size in sizes if is_phrase(" ".join(split[:size]))), 1)
        found, split = [*found, " ".join(split[:long])], split[long:]
    return found


def is_phrase(text: str) -> bool:
    """Whether words are one of the field's phrases together, or a number of bits."""
    return spoken(text) in SAID or BITS.fullmatch(text.lower()) is not None


def spoken(text: str) -> str:
    """A phrase as the table of phrases has it: small, without marks, and `parallel` for parallelism."""
    return re.sub(r"\bparallelism\b", "parallel", re.sub(r"[\s_-]+", " ", text.strip().lower()))


def said(text: str) -> str:
    """What is looked for: what a phrase is short for, and bits as `8-bit`."""
    return SAID.get(spoken(text)) or BITS.sub(r"\1-bit", text.lower())


def plain(text: str) -> str:
    """A text as it is searched: small, and bits written in one way."""
    return BITS.sub(r"\1-bit", text.lower())


def occurs(word: str, text: str) -> bool:
    """Whether a word is in a text, or what it is short for, as `MLA` is for latent attention."""
    name = said(word)
    return begins(name, text) or any(begins(one, text) for one in TOPICS.get(name, ()))


def begins(name: str, text: str) -> bool:
    """Whether a word of a text, or a number in it, begins so: `serving` is not in preserving, nor 6*N in 16*N.

    A long word may stand behind what the field puts before words, as in microbatches, and may be written with other
    marks between its letters: `flash-attention-3` is FlashAttention-3, `kvcache` a KV cache.
    """
    letters = MARKS.sub("", name)
    if not name[0].isalpha() or len(letters) <= SHORT:
        before = r"(?<![\d.])" if name[0].isdigit() else "(?<![a-z])" if name[0].isalpha() else ""
        after = "(?![a-z])" if name in TOPICS and len(name) <= SHORT else ""  # EP is no epoch
        return re.search(before + re.escape(name) + after, text) is not None
    return re.search(f"(?<![a-z])(?:{BEFORE})?{'[^a-z0-9]*'.join(letters)}", text) is not None


def nearest(word: str, texts: Sequence[str]) -> str:
    """The words of texts that are spelt much as one is, as a question."""
    from difflib import get_close_matches  # only where something was not found

    spoken = sorted({*TOPICS, *SPOKEN.findall(" ".join(texts))})
    near = get_close_matches(word.lower(), spoken, n=3, cutoff=0.7)
    return f": did you mean {' or '.join(near)}?" if near else ""
