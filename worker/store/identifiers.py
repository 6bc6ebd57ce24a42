"""Ids of rows: text that sorts by the time of making. Knows nothing of the tables.

26 characters of Crockford base 32 in lower case, as a ULID: 48 bits of milliseconds, then 80 random bits. Chosen over
an integer because any process can make one without asking the database and because it says nothing about how many
there are; over a UUID because people read it aloud and type it (no i, l, o or u, no dashes).
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ID_LENGTH = 26
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def made_at(id_: str) -> datetime:
    """Return when an id was made, in UTC, to the millisecond; ValueError for what is no id."""
    number = 0
    for letter in id_:
        number = number * 32 + ALPHABET.index(letter)
    return EPOCH + timedelta(milliseconds=number >> 80)


def new_id(now: datetime) -> str:
    """Return a fresh id; ids of a later millisecond sort after those of an earlier one."""
    return _written(_milliseconds(now), secrets.randbits(80))


def lowest_id(moment: datetime) -> str:
    """Return what no id made at this millisecond or later sorts before."""
    return _written(_milliseconds(moment), 0)


def _milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)  # in whole numbers: seconds as a float lose them


def _written(milliseconds: int, rest: int) -> str:
    number = (milliseconds << 80) | rest
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(5 * (ID_LENGTH - 1), -1, -5))
