"""The server: on this machine alone, until Ctrl-C."""

import os
import secrets
import socket
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import final

import uvicorn

from vaecluster.errors import SettingError
from vaecluster.explore.app import application
from vaecluster.explore.explored import Explored
from vaecluster.explore.guard import Guard

HOST = "127.0.0.1"
# Seconds that answers under way have when the server ends.
GRACE = 1


@final
class Server(uvicorn.Server):
    """The server of one run, whose `address` opens its page; `port` 0 takes a free one.

    Raises `SettingError` for a port that is taken or may not be used.
    """

    def __init__(self, explored: Explored, report: Callable[[], str], port: int = 0) -> None:
        self._socket = _listening(port)
        self.port = self._socket.getsockname()[1]
        self.token = secrets.token_urlsafe(24)
        guard = Guard(application(explored, report), self.token, self.port)
        # Where nobody is to see who asks for what, nothing is logged.
        options = {"access_log": False, "log_level": "warning", "lifespan": "off", "ws": "none"}
        super().__init__(
            uvicorn.Config(guard, server_header=False, timeout_graceful_shutdown=GRACE, **options)  # type: ignore[arg-type]
        )

    @property
    def address(self) -> str:
        """Where the page is, with the token without which nothing is answered."""
        return f"http://{HOST}:{self.port}/?token={self.token}"

    def serve_until_stopped(self, *, browser: bool) -> None:
        """Answer until Ctrl-C, or until `should_exit` is set."""
        try:
            with _leading_to(self.address) as place:
                if browser:
                    webbrowser.open(place)
                self.run(sockets=[self._socket])
        except KeyboardInterrupt:
            # It is how one leaves.
            pass
        finally:
            self._socket.close()


@contextmanager
def _leading_to(address: str) -> Iterator[str]:
    """Where a page lies that only its owner can read and that leads to the address.

    What a browser is started with can be seen by everyone on this machine, and the address holds the token.
    """
    with TemporaryDirectory(prefix="vaecluster-") as folder:
        page = Path(folder) / "explore.html"
        page.write_text(f'<!DOCTYPE html><meta http-equiv="refresh" content="0; url={address}">')
        yield page.as_uri()


def _listening(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        # Elsewhere this would take a port from another program.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        # Whoever comes before the server answers waits.
        found.listen()
    except OSError as problem:
        found.close()
        raise SettingError(f"port is {port}, which cannot be used: {problem.strerror}. Choose another.") from None
    return found
