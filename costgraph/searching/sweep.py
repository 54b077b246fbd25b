"""A sweep: measures at all points of a grid, piece by piece, so that what is kept is what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costgraph.errors import UserError
from costgraph.estimation.asked import Request
from costgraph.estimation.assumed import BOUND, ESTIMATE, IDLE
from costgraph.given import read_mesh
from costgraph.records import dataclass
from costgraph.searching.columns import BLOCK, Column, Columns
from costgraph.searching.command import as_typed
from costgraph.searching.constraints import Condition
from costgraph.searching.costs import length_of
from costgraph.searching.engines import Run, plain
from costgraph.searching.grid import Grid, Piece
from costgraph.searching.measures import GROWING, MEASURES, said_of
from costgraph.searching.open_mesh import LARGE, OpenMesh
from costgraph.searching.pareto import front
from costgraph.searching.plans import row
from costgraph.searching.sieve import Sieve, limited
from costgraph.searching.swept import Swept
from costgraph.searching.tally import Tally

MOST = 4 * LARGE  # points left by a sieve that are worked out at a time
MOST_KNOWN = 64  # combinations of choices whose forms are kept


@dataclass(frozen=True)
class Sweep:
    """What is swept.

    Args:
        grid: over what.
        measures: what is measured at every point.
        where: what points must keep, to be told of.
        pareto: measures in which no other point may be as good; empty for all points.
        request: makes the question of one combination of choices, in which some numbers are 1 and the others open.
        degrees: the numbers of which 1 changes which ops there are.
        typed: what is the same at all points, by option.
    """

    grid: Grid
    measures: tuple[str, ...]
    where: tuple[Condition, ...]
    pareto: tuple[str, ...]
    request: Callable[[Mapping[str, str], Sequence[str]], Request]
    degrees: tuple[str, ...] = ()
    typed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the table."""
        return (*self.grid.choices, *self.grid.numbers, *self.measures)

    @property
    def measured(self) -> tuple[str, ...]:
        """What is worked out at every point: the measures, and others that are limited."""
        limited = [one.name for one in self.where if one.name not in self.grid.numbers]
        return tuple(dict.fromkeys((*self.measures, *limited)))

    @property
    def estimated(self) -> bool:
        """Whether its times are those at efficiencies."""
        return bool(self.typed.get("efficiency")) or "efficiency" in self.grid.choices

    @property
    def said(self) -> str:
        """What is the same at all points, in one line."""
        left = {name: text for name, value in self.typed.items() if (text := as_typed(value)) and name != "phase"}
        phase = [] if "phase" in self.grid.choices else [str(self.typed.get("phase", "train"))]
        return ", ".join([*phase, *(f"{name} {text}" for name, text in left.items())])

    @property
    def assumptions(self) -> list[str]:
        """What its times take for granted, and what its measures are counted in."""
        meshes = self.grid.choices.get("mesh", (self.typed.get("mesh") or "",))
        idle = f"; {IDLE}" if any(read_mesh(mesh).pipeline for mesh in meshes) else ""
        timed = any(name in MEASURES and MEASURES[name].timed for name in self.measures)
        return [*([f"{ESTIMATE}{idle}" if self.estimated else BOUND] if timed else []), *said_of(self.measures)]


@dataclass(frozen=True)
class Block:
    """Rows of the table.

    Args:
        choices: what is the same in all of them.
        columns: numbers and measures, by name.
    """

    choices: Mapping[str, str]
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def rows(self, names: Sequence[str]) -> Iterator[tuple[str | float, ...]]:
        """Row by row."""
        parts: list[Sequence[str | float]] = [
            [self.choices[name]] * len(self) if name in self.choices else self.columns[name].tolist() for name in names
        ]
        return zip(*parts, strict=True)

    def some(self, which: NDArray[np.bool_ | np.int64] | slice) -> Block:
        """Some of the rows."""
        return replace(self, columns={name: column[which] for name, column in self.columns.items()})


@dataclass(frozen=True)
class Part:
    """What a piece has given: rows, and how many points there were."""

    blocks: tuple[Block, ...]
    tally: Tally

    def compact(self) -> Part:
        """What is handed on to another process."""
        return self


Finish = Callable[[Piece, tuple[Block, ...]], tuple[Block, ...]]


class Looking:
    """Looks at one piece after the other; forms are derived once for those of one combination of choices.

    Args:
        asked: what is swept.
        finish: what is done with the rows of a piece before they are handed on; nothing unless given.
    """

    def __init__(
        self, asked: Sweep, finish: Callable[[Piece, tuple[Block, ...]], tuple[Block, ...]] | None = None
    ) -> None:
        self.asked, self.finish = asked, finish
        self._chosen, self._parts = list(asked.grid.chosen()), list(asked.grid.parts(asked.degrees))
        self._known: dict[tuple[object, ...], Swept] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_known": {}}  # whoever gets it derives what he needs himself

    def __call__(self, piece: Piece) -> Part:
        """The rows of a piece that are told of."""
        tally, grid = Tally(points=len(piece)), self.asked.grid
        found: list[list[Block]] = []
        for ones, part in self._parts:
            first, last = grid.before(piece.first, part), grid.before(piece.last, part)
            if first < last:
                found.append(self.rows(self._chosen[piece.part], ones, part, (first, last), tally))
        blocks = self.unbeaten(self.in_order([blocks for blocks in found if blocks]))
        tally.told = 0 if self.asked.pareto else sum(map(len, blocks))
        return Part(self.finish(piece, blocks) if self.finish else blocks, tally)

    def rows(
        self, choices: Mapping[str, str], ones: tuple[str, ...], grid: Grid, stretch: tuple[int, int], tally: Tally
    ) -> list[Block]:
        """Those of a stretch of points in which some degrees are 1."""
        try:
            swept = self.swept(choices, ones)
        except UserError as error:
            tally.refused[str(error)] = tally.refused.get(str(error), 0) + (stretch[0] == 0)
            return []
        tally.units |= {name: form.unit for name, form in swept.plain.items() if name in self.asked.measures}
        tally.attention |= {swept.request.setup.attention}
        sieve = None
        if swept.costs is None:  # which knows of links that do not join, point by point
            sieve = Sieve.of(limited(swept.where, swept.forms, grid.numbers), grid.each)
        return [
            Block(choices, kept)
            for mesh in grid.blocks(*stretch, BLOCK if sieve is None else sieve.block)
            for points in self.points(swept, mesh, sieve, tally)
            if (kept := self.kept(swept, points, dict.fromkeys(ones, np.ones(1)), tally))
        ]

    def in_order(self, parts: Sequence[Sequence[Block]]) -> Sequence[Block]:
        """The rows of parts, which differ in what is 1, in the order of the axes."""
        blocks = [block for part in parts for block in part]
        if len(parts) < 2:
            return blocks
        columns = {name: np.concatenate([block.columns[name] for block in blocks]) for name in blocks[0].columns}
        return [Block(blocks[0].choices, columns).some(self.asked.grid.order(columns))]

    def check(self) -> None:
        """Refuse what no combination of choices can be: what is wrong at all points is wrong in the question.

        Raises:
            UserError: why.
        """
        reasons: dict[str, None] = {}
        for choices, ones, _ in self.combinations():
            try:
                self.swept(choices, ones)
                return
            except UserError as error:
                reasons[str(error)] = None
        first, *others = reasons
        more = f" (no combination can be, for {len(others)} more reason{'s' * (len(others) > 1)})"
        raise UserError(first + more * bool(others))

    def combinations(self) -> Iterator[tuple[Mapping[str, str], tuple[str, ...], Grid]]:
        """All points by what has the same graph: choices, the degrees that are 1, and the other numbers."""
        for choices, (ones, part) in product(self._chosen, self._parts):
            yield choices, ones, part

    def swept(self, choices: Mapping[str, str], ones: tuple[str, ...]) -> Swept:
        """The forms of one combination of choices."""
        key = (*choices.items(), ones)
        if key not in self._known:
            numbers = [name for name in self.asked.grid.numbers if name not in ones]
            found = Swept(self.asked.request(choices, ones), numbers, self.asked.measured, self.asked.where)
            if len(self._known) >= MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[key] = found
        return self._known[key]

    def of_point(self, choices: Mapping[str, str], point: Mapping[str, int]) -> Swept:
        """The forms of one point."""
        may = self.asked.grid.ones(self.asked.degrees)
        return self.swept(choices, tuple(name for name in may if point[name] == 1))

    def points(self, swept: Swept, mesh: OpenMesh, sieve: Sieve | None, tally: Tally) -> Iterator[Columns]:
        """What is worked out of a block: all of it, or some at a time of what a sieve leaves."""
        if sieve is None:
            yield mesh
            return
        tally.illegal += mesh.length - swept.lawful(mesh)
        left = sieve.rest(mesh)
        for first in range(0, length_of(left), MOST):
            yield {name: column[first : first + MOST] for name, column in left.items()}

    def kept(self, swept: Swept, points: Columns, ones: Mapping[str, Column], tally: Tally) -> dict[str, Column]:
        """Those of some points that may be and keep what was asked; nothing if there are none."""
        values, legal = swept.at(points)
        tally.illegal += int((~legal).sum()) if isinstance(points, OpenMesh) else 0
        columns = {**ones, **points}
        every = {name: np.broadcast_to(column, len(legal)) for name, column in {**columns, **values}.items()}
        for one in swept.where:
            holds = one.holds(every[one.name])
            for at in np.flatnonzero(legal & one.near(every[one.name])).tolist():
                holds[at] = one.holds_exactly(
                    swept.exact(row({number: every[number] for number in columns}, at), one.name)
                )
            legal = legal & holds
        if not legal.any():
            return {}
        found = {name: column[legal] for name, column in every.items()}
        return found | {name: found[name].astype(np.int64) for name in (*columns, "devices") if name in found}

    def unbeaten(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """The blocks without the rows that another one beats, where such are asked for."""
        if not self.asked.pareto or not blocks:
            return tuple(blocks)
        signs = [-1 if name in GROWING else 1 for name in self.asked.pareto]
        numbers = self.asked.grid.numbers
        ends = np.cumsum([len(block) for block in blocks])

        def exactly(at: int, column: int) -> Any:
            number = int(np.searchsorted(ends, at, side="right"))
            block, name = blocks[number], self.asked.pareto[column]
            point = {one: int(block.columns[one][at - ends[number]]) for one in numbers}  # from the end
            swept = self.of_point(block.choices, point)
            return signs[column] * swept.exact(point, name)

        table = [
            np.concatenate([sign * block.columns[name] for block in blocks])
            for sign, name in zip(signs, self.asked.pareto, strict=True)
        ]
        left = np.zeros(int(ends[-1]), dtype=bool)
        left[front(table, exactly)] = True
        parts = np.split(left, ends[:-1])
        return tuple(block.some(mine) for block, mine in zip(blocks, parts, strict=True) if mine.any())


def sweep(
    asked: Sweep, tally: Tally, progress: Callable[[int], None] = lambda points: None, run: Run = plain,
    looking: Looking | None = None,
) -> Iterator[Block]:  # fmt: skip
    """The table, block by block; of a Pareto front one block for each combination of choices, once all is known.

    Args:
        asked: what is swept.
        tally: what is counted on the way.
        progress: is told how many points were looked at so far.
        run: who looks at the pieces.
        looking: what is done with each piece.

    Raises:
        UserError: no combination of choices can be; at once, before any row is there.
    """
    look = looking or Looking(asked)
    look.check()
    return looked_at(look, tally, progress, run)


def looked_at(look: Looking, tally: Tally, progress: Callable[[int], None], run: Run) -> Iterator[Block]:
    """The same, of a question that can be asked."""
    asked = look.asked
    left: tuple[Block, ...] = ()
    for part in run(look, asked.grid.pieces()):
        tally.add(part.tally)
        progress(tally.points)
        if asked.pareto:
            left = look.unbeaten([*left, *part.blocks])
        else:
            yield from part.blocks
    tally.told += sum(map(len, left))
    yield from left
