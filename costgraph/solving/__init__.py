"""Inverse questions: where a relation between costs holds."""
