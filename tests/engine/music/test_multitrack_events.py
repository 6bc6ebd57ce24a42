"""Multitrack events: round trips of scores with everything in them, their bars and chords, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.music import multitrack_layout
from engine.music import multitrack_vocabulary as vocab
from engine.music.bar_lines import bar_lines
from engine.music.grid import nearest_step
from engine.music.lead_sheet import ChordSpan
from engine.music.midi_file import midi_to_score, score_to_midi
from engine.music.multitrack_events import STEP_TICKS, MultitrackEvents
from engine.music.multitrack_layout import LAY_OUT
from engine.music.qualities import QUALITIES
from engine.music.score import Note, Score, TempoChange, TimeSignature, TimeSignatureChange, Track
from engine.music.theory import Chord
from tests.engine.music.event_scores import accepts, arranged, scores, time_signatures

few = settings(max_examples=25)
VOCABULARY = MultitrackEvents()
SYMBOLS = [VOCABULARY.token_of(token).removeprefix("Chord_") for token in range(vocab.CHORD, vocab.PROGRAM)]


@st.composite
def chord_spans(draw: st.DrawFn) -> tuple[ChordSpan, ...]:
    onset, spans = 0, []
    for _ in range(draw(st.integers(0, 6))):
        onset += draw(st.integers(0, 1000))
        spans.append(ChordSpan(onset, draw(st.integers(1, 2000)), draw(st.sampled_from(SYMBOLS))))
        onset += spans[-1].duration_ticks
    return tuple(spans)


def text(ids: Sequence[int]) -> str:
    return " ".join(VOCABULARY.token_of(token_id) for token_id in ids)


def test_names_of_tokens_are_unique_and_few() -> None:
    assert len(set(vocab.tokens())) == len(vocab.tokens()) == vocab.SIZE < 1500
    assert all(VOCABULARY.id_of(VOCABULARY.token_of(token)) == token for token in range(vocab.SIZE))


@few
@given(scores(), chord_spans())
def test_what_is_quantised_comes_back(score: Score, chords: tuple[ChordSpan, ...]) -> None:
    quantised = VOCABULARY.quantise(score)
    ids = VOCABULARY.encode(quantised, chords)
    assert VOCABULARY.decode(ids) == quantised
    assert VOCABULARY.quantise(quantised) == quantised
    assert ids == VOCABULARY.encode(score, chords)
    kept = VOCABULARY.chords(ids)
    assert VOCABULARY.encode(score, kept) == ids
    assert VOCABULARY.chords(VOCABULARY.encode(score, kept)) == kept


@few
@given(scores(), chord_spans())
def test_the_grammar_accepts_every_score(score: Score, chords: tuple[ChordSpan, ...]) -> None:
    assert accepts(VOCABULARY, VOCABULARY.encode(score, chords))


@few
@given(scores(step_ticks=STEP_TICKS))
def test_notes_on_the_grid_keep_track_pitch_and_times(score: Score) -> None:
    decoded = VOCABULARY.decode(VOCABULARY.encode(score))
    assert [track.is_drum for track in decoded.tracks] == [track.is_drum for track in score.tracks]
    for before, after in zip(score.tracks, decoded.tracks, strict=True):
        assert after.program == (0 if before.is_drum else before.program)
        longest: dict[tuple[int, int], int] = {}
        for note in before.notes:
            place = note.onset_ticks, note.pitch
            longest[place] = max(longest.get(place, 0), note.duration_ticks)
        assert {(n.onset_ticks, n.pitch): n.duration_ticks for n in after.notes} == longest


@few
@given(scores())
def test_what_is_not_on_the_grid_moves_only_a_little(score: Score) -> None:
    quantised = VOCABULARY.quantise(score)
    for before, after in zip(score.tracks, quantised.tracks, strict=True):
        for note in after.notes:
            near = [n for n in before.notes if n.pitch == note.pitch and abs(n.onset_ticks - note.onset_ticks) <= 10]
            assert any(abs(n.velocity - note.velocity) <= 3 for n in near)
    for change in quantised.tempos:
        near_tempos = [t.tempo_qpm for t in score.tempos if abs(t.onset_ticks - change.onset_ticks) <= 10]
        assert any(abs(np.log2(change.tempo_qpm / min(max(t, 21.21), 339.41))) <= 1 / 32 + 1e-3 for t in near_tempos)


@few
@given(scores(), chord_spans())
def test_events_stand_where_the_grammar_reads_them(score: Score, chords: tuple[ChordSpan, ...]) -> None:
    ids, grammar, steps = VOCABULARY.encode(score, chords), VOCABULARY.grammar(), []
    for token_id in ids:
        grammar.advance(token_id)
        steps.append(grammar.step)
    assert VOCABULARY.onsets(ids).tolist() == steps
    assert VOCABULARY.onsets([]).tolist() == []


@few
@given(scores(), chord_spans(), st.integers(-127, 127))
def test_transposing_up_then_down_is_identity(score: Score, chords: tuple[ChordSpan, ...], semitones: int) -> None:
    ids = VOCABULARY.encode(score, chords)
    pitches = [note.pitch for track in score.tracks if not track.is_drum for note in track.notes]
    if pitches and not 0 <= min(pitches) + semitones <= max(pitches) + semitones <= 127:
        with pytest.raises(ValueError, match="out of 0-127"):
            VOCABULARY.transpose(ids, semitones)
        return
    moved = VOCABULARY.transpose(ids, semitones)
    assert VOCABULARY.transpose(moved, -semitones) == ids
    for before, after in zip(VOCABULARY.decode(ids).tracks, VOCABULARY.decode(moved).tracks, strict=True):
        assert [n.pitch + (0 if before.is_drum else semitones) for n in before.notes] == [n.pitch for n in after.notes]
    roots = [Chord.parse(span.symbol).transpose(semitones) for span in VOCABULARY.chords(ids)]
    assert [Chord.parse(span.symbol) for span in VOCABULARY.chords(moved)] == roots


@few
@given(scores(), st.data())
def test_a_sequence_may_stop_anywhere(score: Score, data: st.DataObject) -> None:
    ids = VOCABULARY.encode(score)
    begun = VOCABULARY.decode(ids[: data.draw(st.integers(0, len(ids)))])
    assert begun.length_ticks >= max((n.end_ticks for t in begun.tracks for n in t.notes), default=0)
    whole = VOCABULARY.decode(ids)
    for track, of_whole in zip(begun.tracks, whole.tracks, strict=False):
        assert set(track.notes) <= set(of_whole.notes)


@few
@given(st.dictionaries(st.integers(0, 5000), time_signatures, max_size=5), st.integers(0, 9000))
def test_every_change_of_time_signature_begins_a_bar(signatures: dict[int, TimeSignature], length: int) -> None:
    changes = [TimeSignatureChange(tick, signature) for tick, signature in sorted(signatures.items())]
    bars = bar_lines(changes, length)
    onsets = bars.onsets_ticks().tolist()
    assert {change.onset_ticks for change in bars.changes} <= set(onsets)
    assert onsets[0] == 0
    assert len(onsets) == len(set(onsets))
    assert bars.length_ticks >= length
    last = bars.changes[-1]
    assert bars.length_ticks == onsets[-1] + last.time_signature.bar_ticks
    heard = {nearest_step(tick, 60) * 60 for tick in signatures if 0 < tick < length - 30}
    assert heard <= {*onsets, bars.length_ticks}


def test_a_bar_that_is_cut_short_gets_its_own_time_signature() -> None:
    four, three = TimeSignature(4, 4), TimeSignature(3, 4)
    cut = bar_lines([TimeSignatureChange(0, four), TimeSignatureChange(1920 + 480, three)], 1920 + 480 + 1440)
    assert [(change.onset_ticks, str(change.time_signature)) for change in cut.changes] == [
        (0, "4/4"), (1920, "1/4"), (2400, "3/4"),
    ]  # fmt: skip
    restarted = bar_lines([TimeSignatureChange(0, four), TimeSignatureChange(960, four)], 2880)
    assert [(change.onset_ticks, str(change.time_signature)) for change in restarted.changes] == [
        (0, "2/4"), (960, "4/4"),
    ]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(scores(), chord_spans())
def test_compiled_and_plain_layouts_are_the_same(score: Score, chords: tuple[ChordSpan, ...]) -> None:
    laid_out = []
    for lay_out in (multitrack_layout.lay_out, LAY_OUT.compiled()):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LAY_OUT, "for_size", lambda size, lay_out=lay_out: lay_out)
            laid_out.append(VOCABULARY.encode(score, chords))
    assert LAY_OUT.compiled() is not multitrack_layout.lay_out
    assert laid_out[0] == laid_out[1]


def test_a_duet_in_three_four_reads_as_a_musician_writes_it() -> None:
    flute = Track("Flute", 73, (Note(0, 72, 480, 90), Note(720, 74, 160)))
    piano = Track("Left", 0, (Note(0, 48, 1440), Note(0, 55, 1440)))
    second = Track("Right", 0, (Note(1440, 64, 4 * 1440),))
    drums = Track("Kit", 8, (Note(0, 36, 60, 127),), is_drum=True)
    score = Score(
        (flute, piano, second, drums),
        5 * 1440,
        (TempoChange(0, 90.0), TempoChange(1440, 120.0)),
        (TimeSignatureChange(0, TimeSignature(3, 4)),),
    )
    ids = VOCABULARY.encode(score, (ChordSpan(0, 1440, "C"), ChordSpan(1440, 2880, "Am7/G")))
    assert text(ids) == (
        "Start Program_73 Program_0 Program_0 Drums "
        "Bar TimeSignature_3/4 Position_0 Tempo_88.61 Chord_C "
        "Program_73 Pitch_72 Velocity_92 Duration_24 "
        "Program_0 Pitch_55 Velocity_80 Duration_72 Pitch_48 Velocity_80 Duration_72 "
        "Drums DrumPitch_36 Velocity_127 Duration_3 "
        "Position_36 Program_73 Pitch_74 Velocity_80 Duration_8 "
        "Bar Position_0 Tempo_120 Chord_Am7 Program_0 Voice_1 Pitch_64 Velocity_80 Long_192 Duration_96 "
        "Bar Bar Position_0 Chord_N.C. Bar End"
    )


def test_far_positions_and_long_notes_are_exact() -> None:
    signature = TimeSignature(32, 1)
    score = Score(
        (Track("", 0, (Note(0, 60, 480 * 4 * 17 + 20, 80), Note(20 * 3071, 62, 20))),),
        signature.bar_ticks,
        time_signatures=(TimeSignatureChange(0, signature),),
    )
    ids = VOCABULARY.encode(score)
    assert "Later " * 21 + "Position_47" in text(ids)
    assert "Long_768 Long_768 Long_96 Duration_1" in text(ids)
    assert VOCABULARY.decode(ids) == score


def test_64_tracks_of_one_program_stay_in_their_places_and_65_are_refused() -> None:
    tracks = tuple(Track("", 4, (Note(480 * (n % 3), 30 + n, 480),)) for n in range(64))
    score = Score(tracks, 1920)
    assert VOCABULARY.decode(VOCABULARY.encode(score)) == score
    with pytest.raises(RequestError, match="has 65 tracks; at most 64"):
        VOCABULARY.encode(Score((*tracks, tracks[0]), 1920))


def test_tracks_without_notes_stay_and_no_tracks_make_a_bar_of_rest() -> None:
    assert text(VOCABULARY.encode(Score((), 0))) == "Start Bar TimeSignature_4/4 Position_0 Tempo_120 End"
    empty = Score((Track("", 5, ()), Track("", 0, (), is_drum=True)), 3840)
    assert VOCABULARY.decode(VOCABULARY.encode(empty)) == empty


@pytest.mark.parametrize("quality", QUALITIES)
def test_of_every_chord_the_root_and_its_third_are_kept(quality: str) -> None:
    chord = Chord(9, quality)
    kept = Chord.parse(vocab.chord_symbol(vocab.chord_id(chord.symbol)))
    assert kept.root == 9
    assert kept.has_minor_third == chord.has_minor_third
    assert (quality in vocab.CHORD_QUALITIES) == (kept == chord)


def test_ids_out_of_order_are_refused() -> None:
    for wrong in (["Bar"], ["Start", "Bar", "Position_0"], ["Start", "Program_0", "Pitch_60"], ["Start", "Pad"]):
        with pytest.raises(ValueError, match="does not allow"):
            VOCABULARY.decode([VOCABULARY.id_of(token) for token in wrong])


@pytest.mark.parametrize("signature", [TimeSignature(4, 4), TimeSignature(6, 8)], ids=str)
def test_a_song_through_a_midi_file_comes_back_on_the_grid(signature: TimeSignature) -> None:
    song, chords = arranged(signature)
    read = midi_to_score(score_to_midi(song))
    ids = VOCABULARY.encode(read, chords)
    decoded = VOCABULARY.decode(ids)
    assert decoded == VOCABULARY.quantise(read)
    assert [(t.program, t.is_drum) for t in decoded.tracks] == [(t.program, t.is_drum) for t in song.tracks]
    assert decoded.length_ticks == song.length_ticks
    assert [span.symbol for span in VOCABULARY.chords(ids)][:4] == ["C", "Am7", "F", "G7"]
    assert midi_to_score(score_to_midi(decoded)).tracks
    assert text(ids).count("Bar") == 16
