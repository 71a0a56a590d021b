"""Chromium, and a page in it that fails the test for whatever it logs or asks of others."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@contextmanager
def page_in(browser: Any, allowed: Callable[[str], bool], **options: Any) -> Iterator[tuple[Any, list[str]]]:
    """A page 900 pixels wide, unless it is said otherwise, and what went wrong on it."""
    context = browser.new_context(
        **({"viewport": {"width": 900, "height": 900}, "reduced_motion": "reduce"} | options)
    )
    page, wrong = context.new_page(), []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda problem: wrong.append(str(problem)))
    page.on("request", lambda asked: allowed(asked.url) or wrong.append(asked.url))
    yield page, wrong
    context.close()


def barriers(page: Any) -> list[str]:
    """What axe-core finds that keeps someone from reading the page or using it: what it is, and where."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{one['impact']}: {one['help']}, at {place['target']}: {place['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for place in one["nodes"]
    ]
