"""New chords under a melody that stays: for the band, as block chords, or as a choir. Does not know how they are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.errors import RequestError
from engine.music.bands import PIANO
from engine.music.heard import heard_chords
from engine.music.lead_sheet import ChordSpan
from engine.music.piece import Bar, Piece, Voice
from engine.music.score import Note, Score, Track
from engine.music.theory import nearest_pitch, read_symbol
from engine.music.voicing import voice_chords
from engine.music_edit_requests import HARMONIES, HarmonizeRequest
from engine.song.band_of_score import Spans, band_plays, replaced_notice, with_new_tracks
from engine.song.composing import asked_of, chosen_bars, composed, composer_of, need_notes
from engine.song.edits import source_and_score
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.piece_of_score import ScorePiece, chords_between, piece_of_source
from engine.song.sheet_changes import joined, with_chords_between
from engine.song.source_plan import USUAL_STYLE, style_of
from engine.song.styles import find_style

VOICE_PROGRAM = 52  # choir aahs
CHOIR_TRACKS: dict[Voice, str] = {"alto": "Alto", "tenor": "Tenor", "bass": "Bass voice"}
MOST_SILENT_BARS = 1  # of the melody, that get new chords all the same
SOPRANO_MIDDLE, SOPRANO_RANGE = 69, (62, 76)  # where the middle of a tune lies that a choir has three voices under
LOWEST_VOICE = 28
BLOCK_RANGE, BLOCK_BASS, BLOCK_VELOCITY = (46, 69), 40, 64
_STYLE_OF_METER = {"3/4": "waltz", "6/8": "ballad", "12/8": "ballad"}

Runs = list[tuple[int, int]]  # first and last bar, both included


def harmonize(request: HarmonizeRequest, making: Making) -> MadeSong:
    """Write new chords under the melody where it sounds, and have them played or sung; melodies and drums stay.

    What accompanies them makes way in these bars, and a notice names it. RequestError where there is no melody.
    """
    with making.stage("plan"):
        composer_of(making)
        if request.voices not in HARMONIES:
            raise RequestError(f"voices must be {', '.join(HARMONIES)}, got {request.voices[:20]!r}")
        source, score = source_and_score(making)
        told = piece_of_source(source, request.track)
        bars = chosen_bars(request.bars, score)
        need_notes(told.lead_track.notes, *told.span(bars))
        runs = _runs(told, bars)
        spans = [told.span(run) for run in runs]
    with making.stage("compose"):
        if request.voices == "choir":
            new = _choir(told, runs, making)
            chords: Sequence[ChordSpan] = ()
        else:
            chords = _chords(told, runs, making)
            new = _band(told, source, chords, making) if request.voices == "band" else [_blocks(told, chords, spans)]
        changed, left_out = with_new_tracks(told, new, spans)
        chords = chords or _heard(told, changed, spans)
    if left_out:
        making.notices.append(replaced_notice(left_out))
    making.notices.append(chords_notice(chords, told.piece.bars, spans))
    sheet = source.sheet and replace(source.sheet, chords=joined(chords))
    return composed(request, source, changed, sheet, making)


def chords_notice(chords: Sequence[ChordSpan], bars: Sequence[Bar], spans: Spans) -> str:
    """Return the sentence that names all new chords, bar by bar as a request for a song has them: C G | Am | % | F."""
    new = [bar for bar in bars if any(start <= bar.onset_ticks < end for start, end in spans)]
    named = [" ".join(c.symbol for c in chords_between(chords, bar.onset_ticks, bar.end_ticks)) for bar in new]
    by_bar = ["%" if n and symbols == named[n - 1] else symbols for n, symbols in enumerate(named)]
    return f"new chords: {' | '.join(by_bar)}"


def _runs(told: ScorePiece, bars: tuple[int, int]) -> Runs:
    """Return the stretches of bars in which the melody sounds, with short silences in and around them."""
    sounding = [
        n
        for n in range(bars[0], bars[1] + 1)
        if any(
            note.onset_ticks < told.piece.bars[n].end_ticks and note.end_ticks > told.piece.bars[n].onset_ticks
            for note in told.lead_track.notes
        )
    ]
    runs: Runs = []
    for n in sounding:
        if runs and n - runs[-1][1] <= MOST_SILENT_BARS + 1:
            runs[-1] = (runs[-1][0], n)
        else:
            runs.append((n, n))
    first, last = runs[0][0], runs[-1][1]
    if first - bars[0] <= MOST_SILENT_BARS:
        runs[0] = (bars[0], runs[0][1])
    if bars[1] - last <= MOST_SILENT_BARS:
        runs[-1] = (runs[-1][0], bars[1])
    return runs


def _melody_alone(told: ScorePiece, run: tuple[int, int], *, higher: int = 0) -> tuple[Piece, tuple[int, int]]:
    """Return the melody as all that there is, some semitones higher, around a run of bars."""
    piece, inside = told.around(run)
    line = tuple(replace(note, pitch=min(127, max(0, note.pitch + higher))) for note in piece.parts[told.lead])
    return replace(piece, parts={"melody": line}, chords=()), inside


def _chords(told: ScorePiece, runs: Runs, making: Making) -> tuple[ChordSpan, ...]:
    """Return the chords of all the music, new where the melody sounds."""
    chords = told.piece.chords
    for run in runs:
        piece, inside = _melody_alone(told, run)
        new = composer_of(making).chords_for(piece, inside, asked_of(making))
        chords = with_chords_between(chords, new, *told.span(run))
    return tuple(chords)


def _band(told: ScorePiece, source: SourceSong, chords: Sequence[ChordSpan], making: Making) -> list[Track]:
    meter = str(told.piece.bars[-1].time_signature)
    style = style_of(source.report) if source.report is not None else _STYLE_OF_METER.get(meter, USUAL_STYLE)
    return band_plays(told, source, chords, find_style(style).band, making.seed)


def _blocks(told: ScorePiece, chords: Sequence[ChordSpan], spans: Spans) -> Track:
    """Return chords in close position over their basses, struck anew in each bar."""
    notes: list[Note] = []
    sounding = [span for start, end in spans for span in chords_between(chords, start, end)]
    read = [(span, chord) for span in sounding if (chord := read_symbol(span.symbol)) is not None]
    voicings = voice_chords([chord for _, chord in read], low=BLOCK_RANGE[0], high=BLOCK_RANGE[1])
    for (span, chord), voicing in zip(read, voicings, strict=True):
        bass = nearest_pitch(chord.bass_pitch_class, BLOCK_BASS, BLOCK_BASS - 6, BLOCK_BASS + 5)
        for bar in told.piece.bars:
            onset, end = (
                max(span.onset_ticks, bar.onset_ticks),
                min(span.onset_ticks + span.duration_ticks, bar.end_ticks),
            )
            if onset < end:
                notes += [Note(onset, pitch, end - onset, BLOCK_VELOCITY) for pitch in dict.fromkeys((bass, *voicing))]
    return Track("Chords", PIANO, tuple(sorted(notes)))


def _choir(told: ScorePiece, runs: Runs, making: Making) -> list[Track]:
    """Return alto, tenor and bass under the melody, an octave lower or more where it is sung so low."""
    higher = _to_soprano(told)
    voices: dict[Voice, list[Note]] = {voice: [] for voice in CHOIR_TRACKS}
    for run in runs:
        piece, inside = _melody_alone(told, run, higher=higher)
        for voice, notes in composer_of(making).voices_for(piece, inside, asked_of(making)).items():
            voices[voice] += [replace(n, pitch=_lowered(n.pitch, max(0, higher))) for n in notes]
    is_choir = "soprano" in told.tracks and told.lead == "soprano"
    names = {v: told.score.tracks[told.tracks[v]].name if is_choir else name for v, name in CHOIR_TRACKS.items()}
    return [Track(names[voice], VOICE_PROGRAM, tuple(sorted(notes))) for voice, notes in voices.items()]


def _to_soprano(told: ScorePiece) -> int:
    """Return by how many semitones, in octaves, the melody is read higher so that it lies as a soprano's does."""
    pitches = sorted(note.pitch for note in told.piece.parts[told.lead])
    middle, (low, high) = pitches[len(pitches) // 2], SOPRANO_RANGE
    return 0 if low <= middle <= high else 12 * round((SOPRANO_MIDDLE - middle) / 12)


def _lowered(pitch: int, semitones: int) -> int:
    while semitones and pitch - 12 >= LOWEST_VOICE:
        pitch, semitones = pitch - 12, semitones - 12
    return pitch


def _heard(told: ScorePiece, score: Score, spans: Spans) -> tuple[ChordSpan, ...]:
    """Return the chords of all the music, those of the spans as they are heard in the new voices."""
    pitched = [track for track in score.tracks if not track.is_drum]
    bar_ticks = told.piece.bars[-1].duration_ticks
    heard = heard_chords(replace(score, tracks=tuple(pitched)), told.key, bar_ticks)
    chords: tuple[ChordSpan, ...] = told.piece.chords
    for start, end in spans:
        chords = with_chords_between(chords, heard, start, end)
    return chords
