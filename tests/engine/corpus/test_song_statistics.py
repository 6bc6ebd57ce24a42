"""Promises of counting and exporting a prepared folder."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.fine_tuning_export import EXPORTS, export_songs
from engine.corpus.prepared_songs import SPLITS, write_songs
from engine.corpus.statistics import count_songs, kind_of, quartiles, rhymed_lines, write_statistics
from engine.corpus.statistics_picture import PICTURE, statistics_png
from engine.errors import RequestError
from engine.lyrics.plain_songs import PlainSection, PlainSong, read_plain_song
from engine.lyrics.rhyme import find_scheme

VERSE = PlainSection("Verse 1", ("the rain came in the night", "and the sea was cold", "we saw a silver light"))
CHORUS = PlainSection("Chorus", ("sing", "sing, sing"))
SONGS = (
    PlainSong("Ann", "Rain", (VERSE, CHORUS, CHORUS)),
    PlainSong("李白 $x$", "Sea", (CHORUS,)),
    PlainSong("", "", (VERSE,)),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for split, songs in zip(SPLITS, (SONGS, SONGS[:1], ()), strict=True):
        write_songs(tmp_path, split, songs)
    return tmp_path


def test_counts_are_those_of_the_songs(folder: Path) -> None:
    found = count_songs(folder, lambda *_: None)
    train = found["train"]
    assert (train.songs, train.lines, train.words, train.artists) == (3, 12, 41, 2)
    assert train.vocabulary == len({w for s in SONGS for line in s.lines for w in line.replace(",", "").split()})
    assert train.characters == sum(len(line) for song in SONGS for line in song.lines)
    assert train.sections == {"chorus": 3, "verse": 2}
    assert train.lines_per_song == Counter({7: 1, 2: 1, 3: 1})
    assert train.words_per_line.total() == train.lines
    assert train.rhymed_share == round(4 / 12, 4)
    assert train.top_artists == [("Ann", 1), ("李白 $x$", 1)]
    assert (found["valid"].songs, found["test"].songs, found["test"].rhymed_share) == (1, 0, None)


def test_rhymes_are_not_counted_in_languages_without_sounds(folder: Path) -> None:
    (folder / "report.json").write_text('{"settings": {"language": "zh"}}', encoding="utf-8")
    assert count_songs(folder, lambda *_: None)["train"].rhymed_share is None
    (folder / "report.json").write_text("[]", encoding="utf-8")
    with pytest.raises(RequestError, match="prepare the corpus again"):
        count_songs(folder, lambda *_: None)


def test_numbers_and_picture_are_written_and_are_the_same_again(folder: Path) -> None:
    found = count_songs(folder, lambda *_: None)
    write_statistics(folder, found)
    assert json.loads((folder / "statistics.json").read_text())["train"]["songs"] == 3
    picture = (folder / PICTURE).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert statistics_png(found) == picture


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_quartiles_are_in_order_and_of_the_numbers(numbers: list[int]) -> None:
    found = quartiles(Counter(numbers))
    five = [found[name] for name in ("least", "quarter", "median", "three_quarters", "most")]
    assert five == sorted(five)
    assert set(five) <= set(numbers)
    assert (five[0], five[-1]) == (min(numbers), max(numbers))
    assert found["mean"] == pytest.approx(sum(numbers) / len(numbers), abs=0.01)
    assert quartiles(Counter())["mean"] == 0


@given(
    st.lists(st.sampled_from(["in the night", "of light", "the sea", "for me", "the night", "cold", ""]), max_size=8)
)
def test_rhymed_lines_are_those_with_a_letter_in_the_scheme(lines: list[str]) -> None:
    assert rhymed_lines(lines) == sum(letter != "X" for letter in find_scheme(lines))


def test_kinds_of_labels() -> None:
    assert [kind_of(label) for label in ("Verse 12", "Chorus", "Part II", "Pre-Chorus 2A", "")] == [
        "verse", "chorus", "part", "pre-chorus", "none"
    ]  # fmt: skip


def test_exports_hold_the_songs(folder: Path, tmp_path: Path) -> None:
    rows = {}
    for form in EXPORTS:
        assert export_songs(folder, "train", tmp_path / f"{form}.jsonl", form) == 3
        rows[form] = [
            json.loads(line) for line in (tmp_path / f"{form}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
    assert [read_plain_song(row["prompt"] + row["completion"]).sections for row in rows["completions"]] == [
        song.sections for song in SONGS
    ]
    assert rows["completions"][0]["prompt"] == "<<Ann - Rain>>\n"
    chat = rows["chat"][0]["messages"]
    assert [message["role"] for message in chat] == ["system", "user", "assistant"]
    assert chat[1]["content"] == 'Write the lyrics of "Rain" by Ann, with these sections: Verse 1, Chorus, Chorus.'
    assert chat[2]["content"] == SONGS[0].body()


def test_what_cannot_be_exported_is_said_and_leaves_no_file(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    for split, form, said in (("test", "chat", "is empty"), ("train", "poems", "known are completions, chat")):
        with pytest.raises(RequestError, match=said):
            export_songs(folder, split, out, form)  # type: ignore[arg-type]  # a split of the list
    with pytest.raises(RequestError, match="corpus prepare"):
        export_songs(tmp_path / "nowhere", "train", out, "chat")
    assert not out.exists()
