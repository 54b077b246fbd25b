"""Entries made up for the purpose: what the judge says of them, and what is refused with its place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from costgraph.errors import UserError
from costgraph.library.entries.entry import Entry
from costgraph.library.entries.reading import HEADER, from_file
from costgraph.library.judging.judge import judge
from costgraph.library.judging.printed_unit import check_unit
from costgraph.toml_tables import from_table

HEAD = f'{HEADER}\nid = "x"\ntitle = "t"\nsource = "decoder-only"\nplace = "p"\n'
GOOD = HEAD + 'printed = "(4 + 2*E)*L*D**2"\nderive = { measure = "params" }\n'
ERRATUM = """
erratum.kind = "factor"
erratum.severity = "minor"
erratum.right = "(4 + 2*E)*L*D**2"
erratum.slip = "right/2"
erratum.why = "w"
"""


def made(*parts: str) -> Entry:
    """An entry from TOML."""
    table = tomllib.loads(HEAD + "\n".join(parts))["entry"][0]
    return from_table(Entry, table, "made")


def test_an_erratum_that_starts_to_agree_fails() -> None:
    entry = made('printed = "4*L*D**2*(1 + E/2)"\nderive = { measure = "params" }', ERRATUM)
    assert judge(entry).reason == "an erratum is recorded, but what was printed follows"


def test_a_correction_that_does_not_follow_fails() -> None:
    entry = made('printed = "L*D**2"\nderive = { measure = "params" }', ERRATUM.replace("(4 + 2*E)", "(5 + 2*E)"))
    assert judge(entry).reason.startswith("the correction does not follow")


def test_a_slip_that_does_not_give_the_print_fails() -> None:
    entry = made('printed = "L*D**2"\nderive = { measure = "params" }', ERRATUM)
    assert judge(entry).reason == "the recorded slip does not give what was printed"


def test_a_remainder_that_does_not_vanish_is_refused() -> None:
    entry = made(
        'printed = "6*N_params*B*S"\nunit = "FLOP"\nderive = { measure = "flops" }',
        'drops = "S/((2+E)*D)"\nvanishes = "S->oo"',
    )
    with pytest.raises(UserError, match="drops does not vanish for S->oo"):
        judge(entry)


def test_a_difference_names_the_ops_and_the_nearest_slip() -> None:
    entry = made('printed = "2*L*D**2"\nderive = { measure = "params" }')
    assert judge(entry).reason == (
        "derived minus printed is 2*L*D**2*(E + 1); nearest slip: the factor 2 is missing, and 2*L*D**2*E is dropped; "
        "it comes from attn.q, attn.k, attn.v, attn.out, mlp.up, mlp.down"
    )


# --- what is written by hand can be wrong ---------------------------------------------------------------------------

FLOPS = HEAD + 'printed = "L"\nderive = { measure = "flops" }\n'
STATE = HEAD + 'unit = "byte"\nprinted = "L"\nderive = {{ measure = "{}", part = "{}" }}\n'
INDEXED = HEAD + 'printed = "2*x[i]"\nindexed.result = "r[i]"\nindexed.sizes = { i = 2 }\nindexed.arrays = ["x[i]"]\n'

MALFORMED = {
    "x = [": ":1: not valid TOML",
    GOOD + "= 3": ":8: not valid TOML",
    "": f"no {HEADER} in it",
    "title = 'x'": "'title' stands outside of an entry",
    "[defaults]\nkind = 'cache'\n[[run]]\nid = 'x'": "a file of measured runs, and no statements to check",
    "name = 'x'\n[memory]\n[bandwidth]": "a file of a machine, and no statements to check; estimate",
    "title = 'x'\n[config]": "a file of a model, and no statements to check; derive",
    "[my]\nh = 'D'": "'my' stands outside of an entry; start entries with [[entry]], sources with [sources.KEY]",
    "[entry]\nid = 'x'": "write [[entry]] with two pairs of brackets",
    "entry = [3]": "write [[entry]] with two pairs of brackets",
    "notations = 3\n" + GOOD: "notations must be a table: write [notations.KEY]",
    GOOD + "[notations]\nmy = 3": "notations.my must be a table: write [notations.my], not 3",
    GOOD + "[notations.my]\nh = 3": "notations.my.h must be a string in quotes, not 3",
    GOOD + "[notations.kaplan]\nh = 'D'": "the library has a notation 'kaplan' already",
    "sources = 3\n" + GOOD: "sources must be a table: write [sources.KEY]",
    GOOD + "[sources]\nmy = 3": "sources.my must be a table: write [sources.my], not 3",
    GOOD + "[sources.my]\nyear = '3'": "sources.my: title is missing",
    GOOD + "[sources.my]\ntitle = 3": "sources.my: title must be a string in quotes, not 3",
    GOOD + "[sources.kaplan-2020]\ntitle = 'mine'": "the library has a source 'kaplan-2020' already",
    GOOD.replace('id = "x"', 'id = "001-2.14"'): ":1, entry '001-2.14': the id is taken by decoder-only-training.toml:",
    GOOD.replace('id = "x"\n', ""): ":1, entry '?': id is missing",
    GOOD.replace("title", "titel"): "unknown key 'titel': did you mean title",
    GOOD + GOOD: ":8, entry 'x': the id is taken by",
    GOOD.replace('"decoder-only"', '"decoder-onyl"'): "unknown source 'decoder-onyl': did you mean decoder-only?",
    GOOD.replace('source = "decoder-only"\n', ""): "source is missing",
    GOOD.replace("params", "parms"): "entry 'x': unknown measure 'parms': did you mean params?",
    GOOD.replace('"params"', '"params", op_set = "decodr"'): "unknown op set 'decodr': did you mean decoder",
    GOOD.replace('"params"', '"params", passes = ["tensor_paralel(T)"]'): "unknown pass 'tensor_paralel'",
    GOOD.replace('"params"', '"params", ops = ["atn.*"]'): "no op is called 'atn.*'",
    STATE.format("states", "weight"): "unknown part of states 'weight': did you mean weights",
    STATE.format("traffic", "weights"): "unknown part of traffic 'weights'",
    GOOD.replace('"params"', '"params", phase = "training"'): "unknown phase 'training': did you mean train",
    GOOD.replace("*L*", "*Q*"): "column 11 of '(4 + 2*E)*Q*D**2': unknown symbol 'Q'",
    GOOD.replace("*L*", "*l*"): "unknown symbol 'l': did you mean L",
    GOOD.replace("(4 +", "4 +)"): "column 4 of",
    GOOD.replace("(4 + 2*E)*L*D**2", "9**9**9"): "a number of more than 1000 digits",
    GOOD.replace("(4 + 2*E)*L*D**2", "__import__('os').system('true')"): "only numbers, symbols",
    GOOD.replace("(4 + 2*E)*L*D**2", "open(2)"): "unknown function 'open'",
    GOOD.replace("(4 + 2*E)*L*D**2", "[x for x in L]"): "only numbers, symbols",
    GOOD.replace('"(4 + 2*E)*L*D**2"', "12"): "entry 'x': printed must be a string in quotes, not 12",
    GOOD.replace('"(4 + 2*E)*L*D**2"', "nan"): "nan is not a number that can be computed with",
    GOOD.replace('"(4 + 2*E)*L*D**2"', "1e99999999"): "1e99999999 has more than 1000 digits",
    GOOD.replace('"(4 + 2*E)*L*D**2"', "' '"): "entry 'x': printed is empty",
    GOOD.replace('"x"', "3"): "entry '3': id must be a string in quotes, not 3",
    GOOD.replace('"params"', "3"): "derive.measure must be a string in quotes, not 3",
    GOOD.replace("measure =", "mesure ="): "[derive]: unknown key 'mesure': did you mean measure or",
    GOOD + 'derive = "params"': "not valid TOML",
    HEAD + 'derive = "params"': "derive must be a table: write [derive], not 'params'",
    GOOD + "let.n = 3": "let.n must be a table: write [let.n], not 3",
    GOOD + "let.n.ops = 'x'": "let.n.ops must be a list in [ ], not 'x'",
    GOOD + "let.n.ops = [3]": "let.n.ops[1] must be a string in quotes, not 3",
    GOOD + "notation = ['x']": "notation must be a string in quotes, not a list",
    GOOD + "notation = { x = 3 }": "notation.x must be a string in quotes, not 3",
    GOOD + "recalled = 'yes'": "recalled must be true or false, not 'yes'",
    GOOD + "sources = [3]\n": "unknown key 'sources'",
    INDEXED.replace("i = 2", "i = 2.5"): "indexed.sizes.i: must be a whole number from 1 to 64",
    INDEXED.replace("i = 2", "i = true"): "indexed.sizes.i: must be a whole number from 1 to 64",
    GOOD + f"x = {'[' * 50_000}": ":8: nested more than 16 deep",
    GOOD + f"x{'.x' * 50_000} = 1": ":8: nested more than 16 deep",
    GOOD + f"x = {'{x = ' * 50_000}": ":8: nested more than 16 deep",
    GOOD + 'value = "3"': "printed and value exclude each other",
    HEAD: "what was printed is missing",
    HEAD + 'printed = "L"': "how the engine gets it is missing",
    GOOD + 'drops = "1/D"': "drops and vanishes belong together",
    GOOD + 'notation = "kaplam"': "unknown notation 'kaplam': did you mean kaplan",
    GOOD + ERRATUM.replace('"factor"', '"fctor"'): "unknown kind of erratum 'fctor': did you mean factor?",
    GOOD + "erratum.kind = 'factor'": "erratum.severity is missing",
    GOOD + ERRATUM + 'argument = "believe me"': "an erratum of factor has to be proved",
    HEAD + 'value = "1,5x"\nderived = "1/1"': "'1,5x' is not a decimal number",
    HEAD + 'value = "1"\nderived = "L"': "'L' still has symbols; bind L with at",
    GOOD + 'tolerance = "1"': "tolerance must be a decimal number between 0 and 1, not '1'",
    GOOD + 'tolerance = "0"': "tolerance must be",
    GOOD + 'tolerance = "-0.1"': "tolerance must be",
    GOOD + 'tolerance = "nan"': "tolerance must be",
    GOOD + 'tolerance = "few"': "tolerance must be",
    GOOD + 'constant = "D"\ndrops = "1/D"\nvanishes = "D->oo"': "constant has D in it, which grows",
    GOOD + 'argument = "believe me"': "an argument settles a formula or a number only beside an erratum",
    HEAD + 'printed = "Q"\nunverified = "later"': "unknown symbol 'Q'",
    GOOD + 'unverified = "later"': "unverified says that nothing derives it, and derive how it is derived",
    GOOD.replace("*L*", "*Q*") + ERRATUM.replace('"factor"', '"concept"') + 'argument = "so"': "unknown symbol 'Q'",
    GOOD.replace("params", "parms") + ERRATUM.replace('"factor"', '"concept"') + 'argument = "so"': "unknown measure",
    HEAD
    + 'value = "2"\nderived = "2 + 1"'
    + ERRATUM.replace("(4 + 2*E)*L*D**2", "3").replace("right/2", "2"): "erratum.slip '2' is just numbers",
    HEAD + 'claim = "L + 1"\n': "write a comparison",
    HEAD + 'printed = "B*S/t"\nderived = "B*S/t"': "derived has nothing from the engine in it",
    HEAD + 'value = "5"\nderived = "5"': "derived = '5' computes nothing",
    GOOD + 'derived = "(4 + 2*E)*L*D**2 + derived - derived"': "which no graph gives",
    GOOD + 'derived = "4*L*D**2 + 0*derived + 2*E*L*D**2"': "which no graph gives",
    GOOD + 'unit = "FLOPs per second"': "unit is 'FLOPs per second', but what is derived is in element",
    GOOD + 'unit = "Bytes"': "unknown unit 'Bytes': did you mean byte",
    GOOD + 'unit = "GB"': "unit is 'GB', but what is derived is in element",
    FLOPS + 'unit = "byte"': "unit is 'byte', but what is derived is in FLOP",
    FLOPS + 'unit = "FLOP/token"': "unit is 'FLOP/token', but what is derived is in FLOP",
    FLOPS + 'unit = "FLOP"\nderived = "derived/S"': "unit is 'FLOP', but what is derived is in FLOP/token",
    FLOPS
    + 'unit = "FLOP"\nlet.n = { measure = "params" }\nderived = "derived + n"': "'derived' (FLOP) and 'n' (element)",
    FLOPS + 'derived = "derived/lambda_flops"\nunit = "ms/token"': "unit is 'ms/token', but what is derived is in s",
    FLOPS + 'derived = "derived/lambda_mem"\nunit = "s"': "unit is 's', but what is derived is in FLOP*s/byte",
    GOOD + 'let.how = { structure = "kinds attn" }\nderived = "how"': "let.how needs a measure or a tensor",
    GOOD + f'derived = "{"2**" * 2000}derived"': "nested more than 60 deep",
    INDEXED + f'indexed.expected = "{"x[i]+" * 1900}x[i]"': "an expression is too long or nested too deeply",
    HEAD + 'printed = "L"\nderive = { structure = "spec attn.q" }': "derive with a measure or a tensor, or derived",
    GOOD + 'let.other = { measure = "params" }': "nothing uses other; leave it out",
    GOOD + 'given.n = "3"': "nothing uses n; leave it out",
    INDEXED + 'indexed.expected = "2 * (x[i])"': "indexed.expected repeats what it is to be compared with",
    INDEXED.replace("x[i]", "x[k]") + 'unverified = "later"': "unknown index 'k'",
    HEAD + 'structure = ["a?->b"]\nunverified = "later"': "a?->b",
    HEAD + 'printed = "Q"\naside = "no"': "unknown symbol 'Q'",
    HEAD + 'value = "3"\nderived = "1 + 2"\naside = "no"': "aside says that nothing derives it, and derived how",
    HEAD + 'printed = "L"\naside = "no"' + ERRATUM: "an erratum has to be proved, or settled by an argument",
    HEAD + 'value = "4"\nderived = "2*3"\ntolerance = "0.4"' + ERRATUM: "tolerance is for a print that is right",
    GOOD.replace("(4 + 2*E)*L*D**2", "derived"): "would follow whatever the engine says",
    GOOD.replace("(4 + 2*E)*L*D**2", "X") + 'notation = { X = "derived" }': "would follow whatever the engine says",
    HEAD + 'claim = "n == n"\nlet.n = { measure = "params" }': "would follow whatever the engine says",
    HEAD + 'claim = "2*n > n"\nat = "L=1,D=8,E=4"\nlet.n = { measure = "params" }': "would follow whatever the engine",
    HEAD
    + 'value = "1e9"\nderived = "max(n, 10**9)"\nat = "L=1,D=8,E=4"\nlet.n = { measure = "params" }': "would follow",
    INDEXED: "indexed.expected is missing, or properties, or a loss",
    INDEXED + 'indexed.properties = ["r[i] == r[i]"]': "indexed.properties would hold of any formula",
    HEAD + 'structure = ["x"]\nderive = { structure = "specs attn.q" }': "write spec OP",
    HEAD
    + 'printed = "sum(x[i], j)"\nindexed.result = "r"\nindexed.sizes = { i = 99 }': "sizes.i: must be a whole number",
}


@pytest.mark.parametrize(("text", "says"), MALFORMED.items())
def test_bad_entries_are_refused_with_their_place(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(UserError) as refused:
        list(map(judge, from_file(file).entries))
    assert says in str(refused.value)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    ("derivation", "unit"),
    [
        ('derive = { measure = "params" }', "million parameters"),
        ('derive = { measure = "flops" }', "TFLOP"),
        ('derive = { measure = "flops" }\nderived = "derived/S"', "FLOP/token"),
        ('derive = { measure = "flops", limit = "B=1,S=1" }', "FLOP/token"),
        ('derive = { measure = "flops" }\nderived = "derived/lambda_flops"', "ms"),
        ('derive = { measure = "intensity", phase = "forward" }', "FLOP/byte"),
        ('derive = { measure = "states", phase = "forward" }\nderived = "2*40*billion + derived"', "GiB"),
        ('derive = { measure = "states", phase = "forward", limit = "p=1" }', "elements"),
        ('derive = { tensor = "x", phase = "forward" }\nderived = "p*derived"', "bytes"),
        ('derive = { measure = "cache", phase = "decode" }\nderived = "solve(derived - hbm, S)"', "tokens"),
    ],
)
def test_units_that_fit(derivation: str, unit: str) -> None:
    check_unit(made(f'printed = "L"\nunit = "{unit}"\n{derivation}'))


def test_a_file_that_is_not_utf8_is_refused_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_bytes(GOOD.encode() + b'remark = "\xff"\n')
    with pytest.raises(UserError, match=":8: not UTF-8"):
        from_file(file)


def test_an_argument_replaces_the_slip_alone() -> None:
    erratum = ERRATUM.replace("factor", "concept").replace("(4 + 2*E)*L*D**2", "6")
    argued = 'value = "4"\nderived = "2*3"\nargument = "so"' + erratum
    assert judge(made(argued)).outcome == "argued"
    assert judge(made(argued.replace('"6"', '"7"'))).reason == "the correction does not follow: 7"
    assert judge(made(argued.replace('"4"', '"6"'))).reason == "an erratum is recorded, but what was printed follows"


def test_an_argument_does_not_save_a_claim_that_is_not_true() -> None:
    claim = 'claim = "n < 1"\nat = "L=1,D=8,E=4"\nlet.n = { measure = "params" }\nargument = "so"'
    assert judge(made(claim)).reason == "it is not true"
    assert judge(made(claim.replace("<", ">"))).outcome == "argued"


CLAIM = """
claim = "S*D < 1"
shows = "64 < 1"
at = "S=8,D=8"
erratum.kind = "wording"
erratum.severity = "minor"
erratum.right = "S*D > 1"
erratum.shows = "64 > 1"
erratum.slip = "> becomes <"
erratum.why = "w"
"""


def test_an_erratum_of_a_claim_is_proved_like_any_other() -> None:
    assert judge(made(CLAIM)).outcome == "erratum as recorded"
    assert "recorded as 65 > 1" in judge(made(CLAIM.replace('"64 > 1"', '"65 > 1"'))).reason


FORMULA = 'printed = "L*D**2"\nderive = { measure = "params" }' + ERRATUM
NUMBER = 'value = "81"\nderived = "128*9/16"' + ERRATUM.replace("(4 + 2*E)*L*D**2", "72")

EXPLAINS_NOTHING = [
    (FORMULA, "right/2", None, "erratum.slip is missing"),
    (CLAIM, "> becomes <", None, "erratum.slip is missing"),
    (CLAIM, "> becomes <", "S*D > 1 becomes S*D < 1", "replaces all of what is right"),
    (CLAIM, "> becomes <", "right/2", "write THIS becomes THAT"),
    (NUMBER, "right/2", "9**2", "is just numbers"),
    (NUMBER, "right/2", "46/6 + GB/TB", "is just numbers"),
    (NUMBER, "right/2", "derived + 20/2", "has 20, 2 of its own"),
    (NUMBER, "right/2", "derived*2.25/2", "has 2.25, 2 of its own"),
    (NUMBER, "right/2", "derived*45/40", "has 45, 40 of its own"),
    (NUMBER, "right/2", "derived*5**2/2**3", "has 5, 2, 2, 3 of its own"),
    ('given.x = "9**2"\n' + NUMBER, "right/2", "x", "is just numbers"),
    ('given.x = "45/40"\n' + NUMBER, "right/2", "derived*x", "has 45, 40 of its own"),
    (NUMBER, "right/2", "72 becomes 81", "one digit becomes another"),
    (NUMBER, "right/2", "derived + 10 - 1", "has 10, 1 of its own"),
    (NUMBER, "right/2", "81*derived/derived", "is the same whatever is right or derived"),
    (FORMULA, "right/2", "L*D**2", "is the same whatever is right or derived"),
]


@pytest.mark.parametrize(("text", "old", "slip", "says"), EXPLAINS_NOTHING)
def test_a_slip_that_could_give_any_print_is_refused(text: str, old: str, slip: str | None, says: str) -> None:
    line = f'erratum.slip = "{old}"'
    entry = made(text.replace(line, f'erratum.slip = "{slip}"' if slip else ""))
    with pytest.raises(UserError, match=re.escape(says)):
        judge(entry)


def test_a_misprinted_digit_is_a_slip() -> None:
    entry = made(NUMBER.replace('"81"', '"82"').replace("right/2", "7 becomes 8"))
    assert judge(entry).outcome == "erratum as recorded"
