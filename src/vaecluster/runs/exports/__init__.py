"""Forms in which a run is exported, one a file: its rows with their clusters, or its model as programs."""

from os import PathLike
from typing import TYPE_CHECKING

from sklearn.utils.validation import check_is_fitted

from vaecluster.errors import SettingError
from vaecluster.files.atomic import made_anew
from vaecluster.files.paths import as_path
from vaecluster.runs.exports.base import Contents, Form, Links
from vaecluster.runs.exports.cells import H5AD
from vaecluster.runs.exports.folders import FOLDERS
from vaecluster.runs.exports.onnx import ONNX
from vaecluster.runs.exports.programs import TORCH_EXPORT, ProgramForm, program_files
from vaecluster.runs.exports.tables import CSV, PARQUET

if TYPE_CHECKING:
    from vaecluster.estimator import VAEClustering

# To add a form, write a function of Contents in a file here, and add its Form.
FORMS: dict[str, Form] = {"folders": FOLDERS, "csv": CSV, "parquet": PARQUET, "h5ad": H5AD}
# For one of programs, write a function of a Program in a file here, and add its ProgramForm.
PROGRAMS: dict[str, ProgramForm] = {"onnx": ONNX, "torch-export": TORCH_EXPORT}


def write_programs(model: "VAEClustering", folder: str | PathLike[str], to: str = "onnx") -> list[str]:
    """Write a fitted model into a new folder as programs that run without this package; the names of their files.

    `classify` is from rows, as the fit took them, to cluster, probabilities and code; `generate` is from clusters and
    noise to rows. `to` is "onnx", which needs the extra `[export]`, or "torch-export". What programs take and give is
    in `docs/guide/serving.md`.

    Raises `SettingError` for models of texts and of batches of cells, `FileError` if the folder is there or the form
    cannot hold the model, and `NotFittedError` before a fit.

    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import VAEClustering, VaDE, write_programs
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
    >>> with TemporaryDirectory() as folder:
    ...     write_programs(model, f"{folder}/programs", "torch-export")
    ['classify.pt2', 'generate.pt2']
    """
    check_is_fitted(model)
    if to not in PROGRAMS:
        raise SettingError(f"to is {to!r}; expected one of {', '.join(map(repr, PROGRAMS))}.")
    with made_anew(as_path("folder", folder), folder=True) as part:
        return program_files(model, PROGRAMS[to], part)


__all__ = ["FORMS", "PROGRAMS", "Contents", "Form", "Links", "ProgramForm", "write_programs"]
