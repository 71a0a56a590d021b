"""Several methods on the same rows, compared without labels."""

from vaecluster.comparison.asking import rows_of
from vaecluster.comparison.comparing import DEFAULT, compare
from vaecluster.comparison.fits import FitStore
from vaecluster.comparison.record import Compared, Comparison, Fit

__all__ = ["DEFAULT", "Compared", "Comparison", "Fit", "FitStore", "compare", "rows_of"]
