"""Formulas as costgraph prints them and as papers write them: read exactly, or refused with both readings."""

from __future__ import annotations

import time

import guard
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_parser import EXPRESSIONS, assert_short
from test_random_forms import polynomials

from costgraph.algebra.expression import evaluate
from costgraph.algebra.parser import Reader, parse
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.printers import LATEX, PYTHON, UNICODE, Style, latex, python, unicode
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.shapes import SHAPES
from costgraph.algebra.symbols import SYMBOLS
from costgraph.algebra.syntax import MAX_LENGTH, read
from costgraph.algebra.writing import text
from costgraph.errors import UserError

# --- as on paper ------------------------------------------------------------------------------------------------------

ON_PAPER = [
    # products without a sign
    ("34BSLD", "34*B*S*L*D"),
    ("BSL(5SA + 34D)", "B*S*L*(5*S*A + 34*D)"),
    ("12 B S L D [D (E + 2) + S]", "12*B*S*L*D*(D*(E + 2) + S)"),
    ("B*[S + D][L + 1]", "B*(S + D)*(L + 1)"),
    (r"12 \, B \left[ D [E + 2] + S \right]", "12*B*(D*(E + 2) + S)"),
    ("2 config['hidden_size'] [S + 1]", "2*D*(S + 1)"),
    ("B S L", "B*S*L"),
    ("(B + S)(D + 1)", "(B + S)*(D + 1)"),
    ("2(B + S)D", "2*(B + S)*D"),
    ("12 N_params BS", "12*N_params*B*S"),
    ("BN_paramsS", "B*N_params*S"),  # each the longest letter that is known
    ("hbm", "hbm"),
    ("R_kvD", "R_kv*D"),
    ("2E + 4", "2*E + 4"),
    ("2e3S", "2000*S"),
    ("S/(BD)", "S/(B*D)"),
    ("S/(BD²)", "S/(B*D**2)"),
    ("S/(BD²)²", "S/(B**2*D**4)"),
    ("S/(BD(E + 1)²)", "S/(B*D*(E + 1)**2)"),
    ("S B D²//(BD²)", "S"),
    ("BS/T + D", "B*S/T + D"),
    ("1/2·B", "B/2"),
    # powers
    ("S^2", "S**2"),
    ("D²", "D**2"),
    ("BD²", "B*D**2"),
    ("(BD)²", "B**2*D**2"),
    ("(BD)**2", "B**2*D**2"),
    ("BD(E + 2)²", "B*D*(E + 2)**2"),
    ("D⁻¹", "1/D"),
    ("S^2D", "S**2*D"),
    ("-2²", "-4"),
    ("S^-1", "1/S"),
    # other signs
    ("S × D − 2·B", "S*D - 2*B"),
    ("S ÷ D", "S/D"),
    ("7//2", "3"),
    ("D//A", "D/A"),
    ("12 BSL D//A", "12*B*S*L*D/A"),
    ("A//G", "A/G"),
    ("8 B S²//2", "4*B*S**2"),
    # fractions of one sign
    ("½BSD", "B*S*D/2"),
    ("B(S + ¾D)", "B*S + 3*B*D/4"),
    ("BSD/⅓", "3*B*S*D"),
    ("5⁄8·B", "5*B/8"),
    ("⅞S", "7*S/8"),
    # lines of TeX, and digits in groups
    (r"\begin{aligned} 6 N_{\text{params}} B S \end{aligned}", "6*N_params*B*S"),
    (r"$$\begin{aligned} & 12 L D^2 \\[4pt] &+ 13 L D \\ & {}+ K D \end{aligned}$$", "12*L*D**2 + 13*L*D + K*D"),
    (r"\begin{align*} 4 L D^2 \\ + 2 E L D^2 \end{align*}", "4*L*D**2 + 2*E*L*D**2"),
    (r"\begin{equation} \begin{split} L D \\* + D \end{split} \end{equation}", "L*D + D"),
    (r"L D \\ {} - D", "L*D - D"),
    (r"1{,}000 B S", "1000*B*S"),
    (r"12{,}345{,}678\,B", "12345678*B"),
    (r"1\,000\,B", "1000*B"),
    ("46,702,792,704", "46702792704"),
    ("1,000*B + 2,500,000 S", "1000*B + 2500000*S"),
    (r"\frac{1,024}{2} B", "512*B"),
    ("12,345.5(1,000 + B)", "12345.5*(1000 + B)"),
    ("1.000.000 B", "1000000*B"),
    ("46\u202f702\u2009792 B", "46702792*B"),
    ("1'000'000*B", "1000000*B"),
    # names of frameworks, as papers set them and as code has them
    (r"12 L D_{\text{model}}^2", "12*L*D**2"),
    (r"12 n_\text{layers} d_{\rm model}^2", "12*L*D**2"),
    (r"2 d_\mathrm{model} N_{\mathrm{heads}}", "2*D*A"),
    ("N_LAYERS*HIDDEN_SIZE", "L*D"),
    ('config["hidden_size"]*cfg.n_layer', "D*L"),
    ("self.args['n_kv_heads']*bytes_per_param", "G*p"),
    ("n_head_kv*n_head*base_emb_dim", "G*A*D"),
    ("batch*n_rep", "B*A/G"),
    # names before parentheses
    ("B (S + D)", "B*(S + D)"),
    (r"d_{\text{model}}(S+D)", "D*(S + D)"),
    (r"N_{\text{params}} \left(S+D\right)", "N_params*(S + D)"),
    ("hidden_size (S+6D)", "D*(S + 6*D)"),
    ("hidden_size(S+6D)", "D*(S + 6*D)"),
    ("config.hidden_size(S+1)²", "D*(S + 1)**2"),
    ("2head_dim(S+1)", "2*H*(S + 1)"),
    ("hidden_size(S)(A)", "D*S*A"),
    ("hidden_size² (S + 1)", "D**2*(S + 1)"),
    # LaTeX
    (r"\frac{S}{6D}", "S/(6*D)"),
    (r"\frac12 S", "S/2"),
    (r"\dfrac{B S}{2 T}D", "B*S*D/(2*T)"),
    (r"96BSLD^2\left(1+\frac{S}{6D}+\frac{V}{16LD}\right)", "96*B*S*L*D**2*(1 + S/(6*D) + V/(16*L*D))"),
    (r"6 N_{\text{params}} \cdot B", "6*N_params*B"),
    (r"6N_{params}B", "6*N_params*B"),
    (r"N_\text{params}D", "N_params*D"),
    (r"\mathrm{BS}D", "B*S*D"),
    (r"$$ 2\,B\;S\times L $$", "2*B*S*L"),
    (r"\(2 D^{2}\)", "2*D**2"),
    (r"D^{-1}", "1/D"),
    (r"2 \bigl[ S + D \bigr]", "2*(S + D)"),
    (r"\frac{\frac{S}{D}}{\frac{B}{A}}", "S*A/(D*B)"),
    (r"\frac{6 N_{\mathrm{params}}}{\lambda_{\mathrm{FLOP/s}}}", "6*N_params/lambda_flops"),
    (r"B M_{\mathrm{hbm}}D", "B*hbm*D"),
    ("\\frac{S}\n{D}", "S/D"),
    (r"\begin{equation} 12\,L\,D^{2} \end{equation}", "12*L*D**2"),
    (r"\begin{equation*}\frac12 S\end{equation*}", "S/2"),
    # what frameworks call sizes
    ("batch_size*seqlen*(d_model/n_heads)*n_layers*2*2*n_kv_heads", "4*B*S*D/A*L*G"),
    ("12*args.batch_size*args.seq_length", "12*B*S"),
    ("2hidden_size^2", "2*D**2"),
    ("n_params", "N_params"),
]


@pytest.mark.parametrize(("typed", "meant"), ON_PAPER)
def test_a_formula_on_paper_means_what_it_says(typed: str, meant: str) -> None:
    assert parse(typed) == parse(meant)


@pytest.mark.parametrize("symbol", SYMBOLS.values(), ids=list(SYMBOLS))
def test_every_symbol_is_read_as_it_is_typeset(symbol: object) -> None:
    tex, name = getattr(symbol, "tex", ""), getattr(symbol, "name", "")
    assert parse(tex) == parse(name)
    assert parse(rf"2 {tex}D^{{2}}") == parse(f"2*{name}*D**2")


def test_what_digits_in_groups_were_read_as_is_said() -> None:
    said: list[str] = []
    assert parse("1,024 B + 46,702,792,704", said=said) == parse("1024*B + 46702792704")
    assert said == ["1,024 read as 1024", "46,702,792,704 read as 46702792704"]


# --- two readings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "readings"),
    [
        ("S/6D", ("/(6*D)", "/6*D")),
        ("1/2(S + D)", ("/(2*(...))", "/2*(...)")),
        ("S/BD", ("/(B*D)", "/B*D")),
        ("S/BD²", ("/(B*D)", "/B*D")),
        ("S/D(E + 2)", ("/(D*(...))", "/D*(...)")),
        ("S/2 D", ("/(2*D)", "/2*D")),
        ("2E+4", ("2e+4", "2*E+4")),
        ("2E4", ("2e4", "2*E*4")),
        (r"S^23\,D", ("^{23}", "^{2} times 3")),
        ("tp", ("t*p", "T")),
        ("bs", ("the batch size B", "b*s")),
        ("micro_batch_size", ("B on one device", "B/(N_d*X*M) on a mesh")),
        ("tp(S)", ("t*p", "T")),
        ("bs (S + 1)", ("the batch size B", "b*s")),
        ("micro_batch_size(S)", ("B on one device", "B/(N_d*X*M) on a mesh")),
        ("1/hidden_size(S + 1)", ("/(hidden_size*(...))", "/hidden_size*(...)")),
        ("1/hidden_size (S + 1)", ("/(hidden_size*(...))", "/hidden_size*(...)")),
        ("A//5", ("A/5 where 5 divides A", "rounded down")),
        ("(7*B)//2", ("7*B/2 where 2 divides 7*B", "rounded down")),
        ("S//(BD²)", ("S/(B*D**2) where B*D**2 divides S", "rounded down")),
        ("D//A//G", ("D/(A*G) where G divides D/A", "rounded down")),
        ("L*(S//64)", ("S/64 where 64 divides S", "rounded down")),
        ("p*B//2", ("B*p/2 where 2 divides B*p", "rounded down")),
        ("E*D//1", ("D*E where 1 divides D*E", "rounded down")),
    ],
)
def test_what_has_two_readings_is_refused_with_both(typed: str, readings: tuple[str, str]) -> None:
    with pytest.raises(UserError) as refused:
        parse(typed)
    assert all(reading in str(refused.value) for reading in readings)
    assert_short(str(refused.value))


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (r"\int S", r"column 1 .*\\int is not read: put in its value"),
        (r"2\foo", r"column 2 .*unknown TeX command '\\foo': write what it stands for"),
        (r"\frac{S}", "something is missing at the end"),
        (r"\frac{S}{D", "a brace { is not closed"),
        ("S}", "ends nothing"),
        ("$S", "ends nothing"),
        (r"\mathrm", "a group in braces is missing"),
        ("_{x}", "a subscript belongs to a letter"),
        ("2)S", "closes nothing"),
        ("²", "raises nothing"),
        ("√B", r"column 2 .*how far does the root go\? Write its parentheses, as in √\(B\)"),
        ("√ 2B", r"Write its parentheses, as in √\(2\)"),
        ("\u0412*S", r"unexpected character .* \(Cyrillic capital letter ve\)"),
        ("λS", "Greek small letter lamda\\); write its name, as in lambda_mem"),
        ("int(B)", "'int' is neither a size nor a function here"),
        ("BxS", "in 'BxS': unknown symbol 'x': did you mean X"),
        ("tokens", "^column 1 of 'tokens': unknown symbol 'tokens'"),
        ("B(S, D)", "B is a size: write one factor in the parentheses behind it"),
        ("max(1,000, B)", "'1,000' has two readings: 1000, and 1 and 000 as arguments of max"),
        (r"\max\left(B, 1,000\right)", "'1,000' has two readings"),
        ("46 702 B", "'46 702' has two readings: 46702 and 46.702; write one of them"),
        ("1,00*B", "only numbers"),
        ("1000,000*B", "only numbers"),
        ("3½B", r"column 2 .*'½' stands behind a factor"),
        ("config['not a name']", "only numbers"),
        ("shape[0]*B", "column 6 .*an index is not read; write the size that it stands for"),
        ("config[0]", "column 7 .*an index is not read"),
        ("S[i]", "column 2 .*an index is not read"),
        ("2 [S", r"column 3 .*'\[' was never closed"),
        ("2 (S", r"column 3 .*'\(' was never closed"),
        ("L [D (E + 2) + S)", r"column 17 .*this parenthesis closes nothing; '\[' is open"),
        ("L (D (E + 2) + S]", r"column 17 .*this bracket closes nothing; '\(' is open"),
        (r"\begin{tabular}S\end{tabular}", "an environment 'tabular' is not read: write the one formula"),
        ("S 2", r"write \* or \*\* before it"),
        ("B" * 61, "unknown symbol"),
        ("f(S)", "only numbers"),
        ("S\u0661", "unexpected character"),
        ("{" * 500 + "S" + "}" * 500, "deep"),
        (r"\frac{1}{" * 500 + "S" + "}" * 500, "deep"),
        (r"\frac" * 500, "deep"),
        ("^" * 500, "column"),
        ("S^" + "{9" * 30 + "}" * 30, "column|whole"),
        ("(B+S+L+D+A+G+E+V+K+T+p)" * 30, "terms|exponent"),
        ("9^9^9", "column"),
        ("1//" * 2000 + "0", "division by zero"),
        (r"\left(" * 1600 + "S", "column"),
    ],
)
def test_what_is_not_read_is_refused_at_once(typed: str, message: str) -> None:
    assert len(typed) <= MAX_LENGTH
    start = time.perf_counter()
    with pytest.raises(UserError, match=message) as refused:
        parse(typed)
    assert_short(str(refused.value))
    assert time.perf_counter() - start < 1


def test_an_error_points_at_what_was_typed() -> None:
    with pytest.raises(UserError, match="column 17 of"):
        parse(r"\frac{BS}{2T} + Z")
    with pytest.raises(UserError, match="column 4 of '2B·Z'"):
        parse("2B·Z")


PIECES = st.sampled_from(
    [*SYMBOLS, *"0123456789(){}^_$²³·×/+- ", r"\frac", r"\left(", r"\right)", r"\cdot", r"\text", r"\,", "⌈", "⌉", "//"]
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_formula_on_paper_is_read_or_refused(typed: str) -> None:
    try:
        parse(typed)
    except UserError as error:
        assert_short(str(error))


# --- what is printed reads back ---------------------------------------------------------------------------------------

NOTATIONS = (python, unicode, latex)


@given(st.builds(Quotient, polynomials(size=4), polynomials(size=3).filter(bool)), st.sampled_from(SHAPES))
def test_a_form_reads_back_in_every_notation_and_shape(form: Quotient, shape: str) -> None:
    assert [parse(write(form, shape)) for write in NOTATIONS] == [form] * 3


LONG_NAMES = st.lists(st.sampled_from(list(SYMBOLS)), min_size=1, max_size=6)


@given(LONG_NAMES, LONG_NAMES, LONG_NAMES)
def test_products_of_any_symbols_read_back(first: list[str], second: list[str], below: list[str]) -> None:
    products = [Polynomial.constant(1), Polynomial.constant(3), Polynomial.constant(1)]
    for at, names in enumerate((first, second, below)):
        for name in names:
            products[at] = products[at] * Polynomial.symbol(name)
    form = Quotient(products[0] + products[1], products[2])
    assert [parse(write(form)) for write in NOTATIONS] == [form] * 3


@pytest.mark.parametrize("style", [PYTHON, UNICODE, LATEX], ids=["text", "unicode", "latex"])
@given(expression=EXPRESSIONS)
def test_a_tree_reads_back_in_every_notation(style: Style, expression: str) -> None:
    tree = read(expression).node
    try:
        value = evaluate(tree, {"S": 7, "D": 3})
    except UserError:  # a division by zero
        return
    again = Reader(read(text(tree, style)))
    assert evaluate(again.apart(again.formula.node), {"S": 7, "D": 3}) == value


@pytest.mark.parametrize(
    "function",
    ["max(S, D)", "min(S, 2*D)", "ceil(S/10)", "floor(S/D)", "sqrt(4)", "S*max(S, S)", "2*B*min(S, D)*D"],
)
def test_functions_read_back_in_every_notation(function: str) -> None:
    tree = read(function).node
    for style in (PYTHON, UNICODE, LATEX):
        again = Reader(read(text(tree, style)))
        assert again.apart(again.formula.node) == tree


@pytest.mark.slow  # three thousand forms, six times each
def test_every_form_that_is_held_reads_back_in_every_notation() -> None:
    fields = ("form", "remainder", "limited", "limited remainder")
    held = {
        form
        for records in guard.read().values()
        for record in records.values()
        for field in fields
        for form in record.get(field, ())
        if "oo" not in form
    }
    assert len(held) > 2000
    for form in map(parse, sorted(held)):
        for shape in ("auto", "expanded"):
            assert [parse(write(form, shape)) for write in NOTATIONS] == [form] * 3
