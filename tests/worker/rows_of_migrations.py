"""Rows for every table of every revision: with and without what may be missing, in many scripts, as old jobs are.

Knows nothing of migrations: a table of an older revision takes the columns that it has.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

ANN, BOB, HARBOUR = "81000000000000001", "81000000000000002", "71000000000000001"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def id_of(letter: str, number: int) -> str:
    return f"{letter}{number:025d}"


def _job(number: int, status: str, asked: int, **more: Any) -> dict[str, Any]:
    ended = status in ("done", "failed", "cancelled")
    running = status == "running"
    return {
        "id": id_of("j", number),
        "kind": "song",
        "request": {"kind": "song", "theme": "rain 雨 ☔", "source": None},
        "seed": 2**31 - 1,
        "status": status,
        "stage": "",
        "done": 0,
        "total": 1,
        "words": "über\n",
        "attempts": 1,
        "cancel_requested": False,
        "lease_token": "secret" if running else None,
        "lease_expires_at": at(asked + 1) if running else None,
        "error": "it did not work" if status == "failed" else None,
        "created_at": at(asked),
        "finished_at": at(asked + 2) if ended else None,
        "delivered_at": at(asked + 2) if ended else None,
    } | more


def _song(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": id_of("s", number),
        "job_id": id_of("j", number),
        "title": "Rain",
        "lyrics": "La La\nÜBER",
        "report": {"style": "pop", "length_seconds": 62.5},
        "lead_sheet": {"bars": [1, 2]},
        "theme": "rain 雨 ☔",
        "model_versions": {"lyrics": "starter"},
        "created_at": at(number),
    } | more


def _delivery(number: int, status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id_of("d", number),
        "application_id": "6",
        "layout": "song",
        "member": ANN,
        "private": False,
        "reachable": True,
        "locale": "de",
        "note": "",
        "status": status,
        "attempts": 0,
        "created_at": at(number),
        "delivered_at": None if status == "open" else at(number),
    } | more


def _version(number: int, role: str, state: str, parent: int | None = None) -> dict[str, Any]:
    return {
        "id": id_of("v", number),
        "role": role,
        "digest": f"digest {number}",
        "family": "llama",
        "state": state,
        "path": f"/models/{number}",
        "parent_id": None if parent is None else id_of("v", parent),
        "card": {"name": "Größe"},
        "created_at": at(number),
    }


def _artifact(song: int, name: str, data: bytes) -> dict[str, Any]:
    place = {"song_id": id_of("s", song), "name": name, "position": 0, "media_type": "audio/midi"}
    return place | {"sha256": "0" * 64, "size_bytes": len(data), "data": data}


def _judged(**more: Any) -> dict[str, Any]:
    return {"created_at": at(1), "updated_at": at(2)} | more


# Waiting jobs: 9 was asked for first, then 7, then 8.
ROWS: dict[str, list[dict[str, Any]]] = {
    "jobs": [
        _job(1, "done", 1, requested_by=ANN, server=HARBOUR),
        _job(2, "done", 2, requested_by=BOB, request={"kind": "tempo", "source": f"upload:{id_of('u', 1)}"}),
        _job(3, "done", 3, requested_by=ANN, server=HARBOUR, delivered_at=None),
        _job(4, "failed", 4),
        _job(5, "cancelled", 5),
        _job(6, "running", 6, owner_machine="a", owner_pid=1, owner_started="now"),
        _job(7, "queued", 20, requested_by=ANN),
        _job(8, "queued", 30, requested_by=BOB),
        _job(9, "queued", 10, requested_by=ANN, server=HARBOUR),
    ],
    "songs": [
        _song(1),
        _song(2, title="", lyrics="", theme=None, lead_sheet=None, report={"style": "jazz", "length_seconds": None}),
        _song(3, parent_song_id=id_of("s", 1)),
    ],
    "artifacts": [
        _artifact(1, "song.mid", bytes(range(256)) * 300),
        _artifact(1, "empty.txt", b""),
        _artifact(2, "лист.png", b"\0\xff"),
    ],
    "ratings": [
        _judged(song_id=id_of("s", 1), rater=ANN, stars=5),
        _judged(song_id=id_of("s", 1), rater=BOB, stars=4),
        _judged(song_id=id_of("s", 3), rater=BOB, stars=1),
    ],
    "uploads": [
        {
            "id": id_of("u", number),
            "owner": owner,
            "name": "tune.mid",
            "sha256": "0" * 64,
            "size_bytes": 4,
            "data": b"MThd",
            "created_at": at(number),
        }
        for number, owner in enumerate((ANN, BOB, None))
    ],
    "deliveries": [
        _delivery(1, "delivered", server=HARBOUR, rung="original", message_id="9"),
        _delivery(2, "undeliverable", rung="history", failure="kein Platz", member=BOB),
        _delivery(3, "open", private=True, holder="bot", held_until=at(9), note="“rain”"),
        _delivery(9, "open", interaction_token="secret", token_expires_at=at(30)),
    ],
    "delivery_jobs": [
        {"job_id": id_of("j", number), "delivery_id": id_of("d", number), "position": 0} for number in (1, 2, 3, 9)
    ],
    "members": [
        {"id": ANN, "training_opt_in": True, "training_decided_at": at(1), "created_at": at(0)},
        {"id": BOB, "training_opt_in": False, "created_at": at(0)},
        {"id": "81000000000000003", "training_opt_in": False, "created_at": at(0)},
    ],
    "servers": [
        {"id": f"7{number}", "settings": {"language": "zh-CN"}, "created_at": at(0), "updated_at": at(number)}
        | ({"removed_at": at(9)} if number == 2 else {})
        for number in range(3)
    ],
    "memberships": [
        {"member": ANN, "server": f"7{number}", "seen_at": at(number), "checked_at": at(number)}
        | ({"left_at": at(9)} if number == 2 else {})
        for number in range(3)
    ],
    "uses": [{"member": ANN, "server": "", "day": f"2026-01-0{number + 1}", "count": number} for number in range(3)],
    "favourites": [{"member": BOB, "song_id": id_of("s", number), "created_at": at(1)} for number in (1, 2, 3)],
    "comparisons": [
        _judged(rater=rater, song_a=id_of("s", 1), song_b=id_of("s", number), preferred=preferred)
        for rater, number, preferred in ((ANN, 2, "a"), (ANN, 3, "same"), (BOB, 2, "b"))
    ],
    "synced_commands": [
        {"application_id": "6", "scope": scope, "tree_hash": "abc", "synced_at": at(1)} for scope in ("", "71", "72")
    ],
    "model_versions": [
        _version(1, "lyrics", "retired"),
        _version(2, "lyrics", "promoted", parent=1),
        _version(3, "lyrics", "candidate", parent=2),
        _version(4, "melody", "promoted"),
    ],
}
