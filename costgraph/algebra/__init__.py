"""Numbers and formulas: exact sums in named symbols, their units, shapes, limits and roots; knows no model."""
