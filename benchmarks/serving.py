"""How fast an exported model answers: in onnxruntime, behind HTTP by `examples/serving.py`, and in this package.

    python -m benchmarks.serving

The model is one of MNIST, 784 pixels a row. How well it is learned does not change how long an answer takes, so the
fit is short. All run on one thread.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnxruntime
import torch
from cyclopts import App

from vaecluster import TwoViews, VAEClustering, write_programs
from vaecluster.cli import main
from vaecluster.cli.options import Place, Whole, check
from vaecluster.data.named import load_named
from vaecluster.data.raw import Array
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import machine, versions
from vaecluster.settings import Whole as WholeKind

RESULTS = Path(__file__).parent / "results" / "serving" / "serving.json"
EXAMPLE = Path(__file__).parents[1] / "examples" / "serving.py"
RUNTIME, PACKAGE, HTTP = "onnxruntime", "VAEClustering.assign", "HTTP"
SIZES = (1, 100)
# Answers before those that are measured.
WARM = 5


def serving(*, rows: Whole = 5_000, epochs: Whole = 2, times: Whole = 300, output: Place = RESULTS) -> None:
    """Fit, export and serve a model, and ask it so many times for the clusters of 1 and of 100 rows.

    Parameters
    ----------
    rows
        Rows of MNIST that are fitted.
    epochs
        Passes over them.
    times
        How often each is asked.
    output
        The file for the numbers.
    """
    for name, value in (("--rows", rows), ("--epochs", epochs), ("--times", times)):
        check(name, value, WholeKind(1))
    torch.set_num_threads(1)
    images = load_named("mnist").x_train[:rows]
    found = measure(images, epochs, times)
    for one in found:
        print(
            f"{one['by']}, {one['rows']} rows: {one['median_ms']:.2f} ms ({one['p95_ms']:.2f} ms for 95 of 100), "
            f"{one['rows_per_second']:,.0f} rows a second"
        )
    # More than 1, and other programs ran beside this one.
    load = round(os.getloadavg()[0], 1)
    settings = {"data": "mnist", "rows": rows, "epochs": epochs, "times": times, "threads": 1, "load": load}
    own = {name: version(name) for name in ("onnxruntime", "onnxscript", "fastapi", "uvicorn")}
    write_json(output, {**settings, "measured": found, "versions": versions() | own, "machine": machine()})


def measure(images: Array, epochs: int, times: int) -> list[dict[str, Any]]:
    """How long answers for images (n, H, W) take, for each of `SIZES`, by whom."""
    model = VAEClustering(10, method=TwoViews(epochs=epochs), random_state=0, device="cpu").fit(images)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    with TemporaryDirectory() as name:
        folder = Path(name) / "onnx"
        write_programs(model, folder)
        session = onnxruntime.InferenceSession(folder / "classify.onnx", options)
        measured = [_timed(RUNTIME, size, times, session.run, None, {"rows": images[:size]}) for size in SIZES]
        measured += [_timed(PACKAGE, size, times, model.assign, images[:size]) for size in SIZES]
        port = _free_port()
        command = [sys.executable, str(EXAMPLE), str(folder), str(port)]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, **quiet) as server:
            try:
                with closing(_connected(port)) as connection:
                    for size in SIZES:
                        # Rows as text are what a client has ready.
                        body = json.dumps({"rows": images[:size].tolist()})
                        measured.append(_timed(HTTP, size, times, _asked, connection, body))
            finally:
                server.terminate()
    return measured


def _timed(by: str, size: int, times: int, ask: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    taken = []
    for _ in range(WARM + times):
        began = time.perf_counter()
        ask(*arguments)
        taken.append(1000 * (time.perf_counter() - began))
    least, median, most = np.quantile(taken[WARM:], (0, 0.5, 0.95)).tolist()
    return {
        "by": by,
        "rows": size,
        "median_ms": median,
        "p95_ms": most,
        "least_ms": least,
        "rows_per_second": 1000 * size / median,
    }


def _asked(connection: http.client.HTTPConnection, body: str) -> Any:
    connection.request("POST", "/classify", body, {"Content-Type": "application/json"})
    found = connection.getresponse()
    content = found.read()
    if found.status != http.client.OK:
        raise RuntimeError(f"The server answered {found.status}: {content[:200]!r}")
    return json.loads(content)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _connected(port: int, seconds: float = 60) -> http.client.HTTPConnection:
    """A connection that stays open, as soon as the server listens."""
    until = time.monotonic() + seconds
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.connect()
            return connection
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


app = App(name="python -m benchmarks.serving", default_command=serving, version_flags=())

if __name__ == "__main__":
    main(program=app)
