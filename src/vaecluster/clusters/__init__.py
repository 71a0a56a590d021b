"""Partitions of rows, by numpy alone: trees, the number of clusters, scores, agreement."""
