"""A formula of one's own against the engine."""
