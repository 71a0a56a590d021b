"""Commands in processes of their own, of a server that has loaded what takes long: for tests of what ends them."""

import multiprocessing
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["vaecluster.estimator", "vaecluster.cli.fit"])


class Command:
    """A command that was begun, to be used like a `subprocess.Popen` of it; in small blocks of rows if asked."""

    def __init__(self, words: Iterable[object], *, small_blocks: bool = False) -> None:
        self._folder = TemporaryDirectory()
        self._said = [Path(self._folder.name) / name for name in ("out", "err")]
        given = [str(word) for word in words], self._said, small_blocks
        self._process = _SERVER.Process(target=_run, args=given)
        self._process.start()

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self._process.is_alive():
            os.kill(self._process.pid, number)

    def communicate(self, timeout: float = 120) -> tuple[str, str]:
        self._process.join(timeout)
        assert self._process.exitcode is not None, "it still runs"
        with self._folder:
            out, err = (path.read_text() if path.exists() else "" for path in self._said)
        return out, err


def _run(words: list[str], said: list[Path], small_blocks: bool) -> None:
    for number, path in enumerate(said, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    from vaecluster.cli import run
    from vaecluster.data import stored

    if small_blocks:
        stored.ENTRIES = 1
    sys.exit(run(words))
