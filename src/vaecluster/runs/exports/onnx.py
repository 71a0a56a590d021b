"""Programs as ONNX files, with texts as texts."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from vaecluster.data.traced import Values
from vaecluster.errors import FileError
from vaecluster.inference.programs import Program, silent
from vaecluster.runs.exports.programs import ABOUT, ProgramForm

if TYPE_CHECKING:
    import onnx_ir as ir

Keys = dict[str, str | int | Sequence[int] | Sequence[str]]

# The operators of ONNX for classical machine learning, of which one puts texts into numbers and back.
_ML, _ML_VERSION = "ai.onnx.ml", 2


def _write(program: Program, about: str, path: Path) -> None:
    exported = program.exported()
    try:
        with silent():
            model = _converted(exported)
    except ImportError:
        raise FileError(
            "--to onnx needs the package onnxscript, which is not installed. Install it by `pip install "
            "'vaecluster[export]'`, or choose --to torch-export."
        ) from None
    except torch.onnx.OnnxExporterError as problem:
        missing = re.search(r"op='([\w.]+)'", str(problem))
        raise FileError(
            f"ONNX cannot compute what a part of this model does{f' ({missing[1]})' if missing else ''}. Choose --to "
            "torch-export."
        ) from None
    import onnx_ir as ir

    _rename_inner(model.graph, {one.name for one in (*program.inputs, *program.outputs)})
    for place, values in enumerate(program.inputs):
        _take(model.graph, place, values)
    for place, values in enumerate(program.outputs):
        _give(model.graph, place, values)
    model.opset_imports[_ML] = _ML_VERSION
    model.metadata_props[ABOUT] = about
    ir.save(model, path)


def _converted(exported: Any) -> "ir.Model":
    written = torch.onnx.export(exported, dynamo=True, verbose=False)
    assert written is not None
    return written.model


def _rename_inner(graph: "ir.Graph", names: set[str]) -> None:
    """Give values in between other names than those of columns, which may be any."""
    for value in [*graph.initializers.values(), *(output for node in graph for output in node.outputs)]:
        if value.name in names:
            value.name = f"{ABOUT}/{value.name}"


def _take(graph: "ir.Graph", place: int, values: Values) -> None:
    """Name an input; where it stands for texts, put these before it, -1 for a text that is not known."""
    import onnx_ir as ir

    taken = graph.inputs[place]
    if values.texts:
        places = list(range(len(values.texts)))
        keys: Keys = {"keys_strings": list(values.texts), "values_int64s": places, "default_int64": -1}
        texts = ir.val(values.name, ir.DataType.STRING)
        node = ir.node("LabelEncoder", [texts], keys, domain=_ML)
        taken.replace_all_uses_with(node.outputs[0])
        graph.insert_before(graph[0], node)
        graph.inputs[place] = taken = texts
    taken.name, taken.shape = values.name, _shape(values)


def _give(graph: "ir.Graph", place: int, values: Values) -> None:
    """Name an output; where it stands for texts, put these behind it."""
    import onnx_ir as ir

    given = graph.outputs[place]
    if values.texts:
        keys: Keys = {"keys_int64s": list(range(len(values.texts))), "values_strings": list(values.texts)}
        node = ir.node("LabelEncoder", [given], keys, domain=_ML)
        graph.append(node)
        graph.outputs[place] = given = node.outputs[0]
        given.dtype = ir.DataType.STRING
    given.name, given.shape = values.name, _shape(values)


def _shape(values: Values) -> "ir.Shape":
    import onnx_ir as ir

    return ir.Shape(["rows", *values.shape])


ONNX = ProgramForm(".onnx", _write, texts="str")
