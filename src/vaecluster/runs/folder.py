"""What one fit leaves behind, as files that other programs can read."""

import math
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, final

import numpy as np

from vaecluster.clusters.contingency import LabelCounts
from vaecluster.data.dataset import DataSet
from vaecluster.data.pictures.folder import SKIPPED
from vaecluster.data.pictures.options import NO_OPTIONS, PictureOptions
from vaecluster.data.raw import Array, RowNames
from vaecluster.data.stored import StoredTable, can_be_cut, rows_at
from vaecluster.errors import FileError
from vaecluster.files.atomic import locked, made_atomically, read_json, write_json
from vaecluster.files.paths import MODEL_FILE
from vaecluster.files.provenance import machine, versions
from vaecluster.runs.examples import (
    ARRAYS,
    CLUSTER,
    GROUP,
    OUTLIERS,
    TABLES,
    TYPICAL,
    UNSURE,
    UNUSUAL,
    drawn,
    write_examples,
)
from vaecluster.runs.labels import Labels
from vaecluster.runs.map import LAYOUT, MAP, RowMap
from vaecluster.runs.order import DONE, HISTORY, ORDER, is_unfinished, is_unused
from vaecluster.settings import is_number

if TYPE_CHECKING:
    from vaecluster.clusters.agreement import Stability
    from vaecluster.data.given import Given
    from vaecluster.estimator import VAEClustering


FORMAT = 1
# Folders in that of a run: edits by hand, and versions that were saved of it.
EDITING, VERSIONS = "edits", "versions"
# Of more rows a random sample is searched for dense groups and for marker genes; bytes for each of their entries, four
# of which there is room for at a time.
LOOKED_AT, ENTRY = 100_000, 8
# Rows whose labels are written at a time.
LABELS = 2**16
# So many typical texts of a cluster are kept, and so many characters of each.
TYPICAL_TEXTS, TEXT_LENGTH = 5, 500
# So many typical and unsure rows of a cluster are kept, and so many outliers.
PICKED, OUTLYING = 8, 16
# Of more different labels than these it is not kept which of them each cluster has: they are names of rows.
MOST_LABELS = 1000


@final
@dataclass(frozen=True)
class RunFolder:
    """A folder with `model.vaecluster`, `run.json`, `labels.csv` and `examples.npz`, or for tables `examples.parquet`.

    `map.parquet` holds the rows of its map (`RowMap`), and `layout.vaecluster` what places new rows there (`Layout`).

    `run.json` says what was fitted, how, on what and with which scores; `labels.csv` has a line per row of the fit
    (`Labels`); the examples are rows that a report shows (`runs/examples.py`): with the model they are all the rows
    that it needs. `stability.json` is there if `vaecluster stability` was asked about the run, `edits` holds what was
    edited by hand, and `versions` runs that were saved of it.

    `overwritten` says that the user wants it replaced: what is written then takes edits and versions away.
    """

    path: Path
    overwritten: bool = False

    @classmethod
    def create(cls, path: Path, *, overwrite: bool) -> "RunFolder":
        """A folder to write a run into, not made yet; `FileError` if something is there that must stay.

        That is so, too, while another process edits the run that would be overwritten.
        """
        if path.exists() and not path.is_dir():
            raise FileError(f"'{path}' is a file; the output must be a folder. Choose another --output.")
        if path.exists() and not overwrite and not is_unused(path):
            if is_unfinished(path):
                raise FileError(
                    f"The folder '{path}' holds an unfinished fit. Go on with it by `vaecluster fit --resume {path}`, "
                    "choose another --output, or add --overwrite."
                )
            raise FileError(f"The folder '{path}' is not empty. Choose another --output, or add --overwrite.")
        folder = cls(path, overwrite)
        with folder._edits_held():
            return folder

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """A folder that holds a run; `FileError` if it does not."""
        folder = cls(path)
        try:
            found = folder.run_file.is_file()
        except OSError as problem:
            raise FileError(
                f"'{path}' cannot be opened: {problem.strerror}. Choose a folder that you may read."
            ) from None
        if not found:
            raise FileError(f"'{path}' holds no run. Give the folder that `vaecluster fit --output` wrote.")
        return folder

    @property
    def model_file(self) -> Path:
        """The fitted model."""
        return self.path / MODEL_FILE

    @property
    def labels_file(self) -> Path:
        """The cluster of each row of the fit."""
        return self.path / "labels.csv"

    @property
    def stability_file(self) -> Path:
        """How stable its clusters are, if `vaecluster stability` was asked."""
        return self.path / "stability.json"

    def stability(self) -> "Stability | None":
        """What is in that file; None if there is none. Raises `FileError` if it is damaged."""
        from vaecluster.clusters.agreement import Stability

        if not self.stability_file.is_file():
            return None
        try:
            return Stability.of_dict(read_json(self.stability_file))
        except (ValueError, LookupError, TypeError):
            raise FileError(
                f"'{self.stability_file}' is damaged. Run `vaecluster stability {self.path}` again, or remove it."
            ) from None

    @property
    def run_file(self) -> Path:
        """The run's description."""
        return self.path / DONE

    @property
    def own_files(self) -> list[Path]:
        """What a fit writes, there or not: no other command may replace it."""
        names = (ORDER, HISTORY, SKIPPED, ARRAYS, TABLES, MAP, LAYOUT)
        return [self.model_file, self.labels_file, self.run_file, *(self.path / name for name in names)]

    def model(self, device: str = "auto") -> "VAEClustering":
        """The fitted model, opened."""
        from vaecluster.estimator import VAEClustering

        return VAEClustering.load(self.model_file, device=device)

    def description(self) -> dict[str, Any]:
        """The content of `run.json`."""
        description = read_json(self.run_file)
        if not isinstance(description, dict) or description.get("format") != FORMAT:
            raise self.damaged()
        return description

    def took(self) -> tuple[float, float | None]:
        """The seconds of the fit by the clock, and of processors, None where nobody has counted them."""
        match self.description():
            case {"seconds": seconds, "cpu_seconds": cpu} if is_number(seconds) and (cpu is None or is_number(cpu)):
                return seconds, cpu
        raise self.damaged()

    def pictures(self) -> PictureOptions:
        """How the pictures of the fit were read."""
        try:
            return PictureOptions.read(self.description().get("pictures", {}))
        except ValueError:
            raise self.damaged() from None

    def damaged(self) -> FileError:
        """What to raise for a `run.json` that a fit did not write."""
        return FileError(f"'{self.run_file}' is damaged or from another version. Fit again.")

    def write(
        self,
        model: "VAEClustering",
        data: DataSet,
        *,
        source: str,
        seconds: float,
        cpu_seconds: float | None,
        scores: Mapping[str, Mapping[str, float]],
        pictures: PictureOptions = NO_OPTIONS,
        demo: bool = False,
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Write everything on the rows of the fit; `run.json` last, so a folder with it is complete.

        `cpu_seconds` is None where nobody has counted them; `more` is what it says beside.
        """
        # They load torch, which a refused run does not need.
        from vaecluster.data.blocks import Words
        from vaecluster.data.given import given_rows, room_of
        from vaecluster.data.rows import Rows
        from vaecluster.files import record
        from vaecluster.inference.dense import dense_groups
        from vaecluster.inference.touching import touching
        from vaecluster.runs.reliability import reliability_of
        from vaecluster.training.device import choose_device, isolated
        from vaecluster.views.neighbours import Neighbours

        rows, schema = data.x_train, model.fitted_.schema
        self._clear()
        model.save(self.model_file)
        _write_labels(self.labels_file, model)
        of_texts = data.texts is not None or isinstance(schema.blocks[0], Words)
        most = room_of(model).part(LOOKED_AT, ENTRY * math.prod(schema.row_shape))
        numbers, seen = looked_at(rows, len(model.labels_), most, of_texts)
        with isolated():
            given = given_rows(model, seen, schema)
            read = Rows(given.source, schema, choose_device("cpu"))
            searched = Neighbours().searched(read)
            groups = dense_groups(read, model.assigned_.likeliest[numbers], searched)
            touches = touching(searched[1], model.labels_[numbers], model.assigned_, model.n_clusters_)
            texts = given.texts if data.texts is None else data.texts
            on_map, codes = RowMap.write(self.path, model, given, seen, numbers, texts)
        write_examples(self.path, _examples(model, [numbers[group.rows] for group in groups], on_map, codes), rows)
        reliability, counts = reliability_of(model, data), _label_counts(model, data)
        write_json(
            self.run_file,
            {
                "format": FORMAT,
                "written": datetime.now(UTC).isoformat(timespec="seconds"),
                "source": source,
                # Only a demo's run may be replaced by the next demo.
                **({"demo": True} if demo else {}),
                **({"pictures": pictures.given} if pictures.given else {}),
                **more,
                "rows": len(model.labels_),
                "row_shape": list(seen.shape[1:]),
                "ending": model.history_.ending,
                "seconds": round(seconds, 1),
                "cpu_seconds": None if cpu_seconds is None else round(cpu_seconds, 1),
                "clusters": _clusters(model),
                "dense_groups": [
                    {
                        "cluster": group.cluster,
                        "size": round(len(group.rows) * len(model.labels_) / len(numbers)),
                        "density": group.density,
                    }
                    for group in groups
                ],
                "touching": record.plain(touches),
                **_what_sets_apart(model, given, model.labels_[numbers]),
                **_what_texts_say(model, rows, texts),
                "scores": {part: dict(values) for part, values in scores.items()},
                **({"contingency": record.plain(counts)} if counts else {}),
                **({"reliability": record.plain(reliability)} if reliability else {}),
                "versions": versions(),
                "machine": machine(),
            },
        )

    def _clear(self) -> None:
        """Take away what is about other clusters than those that are written."""
        with self._edits_held():
            self.run_file.unlink(missing_ok=True)
            self.stability_file.unlink(missing_ok=True)
            for gone in (EDITING, VERSIONS) if self.overwritten else ():
                shutil.rmtree(self.path / gone, ignore_errors=True)

    def _edits_held(self) -> AbstractContextManager[object]:
        """No other process edits the run inside, if it is to be overwritten; `FileError` if one does."""
        edits = self.path / EDITING
        return locked(edits) if self.overwritten and edits.is_dir() else nullcontext()


def _clusters(model: "VAEClustering") -> list[dict[str, Any]]:
    clusters: list[dict[str, Any]] = []
    for cluster, size in enumerate(model.cluster_sizes_.tolist()):
        own = model.confidence_[model.labels_ == cluster]
        mean = float(own.mean()) if size else None
        # How many rows are how sure, by tenths.
        tenths = np.histogram(own, 10, (0, 1))[0].tolist()
        clusters.append({"cluster": cluster, "size": size, "mean_confidence": mean, "confidence": tenths})
    return clusters


def _label_counts(model: "VAEClustering", data: DataSet) -> LabelCounts | None:
    if data.y_train is None or len(np.unique(data.y_train)) > MOST_LABELS:
        return None
    return LabelCounts.of(data.y_train, model.labels_, model.n_clusters_)


def _examples(model: "VAEClustering", groups: Sequence[Array], on_map: RowMap, codes: Array) -> dict[str, Array]:
    """The numbers of the rows that are shown: of each cluster and dense group, and those that are picked out."""
    members = {cluster: np.flatnonzero(model.labels_ == cluster) for cluster in range(model.n_clusters_)}
    examples = drawn(
        {CLUSTER.format(cluster): own for cluster, own in members.items()}
        | {GROUP.format(place): own for place, own in enumerate(groups, 1)}
    )
    return examples | _picked_out(model, members, on_map, codes)


def _picked_out(
    model: "VAEClustering", members: Mapping[int, Array], on_map: RowMap, codes: Array
) -> dict[str, Array]:
    """The numbers of rows that are shown for what they are: the most typical ones, the least sure, and unusual ones.

    Typical and unusual rows are those among the rows of the map, whose codes (lines, latent) are known.
    """
    from vaecluster.inference.touching import SURE
    from vaecluster.inference.typical import typical_rows

    lines, labels, confidence = on_map.row, model.labels_, model.confidence_
    found = {}
    typical = typical_rows(codes, labels[lines], model.n_clusters_, PICKED, confidence[lines])
    for cluster, own in enumerate(typical):
        if not len(own):
            continue
        found[TYPICAL.format(cluster)] = lines[own]
        unsure = members[cluster][confidence[members[cluster]] < SURE]
        if len(unsure):
            found[UNSURE.format(cluster)] = unsure[np.argsort(confidence[unsure], kind="stable")[:PICKED]]
    scores = on_map.outlier_score
    if scores is not None:
        scored = np.flatnonzero(scores >= 0)
        scored = scored[np.argsort(-scores[scored], kind="stable")]
        found[OUTLIERS] = lines[scored[:OUTLYING]]
        for cluster in range(model.n_clusters_):
            own = scored[labels[lines[scored]] == cluster]
            if len(own):
                found[UNUSUAL.format(cluster)] = lines[own[:PICKED]]
    return found


def _what_sets_apart(model: "VAEClustering", given: "Given", labels: Array) -> dict[str, Any]:
    """Columns with names, as the fit found them; and genes of cells."""
    from vaecluster.files import record
    from vaecluster.inference.markers import marker_genes

    markers = marker_genes(given, model.fitted_.schema, labels, model.n_clusters_)
    return {
        "profile": record.plain(model.fitted_.profile or []),
        **({} if markers is None else {"markers": record.plain(markers)}),
    }


def _write_labels(path: Path, model: "VAEClustering") -> None:
    """The clusters of all rows, a block after the other."""
    found = model.assigned_
    names = None if found.row_names is None else iter(found.row_names.names)
    with made_atomically(path) as place, place.open("wb") as file:
        for first in range(0, len(found.labels), LABELS):
            own = None
            if found.row_names is not None and names is not None:
                own = RowNames(found.row_names.called, list(islice(names, LABELS)))
            some = Labels.of(found.some(slice(first, first + LABELS), own), model.cluster_names_, first)
            file.write(some.as_csv(header=not first))


def looked_at(rows: Any, number: int, most: int, of_texts: bool) -> tuple[Array, Any]:
    """The numbers of the rows that are looked at closely, and these: all, or a random sample of `most`."""
    if number <= most or of_texts or not can_be_cut(rows):
        return np.arange(number), rows.whole(None) if isinstance(rows, StoredTable) else rows
    numbers = np.sort(np.random.default_rng(0).choice(number, most, replace=False))
    return numbers, rows_at(rows, numbers)


def _what_texts_say(model: "VAEClustering", rows: Any, texts: Sequence[str] | None) -> dict[str, Any]:
    """Words of clusters, and their most typical texts, cut where they are long."""
    from vaecluster.files import record
    from vaecluster.inference.typical import typical_rows
    from vaecluster.inference.words import words

    if texts is None:
        return {}
    clusters, labels = model.n_clusters_, model.labels_
    typical = typical_rows(model.transform(rows), labels, clusters, TYPICAL_TEXTS, model.confidence_)
    return {
        "words": record.plain(words(texts, labels, clusters)),
        "typical_texts": [
            [{"row": row, "text": texts[row][:TEXT_LENGTH]} for row in some.tolist()] for some in typical
        ],
    }
