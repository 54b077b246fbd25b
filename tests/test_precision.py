"""Precision policies: how many bytes of the training state of a parameter are kept, named, typed or in a file."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from command_line import costgraph
from hypothesis import given
from hypothesis import strategies as st

import costgraph as cg
from costgraph import measures as m
from costgraph.errors import UserError
from costgraph.precision import EXAMPLE, PRECISIONS, Precision, policy

BLOCK = Fraction(65, 64)  # a byte, and 4 more for every 256 elements
NAMED = [  # policy, bytes per parameter of weights, gradients, optimizer
    ("mixed_adam", 2, 4, 4 + 4 + 4),
    ("mixed_adam_bf16", 2, 2, 4 + 4 + 4),
    ("fp32_adam", 4, 4, 4 + 4),
    ("adam_8bit", 2, 4, 4 + 2 * BLOCK),
    ("fp8_adam", 1 + Fraction(4, 128**2), 4, 4 + 2 + 2),
    ("sgd_momentum", 4, 4, 4),
    ("mixed_lion", 2, 4, 4 + 4),
]
FACTORED = ["adafactor"]  # what they keep is no multiple of the parameters: tests/test_factored_moments.py
TYPED = {
    "weights=2,gradients=2,master=4,moments=4+4": Precision(2, 2, 4, (4, 4)),
    "gradients=2, weights=4": Precision(4, 2),
    "weights=2,gradients=2,moments=4": Precision(2, 2, 0, (4,)),
    "weights=0.5,gradients=2,moments=65/64+65/64": Precision(Fraction(1, 2), 2, 0, (BLOCK, BLOCK)),
    "weights=1/8,gradients=16": Precision(Fraction(1, 8), 16),
    "weights=4,gradients=4,factored=4": Precision(4, 4, factored=4),
    "factored=2,moments=2,weights=2,gradients=4,master=4": Precision(2, 4, 4, (2,), factored=2),
}
A_NUMBER = "must be a number of bytes such as 2, 0.5 or '65/64', not "
BOUNDS = "bytes; a number takes from 1/8 to 16, and what is not kept is left out"
REFUSED = {
    "adam": "unknown precision 'adam': write precision='mixed_adam'",
    "": "unknown precision ''",
    "weights=2": "gradients missing, as in weights=2,gradients=2",
    "master=4": "weights and gradients missing",
    "wieghts=2,gradients=2": "unknown key of a precision 'wieghts': did you mean weights",
    "optimizer=8,weights=2,gradients=2": "unknown key of a precision 'optimizer'",
    "weights,gradients=2": f"weights {A_NUMBER}''",
    "weights=2;gradients=2": "gradients missing",
    "weights=2,gradients=2,weights=2": "weights is given twice",
    "weights=0,gradients=2": f"weights is 0 {BOUNDS}",
    "weights=2,gradients=2,master=0": f"master is 0 {BOUNDS}",
    "weights=-2,gradients=2": f"weights {A_NUMBER}'-2'",
    "weights=1000,gradients=2": f"weights is 1000 {BOUNDS}",
    "weights=1/9,gradients=2": f"weights is 1/9 {BOUNDS}",
    "weights=1/0,gradients=2": f"weights {A_NUMBER}'1/0'",
    "weights=1e0,gradients=2": f"weights {A_NUMBER}'1e0'",
    "weights=bf16,gradients=2": f"weights {A_NUMBER}'bf16'",
    "weights=p,gradients=2": f"weights {A_NUMBER}'p'",
    "weights=2+2,gradients=2": f"weights {A_NUMBER}'2+2'",
    "weights=2,gradients=2,moments=": f"moments {A_NUMBER}''",
    "weights=2,gradients=2,factored=4+4": f"factored {A_NUMBER}'4+4'",
    "weights=2,gradients=2,factored=0": f"factored is 0 {BOUNDS}",
    "weights=2,gradients=2,moments=4+": f"moments {A_NUMBER}''",
    "weights=2,gradients=2,moments=4+4+4+4+4": "5 moments; an optimizer keeps at most 4",
    f"weights={'9' * 5000},gradients=2": f"weights {A_NUMBER}'999",
    "weights=٢,gradients=2": f"weights {A_NUMBER}'٢'",
    "nowhere.toml": "precision file nowhere.toml: there is no such file",
    "no/where": "precision file no/where: there is no such file",
}
FILE = 'weights = 1\ngradients = 2.0\nmaster = 4\nmoments = ["65/64", 1]\n'
WRONG_FILES = {
    "weights = 2": "gradients is missing",
    "weights = 2\ngradients = 2\nmomentum = [4]": "unknown key 'momentum': did you mean moments",
    "weights = 2\ngradients = 2\nmoments = 4": "moments must be a list",
    "weights = 2\ngradients = 2\nmoments = [4, 0]": f"moments[2]: is 0 {BOUNDS}",
    "weights = true\ngradients = 2": f"weights: {A_NUMBER}'True'",
    "weights = [2]\ngradients = 2": f"weights: {A_NUMBER}'[2]'",
    "weights = -1\ngradients = 2": f"weights: {A_NUMBER}'-1'",
    "weights = 1e300\ngradients = 2": f"weights: {A_NUMBER}'1000",
    "weights = ": "not valid TOML",
}


@pytest.mark.parametrize(("name", "weights", "gradients", "optimizer"), NAMED)
def test_a_named_policy_keeps_these_bytes(name: str, weights: Any, gradients: Any, optimizer: Any) -> None:
    found = policy(name)
    assert (str(found), found.weights, found.gradients, found.optimizer) == (name, weights, gradients, optimizer)
    assert found.source


def test_every_named_policy_is_in_the_table() -> None:
    assert [*(row[0] for row in NAMED), *FACTORED] == list(PRECISIONS)


@pytest.mark.parametrize("text", TYPED)
def test_a_policy_can_be_typed(text: str) -> None:
    assert policy(text) == TYPED[text]


@pytest.mark.parametrize("text", [*TYPED, *PRECISIONS])
def test_what_a_policy_is_written_as_reads_back(text: str) -> None:
    found = policy(text)
    again = policy(found.widths)
    assert (again.weights, again.gradients, again.master, again.moments, again.factored) == (
        found.weights, found.gradients, found.master, found.moments, found.factored,
    )  # fmt: skip
    assert policy(found) is found


WIDTHS = st.fractions(Fraction(1, 8), 16, max_denominator=256)


@given(WIDTHS, WIDTHS, st.just(0) | WIDTHS, st.lists(WIDTHS, max_size=4).map(tuple), st.just(0) | WIDTHS)
def test_any_policy_reads_back(
    weights: Fraction, gradients: Fraction, master: Fraction, moments: Any, factored: Fraction
) -> None:
    one = Precision(weights, gradients, master, moments, factored=factored)
    assert policy(str(one)) == one


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40] or "empty")
def test_what_is_no_policy_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UserError) as caught:
        policy(text)
    assert REFUSED[text] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("value", [2, ["mixed_adam"]])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(UserError, match="a precision is a name such as mixed_adam, a file or"):
        cg.derive("states", precision=value)


def test_a_policy_can_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(FILE)
    assert policy(str(tmp_path / "own.toml")) == Precision(1, 2, 4, (BLOCK, 1), "own")
    (tmp_path / "own.toml").write_text(FILE + 'name = "ours"\nsource = "a recipe"\n')
    assert str(policy(str(tmp_path / "own.toml"))) == "ours"


@pytest.mark.parametrize("text", WRONG_FILES)
def test_a_wrong_file_is_refused_with_its_name_and_key(text: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        policy(str(path))
    assert WRONG_FILES[text] in str(caught.value)
    assert str(caught.value).startswith("precision file ")
    assert "own.toml" in str(caught.value)


# --- where a policy is asked for --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "weights", "gradients", "optimizer"), NAMED)
def test_states_are_the_parameters_times_these_bytes(name: str, weights: Any, gradients: Any, optimizer: Any) -> None:
    form = cg.derive("states", precision=name).forms["states"]
    assert form.same_as(f"({weights + gradients + optimizer})*(4 + 2*E)*L*D**2")
    assert form.same_as(m.states(cg.decoder().apply(cg.backward), precision=name))


def test_a_policy_that_keeps_nothing_for_the_optimizer_has_no_term_of_it() -> None:
    found = cg.derive("states", precision="weights=2,gradients=2").forms["states"]
    assert {term.part for term in found.terms} == {"weights", "gradients"}


def test_in_inference_no_policy_matters() -> None:
    forms = [cg.derive("states", phase="decode", precision=name).forms["states"].value for name in PRECISIONS]
    assert all(form == m.states(cg.decoder()).value for form in forms)


@pytest.mark.parametrize(
    "command",
    [
        "derive states --precision",
        "check --formula 16*N_params --measure states --precision",
        "estimate --model gpt-3 --phase train --limit B=1,S=2048 --hardware a100-80gb-sxm --precision",
        "export python --measures states --precision",
    ],
)
def test_every_command_takes_a_policy_as_text(command: str) -> None:
    run = costgraph(*command.split(), EXAMPLE)
    assert (run.returncode, run.stderr) == (0, "")
    wrong = costgraph(*command.split(), "weights=2")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "gradients missing" in wrong.stderr


def test_a_question_takes_a_policy_as_text_or_as_a_word() -> None:
    asked = ["solve", "states == 16*GiB", "--for", "D", "--limit", "L=24,E=4"]
    typed, word = costgraph(*asked, "--precision", EXAMPLE), costgraph(*asked, "--precision", "mixed_adam_bf16")
    assert typed.returncode == word.returncode == 0
    assert typed.stdout.replace(EXAMPLE, "mixed_adam_bf16") == word.stdout
    question = "states(mixed_adam_bf16) + activations == hbm"
    assert costgraph("solve", question, "--for", "B", "--limit", "E=4,p=2").returncode == 0


def test_an_answer_says_which_policy_it_took() -> None:
    run = costgraph("derive", "states", "--precision", EXAMPLE, "--json")
    assert json.loads(run.stdout)["precision"] == EXAMPLE
    assert f"states under {EXAMPLE}" in costgraph("derive", "states", "--precision", EXAMPLE).said
    assert (
        f"precision {EXAMPLE}" in costgraph("export", "python", "--measures", "states", "--precision", EXAMPLE).stdout
    )


def test_what_can_be_listed_says_how_to_write_ones_own() -> None:
    shown = costgraph("list", "precisions", "--format", "markdown").stdout  # of which no cell is folded
    assert all(f"| {one.name} | {one.widths} |" in shown for one in PRECISIONS.values())
    assert EXAMPLE in shown
