"""Promises of snapshots: who agreed is in them, who did not or withdrew is not; they never change; pairs are of one prompt."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.contract import LyricRequest, SongRequest, TempoRequest, WordsRequest
from engine.corpus.snapshots import JUDGEMENTS, Rules, Snapshot, open_snapshot, prompt_of, split_of_prompt
from engine.errors import FileFormatError, RequestError
from tests.worker.conftest import WoundClock
from tests.worker.members_songs import ANN, BOB, HARBOUR, client_of, made
from worker.client import Client
from worker.snapshots import make_snapshot, newest
from worker.store.database import Store

CAT, FOREST = "81000000000000003", "71000000000000002"


@pytest.fixture
def client(store: Store, clock: WoundClock) -> Client:
    client = client_of(store, clock)
    for member in (ANN, BOB):
        client.members.set_training(member, True)
    return client


def snapshot(client: Client, clock: WoundClock, folder: Path) -> Snapshot:
    return open_snapshot(Path(make_snapshot(client.store, folder, now=clock()).path))


def test_stars_of_members_who_agreed_are_there_and_of_others_not(
    client: Client, clock: WoundClock, tmp_path: Path
) -> None:
    anns, cats = made(client, clock), made(client, clock, member=CAT)
    for rater in (ANN, BOB, CAT):
        client.ratings.rate(anns.id, rater=rater, stars=4)
        client.ratings.rate(cats.id, rater=rater, stars=2)
    found = snapshot(client, clock, tmp_path)
    assert set(found.takes) == {anns.id}
    assert [(j.kind, j.value, j.take) for j in found.judgements] == [("stars", 4.0, anns.id)] * 2
    assert {j.rater for j in found.judgements} == {"rater 1", "rater 2"}
    text = "".join(path.read_text() for path in found.directory.glob("*.json*"))
    assert not [member for member in (ANN, BOB, CAT) if member in text]


def test_who_withdraws_is_in_no_later_snapshot_and_the_earlier_one_stays(
    client: Client, clock: WoundClock, tmp_path: Path
) -> None:
    song = made(client, clock)
    for rater in (ANN, BOB):
        client.ratings.rate(song.id, rater=rater, stars=5)
    before = snapshot(client, clock, tmp_path)
    client.members.set_training(BOB, False)
    after = snapshot(client, clock, tmp_path)
    assert (len(before.judgements), len(after.judgements)) == (2, 1)
    assert open_snapshot(before.directory) == before
    client.members.set_training(ANN, False)  # whose song it is
    with pytest.raises(RequestError, match="nobody who agreed"):
        make_snapshot(client.store, tmp_path, now=clock())


def test_a_snapshot_of_what_has_not_changed_is_the_same_one(client: Client, clock: WoundClock, tmp_path: Path) -> None:
    song = made(client, clock)
    client.ratings.rate(song.id, rater=BOB, stars=5)
    first = make_snapshot(client.store, tmp_path, now=clock())
    again = make_snapshot(client.store, tmp_path, now=clock())
    assert replace(again, created_at=first.created_at) == first
    assert again.created_at > first.created_at  # what was said until now: none is newer
    client.ratings.rate(song.id, rater=BOB, stars=4)
    assert make_snapshot(client.store, tmp_path, now=clock()).id != first.id


def test_pairs_favourites_takes_and_downloads_are_told(client: Client, clock: WoundClock, tmp_path: Path) -> None:
    a, b = (made(client, clock, SongRequest(theme="rain", seed=seed)) for seed in (1, 2))
    client.comparisons.prefer(BOB, a.id, b.id, "b")
    client.library.toggle_favourite(BOB, b.id)
    client.signals.mark(ANN, a.id, "take")
    client.signals.mark(ANN, a.id, "take")
    client.signals.mark(ANN, b.id, "download")
    found = snapshot(client, clock, tmp_path)
    assert sorted((j.kind, j.take, j.rejected) for j in found.judgements) == sorted(
        [("preference", b.id, a.id), ("favourite", b.id, None), ("another take", a.id, None), ("download", b.id, None)],
        key=str,
    )
    (pair,) = found.pairs(found.takes[a.id].split)
    assert (pair[0].id, pair[1].id) == (b.id, a.id)


def test_two_songs_that_are_no_takes_of_one_prompt_are_no_pair(
    client: Client, clock: WoundClock, tmp_path: Path
) -> None:
    a, b = (made(client, clock, SongRequest(theme=theme)) for theme in ("rain", "snow"))
    client.comparisons.prefer(BOB, a.id, b.id, "a")
    client.ratings.rate(a.id, rater=BOB, stars=5)
    assert [j.kind for j in snapshot(client, clock, tmp_path).judgements] == ["stars"]


def test_words_that_a_member_put_in_the_place_of_ours_are_a_pair(
    client: Client, clock: WoundClock, tmp_path: Path
) -> None:
    song = made(client, clock)
    words = made(client, clock, WordsRequest(source=song.id, lyrics="my own / words"))
    other = made(client, clock, TempoRequest(source=song.id, percent=90))  # not what a model wrote from a prompt
    client.ratings.rate(other.id, rater=BOB, stars=5)
    found = snapshot(client, clock, tmp_path)
    assert [(j.kind, j.take, j.rejected) for j in found.judgements] == [("edit", words.id, song.id)]
    assert found.takes[words.id].prompt == found.takes[song.id].prompt


def test_a_file_that_was_changed_is_noticed(client: Client, clock: WoundClock, tmp_path: Path) -> None:
    song = made(client, clock)
    client.ratings.rate(song.id, rater=BOB, stars=5)
    found = snapshot(client, clock, tmp_path)
    path = found.directory / JUDGEMENTS
    path.write_text(path.read_text().replace("5.0", "1.0"))
    with pytest.raises(FileFormatError, match="was changed after it was made"):
        open_snapshot(found.directory)
    (found.directory / "manifest.json").unlink()
    with pytest.raises(FileFormatError, match="no whole snapshot"):
        open_snapshot(found.directory)


def test_takes_of_one_prompt_are_in_one_split_whatever_the_seed() -> None:
    requests = [LyricRequest(theme="rain", seed=seed).model_dump(mode="json") for seed in (1, 2, None)]
    assert len({prompt_of(request) for request in requests}) == 1
    splits = [split_of_prompt(prompt_of({"theme": f"rain {n}"})) for n in range(2000)]
    assert 0.07 < splits.count("test") / 2000 < 0.13
    assert 0.07 < splits.count("valid") / 2000 < 0.13


def test_statistics_count_what_is_there(client: Client, clock: WoundClock, tmp_path: Path) -> None:
    song = made(client, clock)
    for rater, stars in ((ANN, 5), (BOB, 3)):
        client.ratings.rate(song.id, rater=rater, stars=stars)
    stored = make_snapshot(client.store, tmp_path, now=clock())
    told = json.loads((Path(stored.path) / "statistics.json").read_bytes())
    assert told == stored.statistics
    assert (told["judgements"], told["raters"], told["takes"], told["stars"]) == (2, 2, 1, {"3": 1, "5": 1})
    assert (Path(stored.path) / "statistics.png").read_bytes().startswith(b"\x89PNG")


def test_a_snapshot_of_one_server_has_its_songs_alone_by_the_same_rules(
    client: Client, clock: WoundClock, tmp_path: Path
) -> None:
    here, there, alone = (made(client, clock, server=server) for server in (HARBOUR, FOREST, None))
    cats = made(client, clock, member=CAT)  # who did not agree, in the same server
    for song in (here, there, alone, cats):
        for rater in (ANN, BOB, CAT):
            client.ratings.rate(song.id, rater=rater, stars=4)
    client.comparisons.prefer(BOB, here.id, there.id, "a")
    everybodys = make_snapshot(client.store, tmp_path, now=clock())
    found = make_snapshot(client.store, tmp_path, now=clock(), server=HARBOUR)
    opened = open_snapshot(Path(found.path))
    assert set(opened.takes) == {here.id}
    assert [(j.kind, j.take) for j in opened.judgements] == [("stars", here.id)] * 2
    assert (found.server, everybodys.server) == (HARBOUR, None)
    assert "in one server" in opened.rules.consent
    assert not [path for path in opened.directory.rglob("*") if HARBOUR.encode() in path.read_bytes()]
    with client.store.reading() as session:
        assert newest(session) == everybodys  # which the next version for everybody is tuned on
    strict = Rules(fewest_raters=3)
    with pytest.raises(RequestError, match="nobody who agreed"):
        make_snapshot(client.store, tmp_path, now=clock(), rules=strict, server=HARBOUR)
    with pytest.raises(RequestError, match="nobody who agreed"):
        make_snapshot(client.store, tmp_path, now=clock(), server="71000000000000009")


def test_who_withdraws_is_in_no_later_snapshot_of_a_server(client: Client, clock: WoundClock, tmp_path: Path) -> None:
    song = made(client, clock, server=HARBOUR)
    for rater in (ANN, BOB):
        client.ratings.rate(song.id, rater=rater, stars=5)
    before = make_snapshot(client.store, tmp_path, now=clock(), server=HARBOUR)
    client.members.set_training(BOB, False)
    after = make_snapshot(client.store, tmp_path, now=clock(), server=HARBOUR)
    assert (before.statistics["judgements"], after.statistics["judgements"]) == (2, 1)
