"""Rows whose runs are explored, and a server of one run."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vaecluster.editing import Edited
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.source import rows_of_run

HOSTILE = "<img src=x onerror=document.title=1>"
ROWS = 90


def table(path: Path) -> None:
    random = np.random.default_rng(0)
    lines = [f'id,"{HOSTILE}",age,kind']
    for number in range(ROWS):
        kind = number % 3
        age = "" if number % 11 == 5 else f"{random.normal() + 20 * kind:.3f}"
        lines.append(f"{HOSTILE} {number},{random.normal() + 9 * kind:.3f},{age},{['a', 'b', HOSTILE][kind]}")
    path.write_text("\n".join(lines) + "\n")


def pictures(path: Path) -> None:
    random = np.random.default_rng(0)
    path.mkdir()
    for number in range(ROWS):
        shade = random.integers(0, 60, (8, 8, 3))
        shade[..., number % 3] += 190
        Image.fromarray(shade.astype(np.uint8)).save(path / f"{number:03}.png")


def plain(path: Path) -> None:
    random = np.random.default_rng(0)
    np.save(path, random.normal(size=(ROWS, 4)) + 9 * (np.arange(ROWS) % 3)[:, None])


def windows(path: Path) -> None:
    random = np.random.default_rng(0)
    np.save(path, random.normal(size=(ROWS, 6, 2)) + 9 * (np.arange(ROWS) % 3)[:, None, None])


def texts(path: Path) -> None:
    random = np.random.default_rng(0)
    about = [["rain", "wind", "storm", "sun"], ["bread", "butter", "jam", "tea"], ["goal", "match", "team", "win"]]
    lines = [f"{' '.join(random.choice(about[number % 3], 8))} {HOSTILE} {number}" for number in range(ROWS)]
    path.write_text("\n".join(["text", *lines]) + "\n")


SOURCES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "table": ("rows.csv", table),
    "pictures": ("photos", pictures),
    "plain": ("rows.npy", plain),
    "windows": ("windows.npy", windows),
    "texts": ("texts.csv", texts),
}


@dataclass
class Asking:
    """Asks a server as its page does, or as somebody else."""

    port: int
    token: str
    address: str

    def __call__(
        self, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        own = {"Cookie": f"vaecluster-{self.port}={self.token if token is None else token}"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is None:
            connection.request("GET", path, headers=own | named)
        else:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
            connection.request("POST", path, content, own | {"Content-Type": kind} | named)
        found = connection.getresponse()
        answer = found.status, {name.lower(): value for name, value in found.getheaders()}, found.read()
        connection.close()
        return answer

    def json(self, path: str, body: Any = None) -> Any:
        status, _, content = self(path, body)
        assert status == 200, content
        return json.loads(content)

    def refused(self, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """The status, and the one line that says why."""
        status, _, content = self(path, body, **headers)
        said = json.loads(content)
        assert list(said) == ["error"]
        assert "\n" not in said["error"]
        return status, said["error"]

    def settled(self) -> dict[str, Any]:
        """The state when long work has ended."""
        while (state := self.json("/api/state"))["doing"]["running"]:
            time.sleep(0.02)
        return dict(state)


@contextmanager
def served(run: Path, other: Path | None = None, *, names: bool = True) -> Iterator[Asking]:
    from vaecluster.explore.explored import Explored
    from vaecluster.explore.serve import Server

    folder = RunFolder.open(run)
    with Edited.open(folder) as edited:
        data, place = rows_of_run(folder, None, edited.model)
        explored = Explored(edited, data, place, None if other is None else RunFolder.open(other), names=names)
        server = Server(explored, lambda: "<!DOCTYPE html><title>report</title>")
        thread = threading.Thread(target=server.serve_until_stopped, kwargs={"browser": False})
        thread.start()
        try:
            yield Asking(server.port, server.token, server.address)
        finally:
            server.should_exit = True
            thread.join()
