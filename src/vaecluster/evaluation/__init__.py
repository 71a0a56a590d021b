"""Scores against labels, taken afterwards and never used in fitting."""
