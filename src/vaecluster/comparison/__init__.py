"""Several methods on the same rows, compared without labels."""

from vaecluster.comparison.methods import DEFAULT, Kept, compare, rows_of
from vaecluster.comparison.record import Compared, Comparison, Fit

__all__ = ["DEFAULT", "Compared", "Comparison", "Fit", "Kept", "compare", "rows_of"]
