"""What of a plan changes the graph: which axes there are, and the choices that are no numbers.

Plans that are alike in that differ in numbers alone: degrees of the axes that are there, chunks, microbatches. Their
forms are derived once, with these as symbols. An axis of one device is left out, as it changes which ops there are.
"""

from __future__ import annotations

from collections.abc import Mapping

from costgraph.errors import UserError
from costgraph.estimation.asked import Request
from costgraph.mesh import (
    AXES,
    USUAL_ORDER,
    Axis,
    ContextAxis,
    DataAxis,
    ExpertsAxis,
    Mesh,
    MicrobatchesAxis,
    PipelineAxis,
    TensorAxis,
)
from costgraph.passes.recompute import Recompute
from costgraph.records import dataclass, replace
from costgraph.setup import Setup

KINDS = {axis.symbol: kind for kind, axis in AXES.items() if axis.symbol in USUAL_ORDER}
DEVICES = USUAL_ORDER[:-1]  # the axes of devices
DEGREES = (*DEVICES, "v", "M")
NO_REPLAY = "none"


@dataclass(frozen=True)
class Structure:
    """Plans whose graph is the same.

    Args:
        axes: the symbols of the axes that there are, outermost first; M is the one in time.
        zero: of which states of parameters elements are cut evenly, on a data axis.
        recompute: what is replayed: `none`, `selective`, `full`, or `every=4`.
        schedule: of a pipeline; empty without one.
        context: how attention looks at the positions of others; empty without such an axis.
        sequence: whether what no head splits rests in parts on a tensor axis.
        copies: whether devices of a tensor axis share key/value heads, of which there are fewer than devices.
        one_group: whether an interleaved pipeline has as many microbatches as stages, which is a case of its own.
        degrees: those of its symbols that are numbers, as where whole layers are spread unevenly.
    """

    axes: tuple[str, ...]
    zero: int = 0
    recompute: str = NO_REPLAY
    schedule: str = ""
    context: str = ""
    sequence: bool = False
    copies: bool = False
    one_group: bool = False
    degrees: tuple[tuple[str, int], ...] = ()

    @property
    def lightest(self) -> Structure:
        """The same with nothing replayed: no plan of it takes longer, as what is replayed is done once more."""
        return replace(self, recompute=NO_REPLAY)

    @property
    def open(self) -> tuple[str, ...]:
        """The symbols of which plans have numbers."""
        chunks = ("v",) if self.schedule == "interleaved" else ()
        found = [name for name in (*self.axes, *chunks) if not (self.one_group and name == "M")]
        return tuple(name for name in found if name not in dict(self.degrees))

    def axis(self, name: str, numbers: Mapping[str, int | str]) -> Axis:
        """One of its axes."""
        degree = numbers.get(name, name)
        if name == "P":
            chunks = numbers.get("v", "v") if self.schedule == "interleaved" else 1
            return PipelineAxis(degree, v=chunks, schedule=self.schedule)  # type: ignore[arg-type]
        if name == "N_d":
            return DataAxis(degree, zero=self.zero)  # type: ignore[arg-type]
        if name == "C":
            return ContextAxis(degree, how=self.context)  # type: ignore[arg-type]
        if name == "X":
            return ExpertsAxis(degree)
        if name == "T":
            return TensorAxis(degree, sequence=self.sequence, replicate_kv=self.copies)
        return MicrobatchesAxis(degree)

    def mesh(self, numbers: Mapping[str, int] | None = None) -> Mesh:
        """Its axes, with symbols for what is open, or with the numbers of a plan."""
        known: dict[str, int | str] = {**dict(self.degrees), **(numbers or {})}
        if self.one_group:
            known["M"] = known.get("P", "P")
        return Mesh.of(self.axis(name, known) for name in self.axes)

    def called(self, numbers: Mapping[str, int]) -> str:
        """A plan of it in words, with all that another one may have in its place."""
        replay = f"; recompute({self.recompute})" if self.recompute != NO_REPLAY else ""
        batch = f"; B={numbers['B']}" if "B" in numbers else ""
        return f"{self.mesh(numbers) or 'one device'}{replay}{batch}"

    def setup(self, setup: Setup) -> Setup:
        """The model with what is replayed, on one device."""
        replay = () if self.recompute == NO_REPLAY else (replayed(self.recompute),)
        return replace(setup, passes=(*setup.passes, *replay)) if replay else setup

    def request(self, asked: Request, known: dict[str, Setup], numbers: Mapping[str, int] | None = None) -> Request:
        """The question on its mesh.

        Args:
            asked: the question on one device.
            known: what structures share, by what is replayed; built once.
            numbers: of a plan; all that its axes have are symbols without.

        Raises:
            UserError: the model cannot be spread like that.
        """
        mesh = self.mesh(numbers)
        if self.recompute not in known:
            known[self.recompute] = self.setup(asked.setup)
        return replace(asked, setup=known[self.recompute].on(mesh))

    def derived_from(self, asked: Request, known: dict[str, Setup]) -> Request:
        """The same to derive forms of, in which nothing but numbers of plans are symbols: of a training step.

        In a generation the batch, and the context, are others.
        """
        if self.recompute not in known:
            found = self.setup(asked.setup)
            known[self.recompute] = found.numbered(asked.bindings) if asked.phase == "train" else found
        return self.request(asked, known)


def replayed(text: str) -> Recompute:
    """The pass that replays what `full`, `selective` or `every=4` says.

    Raises:
        UserError: something else.
    """
    name, _, group = text.partition("=")
    if name == "every" and group.isdigit() and int(group) > 0:
        return Recompute(every=int(group))
    if text not in ("selective", "full"):
        raise UserError(f"recompute={text}: write none, selective, full, or every=4")
    return Recompute(text)  # type: ignore[arg-type]
