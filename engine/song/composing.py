"""What every edit with the composer shares: who composes, which bars, and the song that comes of it. Does not know edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.contract import Progress, Request
from engine.errors import RequestError
from engine.music.bars import bar_range, bar_spans
from engine.music.lead_sheet import LeadSheet
from engine.music.piece import Asked, Composer
from engine.music.score import Note, Score, Track
from engine.song.change_words import MELODY
from engine.song.edits import edited
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.piece_of_score import ScorePiece

MOST_BARS = 128  # written at once; more would take minutes
NARROWEST_RANGE = 7  # semitones, of a melody that is to be written anew
TRIES = 3


def composer_of(making: Making) -> Composer:
    """Return the model that composes; RequestError where none is open."""
    if making.models.music is None:
        raise RequestError("no model that composes is open here; transpose, tempo and mute work without one")
    return making.models.music


def chosen_bars(text: str | None, score: Score) -> tuple[int, int]:
    """Return the first and last bar that are meant, both included; RequestError as `bar_range`, and for too many."""
    first, last = bar_range(text or "", score)
    if last - first >= MOST_BARS:
        raise RequestError(
            f"at most {MOST_BARS} bars can be written at once, and these are {last - first + 1}; name fewer, such as 1-16"
        )
    return first, last


def span_of(text: str | None, score: Score) -> tuple[int, int]:
    """Return where the bars that are meant begin and end, in ticks, however many they are; RequestError as `bar_range`."""
    first, last = bar_range(text or "", score)
    spans = bar_spans(score)
    return spans[first][0], spans[last][1]


def asked_of(making: Making, *, amount: int = 100, limits: tuple[int, int] = (0, 127), salt: int = 0) -> Asked:
    """Return how the composer is to work. amount: 10-100 percent. limits: lowest and highest pitch. salt: of another try."""
    return Asked(
        seed=(making.seed + 7919 * salt) % 2**31,
        amount=amount / 100,
        low=limits[0],
        high=limits[1],
        cancelled=making.cancelled,
        report=lambda done, total: making.report(Progress(stage="compose", done=done, total=total)),
    )


def checked_amount(amount: int, limits: tuple[int, int]) -> int:
    """Return how far to go; RequestError outside the limits."""
    low, high = limits
    if not low <= amount <= high:
        raise RequestError(f"amount must be {low}-{high} percent, got {amount}")
    return amount


def composed(request: Request, source: SourceSong, score: Score, sheet: LeadSheet | None, making: Making) -> MadeSong:
    """Return the edited music with its files; its report names the model that composed."""
    made = edited(request, source, score, sheet, making)
    versions = made.report.model_versions | {"music": composer_of(making).version}
    return replace(made, report=made.report.model_copy(update={"model_versions": versions}))


def with_track(score: Score, place: int, track: Track) -> Score:
    """Return the score with another track in a place."""
    return replace(score, tracks=(*score.tracks[:place], track, *score.tracks[place + 1 :]))


def is_own_melody(source: SourceSong, told: ScorePiece) -> bool:
    """Return whether the track that is meant is the melody on the song's lead sheet.

    RequestError for a song of old, in which they differ.
    """
    if source.sheet is None or told.lead_track.name != MELODY:
        return False
    if len(told.moments[told.lead]) != len(source.sheet.notes):
        raise RequestError("this song was made by an earlier version; ask for another take of it first")
    return True


def is_sung(source: SourceSong, told: ScorePiece, bars: tuple[int, int]) -> bool:
    """Return whether the track that is meant sings words in these bars, so that every note of it is needed."""
    if source.sheet is not None and told.lead_track.name == MELODY:
        return source.sheet.is_sung
    start, end = told.span(bars)
    return any(start <= word.onset_ticks < end for word in told.lead_track.lyrics)


def line_range(told: ScorePiece) -> tuple[int, int]:
    """Return the lowest and highest pitch of the voice that is meant, at least a fifth apart."""
    pitches = [note.pitch for note in told.piece.parts[told.lead]]
    low, high = min(pitches), max(pitches)
    missing = max(0, NARROWEST_RANGE - (high - low))
    return max(0, low - missing // 2), min(127, high + (missing + 1) // 2)


def need_notes(notes: Sequence[Note], start: int, end: int) -> None:
    """RequestError where no note begins between two ticks."""
    if not any(start <= note.onset_ticks < end for note in notes):
        raise RequestError("the track has no notes in these bars; name bars in which it plays, or another track")
