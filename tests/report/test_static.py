"""The scripts of the pages are those that their sources build; no Node is needed to know."""

import re
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
# A script in its room: whether it may ask for something, which is then of the page's own server.
SCRIPTS = {("report", "page.js"): False, ("report", "map.js"): False, ("explore", "explore.js"): True}


def built(room: str, name: str) -> str:
    return files(f"vaecluster.{room}").joinpath("static", name).read_text(encoding="utf-8")


@pytest.mark.skipif(not WEB.is_dir(), reason="the sources of the pages are not there")
@pytest.mark.parametrize(("room", "name"), SCRIPTS)
def test_the_script_was_built_from_these_sources(room: str, name: str) -> None:
    found = [file.relative_to(WEB).as_posix() for file in WEB.glob("src/**/*.ts")]
    digest = sha256()
    for source in sorted(["build.mjs", "package-lock.json", "tsconfig.json", *found]):
        digest.update(f"{source}\n".encode() + (WEB / source).read_bytes())
    assert f"sha256 {digest.hexdigest()}" in built(room, name).splitlines()[0], "In web/: npm ci && npm run build"


@pytest.mark.parametrize(("room", "name", "asks"), [(*script, asks) for script, asks in SCRIPTS.items()])
def test_the_script_can_stand_in_a_page_and_asks_for_nothing_from_outside(room: str, name: str, asks: bool) -> None:
    script = built(room, name)
    assert "</script" not in script.lower()
    assert "<!--" not in script
    assert not re.search(r"https?://|XMLHttpRequest|innerHTML|insertAdjacentHTML|document\.write|eval\(", script)
    assert bool(re.search(r"\bfetch\(", script)) == asks
