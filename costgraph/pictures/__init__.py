"""Answers to look at: rooflines, memory, costs that grow, schedules, graphs."""

from typing import Literal, get_args

Kind = Literal["roofline", "memory", "schedule"]  # of an estimate
KINDS: tuple[Kind, ...] = get_args(Kind)
