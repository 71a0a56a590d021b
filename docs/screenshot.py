"""A run's pages as pictures, by a real browser: `make pictures` runs it.

    python docs/screenshot.py run docs

The map of its report is `map.png`, the page of `vaecluster explore` is `explore.png`. Needs playwright, chromium and
the extra [explore].
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright


def main(run: Path, pictures: Path) -> None:
    """Take both pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        take_map(browser, run / "report.html", pictures / "map.png")
        take_explorer(browser, run, pictures / "explore.png")
        browser.close()


def take_map(browser: Any, report: Path, picture: Path) -> None:
    """The map with its legend."""
    page = browser.new_page(viewport={"width": 1000, "height": 900}, device_scale_factor=1.5)
    page.goto(report.resolve().as_uri())
    page.locator("[data-map]").scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    page.locator("[data-map]").screenshot(path=picture)


def take_explorer(browser: Any, run: Path, picture: Path) -> None:
    """The whole page, with the rows of a cluster."""
    command = [sys.executable, "-m", "vaecluster", "explore", str(run), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            # As high as whole lines of rows.
            page = browser.new_page(viewport={"width": 1360, "height": 880})
            page.goto(server.stdout.readline().split()[-1])
            page.locator("body[data-ready]").wait_for()
            page.locator('[data-cluster="2"]').click()
            page.locator("[data-row]").first.wait_for()
            page.mouse.move(0, 0)
            page.wait_for_timeout(1000)
            page.screenshot(path=picture)
        finally:
            server.terminate()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
