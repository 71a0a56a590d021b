"""A run under edit: its clusters as the journal says, and versions of the run with them."""

from functools import reduce
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, final

from vaecluster.data.raw import digest_of
from vaecluster.editing.clusters import Clusters
from vaecluster.editing.edits import Edit, Split, check_cluster
from vaecluster.editing.journal import REDO, UNDO, Beginning, Journal, replayed
from vaecluster.editing.version import check_free, check_version_name, edited_model, write_version
from vaecluster.errors import FileError, SettingError
from vaecluster.files.atomic import clear_parts, made_anew
from vaecluster.runs.folder import VERSIONS, RunFolder
from vaecluster.runs.labels import Labels

if TYPE_CHECKING:
    from vaecluster.data.dataset import DataSet
    from vaecluster.estimator import VAEClustering


@final
class Edited:
    """The clusters of a run as they were edited. What is edited is kept in the run's journal before it counts.

    Close it, or use it in a `with`: only one process edits a run at a time. It is for one thread at a time.
    """

    def __init__(self, run: RunFolder, model: "VAEClustering", found: Clusters, journal: Journal) -> None:
        self.run, self.model, self.found, self._journal = run, model, found, journal
        self._done, self._undone = replayed(journal.entries)
        self.clusters = self._replay()

    @classmethod
    def open(cls, run: RunFolder, *, read_only: bool = False) -> Self:
        """The run as its journal leaves it; `read_only` also while another process edits it.

        Raises `FileError` if another process edits it, if its files are damaged, or if its edits are those of another
        fit.
        """
        model = run.model()
        labels = Labels.read(run.labels_file).clusters
        number = model.n_clusters_
        if not len(labels) or labels.min() < -1 or labels.max() >= number:
            raise FileError(f"'{run.labels_file}' is that of another model. Fit again.")
        journal = Journal(run.path, read_only=read_only)
        try:
            if not read_only:
                # Of a save that was killed.
                clear_parts(run.path / VERSIONS)
            digest = digest_of([labels])
            names = {cluster: str(name) for cluster, name in model.cluster_names_.items()}
            if journal.beginning is None:
                journal.begin(Beginning(digest, names, number))
            begun = journal.beginning
            assert begun is not None
            if (begun.labels, begun.number) != (digest, number):
                raise FileError(
                    f"'{journal.path}' holds edits of another fit than the one in '{run.path}'. Move it away, and "
                    "edit anew."
                )
            try:
                return cls(run, model, Clusters.found(labels, begun.names, number), journal)
            except ValueError:
                raise journal.damaged(len(journal.entries) + 1) from None
        except BaseException:
            journal.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let another process edit the run."""
        self._journal.close()

    @property
    def done(self) -> list[str]:
        """The edits in words, the last one last."""
        return [edit.words() for edit in self._done]

    @property
    def undone(self) -> list[str]:
        """The edits that can be done again in words, the next one first."""
        return [edit.words() for edit in reversed(self._undone)]

    def apply(self, edit: Edit) -> Clusters:
        """The clusters after an edit, which is kept. What was undone before is forgotten.

        Raises `SettingError` if the clusters do not allow it, and `FileError` if it cannot be kept; then nothing has
        changed.
        """
        after = edit.of(self.clusters)
        self._journal.append(edit)
        self._done.append(edit)
        self._undone.clear()
        self.clusters = after
        return after

    def undo(self) -> Clusters:
        """The clusters without the last edit; raises `SettingError` if there is none."""
        return self._again(UNDO)

    def redo(self) -> Clusters:
        """The clusters with the last edit that was undone; raises `SettingError` if there is none."""
        return self._again(REDO)

    def split(
        self,
        cluster: int,
        parts: int | Literal["auto"],
        rows: "DataSet",
        *,
        seed: int = 0,
        verbose: int = 0,
        of: Clusters | None = None,
    ) -> Split:
        """What a fit of the run's method and settings to the rows of one cluster finds there; it is not applied yet.

        `rows` are all rows of the run (`vaecluster.runs.source.rows_of_run`). `of` are other clusters than those that
        are there now. Raises `SettingError` for a cluster that is not there or empty, and if one part is all that is
        found; and what a fit raises.
        """
        # It loads torch and scikit-learn, which other edits do not need.
        from vaecluster.editing.splitting import parts_of

        clusters = self.clusters if of is None else of
        numbers = clusters.rows(check_cluster(clusters.number, cluster))
        if not len(numbers):
            raise SettingError(f"Cluster {cluster} has no rows. Name one with some.")
        return Split(cluster, parts_of(self.model, rows.x_train, numbers, parts, seed, verbose))

    def save(self, name: str, rows: "DataSet", source: str | None = None) -> RunFolder:
        """Write a version: a run of its own in `versions/NAME` in the folder of the run, with the edited model.

        `rows` are all rows of the run, and `source` says where they are, if they are elsewhere now. The version is
        there whole or not at all. `Version.of` reads how far its model follows the edits. Raises `SettingError` for a
        name that no folder can have, and `FileError` if it is there already.
        """
        target = self.check_version(name)
        place = self.run.description().get("source") if source is None else source
        if not isinstance(place, str):
            raise self.run.damaged()
        model = edited_model(self.model, self.found, self._done, self.clusters, rows.x_train)
        with made_anew(target.path, folder=True) as part:
            write_version(RunFolder(part), self.run, model, self.clusters, self._done, rows, place)
        return target

    def check_version(self, name: str) -> RunFolder:
        """The folder that a version of that name would be written to; raises as `save`, before anything is done."""
        check_version_name(name)
        target = RunFolder(self.run.path / VERSIONS / name)
        check_free(target)
        return target

    def _again(self, entry: str) -> Clusters:
        try:
            done, undone = replayed([*self._journal.entries, entry])
        except ValueError:
            raise SettingError(f"There is nothing to {entry}.") from None
        self._journal.append(entry)
        self._done, self._undone = done, undone
        self.clusters = self._replay()
        return self.clusters

    def _replay(self) -> Clusters:
        return reduce(lambda clusters, edit: edit.of(clusters), self._done, self.found)
