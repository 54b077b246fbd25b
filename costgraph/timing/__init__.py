"""Costs and rates -> seconds; over which links of a cluster what is sent goes."""
