"""Clusters of a run edited by hand: names, merges, splits, rows moved and marked, kept in a journal."""

from vaecluster.editing.clusters import Clusters
from vaecluster.editing.edited import Edited
from vaecluster.editing.edits import EDITS, Edit, Mark, Merge, Move, Rename, Split
from vaecluster.editing.version import Version

__all__ = ["EDITS", "Clusters", "Edit", "Edited", "Mark", "Merge", "Move", "Rename", "Split", "Version"]
