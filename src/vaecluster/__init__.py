"""Clusters, codes and a generator per cluster from unlabelled data, learned in one fit."""

from importlib.metadata import version

from vaecluster.estimator import VAEClustering

__all__ = ["VAEClustering"]
__version__ = version("vaecluster")
