"""Remedies are written as at a shell, `--mesh 'tensor(T)'`, and heard in Python as `mesh='tensor(T)'`."""

from __future__ import annotations

import re

KEYWORDS = {"pass": "passes", "for": "for_"}  # of flags that are called otherwise in Python
METHODS = {"explain": ".explain()", "json": ".to_json()"}  # of answers, for flags that say how one is shown
NONE = (  # flags that no function of Python has: they are about the command line
    "format", "output", "force", "plot", "picture", "list", "exporters", "dialect", "outcome",
    "formula", "help", "no-pager", "version", "symbols-as", "from", "form", "topic", "source", "symbol", "fragment",
)  # fmt: skip
WORDY = (
    "phase", "attention", "per", "notation", "convention", "precision", "model", "hardware", "op-set", "measure",
    "engine", "scheduler",
)  # fmt: skip
NO_VALUES = ("out", "or", "and", "is", "has", "to", "that", "says", "names", "which", "for", "in", "takes", "are")
SWITCHES = ("whole",)
# A command to type, or a flag with what is typed behind it.
SAID = re.compile(
    r"(?P<command>`[^`]*`|\bcostgraph [a-z][^;]*)"
    r"|(?<![\w-])--(?P<flag>[a-z][a-z-]*)(?:(?:=|\s)(?:'(?P<quoted>[^']*)'|(?P<word>[^\s,;:()'\"]+(?:,[^\s,;:()'\"]+)*)"
    r"(?: or (?P<other>train|forward|prefill|decode)\b)?))?"
)


def in_python(text: str) -> str:
    """A message with keywords for the flags in it, and commas between those that stand side by side."""
    parts: list[str] = []
    end, valued = 0, False
    for found in SAID.finditer(text):
        between = text[end : found.start()]
        parts += [", " if valued and between == " " else between, said(found)]
        end, valued = found.end(), parts[-1].endswith(("'", "]", "}")) and found["command"] is None
    return "".join([*parts, text[end:]])


def said(found: re.Match[str]) -> str:
    """A flag and its value as a keyword; a command, and what is about the command line alone, as it is."""
    flag, word = found["flag"], found["word"]
    if found["command"] is not None or flag in NONE:
        return found[0]
    name = KEYWORDS.get(flag, flag.replace("-", "_"))
    if flag in METHODS:
        return METHODS[flag] + (f" {word}" if word else "")
    if flag in SWITCHES:
        return f"{name}=True" + (f" {word}" if word else "")
    if found["quoted"] is not None:
        return f"{name}={value(flag, found['quoted'])}"
    if word is None:
        return name
    if is_value(flag, word):
        return f"{name}={value(flag, word)}" + (f" or {found['other']!r}" if found["other"] else "")
    return f"{name}{found[0][len(flag) + 2 :]}"


def is_value(flag: str, word: str) -> bool:
    """Whether a word behind a flag is its value, and does not go on with the sentence."""
    return bool(re.search(r"[\d=_]", word)) or (flag in WORDY and word not in NO_VALUES)


def value(flag: str, text: str) -> str:
    """A value as Python has it: sizes as a mapping, passes as a list, numbers as numbers."""
    if flag == "pass":
        return f"[{text!r}]"
    if flag == "limit" and re.fullmatch(r"\w+=[^,=]+(?:,\w+=[^,=]+)*", text):
        pairs = (part.partition("=") for part in text.split(","))
        return "{" + ", ".join(f"{name!r}: {number(size)}" for name, _, size in pairs) + "}"
    return number(text)


def number(text: str) -> str:
    """A whole number, or what is left open, as it is; anything else as text."""
    return text if text.isdecimal() or text == "..." else repr(text)
