"""docs/architecture.md has the rooms and the files of the package: none more, and none less."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
NAMED = re.compile(r"[\w./]+\.(?:py|js|ts|css|mjs|html\.j2)\b")


def _folders() -> dict[Path, str]:
    """Each folder of the tree, and what is said of it: its own line, and the lines that are indented below it."""
    tree = [line for line in PAGE.split("## The tree")[1].split("\n## ")[0].splitlines() if line.startswith("    ")]
    found: dict[Path, list[str]] = {}
    above: list[tuple[int, Path]] = []
    for line in tree:
        depth, first = len(line) - len(line.lstrip()), line.split()[0]
        above = [(own, path) for own, path in above if own < depth]
        for _, path in above:
            found[path].append(line)
        if first.endswith("/"):
            above.append((depth, (above[-1][1] if above else ROOT) / first))
            found[above[-1][1]] = [line]
    return {path: "\n".join(lines) for path, lines in found.items()}


FOLDERS = _folders()


def test_rooms_are_those_whose_imports_are_checked() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    rooms = next(line for line in PAGE.splitlines() if " · " in line).split(" · ")
    assert [f"vaecluster.{room.strip('`').removesuffix('.py')}" for room in rooms] == contract["layers"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_said_of_a_folder_names_files_that_are_there(folder: Path) -> None:
    there = {path.name for path in folder.rglob("*")}
    gone = {
        name for name in NAMED.findall(FOLDERS[folder]) if Path(name).name not in there and not (ROOT / name).exists()
    }
    assert gone == set()


def test_every_file_of_the_package_is_named_or_one_of_a_kind_that_its_folder_holds() -> None:
    def is_named(path: Path) -> bool:
        of_folder = FOLDERS.get(path.parent)
        if of_folder is None:
            return f"{path.parent.name}/" in FOLDERS.get(path.parent.parent, "")
        first = of_folder.splitlines()[0]
        alike = " a file" in first or re.search(rf"\b{path.stem}\b", first)
        return bool(alike) or path.name in NAMED.findall(of_folder)

    files = (path for path in (ROOT / "src").rglob("*.py") if path.name != "__init__.py")
    assert [str(path.relative_to(ROOT)) for path in files if not is_named(path)] == []
