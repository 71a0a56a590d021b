"""Several methods on the same rows, compared without labels."""

from vaecluster.comparison.compare import Kept, compare
from vaecluster.comparison.record import Compared, Comparison, Fit

__all__ = ["Compared", "Comparison", "Fit", "Kept", "compare"]
