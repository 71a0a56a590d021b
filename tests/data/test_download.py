import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from vaecluster.data.download import RemoteFile, download
from vaecluster.errors import FileError

CONTENT = bytes(range(256)) * 1000


@dataclass
class Site:
    """A real web server on this machine: what it serves, how it misbehaves, and what it was asked."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    drop_after: int | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    site: ClassVar[Site]

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.site.asked.append((self.path, wanted))
        content = self.site.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and self.site.ranges else 0
        if start and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        # A dropped connection: the promised length is cut short, and the connection closes.
        self.wfile.write(content[start:][: self.site.drop_after])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("SiteHandler", (Handler,), {"site": site}))
    site.address = f"http://127.0.0.1:{server.server_port}/"
    site.files["/good/file.bin"] = CONTENT
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def remote(site: Site, *folders: str, md5: str | None = hashlib.md5(CONTENT).hexdigest()) -> RemoteFile:
    return RemoteFile("file.bin", tuple(f"{site.address}{folder}/" for folder in folders), md5)


def test_a_file_arrives_whole_and_leaves_nothing_else(site: Site, tmp_path: Path) -> None:
    path = download(remote(site, "good"), tmp_path / "new")
    assert path == tmp_path / "new" / "file.bin"
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]


def test_a_verified_file_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    download(remote(site, "good"), tmp_path)
    download(remote(site, "good"), tmp_path)
    assert len(site.asked) == 1


def test_half_a_file_is_resumed_where_it_ended(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1234])
    assert download(remote(site, "good"), tmp_path).read_bytes() == CONTENT
    assert site.asked == [("/good/file.bin", "bytes=1234-")]


def test_a_server_without_ranges_sends_everything_anew(site: Site, tmp_path: Path) -> None:
    site.ranges = False
    (tmp_path / "file.bin.part").write_bytes(b"other bytes")
    assert download(remote(site, "good"), tmp_path).read_bytes() == CONTENT


def test_a_part_that_is_already_complete_gets_its_name(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    assert download(remote(site, "good"), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("beginning", [b"x" * 1234, CONTENT + b"too long", b"x" * len(CONTENT)])
def test_a_part_of_another_file_is_thrown_away(site: Site, tmp_path: Path, beginning: bytes) -> None:
    (tmp_path / "file.bin.part").write_bytes(beginning)
    assert download(remote(site, "good"), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("md5", [hashlib.md5(CONTENT).hexdigest(), None])
def test_a_connection_that_drops_in_the_middle_is_taken_up_again(site: Site, tmp_path: Path, md5: str | None) -> None:
    site.drop_after = 100_000
    assert download(remote(site, "good", md5=md5), tmp_path).read_bytes() == CONTENT
    assert [wanted for _, wanted in site.asked] == [None, "bytes=100000-", "bytes=200000-"]


def test_a_connection_that_never_brings_anything_is_given_up(site: Site, tmp_path: Path) -> None:
    site.drop_after = 0
    with pytest.raises(FileError, match="broke off after 0 bytes"):
        download(remote(site, "good"), tmp_path)


def test_what_arrived_before_giving_up_is_kept_for_the_next_call(site: Site, tmp_path: Path) -> None:
    site.drop_after = 10
    with pytest.raises(FileError, match="broke off after 200 bytes"):
        download(remote(site, "good"), tmp_path)
    site.drop_after = None
    assert download(remote(site, "good"), tmp_path).read_bytes() == CONTENT
    assert site.asked[-1] == ("/good/file.bin", "bytes=200-")


def test_a_missing_file_sends_to_the_next_mirror(site: Site, tmp_path: Path) -> None:
    assert download(remote(site, "missing", "good"), tmp_path).read_bytes() == CONTENT


def test_a_wrong_checksum_sends_to_the_next_mirror(site: Site, tmp_path: Path) -> None:
    site.files["/bad/file.bin"] = b"not that file"
    assert download(remote(site, "bad", "good"), tmp_path).read_bytes() == CONTENT


def test_a_wrong_checksum_everywhere_leaves_no_file(site: Site, tmp_path: Path) -> None:
    site.files["/bad/file.bin"] = b"not that file"
    with pytest.raises(FileError, match="does not have the MD5 checksum"):
        download(remote(site, "bad"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_every_mirror_that_failed_is_named_with_its_reason(site: Site, tmp_path: Path) -> None:
    nobody = RemoteFile("file.bin", (f"{site.address}missing/", "http://127.0.0.1:9/"))
    with pytest.raises(FileError) as problem:
        download(nobody, tmp_path)
    assert f"{site.address}missing/file.bin: HTTP status 404" in str(problem.value)
    assert "http://127.0.0.1:9/file.bin: no connection" in str(problem.value)
    assert "\n" not in str(problem.value)


def test_nothing_is_printed_where_there_is_no_terminal(
    site: Site, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    download(remote(site, "good"), tmp_path)
    assert capfd.readouterr() == ("", "")


def test_progress_is_shown_on_a_terminal_but_not_on_standard_output(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes this for a terminal
    monkeypatch.setenv("TERM", "xterm")
    download(remote(site, "good"), tmp_path)
    out, err = capsys.readouterr()
    assert out == ""
    assert "file.bin" in err
