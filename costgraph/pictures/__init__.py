"""Answers to look at: rooflines, memory, costs that grow, schedules, graphs."""
