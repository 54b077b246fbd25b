"""What was measured elsewhere and published, beside what is derived: `formulas/measured/` and the page of it."""
