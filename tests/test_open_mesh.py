"""Open meshes: blocks of all combinations, and forms on them, held against the same combinations one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costgraph.algebra.definition import Definition
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.searching.columns import Program, with_defined
from costgraph.searching.open_mesh import OpenMesh, meshes

B, S, L, W = map(Polynomial.symbol, "BSLW")
NAMES = ("B", "S", "L", "W")
LISTS = st.lists(st.integers(1, 40), min_size=1, max_size=70, unique=True)
TERMS = st.lists(
    st.tuples(st.integers(-9, 9), st.tuples(*[st.integers(-2, 3)] * len(NAMES))), min_size=1, max_size=6
)  # fmt: skip


def flat(mesh: OpenMesh) -> dict[str, np.ndarray]:
    return {name: mesh[name] for name in mesh}


@given(
    st.dictionaries(st.sampled_from(NAMES), LISTS, min_size=1), st.integers(0, 3000), st.integers(0, 3000), st.data()
)
def test_blocks_are_the_combinations_from_one_to_another_in_order(
    lists: dict[str, list[int]], first: int, length: int, data: st.DataObject
) -> None:
    every = list(product(*lists.values()))
    block = data.draw(st.integers(1, 400))
    found = [
        row
        for mesh in meshes(lists, first, first + length, block)
        for row in zip(*(mesh[name].tolist() for name in lists), strict=True)
    ]
    assert found == every[first : first + length]
    assert all(mesh.length <= block for mesh in meshes(lists, first, first + length, block))


@pytest.mark.parametrize(
    "lengths", [(3,), (20_000,), (2, 9000), (3, 1499, 2), (1, 1), (50, 40, 30), ()], ids=lambda lengths: str(lengths)
)
def test_all_of_a_mesh_is_in_its_blocks_once(lengths: tuple[int, ...]) -> None:
    lists = {name: range(1, length + 1) for name, length in zip(NAMES, lengths, strict=False)}
    found = [mesh.length for mesh in meshes(lists)]
    assert sum(found) == np.prod(lengths, dtype=int)
    assert max(found) <= 8192


@given(st.lists(TERMS, min_size=1, max_size=4), st.integers(0, 4))
def test_forms_are_what_they_are_at_each_point(forms: list[list[tuple[int, tuple[int, ...]]]], outside: int) -> None:
    sums = [
        total(Polynomial.monomial(dict(zip(NAMES, powers, strict=True)), number) for number, powers in terms)
        for terms in forms
    ]
    program = Program.of(sums)
    for mesh in meshes({"B": [1, 2], "S": [3, 4, 5], "L": [7], "W": [2, 6]}, outside=outside):
        np.testing.assert_allclose(program.at(mesh), program.at(flat(mesh)), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("outside", range(5))
@pytest.mark.parametrize(
    ("function", "arguments", "sides"),
    [
        ("min", (S, W), 2),
        ("max", (S * 3, Polynomial.constant(7)), 1),
        ("ceil", (S / W,), 2),
        ("floor", (S * B / L,), 3),
    ],
)  # fmt: skip
def test_what_stands_for_a_minimum_or_is_rounded_is_worked_out_where_it_changes(
    function: str, arguments: tuple[Polynomial, ...], sides: int, outside: int
) -> None:
    one = Definition("S_w", function, arguments)
    program = Program.of([Polynomial.symbol("S_w") * B + S, B * L, Polynomial.symbol("S_w") ** 2 / W])
    for mesh in meshes({"B": [1, 2], "S": [3, 4, 5], "L": [7], "W": [2, 6]}, outside=outside):
        defined = with_defined(mesh, [one])
        assert isinstance(defined, OpenMesh)
        np.testing.assert_allclose(program.at(defined), program.at(with_defined(flat(mesh), [one])), rtol=1e-15)
        used = {name for form in arguments for name in form.symbols}
        across = used & mesh.outer.columns.keys() and used & mesh.inner.columns.keys()
        if min(mesh.shape) > 1:
            assert ("S_w" in defined.both) == bool(across)


def test_a_product_is_computed_on_its_side_alone() -> None:
    mesh = next(meshes({"B": range(1, 5), "S": range(1, 9)}, outside=1))
    Program.of([B**2 * S**3 + B * S]).at(mesh)
    assert {len(column) for column in mesh.inner.known.values()} == {8}
    assert {len(row) for row in mesh.outer.table(((("B", 2),),))} == {4}
