"""Two views of the same thing: near neighbours among the rows, and small random changes of a batch."""

from vaecluster.views.change import Change, ImageChange
from vaecluster.views.images import ColourJitter, HorizontalFlip, RandomAffine, RandomCrop
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import Views
from vaecluster.views.vectors import FeatureDropout, GaussianNoise
from vaecluster.views.windows import Amplitude, TimeShift

__all__ = [
    "Amplitude",
    "Change",
    "ColourJitter",
    "FeatureDropout",
    "GaussianNoise",
    "HorizontalFlip",
    "ImageChange",
    "Neighbours",
    "RandomAffine",
    "RandomCrop",
    "TimeShift",
    "Views",
]
