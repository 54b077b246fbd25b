"""What a setup is made of, given as text or as objects."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, Union

from costgraph.algebra.bindings import Binding, Typed, check_bindings, parse_bindings, split_list, symbol_of, value_of
from costgraph.algebra.named_letters import NO_LETTERS, Letters
from costgraph.algebra.parser import Size, size
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import INFINITY, SYMBOLS
from costgraph.conventions import Convention, usual
from costgraph.errors import UserError, shorten, unknown
from costgraph.graph.graph import Graph
from costgraph.graph.rules import RULES
from costgraph.mesh import Axes, Mesh, TensorAxis
from costgraph.models.model import Model
from costgraph.options import checked, number, parse_call
from costgraph.passes import PASSES, PLACING, Pass, names_of
from costgraph.passes.widths import Widths
from costgraph.precision import ITEMSIZE, USUAL, WIDTHS_BY_NAME, Precision, element, policy
from costgraph.records import dataclass, replace

if TYPE_CHECKING:
    from costgraph.models.architecture import Architecture
    from costgraph.passes.shares import Layers

Made = TypeVar("Made")
OpSet = Union[str, Graph, "Architecture", Callable[[], Graph]]
Step = str | Pass | type[Pass]
Limit = str | Iterable[str] | Mapping[str, Any]
VARIABLE = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
Attention = Literal["eager", "flash"]
PLAIN = Widths()  # p for everything
FLASH, UPDATE = "flash_attention", "update"  # passes by name: none is imported before it is applied


@dataclass(frozen=True)
class Choices:
    """What else changes a graph.

    Args:
        attention: `flash` fuses the attention core, which the pass flash_attention does.
        widths: bytes per element of weights, cache and logits, where they have some of their own.
    """

    attention: Attention = "eager"
    widths: Widths = PLAIN

    def __post_init__(self) -> None:
        checked("choices", self)


EAGER = Choices()


class Options(TypedDict, total=False):
    """What `Setup.of` reads, for front ends that pass it on."""

    model: str | Path | Mapping[str, object] | Model | None
    op_set: OpSet | None
    phase: str | None
    passes: Step | Iterable[Step] | None
    mesh: Mesh | Axes | None
    limit: Limit | None
    symbolic: str | Iterable[str]
    convention: str | Convention | None
    precision: str | Precision | Mapping[str, Size] | None
    attention: Attention | None
    weights: Size
    cache_dtype: Size
    choices: Choices
    let: str | Iterable[str] | Mapping[str, str]
    notation: str | None


Sizes = TypedDict("Sizes", {  # noqa: UP013  # a line for each would fill a screen
    "B": Size, "S": Size, "S_e": Size, "S_w": Size, "S_k": Size, "L": Size, "D": Size, "A": Size, "G": Size,
    "H": Size, "W": Size, "R_q": Size, "R_kv": Size, "H_n": Size, "H_r": Size, "H_v": Size, "E": Size, "F": Size,
    "N_r": Size, "K_r": Size, "N_hit": Size, "K_hit": Size, "N_s": Size, "F_e": Size, "A_s": Size, "H_s": Size,
    "D_s": Size, "G_s": Size, "K_s": Size, "Q_s": Size, "N_c": Size, "V": Size, "K": Size, "R_a": Size, "T": Size,
    "p": Size, "p_w": Size, "p_kv": Size, "p_logits": Size, "N_params": Size, "hbm": Size, "lambda_flops": Size,
    "lambda_mem": Size, "lambda_comms": Size, "lambda_node": Size, "lambda_net": Size, "m": Size, "n": Size,
    "k": Size, "t": Size, "N_d": Size, "N_h": Size, "C": Size, "C_h": Size, "X": Size, "Y": Size, "P": Size, "M": Size,
    "v": Size,
}, total=False)  # fmt: skip


class Keywords(Options, Sizes, total=False):
    """The same with sizes as keywords, so that a type checker knows them."""


def read_names(given: str | Iterable[str]) -> tuple[str, ...]:
    """Names of symbols, as text such as `D,L` or one by one."""
    if not isinstance(given, Iterable):
        raise no_kind("symbols are text such as 'D,L' or ['D', 'L']", given)
    found = [name.strip() for text in ([given] if isinstance(given, str) else given) for name in split_list(text)]
    if not all(found):
        raise UserError(f"'{shorten(','.join(found))}': a symbol is missing beside a comma")
    return tuple(dict.fromkeys(found))


def read_model(given: str | Path | Mapping[str, object] | Model | None, op_set: OpSet | None = None) -> Model:
    """A model by name or as it is, in another op set if one is given; the decoder without sizes where there is none."""
    if given is None:
        found = Model.unnamed("decoder")
    elif isinstance(given, Model):
        found = given
    elif isinstance(given, str | Path | Mapping) or hasattr(given, "to_dict"):
        from costgraph.models.known import model  # reads configurations, which an op set has none of

        found = model(given)
    else:
        raise no_kind("a model is a name, a file or a Model", given)
    return found if op_set is None else found.as_op_set(written(op_set))


def read_model_in(given: str | Path | Mapping[str, object] | Model | None, dtype: str | None) -> Model | None:
    """The same, with p as wide as a data type that was typed instead of as the model's file says."""
    if given is None or dtype not in ITEMSIZE:
        return None if given is None else read_model(given)
    found = read_model(given)
    return replace(found, bindings={name: value for name, value in found.bindings.items() if name != "p"})


def written(op_set: OpSet) -> str | Graph | Architecture:
    """An op set as text, as its graph, or as the architecture that it is built from."""
    needs = signature(op_set).parameters.values() if callable(op_set) else ()
    if missing := [one.name for one in needs if one.default is one.empty and one.kind not in VARIABLE]:
        raise UserError(f"an op set is text, a Graph or a function that makes one; this one needs {missing[0]}")
    found: object = op_set() if callable(op_set) else op_set
    if isinstance(found, str | Graph):
        return found
    from costgraph.models.architecture import Architecture  # brings all blocks along

    if not isinstance(found, Architecture):
        raise no_kind("an op set is text, a Graph or a function that makes one", op_set)
    return found


def made(what: str, given: str | Made, table: Mapping[str, Callable[..., Made]], kind: type[Made]) -> Made:
    """What was given as an object, or what its text means."""
    if isinstance(given, str):
        found: Made = parse_call(what, given, table)
        return found
    if not isinstance(given, kind):
        raise no_kind(f"a {what} is text or a {kind.__name__}", given)
    return given


def read_convention(given: str | Convention | None, named: bool) -> Convention:
    """A convention as text or as it is; the usual one if nothing is said.

    Args:
        given: as it was typed.
        named: whether a model was asked for by its name.

    Raises:
        UserError: an unknown name or option, or a rate for a kind of op that there is not.
    """
    if given is None:
        return usual(named)
    from costgraph.conventions.known import CONVENTIONS  # those of peers, too

    found = made("convention", given, CONVENTIONS, Convention)
    for kind, _ in found.elementwise:
        if kind not in RULES and "." not in kind:  # names of ops are `place.what`
            raise unknown("op kind", kind, RULES)
    return found


def read_letters(
    let: str | Iterable[str] | Mapping[str, str], notation: str | None, in_formula: bool = False
) -> Letters:
    """Letters of one's own, and what they stand for where sizes are typed, or in a formula."""
    if not let and notation is None:
        return NO_LETTERS
    from costgraph.letters import read  # most questions are in symbols of the table

    return read(let, notation, in_formula)


def read_mesh(given: Mesh | Axes | None) -> Mesh:
    """A mesh as text, as its axes, or as it is; one device without any."""
    return given if isinstance(given, Mesh) else Mesh(given or ())


def read_passes(given: Step | Iterable[Step] | None) -> tuple[Pass, ...]:
    """Passes as text, as objects, or as classes, mixed."""
    steps = [given] if isinstance(given, str | Pass | type) else given or ()
    if not isinstance(steps, Iterable):
        raise no_kind("passes are text, or passes such as flash_attention", given)
    found: list[Pass] = []
    for step in steps:
        if isinstance(step, str):
            found += [read_pass(text) for text in split_list(step)]
        else:
            found.append(made("pass", step() if isinstance(step, type) else step, {}, Pass))  # type: ignore[type-abstract]
    return tuple(found)


def read_choices(
    given: Choices, attention: Attention | None, passes: tuple[Pass, ...], done: Iterable[str]
) -> tuple[Choices, tuple[Pass, ...]]:
    """The choices, with those that passes mean; and the other passes.

    Args:
        given: as an object.
        attention: as text, which goes before the object.
        passes: that were asked for.
        done: those of a graph that was given.

    Raises:
        UserError: they contradict each other.
    """
    if not isinstance(given, Choices):
        raise no_kind("choices are an object such as Choices(attention='flash')", given)
    fused = [step for step in passes if step.name == FLASH]
    if attention is not None:
        given = replace(given, attention=attention)
    if attention == "eager" and (fused or FLASH in names_of(done)):
        raise UserError(f"attention eager and pass {FLASH} exclude each other; give one of them")
    if len(fused) != 1:
        return given, passes
    return replace(given, attention="flash"), tuple(step for step in passes if step not in fused)


def read_precision(given: str | Precision | Mapping[str, Size] | None, done: Iterable[str]) -> Precision:
    """The policy that was asked for, or that of the update in a graph that was given.

    Raises:
        UserError: it is unreadable, or not that of the graph.
    """
    if isinstance(given, Mapping):
        given = ",".join(f"{key}={value!s}" for key, value in given.items())
    update = next((step for step in done if names_of([step]) == [UPDATE]), None)
    if update is None:
        return policy(USUAL if given is None else given)
    kept = policy(update.partition("(")[2].removesuffix(")") or USUAL)
    if given is not None and (asked := policy(given)).widths != kept.widths:
        raise UserError(f"the graph has an update under precision {kept}, and precision {asked} is asked for; give one")
    return kept


WIDTHS = ("p_w", "p_kv", "p_logits")  # sizes that stand for the widths of some tensors where they are typed


def read_widths(weights: Size, cache: Size, limit: Limit, usual: Widths) -> Widths:
    """Bytes per element of weights, cache and logits; a symbol of them that is typed in the limit stands for them."""
    texts = [limit] if isinstance(limit, str) or not isinstance(limit, Iterable) else list(limit)
    typed = {item.partition("=")[0].strip() for text in texts for item in split_list(str(text))}
    sizes = [element(given) for given in (weights, cache, "")]
    own = dict(zip(WIDTHS, (usual.weights, usual.cache, usual.logits), strict=True))
    names = [name if name in typed and size == PLAIN.weights else size for name, size in own.items()]
    return Widths(*(given if given != "" else name for given, name in zip(sizes, names, strict=True)))


def read_pass(text: str) -> Pass:
    """A pass as text.

    Raises:
        UserError: it is none, or what a mesh does.
    """
    name, _, inside = text.strip().partition("(")
    if name.strip() == "place":
        mesh = shorten(inside.removesuffix(")")) or "data(N_d)"
        raise UserError(f"'{shorten(text)}' is no pass: what is placed on devices is said by --mesh '{mesh}'")
    found: Pass = parse_call("pass", text, PASSES)
    return found


def with_tensor_axis(mesh: Mesh, passes: tuple[Pass, ...]) -> tuple[Mesh, tuple[Pass, ...]]:
    """The mesh with what the pass tensor_parallel means, an axis inside all others; and the other passes."""
    if not any(step.name in PLACING for step in passes):
        return mesh, passes
    from costgraph.passes.place import Place, TensorParallel

    splits = [step for step in passes if isinstance(step, Place | TensorParallel)]
    others = tuple(step for step in passes if step not in splits)
    if len(splits) > 1:
        raise UserError(f"pass {splits[1].name} is given twice; each pass runs once")
    (step,) = splits
    for axis in step.mesh.axes:
        if (there := mesh.axis(axis.kind)) is not None:
            raise UserError(
                f"--pass '{step}' means --mesh '{axis}', and the mesh has {there} already; give one of them"
            )
    return replace(mesh, axes=(*mesh.axes, *step.mesh.axes)), others


def placement(mesh: Mesh, layers: Layers | None = None) -> Pass:
    """The pass that places tensors on the devices of a mesh, under the name of the one that splits over one axis."""
    from costgraph.passes.place import Place, TensorParallel

    (axis,) = mesh.axes if len(mesh.axes) == 1 else (None,)
    if isinstance(axis, TensorAxis):
        return TensorParallel(axis.degree, axis.sequence, axis.keep_gathered, axis.replicate_kv)
    return Place(mesh, layers)


def read_limit(
    limit: Limit,
    symbols: Container[str],
    also: Container[str] = (),
    letters: Mapping[str, Quotient] = NO_LETTERS,
) -> Typed:
    """Sizes and true limits, as text or by symbol; symbols `also` may be bound, and occur in no value.

    Raises:
        UserError: unreadable, unknown, or outside of a domain.
    """
    if not isinstance(limit, Mapping):
        if not isinstance(limit, Iterable):
            raise no_kind("a limit is text such as 'E=4,p=2' or {'E': 4, 'p': 2}", limit)
        return parse_bindings([limit] if isinstance(limit, str) else limit, symbols, also, letters, WIDTHS_BY_NAME)
    bindings: dict[str, Binding] = {}
    said: list[str] = []
    for typed, value in limit.items():
        name = symbol_of(str(typed), symbols, letters, also)
        if name in bindings:
            raise UserError(f"{name} is given twice, once as {typed}")
        endless = isinstance(value, str) and value == INFINITY
        bindings[name] = "oo" if endless else value_of(name, value, symbols, letters, WIDTHS_BY_NAME, said)
    check_bindings(bindings)
    return Typed(bindings, letters, said)


def names_size(name: str) -> bool:
    """Whether a keyword is a size: a symbol, or what frameworks call one, such as `batch_size`."""
    if name in SYMBOLS:
        return True
    from costgraph.algebra.frameworks import AMBIGUOUS, CALLED  # symbols need none of it

    return name in CALLED or name in AMBIGUOUS


def with_keywords(limit: Limit | None, sizes: Mapping[str, Size]) -> Limit:
    """Sizes that were typed, if any, with those that were given as keywords.

    Raises:
        UserError: a keyword is neither an option nor a symbol, or a size is given twice.
    """
    limit = () if limit is None else limit
    if not sizes:
        return limit
    for name in sizes:
        if not names_size(name):
            raise unknown("option", name, Options.__annotations__)
    if isinstance(limit, Mapping):
        if twice := [name for name in sizes if name in limit]:
            raise UserError(f"{twice[0]} is given twice, in the limit and as a keyword")
        return {**limit, **sizes}
    if not isinstance(limit, Iterable):
        raise no_kind("a limit is text such as 'E=4,p=2' or {'E': 4, 'p': 2}", limit)
    return [*([limit] if isinstance(limit, str) else limit), *(f"{name}={size!s}" for name, size in sizes.items())]


def whole_number(option: str, given: object) -> int:
    """A whole number from 1 on, also as text such as `4k`.

    Raises:
        UserError: anything else.
    """
    try:
        found = size(number(given) if isinstance(given, str) else given, ()).number  # type: ignore[arg-type]
    except UserError:
        found = None
    if found is None or found.denominator != 1 or found < 1:
        raise UserError(f"{option} {shorten(str(given))}: write a whole number, at least 1")
    return int(found)


def no_kind(expected: str, given: object) -> UserError:
    """An error for an object where another kind of thing is expected."""
    return UserError(f"{expected}, not {shorten(repr(given))}")
