"""Partitions of rows, without torch: trees, the number of clusters, scores, agreement."""
