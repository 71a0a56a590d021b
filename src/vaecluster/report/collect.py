"""From a run folder to the report's content."""

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaecluster.clusters.hierarchy import Hierarchy
from vaecluster.data.blocks import Pixels
from vaecluster.data.raw import Array
from vaecluster.data.schema import Schema
from vaecluster.estimator import VAEClustering
from vaecluster.report.content import ClusterPage, Curve, Matrix, NumberPage, ReportContent, Wall
from vaecluster.runs.folder import WALL_ROWS, RunFolder

UNITS = {
    "populated_clusters": "clusters",
    "mean_confidence": "probability",
    "learning_rate": "",
    "seconds": "seconds",
}


def collect(folder: RunFolder) -> ReportContent:
    """The whole content of the report on this run; rows are generated here, from the estimator's own seed."""
    run, model = folder.description(), folder.model(device="cpu")
    examples = folder.examples()
    low, high = _bounds(model.fitted_.schema, np.concatenate(list(examples.values())))
    pages = tuple(
        ClusterPage(
            cluster=entry["cluster"],
            size=entry["size"],
            share=entry["size"] / run["rows"],
            mean_confidence=float("nan") if entry["mean_confidence"] is None else entry["mean_confidence"],
            rows=Wall(examples[entry["cluster"]], low, high),
            generated=Wall(model.sample(WALL_ROWS, cluster=entry["cluster"]), low, high),
        )
        for entry in run["clusters"]
    )
    curves = tuple(
        Curve(name.replace("_", " "), tuple(values), UNITS.get(name, "nats per row"))
        for name, values in model.history_.curves().items()
        if name != "seconds"
    )
    facts = tuple((name, value) for name, value in _facts(run, model).items())
    warnings = tuple(_warnings(run, model))
    return ReportContent(run["source"], facts, pages, curves, run["scores"] or None, warnings, collect_number(model))


def collect_number(model: VAEClustering) -> NumberPage | None:
    """What the fit weighed to find the number of clusters; None if its method weighs none."""
    evidence, tree = model.evidence_, model.hierarchy_
    # A single component leaves no number to weigh.
    if evidence is None or tree is None or not len(evidence.losses):
        return None
    # The agreement of one head with itself would be drawn as perfect.
    alone = getattr(model.method_, "heads", None) == 1
    return NumberPage(
        losses=np.arange(2, len(evidence.losses) + 2) * evidence.losses,
        agreement=None if alone else evidence.agreement,
        support=evidence.support,
        used=model.n_clusters_,
        best=evidence.clusters,
        strength=evidence.strength,
        found=model.n_clusters == "auto",
        tree=cluster_tree(tree, model.model_.grouping.cluster_of.cpu().numpy()),
    )


def cluster_tree(tree: Hierarchy, cluster_of: NDArray[np.intp]) -> Matrix:
    """scipy's linkage of the tree's clusters, numbered as in `cluster_of` (components,), nothing lost before them."""
    linkage, clusters = tree.linkage(), int(cluster_of.max()) + 1
    inside = tree.components - clusters  # merges within clusters

    def cluster_or_merge(node: int) -> int:
        if node >= tree.components + inside:
            return node - tree.components - inside + clusters
        while node >= tree.components:  # down to a leaf, all of which lie in one cluster
            node = int(linkage[node - tree.components, 0])
        return int(cluster_of[node])

    lost = linkage[inside - 1, 2] if inside else 0.0
    rows, sizes = np.empty((clusters - 1, 4)), np.ones(2 * clusters - 1)
    for step, (one, other, height, _) in enumerate(linkage[inside:]):
        pair = sorted((cluster_or_merge(int(one)), cluster_or_merge(int(other))))
        sizes[clusters + step] = sizes[pair].sum()
        rows[step] = *pair, height - lost, sizes[clusters + step]
    return rows


def _bounds(schema: Schema, rows: Array) -> tuple[Array | float, Array | float]:
    """The values drawn darkest and brightest, the same for real and generated rows."""
    block = schema.blocks[0]
    if isinstance(block, Pixels):
        return block.offset, block.offset + block.scale
    # Far values would leave the rest of their column in one colour.
    low, high = np.percentile(rows.astype(float), [2, 98], axis=0)
    return low, high


def _facts(run: dict[str, Any], model: VAEClustering) -> dict[str, str]:
    shape = "x".join(str(size) for size in run["row_shape"])
    epochs = len(model.history_.epochs)
    alone = run["rows"] - sum(entry["size"] for entry in run["clusters"])
    return {
        "Rows": f"{run['rows']:,}",
        "Row": f"{shape} pixels" if model.fitted_.schema.kind == "images" else f"{shape} columns",
        "Clusters": str(model.n_clusters_),
        **({"In no cluster": f"{alone:,} rows"} if alone else {}),
        "Method": model.method_.name,
        "Epochs": f"{epochs} of {model.history_.epochs[-1].epochs}",
        "Time": f"{run['seconds']:,.0f} s",
        "Processor time": f"{run['cpu_seconds']:,.0f} s",
        "Seed": str(model.random_state),
        "Rows shown": "drawn at random from each cluster",
        "Written": datetime.fromisoformat(run["written"]).strftime("%Y-%m-%d %H:%M UTC"),
        "Version": f"vaecluster {run['versions']['vaecluster']}",
    }


def _warnings(run: dict[str, Any], model: VAEClustering) -> list[str]:
    warnings = []
    empty = [entry["cluster"] for entry in run["clusters"] if not entry["size"]]
    if empty:
        warnings.append(
            f"{len(empty)} of {model.n_clusters_} clusters hold no row. Ask for fewer clusters, train for more "
            "epochs, or try another seed."
        )
    if run["ending"] == "interrupted":
        warnings.append("The fit was interrupted; the model is what was learned until then.")
    return warnings
