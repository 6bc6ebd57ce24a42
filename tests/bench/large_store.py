"""Fills a store with many songs for the benches. Every row is synthetic: words drawn from a list, files of noise.

Members and servers are used as Zipf's law says, the n-th 1/n as often as the first. Rows are written as the tables
have them, not through the functions that are to be timed. Knows nothing of what is measured.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from engine.contract import SongRequest
from worker.store.database import Store
from worker.store.listings import wilson, words_of
from worker.store.tables import Base

APPLICATION = "61000000000000001"
MEMBERS, SERVERS, BOTS = 1000, 50, 4  # the first bot's open deliveries are those that are looked at
QUEUED, RUNNING, FAILED = 200, 8, 500
ROWS_AT_ONCE = 2000
SECONDS_BETWEEN_SONGS = 30.0
WORDS_PER_LINE = 6


def member(number: int) -> str:
    return f"8{number:017d}"


def server(number: int) -> str:
    return f"7{number:017d}"


def row_id(kind: int, number: int) -> str:
    """Return an id of the length of real ones that sorts by time like them. kind: 0 jobs, 1 songs, 2 deliveries."""
    return f"{number:024d}{kind:02d}"


def message(number: int) -> str:
    return f"9{number:017d}"


@dataclass(frozen=True)
class Asked:
    """Who asked for the n-th song, where and when."""

    number: int
    member: str
    server: str | None
    at: datetime


class LargeStore:
    """What is in a store that `fill` has filled. end: the moment after the last row."""

    def __init__(self, songs: int, end: datetime, seed: int = 7) -> None:
        self.songs, self.end = songs, end
        drawn = random.Random(seed)
        self.vocabulary = ["".join(drawn.choices("abcdefghilmnoprstuvw", k=drawn.randint(3, 9))) for _ in range(3000)]
        self.home = drawn.choices(range(SERVERS), [1 / (n + 1) for n in range(SERVERS)], k=MEMBERS)
        self.weights = [1 / (n + 1) for n in range(MEMBERS)]
        self._seed = seed

    def asked(self) -> Iterator[Asked]:
        """Return who asked for each song and each unfinished job, the oldest first; the same at every call."""
        drawn = random.Random(self._seed + 1)
        count = self.songs + FAILED + QUEUED + RUNNING
        who = drawn.choices(range(MEMBERS), self.weights, k=count)
        begin = self.end - timedelta(seconds=SECONDS_BETWEEN_SONGS * count)
        for number, person in enumerate(who):
            place = None if drawn.random() < 0.1 else server(self.home[person])
            yield Asked(number, member(person), place, begin + timedelta(seconds=SECONDS_BETWEEN_SONGS * number))

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return (table, values) of all rows, those that others refer to first among the rows of one song."""
        drawn = random.Random(self._seed + 2)
        for person in range(MEMBERS):
            yield "members", {"id": member(person), "training_opt_in": person % 3 == 0, "created_at": self.end}
            place = {"member": member(person), "server": server(self.home[person])}
            yield "memberships", place | {"seen_at": self.end, "checked_at": self.end}
            yield "uses", place | {"day": self.end.date().isoformat(), "count": 3}
        for one in self.asked():
            status = self._status(one.number)
            title, lyrics = self._line(drawn, 3).title(), self._lyrics(drawn)
            request = SongRequest(theme=self._line(drawn, 4)).model_dump(mode="json")
            yield "jobs", _job(one, status, request)
            if status == "done":
                yield from self._song(drawn, one, title, lyrics, request)
            yield "deliveries", _delivery(one, ended=status in ("done", "failed"))
            yield (
                "delivery_jobs",
                {
                    "job_id": row_id(0, one.number),
                    "delivery_id": row_id(2, one.number),
                    "position": 0,
                },
            )

    def _status(self, number: int) -> str:
        if number < self.songs:
            return "done"
        if number < self.songs + FAILED:
            return "failed"
        return "running" if number < self.songs + FAILED + RUNNING else "queued"

    def _lyrics(self, drawn: random.Random) -> str:
        """Return three verses of four lines, each with the chorus after it."""
        chorus, *verses = ("\n".join(self._line(drawn) for _ in range(4)) for _ in range(4))
        return "\n\n".join(f"{verse}\n\n{chorus}" for verse in verses)

    def _line(self, drawn: random.Random, words: int = WORDS_PER_LINE) -> str:
        return " ".join(drawn.choices(self.vocabulary, k=words))

    def _song(
        self, drawn: random.Random, one: Asked, title: str, lyrics: str, request: dict[str, Any]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        song_id, theme = row_id(1, one.number), request["theme"]
        yield (
            "songs",
            {
                "id": song_id,
                "job_id": row_id(0, one.number),
                "title": title,
                "lyrics": lyrics,
                "report": _REPORT | {"title": title, "request": request, "seed": one.number},
                "lead_sheet": _LEAD_SHEET,
                "score": _SCORE,
                "theme": theme,
                "model_versions": {"lyrics": "synthetic"},
                "created_at": one.at,
            },
        )
        for position, name in enumerate(("song.mid", "song.txt")):
            data = drawn.randbytes(1000)
            yield (
                "artifacts",
                {
                    "song_id": song_id,
                    "name": name,
                    "position": position,
                    "media_type": "audio/midi",
                    "sha256": "0" * 64,
                    "size_bytes": len(data),
                    "data": data,
                },
            )
        stars = self._ratings(drawn)
        votes = len(stars)
        yield (
            "listings",
            {
                "song_id": song_id,
                "requested_by": one.member,
                "server": one.server,
                "private": one.number % 40 == 0,
                "title": title,
                "style": "pop",
                "kind": "song",
                "seconds": 115.0,
                "created_at": one.at,
                "votes": votes,
                "stars": sum(stars),
                "score": wilson(sum(stars) / votes if votes else None, votes),
                "theme": theme,
                "words": words_of(title, theme, lyrics),
            },
        )
        for person, value in enumerate(stars):
            rated = {"created_at": one.at, "updated_at": one.at}
            yield "ratings", {"song_id": song_id, "rater": member(person), "stars": value} | rated
        if one.number % 10 == 0:
            yield "favourites", {"song_id": song_id, "member": one.member, "created_at": one.at}

    def _ratings(self, drawn: random.Random) -> list[int]:
        """Return the stars that a song was given: about three ratings for ten songs, several for one in sixteen."""
        count = drawn.randint(3, 6) if drawn.random() < 0.066 else 0
        return [drawn.randint(1, 5) for _ in range(count)]


def fill(store: Store, contents: LargeStore) -> dict[str, int]:
    """Write all rows into an empty store; return how many each table has."""
    counts = dict.fromkeys(Base.metadata.tables, 0)
    rows = contents.rows()
    while several := list(islice(rows, ROWS_AT_ONCE)):
        by_table: dict[str, list[dict[str, Any]]] = {}
        for name, values in several:
            by_table.setdefault(name, []).append(values)
        with store.writing() as session:
            for name, table in Base.metadata.tables.items():  # in the order of the classes: what is referred to first
                if name in by_table:
                    _insert(session, table, by_table[name])
                    counts[name] += len(by_table[name])
    return counts


def _insert(session: Session, table: Table[Any], rows: list[dict[str, Any]]) -> None:
    names = {name for row in rows for name in row}
    session.execute(insert(table), [{name: row.get(name) for name in names} for row in rows])


def _job(one: Asked, status: str, request: dict[str, Any]) -> dict[str, Any]:
    began = one.at + timedelta(seconds=1)
    values: dict[str, Any] = {
        "id": row_id(0, one.number),
        "kind": "song",
        "request": request,
        "seed": one.number,
        "status": status,
        "stage": "",
        "done": 0,
        "total": 1,
        "words": "",
        "attempts": 1,
        "cancel_requested": False,
        "created_at": one.at,
        "requested_by": one.member,
        "server": one.server,
        "priority": 0,
        "cost_seconds": 4.0,
        "turn": 4.0 * one.number,
    }
    if status == "queued":
        return values | {"attempts": 0}
    if status == "running":
        return values | {
            "started_at": began,
            "lease_token": f"{one.number:032d}",
            "lease_expires_at": one.at + timedelta(days=1),
        }
    ended = {"started_at": began, "finished_at": began + timedelta(seconds=4), "delivered_at": one.at}
    error = {"error": "the words could not be set to music", "error_kind": "engine"} if status == "failed" else {}
    return values | ended | error


def _delivery(one: Asked, *, ended: bool) -> dict[str, Any]:
    return {
        "id": row_id(2, one.number),
        "application_id": APPLICATION if one.number % BOTS == 0 else "another",
        "layout": "song",
        "member": one.member,
        "server": one.server,
        "channel_id": "5",
        "message_id": message(one.number),
        "private": one.number % 40 == 0,
        "reachable": True,
        "locale": "en-US",
        "note": "",
        "status": "delivered" if ended else "open",
        "rung": "original" if ended else None,
        "attempts": 1,
        "created_at": one.at,
        "delivered_at": one.at if ended else None,
    }


_SECTION = {"name": "verse", "lines": [{"text": "la la la", "rhyme": "a", "syllables": 8}] * 12, "bars": 8}
_REPORT: dict[str, Any] = {
    "sections": [],
    "style": "pop",
    "key": "C major",
    "tempo_qpm": 96.0,
    "time_signature": "4/4",
    "length_seconds": 115.0,
    "seconds_per_stage": {"lyrics": 1.2, "melody": 1.1, "audio": 2.0},
    "model_versions": {"lyrics": "synthetic"},
    "notices": ["x" * 1000],
}
_LEAD_SHEET = {"sections": [_SECTION] * 4}
_SCORE = {"tracks": [{"notes": [[480 * beat, 240, 60, 90] for beat in range(120)]}] * 3}
