"""Karaoke files: other programs find every syllable at its time, and so do we."""

from __future__ import annotations

import io
from typing import Any

import mido
import pretty_midi
import pytest
import symusic

from engine.music.karaoke_file import score_to_kar
from engine.music.lead_sheet import LeadSheet, SungNote, SungSyllable, melody_track
from engine.music.midi_file import midi_to_score, score_to_midi
from engine.music.score import Marker, Score, TempoChange, TimeSignature

SUNG = (
    ("Good-", "begin", 0), ("bye", "end", 0), ("sea", "single", 0), (None, "", 0),
    ("O", "begin", 1), (None, "", 1), ("ver", "end", 1), ("a/b", "single", 2),
)  # fmt: skip
EXPECTED = [
    (0, "\\Good-"), (360, "bye"), (720, " sea"), (1440, "/O"), (2160, "ver"), (2520, "\\a b")
]  # fmt: skip


@pytest.fixture(scope="module")
def sheet() -> LeadSheet:
    notes = []
    for n, (text, place, line) in enumerate(SUNG):
        ends = n in (2, 6, 7)
        position: Any = place
        syllable = SungSyllable(text, 1, position, line, ends, line == 1 and ends) if text is not None else None
        notes.append(SungNote(360 * n, 300, 60 + n, syllable))
    return LeadSheet("Sea @ home", "C major", TimeSignature(4, 4), 96, 3840, tuple(notes), (), ())


@pytest.fixture(scope="module")
def score(sheet: LeadSheet) -> Score:
    tempos = (TempoChange(0, 96.0), TempoChange(960, 60.0))
    return Score(
        (melody_track(sheet, 73),), 3840, tempos, key_name="C major", markers=(Marker(0, "Verse 1"),), title="t"
    )


def seconds_of(tick: int) -> float:
    return tick / 480 * 60 / 96 if tick <= 960 else 1.25 + (tick - 960) / 480


def test_mido_finds_the_marks_of_the_format_and_every_syllable(score: Score, sheet: LeadSheet) -> None:
    file = mido.MidiFile(file=io.BytesIO(score_to_kar(score, sheet)), charset="utf-8")
    about, words = file.tracks[1:3]
    assert [m.text for m in about if m.type == "text"] == ["@KMIDI KARAOKE FILE", "@V0100"]
    assert words.name == "Words"
    texts = [message for message in words if message.type == "text"]
    assert [m.text for m in texts[:3]] == ["@LENGL", "@TSea (at) home", "@TSongwright"]
    now, found = 0, []
    for message in words:
        now += message.time
        if message.type == "text" and message.text[0] != "@":
            found.append((now, message.text))
    assert found == EXPECTED


def test_pretty_midi_finds_them_at_the_right_seconds(score: Score, sheet: LeadSheet) -> None:
    texts = pretty_midi.PrettyMIDI(io.BytesIO(score_to_kar(score, sheet))).text_events
    found = [(text.time, text.text) for text in texts if not text.text.startswith("@")]
    assert [text for _, text in found] == [text for _, text in EXPECTED]
    assert [at for at, _ in found] == pytest.approx([seconds_of(tick) for tick, _ in EXPECTED], abs=1e-4)


def test_symusic_finds_the_notes_of_the_karaoke_file_and_the_words_of_the_midi_file(
    score: Score, sheet: LeadSheet
) -> None:
    read = symusic.Score.from_midi(score_to_kar(score, sheet))  # it reads lyric events, and no texts
    notes = [(note.time, note.pitch, note.duration) for track in read.tracks for note in track.notes]
    assert notes == [(note.onset_ticks, note.pitch, note.duration_ticks) for note in score.tracks[0].notes]
    lyrics = [lyric for track in symusic.Score.from_midi(score_to_midi(score)).tracks for lyric in track.lyrics]
    assert [(lyric.time, lyric.text) for lyric in lyrics] == [
        (0, "Good-"), (360, "bye "), (720, "sea "), (1440, "O-"), (2160, "ver "), (2520, "a/b "),
    ]  # fmt: skip


def test_our_own_reader_makes_the_same_score_of_it(score: Score, sheet: LeadSheet) -> None:
    back = midi_to_score(score_to_kar(score, sheet))
    (melody,) = back.tracks
    assert melody.notes == score.tracks[0].notes
    assert [lyric.text for lyric in melody.lyrics] == ["Good-", "bye", "sea", "O-", "ver", "a b"]
    assert (back.tempos, back.key_name, back.markers) == (score.tempos, score.key_name, score.markers)


def test_the_same_song_gives_the_same_bytes(score: Score, sheet: LeadSheet) -> None:
    assert score_to_kar(score, sheet) == score_to_kar(score, sheet)
