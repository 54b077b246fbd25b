"""Formulas out of Python source, which is parsed and never run: assignments, returns, conditionals as cases.

What a name was last given is put in its place, so that a formula is left in the names that come from outside: arguments
and fields such as `config.n_layer`. A function of the same file is read where it is called. Whatever else decides on a
value (a loop, an index, a library) makes that value unreadable, and is said.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from costgraph.errors import UserError, unknown
from costgraph.library.auditing.code_shapes import Formula, State, Value, is_arithmetic
from costgraph.library.auditing.fields import Made, around, decided, elsewhere, left_by, made_by
from costgraph.library.auditing.named_sizes import size_named
from costgraph.library.auditing.places import ALL_FIELDS, agreed
from costgraph.library.auditing.scopes import Definition, Function, Scope, arguments, definitions
from costgraph.library.auditing.statements import Reader
from costgraph.library.auditing.values import usual
from costgraph.records import dataclass


def formulas(source: str, function: str = "", told: Sequence[str] = ()) -> list[Formula]:
    """What a file assigns and returns, in order of lines; of one function, if it is named.

    What a name is given last on a way through a body is a formula, and what is only added to later is none.

    Args:
        source: the file.
        function: if not of all.
        told: names that the user says the meaning of, which are left as they are.

    Raises:
        UserError: it is no Python (with the line), nested too deeply, or has no such function.
    """
    try:
        module = ast.parse(source)
        scope, left = Scope.of(module), frozenset(told)
        bodies = [one for _, one in definitions(module, ())]
        if function:
            asked = tuple(function.split("."))
            every = [one for one in bodies if isinstance(one, Function)]
            bodies = [one for one in every if scope.inside(one).path[-len(asked) :] == asked]
            if not bodies:
                raise unknown("function", function, {one.name: one for one in every})
        reader = Reader(scope, left)
        found = reader.read("", module.body)
        found = [] if function else found
        within = Definitions(scope, left, agreed(reader.ends, "at the top of the file"))
        found += [one for body in bodies for one in within.read(body)]
    except SyntaxError as error:
        raise UserError(f"line {error.lineno}: no Python: {error.msg}") from None
    except UserError:
        raise
    except (RecursionError, MemoryError, ValueError):
        raise UserError("nested too deeply to be read") from None
    return sorted(dict.fromkeys(found), key=lambda one: one.line)


def runs_text(body: ast.AST) -> bool:
    """Whether something runs text as code, or gives something to names by other names."""
    calls = (one.func.id for one in ast.walk(body) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name))
    return not {"exec", "locals", "globals"}.isdisjoint(calls)


@dataclass
class Definitions:
    """Reads the functions and classes of a file, each for itself.

    Args:
        scope: of the file.
        told: names that the user says the meaning of.
        top: what names stand for behind all that stands outside of them.
        made: what the fields of classes are, of those that were needed.
    """

    scope: Scope
    told: frozenset[str]
    top: Mapping[str, Value]
    made: dict[tuple[str, ...], Made] = field(default_factory=dict)

    def read(self, body: Definition) -> list[Formula]:
        """The formulas in a body."""
        reader = Reader(self.scope.inside(body), self.told, self.defaults(body))
        of_class, method = around(body, self.scope)
        fields = self.fields(of_class).seen_by(method) if method is not None else {}
        found = reader.read(body.name, body.body, State({**self.outside(body), **fields}))
        if runs_text(body):
            found = [replace(one, text="", unread="'exec' gives to names who knows what") for one in found]
        outer = self.scope.the(self.scope.inside(body).path[:-1])
        of = outer.name if isinstance(outer, ast.ClassDef) else ""
        return [replace(one, within=of) for one in found]

    def defaults(self, body: Definition) -> dict[str, ast.Constant]:
        """The numbers that arguments are if nothing is given, of those whose names are words that say no size."""
        known = usual(body) if isinstance(body, Function) else {}
        unnamed = {name: one for name, one in known.items() if len(name) > 2 and not size_named(name)}
        return {name: one for name, one in unnamed.items() if is_arithmetic(one) and name not in self.told}

    def outside(self, body: Definition) -> dict[str, Value]:
        """What names from outside of a body stand for in it."""
        own = set(arguments(body)) if isinstance(body, Function) else set()
        names = {name: value for name, value in self.top.items() if name.partition(".")[0] not in (*own, ALL_FIELDS)}
        return {**names, **self.scope.decided_around(body)}

    def fields(self, owner: tuple[str, ...]) -> Made:
        """What the fields of a class are once it is made."""
        if owner not in self.made:
            found: dict[str, Value] = {}
            for one in made_by(owner, self.scope):
                reader = Reader(self.scope.inside(one), self.told)
                reader.read(one.name, one.body, State({**self.outside(one), **found}))
                found |= left_by(one, reader.ends)
            own = decided(owner, self.scope)
            self.made[owner] = Made(own or found, elsewhere(owner, self.scope))
        return self.made[owner]
