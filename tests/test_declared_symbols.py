"""Symbols that are declared at run time, in interpreters of their own: the table is one for a whole process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BEGINNING = """
import pickle, sys
from pathlib import Path
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.printers import latex, python
from costgraph.algebra.symbols import SYMBOLS, Symbol, declare, lookup
from costgraph.errors import UserError

def new(name, meaning="experts"):
    return declare(Symbol(name, r"x_{\\rm new}", "", meaning, "positive integer", 8))

def refused(task):
    try:
        task()
    except UserError as error:
        return str(error)
"""


def run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + code, *arguments], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_declared_symbol_is_like_any_other() -> None:
    said = run("""
before = parse("p*S + B/T").numerator
kept = hash(before)
assert new("xa") is new("xa") is lookup("xa") and list(SYMBOLS)[-1] == "xa"
form = parse("xa*p*S + xa*B/T").numerator
assert form == before * Polynomial.symbol("xa") and form.symbols == ("B", "S", "T", "p", "xa")
assert form.divide(before) == Polynomial.symbol("xa")
assert before == parse("p*S + B/T").numerator and kept == hash(before) == hash(parse("p*S + B/T").numerator)
assert parse("xa**2 - 1") / parse("xa - 1") == parse("xa + 1")
print(form, python(form), latex(Polynomial.symbol("xa")))
""")
    assert said == "S*p*xa + B*xa/T xa*(S*T*p + B)/T x_{\\rm new}\n"


def test_a_name_is_declared_with_one_meaning() -> None:
    said = run("""
new("xa")
for name in ("xa", "B", "2x", "a b", "oo"):
    print(refused(lambda: new(name, "expert slots")))
assert list(SYMBOLS).count("xa") == 1 and lookup("B").meaning == "batch size"
""")
    assert said.splitlines() == [
        "symbol xa (expert slots): xa is the experts already",
        "symbol B (expert slots): B is the batch size already",
        *(
            f"'{name}' cannot be a symbol: write letters, digits and _, and a letter first"
            for name in ("2x", "a b", "oo")
        ),
    ]


def test_a_pickle_is_read_where_symbols_were_declared_in_another_order(tmp_path: Path) -> None:
    """By names: what is packed in one process means something else in another."""
    file = str(tmp_path / "form")
    form = "xa**2*xb/(2*xc) - 3*B*xc**-1 + 5"
    run(
        f"for n in ('xa', 'xb', 'xc'): new(n)\nPath(sys.argv[1]).write_bytes(pickle.dumps(parse('{form}').numerator))",
        file,
    )
    read = "pickle.loads(Path(sys.argv[1]).read_bytes())"
    run(f"for n in ('xc', 'xd', 'xb', 'xa'): new(n)\nassert {read} == parse('{form}').numerator", file)
    assert run(f"print(refused(lambda: {read}))", file).startswith("unknown symbol 'xa'")
