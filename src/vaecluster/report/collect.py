"""From a run folder to the report's content."""

from datetime import datetime
from typing import Any

from vaecluster.errors import counted
from vaecluster.estimator import VAEClustering
from vaecluster.report.page import Report
from vaecluster.report.run import FinishedRun
from vaecluster.report.sections import SECTIONS
from vaecluster.runs.folder import RunFolder


def collect(folder: RunFolder) -> Report:
    """The whole content of the report on this run; rows are generated here, from the estimator's own seed."""
    run = FinishedRun.open(folder)
    return Report(
        title=run.description["source"],
        facts=tuple(_facts(run.description, run.model).items()),
        warnings=tuple(_warnings(run.description, run.model)),
        sections=tuple(section for kind in SECTIONS if (section := kind.of(run)) is not None),
    )


def _facts(run: dict[str, Any], model: VAEClustering) -> dict[str, str]:
    shape = "x".join(str(size) for size in run["row_shape"])
    epochs = len(model.history_.epochs)
    alone = run["rows"] - sum(entry["size"] for entry in run["clusters"])
    return {
        "Rows": f"{run['rows']:,}",
        "Row": f"{shape} {model.fitted_.schema.kind.entries}",
        "Clusters": str(model.n_clusters_),
        **({"In no cluster": counted(alone, "row")} if alone else {}),
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
