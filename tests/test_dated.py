"""Figures of how long something takes are of a machine and a month: where prose has one, it says of which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md", ROOT / "benchmarks" / "README.md"])
AMOUNT = r"(?:[0-9][0-9., ]*|two|three|four|five|ten|twenty|thirty|forty|some|a few|a hundredth of a|a tenth of a)"
TIME = rf"(?:{AMOUNT} (?:ms|milliseconds?|seconds?|minutes?)|a minute)"
RATIO = r"(?:[0-9.]+|two|three|four|five|ten|twenty) times as (?:fast|slow)|% more processor time"
TIMING = re.compile(rf"(?:takes?|took|in|costs?|cost|within|about|than) (?:\w+ )?{TIME}\b|{RATIO}")
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DATED = re.compile(rf"(?:{MONTHS}) 20\d\d")
GENERATED = {"errata.md", "mutation.md"}  # which have figures of the literature


def prose(page: str) -> Iterator[str]:
    """The paragraphs of a page, without what stands in fences and without what is code."""
    for part in re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE).split("\n\n"):
        yield re.sub(r"`[^`]*`", "", part)


def undated(page: str) -> list[str]:
    """The timing figures of a page beside which no month stands: in their paragraph, or for all in the first ones."""
    paragraphs = list(prose(page))
    if any(DATED.search(one) for one in paragraphs[:3]):
        return []
    return [found.group() for one in paragraphs if not DATED.search(one) for found in TIMING.finditer(one)]


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in GENERATED], ids=lambda page: page.name)
def test_figures_of_how_long_something_takes_have_their_month(page: Path) -> None:
    assert undated(page.read_text("utf-8")) == []


def test_a_figure_without_a_month_is_found() -> None:
    page = (
        "# Speed\n\nMuch.\n\nMore.\n\nIt takes 30 ms.\n\nThis is ten times as fast (May 2026).\n\n```\nin 3 ms\n```\n"
    )
    assert undated(page) == ["takes 30 ms"]
