"""Forms in which a run is exported, one a file."""

from vaecluster.runs.exports.base import Contents, Form, Links
from vaecluster.runs.exports.cells import H5AD
from vaecluster.runs.exports.folders import FOLDERS
from vaecluster.runs.exports.tables import CSV, PARQUET

# To add a form, write a function of Contents in a file here, and add its Form.
FORMS: dict[str, Form] = {"folders": FOLDERS, "csv": CSV, "parquet": PARQUET, "h5ad": H5AD}

__all__ = ["FORMS", "Contents", "Form", "Links"]
