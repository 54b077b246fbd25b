"""Case studies of four documents, on the figures they printed; where the catalog differs, the test states both."""

import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from costgraph import decode, decoder, intensity
from costgraph.algebra.bindings import parse_bindings
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import Quantity, quantity
from costgraph.algebra.syntax import read
from costgraph.algebra.units import BANDWIDTH, BYTE, COMPUTE, powers
from costgraph.conventions import NOTES
from costgraph.estimation.asked import Request
from costgraph.estimation.estimate import estimate
from costgraph.estimation.reading import request
from costgraph.hardware.catalog import machine
from costgraph.hardware.machine import Machine
from costgraph.models.known import model
from costgraph.passes.prefill import Prefill
from costgraph.setup import Setup
from costgraph.solving.question import Setting, form
from costgraph.solving.solution import solve
from costgraph.solving.whole import Solution

DATA = Path(__file__).parent / "data"
STUDIES = tomllib.loads((DATA / "case_studies.toml").read_text())
CASES = {f"{case['place']}: {case['what']}": STUDIES["defaults"] | case for case in STUDIES["case"]}
ON_THE_CATALOG = [name for name, case in CASES.items() if "catalog" in case]
CARDS = tomllib.loads((DATA / "generation.toml").read_text())["card"]
PRINTED = tomllib.loads((DATA / "printed_hardware.toml").read_text())["figure"]
SCALE = {"GiB": Fraction(2**30), "TiB": Fraction(2**40), "GB": Fraction(10**9), "TB": Fraction(10**12)}


def close(value: Fraction | int, expected: str) -> bool:
    """Equal to a decimal of 16 digits."""
    return abs(Fraction(value) / Fraction(expected) - 1) < Fraction(1, 10**14)


def asked(case: dict[str, Any], hardware: str | None) -> Fraction:
    """The number that answers `ask`."""
    usual = "decode" if "cache" in case["ask"] else "train"
    setup = Setup.of(op_set=case["op_set"], phase=case.get("phase"), passes=case.get("passes", ()), usual_phase=usual)
    setting = Setting(setup)
    bindings: dict[str, Any] = {}
    if "model" in case:
        bindings |= {**model(case["model"]).as_op_set("decoder").bindings, "N_params": model(case["model"]).nominal}
    if hardware:
        bindings |= machine(hardware).bindings("fp16")
    bindings |= parse_bindings([case["limit"]])
    value = form(read(case["ask"]), setting).substitute(bindings).number
    assert value is not None
    return Fraction(value)


def solved(case: dict[str, Any], hardware: str | None) -> Solution:
    """The one answer to `solve`."""
    found = solve(
        case["solve"], case["for"], op_set=case["op_set"], model_name=case.get("model"), phase=case.get("phase"),
        passes=case.get("passes", ()), limit=case["limit"], hardware=hardware, dtype="fp16" if hardware else None,
    )  # fmt: skip
    (solution,) = found.solutions
    return solution


def bound(solution: Solution) -> Fraction:
    """The bound itself, before it is rounded to a whole number."""
    root = solution.case.low or solution.case.high
    assert root is not None
    assert root.number is not None
    return Fraction(root.number)


@pytest.mark.parametrize("name", CASES)
def test_the_unrounded_number_of_the_document_comes_out(name: str) -> None:
    case = CASES[name]
    unit = SCALE.get(case.get("unit", ""), Fraction(1, 1000) if case.get("unit") == "ms" else Fraction(1))
    if "ask" in case:
        assert close(asked(case, case.get("hardware")) / unit, case["value"])
        return
    solution = solved(case, case.get("hardware"))
    if "value" in case:
        assert close(bound(solution) / unit, case["value"])
    assert solution.smallest == case.get("smallest", solution.smallest)
    assert solution.largest == case.get("largest", solution.largest)


@pytest.mark.parametrize("name", ON_THE_CATALOG)
def test_the_catalog_gives_the_same_number_or_the_one_stated_beside_it(name: str) -> None:
    case = CASES[name]
    value = asked(case, case["catalog"]) if "ask" in case else bound(solved(case, case["catalog"]))
    assert close(value, case.get("there", case["value"]))
    assert ("there" in case) == (not close(Fraction(case.get("there", case["value"])), case["value"]))


# --- GPT-3 memory by part, generation on three cards --------------------------------------------------------------


def test_gpt3_memory_is_324_and_648_and_1944_gib() -> None:
    asked = request(
        op_set="decoder",
        model_name="gpt-3",
        phase="train",
        limit="p=2,B=1,S=2048",
        attention="eager",
        convention="notes",
    )
    found = estimate(asked)
    gib = {name: Fraction(form.number or 0) / 2**30 for name, form in found.memory.items()}
    assert gib == {"weights": 324, "gradients": 648, "optimizer": 1944, "activations": Fraction("256.5")}


def generated(hardware: str) -> Request:
    limit = f"B=1,S=350,N_params={model('llama-2-7b').nominal}"
    of = {"op_set": "decoder", "model_name": "llama-2-7b", "convention": "notes"}
    return request(**of, hardware=hardware, dtype="fp16", limit=limit, new=150)  # type: ignore[arg-type]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card["name"])
@pytest.mark.parametrize("source", ["hardware", "catalog"])
def test_generation_takes_as_long_as_the_weights_alone_allow(card: dict[str, Any], source: str) -> None:
    found = estimate(generated(card[source]))
    prefill_stage, token, _ = found.steps
    assert close(token.thumb.seconds * 1000, card["token_ms"])
    assert close(prefill_stage.thumb.seconds * 1000, card["prefill_ms"])
    assert close(prefill_stage.thumb.seconds + 150 * token.thumb.seconds, card["total_s"])  # as the article adds up
    if source == "catalog":  # the printed capacity is decimal, the catalog's binary
        assert machine(card["catalog"]).memory.quantity == quantity(card["catalog_memory"], BYTE)
        assert machine(card["hardware"]).memory.quantity != machine(card["catalog"]).memory.quantity


def test_cards_compare_as_their_bandwidths_do() -> None:
    token = {card["name"]: Fraction(card["token_ms"]) for card in CARDS}
    assert close(token["T4"] / token["A10"], "2")
    assert float(token["A10"] / token["A100 SXM 80 GB"]) == pytest.approx(3.3983333333333334)  # "nearly four times"
    assert float(token["T4"] / token["A100 SXM 80 GB"]) == pytest.approx(6.796666666666667)  # "eight times"


def test_no_batch_makes_falcon_compute_bound_at_2048_tokens() -> None:
    """FLOPs per byte grow with the batch towards (2/p)*(N/(2*D*L*S) + 1) = 20.9, far below the machine's 153."""
    case = CASES["Sec. 8, App. D: FLOPs per byte at B = 200, cache counted"]
    setting = Setting(Setup.of(phase="decode"))
    sizes = {
        **model("falcon-40b").as_op_set("decoder").bindings,
        "N_params": model("falcon-40b").nominal,
        **parse_bindings(["p=2,S=2048"]),
    }
    most = form(read(case["ask"]), setting).substitute(sizes).at_infinity("B").number  # type: ignore[arg-type]
    assert most is not None
    assert close(Fraction(most), str(Fraction(40 * 10**9, 2 * 8192 * 60 * 2048) + 1))
    assert most < machine("a100-80gb-sxm").ridge().value


@pytest.mark.parametrize(
    ("faster", "slower", "ratio"), [("int8", "fp16", 2), ("int4", "int8", 2), ("fp16", "fp32", 4.006)]
)
def test_rates_of_the_a10_compare_as_its_data_sheet_prints(faster: str, slower: str, ratio: float) -> None:
    found = machine("a10")
    assert float(found.rate(faster).value / found.rate(slower).value) == pytest.approx(ratio, abs=0.001)


@pytest.mark.parametrize(
    ("counted", "question", "percent"),
    [
        ("notes", "flops.forward", "99.70415309141295"),
        ("table_a1", "flops.forward(norm) + flops.forward(attn.softmax)", "0.2321836497771786"),
    ],
    ids=["contractions, printed as 99.80", "norms and softmax, printed as 0.17"],
)
def test_shares_of_forward_flops_of_bert(counted: str, question: str, percent: str) -> None:
    """Table 1 has forward and backward; the forward rows of Table A.1, the only ones printed, give these shares."""

    def count(text: str, convention: str) -> Fraction:
        setting = Setting(Setup.of(op_set="encoder", phase="forward", convention=convention))
        sizes = parse_bindings(["B=8,S=512,D=1024,A=16,E=4,p=2,L=1"])
        return Fraction(form(read(text), setting).substitute(sizes).number or 0)  # type: ignore[arg-type]

    assert close(100 * count(question, counted) / count("flops.forward", "table_a1"), percent)


# --- the standard attention algorithm -----------------------------------------------------------------------------

CORE = ("attn.scores", "attn.softmax", "attn.values")


@pytest.mark.parametrize(
    ("step", "printed_form", "value"),
    [
        (Prefill, "(4*S*S*D + 3*S*S)/(8*S*S + 8*S*D)", "62.42424242424242"),
        (decode, "(4*S*D + 3*S)/(4*S*D + 8*S + 4*D)", "0.9901465993751501"),
    ],
    ids=["prefill of 4096 tokens, printed as 62", "one token at a context of 4096"],
)
def test_intensity_of_standard_attention(step: Any, printed_form: str, value: str) -> None:
    """One head: D is its width d, S is the length N of the document; softmax counts 3 operations per element."""
    graph = decoder(dropout=False).apply(step).only(*CORE)
    form = intensity(graph, NOTES.with_elementwise({"softmax": 3})).limit(A=1, p=2)
    assert form.same_as(printed_form)
    number = form.limit(S=4096, D=128).number
    assert number is not None
    assert close(Fraction(number), value)
    assert number < machine("a10").ridge("fp16").value  # memory bound, as the document concludes


# --- printed figures of machines ----------------------------------------------------------------------------------


def figure(found: Machine, field: str) -> Quantity:
    """What the catalog has for a field of the data file."""
    group, _, dtype = field.partition(".")
    if group in ("peak", "vector"):
        return (found.peaks if group == "peak" else found.vector)[dtype].quantity
    if group == "link":
        link = found.link()
        assert link is not None
        return link.per_device
    return {"memory": found.memory.quantity, "bandwidth": found.bandwidth.quantity, "ridge": found.ridge("fp16")}[group]


def amount(text: str, field: str) -> Quantity:
    """A printed figure."""
    if field == "ridge":
        return Quantity(Fraction(text.split()[0]), powers(FLOP=1, byte=-1))
    dimension = {"memory": BYTE, "bandwidth": BANDWIDTH, "link": BANDWIDTH}.get(field, COMPUTE)
    return quantity(text, dimension)


@pytest.mark.parametrize("row", PRINTED, ids=lambda row: f"{row['document']}: {row['machine']} {row['field']}")
def test_catalog_has_the_printed_figure_or_the_one_stated_beside_it(row: dict[str, Any]) -> None:
    found = machine(row["machine"])
    here, printed = figure(found, row["field"]), amount(row.get("meant", row["printed"]), row["field"])
    stated = amount(row["catalog"], row["field"]) if "catalog" in row else printed
    assert here.dimension == printed.dimension
    assert float(here.value) == pytest.approx(float(stated.value), rel=1e-7)
    close_enough = float(printed.value) == pytest.approx(
        float(here.value), rel=0.005 if row["field"] == "ridge" else 1e-9
    )
    assert close_enough == ("catalog" not in row)
    assert ("why" in row) == ("catalog" in row)
    if "sparse" in row:
        kept_apart = found.peaks[row["field"].partition(".")[2]].sparse
        assert kept_apart == amount(row["sparse"], row["field"])


def test_every_symbol_of_a_machine_is_bound() -> None:
    values = machine("a100-80gb-sxm").bindings()
    assert values["lambda_comms"] == Polynomial.constant(300 * 10**9)
    assert set(values) == {"hbm", "lambda_flops", "lambda_mem", "lambda_comms"}
