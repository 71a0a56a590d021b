"""A flow that classifies, and the attempt to cluster with it.

`python -m benchmarks.flow --data digits,pendigits --seeds 3` fits the same flow with labels, with another cut of the
rows as if it were labels, without labels, and with one component. It writes one file and one picture for each data
set, from which `python -m benchmarks.tables` makes the tables in `docs/flow.md`. A run that was stopped goes on.
"""

import json
import time
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
import torch
from cyclopts import App
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.nn.functional import cross_entropy

from benchmarks.class_flow import BLOCK, ClassFlow, Labels, Plan, check_density, learn
from benchmarks.flow_picture import SHOWN, Drawn, plane, write_picture
from benchmarks.readers import some_of
from benchmarks.runs import check_labelled, file_of
from vaecluster.cli import main
from vaecluster.cli.options import Whole, check, names_of
from vaecluster.clusters.scores import score_labels
from vaecluster.data.dataset import DataSet
from vaecluster.data.draws import Draws
from vaecluster.data.named import load_named
from vaecluster.data.raw import Array
from vaecluster.errors import DataError, FileError
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import machine, versions
from vaecluster.settings import Whole as WholeKind

RESULTS = Path(__file__).parent / "results" / "flow"
# Of k-means the best of so many starts; without rows to test on, every so many-th row is held out.
STARTS, HELD_OUT = 10, 5


@final
@dataclass(frozen=True)
class Split:
    """Rows (rows, columns) to learn from and to test on, and their classes (rows,), 0 and up."""

    name: str
    rows: Array
    classes: Labels
    test_rows: Array
    test_classes: Labels

    @classmethod
    def of(cls, data: DataSet) -> "Split":
        """Of a labelled data set; images become rows of their pixels. Raises `DataError` for others."""
        rows, labels = data.x_train, np.asarray(check_labelled(data).y_train)
        if not isinstance(rows, np.ndarray):
            raise DataError(f"{data.name} is a {type(rows).__name__}; a flow needs an array of numbers.")
        if data.x_test is None or data.y_test is None:
            held_out = np.arange(len(rows)) % HELD_OUT == 0
            data = replace(data, x_test=rows[held_out], y_test=labels[held_out])
            rows, labels = rows[~held_out], labels[~held_out]
        rows, test_rows = (each.reshape(len(each), -1) for each in (rows, np.asarray(data.x_test)))
        check_density(np.concatenate([rows, test_rows]))
        values, classes = np.unique(labels, return_inverse=True)
        if len(values) < 2:
            raise DataError(f"All rows of {data.name} are of one class. Give rows of two or more.")
        if new := set(np.asarray(data.y_test).tolist()) - set(values.tolist()):
            raise DataError(f"{data.name} has held-out rows of {new}, of which it has none to learn from. Drop them.")
        test_classes = np.searchsorted(values, data.y_test)
        return cls(data.name, rows.astype(np.float32), classes, test_rows.astype(np.float32), test_classes)

    @property
    def number(self) -> int:
        """How many classes there are."""
        return int(self.classes.max()) + 1


@final
@dataclass(frozen=True)
class Cut:
    """A way to part rows: which part each row is in, of those of the fit and of others; `told` if it is kept to."""

    parts: Labels
    test_parts: Labels
    told: bool


def cuts(split: Split, seed: int) -> dict[str, Cut]:
    """The cuts that flows are fitted with, by name; only the first one reads the classes."""
    scaler, number = StandardScaler().fit(split.rows), split.number
    both = [scaler.transform(rows) for rows in (split.rows, split.test_rows)]
    axis = PCA(1, random_state=0).fit(both[0])
    along = [axis.transform(rows)[:, 0] for rows in both]
    edges = np.quantile(along[0], np.arange(1, number) / number)
    means = KMeans(number, n_init=STARTS, random_state=seed).fit(both[0])
    some = both[0][np.random.default_rng(seed).choice(len(both[0]), number, replace=False)]
    return {
        "classes": Cut(split.classes, split.test_classes, told=True),
        "slices": Cut(*(np.searchsorted(edges, places) for places in along), told=True),
        "from k-means": Cut(*(means.predict(rows).astype(np.intp) for rows in both), told=False),
        "from random rows": Cut(*(cdist(rows, some).argmin(1) for rows in both), told=False),
        "one component": Cut(*(np.zeros(len(rows), np.intp) for rows in both), told=False),
    }


def measure(split: Split, seed: int, plan: Plan, picture: Path | None = None) -> dict[str, Any]:
    """The flow of every cut in held-out rows, and logistic regression; with `picture` two of them are drawn."""
    found: dict[str, Any] = {}
    drawn: dict[str, Drawn] = {}
    for name, cut in cuts(split, seed).items():
        start = time.process_time()
        flow = learn(split.rows, cut.parts, seed, plan, told=cut.told)
        seconds = round(time.process_time() - start, 1)
        said = answered(flow, split.test_rows, seed)
        found[name] = scores(said, split, cut) | {"cpu_seconds": seconds}
        if name in SHOWN:
            drawn[name] = Drawn(*plane(flow, said.code), found[name])
    if picture is not None:
        write_picture(drawn, split.test_classes, picture)
    return {"flows": found, "logistic regression": regression(split)}


class Answered(NamedTuple):
    """Of rows: log p(x, y) (rows, parts), logits of q(y|z) (rows, parts), and codes (rows, columns)."""

    joint: Tensor
    logits: Tensor
    code: Tensor


@torch.no_grad()
def answered(flow: ClassFlow, rows: Array, seed: int) -> Answered:
    """What a flow says of rows (rows, columns), always with the same noise, in blocks."""
    generator, parts = Draws(seed).at("test"), []
    for some in torch.as_tensor(rows).split(BLOCK):
        coded = flow(flow.dequantised(some, generator))
        parts.append((flow.log_joint(coded), flow.by_classifier(coded).logits, coded.code))
    return Answered(*(torch.cat(each) for each in zip(*parts, strict=True)))


def scores(said: Answered, split: Split, cut: Cut) -> dict[str, Any]:
    """log p(x) in nats a row; the parts against classes; if told, both ways to classify against what was told."""
    found: dict[str, Any] = {
        "log_likelihood": float(said.joint.logsumexp(1).double().mean()),
        "parts": score_labels(split.test_classes, said.joint.argmax(1).numpy()).as_dict(),
        "start": score_labels(split.test_classes, cut.test_parts).as_dict(),
    }
    own = torch.as_tensor(cut.test_parts)
    for name, logits in (("bayes", said.joint), ("classifier", said.logits)) if cut.told else ():
        accuracy = float((logits.argmax(1) == own).double().mean())
        found[name] = {"accuracy": accuracy, "log_loss": float(cross_entropy(logits.double(), own))}
    return found


def regression(split: Split) -> dict[str, float]:
    """Logistic regression of the same rows, for comparison."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(split.rows, split.classes)
    probabilities = model.predict_proba(split.test_rows)
    return {
        "accuracy": float((probabilities.argmax(1) == split.test_classes).mean()),
        "log_loss": float(log_loss(split.test_classes, probabilities, labels=np.arange(split.number))),
    }


def record(split: Split, seeds: int, plan: Plan, output: Path) -> dict[str, Any]:
    """Measure every seed that the file does not hold yet, and write it after each; the picture is of the first."""
    path = file_of(output, split.name)
    found: dict[str, Any] = {
        "data": {
            "name": split.name,
            "train": list(split.rows.shape),
            "test": len(split.test_rows),
            "classes": split.number,
        },
        "plan": asdict(plan),
        "versions": versions() | {"zuko": version("zuko")},
        "machine": machine(),
        "runs": {},
    }
    if path.exists():
        try:
            earlier = json.loads(path.read_text())
            earlier["runs"] = dict(earlier["runs"])
        except (KeyError, TypeError, ValueError):
            raise FileError(f"'{path}' is no result of this. Move it away, or choose another --output.") from None
        if differing := [name for name in ("data", "plan") if earlier.get(name) != found[name]]:
            raise FileError(
                f"'{path}' holds runs with another {' and '.join(differing)}. Move it away, or choose another "
                "--output."
            )
        found = earlier
    for seed in range(seeds):
        if str(seed) not in found["runs"]:
            run = measure(split, seed, plan, path.with_suffix(".png") if seed == 0 else None)
            found["runs"][str(seed)] = run
            write_json(path, found)
            shown = {name: round(one["log_likelihood"], 2) for name, one in run["flows"].items()}
            print(f"{split.name}, seed {seed}, log p(x): {shown}", flush=True)
    return found


def flow(
    *,
    data: str = "digits,pendigits",
    seeds: Whole = 3,
    rows: Whole | None = None,
    output: Path = RESULTS,
) -> None:
    """Fit a flow with labels, and without them in several ways.

    Parameters
    ----------
    data
        Labelled data sets by name, with commas between.
    seeds
        Fits of each.
    rows
        So many training rows, in place of all.
    output
        Folder for the results, a file and a picture for each data set.
    """
    for name, value in (("seeds", seeds), ("rows", rows)):
        check(f"--{name}", value, WholeKind(1))
    torch.set_num_threads(1)
    for name in names_of("--data", data):
        record(Split.of(some_of(check_labelled(load_named(name)), rows)), seeds, Plan(), output)


app = App(name="python -m benchmarks.flow", default_command=flow, version_flags=())

if __name__ == "__main__":
    main(program=app)
