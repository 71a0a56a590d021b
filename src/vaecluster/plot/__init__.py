"""Plots for papers and notebooks, each on the matplotlib axes that it is given.

Each function takes `ax`, or draws on pyplot's current axes, and returns them. Titles are yours. Colours are told apart
also by who sees few of them, and follow the axes: dark ones on light paper, light ones on dark.
"""

from vaecluster.plot.columns import profile
from vaecluster.plot.learning import history, number_of_clusters
from vaecluster.plot.pictures import interpolation, walls
from vaecluster.plot.rows import confidence, map

__all__ = ["confidence", "history", "interpolation", "map", "number_of_clusters", "profile", "walls"]
