"""The page of `vaecluster explore` as a picture, by a real browser.

    python docs/explore_screenshot.py run docs/explore.png

Needs playwright, chromium and the extra [explore].
"""

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def main(run: str, picture: Path) -> None:
    """Open the page of the run, zoom in so that points become pictures, and list the rows of a cluster."""
    command = [sys.executable, "-m", "vaecluster", "explore", run, "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[-1]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
            page = browser.new_page(viewport={"width": 1360, "height": 860})
            page.goto(address)
            page.locator("body[data-ready]").wait_for()
            page.locator('[data-cluster="2"]').click()
            page.locator("[data-row]").first.wait_for()
            page.mouse.move(0, 0)
            page.wait_for_timeout(1000)
            page.screenshot(path=picture)
            browser.close()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
