"""Formulas of files: read out of code and papers, named, compared with what is derived."""
