"""Forms as cheat sheets and derivations: what stands in them, how formulas are typeset, and who typesets the page."""
