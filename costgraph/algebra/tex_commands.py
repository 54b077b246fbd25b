r"""Commands of TeX in formulas, by what is done about them: read, passed over, or refused with a remedy."""

from __future__ import annotations

FRACTIONS = ("frac", "dfrac", "tfrac", "cfrac")
UPRIGHT = (  # letters in another face
    "text", "mathrm", "textrm", "operatorname", "mathit", "mathsf", "mathtt", "textit", "texttt", "mathbf", "textbf",
    "boldsymbol", "bm", "pmb", "mathnormal", "textnormal", "textsf", "mbox", "hbox",
)  # fmt: skip
FACES = ("rm", "bf", "it", "sf", "tt")  # the same up to the end of a group, as in {\rm model}
SIZES = (
    "left", "right", "middle",
    *(f"{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m")),
)  # fmt: skip
SIGNS = {
    "cdot": "·", "times": "×", "ast": "*", "div": "/", "lceil": "⌈", "rceil": "⌉", "lfloor": "⌊", "rfloor": "⌋",
    "{": "(", "}": ")", "lbrace": "(", "rbrace": ")", "_": "_", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "leqslant": "≤", "geqslant": "≥", "ll": "≪", "gg": "≫", "infty": "∞", "lt": "<", "gt": ">", "lbrack": "(",
    "rbrack": ")", "lparen": "(", "rparen": ")",
}  # fmt: skip
SPACES = (
    *",;:! ()[]>/", "quad", "qquad", "thinspace", "medspace", "thickspace", "negthinspace", "enspace", "enskip",
    "displaystyle", "textstyle", "scriptstyle", "limits", "nolimits", "nonumber", "notag", "allowbreak", "nobreak",
    "relax", "hfill", "strut", "mathstrut",
)  # fmt: skip
PASSED_OVER = (  # with the group behind them
    "tag", "label", "hspace", "vspace", "mspace", "phantom", "hphantom", "vphantom", "footnote", "color",
)  # fmt: skip
AROUND = ("boxed", "underbrace", "overbrace", "underline", "smash", "ensuremath", "mathbin", "mathrel", "mathord")
SECOND = ("textcolor", "colorbox", "underset", "overset", "stackrel")  # of two groups the formula is in the second
FUNCTIONS = ("max", "min")
LETTERS = (
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu", "nu",
    "xi", "pi", "rho", "sigma", "tau", "phi", "varphi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda",
    "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega", "ell",
)  # fmt: skip
EQUATING = ("approx", "sim", "simeq", "equiv", "cong", "propto", "coloneqq", "doteq", "triangleq")
EQUATION, ANOTHER = "write one of its sides", "it makes another letter; write the letter that is meant"
NOT_READ: dict[str, str] = {  # what to write instead
    **dict.fromkeys(("sum", "prod"), "write out what is added up or multiplied, such as L times what a layer has"),
    **dict.fromkeys(("log", "ln", "lg", "exp", "sin", "cos", "lim", "int"), "put in its value"),
    **dict.fromkeys(("ldots", "cdots", "dots", "dotsc", "dotsb"), "write out all terms"),
    **dict.fromkeys(("pm", "mp"), "write one of both values"),
    **dict.fromkeys(("over", "atop", "choose"), r"write \frac{...}{...}"),
    **dict.fromkeys(("binom", "dbinom", "tbinom"), "write out the product"),
    **dict.fromkeys(("lvert", "rvert", "vert", "lVert", "rVert", "Vert", "|", "mid"), "leave the bars out"),
    **dict.fromkeys((*EQUATING, "neq", "ne", "to", "rightarrow", "Rightarrow", "implies", "iff"), EQUATION),
    **dict.fromkeys(("mathcal", "mathscr", "mathfrak", "mathbb"), ANOTHER),
    **dict.fromkeys(
        ("hat", "bar", "tilde", "vec", "dot", "ddot", "overline", "widehat", "widetilde", "prime"), ANOTHER
    ),
    **dict.fromkeys(("ref", "eqref", "cite", "citep", "citet"), "it stands for what is elsewhere; leave it out"),
    **dict.fromkeys(("newcommand", "def", "DeclareMathOperator", "let"), "say what letters mean with --let"),
    **dict.fromkeys(("cancel", "bcancel", "xcancel"), "leave out what is struck out"),
    "%": "write /100", "#": "leave it out", "&": "leave it out",
}  # fmt: skip
ALONE = ("equation", "displaymath", "math")  # environments of one formula
IN_LINES = (  # or of lines of it
    "aligned", "align", "split", "gathered", "gather", "multline", "multlined", "alignedat", "alignat", "flalign",
    "eqnarray",
)  # fmt: skip
SEVERAL = ("cases", "dcases", "rcases", "array", "matrix", "pmatrix", "bmatrix", "vmatrix", "tabular", "subequations")
