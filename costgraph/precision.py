"""Precision policies: how many bytes of the training state of one parameter are kept, named or one's own.

A policy is one of `PRECISIONS`, a TOML file with the keys of `Precision`, or text such as
`weights=2,gradients=2,master=4,moments=4+4`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from costgraph.algebra.bindings import split_list
from costgraph.algebra.parser import Size
from costgraph.algebra.symbols import Rational
from costgraph.errors import UserError, shorten, unknown
from costgraph.records import dataclass, replace
from costgraph.user_files import MAX_TOML, read_text

State = Literal["weights", "gradients", "optimizer"]  # of a parameter; the master copy and moments are the optimizer's
STATES: tuple[State, ...] = ("weights", "gradients", "optimizer")
ITEMSIZE = {  # bytes per element of data types
    "fp64": Fraction(8), "fp32": Fraction(4), "tf32": Fraction(4), "bf16": Fraction(2), "fp16": Fraction(2),
    "fp8": Fraction(1), "int8": Fraction(1), "fp6": Fraction(3, 4), "fp4": Fraction(1, 2), "int4": Fraction(1, 2),
}  # fmt: skip
# The same by the names that frameworks and configuration files have for them.
WIDTHS_BY_NAME = ITEMSIZE | {
    f"{prefix}{name}": ITEMSIZE[short]
    for prefix in ("", "torch.")
    for name, short in (
        ("float64", "fp64"), ("float32", "fp32"), ("float16", "fp16"), ("half", "fp16"), ("bfloat16", "bf16"),
        ("float8_e4m3fn", "fp8"), ("float8_e5m2", "fp8"),
    )
}  # fmt: skip
KEYS = ("weights", "gradients", "master", "moments", "factored")
EXAMPLE = "weights=2,gradients=2,master=4,moments=4+4"
WIDTH = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}|/[1-9][0-9]{0,8})?")
LEAST, MOST = Fraction(1, 8), 16  # bytes of a number: one bit, and twice a double
MOST_MOMENTS = 4
FP32 = 4  # bytes of what has to be computed, or kept, exactly enough


def width(value: Any) -> Rational:
    """Bytes of a number: `2`, `0.5`, or `65/64` for a byte with an fp32 scale for every 256 elements.

    Raises:
        UserError: no number, or one that no format has.
    """
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, bool) or not WIDTH.fullmatch(text):
        raise UserError(f"must be a number of bytes such as 2, 0.5 or '65/64', not {shorten(repr(text), 40)}")
    if not LEAST <= (found := Fraction(text)) <= MOST:
        bounds = f"a number takes from {LEAST} to {MOST}, and what is not kept is left out"
        raise UserError(f"is {shorten(text, 40)} bytes; {bounds}")
    return int(found) if found.denominator == 1 else found


def typed_width(key: str, given: Any) -> Rational:
    """The bytes that a key of a policy was typed with."""
    try:
        return width(given.strip() if isinstance(given, str) else given)
    except UserError as error:
        raise UserError(f"precision: {key} {error}") from None


@dataclass(frozen=True, slots=True)
class Precision:
    """Bytes per parameter that training keeps.

    Args:
        weights: of what the forward and the backward pass read.
        gradients: of the gradient as it is kept for the update.
        master: of the copy that the optimizer updates in place of the weights; 0 without one.
        moments: of each moment of the gradient that the optimizer keeps: two for Adam, one for SGD with momentum.
        name: how the policy is asked for.
        source: where it is written down, and what it leaves out.
        factored: of a second moment that is kept for each row and each column of a matrix; of what is no matrix, for
            each element. 0 without one.

    Raises:
        UserError: a width that no format has, or more moments than any optimizer keeps.
    """

    weights: Annotated[Rational, width]
    gradients: Annotated[Rational, width]
    master: Annotated[Rational, width] = 0
    moments: tuple[Annotated[Rational, width], ...] = ()
    name: str = ""
    source: str = ""
    factored: Annotated[Rational, width] = 0

    def __post_init__(self) -> None:
        for key in ("weights", "gradients", *(key for key in ("master", "factored") if getattr(self, key) != 0)):
            object.__setattr__(self, key, typed_width(key, getattr(self, key)))
        if not isinstance(self.moments, tuple | list):
            raise UserError(f"precision: moments are several numbers such as (4, 4), not {shorten(repr(self.moments))}")
        if len(self.moments) > MOST_MOMENTS:
            raise UserError(f"precision: {len(self.moments)} moments; an optimizer keeps at most {MOST_MOMENTS}")
        object.__setattr__(self, "moments", tuple(typed_width("moments", one) for one in self.moments))

    @property
    def optimizer(self) -> Rational:
        """Of all that the optimizer keeps of each element."""
        return self.master + sum(self.moments)

    @property
    def widths(self) -> str:
        """The policy as one would type it."""
        master = f",master={self.master}" if self.master else ""
        moments = f",moments={'+'.join(map(str, self.moments))}" if self.moments else ""
        factored = f",factored={self.factored}" if self.factored else ""
        return f"weights={self.weights},gradients={self.gradients}{master}{moments}{factored}"

    def __str__(self) -> str:
        return self.name or self.widths


EIGHT_BITS = 1 + Fraction(4, 256)  # a byte, and the fp32 maximum of every 256 elements
FP8_BLOCKS = 1 + Fraction(4, 128 * 128)  # a byte, and an fp32 scale for every block of 128 x 128
PRECISIONS: dict[str, Precision] = {
    policy.name: policy
    for policy in (
        Precision(
            2, 4, 4, (4, 4), "mixed_adam",
            "Decoder-Only Transformers, eq. 2.3 and 2.4: fp32 master copy, 2 moments",
        ),
        Precision(
            2, 2, 4, (4, 4), "mixed_adam_bf16",
            "Rajbhandari et al. 2020, ZeRO, Sec. 3.1: 2 + 2 + 12, gradients in 2 bytes",
        ),
        Precision(4, 4, 0, (4, 4), "fp32_adam", "Decoder-Only Transformers, eq. 2.1 and 2.4: 2 fp32 moments"),
        # The file at commit 51294d9; before, blocks had 2048 elements. The rest is mixed_adam, as in Hugging Face
        # transformers, "Anatomy of model's memory": 6 bytes of weights, 4 of gradients, about 2 of quantized moments.
        Precision(
            2, 4, 4, (EIGHT_BITS, EIGHT_BITS), "adam_8bit",
            "bitsandbytes, optim/optimizer.py: uint8 moments, an fp32 absmax per 256 elements; there tensors of fewer "
            "than 4096 elements keep fp32 moments, which is not counted",
        ),
        # Sec. 3.3.1 scales weights by blocks; that the FP8 copy is what is kept from step to step, and that scales are
        # fp32 (as in the published checkpoint), is our reading.
        Precision(
            FP8_BLOCKS, 4, 4, (2, 2), "fp8_adam",
            "DeepSeek-V3, arXiv 2412.19437, Sec. 3.3: weights in FP8 by blocks of 128 x 128, moments in BF16, master "
            "copy and gradients in FP32; there embedding, head and norms stay wider, which is not counted",
        ),
        Precision(
            4, 4, 0, (4,), "sgd_momentum",
            "Hugging Face transformers, Anatomy of model's memory: fp32 weights and gradients, one fp32 state",
        ),
        Precision(
            2, 4, 4, (4,), "mixed_lion",
            "Chen et al. 2023, Symbolic Discovery of Optimization Algorithms: one momentum; the rest as mixed_adam",
        ),
        Precision(
            4, 4, 0, (), "adafactor",
            "Shazeer and Stern 2018, Adafactor, Alg. 4: no momentum, the squares' means of rows and columns in fp32",
            factored=4,
        ),
    )
}  # fmt: skip
USUAL = "mixed_adam"


def element(given: Size) -> Size:
    """Bytes per element of a data type by its name, or as they are: `int4`, `p_w`, `0.5`."""
    return WIDTHS_BY_NAME.get(given.strip(), given) if isinstance(given, str) else given


def policy(text: str | Precision) -> Precision:
    """The policy that `text` names, points at or describes.

    Args:
        text: a name, a path ending in `.toml`, or `weights=..., gradients=...`, and what of `master=...`,
            `moments=...+...`, `factored=...` is kept.

    Raises:
        UserError: unknown name or key (nearest names), unreadable file, a width that is missing or out of bounds.
    """
    if isinstance(text, Precision):
        return named(text)
    if not isinstance(text, str):
        raise UserError(f"a precision is a name such as {USUAL}, a file or '{EXAMPLE}', not {shorten(repr(text))}")
    if text.endswith(".toml") or ("/" in text and "=" not in text):
        return from_file(text)
    if "=" in text:
        return typed(text)
    if text not in PRECISIONS:
        raise unknown("precision", text, PRECISIONS)
    return PRECISIONS[text]


def typed(text: str) -> Precision:
    """A policy as text."""
    given: dict[str, str] = {}
    for item in split_list(text):
        key, _, value = (part.strip() for part in item.partition("="))
        if key not in KEYS:
            raise unknown("key of a precision", key or item, KEYS)
        if key in given:
            raise UserError(f"precision: {key} is given twice")
        given[key] = value
    if missing := [key for key in ("weights", "gradients") if key not in given]:
        raise UserError(f"precision '{shorten(text)}': {' and '.join(missing)} missing, as in {EXAMPLE}")
    moments = given.pop("moments").split("+") if "moments" in given else []
    widths = {key: typed_width(key, value) for key, value in given.items()}
    master, factored = (widths.get(key, 0) for key in ("master", "factored"))
    kept = tuple(typed_width("moments", part) for part in moments)
    return Precision(widths["weights"], widths["gradients"], master, kept, factored=factored)


def from_file(path: str) -> Precision:
    """The policy in a file, called like the file if it says nothing else."""
    from costgraph.toml_tables import from_table
    from costgraph.toml_text import parse_toml

    place = f"precision file {shorten(path, 200)}"
    one = from_table(Precision, parse_toml(read_text(path, MAX_TOML, place), place), place)
    return named(replace(one, name=shorten(one.name or Path(path).stem, 40)))


def named(one: Precision) -> Precision:
    """The policy, if its name means no other one.

    Raises:
        UserError: it is the name of a known policy with other widths.
    """
    known = PRECISIONS.get(one.name, one)
    if known.widths != one.widths:
        raise UserError(f"precision {one.name} is {known.widths}; give other widths ({one.widths}) another name")
    return one
