"""A model behind HTTP, by FastAPI and onnxruntime alone: rows as JSON in, clusters out.

On the command line: `vaecluster export run --to onnx`, then `python examples/serving.py onnx`. Rows come by column, as
in {"age": [31, null], "shop": ["Ulm", "Kiel"]}; those of an array or of images as {"rows": [[[0, 255], [9, 0]]]}.
"""

import json
import sys
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI, HTTPException
from onnxruntime import InferenceSession


def application(folder: str) -> FastAPI:
    """What answers POST /classify, by the programs in a folder."""
    session, app = InferenceSession(f"{folder}/classify.onnx"), FastAPI()
    about = json.loads(session.get_modelmeta().custom_metadata_map["vaecluster"])
    names = [cluster["name"] for cluster in about["clusters"]] + [None]  # the last is that of -1

    @app.post("/classify")
    def classify(rows: dict[str, list[Any]]) -> dict[str, Any]:
        try:
            feed = {one["name"]: np.array(rows[one["name"]], one["type"]) for one in about["inputs"]}
            cluster, probabilities, _ = session.run(None, feed)
        except Exception as problem:
            raise HTTPException(422, f"{problem!r}; expected {about['inputs']}") from None
        confidence = np.nan_to_num(probabilities.max(1)).tolist()
        return {"cluster": cluster.tolist(), "name": [names[one] for one in cluster], "confidence": confidence}

    return app


if __name__ == "__main__":
    uvicorn.run(application(sys.argv[1]), port=int((*sys.argv[2:], 8000)[0]))
