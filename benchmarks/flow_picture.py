"""Codes of two flows, one learned with labels and one without, side by side."""

from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from benchmarks.class_flow import ClassFlow, Labels
from vaecluster.data.raw import Array
from vaecluster.files.atomic import write_atomically
from vaecluster.report.charts import LIGHT

# The flows in the picture, and their titles.
SHOWN = {"classes": "codes, learned with labels", "from random rows": "codes, learned without"}


class Drawn(NamedTuple):
    """Codes and means of components in a plane, (rows, 2) and (components, 2), and the scores beside them."""

    code: Array
    means: Array
    scores: dict[str, Any]


@torch.no_grad()
def plane(flow: ClassFlow, code: Tensor) -> tuple[Array, Array]:
    """Codes and means in the plane in which the means lie furthest apart, in units of the components' deviation.

    Means count by their shares.
    """
    components, shares = flow.prior.components, flow.prior.weights().probs.double().numpy()
    unit = components.log_scales.mean(0).exp()
    means, codes = ((each / unit).double().numpy() for each in (components.means, code))
    centre = shares @ means
    axes = np.linalg.svd(np.sqrt(shares)[:, None] * (means - centre))[2][:2]
    return (codes - centre) @ axes.T, (means - centre) @ axes.T


def write_picture(drawn: dict[str, Drawn], classes: Labels, path: Path) -> None:
    """A panel for each flow: codes of held-out rows in the colour of their class, means as crosses."""
    figure = Figure(figsize=(9, 4.6), layout="constrained", facecolor=LIGHT.paper)
    for axes, (name, one) in zip(figure.subplots(1, 2), drawn.items(), strict=True):
        axes.scatter(*one.code.T, c=classes, cmap="tab10" if classes.max() < 10 else "tab20", s=5, lw=0)
        axes.scatter(*one.means.T, marker="x", c=LIGHT.ink, s=45)
        low, high = np.percentile(one.code, [0.5, 99.5], axis=0)
        room = 0.1 * (high - low)
        axes.set(xlim=(low[0] - room[0], high[0] + room[0]), ylim=(low[1] - room[1], high[1] + room[1]))
        axes.set(xticks=[], yticks=[])
        axes.set_title(SHOWN[name], loc="left", color=LIGHT.ink, fontsize=10, weight="bold")
        likelihood, accuracy = one.scores["log_likelihood"], one.scores["parts"]["hungarian_accuracy"]
        axes.set_xlabel(
            f"log p(x) {likelihood:.1f} nats, accuracy {accuracy:.2f}",
            color=LIGHT.ink,
            loc="left",
        )
        for spine in axes.spines.values():
            spine.set_color(LIGHT.faint)
    content = BytesIO()
    figure.savefig(content, format="png", dpi=110)
    write_atomically(path, content.getvalue())
