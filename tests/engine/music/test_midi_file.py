"""Round trips through MIDI bytes, the same notes and words in three other readers, and files that are broken."""

import contextlib
import io
import struct
import warnings
from dataclasses import replace

import mido
import pretty_midi
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import FileFormatError, OutputError
from engine.music import midi_reading
from engine.music.midi_file import (
    LARGEST_FILE_BYTES,
    length_seconds,
    midi_to_score,
    score_to_midi,
    seconds_at,
)
from engine.music.midi_reading import MOST_CHUNKS
from engine.music.score import (
    LyricEvent,
    Marker,
    Note,
    Score,
    TempoChange,
    TimeSignature,
    TimeSignatureChange,
    Track,
)
from engine.music.theory import Key
from tests.engine.music.midi_bodies import END, NOTE, midi

LAST_TICK = 20_000
ticks = st.integers(0, LAST_TICK)
names = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=12)
syllables = names.map(str.strip).filter(bool)
tempos = st.decimals(4, 400, places=2).map(float)
time_signatures = st.builds(TimeSignature, st.integers(1, 32), st.sampled_from([1, 2, 4, 8, 16, 32]))


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    raw = draw(st.lists(st.tuples(ticks, st.integers(0, 127), st.integers(1, 2000), st.integers(1, 127)), min_size=1))
    notes, free_from = [], dict[int, int]()
    for onset, pitch, duration, velocity in sorted(raw):
        if onset >= free_from.get(pitch, 0):
            notes.append(Note(onset, pitch, duration, velocity))
            free_from[pitch] = onset + duration
    lyrics = [LyricEvent(onset, draw(syllables)) for onset in sorted(draw(st.sets(ticks, max_size=8)))]
    return Track(draw(names), draw(st.integers(0, 127)), tuple(notes), draw(st.booleans()), tuple(lyrics))


@st.composite
def scores(draw: st.DrawFn) -> Score:
    parts = tuple(draw(st.lists(tracks(), max_size=4)))
    later = st.sets(st.integers(1, LAST_TICK), max_size=3).map(sorted)
    end = max([note.end_ticks for part in parts for note in part.notes], default=0)
    return Score(
        tracks=parts,
        length_ticks=max(end, LAST_TICK) + draw(ticks),
        tempos=tuple(TempoChange(tick, draw(tempos)) for tick in [0, *draw(later)]),
        time_signatures=tuple(TimeSignatureChange(tick, draw(time_signatures)) for tick in [0, *draw(later)]),
        key_name=draw(st.none() | st.builds(lambda f, m: str(Key.of_signature(f, m)), st.integers(-7, 7),
                                            st.sampled_from(["major", "minor"]))),
        markers=tuple(Marker(tick, draw(syllables)) for tick in draw(later)),
        title=draw(names),
    )  # fmt: skip


MELODY = Track(
    "Melody", 73, (Note(0, 60, 480, 90), Note(480, 60, 480, 90), Note(960, 64, 960, 100)),
    lyrics=(LyricEvent(0, "har-"), LyricEvent(480, "bour"), LyricEvent(960, "rain")),
)  # fmt: skip
SONG = Score(
    tracks=(
        MELODY,
        Track("Chords", 0, (Note(0, 48, 1920), Note(0, 52, 1920), Note(0, 55, 1920))),
        Track("Drums", 0, (Note(0, 36, 120), Note(480, 38, 120)), is_drum=True),
    ),
    length_ticks=3840,
    tempos=(TempoChange(0, 97.0), TempoChange(1920, 90.5)),
    time_signatures=(TimeSignatureChange(0, TimeSignature(3, 4)),),
    key_name="Eb minor",
    markers=(Marker(0, "Verse 1"), Marker(1920, "Chorus")),
    title="Harbour",
)


@settings(max_examples=60, deadline=None)
@given(scores())
def test_a_score_comes_back_from_its_midi_file(score: Score) -> None:
    assert midi_to_score(score_to_midi(score)) == score


@settings(max_examples=40, deadline=None)
@given(scores())
def test_mido_and_symusic_read_the_same_notes_and_words(score: Score) -> None:
    data = score_to_midi(score)
    notes = sorted((n.onset_ticks, n.end_ticks, n.pitch, n.velocity) for t in score.tracks for n in t.notes)
    words = sorted((e.onset_ticks, e.text) for t in score.tracks for e in t.lyrics)
    read = symusic.Score.from_midi(data)
    assert sorted((n.time, n.end, n.pitch, n.velocity) for t in read.tracks for n in t.notes) == notes
    assert sorted((e.time, e.text.strip()) for t in read.tracks for e in t.lyrics) == words
    file = mido.MidiFile(file=io.BytesIO(data), charset="utf-8")
    assert sorted((tick, m.text.strip()) for tick, m in absolute(file) if m.type == "lyrics") == words
    assert sum(m.type == "note_on" for _, m in absolute(file)) == len(notes)


def absolute(file: mido.MidiFile) -> list[tuple[int, mido.Message]]:
    found = []
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            found.append((tick, message))
    return found


def test_three_readers_agree_on_a_song_without_a_warning() -> None:
    data = score_to_midi(SONG)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pretty = pretty_midi.PrettyMIDI(io.BytesIO(data))
        plain = mido.MidiFile(file=io.BytesIO(data))
        other = symusic.Score.from_midi(data)
    words = ["har-", "bour ", "rain "]
    assert [lyric.text for lyric in pretty.lyrics] == words
    assert [m.text for _, m in absolute(plain) if m.type == "lyrics"] == words
    assert [lyric.text for track in other.tracks for lyric in track.lyrics] == words
    for instrument, track in zip(pretty.instruments, SONG.tracks, strict=True):
        assert (instrument.name, instrument.program, instrument.is_drum) == (track.name, track.program, track.is_drum)
        found = [(pretty.time_to_tick(n.start), pretty.time_to_tick(n.end), n.pitch) for n in instrument.notes]
        assert sorted(found) == sorted((n.onset_ticks, n.end_ticks, n.pitch) for n in track.notes)
    assert [m.text for m in other.markers] == ["Verse 1", "Chorus"]
    assert plain.length == pytest.approx(length_seconds(SONG), rel=1e-5)
    assert [lyric.time for lyric in pretty.lyrics] == pytest.approx([seconds_at(SONG, t) for t in (0, 480, 960)])


def test_the_same_score_gives_the_same_bytes() -> None:
    assert score_to_midi(SONG) == score_to_midi(replace(SONG))


def test_words_of_any_script_come_back() -> None:
    lyrics = tuple(
        LyricEvent(note.onset_ticks, text) for note, text in zip(MELODY.notes, ["雨", "été", "ø-"], strict=True)
    )
    song = replace(SONG, tracks=(replace(MELODY, lyrics=lyrics),))
    assert midi_to_score(score_to_midi(song)) == song
    assert mido.MidiFile(file=io.BytesIO(score_to_midi(song))).tracks[1]  # Latin-1 readers do not fail


def test_more_tracks_than_channels_come_back_and_keep_off_the_drums() -> None:
    many = tuple(Track(f"T{i}", i % 20, (Note(i, 60, 10),)) for i in range(40))
    song = Score((*many, SONG.tracks[2]), 1000)
    assert midi_to_score(score_to_midi(song)) == song


def test_overlapping_notes_of_one_pitch_are_cut_and_then_come_back() -> None:
    notes = (Note(0, 60, 500), Note(0, 60, 900), Note(480, 60, 100), Note(480, 62, 10))
    read = midi_to_score(score_to_midi(Score((Track("A", 0, notes),), 2000)))
    assert read.tracks[0].notes == (Note(0, 60, 480), Note(480, 60, 100), Note(480, 62, 10))
    assert midi_to_score(score_to_midi(read)) == read


def test_a_tempo_that_no_file_can_hold_is_refused() -> None:
    with pytest.raises(OutputError, match="tempos"):
        score_to_midi(replace(SONG, tempos=(TempoChange(0, 2.0),)))


def test_seconds_follow_the_tempo_changes() -> None:
    song = Score((), 2880, tempos=(TempoChange(0, 120.0), TempoChange(960, 60.0)))
    assert [seconds_at(song, tick) for tick in (0, 480, 960, 1440, 2880)] == [0.0, 0.5, 1.0, 2.0, 5.0]


def notes_of(data: bytes) -> list[tuple[int, int, int]]:
    return [(n.onset_ticks, n.pitch, n.duration_ticks) for t in midi_to_score(data).tracks for n in t.notes]


def test_files_of_other_resolutions_are_rescaled() -> None:
    assert notes_of(midi(NOTE + END, division=96)) == [(0, 60, 480)]
    assert notes_of(midi(NOTE + END, division=960)) == [(0, 60, 48)]
    assert notes_of(midi(NOTE + END, division=32767)) == [(0, 60, 1)]


def test_type_0_is_split_by_channel_and_type_2_is_put_end_to_end() -> None:
    two_channels = b"\x00\xc1\x05" + b"\x00\x90\x3c\x50\x00\x91\x40\x50\x60\x80\x3c\x00\x00\x81\x40\x00" + END
    assert [t.program for t in midi_to_score(midi(two_channels, file_type=0)).tracks] == [0, 5]
    assert notes_of(midi(NOTE + END, NOTE + END, file_type=2)) == [(0, 60, 96), (96, 60, 96)]


def test_hanging_and_overlapping_notes_are_closed() -> None:
    assert notes_of(midi(b"\x00\x90\x3c\x50\x60\xff\x2f\x00")) == [(0, 60, 96)]
    overlap = b"\x00\x90\x3c\x50\x10\x3c\x50\x10\x3c\x00\x10\x3c\x00\x10\x3c\x00" + END
    assert notes_of(midi(overlap)) == [(0, 60, 32), (16, 60, 32)]
    assert notes_of(midi(b"\x00\x90\x3c\x50\x00\x3c\x00" + END)) == [(0, 60, 1)]


def test_unknown_metas_system_events_and_broken_metas_are_passed_over() -> None:
    odd = b"\x00\xff\x7d\x02ab" + b"\x00\xf0\x03\x01\x02\xf7" + b"\x00\xff\x51\x01\x07" + b"\x00\xff\x58\x02\x00\x09"
    odd += b"\x00\xff\x59\x02\x63\x09" + b"\x00\xff\x51\x03\x00\x00\x00" + b"\x00\xb0\x07\x40" + b"\x00\xe0\x00\x40"
    score = midi_to_score(midi(odd + NOTE + END))
    assert len(score.tracks) == 1
    assert score.key_name is None
    assert score.tempos == (TempoChange(0, 120.0),)


def test_wrong_lengths_alien_chunks_and_wrappers_are_survived() -> None:
    data = midi(NOTE + END, NOTE + END)
    for wrong in (0, 3, 5000):
        assert len(notes_of(data[:18] + struct.pack(">I", wrong) + data[22:])) == 2
    alien = midi()[:14] + b"XFIH" + struct.pack(">I", 4) + b"MTrk" + midi(NOTE)[14:]
    assert notes_of(alien) == [(0, 60, 96)]
    assert notes_of(b"RIFF" + bytes(4) + b"RMIDdata" + bytes(4) + data) == [(0, 60, 96)] * 2


def test_lyrics_in_a_chunk_of_their_own_go_to_the_track_that_sings_them() -> None:
    lyric = b"\x00\xff\x05\x03har\x60\xff\x05\x05bour " + END
    melody = NOTE + b"\x00\x3e\x50\x60\x3e\x00" + END
    score = midi_to_score(midi(b"\x20\x91\x30\x50\x20\x30\x00" + END, lyric, melody))
    assert score.tracks[1].lyrics == (LyricEvent(0, "har-"), LyricEvent(96, "bour"))


def test_a_file_without_notes_gives_a_score_without_tracks() -> None:
    assert midi_to_score(midi(END)).tracks == ()
    assert midi_to_score(midi()).length_ticks == 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a MIDI file"),
        (b"ID3 not music", "not a MIDI file"),
        (midi(NOTE, division=0x8000), "damaged"),
        (midi(NOTE, division=0), "damaged"),
        (midi(NOTE, file_type=7), "damaged"),
        (midi(b"\x00\x3c\x50"), "begins no event"),
        (midi(b"\x00\x90\x3c"), "cut off"),
        (midi(b"\x00\xff\x05\x7fabc"), "cut off"),
        (midi(b"\x00\x90\xbc\x50"), "above 127"),
        (midi(b"\xff\xff\xff\x7f\x90\x3c\x50"), "longer than"),
        (midi(*[b""] * (MOST_CHUNKS + 1)), "tracks"),
        (midi(bytes(LARGEST_FILE_BYTES)), "bytes"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(data: bytes, reason: str) -> None:
    with pytest.raises(FileFormatError, match=reason):
        midi_to_score(data)


def test_a_file_of_too_many_notes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(midi_reading, "MOST_NOTES", 99)
    assert len(notes_of(midi(NOTE * 99))) == 99
    with pytest.raises(FileFormatError, match="more than 99 notes"):
        midi_to_score(midi(NOTE * 100))


@settings(deadline=None)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=6))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(place: int, junk: bytes) -> None:
    data = bytearray(score_to_midi(SONG))
    data[place % len(data) : place % len(data) + len(junk)] = junk
    for damaged in (bytes(data), bytes(data[: place % len(data)])):
        with contextlib.suppress(FileFormatError):
            score = midi_to_score(damaged)
            assert score.length_ticks >= max((n.end_ticks for t in score.tracks for n in t.notes), default=0)
