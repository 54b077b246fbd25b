"""Whether what was printed follows from the engine."""
