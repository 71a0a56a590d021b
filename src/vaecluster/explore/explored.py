"""A run that is looked at and edited: every answer that the page asks for."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.agreement import agreement_of
from vaecluster.clusters.contingency import contingency
from vaecluster.clusters.matching import matches
from vaecluster.data.blocks import Words
from vaecluster.data.dataset import DataSet
from vaecluster.data.given import given_rows, source_of
from vaecluster.data.rows import Rows
from vaecluster.data.stored import StoredTable
from vaecluster.data.tables import csv_line
from vaecluster.editing import Clusters, Edit, Edited, Version
from vaecluster.errors import DataError, SettingError
from vaecluster.explore.brought import Taking
from vaecluster.explore.records import (
    Brought,
    ClusterSaid,
    Generated,
    Likely,
    MatchSaid,
    Members,
    RowSaid,
    State,
    Ways,
)
from vaecluster.explore.shown import Look
from vaecluster.explore.work import Doing, Worker
from vaecluster.inference.answers import assignments
from vaecluster.inference.directions import Directions, nearest_codes
from vaecluster.report.collect import title_of
from vaecluster.report.run import FinishedRun, cluster_title
from vaecluster.report.sections.map import Map, in_unit
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.labels import Labels
from vaecluster.runs.map import PICTURE, read_layout

# Rows on a page, sliders, nearest rows, and clusters that are named for one row.
PAGE, SLIDERS, NEAREST, LIKELIEST = 24, 6, 8, 5
# Along a direction with a smaller share of the spread nothing is seen to change.
SEEN = 0.01
# So many rows of a cluster say in which directions it spreads.
LOOKED_AT = 10_000
# What rows of a cluster are sorted by.
ORDERS = ("confidence", "outlier", "row")


@final
@dataclass(frozen=True, eq=False)
class Other:
    """A second run of the same rows, to compare with."""

    run: FinishedRun
    labels: Labels

    @classmethod
    def open(cls, folder: RunFolder, like: FinishedRun, *, names: bool) -> Self:
        """The run there; raises `DataError` if it is of other rows."""
        run, labels = FinishedRun.open(folder, names=names), Labels.read(folder.labels_file)
        own, other = like.model.fitted_.data, run.model.fitted_.data
        if own is None or other is None or own["sha256"] != other["sha256"]:
            raise DataError(f"'{folder.path}' is a run of other rows. Give one of the same rows to compare with.")
        return cls(run, labels)

    @property
    def names(self) -> list[str]:
        """What its clusters are called."""
        return _called(self.run.model.cluster_names_, self.run.model.n_clusters_)


@final
class Explored:
    """A run, its rows and its edits. Answers are plain records (`records.py`) and may be asked for in any thread.

    `data` are the rows of the fit, and `place` says where they are (`vaecluster.runs.source.rows_of_run`). `other` is
    the folder of a second run of them. Without `names` no answer holds names of rows and of the source, places of
    files, nor columns that nothing was learned from (`FinishedRun.without_names`). Raises `FileError` if a file of a
    run is missing or damaged, and `DataError` if the second is of other rows.
    """

    def __init__(
        self, edited: Edited, data: DataSet, place: str, other: RunFolder | None = None, *, names: bool = True
    ) -> None:
        run = FinishedRun.open(edited.run, edited.model, names=names)
        self.run, self.edited, self.worker, self.names = run, edited, Worker(names=names), names
        self.other = None if other is None else Other.open(other, run, names=names)
        self._data, self._place_of_rows = data, place
        known = Labels.read(edited.run.labels_file)
        self._map, self._known = run.map, known if names else replace(known, row_names=None)
        self._layout = read_layout(edited.run.path)
        self._changing, self._coding, self._version = threading.Lock(), threading.Lock(), 0
        self._directions = lru_cache(64)(self._directions_of)

    @property
    def title(self) -> str:
        """What the report calls the run."""
        return title_of(self.run)

    @property
    def number_of_rows(self) -> int:
        """Of the fit."""
        return len(self._known.clusters)

    @property
    def shown_rows(self) -> int:
        """Those on the map, a sample of very many."""
        return int(self._map.table.num_rows)

    @property
    def pictured(self) -> bool:
        """Whether some rows on the map have pictures."""
        return PICTURE in self._map.table.column_names

    def state(self) -> State:
        """The clusters as they are now, edits, and what is under way."""
        with self._changing:
            clusters, done, undone = self.edited.clusters, self.edited.done, self.edited.undone
            version = self._version
        labels, sizes = clusters.labels, clusters.sizes
        sums = np.bincount(labels[labels >= 0], self._known.confidence[labels >= 0], clusters.number)
        said = [
            ClusterSaid(number, clusters.names.get(number, ""), size, sums[number] / size if size else None)
            for number, size in enumerate(sizes.tolist())
        ]
        return State(version, said, int((labels < 0).sum()), done, undone, self.worker.doing)

    def labels(self) -> bytes:
        """The cluster of every row, -1 for none, as 32-bit numbers, the least byte first."""
        return self.edited.clusters.labels.astype("<i4").tobytes()

    def map(self) -> bytes:
        """The map as its script reads it, as JSON."""
        clusters = self.edited.found
        return Map(self._map, len(clusters.labels), tuple(_called(clusters.names, clusters.number))).content()

    def other_map(self) -> bytes:
        """The same of the second run."""
        other = self._compared()
        return Map(other.run.map, len(other.labels.clusters), tuple(other.names)).content()

    def members(self, cluster: int, by: str, descending: bool, page: int) -> Members:
        """One page of the rows of a cluster, or with -1 of those in none. Without a score rows come last.

        Raises `SettingError` for an order, a cluster or a page that is not there.
        """
        clusters = self._clusters_with(cluster, least=-1)
        if by not in ORDERS:
            raise SettingError(f"by is {by!r}; expected one of {', '.join(map(repr, ORDERS))}.")
        rows = clusters.rows(cluster)
        keys = {"confidence": self._known.confidence, "outlier": self._scores, "row": np.arange(len(clusters.labels))}
        values = keys[by][rows].astype(np.float64)
        # What is not a number is the last in either order.
        rows = rows[np.argsort(-values if descending else values, kind="stable")]
        pages = max(1, -(-len(rows) // PAGE))
        if not 0 <= page < pages:
            raise SettingError(f"page is {page}; expected 0 to {pages - 1}.")
        return Members(len(rows), page, pages, self.rows(rows[page * PAGE : (page + 1) * PAGE]))

    def rows(self, numbers: Sequence[int] | NDArray[np.intp]) -> list[RowSaid]:
        """These rows in this order; raises `SettingError` for one that is not there."""
        clusters, known, chosen = self.edited.clusters, self._known, self._checked(numbers)
        names = None if known.row_names is None else known.row_names.names
        return [
            RowSaid(
                row,
                None if names is None else str(names[row]),
                int(clusters.labels[row]),
                float(known.confidence[row]),
                None if np.isnan(self._scores[row]) else float(self._scores[row]),
                bool(clusters.decided[row]),
                seen,
            )
            for row, seen in zip(chosen.tolist(), self._look.at(chosen), strict=True)
        ]

    def table(self, numbers: Sequence[int]) -> str:
        """These rows as a CSV: number, name, cluster, what it is called, and confidence."""
        clusters, known, chosen = self.edited.clusters, self._known, self._checked(numbers)
        own = [] if known.row_names is None else ["name"]
        lines = [csv_line(["row", *own, "cluster", "cluster_name", "confidence"])]
        for row in chosen.tolist():
            name = [] if known.row_names is None else [known.row_names.names[row]]
            cluster = int(clusters.labels[row])
            called = clusters.names.get(cluster, "")
            lines.append(csv_line([row, *name, cluster, called, f"{known.confidence[row]:.4f}"]))
        return "".join(lines)

    def apply(self, edit: Edit) -> State:
        """The state after an edit; raises what `Edited.apply` raises, and `SettingError` during long work."""
        return self._changed(lambda: self.edited.apply(edit))

    def undo(self) -> State:
        """The state without the last edit."""
        return self._changed(self.edited.undo)

    def redo(self) -> State:
        """The state with the edit that was undone last."""
        return self._changed(self.edited.redo)

    def split(self, cluster: int, parts: int | None) -> Doing:
        """Begin to look for parts of a cluster by a fit to its rows; None finds how many there are."""
        self._clusters_with(cluster)

        def work() -> str:
            found = self.edited.split(cluster, "auto" if parts is None else parts, self._data)
            with self._changing:
                self._change(lambda: self.edited.apply(found))
            return f"Done: {found.words()}."

        return self._begun(f"Splitting cluster {cluster}", work)

    def save(self, name: str) -> Doing:
        """Begin to save the clusters as a version of the run; raises for a name that it cannot have."""
        self.edited.check_version(name)

        def work() -> str:
            version = self.edited.save(name, self._data, self._place_of_rows)
            said = Version.of(version)
            return " ".join([f"Saved as {version.path if self.names else name}.", *(said.lines() if said else [])])

        return self._begun(f"Saving {name}", work)

    def ways(self, cluster: int) -> Ways:
        """The directions of a cluster that sliders move along."""
        return Ways(cluster, self._ways(cluster).shares.tolist())

    def generated(self, cluster: int, steps: Sequence[float]) -> Generated:
        """The row so many standard deviations from the middle of a cluster along each of its directions."""
        code = self._ways(cluster).code(steps)[None]
        model, fitted = self.run.model, self.run.model.fitted_
        made = model.inverse_transform(code)
        # As a model gives rows back they are not always as it takes them: texts come back as what is read of them.
        device = next(fitted.model.parameters()).device
        rows = Rows(source_of(made, fitted.schema), fitted.schema, device)
        probabilities = assignments(fitted.model, rows, fitted.confidence)[0]
        return Generated(self._look.made(made)[0], self._place(code), self._likely(probabilities))

    def brought(self, rows: Any) -> Brought:
        """A row from elsewhere, as the model takes rows: clusters, nearest rows, and the row as the model makes it."""
        model = self.run.model
        code = model.transform(rows)
        scored = model.fitted_.calibration is not None
        return Brought(
            self._look.brought(rows),
            self._look.made(model.inverse_transform(code))[0],
            self._place(code),
            self._likely(model.predict_proba(rows)[0]),
            float(model.outlier_score(rows)[0]) if scored else None,
            self.rows(nearest_codes(self._codes, code[0], NEAREST)),
        )

    @cached_property
    def taking(self) -> Taking:
        """How a row that someone brings is read."""
        fitted = self.run.model.fitted_
        columns = [str(name) for name in getattr(self._look.rows, "column_names", ())]
        return Taking(fitted.schema, self.edited.run.pictures(), columns, fitted.columns)

    def matches(self) -> list[MatchSaid]:
        """For each cluster the one of the second run that it shares most with."""
        other, clusters = self._compared(), self.edited.clusters
        names, others = _called(clusters.names, clusters.number), other.names
        sizes, labels = clusters.sizes, other.labels.clusters
        other_sizes = np.bincount(labels[labels >= 0], minlength=len(others))
        return [
            MatchSaid(
                one.cluster,
                names[one.cluster],
                int(sizes[one.cluster]),
                one.other,
                others[one.other] if one.other >= 0 else "",
                int(other_sizes[one.other]) if one.other >= 0 else 0,
                one.both,
                one.overlap,
            )
            for one in matches(clusters.labels, labels, clusters.number, len(others))
        ]

    def agreement(self) -> float:
        """How far both runs agree, the adjusted Rand index."""
        return agreement_of(self.edited.clusters.labels, self._compared().labels.clusters).ari

    def _changed(self, change: Callable[[], Clusters]) -> State:
        with self._changing:
            self.worker.check_idle()
            self._change(change)
        return self.state()

    def _change(self, change: Callable[[], Clusters]) -> None:
        change()
        self._version += 1
        self._directions.cache_clear()

    def _begun(self, what: str, work: Callable[[], str]) -> Doing:
        # Not while an edit is made: long work is about the clusters after it.
        with self._changing:
            return self.worker.start(what, work)

    def _compared(self) -> Other:
        if self.other is None:
            raise SettingError("There is no second run. Start with --with RUN to compare.")
        return self.other

    def _checked(self, numbers: Sequence[int] | NDArray[np.intp]) -> NDArray[np.intp]:
        number = len(self._known.clusters)
        for row in numbers:
            if not 0 <= row < number:
                raise SettingError(f"There is no row {row}; expected 0 to {number - 1}.")
        return np.asarray(numbers, np.intp)

    def _clusters_with(self, cluster: int, least: int = 0) -> Clusters:
        clusters = self.edited.clusters
        if not least <= cluster < clusters.number:
            raise SettingError(f"There is no cluster {cluster}; expected {least} to {clusters.number - 1}.")
        return clusters

    def _ways(self, cluster: int) -> Directions:
        return self._directions(self._clusters_with(cluster), cluster)

    def _directions_of(self, clusters: Clusters, cluster: int) -> Directions:
        rows = clusters.rows(cluster)
        some = rows[:: -(-len(rows) // LOOKED_AT) or 1]
        return Directions.of(self._codes[some], SLIDERS, SEEN)

    def _place(self, code: NDArray[Any]) -> tuple[float, float]:
        x, y = in_unit(self._layout(code))[0].tolist()
        return x, y

    def _likely(self, by_model: NDArray[np.float64]) -> list[Likely]:
        """The likeliest clusters as they are now, from the probabilities (clusters,) of those that were found.

        Rows of one that was found may be in several since: its probability is shared out as they are. Of edited
        clusters, those that were found without a row take no part.
        """
        clusters, found = self.edited.clusters, self.edited.found
        probabilities = by_model if clusters is found else by_model @ _shares(clusters, found)
        probabilities = probabilities / (probabilities.sum() or 1.0)
        order = np.argsort(-probabilities, kind="stable")[:LIKELIEST]
        return [Likely(int(cluster), float(probabilities[cluster])) for cluster in order]

    @property
    def _codes(self) -> NDArray[np.floating[Any]]:
        """The codes of all rows, found when they are first asked for."""
        with self._coding:
            return self._all_codes

    @cached_property
    def _all_codes(self) -> NDArray[np.floating[Any]]:
        return self.run.model.transform(self._data.x_train)

    @cached_property
    def _scores(self) -> NDArray[np.float64]:
        """The outlier score of each row, nan where it is not known: a fit finds those of a sample."""
        scores = np.full(len(self._known.clusters), np.nan)
        if self._map.outlier_score is not None:
            scores[self._map.row] = self._map.outlier_score
        return scores

    @cached_property
    def _look(self) -> Look:
        data, model = self._data, self.run.model
        rows = data.x_train
        texts = data.texts
        if texts is None and isinstance(model.fitted_.schema.blocks[0], Words):
            texts = given_rows(model, rows, model.fitted_.schema).texts
        if isinstance(rows, StoredTable):
            whole = rows.whole(None) if model.memory is None else None
            rows = rows if whole is None else whole
        return Look(rows, self.run.shown, model.fitted_.feature_names, texts)


def _shares(clusters: Clusters, found: Clusters) -> NDArray[np.float64]:
    """How the rows of each cluster that was found are spread now: (found, clusters)."""
    moved = contingency(found.labels, clusters.labels, (found.number, clusters.number))
    shares: NDArray[np.float64] = moved / np.maximum(1.0, moved.sum(1, keepdims=True))
    return shares


def _called(names: Any, number: int) -> list[str]:
    return [cluster_title(cluster, str(names.get(cluster, ""))) for cluster in range(number)]
