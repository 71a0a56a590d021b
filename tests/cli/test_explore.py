"""What `vaecluster explore` refuses before it serves anything, and what it serves."""

import re
import shutil
import socket
import sys

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the extra [explore] is not installed")
pytest.importorskip("uvicorn", reason="the extra [explore] is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")


def test_without_the_extra_one_line_says_what_to_install(run_folder, fails, monkeypatch):
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert "pip install 'vaecluster[explore]'" in fails("explore", run_folder)


@pytest.mark.parametrize("port", [-1, 65536, 1.5, "http"])
def test_ports_are_checked(run_folder, fails, port):
    assert "--port" in fails("explore", run_folder, f"--port={port}")


def test_a_port_that_is_taken_is_named(run_folder, fails):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"--port is {port}" in fails("explore", run_folder, "--port", port, "--no-browser")


def test_what_is_no_run_or_of_other_rows_is_refused(run_folder, tmp_path, fails, runs, tiny):
    assert "holds no run" in fails("explore", tmp_path)
    assert "holds no run" in fails("explore", run_folder, "--with", tmp_path)
    np.save(tmp_path / "other.npy", np.random.default_rng(0).normal(size=(60, 4)))
    runs("fit", tmp_path / "other.npy", "--clusters", 3, *tiny, "--output", tmp_path / "other", "--quiet")
    assert "of other rows" in fails("explore", run_folder, "--with", tmp_path / "other", "--no-browser")
    assert "not those" in fails("explore", run_folder, "--source", tmp_path / "other.npy", "--no-browser")


@pytest.mark.parametrize(("option", "title"), [("--names", "rows.npz"), ("--no-names", "rows")])
def test_the_page_and_its_report_are_without_names_where_that_is_asked_for(
    run_folder, runs, monkeypatch, tmp_path, option, title
):
    seen = []

    class Server:
        address = "nowhere"

        def __init__(self, explored, report, port):
            seen.extend([explored.title, re.search("<title>(.*)</title>", report())[1]])

        def serve_until_stopped(self, *, browser):
            pass

    monkeypatch.setattr("vaecluster.explore.serve.Server", Server)
    shutil.copytree(run_folder, tmp_path / "run")
    runs("explore", tmp_path / "run", option)
    assert seen == [title, title]
