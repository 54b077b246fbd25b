"""Sizes, letters and words as users write them: understood and said how, or answered with the right word."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.algebra.bindings import Order, in_symbols, parse_bindings, parse_regime
from costgraph.algebra.frameworks import AMBIGUOUS, MEANINGS, meaning_of
from costgraph.algebra.parser import parse, size
from costgraph.algebra.symbols import SYMBOLS
from costgraph.aliases import MEANT, MEANT_AS, UNDERSTOOD
from costgraph.errors import UserError, unknown
from costgraph.exporting.targets import available
from costgraph.known_names import KINDS, known
from costgraph.letters import read
from costgraph.library.checking.comparison import check as compare
from costgraph.library.entries.finding import topics_of
from costgraph.library.entries.reading import library
from costgraph.mesh import AXES
from costgraph.op_sets import OP_SETS
from costgraph.passes import PASSES
from costgraph.reports.listing import KINDS as LISTED
from costgraph.solving.solution import solve

# --- sizes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("S=4k", "4000"),
        ("S=128Ki", "131072"),
        ("S=1.5M", "1500000"),
        ("B=7B", "7000000000"),
        ("B=2T", "2000000000000"),
        ("hbm=80GB", "80000000000"),
        ("hbm=80 GiB", "85899345920"),
        ("lambda_mem=2TB/s", "2000000000000"),
        ("t=20ms", "1/50"),
        ("E=2.5k", "2500"),
        ("S=4*k", "4*k"),  # no lone number
        ("S=2*B", "2*B"),
        ("S=2D", "2*D"),
        ("S=4096", "4096"),
    ],
)
def test_a_lone_number_may_have_a_magnitude_or_the_unit_of_its_symbol(typed: str, value: str) -> None:
    (found,) = parse_bindings([typed]).values()
    assert found == size(value)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("S=4K", "three readings: 4k .* 4Ki .* 4\\*K"),
        ("S=80GB", "GB is a unit, and S a number"),
        ("hbm=80Gb", "small b"),
        ("hbm=20ms", "'20ms' is in s"),
        ("S=1.5", "positive integer"),
        ("B=0k", "positive integer"),
        ("S=0.0001k", "positive integer"),
    ],
)
def test_a_magnitude_that_has_no_one_meaning_is_refused(typed: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_bindings([typed])


def test_an_answer_says_what_was_read() -> None:
    remarks = cg.derive("activations", limit="S=4k,p=bf16,hidden_size=4096").remarks
    assert remarks == ("S=4k read as 4000; p=bf16 read as 2; hidden_size read as D",)
    assert cg.derive("activations", limit="S=4000,p=2").remarks == ()
    assert cg.derive("activations", limit={"S": "4k", "p": "fp8"}).limit["p"] == size(1)


def test_sizes_in_the_parentheses_of_a_measure_are_read_alike() -> None:
    assert list(cg.derive("activations(p=bf16, S=4k)").forms) == ["activations(p=2, S=4000)"]
    assert list(cg.derive("activations(hidden_size=8)").forms) == ["activations(D=8)"]


def test_in_a_question_a_side_that_is_a_number_has_a_magnitude_and_a_factor_does_not() -> None:
    billions = solve("params == 7B", "L", limit="D=4096,E=4")
    assert billions.solutions == solve("params == 7*10**9", "L", limit="D=4096,E=4").solutions
    assert "7B read as 7000000000" in billions.remarks
    batches = solve("activations == 7B*S", "L", limit="D=4096,E=4,S=1,p=2,A=1,B=1")
    assert batches.solutions == solve("activations == 7*B*S", "L", limit="D=4096,E=4,S=1,p=2,A=1,B=1").solutions


def test_a_unit_that_is_also_a_product_is_refused_with_both() -> None:
    for measure in ("params", "states"):
        with pytest.raises(UserError, match=r"'2GB' has two readings: 2\*GB, which is 2000000000 bytes, and 2\*G\*B"):
            compare("2GB", measure)
    for typed in ("2*GB", "2 GB"):
        found = compare(typed, "states")
        assert found.printed == parse("2*10**9")
        assert found.remarks == ("GB read as 1000000000 bytes",)


@pytest.mark.parametrize(
    ("formula", "measure", "says"),
    [
        ("3 MB", "params", "this is in byte, and params in parameter"),
        ("3*GiB + 4 kB*2", "flops", "this is in byte, and flops in FLOP"),
        ("2 TFLOP", "states", "this is in FLOP, and states in byte"),
    ],
)
def test_so_many_of_a_unit_are_compared_with_what_is_measured_in_it(formula: str, measure: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        compare(formula, measure)


MATMUL: dict[str, Any] = {"op_set": "matmul"}


@pytest.mark.parametrize(
    ("formula", "of", "both"),
    [
        ("4k*B", {}, "4000 and 4*k"),
        ("B*(2 + 4k)", {}, "4000 and 4*k"),
        ("1.5M*D", {}, "1500000 and 1.5*M"),
        ("3M*D", {}, "3000000 and 3*M"),
        ("2T*B", {}, "2000000000000 and 2*T"),
        ("4K*B", {}, "4000 and 4*K"),
        ("7B*m", MATMUL, "7000000000 and 7*B"),
        ("7B", {}, "7000000000 and 7*B"),
        ("2T", {"mesh": "tensor(T)"}, "2000000000000 and 2*T"),
    ],
)
def test_a_magnitude_that_may_be_a_size_is_refused_with_both_in_every_place(
    formula: str, of: dict[str, Any], both: str
) -> None:
    places: list[Any] = [lambda: compare(formula, "flops", **of)]
    if not formula.endswith(("B", "T")):  # a lone number, where one is wanted
        places += [
            lambda: solve(f"flops <= {formula}", "m" if of else "S", **of),
            lambda: cg.derive("flops", limit=f"S={formula}" if not of else f"m={formula}", **of),
        ]
    for place in places:
        with pytest.raises(UserError, match=re.escape(f"has two readings: {both}; write one of them")):
            place()


@pytest.mark.parametrize(
    ("formula", "of", "value"),
    [
        ("4k", {}, "4000"),
        ("128Ki", {}, "131072"),
        ("8M", {}, "8000000"),
        ("2*k*m", MATMUL, "2*k*m"),
        ("2k*m", MATMUL, "2*k*m"),
        ("(2T + 1)B", {"mesh": "tensor(T)"}, "(2*T + 1)*B"),
        ("3M*B", {"mesh": "microbatches(M)"}, "3*M*B"),
        ("4k*B", {"let": "k=D"}, "4*D*B"),
    ],
)
def test_a_magnitude_that_can_only_be_one_is_read(formula: str, of: dict[str, Any], value: str) -> None:
    assert compare(formula, "flops", **of).printed == parse(value)


def test_what_letters_stand_for_is_read_as_sizes_are_and_said() -> None:
    assert read("x=4k, y=7//2", None).said == ("x: 4k read as 4000", "y: 7//2 read as 3, 7/2 rounded down")
    assert cg.derive("flops", let="y=7//2", limit="D=2*y").remarks == ("y: 7//2 read as 3, 7/2 rounded down",)
    with pytest.raises(UserError, match="three readings"):
        read("x=4K", None)


def test_an_answer_says_what_letters_of_a_notation_were_read_as(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('h = "D"\nN = "N_params"\ntok = "B*S"\nunused = "L"\n')
    found = compare("6*N*tok", "flops", when="S << D", notation=str(file))
    assert found.agrees
    assert found.remarks == ("N read as N_params; tok read as B*S",)
    assert cg.derive("flops", limit="h=64", notation=str(file)).remarks == ("h read as D",)
    assert cg.derive("flops", limit="h=64", let="h=D").remarks == ()  # whoever typed that knows
    asked = solve("6*N*D == 10**21", "B", notation="kaplan", limit="S=1,N_params=7")
    assert asked.remarks == ("N read as N_params; D read as B*S",)


# --- letters of one's own ---------------------------------------------------------------------------------------------


def test_letters_are_read_wherever_sizes_regimes_and_formulas_are() -> None:
    plain = cg.derive("flops", limit="D=64", when="S << D")
    lettered = cg.derive("flops", limit="h=64", when="s << h", let="h=D, s=S")
    assert lettered.limited["flops"].value == plain.limited["flops"].value
    assert lettered.when == "S << D"
    assert list(cg.derive("activations(s=8)", let="s=S").forms) == ["activations(S=8)"]
    assert solve("params <= n", "l", let={"n": "10**9", "l": "L"}, limit="D=64,E=4").unknown.name == "L"
    assert compare("12*l*h**2", "params", let="l=L, h=D", limit="E=4").agrees


@pytest.mark.parametrize(
    ("when", "of", "said"),
    [
        ("seq << h", {"let": "seq=S, h=D"}, "seq << h (S << D)"),
        ("seq:much-less:h", {"let": "seq=S, h=D"}, "seq << h (S << D)"),
        ("s << h", {"notation": "megatron"}, "s << h (S << D)"),
        ("S<<D", {"let": "seq=S"}, "S << D"),
        ("S << D", {}, "S << D"),
    ],
)
def test_a_regime_is_said_as_it_was_typed_beside_what_that_is_in_symbols(
    when: str, of: dict[str, Any], said: str
) -> None:
    found = cg.derive("flops", when=when, **of)
    assert found.condition == said
    assert f"when {said}" in str(found)
    assert found.to_json()["when"] == "S << D"
    assert f"agrees to leading order in {said}" in str(cg.check("6*N_params*B*S", "flops", when=when, **of))


def test_a_letter_may_be_typed_as_in_latex() -> None:
    assert read(r"\Psi=N_params, \ell = L", None) == {"Psi": parse("N_params"), "ell": parse("L")}
    found = compare(r"16\Psi", "states", let=r"\Psi=N_params", precision="mixed_adam_bf16")
    assert found.agrees


def test_letters_go_before_symbols_and_before_those_of_a_notation() -> None:
    found = read("N=N_params/2", "kaplan")
    assert (found["D"], found["N"], found["d_model"]) == (parse("B*S"), parse("N_params/2"), parse("D"))
    assert compare("6*N*D", "flops", notation="kaplan", when="S << D").outcome == "agrees to leading order"
    of_half = compare("12*N*D", "flops", notation="kaplan", let="N=N_params/2", when="S << D")
    assert of_half.outcome == "agrees to leading order"
    assert cg.derive("flops", notation="kaplan", limit="D=64").limit == {"D": size(64)}  # tokens are in formulas alone
    with pytest.raises(UserError, match=r"D stands for B\*S"):
        cg.derive("flops", let="D=B*S", limit="D=64")


def test_letters_that_were_said_go_before_names_of_frameworks() -> None:
    assert compare("6bs N_params", "flops", notation="megatron", when="S << D").outcome == "agrees to leading order"
    with pytest.raises(UserError, match="'bs' has several meanings"):
        compare("6bs N_params", "flops")


def test_a_notation_may_be_a_file(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('h = "D"\n"args.layers" = "L"\n')
    assert read((), str(own)) == {"h": parse("D"), "args.layers": parse("L")}
    own.write_text('[notations.mine]\nh = "D"\n')
    assert read((), str(own)) == {"h": parse("D")}


@pytest.mark.parametrize(
    ("let", "notation", "message"),
    [
        ("h", None, "write LETTER=MEANING"),
        ("h=", None, "write LETTER=MEANING"),
        ("h=D,h=S", None, "h is given twice"),
        ("h=Z", None, "h=Z: .*unknown symbol 'Z'"),
        ("h h=D", None, "cannot be a letter"),
        ((), "kaplann", "did you mean kaplan.*, or name a file"),
        ((), "nowhere.toml", "no such file"),
    ],
)
def test_letters_that_are_none_are_refused(let: str, notation: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(let, notation)


def test_a_letter_that_stands_for_several_sizes_is_not_bound() -> None:
    with pytest.raises(UserError, match=r"ff stands for D\*E; give what that is made of"):
        cg.derive("flops", let="ff=E*D", limit="ff=4096")


def test_an_unknown_letter_is_answered_with_how_it_gets_a_meaning() -> None:
    with pytest.raises(UserError, match=r"unknown symbol 'foo'.*let='foo=\.\.\.'"):
        compare("12*foo", "params")
    with pytest.raises(UserError, match=r"unknown symbol or measure 'foo'.*let='foo=\.\.\.'"):
        solve("params == foo", "L")


# --- frameworks -------------------------------------------------------------------------------------------------------


def test_names_of_frameworks_are_sizes_of_the_table_and_none_is_a_symbol_or_has_two_meanings() -> None:
    names = [name for of in MEANINGS.values() for name in of]
    assert len(names) == len(set(names))
    assert not {*names} & {*SYMBOLS, *AMBIGUOUS}
    for texts in MEANINGS:
        assert all(parse(text) for text in texts)


@pytest.mark.parametrize(
    ("name", "op_set", "meaning"),
    [
        ("head_dim", "decoder", "D/A"),
        ("head_dim", "decoder(head_width=H)", "H"),
        ("intermediate_size", "decoder", "E*D"),
        ("intermediate_size", "decoder(mlp=gated)", "F"),
        ("n_ctx", "decoder", "S"),
        ("max_seq_len", "decoder(head=True, positions=False)", "S"),
        ("n_ctx", "decoder(head=True)", ""),  # which has a table of positions
        ("D_model", "decoder", "D"),
        ("N_HEADS", "decoder", "A"),
    ],
)
def test_a_name_means_what_the_model_has(name: str, op_set: str, meaning: str) -> None:
    assert meaning_of(name, cg.derive(op_set=op_set).graph.symbols) == meaning


@pytest.mark.parametrize("name", ["model.hidden_size", "hidden_size", "config.d_model"])
def test_sizes_are_bound_by_the_names_of_frameworks(name: str) -> None:
    assert dict(parse_bindings([f"{name}=64"])) == {"D": size(64)}


@pytest.mark.parametrize(("name", "what"), AMBIGUOUS.items())
def test_a_name_with_several_meanings_is_answered_with_them(name: str, what: str) -> None:
    for reader in (parse, lambda text: parse_bindings([f"{text}=8"])):
        with pytest.raises(UserError) as refused:
            reader(name)
        assert what.replace("--", "") in str(refused.value)


def test_questions_people_asked() -> None:
    cache = "batch_size*seqlen*(d_model/n_heads)*n_layers*2*2*n_kv_heads"
    databricks = compare(cache, "cache", op_set="decoder(kv_heads=G)", phase="decode", limit="p=2")
    assert databricks.agrees
    assert "n_kv_heads read as G" in databricks.remarks[0]
    pasted = r"96Bslh^2\left(1+\frac{s}{6h}+\frac{V}{16lh}\right)"
    full = {"op_set": "decoder(head=True)", "passes": "recompute(full)", "limit": "E=4", "notation": "megatron"}
    printed = compare(pasted, "flops", **full)  # type: ignore[arg-type]
    assert printed.printed == parse("96*B*S*L*D**2*(1 + S/(6*D) + V/(16*L*D))")
    assert printed.agrees
    benchmark = "4 * batch * seqlen**2 * nheads * headdim // (2 if causal else 1)"
    with pytest.raises(UserError, match="conditions are not evaluated; write the case that is meant: 2 or 1"):
        compare(benchmark, "flops", op_set="attention")


# --- spellings that need no quotes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("S:much-less:D", "S << D"),
        ("D:much-greater:S", "D >> S"),
        ("S:at-most:W", "S <= W"),
        ("W:at-least:S", "W >= S"),
        ("S ≪ D", "S << D"),
        ("S≪D", "S << D"),
        (r"S \ll D", "S << D"),
        (r"B S \leq 2W", "B*S <= 2*W"),
        ("seq:much-less:hidden_size", "S << D"),
    ],
)
def test_regimes_in_words_and_as_on_paper(typed: str, meant: str) -> None:
    assert parse_regime(typed) == parse_regime(meant)
    assert parse_regime(in_symbols(typed, {})) == parse_regime(meant)


def test_a_regime_is_shown_as_it_was_typed_where_it_was_typed_in_symbols() -> None:
    assert in_symbols("D >> S", {}) == "D >> S"
    assert in_symbols("S:much-less:D", {}) == "S << D"
    assert str(Order(size("S"), size("W"), much=False)) == "S <= W"


# --- other words ------------------------------------------------------------------------------------------------------


def test_every_other_name_is_of_something_that_there_is_and_is_no_name_itself() -> None:
    topics = {topic for one in library() for topic in topics_of(one)}
    tables = {
        "axis": set(AXES), "pass": set(PASSES), "op set": set(OP_SETS), "kind of thing": set(KINDS), "topic": topics,
        "kind of thing to list": set(LISTED), "target": set(available()),
        "op": {op.place for op in cg.decoder(head=True, positions=True).ops},
    }  # fmt: skip
    assert set(UNDERSTOOD) == set(tables)
    for what, names in UNDERSTOOD.items():
        assert set(names.values()) <= tables[what]
        assert not set(names) & tables[what]


KEYWORD = {"pass": "passes", "op-set": "op_set", "cache-dtype": "cache_dtype"}
ASKED = ("mesh", "precision", "convention", "attention", "phase", "weights", "model", *KEYWORD)
OPTION = re.compile(rf"--({'|'.join(ASKED)}) ('[^']*'|[\w.-]+)")
WORDS_OF = {
    "measure": "measures", "pass": "passes", "precision": "precisions", "phase": "phases", "convention": "conventions",
    "axis": "axes",
}  # fmt: skip


@pytest.mark.parametrize("what", MEANT_AS)
def test_words_that_depend_on_what_is_asked_for_are_answered_with_what_is_read(what: str) -> None:
    assert not {*MEANT_AS[what]} & {*known(WORDS_OF[what])} if what in WORDS_OF else True
    for word, remedy in MEANT_AS[what].items():
        assert remedy in str(unknown(what, word, ["nothing"]).args[0])
        for flag, text in OPTION.findall(re.sub("`[^`]*`", "", remedy)):
            of: dict[str, Any] = {KEYWORD.get(flag, flag): text.strip("'")}
            if flag != "model" or "." not in text:  # and is no file
                assert cg.derive("params", **of).forms


@pytest.mark.parametrize("word", MEANT_AS["measure"])
def test_a_measure_of_another_name_is_answered_with_one_that_there_is(word: str) -> None:
    named = re.split(r"[, ]", MEANT_AS["measure"][word])[0]
    assert named in known("measures")


@pytest.mark.parametrize(("typed", "same"), [("attn", "attn.*"), ("attention", "attn.*"), ("ffn", "mlp.*")])
def test_a_place_and_its_other_names_stand_for_all_of_its_ops(typed: str, same: str) -> None:
    assert cg.derive("flops", ops=typed)["flops"].value == cg.derive("flops", ops=same)["flops"].value


@pytest.mark.parametrize("remedy", sorted({one for one in MEANT.values() if one.startswith(("--mesh", "--pass"))}))
def test_remedies_are_options_that_are_read(remedy: str) -> None:
    option, text = remedy.split(" '")[0], remedy.split("'")[1]
    made = cg.Mesh(text).axes if option == "--mesh" else cg.derive("params", passes=text).passes
    assert len(made) >= 1


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("derive flops --pass zero", "unknown pass 'zero': write --mesh 'data(N_d, zero=1)'"),
        ("derive flops --pass checkpointing", "write --pass 'recompute(full)'"),
        ("derive flops --mesh fsdp(8)", "unknown axis 'fsdp(8)': write --mesh 'data(8, zero=3)'"),
        ("derive flops --precision bf16", "write --limit p=bf16 for what computes"),
        ("derive flops --phase training", "did you mean train?"),
        ("derive memory", "unknown measure 'memory': write states, activations, cache, or peak"),
        ("derive flops --limit dtype=bf16", "write --limit p=... for all"),
        ("derive flops --hardware h100", "No such option: --hardware; write costgraph estimate MODEL MACHINE"),
        ("search --model gpt2 --hardware h100-sxm", "write --cluster h100-sxm:8x1"),
        ("derive states --optimizer adamw", "No such option: --optimizer; write --precision mixed_adam"),
        ("derive states --precision weights=2,gradients=2,optimizer=12", "write moments=4+4 for the two of Adam"),
        ("derive comms", "unknown measure 'comms': write communication"),
        ("derive vram", "write peak"),
        ("derive flops --dtype int4", "--weights ... and --cache-dtype ... apart"),
        ("derive flops --mesh tp8", "axis 'tp8': write tensor(8)"),
        ("derive flops --mesh 8", "write tensor(8) or data(8) or pipeline(8)"),
        ("derive flops --pass lora16", "write lora(16)"),
        ("derive flops --model Llama3", "did you mean llama-3-70b or llama-3-8b"),
        ("derive flops --seq 4096", "No such option: --seq; write --limit S=..."),
        ("derive flops --tp 8", "No such option: --tp; write --mesh 'tensor(T)'"),
        ("derive flops --limt S=8", "No such option: --limt; write --limit"),
        ("derive flops --limit E=inf", "E=oo or E->oo"),
        ("reconcile 5 -5 --model gpt2", "-5 is read as an option: write what begins with a minus last, behind --"),
        ("reconcile -- -5 5 --model gpt2", "what stands behind -- is no option: write options before it"),
    ],
)
def test_a_word_that_is_no_name_here_is_answered_with_the_right_one(arguments: str, answer: str) -> None:
    run = costgraph(*arguments.split())
    assert (run.returncode, run.stdout) == (2, "")
    assert answer in run.stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("derive flops --mesh dp(8),tp(4)", "derive flops --mesh data(8),tensor(4)"),
        ("derive flops --pass flash", "derive flops --pass flash_attention"),
        ("derive flops --op-set gpt", "derive flops --op-set decoder"),
        ("derive communication --mesh tensor(T) --limit T=oo", "derive communication --mesh tensor(T) --limit T->oo"),
    ],
)
def test_other_names_are_understood(typed: str, meant: str) -> None:
    assert costgraph(*typed.split()) == costgraph(*meant.split())


# --- every command that takes sizes -----------------------------------------------------------------------------------

OWN = ["--let", "batch_size=B, seqlen=S", "--let", "ways=T, width=D"]
IN_LETTERS: list[tuple[list[str], list[str]]] = [  # the same, in letters of one's own and in those of the table
    (["estimate", "--model", "gpt2", "--limit", "batch_size=1,seqlen=64"], ["B=1,S=64"]),
    (["fits", "gpt2", "a10", "--limit", "batch_size=1,seqlen=64"], ["B=1,S=64"]),
    (["compare", "notes", "exact", "--measure", "activations", "--limit", "seqlen=64"], ["S=64"]),
    (["graph", "--limit", "seqlen=64"], ["S=64"]),
    (["export", "json", "--measures", "flops", "--limit", "seqlen=64"], ["S=64"]),
    (["solve", "--limit", "L=2,E=4", "--for", "batch_size", "params*batch_size <= width**3"],
     ["B", "params*B <= D**3"]),
    (["reconcile", "--op-set", "decoder", "--limit", "E=4", "72*width**2*batch_size*seqlen*L", "6*N_params*B*S"],
     ["72*D**2*B*S*L", "6*N_params*B*S"]),
    (["cheatsheet", "--limit", "seqlen=64"], ["S=64"]),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "plain"), IN_LETTERS, ids=lambda given: given[0] if len(given) > 2 else "")
def test_every_command_takes_letters_of_one_s_own(typed: list[str], plain: list[str]) -> None:
    own = costgraph(*typed, *OWN)
    assert own.returncode in (0, 1), own.stderr
    assert own.stdout.replace(typed[-1], plain[-1]) == costgraph(*typed[: -len(plain)], *plain).stdout


def test_what_is_searched_and_swept_over_may_be_said_in_them() -> None:
    where = ["--model", "llama-3.2-1b", "--limit", "S=64"]
    tried = [*where, "--cluster", "h100-sxm:2x1", "--batch", "4", "--top", "1", "--json"]
    own = costgraph("search", *tried, *OWN, "--over", "ways=[2], recompute=none", "--where", "ways >= 2")
    plain = costgraph("search", *tried, "--over", "T=[2], recompute=none", "--where", "T >= 2")
    (one,), (other,) = (json.loads(run.stdout)["plans"] for run in (own, plain))
    letters = "--limit B=4 --let 'batch_size=B, seqlen=S' --let 'ways=T, width=D'"  # so that it can be run as it is
    assert one.pop("command") == other.pop("command").replace("--limit B=4", letters)
    assert one == other
    swept = ["sweep", "--model", "gpt2", "--hardware", "a10", "--measures", "flops", "--format", "csv"]
    rows = costgraph(*swept, *OWN, "--limit", "seqlen=64", "--over", "batch_size=1..4", "--where", "batch_size > 2")
    assert rows.stdout == costgraph(*swept, "--limit", "S=64", "--over", "B=1..4", "--where", "B > 2").stdout


def test_a_notation_is_the_letters_of_all_commands_but_those_that_write_in_one() -> None:
    assert costgraph("compare", "notes", "exact", "--notation", "megatron", "--limit", "s=8").returncode == 0
    assert costgraph("cheatsheet", "--notation", "megatron").returncode == 0
