"""Exports for scanpy: a copy of the file of cells, with what the model says beside them."""

from dataclasses import replace
from pathlib import Path

from vaecluster.data.anndata import Annotations
from vaecluster.data.h5ad import annotate_h5ad
from vaecluster.data.raw import Array
from vaecluster.data.tables import PREFIX
from vaecluster.errors import FileError
from vaecluster.runs.exports.base import MEDOID, Contents, Form, Links
from vaecluster.runs.labels import SCORE


def _h5ad(contents: Contents, path: Path, _: Links) -> None:
    if not contents.source.lower().endswith(".h5ad"):
        raise FileError(f"The rows are those of '{contents.source}', which is no .h5ad to copy. Export them --to csv.")
    labels, model = contents.labels, contents.model
    annotations = Annotations.of(
        labels.clusters,
        labels.confidence,
        contents.codes,
        method=model.method_.name,
        clusters=model.n_clusters_,
        names=labels.names,
    )
    more: dict[str, Array] = {f"{PREFIX}{MEDOID}": contents.medoid}
    if labels.outlier_score is not None:
        more[f"{PREFIX}{SCORE}"] = labels.outlier_score
    annotate_h5ad(Path(contents.source), path, replace(annotations, columns={**annotations.columns, **more}))


H5AD = Form(".h5ad", _h5ad)
