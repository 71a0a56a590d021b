"""The page's script is the one that its sources build; no Node is needed to know."""

import re
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"


@pytest.mark.skipif(not WEB.is_dir(), reason="the sources of the page are not there")
def test_the_script_was_built_from_these_sources() -> None:
    names = ["build.mjs", "package-lock.json", "tsconfig.json", *(f"src/{file.name}" for file in WEB.glob("src/*"))]
    digest = sha256()
    for name in sorted(names):
        digest.update(f"{name}\n".encode() + (WEB / name).read_bytes())
    built = files("vaecluster.report").joinpath("static", "map.js").read_text(encoding="utf-8")
    assert f"sha256 {digest.hexdigest()}" in built.splitlines()[0], "Run `npm ci && npm run build` in web/."


def test_the_script_can_stand_in_a_page_and_asks_for_nothing_from_outside() -> None:
    built = files("vaecluster.report").joinpath("static", "map.js").read_text(encoding="utf-8")
    assert "</script" not in built.lower()
    assert "<!--" not in built
    assert not re.search(r"https?://|fetch\(|XMLHttpRequest|innerHTML|eval\(", built)
