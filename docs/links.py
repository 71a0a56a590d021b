"""Whether links lead somewhere, offline: those of a built site, and those of the pages as they lie in the repository.

    python docs/links.py build/docs    # pages of HTML in a folder
    python docs/links.py .             # pages of Markdown in a repository

Addresses on the network are not asked for. Exit status 1 if a file or an anchor is missing.
"""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

# What only a build makes, and what is not ours.
PASSED_OVER = ("build", "dist", ".venv", "node_modules", "docs/tutorials")


@dataclass
class Page:
    """Where the links of a page lead, and its anchors."""

    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)


def of_html(text: str) -> Page:
    """Links, pictures, scripts and styles; identifiers are anchors."""
    page = Page()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            for name, value in attrs:
                if name in ("href", "src") and value is not None:
                    page.links.append(value)
                elif name == "id" and value:
                    page.anchors.add(value)

    Reader().feed(text)
    return page


def of_markdown(text: str) -> Page:
    """Links and pictures, those in markup too; headings are anchors, named as code hosts name them."""
    page = Page()

    def take(tokens: list[Token]) -> None:
        for before, token in zip([None, *tokens], tokens, strict=False):
            if before is not None and before.type == "heading_open":
                page.anchors.add(re.sub(r"[^\w\- ]", "", token.content.lower()).replace(" ", "-"))
            page.links.extend(str(token.attrs[name]) for name in ("href", "src") if name in token.attrs)
            if token.type in ("html_block", "html_inline"):
                page.links.extend(of_html(token.content).links)
            take(token.children or [])

    take(MarkdownIt("commonmark").enable("table").parse(text))
    return page


def broken(root: Path, ending: str, read: Callable[[str], Page]) -> Iterator[str]:
    """A line for each link of a page under `root` that leads to no file, or to no anchor of a page."""
    page_of = cache(lambda path: read(path.read_text(encoding="utf-8")))
    for path in sorted(root.rglob(f"*{ending}")):
        if path.relative_to(root).as_posix().startswith(PASSED_OVER):
            continue
        for link in page_of(path).links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            if not target.exists():
                yield f"{path}: {link}: no such file"
            elif parts.fragment and target.suffix == ending and unquote(parts.fragment) not in page_of(target).anchors:
                yield f"{path}: {link}: no such anchor"


def main(root: Path) -> int:
    """Print what is broken."""
    kind = (".html", of_html) if (root / "index.html").is_file() else (".md", of_markdown)
    lines = list(broken(root.resolve(), *kind))
    print("\n".join(lines) or "All links lead somewhere.")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
