"""The map of a report as a picture, by a real browser: `make pictures` runs it.

    python docs/screenshot.py report.html map.png

Needs playwright and chromium.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def main(report: Path, picture: Path) -> None:
    """Open the page and take the map with its legend."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1000, "height": 900}, device_scale_factor=1.5)
        page.goto(report.resolve().as_uri())
        page.locator("[data-map]").scroll_into_view_if_needed()
        page.wait_for_timeout(1000)
        page.locator("[data-map]").screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
