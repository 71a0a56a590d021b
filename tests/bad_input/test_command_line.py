"""Wrong uses of the command line: one line that says what to do, exit status 2, and nothing is written or changed."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from vaecluster.cli import COMMANDS, run
from vaecluster.cli.messages import in_options
from vaecluster.methods import METHODS
from vaecluster.settings import declared

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
LARGE = 10**20
FIT, STABILITY = "fit rows.npz --output out", "stability rows.npz --quiet"
DEMO = "demo --output out --quiet"

# Commands that read a run, and a source; without an output that would be written.
OF_RUNS = (
    "predict {} rows.npz",
    "transform {} rows.npz",
    "score {} rows.npz",
    "sample {}",
    "report {}",
    "name {} 0=a",
)
OF_SOURCES = ("fit {} --output out", "stability {} --quiet", "predict run {}", "transform run {}", "score run {}")

# What is written after `vaecluster`, and what the message says, part by part; the first says what is wrong.
REFUSED = {
    "fitt": "Unknown command fitt | Did you mean fit? | See `vaecluster --help`",
    "-x": "Unknown command -x | Available commands: inspect, fit, report | See `vaecluster --help`",
    "fit": "No source is given | a file or a data set, or give --resume",
    "fit fotos/ --output out": "fotos does not exist | Check the path",
    "fit sheet.xlsx --output out": "sheet.xlsx does not exist | Check the path",
    "fit rows.npz --output out -k none": "--clusters is 'none' | expected",
    "name run": "No names are given | 0=cats",
    **{
        f"{words} more": "where 'more' came | Nothing was expected"
        for words in (
            FIT,
            STABILITY,
            DEMO,
            "predict run rows.npz",
            "sample run",
            "report run",
            "cut run 2",
            "methods vade",
        )
    },
    **{
        f"{words} {wrong}": f"{wrong} | Unknown option | Did you mean {right}?"
        for words, wrong, right in (
            (FIT, "--cluster", "--clusters"),
            (FIT, "--sett", "--set"),
            (STABILITY, "--run", "--runs"),
            (DEMO, "--seeds", "--seed"),
            ("predict run rows.npz", "--outputs", "--output"),
            ("sample run", "--clusters", "--cluster"),
            ("report run", "--form", "--format"),
            ("cut run 2", "--sources", "--source"),
        )
    },
    **{
        f"{words} {option}": f"{option} | requires an argument | See `vaecluster {words.split()[0]} --help`"
        for words, option in (
            ("fit rows.npz", "--clusters"),
            ("fit rows.npz", "--set"),
            ("fit", "--resume"),
            ("sample run", "--number"),
            ("predict run rows.npz", "--output"),
        )
    },
    "fit rows.npz --clusters --seed 3": "--clusters | requires an argument",
    "fit rows.npz --seed 1 --seed 2": "--seed | specified multiple times",
    # Values of options.
    **{
        f"{words} --clusters {value}": f"--clusters is {shown} | expected a whole number | 'auto'"
        for words in (FIT, STABILITY)
        for value, shown in (("many", "'many'"), ("2.5", "'2.5'"), ("0", "0"), ("-1", "-1"))
    },
    **{
        f"{words} --seed {value}": f"--seed is {value} | expected a whole number from 0 to 4294967295"
        for words, value in product((FIT, STABILITY, DEMO, "sample run"), ("-1", "4294967296"))
    },
    **{
        f"{words} --threads {value}": f"--threads is {value} | expected a whole number from 1 to 4096"
        for words, value in product((FIT, STABILITY, DEMO), ("0", "1000000000000"))
    },
    **{
        f"{words} {option} x": f"{option} is 'x' | expected a {kind}number | --help"
        for words, option, kind in (
            *product((FIT, STABILITY, DEMO, "sample run"), ("--seed",), ("whole ",)),
            *product((FIT, STABILITY, DEMO), ("--threads",), ("whole ",)),
            *product((STABILITY,), ("--runs", "--jobs"), ("whole ",)),
            *product(("sample run",), ("--cluster", "--number"), ("whole ",)),
            *product((FIT, "predict run rows.npz"), ("--min-confidence", "--outlier-fraction"), ("",)),
        )
    },
    **{
        f"{words} --device gpu": "--device is 'gpu' | expected 'auto', 'cpu' | there is no GPU here"
        for words in (FIT, STABILITY, "predict run rows.npz", "transform run rows.npz", "score run rows.npz")
    },
    **{
        f"{words} --min-confidence 2": "--min-confidence is 2.0 | expected a number from 0 to"
        for words in (FIT, "predict run rows.npz")
    },
    f"{FIT} --outlier-fraction 1": "--outlier-fraction is 1.0 | expected a number from 0 to below 1",
    f"{FIT} --outlier-fraction 0.01": "--outlier-fraction 0.01 | of 30 rows at most 6 | at least 500 rows",
    f"{FIT} --clusters 31": "number of rows is 30 | fewer than --clusters 31 | Give more rows",
    "sample run --cluster 3": "--cluster is 3 | expected a whole number from 0 to 2",
    "sample run --cluster -1": "--cluster is -1 | expected a whole number from 0 to 2",
    "sample run --cluster 1.0": "--cluster is '1.0' | expected a whole number",
    "sample run --number 0": "--number is 0 | expected a whole number of 1 or more",
    "sample run --number 65 --output a.png": "at most 64 rows, not 65 | Ask for fewer",
    # Numbers beyond what torch and numpy take.
    **{
        f"{words} {LARGE}": f"{what} is {LARGE} | expected a whole number from {least} to 2147483647"
        for words, what, least in (
            ("sample run --number", "--number", 1),
            (f"{STABILITY} --runs", "--runs", 2),
            ("cut run", "NUMBER", 1),
        )
    },
    **{
        f"{FIT} --set {name}={LARGE}": f"--set {name} is {LARGE} | expected | a whole number from 1 to 2147483647"
        for name in ("heads", "latent", "epochs", "components")
    },
    f"{FIT} --clusters {LARGE}": f"number of rows is 30 | fewer than --clusters {LARGE} | Give more rows",
    f"{STABILITY} --jobs -{LARGE}": f"--jobs is -{LARGE} | expected a whole number of 1 or more, or -1",
    "report run --format pdf": "--format is 'pdf' | expected one of 'html', 'png'",
    f"{STABILITY} --runs 1": "--runs is 1 | expected a whole number of 2 or more",
    f"{STABILITY} --jobs 0": "--jobs is 0 | expected a whole number of 1 or more, or -1",
    "cut run 0": "NUMBER is 0 | expected a whole number of 1 or more",
    "cut run 7": "NUMBER is 7 | expected a whole number from 1 to 6",
    "cut bound 2 --output out": "'su2018' makes no tree | cannot be cut. Fit again with that --clusters",
    "cut run 2 --source narrow.npy --output out": "not those that 'run' was fitted to | by --source",
    "cut moved 2 --output out": "gone.npz does not exist | by --source",
    "name run 3=a": "no cluster 3 | expected 0 to 2",
    **{f"name run {word}": f"'{word}' | expected CLUSTER=NAME | 0=cats" for word in ("a", "0", "0=", "a=b", "=")},
    **{f"name run {words}": "A cluster is named twice | one name for each" for words in ("0=a 0=b", "0=a 1=b 00=a")},
    f"name run {'9' * 5000}=a": "'9999 | expected CLUSTER=NAME",
    # Settings of a method, beside those that are refused by their kind.
    **{
        f"{words} k-means": f"{name} is 'k-means' | expected one of {', '.join(map(repr, METHODS))}."
        for words, name in ((f"{FIT} --method", "--method"), ("methods", "NAME"))
    },
    **{
        f"{words} --set {wrong}": says
        for words in (FIT, STABILITY)
        for wrong, says in {
            "head=3": "'head' | no setting called | Did you mean heads?",
            "heads": "--set is 'heads' | expected NAME=VALUE",
            "heads=2 --set heads=3": "--set heads is given twice | expected one value | Leave out one",
            "hidden=100": "--set hidden is | multiples of 16, such as 256,256",
            "views=digits": "--set views holds RandomAffine | rows are vectors | Choose 'vectors'",
            "likelihood=bernoulli": "Bernoulli likelihood | needs values in [0, 1] | --set likelihood=gaussian",
        }.items()
    },
    f"{FIT} --clusters 7 --set components=6": "--set components is 6 | fewer than --clusters 7",
    f"{FIT} --set cluster_weights=1,2": "--set cluster_weights holds shares | --clusters is 'auto'",
    f"{FIT} --method su2018": "--clusters is 'auto' | 'su2018' does not find a number | Give one",
    f"{FIT} --method su2018 --clusters 3 --set network=conv": "--set network is 'conv' | needs images | 'dense'",
    f"{FIT} --method su2018 --set views=auto": "'views' | no setting called",
    # Places.
    **{
        words.format(place): f"'{place}' holds no run | Give the folder that `vaecluster fit --output` wrote"
        for words, place in product((*OF_RUNS, "cut {} 2"), ("empty", "missing", "file", "rows.npz"))
    },
    **{
        words.format(source): says
        for words in OF_SOURCES
        for source, says in {
            "mnits": "'mnits' | known data sets are digits, mnist | $VAECLUSTER_DATA",
            "missing.npy": "missing.npy does not exist | Check the path",
            "empty": "empty is a folder without files | .parquet",
            "file": "file is a file without a suffix | .npz, .npy | Convert it",
            "run/run.json": "run.json is a file of kind '.json' | .npz, .npy, .csv | Convert it",
            "holes.npy": "columns 0, 1, 2 | hold 11 NaN values | expected finite numbers | Fill them in",
        }.items()
    },
    **{
        words.format(source): says
        for words in OF_SOURCES[2:]
        for source, says in {
            "narrow.npy": "The source has 3 features | the run is expecting 4 features | Give the columns",
            "images.npy": "an image of 3x3 | the fit was on a vector of 4 columns | Give the same columns",
        }.items()
    },
    **{
        f"{words} --output {output}": f"'{output}' | expected a name that ends in {suffixes}"
        for words, output, suffixes in (
            ("predict run rows.npz", "a.xls", ".csv or .parquet or .npy"),
            ("predict run rows.npz", "out", ".csv or .parquet or .npy"),
            ("transform run rows.npz", "a.txt", ".npy or .csv or .parquet"),
            ("score run rows.npz", "a.csv", ".npy"),
            ("sample run", "a.gif", ".npy or .png"),
            (STABILITY, "a.pdf", ".png or .json"),
        )
    },
    "predict run rows.npz --outlier-scores --output a.npy": "--outlier-scores | needs a .csv",
    **{
        f"{words} --output {output}": f"'{output}' cannot be written | Choose a place that can be written to"
        for words, output in (
            ("fit rows.npz", "file/out"),
            *product(("predict run rows.npz",), ("folder.csv", "folder.npy", "file/a.csv")),
            *product(("transform run rows.npz", "score run rows.npz"), ("folder.npy", "file/a.npy")),
            *product(("sample run",), ("folder.npy", "folder.png", "file/a.npy")),
            *product(("report run",), ("empty", "folder.html", "file/a.html")),
            ("cut run 2", "file/out"),
        )
    },
    "report run --format png --output file": "'file/map.png' cannot be written | Choose a place",
    **{
        f"{words} --output {output}": says
        for words in ("fit rows.npz", "demo --quiet", "cut run 2")
        for output, says in {
            "file": "'file' is a file | must be a folder | Choose another --output",
            "full": "'full' is not empty | Choose another --output, or add --overwrite",
            "run": "'run' is not empty | Choose another --output, or add --overwrite",
            "begun": "'begun' holds an unfinished fit | `vaecluster fit --resume begun` | --overwrite",
        }.items()
    },
    # A fit that goes on.
    **{
        f"fit --resume {place}": f"'{place}' holds no unfinished fit | in which `vaecluster fit` was cut off"
        for place in ("run", "empty", "missing", "file")
    },
    "fit rows.npz --resume begun": "--resume takes the rows and the options of the fit | Leave out the source",
    "fit --resume begun --clusters 3": "--clusters | Leave out",
    "fit --resume begun --set heads=3": "--set | Leave out",
    "fit --resume begun --overwrite": "--overwrite | Leave out",
    "fit --resume begun": "'begun/fit.json' | unknown parameters or settings | Fit again, with --overwrite",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with rows, runs and what else the table speaks of."""
    folder, random = tmp_path_factory.mktemp("command-line"), np.random.default_rng(0)
    rows = random.normal(size=(30, 4)) + 5 * np.repeat(np.eye(4)[:3], 10, axis=0)
    for name in ("rows.npz", "gone.npz"):
        np.savez(folder / name, X=rows, y=np.repeat([0, 1, 2], 10))
    np.save(folder / "narrow.npy", rows[:, :3])
    np.save(folder / "images.npy", random.random((5, 3, 3)))
    np.save(folder / "holes.npy", np.where(rows > 5, np.nan, rows))
    (folder / "file").write_text("file")
    for name in ("empty", "full", "begun", "folder.csv", "folder.npy", "folder.png", "folder.json", "folder.html"):
        (folder / name).mkdir()
    (folder / "full" / "other").write_text("other")
    order = '{"source": "digits", "parameters": {}, "method": "two-views", "settings": {"heads": 0}, "threads": 1}'
    (folder / "begun" / "fit.json").write_text(order)
    tiny = "--clusters 3 --set epochs=1 --set latent=2 --set hidden=16 --threads 1 --quiet"
    for source, output, more in (
        ("rows.npz", "run", "--set components=6"),
        ("gone.npz", "moved", "--set components=6"),
        ("rows.npz", "bound", "--method su2018"),
    ):
        assert run(f"fit {folder / source} --output {folder / output} {tiny} {more}".split()) == 0
    (folder / "gone.npz").unlink()
    return folder


@pytest.fixture
def refusal(folder, untouched, monkeypatch, capsys):
    """Runs a command that is to be refused, in the folder, and gives what it says on its one line."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("VAECLUSTER_DATA", raising=False)

    def message_of(command: str | list[str]) -> str:
        with untouched(folder):
            assert run(command.split() if isinstance(command, str) else command) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        start, _, message = shown.err.removesuffix("\n").partition(": ")
        assert start == "Error"
        return message

    return message_of


@pytest.mark.parametrize("command", REFUSED, ids=lambda command: command[:80])
def test_wrong_commands(command, refusal, says_three_things):
    parts = REFUSED[command].split(" | ")
    message = refusal(command)
    assert [part for part in parts if part not in message] == [], message
    says_three_things(parts[0], message)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028"])
def test_a_name_of_several_lines(end, refusal):
    for name in (f"0=a{end}b", f"0=a{end}", f"0={end}"):
        message = refusal(["name", "run", "1=b", name])
        assert message == f"A name is {name!r}; expected CLUSTER=NAME on one line, such as 0=cats."


@pytest.mark.parametrize("option", ["--resume", "--output", "RUN"])
def test_an_empty_path_is_not_the_folder_one_is_in(option, refusal):
    words = {"--resume": ["fit", "--resume"], "--output": ["fit", "rows.npz", "--output"], "RUN": ["sample"]}[option]
    assert refusal([*words, ""]).startswith(f"{option} is ''; expected a path. See `vaecluster {words[0]} --help`")


@pytest.mark.parametrize(
    ("method", "name"), [(method, name) for method in METHODS for name in declared(METHODS[method])]
)
@pytest.mark.parametrize("value", ["?", "nan"])
def test_a_wrong_value_of_any_setting_is_refused_by_its_name_with_what_was_expected(method, name, value, refusal):
    message = refusal(f"{FIT} --method {method} --clusters 3 --set {name}={value}")
    assert message.startswith(f"--set {name} is ")
    assert value in message
    expected = in_options(f"{name} is ?; expected {declared(METHODS[method])[name].kind.expected}.")
    assert message.partition("; ")[2] == expected.partition("; ")[2]


@pytest.mark.parametrize("command", sorted({*COMMANDS} - {"fit", "methods", "demo", "name"}))
def test_an_argument_that_is_missing_is_named(command, refusal):
    assert f"Command {command} parameter " in (message := refusal(command))
    assert f"requires an argument. See `vaecluster {command} --help`." in message
