"""What the literature printed: read from `formulas/`, re-derived and judged."""

from costgraph.library.entry import Entry
from costgraph.library.judge import OUTCOMES, Verdict, judge, judge_all
from costgraph.library.reading import from_file, library, sources

__all__ = ["OUTCOMES", "Entry", "Verdict", "from_file", "judge", "judge_all", "library", "sources"]
