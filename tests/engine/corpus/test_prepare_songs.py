"""Promises of a prepared folder: every song once, nothing on two sides, every count written, the same bytes each time."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.corpus.near_duplicates import jaccard, shingles, words_in
from engine.corpus.prepare_songs import REPORT, Preparation, prepare_songs
from engine.corpus.prepared_songs import ORIGINS, SPLITS, file_of, origins_of, read_songs
from engine.corpus.records import split_of
from engine.corpus.work_splits import groups_of, splits_of
from engine.errors import OutputError, RequestError
from engine.lyrics.plain_songs import PlainSection

SUBJECTS = [
    "the rain",
    "my mother",
    "a sailor",
    "the morning train",
    "the moon",
    "old John",
    "the river",
    "a silver bird",
]
VERBS = ["walked along", "was dreaming of", "came over", "sang about", "waited for", "never forgot", "looked across"]
PLACES = ["the harbour wall", "a distant town", "the winter sea", "our garden gate", "the empty road", "her father's house",
          "the mountain", "a broken heart", "the railway line"]  # fmt: skip


def verse(seed: object, lines: int = 8) -> str:
    rng = random.Random(str(seed))
    return "".join(f"{rng.choice(SUBJECTS)} {rng.choice(VERBS)} {rng.choice(PLACES)}\n" for _ in range(lines))


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"r{number}", "title": f"Song {number}", "author": "Ann", "kind": "song", "work": f"work {number}",
            "language": "en", "source": "S", "licence": "CC0-1.0", "text": verse(number)} | more  # fmt: skip


def prepared(folder: Path, rows: Iterable[dict[str, Any] | str], **given: Any) -> tuple[Path, dict[str, Any]]:
    source = folder / "songs.jsonl"
    source.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows), encoding="utf-8")
    out = folder / "prepared"
    return out, prepare_songs(Preparation((source,), out, **given), lambda *_: None)


def test_records_become_plain_songs_with_their_origins(tmp_path: Path) -> None:
    text = "[Verse 1]\n<i>the rain came over the wall</i>\nAm  G\nthe sea was cold\n\n[Chorus]\nsing of the sea (x2)\n\n[Chorus]\n"
    out, report = prepared(tmp_path, [row(1, text=text, title="[Rain]"), *map(row, range(2, 40))])
    songs = [song for split in SPLITS for song in read_songs(out, split)]
    assert len(songs) == report["kept"] == report["read"] == 39
    first = next(song for song in songs if song.title == "(Rain)")
    assert first.sections == (
        PlainSection("Verse 1", ("the rain came over the wall", "the sea was cold")),
        PlainSection("Chorus", ("sing of the sea", "sing of the sea")),
        PlainSection("Chorus", ("sing of the sea", "sing of the sea")),
    )
    origins = list(origins_of(out))
    assert [song.title.removeprefix("Song ") for song in songs if song is not first] == [
        origin.id.removeprefix("r") for origin in origins if origin.id != "r1"
    ]
    assert {origin.licence for origin in origins} == {"CC0-1.0"}
    assert report["licences"] == {"CC0-1.0": 39}
    assert report["sources"] == {"S": 39}
    assert report["lines_dropped"]["chords"] == {"lines": 1, "examples": ["Am G"]}
    assert sum(split["songs"] for split in report["splits"].values()) == 39


def test_everything_that_goes_is_counted_by_its_reason(tmp_path: Path) -> None:
    german = "Der Regen fällt auf unser Haus\nund ich bin ganz allein\nwir gehen in die Nacht hinaus\nund keiner ist mehr mein\n"
    rows = [
        *map(row, range(20)),
        row(20, text=verse(1).upper().replace("\n", "!\n")),
        row(21, text=verse(2) + verse("more", 1)),
        row(22, text=german * 2),
        row(23, text="the rain\nthe sea\n"),
        row(24, licence=""),
        "{broken",
        json.dumps(["no", "object"]),
    ]
    out, report = prepared(tmp_path, rows)
    assert report["dropped"] == {"another language": 1, "near-duplicate": 1, "no licence or no source": 1, "not a record": 2,
                                 "the same words as another": 1, "under 4 lines": 1}  # fmt: skip
    assert report["other_languages"] == {"de": 1}
    assert [bad["line"] for bad in report["bad_rows"]] == [26, 27]
    assert report["near_duplicates"]["dropped_for"] == [["<<Ann - Song 2>>", "<<Ann - Song 21>>"]]
    assert report["read"] == report["kept"] + sum(report["dropped"].values())
    titles = {song.title for split in SPLITS for song in read_songs(out, split)}
    assert titles == {f"Song {n}" for n in range(20) if n != 2} | {"Song 21"}


@settings(max_examples=12)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 11), st.integers(0, 2)), min_size=8, max_size=40),
    st.booleans(),
)
def test_no_work_and_no_near_duplicate_is_on_two_sides(songs: list[tuple[int, int, int]], keep: bool) -> None:
    rows = [
        row(n, work=f"work {work}", text=verse(words, 12) + verse((n, words), extra))
        for n, (work, words, extra) in enumerate(songs)
    ]
    with tempfile.TemporaryDirectory() as folder:
        out, report = prepared(Path(folder), rows, keep_near_duplicates=keep, valid=0.25, test=0.25, language="any")
        sides = {split: list(read_songs(out, split)) for split in SPLITS}
        works = {split: {o.work for o in origins_of(out) if o.split == split} for split in SPLITS}
    runs = {split: [shingles(words_in("\n".join(song.lines))) for song in found] for split, found in sides.items()}
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        assert not works[one] & works[other]
        assert all(jaccard(a, b) < 0.7 for a, b in product(runs[one], runs[other]))
    if keep:
        assert report["kept"] == len({row["text"] for row in rows})


def test_the_same_files_give_the_same_bytes_wherever_they_are(tmp_path: Path) -> None:
    folders = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        folders.append(prepared(tmp_path / name, map(row, range(60)))[0])
    for name in (*(file_of(folders[0], split).name for split in SPLITS), ORIGINS, REPORT):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    assert sorted(path.name for path in folders[0].iterdir()) == sorted(
        [*(f"{split}.jsonl.gz" for split in SPLITS), ORIGINS, REPORT]
    )


def test_works_go_where_their_names_put_them(tmp_path: Path) -> None:
    out, _ = prepared(tmp_path, map(row, range(300)), valid=0.1, test=0.1)
    assert all(o.split == split_of(o.work, valid=0.1, test=0.1) for o in origins_of(out))


def test_a_small_corpus_has_every_side_as_long_as_it_has_works() -> None:
    for count, filled in ((1, 1), (2, 2), (3, 3), (12, 3)):
        works = [f"w{n}" for n in range(count)]
        sides = splits_of(works, groups_of(works, ()), valid=0.001, test=0.001)
        assert len(set(sides.values())) == filled
        assert "train" in sides.values()


def test_works_that_share_songs_are_one_group_and_a_large_group_is_trained_on() -> None:
    works = ["c", "a", "b", "d"] * 3
    groups = groups_of(works, [(0, 1), (2, 5)])
    assert groups == {"a": "a", "b": "a", "c": "a", "d": "d"}
    sides = splits_of(works, groups, valid=0.4, test=0.4)
    assert {sides[work] for work in "abc"} == {"train"}
    assert groups_of(works, []) == {work: work for work in "abcd"}


def test_what_cannot_be_prepared_is_said(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="nowhere"):
        Preparation((tmp_path / "nowhere",), tmp_path)
    with pytest.raises(RequestError, match=r"--valid must be 0 to 0\.4, got 0\.5"):
        prepared(tmp_path, [row(1)], valid=0.5)
    with pytest.raises(RequestError, match="hold no records"):
        prepared(tmp_path, [])
    with pytest.raises(RequestError, match=r"no song is left of 1: .* licence"):
        prepared(tmp_path, [row(1, licence=None)])
    with pytest.raises(RequestError, match="language 'qq'"):
        prepared(tmp_path, [row(1)], language="qq")
    with pytest.raises(RequestError, match=r"another language \(en\)"):
        prepared(tmp_path, [row(1)], language="de")
    source = tmp_path / "songs.jsonl"
    source.write_text(json.dumps(row(1)) + "\n", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        prepare_songs(Preparation((source,), source / "below"), lambda *_: None)


def test_a_disk_that_fills_leaves_the_folder_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, _ = prepared(tmp_path, map(row, range(30)))
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def full(folder: Path, origins: object) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr("engine.corpus.prepare_songs.write_origins", full)
    with pytest.raises(OutputError, match="full"):
        prepared(tmp_path, map(row, range(40)))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_one_song_is_a_corpus_that_says_what_it_lacks(tmp_path: Path) -> None:
    out, report = prepared(tmp_path, [row(1)])
    assert report["warnings"] == [
        f"{split} is empty: there are too few works to hold any out" for split in ("valid", "test")
    ]
    assert list(read_songs(out, "valid")) == []


def test_chinese_songs_are_prepared_by_their_characters(tmp_path: Path) -> None:
    lines = ["云破月来花弄影", "重重帘幕密遮灯", "风不定人初静", "明日落红应满径"]
    rows = [
        row(1, text="\n".join(lines)),
        row(2, text="\n".join([*lines, "沙上并禽池上暝"])),
        row(3, text="\n".join(lines[::-1])),
    ]
    _, report = prepared(tmp_path, rows, language="zh")
    assert report["dropped"] == {"near-duplicate": 1}
