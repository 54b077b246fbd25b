"""Sizes as code names them: what names are taken for, and which ones a condition puts in."""

from __future__ import annotations

import ast
import re
from collections.abc import Container
from typing import Any

from costgraph.algebra.frameworks import meaning_of
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.derivation import derived
from costgraph.given import Options, read_letters
from costgraph.library.auditing.names import EMBEDDINGS, MEANT, MLP_WIDTH, WITHOUT_TABLES
from costgraph.setup import Setup

DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


class OtherCaseError(Exception):
    """The case is one of another question than the one that was asked."""


def told(of: Options) -> list[str]:
    """The names that the user says the meaning of."""
    own = of.get("let", ())
    texts = [own] if isinstance(own, str) else [*own]
    return [part.partition("=")[0].strip() for one in texts for part in str(one).split(",")]


def meant(text: str, of: Options) -> tuple[list[str], str]:
    """What names with several meanings are taken for in code, beside what the user says of them; and that in words."""
    own = of.get("let", ())
    graph = Setup.of(**of).graph
    usual = {**MEANT, **({"hidden_dim": "D"} if MLP_WIDTH.search(text) else {})}
    if not any(op.place == "embed" for op in graph.ops):  # else some leave the tables out, and some the head, too
        usual |= dict.fromkeys(WITHOUT_TABLES, "N_params")
    own_names = told(of)
    found = [
        f"{name}={meaning}"
        for name, meaning in usual.items()
        if name not in own_names and re.search(rf"\b{name}\b", text)
    ]
    let = [*([own] if isinstance(own, str) else own), *found]
    if EMBEDDINGS not in text:
        return let, ", ".join(found)
    tables = of_embeddings(of)
    said = f"modules that are an Embedding: {tables}"
    return [*let, f"{EMBEDDINGS}={tables}"], ", ".join([*found, said])


def of_embeddings(of: Options) -> Polynomial:
    """The parameters of tokens and learned positions, of what is asked."""
    (form,) = derived(Setup.of(**of), ["params"]).forms.values()
    return total(term.amount for term in form.terms if term.place == "embed")


def with_size(name: str, size: Polynomial, said: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The same with a size put in, if the question has it open.

    Raises:
        OtherCaseError: it has another one.
    """
    setup = Setup.of(**asked)
    if name not in setup.graph.symbols and name != "p":
        return asked
    known = setup.sizes.get(name) or (setup.bindings.get(name) if name != "p" else None)
    if known is not None:
        bound = {one: value for one, value in setup.bindings.items() if isinstance(value, Polynomial)}
        if isinstance(known, Polynomial) and known != size.substitute(bound):
            raise OtherCaseError(f"of {said}, and {name} = {known} is asked of")
        return asked
    if name in size.symbols:
        return asked
    limit = asked.get("limit") or ()
    if isinstance(limit, dict):
        return {**asked, "limit": {**limit, name: size}}
    return {**asked, "limit": [*([limit] if isinstance(limit, str) else limit), f"{name}={size}"]}


def with_default(name: str, value: ast.expr, asked: dict[str, Any]) -> dict[str, Any]:
    """The same with a size put in that is made of others: `d_ff == 4*d_model`, `n_kv_heads == n_heads`.

    Raises:
        OtherCaseError: the question has another one.
        UserError: what it is made of cannot be read.
    """
    symbols = Setup.of(**asked).graph.symbols
    text, said = undotted(ast.unparse(value)), f"{name} = {ast.unparse(value)}"
    let, _ = meant(text, asked)  # type: ignore[arg-type]
    letters = read_letters(let, asked.get("notation"), in_formula=True)
    meaning = size_named(name, symbols)
    if not (meaning or name in letters):
        return asked
    means, size = parse(name if name in letters else meaning, None, letters), parse(text, symbols, letters)
    own = means.symbols if len(means.symbols) == 1 else [one for one in means.symbols if one == "E"]
    for one in own:
        size, means = size * Quotient(Polynomial.symbol(one)) / means, Quotient(Polynomial.symbol(one))
        if size.is_polynomial:
            return with_size(one, size.numerator, said, asked)
    if size != means:
        raise OtherCaseError(f"of {said}, and {name} = {means} is asked of")
    return asked


def size_named(name: str, symbols: Container[str] = SYMBOLS) -> str:
    """What a name means in code that counts costs, in symbols of a question if it can be; "" if it is no size."""
    return name if name in SYMBOLS else MEANT.get(name) or meaning_of(name, symbols)


def undotted(text: str) -> str:
    """A formula of code with `n_layer` in the place of `config.n_layer`."""
    return DOTTED.sub(lambda name: name[0].rpartition(".")[2], text)
