"""The data of `formulas/`: what its entries say to a reader, and what the documents say of it."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

from costgraph.errors import UserError
from costgraph.library.entries.finding import haystack
from costgraph.library.entries.reading import library, sources
from costgraph.library.entries.searched import occurs
from costgraph.library.entries.well_formed import entry
from costgraph.library.judging.judge import judge
from costgraph.library.pages.errata import cited, page
from costgraph.validation import reading as runs

ROOT = Path(__file__).parents[1]


def test_the_readme_and_the_changelog_count_statements_and_sources() -> None:
    for name in ("README.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert f"{len(library())} statements" in text, name
        assert f"{len(sources())} sources" in text, name


def test_a_repository_is_cited_at_the_commit_that_was_read() -> None:
    repositories = [source for source in sources().values() if "github.com" in source.url or source.commit]
    assert len(repositories) >= 5
    assert [source.key for source in repositories if not re.fullmatch("[0-9a-f]{40}", source.commit)] == []
    assert "commit 827ee3b" in cited(sources()["eleuther-cookbook"])


def test_an_erratum_without_a_printed_formula_or_number_is_put_into_words() -> None:
    wordless = [e for e in library() if e.erratum and not (e.printed or e.value or e.structure)]
    assert len(wordless) > 20
    assert [e.id for e in wordless if not (e.says and e.erratum and e.erratum.says)] == []


def test_the_page_of_errata_shows_words_and_not_the_names_of_a_claim() -> None:
    claim = next(e for e in library() if e.id == "001-c-s7-compute-bound")
    text = page([judge(claim)])
    assert f"- claimed: {claim.says}" in text
    assert claim.claim not in text


def test_words_beside_a_formula_are_refused() -> None:
    table = {"id": "x", "title": "x", "source": "x", "place": "x", "printed": "L", "says": "it is L"}
    with pytest.raises(UserError, match="says puts a claim"):
        entry({**table, "derive": {"measure": "params"}}, "x.toml", 1)


def test_no_consequence_is_just_the_correction_again() -> None:
    bare = [
        e.id
        for e in library()
        if e.erratum and isinstance(e.erratum.right, str) and e.erratum.consequence.rstrip(".").strip() == e.right
    ]
    assert bare == []


A_TENTH = Fraction(1, 10)
LESS = {  # a tenth off or more, and minor
    "zero-2020-checkpoints": "sec. 3.2 has about 60 GB",
    "deepspeed-zero2-3b": "the estimator in the code gives what is right",
    "brown-2020-xl-heads": "the width of the model and its parameters stand in the row and in the appendix",
    "001-h-a100-40-bw": "TB and TiB are 9 % apart; the rest is rounding",
    "maxtext-step-mixtral-all": "the count before a correction, which stands beside it",
    "scaling-book-9b": "9.6 cut off",
    "scaling-book-mixed-16e5": "the sentence has 1.5e6, and the curves show it",
}


def test_a_number_is_major_where_it_is_a_tenth_off_or_shares_its_cause_with_one() -> None:
    errata = {e.id: (e, e.erratum) for e in library() if e.erratum}
    off = {
        name: abs(Fraction(e.value) / Fraction(str(erratum.right)) - 1)
        for name, (e, erratum) in errata.items()
        if is_number(e.value) and is_number(str(erratum.right)) and Fraction(str(erratum.right))
    }
    major = {name: erratum.group or name for name, (_, erratum) in errata.items() if erratum.severity == "major"}
    assert sorted(name for name in off if off[name] >= A_TENTH and name not in major) == sorted(LESS)
    causes = {group for name, group in major.items() if off.get(name, 1) >= A_TENTH}
    assert [name for name in off if off[name] < A_TENTH and major.get(name) not in (None, *causes)] == []


def is_number(text: str) -> bool:
    return re.fullmatch(r"[0-9.]+(e[0-9]+)?", text) is not None


FOUND = [  # what somebody looks for -> an entry that is about it
    ("latent attention flops", "maxtext-mla-core"),
    ("MLA cache", "deepseek-v2-mla"),
    ("MoE all-to-all", "llm-analysis-alltoall"),
    ("gpt-oss-20b", "nemo-gpt-oss"),
    ("GQA cache", "nanochat-cache"),
    ("SWA triangle", "nemo-window"),
    ("mtp", "deepseek-v3-readme-mtp"),
    ("maxtext", "maxtext-prefill"),
    ("R_kv", "deepseek-v2-mla"),
    ("recompute(full)", "gpt-neox-hardware"),
    ("checkpointing gpt-neox", "gpt-neox-hardware"),
    ("adafactor", "hf-single-gpu-adafactor"),
    ("lion", "lion-half"),
    ("mixed_lion", "lion-mixed"),
    ("speculative decoding", "leviathan-2022-step"),
    ("chunked prefill", "sarathi-2023-reread"),
    ("GLA", "gla-2023-state"),
    ("GDN", "megatron-code-gdn-in"),
]


@pytest.mark.parametrize(("words", "id_"), FOUND)
def test_search_finds_by_topic_model_source_and_symbol(words: str, id_: str) -> None:
    texts = {entry.id: haystack(entry) for entry in library()}
    found = [name for name, text in texts.items() if all(occurs(word, text) for word in words.split())]
    assert id_ in found
    assert len(found) < len(texts) / 4


def test_what_nothing_is_about_is_not_found() -> None:
    assert not any(occurs("blockchain", haystack(entry)) for entry in library())


@pytest.mark.parametrize(
    ("word", "text", "inside"),
    [
        ("lion", "of 7 billion parameters", False),
        ("lion", "what lion keeps", True),
        ("ring", "during a step", False),
        ("kv", "n_kv_heads", True),
        ("gla", "of linear attention in chunks", True),
        ("token", "per-token flops", True),
        ("width", "bandwidth", True),
        ("serving", "how shape-preserving activations grow", False),
        ("ratio", "operations of an iteration", False),
        ("speed", "deepspeed", False),
        ("point", "a checkpoint", False),
        ("batches", "microbatches", True),
        ("compute", "what is recomputed", True),
        ("attention", "flashattention-3", True),
        ("kvcache", "a kv cache", True),
    ],
)
def test_a_word_is_found_where_one_begins_or_in_a_compound(word: str, text: str, inside: bool) -> None:
    assert occurs(word, text) == inside


def test_published_runs_and_formulas_have_no_key_of_a_source_in_common() -> None:
    assert runs.sources().keys() > sources().keys()  # which are refused where they meet
