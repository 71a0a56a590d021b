import pytest

from vaecluster.cli import run
from vaecluster.cli.messages import in_options, message_of

REWORDED = {
    "min_confidence of VAEClustering is 2; expected a number.": "--min-confidence is 2; expected a number.",
    "heads of TwoViews is 0; expected 1 or more.": "--set heads is 0; expected 1 or more.",
    "epochs of Bound is None (x); expected None (x), or 3.": "--set epochs is none (x); expected none (x), or 3.",
    "early_stopping of Bound is 3; expected True or False.": "--set early_stopping is 3; expected true or false.",
    "components is 2, fewer than n_clusters=5.": "--set components is 2, fewer than --clusters 5.",
    "Scale it, or use likelihood='gaussian'.": "Scale it, or use --set likelihood=gaussian.",
    "with learning_rate=0.001, and": "with --set learning_rate=0.001, and",
    "Train for more epochs, or try another random_state.": "Train for more epochs, or try another --seed.",
    "rows is 'windows', which is for arrays, but X is a table. Leave it out.": (
        "--rows is 'windows', which is for arrays, but the source is a table. Leave it out."
    ),
    "columns is {'a=b': 'count', 'c': 'date'}, which is for tables, but X is an array. Leave it out.": (
        "--column is 'a=b=count', which is for tables, but the source is an array. Leave it out."
    ),
    "batch is 'x', which is for counts of cells, but X is a table.": (
        "--batch is 'x', which is for counts of cells, but the source is a table."
    ),
    "If these are windows, give rows='windows'; if images, rows='images' says so.": (
        "If these are windows, give --rows windows; if images, --rows images says so."
    ),
    "There are 3 rows is no option; the rows hold 5 NaN values.": (
        "There are 3 rows is no option; the rows hold 5 NaN values."
    ),
    "`cut(n)` gives any other number without a new fit.": "`vaecluster cut` gives any other number without a new fit.",
    "n_clusters is (10, 2); expected 'auto', or a range such as (2, 10).": (
        "--clusters is 10-2; expected 'auto', or a range such as 2-10."
    ),
    # What stands in paths, or is a word of English, stays.
    "'/data/n_clusters/random_state.npz' is no file.": "'/data/n_clusters/random_state.npz' is no file.",
    "runs/heads=3.npz does not exist.": "runs/heads=3.npz does not exist.",
    "Look at the views and the method.": "Look at the views and the method.",
}


def test_want_of_memory_is_said_with_what_needs_less():
    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")):
        assert "not enough memory for that. Give fewer rows" in message_of(error)


@pytest.mark.parametrize("text", REWORDED)
def test_messages_speak_of_options_and_not_of_python(text):
    # Loads the methods, whose settings are looked for.
    import vaecluster.methods  # noqa: F401

    assert in_options(text) == REWORDED[text]


@pytest.mark.filterwarnings("default")
def test_warnings_too(rows_file, tiny, tmp_path, capsys):
    once = [word.replace("epochs=4", "epochs=1") for word in tiny]
    command = ["fit", rows_file, "--clusters", 6, *once, "--output", tmp_path / "run", "--quiet"]
    assert run([str(word) for word in command]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Warning: Only ")
    assert line.endswith("or try another --seed.")
