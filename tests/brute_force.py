"""An independent count: a decoder that runs eagerly on one device of T and visits every index it would touch.

Nothing is imported from costgraph and no cost is written as a formula. `Device` plays the part of a training
framework: a contraction walks the ranges of all its indices and counts a multiply and an add at each visit, an array is
as large as the number of its index tuples, autograd keeps what each function's backward reads, and collectives pass
chunks around a ring, step by step, until every device has what it needs. `brute_model.py` writes the decoder with it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import count, product

Number = int | Fraction
Totals = defaultdict[str, Number]
serial = count()


def visits(shape: Iterable[int]) -> int:
    """How many index tuples there are, by walking them."""
    return walk(tuple(shape))


@cache
def walk(shape: tuple[int, ...]) -> int:
    return sum(1 for _ in product(*map(range, shape)))


@dataclass(eq=False)
class Array:
    """What one device stores. `kind` is activation, weight, bias, norm, statistic or index."""

    shape: tuple[int, ...]
    width: Number
    kind: str = "activation"
    shard: Array | None = None  # for a gathered array: the part that this device had before
    number: int = field(default_factory=lambda: next(serial))

    @property
    def bytes(self) -> Number:
        return visits(self.shape) * self.width


Gradients = list[tuple[Array, Array]]  # (array, contribution to its gradient)


@dataclass
class Device:
    """One of `T` devices, and everything it has counted. Counters are by kind of array."""

    T: int = 1
    keep_gathered: bool = False
    phase: str = "forward"
    saving: bool = True
    flops: Counter[str] = field(default_factory=Counter)
    parameters: Totals = field(default_factory=lambda: defaultdict(int))
    sent: Totals = field(default_factory=lambda: defaultdict(int))
    moved: Totals = field(default_factory=lambda: defaultdict(int))
    kept: dict[int, Array] = field(default_factory=dict)
    tape: list[tuple[Array, Callable[[Array], Gradients]]] = field(default_factory=list)
    gradients: dict[int, list[Array]] = field(default_factory=dict)
    gathered_again: dict[tuple[int, str], None] = field(default_factory=dict)
    sum_at_the_end: dict[int, tuple[Array, int]] = field(default_factory=dict)

    # --- what every function does -----------------------------------------------------------------------------------

    def run(self, reads: Iterable[Array], writes: Iterable[Array]) -> None:
        """One kernel: every operand comes from memory once, every result goes there once."""
        for array in {a.number: a for a in (*reads, *writes)}.values():
            self.moved[array.kind] += array.bytes

    def record(self, output: Array, saved: Iterable[Array], backward: Callable[[Array], Gradients]) -> Array:
        """Put a function on the tape and keep what its backward reads."""
        self.tape.append((output, backward))
        for array in saved:
            self.keep(array)
        return output

    def keep(self, array: Array) -> None:
        if self.saving:
            stored = array if array.shard is None or self.keep_gathered else array.shard
            self.kept[stored.number] = stored

    def whole(self, array: Array) -> Array:
        """A kept array in the backward; gathered once more if only this device's part of it was kept."""
        if array.shard is not None and not self.keep_gathered and self.phase == "backward":
            key = (array.number, self.phase)
            if key not in self.gathered_again:
                self.gathered_again[key] = None
                self.ring("all_gather", array)
        return array

    def parameter(self, kind: str, *shape: int, width: Number, copies: int = 1) -> Array:
        """A parameter; `copies` devices hold the same one and add up their gradients."""
        array = Array(shape, width, kind)
        self.parameters[kind] += visits(shape)
        if copies > 1:
            self.sum_at_the_end[array.number] = (array, copies)
        return array

    # --- collectives ------------------------------------------------------------------------------------------------

    def ring(self, what: str, array: Array, devices: int | None = None) -> None:
        """Send `array` (whole) around a ring of devices."""
        n = self.T if devices is None else devices
        halves = {"all_reduce": ("reduce_scatter", "all_gather")}.get(what, (what,))
        for half in halves:
            self.sent[array.kind] += ring_half(half, Fraction(array.bytes), n)

    # --- functions with their backward ------------------------------------------------------------------------------

    def contract(self, spec: str, x: Array, y: Array) -> Array:
        """An einsum of two operands; autograd keeps each for the gradient of the other."""
        left, result = spec.split("->")
        a, b = left.split(",")
        out = self.kernel(a, b, result, x, y)

        def backward(dy: Array) -> Gradients:
            other = self.whole(y)
            dx = self.kernel(result, b, a, dy, other, x.kind)
            mine = self.whole(x)
            return [(x, dx), (y, self.kernel(result, a, b, dy, mine, y.kind))]

        return self.record(out, [v for v in (x, y) if v.kind == "activation"], backward)

    def multiply_adds(self, a: str, b: str, x: Array, y: Array) -> dict[str, int]:
        sizes = dict(zip(a + b, x.shape + y.shape, strict=True))
        assert tuple(sizes[i] for i in a) == x.shape, "one letter, two sizes"
        self.flops[self.phase] += 2 * visits(sizes.values())
        return sizes

    def kernel(self, a: str, b: str, result: str, x: Array, y: Array, kind: str = "activation") -> Array:
        sizes = self.multiply_adds(a, b, x, y)
        out = Array(tuple(sizes[i] for i in result), x.width if kind == "activation" else y.width, kind)
        self.run([x, y], [out])
        return out

    def elementwise(
        self, x: Array, saved: Callable[[Array, Array], list[Array]], extra: list[Array] | None = None
    ) -> Array:
        """One result element per element of `x`; the backward is a kernel that reads the gradient and what was kept."""
        out = Array(x.shape, x.width)
        extra = extra or []
        self.run([x], [out, *extra])
        kept = [*saved(x, out), *extra]

        def backward(dy: Array) -> Gradients:
            dx = Array(x.shape, x.width)
            self.run([dy, *kept], [dx])
            return [(x, dx)]

        return self.record(out, kept, backward)

    def scale(self, x: Array) -> Array:
        return self.elementwise(x, lambda x, y: [])

    def mask(self, x: Array) -> Array:
        """Adding a constant: the gradient passes unchanged."""
        out = Array(x.shape, x.width)
        self.run([x], [out])
        return self.record(out, [], lambda dy: [(x, dy)])

    def softmax(self, x: Array) -> Array:
        return self.elementwise(x, lambda x, y: [y])

    def gelu(self, x: Array) -> Array:
        return self.elementwise(x, lambda x, y: [x])

    def dropout(self, x: Array) -> Array:
        return self.elementwise(x, lambda x, y: [], [Array(x.shape, 1)])

    def add(self, x: Array, y: Array) -> Array:
        """Sum with broadcasting of `y` over leading dims: its gradient is summed over them."""
        out = Array(x.shape, x.width)
        self.run([x, y], [out])

        def backward(dy: Array) -> Gradients:
            if y.shape == x.shape:
                return [(x, dy), (y, dy)]
            db = Array(y.shape, y.width, y.kind)
            self.run([dy], [db])
            return [(x, dy), (y, db)]

        return self.record(out, [], backward)

    def layer_norm(self, x: Array, scale: Array, shift: Array) -> Array:
        out = Array(x.shape, x.width)
        statistics = [Array(x.shape[:-1], 4, "statistic") for _ in ("mean", "rstd")]
        self.run([x, scale, shift], [out, *statistics])

        def backward(dy: Array) -> Gradients:
            grads = [Array(v.shape, v.width, v.kind) for v in (x, scale, shift)]
            self.run([dy, x, scale, *statistics], grads)
            return list(zip((x, scale, shift), grads, strict=True))

        return self.record(out, [x, *statistics], backward)

    # --- engine -----------------------------------------------------------------------------------------------------

    def checkpoint(self, function: Callable[..., Array], *inputs: Array) -> Array:
        """Keep the inputs alone, and run the function again when its gradient is wanted."""
        tape, saving, self.tape, self.saving = self.tape, self.saving, [], False
        out = function(*inputs)
        self.tape, self.saving = tape, saving

        def backward(dy: Array) -> Gradients:
            outer, self.tape, self.saving, self.phase = self.tape, [], False, "recompute"
            again = function(*inputs)
            inner, self.tape, self.phase = self.tape, outer, "backward"
            self.replay_tape(inner, again, dy)
            self.saving = saving
            return []

        return self.record(out, inputs, backward)

    def backward(self, output: Array) -> None:
        """Reverse the tape, from a gradient that comes from outside."""
        self.phase = "backward"
        self.replay_tape(self.tape, output, Array(output.shape, output.width))
        for number in list(self.gradients):
            self.gradient(number)
        for number, (array, devices) in self.sum_at_the_end.items():
            if number in self.gradients:
                self.ring("all_reduce", array, devices)

    def replay_tape(self, tape: list[tuple[Array, Callable[[Array], Gradients]]], output: Array, dy: Array) -> None:
        self.gradients.setdefault(output.number, []).append(dy)
        for array, step in reversed(tape):
            if array.number in self.gradients:
                for target, contribution in step(self.gradient(array.number)):
                    if target.kind != "index":
                        self.gradients.setdefault(target.number, []).append(contribution)

    def gradient(self, number: int) -> Array:
        """The whole gradient of an array: contributions are added by one kernel that reads each once."""
        parts = self.gradients[number]
        if len(parts) > 1:
            out = Array(parts[0].shape, parts[0].width, parts[0].kind)
            self.run(parts, [out])
            self.gradients[number] = [out]
        return self.gradients[number][0]


def ring_half(what: str, size: Fraction, n: int) -> Fraction:
    """Bytes that device 0 sends while `n` devices gather, or sum and scatter, an array of `size` bytes.

    Each device passes one of n chunks to its neighbour per step. A chunk is followed as the set of devices whose part
    has gone into it (summing) or that it has reached (gathering), so that the loop ends when the work is done.
    """
    chunk, sent, step = size / n, Fraction(0), 0
    if what == "all_gather":
        holds = [{device} for device in range(n)]
        while any(len(chunks) < n for chunks in holds):
            passing = [(device - step) % n for device in range(n)]
            assert all(passing[device] in holds[device] for device in range(n))
            for device in range(n):
                holds[(device + 1) % n].add(passing[device])
            sent, step = sent + chunk, step + 1
        return sent
    summed = [[{device} for _ in range(n)] for device in range(n)]  # [device][chunk] -> whose parts are in
    while not all(any(len(summed[device][c]) == n for device in range(n)) for c in range(n)):
        parts = [(device, (device - step) % n) for device in range(n)]
        moving = [summed[device][c] for device, c in parts]
        for (device, c), part in zip(parts, moving, strict=True):
            summed[(device + 1) % n][c] = summed[(device + 1) % n][c] | part
        sent, step = sent + chunk, step + 1
    return sent
