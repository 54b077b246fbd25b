"""Two things side by side: models, conventions, or two setups of one model."""
