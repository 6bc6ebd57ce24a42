"""Laws of the chord model: odds are odds, what is learnt is foreseen, and a file gives the same model back."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.corpus.chord_sequences import SectionChords, SongChords, read_billboard, read_song_chords
from engine.errors import FileFormatError
from engine.evaluation.chord_likelihood import measure, palette_songs
from engine.music.chord_model import (
    IDS,
    KINDS,
    NO_CHORD_ID,
    ChordModel,
    contexts,
    id_of,
    numeral_of,
    shipped_chord_model,
)
from engine.music.theory import Chord, Mode
from engine.training.chord_model import learn

ids = st.integers(0, IDS - 1)
modes = st.sampled_from(["major", "minor"])
I, V, VI, IV = (id_of(Chord.parse(symbol), 0) for symbol in ("C", "G", "Am", "F"))  # noqa: E741 - degrees
LOOP = (I, I, V, V, VI, VI, IV, IV) * 4


def songs(*sections: tuple[int, ...]) -> list[SongChords]:
    return [SongChords(f"song {n}", "billboard", "major", (SectionChords("verse", s),)) for n, s in enumerate(sections)]


@given(st.lists(ids, max_size=20), modes, st.sampled_from(KINDS))
@settings(max_examples=30, deadline=None)
def test_odds_of_the_next_chord_add_up_to_one(before: list[int], mode: Mode, kind: str) -> None:
    for odds in (
        shipped_chord_model().next_chord(before, mode, kind),
        shipped_chord_model().new_chord(before, mode, kind),
    ):
        assert odds.shape == (IDS,)
        assert odds.min() > 0
        assert odds.sum() == pytest.approx(1.0)


@given(st.lists(ids, max_size=20), st.lists(ids, max_size=20), modes, st.sampled_from(KINDS))
@settings(max_examples=50, deadline=None)
def test_levels_with_one_context_agree_on_all_below_it(one: list[int], other: list[int], mode: Mode, kind: str) -> None:
    first, second = contexts(one, mode, kind), contexts(other, mode, kind)
    for level in range(len(first) - 1, 0, -1):
        if first[level] == second[level]:
            assert first[:level] == second[:level]


def test_a_loop_that_was_learnt_is_foreseen_and_others_are_not() -> None:
    model = learn(songs(*[LOOP] * 8), songs(LOOP))
    heard, unheard = measure(model.next_chord, songs(LOOP)), measure(model.next_chord, songs((IV, V) * 16))
    assert heard.bits_per_slot < 1 < unheard.bits_per_slot
    assert heard.chords == 16
    assert heard.bits_per_chord == pytest.approx(2 * heard.bits_per_slot)


def test_a_file_gives_the_same_model_back(tmp_path: Path) -> None:
    model = learn(songs(LOOP, LOOP[::-1]), songs(LOOP))
    model.save(tmp_path / "chords.npz")
    opened = ChordModel.open(tmp_path / "chords.npz")
    for before in ((), LOOP[:5], LOOP[:13]):
        assert np.allclose(
            opened.next_chord(before, "major", "verse"), model.next_chord(before, "major", "verse"), atol=1e-6
        )


@given(st.integers(0, NO_CHORD_ID - 1), modes)
def test_every_id_has_a_numeral(id_: int, mode: Mode) -> None:
    from engine.music.roman_numerals import chord_of_degree
    from engine.music.theory import Key

    assert id_of(chord_of_degree(Key(0, mode), numeral_of(id_, mode)), 0) == id_


def test_annotations_are_read_by_halves_of_bars_over_their_own_tonic(tmp_path: Path) -> None:
    record = {
        "title": "Song", "metre": "4/4", "tonic": "D",
        "sections": [
            {"label": "verse", "bars": ["D:maj", "G:maj A:7", "B:min/3 . G:maj .", "N"]},
            {"label": "chorus b", "bars": ["E:maj", "E:min7", "A:sus4(b7)", "* &pause"]},
            {"label": "applause", "bars": ["N"] * 8},
        ],
        "raw": "# tonic: D\n0.0\tA, verse, | D:maj |\n# tonic: E\n1.0\tB, chorus b, | E:maj |\n2.0\tapplause, | N |",
    }  # fmt: skip
    with gzip.open(tmp_path / "songs.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps(record))
    (song,) = read_billboard(tmp_path / "songs.gz")
    assert [section.kind for section in song.sections] == ["verse", "chorus"]
    assert song.mode == "major"
    verse, chorus = song.sections
    dominant_seventh = id_of(Chord.parse("G7"), 0)
    assert verse.ids == (I, I, IV, dominant_seventh, VI, IV, NO_CHORD_ID, NO_CHORD_ID)
    assert chorus.ids[:2] == (I, I)


def test_a_folder_without_chords_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="has no chords that can be read"):
        read_song_chords(tmp_path)


def test_our_palettes_are_read_as_sections_of_four_lines() -> None:
    assert {len(section.ids) for song in palette_songs() for section in song.sections} == {16}
