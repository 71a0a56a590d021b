"""What one fit leaves behind, as files that other programs can read."""

import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, final

import numpy as np

from vaecluster.data.dataset import DataSet
from vaecluster.data.files import read_arrays
from vaecluster.data.pictures.options import NO_OPTIONS, PictureOptions
from vaecluster.data.raw import Array, RowNames
from vaecluster.data.stored import StoredTable, can_be_cut, rows_at
from vaecluster.data.tables import as_csv, parts_as_parquet, parts_of, picked
from vaecluster.errors import FileError
from vaecluster.files.atomic import made_atomically, write_atomically, write_json
from vaecluster.files.provenance import machine, versions
from vaecluster.look import WALL_ROWS
from vaecluster.runs.labels import Labels, with_digits
from vaecluster.runs.map import RowMap
from vaecluster.runs.order import DONE, is_unfinished, is_unused
from vaecluster.settings import is_number

if TYPE_CHECKING:
    from vaecluster.data.given import Given
    from vaecluster.estimator import VAEClustering


Key = TypeVar("Key")

FORMAT = 1
ARRAYS, TABLES = "examples.npz", "examples.parquet"
# Of more rows a random sample is searched for dense groups and for marker genes; bytes for each of their entries, four
# of which there is room for at a time.
LOOKED_AT, ENTRY = 100_000, 8
# Rows whose labels are written at a time.
LABELS = 2**16
# So many typical texts of a cluster are kept, and so many characters of each.
TYPICAL, TEXT_LENGTH = 5, 500


@final
@dataclass(frozen=True)
class RunFolder:
    """A folder with `model.vaecluster`, `run.json`, `labels.csv` and `examples.npz`, or for tables `examples.parquet`.

    `map.parquet` holds the rows of its map (`RowMap`), and `layout.vaecluster` what places new rows there (`Layout`).

    `run.json` says what was fitted, how, on what and with which scores; `labels.csv` has a line per row of the fit
    (`Labels`); the examples are up to 64 rows per cluster, drawn at random, for the report, and those of dense groups
    by their numbers -1, -2, and so on: with the model they are all that `report` needs.
    """

    path: Path

    @classmethod
    def create(cls, path: Path, *, overwrite: bool) -> "RunFolder":
        """A folder to write a run into, not made yet; `FileError` if something is there that must stay."""
        if path.exists() and not path.is_dir():
            raise FileError(f"'{path}' is a file; the output must be a folder. Choose another --output.")
        if path.exists() and not overwrite and not is_unused(path):
            if is_unfinished(path):
                raise FileError(
                    f"The folder '{path}' holds an unfinished fit. Go on with it by `vaecluster fit --resume {path}`, "
                    "choose another --output, or add --overwrite."
                )
            raise FileError(f"The folder '{path}' is not empty. Choose another --output, or add --overwrite.")
        return cls(path)

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
        return self.path / "model.vaecluster"

    @property
    def labels_file(self) -> Path:
        """The cluster of each row of the fit."""
        return self.path / "labels.csv"

    @property
    def run_file(self) -> Path:
        """The run's description."""
        return self.path / DONE

    def model(self, device: str = "auto") -> "VAEClustering":
        """The fitted model, opened."""
        from vaecluster.estimator import VAEClustering

        return VAEClustering.load(self.model_file, device=device)

    def description(self) -> dict[str, Any]:
        """The content of `run.json`."""
        try:
            description = json.loads(self.run_file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            description = None
        if not isinstance(description, dict) or description.get("format") != FORMAT:
            raise self.damaged()
        return description

    def took(self) -> tuple[float, float]:
        """The seconds of the fit by the clock and of processors."""
        match self.description():
            case {"seconds": seconds, "cpu_seconds": cpu} if is_number(seconds) and is_number(cpu):
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

    def examples(self) -> dict[int, Any]:
        """Some rows of each cluster, in the user's units: arrays, or tables."""
        arrays, tables = self.path / ARRAYS, self.path / TABLES
        try:
            if tables.is_file():
                return dict(parts_of(tables.read_bytes()))
            return {int(name): rows for name, rows in read_arrays(arrays).items()}
        except (OSError, ValueError, LookupError, TypeError):
            found = tables if tables.is_file() else arrays
            raise FileError(f"'{found}' is missing or damaged. Fit again.") from None

    def write(
        self,
        model: "VAEClustering",
        data: DataSet,
        *,
        source: str,
        seconds: float,
        cpu_seconds: float,
        scores: Mapping[str, Mapping[str, float]],
        pictures: PictureOptions = NO_OPTIONS,
        demo: bool = False,
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Write everything on the rows of the fit; `run.json` last, so a folder with it is complete.

        `more` is what it says beside.
        """
        # They load torch, which a refused run does not need.
        from vaecluster.data.blocks import Words
        from vaecluster.data.given import given_rows, room_of
        from vaecluster.data.rows import Rows
        from vaecluster.files import record
        from vaecluster.inference.dense import dense_groups
        from vaecluster.runs.reliability import reliability_of
        from vaecluster.training.device import choose_device, isolated

        rows, schema = data.x_train, model.fitted_.schema
        self.run_file.unlink(missing_ok=True)
        model.save(self.model_file)
        with made_atomically(self.labels_file) as place, place.open("wb") as file:
            for some in _labels(model):
                file.write(as_csv(with_digits(some.table()), header=not file.tell()))
        of_texts = data.texts is not None or isinstance(schema.blocks[0], Words)
        most = room_of(model).part(LOOKED_AT, ENTRY * math.prod(schema.row_shape))
        numbers, seen = looked_at(rows, len(model.labels_), most, of_texts)
        with isolated():
            given = given_rows(model, seen, schema)
            groups = dense_groups(Rows(given.source, schema, choose_device("cpu")), model.assigned_.likeliest[numbers])
        examples = draw_examples(
            _members(model) | {-1 - place: numbers[group.rows] for place, group in enumerate(groups)}, rows
        )
        arrays, tables = self.path / ARRAYS, self.path / TABLES
        if isinstance(examples[0], np.ndarray):
            tables.unlink(missing_ok=True)
            write_atomically(arrays, _npz({str(cluster): some for cluster, some in examples.items()}))
        else:
            arrays.unlink(missing_ok=True)
            write_atomically(tables, parts_as_parquet(examples))
        texts = given.texts if data.texts is None else data.texts
        with isolated():
            RowMap.write(self.path, model, given, seen, numbers, texts)
        reliability = reliability_of(model, data)
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
                "cpu_seconds": round(cpu_seconds, 1),
                "clusters": _clusters(model),
                "dense_groups": [
                    {
                        "cluster": group.cluster,
                        "size": round(len(group.rows) * len(model.labels_) / len(numbers)),
                        "density": group.density,
                    }
                    for group in groups
                ],
                **_what_sets_apart(model, given, model.labels_[numbers]),
                **_what_texts_say(model, rows, texts),
                "scores": {part: dict(values) for part, values in scores.items()},
                **({"reliability": record.plain(reliability)} if reliability else {}),
                "versions": versions(),
                "machine": machine(),
            },
        )


def _clusters(model: "VAEClustering") -> list[dict[str, float | int | None]]:
    clusters: list[dict[str, float | int | None]] = []
    for cluster, size in enumerate(model.cluster_sizes_.tolist()):
        mean = float(model.confidence_[model.labels_ == cluster].mean()) if size else None
        clusters.append({"cluster": cluster, "size": size, "mean_confidence": mean})
    return clusters


def _what_sets_apart(model: "VAEClustering", given: "Given", labels: Array) -> dict[str, Any]:
    """Columns with names, as the fit found them; and genes of cells."""
    from vaecluster.files import record
    from vaecluster.inference.markers import marker_genes

    markers = marker_genes(given, model.fitted_.schema, labels, model.n_clusters_)
    return {
        "profile": record.plain(model.fitted_.profile or []),
        **({} if markers is None else {"markers": record.plain(markers)}),
    }


def _labels(model: "VAEClustering") -> Iterator[Labels]:
    """Of all rows, a block after the other."""
    found = model.assigned_
    names = None if found.row_names is None else iter(found.row_names.names)
    for first in range(0, len(found.labels), LABELS):
        some = slice(first, min(first + LABELS, len(found.labels)))
        own = None
        if found.row_names is not None and names is not None:
            own = RowNames(found.row_names.called, list(islice(names, some.stop - first)))
        yield Labels.of(found.some(some, own), model.cluster_names_, first)


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
    typical = typical_rows(model.transform(rows), labels, clusters, TYPICAL, model.confidence_)
    return {
        "words": record.plain(words(texts, labels, clusters)),
        "typical_texts": [
            [{"row": row, "text": texts[row][:TEXT_LENGTH]} for row in some.tolist()] for some in typical
        ],
    }


def _members(model: "VAEClustering") -> dict[int, Array]:
    """The numbers of the rows of each cluster."""
    return {cluster: np.flatnonzero(model.labels_ == cluster) for cluster in range(model.n_clusters_)}


def draw_examples(members: Mapping[Key, Array], rows: Any) -> dict[Key, Any]:
    """Some rows of each of these, in the order in which they were drawn: the first of them are looked at most."""
    random = np.random.default_rng(0)
    drawn = {key: random.choice(of, min(WALL_ROWS, len(of)), replace=False) for key, of in members.items()}
    wanted = np.unique(np.concatenate(list(drawn.values())))
    found = rows_at(rows, wanted)
    return {key: picked(found, np.searchsorted(wanted, numbers)) for key, numbers in drawn.items()}


def _npz(arrays: dict[str, Array]) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()
