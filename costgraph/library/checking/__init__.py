"""A user's own formulas and numbers against the engine and against each other."""
