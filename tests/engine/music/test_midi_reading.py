"""Reading: plain Python and compiled alike, SMPTE time, karaoke, voices of a chunk, and how soon large files are read."""

import random
import re
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compiled import Kernel
from engine.errors import FileFormatError
from engine.music import midi_reading, midi_scan
from engine.music.events import EVENT_VOCABULARIES, open_vocabulary
from engine.music.midi_file import midi_to_score, score_to_midi
from engine.music.midi_reading import midi_to_columns
from engine.music.score import LyricEvent, Note, Score, TempoChange, Track
from tests.bench.midi_files import small_files
from tests.bench.midi_mutants import mutant
from tests.engine.music.midi_bodies import END, NOTE, meta, midi

deltas = st.integers(0, 2**21).map(
    lambda n: bytes([n >> 14 | 0x80, n >> 7 & 0x7F | 0x80, n & 0x7F]) if n > 127 else bytes([n])
)
messages = st.one_of(
    st.tuples(st.sampled_from([0x80, 0x85, 0x90, 0x99]), st.integers(58, 64), st.integers(0, 127)).map(bytes),
    st.tuples(st.integers(58, 64), st.integers(0, 127)).map(bytes),  # running status, or damage after a program
    st.tuples(st.just(0xC5), st.integers(0, 127)).map(bytes),
    st.tuples(st.just(0xE0), st.integers(0, 127), st.integers(0, 127)).map(bytes),
    st.binary(max_size=9).map(lambda content: b"\xff\x05" + bytes([len(content)]) + content),
    st.binary(max_size=9).map(lambda content: b"\xf0" + bytes([len(content)]) + content),
    st.binary(max_size=3),
)
bodies = st.lists(st.tuples(deltas, messages).map(b"".join), max_size=40).map(b"".join)


clocks = st.sampled_from([(10_000_000, 1, 1, 0), (10_000_000, 480, 96, 7), (5_000_000, 480 * 1001, 30000 * 4, 0)])


def scanned(scan: midi_scan.Scan, body: bytes, clock: midi_scan.Clock) -> tuple[object, ...]:
    programs, voices = np.zeros(16, np.int64), np.zeros(midi_scan.VOICES, np.int32)
    notes, metas = np.zeros((len(body) // 3, 6), np.int32), np.zeros((len(body) // 5, 4), np.int32)
    found = scan(body, 0, len(body), clock, programs, notes, metas, voices)
    return found, programs.tolist(), notes[: found[3], :5].tolist(), metas[: found[4]].tolist(), voices.tolist()


@settings(deadline=None)
@given(bodies, clocks)
def test_compiled_and_plain_scans_find_the_same_and_stay_inside_the_chunk(body: bytes, clock: midi_scan.Clock) -> None:
    compiled = midi_scan.SCAN.compiled()
    assert compiled is not midi_scan.scan_chunk
    plain = scanned(midi_scan.scan_chunk, body, clock)
    assert scanned(compiled, body, clock) == plain
    assert 0 <= plain[0][1] <= len(body)  # type: ignore[index]


@pytest.mark.parametrize("name", EVENT_VOCABULARIES)
def test_files_read_as_columns_have_the_ids_of_their_scores(name: str) -> None:
    vocabulary: Any = open_vocabulary(name)
    files = [*small_files(), *(mutant(small_files(), seed)[1] for seed in range(65) if seed % 13 != 12)]
    lengths = []
    for data in files:
        try:
            score = midi_to_score(data)
        except FileFormatError as error:
            with pytest.raises(FileFormatError, match=re.escape(str(error))):
                midi_to_columns(data)
            continue
        if len(score.tracks) <= 64:
            ids = vocabulary.encode_columns(midi_to_columns(data))
            assert ids == vocabulary.encode(score)
            lengths.append(len(ids))
    assert len(lengths) > len(files) / 3
    assert max(lengths) > 500


def test_smpte_time_is_read_at_120_quarter_notes_per_minute_and_its_tempos_change_nothing() -> None:
    second = b"\x00\x90\x3c\x50\x87\x68\x3c\x00"  # 1000 ticks of 25 frames with 40 parts each
    score = midi_to_score(midi(meta(0, 0x51, b"\x01\x00\x00") + second + END, division=0xE728))
    assert score.tracks[0].notes == (Note(0, 60, 960, 80),)
    assert score.tempos == (TempoChange(0, 120.0),)
    for division, ticks_per_second in ((0xE850, 24 * 80), (0xE308, 30000 / 1001 * 8), (0xE20A, 300)):
        read = midi_to_score(midi(second + END, division=division)).tracks[0].notes[0]
        assert read.duration_ticks == round(1000 / ticks_per_second * 960)


def test_a_lyric_may_be_a_slash() -> None:
    score = Score((Track("", 0, (Note(0, 60, 480),), lyrics=(LyricEvent(0, "/"),)),), 480)
    assert midi_to_score(score_to_midi(score)) == score


def test_syllables_of_karaoke_texts_are_words_and_comments_of_other_files_are_not() -> None:
    syllables = b"".join(meta(96, 1, text) for text in (b"\\Twin", b"kle ", b"twin", b"kle", b"/lit", b"tle"))
    melody = b"".join(b"\x60\x90\x3c\x50\x00\x3c\x00" for _ in range(6)) + END
    head = meta(0, 1, b"@KMIDI KARAOKE FILE") + END
    score = midi_to_score(midi(head, meta(0, 3, b"Words") + meta(0, 1, b"@T The Star") + syllables + END, melody))
    assert [lyric.text for lyric in score.tracks[0].lyrics] == ["Twin-", "kle", "twin-", "kle", "lit-", "tle"]
    assert score.tracks[0].lyrics[0] == LyricEvent(96, "Twin-")
    assert midi_to_score(midi(END, syllables + END, melody)).tracks[0].lyrics == ()


def test_spaces_before_words_show_which_syllables_go_on() -> None:
    lyrics = b"".join(meta(0, 5, text) for text in (b"har", b"bour", b" rain"))
    assert [lyric.text for lyric in midi_to_score(midi(lyrics + NOTE + END)).tracks[0].lyrics] == [
        "har-", "bour", "rain",
    ]  # fmt: skip


def test_programs_and_channels_of_a_chunk_become_tracks_in_the_order_in_which_they_begin() -> None:
    change = b"\x00\xc0\x28" + NOTE + b"\x00\x99\x24\x50\x10\x99\x24\x00\x00\xc0\x05" + NOTE + END
    tracks = midi_to_score(midi(change)).tracks
    assert [(t.program, t.is_drum, t.notes[0].onset_ticks) for t in tracks] == [
        (40, False, 0), (0, True, 96), (5, False, 112),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 9_000_000), st.integers(0, 127), st.integers(1, 900_000), st.integers(1, 127)),
                max_size=20, unique_by=lambda note: note[1]))  # fmt: skip
@settings(deadline=None)
def test_notes_at_the_edges_of_their_ranges_come_back_whole(raw: list[tuple[int, int, int, int]]) -> None:
    notes = tuple(sorted(Note(*note) for note in raw))
    score = Score((Track("A", 127, notes),) if notes else (), max([n.end_ticks for n in notes], default=0))
    assert midi_to_score(score_to_midi(score)) == score


@pytest.mark.parametrize("division", [1, 7, 96, 480, 960, 32767, 0xE728, 0xE308])
def test_the_longest_piece_is_read_and_a_tick_more_is_not(division: int) -> None:
    reading = midi_reading._Reading(midi_reading.read_header(midi(division=division)), np.zeros(16, np.int64))
    last = reading.clock()[0]
    assert midi_to_score(midi(silence(last), division=division)).length_ticks <= midi_reading.LONGEST_TICKS
    with pytest.raises(FileFormatError, match="longer than"):
        midi_to_score(midi(silence(last + 1), division=division))


def silence(ticks: int) -> bytes:
    """Return a chunk's events that say nothing, the last of them after so many ticks."""
    wait, rest = divmod(ticks, 2**28 - 1)
    deltas = [2**28 - 1] * wait + [rest]
    return b"".join(
        bytes([delta >> 21 | 0x80, delta >> 14 & 0x7F | 0x80, delta >> 7 & 0x7F | 0x80, delta & 0x7F]) + b"\xff\x7f\0"
        for delta in deltas
    )


def test_uploads_do_not_wait_for_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(midi_scan.scan_chunk, midi_scan.PLAIN_BYTES)
    monkeypatch.setattr(midi_scan, "SCAN", kernel)
    midi_reading.compile_reading()
    scan: Any = kernel.for_size(1)
    assert len(scan.signatures) == 1
    midi_to_score(small_files()[0])
    assert len(scan.signatures) == 1  # what is compiled fits real files


def test_too_many_texts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(midi_reading, "MOST_METAS", 5)
    assert len(midi_to_score(midi(meta(0, 6, b"A") * 5)).markers) == 5
    with pytest.raises(FileFormatError, match="more than 5 texts"):
        midi_to_score(midi(meta(0, 6, b"A") * 3, meta(0, 6, b"A") * 3))
    assert midi_to_score(midi(meta(0, 0x7F, b"A") * 9)).markers == ()  # what is not read is not counted


def test_many_voices_in_one_chunk_are_told_apart_without_looking_at_each_note_for_each() -> None:
    rng = random.Random(0)
    events = b"".join(
        bytes([0, 0xC0 | n % 16, n // 16, 0, 0x90 | n % 16, rng.randrange(128), 64]) for n in range(16 * 128)
    )
    data = midi(events * 10 + END)
    assert len(midi_to_score(data).tracks) == 16 * 128
    assert struct.unpack(">H", data[8:10]) == (1,)
