"""What a verdict rests on: a graph, a factor that a graph gives, arithmetic alone, or an argument."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from costgraph.errors import UserError
from costgraph.library.entries.entry import Entry
from costgraph.library.entries.reading import HEADER, library
from costgraph.library.judging.engine import cataloged
from costgraph.library.judging.judge import Verdict, judge
from costgraph.library.judging.judged_by import JUDGED, Judged, arithmetic, judged_by, own_numbers, used
from costgraph.reports.judged import tally
from costgraph.reports.judged_json import to_json
from costgraph.toml_tables import from_table

ROOT = Path(__file__).parents[1]
HEAD = f'{HEADER}\nid = "x"\ntitle = "t"\nsource = "decoder-only"\nplace = "p"\n'
MATMULS = 'let.a = { measure = "flops", phase = "train", ops = ["attn.q", "attn.k", "attn.v", "attn.out", "mlp.*"] }\n'

# an entry -> what its verdict rests on, and why it is arithmetic if it is
MADE: list[tuple[str, Judged, str]] = [
    ('value = "42"\nderived = "40 + 2"', "arithmetic", "nothing in it comes from a graph"),
    (MATMULS + 'printed = "9*N_params*B*S"\nunit = "FLOP"\nderived = "a*3/2"\nlet.N_params = { measure = "params" }',
     "arithmetic", "3, 2 in derived has no origin"),
    (MATMULS + 'printed = "9*N_params*B*S"\nunit = "FLOP"\ngiven.x = "3/2"\nderived = "a*x"\n'
     'let.N_params = { measure = "params" }', "arithmetic", "3, 2 in derived has no origin"),
    (MATMULS + 'printed = "9*N_params*B*S"\nunit = "FLOP"\ngiven.x = "3/2"\norigin.x = "p. 7"\nderived = "a*x"\n'
     'let.N_params = { measure = "params" }', "derived", ""),
    (MATMULS + 'printed = "6*N_params*B*S"\nunit = "FLOP"\nderived = "a"\nlet.N_params = { measure = "params" }',
     "derived", ""),
    ('printed = "(4 + 2*E)*L*D**2"\nderive = { measure = "params" }', "derived", ""),
    ('claim = "w == w and w < 10**30"\nshows = "1"\nat = "L=1,D=2,E=4"\nlet.w = { measure = "params" }',
     "arithmetic", "'48 == 48' holds whatever the engine says"),
    ('claim = "w > 47 and w < 49"\nshows = "1"\nat = "L=1,D=2,E=4"\nlet.w = { measure = "params" }', "derived", ""),
    ('value = "80"\nunit = "GB"\nderived = "w/n*size"\ngiven.size = "40*billion"\norigin.size = "its name"\n'
     'let.w = { measure = "states", phase = "decode", limit = "p=2" }\nlet.n = { measure = "params" }', "constant", ""),
    ('value = "96"\nunit = "byte"\nat = "L=1,D=2,E=4"\n'
     'derive = { measure = "states", phase = "decode", limit = "p=2" }', "derived", ""),
    ('value = "312"\nunit = "TFLOP/s"\ncatalog.rate = "a100-80gb-sxm peak.bf16"\nderived = "rate"', "arithmetic",
     "nothing in it comes from a graph"),
    ('structure = ["bsd,df->bsf"]\nderive = { structure = "spec mlp.up" }', "derived", ""),
    ('printed = "L"\naside = "a price"', "set aside", ""),
    ('printed = "L"\nunverified = "not yet"', "unverified", ""),
    ('says = "it is so"\nargument = "because"', "argued", ""),
]  # fmt: skip


def made(text: str) -> Entry:
    """An entry from TOML."""
    return from_table(Entry, tomllib.loads(HEAD + text)["entry"][0], "made")


@pytest.mark.parametrize(("text", "kind", "why"), MADE)
def test_a_verdict_says_what_it_rests_on(text: str, kind: Judged, why: str) -> None:
    entry = made(text)
    assert judged_by(entry) == kind
    assert kind != "arithmetic" or arithmetic(entry) == why


def test_in_the_library_every_number_beside_the_engine_has_an_origin() -> None:
    judged = [e for e in library() if not (e.aside or e.unverified or e.argument or e.structure or e.indexed)]
    assert [(e.id, own_numbers(e)) for e in judged if used(e) and own_numbers(e)] == []


def test_the_table_counts_by_what_judged_number_first() -> None:
    verdicts = [judge(entry) for entry in library() if entry.file == "palm-2022.toml"]
    *rows, last = tally(verdicts).rows
    assert [kind for _, kind, *_ in rows[-2:]] == ["derived", "constant"]
    assert sum(int(str(number)) for number, *_ in rows) == len(verdicts)
    assert last[:2] == (str(len(verdicts)), "in all")


def test_json_has_what_judged_for_each_and_for_all() -> None:
    found = to_json([Verdict(made(MADE[0][0]), "agrees"), Verdict(made(MADE[5][0]), "agrees")])
    assert [entry["judged"] for entry in found["entries"]] == ["arithmetic", "derived"]
    assert found["judged"] == {"derived": 1, "arithmetic": 1}


def test_readme_and_changelog_count_by_what_judged() -> None:
    kinds: list[str] = [judged_by(entry) for entry in library()]
    assert {*kinds, "unverified"} == set(map(str, JUDGED))
    for name in ("README.md", "CHANGELOG.md"):
        text = " ".join((ROOT / name).read_text(encoding="utf-8").split())
        for kind, what in (("derived", "derived from a graph"), ("arithmetic", "arithmetic"), ("argued", "argued")):
            assert f"{kinds.count(kind)} {what}" in text, (name, kind)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a100-80gb-sxm peak.bf16", 312 * 10**12),
        ("a10 vector.fp32", 31_200 * 10**9),
        ("t4 bandwidth", 300 * 10**9),
        ("v100s-pcie link.pcie", 16 * 10**9),
        ("t4 memory", 16 * 2**30),
    ],
)
def test_a_figure_of_the_catalog_has_a_name(text: str, value: int) -> None:
    assert cataloged(text).value == value


@pytest.mark.parametrize("text", ["t4", "t4 speed", "t4 peak.fp4", "t4 memory.x", "t5 memory"])
def test_a_figure_that_the_catalog_lacks_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"catalog: t4 has no figure|unknown hardware"):
        cataloged(text)
