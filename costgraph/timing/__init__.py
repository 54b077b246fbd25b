"""Costs and rates -> seconds."""
