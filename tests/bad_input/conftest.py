"""What the tables of wrong uses share: what must not change, and what a message must say."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def unchanged(model):
    """Check afterwards that an estimator has every attribute that it had, and the same weights."""

    def state() -> tuple[dict, str]:
        parts = model.model_.state_dict().values() if hasattr(model, "model_") else ()
        digest = hashlib.sha256(b"".join(part.numpy().tobytes() for part in parts)).hexdigest()
        return vars(model).copy(), digest

    @contextmanager
    def checked() -> Iterator[None]:
        before, weights = state()
        yield
        after, weights_after = state()
        assert list(after) == list(before)
        assert all(after[name] is before[name] for name in before)
        assert weights_after == weights

    return checked()


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Check afterwards that a folder holds the same files and folders, with the same content; locks do not count."""

    def content() -> dict[str, bytes | None]:
        found = sorted(path for path in folder.rglob("*") if path.name != ".lock")
        return {str(path): path.read_bytes() if path.is_file() else None for path in found}

    before = content()
    yield
    assert content() == before


def says_three_things(name: str, message: str) -> None:
    """Check that a message is one line of whole sentences, two or more or with a semicolon, and names what is wrong.

    What is wrong stands in the entry's name, before the colon.
    """
    thing = name.partition(": ")[0]
    assert re.search(rf"(?<!\w){re.escape(thing)}", message), f"{thing!r} is not in {message!r}"
    assert "\n" not in message
    assert message.endswith(".")
    assert re.search(r"[;:] |\. [A-Z$X]|\? [A-Z]", message), message
    assert len(message) < 500


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch):
    """Messages say which devices there are; here they are those of a machine without a GPU."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)


@pytest.fixture(name="unchanged", scope="session")
def _unchanged():
    return unchanged


@pytest.fixture(name="untouched", scope="session")
def _untouched():
    return untouched


@pytest.fixture(name="says_three_things", scope="session")
def _says_three_things():
    return says_three_things


@pytest.fixture(scope="session")
def says() -> Callable[..., None]:
    """Checks what a refused command printed: one line of an error that holds the parts, which " | " divides."""

    def checked(name: str, printed: tuple[str, str], parts: str) -> None:
        out, error = printed
        assert out == ""
        assert error.startswith("Error: ")
        message = error.removeprefix("Error: ").removesuffix("\n")
        assert [part for part in parts.split(" | ") if part not in message] == [], message
        says_three_things(name, message)

    return checked
