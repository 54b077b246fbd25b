"""What a convention makes of the work: causal squares, windows, parameters in place of matmuls, a typed backward.

Every rule goes by what ops and dims are (a core has a causal mask, a router's result has the dim expert), by no name.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, product, total
from costgraph.closed_form import ClosedForm
from costgraph.conventions import Convention
from costgraph.errors import UserError
from costgraph.graph.dim import Dim
from costgraph.graph.graph import Graph
from costgraph.graph.loop import Segment
from costgraph.graph.op import Op
from costgraph.graph.selection import multiplies_weights
from costgraph.graph.tensor import Tensor
from costgraph.measures import op_costs
from costgraph.measures.params import Use, share, uses
from costgraph.mesh import ContextAxis
from costgraph.provenance import Term
from costgraph.records import dataclass, replace

TABLES = ("embedding", "positions")  # kinds of ops that read rows of a table
AS_MATMULS = {"look_up": (), "matmul": ("embedding",), "tables": TABLES}  # those that count as products


@dataclass(frozen=True)
class Counted:
    """A graph as a convention counts its FLOPs."""

    graph: Graph
    convention: Convention

    def terms(self, phases: tuple[str, ...]) -> Iterator[Term]:
        """One term for each op that counts, and for each parameter if those are counted."""
        twice = self.convention.counting.backward == "twice"
        for phase in phases:
            if phase != "backward" or not twice:
                yield from self.as_its_counter_has_it(phase)
            elif any(op.phase == "backward" for op in self.graph.ops):
                for term in self.as_its_counter_has_it("forward"):
                    yield replace(term, source=f"2 x {term.source}", amount=term.amount * 2)

    def as_its_counter_has_it(self, phase: str) -> list[Term]:
        """The terms of one phase after what the convention's counter does otherwise than any option says."""
        found = list(self.of_phase(phase))
        return found if self.convention.quirk is None else self.convention.quirk(self.graph, phase, found)

    def of_phase(self, phase: str) -> Iterator[Term]:
        """The terms of the ops of one phase; weights that are counted by parameters are so in the forward pass."""
        by_parameters = self.convention.counting.linear == "parameters"
        if by_parameters and phase == "forward":
            yield from self.of_parameters()
        for op in self.graph.ops:
            if op.phase == phase and (amount := self.work(op)):
                spec = f" {op.spec}" if op.spec else ""
                yield Term(op.name, f"{op.kind}{spec}", amount * op.times)

    # --- ops --------------------------------------------------------------------------------------------------------

    def work(self, op: Op) -> Polynomial:
        """FLOPs of one run of an op, as they count."""
        if op.body:
            return total(self.work(step) for step in op.body)
        counting, tensors = self.convention.counting, self.graph.tensors
        if op.kind in AS_MATMULS[counting.embedding] and counting.linear == "matmuls":
            return self.looked_up(op)
        found = op_costs.flops(op, tensors, self.convention)
        if op.kind in ("conv", "conv_grad"):
            return found * counting.multiply_add / 2
        if op.kind != "einsum" or not found:
            return found
        if self.left_out(op):
            return ZERO
        if op.core in self.cores:
            found = self.seen(op, found, *self.cores[op.core])
        return found * counting.multiply_add / 2

    def left_out(self, op: Op) -> bool:
        """Whether a contraction does not count: of the head, a router, a core, or weights that count themselves."""
        counting = self.convention.counting
        names = self.dims_of(op)
        if counting.head == "left_out" and "vocab" in names:
            return True
        if counting.router == "left_out" and "expert" in names:
            return True
        if counting.attention == "left_out" and op.core:
            return True
        return counting.linear == "parameters" and op.phase == "forward" and multiplies_weights(op, self.graph)

    def dims_of(self, op: Op) -> set[str]:
        """The names of all dims of an op."""
        return {dim for name in (*op.inputs, *op.outputs) for dim in self.graph.tensors[name].names}

    def looked_up(self, op: Op) -> Polynomial:
        """What a product with one-hot vectors would take."""
        table = self.graph.tensors[op.inputs[-1]]
        out = self.graph.tensors[op.outputs[0]]
        rows = product(dim.size for dim in table.dims if dim.name not in out.names)
        return out.numel * rows * self.convention.counting.multiply_add

    # --- attention --------------------------------------------------------------------------------------------------

    @cached_property
    def cores(self) -> dict[Segment | None, tuple[Dim, Dim]]:
        """Queries and what they look at, for each attention core with a causal mask."""
        found: dict[Segment | None, tuple[Dim, Dim]] = {}
        for op in (step for one in self.graph.ops for step in (one, *one.body)):
            if op.kind == "causal_mask" and op.phase == "forward" and op.core:
                *_, query, context = self.graph.tensors[op.outputs[0]].dims
                found[op.core] = query, context
        return found

    def seen(self, op: Op, work: Polynomial, query: Dim, context: Dim) -> Polynomial:
        """The share of the work on scores that counts."""
        if not {query.name, context.name} <= self.dims_of(op):
            return work
        counting = self.convention.counting
        each = work.divide(query.whole * context.whole)
        assert each is not None  # of a product with both dims, which may be sums, such as S + 1
        wide = context.whole
        window = context.name == "window"
        if window and counting.windows == "full":
            wide, window = self.graph.extents["context"].size, False
        square = query.whole * wide
        if counting.causal == "full" or query.whole == ONE:
            return each * square
        if self.contiguous:
            return self.of_last_device(each, query, wide, window)
        side = wide if window else query.whole
        if counting.causal == "half_band" and (window or query.whole == wide):
            return each * square / 2
        if counting.causal in ("half", "half_band"):
            return each * (square - side * side / 2)
        return each * (square - side * (side - 1) / 2)

    @property
    def contiguous(self) -> bool:
        """Whether devices have contiguous positions, so that the last one sees most."""
        axis = self.graph.mesh.axis(ContextAxis.kind)
        return isinstance(axis, ContextAxis) and axis.order == "contiguous" and axis.how != "heads"

    def of_last_device(self, each: Polynomial, query: Dim, wide: Polynomial, window: bool) -> Polynomial:
        """The work of the device with the last positions, from that of a pair shared by all devices.

        Raises:
            UserError: whether it misses any of a window depends on sizes.
        """
        if window:
            name = self.convention.name
            raise UserError(
                f"{name} counts what a window sees, which contiguous positions share unevenly; order='zigzag'"
            )
        rows = query.whole
        for cut in query.cuts:
            rows = rows / cut.degree if cut.axis == ContextAxis.symbol else rows
        corner = rows * rows / 2 if self.convention.counting.causal != "triangle" else rows * (rows - 1) / 2
        return each * (query.whole / rows) * (rows * wide - corner)

    # --- parameters -------------------------------------------------------------------------------------------------

    def of_parameters(self) -> Iterator[Term]:
        """A multiply-add for each parameter and token."""
        if "memory" in self.graph.sizes:
            raise UserError(f"{self.convention.name} counts parameters times tokens: an encoder has tokens of its own")
        per = self.convention.counting.multiply_add
        active = self.convention.counting.parameters == "active"
        for name, used in uses(self.graph).items():
            tensor = self.graph.tensors[name]
            if self.convention.counts(tensor.role) and used.readers and self.takes_part(tensor, used):
                # A table that is looked up in and multiplied with counts where it is multiplied.
                op = next((one for one in used.readers if one.kind not in TABLES), used.readers[0])
                amount = used.tensor.numel * tensor.times * (share(self.graph, used) if active else ONE)
                yield Term(op.source, f"{name} with each token", amount * self.tokens(op) * per)

    def tokens(self, op: Op) -> Polynomial:
        """How many tokens meet the parameter of an op on one device.

        As many as its operands have, which at rest between devices may be parts of a sequence; all of the device's
        where these are others, such as slots or chunks.
        """
        own = [dim for name in (*op.inputs, *op.outputs) for dim in self.graph.tensors[name].dims]
        return product((self.stream | {dim.name: dim.size for dim in own if dim.name in self.stream}).values())

    @cached_property
    def stream(self) -> dict[str, Polynomial]:
        """The dims of all tokens of a device, with their sizes."""
        found = {dim.name: dim.size for tensor in self.graph.inputs for dim in tensor.dims if dim.name == "batch"}
        return found | {name: one.size for name, one in self.graph.extents.items() if name == "query"}

    def takes_part(self, tensor: Tensor, used: Use) -> bool:
        """Whether a parameter counts: not a table of which rows are looked up, nor a head or router that is out."""
        counting = self.convention.counting
        readers = {op.kind for op in used.readers}
        if readers <= set(TABLES):
            return bool(readers & {*AS_MATMULS[counting.embedding]})
        if counting.head == "left_out" and "vocab" in tensor.names:
            return False
        return counting.router == "counted" or "expert" not in tensor.names or "hit" in readers


def nothing_counted(found: ClosedForm, where: str) -> str:
    """Why a form that leaves nothing out has nothing of some ops."""
    if found.unit == "FLOP" and not found.convention.elementwise:
        return f"no matmul is in {where}, and {found.convention.name} counts nothing else; elementwise=... would"
    return f"nothing that {found.name.partition('(')[0]} counts is in {where}"
