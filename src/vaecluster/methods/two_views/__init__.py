"""The default method."""

from vaecluster.methods.two_views.method import TwoViews

__all__ = ["TwoViews"]
