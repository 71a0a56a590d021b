"""A model of a run as programs that run without this package; one form a file, this one for torch.export."""

import json
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import torch

from vaecluster.data.traced import Values
from vaecluster.errors import OutliersWarning
from vaecluster.inference.programs import Program, silent
from vaecluster.training.device import isolated

if TYPE_CHECKING:
    from vaecluster.estimator import VAEClustering

CLASSIFY, GENERATE = "classify", "generate"
# What a program says of itself is a text in JSON that has this name in the file.
ABOUT = "vaecluster"
# Types of numbers as numpy calls them.
_TYPES = {torch.float32: "float32", torch.float64: "float64", torch.uint8: "uint8", torch.int64: "int64"}


@final
@dataclass(frozen=True)
class ProgramForm:
    """One form of programs: how the names of its files end, and what writes one with what it says of itself.

    `write` raises `FileError` for a program that the form cannot hold.
    """

    ending: str
    write: Callable[[Program, str, Path], None]
    # The type of a tensor that stands for texts.
    texts: str = "int64"


def program_files(model: "VAEClustering", form: ProgramForm, folder: Path) -> list[str]:
    """Write a fitted model into a folder as the programs `classify` and `generate`; the names of the files.

    Raises `SettingError` for rows that no program can read, and `FileError` for what the form cannot hold.
    """
    fitted = model.fitted_
    if model.outlier_fraction:
        warnings.warn(
            f"The least likely {model.outlier_fraction:.0%} of the rows are outliers to this model, and get -1. In an "
            "exported program they have a cluster. Use `vaecluster predict` where outliers matter.",
            OutliersWarning,
            stacklevel=3,
        )
    with isolated():
        # Programs learn nothing, and are written on the processor. The model itself stays as it is.
        parts = deepcopy(fitted.model).cpu().requires_grad_(False)
        programs = {
            CLASSIFY: Program.classifying(parts, fitted.schema, fitted.confidence, model.min_confidence),
            GENERATE: Program.generating(parts, fitted.schema),
        }
        for name, program in programs.items():
            own = {
                key: _listed(values, form)
                for key, values in (("inputs", program.inputs), ("outputs", program.outputs))
            }
            about = {"program": name, **described(model), **own}
            form.write(program, json.dumps(about), folder / f"{name}{form.ending}")
    return [f"{name}{form.ending}" for name in programs]


def described(model: "VAEClustering") -> dict[str, Any]:
    """What a program says of its model: version, what rows are, names of columns of an array, and its clusters.

    Each cluster has its name, None where it has none, and its share p(y).
    """
    fitted, names = model.fitted_, model.cluster_names_
    with torch.no_grad():
        shares = fitted.model.grouping.sum(fitted.model.prior.weights().probs).tolist()
    return {
        "version": version("vaecluster"),
        "kind": str(fitted.schema.kind),
        "columns": list(fitted.feature_names) if fitted.schema.frame is None else [],
        "clusters": [{"name": names.get(cluster), "share": share} for cluster, share in enumerate(shares)],
    }


def _listed(values: tuple[Values, ...], form: ProgramForm) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "type": form.texts if one.texts else _TYPES[one.dtype],
            "shape": ["rows", *one.shape],
            "holds": one.holds,
            "texts": one.texts,
        }
        for one in values
    ]


def _write(program: Program, about: str, path: Path) -> None:
    exported, content = program.exported(), BytesIO()
    with silent():
        torch.export.save(exported, content, extra_files={ABOUT: about})
    # A full disk is an OSError here, and not one of C++.
    path.write_bytes(content.getvalue())


TORCH_EXPORT = ProgramForm(".pt2", _write)
