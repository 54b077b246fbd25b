"""Forms as JSON and back, exactly: the schema `costgraph.forms/1`, described in docs/exporters.md.

Rationals are text (`"12"`, `"5/2"`), sums are lists of monomials, so that nothing has to be parsed as a formula and no
reader needs more than integers.
"""

SCHEMA = "costgraph.forms/1"
