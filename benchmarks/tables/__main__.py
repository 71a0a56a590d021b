"""`python -m benchmarks.tables` writes the tables in the README and in docs from the files of results."""

import sys
from pathlib import Path

from benchmarks.tables import (
    cases,
    family,
    flow,
    headline,
    labels,
    performance,
    reliability,
    results,
    scale,
    serving,
    story,
)
from benchmarks.tables.table import RESULTS, ROOT, Table

PAGES = {
    "README.md": (headline,),
    "docs/results.md": (results, cases),
    "docs/family.md": (family,),
    "docs/story.md": (story,),
    "docs/flow.md": (flow,),
    "docs/labels.md": (labels,),
    "docs/reliability.md": (reliability,),
    "docs/performance.md": (performance,),
    "docs/scale.md": (scale,),
    "docs/guide/serving.md": (serving,),
}


def write(root: Path, folder: Path, *, check: bool = False) -> None:
    """Replace what stands between the marks in the pages; with `check` only say whether they are up to date."""
    for page, modules in PAGES.items():
        path = root / page
        text = updated = path.read_text()
        for table in (one for module in modules for one in vars(module).values() if isinstance(one, Table)):
            updated = table.put_into(updated, folder)
        if not check:
            path.write_text(updated)
        elif updated != text:
            sys.exit(f"{path.name} does not show what the results hold. Run: make tables")


if __name__ == "__main__":
    write(ROOT, RESULTS, check="--check" in sys.argv)
