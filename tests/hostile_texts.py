"""Families of hostile text: what may be typed where a formula, a number, a name or an option is expected."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

SYMBOLS = ("B", "S", "D", "L", "A", "E", "p", "T", "V", "G", "K", "N_params", "hbm", "W", "M")
TOKENS = (
    *SYMBOLS, *"0123456789", *"+-*/()., =<>^'\"[]{}:;_#%!@&|~\\", "**", "<<", "->", "<=", ">=", "==", "oo", "1e9", "if",
    "True", "None", "lambda", "head", "max(", "min(", "ceil(", "sqrt(", "flops", "states", "activations", "cache", "//",
)  # fmt: skip
WORDS = (
    "nan", "NaN", "inf", "-inf", "Infinity", "oo", "-oo", "+oo", "None", "True", "False", "1e999", "1e-999", "-0", "00",
    "0x" + "f" * 80, "1_000", "1__0", "0/0", "1/0", "-1", "0", "", " ", "\t", "...", "0.1e+9", "1e", "1.", ".5", "1j",
    "__class__", "__import__('os')", "decoder", "decoder()", "max()", "min()", "max(B)", "S.real", "B[0]",
    "B if S else D",
    "[B for B in S]", "lambda: 0", "*B", "**B", "B:=1", "f'{B}'", "'B'", '"""', "{{ 7*7 }}", "%s", "%1000000000d",
    "-", "--",
    "18446744073709551616", "340282366920938463463374607431768211456", "1" + "0" * 400, "1/3", "-1/3", "1e400", "1 2",
    "B S", "B=", "=B", "B==B", "B<=", "<<", "<< D", "S << ", "S << S", "S << 0", "S->oo", "S->0", "->", "T->oo,T->oo",
)  # fmt: skip
CHARACTERS = (
    "\ud800", "\udfff", "\udc80", "\x01", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", "\u200b", "\ufeff", "\u0301",
    "\U0001f600", "\u0663", "\uff11", "\u00b2", "\u00bd", "\u2167", "\u0130", "\u00df", "\u03bb", "\u221e", "\u2264",
    "\u00d7",
    "\u226a", "\n", "\r", "\t", "\x0c", "\ufffe", "\U0010ffff", "\u1d2c", "\u2071", "\u212a", "B", "S", "1", "+", "*",
)  # fmt: skip
NESTS = (
    ("(", ")"), ("-", ""), ("1/(1+", ")"), ("max(1,", ")"), ("min(B,", ")"), ("[", "]"), ("ceil(", ")"), ("{", "}"),
    ("(-", ")**2"), ("f(", ")"), ("1/", ""), ("((", ")"), ("(1+", ")/2"),
)  # fmt: skip

TEX = (
    *SYMBOLS, *"0123456789{}()^_+-/,$&~ ²⁻×·÷⌈⌉√∞", r"\frac", r"\frac{B}{S}", r"\left(", r"\right)", r"\cdot",
    r"\text", r"\text{params}", r"\mathrm{kv}", r"\sqrt", r"\max", r"\lceil", r"\rceil", r"\lambda", r"\,", r"\\",
    "\\", r"\input", r"\def", r"\write18", r"\begin{equation}", r"\ll", r"\leq", "_{", "^{", "hidden_size",
    "args.seq_length", "4k", "80GB",
)  # fmt: skip
TEX_NESTS = (
    ("{", "}"), (r"\frac{1}{", "}"), (r"\frac{", "}{B}"), (r"\left(", r"\right)"), ("B^{", "}"), ("B_{", "}"),
    (r"\sqrt{", "}"), (r"\text{", "}"), ("⌈", "⌉"), ("√", ""), ("$", "$"), (r"\frac", ""), ("(BS)²(", ")"), ("2(", ")"),
)  # fmt: skip


def two(random: Random) -> tuple[str, str]:
    """Two symbols."""
    first, second = random.sample(SYMBOLS[:12], 2)
    return first, second


def number(random: Random) -> str:
    """A whole number, often around a power of two or ten."""
    base, most = random.choice([(2, 70), (2, 3500), (10, 30), (10, 1100)])
    return str(base ** random.randrange(most) + random.randrange(-2, 3))


def tower(random: Random) -> str:
    """Powers of powers."""
    x, y = two(random)
    text = random.choice([x, f"({x}+{y})", f"({x}-1)", "2", "10", f"({x}+1/{y})", f"(1/({x}+{y}))", number(random)])
    for _ in range(random.randrange(1, random.choice([3, 6, 60]))):
        power = random.choice([2, 3, 4, 7, 16, 60, 64, 127, 128, 255, 256, 257, 1000, 10**9, -1, -2, -256])
        more = random.choice(["", "", f"+{x}", "+1", f"*{y}", f"/({y}+1)"])
        text = f"({text}**{power}{more})" if random.random() < 0.9 else f"{power}**{text}"
    return text


def nested(random: Random) -> str:
    """Parentheses, signs, calls and quotients, one in the other."""
    depth = random.choice([5, 20, 40, 60, 90, 100, 200, 1000, 5000, 60_000])
    x, y = two(random)
    opening, closing = random.choice([*NESTS, (f"({x}+", f")*({x}-{y})")])
    return opening * depth + x + closing * depth


def chain(random: Random) -> str:
    """As many operands as a line has room for."""
    x, y = two(random)
    link = random.choice(["+", "-", "*", "/", "**", ",", "<=", "==", "<<", " ", "=", ".", "//", "+1/"])
    operand = random.choice(
        [x, "1", f"{x}*{y}", f"({x}+{y})", f"1/({x}+{{}})", f"{x}/{{}}", f"({x}+{{}})", "{}", f"{x}**{{}}"]
    )
    count = random.choice([3, 10, 30, 100, 300, 3000])
    return link.join(operand.format(i + 1) for i in range(count))


def digits(random: Random) -> str:
    """Numbers of any size and spelling."""
    long = "7" * random.choice([10, 300, 999, 1001, 4301, 10_000, 100_000])
    return random.choice([
        long, f"0.{long}", f"{long}.{long}", f"1/{long}", f"{long}e{long[:3]}", f"1e{long[:9]}", f"1e-{long[:9]}",
        "0." + "0" * random.randrange(2000) + "1", f"-{number(random)}", number(random),
        f"{number(random)}/{number(random)}",
        f"{number(random)}*B+{number(random)}*S", f"0x{long[:2000]}", f"1e{random.randrange(400)}",
        "_".join(long[:500]),
        f"{random.uniform(-1e3, 1e3)}", f"{number(random)}**{number(random)}",
    ])  # fmt: skip


def many(random: Random) -> str:
    """Sums of very many terms, written out or to be expanded."""
    names = random.sample(SYMBOLS[:12], random.randrange(2, 9))
    if random.random() < 0.4:
        return f"({'+'.join(names)})**{random.choice([2, 4, 8, 12, 20, 40, 100])}"
    count = random.choice([20, 100, 300, 900])
    big = random.random() < 0.3
    terms = []
    for _ in range(count):
        coefficient = number(random) if big else str(random.randrange(1, 10**6))
        terms.append("*".join([coefficient, *(f"{name}**{random.randrange(9)}" for name in names)]))
    return "+".join(terms)


def sums(random: Random) -> str:
    """Products and quotients of sums, whose common denominators grow."""
    names = list(SYMBOLS[:12])
    parts = []
    for _ in range(random.randrange(1, random.choice([3, 8, 30]))):
        inner = "+".join(random.sample(names, random.randrange(2, 5))) + random.choice(
            ["", "+1", "-7", f"+{number(random)}"]
        )
        parts.append(
            random.choice(["1/({})**{}", "({})**{}", "({})/({}+B)", "B/({})**{}"]).format(
                inner, random.randrange(1, 80)
            )
        )
    return random.choice(["+", "*", "-", "/"]).join(parts)


def roots(random: Random) -> str:
    """Polynomials in B whose roots are close together, many, huge or tiny."""
    n = random.choice([3, 5, 8, 13, 20, 31, 50, 90, 128, 200])
    a = random.choice([2, 3, 10, 1000, 10**9, 10**40, 10**300])
    kind = random.randrange(9)
    if kind == 0:  # Mignotte
        return f"B**{n}-2*({a}*B-1)**2"
    if kind == 1:
        return "+".join(f"({c})*B**{i}" for i, c in enumerate(chebyshev(min(n, 90))) if c)
    if kind == 2:  # Wilkinson
        return "*".join(f"(B-{i})" for i in range(1, n + 1))
    if kind == 3:
        return f"(B**2-2)**{max(1, n // 4)}*(B**2-2-1/{a})"
    if kind == 4:
        return f"(B-1)**{n}-1/{a}"
    if kind == 5:
        return f"B**{n}-{a}*B**{n // 2}+1/{a}"
    if kind == 6:
        return "+".join(f"{random.randrange(-a, a)}*B**{i}" for i in range(n))
    if kind == 7:
        return f"(B-{a})*(B-{a}-1/{a})*(B**{n}+S)"
    return f"B**{n}+{random.choice('SDL')}*B-{a}"


def chebyshev(n: int) -> list[int]:
    """The coefficients of the Chebyshev polynomial, lowest power first."""
    before, last = [1], [0, 1]
    for _ in range(n - 1):
        twice = [0, *(2 * c for c in last)]
        before, last = last, [c - (before[i] if i < len(before) else 0) for i, c in enumerate(twice)]
    return last


def word(random: Random) -> str:
    """Words that mean something elsewhere."""
    return random.choice(WORDS)


def characters(random: Random) -> str:
    """Characters that are no ASCII, or no characters."""
    return "".join(random.choices(CHARACTERS, k=random.choice([1, 2, 5, 20, 2000])))


def tokens(random: Random) -> str:
    """What the language is made of, in no order."""
    return random.choice(["", " "]).join(random.choices(TOKENS, k=random.choice([2, 5, 12, 40])))


def paper(random: Random) -> str:
    """Formulas as papers and posts have them: TeX, signs of paper, factors without a sign, in any order and depth."""
    if random.random() < 0.3:
        opening, closing = random.choice(TEX_NESTS)
        depth = random.choice([3, 30, 60, 90, 300, 1500])
        return opening * depth + random.choice(["B", "6BS", ""]) + closing * random.choice([depth, depth, depth - 1, 0])
    if random.random() < 0.3:
        return "".join(
            random.choices(["B", "S", "D", "N_params", "R_kv", "(", ")", "²", "7"], k=random.choice([9, 900]))
        )
    return "".join(random.choices(TEX, k=random.choice([2, 5, 12, 40, 600])))


def long(random: Random) -> str:
    """One thing very often."""
    return random.choice(
        ["B", "(", "9", "-", "B+", "B,", " ", "'", "\\", "B=1,", "decoder(", "\n", "#", "é"]
    ) * random.choice([100, 3000, 100_000])


FAMILIES: dict[str, Callable[[Random], str]] = {
    "towers of powers": tower,
    "deep nesting": nested,
    "long chains": chain,
    "huge and tiny numbers": digits,
    "many terms": many,
    "products of sums": sums,
    "roots close together": roots,
    "words": word,
    "characters": characters,
    "tokens": tokens,
    "repetition": long,
    "formulas on paper": paper,
}
