import logging
import os
import subprocess
import sys
import threading
from dataclasses import replace
from math import isinf, isnan
from pathlib import Path
from typing import Any

import pytest

from vaecluster.training.events import ClustersMergedAgain, EpochDone, RolledBack, StepDone
from vaecluster.training.listeners.history import History
from vaecluster.training.listeners.logs import log_listeners
from vaecluster.training.listeners.tensorboard import TensorBoardListener, tensorboard_listener

pytest.importorskip("tensorboard")

EPOCHS = 9


def epoch(number: int, **changes: Any) -> EpochDone:
    done = EpochDone(number, EPOCHS, 1000, 0.25, 1e-3, {"bound": -12.5 * number, "latent_kl": 6.5}, 7, 0.875, None)
    return replace(done, **changes)


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of the folder: (step, value) by name."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    return {name: [(point.step, point.value) for point in events.Scalars(name)] for name in events.Tags()["scalars"]}


def test_every_number_of_an_epoch_is_a_point_of_a_curve(tmp_path: Path) -> None:
    listener = TensorBoardListener(tmp_path)
    for event in (StepDone(1, EPOCHS, 10, 100, dict), epoch(1), ClustersMergedAgain(1, EPOCHS, 2), epoch(2)):
        listener(event)
    listener.close()
    shown = curves(tmp_path)
    assert shown.pop("training/learning_rate")[0] == (1, pytest.approx(1e-3))
    assert shown == {
        "terms/bound": [(1, -12.5), (2, -25.0)],
        "terms/latent_kl": [(1, 6.5), (2, 6.5)],
        "clusters/populated_clusters": [(1, 7.0), (2, 7.0)],
        "clusters/mean_confidence": [(1, 0.875), (2, 0.875)],
        "training/rows_per_second": [(1, 4000.0), (2, 4000.0)],
    }


def test_a_number_is_shown_where_it_is_one_as_soon_as_its_epoch_is_done(tmp_path: Path) -> None:
    listener = TensorBoardListener(tmp_path)
    for number, bound, points in ((1, None, None), (2, 0.0, [(2, 0.0)])):
        listener(epoch(number, held_out_bound=bound))
        shown = curves(tmp_path)
        assert shown["terms/bound"][-1] == (number, -12.5 * number)
        assert shown.get("terms/held_out_bound") == points
    listener(epoch(3, terms={"bound": float("nan")}, seconds=0.0))
    listener.close()
    assert isnan(curves(tmp_path)["terms/bound"][2][1])
    assert isinf(curves(tmp_path)["training/rows_per_second"][2][1])


def test_epochs_that_come_again_are_shown_as_they_were_the_last_time(tmp_path: Path) -> None:
    listener = TensorBoardListener(tmp_path)
    for event in (epoch(1), epoch(2), epoch(3), RolledBack(4, EPOCHS, 2, 0.1), epoch(2, terms={"bound": 1.0})):
        listener(event)
    listener.close()
    assert curves(tmp_path)["terms/bound"] == [(1, -12.5), (2, 1.0)]


def test_a_resumed_fit_shows_what_its_history_holds_and_nothing_else(tmp_path: Path) -> None:
    with log_listeners(tmp_path, History()) as listeners:
        for number in (1, 2, 3):
            listeners[-1](epoch(number, terms={"bound": 1.0}))
    # TensorBoard reads files in the order of their names, which begin with the second.
    (earlier,) = tmp_path.glob("tensorboard/events.out.tfevents.*")
    earlier.rename(tmp_path / "tensorboard" / "events.out.tfevents.0000000001.earlier")
    kept = History()
    for number in (1, 2):
        kept(epoch(number))
    with log_listeners(tmp_path, kept) as listeners:
        listeners[-1](epoch(3))
        listeners[-1](epoch(4))
    shown = curves(tmp_path / "tensorboard")["terms/bound"]
    assert shown == [(number, -12.5 * number) for number in (1, 2, 3, 4)]


def test_a_folder_that_is_gone_warns_once_and_is_not_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "logs"
    listener = TensorBoardListener(folder)
    listener(epoch(1))
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    for event in (epoch(2), RolledBack(3, EPOCHS, 2, 0.1), epoch(2)):
        listener(event)
    listener.close()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert f"TensorBoard's files in '{folder}' cannot be written" in caplog.text
    assert not folder.exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_a_full_disk_warns_once_and_ends_no_fit(tmp_path: Path) -> None:
    # In a program of its own: TensorBoard's thread prints a traceback, too.
    program = """if True:
        import logging, sys
        from pathlib import Path
        from vaecluster.training.events import EpochDone
        from vaecluster.training.listeners.tensorboard import TensorBoardListener

        logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stdout)
        folder = Path(sys.argv[1])
        listener = TensorBoardListener(folder)
        for epoch in (1, 2, 3, 4):
            listener(EpochDone(epoch, 4, 10, 1.0, 1e-3, {"bound": 1.0}, 2, 0.5, None))
            if epoch == 1:  # written and flushed, so the thread makes no file anew
                (file,) = folder.iterdir()
                file.unlink()
                file.symlink_to("/dev/full")
        listener.close()
        """
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, timeout=120
    )
    (logged,) = done.stdout.splitlines()
    assert logged.startswith("WARNING TensorBoard's files")
    assert "No space left on device" in logged


def test_no_thread_is_left_when_it_is_closed(tmp_path: Path) -> None:
    before = threading.active_count()
    listener = TensorBoardListener(tmp_path)
    listener(epoch(1))
    listener(RolledBack(2, EPOCHS, 1, 0.1))
    listener.close()
    listener.close()
    assert threading.active_count() == before


@pytest.mark.parametrize(("module", "warnings"), [("torch.utils.tensorboard", 1), ("tensorboard", 0)])
def test_a_tensorboard_that_is_not_there_is_no_listener_and_one_that_is_broken_a_warning(
    module: str, warnings: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert tensorboard_listener(tmp_path) is None
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * warnings


def test_tensorboard_is_imported_only_for_a_folder() -> None:
    program = (
        "import sys\n"
        "from vaecluster.training.listeners.history import History\n"
        "from vaecluster.training.listeners.logs import log_listeners\n"
        "with log_listeners(None, History()):\n"
        "    assert 'tensorboard' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
