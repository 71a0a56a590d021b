import json
from math import inf, nan
from typing import Annotated, Any

import numpy as np
import pytest

from vaecluster.errors import SettingError
from vaecluster.settings import (
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    By,
    ByKind,
    Either,
    Flag,
    Kind,
    Nothing,
    Number,
    OneOf,
    Settings,
    Shares,
    Whole,
    Widths,
    changed,
    declared,
    described,
    is_number,
    is_whole,
    optional,
    plain,
    read,
    restored,
    settings,
)


@settings
class Smoothing(Settings):
    """How a curve is smoothed."""

    width: Annotated[int, Whole(), "entries on either side"] = 3
    strength: Annotated[float, POSITIVE, "how strongly"] = By(images=0.5, vectors=2.0)
    ends: Annotated[str, OneOf("cut", "repeat"), "what stands beyond the ends"] = "cut"
    rounds: Annotated[int | None, optional(Whole(1, 9), "until nothing changes"), "passes over the curve"] = None
    layers: Annotated[tuple[int, ...], Widths(), "widths of layers"] = (32, 16)


# Kinds: what each accepts, as what it keeps it, and what it refuses.

KINDS: dict[str, tuple[Kind, dict[Any, Any], list[Any]]] = {
    "whole": (Whole(2), {2: 2, np.int64(3): 3, np.uint8(255): 255, 2**31 - 1: 2**31 - 1}, [1, True, 2.0, "2", None]),
    "whole, beyond what torch takes": (Whole(), {2**31 - 1: 2**31 - 1}, [2**31, 10**20, -1, nan, inf]),
    "whole, with a most": (Whole(0, 3), {0: 0, 3: 3}, [4, -1, inf]),
    "positive": (POSITIVE, {1: 1.0, 1e-300: 1e-300, np.float32(0.5): 0.5}, [0, -1, inf, nan, True, "1", None, 1j]),
    "not negative": (NOT_NEGATIVE, {0: 0.0, 2.5: 2.5}, [-1e-300, inf]),
    "share": (SHARE, {0.5: 0.5}, [0, 1, 0.0, 1.0, -0.1, nan]),
    "closed range": (Number(0, 1), {0: 0.0, 1: 1.0}, [1.0001, -0.0001]),
    "flag": (Flag(), {True: True, np.False_: False}, [0, 1, "yes", None]),
    "name": (OneOf("a", "b"), {"a": "a"}, ["c", "", None, 1, ["a"]]),
    "widths": (Widths(), {(16,): (16,), (512, 32): (512, 32)}, [(), (17,), (0,), (16.0,), 16, "16", (True,), None]),
    "shares": (Shares(), {(1, 2.5): (1.0, 2.5)}, [(), (0, 1), (-1,), (1, nan), "12", 3, ((1, 2),), (True,)]),
    "either": (Either(OneOf("auto"), POSITIVE), {"auto": "auto", 2: 2.0}, ["other", -1, None]),
    "optional": (optional(Whole(), "as many as needed"), {None: None, 4: 4}, [0, "none", 2.5]),
}
kinds = pytest.mark.parametrize("name", KINDS)


@kinds
def test_a_kind_keeps_what_it_accepts_as_pythons_own_and_refuses_all_else(name: str) -> None:
    kind, accepted, refused = KINDS[name]
    for value, expected in accepted.items():
        assert kind.accepts(value), value
        normal = kind.normal(value)
        assert (normal, type(normal)) == (expected, type(expected))
        assert kind.accepts(normal)
        assert kind.normal(normal) == normal
    assert not [value for value in refused if kind.accepts(value)]
    # Arrays have no truth value of their own.
    assert not kind.accepts(np.zeros((2, 2)))


@kinds
def test_a_value_comes_back_from_json_and_from_what_is_typed(name: str) -> None:
    kind, accepted, _ = KINDS[name]
    for value in accepted:
        normal = kind.normal(value)
        assert kind.normal(kind.restored(json.loads(json.dumps(kind.plain(normal))))) == normal
        assert kind.normal(kind.read(str(normal))) == normal


@kinds
@pytest.mark.parametrize("text", ["", "many", "1,x", "--"])
def test_what_is_typed_wrongly_stays_a_text_that_is_refused(name: str, text: str) -> None:
    kind, _, _ = KINDS[name]
    assert not kind.accepts(kind.read(text))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Flag(), "Yes", True),
        (Flag(), "no", False),
        (Widths(), "512, 256", (512, 256)),
        (Widths(), "[64]", (64,)),
        (Shares(), "0.2,0.8", (0.2, 0.8)),
        (optional(Whole(), "found"), "auto", None),
        (optional(Whole(), "found"), "None", None),
        (optional(Whole(), "found"), "3", 3),
        (POSITIVE, "1e-3", 1e-3),
        # To be refused, as the number that it is.
        (optional(Whole(), "found"), "0", 0),
    ],
)
def test_what_is_typed_is_read(kind: Kind, text: str, value: Any) -> None:
    assert kind.read(text) == value


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        (Whole(2), ["whole number", "2 or more"]),
        (Whole(0, 3), ["whole number", "from 0 to 3"]),
        (POSITIVE, ["number above 0"]),
        (NOT_NEGATIVE, ["number of 0 or more"]),
        (SHARE, ["between 0 and 1"]),
        (Number(0, 1), ["from 0 to 1"]),
        (Flag(), ["True or False"]),
        (OneOf("a", "b"), ["one of 'a', 'b'"]),
        (Widths(), ["multiples of 16", "(256, 256)"]),
        (Shares(), ["one positive number for each cluster"]),
        (Either(OneOf("auto"), POSITIVE), ["'auto'", ", or ", "above 0"]),
        (Nothing("found"), ["None (found)"]),
    ],
)
def test_a_kind_says_what_it_expects(kind: Kind, parts: list[str]) -> None:
    assert all(part in kind.expected for part in parts), kind.expected


@pytest.mark.parametrize("kind", [Whole(2), optional(Whole(2), "found"), Either(POSITIVE, Whole(2))])
def test_the_largest_whole_number_is_spoken_of_where_a_number_is_larger(kind: Kind) -> None:
    assert kind.expected_for(1) == kind.expected
    assert "a whole number from 2 to 2147483647" in kind.expected_for(2**31)


def test_truth_values_are_no_numbers() -> None:
    assert [is_whole(value) for value in (1, np.int8(1), True, np.True_, 1.0)] == [True, True, False, False, False]
    assert [is_number(value) for value in (1, 1.5, np.float32(1), True, "1")] == [True, True, True, False, False]


# Records


def test_values_are_checked_and_made_pythons_own_when_a_record_is_made() -> None:
    record = Smoothing(np.int64(5), 1, layers=[64])
    assert (record.width, record.strength, record.layers) == (5, 1.0, (64,))
    assert (type(record.width), type(record.strength)) == (int, float)
    assert record == Smoothing(5, 1.0, layers=(64,))
    assert len({record, Smoothing(5, 1.0, layers=(64,))}) == 1


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"width": 0}, ["width of Smoothing is 0", "expected a whole number of 1 or more"]),
        ({"width": 2**31}, ["width of Smoothing is 2147483648", "from 1 to 2147483647"]),
        ({"width": True}, ["width of Smoothing is True"]),
        ({"strength": "much"}, ["strength of Smoothing is 'much'", "above 0"]),
        ({"strength": By(images=1.0, vectors=-1.0)}, ["strength of Smoothing is -1.0"]),
        ({"ends": "mirror"}, ["ends of Smoothing is 'mirror'", "'cut', 'repeat'"]),
        ({"rounds": 10}, ["rounds of Smoothing is 10", "None (until nothing changes)", "from 1 to 9"]),
        ({"layers": (100,)}, ["layers of Smoothing is (100,)", "multiples of 16"]),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(values: dict[str, Any], parts: list[str]) -> None:
    for make in (lambda: Smoothing(**values), lambda: changed(Smoothing(), values)):
        with pytest.raises(SettingError) as error:
            make()
        assert all(part in str(error.value) for part in parts), error.value


def test_a_record_is_never_changed_only_copied_with_other_values() -> None:
    record = Smoothing()
    with pytest.raises(AttributeError):
        record.width = 4
    assert changed(record, {"width": 4, "ends": "repeat"}) == Smoothing(4, ends="repeat")
    assert record == Smoothing()


@pytest.mark.parametrize(
    ("name", "parts"),
    [("witdh", ["Smoothing", "'witdh'", "Did you mean width?"]), ("xyz", ["'xyz'", "width, strength, ends"])],
)
def test_a_name_that_it_does_not_have_is_answered_with_those_it_has(name: str, parts: list[str]) -> None:
    with pytest.raises(SettingError) as error:
        changed(Smoothing(), {name: 1})
    assert all(part in str(error.value) for part in parts), error.value


def test_defaults_by_kind_of_rows_are_settled_when_the_rows_are_known() -> None:
    assert isinstance(Smoothing().strength, ByKind)
    assert Smoothing().of_kind("images") == Smoothing(strength=0.5)
    assert Smoothing().of_kind("vectors").strength == 2.0
    # What was given stays.
    given = Smoothing(strength=7.0)
    assert given.of_kind("images") == given.of_kind("vectors") == given
    assert repr(Smoothing().strength) == "0.5 for images, 2.0 for vectors"


def test_declared_settings_come_in_the_order_in_which_they_were_written() -> None:
    found = declared(Smoothing)
    assert list(found) == ["width", "strength", "ends", "rounds", "layers"]
    assert found["width"].default == 3
    assert found["width"].text == "entries on either side"
    assert isinstance(found["width"].kind, Whole)


def test_the_documentation_says_name_default_meaning_and_range_of_each() -> None:
    table = described(Smoothing)
    assert [name for name, _, _ in table] == list(declared(Smoothing))
    text = " ".join((Smoothing.__doc__ or "").split())
    assert text.startswith("How a curve is smoothed.")
    for name, default, meaning in table:
        assert f"{name} : default {default} {meaning}." in text
    assert table[0] == ("width", "3", "entries on either side; a whole number of 1 or more")


@pytest.mark.parametrize(
    "record",
    [Smoothing(strength=1.0), Smoothing(7, 2.0, "repeat", 3, (64, 32)), Smoothing().of_kind("images")],
)
def test_a_record_comes_back_from_json(record: Smoothing) -> None:
    assert restored(Smoothing, json.loads(json.dumps(plain(record)))) == record


@pytest.mark.parametrize("values", [{"width": 0}, {"width": "3"}, {"layers": 3}, {"colour": "red"}, {"ends": ["cut"]}])
def test_values_from_a_file_are_checked_as_any_others(values: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        restored(Smoothing, values)
    # What a file does not say has its default.
    assert restored(Smoothing, {"width": 4}) == Smoothing(4)


def test_words_that_are_typed_become_values() -> None:
    words = ["width=7", "strength = 0.25", "ends=repeat", "rounds=none", "layers=64,32"]
    expected = {"width": 7, "strength": 0.25, "ends": "repeat", "rounds": None, "layers": (64, 32)}
    assert read(Smoothing, words) == expected
    assert changed(Smoothing(), read(Smoothing, words)) == Smoothing(**expected)
    # What is wrong is left for `changed` to refuse.
    for words in (["width=seven"], ["breadth=7"]):
        with pytest.raises(SettingError):
            changed(Smoothing(), read(Smoothing, words))


def test_a_word_without_a_value_is_answered_with_an_example() -> None:
    with pytest.raises(SettingError, match=r"'width'.*NAME=VALUE.*width="):
        read(Smoothing, ["width"])


@pytest.mark.parametrize("words", [["width=2", "width=2"], ["width=2", "ends=cut", " width =3"]])
def test_a_name_that_comes_twice_is_refused(words: list[str]) -> None:
    with pytest.raises(SettingError, match=r"--set width is given twice; expected one value\. Leave out one"):
        read(Smoothing, words)


def test_a_name_may_be_typed_with_hyphens() -> None:
    @settings
    class Two(Settings):
        """Two words."""

        long_name: Annotated[int, Whole(), "a number"] = 1

    assert read(Two, ["long-name=3"]) == {"long_name": 3}
