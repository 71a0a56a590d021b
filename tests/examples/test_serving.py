import http.client
import json
import runpy
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import estimator, frame, quiet
from vaecluster import write_programs

uvicorn = pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")
pytestmark = quiet
EXAMPLE = Path(__file__).parents[2] / "examples" / "serving.py"
Ask = Callable[[Any], tuple[int, Any]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Asks the example's server of a model of a table."""
    assert len(EXAMPLE.read_text().splitlines()) <= 40
    folder = tmp_path_factory.mktemp("served") / "onnx"
    model = estimator().fit(frame()).name_clusters({0: "small"})
    write_programs(model, folder)
    app = runpy.run_path(str(EXAMPLE))["application"](str(folder))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    def answer(rows: Any) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", "/classify", json.dumps(rows), {"Content-Type": "application/json"})
        found = connection.getresponse()
        read = found.status, json.loads(found.read())
        connection.close()
        return read

    yield answer
    server.should_exit = True
    thread.join()


def test_rows_as_json_get_the_clusters_of_the_model(ask: Ask) -> None:
    rows, model = frame(), estimator().fit(frame())
    columns = {name: [None if one != one else one for one in rows[name].tolist()] for name in rows}
    columns["colour"][0] = None
    rows.loc[0, "colour"] = None
    status, found = ask(columns)
    labels, confidence = model.assign(rows)
    assert (status, found["cluster"]) == (200, labels.tolist())
    np.testing.assert_allclose(found["confidence"], confidence, atol=1e-4)
    assert found["name"] == ["small" if label == 0 else None for label in labels]


def test_other_rows_are_refused_and_say_what_was_expected(ask: Ask) -> None:
    for rows in ({"height": [1.0]}, {"height": ["tall"], "width": [1.0], "colour": ["red"]}):
        status, found = ask(rows)
        assert status == 422
        assert "colour" in found["detail"]
    # A text that the fit has not seen is missing, and so may be a number.
    status, found = ask({"height": [None], "width": [1.0], "colour": ["violet"]})
    assert (status, len(found["cluster"])) == (200, 1)
