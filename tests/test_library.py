"""The literature: every entry is judged, the founding documents are complete, and the files are in order."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from costgraph.library.entries.entry import KINDS_ARGUED, KINDS_PROVED, SEVERITIES, Entry, Erratum, Indexed, Request
from costgraph.library.entries.reading import Source, blocks, files, library, named, parsed, sources
from costgraph.library.judging.glance import may_be
from costgraph.library.judging.judge import OUTCOMES, Verdict, judge
from costgraph.library.judging.published import candidates, may_print, printed
from costgraph.library.pages import errata
from costgraph.library.pages.links import link

ROOT = Path(__file__).parents[1]
JUDGED = [entry for entry in library() if not (entry.aside or entry.unverified or entry.argument)]


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    return [judge(entry) for entry in library()]


def test_nothing_differs(verdicts: list[Verdict]) -> None:
    assert [(v.entry.id, v.reason) for v in verdicts if v.failed] == []


def test_every_outcome_but_a_failure_occurs_and_nothing_has_to_wait_for_the_engine(verdicts: list[Verdict]) -> None:
    assert {v.outcome for v in verdicts} - {"unverified"} == set(OUTCOMES) - {"differs", "unverified"}


def test_errata_that_can_be_proved_are_proved_and_the_others_argued(verdicts: list[Verdict]) -> None:
    for verdict in verdicts:
        if verdict.entry.erratum and verdict.entry.erratum.kind in KINDS_PROVED:
            assert verdict.outcome == "erratum as recorded", verdict.entry.id
        elif verdict.outcome == "argued" and verdict.entry.erratum:
            assert verdict.entry.erratum.kind in KINDS_ARGUED


def test_every_claim_says_what_its_sides_come_to_and_what_those_of_its_correction() -> None:
    claims = [e for e in library() if e.claim and not (e.aside or e.argument or e.unverified)]
    assert [e.id for e in claims if not e.shows or (e.erratum and not e.erratum.shows)] == []


def test_every_erratum_says_what_it_changes() -> None:
    assert [e.id for e in library() if e.erratum and not (e.erratum.why and e.erratum.consequence)] == []


def test_the_founding_documents_are_complete() -> None:
    """Per document: how many statements have an id of their own (parts of one, such as table cells, have a suffix)."""
    stems = {entry.id.split(".")[0] if entry.id.startswith("000-A1-") else entry.id for entry in library()}
    listed = (Path(__file__).parent / "data" / "inventory.txt").read_text().split()
    assert len(listed) == 147 + 119 + 19 + 37 + 67
    assert [id_ for id_ in listed if id_ not in stems] == []


def test_at_least_40_looked_up_statements_of_at_least_8_further_sources() -> None:
    first = {"decoder-only", "large-model-inference", "inference-arithmetic", "llm-inference-guide"}
    further = [e for e in JUDGED if e.source not in first and not e.recalled]
    assert len(further) >= 40
    assert len({e.source for e in further}) >= 8
    assert all(e.place and sources()[e.source].url for e in further)


# --- the files ------------------------------------------------------------------------------------------------------


def test_the_schema_knows_the_same_keys_as_the_reader() -> None:
    schema = json.loads((ROOT / "formulas" / "schema.json").read_text())
    entry = schema["properties"]["entry"]["items"]
    own = {"file", "line"}
    assert set(entry["properties"]) == set(Entry.__dataclass_fields__) - own
    assert set(entry["properties"]["derive"]["properties"]) == set(Request.__dataclass_fields__)
    assert set(entry["properties"]["indexed"]["properties"]) == set(Indexed.__dataclass_fields__)
    assert set(entry["properties"]["erratum"]["properties"]) == set(Erratum.__dataclass_fields__)
    assert entry["properties"]["erratum"]["properties"]["kind"]["enum"] == [*KINDS_PROVED, *KINDS_ARGUED]
    assert entry["properties"]["erratum"]["properties"]["severity"]["enum"] == list(SEVERITIES)
    keys = set(schema["properties"]["sources"]["additionalProperties"]["properties"])
    assert keys == set(Source.__dataclass_fields__) - {"key"}


def test_the_page_of_errata_is_up_to_date(verdicts: list[Verdict]) -> None:
    assert (ROOT / "docs" / "errata.md").read_text() == errata.page(verdicts)


def test_errata_are_counted_by_cause_and_by_entry_with_majors_first(verdicts: list[Verdict]) -> None:
    found = errata.causes(verdicts)
    listed = [cause for parts in found.values() for cause in parts]
    entries = [v.entry for cause in listed for v in cause.verdicts]
    assert len(entries) == len({entry.id for entry in entries}) == sum(e.erratum is not None for e in library())
    assert len(listed) < len(entries)
    page = errata.page(verdicts)
    assert f"{len(listed)} causes" in page
    assert f"behind {len(entries)} entries" in page
    for parts in found.values():
        assert [cause.major for cause in parts] == sorted((cause.major for cause in parts), reverse=True)


def test_one_cause_has_one_severity(verdicts: list[Verdict]) -> None:
    for cause in (cause for parts in errata.causes(verdicts).values() for cause in parts):
        ids = [v.entry.id for v in cause.verdicts]
        assert len({v.entry.erratum.severity for v in cause.verdicts if v.entry.erratum}) == 1, ids


def test_every_source_says_which_places_were_read_and_an_erratum_is_of_a_page_that_was(
    verdicts: list[Verdict],
) -> None:
    assert [source.key for source in sources().values() if not source.read and not source.secondhand] == []
    assert [v.entry.id for v in verdicts if v.entry.erratum and sources()[v.entry.source].secondhand] == []


def test_prints_that_follow_under_a_convention_are_no_errata(verdicts: list[Verdict]) -> None:
    outcomes = {v.entry.id: v.outcome for v in verdicts}
    for id_ in ("palm-2022-mtnlg", "palm-2022-mtnlg-attention", "megatron-sc21-161b"):
        assert outcomes[id_] == "agrees"


def test_the_latex_page_escapes_what_tex_would_read(verdicts: list[Verdict]) -> None:
    page = errata.page(verdicts, "latex")
    assert r"D\textasciicircum{}" not in page.replace(r"\textasciicircum{}", "")
    assert page.count(r"\begin{description}") == page.count(r"\end{description}") > 90
    assert "_params" not in page.replace(r"\_params", "")


@pytest.mark.parametrize("phase", ["train", "forward", "prefill", "decode"])
def test_no_entry_that_prints_a_measure_is_overlooked_by_reading_its_text_first(phase: str) -> None:
    for measure in {entry.derive.measure for entry in library() if entry.derive} - {""}:
        whole = {
            e.id
            for e in library()
            if e.derive and e.derive.measure == measure and e.derive.phase in ("", phase) and e.printed
            and not (e.derived or e.derive.ops or e.derive.sources or e.derive.part or e.erratum)
            and not (e.given or e.let or e.at)
        }  # fmt: skip
        assert {e.id for e in candidates(measure, phase)} == whole


def test_no_entry_that_prints_a_form_is_overlooked_by_a_glance_at_its_symbols() -> None:
    for block in blocks():
        for entry in parsed(block):
            value = printed(entry) if entry.printed else None
            assert value is None or may_be(block.text, value.symbols), entry.id


@pytest.mark.parametrize(
    ("text", "symbols", "may"),
    [
        ("2*B*S", "BS", True),
        ("2*B*S", "B", False),  # a symbol more
        ("2*B*S", "BSL", False),  # a symbol less
        ("2*B*S/T", "BS", True),  # T may cancel: nobody looks where else it stands
        ("2*B*(S + V/T)", "BST", False),  # V does not
        ("B*S - S", "B", True),
        ("B/(S + V) + L", "B", False),
        ("B/(S + V)", "B", True),
        ("B/S**2*V", "BS", False),
        ("N_params*B", "BN", False),
    ],
)
def test_a_glance_tells_formulas_of_other_symbols_apart(text: str, symbols: str, may: bool) -> None:
    assert may_be(f'source = "kaplan-2020"\nnotation = {{}}\nprinted = "{text}"\n', symbols) == may


def test_a_glance_reads_letters() -> None:
    block = 'source = "mine"\nnotation = { h = "D", w = "D/A" }\nprinted = "2*h*w"\n'
    assert may_be(block, "DA")
    assert may_be(block, "D")
    assert not may_be(block, "DB")


def test_an_entry_that_prints_something_else_is_not_parsed() -> None:
    needed = [block for block in blocks() if may_print("params", "train", block.text)]
    assert 0 < len(needed) < 20 < len(blocks()) / 20


def test_an_entry_that_is_read_alone_is_the_one_of_the_whole_library() -> None:
    assert [made for block in blocks() for made in parsed(block)] == list(library())
    assert [named(entry.id)[0] for entry in library()[::10]] == list(library()[::10])


def test_every_source_is_used_and_every_file_says_where_its_schema_is() -> None:
    assert {entry.source for entry in library()} == set(sources())
    assert all(file.read_text(encoding="utf-8").startswith("#:schema schema.json\n") for file in files())


@pytest.mark.parametrize(
    ("id_", "address"),
    [
        ("nanogpt-forward", r"https://github\.com/karpathy/nanoGPT/blob/[0-9a-f]{40}/transformer_sizing\.ipynb"),
        ("hf-fsdp-.*", r"https://github\.com/huggingface/blog/blob/[0-9a-f]{40}/ram-efficient-pytorch-fsdp\.md"),
        ("001-2.14", r"https://github\.com/garrett361/transformers_notes/tree/[0-9a-f]{40}"),
        ("qwen-cards-2.5-7b-total", r"https://huggingface\.co/Qwen/Qwen2\.5-7B"),
        ("maxtext-step-.*", r"https://github\.com/AI-Hypercomputer/maxtext/pull/\d+"),
        ("kaplan-2020-.*", r"https://arxiv\.org/abs/2001\.08361"),
        ("scaling-book-512kb", r"https://jax-ml\.github\.io/scaling-book/"),
    ],
)
def test_a_link_leads_to_the_file_at_the_commit_that_was_read(id_: str, address: str) -> None:
    found = [link(one) for one in library() if re.fullmatch(id_, one.id)]
    assert found
    assert [one for one in found if not re.fullmatch(address, one)] == []
