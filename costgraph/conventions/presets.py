"""The conventions of the founding notes, and the one that leaves nothing out."""

from __future__ import annotations

from dataclasses import replace

from costgraph.conventions.convention import ELEMENTWISE, Convention

NOTES = Convention("notes", frozenset({"bias", "norm", "statistic"}), source='"Decoder-Only Transformers"')
EXACT = Convention("exact", source="everything that autograd keeps, and every parameter")
TABLE_A1 = replace(
    Convention("table_a1", frozenset({"statistic"})).with_elementwise(ELEMENTWISE["table_a1"]),
    source='Table A.1 of "Data Movement Is All You Need": every operand, but no statistics of norms',
)
