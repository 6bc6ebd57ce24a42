"""Ids: of one form, distinct, and in the order of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from worker.store.identifiers import ALPHABET, ID_LENGTH, made_at, new_id

moments = st.datetimes(datetime(1970, 1, 2), datetime(9999, 1, 1), timezones=st.just(UTC))


def test_an_id_tells_when_it_was_made() -> None:
    moment = datetime(2026, 11, 21, 14, 3, 5, 678000, tzinfo=UTC)
    assert made_at(new_id(moment)) == moment


@given(moments, st.integers(1, 10**9))
def test_a_later_id_sorts_later(moment: datetime, milliseconds: int) -> None:
    earlier = moment - timedelta(milliseconds=milliseconds)
    if earlier.timestamp() >= 0:
        assert new_id(earlier) < new_id(moment)


@given(moments)
def test_an_id_has_its_form(moment: datetime) -> None:
    made = new_id(moment)
    assert len(made) == ID_LENGTH
    assert set(made) <= set(ALPHABET)


def test_ids_of_one_moment_differ() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert len({new_id(now) for _ in range(1000)}) == 1000
