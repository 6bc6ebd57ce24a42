"""Promises of edits with a composer: songs keep lead sheet and words consistent, and refusals name the way out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from engine.contract import ContinueRequest, MusicRequest, MuteRequest, Progress, Request, RewriteRequest, SongRequest
from engine.errors import Cancelled, RequestError
from engine.music.bars import bars_of
from engine.music.heard import melody_line
from engine.music.lead_sheet import ChordSpan, syllables_covered
from engine.music.piece import Asked, Piece, Voice
from engine.music.score import Note, Score, TimeSignature, TimeSignatureChange, Track
from engine.music_edit_requests import (
    ArrangeRequest,
    ContinueMusicRequest,
    HarmonizeRequest,
    HumanizeRequest,
    InfillRequest,
    InstrumentRequest,
    NewMelodyRequest,
    RemixRequest,
)
from engine.song.composing import MOST_BARS
from engine.song.harmonize import chords_notice
from engine.song.making import MadeSong, Making
from engine.song.remix import LONGER_REST_TICKS
from engine.verbs import carry_out
from tests.engine.song.edited_scores import ComposerAlone, broken_laws, edit, upload
from tests.engine.song.whole_songs import SYMBOLIC, make, notes_of, source_of
from tests.scale_composer import ScaleComposer

if TYPE_CHECKING:
    from engine.song.models import SongModels

EDITS: list[tuple[str, Request]] = [
    ("extend", ContinueMusicRequest(source="a", bars=4)),
    ("harmonize", HarmonizeRequest(source="a")),
    ("harmonize", HarmonizeRequest(source="a", voices="chords")),
    ("harmonize", HarmonizeRequest(source="a", voices="choir")),
    ("melody", NewMelodyRequest(source="a")),
    ("remix pitch", RemixRequest(source="a", what="pitch", amount=50)),
    ("remix rhythm", RemixRequest(source="a", what="rhythm")),
    ("infill", InfillRequest(source="a", bars="5-8")),
    ("infill", InfillRequest(source="a", bars="5-8", track="Chords")),
    ("arrange", ArrangeRequest(source="a", style="waltz")),
    ("instrument", InstrumentRequest(source="a", instrument="oboe")),
    ("humanize", HumanizeRequest(source="a", amount=100)),
]


@pytest.fixture(scope="module")
def models(opened_tiny_models: SongModels) -> SongModels:
    return replace(opened_tiny_models, music=ScaleComposer())


@pytest.fixture(scope="module")
def song(models: SongModels) -> MadeSong:
    return make(SongRequest(theme="rain over the harbour", form="VC", key="Eb", style="pop"), models)


@pytest.fixture(scope="module")
def tune(models: SongModels) -> MadeSong:
    return make(MusicRequest(style="folk", bars=16, time_signature="4/4"), models)


@pytest.mark.parametrize(("kind", "request_"), EDITS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_edited_song_keeps_what_is_not_named_and_its_words(
    song: MadeSong, models: SongModels, kind: str, request_: Request
) -> None:
    source = source_of(song)
    made = make(request_, models, source)
    bars = getattr(request_, "bars", None) if kind != "extend" else None
    assert broken_laws(kind, source, made, bars, getattr(request_, "track", None)) == []
    assert song.sheet is not None
    assert made.sheet is not None
    assert syllables_covered(made.sheet) == syllables_covered(song.sheet)
    assert made.lyrics_text == song.lyrics_text
    assert len(made.report.sections) == len(made.sheet.sections)
    again = make(RewriteRequest(source="b", line="1"), models, source_of(made))
    assert notes_of(again.score, "Melody") == notes_of(made.score, "Melody")


@pytest.mark.parametrize(("kind", "request_"), EDITS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_sheet_of_a_tune_has_the_notes_that_are_played(
    tune: MadeSong, models: SongModels, kind: str, request_: Request
) -> None:
    made = make(request_, models, source_of(tune))
    assert made.sheet is not None
    assert made.score is not None
    if kind == "humanize":
        assert made.sheet == tune.sheet
        return
    played = melody_line(next(track for track in made.score.tracks if track.name == "Melody"))
    assert [(n.onset_ticks, n.pitch) for n in made.sheet.notes] == [(n.onset_ticks, n.pitch) for n in played]
    assert made.sheet.length_ticks == made.score.length_ticks


def test_a_sung_song_goes_on_with_an_instrument_and_a_section_more(song: MadeSong, models: SongModels) -> None:
    made = make(ContinueMusicRequest(source="a", bars=4), models, source_of(song))
    assert song.sheet is not None
    assert made.sheet is not None
    assert song.score is not None
    assert made.score is not None
    assert made.sheet.notes == song.sheet.notes
    assert made.sheet.sections[-1].label == "Instrumental"
    new = notes_of(made.score, "Instrumental")
    assert new
    assert min(note.onset_ticks for note in new) >= song.score.length_ticks
    for name in ("Chords", "Drums"):
        assert any(note.onset_ticks >= song.score.length_ticks for note in notes_of(made.score, name))
    more = make(ContinueMusicRequest(source="b", bars=4), models, source_of(made))
    assert more.score is not None
    assert notes_of(more.score, "Instrumental")[: len(new)] == new
    assert sum(track.name == "Instrumental" for track in more.score.tracks) == 1


def test_music_without_words_goes_on_as_music(tune: MadeSong, song: MadeSong, models: SongModels) -> None:
    for source in (source_of(tune), upload(song.score)):  # type: ignore[arg-type]  # a song has music
        made = make(ContinueRequest(source="a"), models, source)
        assert made.score is not None
        assert source.score is not None
        assert made.score.length_ticks > source.score.length_ticks
        assert made.report.request["kind"] == "continue"
        assert made.report.model_versions["music"] == "scale"


def test_new_chords_stand_on_the_lead_sheet(song: MadeSong, models: SongModels) -> None:
    made = make(HarmonizeRequest(source="a", bars="3-6"), models, source_of(song))
    assert song.sheet is not None
    assert made.sheet is not None
    assert made.sheet.chords != song.sheet.chords
    assert any(notice.startswith("new chords: ") for notice in made.report.notices)
    assert notes_of(made.score, "Chords") != notes_of(song.score, "Chords")


def test_new_chords_are_named_bar_by_bar_and_all_of_them() -> None:
    spans = [ChordSpan(0, 960, "C"), ChordSpan(960, 960, "G"), ChordSpan(1920, 5760, "Am"), ChordSpan(7680, 1920, "F")]
    bars = bars_of(Score((), 5 * 1920))
    assert chords_notice(spans, bars, [(0, 5 * 1920)]) == "new chords: C G | Am | % | % | F"
    assert chords_notice(spans, bars, [(1920, 3840), (7680, 9600)]) == "new chords: Am | F"
    many = [ChordSpan(n * 960, 960, "CDEFGAB"[n % 7]) for n in range(80)]
    named = chords_notice(many, bars_of(Score((), 40 * 1920)), [(0, 40 * 1920)])
    assert sum(symbol in "CDEFGAB" for symbol in named.removeprefix("new chords: ").split()) == 80


@pytest.mark.parametrize(
    "request_", [HarmonizeRequest(source="a", track="Piano"), ArrangeRequest(source="a", style="pop")]
)
def test_what_accompanies_makes_way_and_other_melodies_stay(request_: Request) -> None:
    starts = range(0, 32 * 480, 480)
    fiddle = Track("Fiddle", 40, tuple(Note(n, 76 + n // 480 % 5, 480) for n in starts))
    piano = Track("Piano", 0, tuple(Note(n, 60 + n // 480 % 5, 480) for n in starts))
    pad = Track("Strings", 48, tuple(Note(n, pitch, 1920) for n in starts[::4] for pitch in (60, 64, 67)))
    harp = Track("Harp", 46, tuple(Note(n, pitch, 480) for n in starts for pitch in (60, 64, 67)))
    made = edit(request_, upload(Score((fiddle, piano, pad, harp), 32 * 480)))
    assert made.score is not None
    assert fiddle in made.score.tracks
    names = {track.name for track in made.score.tracks}
    assert not names & {"Strings", "Harp"}
    replaced = next(notice for notice in made.report.notices if notice.startswith("replaced: "))
    assert {"Strings", "Harp"} <= set(replaced.removeprefix("replaced: ").split(", "))


def test_the_melody_that_is_heard_stays_beside_the_one_that_is_named_whatever_plays_it() -> None:
    starts = range(0, 32 * 480, 480)
    tune = Track("", 0, tuple(Note(n, 74 + n // 480 % 5, 480) for n in starts))
    other = Track("", 0, tuple(Note(n, 55 + n // 480 % 5, 480) for n in starts))
    made = edit(HarmonizeRequest(source="a", track="2", voices="chords"), upload(Score((tune, other), 32 * 480)))
    assert made.score is not None
    assert made.score.tracks[:2] == (tune, other)
    assert len(made.score.tracks) == 3


def test_a_choirs_lower_voices_make_way_for_new_ones() -> None:
    starts = range(0, 32 * 480, 480)
    voices = zip(("Soprano", "Alto", "Tenor", "Bass"), (72, 65, 55, 45), strict=True)
    choir = [Track(name, 73, tuple(Note(n, low + n // 480 % 5, 480) for n in starts)) for name, low in voices]
    made = edit(HarmonizeRequest(source="a", voices="chords"), upload(Score(tuple(choir), 32 * 480)))
    assert made.score is not None
    assert [track.name for track in made.score.tracks] == ["Soprano", "Chords"]


def test_a_choir_has_three_voices_under_a_low_tune(song: MadeSong) -> None:
    low = Score((Track("Tune", 42, tuple(Note(n * 480, 45 + n % 7, 480) for n in range(32))),), 32 * 480)
    made = edit(HarmonizeRequest(source="a", voices="choir"), upload(low))
    assert made.score is not None
    assert [track.name for track in made.score.tracks] == ["Tune", "Alto", "Tenor", "Bass voice"]
    mean = [sum(n.pitch for n in track.notes) / len(track.notes) for track in made.score.tracks]
    assert mean[0] > mean[2] > mean[3]


def test_a_waltz_band_plays_in_the_meter_that_is_there(song: MadeSong, models: SongModels) -> None:
    made = make(ArrangeRequest(source="a", style="waltz"), models, source_of(song))
    assert made.score is not None
    assert song.score is not None
    assert made.sheet is not None
    assert made.score.time_signatures == song.score.time_signatures
    assert made.sheet == song.sheet
    assert made.report.style == "waltz"
    assert next(track.program for track in made.score.tracks if track.name == "Chords") == 21


def test_a_held_note_is_not_ended_by_what_is_new() -> None:
    held = Note(1900, 67, 1000)
    tune = tuple(Note(n * 480, 60 + n % 5, 400) for n in range(3))
    later = tuple(Note(3840 + n * 480, 64, 400) for n in range(8))
    score = Score((Track("Tune", 0, (*tune, held, *later)),), 7680)
    made = edit(InfillRequest(source="a", bars="2"), upload(score))
    assert made.score is not None
    assert held in made.score.tracks[0].notes
    assert all(n == held or n.onset_ticks >= held.end_ticks or n in tune for n in made.score.tracks[0].notes)


class Staccato(ScaleComposer):
    """Finds rhythms of short notes, late in their bars."""

    def other_rhythm(self, piece: Piece, voice: Voice, bars: tuple[int, int], asked: Asked) -> tuple[Note, ...]:
        notes = super().other_rhythm(piece, voice, bars, asked)
        ends = [next(bar.end_ticks for bar in piece.bars if bar.end_ticks > note.onset_ticks) for note in notes]
        left = [ends[n:].count(end) for n, end in enumerate(ends)]  # notes up to the bar line
        return tuple(
            replace(note, onset_ticks=end - 120 * more, duration_ticks=60)
            for note, end, more in zip(notes, ends, left, strict=True)
        )


@pytest.mark.parametrize("bars", ["1-8", "3-5", "8"])
@pytest.mark.parametrize("amount", [30, 100])
def test_another_rhythm_has_no_longer_silences(bars: str, amount: int) -> None:
    tune = tuple(Note(bar * 1920 + n * 960, 60 + (bar + n) % 5, 900) for bar in range(8) for n in range(2))
    score = Score((Track("Tune", 0, tune),), 8 * 1920)
    request = RemixRequest(source="a", what="rhythm", bars=bars, amount=amount)
    made = edit(request, upload(score), ComposerAlone(music=Staccato()))
    assert made.score is not None
    assert not broken_laws("remix rhythm", upload(score), made, bars)
    assert longest_silence(made.score) <= longest_silence(score) + LONGER_REST_TICKS


def longest_silence(score: Score) -> int:
    notes = score.tracks[0].notes
    ends = [*(note.onset_ticks for note in notes[1:]), score.length_ticks]
    return max(end - note.end_ticks for note, end in zip(notes, ends, strict=True))


@pytest.mark.parametrize(
    "request_", [InfillRequest(source="a", bars="1"), InfillRequest(source="a", bars="1", track="Bass")]
)
def test_a_bass_that_was_held_into_the_next_bar_still_is(request_: Request) -> None:
    tune = tuple(Note(n * 480, 72 + n % 5, 480) for n in range(16))
    bass = (Note(0, 36, 3840), Note(3840, 41, 3840))
    score = Score((Track("Tune", 73, tune), Track("Bass", 33, bass)), 7680)
    made = edit(request_, upload(score))
    assert made.score is not None
    new = made.score.tracks[1].notes
    assert len([note for note in new if note.onset_ticks < 1920]) > 1
    assert [note.pitch for note in new if note.onset_ticks < 3840 and note.end_ticks == 3840] == [36]
    assert not [note for note in new if 1920 <= note.onset_ticks < 3840]


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (RemixRequest(source="a", amount=5), "amount must be 10-100"),
        (RemixRequest(source="a", what="loudness"), "what must be pitch or rhythm"),
        (HarmonizeRequest(source="a", voices="strings"), "voices must be band, chords, choir"),
        (ContinueMusicRequest(source="a", bars=33), "bars must be 1-32, got 33"),
        (NewMelodyRequest(source="a", bars="90-99"), "this music has bars 1 to"),
        (NewMelodyRequest(source="a", track="kazoo"), "there is no track"),
        (ArrangeRequest(source="a", style="polka"), "unknown"),
        (InstrumentRequest(source="a", instrument="floot"), "did you mean flute"),
        (InstrumentRequest(source="a", instrument="flute", part="bass", track="2"), "one of the two"),
        (InstrumentRequest(source="a", instrument="flute", part="pad"), "there is no part"),
        (HumanizeRequest(source="a", amount=0), "amount must be 10-100"),
    ],
)
def test_what_cannot_be_done_is_said(request_: Request, sentence: str) -> None:
    notes = tuple(Note(n * 480, 60 + n % 5, 480) for n in range(32))
    with pytest.raises(RequestError, match=sentence):
        edit(request_, upload(Score((Track("Tune", 73, notes),), 32 * 480)))


def test_music_that_no_band_plays_is_refused_with_the_way_out() -> None:
    notes = tuple(Note(n * 480, 60 + n % 5, 480) for n in range(32))
    odd = Score((Track("Tune", 73, notes),), 32 * 480, time_signatures=(TimeSignatureChange(0, TimeSignature(7, 8)),))
    changing = replace(odd, time_signatures=(*odd.time_signatures, TimeSignatureChange(3360, TimeSignature(4, 4))))
    for score, sentence in ((odd, "no band plays in 7/8"), (changing, "the meter of this music changes")):
        with pytest.raises(RequestError, match=sentence):
            edit(ArrangeRequest(source="a", style="jazz"), upload(score))
        made = edit(HarmonizeRequest(source="a", voices="chords"), upload(score))
        assert made.score is not None
        assert len(made.score.tracks) == 2


def test_too_many_bars_are_refused() -> None:
    notes = tuple(Note(n * 1920, 60 + n % 5, 480) for n in range(MOST_BARS + 1))
    long = upload(Score((Track("Tune", 73, notes),), (MOST_BARS + 1) * 1920))
    with pytest.raises(RequestError, match="at most 128 bars can be written at once"):
        edit(RemixRequest(source="a"), long)
    assert edit(RemixRequest(source="a", bars="1-128"), long).score != long.score


def test_without_a_composer_the_others_still_work(song: MadeSong, opened_tiny_models: SongModels) -> None:
    with pytest.raises(RequestError, match="no model that composes"):
        make(RemixRequest(source="a"), opened_tiny_models, source_of(song))
    assert make(HumanizeRequest(source="a"), opened_tiny_models, source_of(song)).score != song.score


def test_a_muted_melody_is_not_taken_for_another(song: MadeSong, models: SongModels) -> None:
    without = make(MuteRequest(source="a", part="melody"), models, source_of(song))
    with pytest.raises(RequestError, match="the melody was left out of this song"):
        make(RemixRequest(source="b"), models, source_of(without))
    assert make(RemixRequest(source="b", track="Bass"), models, source_of(without)).sheet == song.sheet


def test_an_edit_reports_its_progress_and_can_be_taken_back(song: MadeSong) -> None:
    heard: list[Progress] = []
    making = Making(seed=1, models=ComposerAlone(), source=source_of(song), report=heard.append, outputs=SYMBOLIC)
    carry_out(InfillRequest(source="a", bars="2-5"), making)
    assert [p.done for p in heard if p.stage == "compose"][-1] == 1
    assert sum(p.stage == "compose" for p in heard) > 2
    asked: list[Any] = []
    stopping = replace(making, cancelled=lambda: bool(asked.append(0)) or len(asked) > 3)
    with pytest.raises(Cancelled):
        carry_out(InfillRequest(source="a", bars="2-5"), stopping)
