"""What is loaded before the arguments are understood, and how the program ends; as processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

VAECLUSTER = Path(sys.executable).with_name("vaecluster")
# A process has so many modules loaded after a command; nothing else of what is installed.
LIGHT = {
    "attr",
    "attrs",
    "cyclopts",
    "docstring_parser",
    "filelock",
    "markdown_it",
    "mdurl",
    "numpy",
    "pygments",
    "rich",
}
LIGHT |= {"vaecluster", "typing_extensions", "exceptiongroup", "rich_rst", "docutils", "certifi", "_distutils_hack"}
LOADED = """
import sys
from vaecluster.cli import run
for words in sys.argv[1:]:
    status = run(words.split())
    tops = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
    tops = sorted(tops - {"__main__", "__mp_main__", "sitecustomize", "usercustomize"})
    print("\\nloaded", status, *(top for top in tops if not top.startswith("__editable__")))
"""


ANSWERED = {
    "--version": 0,
    "--help": 0,
    "fit --help": 0,
    "fitt": 2,
    "fit rows.npz --nope": 2,
    "fit rows.npz --clusters many": 2,
    "fit rows.npz --seed -1": 2,
    "fit": 2,
    "fit missing.csv --output none": 2,
    "fit rows.csv": 2,
    "fit folder": 2,
    "fit mnits": 2,
    "fit --resume folder": 2,
    "fit rows.csv --output folder": 2,
    "stability missing.npy": 2,
    "compare --help": 0,
    "compare missing.npy": 2,
    "compare rows.csv --output folder": 2,
    "predict folder missing.npy": 2,
    "demo --output folder": 2,
}


def test_what_is_answered_at_once_loads_nothing_heavy(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    (tmp_path / "rows.csv").touch()
    words = [sys.executable, "-c", LOADED, *ANSWERED]
    shown = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    lines = [line.split()[1:] for line in shown.splitlines() if line.startswith("loaded ")]
    found = {
        command: (int(status), set(loaded) - LIGHT) for command, (status, *loaded) in zip(ANSWERED, lines, strict=True)
    }
    assert found == {command: (status, set()) for command, status in ANSWERED.items()}


def test_the_program_itself_exits_with_2_and_no_traceback(tmp_path):
    result = subprocess.run([VAECLUSTER, "fit", tmp_path / "none.npz"], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_reader_that_closes_the_pipe_is_no_error(run_folder, rows_file):
    with subprocess.Popen(
        [VAECLUSTER, "predict", run_folder, rows_file],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        text=True,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141
