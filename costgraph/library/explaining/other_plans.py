"""Whether a formula is right for another plan: one option of one axis of the mesh is another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from costgraph.algebra.quotient import Quotient
from costgraph.derivation import derived
from costgraph.errors import UserError
from costgraph.given import Options
from costgraph.mesh import Axis, Mesh
from costgraph.setup import Setup


def plan_of(equal: Callable[[Quotient], bool], measure: str, setup: Setup, of: Options) -> str:
    """What a formula is right for, in words: `it is right for data(N_d, zero=3)`; "" if for no other plan."""
    said = []
    for axis, mesh in others(setup.mesh):
        changed: Any = {**of, "mesh": mesh}
        try:
            (form,) = derived(Setup.of(**changed), [measure]).limited.values()
        except UserError:  # an option that does not fit the others, or this model
            continue
        said += [str(axis)] if equal(form.value) else []
    return f"it is right for {' or '.join(dict.fromkeys(said))}" if said else ""


def others(mesh: Mesh) -> Iterator[tuple[Axis, Mesh]]:
    """The meshes with one option of one axis changed, beside that axis."""
    for at, axis in enumerate(mesh.axes):
        hints = get_type_hints(type(axis))
        for name in (field.name for field in fields(axis)):
            for value in choices(hints[name]):
                if value != getattr(axis, name):
                    try:
                        other = replace(axis, **{name: value})
                        yield other, Mesh([*mesh.axes[:at], other, *mesh.axes[at + 1 :]])
                    except UserError:
                        continue


def choices(hint: Any) -> tuple[Any, ...]:
    """The values of an option that has few."""
    return get_args(hint) if get_origin(hint) is Literal else (False, True) if hint is bool else ()
