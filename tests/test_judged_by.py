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
from costgraph.library.judging.typed_in import factor
from costgraph.library.judging.typed_letters import beside
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
     'let.N_params = { measure = "params" }', "constant", ""),
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


SMALL = "D=64,L=2,E=4"
AB = (
    f'let.a = {{ measure = "params", limit = "{SMALL}" }}\n'
    f'let.b = {{ measure = "params", phase = "train", limit = "{SMALL}" }}\n'
)
WORK = f'let.w = {{ measure = "flops", phase = "forward", limit = "{SMALL},B=1,S=1" }}\n'
PARTS = (
    f'let.c = {{ measure = "params", ops = ["attn.*"], limit = "{SMALL}" }}\n'
    f'let.d = {{ measure = "params", ops = ["mlp.*"], limit = "{SMALL}" }}\n'
)
X = 'given.x = "42"\norigin.x = "the text"\n'
TWELVE = 'unit = "parameter"\nlet.a = { measure = "params", limit = "D=1,L=1,E=4" }\n'
COUNTS = 'given.x = "7"\norigin.x = "p. 7"\ngiven.y = "2"\norigin.y = "p. 8"\n'
OUT = 'unit = "element"\nprinted = "9*B*D"\n'
FORMED = 'phase = "forward", tensor = "blocks.exit"'
STATES = (
    'let.work = { measure = "states", phase = "decode", limit = "p=2" }\n'
    'let.n = { measure = "params", phase = "decode" }\ngiven.params = "7*billion"\norigin.params = "its name"\n'
    'let.cache = { measure = "cache", phase = "decode", limit = "p=2" }\nat = "B=1,S=2048,L=32,D=4096,E=4"\n'
)
SIDES = "'42 < 43' holds whatever the engine says"
ALONE = "what is given alone decides, whatever the engine says"

# what was typed in beside the engine -> what the verdict rests on, and why
TYPED: list[tuple[str, Judged, str]] = [
    ('value = "42"\n' + X + AB + 'derived = "x + a - b"', "arithmetic", ALONE),
    ('value = "42"\n' + X + AB + 'derived = "x*a/b"', "arithmetic", ALONE),
    ('value = "42"\n' + X + AB + WORK + 'derived = "x*w*a/(w*b)"', "arithmetic", ALONE),
    ('value = "42"\n' + X + AB + WORK + 'derived = "x + (a - b)/FLOP*w"', "arithmetic", ALONE),
    ('value = "42"\n' + X + AB + PARTS + 'derived = "x + a - b + c + d - c - d"', "arithmetic", ALONE),
    ('value = "42"\n' + X + AB + PARTS + 'derived = "x*a/(c + d)*b/b"', "constant",
     "x*a/(c + d)*b/b has no size of a graph"),
    ('claim = "x + a - b < 43"\nshows = "42 < 43"\n' + X + AB, "arithmetic", SIDES),
    ('claim = "x*a/b < 43"\nshows = "42 < 43"\n' + X + AB, "arithmetic", SIDES),
    ('claim = "a == b"\nshows = "98304 == 98304"\n' + AB, "derived", ""),
    ('value = "36"\n' + TWELVE + 'derived = "(1 + 1 + 1)*a"', "arithmetic", "1 + 1 + 1 in derived has no origin"),
    ('value = "36"\n' + TWELVE + 'derived = "((1 + 1) + 1)*a"', "arithmetic", "1 + 1 + 1 in derived has no origin"),
    ('value = "36"\n' + TWELVE + 'derived = "a + a + a"', "constant", "a + a + a is a coefficient"),
    ('value = "36"\n' + TWELVE + 'derived = "(1 + a/a + a/a)*a"', "constant",
     "a/a is a number whatever the engine says"),
    ('value = "42"\n' + TWELVE + 'given.x = "42/12"\norigin.x = "p. 7"\nderived = "x*a"', "constant",
     "x = 42/12 is neither a count nor a width"),
    ('value = "42"\n' + TWELVE + 'given.x = "350*percent"\norigin.x = "p. 7"\nderived = "x*a"', "constant",
     "x = 350*percent is neither a count nor a width"),
    ('value = "42"\n' + TWELVE + 'given.x = "30"\norigin.x = "p. 7"\nderived = "x + a"', "constant",
     "x is added to what the engine gives"),
    ('value = "36"\n' + TWELVE + 'given.x = "3"\norigin.x = "p. 7: three of them"\nderived = "x*a"', "derived", ""),
    ('value = "42"\n' + TWELVE + COUNTS + 'derived = "x*a/y"', "constant", "x/y is neither a count nor a width"),
    ('value = "42"\n' + TWELVE + COUNTS + 'derived = "a*x/y + a - a"', "constant",
     "x/y is neither a count nor a width"),
    ('value = "90"\n' + TWELVE + COUNTS + 'derived = "x*a + a/y"', "derived", ""),
    ('claim = "a*x > 41"\nshows = "42 > 41"\n' + TWELVE.split("\n", 1)[1] + 'given.x = "42/12"\norigin.x = "p. 7"',
     "constant", "x = 42/12 is neither a count nor a width"),
    ('claim = "40 < a*x/y"\nshows = "40 < 42"\n' + TWELVE.split("\n", 1)[1] + COUNTS, "constant",
     "x/y is neither a count nor a width"),
    ('claim = "40 < a*y"\nshows = "40 < 84"\n' + TWELVE.split("\n", 1)[1] + 'given.y = "7"\norigin.y = "p. 8"',
     "derived", ""),
    (OUT + f'derive = {{ {FORMED}, limit = "S=9" }}', "constant", "S = 9 is a coefficient"),
    (OUT + f'derive = {{ {FORMED} }}\nat = "S=9"', "constant", "S = 9 is a coefficient"),
    (OUT + f'derive = {{ {FORMED}, limit = "S=9" }}\nderived = "derived"', "constant", "S = 9 is a coefficient"),
    (OUT + f'derive = {{ {FORMED}, limit = "S=1" }}\ngiven.f = "9"\norigin.f = "p. 7"\nderived = "f*derived"',
     "constant", "f = 9 is neither a count nor a width"),
    ('unit = "byte"\nprinted = "2*B*S*D"\ngiven.f = "2*byte"\norigin.f = "bf16"\nderived = "f*derived"\n'
     f'derive = {{ {FORMED} }}', "derived", ""),
    ('printed = "12*L*D**2"\nderive = { measure = "params", limit = "E=4" }', "derived", ""),
    ('value = "15.1"\nunit = "GB"\n' + STATES + 'derived = "work/n*params + cache"', "constant",
     "work/n*params has no size of a graph"),
    ('value = "0.5"\nunit = "s"\ngiven.rate = "20*GB/second"\norigin.rate = "p. 7"\n' + STATES
     + 'derived = "(cache + work/n*params)/rate"', "constant", "work/n*params/rate has no size of a graph"),
]  # fmt: skip


PARAMS = 'unit = "parameter"\nderive = { measure = "params" }\n'
OF_E = 'unit = "parameter"\nderive = { measure = "params", limit = "E=4" }\n'
N = 'given.n = "124e6"\norigin.n = "p. 7"\n'
NO_GRAPH, NO_RATIO = "is a factor that no graph has", "is a factor that no graph gives"
ROUNDED = "n is given, and multiplied by what is rounded"
# letters, units and roundings beside the engine -> what the verdict rests on, and why
TYPED += [
    (PARAMS + 'printed = "2*L*D**2*(E + 2)*V/B"\nderived = "derived*V/B"', "constant", f"V {NO_GRAPH}"),
    (PARAMS + 'printed = "2*L*D**2*(E + 2)*V"\nderived = "at(derived, L, L*V)"', "constant", f"V {NO_GRAPH}"),
    (PARAMS + 'printed = "2*L*D**2*(E + 2)*(V + 1)"\nderived = "(V + 1)*derived"', "constant", f"V {NO_GRAPH}"),
    (PARAMS + 'printed = "2*D**3*(E + 2)"\nderived = "derived*D/L"', "constant", f"D/L {NO_RATIO}"),
    (PARAMS + 'printed = "2*D**2*(E + 2)"\nderived = "derived/L"', "derived", ""),
    (OF_E + 'printed = "288*L*D**2"\nderived = "derived*day/hour"', "arithmetic", "day, hour in derived has no origin"),
    (OF_E + 'printed = "12*L*D**2/1024"\nderived = "derived*MiB/GiB"', "arithmetic",
     "MiB, GiB in derived has no origin"),
    (OF_E + 'printed = "0.12*L*D**2"\nderived = "derived*percent"', "arithmetic", "percent in derived has no origin"),
    (OF_E + 'printed = "288*L*D**2"\ngiven.x = "day/hour"\nderived = "derived*x"', "arithmetic",
     "day, hour in derived has no origin"),
    (OF_E + 'printed = "288*L*D**2"\ngiven.x = "day/hour"\norigin.x = "p. 7"\nderived = "derived*x"', "constant",
     "x = day/hour is neither a count nor a width"),
    (OF_E + 'printed = "1200*L*D**2"\nderived = "derived*10**2"', "arithmetic", "10**2 in derived has no origin"),
    ('value = "1.24e8"\nunit = "parameter"\nderive = { measure = "params", model = "gpt2" }\n' + N
     + 'derived = "floor(derived/n)*n"', "constant", ROUNDED),
    ('value = "1.24e8"\nunit = "parameter"\nderive = { measure = "params", model = "gpt2" }\n' + N
     + 'derived = "ceil(derived/n - 1)*n"', "constant", ROUNDED),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "why"), TYPED)
def test_what_was_typed_in_is_not_called_derived(text: str, kind: Judged, why: str) -> None:
    entry = made(text)
    assert judged_by(entry) == kind
    assert (arithmetic(entry) or factor(entry) or beside(entry)) == why


# what no engine could contradict
REFUSED = [
    (PARAMS + 'printed = "2*L*D**2*(E + 2) + L*D + V*D"\nderived = "derived + L*D + V*D"', r"adds L\*D, which"),
    (PARAMS + 'printed = "2*L*D**2*(E + 2) - V*D"\nderived = "derived - V*D"', r"adds V\*D, which no graph"),
    (PARAMS + 'printed = "2*L*D**2*(E + 2) + 2*D*V*(E + 2)"\nderived = "derived*(1 + V/(L*D))"', "adds V/"),
    (PARAMS + 'printed = "2*L*D**2*(E + 2) + V*D"\nderived = "limit(derived + V*D, T)"', r"adds V\*D"),
    (PARAMS + 'printed = "2*L*D**2*(E + 2) + V*D"\nderived = "-solve(hbm + derived + V*D, hbm)"', r"adds V\*D"),
    ('unit = "parameter"\nvalue = "50353"\nderive = { measure = "params" }\nat = "L=1,D=2,E=4,V=50305"\n'
     'derived = "derived + V"', "adds V, which no graph"),
    (OF_E + 'printed = "13*L*D**2"\nconstant = "12/13"', "the print has a coefficient: 13"),
    (OF_E + 'printed = "L*D**2/13"\nconstant = "12*13"', "the print has a coefficient: 13"),
    (OF_E + 'printed = "(L + L)*D**2"\nconstant = "6"', r"the print has a coefficient: L \+ L"),
    (OF_E + 'printed = "C*D**2"\nnotation = { C = "13*L" }\nconstant = "12/13"', "the print has a coefficient: 13"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_would_complete_the_engine_to_any_print_is_refused(text: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        judge(made(text))


def test_an_order_of_magnitude_has_no_coefficient() -> None:
    assert judge(made(OF_E + 'printed = "L*D**2"\nconstant = "12"')).outcome == "agrees to the stated order"


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


COUNTED = (
    ("derived", "derived from a graph"), ("constant", "of which a graph gives the factor"),
    ("arithmetic", "arithmetic"), ("argued", "argued"), ("set aside", "set aside"),
    ("unverified", "unverified"),
)  # fmt: skip


def test_what_waits_for_the_engine_is_unverified_and_never_set_aside() -> None:
    waits = [entry.id for entry in library() if "engine" in entry.aside or "tests/" in entry.aside]
    assert waits == []
    assert [entry.id for entry in library() if entry.unverified and "engine" not in entry.unverified] == []


def test_readme_and_changelog_count_by_what_judged() -> None:
    kinds: list[str] = [judged_by(entry) for entry in library()]
    assert {*kinds} <= set(map(str, JUDGED))  # nothing may be waiting
    for name in ("README.md", "CHANGELOG.md"):
        text = " ".join((ROOT / name).read_text(encoding="utf-8").split())
        for kind, what in COUNTED:
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
