"""The operators of Python on forms: sums, products and powers are forms, order is that at all sizes.

What has no meaning, or depends on sizes that are not bound, is refused in a sentence.
"""

from __future__ import annotations

from math import trunc
from typing import TYPE_CHECKING, NoReturn, Self, TypeAlias, cast

from costgraph import arithmetic, ordering
from costgraph.algebra.symbols import Rational
from costgraph.errors import UserError, shorten

if TYPE_CHECKING:
    from costgraph.closed_form import ClosedForm

    Operand: TypeAlias = ClosedForm | Rational | float


class Operators:
    """What a closed form does beside numbers and other forms."""

    __array_ufunc__ = None  # so that NumPy leaves its numbers as they are: `float32(0.3) * form` is asked of the form

    @property
    def _form(self) -> ClosedForm:
        return cast("ClosedForm", self)

    # --- forms of forms ---------------------------------------------------------------------------------------------

    def __add__(self, other: Operand) -> ClosedForm:
        return self._form.plus(other)

    def __radd__(self, other: Operand) -> ClosedForm:
        form = self._form
        return form if other == 0 else arithmetic.beside(form, other).plus(form)  # 0 is what `sum` begins with

    def __sub__(self, other: Operand) -> ClosedForm:
        return self._form.minus(other)

    def __rsub__(self, other: Operand) -> ClosedForm:
        return arithmetic.beside(self._form, other).minus(self._form)

    def __neg__(self) -> ClosedForm:
        return arithmetic.negative(self._form)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> ClosedForm:
        return arithmetic.absolute(self._form)

    def __mul__(self, other: Operand) -> ClosedForm:
        return arithmetic.product(self._form, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Operand) -> ClosedForm:
        return arithmetic.quotient(self._form, other)

    def __rtruediv__(self, other: Operand) -> ClosedForm:
        return arithmetic.quotient(arithmetic.beside(self._form, other, "1"), self._form)

    def __pow__(self, exponent: Rational | float, modulus: object = None) -> ClosedForm:
        if modulus is not None:
            raise UserError(f"{self._form.name}: a form has no power modulo a number")
        return arithmetic.power(self._form, exponent)

    def __rpow__(self, base: object) -> NoReturn:
        name = self._form.name
        raise UserError(
            f"{shorten(repr(base), 20)}**{name}: a form is no exponent; with every size bound int({name}) is"
        )

    # --- order, where sizes do not decide -----------------------------------------------------------------------------

    def __lt__(self, other: Operand) -> bool:
        return ordering.is_below(self._form, other)

    def __le__(self, other: Operand) -> bool:
        return ordering.is_at_most(self._form, other)

    def __gt__(self, other: Operand) -> bool:
        return ordering.is_below(arithmetic.beside(self._form, other), self._form, turned=True)

    def __ge__(self, other: Operand) -> bool:
        return ordering.is_at_most(arithmetic.beside(self._form, other), self._form, turned=True)

    # --- numbers, once every symbol is bound --------------------------------------------------------------------------

    def __floordiv__(self, other: Operand) -> Rational:
        first, second = arithmetic.divided(self._form, other)
        return arithmetic.whole(first // second)

    def __rfloordiv__(self, other: Operand) -> Rational:
        return arithmetic.beside(self._form, other) // self._form

    def __mod__(self, other: Operand) -> Rational:
        first, second = arithmetic.divided(self._form, other)
        return arithmetic.whole(first % second)

    def __rmod__(self, other: Operand) -> Rational:
        return arithmetic.beside(self._form, other) % self._form

    def __divmod__(self, other: Operand) -> tuple[Rational, Rational]:
        return self // other, self % other

    def __rdivmod__(self, other: Operand) -> tuple[Rational, Rational]:
        return other // self, other % self

    def __float__(self) -> float:
        return float(arithmetic.as_number(self._form))

    def __int__(self) -> int:
        return int(arithmetic.as_number(self._form))

    def __trunc__(self) -> int:
        return trunc(arithmetic.as_number(self._form))

    def __round__(self, digits: int | None = None) -> Rational | float:
        return round(float(self), digits) if digits is not None else round(arithmetic.as_number(self._form))

    def __format__(self, spec: str) -> str:
        form = self._form
        if form.number is None and (aside := arithmetic.aligned(str(self), spec)) is not None:
            return aside
        return arithmetic.formatted(arithmetic.as_number(form), spec, str(self)) if spec else str(self)
