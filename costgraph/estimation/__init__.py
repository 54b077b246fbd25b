"""A model on a machine: does it fit, what bounds it, how long does it take."""
