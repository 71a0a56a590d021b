import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import rows_of, vectors
from climb import PLAN, Climb
from vaecluster.errors import FileError, SettingError
from vaecluster.training.checkpoint import FILE, FINISHED
from vaecluster.training.run import Run
from vaecluster.training.session import Session, draw_seed, random_of

IDENTITY = {"method": "climb"}


def session(folder: Path | None = None, *, seed: int = 0, **choice: Any) -> Session:
    return Session(random_of(seed), IDENTITY, folder, **{"checkpoint_every": 0.0} | choice)


def climbed(run: Run) -> float:
    objective = Climb()
    run.stages({"up": PLAN})
    list(run.train("up", objective))
    return objective.height.item()


def test_a_run_has_the_rows_the_clusters_and_the_seed_of_the_random_state() -> None:
    rows = rows_of(vectors())
    with session().run(rows, 3) as run:
        assert (run.rows, run.clusters, run.draws.seed) == (rows, 3, draw_seed(random_of(0)))
    state = random_of(np.random.RandomState(4))
    seeds = []
    for _ in range(2):
        with Session(state, IDENTITY).run(rows, None) as run:
            seeds.append(run.draws.seed)
    assert seeds[0] != seeds[1]


def test_a_finished_run_is_marked_and_gives_its_end_again(tmp_path: Path) -> None:
    rows = rows_of(vectors())
    with session(tmp_path).run(rows, 3) as run:
        height = climbed(run)
        assert not (tmp_path / FINISHED).exists()
    assert {FILE, FINISHED} <= {path.name for path in tmp_path.iterdir()}
    # Another random state: the seed is that of the fit that is kept.
    with session(tmp_path, seed=9).run(rows, 3) as again:
        assert again.draws.seed == run.draws.seed
        assert (climbed(again), len(again.history.epochs)) == (height, 3)
    # One that is to begin anew does not count what is finished.
    with session(tmp_path, seed=9, anew=True).run(rows, 3) as other:
        assert other.draws.seed != run.draws.seed
        assert other.history.epochs == []


@pytest.mark.parametrize("how", ["error", "interrupted"])
def test_a_run_that_did_not_finish_is_gone_on_from(how: str, tmp_path: Path) -> None:
    rows = rows_of(vectors())
    for anew in (False, True):
        with suppress(ZeroDivisionError), session(tmp_path, anew=anew).run(rows, 3) as run:
            before = len(run.history.epochs)
            climbed(run)
            if how == "error":
                raise ZeroDivisionError
            run.history.ending = "interrupted"
        assert not (tmp_path / FINISHED).exists()
    assert before == 3


def test_other_rows_and_other_weights_are_another_fit(tmp_path: Path) -> None:
    rows = rows_of(vectors())
    with suppress(ZeroDivisionError), session(tmp_path).run(rows, 3) as run:
        raise ZeroDivisionError(climbed(run))
    weighted = rows_of(vectors())
    weighted.weights = np.linspace(0.5, 1.5, 40)
    for other, part in ((rows_of(vectors(seed=1)), "the data was"), (weighted, "sample_weight was None")):
        with pytest.raises(FileError, match=part), session(tmp_path).run(other, 3):
            raise AssertionError("the fit has begun")


def test_folders_are_checked_before_the_fit_and_let_go_after_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for choice in ({"checkpoint_dir": tmp_path / "file" / "x"}, {"log_dir": tmp_path / "file"}):
        with pytest.raises(FileError), Session(random_of(0), IDENTITY, **choice).run(rows_of(vectors()), 3):
            raise AssertionError("the fit has begun")
    threads = threading.active_count()
    for _ in range(2):
        with session(tmp_path / "kept", log_dir=tmp_path / "logs").run(rows_of(vectors()), 3) as run:
            climbed(run)
    assert len((tmp_path / "logs" / "history.jsonl").read_text().splitlines()) == 3
    assert threading.active_count() == threads


@pytest.mark.parametrize("wrong", [-1, 2**32, "seed", 0.5, [1]])
def test_what_is_no_random_state_is_answered_by_what_is(wrong: object) -> None:
    with pytest.raises(SettingError, match=r"random_state is .*; expected None, a whole number from 0 to 4294967295"):
        random_of(wrong)


def test_without_a_random_state_the_global_one_is_not_touched() -> None:
    before = np.random.get_state()[1].tolist()
    assert draw_seed(random_of(None)) != draw_seed(random_of(None))
    assert np.random.get_state()[1].tolist() == before
