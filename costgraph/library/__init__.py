"""What the literature printed: read from `formulas/`, re-derived and judged."""
