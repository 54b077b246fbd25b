"""Models: architectures as values, and the sizes of known models as data."""
