"""Free text in the languages of documents."""

from __future__ import annotations

import pytest

from costgraph.exporting.escapes import latex, typst


@pytest.mark.parametrize(
    ("text", "in_latex", "in_typst"),
    [
        ("a -- b_c", r"a -- b\_c", r"a -- b\_c"),
        ("--mesh has axes", r"\texttt{-{}-mesh} has axes", '#raw("--mesh") has axes'),
        (
            "nothing; --pass 'recompute(full)' would",
            r'nothing; \texttt{-{}-pass "recompute(full)"} would',
            "nothing; #raw(\"--pass 'recompute(full)'\") would",
        ),
        ("--mesh 'pipeline(P, v=v, schedule=\"interleaved\")'",
         r'\texttt{-{}-mesh {\textquotesingle}pipeline(P, v=v, schedule="interleaved"){\textquotesingle}}',
         r"""#raw("--mesh 'pipeline(P, v=v, schedule=\"interleaved\")'")"""),
        ('it is "so", 10⁶', "it is ``so'', 10$^{6}$", 'it is "so", 10⁶'),
    ],
)  # fmt: skip
def test_what_is_to_be_typed_can_be_copied(text: str, in_latex: str, in_typst: str) -> None:
    assert latex(text) == in_latex
    assert typst(text) == in_typst
