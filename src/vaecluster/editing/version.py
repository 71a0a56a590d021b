"""A version of a run: the run with edited clusters, as a model and as files."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np

from vaecluster.clusters.scores import UNASSIGNED
from vaecluster.editing.clusters import Clusters
from vaecluster.editing.edits import NOT_IN_NAMES, Edit
from vaecluster.errors import FileError, SettingError, counted
from vaecluster.files import record
from vaecluster.runs.folder import RunFolder

if TYPE_CHECKING:
    from vaecluster.data.dataset import DataSet
    from vaecluster.estimator import VAEClustering

# The key in `run.json`.
EDITED = "edited"
# Bytes of a folder's name, and letters that not every system allows there.
MOST_BYTES, NOT_IN_FOLDERS = 200, '/\\:*?"<>|'


@final
@dataclass(frozen=True)
class Version:
    """Where a version comes from, and how far its model follows the edits.

    `run` is the folder of the run, and `edits` say in words what was done. `learned` says whether a posterior
    learned the clusters; otherwise clusters were only named and merged, which is exact. Of `rows` that have a cluster,
    or that the user decided, the model's own answer is the edited one for `as_edited`, and for `decided_as_edited` of
    the `decided`.
    """

    run: str
    edits: list[str]
    learned: bool
    rows: int
    as_edited: int
    decided: int
    decided_as_edited: int

    @classmethod
    def of(cls, run: RunFolder) -> Self | None:
        """What a run says of itself; None for a run that is no version. Raises `FileError` if it is damaged."""
        found = run.description().get(EDITED)
        if found is None:
            return None
        try:
            return record.typed(cls, found)
        except ValueError:
            raise run.damaged() from None

    def lines(self) -> list[str]:
        """How far the model follows, in sentences."""
        if not self.rows:
            return ["No row has a cluster."]
        share = f"{100 * self.as_edited / self.rows:.1f} %"
        said = f"The model puts {self.as_edited:,} of {counted(self.rows, 'row')} ({share}) where the edits have them"
        placed = f", and {self.decided_as_edited:,} of the {self.decided:,} that you placed" if self.decided else ""
        if self.learned:
            how = "It learned the clusters by imitation."
        elif self.as_edited == self.rows:
            how = "Names and merges are exact."
        else:
            # The sum of two small probabilities may be the largest.
            how = "Probabilities of merged clusters are added, so that unsure rows of other clusters can join them."
        return [f"{said}{placed}. {how}"]


def edited_model(
    model: "VAEClustering", found: Clusters, edits: Sequence[Edit], clusters: Clusters, X: Any
) -> "VAEClustering":
    """The model with the clusters to which edits led from those that were found, for the rows of its fit.

    If they only named and merged it is exact: another grouping. Otherwise `VAEClustering.relabel` learns it.
    """
    groups: Any = np.arange(found.number)
    for edit in edits:
        own = None if groups is None else edit.numbers(int(groups.max()) + 1)
        groups = None if own is None else own[groups]
    if groups is None:
        other = model.relabel(X, clusters.labels, decided=clusters.decided, n_clusters=clusters.number)
    else:
        other = model.merge(groups, X)
    # A known label that was a number stays one.
    given = {str(name): name for name in model.cluster_names_.values()}
    names = {cluster: given.get(name, name) for cluster, name in clusters.names.items()}
    other.fitted_ = replace(other.fitted_, names=names)
    return other


def write_version(
    target: RunFolder,
    run: RunFolder,
    model: "VAEClustering",
    clusters: Clusters,
    edits: Sequence[Edit],
    data: "DataSet",
    source: str,
) -> None:
    """Write a run folder for the edited model, on the rows of the run, which are in `source`."""
    from vaecluster.clusters.scores import split_scores

    seconds, cpu_seconds = run.took()
    agreed = model.assigned_.likeliest == clusters.labels
    counts = clusters.decided | (clusters.labels != UNASSIGNED)
    version = Version(
        run=str(run.path.absolute()),
        edits=[edit.words() for edit in edits],
        learned=model.fitted_.relabelled,
        rows=int(counts.sum()),
        as_edited=int((agreed & counts).sum()),
        decided=int(clusters.decided.sum()),
        decided_as_edited=int((agreed & clusters.decided).sum()),
    )
    more: Mapping[str, Any] = {EDITED: record.plain(version)}
    scores = split_scores(model, data)
    target.write(
        model,
        data,
        source=source,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        scores=scores,
        pictures=run.pictures(),
        more=more,
    )


def check_version_name(name: str) -> None:
    """Raise `SettingError` for a name that not every system allows for a folder."""
    refused = (
        not name
        or name != name.strip(" .")
        or len(name.encode(errors="replace")) > MOST_BYTES
        or any(one in NOT_IN_FOLDERS or unicodedata.category(one) in NOT_IN_NAMES for one in name)
    )
    if refused:
        raise SettingError(
            f"The name of a version is {name!r:.40}; expected the name of a folder, such as v2, without any of "
            f"{' '.join(NOT_IN_FOLDERS)}. Give another."
        )


def check_free(version: RunFolder) -> None:
    """Raise `FileError` if there is a version of that name."""
    if version.path.exists() or version.path.is_symlink():
        raise FileError(f"There is a version in '{version.path}' already, and it is not replaced. Give another name.")
