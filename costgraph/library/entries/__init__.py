"""What the literature printed, read from `formulas/` or a user's file."""
