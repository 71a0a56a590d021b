"""Clusters, codes and a generator per cluster from unlabelled data, learned in one fit."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vaecluster.clusters.reliability import Reliability, reliability
    from vaecluster.comparison import compare
    from vaecluster.data.pictures.folder import Pictures
    from vaecluster.engines.function import predict_function
    from vaecluster.estimator import VAEClustering
    from vaecluster.inference.layout import Layout
    from vaecluster.methods import DEC, DGG, IDEC, Bound, Stepwise, TwoViews, VaDE
    from vaecluster.report.from_python import write_report
    from vaecluster.runs.exports import write_programs

# Loaded when they are first asked for: the command line answers many questions without torch.
_FROM = {
    "Reliability": "vaecluster.clusters.reliability",
    "reliability": "vaecluster.clusters.reliability",
    "compare": "vaecluster.comparison",
    "Pictures": "vaecluster.data.pictures.folder",
    "VAEClustering": "vaecluster.estimator",
    "Layout": "vaecluster.inference.layout",
    "Bound": "vaecluster.methods",
    "DEC": "vaecluster.methods",
    "IDEC": "vaecluster.methods",
    "Stepwise": "vaecluster.methods",
    "DGG": "vaecluster.methods",
    "TwoViews": "vaecluster.methods",
    "VaDE": "vaecluster.methods",
    "predict_function": "vaecluster.engines.function",
    "write_programs": "vaecluster.runs.exports",
    "write_report": "vaecluster.report.from_python",
}

__all__ = [
    "DEC",
    "DGG",
    "IDEC",
    "Bound",
    "Layout",
    "Pictures",
    "Reliability",
    "Stepwise",
    "TwoViews",
    "VAEClustering",
    "VaDE",
    "compare",
    "predict_function",
    "reliability",
    "write_programs",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _FROM:
        return getattr(import_module(_FROM[name]), name)
    if name == "plot":
        return import_module("vaecluster.plot")
    if name == "__version__":
        from importlib.metadata import version

        return version("vaecluster")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_FROM, "plot", "__version__"]
