"""Whether a built wheel is what users should get: `make release-check` builds it and runs this.

    python tests/release/check.py dist

In a new environment, with torch's version that was tested: the wheel is installed, the demo runs in an empty folder,
and mypy and pyright find nothing wrong in a user's file.
"""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:")
IN_WHEEL = (
    "py.typed",
    "report/static/map.js",
    "report/static/page.js",
    "report/page.html.j2",
    "explore/static/explore.js",
    "explore/explore.html.j2",
)
IN_SDIST = (
    "src/vaecluster/__init__.py",
    "tests/conftest.py",
    "web/build.mjs",
    "docs/index.md",
    "examples/tutorials/cells.py",
    "pyproject.toml",
)


def check_wheel(wheel: Path) -> None:
    """The package with its built files, and nothing else."""
    names = zipfile.ZipFile(wheel).namelist()
    missing = [name for name in IN_WHEEL if f"vaecluster/{name}" not in names]
    assert not missing, f"{wheel.name} lacks {missing}"
    foreign = sorted({name.split("/")[0] for name in names if not name.startswith(("vaecluster/", "vaecluster-"))})
    assert not foreign, f"{wheel.name} holds {foreign}"
    made = [name for name in names if "__pycache__" in name or name.endswith(".ts")]
    assert not made, f"{wheel.name} holds {made}"


def check_sdist(sdist: Path) -> None:
    """What it takes to build and test the package, and nothing that a build makes."""
    with tarfile.open(sdist) as archive:
        names = [name.split("/", 1)[-1] for name in archive.getnames()]
    missing = [name for name in IN_SDIST if name not in names]
    assert not missing, f"{sdist.name} lacks {missing}"
    made = [name for name in names if name.startswith(("docs/tutorials", "web/node_modules", "build", "dist"))]
    assert not made, f"{sdist.name} holds {made}"


def check_installed(wheel: Path, folder: Path) -> None:
    """It installs, runs and has types, with nothing of this repository in reach."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    surroundings = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }

    def run(*command: str | Path, place: Path = folder) -> str:
        print("$", *(Path(word).name if isinstance(word, Path) else word for word in command), flush=True)
        return subprocess.run(
            command, cwd=place, env=surroundings, check=True, text=True, stdout=subprocess.PIPE
        ).stdout.strip()

    tested = ROOT / "constraints" / "tested.txt"
    # torch by itself first: without constraints pip may choose one that was not tested.
    torch = next(line for line in tested.read_text().splitlines() if line.startswith("torch=="))
    run(python, *PIP, torch)
    run(python, *PIP, wheel, "-c", tested)
    empty = folder / "empty"
    empty.mkdir()
    program = folder / "venv" / "bin" / "vaecluster"
    assert run(program, "--version", place=empty) == wheel.name.split("-")[1]
    run(program, "demo", "--quiet", place=empty)
    assert (empty / "demo" / "report.html").stat().st_size > 100_000

    project = folder / "user"
    project.mkdir()
    (project / "user.py").write_text((ROOT / "tests" / "release" / "user.py").read_text())
    (project / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    print(run(sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "user.py", place=project))
    print(run(sys.executable, "-m", "pyright", "--pythonpath", python, place=project))


def main(dist: Path) -> None:
    """Check the one wheel and the one sdist in the folder."""
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    check_wheel(wheel)
    check_sdist(sdist)
    with TemporaryDirectory() as name:
        check_installed(wheel.resolve(), Path(name))
    print("The wheel and the sdist are in order.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
