"""The command line: what it prints, where it writes, and how it refuses."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Run, costgraph, started

GOLDEN = Path(__file__).parent / "golden"

GOLDEN_RUNS = {
    "default.txt": "derive --op-set decoder --limit E=4,p=2",
    "explain.txt": "derive activations --op-set decoder(head=True,biases=True) --explain --convention exact",
    "regime.md": "derive flops activations --when S<<D --limit E=4,p=2 --format markdown",
    "parallel.tex": "derive activations communication --pass tensor_parallel(T) --limit T->oo --format latex",
    "intensity.json": "derive intensity --phase decode --explain --json",
    "sizes.txt": "derive --phase decode --limit S=1024,B=8,L=32,D=4096,A=32,E=4,p=2",
    "graph.txt": "graph --phase train --op-set decoder(kv_heads=G) --pass tensor_parallel(T)",
    "graph.dot": "graph --format dot",
    "graph.mmd": "graph --phase decode --pass flash_attention --format mermaid",
}


@pytest.mark.parametrize("name", GOLDEN_RUNS)
def test_output_is_as_reviewed(name: str) -> None:
    run = costgraph(*GOLDEN_RUNS[name].split())
    assert (run.returncode, run.stderr) == (0, "")
    if "COSTGRAPH_UPDATE_GOLDEN" in os.environ:
        (GOLDEN / name).write_text(run.stdout)
    assert run.stdout == (GOLDEN / name).read_text()


REFUSED = {  # arguments of derive -> what the message must say
    "--op-set decodr": "unknown op set 'decodr': did you mean decoder or encoder?",
    "--op-set decoder(heads=1)": "write --limit A=...",
    "--op-set decoder(head=3)": "head=3 must be True or False",
    "--op-set decoder(True,head=True)": "head is given twice",
    "--op-set decoder().x": "write NAME or NAME(OPTION=VALUE, ...)",
    "paramz": "unknown measure 'paramz': did you mean params?",
    "--pass tensor_paralel(T)": "did you mean tensor_parallel?",
    "--pass recompute(some)": "choose from selective, full",
    "--pass tensor_parallel(0)": "must be a positive integer",
    "--phase training": "unknown phase 'training': did you mean train",
    "--convention note": "did you mean notes or",
    "--precision adam": "write --precision mixed_adam",
    "--limit X=4": "X is the expert-parallel degree, and nothing is split over X devices: --mesh 'experts(X)'",
    "--limit Z=4": "unknown symbol 'Z'",
    "--limit S=4*X": "X (expert-parallel degree) is no size of this model",
    "--limit E=": "a value is missing after =",
    "--limit E": "write SYMBOL=VALUE or SYMBOL->oo",
    "--limit E=four": "unknown symbol 'four'",
    "--limit E=4=5": "'E=4=5': column 2",
    "--limit p=0": "must be a positive rational",
    "--limit S=-1": "error: S=-1: S (sequence length",  # not twice
    "--limit T=-1": "must be a positive integer",
    "--limit B=1.5": "must be a positive integer",
    "--limit E=inf": "a true limit is written E=oo or E->oo",
    "--limit T->5": "a limit goes to oo, as in T->oo",
    "--limit S=-D": "S cannot be negative",
    "--phase forward --pass backward": "exclude each other",
    "--op-set decoder(head=True,head=False)": "head is given twice",
    "--when S<<S": "both sides of << are the same",
    "--limit E=4,E=4": "E is given twice",
    "--limit E=4 --limit E=5": "E is given twice",
    "--limit E=9**9**9": "a number of more than 1000 digits",
    "--limit E=__import__('os').system('x')": "only numbers, symbols, + - * / // ** ^ and parentheses",
    "--when S": "write SMALL << LARGE",
    "--when S<<D+1": "each side of << must be a product of symbols",
    "--form pretty": "unknown form 'pretty'",
    "--format yaml": "unknown format 'yaml'",
    "--format latex --json": "contradict",
    "--pass tensor_parallel(T) --limit T=3,A=8": "T | A does not hold: 3 devices do not divide 8 heads; 2 or 4 would",
    "--limit A=3,D=8": "A | D does not hold: 3 does not divide 8",
    "--pass tensor_parallel(T) --pass tensor_parallel(T)": "pass tensor_parallel is given twice; each pass runs once",
    "--pass flash_attention --pass flash_attention": "flash_attention is applied already; each pass runs once",
    "--pass prefill --phase decode": "exclude each other",
    "--phase forward --pass recompute(full)": "recompute needs backward before it",
    "--op-set decoder(kv_heads=2) --pass tensor_parallel(4)": "replicate_kv=True",
    "--op-set decoder(kv_heads=1) --pass tensor_parallel(T)": "replicate_kv=True",
    "--phase decode --pass tensor_parallel(T,sequence=True)": "has size 1 and cannot be split",
    "-o missing/form.txt": "there is no folder missing",
    "-o .": "is a folder",
    "--nonsense": "No such option",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_bad_input_is_refused_in_one_line(arguments: str, tmp_path: Path) -> None:
    run = costgraph("derive", *arguments.split(" "), cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert REFUSED[arguments] in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_is_code_is_never_executed(tmp_path: Path) -> None:
    victim = tmp_path / "executed"
    for text in (f"E=open('{victim}','w')", f"E=__import__('pathlib').Path('{victim}').touch()"):
        assert costgraph("derive", "--limit", text).returncode == 2
    assert not victim.exists()


@pytest.mark.parametrize("command", [["derive", "params"], ["export", "numpy", "--measures", "params"]])
def test_a_symbol_that_the_result_does_not_contain_is_a_remark(command: list[str]) -> None:
    run = costgraph(*command, "--limit", "V=7,T=1")
    assert (run.returncode, run.stderr) == (0, "")
    text = " ".join(run.stdout.split())
    assert "note: V does not occur in params" in text
    assert "note: T does not occur in params" in text


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which only some systems have")
def test_a_full_disk_is_said_in_words() -> None:
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "costgraph", "derive", "params"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (run.returncode, run.stderr) == (2, "error: output: No space left on device\n")


@pytest.mark.slow
def test_a_closed_pipe_ends_quietly() -> None:
    command = f"{sys.executable} -m costgraph graph --phase train | head -1"
    run = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    assert (run.stdout.count("\n"), run.stderr) == (1, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["derive params --limit V=7", "derive --op-set decodr", "check --formula 4*L*D**2 --measure params"]
)
def test_a_process_of_its_own_says_what_these_tests_see(command: str) -> None:
    own = started(*command.split())
    assert costgraph(*command.split()) == Run(own.returncode, own.stdout, own.stderr)


class TestOutputFile:
    def test_holds_what_stdout_would(self, tmp_path: Path) -> None:
        run = costgraph("derive", "params", "-o", "params.txt", cwd=tmp_path)
        assert (run.returncode, run.stdout) == (0, "")
        assert (tmp_path / "params.txt").read_text() == costgraph("derive", "params").stdout
        assert [path.name for path in tmp_path.iterdir()] == ["params.txt"]

    def test_is_replaced_only_with_force(self, tmp_path: Path) -> None:
        target = tmp_path / "out.json"
        target.write_text("mine")
        refused = costgraph("derive", "--json", "-o", str(target))
        assert refused.returncode == 2
        assert "replace it with --force" in refused.stderr
        assert target.read_text() == "mine"
        assert costgraph("derive", "--json", "-o", str(target), "--force").returncode == 0
        assert json.loads(target.read_text())["schema"] == "costgraph.derive/1"

    def test_without_write_bits_is_refused_even_with_force(self, tmp_path: Path) -> None:
        target = tmp_path / "locked"
        target.write_text("mine")
        target.chmod(stat.S_IRUSR)
        run = costgraph("derive", "-o", str(target), "--force")
        assert run.returncode == 2
        assert "write-protected" in run.stderr
        assert target.read_text() == "mine"

    def test_a_link_is_followed_and_stays_a_link(self, tmp_path: Path) -> None:
        target, link = tmp_path / "target", tmp_path / "link"
        link.symlink_to(target)
        assert costgraph("derive", "-o", str(link)).returncode == 2
        assert costgraph("derive", "params", "-o", str(link), "--force").returncode == 0
        assert link.is_symlink()
        assert target.read_text() == costgraph("derive", "params").stdout

    def test_what_is_not_a_regular_file_is_refused(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        assert "not a regular file" in costgraph("derive", "-o", str(pipe), "--force").stderr

    def test_is_not_left_behind_when_the_derivation_fails(self, tmp_path: Path) -> None:
        assert costgraph("derive", "--limit", "T=0", "-o", "x", cwd=tmp_path).returncode == 2
        assert list(tmp_path.iterdir()) == []


class TestJson:
    def test_has_the_keys_of_the_contract(self) -> None:
        answer = json.loads(costgraph("derive", "--limit", "E=4,p=2", "--json").stdout)
        head = ("schema", "model", "op_set", "phase", "passes", "mesh", "attention")
        assert tuple(answer) == (*head, "convention", "precision", "limit", "when", "remarks", "measures")
        measure = (
            "unit",
            "form",
            "limited",
            "value",
            "regime",
            "latex",
            "assumptions",
            "remainder",
            "definitions",
            "published",
        )
        assert all(tuple(entry) == measure for entry in answer["measures"].values())

    @pytest.mark.parametrize(
        ("phase", "extra", "measures"),
        [
            ("train", [], "params states flops flops.forward flops.backward flops.recompute activations"),
            ("forward", [], "params flops traffic"),
            ("prefill", [], "params flops traffic cache"),
            ("decode", ["--pass", "tensor_parallel(T)"], "params flops traffic cache communication"),
        ],
    )
    def test_measures_follow_the_phase(self, phase: str, extra: list[str], measures: str) -> None:
        answer = json.loads(costgraph("derive", "--phase", phase, *extra, "--json").stdout)
        assert list(answer["measures"]) == measures.split()

    def test_value_is_exact_once_every_symbol_is_bound(self) -> None:
        answer = json.loads(costgraph("derive", "params", "--limit", "L=3,D=8,E=2.5", "--json").stdout)
        assert answer["measures"]["params"]["value"] == "1728"
        assert answer["limit"] == {"L": "3", "D": "8", "E": "5/2"}

    def test_a_measure_that_is_zero_has_form_0(self) -> None:
        answer = json.loads(costgraph("derive", "flops.recompute", "cache", "communication", "--json").stdout)
        assert [entry["form"] for entry in answer["measures"].values()] == ["0", "0", "0"]

    def test_a_limit_that_diverges_is_oo(self) -> None:
        answer = json.loads(costgraph("derive", "params", "--limit", "D->oo", "--json").stdout)
        assert answer["measures"]["params"]["limited"] == "oo"

    def test_a_pass_of_a_phase_sets_the_phase(self) -> None:
        answer = json.loads(costgraph("derive", "flops", "--pass", "decode(S+1)", "--json").stdout)
        assert (answer["phase"], answer["passes"]) == ("decode", ["decode(S + 1)"])


@pytest.mark.slow
class TestTerminal:
    @pytest.mark.parametrize("columns", [50, 60, 80, 200])
    def test_a_table_fits_the_width_and_loses_nothing(self, columns: int) -> None:
        text = in_terminal(columns, "derive", "activations", "--limit", "E=4,p=2")
        assert max(map(len, text.splitlines())) <= columns
        words = "BSL(SA(2p + 1) + 2D(p(E + 4) + 1)) BSL(5SA + 34D)"
        assert {*words.split()} <= {*text.split()}
        assert text.startswith("decoder, train")

    def test_no_color_changes_nothing_but_colors(self) -> None:
        colored = in_terminal(80, "derive", "params")
        assert in_terminal(80, "derive", "params", escapes=True, NO_COLOR="1") == colored
        assert in_terminal(80, "derive", "params", escapes=True) != colored

    def test_brackets_are_not_markup(self) -> None:
        assert "decoder" in in_terminal(80, "derive", "params", "--format", "latex")


def in_terminal(columns: int, *arguments: str, escapes: bool = False, **environment: str) -> str:
    """What the command prints on a terminal of this width, without escape sequences unless they are asked for."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals on this system")
    leader, follower = pty.openpty()
    settings = {"COLUMNS": str(columns), "TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen(
        [sys.executable, "-m", "costgraph", *arguments],
        stdout=follower,
        env={k: v for k, v in os.environ.items() if k != "NO_COLOR"} | settings | environment,
    )
    os.close(follower)
    output = b""
    while True:
        try:
            chunk = os.read(leader, 4096)
        except OSError:
            break
        if not chunk:
            break
        output += chunk
    os.close(leader)
    assert process.wait() == 0
    return output.decode() if escapes else re.sub(r"\x1b\[[0-9;]*m", "", output.decode())


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    ["derive --explain", "derive --explain --format markdown", "derive --format latex", "graph", "derive --json"],
)
def test_output_is_ascii_where_nothing_else_can_be_written(arguments: str) -> None:
    run = started(*arguments.split(), PYTHONIOENCODING="ascii")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.isascii()


@pytest.mark.slow
@pytest.mark.parametrize("arguments", ["derive", "list symbols", "--help", "--version"])
def test_a_closed_stdout_is_no_error(arguments: str) -> None:
    run = subprocess.run(f"{sys.executable} -m costgraph {arguments} >&-", shell=True, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_numbers_of_hundreds_of_digits_are_printed() -> None:
    sizes = ",".join(f"{name}=10**999" for name in "BSLDA")
    assert len(costgraph("derive", "flops", "--limit", f"{sizes},E=4", "--form", "leading").stdout) > 3000


def test_nothing_asked_for_shows_the_help() -> None:
    run = costgraph()
    assert run.returncode == 0
    assert run.stdout.startswith("Usage: ")


LISTS = "op-sets passes measures symbols conventions precisions hardware models notations"


@pytest.mark.parametrize("kind", LISTS.split())
def test_lists_name_and_explain_every_choice(kind: str) -> None:
    lines = costgraph("list", kind).stdout.splitlines()
    table = lines[: lines.index("") if "" in lines else None]
    names = [line for line in table if not line.startswith(" ")]  # the rest goes on with what is above
    assert names
    assert all(re.search(r"\S  +\S", line) for line in names)


def test_help_shows_an_example() -> None:
    assert "costgraph derive --op-set decoder --limit E=4,p=2" in costgraph("derive", "--help").stdout


def test_what_can_be_listed_is_listed() -> None:
    found = costgraph("list")
    assert (found.returncode, found.stderr) == (0, "")
    kinds = [line.split()[0] for line in found.stdout.splitlines()[2:] if not line.startswith(" ")]
    assert all(costgraph("list", kind).stdout for kind in kinds)
    assert {"hardware", "models", "symbols"} <= set(kinds)


def test_formulas_alone_shows_its_help() -> None:
    found = costgraph("formulas")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == costgraph("formulas", "--help").stdout
