"""Forms in which a run is exported, one a file: its rows with their clusters, or its model as programs."""

from vaecluster.runs.exports.base import Contents, Form, Links
from vaecluster.runs.exports.cells import H5AD
from vaecluster.runs.exports.folders import FOLDERS
from vaecluster.runs.exports.onnx import ONNX
from vaecluster.runs.exports.programs import TORCH_EXPORT, ProgramForm, write_programs
from vaecluster.runs.exports.tables import CSV, PARQUET

# To add a form, write a function of Contents in a file here, and add its Form.
FORMS: dict[str, Form] = {"folders": FOLDERS, "csv": CSV, "parquet": PARQUET, "h5ad": H5AD}
# For one of programs, write a function of a Program in a file here, and add its ProgramForm.
PROGRAMS: dict[str, ProgramForm] = {"onnx": ONNX, "torch-export": TORCH_EXPORT}

__all__ = ["FORMS", "PROGRAMS", "Contents", "Form", "Links", "ProgramForm", "write_programs"]
