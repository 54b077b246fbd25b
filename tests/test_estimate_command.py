"""`costgraph estimate` as it is typed: output, remarks, refusals."""

import json
import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from command_line import costgraph, started

GOLDEN = Path(__file__).parent / "golden"


RUNS = {
    "estimate.txt": "estimate --model llama-2-7b --hardware a10 --limit B=1,S=350 --new 150 --price 1USD/h",
    "estimate_train.md": "estimate --model gpt-3 --op-set decoder --phase train --hardware a100-80gb-sxm"
    " --limit B=1,S=2048 --pass tensor_parallel(8) --format markdown",
    "estimate_symbolic.txt": "estimate --op-set decoder --phase decode --limit p=2",
    "estimate.json": "estimate --model opt-175b --op-set decoder --phase decode --hardware h100-sxm"
    " --limit B=8,S=544 --json",
    "solve.txt": "solve states+activations<=hbm --for B --model gpt-3 --op-set decoder --limit S=2048,p=2"
    " --hardware mi300x --pass tensor_parallel(32)",
    "solve.json": "solve states+activations<=hbm --for S --limit E=4,p=2 --json",
}


@pytest.mark.parametrize("name", RUNS)
def test_output_is_as_reviewed(name: str) -> None:
    found = costgraph(*RUNS[name].split(" "))
    assert (found.returncode, found.stderr) == (0, "")
    if "COSTGRAPH_UPDATE_GOLDEN" in os.environ:
        (GOLDEN / name).write_text(found.stdout)
    assert found.stdout == (GOLDEN / name).read_text()


def test_json_holds_exact_numbers_and_formulas() -> None:
    data = json.loads((GOLDEN / "estimate.json").read_text())
    assert data["schema"] == "costgraph.estimate/1"
    assert Fraction(data["memory"]["weights"]["value"]) == 347901788160  # 12LD² and the norms, 2 bytes each
    (stage,) = data["stages"].values()
    assert Fraction(stage["seconds"]) == sum(Fraction(op["seconds"]) for op in stage["ops"].values())
    assert stage["form"].startswith("Max(")


REFUSED = {
    "--hardware a100-80": "unknown hardware 'a100-80': did you mean a100-80gb",
    "--hardware a100-80gb-sxm --dtype fp8": "no fp8 rate for a100-80gb-sxm; it has fp16, bf16, tf32, fp32, int8",
    "--hardware a10 --link nvlink": "unknown link of a10 'nvlink'",
    "--model gpt3": "unknown model 'gpt3': did you mean gpt-3",
    "--model ./nowhere.toml": "model file ./nowhere.toml: there is no such file",
    "--model gpt-3 --hardware a10 --limit B=1,S=8,X=4": "X is the expert-parallel degree, and nothing is split",
    "--phase training": "unknown phase 'training': did you mean train?",
    "--new 0": "write a whole number, at least 1",
    "--new 3 --phase train": "new tokens are what --phase generate is about",
    "--hardware=": "the name of the hardware is empty",
    "--model=": "--model is empty; give it a value, or leave it out",
    "--link nvlink": "a link of which machine? name it with --hardware",
    "--dtype fp99": "unknown data type 'fp99'",
    "--limit S->oo": "an estimate needs sizes, not limits",
    "--price 2.5": "has no unit; write a price such as '2.5 USD/h'",
    "--price 0USD/h": "must be positive",
    "--price 1USD/h": "the price of which machine? name it with --hardware",
    "--efficiency flops=0.5,mem=1,flops=0.6": "flops is given twice",
    "--efficiency speed=1": "unknown efficiency 'speed': choose from flops, mem, comms",
    "--efficiency flops=0": "write a share above 0 and up to 1",
    "--efficiency flops=1.5": "write a share above 0 and up to 1",
    "--efficiency flops=50%": "efficiency flops=50%: write a share above 0 and up to 1, as in flops=0.7",
    "--efficiency flops": "efficiency flops: write a share above 0 and up to 1",
    "--efficiency flops=nan": "efficiency flops=nan: write a share above 0 and up to 1",
    "--efficiency comms=1.0001": "write a share above 0 and up to 1",
    "--efficiency mem=-1": "write a share above 0 and up to 1",
    "--overlap data=all --efficiency flops=1": "nothing is spread over a data axis: --mesh 'data(...)'",
    "--overlap rows=all --efficiency flops=1": "unknown axis 'rows': choose from pipeline, data",
    "--overlap tensor=2 --efficiency flops=1 --mesh tensor(2)": "write all, none, or a share up to 1",
    "--overlap tensor=all --mesh tensor(2)": "there is none without --efficiency",
    "--phase train --hardware a10 --measured 13.75": "what was measured? write 'step=13.75 s' or 'tokens/s=4000'",
    "--phase train --hardware a10 --measured step=13": "has no unit; write a quantity such as '1 s'",
    "--phase train --hardware a10 --measured step=nan": "does not start with a number",
    "--phase train --hardware a10 --measured step=0s": "must be positive",
    "--phase train --hardware a10 --measured ttft=1s": "unknown measurement of phase train 'ttft': choose from step",
    "--phase train --hardware a10 --measured tokens/s=0": "write a positive number, as in tokens/s=4000",
    "--phase train --measured step=1s": "on which machine? name it with --hardware or --cluster",
    "--tokens nan": "write a whole number of tokens, as in 15T or 300e9",
    "--tokens 0.5": "write a whole number of tokens",
    "--cluster h100-sxm:8": "nothing says how the model is spread over them: --mesh 'tensor(8)'; `costgraph search`",
    "--cluster h100-sxm:8 --hardware a10": "a cluster names its machine",
    "--cluster h100-sxm:2 --mesh tensor(4) --limit A=8,D=64,E=4": "has 4 devices (tensor 4), and h100-sxm:2x1 2",
    "--precision int8": "unknown precision",
    "--format csv": "unknown format",
    "--json --format text --plot x.bmp --hardware a10": "a file that ends in .svg, .png, .pdf",
    "--plot x.svg": "a roofline needs numbers: bind B, S, L, D, E, p and name --hardware",
    "--plot x.svg --hardware a10 --limit L=1,D=8,A=1,E=4": "a roofline needs numbers: bind B, S",
    "--model gpt-3 --op-set decoder --limit B=1,S=8,p=2 --pass tensor_parallel(7)": "7 | A does not hold",
    "--model gpt-3 --limit B=1,S=8,p=2 --pass tensor_parallel(8)": "8 devices do not divide 50257 words; 29 would",
    "--op-set decoder --pass tensor_parallel(7) --limit A=96": "7 devices do not divide 96 heads; 6 or 8 would",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_bad_input_is_refused_in_one_line(arguments: str) -> None:
    found = costgraph("estimate", *arguments.split(" "))
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.count("\n") == 1
    assert REFUSED[arguments] in found.stderr


BEYOND = "longer than K=4096, the longest sequence that the model was made for"
REMARKS = {  # what was typed -> what is said about it
    "--limit B=1,S=8": [],
    "--limit B=1,S=8,T=1": ["T does not occur in the estimate"],
    "--limit B=1,S=8,T=8 --pass tensor_parallel(T)": [],
    "--limit N_params=7e9,m=3,hbm=7": ["hbm does not occur in the estimate", "m does not occur in the estimate"],
    "--limit S=4000 --new 96": [],
    "--limit S=4000 --new 97": [f"S=4000 and 97 new: {BEYOND}"],
    "--limit S=4097 --phase prefill": [f"S=4097: {BEYOND}"],
    "--op-set decoder --limit V=9": ["V does not occur in the estimate"],
}  # fmt: skip


@pytest.mark.parametrize("arguments", REMARKS)
def test_what_was_typed_without_effect_or_beyond_the_model_is_remarked(arguments: str) -> None:
    asked = ["estimate", "--model", "llama-2-7b", *arguments.split(" ")]
    found, data = costgraph(*asked), json.loads(costgraph(*asked, "--json").stdout)
    assert (found.returncode, found.stderr) == (0, "")
    lines = found.stdout.splitlines()
    assert sorted(line for line in lines if line.startswith("note: ")) == [f"note: {s}" for s in REMARKS[arguments]]
    assert sorted(data["remarks"]) == REMARKS[arguments]


def test_an_unsatisfiable_question_ends_with_exit_code_2() -> None:
    found = costgraph("solve", "states <= hbm", "--for", "V", "--limit", "L=2,D=8,E=4")
    assert found.returncode == 2
    assert found.stderr == "error: V does not occur in the question, or cancels from it\n"


def test_every_op_says_what_it_waits_for() -> None:
    asked = ["estimate", "--model", "llama-2-7b", "--hardware", "a10", "--limit", "B=1,S=512", "--phase", "prefill"]
    printed = costgraph(*asked, "--explain").stdout
    ops = json.loads(costgraph(*asked, "--json").stdout)["stages"]["prefill"]["ops"]
    for name, op in ops.items():
        assert re.search(rf"^{re.escape(name)} .* {op['bound']} ", printed, re.MULTILINE)
    assert {op["bound"] for op in ops.values()} == {"compute", "memory"}


@pytest.mark.slow
def test_output_is_plain_where_nothing_else_can_be_written() -> None:
    for command in (RUNS["estimate.txt"], RUNS["solve.txt"]):
        found = started(*command.split(" "), PYTHONIOENCODING="ascii")
        assert (found.returncode, found.stderr) == (0, "")
        assert found.stdout.isascii()


def test_lists_name_machines_and_models() -> None:
    assert "h100-sxm" in costgraph("list", "hardware").stdout
    assert re.search(r"^gpt-3 +GPT-3 175B +about 175000000000$", costgraph("list", "models").stdout, re.MULTILINE)


def test_a_bound_estimate_imports_neither_sympy_nor_the_units_library() -> None:
    code = (
        "import sys\n"
        "sys.argv = ['costgraph', 'estimate', '--model', 'gpt-3', '--hardware', 'h100-sxm', '--limit', 'B=1,S=2']\n"
        "import costgraph.__main__ as c\n"
        "try: c.main()\nexcept SystemExit: pass\n"
        "assert not {'sympy', 'pint', 'matplotlib', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("arguments", ["B=1,S=8,A={},D={}", "B={},S=8", "B=1,S={}", "B=1,S=8,N_params={}"])
def test_a_number_of_hundreds_of_digits_stays_on_its_line(arguments: str) -> None:
    asked = ["--op-set", "decoder", "--model", "gpt-3", "--hardware", "a10", "--limit", *arguments.split(" ")]
    found = costgraph("estimate", *(part.replace("{}", "9" * 400) for part in asked))
    assert found.returncode == 0, found.stderr
    assert max(map(len, (found.stdout + found.stderr).splitlines())) < 400


def test_a_degree_of_hundreds_of_digits_is_refused_with_the_reason() -> None:
    found = costgraph("estimate", "--model", "gpt-3", "--pass", f"tensor_parallel({'9' * 400})", "--limit", "B=1,S=8")
    assert found.returncode == 2
    assert "do not divide 96 heads" in found.stderr


def test_an_explanation_that_needs_numbers_says_so() -> None:
    asked = ["estimate", "--op-set", "decoder", "--explain", "--limit", "B=1,S=8,L=1,D=64,A=1,E=4,p=2"]
    said = "note: --explain shows every op's time once everything is bound and --hardware is named\n"
    assert costgraph(*asked).stderr == said
    assert costgraph(*asked, "--hardware", "a10").stderr == ""
