"""Filters of warnings belong to the whole process: threads that keep warnings back leave them as they were."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from vaecluster.hearing import heard, unheard


def test_threads_inside_at_the_same_time_leave_the_filters_as_they_were() -> None:
    before, first_is_inside = list(warnings.filters), Event()

    def first() -> None:
        with unheard(UserWarning):
            first_is_inside.set()
            # The second would enter now, and leave last.
            assert not second_is_inside.wait(0.1)

    def second() -> None:
        first_is_inside.wait()
        with unheard(DeprecationWarning):
            second_is_inside.set()
            assert not any(one[:3] == ("ignore", None, UserWarning) for one in warnings.filters)

    second_is_inside = Event()
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(first), threads.submit(second)]:
            done.result()
    assert list(warnings.filters) == before


def test_what_is_kept_back_is_of_the_category_and_begins_so() -> None:
    with heard() as caught:
        with unheard(UserWarning), unheard(beginning="X "):
            warnings.warn("of users", UserWarning, stacklevel=1)
            warnings.warn("X is old", DeprecationWarning, stacklevel=1)
            warnings.warn("Y is old", DeprecationWarning, stacklevel=1)
        with unheard():
            warnings.warn("anything", stacklevel=1)
    assert [str(one.message) for one in caught] == ["Y is old"]


def test_a_warning_that_was_given_before_is_heard_again() -> None:
    for _ in range(2):
        with heard(UserWarning) as caught:
            warnings.warn("again", UserWarning, stacklevel=1)
        assert len(caught) == 1
    with pytest.warns(UserWarning, match="again"):
        warnings.warn("again", UserWarning, stacklevel=1)
