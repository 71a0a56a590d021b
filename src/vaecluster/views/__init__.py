"""Two views of the same thing: near neighbours among the rows, and small random changes of a batch."""

from vaecluster.views.images import ColourJitter, HorizontalFlip, RandomAffine, RandomCrop
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import PreparedViews, Views
from vaecluster.views.presets import as_views
from vaecluster.views.vectors import FeatureDropout, GaussianNoise

__all__ = [
    "ColourJitter",
    "FeatureDropout",
    "GaussianNoise",
    "HorizontalFlip",
    "Neighbours",
    "PreparedViews",
    "RandomAffine",
    "RandomCrop",
    "Views",
    "as_views",
]
